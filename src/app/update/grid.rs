//! The result pane: moving about, searching, copying.

use super::{edit, save, viewer};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode, Mouse, MouseAction};
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::grid::{Destination, Field, Purpose};
use crate::app::model::line::{Line, Taken};
use crate::app::model::messages;
use crate::app::model::window::{Block, Direction, Found, Place, Span};
use crate::app::result_layout;
use crate::domain::rows::{Cell, ResultSet};

/// Rows, or columns, a turn of the wheel moves.
const WHEEL: isize = 3;

/// Bytes that are put on the clipboard at most; more would stall most terminals.
pub(super) const COPIED: usize = 8 << 20;

pub(super) fn is_typing(model: &Model) -> bool {
    model.grid.field.is_some()
}

/// Keeps the cursor in sight after anything that changes the room there is.
pub(super) fn fit(model: &mut Model) {
    let Some(areas) = result_layout::areas(model) else {
        return;
    };
    if let Some((_, window)) = model.query.shown_window() {
        window.fit(result_layout::viewport(areas));
    }
}

/// The terminal has another size: the cursor stays visible.
pub(super) fn resized(model: &mut Model) {
    fit(model);
    viewer::resized(model);
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    fit(model);
    match command {
        Command::NextResult => show_next(model, 1),
        Command::PreviousResult => show_next(model, -1),
        Command::EditCell
        | Command::InsertRow
        | Command::DeleteRows
        | Command::UndoEdit
        | Command::ReviewEdits => return edit::perform(model, command),
        Command::OpenCell => return viewer::open_cell(model),
        Command::OpenRecord => return viewer::open_record(model),
        Command::CopyCells => return copy(model),
        Command::CopyAs => save::open(model, Destination::Clipboard),
        Command::SaveResult => save::open(model, Destination::File),
        Command::SearchRows => ask(model, Purpose::Search),
        Command::GoToRow => ask(model, Purpose::Row),
        Command::NextMatch => look_on(model, Direction::Forward),
        Command::PreviousMatch => look_on(model, Direction::Backward),
        Command::SelectCells => moved(model, |_, window| window.select(Span::Block)),
        Command::SelectRows => moved(model, |_, window| window.select(Span::Rows)),
        Command::Widen => moved(model, |_, window| window.widen(4)),
        Command::Narrow => moved(model, |_, window| window.widen(-4)),
        _ => {}
    }
    Vec::new()
}

fn show_next(model: &mut Model, places: isize) {
    model.query.show_next(places);
    model.grid.messages_top = 0;
    fit(model);
}

fn ask(model: &mut Model, purpose: Purpose) {
    let line = Line::default();
    model.grid.field = Some(Field { purpose, line });
}

/// Does something in the window, if there is one.
fn moved(model: &mut Model, step: impl FnOnce(&ResultSet, &mut crate::app::model::window::Window)) {
    if let Some((result, window)) = model.query.shown_window() {
        step(result, window);
    }
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(field) = model.grid.field.take() {
        field_key(model, field, key);
        return Vec::new();
    }
    fit(model);
    if !has_cells(model) {
        scroll_messages(model, key);
        return Vec::new();
    }
    moved(model, |result, window| {
        let Place { row, column } = window.cursor();
        let end = usize::MAX;
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => window.move_by(-1, 0, result),
            KeyCode::Down | KeyCode::Char('j') => window.move_by(1, 0, result),
            KeyCode::Left | KeyCode::Char('h') => window.move_by(0, -1, result),
            KeyCode::Right | KeyCode::Char('l') => window.move_by(0, 1, result),
            KeyCode::PageUp => window.page(-1, result),
            KeyCode::PageDown | KeyCode::Char(' ') => window.page(1, result),
            KeyCode::Home if key.ctrl => window.go(Place::default(), result),
            KeyCode::End if key.ctrl => window.go(
                Place {
                    row: end,
                    column: end,
                },
                result,
            ),
            KeyCode::Home | KeyCode::Char('0' | '^') => window.go(Place { row, column: 0 }, result),
            KeyCode::End | KeyCode::Char('$') => window.go(Place { row, column: end }, result),
            KeyCode::Char('g') => window.go(Place { row: 0, column }, result),
            KeyCode::Char('G') => window.go(Place { row: end, column }, result),
            KeyCode::Escape => window.unselect(),
            _ => {}
        }
    });
    Vec::new()
}

fn has_cells(model: &Model) -> bool {
    model
        .query
        .shown()
        .and_then(|(outcome, _)| outcome.result.as_ref())
        .is_some_and(|result| !result.columns().is_empty())
}

fn scroll_messages(model: &mut Model, key: Key) {
    let (Some(areas), Some((outcome, _))) = (result_layout::areas(model), model.query.shown())
    else {
        return;
    };
    let height = usize::from(areas.messages.height);
    let last = messages::lines(outcome, areas.messages.width)
        .len()
        .saturating_sub(height);
    let top = model.grid.messages_top;
    model.grid.messages_top = match key.code {
        KeyCode::Up | KeyCode::Char('k') => top.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => top + 1,
        KeyCode::PageUp => top.saturating_sub(height),
        KeyCode::PageDown | KeyCode::Char(' ') => top + height,
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => top,
    }
    .min(last);
}

fn field_key(model: &mut Model, mut field: Field, key: Key) {
    match key.code {
        KeyCode::Escape => {}
        KeyCode::Enter => match field.purpose {
            Purpose::Search => {
                let text = field.line.text().to_owned();
                let found = model
                    .query
                    .shown_window()
                    .map(|(result, window)| window.look_for(text, result));
                tell(model, found);
            }
            Purpose::Row => go_to_row(model, field.line.text()),
        },
        _ => {
            let _: Taken = field.line.key(key);
            model.grid.field = Some(field);
        }
    }
}

fn go_to_row(model: &mut Model, typed: &str) {
    let number: String = typed.chars().filter(char::is_ascii_digit).collect();
    let Some(row) = number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1))
    else {
        model.tell("rows are numbered from 1");
        return;
    };
    moved(model, |result, window| {
        window.go(
            Place {
                row,
                ..window.cursor()
            },
            result,
        );
    });
}

fn look_on(model: &mut Model, direction: Direction) {
    let found = model
        .query
        .shown_window()
        .map(|(result, window)| window.look_on(direction, result));
    tell(model, found);
}

fn tell(model: &mut Model, found: Option<Found>) {
    match found {
        Some(Found::Nowhere) => model.tell("no more matches that way"),
        Some(Found::Paused { row }) => {
            model.tell(format!("no match up to row {}; n goes on", row + 1));
        }
        Some(Found::Here) | None => {}
    }
}

/// The cell, or the selection with tabs and line breaks between.
fn copy(model: &mut Model) -> Vec<Effect> {
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let Block { rows, columns } = window.selected(result);
    let (height, width) = (rows.len(), columns.len());
    let mut text = String::new();
    for row in rows {
        if !text.is_empty() {
            text.push('\n');
        }
        for column in columns.clone() {
            if column > columns.start {
                text.push('\t');
            }
            text.push_str(
                result
                    .cell(row, column)
                    .and_then(Cell::text)
                    .unwrap_or_default(),
            );
        }
        if text.len() > COPIED {
            model.tell("too much for the clipboard: save it to a file");
            return Vec::new();
        }
    }
    window.unselect();
    model.tell(match (height, width) {
        (1, 1) => "copied the cell".to_owned(),
        (1, columns) => format!("copied {columns} cells"),
        (rows, _) => format!("copied {rows} rows"),
    });
    vec![Effect::Copy { text }]
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(field) = &mut model.grid.field {
        field.line.insert(text);
    }
    Vec::new()
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    fit(model);
    match mouse.action {
        MouseAction::ScrollUp => moved(model, |result, window| window.scroll(-WHEEL, result)),
        MouseAction::ScrollDown => moved(model, |result, window| window.scroll(WHEEL, result)),
        MouseAction::ScrollLeft => moved(model, |result, window| window.move_by(0, -1, result)),
        MouseAction::ScrollRight => moved(model, |result, window| window.move_by(0, 1, result)),
        MouseAction::Press => return press(model, mouse),
        MouseAction::Drag => drag(model, mouse),
        MouseAction::Release => {}
    }
    Vec::new()
}

/// A press puts the cursor on a cell; on the cell under the cursor, it opens it.
fn press(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let Some(areas) = result_layout::areas(model) else {
        return Vec::new();
    };
    if areas.tabs.contains(mouse.column, mouse.row) {
        let place = tab_at(model, areas.tabs, mouse.column);
        model.query.show(place);
        model.grid.messages_top = 0;
        fit(model);
        return Vec::new();
    }
    let Some(place) = cell_at(model, mouse) else {
        return Vec::new();
    };
    let mut again = false;
    moved(model, |result, window| {
        again = window.cursor() == place;
        window.unselect();
        window.go(place, result);
    });
    if again {
        viewer::open_cell(model)
    } else {
        Vec::new()
    }
}

fn drag(model: &mut Model, mouse: Mouse) {
    let Some(place) = cell_at(model, mouse) else {
        return;
    };
    moved(model, |result, window| {
        if window.selection().is_none() && window.cursor() != place {
            window.select_from(window.cursor());
        }
        window.go(place, result);
    });
}

fn cell_at(model: &mut Model, mouse: Mouse) -> Option<Place> {
    let cells = result_layout::areas(model)?.cells;
    if !cells.contains(mouse.column, mouse.row) {
        return None;
    }
    let (result, window) = model.query.shown_window()?;
    let place = Place {
        row: window.top() + usize::from(mouse.row - cells.y),
        column: window.column_at(mouse.column - cells.x)?,
    };
    (place.row < result.rows()).then_some(place)
}

fn tab_at(model: &Model, tabs: Area, column: u16) -> usize {
    let count = model.query.run().map_or(0, |run| run.outcomes.len());
    let shown = model.query.shown_place();
    let strip = result_layout::tab_strip(count, shown, tabs.width);
    let at = usize::from(column.saturating_sub(tabs.x) / result_layout::TAB);
    (strip.start + at).min(count.saturating_sub(1))
}

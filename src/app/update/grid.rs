//! The result pane: moving about, selecting, arranging columns.

pub(super) mod chart;
pub mod columns;
mod field;
mod pointer;
mod rows;
pub(super) mod scans;
pub(super) mod statistics;

use super::{copy, edit, save, viewer};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::arrangement::Hold;
use crate::app::model::grid::{CopyAs, Field, Purpose, Zoom};
use crate::app::model::messages;
use crate::app::model::overlay::Overlay;
use crate::app::model::window::{Direction, Place, Span, Window};
use crate::app::result_layout;
use crate::domain::rows::pattern::Reading;
use crate::domain::rows::scan::Form;
use crate::domain::rows::{ResultSet, cell};

pub(super) use field::pasted;
pub(super) use pointer::mouse;
pub(super) use scans::cancel;

/// Cells a key widens or narrows a column by.
const WIDENED: i16 = 4;

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
        Command::ZoomResult => {
            model.grid.zoom = model.grid.zoom.other();
            fit(model);
        }
        Command::EditCell
        | Command::InsertRow
        | Command::DeleteRows
        | Command::UndoEdit
        | Command::ReviewEdits => return edit::perform(model, command),
        Command::OpenCell => return viewer::open_cell(model),
        Command::OpenRecord => return viewer::open_record(model),
        Command::CopyCells => return copy::selection(model, Form::Plain),
        Command::CopyAs => model.overlays.push(Overlay::CopyAs(CopyAs::default())),
        Command::SaveResult => save::open(model),
        Command::SearchRows => {
            let reading = last_reading(model);
            ask(model, Purpose::Search(reading));
        }
        Command::GoToRow => ask(model, Purpose::Row),
        Command::GoToColumn => columns::open(model),
        Command::NextMatch => return rows::step(model, Direction::Forward),
        Command::PreviousMatch => return rows::step(model, Direction::Backward),
        Command::FilterColumn => {
            let column = column(model);
            ask(model, Purpose::Filter(column));
        }
        Command::FilterRows => ask(model, Purpose::Filter(None)),
        Command::KeepLike => return rows::keep_like(model),
        Command::DropLike => return rows::drop_like(model),
        Command::SortColumn => return rows::sort(model),
        Command::AlsoSort => return rows::also_sort(model),
        Command::AllRows => return rows::all_again(model),
        Command::Describe => return statistics::open(model),
        Command::Plot => return chart::open(model),
        _ => arrange(model, command),
    }
    Vec::new()
}

/// Selects, and arranges columns.
fn arrange(model: &mut Model, command: Command) {
    let mut told = None;
    in_window(model, |result, window| {
        let column = window.cursor().column;
        let name = result
            .columns()
            .get(column)
            .map(|column| cell::safe_line(&column.name).into_owned())
            .unwrap_or_default();
        match command {
            Command::SelectCells => window.select(Span::Block),
            Command::SelectRows => window.select(Span::Rows),
            Command::SelectColumns => window.select(Span::Columns),
            Command::SelectAllCells => window.select(Span::All),
            Command::Widen => window.widen(column, WIDENED),
            Command::Narrow => window.widen(column, -WIDENED),
            Command::FitColumn => window.fit_column(column, result),
            Command::ColumnLeft => window.carry_column(column, -1),
            Command::ColumnRight => window.carry_column(column, 1),
            Command::HideColumn => {
                told = Some(match window.hide_column() {
                    Some(_) => format!("hid {name}; + shows hidden columns again"),
                    None => "the only column cannot be hidden".to_owned(),
                });
            }
            Command::ShowColumns => {
                told = Some(match window.show_columns() {
                    0 => "no column is hidden".to_owned(),
                    1 => "1 column shows again".to_owned(),
                    count => format!("{count} columns show again"),
                });
            }
            Command::FreezeColumn => {
                told = Some(match window.toggle_frozen(column) {
                    Hold::Frozen => format!("{name} stays at the left edge"),
                    Hold::Loose => format!("{name} scrolls again"),
                });
            }
            _ => {}
        }
    });
    if let Some(told) = told {
        model.tell(told);
    }
}

/// The column under the cursor.
fn column(model: &mut Model) -> Option<usize> {
    model
        .query
        .shown_window()
        .map(|(_, window)| window.cursor().column)
}

/// How the last search was read: the next one begins so.
fn last_reading(model: &mut Model) -> Reading {
    let search = model
        .query
        .shown_window()
        .and_then(|(_, window)| window.search.as_ref());
    search.map_or(Reading::default(), |search| search.pattern().reading())
}

fn show_next(model: &mut Model, places: isize) {
    model.query.show_next(places);
    model.grid.messages_top = 0;
    fit(model);
}

fn ask(model: &mut Model, purpose: Purpose) {
    model.grid.field = Some(Field::new(purpose));
}

/// Does something in the window, if there is one.
fn in_window(model: &mut Model, step: impl FnOnce(&ResultSet, &mut Window)) {
    if let Some((result, window)) = model.query.shown_window() {
        step(result, window);
    }
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(field) = model.grid.field.take() {
        return field::key(model, field, key);
    }
    fit(model);
    if !has_cells(model) {
        scroll_messages(model, key);
        return Vec::new();
    }
    if key.code == KeyCode::Escape {
        return back(model);
    }
    in_window(model, |result, window| walk(result, window, key));
    Vec::new()
}

/// The keys that move the cursor.
fn walk(result: &ResultSet, window: &mut Window, key: Key) {
    let Place { row, column } = window.cursor();
    let (first, last) = (window.columns().first(), window.columns().last());
    let end = usize::MAX;
    match key.code {
        KeyCode::Home if key.ctrl => window.go(
            Place {
                row: 0,
                column: first,
            },
            result,
        ),
        KeyCode::End if key.ctrl => window.go(
            Place {
                row: end,
                column: last,
            },
            result,
        ),
        KeyCode::Up if key.ctrl => window.go(Place { row: 0, column }, result),
        KeyCode::Down if key.ctrl => window.go(Place { row: end, column }, result),
        KeyCode::Left if key.ctrl => window.page_columns(-1, result),
        KeyCode::Right if key.ctrl => window.page_columns(1, result),
        KeyCode::Char('d') if key.ctrl => window.half_page(1, result),
        KeyCode::Char('u') if key.ctrl => window.half_page(-1, result),
        KeyCode::Char('f') if key.ctrl => window.page(1, result),
        KeyCode::Char('b') if key.ctrl => window.page(-1, result),
        _ if key.ctrl || key.alt => {}
        KeyCode::Up | KeyCode::Char('k') => window.move_by(-1, 0, result),
        KeyCode::Down | KeyCode::Char('j') => window.move_by(1, 0, result),
        KeyCode::Left | KeyCode::Char('h') => window.move_by(0, -1, result),
        KeyCode::Right | KeyCode::Char('l') => window.move_by(0, 1, result),
        KeyCode::PageUp => window.page(-1, result),
        KeyCode::PageDown | KeyCode::Char(' ') => window.page(1, result),
        KeyCode::Home | KeyCode::Char('0' | '^') => window.go(Place { row, column: first }, result),
        KeyCode::End | KeyCode::Char('$') => window.go(Place { row, column: last }, result),
        KeyCode::Char('g') => window.go(Place { row: 0, column }, result),
        KeyCode::Char('G') => window.go(Place { row: end, column }, result),
        _ => {}
    }
}

/// Escape takes back one thing: work that goes on, the selection, what is looked for, the zoom.
fn back(model: &mut Model) -> Vec<Effect> {
    let cancelled = cancel(model);
    if !cancelled.is_empty() {
        return cancelled;
    }
    let mut done = false;
    in_window(model, |_, window| {
        if window.selection().is_some() {
            window.unselect();
            done = true;
        } else if window.search.take().is_some() {
            done = true;
        }
    });
    if !done {
        model.grid.zoom = Zoom::Share;
        fit(model);
    }
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

//! Editing rows in the grid: changes gather, are shown as statements, and are made together.

pub(super) mod review;
pub(super) mod row_form;

use crate::app::command::Command;
use crate::app::effect::{Effect, Seat};
use crate::app::key::{Key, KeyCode};
use crate::app::message::Rows;
use crate::app::model::edit::{CellEditor, Edited, Edits, Holds, Intent};
use crate::app::model::overlay::Overlay;
use crate::app::model::{Look, Model};
use crate::domain::edit::{self, NewValue, Spot, Writing};
use crate::domain::failure::Failure;
use crate::domain::link::Recovery;
use crate::domain::profile::Guard;
use crate::domain::rows::{Cell, cell};
use crate::domain::text::{Motion, Selecting, Text};

/// Bytes of a value that can be edited here; longer ones are changed with a statement.
const EDITED: usize = 1 << 20;

/// Rows marked at once to be deleted; more are better deleted by a statement.
const MOST: usize = 1000;

/// EditCell, InsertRow, DeleteRows, UndoEdit, ReviewEdits.
pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    let intent = match command {
        Command::EditCell => here(model).map(Intent::Cell),
        Command::InsertRow => Some(Intent::Insert),
        Command::DeleteRows => selected_rows(model),
        Command::UndoEdit => {
            undo(model);
            None
        }
        Command::ReviewEdits => {
            review::open(model);
            None
        }
        _ => None,
    };
    intent.map_or_else(Vec::new, |intent| begin(model, intent))
}

/// Which result shows.
fn edited(model: &Model) -> Option<Edited> {
    Some(Edited {
        run: model.query.run()?.ticket,
        place: model.query.shown_place(),
    })
}

/// The edits of the result that shows.
#[must_use]
pub fn of_shown(model: &Model) -> Option<&Edits> {
    let edits = model.edits.as_ref()?;
    (edited(model) == Some(edits.edited)).then_some(edits)
}

fn here(model: &mut Model) -> Option<Spot> {
    let (_, window) = model.query.shown_window()?;
    let cursor = window.cursor();
    Some(Spot {
        row: window.row(cursor.row),
        column: cursor.column,
    })
}

fn selected_rows(model: &mut Model) -> Option<Intent> {
    let (result, window) = model.query.shown_window()?;
    let rows = window.selected(result).rows;
    let marked = rows.clone().take(MOST + 1);
    let rows = marked.map(|spot| window.row(spot)).collect();
    window.unselect();
    Some(Intent::Delete { rows })
}

/// Does what is wanted, once the table behind the rows is known.
fn begin(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if let Some(reason) = not_now(model) {
        model.tell(reason);
        return Vec::new();
    }
    if of_shown(model).is_some() {
        carry_out(model, intent);
        return Vec::new();
    }
    if model
        .edits
        .as_ref()
        .is_some_and(|edits| !edits.pending.is_empty())
    {
        model.tell("another result has changes that are not made yet: make or drop them first");
        return Vec::new();
    }
    let (Some(edited), Some((result, _))) = (edited(model), model.query.shown_window()) else {
        model.tell("there are no rows to edit");
        return Vec::new();
    };
    let statement = match edit::question(result.columns()) {
        Ok(statement) => statement,
        Err(refusal) => {
            model.tell(refusal.to_string());
            return Vec::new();
        }
    };
    let ticket = model.next_ticket();
    drop(model.looks.insert(ticket, Look::Table { edited, intent }));
    vec![Effect::Look {
        ticket,
        seat: Seat::Main,
        statement,
    }]
}

/// Why nothing can be edited at the moment.
fn not_now(model: &Model) -> Option<&'static str> {
    let Some(up) = model.link.up() else {
        return Some("the connection is down: reconnect first");
    };
    if up.facts.guard == Guard::ReadOnly {
        return Some("these rows cannot be edited: the profile is read-only");
    }
    if up.facts.recovery == Recovery::Standby {
        return Some("these rows cannot be edited: the server is a read-only standby");
    }
    if model.transaction_failed() {
        return Some("the transaction has failed: roll it back first");
    }
    Command::Run.unavailable(model)
}

/// The catalogs told about the table.
pub(super) fn table(
    model: &mut Model,
    edited_then: Edited,
    intent: Intent,
    outcome: &Result<Rows, Failure>,
) -> Vec<Effect> {
    if edited(model) != Some(edited_then) {
        return Vec::new();
    }
    let rows = match outcome {
        Ok(rows) => rows,
        Err(failure) => {
            model.tell(failure.message.clone());
            return Vec::new();
        }
    };
    let Some((result, _)) = model.query.shown_window() else {
        return Vec::new();
    };
    match edit::target(result.columns(), rows) {
        Ok(target) => {
            model.edits = Some(Edits::new(edited_then, target));
            carry_out(model, intent);
        }
        Err(refusal) => model.tell(refusal.to_string()),
    }
    Vec::new()
}

fn carry_out(model: &mut Model, intent: Intent) {
    match intent {
        Intent::Cell(spot) => open_cell(model, spot),
        Intent::Insert => row_form::open(model),
        Intent::Delete { rows } => delete(model, &rows),
    }
}

/// Keeps a row as it was read; false if it cannot be read.
fn keep(model: &mut Model, row: usize) -> Kept {
    let Some((result, _)) = model.query.shown_window() else {
        return Kept::No;
    };
    let values: Option<Vec<Option<String>>> = (0..result.columns().len())
        .map(|column| {
            result
                .cell(row, column)
                .map(|cell: Cell<'_>| cell.text().map(str::to_owned))
        })
        .collect();
    match (&mut model.edits, values) {
        (Some(edits), Some(values)) => {
            let _ = edits.read.entry(row).or_insert(values);
            Kept::Yes
        }
        _ => Kept::No,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

fn open_cell(model: &mut Model, spot: Spot) {
    if keep(model, spot.row) == Kept::No {
        model.tell("the row is not here yet: try again in a moment");
        return;
    }
    let Some(edits) = &model.edits else {
        return;
    };
    if let Some(reason) = not_this(edits, spot) {
        model.tell(reason);
        return;
    }
    let Some(column) = edits.target.column(spot.column) else {
        return;
    };
    let planned = edits.pending.cells.get(&spot).cloned();
    let read = edits
        .read
        .get(&spot.row)
        .and_then(|row| row.get(spot.column).cloned())
        .flatten();
    let (holds, text) = match planned {
        Some(NewValue::Default) => (Holds::Default, String::new()),
        Some(NewValue::Null) => (Holds::Null, String::new()),
        Some(NewValue::Text(text)) => (Holds::Text, text),
        None => match read {
            Some(text) => (Holds::Text, text),
            None => (Holds::Null, String::new()),
        },
    };
    if text.len() > EDITED {
        model.tell("the value is too long to edit here: use UPDATE");
        return;
    }
    let title = format!("{} · {}", column.name, column.type_name);
    let mut text = Text::new(&text);
    text.go(Motion::End, Selecting::No);
    model.overlays.push(Overlay::EditCell(CellEditor {
        spot,
        title: cell::safe_line(&title).into_owned(),
        text,
        holds,
    }));
}

/// Why this cell cannot be edited.
fn not_this(edits: &Edits, spot: Spot) -> Option<String> {
    if edits.is_gone(spot.row) {
        return Some("the row was deleted".to_owned());
    }
    let Some(column) = edits.target.column(spot.column) else {
        return Some("this column is an expression, not a column of the table".to_owned());
    };
    match column.writing {
        Writing::Allowed => None,
        Writing::Generated => Some(format!("{} is always given by the server", column.name)),
        Writing::Refused => Some(format!(
            "the role has no UPDATE on column {} of {}",
            column.name,
            edits.target.name()
        )),
    }
}

/// A key for the editor of a cell, which is put back unless the key closes it.
pub(super) fn cell_key(model: &mut Model, mut editor: CellEditor, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter if !key.alt => {
            accept(model, &editor);
            return Vec::new();
        }
        KeyCode::Char('n') if key.ctrl => editor.holds = Holds::Null,
        KeyCode::Char('d') if key.ctrl => editor.holds = Holds::Default,
        KeyCode::Char('e') if key.ctrl => {
            editor.holds = Holds::Text;
            editor.text = Text::new("");
        }
        _ => type_key(&mut editor, key),
    }
    model.overlays.push(Overlay::EditCell(editor));
    Vec::new()
}

/// Typing makes a text of NULL and DEFAULT.
fn type_key(editor: &mut CellEditor, key: Key) {
    let text = &mut editor.text;
    match key.code {
        KeyCode::Char('j') if key.ctrl => text.insert("\n"),
        KeyCode::Enter => text.insert("\n"),
        KeyCode::Char('u') if key.ctrl => text.undo(),
        KeyCode::Char('y') if key.ctrl => text.redo(),
        KeyCode::Char(character) if !key.ctrl && !key.alt => text.type_character(character),
        KeyCode::Backspace => text.delete(Motion::Left),
        KeyCode::Delete => text.delete(Motion::Right),
        KeyCode::Left => return text.go(Motion::Left, Selecting::No),
        KeyCode::Right => return text.go(Motion::Right, Selecting::No),
        KeyCode::Up => return text.go(Motion::Up(1), Selecting::No),
        KeyCode::Down => return text.go(Motion::Down(1), Selecting::No),
        KeyCode::Home => return text.go(Motion::LineStart, Selecting::No),
        KeyCode::End => return text.go(Motion::LineEnd, Selecting::No),
        _ => return,
    }
    editor.holds = Holds::Text;
}

pub(super) fn cell_pasted(editor: &mut CellEditor, pasted: &str) {
    editor.text.insert(pasted);
    editor.holds = Holds::Text;
}

fn accept(model: &mut Model, editor: &CellEditor) {
    let value = value(editor.holds, editor.text.to_string());
    let spot = editor.spot;
    if let Some(edits) = &mut model.edits {
        let read = edits
            .read
            .get(&spot.row)
            .and_then(|row| row.get(spot.column).cloned());
        let same = match (&value, &read) {
            (NewValue::Null, Some(None)) => true,
            (NewValue::Text(new), Some(Some(old))) => new == old,
            _ => false,
        };
        if same {
            drop(edits.pending.cells.remove(&spot));
        } else {
            drop(edits.pending.cells.insert(spot, value));
        }
    }
    if let Some((_, window)) = model.query.shown_window() {
        // The sign before an edited value takes a place of its own.
        window.make_room(spot.column, &format!("*{}", editor.text));
    }
    count(model);
}

fn value(holds: Holds, text: String) -> NewValue {
    match holds {
        Holds::Text => NewValue::Text(text),
        Holds::Null => NewValue::Null,
        Holds::Default => NewValue::Default,
    }
}

fn count(model: &mut Model) {
    let count = model
        .edits
        .as_ref()
        .map_or(0, |edits| edits.pending.count());
    let key = model
        .keymap
        .key_of(Command::ReviewEdits)
        .unwrap_or("the palette")
        .to_owned();
    model.tell(match count {
        0 => "nothing is changed".to_owned(),
        1 => format!("1 change is planned; {key} shows its statement and makes it"),
        many => format!("{many} changes are planned; {key} shows their statements and makes them"),
    });
}

fn delete(model: &mut Model, rows: &[usize]) {
    if rows.len() > MOST {
        model.tell("too many rows to mark one by one: use DELETE with a WHERE");
        return;
    }
    for row in rows.iter().copied() {
        if keep(model, row) == Kept::No {
            model.tell("some rows are not here yet: try again in a moment");
            return;
        }
        if let Some(edits) = &mut model.edits
            && !edits.is_gone(row)
        {
            let _ = edits.pending.deleted.insert(row);
        }
    }
    count(model);
}

/// Takes back what is planned for the row under the cursor.
fn undo(model: &mut Model) {
    let spot = here(model);
    if of_shown(model).is_some()
        && let (Some(edits), Some(spot)) = (&mut model.edits, spot)
    {
        // The nearest thing first: the cell, else its row, else the newest new row.
        let pending = &mut edits.pending;
        if pending.cells.remove(&spot).is_none() {
            let before = pending.count();
            pending.forget_row(spot.row);
            if pending.count() == before {
                drop(pending.inserted.pop());
            }
        }
    }
    count(model);
}

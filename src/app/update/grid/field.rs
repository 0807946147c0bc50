//! The one-line field at the foot of the pane.

use super::rows;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::grid::{Field, Purpose};
use crate::app::model::line::Taken;

/// A key for the field, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut field: Field, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => return done(model, field),
        KeyCode::Tab | KeyCode::BackTab => {
            if let Purpose::Search(reading) = &mut field.purpose {
                *reading = reading.other();
                field.wrong = None;
            }
        }
        _ => {
            if field.line.key(key) == Taken::Yes {
                field.wrong = None;
            }
        }
    }
    model.grid.field = Some(field);
    Vec::new()
}

/// Enter: a field that says nothing that can be done stays, and says what is wrong.
fn done(model: &mut Model, mut field: Field) -> Vec<Effect> {
    let typed = field.line.text().to_owned();
    let outcome = match field.purpose {
        Purpose::Search(reading) => rows::search(model, &typed, reading),
        Purpose::Row => go_to_row(model, &typed).map(|()| Vec::new()),
        Purpose::Filter(column) => rows::filter(model, &typed, column),
    };
    outcome.unwrap_or_else(|wrong| {
        field.wrong = Some(wrong);
        model.grid.field = Some(field);
        Vec::new()
    })
}

/// Goes to a row by its number in the result: `1 000`, `50%`, `-1` for the last.
fn go_to_row(model: &mut Model, typed: &str) -> Result<(), String> {
    let Some((result, window)) = model.query.shown_window() else {
        return Ok(());
    };
    let plain: String = typed
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | ',' | '.' | '\''))
        .collect();
    let wrong = || "a row's number, from 1; -1 is the last, 50% the middle".to_owned();
    let rows = result.rows();
    let row = if let Some(share) = plain.strip_suffix('%') {
        let share: usize = share.parse().map_err(|_| wrong())?;
        rows.saturating_sub(1).saturating_mul(share.min(100)) / 100
    } else if let Some(from_end) = plain.strip_prefix('-') {
        let from_end: usize = from_end.parse().map_err(|_| wrong())?;
        rows.saturating_sub(from_end)
    } else {
        let number: usize = plain.parse().map_err(|_| wrong())?;
        number.checked_sub(1).ok_or_else(wrong)?
    };
    let row = row.min(rows.saturating_sub(1));
    window
        .go_to_row(row, result)
        .ok_or_else(|| format!("row {} is filtered out", row + 1))
}

/// Text pasted into the pane.
pub(in crate::app::update) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(field) = &mut model.grid.field {
        field.line.insert(text);
        field.wrong = None;
    }
    Vec::new()
}

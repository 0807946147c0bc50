//! The form of a row to be added: a field for each column that can be written.

use std::collections::BTreeMap;

use super::{count, value};
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::edit::{Holds, RowField, RowForm};
use crate::app::model::line::{Line, Taken};
use crate::app::model::overlay::Overlay;
use crate::domain::edit::{NewValue, Supply, Target, Writing};

/// Opens the form of a new row.
pub(super) fn open(model: &mut Model) {
    let Some(edits) = &model.edits else {
        return;
    };
    let target: &Target = &edits.target;
    let fields = target
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.writing != Writing::Generated)
        .map(|(column, known)| RowField {
            column,
            line: Line::default(),
            holds: match known.supply {
                Supply::Given => Holds::Default,
                Supply::Needed => Holds::Text,
            },
        })
        .collect();
    model
        .overlays
        .push(Overlay::NewRow(RowForm { fields, focus: 0 }));
}

/// A key for the form of a new row, which is put back unless the key closes it.
pub(in crate::app::update) fn key(model: &mut Model, mut form: RowForm, key: Key) -> Vec<Effect> {
    let last = form.fields.len().saturating_sub(1);
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => {
            add(model, form);
            return Vec::new();
        }
        KeyCode::Up | KeyCode::BackTab => form.focus = form.focus.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => form.focus = (form.focus + 1).min(last),
        _ => {
            if let Some(field) = form.fields.get_mut(form.focus) {
                match key.code {
                    KeyCode::Char('n') if key.ctrl => field.holds = Holds::Null,
                    KeyCode::Char('d') if key.ctrl => field.holds = Holds::Default,
                    KeyCode::Char('e') if key.ctrl => {
                        field.line.clear();
                        field.holds = Holds::Text;
                    }
                    _ => {
                        if field.line.key(key) == Taken::Yes {
                            field.holds = Holds::Text;
                        }
                    }
                }
            }
        }
    }
    model.overlays.push(Overlay::NewRow(form));
    Vec::new()
}

/// Pasted text goes into the field that has the focus.
pub(in crate::app::update) fn pasted(form: &mut RowForm, text: &str) {
    if let Some(field) = form.fields.get_mut(form.focus) {
        field.line.insert(text);
        field.holds = Holds::Text;
    }
}

fn add(model: &mut Model, form: RowForm) {
    let values: BTreeMap<usize, NewValue> = form
        .fields
        .into_iter()
        .map(|field| {
            let text = field.line.text().to_owned();
            (field.column, value(field.holds, text))
        })
        .collect();
    if let Some(edits) = &mut model.edits {
        edits.pending.inserted.push(values);
    }
    count(model);
}

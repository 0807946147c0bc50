//! Looking for text.

use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::line::{Line, Taken};
use crate::domain::text::Direction;

/// Opens the field; what is selected on one line is looked for.
pub(super) fn open(model: &mut Model) {
    let selected = model.editor.tab().and_then(|tab| tab.text.selected());
    let needle = selected
        .filter(|text| !text.contains('\n'))
        .unwrap_or_default();
    model.editor.find = Some(Line::new(&needle));
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter | KeyCode::Down => go(model, Direction::Forward),
        KeyCode::Up => go(model, Direction::Backward),
        KeyCode::Escape => model.editor.find = None,
        _ => {
            let taken = model.editor.find.as_mut().map(|field| field.key(key));
            if taken != Some(Taken::Yes) {
                model.editor.find = None;
                return crate::app::update::key(model, key);
            }
        }
    }
    super::settle(model);
    Vec::new()
}

fn go(model: &mut Model, direction: Direction) {
    let Some(needle) = model
        .editor
        .find
        .as_ref()
        .map(|field| field.text().to_owned())
    else {
        return;
    };
    let Some(tab) = model.editor.tab_mut() else {
        return;
    };
    let from = match (direction, tab.text.selection()) {
        (Direction::Backward, Some(range)) => range.start,
        _ => tab.text.cursor(),
    };
    match tab.text.find(&needle, from, direction) {
        Some(range) => tab.text.select(range),
        None => model.tell("not found"),
    }
}

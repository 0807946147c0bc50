//! Names offered while typing. They never take a key unless one of them is highlighted.

use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::editor::Completion;
use crate::domain::sql::complete;
use crate::domain::sql::cursor::{self, Want};

/// Characters around the cursor that are looked at.
const SURROUNDINGS: usize = 8 * 1024;

/// Offers names and highlights the first; if they are offered already, highlights the next.
pub(super) fn open(model: &mut Model) {
    model.editor.completion = offer(model, 0).map(|offer| Completion {
        highlighted: Some(0),
        ..offer
    });
    if model.editor.completion.is_none() {
        model.tell("nothing to offer here");
    }
}

/// Something was typed: names are offered, none of them highlighted.
pub(super) fn refresh(model: &mut Model) {
    model.editor.completion = offer(model, 1);
}

/// Something was taken away: an open offer follows, a closed one stays closed.
pub(super) fn narrow(model: &mut Model) {
    if model.editor.completion.is_some() {
        refresh(model);
    }
}

/// Whether the offer took the key.
pub(super) fn takes(model: &mut Model, key: Key) -> bool {
    let Some(offered) = &mut model.editor.completion else {
        return false;
    };
    let last = offered.candidates.len().saturating_sub(1);
    match (key.code, offered.highlighted) {
        (KeyCode::Down, now) => {
            offered.highlighted = Some(now.map_or(0, |now| if now == last { 0 } else { now + 1 }));
        }
        (KeyCode::Up, Some(now)) => offered.highlighted = Some(now.checked_sub(1).unwrap_or(last)),
        (KeyCode::Enter | KeyCode::Tab, Some(now)) => {
            let chosen = offered
                .candidates
                .get(now)
                .map(|candidate| candidate.text.clone());
            let from = offered.from;
            model.editor.completion = None;
            if let Some(text) = chosen {
                super::change(model, |buffer| buffer.replace(from..buffer.cursor(), &text));
            }
        }
        (KeyCode::Escape, _) => model.editor.completion = None,
        _ => return false,
    }
    true
}

/// What can be offered when at least that many characters of a word are typed; a dot counts.
fn offer(model: &Model, typed: usize) -> Option<Completion> {
    let text = &model.editor.tab()?.text;
    let cursor = text.cursor();
    let first = cursor.saturating_sub(SURROUNDINGS);
    let sql = text.slice(first..cursor + SURROUNDINGS);
    let at = text.to_byte(cursor) - text.to_byte(first);
    let around = crate::domain::sql::split::statement_at(&sql, at)
        .filter(|range| range.contains(&at) || range.end == at);
    let start = around.as_ref().map_or(at, |range| range.start);
    let statement = around.and_then(|range| sql.get(range)).unwrap_or_default();
    let place = cursor::place(statement, at - start);
    let member = matches!(place.want, Want::Member(_));
    if place.word.len() < typed && !member {
        return None;
    }
    let candidates = complete::candidates(model.tree.catalog(), statement, &place);
    let from = text.from_byte(text.to_byte(first) + start + place.word.start);
    (!candidates.is_empty()).then_some(Completion {
        from,
        candidates,
        highlighted: None,
    })
}

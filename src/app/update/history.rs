//! What ran before: remembered, searched, recalled.

use super::{editor, focus};
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::history::HistoryList;
use crate::app::model::line::Taken;
use crate::app::model::overlay::Overlay;
use crate::app::model::query::Ran;
use crate::app::model::{Model, Pane};
use crate::domain::history::{self, Entry};

/// Lines a page key moves.
const PAGE: usize = 10;

/// Opens the list; what other sessions ran since is read meanwhile.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model
        .overlays
        .push(Overlay::History(HistoryList::default()));
    vec![Effect::ReadHistory]
}

/// What ran before was read.
pub(super) fn arrived(model: &mut Model, entries: Vec<Entry>) -> Vec<Effect> {
    model.history = entries;
    Vec::new()
}

pub(super) fn remember(model: &mut Model, ran: &Ran) -> Vec<Effect> {
    let profile = model
        .link
        .profile()
        .map_or("", |profile| profile.name.as_str());
    let rows = u64::try_from(ran.rows).ok();
    let entry = Entry::new(
        model.now,
        profile,
        &ran.statement,
        ran.elapsed.unwrap_or_default(),
        rows,
        ran.ended,
    );
    model.history.push(entry.clone());
    vec![Effect::Remember(entry)]
}

/// A key for the history on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut list: HistoryList, key: Key) -> Vec<Effect> {
    let found = history::search(&model.history, list.filter.text());
    let bottom = found.len().saturating_sub(1);
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => {
            let Some(statement) = found
                .get(list.selected)
                .map(|entry| entry.statement.clone())
            else {
                return Vec::new();
            };
            focus(model, Pane::Editor);
            return editor::open_tab(model, &statement);
        }
        KeyCode::Up => list.selected = list.selected.saturating_sub(1),
        KeyCode::Down => list.selected = (list.selected + 1).min(bottom),
        KeyCode::PageUp => list.selected = list.selected.saturating_sub(PAGE),
        KeyCode::PageDown => list.selected = (list.selected + PAGE).min(bottom),
        _ => {
            if list.filter.key(key) == Taken::Yes {
                list.selected = 0;
            }
        }
    }
    model.overlays.push(Overlay::History(list));
    Vec::new()
}

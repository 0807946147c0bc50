//! The editor pane.

mod completion;
mod find;

use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode, Mouse, MouseAction};
use crate::app::layout;
use crate::app::model::editor::{Editor, SAVE_AFTER, Saving, Tab};
use crate::app::model::link::Link;
use crate::app::model::query::Sent;
use crate::app::model::tree::Tree;
use crate::app::model::{Model, Pane};
use crate::domain::profile::Profile;
use crate::domain::sql::guard::Surroundings;
use crate::domain::sql::split;
use crate::domain::text::{Motion, Place, Selecting, Text};

/// Rows a turn of the wheel moves.
const WHEEL: usize = 3;

/// Whether all keys belong to the pane: a field is open, or an offered name is highlighted.
pub(super) fn is_typing(model: &Model) -> bool {
    let highlighted = |editor: &Editor| {
        editor
            .completion
            .as_ref()
            .is_some_and(|offered| offered.highlighted.is_some())
    };
    model.editor.find.is_some() || highlighted(&model.editor)
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    model.editor.completion = None;
    match command {
        Command::NewTab => model.editor.open(""),
        Command::CloseTab => {
            model.editor.close();
            wants_saving(model);
        }
        Command::NextTab => model.editor.step(1),
        Command::PreviousTab => model.editor.step(-1),
        Command::Undo => change(model, Text::undo),
        Command::Redo => change(model, Text::redo),
        Command::SelectAll => change(model, Text::select_all),
        Command::CopyText => return copy(model),
        Command::CutText => return cut(model),
        Command::ToggleComment => change(model, Text::toggle_comment),
        Command::Complete => completion::open(model),
        Command::Find => find::open(model),
        _ => {}
    }
    settle(model);
    Vec::new()
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if model.editor.find.is_some() {
        return find::key(model, key);
    }
    if completion::takes(model, key) {
        settle(model);
        return Vec::new();
    }
    if is_typing(model) {
        // A key that means nothing to the offer closes it and then means what it always means.
        model.editor.completion = None;
        return super::key(model, key);
    }
    match key.code {
        KeyCode::Char(character) if !key.ctrl && !key.alt => {
            change(model, |text| text.type_character(character));
            completion::refresh(model);
        }
        KeyCode::Backspace => {
            let motion = if key.ctrl || key.alt {
                Motion::WordLeft
            } else {
                Motion::Left
            };
            change(model, |text| text.delete(motion));
            completion::narrow(model);
        }
        KeyCode::Escape => model.editor.completion = None,
        _ => {
            model.editor.completion = None;
            edit_or_move(model, key);
        }
    }
    settle(model);
    Vec::new()
}

fn edit_or_move(model: &mut Model, key: Key) {
    match key.code {
        KeyCode::Enter => change(model, Text::break_line),
        KeyCode::Delete => {
            let motion = if key.ctrl {
                Motion::WordRight
            } else {
                Motion::Right
            };
            change(model, |text| text.delete(motion));
        }
        KeyCode::Tab => change(model, Text::indent),
        KeyCode::BackTab => change(model, Text::outdent),
        _ => {
            let page = layout::page(model, Pane::Editor);
            let selecting = if key.shift {
                Selecting::Yes
            } else {
                Selecting::No
            };
            if let (Some(motion), Some(tab)) = (motion(key, page), model.editor.tab_mut()) {
                tab.text.go(motion, selecting);
            }
        }
    }
}

const fn motion(key: Key, page: usize) -> Option<Motion> {
    Some(match (key.code, key.ctrl) {
        (KeyCode::Left, false) => Motion::Left,
        (KeyCode::Left, true) => Motion::WordLeft,
        (KeyCode::Right, false) => Motion::Right,
        (KeyCode::Right, true) => Motion::WordRight,
        (KeyCode::Up, _) => Motion::Up(1),
        (KeyCode::Down, _) => Motion::Down(1),
        (KeyCode::PageUp, _) => Motion::Up(page),
        (KeyCode::PageDown, _) => Motion::Down(page),
        (KeyCode::Home, false) => Motion::LineStart,
        (KeyCode::Home, true) => Motion::Start,
        (KeyCode::End, false) => Motion::LineEnd,
        (KeyCode::End, true) => Motion::End,
        _ => return None,
    })
}

/// Changes the text; what changed is saved a moment later.
fn change(model: &mut Model, edit: impl FnOnce(&mut Text)) {
    let Some(tab) = model.editor.tab_mut() else {
        return;
    };
    let before = tab.text.revision();
    edit(&mut tab.text);
    if tab.text.revision() != before {
        wants_saving(model);
    }
}

fn wants_saving(model: &mut Model) {
    if model.editor.saving == Saving::Saved {
        model.editor.saving = Saving::Wanted { since: model.now };
    }
}

/// Keeps the cursor visible in the pane as it is now.
fn settle(model: &mut Model) {
    let area = layout::pane(model, Pane::Editor)
        .unwrap_or_default()
        .inner();
    let around = surroundings(&model.link, &model.tree);
    if let Some(tab) = model.editor.tab_mut() {
        tab.settle(usize::from(area.height), usize::from(area.width), around);
    }
}

/// What is known of the server that statements go to.
pub(super) fn surroundings<'a>(link: &'a Link, tree: &'a Tree) -> Option<Surroundings<'a>> {
    let facts = &link.up()?.facts;
    Some(Surroundings {
        major: facts.version.major(),
        user: &facts.user,
        roles: &tree.catalog().roles,
    })
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(text) = model.editor.tab().and_then(|tab| tab.text.selected()) else {
        model.tell("select text first: Shift and the arrow keys");
        return Vec::new();
    };
    vec![Effect::Copy { text }]
}

fn cut(model: &mut Model) -> Vec<Effect> {
    let mut taken = String::new();
    change(model, |text| taken = text.cut());
    settle(model);
    if taken.is_empty() {
        Vec::new()
    } else {
        vec![Effect::Copy { text: taken }]
    }
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(field) = &mut model.editor.find {
        field.insert(text);
        return Vec::new();
    }
    model.editor.completion = None;
    change(model, |buffer| buffer.insert(text));
    settle(model);
    Vec::new()
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let area = layout::pane(model, Pane::Editor)
        .unwrap_or_default()
        .inner();
    let Some(tab) = model.editor.tab_mut() else {
        return Vec::new();
    };
    let row = usize::from(mouse.row.saturating_sub(area.y));
    let column = usize::from(mouse.column.saturating_sub(area.x)).saturating_sub(tab.gutter());
    let at = tab.text.at(Place {
        line: tab.top + row,
        column: tab.left + column,
    });
    match mouse.action {
        MouseAction::Press => tab.text.go(Motion::To(at), Selecting::No),
        MouseAction::Drag => tab.text.go(Motion::To(at), Selecting::Yes),
        MouseAction::ScrollUp => tab.text.go(Motion::Up(WHEEL), Selecting::No),
        MouseAction::ScrollDown => tab.text.go(Motion::Down(WHEEL), Selecting::No),
        MouseAction::Release | MouseAction::ScrollLeft | MouseAction::ScrollRight => {
            return Vec::new();
        }
    }
    model.editor.completion = None;
    settle(model);
    Vec::new()
}

/// What `Run` runs: the selection's statements, else the statement under the cursor.
pub(super) fn chosen(model: &Model) -> Vec<Sent> {
    let Some(tab) = model.editor.tab() else {
        return Vec::new();
    };
    if let Some(range) = tab.text.selection() {
        let offset = tab.text.to_byte(range.start);
        return sent(&tab.text.slice(range), offset);
    }
    let text = tab.text.to_string();
    let range = tab.statement();
    range
        .and_then(|range| {
            Some(Sent {
                text: text.get(range.clone())?.to_owned(),
                offset: Some(range.start),
            })
        })
        .into_iter()
        .collect()
}

/// What `RunAll` runs: every statement of the tab.
pub(super) fn all(model: &Model) -> Vec<Sent> {
    model
        .editor
        .tab()
        .map(|tab: &Tab| sent(&tab.text.to_string(), 0))
        .unwrap_or_default()
}

fn sent(text: &str, offset: usize) -> Vec<Sent> {
    let piece = |range: std::ops::Range<usize>| {
        let text = text.get(range.clone())?.to_owned();
        Some(Sent {
            text,
            offset: Some(offset + range.start),
        })
    };
    split::statements(text)
        .into_iter()
        .filter_map(piece)
        .collect()
}

/// Opens a tab that holds `text`.
pub(super) fn open_tab(model: &mut Model, text: &str) -> Vec<Effect> {
    model.editor.open(text);
    super::focus(model, Pane::Editor);
    wants_saving(model);
    settle(model);
    Vec::new()
}

/// Time went on: drafts are saved a moment after the last change.
pub(super) fn ticked(model: &mut Model) -> Vec<Effect> {
    match model.editor.saving {
        Saving::Wanted { since } if model.now.since(since) >= SAVE_AFTER => save(model),
        Saving::Wanted { .. } | Saving::Saved => Vec::new(),
    }
}

fn save(model: &mut Model) -> Vec<Effect> {
    let Some(profile) = model.editor.profile.clone() else {
        return Vec::new();
    };
    if model.editor.saving == Saving::Saved {
        return Vec::new();
    }
    model.editor.saving = Saving::Saved;
    vec![Effect::SaveDrafts {
        profile,
        tabs: model.editor.held(),
    }]
}

/// The workspace opens: the drafts of the profile come back.
pub(super) fn enter(model: &mut Model, profile: &Profile) -> Vec<Effect> {
    if model.editor.profile.as_deref() == Some(profile.name.as_str()) {
        return Vec::new();
    }
    let mut effects = save(model);
    model.editor = Editor::of(&profile.name);
    settle(model);
    effects.push(Effect::ReadDrafts {
        profile: profile.name.clone(),
    });
    effects
}

/// The workspace is left: drafts are saved before `then`.
pub(super) fn leave(model: &mut Model, then: Vec<Effect>) -> Vec<Effect> {
    let mut effects = save(model);
    effects.extend(then);
    effects
}

/// The drafts of the profile were read.
pub(super) fn drafts_read(model: &mut Model, profile: &str, tabs: &[String]) -> Vec<Effect> {
    if model.editor.profile.as_deref() == Some(profile) {
        model.editor.restore(tabs);
        settle(model);
    }
    Vec::new()
}

#[cfg(test)]
mod tests;

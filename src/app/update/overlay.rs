//! Keys that go to what lies on top.

use super::{
    copy, edit, file_form, form, grid, history, link, perform, plan, query, save, viewer, why,
};
use crate::app::command::{COMMANDS, Command, Entry, Scope, scopes};
use crate::app::effect::{Effect, ProfileChange};
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::line::Taken;
use crate::app::model::overlay::{Consent, Overlay, Palette, PasswordPrompt, Picker};
use crate::domain::token::Password;

/// Hands a key to the top overlay. It is taken off and put back unless the key closed it.
pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(top) = model.overlays.pop() else {
        return Vec::new();
    };
    let closing = key.code == KeyCode::Escape || (key.ctrl && key.code == KeyCode::Char('c'));
    match top {
        Overlay::Form(form) => form::key(model, form, key),
        Overlay::Password(prompt) => password(model, prompt, key),
        Overlay::Dialing if closing || key.code == KeyCode::Char('q') => link::give_up(model),
        Overlay::Dialing => put_back(model, Overlay::Dialing),
        Overlay::Diagnosis => {
            model.overlays.push(Overlay::Diagnosis);
            diagnosis(model, key)
        }
        Overlay::EditCell(editor) => edit::cell_key(model, editor, key),
        Overlay::NewRow(form) => edit::row_form::key(model, form, key),
        Overlay::Review { selected } => edit::review::key(model, selected, key),
        Overlay::Plan => plan::key(model, key),
        Overlay::History(list) => history::key(model, list, key),
        Overlay::Viewer(viewer) => viewer::key(model, viewer, key),
        Overlay::Save(form) => save::key(model, form, key),
        Overlay::CopyAs(choice) => copy::key(model, choice, key),
        Overlay::Columns(list) => grid::columns::key(model, list, key),
        Overlay::Statistics(statistics) => grid::statistics::key(model, statistics, key),
        Overlay::Chart(chart) => grid::chart::key(model, chart, key),
        Overlay::File(form) => file_form::key(model, form, key),
        _ if closing => close(model, &top),
        Overlay::Help { scroll } => help(model, scroll, key),
        Overlay::Palette(palette) => palette_key(model, palette, key),
        Overlay::Confirm(confirm) => match key.code {
            KeyCode::Enter | KeyCode::Char('y' | 'Y') => consent(model, confirm.yes),
            KeyCode::Char('n' | 'N' | 'q') => Vec::new(),
            _ => put_back(model, Overlay::Confirm(confirm)),
        },
        Overlay::Through(picker) => pick(model, picker, key),
        Overlay::Token { profile } => token(model, profile, key),
        Overlay::Doctor { profile } => match key.code {
            KeyCode::Char('q') => close(model, &Overlay::Doctor { profile }),
            KeyCode::Enter | KeyCode::Char('w') => {
                model.connections.select(&profile);
                perform::perform(model, Command::ConnectionsWhy)
            }
            _ => put_back(model, Overlay::Doctor { profile }),
        },
    }
}

fn put_back(model: &mut Model, overlay: Overlay) -> Vec<Effect> {
    model.overlays.push(overlay);
    Vec::new()
}

/// Closing the doctor's stages stops the doctor.
fn close(model: &mut Model, closed: &Overlay) -> Vec<Effect> {
    if matches!(closed, Overlay::Doctor { .. }) {
        link::cancel(model)
    } else {
        Vec::new()
    }
}

/// The panel over the connections screen takes the panel's own keys.
fn diagnosis(model: &mut Model, key: Key) -> Vec<Effect> {
    match model.keymap.lookup(&[Scope::Diagnostics], key) {
        Some(command) => why::perform(model, command),
        None => why::key(model, key),
    }
}

fn help(model: &mut Model, scroll: usize, key: Key) -> Vec<Effect> {
    let scroll = match key.code {
        KeyCode::Down | KeyCode::Char('j') => scroll + 1,
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll + 10,
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::Char('q' | '?') | KeyCode::F(1) | KeyCode::Enter => return Vec::new(),
        _ => scroll,
    };
    put_back(model, Overlay::Help { scroll })
}

/// The verbs that fit the palette's filter: those of this place first.
#[must_use]
pub fn palette_entries(model: &Model, palette: &Palette) -> Vec<&'static Entry> {
    let here = scopes(model);
    let needle = palette.filter.text().to_lowercase();
    let mut found: Vec<&Entry> = COMMANDS
        .iter()
        .filter(|entry| {
            let text = format!("{} {}", entry.name, entry.help).to_lowercase();
            needle.split_whitespace().all(|word| text.contains(word))
        })
        .collect();
    found.sort_by_key(|entry| {
        here.iter()
            .position(|scope| *scope == entry.scope)
            .unwrap_or(usize::MAX)
    });
    found
}

fn palette_key(model: &mut Model, mut palette: Palette, key: Key) -> Vec<Effect> {
    let entries = palette_entries(model, &palette);
    match key.code {
        KeyCode::Enter => {
            return match entries.get(palette.selected) {
                Some(entry) => perform::perform(model, entry.command),
                None => put_back(model, Overlay::Palette(palette)),
            };
        }
        KeyCode::Down => {
            palette.selected = (palette.selected + 1).min(entries.len().saturating_sub(1));
        }
        KeyCode::Up => palette.selected = palette.selected.saturating_sub(1),
        KeyCode::PageDown => {
            palette.selected = (palette.selected + 10).min(entries.len().saturating_sub(1));
        }
        KeyCode::PageUp => palette.selected = palette.selected.saturating_sub(10),
        _ => {
            if palette.filter.key(key) == Taken::Yes {
                palette.selected = 0;
            }
        }
    }
    put_back(model, Overlay::Palette(palette))
}

fn consent(model: &mut Model, yes: Consent) -> Vec<Effect> {
    match yes {
        Consent::DeleteProfile(name) => {
            let ticket = model.next_ticket();
            model.tell(format!("deleted {name}"));
            vec![Effect::WriteProfiles {
                ticket,
                change: ProfileChange::Remove { name },
            }]
        }
        Consent::ApplyFix(through) => why::apply(model, *through),
        Consent::Prove(through) => why::prove(model, *through),
        Consent::Run(sent) => query::begin(model, sent),
        Consent::DropEditsAndRun(sent) => {
            model.edits = None;
            query::ask_first(model, sent)
        }
        Consent::Measure => plan::measured(model),
        Consent::RollBack => query::end_transaction(model, "ROLLBACK"),
        Consent::Dial(profile) => link::dial(model, *profile),
        Consent::Quit => super::editor::leave(model, vec![Effect::Quit]),
        Consent::Disconnect => link::hang_up(model),
    }
}

fn password(model: &mut Model, mut prompt: PasswordPrompt, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => link::give_up(model),
        KeyCode::Char('c') if key.ctrl => link::give_up(model),
        KeyCode::Enter => {
            let password = Some(Password::new(prompt.line.text().to_owned()));
            vec![Effect::AnswerPassword {
                ticket: prompt.ticket,
                password,
            }]
        }
        _ => {
            let _ = prompt.line.key(key);
            put_back(model, Overlay::Password(prompt))
        }
    }
}

fn pick(model: &mut Model, mut picker: Picker, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => {
            let chosen = picker
                .choices
                .get(picker.selected)
                .and_then(|at| model.connections.profiles.get(*at));
            if let Some(profile) = chosen.cloned() {
                why::confirm(model, picker.through, profile);
            }
            return Vec::new();
        }
        KeyCode::Char('q') => return Vec::new(),
        KeyCode::Down | KeyCode::Char('j') => {
            picker.selected = (picker.selected + 1).min(picker.choices.len().saturating_sub(1));
        }
        KeyCode::Up | KeyCode::Char('k') => picker.selected = picker.selected.saturating_sub(1),
        _ => {}
    }
    put_back(model, Overlay::Through(picker))
}

fn token(model: &mut Model, profile: String, key: Key) -> Vec<Effect> {
    let wanted = model
        .connections
        .profiles
        .iter()
        .find(|known| known.name == profile)
        .cloned();
    match (key.code, wanted) {
        (KeyCode::Enter | KeyCode::Char('c' | 'y'), Some(profile)) => {
            vec![Effect::CopyToken {
                profile: Box::new(profile),
            }]
        }
        (KeyCode::Char('q' | 'n'), _) | (_, None) => Vec::new(),
        _ => put_back(model, Overlay::Token { profile }),
    }
}

/// Text pasted while something lies on top.
pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    let Some(mut top) = model.overlays.pop() else {
        return Vec::new();
    };
    match &mut top {
        Overlay::Form(form) => form::pasted(model, form, text),
        Overlay::Palette(palette) => palette.filter.insert(text),
        Overlay::Password(prompt) => prompt.line.insert(text),
        Overlay::History(list) => list.filter.insert(text),
        Overlay::Save(form) => form.path.insert(text),
        Overlay::EditCell(editor) => edit::cell_pasted(editor, text),
        Overlay::NewRow(form) => edit::row_form::pasted(form, text),
        Overlay::Columns(list) => list.filter.insert(text),
        Overlay::Viewer(opened) => viewer::pasted(opened, text),
        Overlay::File(form) => form.path.insert(text),
        _ => {}
    }
    put_back(model, top)
}

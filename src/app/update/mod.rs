//! Judges messages: routes each to the area it belongs to.

mod access;
mod caution;
mod connections;
mod copy;
pub mod edit;
mod editor;
mod file_form;
mod form;
pub mod grid;
mod history;
mod link;
mod mouse;
mod overlay;
mod perform;
pub mod plan;
mod query;
mod rows;
mod save;
mod tree;
pub mod viewer;
mod why;

use super::command::{self, Command};
use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::message::{Message, Rows, Ticket};
use super::model::connections::FilterFocus;
use super::model::{Look, Model, Pane, Screen, Size};
use crate::domain::failure::Failure;

pub use connections::begin;
pub use overlay::palette_entries;

/// Judges one message. Never waits, never fails; the caller must grant every effect.
#[must_use]
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = judge(model, message);
    effects.extend(rows::settle(model));
    let results = model.query.take_forgotten();
    if !results.is_empty() {
        effects.push(Effect::Forget { results });
    }
    effects
}

fn judge(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(pressed) => key(model, pressed),
        Message::Mouse(mouse) => mouse::mouse(model, mouse),
        Message::Pasted(text) => pasted(model, &text),
        Message::Resized { columns, rows } => {
            model.size = Size { columns, rows };
            grid::resized(model);
            access::keep_in_sight(model);
            Vec::new()
        }
        Message::Ticked { now } => {
            model.now = now;
            editor::ticked(model)
        }
        Message::ProfilesRead(outcome) => connections::read(model, outcome),
        Message::ProfilesWritten { ticket, outcome } => form::written(model, ticket, outcome),
        Message::StageMoved { ticket, report } => link::stage_moved(model, ticket, report),
        Message::PasswordWanted { ticket, prompt } => link::password_wanted(model, ticket, prompt),
        Message::LinkUp { ticket, facts } => link::up(model, ticket, facts),
        Message::LinkRefused {
            ticket,
            failure,
            findings,
        } => link::refused(model, ticket, failure, findings),
        Message::LinkLost { ticket, failure } => link::lost(model, ticket, failure),
        Message::CatalogArrived { ticket, part } => tree::arrived(model, ticket, part),
        Message::CatalogFailed { ticket, failure } => tree::failed(model, ticket, failure),
        Message::Ran { ticket, event } => query::ran(model, ticket, event),
        Message::EditsMade { ticket, outcome } => edit::review::made(model, ticket, outcome),
        Message::Explained { ticket, outcome } => plan::explained(model, ticket, outcome),
        Message::Looked { ticket, outcome } => looked(model, ticket, &outcome),
        Message::WhyAnswered { ticket, outcome } => why::answered(model, ticket, outcome),
        Message::RightsArrived { ticket, outcome } => access::arrived(model, ticket, outcome),
        Message::FixApplied { ticket, outcome } => why::applied(model, ticket, outcome),
        Message::DraftsRead { profile, tabs } => editor::drafts_read(model, &profile, &tabs),
        Message::HistoryRead(entries) => history::arrived(model, entries),
        Message::Clipped(outcome) => {
            copy::clipped(model, outcome);
            Vec::new()
        }
        Message::Scanning { ticket, report } => {
            grid::scans::moved(model, ticket, &report);
            Vec::new()
        }
        Message::Scanned { ticket, outcome } => grid::scans::done(model, ticket, outcome),
        Message::Spilled { result, outcome } => rows::spilled(model, result, outcome),
        Message::Fetched { result, segments } => rows::fetched(model, result, segments),
        Message::Saved { ticket, outcome } => save::saved(model, ticket, outcome),
        Message::Saving { ticket, done } => save::saving(model, ticket, done),
        Message::PartRead { ticket, outcome } => {
            viewer::part::arrived(model, ticket, outcome);
            Vec::new()
        }
        Message::Told(text) => {
            model.tell(text);
            Vec::new()
        }
        Message::Failed(failure) => {
            model.tell(match failure.hint {
                Some(hint) => format!("{}: {hint}", failure.message),
                None => failure.message,
            });
            Vec::new()
        }
    }
}

/// A small question was answered; one that nobody waits for any more is dropped.
fn looked(model: &mut Model, ticket: Ticket, outcome: &Result<Rows, Failure>) -> Vec<Effect> {
    match model.looks.remove(&ticket) {
        Some(Look::Transaction(id)) => link::settled(model, &id, outcome),
        Some(Look::Table { edited, intent }) => edit::table(model, edited, intent, outcome),
        Some(Look::Dependents { danger, sent }) => {
            caution::dependents(model, (danger, &sent), outcome);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Leaves without a question, because the terminal or the system says so: drafts are saved first.
#[must_use]
pub fn leave(model: &mut Model) -> Vec<Effect> {
    editor::leave(model, Vec::new())
}

/// A key goes to the top overlay, else to a field that is being typed into, else to a verb, else to
/// the focused pane.
fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.told = None;
    let scopes = command::scopes(model);
    if key.ctrl && key.alt && model.keymap.lookup(&scopes, key).is_none() {
        // Escape and a chord that arrive together read as one chord with Alt: both were meant.
        let escape = Key::plain(KeyCode::Escape);
        let chord = Key { alt: false, ..key };
        let mut effects = self::key(model, escape);
        effects.extend(self::key(model, chord));
        return effects;
    }
    if !model.overlays.is_empty() {
        let leaving = model
            .keymap
            .lookup(&scopes, key)
            .filter(|command| command.works_over_overlays());
        // Ctrl+Z inside a field would be taken for undo by most people; suspending is harmless.
        return match leaving {
            Some(command) => perform::perform(model, command),
            None => overlay::key(model, key),
        };
    }
    if is_typing(model) {
        return match model.screen {
            Screen::Connections => connections::filter_key(model, key),
            Screen::Workspace => pane_key(model, key),
            Screen::Access => access::filter_key(model, key),
        };
    }
    if let Some(command) = model.keymap.lookup(&scopes, key) {
        return perform::perform(model, command);
    }
    match model.screen {
        Screen::Connections => connections::key(model, key),
        Screen::Workspace => pane_key(model, key),
        Screen::Access => access::key(model, key),
    }
}

/// Whether keys go into a one-line field of the screen itself.
fn is_typing(model: &Model) -> bool {
    match model.screen {
        Screen::Connections => model.connections.filter_focus == FilterFocus::Typing,
        Screen::Workspace => match model.focus {
            Pane::Tree => tree::is_typing(model),
            Pane::Editor => editor::is_typing(model),
            Pane::Result => grid::is_typing(model),
            Pane::Diagnostics => false,
        },
        Screen::Access => access::is_typing(model),
    }
}

fn pane_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let writes = model.focus == Pane::Editor || is_typing(model);
    if key.code == KeyCode::Char('?') && !writes {
        return perform::perform(model, Command::Help);
    }
    match model.focus {
        Pane::Tree => tree::key(model, key),
        Pane::Editor => editor::key(model, key),
        Pane::Result => grid::key(model, key),
        Pane::Diagnostics => why::key(model, key),
    }
}

fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.overlays.is_empty() {
        return overlay::pasted(model, text);
    }
    match (model.screen, model.focus) {
        (Screen::Connections, _) => {
            if model.connections.filter_focus == FilterFocus::Typing {
                model.connections.filter.insert(text);
            }
            Vec::new()
        }
        (Screen::Access, _) => access::pasted(model, text),
        (Screen::Workspace, Pane::Editor) => editor::pasted(model, text),
        (Screen::Workspace, Pane::Tree) => tree::pasted(model, text),
        (Screen::Workspace, Pane::Result) => grid::pasted(model, text),
        (Screen::Workspace, Pane::Diagnostics) => Vec::new(),
    }
}

/// Goes to a pane, opening the way for it when panes are folded.
fn focus(model: &mut Model, pane: Pane) {
    model.focus = pane;
}

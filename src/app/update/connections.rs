//! The connections screen.

use super::{link, why};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout;
use crate::app::model::Model;
use crate::app::model::connections::{AttemptOutcome, Entry, FilterFocus};
use crate::app::model::form::{Form, Purpose};
use crate::app::model::line::Taken;
use crate::app::model::overlay::{Confirm, Consent, Overlay};
use crate::domain::failure::Failure;
use crate::domain::profile::{DEFAULT_PORT, Profile};

/// Connects at once, as `pgiam connect` asks for.
pub fn begin(model: &mut Model, profile: Profile) -> Vec<Effect> {
    link::dial(model, profile)
}

pub(super) fn read(model: &mut Model, outcome: Result<Vec<Profile>, Failure>) -> Vec<Effect> {
    match outcome {
        Ok(profiles) => {
            let selected = model
                .connections
                .current()
                .map(|profile| profile.name.clone());
            model.connections.unreadable = None;
            model.connections.profiles = profiles;
            model
                .connections
                .select(selected.as_deref().unwrap_or_default());
        }
        Err(failure) => model.connections.unreadable = Some(failure),
    }
    Vec::new()
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::NewProfile => {
            let profile = Profile {
                port: DEFAULT_PORT,
                ..Profile::default()
            };
            open_form(model, Purpose::Add, &profile);
        }
        Command::FilterProfiles => model.connections.filter_focus = FilterFocus::Typing,
        Command::Leave => return super::perform::quit(model),
        _ => return on_profile(model, command),
    }
    Vec::new()
}

/// The verbs that need a selected profile.
fn on_profile(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(profile) = model.connections.current().cloned() else {
        return toggle_group(model);
    };
    match command {
        Command::Connect => return link::dial(model, profile),
        Command::Doctor => return link::examine(model, profile),
        Command::EditProfile => open_form(model, Purpose::Edit(profile.name.clone()), &profile),
        Command::DuplicateProfile => {
            let name = free_name(model, &profile.name);
            open_form(model, Purpose::Add, &Profile { name, ..profile });
        }
        Command::DeleteProfile => model.overlays.push(Overlay::Confirm(Confirm {
            title: format!("delete {}?", profile.name),
            body: vec![
                format!(
                    "{}@{} on {}:{}",
                    profile.user, profile.database, profile.host, profile.port
                ),
                "Only the saved profile goes; nothing on the server changes.".to_owned(),
            ],
            yes: Consent::DeleteProfile(profile.name),
            verb: "delete",
        })),
        Command::Token => model.overlays.push(Overlay::Token {
            profile: profile.name,
        }),
        Command::ConnectionsWhy => return explain(model, &profile),
        _ => {}
    }
    Vec::new()
}

/// Shows why the last attempt failed, in the panel of the workspace.
fn explain(model: &mut Model, profile: &Profile) -> Vec<Effect> {
    let attempt = model.connections.attempts.get(&profile.name).cloned();
    match attempt.map(|attempt| (attempt.outcome, attempt.reports)) {
        Some((AttemptOutcome::Refused { failure, findings }, reports)) => {
            why::sign_in(model, profile.clone(), reports, failure, findings);
        }
        Some(_) => model.tell("the last attempt did not fail"),
        None => model.tell("this profile was not tried yet"),
    }
    Vec::new()
}

fn free_name(model: &Model, name: &str) -> String {
    let taken = |candidate: &str| {
        model
            .connections
            .profiles
            .iter()
            .any(|profile| profile.name == candidate)
    };
    let numbered = (2..1000).map(|number| format!("{name}-copy-{number}"));
    std::iter::once(format!("{name}-copy"))
        .chain(numbered)
        .find(|candidate| !taken(candidate))
        .unwrap_or_default()
}

fn open_form(model: &mut Model, purpose: Purpose, profile: &Profile) {
    let mut form = Form::new(purpose, profile);
    super::form::judge(model, &mut form);
    // An empty form is not scolded before anything was typed.
    if form.purpose == Purpose::Add && profile.host.is_empty() {
        form.problems.clear();
    }
    model.overlays.push(Overlay::Form(Box::new(form)));
}

fn toggle_group(model: &mut Model) -> Vec<Effect> {
    let entries = model.connections.entries();
    if let Some(Entry::Group { name, .. }) = entries.get(model.connections.selected) {
        let name = (*name).to_owned();
        if !model.connections.folded.remove(&name) {
            let _ = model.connections.folded.insert(name);
        }
    }
    Vec::new()
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = usize::from(layout::connections(model.size).0.inner().height)
        .saturating_sub(1)
        .max(1);
    let last = model.connections.entries().len().saturating_sub(1);
    let at = model.connections.selected;
    let to = match key.code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at + 1,
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown => at + page,
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        KeyCode::Left | KeyCode::Right | KeyCode::Char('h' | 'l' | ' ') | KeyCode::Enter => {
            return toggle_group(model);
        }
        KeyCode::Escape => return escape(model),
        KeyCode::Char('?') => {
            model.overlays.push(Overlay::Help { scroll: 0 });
            return Vec::new();
        }
        KeyCode::Char('J') => {
            model.connections.details_scroll += 1;
            at
        }
        KeyCode::Char('K') => {
            model.connections.details_scroll = model.connections.details_scroll.saturating_sub(1);
            at
        }
        _ => at,
    };
    model.connections.selected = to.min(last);
    if model.connections.selected != at {
        model.connections.details_scroll = 0;
    }
    Vec::new()
}

/// Escape takes the filter away first.
fn escape(model: &mut Model) -> Vec<Effect> {
    let selected = model
        .connections
        .current()
        .map(|profile| profile.name.clone());
    model.connections.filter.clear();
    model
        .connections
        .select(selected.as_deref().unwrap_or_default());
    Vec::new()
}

pub(super) fn filter_key(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => {
            model.connections.filter_focus = FilterFocus::List;
            return escape(model);
        }
        KeyCode::Enter | KeyCode::Tab => model.connections.filter_focus = FilterFocus::List,
        KeyCode::Up | KeyCode::Down => {
            model.connections.filter_focus = FilterFocus::List;
            return self::key(model, key);
        }
        _ => {
            if model.connections.filter.key(key) == Taken::Yes {
                model.connections.select("");
            }
        }
    }
    Vec::new()
}

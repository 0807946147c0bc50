//! The profile form.

use crate::app::effect::{Effect, ProfileChange};
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::form::{Form, Input, Purpose};
use crate::app::model::line::{Line, Taken};
use crate::app::model::overlay::Overlay;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::Failure;
use crate::domain::profile::{Field, Profile};

/// Fills in what the endpoint says and finds out what is wrong.
pub(super) fn judge(model: &Model, form: &mut Form) {
    let own = match &form.purpose {
        Purpose::Edit(name) => Some(name.as_str()),
        Purpose::Add => None,
    };
    let others: Vec<&str> = model
        .connections
        .profiles
        .iter()
        .map(|profile| profile.name.as_str())
        .filter(|name| Some(*name) != own)
        .collect();
    let unread = form.unread();
    form.problems = form.profile().problems(&others);
    form.problems
        .retain(|problem| unread.iter().all(|one| one.field != problem.field));
    form.problems.extend(unread);
}

pub(super) fn key(model: &mut Model, mut form: Box<Form>, key: Key) -> Vec<Effect> {
    let field = form.focused();
    let last = form.visible().len().saturating_sub(1);
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('s') if key.ctrl => return save(model, form),
        KeyCode::F(2) => return save(model, form),
        KeyCode::Enter if form.focus == last || key.ctrl => return save(model, form),
        KeyCode::Enter | KeyCode::Tab | KeyCode::Down => form.focus = (form.focus + 1) % (last + 1),
        KeyCode::BackTab | KeyCode::Up => form.focus = form.focus.checked_sub(1).unwrap_or(last),
        KeyCode::PageDown => form.focus = last,
        KeyCode::PageUp => form.focus = 0,
        _ => edit(model, &mut form, field, key),
    }
    model.overlays.push(Overlay::Form(form));
    Vec::new()
}

fn edit(model: &Model, form: &mut Form, field: Field, key: Key) {
    match (Form::input(field), key.code) {
        (Input::Choice(_), KeyCode::Left | KeyCode::Char('h')) => form.choose(field, -1),
        (Input::Choice(_), KeyCode::Right | KeyCode::Char(' ' | 'l')) => form.choose(field, 1),
        (Input::Choice(_), _) => return,
        (Input::Text, _) => {
            let before = Endpoint::parse(form.text(Field::Host)).region;
            if form.line_mut(field).map(|line| line.key(key)) != Some(Taken::Yes) {
                return;
            }
            if field == Field::Host {
                fill_region(form, before.as_deref());
            }
        }
    }
    form.refused = None;
    judge(model, form);
}

/// The region follows the endpoint as long as nobody wrote another one.
fn fill_region(form: &mut Form, before: Option<&str>) {
    let now = Endpoint::parse(form.text(Field::Host)).region;
    let written = form.text(Field::Region).to_owned();
    if now.as_deref() != before
        && (written.is_empty() || Some(written.as_str()) == before)
        && let Some(line) = form.line_mut(Field::Region)
    {
        *line = Line::new(now.as_deref().unwrap_or_default());
    }
}

pub(super) fn pasted(model: &Model, form: &mut Form, text: &str) {
    let field = form.focused();
    if Form::input(field) != Input::Text {
        return;
    }
    let before = Endpoint::parse(form.text(Field::Host)).region;
    if let Some(line) = form.line_mut(field) {
        line.insert(text);
    }
    if field == Field::Host {
        fill_region(form, before.as_deref());
    }
    judge(model, form);
}

fn save(model: &mut Model, mut form: Box<Form>) -> Vec<Effect> {
    judge(model, &mut form);
    if let Some(problem) = form.problems.first() {
        let at = form
            .visible()
            .iter()
            .position(|field| *field == problem.field);
        form.focus = at.unwrap_or(form.focus);
        model.overlays.push(Overlay::Form(form));
        return Vec::new();
    }
    let profile = Box::new(form.profile());
    let change = match &form.purpose {
        Purpose::Add => ProfileChange::Add(profile),
        Purpose::Edit(name) => ProfileChange::Replace {
            name: name.clone(),
            profile,
        },
    };
    let ticket = model.next_ticket();
    model.overlays.push(Overlay::Form(form));
    vec![Effect::WriteProfiles { ticket, change }]
}

/// The file was changed, or the form stays open and says why not.
pub(super) fn written(
    model: &mut Model,
    _ticket: Ticket,
    outcome: Result<Vec<Profile>, Failure>,
) -> Vec<Effect> {
    match outcome {
        Ok(profiles) => {
            let mut name = model
                .connections
                .current()
                .map(|profile| profile.name.clone())
                .unwrap_or_default();
            if let Some(Overlay::Form(form)) = model.overlays.last() {
                name = form.profile().name;
                drop(model.overlays.pop());
                model.tell(format!("saved {name}"));
            }
            model.connections.profiles = profiles;
            model.connections.select(&name);
        }
        Err(failure) => {
            let text = match failure.hint {
                Some(hint) => format!("{}: {hint}", failure.message),
                None => failure.message,
            };
            if let Some(Overlay::Form(form)) = model.overlays.last_mut() {
                form.refused = Some(text);
            } else {
                model.tell(text);
            }
        }
    }
    Vec::new()
}

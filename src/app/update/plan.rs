//! The plan of a statement: asking, walking through it, taking it away.

use super::{editor, why};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::overlay::{Confirm, Consent, Overlay};
use crate::app::model::plan::{Asked, Form, Shown, Standing};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::plan;
use crate::domain::sql::explain::{Depth, Effects, Explainable, explainable};

/// Lines a page key moves.
const PAGE: isize = 10;

/// Asks for the plan of the statement under the cursor; nothing is run.
pub(super) fn explain(model: &mut Model) -> Vec<Effect> {
    let chosen = editor::chosen(model);
    let text: Vec<&str> = chosen.iter().map(|one| one.text.as_str()).collect();
    match explainable(&text.join(";\n")) {
        Ok(found) => ask(model, found, Depth::Planned),
        Err(reason) => {
            model.tell(reason.to_string());
            Vec::new()
        }
    }
}

fn ask(model: &mut Model, explainable: Explainable, depth: Depth) -> Vec<Effect> {
    if let Some(reason) = Command::Explain.unavailable(model) {
        model.tell(reason);
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let effect = Effect::Explain {
        ticket,
        explainable: Box::new(explainable.clone()),
        depth,
    };
    model.plan = Some(Asked {
        explainable,
        depth,
        standing: Standing::Asked {
            ticket,
            since: model.now,
        },
    });
    if !model
        .overlays
        .iter()
        .any(|overlay| matches!(overlay, Overlay::Plan))
    {
        model.overlays.push(Overlay::Plan);
    }
    vec![effect]
}

/// Runs the statement to measure it: at once where it reads, after a question where it writes.
fn measure(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = &model.plan else {
        return Vec::new();
    };
    let found = asked.explainable.clone();
    if found.effects == Effects::Reads {
        return ask(model, found, Depth::Measured);
    }
    let within = if model.in_transaction() {
        "It runs inside the open transaction, up to a savepoint that is rolled back to."
    } else {
        "It runs in a transaction of its own that is rolled back."
    };
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "run it to measure it?".to_owned(),
        body: vec![
            found.statement.clone(),
            format!("EXPLAIN ANALYZE runs the statement for real. {within}"),
            "Its triggers fire and its locks are held meanwhile; numbers taken from sequences, and \
             what functions do outside the database, are not undone."
                .to_owned(),
        ],
        yes: Consent::Measure,
        verb: "run and roll back",
    }));
    Vec::new()
}

/// The person agreed to run a statement that writes.
pub(super) fn measured(model: &mut Model) -> Vec<Effect> {
    let found = model.plan.as_ref().map(|asked| asked.explainable.clone());
    found.map_or_else(Vec::new, |found| ask(model, found, Depth::Measured))
}

/// The server answered.
pub(super) fn explained(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<String, Failure>,
) -> Vec<Effect> {
    let Some(asked) = model
        .plan
        .as_mut()
        .filter(|asked| asked.waiting() == Some(ticket))
    else {
        return Vec::new();
    };
    let read = outcome.and_then(|json| match plan::read(&json) {
        Ok(plan) => Ok(Shown::new(plan, json)),
        Err(reason) => Err(Failure::new(
            Phase::Statement,
            Origin::Local,
            reason.to_string(),
        )),
    });
    match read {
        Ok(shown) => {
            asked.standing = Standing::Here(Box::new(shown));
            Vec::new()
        }
        Err(failure) => {
            asked.standing = Standing::Failed(Box::new(failure.clone()));
            let statement = asked.explainable.statement.clone();
            if failure.is_refusal() {
                // The panel lies below: closing the plan shows why.
                return why::ask(model, statement, failure);
            }
            Vec::new()
        }
    }
}

/// A key for the plan on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let stop = key.ctrl && key.code == KeyCode::Char('c');
    let waiting = model.plan.as_ref().and_then(Asked::waiting);
    if let Some(ticket) = waiting {
        if stop || matches!(key.code, KeyCode::Escape | KeyCode::Char('q')) {
            model.overlays.push(Overlay::Plan);
            return vec![Effect::Cancel { ticket }];
        }
        model.overlays.push(Overlay::Plan);
        return Vec::new();
    }
    if stop
        || matches!(
            key.code,
            KeyCode::Escape | KeyCode::Char('q') | KeyCode::F(7)
        )
    {
        return Vec::new();
    }
    model.overlays.push(Overlay::Plan);
    match key.code {
        KeyCode::Char('a') => return measure(model),
        KeyCode::Char('r') => return again(model),
        KeyCode::Char('y') => return copy(model),
        _ => {}
    }
    if let Some(Asked {
        standing: Standing::Here(shown),
        ..
    }) = &mut model.plan
    {
        walk(shown, key);
    }
    Vec::new()
}

fn again(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = &model.plan else {
        return Vec::new();
    };
    match asked.depth {
        Depth::Planned => {
            let found = asked.explainable.clone();
            ask(model, found, Depth::Planned)
        }
        Depth::Measured => measure(model),
    }
}

fn walk(shown: &mut Shown, key: Key) {
    if key.code == KeyCode::Char('t') {
        shown.top = 0;
        shown.form = match shown.form {
            Form::Tree => Form::Text,
            Form::Text => Form::Json,
            Form::Json => Form::Tree,
        };
        return;
    }
    let lines = match key.code {
        KeyCode::Up | KeyCode::Char('k') => -1,
        KeyCode::Down | KeyCode::Char('j') => 1,
        KeyCode::PageUp => -PAGE,
        KeyCode::PageDown | KeyCode::Char(' ') => PAGE,
        KeyCode::Home | KeyCode::Char('g') => isize::MIN + 1,
        KeyCode::End | KeyCode::Char('G') => isize::MAX,
        _ => 0,
    };
    if shown.form != Form::Tree {
        let last = text(shown).lines().count().saturating_sub(1);
        shown.top = shown.top.saturating_add_signed(lines).min(last);
        return;
    }
    match key.code {
        KeyCode::Left | KeyCode::Char('h') => shown.fold(),
        KeyCode::Right | KeyCode::Char('l') => shown.unfold(),
        KeyCode::Enter => shown.toggle(),
        KeyCode::Char('c') => shown.go_to_costliest(),
        _ => shown.step(lines),
    }
}

/// The plan in the form that shows; a tree is taken as text.
#[must_use]
pub fn text(shown: &Shown) -> String {
    match shown.form {
        Form::Tree | Form::Text => plan::text(&shown.plan),
        Form::Json => shown.json.clone(),
    }
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(shown) = model.plan.as_ref().and_then(Asked::shown) else {
        return Vec::new();
    };
    let (text, form) = match shown.form {
        Form::Tree | Form::Text => (text(shown), "text"),
        Form::Json => (text(shown), "JSON"),
    };
    model.tell(format!("copied the plan as {form}"));
    vec![Effect::Copy { text }]
}

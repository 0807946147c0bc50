//! A statement that runs with a file: the path first, then the run.

use super::query;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::file_form::FileForm;
use crate::app::model::line::Taken;
use crate::app::model::overlay::Overlay;
use crate::app::model::query::Sent;

/// Asks where the rows of a fresh run go.
pub(super) fn open(model: &mut Model, sent: Vec<Sent>) -> Vec<Effect> {
    let mut sent = sent.into_iter();
    match (sent.next(), sent.next()) {
        (Some(one), None) => {
            let form = FileForm::for_copy(std::slice::from_ref(&one));
            let form = form.unwrap_or_else(|| FileForm::for_rows(one));
            model.overlays.push(Overlay::File(form));
        }
        (None, _) => model.tell("there is no statement under the cursor"),
        (Some(_), Some(_)) => model.tell("one statement at a time runs to a file"),
    }
    Vec::new()
}

/// A key for the form on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut form: FileForm, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => return go(model, form),
        KeyCode::Down | KeyCode::Tab => form.choose(1),
        KeyCode::Up | KeyCode::BackTab => form.choose(-1),
        _ => {
            let _: Taken = form.path.key(key);
        }
    }
    model.overlays.push(Overlay::File(form));
    Vec::new()
}

fn go(model: &mut Model, form: FileForm) -> Vec<Effect> {
    let path = form.path.text().trim().to_owned();
    let problem = if path.is_empty() {
        Some("a file needs a name")
    } else {
        Command::Run.unavailable(model)
    };
    if let Some(problem) = problem {
        model.overlays.push(Overlay::File(form));
        model.tell(problem);
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let sent = query::with_begins(model, vec![form.sent]);
    let statements = sent.iter().map(|one| one.text.clone()).collect();
    model.query.begin(ticket, sent, model.now);
    model.memory.refused = None;
    vec![Effect::RunWithFile {
        ticket,
        statements,
        purpose: form.purpose,
        path,
    }]
}

//! Running statements and their outcomes.

use super::why;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::query::{HistoryList, Query, Sent};
use crate::domain::failure::Failure;
use crate::domain::run::RunEvent;

/// Run, RunAll, History, Commit, RollBack.
pub(super) fn perform(_model: &mut Model, _command: Command) -> Vec<Effect> {
    Vec::new()
}

/// Runs statements in the sticky session.
pub(super) fn run(model: &mut Model, statements: Vec<String>) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let sent = statements
        .iter()
        .map(|text| Sent {
            text: text.clone(),
            offset: None,
        })
        .collect();
    model.query.begin(ticket, sent, model.now);
    vec![Effect::Run { ticket, statements }]
}

/// What the session did. A refusal (42501) asks why: `super::why::ask`.
pub(super) fn ran(model: &mut Model, ticket: Ticket, event: RunEvent) -> Vec<Effect> {
    if model.query.running() != Some(ticket) {
        return Vec::new();
    }
    match event {
        RunEvent::Failed(failure) if failure.is_refusal() => {
            why::ask(model, String::new(), failure)
        }
        RunEvent::Finished => {
            model.query = Query::default();
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The run to cancel, if one is under way.
pub(super) fn cancelling(model: &mut Model) -> Option<Ticket> {
    model.query.running()
}

/// The connection ended: a run under way ends with what has arrived.
pub(super) fn link_lost(model: &mut Model, _failure: &Failure) {
    model.query = Query::default();
}

/// The workspace was left.
pub(super) fn hung_up(model: &mut Model) {
    model.query = Query::default();
}

/// A key for the history on top, which is put back unless the key closes it.
pub(super) fn history_key(_model: &mut Model, _list: HistoryList, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn history_pasted(_list: &mut HistoryList, _text: &str) {}

/// What ran before was read.
pub(super) fn history_read(
    _model: &mut Model,
    _entries: Vec<crate::domain::history::Entry>,
) -> Vec<Effect> {
    Vec::new()
}

//! Running statements and their outcomes.

use super::{editor, grid, history, tree, why};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::link::Link;
use crate::app::model::overlay::{Confirm, Consent, Overlay};
use crate::app::model::query::{Consequence, News, Query, Sent};
use crate::domain::failure::Failure;
use crate::domain::run::{RunEvent, TransactionState};
use crate::domain::sql::classify::{Danger, classify};
use crate::domain::sql::guard;

/// Run, RunAll, History, Commit, RollBack.
pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Run => {
            let sent = editor::chosen(model);
            ask_first(model, sent)
        }
        Command::RunAll => {
            let sent = editor::all(model);
            ask_first(model, sent)
        }
        Command::Commit => end_transaction(model, "COMMIT"),
        Command::RollBack => end_transaction(model, "ROLLBACK"),
        Command::History => history::open(model),
        _ => Vec::new(),
    }
}

/// Asks before statements that take away or open more than a slip of the fingers should: those that
/// change every row, drop or empty something, or give rights that seem smaller than they are. Others
/// run at once.
fn ask_first(model: &mut Model, sent: Vec<Sent>) -> Vec<Effect> {
    let mut body: Vec<String> = Vec::new();
    for one in &sent {
        let reason = match classify(&one.text).danger {
            None => None,
            Some(Danger::EveryRow) => Some("changes every row of the table: there is no WHERE"),
            Some(Danger::Drop) => Some("drops what it names"),
            Some(Danger::Truncate) => Some("empties the table"),
        };
        if let Some(reason) = reason {
            body.push(one.text.clone());
            body.push(format!("  {reason}"));
        } else if let Some(warning) = editor::surroundings(&model.link, &model.tree)
            .and_then(|around| guard::warning(&one.text, around))
        {
            body.push(one.text.clone());
            body.push(format!("  {}", warning.happens));
            body.push(format!("  better: {}", warning.better));
        }
    }
    if body.is_empty() || Command::Run.unavailable(model).is_some() {
        return begin(model, sent);
    }
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "run this?".to_owned(),
        body,
        yes: Consent::Run(sent),
        verb: "run",
    }));
    Vec::new()
}

fn end_transaction(model: &mut Model, statement: &str) -> Vec<Effect> {
    if let Some(reason) = Command::Run.unavailable(model) {
        model.tell(reason);
        return Vec::new();
    }
    if state(model) == TransactionState::Idle {
        model.tell("no transaction is open");
        return Vec::new();
    }
    run(model, vec![statement.to_owned()])
}

fn state(model: &Model) -> TransactionState {
    model
        .link
        .up()
        .map_or(TransactionState::Idle, |up| up.transaction)
}

/// Runs statements that do not stand in the editor.
pub(super) fn run(model: &mut Model, statements: Vec<String>) -> Vec<Effect> {
    let sent = statements
        .into_iter()
        .map(|text| Sent { text, offset: None });
    let sent = sent.collect();
    begin(model, sent)
}

/// Runs statements in the sticky session, one after another.
pub(super) fn begin(model: &mut Model, sent: Vec<Sent>) -> Vec<Effect> {
    if sent.is_empty() {
        model.tell("there is no statement under the cursor");
        return Vec::new();
    }
    if let Some(reason) = Command::Run.unavailable(model) {
        model.tell(reason);
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let statements = sent.iter().map(|sent| sent.text.clone()).collect();
    model.query.begin(ticket, sent, model.now);
    vec![Effect::Run { ticket, statements }]
}

/// What the session did.
pub(super) fn ran(model: &mut Model, ticket: Ticket, event: RunEvent) -> Vec<Effect> {
    if model.query.running() != Some(ticket) {
        return Vec::new();
    }
    if let (RunEvent::Transaction(state), Link::Up(up)) = (&event, &mut model.link) {
        up.transaction = *state;
    }
    let over = matches!(event, RunEvent::Finished);
    let consequences = model.query.take(ticket, event);
    let mut effects = follow(model, consequences);
    // The second session sees a change of the catalog once it is committed.
    if over
        && state(model) == TransactionState::Idle
        && model.query.take_news() == News::CatalogChanged
    {
        effects.extend(tree::reload(model));
    }
    grid::fit(model);
    effects
}

fn follow(model: &mut Model, consequences: Vec<Consequence>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for consequence in consequences {
        match consequence {
            Consequence::AskWhy { statement, refusal } => {
                effects.extend(why::ask(model, statement, *refusal));
            }
            Consequence::Remember(ran) => effects.extend(history::remember(model, &ran)),
        }
    }
    effects
}

/// The run to cancel, if one is under way.
pub(super) fn cancelling(model: &mut Model) -> Option<Ticket> {
    model.query.cancelling();
    model.query.running()
}

/// The connection ended: a run under way ends with what has arrived.
pub(super) fn link_lost(model: &mut Model, failure: &Failure) {
    // The history is written by nobody now: what was lost on the way has no outcome to remember.
    drop(model.query.lost(failure));
    grid::fit(model);
}

/// The workspace was left.
pub(super) fn hung_up(model: &mut Model) {
    model.query = Query::default();
}

//! Running statements and their outcomes.

use super::{caution, edit, editor, file_form, grid, history, tree, why};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::file_form::FileForm;
use crate::app::model::link::Link;
use crate::app::model::overlay::{Confirm, Consent, Overlay};
use crate::app::model::query::{Consequence, News, Outcome, Sent, Standing};
use crate::app::model::transaction::{self, Autocommit, Transaction};
use crate::domain::aftermath::{Aftermath, aftermath};
use crate::domain::diagnosis::advice;
use crate::domain::failure::{Failure, Origin};
use crate::domain::run::{Notice, RunEvent, TransactionState};
use crate::domain::sql::transaction::leaves_failure;

/// Run, RunAll, History, and the verbs of transactions.
pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Run => {
            let sent = editor::chosen(model);
            ask_first(model, sent)
        }
        Command::RunToFile => {
            let sent = editor::chosen(model);
            file_form::open(model, sent)
        }
        Command::RunAll => {
            let sent = editor::all(model);
            ask_first(model, sent)
        }
        Command::Autocommit => switch_autocommit(model),
        Command::Commit => end_transaction(model, "COMMIT"),
        Command::RollBack => end_transaction(model, "ROLLBACK"),
        Command::History => history::open(model),
        _ => Vec::new(),
    }
}

/// Asks before statements that take away or open more than a slip of the fingers should: those that
/// change every row, drop or empty something, or give rights that seem smaller than they are. Others
/// run at once.
pub(super) fn ask_first(model: &mut Model, sent: Vec<Sent>) -> Vec<Effect> {
    if FileForm::for_copy(&sent).is_some() && Command::Run.unavailable(model).is_none() {
        return file_form::open(model, sent);
    }
    let body = caution::before_running(model, &sent);
    if body.is_empty()
        || model.plans_edits()
        || Command::Run.unavailable(model).is_some()
        || refused_by_failure(model, &sent)
    {
        return begin(model, sent);
    }
    let asked = caution::ask_dependents(model, &sent);
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "run this?".to_owned(),
        body,
        yes: Consent::Run(sent),
        verb: "run",
    }));
    asked
}

/// Whether the transaction has failed and the statements do not end it: the server would refuse them.
fn refused_by_failure(model: &Model, sent: &[Sent]) -> bool {
    state(model) == TransactionState::Failed
        && sent
            .first()
            .is_some_and(|first| !leaves_failure(&first.text))
}

/// Nothing but the end of a failed transaction runs in it: that end is offered.
fn offer_roll_back(model: &mut Model) {
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "the transaction has failed".to_owned(),
        body: vec![
            "A statement in it failed, so the server refuses every other until it is rolled back. \
             Nothing of it can be committed any more."
                .to_owned(),
            "After ROLLBACK, run the statement again; ROLLBACK TO a savepoint keeps what was before it."
                .to_owned(),
        ],
        yes: Consent::RollBack,
        verb: "roll back",
    }));
}

pub(super) fn end_transaction(model: &mut Model, statement: &str) -> Vec<Effect> {
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
    if model.plans_edits() {
        model.overlays.push(Overlay::Confirm(Confirm {
            title: "drop the planned changes?".to_owned(),
            body: caution::planned_edits(model),
            yes: Consent::DropEditsAndRun(sent),
            verb: "drop them and run",
        }));
        return Vec::new();
    }
    if refused_by_failure(model, &sent) {
        offer_roll_back(model);
        return Vec::new();
    }
    model.edits = None;
    let sent = with_begins(model, sent);
    let abandoned = grid::scans::abandon(model);
    let ticket = model.next_ticket();
    let statements = sent.iter().map(|sent| sent.text.clone()).collect();
    model.query.begin(ticket, sent, model.now);
    model.memory.refused = None;
    let run = Effect::Run { ticket, statements };
    abandoned.into_iter().chain([run]).collect()
}

/// With autocommit off, a `BEGIN` before what would be committed by itself.
pub(super) fn with_begins(model: &Model, sent: Vec<Sent>) -> Vec<Sent> {
    if model.transaction.autocommit == Autocommit::On {
        return sent;
    }
    let places = transaction::begins(state(model), sent.iter().map(|one| one.text.as_str()));
    let mut all = Vec::with_capacity(sent.len() + places.len());
    for (place, one) in sent.into_iter().enumerate() {
        if places.contains(&place) {
            all.push(Sent {
                text: "BEGIN".to_owned(),
                offset: None,
            });
        }
        all.push(one);
    }
    all
}

fn switch_autocommit(model: &mut Model) -> Vec<Effect> {
    model.transaction.autocommit = match model.transaction.autocommit {
        Autocommit::On => {
            model.tell(
                "autocommit off: the next statement begins a transaction; commit it yourself",
            );
            Autocommit::Off
        }
        Autocommit::Off => {
            model.tell("autocommit on: each statement is committed by itself");
            Autocommit::On
        }
    };
    Vec::new()
}

/// What the session did.
pub(super) fn ran(model: &mut Model, ticket: Ticket, event: RunEvent) -> Vec<Effect> {
    if model.query.running() != Some(ticket) {
        return Vec::new();
    }
    if let (RunEvent::Transaction(state), Link::Up(up)) = (&event, &mut model.link) {
        up.transaction = *state;
        model.transaction.moved(*state, model.now);
    }
    if let RunEvent::Committing { transaction } = &event {
        model.transaction.committing = Some(transaction.clone());
    }
    let event = told_of_loss(model, advised(&model.link, event));
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
    effects.extend(grid::scans::catch_up(model));
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

/// A refusal that has a plain way out is told with it.
fn advised(link: &Link, event: RunEvent) -> RunEvent {
    let (RunEvent::Failed(failure), Some(up)) = (&event, link.up()) else {
        return event;
    };
    match advice::advice(failure, &up.facts) {
        Some(advice) if failure.hint.is_none() => {
            RunEvent::Failed(failure.clone().with_hint(advice))
        }
        _ => event,
    }
}

/// A statement that ends with its connection is told what became of it.
fn told_of_loss(model: &mut Model, event: RunEvent) -> RunEvent {
    let RunEvent::Failed(failure) = event else {
        return event;
    };
    // A crash of another server process ends this one at any moment, also behind a commit
    // (PostgreSQL source, `postgres.c`, `quickdie`: crash_shutdown).
    let crash = failure.sqlstate.as_deref() == Some("57P02");
    if failure.origin != Origin::Lost && !crash {
        return RunEvent::Failed(failure);
    }
    let cut = loss(model);
    let hint = cut.explanation();
    model.transaction.cut = Some(cut);
    RunEvent::Failed(Failure {
        hint: Some(hint),
        ..failure
    })
}

/// What became of the work under way, now that the connection is gone.
pub(super) fn loss(model: &mut Model) -> Aftermath {
    if let Some(cut) = model.transaction.cut.take() {
        return cut;
    }
    let running = under_way(model);
    let committing = model.transaction.committing.take();
    if let Some(found) = edit::review::loss(model) {
        return found;
    }
    let found = aftermath(state(model), running.as_deref(), committing);
    if let Aftermath::Unknown { transaction, .. } = &found {
        model.transaction.doubtful.clone_from(transaction);
    }
    found
}

/// The statement the server works on.
fn under_way(model: &Model) -> Option<String> {
    let run = model.query.run().filter(|_| model.query.is_running())?;
    let running = |outcome: &&Outcome| outcome.standing == Standing::Running;
    Some(run.outcomes.iter().find(running)?.sent.text.clone())
}

/// The connection ended: a run under way ends with what has arrived.
pub(super) fn link_lost(model: &mut Model, failure: &Failure, aftermath: &Aftermath) {
    let failure = Failure {
        hint: Some(aftermath.explanation()),
        ..failure.clone()
    };
    // The history is written by nobody now: what was lost on the way has no outcome to remember.
    drop(model.query.lost(&failure));
    grid::fit(model);
}

/// Something to say about the last statement that failed, said beneath it.
pub(super) fn note(model: &mut Model, text: &str) {
    model.query.note(Notice {
        severity: "pgiam".to_owned(),
        sqlstate: String::new(),
        message: text.to_owned(),
        detail: None,
        hint: None,
    });
    grid::fit(model);
}

/// The workspace was left.
pub(super) fn hung_up(model: &mut Model) {
    model.transaction = Transaction::default();
    model.edits = None;
    model.plan = None;
    model.query.clear();
}

//! Connecting, losing the connection, and coming back.

use super::{access, caution, grid, query, save, tree, why};
use crate::app::effect::Effect;
use crate::app::effect::Seat;
use crate::app::message::Rows;
use crate::app::message::Ticket;
use crate::app::model::Look;
use crate::app::model::connections::{Attempt, AttemptOutcome};
use crate::app::model::line::Line;
use crate::app::model::link::{Dialing, Link, Up};
use crate::app::model::overlay::{Confirm, Consent, Overlay, PasswordPrompt};
use crate::app::model::{Model, Screen};
use crate::domain::aftermath::verdict;
use crate::domain::diagnosis::Finding;
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::link::LinkFacts;
use crate::domain::profile::Profile;
use crate::domain::run::TransactionState;
use crate::domain::stage::{Stage, StageReport};

fn waiting() -> Vec<StageReport> {
    Stage::ALL.map(StageReport::waiting).to_vec()
}

/// Notes that an attempt to reach a profile begins.
fn attempt(model: &mut Model, profile: &Profile) -> Ticket {
    let ticket = model.next_ticket();
    let attempt = Attempt {
        at: model.now,
        reports: waiting(),
        outcome: AttemptOutcome::Running(ticket),
    };
    drop(
        model
            .connections
            .attempts
            .insert(profile.name.clone(), attempt),
    );
    ticket
}

/// Connects; the stages lie on top meanwhile.
pub(super) fn dial(model: &mut Model, profile: Profile) -> Vec<Effect> {
    let ticket = attempt(model, &profile);
    let profile = Box::new(profile);
    model.link = Link::Dialing(Dialing {
        ticket,
        profile: profile.clone(),
        reports: waiting(),
        since: model.now,
    });
    model
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Dialing));
    model.overlays.push(Overlay::Dialing);
    vec![Effect::Dial { ticket, profile }]
}

/// Walks the stages without staying: the doctor.
pub(super) fn examine(model: &mut Model, profile: Profile) -> Vec<Effect> {
    let ticket = attempt(model, &profile);
    model.overlays.push(Overlay::Doctor {
        profile: profile.name.clone(),
    });
    vec![Effect::Examine {
        ticket,
        profile: Box::new(profile),
    }]
}

fn attempt_of(model: &mut Model, ticket: Ticket) -> Option<(&String, &mut Attempt)> {
    model
        .connections
        .attempts
        .iter_mut()
        .find(|(_, attempt)| matches!(attempt.outcome, AttemptOutcome::Running(running) if running == ticket))
}

fn dialing(model: &mut Model, ticket: Ticket) -> Option<&mut Dialing> {
    match &mut model.link {
        Link::Dialing(dialing) if dialing.ticket == ticket => Some(dialing),
        _ => None,
    }
}

pub(super) fn stage_moved(model: &mut Model, ticket: Ticket, report: StageReport) -> Vec<Effect> {
    let replace = |reports: &mut Vec<StageReport>, report: StageReport| {
        if let Some(slot) = reports.iter_mut().find(|slot| slot.stage == report.stage) {
            *slot = report;
        }
    };
    if let Some(dialing) = dialing(model, ticket) {
        replace(&mut dialing.reports, report.clone());
    }
    if let Some((_, attempt)) = attempt_of(model, ticket) {
        replace(&mut attempt.reports, report);
    }
    Vec::new()
}

pub(super) fn password_wanted(model: &mut Model, ticket: Ticket, prompt: String) -> Vec<Effect> {
    if attempt_of(model, ticket).is_none() {
        return vec![Effect::AnswerPassword {
            ticket,
            password: None,
        }];
    }
    model.overlays.push(Overlay::Password(PasswordPrompt {
        ticket,
        prompt,
        line: Line::default(),
    }));
    Vec::new()
}

pub(super) fn up(model: &mut Model, ticket: Ticket, facts: LinkFacts) -> Vec<Effect> {
    if let Some((_, attempt)) = attempt_of(model, ticket) {
        attempt.outcome = AttemptOutcome::Stood;
    }
    let Some(dialing) = dialing(model, ticket) else {
        return Vec::new();
    };
    let profile = dialing.profile.clone();
    close_stages(model);
    model.transaction.ended();
    let doubtful = model.transaction.doubtful.take();
    model.link = Link::Up(Up {
        ticket,
        profile: profile.clone(),
        facts,
        transaction: TransactionState::Idle,
    });
    model.diagnostics = crate::app::model::diagnostics::Diagnostics::default();
    let entered = model.screen == Screen::Connections;
    if entered {
        model.screen = Screen::Workspace;
    }
    let mut effects = if entered {
        super::editor::enter(model, &profile)
    } else {
        Vec::new()
    };
    effects.extend(tree::reload(model));
    if model.screen == Screen::Access {
        effects.extend(access::reload(model));
    }
    effects.extend(doubtful.map(|id| ask_about(model, id)));
    effects
}

/// The COMMIT whose answer was lost: the server knows what became of it.
fn ask_about(model: &mut Model, transaction: String) -> Effect {
    let ticket = model.next_ticket();
    let statement = format!(
        "SELECT pg_catalog.pg_xact_status({}::pg_catalog.xid8)",
        ident::literal(&transaction)
    );
    drop(model.looks.insert(ticket, Look::Transaction(transaction)));
    Effect::Look {
        ticket,
        seat: Seat::Side,
        statement,
    }
}

/// The server said what became of a transaction.
pub(super) fn settled(
    model: &mut Model,
    transaction: &str,
    outcome: &Result<Rows, Failure>,
) -> Vec<Effect> {
    let status = match outcome {
        Ok(rows) => rows.first().and_then(|row| row.first()).cloned().flatten(),
        Err(failure) => {
            model.tell(format!(
                "what became of transaction {transaction} could not be asked: {}",
                failure.message
            ));
            return Vec::new();
        }
    };
    let verdict = verdict(transaction, status.as_deref());
    query::note(model, &verdict);
    model.tell(verdict);
    Vec::new()
}

fn close_stages(model: &mut Model) {
    model
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Dialing | Overlay::Password(_)));
}

pub(super) fn refused(
    model: &mut Model,
    ticket: Ticket,
    failure: Failure,
    findings: Vec<Finding>,
) -> Vec<Effect> {
    if let Some((_, attempt)) = attempt_of(model, ticket) {
        attempt.outcome = AttemptOutcome::Refused {
            failure: failure.clone(),
            findings: findings.clone(),
        };
    }
    let Some(dialing) = dialing(model, ticket) else {
        return Vec::new();
    };
    let (profile, reports) = (dialing.profile.clone(), dialing.reports.clone());
    close_stages(model);
    model.link = Link::Down;
    why::sign_in(model, *profile, reports, failure, findings);
    Vec::new()
}

/// The server went away: text and rows stay, the reason is said.
pub(super) fn lost(model: &mut Model, ticket: Ticket, failure: Failure) -> Vec<Effect> {
    let Some(up) = model.link.up().filter(|up| up.ticket == ticket) else {
        return Vec::new();
    };
    let (profile, facts) = (up.profile.clone(), up.facts.clone());
    let aftermath = query::loss(model);
    model.transaction.ended();
    query::link_lost(model, &failure, &aftermath);
    tree::link_lost(model);
    access::link_lost(model);
    model.link = Link::Lost {
        profile,
        facts,
        failure,
        aftermath,
    };
    Vec::new()
}

/// Connects again with a fresh sign-in.
pub(super) fn reconnect(model: &mut Model) -> Vec<Effect> {
    match &model.link {
        Link::Lost { profile, .. } => {
            let profile = (**profile).clone();
            dial(model, profile)
        }
        Link::Up(_) => {
            model.tell("the connection stands; hang up to leave it");
            Vec::new()
        }
        Link::Dialing(_) => Vec::new(),
        Link::Down => match &model.diagnostics.subject {
            Some(crate::app::model::diagnostics::Subject::SignIn { profile, .. }) => {
                let profile = (**profile).clone();
                dial(model, profile)
            }
            _ => Vec::new(),
        },
    }
}

/// Back to the connections, asking first where something would be lost.
pub(super) fn disconnect(model: &mut Model) -> Vec<Effect> {
    let body = caution::before_leaving(model);
    if !body.is_empty() {
        model.overlays.push(Overlay::Confirm(Confirm {
            title: "hang up?".to_owned(),
            body,
            yes: Consent::Disconnect,
            verb: "hang up",
        }));
        return Vec::new();
    }
    hang_up(model)
}

pub(super) fn hang_up(model: &mut Model) -> Vec<Effect> {
    model.link = Link::Down;
    model.screen = Screen::Connections;
    model.diagnostics = crate::app::model::diagnostics::Diagnostics::default();
    let mut effects = super::editor::leave(model, Vec::new());
    query::hung_up(model);
    tree::hung_up(model);
    access::hung_up(model);
    effects.push(Effect::HangUp);
    effects
}

/// Stops whatever is under way, the nearest thing first.
pub(super) fn cancel(model: &mut Model) -> Vec<Effect> {
    if let Some(ticket) = query::cancelling(model) {
        return vec![Effect::Cancel { ticket }];
    }
    if let Some(ticket) = save::cancelling(model) {
        return vec![Effect::Cancel { ticket }];
    }
    if let Link::Dialing(_) = model.link {
        return give_up(model);
    }
    let scans = grid::cancel(model);
    if !scans.is_empty() {
        return scans;
    }
    let running =
        model
            .connections
            .attempts
            .values_mut()
            .find_map(|attempt| match attempt.outcome {
                AttemptOutcome::Running(ticket) => Some((ticket, attempt)),
                _ => None,
            });
    if let Some((ticket, attempt)) = running {
        attempt.outcome = AttemptOutcome::Cancelled;
        return vec![Effect::Cancel { ticket }];
    }
    why::cancelling(model)
        .or_else(|| access::cancelling(model))
        .map(|ticket| Effect::Cancel { ticket })
        .into_iter()
        .collect()
}

/// Gives up an attempt, in whatever stage it is.
pub(super) fn give_up(model: &mut Model) -> Vec<Effect> {
    let Link::Dialing(dialing) = std::mem::take(&mut model.link) else {
        return Vec::new();
    };
    close_stages(model);
    if let Some((_, attempt)) = attempt_of(model, dialing.ticket) {
        attempt.outcome = AttemptOutcome::Cancelled;
    }
    model.tell(format!("gave up connecting to {}", dialing.profile.name));
    vec![Effect::Cancel {
        ticket: dialing.ticket,
    }]
}

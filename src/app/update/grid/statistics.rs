//! The statistics of a column.

use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::overlay::Overlay;
use crate::app::model::summary::{Finding, Statistics};
use crate::domain::failure::Failure;
use crate::domain::rows::cell;
use crate::domain::rows::scan::{Describe, Job, Progress, Summary};

/// Lines a page scrolls.
const PAGE: usize = 10;

/// Describes the column under the cursor.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let column = window.cursor().column;
    let Some(described) = result.columns().get(column) else {
        return Vec::new();
    };
    let statistics = Statistics {
        column,
        name: cell::safe_line(&described.name).into_owned(),
        finding: Finding::new(ticket),
        top: 0,
    };
    let effect = Effect::Scan {
        ticket,
        rows: Box::new(result.snapshot()),
        job: Box::new(Job::Describe(Describe {
            column,
            view: window.looking.view().cloned(),
        })),
    };
    model.overlays.push(Overlay::Statistics(statistics));
    vec![effect]
}

/// A key for the statistics on top, which are put back unless the key closes them.
pub(in crate::app::update) fn key(
    model: &mut Model,
    mut statistics: Statistics,
    key: Key,
) -> Vec<Effect> {
    let stop = |statistics: &Statistics| {
        let ticket = statistics.finding.ticket();
        ticket.map(|ticket| Effect::Cancel { ticket })
    };
    match key.code {
        KeyCode::Escape | KeyCode::Enter | KeyCode::Char('q' | 'I') => {
            return stop(&statistics).into_iter().collect();
        }
        KeyCode::Char('c') if key.ctrl => return stop(&statistics).into_iter().collect(),
        KeyCode::Left | KeyCode::Char('h') => return beside(model, &statistics, -1),
        KeyCode::Right | KeyCode::Char('l') => return beside(model, &statistics, 1),
        KeyCode::Up | KeyCode::Char('k') => statistics.top = statistics.top.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => statistics.top += 1,
        KeyCode::PageUp => statistics.top = statistics.top.saturating_sub(PAGE),
        KeyCode::PageDown | KeyCode::Char(' ') => statistics.top += PAGE,
        KeyCode::Home | KeyCode::Char('g') => statistics.top = 0,
        _ => {}
    }
    let lines = match &statistics.finding {
        Finding::Here(summary) => summary.histogram.len().max(summary.frequent.len()),
        Finding::Working(_) | Finding::Failed(_) => 0,
    };
    statistics.top = statistics.top.min(lines.saturating_sub(1));
    model.overlays.push(Overlay::Statistics(statistics));
    Vec::new()
}

/// The statistics of the column beside.
fn beside(model: &mut Model, statistics: &Statistics, by: isize) -> Vec<Effect> {
    let mut effects: Vec<Effect> = statistics
        .finding
        .ticket()
        .map(|ticket| Effect::Cancel { ticket })
        .into_iter()
        .collect();
    super::in_window(model, |result, window| window.move_by(0, by, result));
    effects.extend(open(model));
    effects
}

fn waiting(model: &mut Model, ticket: Ticket) -> Option<&mut Finding<Box<Summary>>> {
    model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Statistics(statistics) if statistics.finding.ticket() == Some(ticket) => {
            Some(&mut statistics.finding)
        }
        _ => None,
    })
}

pub(super) fn moved(model: &mut Model, ticket: Ticket, progress: Progress) {
    if let Some(finding) = waiting(model, ticket) {
        finding.moved(progress);
    }
}

pub(super) fn arrived(model: &mut Model, ticket: Ticket, summary: Box<Summary>) {
    if let Some(finding) = waiting(model, ticket) {
        *finding = Finding::Here(summary);
    }
}

pub(super) fn failed(model: &mut Model, ticket: Ticket, failure: &Failure) {
    if let Some(finding) = waiting(model, ticket) {
        *finding = Finding::Failed(failure.clone());
    }
}

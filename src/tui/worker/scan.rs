//! Work on all rows of a result, on threads of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Arrival, Inbox};
use crate::app::{Message, Ticket};
use crate::domain::rows::Snapshot;
use crate::domain::rows::scan::{Ended, Going, Job, Report};

/// How often a task tells how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(60);

/// Rows a report tells of at most: a message must not take a frame to judge.
const TOLD_AT_ONCE: usize = 100_000;

/// Tasks that work on all rows, and how to stop them.
#[derive(Debug, Default)]
pub(super) struct Scans {
    stops: HashMap<Ticket, Arc<AtomicBool>>,
}

impl Scans {
    /// Begins a task.
    pub(super) fn begin(&mut self, ticket: Ticket, rows: Snapshot, job: Job, inbox: &Inbox) {
        // A flag nobody else holds belongs to a task that is over.
        self.stops.retain(|_, stop| Arc::strong_count(stop) > 1);
        let stop = Arc::new(AtomicBool::new(false));
        let _ = self.stops.insert(ticket, Arc::clone(&stop));
        let inbox = inbox.clone();
        let _working =
            tokio::task::spawn_blocking(move || work(ticket, &rows, &job, &stop, &inbox));
    }

    /// Stops a task at its next stretch of rows.
    pub(super) fn stop(&mut self, ticket: Ticket) {
        if let Some(stop) = self.stops.remove(&ticket) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Stops them all.
    pub(super) fn stop_all(&mut self) {
        for (_, stop) in self.stops.drain() {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

fn work(ticket: Ticket, rows: &Snapshot, job: &Job, stop: &AtomicBool, inbox: &Inbox) {
    let mut waiting = Report::default();
    let mut told: Option<Instant> = None;
    let mut first = true;
    let outcome = job.run(rows, &mut |report| {
        if stop.load(Ordering::Relaxed) {
            return Going::Stop;
        }
        waiting.progress = report.progress;
        waiting.found.extend(report.found);
        // What is found first is told at once: somebody waits to go there.
        let due = told.is_none_or(|at| at.elapsed() >= TOLD_EVERY)
            || waiting.found.len() >= TOLD_AT_ONCE
            || (first && !waiting.found.is_empty());
        if due {
            first &= waiting.found.is_empty();
            told = Some(Instant::now());
            let report = std::mem::take(&mut waiting);
            if send(inbox, Message::Scanning { ticket, report }).is_err() {
                return Going::Stop;
            }
        }
        Going::On
    });
    let outcome = match outcome {
        Ok(answer) => Ok(answer),
        Err(Ended::Failed(failure)) => Err(failure),
        Err(Ended::Stopped) => return,
    };
    if stop.load(Ordering::Relaxed) {
        return;
    }
    if !waiting.found.is_empty() {
        let _ = send(
            inbox,
            Message::Scanning {
                ticket,
                report: waiting,
            },
        );
    }
    let _ = send(inbox, Message::Scanned { ticket, outcome });
}

/// The loop has gone.
struct Gone;

fn send(inbox: &Inbox, message: Message) -> Result<(), Gone> {
    inbox
        .0
        .blocking_send(Arrival::Message(message))
        .map_err(|_| Gone)
}

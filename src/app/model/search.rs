//! A search in the rows of a result: what is looked for, the rows found so far, where it goes next.

use super::lens::Work;
use super::window::Direction;
use crate::app::message::Ticket;
use crate::domain::rows::pattern::Pattern;
use crate::domain::rows::scan::Progress;
use crate::domain::rows::view::RowSet;

/// A step to a match that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first match, the cell under the cursor included.
    Here,
    /// The next one in a direction.
    On(Direction),
}

/// A search.
#[derive(Debug, Clone)]
pub struct Search {
    pattern: Pattern,
    hits: RowSet,
    covered: usize,
    work: Option<Work>,
    step: Option<Step>,
}

impl Search {
    /// A search that begins, with the rows that there are to look at.
    #[must_use]
    pub fn new(pattern: Pattern, ticket: Ticket, rows: usize) -> Self {
        Self {
            pattern,
            hits: RowSet::default(),
            covered: rows,
            work: Some(Work::new(ticket)),
            step: Some(Step::Here),
        }
    }

    /// What is looked for.
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Rows of the result in which it was found.
    #[must_use]
    pub const fn hits(&self) -> &RowSet {
        &self.hits
    }

    /// The work that goes on.
    #[must_use]
    pub const fn work(&self) -> Option<Work> {
        self.work
    }

    /// The step that is waited for.
    #[must_use]
    pub const fn step(&self) -> Option<Step> {
        self.step
    }

    /// Waits for a step, or no longer.
    pub fn wait_for(&mut self, step: Option<Step>) {
        self.step = step;
    }

    /// Takes in rows that were found.
    pub fn found(&mut self, rows: &[u32], progress: Progress) {
        for row in rows {
            self.hits.insert(*row as usize);
        }
        if let Some(work) = &mut self.work {
            work.progress = progress;
        }
    }

    /// The task is through.
    pub fn through(&mut self) {
        self.work = None;
    }

    /// Stops. Gives the ticket of the work that nobody waits for any more.
    pub fn give_up(&mut self) -> Option<Ticket> {
        self.step = None;
        self.work.take().map(|work| work.ticket)
    }

    /// Goes on with rows that have arrived since, if there are any: gives the first of them.
    pub fn go_on(&mut self, ticket: Ticket, rows: usize) -> Option<usize> {
        if self.work.is_some() || self.covered >= rows {
            return None;
        }
        self.work = Some(Work::new(ticket));
        Some(std::mem::replace(&mut self.covered, rows))
    }

    /// Begins again: other rows show.
    pub fn again(&mut self, ticket: Ticket, rows: usize) {
        self.hits = RowSet::default();
        self.covered = rows;
        self.work = Some(Work::new(ticket));
    }
}

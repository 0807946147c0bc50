//! Runs of statements and their outcomes.

use crate::app::message::Ticket;

/// Runs of statements and their outcomes.
#[derive(Debug, Default)]
pub struct Query {
    /// The run under way.
    pub running: Option<Ticket>,
}

impl Query {
    /// Whether statements run.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running.is_some()
    }
}

/// What ran before, to search.
#[derive(Debug, Default)]
pub struct HistoryList {}

//! What the rows of all results may take up.

use crate::app::message::Ticket;
use crate::domain::failure::Failure;

/// What happens to rows beyond the budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spilling {
    /// They go to a file and come back when they are scrolled to.
    #[default]
    On,
    /// They stop the query.
    Off,
}

/// The budget for rows and how it stands.
#[derive(Debug)]
pub struct Memory {
    /// Bytes the rows of all results may hold.
    pub budget: usize,
    /// What happens beyond that.
    pub spilling: Spilling,
    /// Spills under way.
    pub under_way: usize,
    /// Why the last spill failed; forgotten when the next run begins.
    pub refused: Option<Failure>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            budget: 256 << 20,
            spilling: Spilling::On,
            under_way: 0,
            refused: None,
        }
    }
}

/// A result that is being written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// Who waits.
    pub ticket: Ticket,
    /// The file.
    pub path: String,
    /// Rows in all, or bytes of a single value.
    pub rows: usize,
}

/// Spills under way at once, at most.
pub const SPILLS: usize = 2;

impl Memory {
    /// Bytes from which on rows have to leave: a sixteenth below the budget, for those on their way.
    #[must_use]
    pub const fn high(&self) -> usize {
        self.budget - self.budget / 16
    }
}

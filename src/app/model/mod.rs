//! All that is known while the program runs. States are enums; impossible ones cannot be said.

use super::message::Ticket;
use crate::domain::time::Timestamp;

/// Everything the program knows.
#[derive(Debug, Default)]
pub struct Model {
    /// The time of the last message that carried one.
    pub now: Timestamp,
    last_ticket: u64,
}

impl Model {
    /// A ticket nobody has held.
    pub fn next_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}

//! The state of being connected.

use crate::app::message::Ticket;
use crate::domain::aftermath::Aftermath;
use crate::domain::failure::Failure;
use crate::domain::link::LinkFacts;
use crate::domain::profile::Profile;
use crate::domain::run::TransactionState;
use crate::domain::stage::StageReport;
use crate::domain::time::Timestamp;

/// How the workspace stands to its server.
#[derive(Debug, Default)]
pub enum Link {
    /// Not connected.
    #[default]
    Down,
    /// Connecting.
    Dialing(Dialing),
    /// Connected.
    Up(Up),
    /// Was connected; the connection ended under us.
    Lost {
        /// The profile to reconnect with.
        profile: Box<Profile>,
        /// What was known about the session.
        facts: LinkFacts,
        /// What was seen.
        failure: Failure,
        /// What became of the work under way.
        aftermath: Aftermath,
    },
}

/// An attempt under way.
#[derive(Debug)]
pub struct Dialing {
    /// The attempt.
    pub ticket: Ticket,
    /// Where to.
    pub profile: Box<Profile>,
    /// The stages so far.
    pub reports: Vec<StageReport>,
    /// When it began.
    pub since: Timestamp,
}

/// A connection that stands.
#[derive(Debug)]
pub struct Up {
    /// The attempt that opened it.
    pub ticket: Ticket,
    /// The profile it was opened with.
    pub profile: Box<Profile>,
    /// What the server told.
    pub facts: LinkFacts,
    /// The session's transaction state.
    pub transaction: TransactionState,
}

impl Link {
    /// The profile connected to, or connected to last.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Down => None,
            Self::Dialing(dialing) => Some(&dialing.profile),
            Self::Up(up) => Some(&up.profile),
            Self::Lost { profile, .. } => Some(profile),
        }
    }

    /// The connection, if it stands.
    #[must_use]
    pub const fn up(&self) -> Option<&Up> {
        if let Self::Up(up) = self {
            Some(up)
        } else {
            None
        }
    }
}

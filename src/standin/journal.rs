//! What the stand-in thought of every token: its `iam-db-auth-error` log.
//!
//! RDS tells the client one text for a dozen causes and writes the true one to a log that is off by
//! default. Tests read this one. Tokens and passwords never get here.

use std::sync::{Mutex, PoisonError};

use super::verify::Rejection;

/// The verdict on one token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Verdict {
    /// Let in; the database may still refuse.
    #[error("accepted")]
    Accepted,
    /// The token is no good.
    #[error("{0}")]
    Rejected(Rejection),
    /// IAM authentication is off.
    #[error("IAM authentication is not enabled on this instance")]
    Off,
    /// Too many at once.
    #[error("429 ThrottlingException")]
    Throttled,
    /// The helper failed.
    #[error("500 InternalError")]
    Broken,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The role that asked to sign in.
    pub user: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// All verdicts so far, oldest first.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<Entry>>);

impl Journal {
    /// Writes a line.
    pub(super) fn note(&self, user: &str, verdict: Verdict) {
        let entry = Entry {
            user: user.to_owned(),
            verdict,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
    }

    /// A copy of all lines.
    pub fn entries(&self) -> Vec<Entry> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The latest verdict on a token of `user`.
    pub fn latest(&self, user: &str) -> Option<Verdict> {
        let entries = self.entries();
        let entry = entries.into_iter().rev().find(|entry| entry.user == user)?;
        Some(entry.verdict)
    }
}

//! What the stand-in thought of every token: its `iam-db-auth-error` log.
//!
//! RDS tells the client one text for a dozen causes and writes the true one to a log that is off by
//! default. Tests read this one, and the demo says where it is. Tokens and passwords never get here.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// One line of the journal: the role that asked to sign in, and what became of it.
#[derive(Debug)]
struct Entry {
    user: String,
    verdict: Verdict,
}

/// Entries kept in memory; older ones are only in the file.
const KEPT: usize = 1000;

/// The verdicts so far, oldest first, in memory and in a file.
#[derive(Debug)]
pub struct Journal(Mutex<Book>);

#[derive(Debug)]
struct Book {
    latest: VecDeque<Entry>,
    file: File,
}

impl Journal {
    /// Begins a journal in a new file at `path`.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(Book {
            latest: VecDeque::new(),
            file: File::create_new(path)?,
        })))
    }

    /// Writes a line.
    pub(super) fn note(&self, user: &str, verdict: Verdict) {
        let mut book = self.book();
        // Names come from clients: nothing of theirs may reach a terminal raw.
        let line = format!("{user}: {verdict}");
        // The demo goes on without its log if the disk is full.
        let _ = writeln!(book.file, "{}", line.escape_debug());
        if book.latest.len() == KEPT {
            let _ = book.latest.pop_front();
        }
        book.latest.push_back(Entry {
            user: user.to_owned(),
            verdict,
        });
    }

    /// The latest verdict on a token of `user`.
    pub fn latest(&self, user: &str) -> Option<Verdict> {
        let book = self.book();
        let entry = book.latest.iter().rev().find(|entry| entry.user == user)?;
        Some(entry.verdict.clone())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_safe_to_print_and_memory_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::begin(&path).unwrap();
        let region = Rejection::Region("\u{1b}[2J".into());
        journal.note("eve", Verdict::Rejected(region));
        for _ in 0..KEPT {
            journal.note("analyst", Verdict::Accepted);
        }
        assert_eq!(journal.latest("analyst"), Some(Verdict::Accepted));
        assert_eq!(journal.latest("eve"), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.lines().next(),
            Some("eve: signed for region \\u{1b}[2J")
        );
        assert_eq!(text.lines().count(), KEPT + 1);
    }
}

//! Statements that were run.

use std::path::PathBuf;

use super::atomic;
use crate::domain::failure::Failure;
use crate::domain::history::{self, Entry};

/// Entries kept when the file is shortened.
const KEPT: usize = 10_000;

/// Bytes at which the file is shortened.
const LONG: usize = 8 << 20;

/// The file of statements that were run.
#[derive(Debug, Clone)]
pub struct HistoryFile {
    path: PathBuf,
}

impl HistoryFile {
    /// The file at `path`, which need not exist.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// All entries, oldest first; a file that grew long is shortened.
    pub fn read(&self) -> Result<Vec<Entry>, Failure> {
        let text = atomic::read(&self.path)?.unwrap_or_default();
        let mut entries = history::read(&text);
        if text.len() > LONG {
            let excess = entries.len().saturating_sub(KEPT);
            drop(entries.drain(..excess));
            let lines: String = entries.iter().map(|entry| entry.to_line() + "\n").collect();
            atomic::write(&self.path, &lines)?;
        }
        Ok(entries)
    }

    /// Appends an entry.
    pub fn add(&self, entry: &Entry) -> Result<(), Failure> {
        atomic::append(&self.path, &(entry.to_line() + "\n"))
    }
}

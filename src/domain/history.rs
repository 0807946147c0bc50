//! What was run: entries as JSON lines, newest last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Well.
    Done,
    /// With an error.
    Failed,
    /// By a cancel.
    Cancelled,
    /// With the connection.
    Lost,
}

/// One statement that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was sent, in milliseconds since 1970.
    at: i64,
    /// Name of the profile it was sent with.
    pub profile: String,
    /// Its text; statements that carry a password are stored redacted.
    pub statement: String,
    /// How long it took, in milliseconds.
    elapsed: u64,
    /// Rows it returned or changed.
    pub rows: Option<u64>,
    /// How it ended.
    pub ended: Ended,
}

impl Entry {
    /// An entry for a statement; what it says of passwords is taken out.
    #[must_use]
    pub fn new(
        at: Timestamp,
        profile: &str,
        statement: &str,
        elapsed: Duration,
        rows: Option<u64>,
        ended: Ended,
    ) -> Self {
        Self {
            at: at.0,
            profile: profile.to_owned(),
            statement: super::sql::classify::redacted(statement).into_owned(),
            elapsed: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            rows,
            ended,
        }
    }

    /// When it was sent.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        Timestamp(self.at)
    }

    /// How long it took.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed)
    }

    /// The entry as one line of JSON, without a line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Reads lines written by [`Entry::to_line`]; a line that cannot be read (a crash in mid-write) is
/// left out.
#[must_use]
pub fn read(text: &str) -> Vec<Entry> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Entries that contain every word, newest first, each statement once.
#[must_use]
pub fn search<'a>(entries: &'a [Entry], words: &str) -> Vec<&'a Entry> {
    let words = words.to_lowercase();
    let mut seen = std::collections::HashSet::new();
    entries
        .iter()
        .rev()
        .filter(|entry| {
            let text = entry.statement.to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        })
        .filter(|entry| seen.insert(entry.statement.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(statement: &str) -> Entry {
        Entry::new(
            Timestamp(7),
            "orders",
            statement,
            Duration::from_millis(12),
            Some(3),
            Ended::Done,
        )
    }

    #[test]
    fn an_entry_survives_the_file() {
        let entry = entry("select 'two\nlines'");
        assert!(!entry.to_line().contains('\n'));
        assert_eq!(read(&format!("{}\n{{half", entry.to_line())), [entry]);
    }

    #[test]
    fn a_password_is_not_remembered() {
        let line = entry("ALTER ROLE app PASSWORD 'hunter2'").to_line();
        assert!(!line.contains("hunter2"), "{line}");
    }

    #[test]
    fn the_newest_is_found_first_and_once() {
        let entries = [entry("select 1"), entry("select 2"), entry("select 1")];
        let found: Vec<&str> = search(&entries, "SELECT")
            .iter()
            .map(|entry| entry.statement.as_str())
            .collect();
        assert_eq!(found, ["select 1", "select 2"]);
    }
}

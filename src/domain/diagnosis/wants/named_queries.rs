//! The queries of WITH, whose names hide relations called so.

use std::ops::Range;

use super::Reader;

/// One of them.
pub(super) struct NamedQuery {
    name: String,
    /// The words that name its columns.
    pub(super) columns: Range<usize>,
    /// The words in which its name means it.
    seen: Range<usize>,
}

impl NamedQuery {
    /// Whether a name at a word means it.
    pub(super) fn is_meant(&self, name: &[String], at: usize) -> bool {
        matches!(name, [name] if self.name == *name) && self.seen.contains(&at)
    }
}

impl Reader<'_> {
    /// All of them. Without RECURSIVE a query does not see itself and those behind it (PostgreSQL
    /// documentation, "SELECT", "WITH Clause").
    pub(super) fn named_queries(&self) -> Vec<NamedQuery> {
        let mut found = Vec::new();
        for with in (0..self.words.len()).filter(|at| self.words.is(*at, "with")) {
            let recursive = self.words.is(with + 1, "recursive");
            let mut at = with + 1 + usize::from(recursive);
            while let Some(name) = self.part(at).and_then(|mut parts| parts.pop()) {
                let mut columns = at..at;
                at += 1;
                if self.words.is(at, "(") {
                    let Some(close) = self.words.closing(at) else {
                        break;
                    };
                    columns = at + 1..close;
                    at = close + 1;
                }
                if !self.words.is(at, "as") {
                    break;
                }
                at += 1;
                while self.words.is_any(at, &["not", "materialized"]) {
                    at += 1;
                }
                if !self.words.is(at, "(") {
                    break;
                }
                let close = self.words.closing(at).unwrap_or(self.words.len());
                let seen = if recursive { with } else { close };
                found.push(NamedQuery {
                    name,
                    columns,
                    seen: seen..self.end_around(with),
                });
                at = close + 1;
                if !self.words.is(at, ",") {
                    break;
                }
                at += 1;
            }
        }
        found
    }

    /// Where the parentheses around a word close.
    fn end_around(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for place in at..self.words.len() {
            match self.words.text(place) {
                "(" => depth += 1,
                ")" if depth == 0 => return place,
                ")" => depth -= 1,
                _ => {}
            }
        }
        self.words.len()
    }
}

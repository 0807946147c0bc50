//! Which of a query's words are columns that it reads, and of which relation.

use std::ops::Range;

use super::{Columns, Reader, Source};
use crate::domain::sql::lexer::TokenKind;

/// Words that are never the name of a column where they stand bare, and stand in most statements
/// (PostgreSQL documentation, "SQL Key Words": reserved).
const CLAUSES: [&str; 22] = [
    "select",
    "from",
    "where",
    "returning",
    "on",
    "using",
    "as",
    "with",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "true",
    "false",
    "when",
    "then",
    "case",
    "else",
    "end",
    "default",
];

impl Reader<'_> {
    /// Whether what stands at a word, behind a dot or not, may be of the relation called so.
    fn is_of(&self, at: usize, called: &str) -> bool {
        let qualifier = self
            .part(at.wrapping_sub(2))
            .filter(|_| self.words.is(at.wrapping_sub(1), "."))
            .and_then(|mut parts| parts.pop());
        qualifier.is_none_or(|name| name == called || !self.called.contains(&name))
    }

    /// The names at these words that may be columns of the relation called so.
    pub(super) fn read(&self, places: impl Iterator<Item = usize>, called: &str) -> Vec<String> {
        places
            .filter(|at| !self.words.is_any(*at, &CLAUSES))
            // What stands before a dot or a parenthesis is no column.
            .filter(|at| self.is_of(*at, called) && !self.words.is_any(at + 1, &[".", "("]))
            .filter(|at| !self.unread.contains(at))
            .filter_map(|at| self.part(at))
            .flatten()
            .collect()
    }

    /// Whether all columns of the relation called so are read between two words.
    pub(super) fn reads_all(&self, mut places: Range<usize>, called: &str) -> bool {
        let wide = ["select", ",", ".", "distinct", "returning", "all"];
        places.any(|at| {
            self.words.is(at, "*")
                && self.words.is_any(at.wrapping_sub(1), &wide)
                && self.is_of(at, called)
        })
    }

    /// The columns that a query may read of a relation: every name in it that is not said to be another's,
    /// or all where it has a star.
    pub(super) fn read_columns(&self, of: &Source) -> Columns {
        let block = self.block(of.at);
        if self.reads_all(block.clone(), &of.called) || self.words.is(block.start, "table") {
            return Columns::All;
        }
        // Queries that may not look at what is beside them have names of their own.
        let apart = |at: &usize| {
            self.apart.iter().any(|query| {
                query.contains(at)
                    && *query != block
                    && block.start <= query.start
                    && query.end <= block.end
            })
        };
        Columns::Named(self.read(block.clone().filter(|at| !apart(at)), &of.called))
    }

    /// Whether a relation's rows are named as a whole: by its name, or by what it is called. A column of that
    /// name comes first.
    pub(super) fn names_rows(&self, of: &Source) -> bool {
        self.block(of.at).any(|at| {
            let stands_alone = !self.words.is_any(at + 1, &[".", "("])
                && !self.words.is_any(at.wrapping_sub(1), &[".", "::"]);
            stands_alone
                && !self.unread.contains(&at)
                && self
                    .part(at)
                    .is_some_and(|mut parts| parts.pop().as_ref() == Some(&of.called))
        })
    }

    /// Whether SET assigns the column at a word, or an element of it.
    pub(super) fn is_assigned(&self, at: usize) -> bool {
        let mut end = at + 1;
        while self.words.is(end, "[") {
            end = (end..self.words.len())
                .find(|close| self.words.is(*close, "]"))
                .map_or(self.words.len(), |close| close + 1);
        }
        self.words.is(end, "=") && self.words.is_any(at.wrapping_sub(1), &["set", ","])
    }

    /// Words that name no column that is read: what is written, and what gets its name here.
    pub(super) fn unread(&self, sources: &[Source]) -> Vec<usize> {
        let mut unread = self.filled();
        for source in sources {
            unread.extend(source.at..source.end);
        }
        for at in 0..self.words.len() {
            let new = self.words.is(at.wrapping_sub(1), "as") || self.is_alias(at);
            if new && self.part(at).is_some() {
                unread.push(at);
            }
            // `FROM t AS x (a, b)`, `FROM f() AS (a int)`, `WITH x (a, b) AS (…)`.
            let opens = self.words.is(at + 1, "(") && new && !self.words.is(at, "as");
            let defines = self.words.is(at, "as")
                && self.words.is(at + 1, "(")
                && self.words.is(at.wrapping_sub(1), ")")
                && !self.begins_query(at + 2);
            if opens || defines {
                let end = self.words.closing(at + 1).unwrap_or(self.words.len());
                unread.extend(at + 2..end);
            }
        }
        // `FOR UPDATE OF t`.
        for at in self.locking() {
            unread.extend(self.locked_of(at).into_iter().flatten());
        }
        for query in self.named_queries() {
            unread.extend(query.columns);
        }
        unread
    }

    /// Whether a bare word is a new name for what stands before it, without AS.
    fn is_alias(&self, at: usize) -> bool {
        let names = [TokenKind::Identifier, TokenKind::QuotedIdentifier];
        let kind = |at: usize| self.words.get(at).map(|token| token.kind);
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        // A key word where nothing else can follow.
        let told = kind(at) == Some(TokenKind::Keyword)
            && self.words.is(before, ")")
            && self.words.is_any(at + 1, &["", ",", "from", ")"]);
        let plain = kind(at).is_some_and(|kind| names.contains(&kind));
        if !(plain || told) || self.words.is(at + 1, ".") {
            return false;
        }
        match self.words.text(before) {
            "]" => true,
            ")" => !self.opens_with(before, &["on", "operator"]),
            _ => kind(before).is_some_and(|kind| names.contains(&kind)),
        }
    }

    /// Whether one of some words stands before the parentheses that close here.
    fn opens_with(&self, close: usize, words: &[&str]) -> bool {
        let open = (0..close)
            .rev()
            .find(|open| self.words.is(*open, "(") && self.words.closing(*open) == Some(close));
        open.is_some_and(|open| self.words.is_any(open.wrapping_sub(1), words))
    }

    /// What queries and functions in FROM are called.
    pub(super) fn nicknames(&self) -> Vec<String> {
        let behind = |at: &usize| {
            self.words.is(at.wrapping_sub(1), ")")
                || (self.words.is(at.wrapping_sub(1), "as")
                    && self.words.is(at.wrapping_sub(2), ")"))
        };
        (2..self.words.len())
            .filter(behind)
            .filter(|at| self.is_alias(*at) || self.words.is(at - 1, "as"))
            .filter_map(|at| self.part(at)?.pop())
            .collect()
    }

    /// The columns in the lists of INSERT and before the signs of SET.
    fn filled(&self) -> Vec<usize> {
        let mut filled = Vec::new();
        for at in 0..self.words.len() {
            let list = if self.words.is(at, "into") {
                self.name(at + 1).map(|(_, behind)| behind)
            } else {
                self.words.is(at, "insert").then_some(at + 1)
            };
            if let Some(list) = list.filter(|list| {
                self.words.is(*list, "(")
                    && !self.words.is_any(list + 1, &["select", "with", "values"])
            }) {
                filled.extend(list..self.list(list + 1).1);
            }
            if self.words.is(at, "set") {
                let block = self.block(at);
                let ends = ["where", "from", "returning", "when"];
                let own = |place: &usize| self.block(*place) == block;
                let end =
                    (at..block.end).find(|place| self.words.is_any(*place, &ends) && own(place));
                let list = at + 1..end.unwrap_or(block.end);
                filled.extend(list.filter(|at| self.is_assigned(*at)));
            }
        }
        filled
    }
}

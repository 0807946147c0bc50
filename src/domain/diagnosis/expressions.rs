//! The expressions in a change of a table, which the server works out for every row.
//!
//! Source: PostgreSQL documentation, `ALTER TABLE`; PostgreSQL source, `tablecmds.c`
//! (`ATRewriteTable` prepares them, and with that looks at EXECUTE, rows or no rows).

use crate::domain::sql::lexer::Token;

/// A column that a change adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Added<'a> {
    /// Its type, with the collation.
    pub(super) kind: &'a str,
    /// What its rows get.
    pub(super) default: &'a str,
}

/// Words that end a type or an expression in the definition of a column.
const ENDS: [&str; 9] = [
    "default",
    "not",
    "null",
    "check",
    "unique",
    "primary",
    "references",
    "constraint",
    "generated",
];

/// The words of a change of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// The statement.
    pub(super) sql: &'a str,
    /// Its words.
    pub(super) words: &'a [Token],
}

impl<'a> Change<'a> {
    /// The first column that is added with a default that calls something.
    #[must_use]
    pub(super) fn added(self) -> Option<Added<'a>> {
        let mut at = self.place("add", 0)? + 1;
        for optional in ["column", "if", "not", "exists"] {
            at += usize::from(self.is(at, optional));
        }
        let kind_ends = self.end(at + 1);
        let default = (self.is(kind_ends, "default"))
            .then_some(kind_ends)
            .or_else(|| self.place("default", kind_ends))?;
        let default_ends = self.end(default + 1);
        let default_text = self.span(default + 1, default_ends)?;
        default_text.contains('(').then_some(Added {
            kind: self.span(at + 1, kind_ends)?,
            default: default_text,
        })
    }

    /// The condition of the first CHECK.
    #[must_use]
    pub(super) fn check(self) -> Option<&'a str> {
        let at = self.place("check", 0)? + 1;
        if self.text(at) != "(" {
            return None;
        }
        let end = self.end(at);
        self.span(at, end)
    }

    /// What a change of type makes the values of, where it calls something.
    #[must_use]
    pub(super) fn using(self) -> Option<&'a str> {
        let at = self.place("using", 0)? + 1;
        let values = self.span(at, self.end(at))?;
        values.contains('(').then_some(values)
    }

    /// Where what begins at a word ends: at a comma, or a word of what follows, outside parentheses.
    fn end(self, from: usize) -> usize {
        let mut depth = 0_i32;
        for at in from..self.words.len() {
            match self.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0
                && at >= from
                && ([",", ";"].contains(&self.text(at)) || ENDS.iter().any(|end| self.is(at, end)))
            {
                return at;
            }
        }
        self.words.len()
    }

    fn place(self, word: &str, from: usize) -> Option<usize> {
        (from..self.words.len()).find(|at| self.is(*at, word))
    }

    fn span(self, from: usize, end: usize) -> Option<&'a str> {
        let last = end.checked_sub(1).filter(|last| *last >= from)?;
        self.sql
            .get(self.words.get(from)?.start..self.words.get(last)?.end)
    }

    fn is(self, at: usize, word: &str) -> bool {
        self.words
            .get(at)
            .is_some_and(|token| token.is(self.sql, word))
    }

    fn text(self, at: usize) -> &'a str {
        self.words.get(at).map_or("", |token| token.text(self.sql))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sql::words::Words;

    fn with<T>(sql: &str, read: impl Fn(Change<'_>) -> T) -> T {
        let words = Words::of(sql).all;
        read(Change { sql, words: &words })
    }

    #[test]
    fn defaults_that_call_are_told_from_constants() {
        let added = |sql: &str| {
            with(sql, |change| {
                change
                    .added()
                    .map(|added| (added.kind.to_owned(), added.default.to_owned()))
            })
        };
        let pair = |kind: &str, default: &str| Some((kind.to_owned(), default.to_owned()));
        assert_eq!(
            added(
                "alter table t add column if not exists z numeric(9, 2) default x.f(1, 2) not null"
            ),
            pair("numeric(9, 2)", "x.f(1, 2)")
        );
        assert_eq!(
            added("alter table t add z bigint not null default nextval('q');"),
            pair("bigint", "nextval('q')")
        );
        assert_eq!(added("alter table t add z int default 3"), None);
        assert_eq!(added("alter table t alter z set default f()"), None);
    }

    #[test]
    fn checks_and_conversions_are_found() {
        assert_eq!(
            with(
                "alter table t add constraint c check ((a) > f(b)) not valid",
                |change| { change.check().map(str::to_owned) }
            ),
            Some("((a) > f(b))".to_owned())
        );
        assert_eq!(
            with(
                "alter table t alter a type text using x.g(a, 1), drop b;",
                |change| { change.using().map(str::to_owned) }
            ),
            Some("x.g(a, 1)".to_owned())
        );
    }
}

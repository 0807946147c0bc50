//! The expressions in a change of a table, which the server works out for every row.
//!
//! Source: PostgreSQL documentation, `ALTER TABLE`; PostgreSQL source, `tablecmds.c`
//! (`ATRewriteTable` prepares them, and with that looks at EXECUTE, rows or no rows).

use super::referring::reference;
use crate::domain::sql::lexer::Token;
use crate::domain::sql::words::Words;

/// A column that a change adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Added<'a> {
    /// Its name as it is written.
    pub(super) name: &'a str,
    /// Its type, with the collation.
    pub(super) kind: &'a str,
    /// What its rows get, where that calls something.
    pub(super) default: Option<&'a str>,
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
    /// Its parts, which commas separate.
    #[must_use]
    pub(super) fn actions(self) -> Vec<Self> {
        let sql = self.sql;
        let mut found = Vec::new();
        let (mut depth, mut from) = (0_i32, 0);
        for (at, token) in self.words.iter().enumerate() {
            match token.text(sql) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "," if depth == 0 => {
                    found.extend(self.words.get(from..at));
                    from = at + 1;
                }
                _ => {}
            }
        }
        found.extend(self.words.get(from..));
        let parts = found.into_iter();
        parts.map(|words| Change { sql, words }).collect()
    }

    /// The column that one of its parts adds.
    #[must_use]
    pub(super) fn added(self) -> Option<Added<'a>> {
        if !self.is(0, "add") {
            return None;
        }
        let mut at = 1;
        for optional in ["column", "if", "not", "exists"] {
            at += usize::from(self.is(at, optional));
        }
        let constraints = [
            "constraint",
            "primary",
            "unique",
            "check",
            "foreign",
            "exclude",
        ];
        if !self.is(1, "column") && constraints.iter().any(|word| self.is(at, word)) {
            return None;
        }
        let kind_ends = self.end(at + 1);
        let default = self.place("default", kind_ends);
        Some(Added {
            name: self.span(at, at + 1)?,
            kind: self.span(at + 1, kind_ends)?,
            default: default
                .and_then(|default| self.span(default + 1, self.end(default + 1)))
                .filter(|text| text.contains('(')),
        })
    }

    /// The type that one of its parts gives a column, with the collation.
    #[must_use]
    pub(super) fn retyped(self) -> Option<&'a str> {
        let typed = self.place("type", 2).filter(|_| self.is(0, "alter"))? + 1;
        let ends = self.place("using", typed);
        self.span(typed, ends.unwrap_or_else(|| self.end(typed)))
    }

    /// The foreign key that one of its parts makes.
    #[must_use]
    pub(super) fn key(self) -> Option<String> {
        let words = Words {
            sql: self.sql,
            all: self.words.to_vec(),
        };
        let at = words.find("references")?;
        reference(&words, at).map(|key| key.text)
    }

    /// The part as it stands.
    #[must_use]
    pub(super) fn text(self) -> Option<&'a str> {
        let end = (0..self.words.len()).find(|at| self.word(*at) == ";");
        let end = end.unwrap_or(self.words.len());
        self.span(0, end)
    }

    /// The conversion that a change of type without USING makes of every value.
    #[must_use]
    pub(super) fn conversion(self) -> Option<String> {
        let kind = self.retyped()?;
        if self.place("using", 0).is_some() {
            return None;
        }
        let named = 1 + usize::from(self.is(1, "column"));
        // A collation is none of the cast's.
        let kind = match kind.to_lowercase().find(" collate ") {
            Some(at) => kind.get(..at)?,
            None => kind,
        };
        Some(format!("({})::{kind}", self.span(named, named + 1)?))
    }

    /// The condition of the first CHECK.
    #[must_use]
    pub(super) fn check(self) -> Option<&'a str> {
        let at = self.place("check", 0)? + 1;
        if self.word(at) != "(" {
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
            match self.word(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0
                && at >= from
                && ([",", ";"].contains(&self.word(at)) || ENDS.iter().any(|end| self.is(at, end)))
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

    fn word(self, at: usize) -> &'a str {
        self.words.get(at).map_or("", |token| token.text(self.sql))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(sql: &str, read: impl Fn(Change<'_>) -> T) -> T {
        let words = Words::of(sql).all;
        read(Change { sql, words: &words })
    }

    #[test]
    fn defaults_that_call_are_told_from_constants() {
        let added = |sql: &str| {
            with(sql, |change| {
                let actions = change.actions();
                let added = actions.iter().filter_map(|action| action.added());
                added
                    .map(|added| [added.kind, added.default.unwrap_or_default()].map(str::to_owned))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(
            added("add column if not exists z numeric(9, 2) default x.f(1, 2) not null"),
            [["numeric(9, 2)", "x.f(1, 2)"]]
        );
        assert_eq!(
            added("add z bigint not null default nextval('q');"),
            [["bigint", "nextval('q')"]]
        );
        assert_eq!(
            added("add a int default 3, add column b text default s.g(1), add unique (a, b)"),
            [["int", ""], ["text", "s.g(1)"]]
        );
        assert!(added("alter z set default f()").is_empty());
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
        let converted = |sql: &str| with(sql, |change| change.conversion().unwrap_or_default());
        assert_eq!(
            converted("alter column \"A b\" set data type varchar(3) collate \"C\";"),
            "(\"A b\")::varchar(3)"
        );
        assert_eq!(converted("alter a type text using a || ''"), "");
    }
}

//! Statements that say along which schemas bare names are looked up.
//!
//! Source: PostgreSQL documentation, "SET"; PostgreSQL source, `guc_funcs.c`,
//! `flatten_set_variable_args`.

use super::lexer::{TokenKind, tokens};
use super::split::statements;
use super::words::Words;
use crate::domain::ident;

/// What a statement makes of the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// The new path, as `SHOW search_path` would write it; `None` for what a new session has.
    pub path: Option<String>,
    /// How long it holds.
    pub lasts: Lasts,
}

/// How long a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Until the session ends or another is set.
    Session,
    /// Until the transaction ends.
    Transaction,
}

/// Reads one statement; `None` where it leaves the path alone.
#[must_use]
pub fn path_change(sql: &str) -> Option<PathChange> {
    let words = Words::of_statement(sql);
    let reader = Reader { words };
    match reader.words.text(0).to_lowercase().as_str() {
        "set" => reader.set(),
        "reset" if reader.is_path(1) || reader.words.is(1, "all") => Some(PathChange {
            path: None,
            lasts: Lasts::Session,
        }),
        "discard" if reader.words.is(1, "all") => Some(PathChange {
            path: None,
            lasts: Lasts::Session,
        }),
        "select" => reader.configured(),
        _ => None,
    }
}

/// A text that may begin by setting the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening<'a> {
    /// The path that holds for all of the rest, where one is set.
    pub path: Option<String>,
    /// What follows.
    pub rest: &'a str,
}

/// Parts what a text says first about the path from the statements it is about.
#[must_use]
pub fn opening(sql: &str) -> Opening<'_> {
    let mut opening = Opening {
        path: None,
        rest: sql,
    };
    let all = statements(sql);
    for (at, range) in all.iter().enumerate() {
        let one = sql.get(range.clone()).unwrap_or_default();
        let change = path_change(one);
        let (Some(next), true) = (all.get(at + 1), change.is_some() || begins(one)) else {
            break;
        };
        if let Some(change) = change {
            opening.path = change.path;
            opening.rest = sql.get(next.start..).unwrap_or_default();
        }
    }
    opening
}

/// Whether it opens a transaction.
fn begins(sql: &str) -> bool {
    tokens(sql)
        .iter()
        .find(|token| token.kind != TokenKind::Comment)
        .is_some_and(|first| first.is(sql, "begin") || first.is(sql, "start"))
}

struct Reader<'a> {
    words: Words<'a>,
}

impl Reader<'_> {
    fn is_path(&self, at: usize) -> bool {
        self.words
            .text(at)
            .trim_matches('"')
            .eq_ignore_ascii_case("search_path")
    }

    /// `SET [SESSION | LOCAL] search_path TO a, "B", 'c'` and `SET SCHEMA 'a'`.
    fn set(&self) -> Option<PathChange> {
        let mut at = 1;
        let mut lasts = Lasts::Session;
        if self.words.is(at, "session") || self.words.is(at, "local") {
            if self.words.is(at, "local") {
                lasts = Lasts::Transaction;
            }
            at += 1;
        }
        let from = if self.is_path(at)
            && (self.words.is(at + 1, "to") || self.words.text(at + 1) == "=")
        {
            at + 2
        } else if self.words.is(at, "schema") {
            at + 1
        } else {
            return None;
        };
        if self.words.is(from, "default") {
            return Some(PathChange { path: None, lasts });
        }
        let names: Option<Vec<String>> = (from..self.words.len())
            .step_by(2)
            .map(|at| self.name(at))
            .collect();
        Some(PathChange {
            path: Some(ident::list(&names?)),
            lasts,
        })
    }

    /// A name, bare, in double quotes or as a string: each is one schema.
    fn name(&self, at: usize) -> Option<String> {
        let token = self.words.get(at)?;
        if token.kind == TokenKind::String {
            return Some(string(token.text(self.words.sql)));
        }
        ident::parts(token.text(self.words.sql))?.pop()
    }

    /// `SELECT set_config('search_path', 'a, b', false)`.
    fn configured(&self) -> Option<PathChange> {
        let at = (1..self.words.len()).find(|at| self.words.is(*at, "set_config"))?;
        let named = self.words.get(at + 2)?;
        let value = self.words.get(at + 4)?;
        let plain = [(at + 1, "("), (at + 3, ","), (at + 5, ","), (at + 7, ")")]
            .iter()
            .all(|(at, text)| self.words.text(*at) == *text);
        let alone = at + 8 == self.words.len() && (at == 1 || self.words.is(1, "pg_catalog"));
        let strings = named.kind == TokenKind::String && value.kind == TokenKind::String;
        if !plain || !alone || !strings {
            return None;
        }
        if !string(named.text(self.words.sql)).eq_ignore_ascii_case("search_path") {
            return None;
        }
        let lasts = if self.words.is(at + 6, "true") {
            Lasts::Transaction
        } else {
            Lasts::Session
        };
        Some(PathChange {
            path: Some(string(value.text(self.words.sql))),
            lasts,
        })
    }
}

/// The text of a plain string.
fn string(text: &str) -> String {
    text.strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(text)
        .replace("''", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_set_the_path_is_known() {
        for (sql, path, lasts) in [
            ("set search_path = z", Some("z"), Lasts::Session),
            (
                "SET LOCAL search_path TO z, \"Y y\", public;",
                Some("z, \"Y y\", public"),
                Lasts::Transaction,
            ),
            (
                "set session \"search_path\" to 'a, b', \"$user\"",
                Some("\"a, b\", \"$user\""),
                Lasts::Session,
            ),
            ("set schema 'it''s'", Some("\"it's\""), Lasts::Session),
            ("set search_path to default", None, Lasts::Session),
            ("reset search_path", None, Lasts::Session),
            ("discard all", None, Lasts::Session),
            (
                "select pg_catalog.set_config('search_path', 'z, \"Y\"', true)",
                Some("z, \"Y\""),
                Lasts::Transaction,
            ),
        ] {
            let path = path.map(str::to_owned);
            assert_eq!(path_change(sql), Some(PathChange { path, lasts }), "{sql}");
        }
        for sql in [
            "set work_mem = '1MB'",
            "reset work_mem",
            "select set_config('work_mem', 'z', true)",
            "select set_config('search_path', path, true) from t",
            "select 1",
        ] {
            assert_eq!(path_change(sql), None, "{sql}");
        }
    }

    #[test]
    fn the_path_a_text_begins_with_is_parted_from_it() {
        let opened = opening("begin; set local search_path = z; select 1; select 2");
        assert_eq!(opened.path.as_deref(), Some("z"));
        assert_eq!(opened.rest, "select 1; select 2");
        for sql in [
            "select 1; set search_path = z",
            "set search_path = z",
            "begin; select 1",
        ] {
            let path = None;
            assert_eq!(opening(sql), Opening { path, rest: sql }, "{sql}");
        }
    }
}

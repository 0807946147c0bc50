//! What would lift a session's read-only guard.
//!
//! The server lets any role make its own transactions writable again, so a guard that is meant to
//! hold needs the statements that do so to be kept back (PostgreSQL documentation, "SET TRANSACTION":
//! `default_transaction_read_only` is a default, not a limit). Inside a function, `DO` or `CALL` the
//! server itself refuses, because a snapshot has been taken by then (PostgreSQL source, `variable.c`,
//! `check_transaction_read_only`).

use super::lexer::{Token, TokenKind, tokens};
use super::split::statements;

/// Whether some statement of the text would let a read-only session write.
#[must_use]
pub fn loosens(sql: &str) -> bool {
    statements(sql)
        .into_iter()
        .filter_map(|range| sql.get(range))
        .any(one_loosens)
}

fn one_loosens(sql: &str) -> bool {
    let words: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let words = Words { sql, words };
    match words.lower(0).as_str() {
        "begin" | "start" => words.follows("read", "write"),
        "set" => words.follows("read", "write") || words.sets_writable(),
        "reset" => words.lower(1) == "all" || is_guard(&words.lower(1)),
        "discard" => words.lower(1) == "all",
        _ => words.calls_set_config(),
    }
}

/// The two parameters that make transactions read-only.
fn is_guard(name: &str) -> bool {
    matches!(
        name.trim_matches('"'),
        "default_transaction_read_only" | "transaction_read_only"
    )
}

struct Words<'a> {
    sql: &'a str,
    words: Vec<Token>,
}

impl Words<'_> {
    fn lower(&self, at: usize) -> String {
        self.words
            .get(at)
            .map(|token| token.text(self.sql).to_ascii_lowercase())
            .unwrap_or_default()
    }

    fn follows(&self, first: &str, second: &str) -> bool {
        (0..self.words.len()).any(|at| self.lower(at) == first && self.lower(at + 1) == second)
    }

    /// `SET [SESSION | LOCAL] default_transaction_read_only TO …` with anything but a plain yes.
    fn sets_writable(&self) -> bool {
        let name = 1 + usize::from(matches!(self.lower(1).as_str(), "session" | "local"));
        if !is_guard(&self.lower(name)) {
            return false;
        }
        let value = self.lower(name + 2);
        !matches!(
            value.trim_matches('\''),
            "on" | "true" | "yes" | "1" | "t" | "y"
        )
    }

    /// `set_config` with a name that is, or could be, one of the two.
    fn calls_set_config(&self) -> bool {
        (0..self.words.len())
            .filter(|at| self.lower(*at).trim_matches('"') == "set_config")
            .filter(|at| self.lower(at + 1) == "(")
            .any(|at| {
                let name = self.lower(at + 2);
                let plain = name.starts_with('\'') && self.lower(at + 3) == ",";
                !plain || name.contains("transaction_read_only")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_session_writable_is_known() {
        for sql in [
            "set default_transaction_read_only = off",
            "SET SESSION default_transaction_read_only TO 'off'",
            "set local transaction_read_only to false",
            "set \"transaction_read_only\" = off",
            "set default_transaction_read_only to default",
            "set transaction read write",
            "set session characteristics as transaction isolation level serializable, read write",
            "begin read write",
            "begin; set transaction /* x */ read write",
            "start transaction isolation level repeatable read, READ WRITE",
            "reset default_transaction_read_only",
            "reset all",
            "discard all",
            "select set_config('default_transaction_read_only', 'off', false)",
            "select pg_catalog.set_config('default_' || 'transaction_read_only', 'off', false)",
            "select \"set_config\"(name, 'off', false) from pg_settings",
            "with x as (select set_config(E'transaction_read\\x5fonly', 'off', true)) select 1",
        ] {
            assert!(loosens(sql), "{sql}");
        }
    }

    #[test]
    fn what_leaves_the_guard_alone_passes() {
        for sql in [
            "set default_transaction_read_only = on",
            "set transaction read only",
            "begin isolation level serializable, read only, deferrable",
            "set search_path = sales",
            "select set_config('search_path', 'sales', false)",
            "select 'read write' as read, 1 as write",
            "reset search_path",
            "discard temp",
            "-- set transaction read write\nselect 1",
        ] {
            assert!(!loosens(sql), "{sql}");
        }
    }
}

//! Whether what looks like a call in a statement is called: definitions name routines with their
//! arguments, and comments and grants do.

use super::trial::{creates_from_query, indexes};
use crate::domain::sql::words::Words;

/// What a statement does with the routines it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It calls them.
    Calls,
    /// It uses them for a definition, which takes EXECUTE of some.
    Defines,
    /// It is about them.
    Means,
}

/// Reads a statement.
#[must_use]
pub fn naming(statement: &str) -> Naming {
    let words = Words::of_statement(statement);
    match words.lower(0).as_str() {
        "comment" | "grant" | "revoke" | "drop" | "security" | "reassign" => Naming::Means,
        // A default of a column that is there is only kept.
        "alter" if is_default(&words) => Naming::Means,
        // A new column or check makes values of all rows.
        "alter" if words.is_any(1, &["table", "domain"]) => Naming::Calls,
        "alter" => Naming::Means,
        "create" => {
            if indexes(statement, &words.all) || creates_from_query(statement, &words.all) {
                Naming::Calls
            } else {
                Naming::Defines
            }
        }
        _ => Naming::Calls,
    }
}

/// Whether a change of a table sets a default and does nothing else.
fn is_default(words: &Words<'_>) -> bool {
    let sets = (1..words.len()).find(|at| words.is(*at, "set") && words.is(at + 1, "default"));
    words.is(1, "table") && sets.is_some() && !words.has_any(&["add", "type", "validate"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_named_is_not_called() {
        for (sql, told) in [
            ("comment on function f(int) is 'x'", Naming::Means),
            ("drop function if exists s.f(int, text)", Naming::Means),
            ("grant execute on function f(int) to x", Naming::Means),
            ("alter function f(int) stable", Naming::Means),
            (
                "create trigger t before update on u execute function f()",
                Naming::Defines,
            ),
            (
                "create or replace function f(a int) returns int language sql as 'select 1'",
                Naming::Defines,
            ),
            ("create table t (a int default f(1))", Naming::Defines),
            (
                "create table t (a int, b int generated always as (f(a)) stored)",
                Naming::Defines,
            ),
            ("create table t as select f(1)", Naming::Calls),
            ("create unique index on t (f(a))", Naming::Calls),
            ("alter table t add b int default f(1)", Naming::Calls),
            ("select f(1)", Naming::Calls),
            ("call f(1)", Naming::Calls),
        ] {
            assert_eq!(naming(sql), told, "{sql}");
        }
    }
}

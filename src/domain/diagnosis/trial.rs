//! How a statement is tried without letting it happen.
//!
//! Whatever reads or writes rows is only planned: EXPLAIN checks privileges when the executor starts
//! and executes nothing (PostgreSQL source, `execMain.c`, `InitPlan`). Definitions run for real in a
//! transaction that is rolled back, and only those whose work is undone with it.

use crate::domain::sql::classify::{Block, classify};
use crate::domain::sql::keywords::is_keyword;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// The texts to send, in order, or why it cannot be tried.
pub type Trial = Result<Vec<String>, &'static str>;

/// How to try one statement.
pub fn trial(sql: &str) -> Trial {
    if classify(sql).block == Block::Refused {
        return Err("the statement refuses to run in a transaction block");
    }
    let words: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let first = word(sql, &words, 0);
    let executes = ["nextval", "setval", "serial", "bigserial", "smallserial"];
    let has = |wanted: &str| words.iter().any(|token| token.is(sql, wanted));
    match first.as_str() {
        "select" | "insert" | "update" | "delete" | "merge" | "with" | "values" | "table" => {
            Ok(vec![explain(sql)])
        }
        "(" => Ok(vec![explain(sql)]),
        "explain" => query_in(sql, &words).map_or(Err("nothing in it can be planned"), |query| {
            Ok(vec![explain(query)])
        }),
        "copy" => copy(sql, &words),
        "refresh" if has("data") => Ok(vec![sql.to_owned()]),
        "refresh" => Ok(vec![format!("{sql} WITH NO DATA")]),
        "create" if creates_from_query(sql, &words) => {
            let shape = if has("data") {
                return Err("it would run its query");
            } else {
                format!("{sql} WITH NO DATA")
            };
            Ok(vec![explain(sql), shape])
        }
        "create" if has("extension") => Err("it runs a script of its own"),
        "alter" if executes.iter().any(|name| has(name)) => {
            Err("it would draw values from a sequence")
        }
        "create" | "alter" | "drop" | "comment" | "grant" | "revoke" | "lock" | "set" | "reset"
        | "security" | "reassign" => Ok(vec![sql.to_owned()]),
        // What no command begins with, the server refuses before anything happens.
        unknown if !is_keyword(unknown) => Ok(vec![sql.to_owned()]),
        _ => Err("trying it could have effects that no rollback undoes"),
    }
}

/// The lower-case text of one token.
#[must_use]
pub fn word(sql: &str, words: &[Token], at: usize) -> String {
    words
        .get(at)
        .map(|token| token.text(sql).to_lowercase())
        .unwrap_or_default()
}

fn explain(sql: &str) -> String {
    format!("EXPLAIN (VERBOSE, COSTS OFF) {sql}")
}

/// From the first word that begins a query, so that EXPLAIN ANALYZE never analyses.
fn query_in<'a>(sql: &'a str, words: &[Token]) -> Option<&'a str> {
    let begins = [
        "select", "insert", "update", "delete", "merge", "with", "values", "create",
    ];
    let token = words
        .iter()
        .find(|token| begins.iter().any(|begin| token.is(sql, begin)))?;
    sql.get(token.start..)
}

/// `CREATE TABLE … AS` and `CREATE MATERIALIZED VIEW` run a query.
fn creates_from_query(sql: &str, words: &[Token]) -> bool {
    let materialized = word(sql, words, 1) == "materialized";
    let table = words.iter().take(4).any(|token| token.is(sql, "table"));
    let query = words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        first.is(sql, "as")
            && (second.text(sql) == "("
                || ["select", "with", "values", "table"]
                    .iter()
                    .any(|begin| second.is(sql, begin)))
    });
    materialized || (table && query)
}

/// COPY asks for the same privileges as a SELECT or INSERT of the same columns (`copy.c`, `DoCopy`).
fn copy(sql: &str, words: &[Token]) -> Trial {
    let Some(direction) = words
        .iter()
        .position(|token| token.is(sql, "to") || token.is(sql, "from"))
    else {
        return Err("it is no COPY the server knows");
    };
    let target = words.get(direction + 1);
    if !target.is_some_and(|token| token.is(sql, "stdin") || token.is(sql, "stdout")) {
        return Err("it reads or writes a file of the server");
    }
    let (Some(from), Some(to)) = (words.get(1), words.get(direction)) else {
        return Err("it is no COPY the server knows");
    };
    let what = sql.get(from.start..to.start).unwrap_or_default().trim();
    if from.text(sql) == "(" {
        return Ok(vec![explain(what)]);
    }
    let open = words.iter().position(|token| token.text(sql) == "(");
    let Some(open) = open.filter(|open| *open < direction) else {
        return if to.is(sql, "to") {
            Ok(vec![explain(&format!("TABLE {what}"))])
        } else {
            Err("a COPY that fills every column has no plan to look at")
        };
    };
    let start = words.get(open).map_or(0, |token| token.start);
    let table = sql.get(from.start..start).unwrap_or_default();
    let columns = sql.get(start..to.start).unwrap_or_default().trim();
    let columns = columns.trim_start_matches('(').trim_end_matches(')');
    if to.is(sql, "to") {
        return Ok(vec![explain(&format!("SELECT {columns} FROM {table}"))]);
    }
    let commas = words
        .iter()
        .take(direction)
        .filter(|token| token.text(sql) == ",")
        .count();
    let nulls = vec!["NULL"; commas + 1].join(", ");
    Ok(vec![explain(&format!(
        "INSERT INTO {table} ({columns}) VALUES ({nulls})"
    ))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_touches_rows_is_executed() {
        for sql in [
            "select 1",
            "EXPLAIN ANALYZE delete from t",
            "copy t (a) to stdout",
        ] {
            let texts = trial(sql).unwrap();
            assert!(
                texts
                    .iter()
                    .all(|text| text.starts_with("EXPLAIN (VERBOSE, COSTS OFF)")),
                "{texts:?}"
            );
            assert!(!texts.concat().contains("ANALYZE"));
        }
    }

    #[test]
    fn what_no_rollback_undoes_is_not_tried() {
        for sql in [
            "call p()",
            "do $$ begin end $$",
            "vacuum t",
            "commit",
            "copy t to '/x'",
        ] {
            assert!(trial(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn copy_from_asks_for_the_columns_it_fills() {
        assert_eq!(
            trial("copy s.t (a, b) from stdin").unwrap(),
            ["EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO s.t  (a, b) VALUES (NULL, NULL)"]
        );
    }
}

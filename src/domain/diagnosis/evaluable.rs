//! Calls that look for themselves when they run and may be run to find out: they read catalogs and
//! settings, and a rollback undoes what they do besides.
//!
//! Source: PostgreSQL source, `be-fsstubs.c` (privileges are looked at when a large object is
//! opened), `guc_funcs.c`, `ruleutils.c`, `acl.c`, `dbsize.c`, `sequence.c`.

use crate::domain::ident;
use crate::domain::sql::lexer::{Token, TokenKind};
use crate::domain::sql::words::{Words, closing};

/// Functions that are called as they stand.
const HARMLESS: [&str; 9] = [
    "pg_get_serial_sequence",
    "current_setting",
    "set_config",
    "row_security_active",
    "pg_sequence_last_value",
    "pg_sequence_parameters",
    "pg_database_size",
    "pg_tablespace_size",
    "pg_get_viewdef",
];

/// Functions that begin by opening a large object, and the mode in which they do (`libpq-fs.h`,
/// `INV_READ` and `INV_WRITE`).
const OPENING: [(&str, &str); 2] = [("lo_get", "262144"), ("lo_put", "131072")];

/// Words that are constants.
const CONSTANT: [&str; 3] = ["true", "false", "null"];

/// The calls in a statement whose arguments are constants, as queries of their own.
#[must_use]
pub fn evaluable(sql: &str) -> Vec<String> {
    let words = Words::of(sql).all;
    let mut found = Vec::new();
    for at in 0..words.len() {
        if let Some(query) = query(sql, &words, at)
            && !found.contains(&query)
        {
            found.push(query);
        }
    }
    found
}

/// What a whole query is wrapped in to be run for what it refuses: every value is worked out, and none
/// is sent.
const WORKED_OUT: &str = "SELECT pg_catalog.count(looked.*) FROM (";

/// Whether a text is a statement's own query that is run.
#[must_use]
pub fn is_worked_out(text: &str) -> bool {
    text.starts_with(WORKED_OUT)
}

/// The whole query, where one of the calls depends on the rows: which values it is made for, and whether
/// it is made at all, only the query itself tells. That it reads catalogs alone is for who runs it to
/// know.
#[must_use]
pub fn worked_out(sql: &str) -> Option<String> {
    let words = Words::of_statement(sql);
    let does = ["insert", "update", "delete", "merge", "into", "for"];
    let given = |at: usize| words.text(at).starts_with('$');
    let all = 0..words.len();
    if !words.is_any(0, &["select", "with"]) || words.has_any(&does) || all.clone().any(given) {
        return None;
    }
    let mut open = false;
    for at in all.filter(|at| words.text(at + 1) == "(") {
        let Some(name) = words.name(at) else { continue };
        if at > 1 && words.text(at - 1) == "." && !words.is(at - 2, "pg_catalog") {
            return None;
        }
        open |= is_harmless(&name) && query(sql, &words.all, at).is_none();
    }
    open.then(|| format!("{WORKED_OUT}{}) AS looked", words.span(0, words.len())))
}

/// Whether a function may be run to find out though it is volatile.
#[must_use]
pub fn is_harmless(function: &str) -> bool {
    HARMLESS.contains(&function) && function != "set_config"
}

/// The query that makes the call at a word.
fn query(sql: &str, words: &[Token], at: usize) -> Option<String> {
    let text = |at: usize| words.get(at).map_or("", |token| token.text(sql));
    let name = ident::parts(text(at))?.pop()?;
    let foreign = at > 1 && text(at - 1) == "." && !text(at - 2).eq_ignore_ascii_case("pg_catalog");
    if foreign || text(at + 1) != "(" {
        return None;
    }
    let end = closing(sql, words, at + 1)?;
    let arguments = words.get(at + 2..end)?;
    if !(at + 2..end).all(|at| is_constant(sql, words, at)) {
        return None;
    }
    let span = sql.get(words.get(at + 1)?.end..words.get(end)?.start)?;
    if let Some((_, mode)) = OPENING.iter().find(|(opening, _)| *opening == name) {
        let comma = arguments.iter().find(|token| token.text(sql) == ",");
        let oid = match comma {
            Some(comma) => sql.get(words.get(at + 1)?.end..comma.start)?,
            None => span,
        };
        return Some(format!("SELECT pg_catalog.lo_open({}, {mode})", oid.trim()));
    }
    let asks = name.starts_with("has_") && name.ends_with("_privilege");
    let looks = name.starts_with("to_reg") || name == "lo_open";
    let harmless = asks || looks || HARMLESS.contains(&name.as_str());
    // What others are judged by stays as it is.
    let steers = name == "set_config" && {
        let parameter = text(at + 2).trim_matches('\'').to_lowercase();
        parameter == "role"
            || parameter == "session_authorization"
            || parameter.ends_with("_timeout")
    };
    (harmless && !steers).then(|| format!("SELECT pg_catalog.{name}({span})"))
}

/// Whether a word is a constant, or what a constant is cast to.
fn is_constant(sql: &str, words: &[Token], at: usize) -> bool {
    let Some(token) = words.get(at) else {
        return false;
    };
    let text = token.text(sql);
    match token.kind {
        TokenKind::String | TokenKind::Number => true,
        TokenKind::Operator | TokenKind::Punctuation => ["::", ":", ",", "-"].contains(&text),
        TokenKind::Keyword | TokenKind::Identifier => {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            CONSTANT.contains(&text.to_lowercase().as_str())
                || before.is_some_and(|token| token.text(sql).ends_with(':'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_with_constants_become_queries() {
        for (sql, queries) in [
            (
                "select setval(pg_get_serial_sequence('s.t', 'id'), 10)",
                &["SELECT pg_catalog.pg_get_serial_sequence('s.t', 'id')"][..],
            ),
            (
                "SELECT loread(lo_open(1001, x'40000'::int), 32)",
                &["SELECT pg_catalog.lo_open(1001, x'40000'::int)"],
            ),
            (
                "select lo_get(7, 0, 9), lo_put(8, 0, 'x')",
                &[
                    "SELECT pg_catalog.lo_open(7, 262144)",
                    "SELECT pg_catalog.lo_open(8, 131072)",
                ],
            ),
            (
                "select pg_catalog.set_config('work_mem', '1MB', false)",
                &["SELECT pg_catalog.set_config('work_mem', '1MB', false)"],
            ),
        ] {
            assert_eq!(evaluable(sql), queries, "{sql}");
        }
    }

    #[test]
    fn calls_that_depend_on_rows_are_run_with_their_query() {
        assert_eq!(
            worked_out("select pg_database_size(d.oid) from pg_database d -- all").as_deref(),
            Some(
                "SELECT pg_catalog.count(looked.*) FROM (select pg_database_size(d.oid) from \
                 pg_database d) AS looked"
            )
        );
        assert!(is_worked_out(
            &worked_out("select current_setting(x) from y").unwrap()
        ));
        for sql in [
            "select pg_database_size('c') from pg_database",
            "select datname from pg_database",
            "select pg_database_size(oid) into t from pg_database",
            "select mine.f(oid), pg_database_size(oid) from pg_database",
            "insert into t select pg_database_size(oid) from pg_database",
        ] {
            assert_eq!(worked_out(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_is_no_constant_or_could_do_harm_is_left_alone() {
        for sql in [
            "select lo_get(oid) from t",
            "select mine.current_setting('x')",
            "select set_config('role', 'other', false)",
            "select setval('s.q', 3), lo_unlink(3), pg_terminate_backend(4)",
            "select current_setting($1)",
            "select lo_get(7",
        ] {
            assert_eq!(evaluable(sql), Vec::<String>::new(), "{sql}");
        }
    }
}

//! The texts of bodies: where they stand, what language they speak, what of them is known.

use super::touched::RowsOf;
use crate::domain::diagnosis::trial::{EXPLAIN, trial, word_at};
use crate::domain::sql::lexer::{TokenKind, tokens};
use crate::domain::sql::words::literal;

/// The bodies of DO blocks.
pub(super) fn blocks(statement: &str) -> Vec<String> {
    let words = tokens(statement);
    if !words.first().is_some_and(|token| token.is(statement, "do")) {
        return Vec::new();
    }
    words
        .iter()
        .filter(|token| token.kind == TokenKind::String)
        .map(|token| literal(token.text(statement)))
        .collect()
}

/// What is told about a routine: its OID, name, whether it runs as its owner, the owner, its text,
/// the search path it sets for itself, and its language.
pub(super) const ROUTINE: &str = "p.oid, p.proname, p.prosecdef, pg_catalog.pg_get_userbyid(p.proowner), \
     CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN coalesce(nullif(p.prosrc, ''), pg_catalog.pg_get_functiondef(p.oid)) END, \
     (SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'), l.lanname";

/// What a function keeps parsed, as plain SQL, from its definition as the server writes it.
pub(super) fn kept_parsed(definition: &str) -> Option<String> {
    if !definition.starts_with("CREATE OR REPLACE") {
        return None;
    }
    if let Some((_, body)) = definition.split_once("\nBEGIN ATOMIC\n") {
        return body.rsplit_once("END").map(|(body, _)| body.to_owned());
    }
    let (_, value) = definition.split_once("\nRETURN ")?;
    Some(format!("SELECT {value}"))
}

/// Whether a text has parameters, `$1`, that are given when it runs.
pub(super) fn has_parameters(text: &str) -> bool {
    let mut words = tokens(text).into_iter();
    words.any(|token| token.kind == TokenKind::Parameter)
}

/// The query of EXPLAIN, DECLARE and COPY, which a body may execute like any other.
pub(super) fn query_within(statement: &str, major: u32) -> Option<String> {
    if !["explain", "declare", "copy"].contains(&word_at(statement, 0).as_str()) {
        return None;
    }
    let texts = trial(statement, major).ok()?;
    Some(texts.first()?.strip_prefix(EXPLAIN)?.to_owned())
}

/// The text of a body.
pub(super) enum Text {
    /// Plain SQL.
    Sql(String),
    /// The same where it is kept parsed: its names were looked up when it was made.
    Parsed(String),
    /// PL/pgSQL; what fires it, where it is a trigger's, and what it is
    /// given.
    Procedural {
        text: String,
        event: Option<&'static str>,
        arguments: Option<String>,
        rows: Option<RowsOf>,
    },
}

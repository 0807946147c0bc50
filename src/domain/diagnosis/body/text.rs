//! Texts of statements inside a body: what kind they are of.

use super::{BEGINNINGS, is_name};
use crate::domain::sql::lexer::{TokenKind, tokens};
use crate::domain::sql::words::literal;

/// The text that an expression is, where it is one literal.
pub(super) fn constant(expression: &str) -> Option<String> {
    let bare = expression.trim_matches(['(', ')', ' ', '\n', '\t']);
    match tokens(bare).as_slice() {
        [only] if only.kind == TokenKind::String => Some(literal(bare)),
        _ => None,
    }
}

/// Words that begin what can only be executed as a text: in a body of its own they mean something else, or
/// nothing.
const EXECUTED: [&str; 3] = ["explain", "declare", "copy"];

/// Whether a text begins as a statement of SQL.
pub(super) fn begins(text: &str) -> bool {
    tokens(text)
        .into_iter()
        .find(|token| token.kind != TokenKind::Comment)
        .is_some_and(|first| {
            let mut words = BEGINNINGS.iter().chain(&EXECUTED);
            words.any(|word| first.is(text, word))
        })
}

/// Functions that change no rows, and words before a parenthesis that call nothing.
const READING: [&str; 33] = [
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "array_agg",
    "string_agg",
    "bool_and",
    "bool_or",
    "exists",
    "in",
    "any",
    "all",
    "and",
    "or",
    "not",
    "where",
    "from",
    "as",
    "on",
    "values",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "now",
    "lower",
    "upper",
    "length",
    "format",
    "quote_ident",
    "quote_literal",
    "to_regclass",
];

/// Whether a statement may change rows.
pub(super) fn writes(text: &str) -> bool {
    let words = tokens(text);
    let reads = ["select", "values"]
        .iter()
        .any(|word| words.first().is_some_and(|first| first.is(text, word)));
    let calls = words.windows(2).any(|pair| {
        let [name, open] = pair else { return false };
        let known = READING
            .iter()
            .any(|known| name.text(text).eq_ignore_ascii_case(known));
        open.text(text) == "(" && is_name(*name) && !known
    });
    !reads || calls
}

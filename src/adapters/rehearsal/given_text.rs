//! Functions that run a query they are given as text, or read a table they are given by name.
//!
//! Source: PostgreSQL documentation, "XML Functions", "Text Search Functions"; of the extensions
//! `tablefunc.c` (`build_tuplestore_recursively`) and `xml2/xpath.c` (`xpath_table`).

use super::checked;
use super::need::Need;
use super::stage::Stage;
use crate::domain::diagnosis::checked::{arguments_of, calls_with_text};
use crate::domain::diagnosis::trial::word_at;
use crate::domain::failure::Failure;
use crate::domain::sql::lexer::{TokenKind, tokens};
use crate::domain::sql::words::literal;

/// Functions that run a query, by how their names begin.
const RUN_TEXT: [&str; 5] = [
    "query_to_xml",
    "ts_stat",
    "ts_rewrite",
    "crosstab",
    "table_to_xml",
];

/// Functions that put a query together from names.
const PUT_TOGETHER: [&str; 2] = ["connectby", "xpath_table"];

/// Queries of one call that are looked into at most.
const MOST_QUERIES: usize = 50;

/// What a statement gives such functions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) queries: Vec<String>,
    /// What is known only when it runs.
    pub(super) unknown: Vec<String>,
}

/// Queries that functions are given as text.
pub(super) fn queries_in(statement: &str) -> Given {
    let words = tokens(statement);
    let mut given = Given::default();
    for (at, name) in words.iter().enumerate() {
        let called = words
            .get(at + 1)
            .is_some_and(|open| open.text(statement) == "(");
        let function = name.text(statement).to_lowercase();
        if !called {
            continue;
        }
        if PUT_TOGETHER.contains(&function.as_str()) {
            match put_together(statement, &function) {
                Some(query) => given.queries.push(query),
                None => given.unknown.push(format!(
                    "which table {function} reads is known only when it runs"
                )),
            }
        }
        if !RUN_TEXT.iter().any(|runs| function.starts_with(runs)) {
            continue;
        }
        let mut depth = 0_i32;
        for text in words.iter().skip(at + 2) {
            match text.text(statement) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                break;
            }
            // What is in further parentheses is made into something else.
            if text.kind != TokenKind::String || depth > 0 {
                continue;
            }
            let text = literal(text.text(statement));
            if function.starts_with("table_to_xml") {
                given.queries.push(format!("select * from {text}"));
                break;
            }
            if ["select", "with", "values"].contains(&word_at(&text, 0).as_str()) {
                given.queries.push(text);
            }
        }
    }
    given
}

/// Queries that are put together when the functions are called.
pub(super) async fn put_together_in(
    stage: &Stage<'_>,
    granted: &[Need],
    statement: &str,
) -> Result<Given, Failure> {
    let mut given = Given::default();
    for call in calls_with_text(statement, &RUN_TEXT) {
        let Some(texts) = checked::texts(stage, granted, &call).await? else {
            given.unknown.push(format!(
                "which query {} runs is known only when it runs",
                call.function
            ));
            continue;
        };
        let named = call.function.starts_with("table_to_xml");
        let queries = texts.into_iter().take(MOST_QUERIES).map(|text| {
            if named {
                format!("select * from {text}")
            } else {
                text
            }
        });
        given.queries.extend(queries);
    }
    Ok(given)
}

/// The query that a function makes of constant names.
fn put_together(statement: &str, function: &str) -> Option<String> {
    let arguments = arguments_of(statement, function)?;
    let constant = |at: usize| {
        let text = arguments.get(at)?;
        match tokens(text).as_slice() {
            [only] if only.kind == TokenKind::String => Some(literal(only.text(text))),
            _ => None,
        }
    };
    if function == "xpath_table" {
        let (key, document, relation) = (constant(0)?, constant(1)?, constant(2)?);
        let condition = constant(4)?;
        return Some(format!(
            "SELECT {key}, {document} FROM {relation} WHERE {condition}"
        ));
    }
    let (relation, key, parent) = (constant(0)?, constant(1)?, constant(2)?);
    // With a column to sort by, what it starts from comes fifth and the depth is a number behind it.
    let sorted = constant(3)
        .filter(|_| constant(4).is_some())
        .map(|order| format!(" ORDER BY {order}"))
        .unwrap_or_default();
    Some(format!(
        "SELECT {key}, {parent} FROM {relation} WHERE {parent} IS NOT NULL{sorted}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_put_together_from_constant_names() {
        let queries = |sql: &str| queries_in(sql).queries;
        assert_eq!(
            queries("select * from connectby('s.tree', 'id', 'up', '1', 0) as t(a text)"),
            ["SELECT id, up FROM s.tree WHERE up IS NOT NULL"]
        );
        assert_eq!(
            queries("select * from x.connectby('tree', 'id', 'up', 'pos', '1', 0, '~')"),
            ["SELECT id, up FROM tree WHERE up IS NOT NULL ORDER BY pos"]
        );
        assert_eq!(
            queries("select * from xpath_table('id', 'x', 'd', '/a', 'k = ''b''') as t(i int)"),
            ["SELECT id, x FROM d WHERE k = 'b'"]
        );
        assert_eq!(
            queries("select query_to_xml('select a from t', true, true, '')"),
            ["select a from t"]
        );
        let from_rows = queries_in("select connectby(n, 'id', 'up', '1', 0) from names");
        assert_eq!(from_rows.queries, Vec::<String>::new());
        assert_eq!(
            from_rows.unknown,
            ["which table connectby reads is known only when it runs"]
        );
    }
}

//! The pieces of a DELETE.

use super::Reader;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::Words;

/// `DELETE FROM … USING … WHERE …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The parts of the name of what rows are deleted from.
    pub relation: Vec<String>,
    /// What it is called in the conditions.
    pub called: String,
    /// What stands behind it in the FROM of a query of its rows: `, other WHERE …`.
    pub rest: String,
}

/// Reads a statement; `None` where it is no DELETE or its rows cannot be told from its text.
#[must_use]
pub fn deletion(sql: &str) -> Option<Deletion> {
    let reader = Reader {
        words: Words::of_statement(sql),
    };
    let words = &reader.words;
    let given = |token: &crate::domain::sql::lexer::Token| token.kind == TokenKind::Parameter;
    if !words.is(0, "delete") || !words.is(1, "from") || words.all.iter().any(given) {
        return None;
    }
    let (relation, at) = reader.name(2)?;
    let behind = reader.outside(at, &["using", "where", "returning"]);
    let called = reader.alias(at, behind, &relation)?;
    let end = reader.outside(behind, &["returning"]);
    let rest = if words.is(behind, "using") {
        format!(", {}", words.span(behind + 1, end))
    } else {
        words.span(behind, end).to_owned()
    };
    Some(Deletion {
        relation,
        called,
        rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_delete_are_told() {
        let told = |sql: &str| deletion(sql).map(|told| (told.called, told.rest));
        let some = |called: &str, rest: &str| Some((called.to_owned(), rest.to_owned()));
        for (sql, wanted) in [
            ("delete from s.t", some("t", "")),
            (
                "delete from only s.t as x where a = 1 returning b",
                some("x", "where a = 1"),
            ),
            (
                "delete from t x using u, v where x.a = u.a",
                some("x", ", u, v where x.a = u.a"),
            ),
            ("delete from t where a = $1", None),
            ("select 1", None),
        ] {
            assert_eq!(told(sql), wanted, "{sql}");
        }
    }
}

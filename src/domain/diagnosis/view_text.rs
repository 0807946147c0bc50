//! A simple view's query, read from the text that the server prints of it.

use crate::domain::ident;
use crate::domain::sql::lexer::Token;
use crate::domain::sql::words::Words;

/// `SELECT list FROM relation …` over one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewText {
    /// All of it.
    pub whole: String,
    /// What stands between SELECT and FROM.
    pub list: String,
    /// From FROM on.
    pub rest: String,
    /// The name's parts of the relation.
    pub under: Vec<String>,
    /// What the relation is called in the query.
    pub called: String,
    /// The view's columns.
    pub columns: Vec<ViewColumn>,
}

/// One column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumn {
    /// What it is called.
    pub name: String,
    /// The column of the relation that it is; `None` where it is computed.
    pub from: Option<String>,
}

impl ViewText {
    /// The relation's column behind one of the view's.
    #[must_use]
    pub fn from(&self, column: &str) -> Option<String> {
        self.columns
            .iter()
            .find(|known| known.name == column)?
            .from
            .clone()
    }
}

/// Reads it; `None` where it is not over one relation alone.
#[must_use]
pub fn view_text(sql: &str) -> Option<ViewText> {
    let words = Words::of_statement(sql);
    let text = |at: usize| words.text(at);
    let is = |at: usize, word: &str| words.is(at, word);
    if !is(0, "select") || is(1, "distinct") {
        return None;
    }
    let mut depth = 0_i32;
    let mut commas = Vec::new();
    let from = (1..words.len()).find(|at| {
        match text(*at) {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => commas.push(*at),
            _ => {}
        }
        depth == 0 && is(*at, "from")
    })?;
    let mut under = ident::parts(text(from + 1))?;
    let mut at = from + 2;
    while is(at, ".") {
        under.extend(ident::parts(text(at + 1))?);
        at += 2;
    }
    let called = if at < words.len() && !is(at, "where") {
        text(at).to_owned()
    } else {
        ident::quoted(under.last()?).into_owned()
    };
    let end = at + usize::from(at < words.len() && !is(at, "where"));
    if end < words.len() && !is(end, "where") {
        return None;
    }
    let mut columns = Vec::new();
    let mut start = 1;
    for comma in commas.into_iter().chain([from]) {
        columns.push(column(sql, words.all.get(start..comma)?)?);
        start = comma + 1;
    }
    let span = |from: usize, to: Option<usize>| {
        let start = words.get(from)?.start;
        let end = to.map_or(Some(sql.len()), |at| Some(words.get(at)?.start))?;
        Some(sql.get(start..end)?.trim().to_owned())
    };
    Some(ViewText {
        whole: sql.to_owned(),
        list: span(1, Some(from))?,
        rest: span(from, None)?,
        under,
        called,
        columns,
    })
}

/// `relation.column AS name`, `column`, or an expression with a name.
fn column(sql: &str, words: &[Token]) -> Option<ViewColumn> {
    let last = words.last()?;
    let name = ident::parts(last.text(sql)).and_then(|mut parts| parts.pop())?;
    let named = words
        .len()
        .checked_sub(2)
        .and_then(|at| words.get(at))
        .is_some_and(|token| token.is(sql, "as"));
    let expression = if named {
        words.get(..words.len() - 2)?
    } else {
        words
    };
    let from = match expression {
        [column] => ident::parts(column.text(sql)),
        [_, dot, column] if dot.text(sql) == "." => ident::parts(column.text(sql)),
        _ => None,
    };
    Some(ViewColumn {
        name,
        from: from.and_then(|mut parts| parts.pop()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_over_one_relation_is_read() {
        let sql = " SELECT id,\n    a AS label,\n    (b || 'x'::text) AS \"B\"\n   FROM s.t\n  WHERE (id > 5)";
        let Some(text) = view_text(sql) else {
            panic!("it is a view of one relation");
        };
        assert_eq!(text.under, ["s", "t"]);
        assert_eq!(text.called, "t");
        assert_eq!(text.from("label").as_deref(), Some("a"));
        assert_eq!(text.from("B"), None);
        assert_eq!(text.rest, "FROM s.t\n  WHERE (id > 5)");
        let called = view_text("SELECT x.id FROM t x").map(|text| text.called);
        assert_eq!(called.as_deref(), Some("x"));
    }

    #[test]
    fn views_over_more_are_left_alone() {
        for sql in [
            "SELECT t.id FROM t JOIN u ON t.id = u.id",
            "SELECT t.id FROM t, u",
            "SELECT DISTINCT id FROM t",
            "SELECT id FROM t GROUP BY id",
        ] {
            assert_eq!(view_text(sql), None, "{sql}");
        }
    }
}

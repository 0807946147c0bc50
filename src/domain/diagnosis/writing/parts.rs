//! A statement whose WITH writes, as statements of their own.

use crate::domain::ident;
use crate::domain::sql::words::Words;

/// One of the writes that a statement is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The queries that it reads by name: `WITH a AS (…)`; empty without. `None` where it reads what
    /// another write returns.
    pub with: Option<String>,
    /// Itself.
    pub statement: String,
}

struct Named {
    name: String,
    /// `name (columns) AS (query)`.
    whole: (usize, usize),
    /// The words of the query.
    body: (usize, usize),
    writes: bool,
}

const WRITES: [&str; 4] = ["insert", "update", "delete", "merge"];

/// The writes of a statement, in order; itself where no WITH begins it.
///
/// Source: PostgreSQL documentation, "Data-Modifying Statements in WITH".
#[must_use]
pub fn parts(sql: &str) -> Vec<Part> {
    let words = Words::of_statement(sql);
    let itself = || {
        vec![Part {
            with: Some(String::new()),
            statement: sql.to_owned(),
        }]
    };
    if !words.is(0, "with") {
        return itself();
    }
    let Some((all, main)) = named(&words) else {
        return itself();
    };
    let mut writes: Vec<(usize, usize)> = all
        .iter()
        .filter(|named| named.writes)
        .map(|named| named.body)
        .collect();
    if words.is_any(main, &WRITES) {
        writes.push((main, words.len()));
    }
    let names = |(from, to): (usize, usize), named: &Named| {
        (from..to).any(|at| {
            ident::parts(words.text(at)).is_some_and(|parts| parts == [named.name.as_str()])
        })
    };
    let reads_a_write = |span| {
        all.iter()
            .any(|named| named.writes && named.body != span && names(span, named))
    };
    let read: Vec<&str> = all
        .iter()
        .filter(|named| !named.writes && !reads_a_write(named.body))
        .map(|named| words.span(named.whole.0, named.whole.1))
        .collect();
    let recursive = if words.is(1, "recursive") {
        "RECURSIVE "
    } else {
        ""
    };
    let with = if read.is_empty() {
        String::new()
    } else {
        format!("WITH {recursive}{}", read.join(", "))
    };
    let hidden = |span| {
        reads_a_write(span)
            || all
                .iter()
                .any(|named| !named.writes && names(span, named) && reads_a_write(named.body))
    };
    writes
        .into_iter()
        .map(|span| Part {
            with: (!hidden(span)).then(|| with.clone()),
            statement: words.span(span.0, span.1).to_owned(),
        })
        .collect()
}

/// What WITH names, and where the statement behind it begins.
fn named(words: &Words<'_>) -> Option<(Vec<Named>, usize)> {
    let mut all = Vec::new();
    let mut at = 1 + usize::from(words.is(1, "recursive"));
    loop {
        let start = at;
        let name = ident::parts(words.text(at))?.pop()?;
        at += 1;
        if words.is(at, "(") {
            at = words.closing(at)? + 1;
        }
        if !words.is(at, "as") {
            return None;
        }
        at += 1;
        while words.is_any(at, &["not", "materialized"]) {
            at += 1;
        }
        if !words.is(at, "(") {
            return None;
        }
        let close = words.closing(at)?;
        let body = (at + 1, close);
        all.push(Named {
            name,
            whole: (start, close + 1),
            body,
            writes: words.is_any(body.0, &WRITES),
        });
        at = close + 1;
        if !words.is(at, ",") {
            return Some((all, at));
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sql: &str) -> Vec<(Option<String>, String)> {
        parts(sql)
            .into_iter()
            .map(|part| (part.with, part.statement))
            .collect()
    }

    #[test]
    fn each_write_stands_alone() {
        let own = |sql: &str| (Some(String::new()), sql.to_owned());
        assert_eq!(told("update t set a = 1;"), [own("update t set a = 1;")]);
        assert_eq!(
            told("with w as (insert into t values (1) returning a) select * from w"),
            [own("insert into t values (1) returning a")]
        );
        let with = "WITH a (x) as (select 1), b as materialized (select x from a)".to_owned();
        assert_eq!(
            told(
                "with a (x) as (select 1), b as materialized (select x from a), gone as (delete from u returning id) \
                 insert into t select x from b"
            ),
            [
                (Some(with.clone()), "delete from u returning id".to_owned()),
                (Some(with), "insert into t select x from b".to_owned()),
            ]
        );
    }

    #[test]
    fn rows_of_another_write_are_not_known_before() {
        assert_eq!(
            told("with gone as (delete from u returning id) insert into t select id from gone"),
            [
                (Some(String::new()), "delete from u returning id".to_owned()),
                (None, "insert into t select id from gone".to_owned()),
            ]
        );
    }
}

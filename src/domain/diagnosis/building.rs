//! What building an index or gathering statistics works out for the rows of a table.

use super::heirs::{Deed, Names, reaching};
use super::maintained::maintained;
use crate::domain::sql::words::Words;

/// What a statement works out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Building {
    /// The expressions and conditions of the indexes that are there.
    Indexes(Vec<Vec<String>>),
    /// The same of those that look at one column of a table, whose type changes.
    Retyped(Vec<String>, String),
    /// The expressions of indexes and of statistics objects.
    Samples(Vec<Vec<String>>),
    /// What a new index is made of.
    New(NewIndex),
}

/// An index that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    /// The name of the table.
    pub relation: Vec<String>,
    /// Its expressions; columns are left out.
    pub expressions: Vec<String>,
    /// Which rows it holds.
    pub condition: Option<String>,
}

/// Reads a statement. VACUUM alone only removes entries; ANALYZE of some columns looks at no index
/// (PostgreSQL source, `analyze.c`, `do_analyze_rel`).
#[must_use]
pub fn building(statement: &str) -> Option<Building> {
    let words = Words::of_statement(statement);
    let named = |columns_matter: bool| -> Vec<Vec<String>> {
        maintained(statement)
            .into_iter()
            .filter(|one| one.kind == "table" && !(columns_matter && one.names_columns()))
            .map(|one| one.name)
            .collect()
    };
    match words.lower(0).as_str() {
        "create" => new_index(&words).map(Building::New),
        "alter" => {
            let changed = reaching(statement, Names::Only)?;
            let column = changed.deeds.into_iter().find_map(|deed| match deed {
                Deed::Retype(column) => Some(column),
                Deed::Index | Deed::NotNull(_) => None,
            })?;
            Some(Building::Retyped(changed.relation, column))
        }
        "analyze" => Some(Building::Samples(named(true))),
        "vacuum" if asks(&words, "analyze") => Some(Building::Samples(named(true))),
        "vacuum" if !asks(&words, "full") => None,
        "vacuum" | "cluster" | "reindex" => Some(Building::Indexes(named(false))),
        "refresh" => {
            let from = 3 + usize::from(words.is(3, "concurrently"));
            let last = words.len().saturating_sub(1);
            let empties = words.is(last, "data") && words.is(last.saturating_sub(1), "no");
            let (name, _) = words.dotted(from).filter(|_| !empties)?;
            Some(Building::Indexes(vec![name]))
        }
        _ => None,
    }
}

/// Whether VACUUM has an option, in parentheses or before them.
fn asks(words: &Words<'_>, option: &str) -> bool {
    let end = if words.is(1, "(") {
        words.closing(1).unwrap_or_default()
    } else {
        // Without parentheses they come in this order: FULL, FREEZE, VERBOSE, ANALYZE.
        (1..words.len())
            .find(|at| !words.is_any(*at, &["full", "freeze", "verbose", "analyze"]))
            .unwrap_or(words.len())
    };
    (1..end).any(|at| {
        words.is(at, option) && !words.is_any(at + 1, &["false", "off", "0", "'false'", "'off'"])
    })
}

/// `CREATE [UNIQUE] INDEX … ON [ONLY] table [USING method] (elements) … [WHERE condition]`.
fn new_index(words: &Words<'_>) -> Option<NewIndex> {
    let begins = 1 + usize::from(words.is(1, "unique"));
    if !words.is(begins, "index") {
        return None;
    }
    let on = words.find("on")?;
    let (relation, mut at) = words.dotted(on + 1 + usize::from(words.is(on + 1, "only")))?;
    if words.is(at, "using") {
        at += 2;
    }
    let end = words.closing(at).filter(|_| words.is(at, "("))?;
    let mut expressions = Vec::new();
    let mut element = at + 1;
    while element < end {
        let opens = if words.is(element, "(") {
            Some(element)
        } else {
            let (_, behind) = words.dotted(element)?;
            words.is(behind, "(").then_some(behind)
        };
        if let Some(closes) = opens.and_then(|opens| words.closing(opens)) {
            expressions.push(words.span(element, closes + 1).to_owned());
            element = closes;
        }
        while element < end && !words.is(element, ",") {
            element = match words.closing(element).filter(|_| words.is(element, "(")) {
                Some(closes) => closes + 1,
                None => element + 1,
            };
        }
        element += 1;
    }
    let condition = (end..words.len())
        .find(|at| words.is(*at, "where"))
        .map(|at| words.span(at + 1, words.len()).to_owned());
    Some(NewIndex {
        relation,
        expressions,
        condition,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(sql: &str) -> NewIndex {
        match building(sql) {
            Some(Building::New(index)) => index,
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn expressions_are_told_from_columns() {
        let index = new(
            "create unique index concurrently if not exists i on only s.\"My t\" using btree \
             (a, s.f(b, 1) text_ops desc, (c || 'x, y') collate \"C\", d s.ops (len = 3)) where g(a);",
        );
        assert_eq!(index.relation, ["s", "My t"]);
        assert_eq!(index.expressions, ["s.f(b, 1)", "(c || 'x, y')"]);
        assert_eq!(index.condition.as_deref(), Some("g(a)"));
        let plain = new("create index on t (a) include (b)");
        assert!(plain.expressions.is_empty() && plain.condition.is_none());
        assert_eq!(building("create table t (a int)"), None);
    }

    #[test]
    fn only_what_builds_or_samples_works_out() {
        let names = |sql: &str| match building(sql) {
            Some(Building::Indexes(names)) => ("indexes", names.concat()),
            Some(Building::Samples(names)) => ("samples", names.concat()),
            Some(Building::Retyped(name, column)) => ("retyped", vec![name.join("."), column]),
            other => panic!("{sql}: {other:?}"),
        };
        let of = |kind: &'static str, name: &str| (kind, vec![name.to_owned()]);
        assert_eq!(names("reindex (verbose) table t"), of("indexes", "t"));
        assert_eq!(names("cluster t using i"), of("indexes", "t"));
        assert_eq!(names("vacuum (full, analyze false) t"), of("indexes", "t"));
        assert_eq!(names("vacuum full verbose t"), of("indexes", "t"));
        assert_eq!(names("vacuum verbose analyze t"), of("samples", "t"));
        assert_eq!(names("analyze a, b (x)"), of("samples", "a"));
        assert_eq!(
            names("alter table only s.t alter a type text"),
            ("retyped", vec!["s.t".to_owned(), "a".to_owned()])
        );
        assert_eq!(
            names("refresh materialized view concurrently m"),
            of("indexes", "m")
        );
        for sql in [
            "vacuum t",
            "vacuum (full off) t",
            "refresh materialized view m with no data",
        ] {
            assert_eq!(building(sql), None, "{sql}");
        }
    }
}

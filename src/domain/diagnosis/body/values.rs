//! What the variables of a body stand for, followed along its text: each as the expression of constants,
//! arguments and queries that it was last given.

use std::collections::{BTreeMap, BTreeSet};

use super::is_name;
use crate::domain::ident;
use crate::domain::sql::lexer::{Token, tokens};

/// Longer expressions are given up: they would grow with every assignment.
const LONGEST: usize = 4_000;

/// What stands for a value that is not known: a name that nothing has.
const UNKNOWN: &str = "pgiam_unknown";

/// What is known of variables at one place of a body, and of the columns of NEW that were given values:
/// `new.name`, or `new` for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// A variable is given the value of an expression that is told already.
    pub(super) fn assign(&mut self, name: &str, value: &str) {
        if value.len() > LONGEST || value.trim().is_empty() {
            match name.strip_prefix("new.") {
                Some(column) => self.replace_new(Some(column)),
                None => self.forget(name),
            }
        } else {
            let _ = self.0.insert(name.to_owned(), format!("({value})"));
        }
    }

    /// NEW, or one of its columns, is given a value that is not known.
    pub(super) fn replace_new(&mut self, column: Option<&str>) {
        if let Some(column) = column {
            let _ = self.0.insert(format!("new.{column}"), UNKNOWN.to_owned());
        } else {
            self.0.retain(|name, _| !name.starts_with("new."));
            let _ = self.0.insert("new".to_owned(), UNKNOWN.to_owned());
        }
    }

    /// Variables are given the columns of the first row of a query that is told already.
    pub(super) fn select(&mut self, names: &[String], query: &str) {
        let columns: Vec<String> = (1..=names.len())
            .map(|at| format!("pgiam_column_{at}"))
            .collect();
        for (name, column) in names.iter().zip(&columns) {
            let value = format!(
                "(SELECT {column} FROM ({query}) AS pgiam_row({}) LIMIT 1)",
                columns.join(", ")
            );
            if value.len() > LONGEST {
                self.forget(name);
            } else {
                let _ = self.0.insert(name.clone(), value);
            }
        }
        self.found(query);
    }

    /// FOUND tells whether a query has rows.
    pub(super) fn found(&mut self, query: &str) {
        let _ = self
            .0
            .insert("found".to_owned(), format!("(EXISTS ({query}))"));
    }

    /// Nothing is known of a variable any more.
    pub(super) fn forget(&mut self, name: &str) {
        let _ = self.0.remove(name);
    }

    /// The same of many.
    pub(super) fn forget_all(&mut self, names: &BTreeSet<String>) {
        self.0.retain(|name, _| !names.contains(name));
        if names.contains("new") {
            self.replace_new(None);
        }
    }

    /// What is known where several ways meet: what all of them say.
    pub(super) fn meeting(ways: &[Self]) -> Self {
        let mut met = BTreeMap::new();
        for (name, value) in ways.iter().flat_map(|way| &way.0) {
            let same = ways.iter().all(|way| way.0.get(name) == Some(value));
            if same {
                let _ = met.insert(name.clone(), value.clone());
            } else if of_new(name) {
                let _ = met.insert(name.clone(), UNKNOWN.to_owned());
            }
        }
        Self(met)
    }

    /// An expression with the variables replaced by what they stand for.
    pub(super) fn told(&self, expression: &str) -> String {
        let words = tokens(expression);
        let text = |at: usize| words.get(at).map_or("", |token| token.text(expression));
        let changed = self.0.keys().any(|name| of_new(name));
        let mut told = String::new();
        let mut from = 0;
        for (at, word) in words.iter().enumerate() {
            let part = at > 0 && text(at - 1) == ".";
            let other = [".", "(", "=>"].contains(&text(at + 1));
            let (value, last) = if changed && !part && word.is(expression, "new") {
                (
                    self.of_row(expression, words.get(at + 2), text(at + 1)),
                    at + 2,
                )
            } else {
                let value = variable(expression, *word).filter(|_| !part && !other);
                let value = value.and_then(|name| self.0.get(&name)).map(String::as_str);
                (value, at)
            };
            let last = if text(at + 1) == "." { last } else { at };
            if let (Some(value), Some(last)) = (value, words.get(last)) {
                told.push_str(expression.get(from..word.start).unwrap_or_default());
                told.push_str(value);
                from = last.end;
            }
        }
        told.push_str(expression.get(from..).unwrap_or_default());
        told
    }
}

impl Values {
    /// What a column of NEW was given, or NEW as a whole; `None` where it is as it was.
    fn of_row(&self, expression: &str, column: Option<&Token>, between: &str) -> Option<&str> {
        let whole = self.0.get("new").map(String::as_str);
        if between != "." {
            return Some(UNKNOWN);
        }
        match column.and_then(|column| variable(expression, *column)) {
            Some(column) => self
                .0
                .get(&format!("new.{column}"))
                .map(String::as_str)
                .or(whole),
            None => Some(UNKNOWN),
        }
    }
}

/// Whether a name stands for NEW or one of its columns.
fn of_new(name: &str) -> bool {
    name == "new" || name.starts_with("new.")
}

/// The variable that a word may be.
pub(super) fn variable(text: &str, word: Token) -> Option<String> {
    if !is_name(word) {
        return None;
    }
    ident::parts(word.text(text))?.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_for_what_they_were_given() {
        let mut values = Values::default();
        values.assign("t", "'orders'");
        values.assign("q", &values.told("'select 1 from ' || t"));
        assert_eq!(
            values.told("q || x.t || t(1)"),
            "('select 1 from ' || ('orders')) || x.t || t(1)"
        );
        values.select(&["n".to_owned()], "select count(*) from u");
        assert_eq!(
            values.told("n = 0 and not found"),
            "(SELECT pgiam_column_1 FROM (select count(*) from u) AS pgiam_row(pgiam_column_1) LIMIT 1) = 0 \
             and not (EXISTS (select count(*) from u))"
        );
        values.forget("q");
        assert_eq!(values.told("q"), "q");
    }

    #[test]
    fn columns_of_new_stand_for_what_they_were_given() {
        let mut values = Values::default();
        assert_eq!(values.told("new.a + f(new)"), "new.a + f(new)");
        values.assign("new.a", "old.a + 1");
        assert_eq!(
            values.told("new.a + NEW.\"b\" + x.new + f(new)"),
            "(old.a + 1) + NEW.\"b\" + x.new + f(pgiam_unknown)"
        );
        let met = Values::meeting(&[values.clone(), Values::default()]);
        assert_eq!(met.told("new.a, new.b"), "pgiam_unknown, new.b");
        values.replace_new(None);
        assert_eq!(values.told("new.a, new.*"), "pgiam_unknown, pgiam_unknown");
    }

    #[test]
    fn where_ways_meet_only_what_all_say_is_known() {
        let (mut one, mut other) = (Values::default(), Values::default());
        one.assign("a", "1");
        one.assign("b", "2");
        other.assign("a", "1");
        other.assign("b", "3");
        let met = Values::meeting(&[one, other]);
        assert_eq!(met.told("a + b"), "(1) + b");
    }
}

//! What the variables of a body stand for, followed along its text: each as the expression of constants,
//! arguments and queries that it was last given.

use std::collections::{BTreeMap, BTreeSet};

use super::is_name;
use crate::domain::ident;
use crate::domain::sql::lexer::{Token, tokens};

/// Longer expressions are given up: they would grow with every assignment.
const LONGEST: usize = 4_000;

/// What is known of variables at one place of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// A variable is given the value of an expression that is told already.
    pub(super) fn assign(&mut self, name: &str, value: &str) {
        if value.len() > LONGEST || value.trim().is_empty() {
            self.forget(name);
        } else {
            let _ = self.0.insert(name.to_owned(), format!("({value})"));
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
    }

    /// What is known where several ways meet: what all of them say.
    pub(super) fn meeting(ways: &[Self]) -> Self {
        let Some((first, rest)) = ways.split_first() else {
            return Self::default();
        };
        let same = |(name, value): &(&String, &String)| {
            rest.iter().all(|way| way.0.get(*name) == Some(*value))
        };
        Self(
            first
                .0
                .iter()
                .filter(same)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// An expression with the variables replaced by what they stand for.
    pub(super) fn told(&self, expression: &str) -> String {
        let words = tokens(expression);
        let text = |at: usize| words.get(at).map_or("", |token| token.text(expression));
        let mut told = String::new();
        let mut from = 0;
        for (at, word) in words.iter().enumerate() {
            let part = at > 0 && text(at - 1) == ".";
            let other = [".", "(", "=>"].contains(&text(at + 1));
            let value = variable(expression, *word)
                .filter(|_| !part && !other)
                .and_then(|name| self.0.get(&name));
            if let Some(value) = value {
                told.push_str(expression.get(from..word.start).unwrap_or_default());
                told.push_str(value);
                from = word.end;
            }
        }
        told.push_str(expression.get(from..).unwrap_or_default());
        told
    }
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

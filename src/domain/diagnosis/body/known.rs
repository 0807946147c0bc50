//! What is not known of a body before it runs, and what is.

use std::collections::BTreeMap;

/// An expression of constants, arguments and queries whose value would tell more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The expression.
    pub expression: String,
    /// What is made of it.
    pub about: About,
    /// What holds for the rows that come here: conditions that hold for some of them alone.
    pub under: Vec<String>,
}

impl Question {
    /// What its answer is kept under.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.expression, &self.under)
    }
}

/// What an answer about an expression is kept under, for the rows for which some conditions hold.
pub(super) fn key(expression: &str, under: &[String]) -> String {
    if under.is_empty() {
        expression.to_owned()
    } else {
        format!("{expression} WHERE {}", under.join(" AND "))
    }
}

/// What the value of an expression decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Whether something runs.
    Condition,
    /// What runs: the text that EXECUTE is given.
    Text,
}

/// What is known before a body runs.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// What fires it, where it is a trigger's: `INSERT`, `UPDATE` …
    pub event: Option<&'a str>,
    /// Whether conditions hold, by the key of the question.
    pub holds: BTreeMap<String, Holds>,
    /// What EXECUTE is given, by the key of the question.
    pub texts: BTreeMap<String, Given>,
    /// Whether OLD and NEW are rows of tables.
    pub rows: Rows,
}

/// For which rows a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// For all.
    Always,
    /// For none.
    Never,
    /// For some of them.
    ForSome,
}

/// Where the rows that a trigger is fired for come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rows {
    /// The statement gives them.
    #[default]
    Given,
    /// Tables have them.
    There,
}

/// A text that EXECUTE is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// As it will be.
    Whole(String),
    /// Each of these, for one row or another.
    Each(Vec<String>),
    /// With NULL where values are not known.
    WithoutValues(String),
}

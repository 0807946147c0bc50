//! What a row must fulfil to show.

use super::batch::{Cell, RowBatch};
use super::kind::Kind;
use super::order;
use super::pattern::{Pattern, Reading};

/// How a value is compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// Signs of comparisons, the longer ones first.
const SIGNS: [(&str, Comparison); 7] = [
    ("!=", Comparison::Unequal),
    ("<>", Comparison::Unequal),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=", Comparison::Equal),
];

impl Comparison {
    /// Its sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        SIGNS
            .iter()
            .find(|(_, comparison)| *comparison == self)
            .map_or("", |(sign, _)| sign)
    }

    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It has the pattern in it.
    Has(Pattern),
    /// It has not; NULL has nothing in it.
    HasNot(Pattern),
    /// It compares so with a value, as values of its kind do; NULL never does.
    Is {
        /// How.
        comparison: Comparison,
        /// With what.
        value: String,
    },
    /// It is NULL.
    Null,
    /// It is not NULL.
    NotNull,
}

/// What is asked of which values of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column; `None` asks for one value of the row, whichever.
    pub column: Option<usize>,
    /// What is asked.
    pub test: Test,
}

impl Test {
    /// Reads what a person typed: `null`, `not null`, `= x`, `>= 5`, `~ regex`, `!~ regex`, `! text`,
    /// else text that must be in it.
    pub fn read(typed: &str) -> Result<Self, String> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err("type what the rows must have".to_owned());
        }
        match typed.to_ascii_lowercase().as_str() {
            "null" | "is null" => return Ok(Self::Null),
            "not null" | "is not null" | "!null" => return Ok(Self::NotNull),
            _ => {}
        }
        if let Some(expression) = typed.strip_prefix("!~") {
            return Pattern::read(expression.trim(), Reading::Expression).map(Self::HasNot);
        }
        if let Some(expression) = typed.strip_prefix('~') {
            return Pattern::read(expression.trim(), Reading::Expression).map(Self::Has);
        }
        for (sign, comparison) in SIGNS {
            if let Some(value) = typed.strip_prefix(sign) {
                return Ok(Self::Is {
                    comparison,
                    value: unquoted(value.trim()).to_owned(),
                });
            }
        }
        if let Some(text) = typed.strip_prefix('!') {
            return Pattern::read(text.trim(), Reading::Plain).map(Self::HasNot);
        }
        Pattern::read(typed, Reading::Plain).map(Self::Has)
    }

    /// Whether a value of that kind fulfils it.
    #[must_use]
    pub fn holds(&self, kind: Kind, value: Cell<'_>) -> bool {
        match (self, value) {
            (Self::Null, Cell::Null) | (Self::NotNull, Cell::Text(_)) => true,
            (Self::HasNot(_), Cell::Null) => true,
            (Self::Null, Cell::Text(_)) | (_, Cell::Null) => false,
            (Self::Has(pattern), Cell::Text(text)) => pattern.is_in(text),
            (Self::HasNot(pattern), Cell::Text(text)) => !pattern.is_in(text),
            (Self::Is { comparison, value }, Cell::Text(text)) => match comparison {
                // Most values differ from the one asked for in their first bytes.
                Comparison::Equal if text == value => true,
                _ => comparison.holds(order::compare(kind, text, value)),
            },
        }
    }

    /// The words for a title.
    #[must_use]
    pub fn spoken(&self) -> String {
        match self {
            Self::Has(pattern) | Self::HasNot(pattern) => {
                let not = if matches!(self, Self::HasNot(_)) {
                    "!"
                } else {
                    ""
                };
                let sign = match pattern.reading() {
                    Reading::Plain => "",
                    Reading::Expression => "~ ",
                };
                format!("{not}{sign}{}", pattern.words())
            }
            Self::Is { comparison, value } => format!("{} {value}", comparison.sign()),
            Self::Null => "null".to_owned(),
            Self::NotNull => "not null".to_owned(),
        }
    }
}

/// A value in single quotes without them: quotes let a person ask for blanks.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(text)
}

impl Condition {
    /// Whether a row of a batch fulfils it. `kinds` are those of its columns.
    #[must_use]
    pub fn holds(&self, batch: &RowBatch, row: usize, kinds: &[Kind]) -> bool {
        let of = |column: usize| kinds.get(column).copied().unwrap_or(Kind::Text);
        if let Some(column) = self.column {
            return batch
                .cell(row, column)
                .is_some_and(|value| self.test.holds(of(column), value));
        }
        let mut values = batch.row(row).enumerate();
        match &self.test {
            // No value may have it.
            Test::HasNot(_) => values.all(|(column, value)| self.test.holds(of(column), value)),
            _ => values.any(|(column, value)| self.test.holds(of(column), value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(typed: &str, kind: Kind, text: &str) -> bool {
        Test::read(typed).unwrap().holds(kind, Cell::Text(text))
    }

    #[test]
    fn what_is_typed_is_understood() {
        assert!(holds("lind", Kind::Text, "Lindqvist"));
        assert!(!holds("! lind", Kind::Text, "Lindqvist"));
        assert!(holds("> 9", Kind::Number, "10"));
        assert!(holds("<> 9", Kind::Number, "10"));
        assert!(!holds("> 9", Kind::Text, "10"));
        assert!(holds("= 1.50", Kind::Number, "1.5"));
        assert!(holds("~ ^a.c$", Kind::Text, "abc"));
        assert!(holds("= ''", Kind::Text, ""));
        assert!(holds(
            ">= 2026-01-01",
            Kind::Moment,
            "2026-02-01 00:00:00+00"
        ));
        assert!(Test::read("~ (").is_err());
        assert!(Test::read(" ").is_err());
    }

    #[test]
    fn null_is_only_null() {
        let null = |typed: &str| Test::read(typed).unwrap().holds(Kind::Text, Cell::Null);
        assert!(null("null") && !null("not null") && !null("= x") && !null("!= x"));
        assert!(null("!x"));
    }

    #[test]
    fn a_test_is_told_as_it_can_be_typed() {
        for typed in ["x", "!x", "~ a+", "!~ a+", ">= 5", "null", "not null"] {
            assert_eq!(Test::read(typed).unwrap().spoken(), typed);
        }
    }
}

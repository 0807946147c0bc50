//! What is looked for in values: text, its case minded only where it has capitals, or a regular
//! expression. Matching takes time in proportion to the text, whatever the expression.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// How the words of a pattern are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// As they stand.
    #[default]
    Plain,
    /// As a regular expression.
    Expression,
}

impl Reading {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Plain => Self::Expression,
            Self::Expression => Self::Plain,
        }
    }

    /// The word for a field's label.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "text",
            Self::Expression => "regex",
        }
    }
}

/// Something to look for.
#[derive(Debug, Clone)]
pub struct Pattern {
    words: String,
    reading: Reading,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.words, self.reading) == (&other.words, other.reading)
    }
}

impl Eq for Pattern {}

/// Bytes a compiled expression may take; a longer one is refused rather than built.
const LARGEST: usize = 4 << 20;

impl Pattern {
    /// Reads a pattern; the error says what is wrong with an expression.
    pub fn read(words: &str, reading: Reading) -> Result<Self, String> {
        let source = match reading {
            Reading::Plain => regex::escape(words),
            Reading::Expression => words.to_owned(),
        };
        let regex = RegexBuilder::new(&source)
            .case_insensitive(!words.contains(char::is_uppercase))
            .multi_line(true)
            .size_limit(LARGEST)
            .build()
            .map_err(|error| said(&error))?;
        Ok(Self {
            words: words.to_owned(),
            reading,
            regex,
        })
    }

    /// What was typed.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// How it is read.
    #[must_use]
    pub const fn reading(&self) -> Reading {
        self.reading
    }

    /// Whether it is somewhere in the text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where it is in the text, in bytes; places without length are left out.
    pub fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex
            .find_iter(text)
            .map(|found| found.range())
            .filter(|range| !range.is_empty())
    }

    /// Whether a text without it can hold no part with it: plain words have no anchors, so many
    /// values that lie one after another can be ruled out at once.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.reading == Reading::Plain
    }
}

/// The last line of the explanation: the ones above it draw the expression with a caret.
fn said(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_make_case_matter() {
        let lower = Pattern::read("äb", Reading::Plain).unwrap();
        assert!(lower.is_in("xÄB") && lower.is_in("äb"));
        let upper = Pattern::read("Äb", Reading::Plain).unwrap();
        assert!(!upper.is_in("äb"));
    }

    #[test]
    fn plain_words_mean_themselves_and_expressions_do_not() {
        let plain = Pattern::read("a.c", Reading::Plain).unwrap();
        assert!(!plain.is_in("abc"));
        let expression = Pattern::read("^a.c$", Reading::Expression).unwrap();
        assert_eq!(expression.places("abc").next(), Some(0..3));
        let error = Pattern::read("a(", Reading::Expression).unwrap_err();
        assert!(error.contains("unclosed"), "{error}");
    }
}

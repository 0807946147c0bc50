//! The words of a statement by their number: what readers of single statements stand on.

use super::lexer::{Token, TokenKind, tokens};

/// Tokens that mean something, with the text they are of. Reading past the end finds nothing.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    /// The text.
    pub sql: &'a str,
    /// Its tokens.
    pub all: Vec<Token>,
}

impl<'a> Words<'a> {
    /// All but the comments.
    #[must_use]
    pub fn of(sql: &'a str) -> Self {
        let mut all = tokens(sql);
        all.retain(|token| token.kind != TokenKind::Comment);
        Self { sql, all }
    }

    /// All but comments and semicolons, for who reads one statement.
    #[must_use]
    pub fn of_statement(sql: &'a str) -> Self {
        let mut words = Self::of(sql);
        words.all.retain(|token| token.text(sql) != ";");
        words
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Token> {
        self.all.get(at)
    }

    /// Its text as it stands.
    #[must_use]
    pub fn text(&self, at: usize) -> &'a str {
        self.get(at).map_or("", |token| token.text(self.sql))
    }

    /// Whether it reads so, in any case.
    #[must_use]
    pub fn is(&self, at: usize, word: &str) -> bool {
        self.text(at).eq_ignore_ascii_case(word)
    }

    /// The text from one word up to, not with, another.
    #[must_use]
    pub fn span(&self, from: usize, to: usize) -> &'a str {
        let start = self.get(from).map(|token| token.start);
        let end = to.checked_sub(1).and_then(|last| self.get(last));
        start
            .zip(end)
            .and_then(|(start, end)| self.sql.get(start..end.end))
            .unwrap_or_default()
    }
}

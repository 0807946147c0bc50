//! The words of a statement by their number: what readers of single statements stand on.

use super::lexer::{Token, TokenKind, tokens};
use crate::domain::ident;

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

    /// All but comments and the parentheses before the first word, as a query may have.
    #[must_use]
    pub fn unwrapped(sql: &'a str) -> Self {
        let mut words = Self::of(sql);
        let wrapped = words.all.iter().take_while(|token| token.text(sql) == "(");
        words.all = words.all.split_off(wrapped.count());
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

    /// The name that it is, as it is kept.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<String> {
        ident::parts(self.text(at))?.pop()
    }

    /// The text of the string literal that it is.
    #[must_use]
    pub fn literal(&self, at: usize) -> Option<String> {
        let token = self.get(at)?;
        (token.kind == TokenKind::String).then(|| literal(token.text(self.sql)))
    }

    /// What it names, as a name or in a literal.
    #[must_use]
    pub fn named(&self, at: usize) -> Option<String> {
        self.literal(at).or_else(|| self.name(at))
    }

    /// The parts of the dotted name that begins with it, and the place behind.
    #[must_use]
    pub fn dotted(&self, mut at: usize) -> Option<(Vec<String>, usize)> {
        let mut parts = ident::parts(self.text(at))?;
        while self.is(at + 1, ".") {
            at += 2;
            parts.extend(ident::parts(self.text(at))?);
        }
        Some((parts, at + 1))
    }

    /// Its text in small letters.
    #[must_use]
    pub fn lower(&self, at: usize) -> String {
        self.text(at).to_ascii_lowercase()
    }

    /// Whether it reads so, in any case.
    #[must_use]
    pub fn is(&self, at: usize, word: &str) -> bool {
        self.text(at).eq_ignore_ascii_case(word)
    }

    /// Whether it reads as one of them, in any case.
    #[must_use]
    pub fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// The first that reads so.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<usize> {
        (0..self.len()).find(|at| self.is(*at, word))
    }

    /// Whether one of them stands anywhere.
    #[must_use]
    pub fn has_any(&self, words: &[&str]) -> bool {
        (0..self.len()).any(|at| self.is_any(at, words))
    }

    /// The parenthesis that closes the one at a word.
    #[must_use]
    pub fn closing(&self, open: usize) -> Option<usize> {
        closing(self.sql, &self.all, open)
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

/// A string literal's text: dollar-quoted or in single quotes.
#[must_use]
pub fn literal(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('$')
        && let Some((tag, rest)) = rest.split_once('$')
    {
        let end = format!("${tag}$");
        return rest.strip_suffix(&end).unwrap_or(rest).to_owned();
    }
    let text = text.trim_start_matches(['e', 'E']);
    let text = text.strip_prefix('\'').unwrap_or(text);
    text.strip_suffix('\'').unwrap_or(text).replace("''", "'")
}

/// The parenthesis that closes the one at one of some tokens.
#[must_use]
pub fn closing(sql: &str, tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    (open..tokens.len()).find(|at| {
        match tokens.get(*at).map_or("", |token| token.text(sql)) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

//! Statements with their byte ranges, split as psql would.
//!
//! Source: PostgreSQL source, `psqlscan.l`: a semicolon ends a statement unless it stands in
//! parentheses or in a `BEGIN ATOMIC … END` body.

use std::ops::Range;

use super::lexer::{Token, TokenKind, tokens};

/// The byte ranges of the statements of a script, without their semicolons; pieces that hold
/// nothing but comments are left out.
#[must_use]
pub fn statements(sql: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut piece = Piece::default();
    for token in tokens(sql) {
        if token.kind == TokenKind::Comment {
            continue;
        }
        if token.text(sql) == ";" && piece.ends_here() {
            found.extend(piece.range.take());
            piece = Piece::default();
        } else {
            piece.take(sql, token);
        }
    }
    found.extend(piece.range);
    found
}

/// The statement at a place of a script: the one around it; behind a semicolon the one that it
/// ends, as long as the line has nothing else; between statements the next, else the last.
#[must_use]
pub fn statement_at(sql: &str, at: usize) -> Option<Range<usize>> {
    nearest(sql, &statements(sql), at)
}

/// The same where the statements of the script are known.
#[must_use]
pub fn nearest(sql: &str, all: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    if let Some(around) = all
        .iter()
        .find(|range| range.start <= at && at <= range.end)
    {
        return Some(around.clone());
    }
    let before = all.iter().rev().find(|range| range.end < at);
    let after = all.iter().find(|range| range.start > at);
    let same_line = |from: usize, to: usize| {
        sql.get(from..to)
            .is_some_and(|between| !between.trim_start_matches(';').contains('\n'))
    };
    match (before, after) {
        (Some(before), _) if same_line(before.end, at) => Some(before.clone()),
        (_, Some(after)) => Some(after.clone()),
        (Some(before), None) => Some(before.clone()),
        (None, None) => None,
    }
}

/// A statement being read.
#[derive(Debug, Default)]
struct Piece {
    range: Option<Range<usize>>,
    parentheses: usize,
    /// How deep in `BEGIN ATOMIC` and `CASE`; both close with `END`.
    bodies: usize,
    /// The last words in lower case: the first word of the statement, and the one before.
    first: String,
    previous: String,
}

impl Piece {
    const fn ends_here(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    fn take(&mut self, sql: &str, token: Token) {
        let start = self.range.as_ref().map_or(token.start, |range| range.start);
        self.range = Some(start..token.end);
        match token.text(sql) {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            text if matches!(token.kind, TokenKind::Keyword | TokenKind::Identifier) => {
                let word = text.to_ascii_lowercase();
                self.word(word);
            }
            _ => {}
        }
    }

    fn word(&mut self, word: String) {
        if self.first.is_empty() {
            self.first.clone_from(&word);
        }
        // Only CREATE FUNCTION and PROCEDURE have bodies; elsewhere BEGIN and END are transactions.
        if self.first == "create" {
            let opens = (word == "atomic" && self.previous == "begin")
                || (word == "case" && self.bodies > 0);
            if opens {
                self.bodies += 1;
            } else if word == "end" {
                self.bodies = self.bodies.saturating_sub(1);
            }
        }
        self.previous = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        statements(sql)
            .into_iter()
            .map(|range| &sql[range])
            .collect()
    }

    #[test]
    fn semicolons_in_quotes_comments_and_parentheses_do_not_end() {
        assert_eq!(
            texts("select ';'; select /* ; */ 1 -- ;\n; select $$;$$"),
            ["select ';'", "select /* ; */ 1", "select $$;$$"]
        );
        assert_eq!(
            texts("create rule r as on insert to t do (select 1; select 2); x"),
            [
                "create rule r as on insert to t do (select 1; select 2)",
                "x"
            ]
        );
    }

    #[test]
    fn an_atomic_body_is_one_statement() {
        let sql = "create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3";
        assert_eq!(texts(sql).len(), 2);
        assert_eq!(
            texts("begin; select 1; end; select 2"),
            ["begin", "select 1", "end", "select 2"]
        );
    }

    #[test]
    fn comments_alone_are_no_statement() {
        assert!(texts("-- nothing\n ; /* here */ ;").is_empty());
    }

    #[test]
    fn the_statement_under_the_cursor() {
        let sql = "select 1;\n\nselect 2; select 3\n";
        let at = |byte| statement_at(sql, byte).map(|range| &sql[range]);
        assert_eq!(at(0), Some("select 1"));
        assert_eq!(at(9), Some("select 1"));
        assert_eq!(at(10), Some("select 2"));
        assert_eq!(at(20), Some("select 2"));
        assert_eq!(at(sql.len()), Some("select 3"));
        assert_eq!(statement_at("  ", 1), None);
    }
}

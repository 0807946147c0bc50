//! Conditions about what fired a trigger.

use crate::domain::sql::lexer::{Token, TokenKind};
use crate::domain::sql::words::literal;

/// Whether a condition about the event of the trigger holds; `None` where it cannot be told.
pub(super) fn holds(body: &str, event: &str, piece: &[Token]) -> Option<bool> {
    let piece = unwrapped(body, piece);
    // One part that holds decides an OR, one that does not an AND.
    for (word, decisive) in [("or", true), ("and", false)] {
        let parts = parts(body, piece, word);
        if parts.len() > 1 {
            let each: Vec<Option<bool>> =
                parts.iter().map(|part| holds(body, event, part)).collect();
            return if each.contains(&Some(decisive)) {
                Some(decisive)
            } else if each.contains(&None) {
                None
            } else {
                Some(!decisive)
            };
        }
    }
    if !piece.first().is_some_and(|word| word.is(body, "tg_op")) {
        return None;
    }
    let named = piece
        .iter()
        .filter(|token| token.kind == TokenKind::String)
        .any(|token| literal(token.text(body)).eq_ignore_ascii_case(event));
    let operator = piece.get(1).map(|token| token.text(body).to_lowercase());
    match operator.as_deref() {
        Some("=" | "in") => Some(named),
        Some("<>" | "!=" | "not") => Some(!named),
        _ => None,
    }
}

/// What a word parts a condition into, outside parentheses.
pub(super) fn parts<'p>(body: &str, piece: &'p [Token], word: &str) -> Vec<&'p [Token]> {
    let mut depth = 0_i32;
    piece
        .split(|token| {
            match token.text(body) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0 && token.is(body, word)
        })
        .collect()
}

/// Without parentheses around the whole.
pub(super) fn unwrapped<'b>(body: &str, mut piece: &'b [Token]) -> &'b [Token] {
    loop {
        let text = |at: usize| piece.get(at).map_or("", |token| token.text(body));
        let mut depth = 0_i32;
        let closes = (0..piece.len()).find(|at| {
            match text(*at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        if text(0) != "(" || closes != piece.len().checked_sub(1) {
            return piece;
        }
        piece = piece.get(1..piece.len() - 1).unwrap_or_default();
    }
}

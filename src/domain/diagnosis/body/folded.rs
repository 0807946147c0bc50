//! Conditions that the server decides before it looks at what they read: a part that is constant settles
//! the whole, and what is left of it is not even planned.
//!
//! Source: PostgreSQL source, `clauses.c`, `simplify_and_arguments`, `simplify_or_arguments`; the values of
//! variables are constants to it (`pl_exec.c`, `plpgsql_param_fetch`).

use super::event::{self, unwrapped};
use super::known::key;
use super::{About, Holds, Question, Reader, looks_at_rows};
use crate::domain::sql::lexer::Token;

/// The words that part a condition, and which way one part settles it.
const PARTED: [(&str, Holds, bool); 2] =
    [("or", Holds::Always, true), ("and", Holds::Never, false)];

impl Reader<'_> {
    /// A condition, with what it reads unless it is decided before.
    pub(super) fn read_condition(&mut self, piece: &[Token]) {
        if self.live() && !self.folds(piece) {
            self.expression(piece);
        }
    }

    /// Whether nothing is left to be looked at of a condition that looks at something.
    fn folds(&mut self, piece: &[Token]) -> bool {
        let piece = unwrapped(self.body, piece);
        if self.is_plain(piece) {
            return true;
        }
        // What stands in a CASE belongs to its branches.
        if piece.iter().any(|token| token.is(self.body, "case")) {
            return false;
        }
        for (word, settles, holds) in PARTED {
            let parts = event::parts(self.body, piece, word);
            if parts.len() > 1 {
                let settled = parts
                    .iter()
                    .any(|part| self.is_plain(part) && self.part(part, holds) == Some(settles));
                return settled || parts.iter().all(|part| self.folds(part));
            }
        }
        self.is(piece, 0, "not") && self.folds(piece.get(1..).unwrap_or_default())
    }

    /// Whether it looks at nothing and calls nothing.
    fn is_plain(&self, piece: &[Token]) -> bool {
        !piece.iter().any(|token| token.is(self.body, "select")) && !self.has_calls(piece)
    }

    /// For which rows a part holds, or the question.
    fn part(&mut self, piece: &[Token], settles: bool) -> Option<Holds> {
        let of_event = self
            .known
            .event
            .and_then(|event| event::holds(self.body, event, piece));
        if let Some(holds) = of_event {
            return (holds == settles).then_some(if holds { Holds::Always } else { Holds::Never });
        }
        let text = self.values.told(self.span(piece));
        if looks_at_rows(&text) && self.written {
            return None;
        }
        let under = self.under();
        let holds = self.known.holds.get(&key(&text, &under)).copied();
        if holds.is_none() {
            self.found.questions.push(Question {
                expression: text,
                about: About::Condition,
                under,
            });
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::diagnosis::body::{Holds, Known, read};

    /// What is read for a condition of an INSERT's trigger, where it is known of `b` alone whether it holds.
    fn reads(condition: &str, b: Holds) -> Vec<String> {
        let mut known = Known {
            event: Some("INSERT"),
            ..Known::default()
        };
        let _ = known.holds.insert("new.b > 5".to_owned(), b);
        let body = format!("begin if {condition} then return null; end if; return new; end");
        read(&body, &known).statements
    }

    #[test]
    fn a_part_that_settles_a_condition_leaves_nothing_to_look_at() {
        for (condition, b, looks) in [
            ("new.b > 5 and exists (select from t)", Holds::Never, false),
            ("new.b > 5 and exists (select from t)", Holds::ForSome, true),
            ("exists (select from t) and new.b > 5", Holds::Never, false),
            ("new.b > 5 or f(1)", Holds::Always, false),
            ("new.b > 5 or f(1)", Holds::Never, true),
            ("tg_op = 'UPDATE' and f(1)", Holds::Always, false),
            ("tg_op = 'INSERT' and f(1)", Holds::Always, true),
            (
                "not (new.b > 5 and f(1)) or new.a = 1 and (new.b > 5 and f(2))",
                Holds::Never,
                false,
            ),
            (
                "case when new.b > 5 and f(1) then f(2) end",
                Holds::Never,
                true,
            ),
        ] {
            assert_eq!(!reads(condition, b).is_empty(), looks, "{condition}");
        }
    }
}

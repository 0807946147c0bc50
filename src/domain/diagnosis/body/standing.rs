//! Who runs an expression and how deep in triggers it stands, spelled out: asked elsewhere, the server would
//! answer for whoever asks.

use crate::domain::ident::literal;
use crate::domain::sql::lexer::{TokenKind, tokens};

/// Where an expression is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Whom it runs as.
    pub role: &'a str,
    /// Who signed in.
    pub session: &'a str,
    /// How many triggers are at work around it.
    pub depth: usize,
}

impl Standing<'_> {
    /// The expression without words that depend on where it stands.
    #[must_use]
    pub fn told(&self, expression: &str) -> String {
        let words = tokens(expression);
        let text = |at: usize| words.get(at).map_or("", |token| token.text(expression));
        let mut told = String::new();
        let mut from = 0;
        for (at, word) in words.iter().enumerate() {
            let part = at > 0 && text(at - 1) == ".";
            let name = text(at).to_lowercase();
            let plain = word.kind != TokenKind::QuotedIdentifier && word.kind != TokenKind::String;
            let (value, last) = match name.as_str() {
                "current_user" | "current_role" | "user" if plain && !part => {
                    (format!("{}::name", literal(self.role)), at)
                }
                "session_user" if plain && !part => {
                    (format!("{}::name", literal(self.session)), at)
                }
                // Source: `trigger.c`, `pg_trigger_depth`.
                "pg_trigger_depth" if !part && text(at + 1) == "(" && text(at + 2) == ")" => {
                    (self.depth.to_string(), at + 2)
                }
                _ => continue,
            };
            if let Some(last) = words.get(last) {
                told.push_str(expression.get(from..word.start).unwrap_or_default());
                told.push_str(&value);
                from = last.end;
            }
        }
        told.push_str(expression.get(from..).unwrap_or_default());
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_it_and_how_deep_is_spelled_out() {
        let standing = Standing {
            role: "owner",
            session: "o'clerk",
            depth: 2,
        };
        assert_eq!(
            standing
                .told("CURRENT_USER = 'current_user' and new.user = session_user or x.\"user\""),
            "'owner'::name = 'current_user' and new.user = 'o''clerk'::name or x.\"user\""
        );
        assert_eq!(standing.told("pg_trigger_depth() < 2"), "2 < 2");
        assert_eq!(standing.told("a + user"), "a + 'owner'::name");
    }
}

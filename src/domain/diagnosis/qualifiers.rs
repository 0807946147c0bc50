//! Which schemas a statement may speak of.

use crate::domain::ident;
use crate::domain::sql::lexer::{TokenKind, tokens};

/// Every name before a dot, once: schemas, and aliases that do no harm. Strings are looked into as
/// well, for the bodies of `DO` and for `nextval('app.numbers')`.
#[must_use]
pub fn qualifiers(sql: &str) -> Vec<String> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        match token.kind {
            TokenKind::String => {
                let inside =
                    text.trim_matches(|c: char| c != '"' && c != '_' && !c.is_alphanumeric());
                if inside.len() < text.len() {
                    found.extend(qualifiers(inside));
                }
            }
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::Keyword
                if tokens.get(at + 1).is_some_and(|next| next.text(sql) == ".") =>
            {
                found.extend(ident::parts(text).and_then(|parts| parts.into_iter().next()));
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_wherever_they_stand() {
        let sql = r#"select o.id, nextval('app.numbers') from App.orders o join "Odd Schema" . t on true"#;
        assert_eq!(qualifiers(sql), ["Odd Schema", "app", "o"]);
        assert_eq!(
            qualifiers("do $x$ begin perform 1 from inner_one.t; end $x$"),
            ["inner_one"]
        );
        assert!(qualifiers("select 1.5 from orders").is_empty());
    }
}

//! Quoting of identifiers and literals, and dotted names.
//!
//! Source: PostgreSQL documentation, "Lexical Structure"; PostgreSQL source, `ruleutils.c`,
//! `quote_identifier`.

use std::borrow::Cow;

use super::sql::keywords;

/// An identifier as SQL writes it: bare where that means the same, else in double quotes.
#[must_use]
pub fn quoted(name: &str) -> Cow<'_, str> {
    let mut bytes = name.bytes();
    let plain = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !keywords::is_reserved(name);
    if plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
    }
}

/// `schema.name`, each part quoted as needed.
#[must_use]
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// Names separated by commas, each quoted as needed.
#[must_use]
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    names
        .iter()
        .map(|name| quoted(name.as_ref()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A grantee: a role, or PUBLIC where the name is empty (as in ACL items).
#[must_use]
pub fn grantee(name: &str) -> Cow<'_, str> {
    if name.is_empty() {
        Cow::Borrowed("PUBLIC")
    } else {
        role(name)
    }
}

/// A role. Some words mean something else where a role is expected, unless they are quoted
/// (PostgreSQL source, `gram.y`, `RoleSpec`).
#[must_use]
pub fn role(name: &str) -> Cow<'_, str> {
    if matches!(
        name,
        "public" | "none" | "current_role" | "current_user" | "session_user"
    ) {
        Cow::Owned(format!("\"{name}\""))
    } else {
        quoted(name)
    }
}

/// A string as SQL writes it, whatever `standard_conforming_strings` is.
#[must_use]
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// The parts of a dotted name: bare parts in lower case, quoted ones as they are. `None` if the text
/// is no name.
#[must_use]
pub fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let part;
        if let Some(after) = rest.strip_prefix('"') {
            (part, rest) = quoted_part(after)?;
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let (bare, after) = rest.split_at_checked(end)?;
            let bare = bare.trim();
            let fits = bare
                .chars()
                .next()
                .is_some_and(|c| c.is_alphabetic() || c == '_')
                && bare
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_' || c == '$');
            if !fits {
                return None;
            }
            part = bare.to_lowercase();
            rest = after;
        }
        parts.push(part);
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(parts);
        }
        rest = rest.strip_prefix('.')?.trim_start();
    }
}

/// The inside of a quoted name up to its closing quote, and what follows.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            part.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            part.push('"');
        } else {
            return (!part.is_empty()).then(|| text.get(at + 1..).map(|rest| (part, rest)))?;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_exactly_where_they_must_be() {
        for (name, sql) in [
            ("orders", "orders"),
            ("order_2", "order_2"),
            ("order", "\"order\""),
            ("2nd", "\"2nd\""),
            ("Orders", "\"Orders\""),
            ("Ann O'Neil", "\"Ann O'Neil\""),
            ("ana@example.com", "\"ana@example.com\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("", "\"\""),
            ("größe", "\"größe\""),
        ] {
            assert_eq!(quoted(name), sql);
        }
    }

    #[test]
    fn a_role_called_public_is_not_everybody() {
        assert_eq!(role("public"), "\"public\"");
        assert_eq!(grantee(""), "PUBLIC");
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("O'Neil"), "'O''Neil'");
        assert_eq!(literal(r"a\b"), r"E'a\\b'");
    }

    #[test]
    fn dotted_names_are_read_back() {
        assert_eq!(parts("Sales.\"My Table\"").unwrap(), ["sales", "My Table"]);
        assert_eq!(parts("\"a\"\"b\"").unwrap(), ["a\"b"]);
        for nonsense in ["", "a b", "\"open", "a.", "1a"] {
            assert_eq!(parts(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        for name in ["x", "Order", "a.b", "a\"b", "ü", "select"] {
            assert_eq!(parts(&quoted(name)).unwrap(), [name]);
        }
    }
}

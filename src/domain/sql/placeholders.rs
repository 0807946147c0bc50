//! Placeholders that a driver or psql fills in before the server hears a statement: `?`, `%s`, `:id`.
//!
//! Some are SQL as well (`?` is an operator of jsonb, `%` of numbers), so who asks this has first heard
//! from the server that it cannot read the statement.
//!
//! Sources: Python PEP 249, `paramstyle`; psql documentation, "SQL Interpolation"; JDBC's `?`.

use std::collections::BTreeMap;

use super::lexer::TokenKind;
use super::words::Words;

/// A statement with parameters instead of placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The text.
    pub text: String,
    /// What was read as a parameter, in words.
    pub told: String,
}

/// A placeholder: its bytes, and its name where the same one may stand again.
struct Placeholder {
    start: usize,
    end: usize,
    name: Option<String>,
}

/// The statement with `$1`, `$2` for its placeholders, the same number for the same name; `None` where it
/// has none.
#[must_use]
pub fn numbered(sql: &str) -> Option<Numbered> {
    let words = Words::of(sql);
    let mut last = (0..words.len())
        .filter_map(|at| words.text(at).strip_prefix('$')?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut written: Vec<&str> = Vec::new();
    let mut text = String::with_capacity(sql.len());
    let mut done = 0;
    let mut at = 0;
    while at < words.len() {
        let Some((placeholder, behind)) = placeholder(&words, at) else {
            at += 1;
            continue;
        };
        at = behind;
        let mut next = || {
            last += 1;
            last
        };
        let number = match placeholder.name {
            Some(name) => *numbers.entry(name).or_insert_with(next),
            None => next(),
        };
        text.push_str(sql.get(done..placeholder.start)?);
        text.push('$');
        text.push_str(&number.to_string());
        done = placeholder.end;
        written.push(sql.get(placeholder.start..placeholder.end)?);
    }
    let first = *written.first()?;
    text.push_str(sql.get(done..)?);
    let told = match written.len() {
        1 => format!("{first} was read as a parameter"),
        many => format!("{first} and {} more were read as parameters", many - 1),
    };
    Some(Numbered { text, told })
}

/// The placeholder that begins at a word, and the place behind it.
fn placeholder(words: &Words<'_>, at: usize) -> Option<(Placeholder, usize)> {
    let token = *words.get(at)?;
    let text = words.text(at);
    let whole = |name| Placeholder {
        start: token.start,
        end: token.end,
        name,
    };
    if token.kind == TokenKind::Variable {
        // `:"name"` stands for a name, which no parameter can be.
        let name = text.strip_prefix(':')?.trim_matches('\'');
        return (!name.starts_with('"')).then(|| (whole(Some(name.to_owned())), at + 1));
    }
    if token.kind != TokenKind::Operator {
        return None;
    }
    // `=?` and `=%s` are one operator to PostgreSQL.
    let sign = token.end.checked_sub(1)?;
    if text.ends_with('?') {
        let mut found = whole(None);
        found.start = sign;
        return Some((found, at + 1));
    }
    if !text.ends_with('%') {
        return None;
    }
    let adjoins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        before.map(|before| before.end) == words.get(at).map(|next| next.start)
    };
    let (end, name, behind) = if words.is(at + 1, "s") && adjoins(at + 1) {
        (words.get(at + 1)?.end, None, at + 2)
    } else if words.is(at + 1, "(")
        && words.is(at + 3, ")")
        && words.is(at + 4, "s")
        && adjoins(at + 4)
    {
        (
            words.get(at + 4)?.end,
            Some(words.text(at + 2).to_owned()),
            at + 5,
        )
    } else {
        return None;
    };
    Some((
        Placeholder {
            start: sign,
            end,
            name,
        },
        behind,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str) -> String {
        numbered(sql).map_or_else(|| "none".to_owned(), |found| found.text)
    }

    #[test]
    fn placeholders_become_parameters() {
        for (written, sent) in [
            (
                "select b from t where a = :id and c > :id or d = :'x'",
                "select b from t where a = $1 and c > $1 or d = $2",
            ),
            (
                "insert into t values (?, ?, 'a?b')",
                "insert into t values ($1, $2, 'a?b')",
            ),
            (
                "select 1 where a=? and b = $3",
                "select 1 where a=$4 and b = $3",
            ),
            ("select %s, %(who)s, %(who)s", "select $1, $2, $2"),
            ("select a from t where a=%s", "select a from t where a=$1"),
        ] {
            assert_eq!(text(written), sent);
        }
        let told = numbered("select :a, :b").map(|found| found.told);
        assert_eq!(
            told.as_deref(),
            Some(":a and 1 more were read as parameters")
        );
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        for sql in [
            "select 1",
            "select a::int, b[1:2], 'x :y'",
            "\\d t",
            "select :\"t\"",
            "select 5 % 3",
            "",
        ] {
            assert_eq!(numbered(sql), None, "{sql}");
        }
    }
}

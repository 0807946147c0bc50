//! What the place under the cursor wants.

use std::ops::Range;

use super::lexer::{Token, TokenKind, tokens};
use crate::domain::ident;

/// A relation a statement names, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its schema, if it is named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// The name columns are qualified with.
    pub alias: String,
}

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Nothing to offer: in a string or a comment.
    Nothing,
    /// The beginning of a statement.
    Statement,
    /// A relation or a schema.
    Relation,
    /// A column, a function or a keyword.
    Expression,
    /// What is behind a dot: of that schema, relation or alias.
    Member(String),
    /// A role.
    Role,
    /// A type.
    Type,
    /// A schema.
    Schema,
}

/// The place under the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What may stand there.
    pub want: Want,
    /// What is typed of it, in bytes of the text.
    pub word: Range<usize>,
    /// What the statement reads from or writes to.
    pub sources: Vec<Source>,
    /// Names that `WITH` gives.
    pub with: Vec<String>,
}

/// Looks at a statement with the cursor at a byte.
#[must_use]
pub fn place(sql: &str, at: usize) -> Place {
    let all = tokens(sql);
    let inside = all.iter().find(|token| token.start < at && at <= token.end);
    let closed = |token: &Token| {
        at == token.end && token.text(sql).len() > 1 && ends_closed(token.text(sql))
    };
    let hidden = inside.is_some_and(|token| match token.kind {
        TokenKind::Comment => !(at == token.end && token.text(sql).ends_with("*/")),
        TokenKind::String => !closed(token),
        TokenKind::Number | TokenKind::Parameter | TokenKind::Variable => true,
        TokenKind::Keyword
        | TokenKind::Identifier
        | TokenKind::QuotedIdentifier
        | TokenKind::Operator
        | TokenKind::Punctuation => false,
    });
    let words: Vec<Token> = all
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let typed = words
        .iter()
        .position(|token| is_name(*token) && token.start < at && at <= token.end);
    let word = typed
        .and_then(|place| words.get(place))
        .map_or(at..at, |token| token.start..at);
    let before: Vec<Token> = words
        .iter()
        .copied()
        .take_while(|token| token.end <= word.start)
        .collect();
    let want = if hidden {
        Want::Nothing
    } else {
        want(sql, &before)
    };
    Place {
        want,
        word,
        sources: sources(sql, &words),
        with: with(sql, &words),
    }
}

fn ends_closed(text: &str) -> bool {
    text.ends_with('\'') || text.ends_with('$')
}

fn is_name(token: Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Keyword | TokenKind::Identifier | TokenKind::QuotedIdentifier
    )
}

/// Words that a statement's clauses begin with; the last one before the cursor decides.
fn want(sql: &str, before: &[Token]) -> Want {
    let Some(last) = before.last() else {
        return Want::Statement;
    };
    match last.text(sql) {
        ";" => return Want::Statement,
        "." => {
            let owner = before.iter().rev().nth(1).filter(|token| is_name(**token));
            return owner.map_or(Want::Nothing, |token| Want::Member(name(sql, *token)));
        }
        "::" => return Want::Type,
        _ => {}
    }
    for (back, token) in before.iter().rev().enumerate() {
        let word = token.text(sql).to_ascii_lowercase();
        let near = back == 0
            || before
                .iter()
                .rev()
                .nth(back - 1)
                .is_some_and(|next| next.text(sql) == ",");
        match word.as_str() {
            "from" | "join" | "into" | "update" | "table" | "truncate" | "only" | "view"
            | "copy" => {
                return if word == "from" && begins_with(sql, before, "revoke") {
                    Want::Role
                } else if near || last.text(sql) == "," {
                    Want::Relation
                } else {
                    Want::Expression
                };
            }
            "to" if begins_with(sql, before, "grant") || begins_with(sql, before, "alter") => {
                return Want::Role;
            }
            "on" if begins_with(sql, before, "grant") || begins_with(sql, before, "revoke") => {
                return Want::Relation;
            }
            "role" | "user" | "owner" | "authorization" => return Want::Role,
            "schema" => return Want::Schema,
            "as" if begins_cast(sql, before, back) => return Want::Type,
            "select" | "where" | "on" | "having" | "by" | "set" | "returning" | "values"
            | "and" | "or" | "when" | "then" | "else" | "using" => return Want::Expression,
            ";" => break,
            _ => {}
        }
    }
    Want::Expression
}

fn begins_with(sql: &str, before: &[Token], word: &str) -> bool {
    before.first().is_some_and(|token| token.is(sql, word))
}

/// `cast(x as |`.
fn begins_cast(sql: &str, before: &[Token], back: usize) -> bool {
    back == 0
        && before
            .iter()
            .rev()
            .take(12)
            .any(|token| token.is(sql, "cast"))
}

fn name(sql: &str, token: Token) -> String {
    let text = token.text(sql);
    ident::parts(text)
        .and_then(|parts| parts.into_iter().next())
        .unwrap_or_else(|| text.to_owned())
}

/// Relations behind FROM, JOIN, INTO, UPDATE and commas between them, with their aliases.
fn sources(sql: &str, words: &[Token]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = words.get(at) {
        at += 1;
        let opens = ["from", "join", "into", "update"]
            .iter()
            .any(|word| token.is(sql, word));
        if !opens {
            continue;
        }
        while let Some((source, next)) = source(sql, words, at) {
            found.push(source);
            at = next;
            match words.get(at) {
                Some(comma) if comma.text(sql) == "," => at += 1,
                _ => break,
            }
        }
    }
    found
}

fn source(sql: &str, words: &[Token], mut at: usize) -> Option<(Source, usize)> {
    if words
        .get(at)
        .is_some_and(|token| token.is(sql, "only") || token.is(sql, "lateral"))
    {
        at += 1;
    }
    let first = words.get(at).filter(|token| is_source_name(sql, **token))?;
    at += 1;
    let (mut schema, mut own) = (None, name(sql, *first));
    if words.get(at).is_some_and(|token| token.text(sql) == ".")
        && let Some(second) = words.get(at + 1).filter(|token| is_name(**token))
    {
        schema = Some(std::mem::replace(&mut own, name(sql, *second)));
        at += 2;
    }
    if words.get(at).is_some_and(|token| token.is(sql, "as")) {
        at += 1;
    }
    let alias = match words.get(at).filter(|token| is_alias(**token)) {
        Some(token) => {
            at += 1;
            name(sql, *token)
        }
        None => own.clone(),
    };
    Some((
        Source {
            schema,
            name: own,
            alias,
        },
        at,
    ))
}

fn is_source_name(sql: &str, token: Token) -> bool {
    is_name(token)
        && !["select", "set", "where", "values"]
            .iter()
            .any(|word| token.is(sql, word))
}

/// A keyword behind a relation goes on with the statement, it is no alias.
const fn is_alias(token: Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Identifier | TokenKind::QuotedIdentifier
    )
}

/// `WITH a AS (…), b (…) AS (…)`.
fn with(sql: &str, words: &[Token]) -> Vec<String> {
    if !words.first().is_some_and(|token| token.is(sql, "with")) {
        return Vec::new();
    }
    let (mut found, mut depth, mut expected) = (Vec::new(), 0_usize, true);
    for token in words.iter().skip(1) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => expected = true,
            _ if depth > 0 || token.is(sql, "recursive") => {}
            _ if token.is(sql, "select") => break,
            _ if expected && is_name(*token) => {
                found.push(name(sql, *token));
                expected = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the place marked by `|` wants.
    fn at(marked: &str) -> Place {
        let at = marked.find('|').unwrap();
        place(&marked.replace('|', ""), at)
    }

    #[test]
    fn every_kind_of_place_is_told_apart() {
        for (marked, want) in [
            ("|", Want::Statement),
            ("sel|", Want::Statement),
            ("select |", Want::Expression),
            ("select * from |", Want::Relation),
            ("select * from a, b|", Want::Relation),
            ("select * from a join |", Want::Relation),
            ("select * from a where x|", Want::Expression),
            ("select * from a x order by |", Want::Expression),
            ("select o.| from orders o", Want::Member("o".into())),
            ("select * from \"My s\".|", Want::Member("My s".into())),
            ("select 'fro|", Want::Nothing),
            ("-- fro|", Want::Nothing),
            ("select 1::|", Want::Type),
            ("grant select on |", Want::Relation),
            ("grant select on t to |", Want::Role),
            ("revoke all on t from |", Want::Role),
            ("set role |", Want::Role),
            ("grant usage on schema |", Want::Schema),
            ("insert into |", Want::Relation),
        ] {
            assert_eq!(at(marked).want, want, "{marked}");
        }
    }

    #[test]
    fn the_word_typed_is_known() {
        assert_eq!(at("select * from ord|").word, 14..17);
        assert_eq!(at("select * from ord| where").word, 14..17);
        assert_eq!(at("select |").word, 7..7);
    }

    #[test]
    fn sources_have_their_aliases() {
        let place =
            at("select | from sales.orders o join crm.customers as c on true, \"T\" where x");
        let aliases: Vec<&str> = place
            .sources
            .iter()
            .map(|source| source.alias.as_str())
            .collect();
        assert_eq!(aliases, ["o", "c"]);
        assert_eq!(place.sources[0].schema.as_deref(), Some("sales"));
        let place = at("select | from a, \"T\" where x");
        assert_eq!(place.sources.last().unwrap().alias, "T");
    }

    #[test]
    fn common_table_expressions_are_sources_too() {
        assert_eq!(
            at("with a as (select 1), b as (select 2) select * from |").with,
            ["a", "b"]
        );
    }
}

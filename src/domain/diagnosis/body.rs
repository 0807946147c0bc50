//! The SQL inside a function's body, as far as its words tell: for what only happens when it runs.
//!
//! PL/pgSQL is not parsed: each piece between semicolons is looked at from the first word on that
//! begins a statement with relations in it. Dynamic SQL (EXECUTE of a text) stays unseen.

use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// Words that begin a statement worth reading.
const BEGINNINGS: [&str; 9] = [
    "select", "insert", "update", "delete", "merge", "with", "perform", "truncate", "call",
];

/// The statements in a body, in order. `PERFORM` is given as the SELECT it is, `SELECT … INTO
/// target` without its target.
#[must_use]
pub fn statements(body: &str) -> Vec<String> {
    let words: Vec<Token> = tokens(body)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let mut found = Vec::new();
    let ends = |token: &Token| {
        token.text(body) == ";" || token.is(body, "loop") || token.is(body, "begin")
    };
    for piece in words.split(ends) {
        pieces(body, piece, &mut found);
    }
    found
}

/// `IF condition THEN statement`: the condition may read as well.
fn pieces(body: &str, piece: &[Token], found: &mut Vec<String>) {
    let opens = ["if", "elsif", "elseif", "when", "exception", "else"];
    let conditional = piece
        .first()
        .is_some_and(|token| opens.iter().any(|word| token.is(body, word)));
    let then = piece
        .iter()
        .position(|token| token.is(body, "then"))
        .filter(|_| conditional);
    match then {
        Some(then) => {
            found.extend(statement(body, piece.get(..then).unwrap_or_default()));
            pieces(body, piece.get(then + 1..).unwrap_or_default(), found);
        }
        None => found.extend(statement(body, piece)),
    }
}

fn statement(body: &str, piece: &[Token]) -> Option<String> {
    if piece.first().is_some_and(|token| token.is(body, "execute")) {
        return dynamic(body, piece);
    }
    let Some(begins) = piece
        .iter()
        .position(|token| BEGINNINGS.iter().any(|word| token.is(body, word)))
    else {
        return calls(body, piece);
    };
    let mut text = String::new();
    let mut skipping = false;
    for (at, token) in piece.iter().enumerate().skip(begins) {
        let first = at == begins;
        let behind = piece.get(at.wrapping_sub(1));
        // The target of INTO, except of INSERT INTO and MERGE INTO.
        if token.is(body, "into")
            && !behind.is_some_and(|before| before.is(body, "insert") || before.is(body, "merge"))
        {
            skipping = true;
            continue;
        }
        if skipping {
            if token.is(body, "from") || BEGINNINGS.iter().any(|word| token.is(body, word)) {
                skipping = false;
            } else {
                continue;
            }
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(if first && token.is(body, "perform") {
            "select"
        } else {
            token.text(body)
        });
    }
    Some(text)
}

/// `RETURN f(x)` and `y := f(x)` as the SELECT that PL/pgSQL makes of them.
fn calls(body: &str, piece: &[Token]) -> Option<String> {
    let calls = piece.windows(2).any(|pair| {
        let [name, open] = pair else { return false };
        open.text(body) == "("
            && matches!(
                name.kind,
                TokenKind::Identifier | TokenKind::QuotedIdentifier
            )
    });
    let start = piece.first()?.start;
    let end = piece.last()?.end;
    calls.then(|| format!("select {}", body.get(start..end).unwrap_or_default()))
}

/// The literal parts of a dynamic statement, with a name in place of what is computed.
fn dynamic(body: &str, piece: &[Token]) -> Option<String> {
    let mut text = String::new();
    for token in piece.iter().skip(1) {
        if token.is(body, "into") || token.is(body, "using") {
            break;
        }
        if token.kind == TokenKind::String {
            text.push_str(&token.text(body).trim_matches('\'').replace("''", "'"));
        }
    }
    let first = tokens(&text).into_iter().next()?;
    BEGINNINGS
        .iter()
        .any(|word| first.is(&text, word))
        .then_some(text)
}

/// Whether the body catches what it is refused: then nothing is missing for it to go on.
#[must_use]
pub fn forgives(body: &str) -> bool {
    let words: Vec<String> = tokens(body)
        .iter()
        .map(|token| token.text(body).to_lowercase())
        .collect();
    words.windows(3).any(|three| {
        let [exception, when, what] = three else {
            return false;
        };
        exception == "exception"
            && when == "when"
            && ["insufficient_privilege", "others"].contains(&what.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_dynamic_statements_are_found() {
        assert_eq!(
            statements("begin new.x := nextval('s.seq'); return s.f(1); end"),
            ["select new.x := nextval('s.seq')", "select return s.f(1)"]
        );
        assert_eq!(
            statements("begin execute 'select id from s.'||quote_ident('t') into x; end"),
            ["select id from s.t"]
        );
        assert!(forgives(
            "begin null; exception when insufficient_privilege then null; end"
        ));
        assert!(!forgives("begin raise exception 'x'; end"));
    }

    #[test]
    fn statements_are_found_in_procedural_code() {
        let body = "declare n int; begin if new.x > 0 then insert into audit.log(x) values (new.x); end if; \
                    select count(*) into n from s.t; perform s.f(1); \
                    for r in select a from s.u loop update s.v set a = 1; end loop; return new; end";
        assert_eq!(
            statements(body),
            [
                "insert into audit . log ( x ) values ( new . x )",
                "select count ( * ) from s . t",
                "select s . f ( 1 )",
                "select a from s . u",
                "update s . v set a = 1",
            ]
        );
    }
}

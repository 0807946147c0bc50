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
    let begins = piece
        .iter()
        .position(|token| BEGINNINGS.iter().any(|word| token.is(body, word)))?;
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

#[cfg(test)]
mod tests {
    use super::*;

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

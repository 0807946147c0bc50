//! What psql sends for its own commands that stand for SQL: `\copy`, and `\g` with its kin instead of a
//! semicolon (psql documentation, "Meta-Commands").

use super::lexer::{Token, TokenKind, tokens};
use std::borrow::Cow;

/// The text as the server gets it. Other commands of psql send nothing that is the text's own, and stay
/// as they are.
#[must_use]
pub fn sent(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut found = String::new();
    let mut from = 0;
    for token in tokens(text) {
        let outside = !matches!(
            token.kind,
            TokenKind::String | TokenKind::Comment | TokenKind::QuotedIdentifier
        );
        if token.start < from || !outside || token.text(text) != "\\" {
            continue;
        }
        let rest = text.get(token.end..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let word = line.split_whitespace().next().unwrap_or_default();
        let instead = match word.to_lowercase().as_str() {
            "copy" => copied(line.get(word.len()..).unwrap_or_default()),
            "g" | "gx" | "gset" | "gexec" | "gdesc" | "crosstabview" | "watch" => {
                Some(";".to_owned())
            }
            _ => None,
        };
        if let Some(instead) = instead {
            found.push_str(text.get(from..token.start).unwrap_or_default());
            found.push_str(&instead);
            from = token.end + line.len();
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    found.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(found)
}

/// `\copy` as COPY: the file is the client's, which the server sees as its input or output.
fn copied(line: &str) -> Option<String> {
    let words = tokens(line);
    let mut depth = 0_i32;
    let direction: &Token = words.iter().find(|token| {
        match token.text(line) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && (token.is(line, "to") || token.is(line, "from"))
    })?;
    let (what, behind) = (line.get(..direction.start)?, line.get(direction.end..)?);
    let mut place = behind.trim_start();
    if let Some((word, rest)) = place.split_once(char::is_whitespace)
        && word.eq_ignore_ascii_case("program")
    {
        place = rest.trim_start();
    }
    let end = match tokens(place).first() {
        Some(first) if first.kind == TokenKind::String => first.end,
        _ => place
            .find(|letter: char| letter.is_whitespace() || letter == ';')
            .unwrap_or(place.len()),
    };
    let options = place.get(end..)?.trim().trim_end_matches(';');
    let stream = if direction.is(line, "to") {
        "TO STDOUT"
    } else {
        "FROM STDIN"
    };
    let text = format!("COPY {} {stream} {options}", what.trim());
    Some(format!("{};", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_reads_and_writes_what_is_the_clients() {
        for (text, told) in [
            (
                "\\copy t(a) to '/tmp/x y.csv' csv header",
                "COPY t(a) TO STDOUT csv header;",
            ),
            (
                "select 1;\n\\COPY \"My S\".t FROM data/in.csv WITH (FORMAT csv);\nselect 2",
                "select 1;\nCOPY \"My S\".t FROM STDIN WITH (FORMAT csv);\nselect 2",
            ),
            (
                "\\copy (select a from t where b = 'to') to program 'gzip > x'",
                "COPY (select a from t where b = 'to') TO STDOUT;",
            ),
            ("\\copy t from stdin", "COPY t FROM STDIN;"),
        ] {
            assert_eq!(sent(text), told);
        }
    }

    #[test]
    fn what_ends_a_statement_is_a_semicolon() {
        assert_eq!(
            sent("select a from t \\gx\nselect 2 \\g"),
            "select a from t ;\nselect 2 ;"
        );
        for text in [
            "select '\\copy t to x'",
            "\\d t",
            "select E'\\g'",
            "select 1",
        ] {
            assert_eq!(sent(text), text);
        }
    }
}

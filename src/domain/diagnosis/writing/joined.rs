//! A write made of OLD and NEW, as a write of all the rows that these stand for.

use crate::domain::sql::words::Words;

/// A statement with the rows that OLD and NEW stand for in its FROM; `None` where its words do not tell how.
#[must_use]
pub fn joined(statement: &str, item: &str) -> Option<String> {
    let words = Words::of_statement(statement);
    let mut depth = 0_i32;
    let outside: Vec<usize> = (0..words.len())
        .filter(|at| {
            match words.text(*at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .collect();
    let first = |names: &[&str]| outside.iter().copied().find(|at| words.is_any(*at, names));
    let end = words.len();
    let behind = first(&["where", "returning"]).unwrap_or(end);
    let (head, rest) = (words.span(0, behind), words.span(behind, end));
    match words.lower(0).as_str() {
        "insert" => {
            let values = first(&["values"])?;
            let close = words.closing(values + 1)?;
            let row = words.span(values + 2, close);
            let last = close + 1 == end || words.is_any(close + 1, &["returning"]);
            last.then(|| format!("{} SELECT {row} FROM {item}", words.span(0, values)))
        }
        "update" if first(&["from"]).is_none() => Some(format!("{head} FROM {item} {rest}")),
        "delete" if first(&["using"]).is_none() => Some(format!("{head} USING {item} {rest}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_joined_with_the_rows_it_is_done_for() {
        for (statement, wanted) in [
            (
                "INSERT INTO l (a) VALUES (new.a, f(1))",
                Some("INSERT INTO l (a) SELECT new.a, f(1) FROM rows"),
            ),
            (
                "UPDATE l SET a = new.a WHERE l.b = (SELECT 1 FROM x)",
                Some("UPDATE l SET a = new.a FROM rows WHERE l.b = (SELECT 1 FROM x)"),
            ),
            (
                "DELETE FROM l WHERE a = old.a",
                Some("DELETE FROM l USING rows WHERE a = old.a"),
            ),
            ("INSERT INTO l VALUES (new.a), (old.a)", None),
            ("INSERT INTO l SELECT new.a FROM x", None),
            ("DELETE FROM l USING x WHERE a = old.a", None),
        ] {
            assert_eq!(joined(statement, "rows").as_deref(), wanted, "{statement}");
        }
    }
}

//! psql's variables put into SQL: `:name` as it is, `:'name'` as a literal, `:"name"` as a name
//! (psql documentation, "SQL Interpolation").

use std::collections::BTreeMap;

use super::lexer::{TokenKind, tokens};
use crate::domain::ident;

/// The text with the variables that are set put in. As in psql, those that are not set stay as they
/// are, and nothing is touched in strings, names in quotes and comments.
#[must_use]
pub fn put_in(sql: &str, values: &BTreeMap<String, String>) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut done = 0;
    for token in tokens(sql) {
        if token.kind != TokenKind::Variable {
            continue;
        }
        let Some(put) = value(token.text(sql), values) else {
            continue;
        };
        text.push_str(sql.get(done..token.start).unwrap_or_default());
        text.push_str(&put);
        done = token.end;
    }
    text.push_str(sql.get(done..).unwrap_or_default());
    text
}

/// What stands for a variable, if it is set.
fn value(token: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let name = token.strip_prefix(':')?;
    if let Some(name) = between(name, '\'') {
        let literal = values.get(name).map(|value| ident::literal(value))?;
        // The E of an escape string must not join the word before it.
        return Some(if literal.starts_with('E') {
            format!(" {literal}")
        } else {
            literal
        });
    }
    if let Some(name) = between(name, '"') {
        // Quoted always, as libpq does: a value in capitals means a name in capitals.
        return values
            .get(name)
            .map(|value| format!("\"{}\"", value.replace('"', "\"\"")));
    }
    values.get(name).cloned()
}

fn between(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(sql: &str) -> String {
        let values = [
            ("n", "5"),
            ("who", "O'Brien \\ Söhne"),
            ("t", "Odd \"name\""),
            ("all", "a, b"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        put_in(sql, &BTreeMap::from(values))
    }

    #[test]
    fn each_form_is_quoted_its_own_way() {
        assert_eq!(put("select :all limit :n"), "select a, b limit 5");
        assert_eq!(
            put("where name = :'who'"),
            "where name =  E'O''Brien \\\\ Söhne'"
        );
        assert_eq!(
            put("from :\"t\" where n=:'n'"),
            "from \"Odd \"\"name\"\"\" where n='5'"
        );
    }

    #[test]
    fn what_is_not_a_variable_stays() {
        for sql in [
            "select ':n', \":n\", $$ :n $$, $q$ :'n' $q$",
            "select '1'::int, x::n",
            "select a[1:2]",
            "-- :n\nselect /* :n */ 1",
            "select :unset, :'unset', :\"unset\"",
            "select E'\\':n'",
        ] {
            assert_eq!(put(sql), sql);
        }
    }
}

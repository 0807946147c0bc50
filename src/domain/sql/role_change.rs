//! `set_config('role', …)`, which is SET ROLE as a function: what stands behind it runs as that role.

use super::split;
use super::words::Words;
use crate::domain::ident;
use std::borrow::Cow;

/// The text with SET ROLE written out behind every statement that calls `set_config` for it.
#[must_use]
pub fn spelled_out(text: &str) -> Cow<'_, str> {
    let mut found = String::new();
    let mut from = 0;
    for range in split::statements(text) {
        let Some(statement) = text.get(range.clone()) else {
            continue;
        };
        if let Some(role) = set_by_call(statement) {
            let end = range.start + statement.trim_end_matches([';', ' ', '\n', '\t']).len();
            found.push_str(text.get(from..end).unwrap_or_default());
            found.push_str("; SET LOCAL ROLE ");
            found.push_str(&role);
            from = end;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    found.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(found)
}

/// The role as SET ROLE writes it, where a statement selects it by a constant.
fn set_by_call(statement: &str) -> Option<String> {
    let words = Words::of_statement(statement);
    if !words.is_any(0, &["select", "with"]) {
        return None;
    }
    let role = (0..words.len()).find_map(|at| {
        let called = words.is(at, "set_config") && words.text(at + 1) == "(";
        let of_role = words.literal(at + 2)?.eq_ignore_ascii_case("role");
        (called && of_role && words.text(at + 3) == ",").then(|| words.literal(at + 4))?
    })?;
    Some(match role.as_str() {
        "none" => "NONE".to_owned(),
        role => ident::role(role).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_set_by_a_call_are_written_out() {
        for (text, told) in [
            (
                "select set_config('role', 'web anon', true); select 1",
                "select set_config('role', 'web anon', true); SET LOCAL ROLE \"web anon\"; select 1",
            ),
            (
                "begin; SELECT set_config('a.b', '1', true), pg_catalog.set_config('role', 'none', true) -- x",
                "begin; SELECT set_config('a.b', '1', true), pg_catalog.set_config('role', 'none', true); SET LOCAL ROLE NONE -- x",
            ),
            ("select set_config('search_path', 'role', true)", ""),
            ("select set_config('role', current_user, true)", ""),
            (
                "create function f() returns text return set_config('role', 'x', true)",
                "",
            ),
        ] {
            let told = if told.is_empty() { text } else { told };
            assert_eq!(spelled_out(text), told);
        }
    }
}

//! Who a session runs as from a statement on: SET ROLE, SET SESSION AUTHORIZATION and their RESET, and
//! `set_config('role', …)`, which is SET ROLE as a function.
//!
//! Source: PostgreSQL documentation, "SET ROLE" and "SET SESSION AUTHORIZATION"; PostgreSQL source,
//! `gram.y`, `set_rest`.

use super::split;
use super::words::Words;
use crate::domain::ident;
use std::borrow::Cow;

/// What a statement makes of who the session runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleChange {
    /// The current role; `None` for NONE, DEFAULT and RESET: who signed in.
    Role(Option<String>),
    /// The session's user; `None` for DEFAULT and RESET.
    Session(Option<String>),
}

/// The change that a statement makes; `None` where it is of another kind.
#[must_use]
pub fn role_change(statement: &str) -> Option<RoleChange> {
    let words = Words::of_statement(statement);
    let resets = words.is(0, "reset");
    if !resets && !words.is(0, "set") {
        return None;
    }
    let in_words = |at: usize| words.is(at, "session") && words.is(at + 1, "authorization");
    let scoped = !resets && words.is_any(1, &["session", "local"]) && !in_words(1);
    let at = 1 + usize::from(scoped);
    let of_session = in_words(at) || words.is(at, "session_authorization");
    if !of_session && !words.is(at, "role") {
        return None;
    }
    let mut behind = at + 1 + usize::from(in_words(at));
    if words.is_any(behind, &["to", "="]) {
        behind += 1;
    }
    let back = resets || words.is_any(behind, &["none", "default"]);
    let named = words.named(behind).filter(|_| !back);
    Some(if of_session {
        RoleChange::Session(named)
    } else {
        RoleChange::Role(named)
    })
}

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
    fn every_way_to_become_somebody_is_read() {
        let role = |name: &str| Some(RoleChange::Role(Some(name.to_owned())));
        let session = |name: &str| Some(RoleChange::Session(Some(name.to_owned())));
        for (sql, told) in [
            ("set role reader", role("reader")),
            ("SET LOCAL ROLE \"Odd One\"", role("Odd One")),
            ("set session role = 'reader';", role("reader")),
            ("set role none", Some(RoleChange::Role(None))),
            ("reset role", Some(RoleChange::Role(None))),
            ("set session authorization bob", session("bob")),
            ("set session session authorization 'Bob'", session("Bob")),
            ("set local session_authorization to bob", session("bob")),
            (
                "set session authorization default",
                Some(RoleChange::Session(None)),
            ),
            (
                "RESET SESSION AUTHORIZATION",
                Some(RoleChange::Session(None)),
            ),
            ("set session characteristics as transaction read only", None),
            ("set local app.role = 'x'", None),
            ("reset all", None),
        ] {
            assert_eq!(role_change(sql), told, "{sql}");
        }
    }

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

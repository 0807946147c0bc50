//! Who each of several statements runs as.

use crate::domain::diagnosis::trial::word_at;
use crate::domain::sql::role_change::{RoleChange, role_change};

/// A statement and who it runs as.
pub(super) struct Spoken<'a> {
    pub(super) role: String,
    pub(super) text: &'a String,
}

/// Who each statement runs as: SET ROLE holds for those behind it.
pub(super) fn spoken<'a>(role: &str, statements: &'a [String]) -> Vec<Spoken<'a>> {
    let mut now = role.to_owned();
    statements
        .iter()
        .map(|text| {
            let spoken = Spoken {
                role: now.clone(),
                text,
            };
            let all_back = word_at(text, 0) == "reset" && word_at(text, 1) == "all";
            match role_change(text) {
                Some(RoleChange::Role(named)) => now = named.unwrap_or_else(|| role.to_owned()),
                _ if all_back => role.clone_into(&mut now),
                _ => {}
            }
            spoken
        })
        .collect()
}

/// Whether a statement is SET ROLE, which the server judges by who signed in.
pub(super) fn becomes(statement: &str) -> bool {
    word_at(statement, 0) == "set" && matches!(role_change(statement), Some(RoleChange::Role(_)))
}

/// Whether a statement gives a parameter a value, which policies of statements behind it may ask for.
pub(super) fn sets(statement: &str) -> bool {
    const OTHERS: [&str; 5] = [
        "role",
        "authorization",
        "transaction",
        "constraints",
        "characteristics",
    ];
    let other = |at: usize| OTHERS.contains(&word_at(statement, at).as_str());
    match word_at(statement, 0).as_str() {
        "set" => !other(1) && !other(2),
        "select" => {
            let is_set = |at: usize| word_at(statement, at) == "set_config";
            is_set(1) || (word_at(statement, 1) == "pg_catalog" && is_set(3))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_other_kinds_of_set() {
        for sql in [
            "SET app.tenant = '1'",
            "set local app.tenant to 'x'",
            "select set_config('app.tenant', '1', true)",
            "select pg_catalog.set_config('a.b', '1', false)",
        ] {
            assert!(sets(sql), "{sql}");
        }
        for sql in [
            "set role x",
            "set local role x",
            "set session authorization x",
            "set transaction read only",
            "select 1",
        ] {
            assert!(!sets(sql), "{sql}");
        }
    }

    #[test]
    fn set_role_holds_for_what_follows() {
        let statements: Vec<String> = [
            "select 1",
            "set local role \"Odd One\"",
            "select 2",
            "SET ROLE to 'reader'",
            "select 3",
            "reset role",
            "select 4",
            "set role reader",
            "set role none",
            "select 5",
        ]
        .map(str::to_owned)
        .to_vec();
        let roles: Vec<String> = spoken("app", &statements)
            .into_iter()
            .filter(|spoken| word_at(spoken.text, 0) == "select")
            .map(|spoken| spoken.role)
            .collect();
        assert_eq!(roles, ["app", "Odd One", "reader", "app", "app"]);
    }
}

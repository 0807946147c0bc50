//! What nobody may do inside a security-restricted operation: while a materialized view is filled, its
//! owner's functions run on somebody else's behalf, and nothing of theirs may outlive that.

use crate::domain::sql::role_change::{RoleChange, role_change};
use crate::domain::sql::words::Words;

/// Something that such an operation refuses, superusers included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forbidden {
    /// A cursor that is held (PostgreSQL source, `portalcmds.c`, `PerformCursorOpen`).
    Cursor,
    /// A temporary relation (`tablecmds.c`, `DefineRelation`).
    Temporary,
    /// A write whose trigger waits for the end of the transaction (`trigger.c`,
    /// `afterTriggerMarkEvents`).
    Deferred,
    /// A command that changes the session (`utility.c`, `CheckRestrictedOperation`).
    Command(String),
    /// `role` or `session_authorization` (`guc.c`, `set_config_with_handle`).
    Parameter(String),
}

impl Forbidden {
    /// What the server says.
    #[must_use]
    pub fn message(&self) -> String {
        let done = match self {
            Self::Cursor => "create a cursor WITH HOLD".to_owned(),
            Self::Temporary => "create temporary table".to_owned(),
            Self::Deferred => "fire deferred trigger".to_owned(),
            Self::Command(command) => format!("execute {command}"),
            Self::Parameter(name) => format!("set parameter \"{name}\""),
        };
        format!("cannot {done} within security-restricted operation")
    }

    /// The same as what a body would do.
    #[must_use]
    pub fn deed(&self) -> String {
        match self {
            Self::Cursor => "declares a cursor WITH HOLD".to_owned(),
            Self::Temporary => "creates a temporary relation".to_owned(),
            Self::Deferred => "writes to a table whose trigger is deferred".to_owned(),
            Self::Command(command) => format!("calls {command}"),
            Self::Parameter(name) => format!("sets {name}"),
        }
    }
}

/// What the words of a statement tell; a deferred trigger they do not.
#[must_use]
pub fn forbidden(statement: &str) -> Option<Forbidden> {
    let words = Words::of_statement(statement);
    let is = |at: usize, word: &str| words.is(at, word);
    match words.lower(0).as_str() {
        "declare" => {
            let held = (1..words.len()).find(|at| is(*at, "for"))?;
            (1..held)
                .any(|at| is(at, "with") && is(at + 1, "hold"))
                .then_some(Forbidden::Cursor)
        }
        "create" => {
            let from = match words.lower(1).as_str() {
                "or" => 3,
                "local" | "global" => 2,
                _ => 1,
            };
            words
                .is_any(from, &["temp", "temporary"])
                .then_some(Forbidden::Temporary)
        }
        "select" | "with" => {
            let into = words.find("into")?;
            (words.is_any(into + 1, &["temp", "temporary"])
                && !words.is_any(into.wrapping_sub(1), &["insert", "merge"]))
            .then_some(Forbidden::Temporary)
        }
        command @ ("close" | "prepare" | "deallocate" | "listen" | "unlisten" | "discard") => {
            // PREPARE TRANSACTION is refused in functions anyway.
            (!is(1, "transaction")).then(|| Forbidden::Command(command.to_uppercase()))
        }
        "set" | "reset" => {
            let parameter = match role_change(statement)? {
                RoleChange::Session(_) => "session_authorization",
                RoleChange::Role(_) => "role",
            };
            Some(Forbidden::Parameter(parameter.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_the_operation_is_told() {
        let message = |sql: &str| forbidden(sql).map(|one| one.message());
        let within = "within security-restricted operation";
        for (sql, said) in [
            (
                "declare c cursor with hold for select f()",
                "cannot create a cursor WITH HOLD",
            ),
            (
                "create local temp table t (a int)",
                "cannot create temporary table",
            ),
            (
                "create or replace temporary view v as select 1",
                "cannot create temporary table",
            ),
            ("select 1 as a into temp t", "cannot create temporary table"),
            ("discard all", "cannot execute DISCARD"),
            ("listen x", "cannot execute LISTEN"),
            ("set local role x", "cannot set parameter \"role\""),
            ("reset role", "cannot set parameter \"role\""),
            (
                "set session authorization default",
                "cannot set parameter \"session_authorization\"",
            ),
        ] {
            assert_eq!(message(sql), Some(format!("{said} {within}")), "{sql}");
        }
    }

    #[test]
    fn what_ends_with_it_is_no_matter() {
        for sql in [
            "declare c cursor for select 1 with hold",
            "create table temp (a int)",
            "insert into temp select 1",
            "with x as (select 1) insert into temp select * from x",
            "set local work_mem = '1MB'",
            "prepare transaction 'x'",
            "select f()",
        ] {
            assert_eq!(forbidden(sql), None, "{sql}");
        }
    }
}

//! The words in which the server refuses, for what it was not asked to try.
//!
//! Source: PostgreSQL source, `aclchk.c` (`aclcheck_error`), `be-fsstubs.c`, `copy.c` of 13 to 18.

use super::demands::{Demand, demands};
use super::report::{MissingPrivilege, ObjectKind};
use super::trial::word_at;
use crate::domain::failure::{Failure, Origin, Phase};

/// What the server says to who lacks a privilege on an object; `None` where it is none of these.
#[must_use]
pub fn refusal(missing: &MissingPrivilege) -> Option<Failure> {
    let object = &missing.object;
    if matches!(missing.privilege.as_str(), "MEMBER" | "OWNER" | "SET")
        || matches!(
            object.kind,
            ObjectKind::Role | ObjectKind::Other | ObjectKind::Parameter
        )
    {
        return None;
    }
    let name = match object.kind {
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => object
            .name
            .rsplit_once('(')
            .map_or(object.name.as_str(), |(name, _)| name),
        _ => &object.name,
    };
    Some(denied(format!(
        "permission denied for {} {name}",
        object.kind.word()
    )))
}

/// What the server says to who must own something. Relations are named without their schema.
#[must_use]
pub fn owner_refusal(kind: &str, name: &str) -> Failure {
    let name = match kind {
        "table" | "index" | "sequence" => name.rsplit('.').next().unwrap_or(name),
        _ => name,
    };
    denied(format!("must be owner of {kind} {name}"))
}

/// What CREATE EXTENSION and CREATE DATABASE … TEMPLATE say in words of their own (PostgreSQL
/// source, `extension.c`, `execute_extension_script`; `dbcommands.c`, `createdb`); `None` for other
/// statements.
#[must_use]
pub fn creation_refusal(statement: &str, missing: &MissingPrivilege) -> Option<Failure> {
    if word_at(statement, 0) != "create" {
        return None;
    }
    let object = &missing.object;
    match word_at(statement, 1).as_str() {
        "extension" if object.kind == ObjectKind::Database => {
            let name = demands(statement)
                .into_iter()
                .find_map(|demand| match demand {
                    Demand::Extension(name) => Some(name),
                    _ => None,
                })?;
            let mut failure = denied(format!("permission denied to create extension \"{name}\""));
            failure.hint = Some(
                "Must have CREATE privilege on current database to create this extension."
                    .to_owned(),
            );
            Some(failure)
        }
        "database" if missing.privilege == "OWNER" && object.kind == ObjectKind::Database => {
            Some(denied(format!(
                "permission denied to copy database \"{}\"",
                object.name
            )))
        }
        _ => None,
    }
}

/// What COPY says to who may not use files or programs of the server; `None` for other roles.
#[must_use]
pub fn copy_refusal(role: &str, major: u32) -> Option<Failure> {
    let (does, reaches) = match role {
        "pg_read_server_files" => ("COPY from a file", "COPY from a file"),
        "pg_write_server_files" => ("COPY to a file", "COPY to a file"),
        "pg_execute_server_program" => (
            "COPY to or from an external program",
            "COPY to or from an external program",
        ),
        _ => return None,
    };
    let mut failure = if major < 15 {
        denied(format!(
            "must be superuser or a member of the {role} role to {does}"
        ))
    } else if major < 16 {
        denied(format!(
            "must be superuser or have privileges of the {role} role to {does}"
        ))
    } else {
        let mut failure = denied(format!("permission denied to {does}"));
        failure.detail = Some(format!(
            "Only roles with privileges of the \"{role}\" role may {reaches}."
        ));
        failure
    };
    failure.hint = Some(
        "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone."
            .to_owned(),
    );
    Some(failure)
}

/// What the server says to who lacks USAGE on a schema.
#[must_use]
pub fn schema_refusal(schema: &str) -> Failure {
    denied(format!("permission denied for schema {schema}"))
}

/// A refusal in these words.
#[must_use]
pub fn denied(message: String) -> Failure {
    let mut failure = Failure::new(Phase::Statement, Origin::Server, message);
    failure.severity = Some("ERROR".to_owned());
    failure.sqlstate = Some("42501".to_owned());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::ObjectName;

    #[test]
    fn the_servers_words_are_met() {
        let missing = |kind, name: &str| MissingPrivilege {
            privilege: "EXECUTE".into(),
            grantee: "app".into(),
            object: ObjectName {
                kind,
                schema: Some("s".into()),
                name: name.into(),
                columns: Vec::new(),
            },
        };
        for (kind, name, words) in [
            (
                ObjectKind::Function,
                "odd (f(integer)",
                "permission denied for function odd (f",
            ),
            (
                ObjectKind::LargeObject,
                "42",
                "permission denied for large object 42",
            ),
            (
                ObjectKind::Sequence,
                "seq",
                "permission denied for sequence seq",
            ),
        ] {
            assert_eq!(refusal(&missing(kind, name)).unwrap().message, words);
        }
        assert_eq!(
            copy_refusal("pg_read_server_files", 14).unwrap().message,
            "must be superuser or a member of the pg_read_server_files role to COPY from a file"
        );
        assert_eq!(copy_refusal("readers", 14), None);
    }
}

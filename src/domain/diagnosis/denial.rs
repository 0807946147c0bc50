//! Rules for refused statements: what the server's words say is denied.
//!
//! Source: PostgreSQL source, `aclchk.c` (`aclcheck_error`) and the messages of 13 to 18; the
//! wording changed wholesale in 16, so both forms are read.

use super::report::ObjectKind;
use crate::domain::failure::Failure;

/// What a refusal is about. Names are as the server printed them: mostly without a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// A privilege on an object.
    Privilege {
        /// Its kind.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// Only the owner may.
    Ownership {
        /// The kind in the server's words: `relation`, `table`, `schema`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// An attribute of the role is wanted.
    Attribute(&'static str),
    /// TEMPORARY on the database.
    Temporary,
    /// CREATE on the database.
    CreateInDatabase,
    /// Membership of a role.
    Membership(String),
    /// SET on a parameter.
    Parameter(String),
    /// A policy refuses the row.
    RowLevelSecurity(String),
    /// Something only a superuser may, or that nothing here knows.
    Superuser,
}

/// Reads a refusal; `None` if the failure is not one (SQLSTATE 42501).
#[must_use]
pub fn read(failure: &Failure) -> Option<Denial> {
    if !failure.is_refusal() {
        return None;
    }
    let message = failure.message.as_str();
    let hint = failure.hint.as_deref().unwrap_or_default();
    if message.contains("row-level security policy") {
        return Some(Denial::RowLevelSecurity(between_quotes(message)));
    }
    if let Some(rest) = message.strip_prefix("must be owner of ") {
        return Some(owned(rest));
    }
    for prefix in [
        "permission denied to set role ",
        "must be member of role ",
        "must be able to SET ROLE ",
    ] {
        if message.starts_with(prefix) {
            return Some(Denial::Membership(between_quotes(message)));
        }
    }
    if message.starts_with("permission denied to set parameter") {
        return Some(Denial::Parameter(between_quotes(message)));
    }
    if message.starts_with("permission denied to create temporary tables") {
        return Some(Denial::Temporary);
    }
    if message.starts_with("permission denied to create database") {
        return Some(Denial::Attribute("CREATEDB"));
    }
    if message.starts_with("permission denied to create role") {
        return Some(Denial::Attribute("CREATEROLE"));
    }
    if message.starts_with("permission denied to create extension") && hint.contains("CREATE") {
        return Some(Denial::CreateInDatabase);
    }
    Some(
        message
            .strip_prefix("permission denied for ")
            .map_or(Denial::Superuser, privilege),
    )
}

fn privilege(rest: &str) -> Denial {
    for (word, kind) in [
        ("materialized view ", ObjectKind::MaterializedView),
        ("foreign table ", ObjectKind::ForeignTable),
        ("foreign-data wrapper ", ObjectKind::ForeignDataWrapper),
        ("foreign server ", ObjectKind::ForeignServer),
        ("large object ", ObjectKind::LargeObject),
        ("table ", ObjectKind::Table),
        ("relation ", ObjectKind::Table),
        ("view ", ObjectKind::View),
        ("sequence ", ObjectKind::Sequence),
        ("schema ", ObjectKind::Schema),
        ("function ", ObjectKind::Function),
        ("procedure ", ObjectKind::Procedure),
        ("aggregate ", ObjectKind::Aggregate),
        ("routine ", ObjectKind::Function),
        ("type ", ObjectKind::Type),
        ("language ", ObjectKind::Language),
        ("tablespace ", ObjectKind::Tablespace),
        ("database ", ObjectKind::Database),
    ] {
        if let Some(name) = rest.strip_prefix(word) {
            if kind == ObjectKind::Database {
                return Denial::CreateInDatabase;
            }
            let name = name.to_owned();
            return Denial::Privilege { kind, name };
        }
    }
    Denial::Superuser
}

fn owned(rest: &str) -> Denial {
    let multiword = [
        "materialized view",
        "foreign table",
        "foreign server",
        "event trigger",
    ];
    let kind = multiword
        .into_iter()
        .find(|kind| rest.starts_with(kind))
        .or_else(|| rest.split(' ').next())
        .unwrap_or_default();
    let name = rest.strip_prefix(kind).unwrap_or_default().trim();
    Denial::Ownership {
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

/// What stands between the first and the last double quote.
fn between_quotes(message: &str) -> String {
    message
        .split_once('"')
        .and_then(|(_, rest)| rest.rsplit_once('"'))
        .map_or_else(String::new, |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::{Origin, Phase};

    fn refused(message: &str) -> Option<Denial> {
        let mut failure = Failure::new(Phase::Statement, Origin::Server, message);
        failure.sqlstate = Some("42501".into());
        read(&failure)
    }

    #[test]
    fn refusals_are_told_apart() {
        let privilege = |kind, name: &str| Denial::Privilege {
            kind,
            name: name.into(),
        };
        for (message, denial) in [
            (
                "permission denied for table T 1",
                privilege(ObjectKind::Table, "T 1"),
            ),
            (
                "permission denied for schema crm",
                privilege(ObjectKind::Schema, "crm"),
            ),
            (
                "permission denied for database shop",
                Denial::CreateInDatabase,
            ),
            (
                "permission denied to create temporary tables in database \"shop\"",
                Denial::Temporary,
            ),
            (
                "must be owner of materialized view mv",
                Denial::Ownership {
                    kind: "materialized view".into(),
                    name: "mv".into(),
                },
            ),
            (
                "must be able to SET ROLE \"a\"b\"",
                Denial::Membership("a\"b".into()),
            ),
            (
                "permission denied to create role",
                Denial::Attribute("CREATEROLE"),
            ),
        ] {
            assert_eq!(refused(message), Some(denial), "{message}");
        }
    }

    #[test]
    fn other_failures_are_no_refusals() {
        assert_eq!(read(&Failure::local("permission denied for table t")), None);
    }
}

//! Rules for refused statements: what the server's words say is denied.
//!
//! Source: PostgreSQL source, `aclchk.c` (`aclcheck_error`) and the messages of 13 to 18; the
//! wording changed wholesale in 16, so both forms are read.

use super::report::ObjectKind;
use crate::domain::failure::Failure;
use crate::domain::sql::words::Words;

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
    /// CREATEROLE, and from 16 on the ADMIN option on the role that is managed.
    RoleManagement(Option<String>),
    /// The ADMIN option on a role; without a name the statement tells it.
    Administration(Option<String>),
    /// A GRANT or REVOKE that only warned: the grant option on the named object is wanted.
    GrantOption(String),
    /// TEMPORARY on the database.
    Temporary,
    /// CREATE on the database.
    CreateInDatabase,
    /// The right to become a role.
    Becoming(String),
    /// The privileges of a role; without a name the statement tells it.
    Acting(Option<String>),
    /// The privileges of a predefined role.
    Predefined(String),
    /// SET or ALTER SYSTEM on a parameter.
    Parameter(String),
    /// A policy refuses the row.
    RowLevelSecurity(String),
    /// `row_security` is off: the server refuses instead of hiding rows of this relation.
    RowSecurityOff(String),
    /// The system's own objects, which nobody changes by a grant.
    System,
    /// Something only a superuser may, or that nothing here knows.
    Superuser,
}

/// Reads a refusal; `None` if the failure is not one (SQLSTATE 42501, or the warnings 01007 and 01006
/// of a GRANT or REVOKE that changed nothing).
#[must_use]
pub fn read(failure: &Failure) -> Option<Denial> {
    let message = failure.message.as_str();
    if matches!(failure.sqlstate.as_deref(), Some("01007" | "01006")) {
        return Some(Denial::GrantOption(last_quoted(message)));
    }
    if !failure.is_refusal() {
        return None;
    }
    let detail = failure.detail.as_deref().unwrap_or_default();
    let hint = failure.hint.as_deref().unwrap_or_default();
    if message.starts_with("query would be affected by row-level security policy") {
        return Some(Denial::RowSecurityOff(last_quoted(message)));
    }
    if message.contains("row-level security policy") {
        return Some(Denial::RowLevelSecurity(last_quoted(message)));
    }
    if let Some(rest) = message.strip_prefix("must be owner of ") {
        return Some(owned(rest));
    }
    if detail.contains("System catalog modifications") || message.contains("is a system catalog") {
        return Some(Denial::System);
    }
    let denial = by_detail(detail)
        .or_else(|| by_message(message))
        .or_else(|| predefined(message).map(Denial::Predefined));
    if denial.is_some() {
        return denial;
    }
    let makes_extension = ["create", "update"]
        .iter()
        .any(|verb| message.starts_with(&format!("permission denied to {verb} extension")));
    if makes_extension && hint.contains("CREATE") {
        return Some(Denial::CreateInDatabase);
    }
    match message.strip_prefix("permission denied for ") {
        Some(rest) => Some(privilege(rest)),
        None => is_in_english(message).then_some(Denial::Superuser),
    }
}

/// Whether a refusal has words that those of PostgreSQL and its extensions have, so that it was read as
/// far as it can be: `lc_messages` may be of another language, and functions raise what they like.
fn is_in_english(message: &str) -> bool {
    const WORDS: [&str; 12] = [
        "must",
        "only",
        "cannot",
        "can't",
        "not",
        "permission",
        "superuser",
        "superusers",
        "superuser-only",
        "non-superuser",
        "privilege",
        "privileges",
    ];
    message
        .split(|letter: char| letter.is_whitespace() || letter == ',')
        .any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// Reads the refusal of a statement. Parsers and templates of text search belong to nobody: who is no
/// superuser may drop them as the owner of their schema alone (PostgreSQL source, `dropcmds.c`,
/// `RemoveObjects`).
#[must_use]
pub fn of_statement(failure: &Failure, statement: &str) -> Option<Denial> {
    let denial = read(failure)?;
    let words = Words::of_statement(statement);
    let drops = words.is(0, "drop") && words.is(1, "text") && words.is(2, "search");
    if denial != Denial::Superuser || !drops || !words.is_any(3, &["parser", "template"]) {
        return Some(denial);
    }
    let at = if words.is(4, "if") { 6 } else { 4 };
    let name = words.dotted(at).map(|(name, _)| name.join("."));
    Some(Denial::Ownership {
        kind: format!("text search {}", words.lower(3)),
        name: name.unwrap_or_default(),
    })
}

/// From 16 on the detail says in whole sentences who may (commit de4d456b406).
fn by_detail(detail: &str) -> Option<Denial> {
    if detail.is_empty() {
        return None;
    }
    if detail.contains("SUPERUSER attribute") {
        return Some(Denial::Superuser);
    }
    let named = |before: &str| {
        let (_, rest) = detail.split_once(before)?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    if detail.contains("ADMIN option") {
        let role = named("ADMIN option on role \"");
        return Some(if detail.contains("CREATEROLE attribute") {
            Denial::RoleManagement(role)
        } else {
            Denial::Administration(role)
        });
    }
    if let Some(role) = predefined(detail) {
        return Some(Denial::Predefined(role));
    }
    if let Some(role) = named("privileges of role \"") {
        return Some(Denial::Acting(Some(role)));
    }
    ["CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"]
        .into_iter()
        .find(|attribute| detail.contains(&format!("the {attribute} attribute")))
        .map(Denial::Attribute)
}

fn by_message(message: &str) -> Option<Denial> {
    let begins = |start: &str| message.starts_with(start);
    let quoted = || between_quotes(message);
    Some(match message {
        _ if begins("permission denied to set role ")
            || begins("must be member of role ")
            || begins("must be able to SET ROLE ") =>
        {
            Denial::Becoming(quoted())
        }
        _ if begins("must have admin option on role ") => Denial::Administration(Some(quoted())),
        _ if begins("permission denied to set parameter") => Denial::Parameter(quoted()),
        _ if begins("permission denied for parameter ") => Denial::Parameter(
            message
                .trim_start_matches("permission denied for parameter ")
                .trim_matches('"')
                .to_owned(),
        ),
        _ if begins("must be superuser to execute ALTER SYSTEM") => {
            Denial::Parameter(String::new())
        }
        _ if begins("permission denied to create temporary tables") => Denial::Temporary,
        _ if begins("permission denied to create database")
            || begins("permission denied to rename database")
            || begins("permission denied to change owner of database") =>
        {
            Denial::Attribute("CREATEDB")
        }
        "permission denied" | "must have CREATEROLE privilege" => Denial::RoleManagement(None),
        _ if ["create", "alter", "drop", "rename"]
            .iter()
            .any(|verb| begins(&format!("permission denied to {verb} role"))) =>
        {
            Denial::RoleManagement(None)
        }
        _ if begins("permission denied to change default privileges")
            || begins("permission denied to reassign objects")
            || begins("permission denied to drop objects") =>
        {
            Denial::Acting(None)
        }
        _ if message.contains("replication role") => Denial::Attribute("REPLICATION"),
        _ => return None,
    })
}

/// The predefined role that a text says would do: `… the "pg_checkpoint" role …`.
fn predefined(text: &str) -> Option<String> {
    [
        "privileges of the ",
        "privileges of ",
        "member of the ",
        "member of ",
    ]
    .into_iter()
    .find_map(|before| {
        text.match_indices(before).find_map(|(at, _)| {
            let rest = text.get(at + before.len()..)?.trim_start_matches('"');
            let name: String = rest
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            name.starts_with("pg_").then_some(name)
        })
    })
}

fn privilege(rest: &str) -> Denial {
    // `column "a" of relation "t"`.
    if rest.starts_with("column ") {
        let name = last_quoted(rest);
        let kind = ObjectKind::Table;
        return Denial::Privilege { kind, name };
    }
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
            // GRANT on a large object says the kind twice.
            let name = name.strip_prefix(word).unwrap_or(name);
            let name = name.to_owned();
            return Denial::Privilege { kind, name };
        }
    }
    Denial::Superuser
}

fn owned(rest: &str) -> Denial {
    let multiword = [
        "materialized view",
        "foreign-data wrapper",
        "foreign table",
        "foreign server",
        "event trigger",
        "large object",
        "operator class",
        "operator family",
        "statistics object",
        "text search configuration",
        "text search dictionary",
    ];
    let kind = multiword
        .into_iter()
        .find(|kind| rest.starts_with(kind))
        .or_else(|| rest.split(' ').next())
        .unwrap_or_default();
    let name = rest.strip_prefix(kind).unwrap_or_default().trim();
    // DROP and COMMENT name the access method before the schema (PostgreSQL source, `objectaddress.c`,
    // `check_object_ownership`).
    let name = match kind {
        "operator class" | "operator family" => name.split_once('.').map_or(name, |(_, name)| name),
        _ => name,
    };
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

/// What stands between the last two double quotes: a policy may be named before the table.
fn last_quoted(message: &str) -> String {
    let mut parts = message.rsplit('"');
    let _ = parts.next();
    parts.next().unwrap_or_default().to_owned()
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
                privilege(ObjectKind::Database, "shop"),
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
                Denial::Becoming("a\"b".into()),
            ),
            (
                "permission denied to create role",
                Denial::RoleManagement(None),
            ),
            (
                "must be superuser or a member of the pg_read_server_files role to COPY from a file",
                Denial::Predefined("pg_read_server_files".into()),
            ),
            (
                "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT",
                Denial::Predefined("pg_checkpoint".into()),
            ),
            (
                "query would be affected by row-level security policy for table \"t\"",
                Denial::RowSecurityOff("t".into()),
            ),
            (
                "new row violates row-level security policy \"p\" for table \"t\"",
                Denial::RowLevelSecurity("t".into()),
            ),
            (
                "must be owner of operator family btree.s.f",
                Denial::Ownership {
                    kind: "operator family".into(),
                    name: "s.f".into(),
                },
            ),
            (
                "must be owner of text search dictionary s.d",
                Denial::Ownership {
                    kind: "text search dictionary".into(),
                    name: "s.d".into(),
                },
            ),
        ] {
            assert_eq!(refused(message), Some(denial), "{message}");
        }
    }

    #[test]
    fn details_of_16_say_who_may() {
        for (detail, denial) in [
            (
                "Only roles with the CREATEROLE attribute may create roles.",
                Denial::Attribute("CREATEROLE"),
            ),
            (
                "Only roles with the CREATEROLE attribute and the ADMIN option on role \"grp\" may drop this role.",
                Denial::RoleManagement(Some("grp".into())),
            ),
            (
                "Only roles with the ADMIN option on role \"pg_read_all_data\" may grant this role.",
                Denial::Administration(Some("pg_read_all_data".into())),
            ),
            (
                "Only roles with privileges of the \"pg_create_subscription\" role may create subscriptions.",
                Denial::Predefined("pg_create_subscription".into()),
            ),
            (
                "Only roles with privileges of role \"other\" may reassign objects owned by it.",
                Denial::Acting(Some("other".into())),
            ),
            (
                "Only roles with the SUPERUSER attribute may create roles with the SUPERUSER attribute.",
                Denial::Superuser,
            ),
        ] {
            let mut failure = Failure::new(
                Phase::Statement,
                Origin::Server,
                "permission denied to do it",
            );
            failure.sqlstate = Some("42501".into());
            failure.detail = Some(detail.into());
            assert_eq!(read(&failure), Some(denial), "{detail}");
        }
    }

    #[test]
    fn trusted_extensions_take_a_right_on_the_database() {
        let mut failure = Failure::new(
            Phase::Statement,
            Origin::Server,
            "permission denied to update extension \"isn\"",
        );
        failure.sqlstate = Some("42501".into());
        failure.hint =
            Some("Must have CREATE privilege on current database to update this extension.".into());
        assert_eq!(read(&failure), Some(Denial::CreateInDatabase));
        failure.hint = Some("Must be superuser to update this extension.".into());
        assert_eq!(read(&failure), Some(Denial::Superuser));
    }

    #[test]
    fn the_owner_of_a_schema_may_drop_what_belongs_to_nobody() {
        let mut failure = Failure::new(Phase::Statement, Origin::Server, "must be superuser");
        failure.sqlstate = Some("42501".into());
        assert_eq!(
            of_statement(&failure, "DROP TEXT SEARCH PARSER IF EXISTS s.\"P 1\";"),
            Some(Denial::Ownership {
                kind: "text search parser".into(),
                name: "s.P 1".into(),
            })
        );
        assert_eq!(
            of_statement(&failure, "comment on text search parser s.p is 'x'"),
            Some(Denial::Superuser)
        );
    }

    #[test]
    fn other_failures_are_no_refusals() {
        assert_eq!(read(&Failure::local("permission denied for table t")), None);
        // In other languages a refusal says no more than that it is one.
        for message in [
            "keine Berechtigung für Schema s",
            "droit refusé pour la table t",
        ] {
            let mut failure = Failure::local(message);
            failure.sqlstate = Some("42501".to_owned());
            assert_eq!(read(&failure), None, "{message}");
            failure.message = "superuser-only function".to_owned();
            assert_eq!(read(&failure), Some(Denial::Superuser));
        }
    }
}

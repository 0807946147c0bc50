//! The words in which the server refuses, for what it was not asked to try.
//!
//! Source: PostgreSQL source, `aclchk.c` (`aclcheck_error`), `be-fsstubs.c`, `copy.c`, `slot.c`, `guc.c`
//! of 13 to 18.

use super::demands::{Demand, demands, reads_raw_pages};
use super::extensions::Maker;
use super::report::{MissingPrivilege, ObjectKind};
use super::trial::word_at;
use super::writing::called;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident;
use crate::domain::sql::words::Words;

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

/// What CREATE DATABASE says to who does not own its template (PostgreSQL source, `dbcommands.c`,
/// `createdb`); `None` for other objects and statements.
#[must_use]
pub fn template_refusal(statement: &str, kind: &str, name: &str) -> Option<Failure> {
    let copies = word_at(statement, 0) == "create" && word_at(statement, 1) == "database";
    (copies && kind == "database")
        .then(|| denied(format!("permission denied to copy database \"{name}\"")))
}

/// What CREATE EXTENSION says of an extension that not everybody may make (PostgreSQL source,
/// `extension.c`, `execute_extension_script`); `None` where everybody may.
#[must_use]
pub fn extension_refusal(name: &str, maker: Maker) -> Option<Failure> {
    let hint = match maker {
        Maker::Anybody => return None,
        Maker::Creator => {
            "Must have CREATE privilege on current database to create this extension."
        }
        Maker::Superuser => "Must be superuser to create this extension.",
    };
    let mut failure = denied(format!("permission denied to create extension \"{name}\""));
    failure.hint = Some(hint.to_owned());
    Some(failure)
}

/// What CREATE EXTENSION says of one whose files the server does not have, before it looks at rights
/// (PostgreSQL source, `extension.c`, `parse_extension_control_file`).
#[must_use]
pub fn extension_unavailable(name: &str) -> Failure {
    let mut failure = denied(format!("extension \"{name}\" is not available"));
    failure.sqlstate = Some("0A000".to_owned());
    failure.hint = Some(
        "The extension must first be installed on the system where PostgreSQL is running."
            .to_owned(),
    );
    failure
}

/// What CREATE EXTENSION says where something that it requires is not there and CASCADE is not said
/// (PostgreSQL source, `extension.c`, `get_required_extension`).
#[must_use]
pub fn extension_required(required: &str) -> Failure {
    let mut failure = denied(format!(
        "required extension \"{required}\" is not installed"
    ));
    failure.sqlstate = Some("42704".to_owned());
    failure.hint =
        Some("Use CREATE EXTENSION ... CASCADE to install required extensions too.".to_owned());
    failure
}

/// What is said to who may not become a role.
#[must_use]
pub fn becoming_refusal(role: &str) -> Failure {
    denied(format!("permission denied to set role \"{role}\""))
}

/// What commands say in words of their own to who lacks an attribute, a membership or a parameter;
/// `None` where the words are not known.
#[must_use]
pub fn command_refusal(statement: &str, missing: &MissingPrivilege, major: u32) -> Option<Failure> {
    let object = &missing.object;
    let creates = word_at(statement, 0) == "create" && word_at(statement, 1) == "database";
    match (missing.privilege.as_str(), object.kind) {
        ("CREATEDB", ObjectKind::Role) if creates => {
            Some(denied("permission denied to create database".to_owned()))
        }
        ("MEMBER" | "SET", ObjectKind::Role) if creates => Some(denied(if major < 16 {
            format!("must be member of role \"{}\"", object.name)
        } else {
            format!("must be able to SET ROLE \"{}\"", object.name)
        })),
        ("REPLICATION", ObjectKind::Role) if major < 16 => Some(denied(
            "must be superuser or replication role to use replication slots".to_owned(),
        )),
        ("REPLICATION", ObjectKind::Role) => {
            let mut failure = denied("permission denied to use replication slots".to_owned());
            failure.detail = Some(
                "Only roles with the REPLICATION attribute may use replication slots.".to_owned(),
            );
            Some(failure)
        }
        ("MEMBER", ObjectKind::Role) if object.name == "pg_create_subscription" => {
            let mut failure = denied("permission denied to create subscription".to_owned());
            failure.detail = Some(
                "Only roles with privileges of the \"pg_create_subscription\" role may create subscriptions."
                    .to_owned(),
            );
            Some(failure)
        }
        (_, ObjectKind::Parameter) => Some(denied(format!(
            "permission denied to set parameter \"{}\"",
            object.name
        ))),
        ("SELECT", _) if statement.contains("pg_prewarm") => warmed_index(statement, &object.name),
        ("MAINTAIN", _) if word_at(statement, 0) == "reindex" => {
            let (kind, name) = last_name(statement)?;
            (kind == "index").then(|| denied(format!("permission denied for index {name}")))
        }
        ("MEMBER", ObjectKind::Role) if word_at(statement, 0) == "reindex" => {
            let (kind, name) = last_name(statement)?;
            ["schema", "database"]
                .contains(&kind.as_str())
                .then(|| owner_refusal(&kind, &name))
        }
        _ => None,
    }
}

/// What is said to who is no superuser by what only a superuser may; `None` where the words are not
/// known.
#[must_use]
pub fn superuser_refusal(statement: &str, major: u32) -> Option<Failure> {
    let with_hint = |message: String, hint: &str| {
        let mut failure = denied(message);
        failure.hint = Some(hint.to_owned());
        Some(failure)
    };
    let named = |of: fn(Demand) -> Option<String>| demands(statement).into_iter().find_map(of);
    let first = (word_at(statement, 0), word_at(statement, 1));
    match (first.0.as_str(), first.1.as_str()) {
        ("create", "tablespace") => {
            let name = ident::parts(Words::of(statement).text(2))?.pop()?;
            with_hint(
                format!("permission denied to create tablespace \"{name}\""),
                "Must be superuser to create a tablespace.",
            )
        }
        ("commit" | "rollback", "prepared") => with_hint(
            "permission denied to finish prepared transaction".to_owned(),
            "Must be superuser or the user that prepared the transaction.",
        ),
        ("create", "subscription") if major < 16 => Some(denied(
            "must be superuser to create subscriptions".to_owned(),
        )),
        ("create", "subscription") => with_hint(
            "password_required=false is superuser-only".to_owned(),
            "Subscriptions with the password_required option set to false may only be created or modified by the superuser.",
        ),
        ("alter" | "drop", "subscription") => {
            let name = named(|demand| match demand {
                Demand::Subscription(name) => Some(name),
                _ => None,
            })?;
            Some(owner_refusal("subscription", &name))
        }
        ("set", _) => {
            let name = named(|demand| match demand {
                Demand::SessionOf(name) => Some(name),
                _ => None,
            })?;
            Some(denied(format!(
                "permission denied to set session authorization \"{name}\""
            )))
        }
        ("alter", "system") if major < 15 => Some(denied(
            "must be superuser to execute ALTER SYSTEM command".to_owned(),
        )),
        ("alter", "system") => Some(denied(
            "permission denied to perform ALTER SYSTEM RESET ALL".to_owned(),
        )),
        // PostgreSQL source, `origin.c`, until 13.
        _ if major < 14 && statement.contains("pg_replication_origin_") => Some(denied(
            "only superusers can query or manipulate replication origins".to_owned(),
        )),
        // PostgreSQL source, `mcxtfuncs.c`, in 14 alone.
        _ if major == 14 && statement.contains("pg_log_backend_memory_contexts") => Some(denied(
            "must be a superuser to log memory contexts".to_owned(),
        )),
        // A language whose routines may do anything.
        ("do", _) => {
            let name = named(|demand| match demand {
                Demand::Language(name) => Some(name),
                _ => None,
            })?;
            Some(denied(format!("permission denied for language {name}")))
        }
        _ => function_refusal(statement, major),
    }
}

/// What functions say that look for a superuser themselves (the extensions pageinspect and
/// pg_buffercache; PostgreSQL source, `catalog.c`).
fn function_refusal(statement: &str, major: u32) -> Option<Failure> {
    let words = Words::of(statement);
    let called = (0..words.len())
        .filter(|at| words.is(at + 1, "("))
        .filter_map(|at| Some((ident::parts(words.text(at))?.pop()?, at)));
    // Arguments are computed before the call that takes them.
    called.rev().find_map(|(name, at)| {
        // Of an index by its name, or of a page.
        let by_name = words.is(at + 3, ",");
        let message = match name.as_str() {
            "bt_page_items" if by_name => {
                "must be superuser to use pageinspect functions".to_owned()
            }
            "bt_metap" | "bt_page_stats" | "bt_multi_page_stats" => {
                "must be superuser to use pageinspect functions".to_owned()
            }
            _ if reads_raw_pages(&name) => "must be superuser to use raw page functions".to_owned(),
            "pg_nextoid" | "pg_stop_making_pinned_objects" => {
                format!("must be superuser to call {name}()")
            }
            "pg_rotate_logfile_old" => {
                "must be superuser to rotate log files with adminpack 1.0".to_owned()
            }
            "pg_read_file_old" => "must be superuser to read files with adminpack 1.0".to_owned(),
            "pg_import_system_collations" => {
                "must be superuser to import system collations".to_owned()
            }
            "pg_buffercache_evict" if major < 18 => {
                "must be superuser to use pg_buffercache_evict function".to_owned()
            }
            _ if name.starts_with("pg_buffercache_evict") => {
                format!("must be superuser to use {name}()")
            }
            _ => return None,
        };
        Some(denied(message))
    })
}

/// `pg_prewarm` names an index where it looks at its table's privileges (the extension's source,
/// `pg_prewarm.c`); `None` where the table itself is named.
fn warmed_index(statement: &str, table: &str) -> Option<Failure> {
    let words = Words::of(statement);
    let at = words.find("pg_prewarm")?;
    let text = words.text(at + 2).strip_prefix('\'')?.strip_suffix('\'')?;
    let name = ident::parts(text)?.pop()?;
    (name != table).then(|| denied(format!("permission denied for index {name}")))
}

/// The kind of object that a command names, and the last name in it.
fn last_name(statement: &str) -> Option<(String, String)> {
    let words = Words::of(statement).all;
    let kind = words
        .iter()
        .map(|token| token.text(statement).to_lowercase())
        .find(|word| ["index", "table", "schema", "database", "system"].contains(&word.as_str()))?;
    let name = words
        .iter()
        .rev()
        .find_map(|token| ident::parts(token.text(statement)))?
        .pop()?;
    Some((kind, name))
}

/// What is said to who may not use files or programs of the server; `None` for other roles.
#[must_use]
pub fn file_refusal(statement: &str, role: &str, major: u32) -> Option<Failure> {
    if word_at(statement, 0) == "copy" {
        return copy_refusal(role, major);
    }
    let of_files = ["pg_read_", "pg_file_", "pg_stat_file", "pg_ls_dir"];
    let reaches = called(statement)
        .iter()
        .any(|name| of_files.iter().any(|of| name.starts_with(of)));
    if !reaches || !["pg_read_server_files", "pg_write_server_files"].contains(&role) {
        return None;
    }
    // PostgreSQL source, `genfile.c`, `convert_and_check_filename`.
    let words = Words::of(statement);
    let from_root = (0..words.len()).any(|at| words.text(at).starts_with("'/"));
    Some(denied(
        match (from_root, major) {
            (true, _) => "absolute path not allowed",
            (false, ..16) => "path must be in or below the current directory",
            (false, _) => "path must be in or below the data directory",
        }
        .to_owned(),
    ))
}

/// What COPY says to who may not use files or programs of the server; `None` for other roles.
fn copy_refusal(role: &str, major: u32) -> Option<Failure> {
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
    fn commands_refuse_in_words_of_their_own() {
        let missing = |privilege: &str, kind, name: &str| MissingPrivilege {
            privilege: privilege.into(),
            grantee: "app".into(),
            object: ObjectName {
                kind,
                schema: None,
                name: name.into(),
                columns: Vec::new(),
            },
        };
        let said = |statement: &str, missing: &MissingPrivilege, major| {
            command_refusal(statement, missing, major).map(|failure| failure.message)
        };
        let becoming = missing("MEMBER", ObjectKind::Role, "owner");
        let create = "create database d owner owner";
        assert_eq!(
            said(create, &becoming, 15).as_deref(),
            Some("must be member of role \"owner\"")
        );
        assert_eq!(
            said(create, &becoming, 16).as_deref(),
            Some("must be able to SET ROLE \"owner\"")
        );
        assert_eq!(said("grant owner to x", &becoming, 16), None);
        let copied =
            |sql: &str| template_refusal(sql, "database", "Old one").map(|failure| failure.message);
        assert_eq!(
            copied("create database d template \"Old one\"").as_deref(),
            Some("permission denied to copy database \"Old one\"")
        );
        assert_eq!(copied("drop database \"Old one\""), None);
        let table = missing("MAINTAIN", ObjectKind::Table, "t");
        assert_eq!(
            said("reindex index concurrently s.\"T key\";", &table, 17).as_deref(),
            Some("permission denied for index T key")
        );
        assert_eq!(said("reindex table s.t", &table, 17), None);
        let maintaining = missing("MEMBER", ObjectKind::Role, "pg_maintain");
        assert_eq!(
            said("REINDEX (VERBOSE) SCHEMA s", &maintaining, 17).as_deref(),
            Some("must be owner of schema s")
        );
    }

    #[test]
    fn what_only_superusers_may_is_refused_in_known_words() {
        let said = |statement: &str, major| {
            superuser_refusal(statement, major).map(|failure| failure.message)
        };
        assert_eq!(
            said("set local session_authorization = x", 13).as_deref(),
            Some("permission denied to set session authorization \"x\"")
        );
        assert_eq!(
            said("CREATE TABLESPACE \"T s\" LOCATION '/x'", 17).as_deref(),
            Some("permission denied to create tablespace \"T s\"")
        );
        assert_eq!(
            said("set session authorization 'Odd'", 16).as_deref(),
            Some("permission denied to set session authorization \"Odd\"")
        );
        assert_eq!(
            said("alter system reset all", 14).as_deref(),
            Some("must be superuser to execute ALTER SYSTEM command")
        );
        assert_eq!(
            said("drop subscription if exists \"My sub\"", 15).as_deref(),
            Some("must be owner of subscription My sub")
        );
        assert_eq!(
            said("select pg_log_backend_memory_contexts(1)", 14).as_deref(),
            Some("must be a superuser to log memory contexts")
        );
        assert_eq!(
            said("select pg_replication_origin_create('x')", 13).as_deref(),
            Some("only superusers can query or manipulate replication origins")
        );
        assert_eq!(
            said("select * from heap_page_items(get_raw_page('t', 0))", 16).as_deref(),
            Some("must be superuser to use raw page functions")
        );
        assert_eq!(
            said("select pg_buffercache_evict(1)", 18).as_deref(),
            Some("must be superuser to use pg_buffercache_evict()")
        );
    }

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
        let said = |statement: &str, major| {
            file_refusal(statement, "pg_read_server_files", major).map(|failure| failure.message)
        };
        for (statement, major, words) in [
            (
                "select pg_read_file('/etc/hosts')",
                18,
                "absolute path not allowed",
            ),
            (
                "select pg_read_file('../x')",
                15,
                "path must be in or below the current directory",
            ),
            (
                "select pg_read_file('../x')",
                16,
                "path must be in or below the data directory",
            ),
        ] {
            assert_eq!(
                said(statement, major).as_deref(),
                Some(words),
                "{statement}"
            );
        }
    }
}

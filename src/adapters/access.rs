//! The rights of the linked database, read at one instant in two round trips.
//!
//! Everything is read from catalogs that every role may read, so an ordinary role gets the whole
//! truth about others. ACLs come as the server prints them and are taken apart here: `aclexplode`
//! would make a row of each item and send five times as much.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::rows::{Rows, cell, number, results, rows, text, word};
use super::session::Session;
use crate::domain::access::{
    Attribute, Builder, DefaultKind, DefaultRecord, Expression, MembershipOption, MembershipRecord,
    ObjectKind, ObjectRecord, PolicyCommand, PolicyKind, PolicyRecord, Role, Snapshot,
};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use crate::domain::rows::{RowBatch, array};
use crate::domain::run::TransactionState;

const ROLES: &str = include_str!("../../assets/sql/access_roles.sql");
const MEMBERSHIPS: &str = include_str!("../../assets/sql/access_memberships.sql");
const DEFAULTS: &str = include_str!("../../assets/sql/access_defaults.sql");
const POLICIES: &str = include_str!("../../assets/sql/access_policies.sql");
const EXPRESSIONS: &str = include_str!("../../assets/sql/access_expressions.sql");
const LARGE_OBJECTS: &str = include_str!("../../assets/sql/access_large_objects.sql");
/// From version 15.
const PARAMETERS: &str = include_str!("../../assets/sql/access_parameters.sql");
/// Queries for objects, all with the same columns.
const OBJECTS: [&str; 5] = [
    include_str!("../../assets/sql/access_containers.sql"),
    include_str!("../../assets/sql/access_relations.sql"),
    include_str!("../../assets/sql/access_columns.sql"),
    include_str!("../../assets/sql/access_functions.sql"),
    include_str!("../../assets/sql/access_types.sql"),
];

/// Large objects in a snapshot; the query asks for one more.
const LARGE_OBJECTS_KEPT: usize = 10_000;

/// One instant for all queries; names printed with their schemas; no time spent on compiling
/// queries that run once, nor on starting workers, which on a busy server takes longer than reading.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
";

/// A table under an exclusive lock must not keep everything else waiting.
const PATIENCE: &str = "SET LOCAL lock_timeout = '500ms';\n";

/// Reads the rights of the session's database.
///
/// In a transaction of the user's own the queries join that transaction: what they see is then as
/// old as its isolation level says, and expressions of policies stay unread, because a lock
/// time-out would end the transaction.
///
/// # Errors
/// Only what ends any statement: a lost connection, a cancel, a time-out, a failed transaction.
pub async fn load(session: &Session) -> Result<Snapshot, Failure> {
    load_with_columns(session, &[]).await
}

/// The same with columns that have no rights of their own yet: those of such a name in relations of
/// such a name. What would be if something were granted on them can then be told.
///
/// # Errors
/// As [`load`].
pub async fn load_with_columns(session: &Session, named: &[String]) -> Result<Snapshot, Failure> {
    let alone = session.transaction() == TransactionState::Idle;
    let mut queries = queries(session.facts().version.major()).join(";\n");
    if !named.is_empty() {
        let written: Vec<String> = named.iter().map(|name| literal(name)).collect();
        let written = written.join(", ");
        let _ = write!(
            queries,
            ";\nSELECT 'column', a.attrelid, 0, 0, a.attnum, a.attname, '', c.relowner, '', '' \
             FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid \
             WHERE a.attacl IS NULL AND a.attnum > 0 AND NOT a.attisdropped \
             AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attname IN ({written}) AND c.relname IN ({written})"
        );
    }
    if !alone {
        let found = results(session, &queries).await?;
        return Ok(assembled(session, &found, &HashMap::new()));
    }
    let found = match results(session, &format!("{BEGIN}{queries}")).await {
        Ok(found) => found,
        Err(failure) => {
            let _ = session.query("ROLLBACK").await;
            return Err(failure);
        }
    };
    let policies = found.get(POLICIES_AT).into_iter().flatten().next();
    let expressions = if policies.is_some() {
        results(session, &format!("{PATIENCE}{EXPRESSIONS}")).await
    } else {
        Ok(Vec::new())
    };
    // Nothing was written: whether the transaction is over well or badly, it is over.
    let _ = session.query("ROLLBACK").await?;
    let expressions = expressions.unwrap_or_default();
    Ok(assembled(
        session,
        &found,
        &expressions_by_policy(&expressions),
    ))
}

/// The schemas in which the session's role finds bare names, in order.
///
/// # Errors
/// Only what ends any statement.
pub async fn search_path(session: &Session) -> Result<Vec<String>, Failure> {
    let found = rows(session, "SELECT pg_catalog.current_schemas(true)").await?;
    Ok(found
        .into_iter()
        .next()
        .map(|(batch, row)| array::texts(word(batch, row, 0)))
        .unwrap_or_default())
}

/// Where the results of the first queries are; those of objects follow.
const ROLES_AT: usize = 0;
const MEMBERSHIPS_AT: usize = 1;
const DEFAULTS_AT: usize = 2;
const POLICIES_AT: usize = 3;
const LARGE_OBJECTS_AT: usize = 4;
const OBJECTS_FROM: usize = 5;

fn queries(version: u32) -> Vec<&'static str> {
    let mut queries = vec![ROLES, MEMBERSHIPS, DEFAULTS, POLICIES, LARGE_OBJECTS];
    queries.extend(OBJECTS);
    if version >= 15 {
        queries.push(PARAMETERS);
    }
    queries
}

/// USING and WITH CHECK of a policy, where it has them.
#[derive(Debug, Default)]
struct Expressions {
    using: Option<String>,
    check: Option<String>,
}

fn expressions_by_policy(results: &[Rows]) -> HashMap<u32, Expressions> {
    results
        .iter()
        .flatten()
        .map(|(batch, row)| {
            let expressions = Expressions {
                using: cell(batch, row, 1).map(str::to_owned),
                check: cell(batch, row, 2).map(str::to_owned),
            };
            (number(batch, row, 0), expressions)
        })
        .collect()
}

fn assembled(
    session: &Session,
    found: &[Rows],
    expressions: &HashMap<u32, Expressions>,
) -> Snapshot {
    let facts = session.facts();
    let result = |place: usize| found.get(place).into_iter().flatten();
    let roles = result(ROLES_AT)
        .map(|(batch, row)| role(batch, row))
        .collect();
    let mut builder = Builder::new(&facts.database, facts.version.major(), roles);
    for (batch, row) in result(MEMBERSHIPS_AT) {
        builder.membership(&membership(batch, row));
    }
    for (batch, row) in found.iter().skip(OBJECTS_FROM).flatten() {
        if let Some(record) = object(batch, row) {
            builder.object(&record);
        }
    }
    for (place, (batch, row)) in result(LARGE_OBJECTS_AT).enumerate() {
        if place == LARGE_OBJECTS_KEPT {
            builder.large_objects_were_cut();
        } else if let Some(record) = object(batch, row) {
            builder.object(&record);
        }
    }
    for (batch, row) in result(DEFAULTS_AT) {
        if let Some(kind) = DefaultKind::of_letter(word(batch, row, 2)) {
            builder.default_acl(&DefaultRecord {
                creator: number(batch, row, 0),
                schema: number(batch, row, 1),
                kind,
                acl: word(batch, row, 3),
            });
        }
    }
    for (batch, row) in result(POLICIES_AT) {
        builder.policy(policy(batch, row, expressions));
    }
    builder.finish()
}

fn role(batch: &RowBatch, row: usize) -> Role {
    Role {
        oid: number(batch, row, 0),
        name: text(batch, row, 1),
        attributes: word(batch, row, 2)
            .chars()
            .filter_map(|letter| {
                Some(match letter {
                    's' => Attribute::Superuser,
                    'i' => Attribute::Inherit,
                    'r' => Attribute::CreateRole,
                    'd' => Attribute::CreateDb,
                    'l' => Attribute::Login,
                    'w' => Attribute::Replication,
                    'b' => Attribute::BypassRls,
                    _ => return None,
                })
            })
            .collect(),
        // -1 is without limit.
        connection_limit: word(batch, row, 3).parse().ok(),
        valid_until: cell(batch, row, 4).map(str::to_owned),
    }
}

fn membership(batch: &RowBatch, row: usize) -> MembershipRecord {
    // A boolean is `t` in a row and `true` in JSON.
    let on = |column| word(batch, row, column).starts_with('t');
    MembershipRecord {
        role: number(batch, row, 0),
        member: number(batch, row, 1),
        grantor: number(batch, row, 2),
        options: [
            (MembershipOption::Admin, 3),
            (MembershipOption::Inherit, 4),
            (MembershipOption::Set, 5),
        ]
        .into_iter()
        .filter(|(_, column)| on(*column))
        .map(|(option, _)| option)
        .collect(),
    }
}

fn object(batch: &RowBatch, row: usize) -> Option<ObjectRecord<'_>> {
    Some(ObjectRecord {
        kind: ObjectKind::of_noun(word(batch, row, 0))?,
        oid: number(batch, row, 1),
        schema: number(batch, row, 2),
        parent: number(batch, row, 3),
        number: word(batch, row, 4).parse().unwrap_or(0),
        name: word(batch, row, 5),
        arguments: word(batch, row, 6),
        owner: number(batch, row, 7),
        acl: cell(batch, row, 8),
        traits: word(batch, row, 9),
    })
}

fn policy<'a>(
    batch: &'a RowBatch,
    row: usize,
    expressions: &HashMap<u32, Expressions>,
) -> PolicyRecord<'a> {
    let oid = number(batch, row, 0);
    let printed = expressions.get(&oid);
    let expression = |column: usize, text: Option<&String>| match text {
        Some(text) => Expression::Text(text.clone()),
        None if word(batch, row, column) == "t" => Expression::Unread,
        None => Expression::Absent,
    };
    PolicyRecord {
        oid,
        relation: number(batch, row, 1),
        name: word(batch, row, 2),
        command: match word(batch, row, 3) {
            "r" => PolicyCommand::Select,
            "a" => PolicyCommand::Insert,
            "w" => PolicyCommand::Update,
            "d" => PolicyCommand::Delete,
            _ => PolicyCommand::All,
        },
        kind: match word(batch, row, 4) {
            "t" => PolicyKind::Permissive,
            _ => PolicyKind::Restrictive,
        },
        roles: word(batch, row, 5),
        using: expression(6, printed.and_then(|printed| printed.using.as_ref())),
        check: expression(7, printed.and_then(|printed| printed.check.as_ref())),
    }
}

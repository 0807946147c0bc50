//! New tables that their own maker may not fill, because default privileges take INSERT from it.
//!
//! Source: PostgreSQL source of 13, `createas.c`, `intorel_startup`; from 14 on nobody asks.

use super::need::{Need, cell, need, object};
use super::stage::Stage;
use crate::domain::diagnosis::trial::planned_query;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::sql::words::Words;

/// What the maker of a table lacks on it, once a query fills it.
pub(super) async fn lacking(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    if stage.major() >= 14 {
        return Ok(Vec::new());
    }
    let Some((mut name, lasting)) = filled(statement, stage.major()) else {
        return Ok(Vec::new());
    };
    let Some(table) = name.pop() else {
        return Ok(Vec::new());
    };
    stage.set().await?;
    let place = name
        .pop()
        .map_or_else(|| "current_schema()".to_owned(), |schema| literal(&schema));
    let role = literal(stage.role);
    let sql = format!(
        "SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = {place} \
         AND EXISTS (SELECT FROM pg_catalog.pg_default_acl g WHERE g.defaclnamespace = 0 \
         AND g.defaclrole = {role}::pg_catalog.regrole AND g.defaclobjtype = 'r') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) a \
         WHERE d.defaclrole = {role}::pg_catalog.regrole AND d.defaclobjtype = 'r' \
         AND d.defaclnamespace IN (0, n.oid) AND a.privilege_type = 'INSERT' \
         AND (a.grantee = 0 OR pg_catalog.pg_has_role({role}, a.grantee, 'USAGE')))",
    );
    let rows = stage.session.query(&sql).await?.rows;
    stage.rewind().await?;
    Ok(rows
        .iter()
        .map(|row| {
            let schema = cell(row, 0);
            let maker = ident::role(stage.role);
            let within = if lasting {
                format!(" IN SCHEMA {}", ident::quoted(&schema))
            } else {
                String::new()
            };
            let made = object(ObjectKind::Table, Some(schema), table.clone());
            Need {
                statement: format!(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {maker}{within} GRANT INSERT ON TABLES TO {maker}"
                ),
                ..need(stage.role, "INSERT", made, Breadth::Schema, stage.role)
            }
        })
        .collect())
}

/// The table that a statement makes and fills, and whether it lasts.
fn filled(statement: &str, major: u32) -> Option<(Vec<String>, bool)> {
    let words = Words::of_statement(statement);
    let _ = planned_query(statement, major)?;
    let table = match words.lower(0).as_str() {
        "create" => words.find("table")? + 1,
        "select" | "with" => (1..words.len())
            .find(|at| words.is(*at, "into") && !words.is_any(at - 1, &["insert", "merge"]))?,
        _ => return None,
    };
    let empty = words.len().checked_sub(3).is_some_and(|at| {
        words.is(at, "with") && words.is(at + 1, "no") && words.is(at + 2, "data")
    });
    if empty {
        return None;
    }
    let skipped = [
        "into",
        "table",
        "temp",
        "temporary",
        "local",
        "global",
        "unlogged",
        "if",
        "not",
        "exists",
    ];
    let at = (table..words.len()).find(|at| !words.is_any(*at, &skipped))?;
    let lasting = !(0..at).any(|at| words.is_any(at, &["temp", "temporary"]));
    Some((words.dotted(at)?.0, lasting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_made_full_are_named() {
        let told = |sql: &str| filled(sql, 13).map(|(name, lasting)| (name.join("."), lasting));
        let named = |name: &str, lasting| Some((name.to_owned(), lasting));
        for (sql, table) in [
            ("select 1 as a into s.x", named("s.x", true)),
            ("select 1 as a into temp table x", named("x", false)),
            (
                "create table if not exists s.\"X\" as select 1",
                named("s.X", true),
            ),
            ("create temp table x (a) as values (1)", named("x", false)),
            ("create table x as select 1 with no data", None),
            ("create table x (a int)", None),
            (
                "with n as (insert into t values (1) returning a) select a from n",
                None,
            ),
        ] {
            assert_eq!(told(sql), table, "{sql}");
        }
    }
}

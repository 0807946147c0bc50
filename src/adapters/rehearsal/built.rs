//! What building indexes and gathering statistics works out: as the owner of each table, whoever asked for
//! it (PostgreSQL source, `index.c`, `index_build`, `reindex_index`; `analyze.c`, `do_analyze_rel`).

use super::branches::answer;
use super::derived::first_of;
use super::need::cell;
use super::stage::Stage;
use crate::domain::diagnosis::building::{Building, building};
use crate::domain::failure::Failure;
use crate::domain::ident::quoted;

/// What is worked out for the rows of one table.
pub(super) struct Built {
    /// The owner of the table.
    pub(super) owner: String,
    /// The same as a query.
    pub(super) text: String,
    /// Whose names are printed in full: those of an index that is there.
    pub(super) names: Printed,
}

/// How names stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Printed {
    /// As they were written.
    Written,
    /// With their schemas.
    InFull,
}

/// Everything of it that calls functions which are not PostgreSQL's own. Nothing is worked out for a
/// table without rows.
pub(super) async fn built(stage: &Stage<'_>, statement: &str) -> Result<Vec<Built>, Failure> {
    let found = match building(statement) {
        None => return Ok(Vec::new()),
        Some(Building::New(index)) => {
            let mut parts = index.expressions.clone();
            parts.extend(index.condition.clone());
            if parts.is_empty() {
                return Ok(Vec::new());
            }
            let list = parts.join(", ");
            let called = index.relation.last().cloned().unwrap_or_default();
            let alias = quoted(&called).into_owned();
            tables(stage, &index.relation)
                .await?
                .into_iter()
                .map(|(owner, table)| {
                    let text = format!("SELECT {list} FROM ONLY {table} AS {alias}");
                    (table, owner, text, Printed::Written)
                })
                .collect()
        }
        Some(Building::Indexes(names)) => there(stage, &names, "").await?,
        Some(Building::Samples(names)) => {
            let of_statistics = if stage.major() >= 14 {
                "UNION ALL SELECT s.stxrelid, pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid), \
                 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid \
                 FROM pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL"
            } else {
                ""
            };
            there(stage, &names, of_statistics).await?
        }
    };
    let mut built = Vec::new();
    for (table, owner, text, names) in found {
        let rows = format!("SELECT EXISTS (SELECT FROM ONLY {table})");
        let is_empty = answer(stage, &owner, &rows)
            .await?
            .is_ok_and(|found| found == "f");
        if !is_empty {
            built.push(Built { owner, text, names });
        }
    }
    Ok(built)
}

/// A table or those of its partitions that hold rows: owner and name.
async fn tables(stage: &Stage<'_>, name: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let Some(first) = first_of(name) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "{} SELECT pg_catalog.pg_get_userbyid(c.relowner), quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
         FROM target JOIN pg_catalog.pg_class c ON c.oid = target.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') ORDER BY 2 LIMIT 50",
        targets(&first)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| (cell(row, 0), cell(row, 1)))
        .collect())
}

/// What the indexes that are there work out, and what else is said to.
async fn there(
    stage: &Stage<'_>,
    names: &[Vec<String>],
    besides: &str,
) -> Result<Vec<(String, String, String, Printed)>, Failure> {
    let mut found = Vec::new();
    let path = stage.search_path().await?;
    for name in names {
        let Some(first) = first_of(name) else {
            continue;
        };
        // Found along the path, but printed in full.
        let rows = stage.session.query(&format!("SELECT {first}")).await?.rows;
        let Some(oid) = rows
            .first()
            .map(|row| cell(row, 0))
            .filter(|oid| !oid.is_empty())
        else {
            continue;
        };
        let sql = format!(
            "{}, part(relation, list, class, object) AS (SELECT i.indrelid, concat_ws(', ', \
             pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid)), \
             'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i \
             WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) \
             AND NOT EXISTS (SELECT FROM target t WHERE t.index <> i.indexrelid) {besides}) \
             SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner), quote_ident(n.nspname) || '.' || quote_ident(c.relname), p.list \
             FROM target JOIN pg_catalog.pg_class c ON c.oid = target.oid JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace JOIN part p ON p.relation = c.oid WHERE c.relkind IN ('r', 'm') \
             AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = p.class AND d.objid = p.object \
             AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)) \
             ORDER BY 2, 3 LIMIT 50",
            targets(&oid)
        );
        stage.set_search_path("pg_catalog").await?;
        let rows = stage.session.query(&sql).await?.rows;
        stage.set_search_path(&path).await?;
        found.extend(rows.iter().map(|row| {
            let (owner, table) = (cell(row, 0), cell(row, 1));
            let text = format!("SELECT {} FROM ONLY {table}", cell(row, 2));
            (table, owner, text, Printed::InFull)
        }));
    }
    Ok(found)
}

/// The `WITH` that names a table, or that of an index, and its partitions; `index` is the one index that
/// is meant.
fn targets(first: &str) -> String {
    format!(
        "WITH RECURSIVE target(oid, index) AS (SELECT coalesce(i.indrelid, c.oid), \
         CASE c.relkind WHEN 'i' THEN c.oid END FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i \
         ON i.indexrelid = c.oid WHERE c.oid = {first} \
         UNION SELECT h.inhrelid, NULL FROM target JOIN pg_catalog.pg_class p ON p.oid = target.oid \
         AND p.relkind = 'p' JOIN pg_catalog.pg_inherits h ON h.inhparent = p.oid)"
    )
}

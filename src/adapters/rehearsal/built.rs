//! What building indexes and gathering statistics works out: as the owner of each table, whoever asked for
//! it (PostgreSQL source, `index.c`, `index_build`, `reindex_index`; `analyze.c`, `do_analyze_rel`).

use super::branches::answer;
use super::derived::first_of;
use super::need::cell;
use super::stage::Stage;
use crate::domain::diagnosis::building::{Building, building};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};

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
    /// The same, but looked up again: a definition is printed and read to be made anew (PostgreSQL source,
    /// `tablecmds.c`, `ATPostAlterTypeParse`).
    ReadAgain,
}

/// Something that is worked out for the rows of one table.
struct Part {
    table: String,
    owner: String,
    /// The expressions, as a select list.
    list: String,
    /// Which rows they are worked out for.
    condition: String,
    /// What the table is called in them.
    alias: String,
    names: Printed,
}

/// Everything of it that calls functions which are not PostgreSQL's own. For a table without rows only the
/// conditions of its indexes are made ready (PostgreSQL source, `heapam_handler.c`,
/// `heapam_index_build_range_scan`).
pub(super) async fn built(stage: &Stage<'_>, statement: &str) -> Result<Vec<Built>, Failure> {
    let Some(building) = building(statement) else {
        return Ok(Vec::new());
    };
    let samples = matches!(building, Building::Samples(_));
    let parts = match building {
        Building::New(index) => {
            let condition = index.condition.unwrap_or_default();
            if index.expressions.is_empty() && condition.is_empty() {
                return Ok(Vec::new());
            }
            let called = index.relation.last().cloned().unwrap_or_default();
            tables(stage, &index.relation)
                .await?
                .into_iter()
                .map(|(owner, table)| Part {
                    table,
                    owner,
                    list: index.expressions.join(", "),
                    condition: condition.clone(),
                    alias: quoted(&called).into_owned(),
                    names: Printed::Written,
                })
                .collect()
        }
        Building::Indexes(names) => there(stage, &names, ("", "")).await?,
        Building::Retyped(name, column) => {
            let looks_at = format!(
                "AND EXISTS (SELECT FROM pg_catalog.pg_depend l JOIN pg_catalog.pg_attribute a \
                 ON a.attrelid = l.refobjid AND a.attnum = l.refobjsubid WHERE l.objid = i.indexrelid \
                 AND l.refobjid = i.indrelid AND a.attname = {})",
                literal(&column)
            );
            let mut parts = there(stage, &[name], (&looks_at, "")).await?;
            for part in &mut parts {
                part.names = Printed::ReadAgain;
            }
            parts
        }
        Building::Samples(names) => {
            let of_statistics = if stage.major() >= 14 {
                "UNION ALL SELECT s.stxrelid, pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid), NULL, \
                 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid \
                 FROM pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL"
            } else {
                ""
            };
            there(stage, &names, ("", of_statistics)).await?
        }
    };
    let mut built = Vec::new();
    for part in parts {
        let Part { table, owner, .. } = &part;
        let rows = format!("SELECT EXISTS (SELECT FROM ONLY {table})");
        let is_empty = answer(stage, owner, &rows)
            .await?
            .is_ok_and(|found| found == "f");
        if is_empty && (samples || part.condition.is_empty()) {
            continue;
        }
        // As a condition of the query it could be left to the index that it is of.
        let worked_out: Vec<&str> = [part.list.as_str(), part.condition.as_str()]
            .into_iter()
            .skip(usize::from(is_empty))
            .filter(|one| !one.is_empty())
            .collect();
        let text = format!(
            "SELECT {} FROM ONLY {table} AS {}",
            worked_out.join(", "),
            part.alias
        );
        built.push(Built {
            owner: part.owner,
            text,
            names: part.names,
        });
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

/// What those of the indexes that are there work out for which something holds, and what else does.
async fn there(
    stage: &Stage<'_>,
    names: &[Vec<String>],
    (holds, besides): (&str, &str),
) -> Result<Vec<Part>, Failure> {
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
            "{}, part(relation, list, condition, class, object) AS (SELECT i.indrelid, \
             pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid), \
             'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i \
             WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) \
             AND NOT EXISTS (SELECT FROM target t WHERE t.index <> i.indexrelid) {holds} {besides}) \
             SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner), quote_ident(n.nspname) || '.' || quote_ident(c.relname), \
             p.list, p.condition, quote_ident(c.relname) \
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
        found.extend(rows.iter().map(|row| Part {
            owner: cell(row, 0),
            table: cell(row, 1),
            list: cell(row, 2),
            condition: cell(row, 3),
            alias: cell(row, 4),
            names: Printed::InFull,
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

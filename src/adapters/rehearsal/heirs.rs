//! What a change of a table wants of its partitions and of the tables that inherit from it, as far as
//! trying the change without them does not show it.

use super::derived::first_of;
use super::maintenance::{self, Right};
use super::need::{Need, add, cell, need, object};
use super::stage::Stage;
use crate::domain::diagnosis::heirs::{Deed, Names, Reaching, reaching};
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// The tables below one.
const BELOW: &str =
    "below(oid) AS (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = ";

/// What is lacking for it.
pub(super) async fn lacking(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let Some(Reaching { relation, deeds }) = reaching(statement, Names::All) else {
        return Ok(Vec::new());
    };
    let mut needs = Vec::new();
    for deed in deeds {
        let more = match deed {
            Deed::Index => placed(stage, &relation).await?,
            Deed::NotNull(columns) => owned(stage, &relation, &columns).await?,
            Deed::Retype(_) => Vec::new(),
        };
        add(&mut needs, more);
    }
    Ok(needs)
}

/// CREATE on the schemas of partitions, where an index of each is made (PostgreSQL source, `indexcmds.c`,
/// `DefineIndex`).
async fn placed(stage: &Stage<'_>, relation: &[String]) -> Result<Vec<Need>, Failure> {
    let Some(first) = first_of(relation) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "WITH RECURSIVE {BELOW}(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = {first} AND c.relkind = 'p') \
         UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid) \
         SELECT DISTINCT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) FROM below \
         JOIN pg_catalog.pg_class c ON c.oid = below.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND NOT pg_catalog.has_schema_privilege({}, n.oid, 'CREATE') ORDER BY 1",
        literal(stage.role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| {
            let schema = object(ObjectKind::Schema, None, cell(row, 0));
            need(stage.role, "CREATE", schema, Breadth::Schema, &cell(row, 1))
        })
        .collect())
}

/// Ownership of the tables whose columns become NOT NULL with those of a primary key. Those of a
/// partitioned table that are so already are so everywhere; where tables merely inherit, that is known
/// from 18 on (PostgreSQL source, `tablecmds.c`, `ATPrepAddPrimaryKey`, before 18 `ATPrepSetNotNull`).
async fn owned(
    stage: &Stage<'_>,
    relation: &[String],
    columns: &[String],
) -> Result<Vec<Need>, Failure> {
    let Some(first) = first_of(relation) else {
        return Ok(Vec::new());
    };
    let columns: Vec<String> = columns.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "WITH RECURSIVE {BELOW}{first} AND EXISTS (SELECT FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) \
         WHERE c.oid = i.inhparent AND (NOT a.attnotnull OR (c.relkind <> 'p' AND {}))) \
         UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid) \
         SELECT n.nspname, c.relname FROM below JOIN pg_catalog.pg_class c ON c.oid = below.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT pg_catalog.pg_has_role({}, c.relowner, 'USAGE') ORDER BY 1, 2 LIMIT 200",
        columns.join(", "),
        stage.major() < 18,
        literal(stage.role)
    );
    let mut needs = Vec::new();
    for row in stage.session.query(&sql).await?.rows {
        let name = [cell(&row, 0), cell(&row, 1)];
        let mut more = maintenance::table(stage, &name, Right::Own).await?;
        // They are known by OID: their schemas do not matter.
        more.retain(|need| need.missing.object.kind != ObjectKind::Schema);
        add(&mut needs, more);
    }
    Ok(needs)
}

/// Whether the type of a column is to be changed by which rows find their partitions. That is refused
/// to everybody before anything is read, so it may be tried as it stands (PostgreSQL source,
/// `tablecmds.c`, `ATPrepAlterColumnType`).
pub(super) async fn changes_its_key(stage: &Stage<'_>, statement: &str) -> Result<bool, Failure> {
    let Some(Reaching { relation, deeds }) = reaching(statement, Names::All) else {
        return Ok(false);
    };
    let columns: Vec<String> = deeds
        .iter()
        .filter_map(|deed| match deed {
            Deed::Retype(name) => Some(literal(name)),
            Deed::Index | Deed::NotNull(_) => None,
        })
        .collect();
    let Some(first) = first_of(&relation).filter(|_| !columns.is_empty()) else {
        return Ok(false);
    };
    // Columns of an expression are dependencies of the table on itself.
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_partitioned_table k JOIN pg_catalog.pg_attribute a ON a.attrelid = k.partrelid \
         WHERE k.partrelid = {first} AND a.attname IN ({}) AND (a.attnum = ANY (k.partattrs) OR EXISTS (SELECT \
         FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND d.objid = k.partrelid AND d.refobjid = k.partrelid AND d.refobjsubid = a.attnum AND k.partexprs IS NOT NULL))",
        columns.join(", ")
    );
    stage.rewind().await?;
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

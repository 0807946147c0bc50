//! What a role lacks to refer to other tables by foreign keys.

use super::derived::{by_name, relation};
use super::need::{Need, add, cell};
use super::stage::Stage;
use crate::domain::diagnosis::referring::references;
use crate::domain::diagnosis::wants::{Columns, Wanted};
use crate::domain::failure::Failure;

/// REFERENCES on the columns that new keys refer to (PostgreSQL source, `tablecmds.c`,
/// `checkFkeyPermissions`); without a list they are those of the primary key.
pub(super) async fn lacking(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let mut needs = Vec::new();
    for reference in references(statement) {
        let Some(condition) = by_name(&reference.relation) else {
            continue;
        };
        let mut columns = reference.columns;
        if columns.is_empty() {
            let sql = format!(
                "SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
                 ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisprimary AND i.indrelid = \
                 (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE {condition} ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1) \
                 ORDER BY a.attnum"
            );
            let rows = stage.session.query(&sql).await?.rows;
            columns = rows.iter().map(|row| cell(row, 0)).collect();
        }
        if columns.is_empty() {
            continue;
        }
        let wanted = Wanted {
            relation: reference.relation,
            privilege: "REFERENCES",
            columns: Columns::Named(columns),
        };
        add(
            &mut needs,
            relation(stage.session, stage.role, &wanted).await?,
        );
    }
    Ok(needs)
}

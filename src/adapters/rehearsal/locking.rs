//! What a role lacks for LOCK, looked up: for when it cannot be tried.

use super::derived::by_name;
use super::need::{Need, add, cell, need, object, relation_kind};
use super::stored;
use crate::adapters::session::Session;
use crate::domain::diagnosis::wants::LockMode;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Views over views followed at most.
const DEEPEST: usize = 8;

/// One of several privileges on the whole relation, and the same for the owner of a view on every relation
/// in it (PostgreSQL source, `lockcmds.c`, `LockTableAclCheck`, `LockViewRecurse`).
pub(super) async fn lacking(
    session: &Session,
    role: &str,
    relation: &[String],
    mode: LockMode,
) -> Result<Vec<Need>, Failure> {
    below(session, (role, role), relation, mode, 0).await
}

/// The same for who asks and as whom a relation is reached.
async fn below(
    session: &Session,
    (asker, who): (&str, &str),
    relation: &[String],
    mode: LockMode,
    depth: usize,
) -> Result<Vec<Need>, Failure> {
    let Some(condition) = by_name(relation).filter(|_| depth <= DEEPEST) else {
        return Ok(Vec::new());
    };
    let enough = mode.enough(session.facts().version.major());
    let (role, by) = (literal(who), literal(asker));
    // From 15 on views of `security_invoker` are locked as who asks.
    let sql = format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), \
         pg_catalog.pg_get_userbyid(n.nspowner), pg_catalog.has_schema_privilege({role}, n.oid, 'USAGE'), \
         pg_catalog.has_table_privilege({role}, c.oid, {}), \
         CASE WHEN c.reloptions::text ~ 'security_invoker=(true|on|1|yes)' THEN {by} \
         ELSE pg_catalog.pg_get_userbyid(c.relowner) END \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind IN ('r','p','v') \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1",
        literal(&enough.join(", "))
    );
    let Some(row) = session.query(&sql).await?.rows.into_iter().next() else {
        return Ok(Vec::new());
    };
    let cell = |at: usize| cell(&row, at);
    let mut needs = Vec::new();
    // What a view is over is known by OID: its schema does not matter.
    if depth == 0 && cell(6) != "t" {
        let schema = object(ObjectKind::Schema, None, cell(1));
        needs.push(need(who, "USAGE", schema, Breadth::Schema, &cell(5)));
    }
    if cell(7) != "t"
        && let Some(least) = enough.first()
    {
        let object = object(relation_kind(&cell(3)), Some(cell(1)), cell(2));
        needs.push(need(who, least, object, Breadth::Object, &cell(4)));
    }
    if cell(3) != "v" {
        return Ok(needs);
    }
    let tree = stored::query(session, &cell(0)).await?;
    let owner = cell(8);
    for inside in stored::touches(session, asker, &tree, None)
        .await?
        .relations
    {
        let lacks = below(session, (asker, &owner), &inside.relation, mode, depth + 1);
        add(&mut needs, Box::pin(lacks).await?);
    }
    Ok(needs)
}

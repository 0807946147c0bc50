//! Row-level security: which policies stand in the way of a role's new rows.
//!
//! Source: PostgreSQL documentation, "Row Security Policies"; with security on and no policy that
//! applies, nothing is allowed.

use super::derived::by_name;
use super::need::cell;
use crate::adapters::session::Session;
use crate::domain::diagnosis::wants::wants;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Why no row can be inserted, where row-level security allows none; `None` where it may allow some.
/// Reading under a policy is never refused: rows are only hidden.
pub(super) async fn barring(
    session: &Session,
    role: &str,
    statement: &str,
) -> Result<Option<String>, Failure> {
    let wants = wants(statement);
    let Some(target) = wants
        .relations
        .iter()
        .find(|wanted| wanted.privilege == "INSERT")
    else {
        return Ok(None);
    };
    let Some(condition) = by_name(&target.relation) else {
        return Ok(None);
    };
    let who = literal(role);
    let sql = format!(
        "SELECT n.nspname || '.' || c.relname, \
         (SELECT string_agg(p.polname || ' for ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' \
         WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, ', ' ORDER BY p.polname) \
         FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, \
         pg_catalog.pg_roles r WHERE {condition} AND r.rolname = {who} AND c.relrowsecurity \
         AND NOT r.rolsuper AND NOT r.rolbypassrls \
         AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive \
         AND p.polcmd IN ('a', '*') AND EXISTS (SELECT FROM unnest(p.polroles) member \
         WHERE member = 0 OR pg_catalog.pg_has_role(r.oid, member, 'USAGE'))) LIMIT 1"
    );
    let answer = session.query(&sql).await?;
    Ok(answer.rows.first().map(|row| {
        let others = match cell(row, 1) {
            none if none.is_empty() => "it has no policy at all".to_owned(),
            some => format!("its policies are {some}"),
        };
        format!(
            "Row-level security of {} has no permissive policy (WITH CHECK) for INSERT that applies to {role}: {others}. \
             A policy must be created or changed; no GRANT mends it.",
            cell(row, 0)
        )
    }))
}

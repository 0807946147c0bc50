//! Roles that may be become already and that the policies let pass: nothing need be granted then.

use super::{Barred, Barring, barring};
use crate::adapters::rehearsal::need::cell;
use crate::adapters::rehearsal::scene::Scene;
use crate::adapters::rehearsal::stage::Stage;
use crate::domain::diagnosis::trial::explain;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Roles that are tried, at most.
const MOST: u32 = 8;

/// The roles, by name, that pass with the statement once the asker is one of them; those are tried that
/// stand above the policies, or that policies are for.
///
/// Source: PostgreSQL source, `rls.c`, `check_enable_rls`: BYPASSRLS is no privilege and is not
/// inherited, it counts for the current role alone.
pub(in crate::adapters::rehearsal) async fn becoming(
    stage: &Stage<'_>,
    statement: &str,
    barred: &Barred,
) -> Result<Vec<String>, Failure> {
    if !stage.gives() || barred.role != stage.role {
        return Ok(Vec::new());
    }
    stage.rewind().await?;
    let option = stage.becoming_right();
    let sql = format!(
        "SELECT r.rolname FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_class c ON c.oid = {oid} \
         WHERE NOT r.rolsuper AND r.rolname <> {who} AND pg_catalog.pg_has_role({who}, r.oid, '{option}') \
         AND (r.rolbypassrls OR NOT c.relforcerowsecurity AND pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE') \
         OR EXISTS (SELECT FROM pg_catalog.pg_policy p CROSS JOIN LATERAL unnest(p.polroles) AS m(oid) \
         WHERE p.polrelid = c.oid AND m.oid <> 0 AND pg_catalog.pg_has_role(r.oid, m.oid, 'USAGE'))) \
         ORDER BY r.rolname LIMIT {MOST}",
        oid = barred.oid,
        who = literal(stage.role)
    );
    let mut passing = Vec::new();
    for row in stage.session.query(&sql).await?.rows {
        let role = cell(&row, 0);
        let become_so = stage.of(&role);
        let planned = become_so
            .attempt(&[], &[Scene::own(explain(statement))])
            .await?;
        if planned.is_ok()
            && matches!(
                Box::pin(barring(&become_so, &[], statement)).await?,
                Barring::Passes
            )
        {
            passing.push(role);
        }
    }
    stage.rewind().await?;
    Ok(passing)
}

//! Policies that would let rows pass and are for other roles: who joins one of those has them too.

use super::{Barred, Barring, barring};
use crate::adapters::rehearsal::need::{Need, Purpose, cell, membership};
use crate::adapters::rehearsal::stage::Stage;
use crate::domain::diagnosis::wants::wants;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Roles that are tried, at most.
const MOST: u32 = 8;

/// A membership that brings a policy along.
pub(in crate::adapters::rehearsal) struct Joined {
    pub(in crate::adapters::rehearsal) need: Need,
    /// The policies that come with it.
    pub(in crate::adapters::rehearsal) policies: String,
}

/// The first membership with which row-level security lets the statement pass; those are tried first
/// that bring least besides.
///
/// Source: PostgreSQL source, `rowsecurity.c`, `check_role_for_policy`: a policy is for who has the
/// privileges of one of its roles.
pub(in crate::adapters::rehearsal) async fn joined(
    stage: &Stage<'_>,
    needs: &[Need],
    statement: &str,
    barred: &Barred,
) -> Result<Option<Joined>, Failure> {
    let who = literal(&barred.role);
    if !stage.gives() {
        return untried(stage, barred, statement).await;
    }
    stage.set().await?;
    let sql = format!(
        "SELECT r.rolname, string_agg(DISTINCT p.polname, ', ' ORDER BY p.polname) FROM pg_catalog.pg_policy p \
         CROSS JOIN LATERAL unnest(p.polroles) AS m(oid) JOIN pg_catalog.pg_roles r ON r.oid = m.oid \
         WHERE p.polrelid = {} AND p.polpermissive AND NOT r.rolsuper \
         AND NOT pg_catalog.pg_has_role({who}, r.oid, 'USAGE') GROUP BY r.oid, r.rolname \
         ORDER BY (SELECT count(*) FROM pg_catalog.pg_shdepend d WHERE d.refobjid = r.oid \
         AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass), r.rolname LIMIT {MOST}",
        barred.oid
    );
    for row in stage.session.query(&sql).await?.rows {
        stage.rewind().await?;
        let of = cell(&row, 0);
        let need = membership(stage.session, &barred.role, &of, Purpose::Inherit).await?;
        let Some(need) = stage.givable(vec![need]).await?.pop() else {
            continue;
        };
        let with = stage.with(std::slice::from_ref(&need));
        if matches!(
            Box::pin(barring(&with, needs, statement)).await?,
            Barring::Passes
        ) {
            let policies = cell(&row, 1);
            return Ok(Some(Joined { need, policies }));
        }
    }
    Ok(None)
}

/// The same where nothing can be tried: a policy that lets every row pass, where no other restricts them.
async fn untried(
    stage: &Stage<'_>,
    barred: &Barred,
    statement: &str,
) -> Result<Option<Joined>, Failure> {
    let Some(command) =
        wants(statement)
            .relations
            .iter()
            .find_map(|wanted| match wanted.privilege {
                "INSERT" => Some('a'),
                "UPDATE" => Some('w'),
                _ => None,
            })
    else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT r.rolname, string_agg(DISTINCT p.polname, ', ' ORDER BY p.polname) FROM pg_catalog.pg_policy p \
         CROSS JOIN LATERAL unnest(p.polroles) AS m(oid) JOIN pg_catalog.pg_roles r ON r.oid = m.oid \
         WHERE p.polrelid = {oid} AND p.polpermissive AND NOT r.rolsuper AND p.polcmd IN ('*', '{command}') \
         AND pg_catalog.pg_get_expr(coalesce(p.polwithcheck, p.polqual), p.polrelid) = 'true' \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy q WHERE q.polrelid = p.polrelid AND NOT q.polpermissive) \
         GROUP BY r.oid, r.rolname ORDER BY (SELECT count(*) FROM pg_catalog.pg_shdepend d WHERE d.refobjid = r.oid \
         AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass), r.rolname LIMIT 1",
        oid = barred.oid
    );
    stage.rewind().await?;
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (of, policies) = (cell(row, 0), cell(row, 1));
    let need = membership(stage.session, &barred.role, &of, Purpose::Inherit).await?;
    Ok(Some(Joined { need, policies }))
}

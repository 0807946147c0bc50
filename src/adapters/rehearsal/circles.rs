//! Circles of roles: who is in a role cannot be joined by it, and from 16 on whoever created a role is in
//! it (PostgreSQL source, `user.c`, `AddRoleMems`, `CreateRole`).

use super::need::Need;
use crate::adapters::session::Session;
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// The setting that names the role that who looks has joined only to play it.
const JOINED: &str = "pgiam.joined";

/// The statement that remembers that a role was joined only to play it. From 16 on who may join it is in
/// it already.
pub(super) fn remember(role: &str, major: u32) -> String {
    let role = if major < 16 { role } else { "" };
    format!(
        "SELECT pg_catalog.set_config('{JOINED}', {}, true)",
        literal(role)
    )
}

/// The SQL condition that one role, by its alias, cannot be given to another.
pub(super) fn closes(of: &str, grantee: &str) -> String {
    format!(
        "(pg_catalog.pg_has_role({of}.oid, {grantee}.oid, 'MEMBER') AND ({of}.rolname <> current_user \
         OR {grantee}.rolname <> coalesce(current_setting('{JOINED}', true), '')))"
    )
}

/// Why a membership among the needs cannot be given.
pub(super) async fn circle(
    session: &Session,
    needs: &[Need],
) -> Result<Option<NotByGrant>, Failure> {
    for need in needs.iter().filter(|need| need.joining.is_some()) {
        let (of, grantee) = (&need.missing.object.name, &need.missing.grantee);
        let sql = format!(
            "SELECT FROM pg_catalog.pg_roles o, pg_catalog.pg_roles g WHERE o.rolname = {} AND g.rolname = {} \
             AND NOT o.rolsuper AND {}",
            literal(of),
            literal(grantee),
            closes("o", "g")
        );
        if !session.query(&sql).await?.rows.is_empty() {
            return Ok(Some(NotByGrant {
                kind: NotByGrantKind::Superuser,
                explanation: format!(
                    "It takes to be a member of {of}, and {of} is one of {grantee}: the server refuses such a \
                     circle. {of} itself may do this, or a superuser."
                ),
            }));
        }
    }
    Ok(None)
}

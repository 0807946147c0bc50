//! What a role lacks to sign in to the present database.

use super::candidates::database;
use super::need::{Need, Purpose, attribute_of, cell, membership};
use crate::adapters::session::Session;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// What the role lacks to sign in to the present database.
pub(super) async fn to_connect(session: &Session, role: &str) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT r.rolcanlogin, pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT'), \
         EXISTS (SELECT FROM pg_catalog.pg_roles i WHERE i.rolname = 'rds_iam' \
         AND NOT pg_catalog.pg_has_role(r.oid, i.oid, 'MEMBER')) \
         FROM pg_catalog.pg_roles r, pg_catalog.pg_database d \
         WHERE r.rolname = {} AND d.datname = current_database()",
        literal(role)
    );
    let answer = session.query(&sql).await?;
    let row = answer.rows.into_iter().next().unwrap_or_default();
    let mut needs = Vec::new();
    if cell(&row, 0) != "t" {
        needs.push(attribute_of(role, "LOGIN"));
    }
    if cell(&row, 2) == "t" {
        needs.push(membership(session, role, "rds_iam", Purpose::Inherit).await?);
    }
    if cell(&row, 1) != "t" {
        needs.push(database(session, role, "CONNECT").await?);
    }
    Ok(needs)
}

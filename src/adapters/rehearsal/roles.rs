//! What lifts refusals about roles: managing, granting, acting as and becoming them.
//!
//! Source: PostgreSQL 16 release notes, "Privileges" (CREATEROLE no longer suffices to manage a
//! role: it takes the ADMIN option on it).

use super::need::{Need, Purpose, add, attribute_of, cell, membership};
use crate::adapters::session::Session;
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::sql::lexer::tokens;

/// The roles that a statement names, the given one left out.
pub(super) async fn named(
    session: &Session,
    role: &str,
    statement: &str,
) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = tokens(statement)
        .iter()
        .filter_map(|token| ident::parts(token.text(statement)))
        .flatten()
        .map(|name| literal(&name))
        .collect();
    let sql = format!(
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) \
         AND rolname <> {} ORDER BY rolname",
        names.join(", "),
        literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// CREATEROLE, and from 16 on ADMIN on the roles managed, as far as the role lacks them.
pub(super) async fn manage(
    session: &Session,
    role: &str,
    of: Option<&str>,
    statement: &str,
) -> Result<Vec<Need>, Failure> {
    let mut needs = vec![attribute_of(role, "CREATEROLE")];
    if session.facts().version.major() < 16 {
        return Ok(needs);
    }
    let roles = match of {
        Some(name) => vec![name.to_owned()],
        None => named(session, role, statement).await?,
    };
    for name in roles {
        let need = membership(session, role, &name, Purpose::Administer).await?;
        add(&mut needs, vec![need]);
    }
    Ok(needs)
}

/// The ADMIN option on the roles that a GRANT gives away.
pub(super) async fn administer(
    session: &Session,
    role: &str,
    of: Option<&str>,
    statement: &str,
) -> Result<Vec<Need>, Failure> {
    let roles = match of {
        Some(name) => vec![name.to_owned()],
        None => named(session, role, statement).await?,
    };
    let mut needs = Vec::new();
    for name in roles {
        needs.push(membership(session, role, &name, Purpose::Administer).await?);
    }
    Ok(needs)
}

/// The privileges of the roles whose objects are handled.
pub(super) async fn act(
    session: &Session,
    role: &str,
    of: Option<&str>,
    statement: &str,
) -> Result<Vec<Need>, Failure> {
    let roles = match of {
        Some(name) => vec![name.to_owned()],
        None => named(session, role, statement).await?,
    };
    let mut needs = Vec::new();
    for name in roles {
        needs.push(membership(session, role, &name, Purpose::Inherit).await?);
    }
    Ok(needs)
}

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

/// Whether a role is a superuser, for whom no check holds.
pub(super) async fn is_superuser(session: &Session, role: &str) -> Result<bool, Failure> {
    has_attribute(session, role, "rolsuper").await
}

/// Whether a role has an attribute, by its column in `pg_roles`.
pub(super) async fn has_attribute(
    session: &Session,
    role: &str,
    attribute: &str,
) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT FROM pg_catalog.pg_roles WHERE {attribute} AND rolname = {}",
        literal(role)
    );
    Ok(!session.query(&sql).await?.rows.is_empty())
}

/// The role that somebody becomes on signing in, where the settings of the role name one that it may
/// become (`ALTER ROLE … SET role`). A closer setting wins (PostgreSQL source, `postinit.c`,
/// `process_settings`).
pub(super) async fn becomes_at_sign_in(
    session: &Session,
    role: &str,
) -> Result<Option<String>, Failure> {
    let option = if session.facts().version.major() < 16 {
        "MEMBER"
    } else {
        "SET"
    };
    let sql = format!(
        "SELECT o.rolname FROM (SELECT substr(c, 6) AS other, r.oid FROM pg_catalog.pg_roles r \
         JOIN pg_catalog.pg_db_role_setting s ON s.setrole IN (0, r.oid), unnest(s.setconfig) c \
         WHERE r.rolname = {} AND r.rolcanlogin AND NOT r.rolsuper AND c LIKE 'role=%' \
         AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) \
         ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1) AS set \
         JOIN pg_catalog.pg_roles o ON o.rolname = set.other AND o.oid <> set.oid \
         WHERE pg_catalog.pg_has_role(set.oid, o.oid, '{option}')",
        literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| cell(row, 0)))
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
        // Nobody is a member of itself; before 16 CREATEROLE grants every role but superusers
        // (PostgreSQL source, `user.c`, `AddRoleMems`).
        needs.push(if name != role {
            membership(session, role, &name, Purpose::Administer).await?
        } else if session.facts().version.major() < 16 {
            attribute_of(role, "CREATEROLE")
        } else {
            continue;
        });
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

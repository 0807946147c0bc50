//! Who can play a role, and who can run a fix.

use super::holders::{self, Passing};
use super::need::{Need, cell};
use super::stage::{Manner, Stage};
use crate::adapters::session::Session;
use crate::domain::diagnosis::remedy::Held;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::profile::Guard;

/// Whether there is such a role.
pub(super) async fn known_role(session: &Session, role: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}",
        literal(role)
    );
    Ok(!session.query(&sql).await?.rows.is_empty())
}

/// Who looks, and what they may do about a role.
pub(super) struct Looker {
    pub(super) manner: Manner,
    /// The GRANT by which the session may make itself able to play the role, where it needs one.
    pub(super) joining: Option<String>,
    /// Whether the session can play the role; if not, why.
    pub(super) rehearsal: Result<(), String>,
    /// Why nothing can be given, where that is so.
    pub(super) ungiven: Option<&'static str>,
}

/// What the session may do about a role.
pub(super) async fn looker(session: &Session, role: &str) -> Result<Looker, Failure> {
    // Until 15 every member may SET ROLE; from 16 on the membership says so.
    let options = session.facts().version.major() >= 16;
    let option = if options { "SET" } else { "MEMBER" };
    // Until 15 CREATEROLE hands out every role but superusers; from 16 on it takes ADMIN.
    let administers = if options { "" } else { "rolcreaterole OR " };
    let sql = format!(
        "SELECT rolsuper, pg_catalog.pg_has_role(oid, {0}, '{option}'), pg_catalog.pg_is_in_recovery(), \
         {administers}pg_catalog.pg_has_role(oid, {0}, 'MEMBER WITH ADMIN OPTION') \
         FROM pg_catalog.pg_roles WHERE rolname = current_user",
        literal(role)
    );
    let row = session.query(&sql).await?.rows.into_iter().next();
    let row = row.unwrap_or_default();
    let flag = |at: usize| cell(&row, at) == "t";
    let looker = &session.facts().user;
    let ungiven = if flag(2) {
        Some("the server is a read-only replica: fixes are run on its primary")
    } else if session.facts().guard == Guard::ReadOnly {
        Some("the profile is read-only, and nothing is given through it")
    } else {
        None
    };
    let manner = match (flag(0), ungiven) {
        (true, None) => Manner::Authorization,
        (true, Some(_)) => Manner::ReadOnly,
        (false, None) => Manner::Role,
        (false, Some(_)) => Manner::Onlooker,
    };
    let rehearsal = match ungiven {
        Some(why) if !flag(0) => Err(why.to_owned()),
        None if !flag(0) && !flag(1) => Err(format!("{looker} may not act as {role}")),
        _ => Ok(()),
    };
    let joins = !flag(0) && !flag(1) && ungiven.is_none() && flag(3);
    let joining = joins.then(|| {
        let clause = if options {
            " WITH INHERIT FALSE, SET TRUE"
        } else {
            ""
        };
        format!(
            "GRANT {} TO {}{clause}",
            ident::role(role),
            ident::role(looker)
        )
    });
    Ok(Looker {
        manner,
        joining,
        rehearsal,
        ungiven,
    })
}

/// Who can run a fix, by name: asked of the server where the session may play them, else judged from
/// ownership. Superusers only where nobody else can.
pub(super) async fn run_as(
    stage: &Stage<'_>,
    needs: &[Need],
    statements: &[String],
) -> Result<Vec<String>, Failure> {
    let likely = likely(stage, needs).await?;
    able(stage, &likely, statements).await
}

/// Those of the likely roles that can run all of some statements.
pub(super) async fn able(
    stage: &Stage<'_>,
    likely: &[String],
    statements: &[String],
) -> Result<Vec<String>, Failure> {
    if !stage.gives() {
        return Ok(likely.to_vec());
    }
    let able = stage.runners(likely, statements).await?;
    if !able.is_empty() {
        return Ok(able);
    }
    let sql = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper ORDER BY oid LIMIT 8";
    let rows = stage.session.query(sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Roles that are likely to be able to give what is needed, or the same more widely.
pub(super) async fn likely(stage: &Stage<'_>, needs: &[Need]) -> Result<Vec<String>, Failure> {
    stage.rewind().await?;
    if stage.gives() {
        return giving(stage, needs).await;
    }
    let mut able = by_ownership(stage.session, needs).await?;
    // A membership of the rehearsal's own is rolled back with it.
    if needs
        .iter()
        .any(|need| need.breadth != Breadth::Membership && stage.stands_in_for(&need.owner))
    {
        able.retain(|name| *name != stage.session.facts().user);
    }
    Ok(able)
}

/// Ordinary roles that may be able to give some of it: owners and their members, holders of grant
/// and ADMIN options, roles with CREATEROLE.
async fn giving(stage: &Stage<'_>, needs: &[Need]) -> Result<Vec<String>, Failure> {
    let mut owners = Vec::new();
    let mut givers = Vec::new();
    let mut administrators = Vec::new();
    for need in needs {
        let option = holders::granted(&need.missing, Held::ToGrant);
        if need.missing.object.kind == ObjectKind::Role {
            administrators
                .push("SELECT oid FROM pg_catalog.pg_roles WHERE rolcreaterole".to_owned());
            administrators.extend(option);
        } else {
            givers.extend(option);
            owners.push(need.owner.clone());
        }
    }
    owners.retain(|owner| !owner.is_empty());
    owners.sort();
    owners.dedup();
    givers.push(holders::named(&owners));
    administrators.push("SELECT NULL::oid".to_owned());
    let unite = |mut queries: Vec<String>| {
        queries.sort();
        queries.dedup();
        queries.join(" UNION ")
    };
    let (passing, any) = (Passing::Inherited, Passing::Any);
    let major = stage.major();
    let sql = format!(
        "WITH RECURSIVE {}, {} SELECT rolname FROM pg_catalog.pg_roles r WHERE NOT rolsuper \
         AND rolname !~ '^pg_' AND rolname <> {} AND r.oid IN (SELECT oid FROM giver UNION ALL SELECT oid FROM administrator) \
         ORDER BY r.oid IN ({}) DESC, rolcanlogin DESC, rolname LIMIT 8",
        holders::members("giver", &unite(givers), passing, major),
        holders::members("administrator", &unite(administrators), any, major),
        literal(stage.role),
        holders::named(&owners)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Roles that act as every owner involved: not superusers, unless there is nobody else.
async fn by_ownership(session: &Session, needs: &[Need]) -> Result<Vec<String>, Failure> {
    let mut owners: Vec<String> = needs
        .iter()
        .filter(|need| !need.owner.is_empty() && need.breadth != Breadth::Membership)
        .map(|need| need.owner.clone())
        .collect();
    owners.sort();
    owners.dedup();
    let attributes = needs
        .iter()
        .any(|need| need.owner.is_empty() || need.breadth == Breadth::Membership);
    // Parameters have no owner.
    let of_parameters = needs
        .iter()
        .any(|need| need.missing.object.kind == ObjectKind::Parameter);
    // Until 15 CREATEROLE grants any role and attribute but SUPERUSER; from 16 on it takes ADMIN.
    let administers = if session.facts().version.major() < 16 {
        "rolcreaterole".to_owned()
    } else {
        let roles: Vec<String> = needs
            .iter()
            .filter(|need| need.missing.object.kind == ObjectKind::Role)
            .map(|need| literal(&need.missing.object.name))
            .collect();
        format!(
            "rolcreaterole AND NOT EXISTS (SELECT FROM unnest('{{}}'::name[] || ARRAY[{}]::name[]) o \
             WHERE NOT pg_catalog.pg_has_role(r.oid, o, 'MEMBER WITH ADMIN OPTION'))",
            roles.join(", ")
        )
    };
    // Whoever has the rights of one owner is asked about the others.
    let first = owners.first().cloned().into_iter().collect::<Vec<_>>();
    let owning = holders::members(
        "owning",
        &holders::named(&first),
        Passing::Inherited,
        session.facts().version.major(),
    );
    let all: Vec<String> = owners.iter().map(|owner| literal(owner)).collect();
    let all = format!("'{{}}'::name[] || ARRAY[{}]::name[]", all.join(", "));
    let acts = if owners.is_empty() {
        "true".to_owned()
    } else {
        format!(
            "r.oid IN (SELECT oid FROM owning) AND NOT EXISTS (SELECT FROM unnest({all}) o \
             WHERE o <> {} AND NOT pg_catalog.pg_has_role(r.oid, o, 'USAGE'))",
            literal(owners.first().map_or("", String::as_str))
        )
    };
    let sql = format!(
        "WITH RECURSIVE {owning} SELECT rolname, rolsuper FROM pg_catalog.pg_roles r WHERE rolname !~ '^pg_' AND (rolsuper \
         OR (NOT {of_parameters} AND {attributes} AND {administers}) OR (NOT {attributes} AND {acts})) \
         ORDER BY rolsuper, rolname = ANY ({all}) DESC, rolname LIMIT 8"
    );
    let rows = session.query(&sql).await?.rows;
    let ordinary: Vec<String> = rows
        .iter()
        .filter(|row| cell(row, 1) != "t")
        .map(|row| cell(row, 0))
        .collect();
    Ok(if ordinary.is_empty() {
        rows.iter().map(|row| cell(row, 0)).collect()
    } else {
        ordinary
    })
}

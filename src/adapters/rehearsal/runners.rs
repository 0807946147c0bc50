//! Who can play a role, and who can run a fix.

use super::holders::{self, Passing};
use super::need::{Need, cell};
use super::stage::{Manner, Stage};
use crate::adapters::session::Session;
use crate::domain::diagnosis::remedy::Held;
use crate::domain::diagnosis::{Breadth, ObjectKind, ObjectName};
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
    superusers(stage.session).await
}

/// Roles that are likely to be able to give what is needed, or the same more widely.
pub(super) async fn likely(stage: &Stage<'_>, needs: &[Need]) -> Result<Vec<String>, Failure> {
    stage.rewind().await?;
    if stage.gives() {
        return giving(stage, needs).await;
    }
    // A membership of the rehearsal's own is rolled back with it.
    let stands_in = needs.iter().any(|need| {
        let becomes = need.breadth == Breadth::Ownership;
        (need.breadth != Breadth::Membership && stage.stands_in_for(&need.owner))
            || (becomes && stage.stands_in_for(&need.missing.grantee))
    });
    by_ownership(stage.session, needs, stands_in).await
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

/// Roles that act as every owner involved and may give the roles and attributes: not superusers, unless
/// there is nobody else. Not among them is who acts for an owner only while the rehearsal lasts.
async fn by_ownership(
    session: &Session,
    needs: &[Need],
    stands_in: bool,
) -> Result<Vec<String>, Failure> {
    let major = session.facts().version.major();
    let mut owners = Vec::new();
    let mut conditions = vec!["NOT r.rolsuper".to_owned()];
    for need in needs {
        let mut need = need.clone();
        if need.owner.is_empty() {
            need.owner = owner(session, &need.missing.object).await?;
        }
        match giver(&need, major) {
            Giver::Owner(owner) => owners.push(owner),
            Giver::Whoever(condition) => conditions.push(condition),
            Giver::Superuser => conditions.push("false".to_owned()),
        }
    }
    owners.sort();
    owners.dedup();
    if stands_in {
        conditions.push(format!("r.rolname <> {}", literal(&session.facts().user)));
    }
    // Whoever has the rights of one owner is asked about the others.
    let first: Vec<String> = owners.first().cloned().into_iter().collect();
    let owning = holders::members("owning", &holders::named(&first), Passing::Inherited, major);
    if !owners.is_empty() {
        conditions.push("r.oid IN (SELECT oid FROM owning)".to_owned());
    }
    conditions.extend(
        owners
            .iter()
            .skip(1)
            .map(|owner| format!("pg_catalog.pg_has_role(r.oid, {}, 'USAGE')", literal(owner))),
    );
    let all: Vec<String> = owners.iter().map(|owner| literal(owner)).collect();
    let sql = format!(
        "WITH RECURSIVE {owning} SELECT rolname FROM pg_catalog.pg_roles r WHERE rolname !~ '^pg_' AND {} \
         ORDER BY rolname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) DESC, rolcanlogin DESC, rolname LIMIT 8",
        conditions.join(" AND "),
        all.join(", ")
    );
    let rows = session.query(&sql).await?.rows;
    if rows.is_empty() {
        return superusers(session).await;
    }
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Who owns what lies in no schema; empty for nobody.
async fn owner(session: &Session, object: &ObjectName) -> Result<String, Failure> {
    let (catalog, name, owner) = match object.kind {
        ObjectKind::Schema => ("pg_namespace", "nspname", "nspowner"),
        ObjectKind::Database => ("pg_database", "datname", "datdba"),
        ObjectKind::Language => ("pg_language", "lanname", "lanowner"),
        ObjectKind::Tablespace => ("pg_tablespace", "spcname", "spcowner"),
        _ => return Ok(String::new()),
    };
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid({owner}) FROM pg_catalog.{catalog} WHERE {name} = {}",
        literal(&object.name)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| cell(row, 0)).unwrap_or_default())
}

/// Who may give one thing.
enum Giver {
    /// Whoever has the rights of its owner.
    Owner(String),
    /// The roles that an SQL condition holds for.
    Whoever(String),
    /// Nobody else.
    Superuser,
}

/// Until 15 CREATEROLE gives any role and attribute but what superusers have to themselves; from 16 on a
/// role takes ADMIN on it, an attribute also to have it oneself (PostgreSQL source, `user.c`,
/// `AlterRole`, `check_role_membership_authorization`).
fn giver(need: &Need, major: u32) -> Giver {
    let missing = &need.missing;
    let has = |role: &str, how: &str| {
        format!("pg_catalog.pg_has_role(r.oid, {}, '{how}')", literal(role))
    };
    let administers = |role: &str| has(role, "MEMBER WITH ADMIN OPTION");
    match (missing.object.kind, missing.privilege.as_str()) {
        (ObjectKind::Role, "MEMBER") if major < 16 => Giver::Whoever(format!(
            "(r.rolcreaterole OR {})",
            administers(&missing.object.name)
        )),
        (ObjectKind::Role, "MEMBER") => Giver::Whoever(administers(&missing.object.name)),
        (ObjectKind::Role, attribute) => {
            let own = match attribute {
                "CREATEDB" if major >= 16 => " AND r.rolcreatedb",
                "REPLICATION" if major >= 16 => " AND r.rolreplication",
                "BYPASSRLS" if major >= 16 => " AND r.rolbypassrls",
                "REPLICATION" | "BYPASSRLS" | "SUPERUSER" => return Giver::Superuser,
                _ => "",
            };
            Giver::Whoever(if major < 16 {
                "r.rolcreaterole".to_owned()
            } else {
                format!(
                    "r.rolcreaterole{own} AND {}",
                    administers(&missing.object.name)
                )
            })
        }
        // The new owner must be one that the old one may become.
        (_, "OWNER") => {
            let how = if major < 16 { "MEMBER" } else { "SET" };
            Giver::Whoever(format!(
                "{} AND {}",
                has(&need.owner, "USAGE"),
                has(&missing.grantee, how)
            ))
        }
        _ if need.owner.is_empty() => Giver::Superuser,
        _ => Giver::Owner(need.owner.clone()),
    }
}

/// Whether some roles are all superusers.
pub(super) async fn only_superusers(session: &Session, roles: &[String]) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT count(*) = 0 FROM ({}) AS named JOIN pg_catalog.pg_roles r USING (oid) WHERE NOT r.rolsuper",
        holders::named(roles)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.first().is_some_and(|row| cell(row, 0) == "t"))
}

async fn superusers(session: &Session) -> Result<Vec<String>, Failure> {
    let sql = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper ORDER BY oid LIMIT 8";
    let rows = session.query(sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

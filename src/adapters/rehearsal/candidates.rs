//! What could lift a refusal, from the catalogs. Too many are no harm: the rehearsal takes away what
//! is not needed.

use crate::adapters::session::Session;
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::{Breadth, MissingPrivilege, ObjectKind, ObjectName, remedy};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use crate::domain::sql::lexer::tokens;

/// One privilege that would have to be given, and the statement that gives it.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) missing: MissingPrivilege,
    pub(super) statement: String,
    pub(super) breadth: Breadth,
    /// Who owns the object; empty where nobody does.
    pub(super) owner: String,
}

impl Need {
    pub(super) fn of(missing: MissingPrivilege, breadth: Breadth, owner: &str) -> Self {
        Self {
            statement: remedy::grant(&missing),
            missing,
            breadth,
            owner: owner.to_owned(),
        }
    }
}

/// Who may turn out to lack something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The role itself.
    Role,
    /// The owners of views over the relation too.
    ViewOwners,
}

pub(super) type Row = Vec<Option<String>>;

pub(super) fn cell(row: &Row, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

fn need(grantee: &str, privilege: &str, object: ObjectName, breadth: Breadth, owner: &str) -> Need {
    let missing = MissingPrivilege {
        privilege: privilege.to_owned(),
        grantee: grantee.to_owned(),
        object,
    };
    Need::of(missing, breadth, owner)
}

fn object(kind: ObjectKind, schema: Option<String>, name: String) -> ObjectName {
    ObjectName {
        kind,
        schema,
        name,
        columns: Vec::new(),
    }
}

pub(super) fn relation_kind(relkind: &str) -> ObjectKind {
    match relkind {
        "v" => ObjectKind::View,
        "m" => ObjectKind::MaterializedView,
        "f" => ObjectKind::ForeignTable,
        "S" => ObjectKind::Sequence,
        _ => ObjectKind::Table,
    }
}

/// Whether privileges on columns exist for the kind.
pub(super) const fn has_columns(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
    )
}

/// Fails if there is no such role.
pub(super) async fn known_role(session: &Session, role: &str) -> Result<(), Failure> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}",
        literal(role)
    );
    if session.query(&sql).await?.rows.is_empty() {
        return Err(Failure::local(format!("role \"{role}\" does not exist")));
    }
    Ok(())
}

/// Whether the session can play the role; if not, why.
pub(super) async fn may_rehearse(
    session: &Session,
    role: &str,
) -> Result<Result<(), String>, Failure> {
    let sql = "SELECT rolsuper, pg_catalog.pg_is_in_recovery() FROM pg_catalog.pg_roles \
               WHERE rolname = current_user";
    let answer = session.query(sql).await?;
    let row = answer.rows.into_iter().next().unwrap_or_default();
    Ok(if cell(&row, 1) == "t" {
        Err("the server is a read-only replica".to_owned())
    } else if cell(&row, 0) == "t" {
        Ok(())
    } else {
        let looker = &session.facts().user;
        Err(if looker == role {
            format!("{looker} cannot grant to itself; an owner's profile could rehearse it")
        } else {
            format!("{looker} may not act as {role} and grant to it")
        })
    })
}

/// What could lift one refusal.
pub(super) async fn lifting(
    session: &Session,
    role: &str,
    denial: &Denial,
    statement: &str,
    reach: Reach,
) -> Result<Vec<Need>, Failure> {
    let granting = tokens(statement)
        .first()
        .is_some_and(|t| t.is(statement, "grant"));
    let mut needs = match denial {
        Denial::Privilege { kind, name } => match kind {
            ObjectKind::Schema => schema(session, role, name).await?,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                routine(session, role, name).await?
            }
            ObjectKind::Type => types(session, role, name).await?,
            kind if has_columns(*kind) || *kind == ObjectKind::Sequence => {
                relation(session, role, name, reach).await?
            }
            ObjectKind::LargeObject => ["SELECT", "UPDATE"]
                .map(|p| {
                    need(
                        role,
                        p,
                        object(*kind, None, name.clone()),
                        Breadth::Object,
                        "",
                    )
                })
                .to_vec(),
            ObjectKind::Tablespace => {
                vec![need(
                    role,
                    "CREATE",
                    object(*kind, None, name.clone()),
                    Breadth::Object,
                    "",
                )]
            }
            kind => vec![need(
                role,
                "USAGE",
                object(*kind, None, name.clone()),
                Breadth::Object,
                "",
            )],
        },
        Denial::Temporary => vec![database(session, role, "TEMPORARY").await?],
        Denial::CreateInDatabase => vec![database(session, role, "CREATE").await?],
        Denial::Membership(name) => vec![member(role, name)],
        // Parameters can be granted from 15 on.
        Denial::Parameter(_) if session.facts().version.major() < 15 => Vec::new(),
        Denial::Parameter(name) => {
            let object = object(ObjectKind::Parameter, None, name.clone());
            vec![need(role, "SET", object, Breadth::Object, "")]
        }
        Denial::Attribute(attribute) => vec![attribute_of(role, attribute)],
        Denial::Ownership { name, .. } => ownership(session, role, name).await?,
        Denial::RowLevelSecurity(_) | Denial::Superuser => Vec::new(),
    };
    if granting {
        for need in &mut needs {
            need.statement.push_str(" WITH GRANT OPTION");
            need.breadth = Breadth::GrantOption;
        }
    }
    Ok(needs)
}

fn member(role: &str, of: &str) -> Need {
    let object = object(ObjectKind::Role, None, of.to_owned());
    need(role, "MEMBER", object, Breadth::Membership, of)
}

fn attribute_of(role: &str, attribute: &str) -> Need {
    let object = object(ObjectKind::Role, None, role.to_owned());
    need(role, attribute, object, Breadth::Attribute, "")
}

async fn database(session: &Session, role: &str, privilege: &str) -> Result<Need, Failure> {
    let sql = "SELECT datname, pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database \
               WHERE datname = current_database()";
    let answer = session.query(sql).await?;
    let row = answer.rows.into_iter().next().unwrap_or_default();
    let object = object(ObjectKind::Database, None, cell(&row, 0));
    Ok(need(
        role,
        privilege,
        object,
        Breadth::Database,
        &cell(&row, 1),
    ))
}

async fn schema(session: &Session, role: &str, name: &str) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT p, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace, \
         unnest('{{USAGE,CREATE}}'::text[]) p WHERE nspname = {} \
         AND NOT pg_catalog.has_schema_privilege({}, oid, p)",
        literal(name),
        literal(role)
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Schema, None, name.to_owned());
        need(role, &cell(row, 0), object, Breadth::Schema, &cell(row, 1))
    };
    Ok(answer.rows.iter().map(of).collect())
}

pub(super) async fn routine(
    session: &Session,
    role: &str,
    name: &str,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', \
         p.prokind, pg_catalog.pg_get_userbyid(p.proowner) FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = {} \
         AND NOT pg_catalog.has_function_privilege({}, p.oid, 'EXECUTE') LIMIT 50",
        literal(name),
        literal(role)
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let kind = match cell(row, 2).as_str() {
            "p" => ObjectKind::Procedure,
            "a" => ObjectKind::Aggregate,
            _ => ObjectKind::Function,
        };
        let object = object(kind, Some(cell(row, 0)), cell(row, 1));
        need(role, "EXECUTE", object, Breadth::Object, &cell(row, 3))
    };
    Ok(answer.rows.iter().map(of).collect())
}

async fn types(session: &Session, role: &str, name: &str) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, t.typname, pg_catalog.pg_get_userbyid(t.typowner) \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         WHERE {} IN (t.typname, n.nspname || '.' || t.typname, pg_catalog.format_type(t.oid, NULL)) \
         AND NOT pg_catalog.has_type_privilege({}, t.oid, 'USAGE') LIMIT 50",
        literal(name),
        literal(role)
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Type, Some(cell(row, 0)), cell(row, 1));
        need(role, "USAGE", object, Breadth::Object, &cell(row, 2))
    };
    Ok(answer.rows.iter().map(of).collect())
}

async fn relation(
    session: &Session,
    role: &str,
    name: &str,
    reach: Reach,
) -> Result<Vec<Need>, Failure> {
    let grantees = match reach {
        Reach::Role => format!("SELECT {}::name", literal(role)),
        // Views check the relations under them as their owner (rewriteHandler.c).
        Reach::ViewOwners => "SELECT DISTINCT pg_catalog.pg_get_userbyid(v.relowner) \
             FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid \
             JOIN pg_catalog.pg_class v ON v.oid = w.ev_class \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refobjid = c.oid \
             AND v.oid <> c.oid"
            .to_owned(),
    };
    let maintain = if session.facts().version.major() >= 17 {
        ",MAINTAIN"
    } else {
        ""
    };
    let sql = format!(
        "SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), g.who, p.p \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, \
         LATERAL ({grantees}) g(who), LATERAL (SELECT unnest(CASE c.relkind \
         WHEN 'S' THEN '{{USAGE,SELECT,UPDATE}}'::text[] ELSE \
         '{{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER{maintain}}}'::text[] END)) p(p) \
         WHERE c.relname = {} AND c.relkind IN ('r','p','v','m','f','S') \
         AND NOT CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(g.who, c.oid, p.p) \
         ELSE pg_catalog.has_table_privilege(g.who, c.oid, p.p) END LIMIT 200",
        literal(name)
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let kind = relation_kind(&cell(row, 2));
        let object = object(kind, Some(cell(row, 0)), cell(row, 1));
        need(
            &cell(row, 4),
            &cell(row, 5),
            object,
            Breadth::Object,
            &cell(row, 3),
        )
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// Membership in the owner; the least that is as good as owning.
async fn ownership(session: &Session, role: &str, name: &str) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT DISTINCT r.rolname FROM (SELECT relowner FROM pg_catalog.pg_class WHERE relname = {0} \
         UNION ALL SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = {0} \
         UNION ALL SELECT proowner FROM pg_catalog.pg_proc WHERE proname = {0} \
         UNION ALL SELECT typowner FROM pg_catalog.pg_type WHERE typname = {0} \
         UNION ALL SELECT datdba FROM pg_catalog.pg_database WHERE datname = {0}) o(who) \
         JOIN pg_catalog.pg_roles r ON r.oid = o.who WHERE NOT r.rolsuper \
         AND r.rolname <> 'pg_database_owner' AND r.rolname <> 'rds_superuser' \
         AND NOT pg_catalog.pg_has_role({1}, r.oid, 'USAGE')",
        literal(name),
        literal(role)
    );
    let answer = session.query(&sql).await?;
    let inherit = session.facts().version.major() >= 16;
    let of = |row: &Row| {
        let mut need = member(role, &cell(row, 0));
        if inherit {
            need.statement.push_str(" WITH INHERIT TRUE");
        }
        need
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// How many columns the relation has, and those the grantee lacks the privilege on.
pub(super) async fn columns(
    session: &Session,
    missing: &MissingPrivilege,
) -> Result<(usize, Vec<String>), Failure> {
    let sql = format!(
        "SELECT attname, pg_catalog.has_column_privilege({}, attrelid, attnum, {}) \
         FROM pg_catalog.pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 \
         AND NOT attisdropped ORDER BY attnum",
        literal(&missing.grantee),
        literal(&missing.privilege),
        literal(&remedy::written(&missing.object))
    );
    let rows = session.query(&sql).await?.rows;
    let lacking = rows
        .iter()
        .filter(|row| cell(row, 1) != "t")
        .map(|row| cell(row, 0));
    Ok((rows.len(), lacking.collect()))
}

/// A sequence a statement draws from, if the role may not. Identity columns need no grant unless the
/// statement names the function itself.
pub(super) async fn sequence(
    session: &Session,
    role: &str,
    name: &str,
    privilege: &str,
    named: bool,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = {}::regclass AND c.relkind = 'S' \
         AND NOT pg_catalog.has_sequence_privilege({}, c.oid, {}) AND ({named} OR NOT EXISTS (SELECT \
         FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i' \
         AND d.classid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0))",
        literal(name),
        literal(role),
        literal(if privilege == "USAGE" {
            "USAGE,UPDATE"
        } else {
            privilege
        })
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Sequence, Some(cell(row, 0)), cell(row, 1));
        need(role, privilege, object, Breadth::Object, &cell(row, 2))
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// Those of the needs that the server confirms: what is there already falls away.
pub(super) async fn lacking(session: &Session, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
    let mut found = Vec::new();
    for need in needs {
        let there = match remedy::probe(&need.missing) {
            Some(probe) => {
                let rows = session.query(&probe.sql).await?.rows;
                rows.first().is_some_and(|row| cell(row, 0) == "t")
            }
            None => false,
        };
        if !there {
            found.push(need);
        }
    }
    Ok(found)
}

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
        needs.push(member(role, "rds_iam"));
    }
    if cell(&row, 1) != "t" {
        needs.push(database(session, role, "CONNECT").await?);
    }
    Ok(needs)
}

/// Roles that act as every owner involved: not superusers, unless there is nobody else.
pub(super) async fn run_as(session: &Session, needs: &[Need]) -> Result<Vec<String>, Failure> {
    let mut owners: Vec<String> = needs
        .iter()
        .filter(|need| !need.owner.is_empty() && need.breadth != Breadth::Membership)
        .map(|need| literal(&need.owner))
        .collect();
    owners.sort();
    owners.dedup();
    let attributes = needs
        .iter()
        .any(|need| need.owner.is_empty() || need.breadth == Breadth::Membership);
    let owners = format!("'{{}}'::name[] || ARRAY[{}]::name[]", owners.join(", "));
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
    let sql = format!(
        "SELECT rolname, rolsuper FROM pg_catalog.pg_roles r WHERE rolname !~ '^pg_' AND (rolsuper \
         OR ({attributes} AND {administers}) OR (NOT {attributes} AND NOT EXISTS (SELECT FROM unnest({owners}) o \
         WHERE NOT pg_catalog.pg_has_role(r.oid, o, 'USAGE')))) \
         ORDER BY rolsuper, rolname = ANY ({owners}) DESC, rolname LIMIT 8"
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

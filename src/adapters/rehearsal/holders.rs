//! Which roles hold rights on something, worked out over all roles at once from ACLs and memberships.
//!
//! To ask the server about each role by itself makes it gather that role's memberships anew (PostgreSQL
//! source, `acl.c`, `roles_is_member_of`), which takes long where hundreds of roles are nested.

use crate::domain::diagnosis::remedy::Held;
use crate::domain::diagnosis::{MissingPrivilege, ObjectKind};
use crate::domain::ident::literal;

/// Which memberships pass rights on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// Those whose members have the rights without asking.
    Inherited,
    /// All of them.
    Any,
}

/// A table expression of all memberships: `roleid`, `member`, `inherits`. The database's owner is a
/// member of `pg_database_owner` though no catalog says so.
fn memberships(major: u32) -> &'static str {
    if major >= 16 {
        "(SELECT roleid, member, inherit_option AS inherits FROM pg_catalog.pg_auth_members UNION ALL \
         SELECT p.oid, d.datdba, true FROM pg_catalog.pg_roles p, pg_catalog.pg_database d \
         WHERE p.rolname = 'pg_database_owner' AND d.datname = current_database())"
    } else {
        "(SELECT m.roleid, m.member, r.rolinherit AS inherits FROM pg_catalog.pg_auth_members m \
         JOIN pg_catalog.pg_roles r ON r.oid = m.member UNION ALL \
         SELECT p.oid, d.datdba, r.rolinherit FROM pg_catalog.pg_roles p, pg_catalog.pg_database d \
         JOIN pg_catalog.pg_roles r ON r.oid = d.datdba \
         WHERE p.rolname = 'pg_database_owner' AND d.datname = current_database())"
    }
}

/// A recursive common table expression of some roles and all that are members of them, however far:
/// `starts` is a query of OIDs.
pub(super) fn members(name: &str, starts: &str, passing: Passing, major: u32) -> String {
    let condition = match passing {
        Passing::Inherited => " AND m.inherits",
        Passing::Any => "",
    };
    format!(
        "{name}(oid) AS ({starts} UNION SELECT m.member FROM {name} JOIN {} m \
         ON m.roleid = {name}.oid{condition})",
        memberships(major)
    )
}

/// The same the other way round: some roles and all that they have the rights of.
pub(super) fn groups(name: &str, starts: &str, major: u32) -> String {
    format!(
        "{name}(oid) AS ({starts} UNION SELECT m.roleid FROM {name} JOIN {} m \
         ON m.member = {name}.oid AND m.inherits)",
        memberships(major)
    )
}

/// A query of the OIDs of roles of some names.
pub(super) fn named(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!(
        "SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ANY ('{{}}'::name[] || ARRAY[{}]::name[])",
        names.join(", ")
    )
}

/// A query of the OIDs of the roles that somebody granted a privilege to, or more than it. `None` for
/// what has no ACL.
pub(super) fn granted(missing: &MissingPrivilege, how: Held) -> Option<String> {
    let option = match how {
        Held::Plainly => "",
        Held::ToGrant => " AND a.is_grantable",
    };
    let object = &missing.object;
    let name = literal(&object.name);
    let acls = match object.kind {
        ObjectKind::Role if missing.privilege == "MEMBER" => {
            let admin = match how {
                Held::Plainly => "",
                Held::ToGrant => " AND m.admin_option",
            };
            return Some(format!(
                "SELECT m.member FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g \
                 ON g.oid = m.roleid WHERE g.rolname = {name}{admin}"
            ));
        }
        ObjectKind::Role | ObjectKind::Other => return None,
        ObjectKind::Schema => by_name("pg_namespace", "nsp", &name),
        ObjectKind::Database => by_name("pg_database", "dat", &name),
        ObjectKind::Language => by_name("pg_language", "lan", &name),
        ObjectKind::ForeignServer => by_name("pg_foreign_server", "srv", &name),
        ObjectKind::ForeignDataWrapper => by_name("pg_foreign_data_wrapper", "fdw", &name),
        ObjectKind::Tablespace => by_name("pg_tablespace", "spc", &name),
        ObjectKind::Parameter => {
            format!("SELECT paracl FROM pg_catalog.pg_parameter_acl WHERE parname = lower({name})")
        }
        ObjectKind::LargeObject => format!(
            "SELECT lomacl FROM pg_catalog.pg_largeobject_metadata WHERE oid::text = {name}"
        ),
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
            let schema = literal(object.schema.as_deref()?);
            format!(
                "SELECT p.proacl FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n \
                 ON n.oid = p.pronamespace WHERE n.nspname = {schema} \
                 AND p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' = {name}"
            )
        }
        ObjectKind::Type => {
            let schema = literal(object.schema.as_deref()?);
            format!(
                "SELECT t.typacl FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n \
                 ON n.oid = t.typnamespace WHERE n.nspname = {schema} AND t.typname = {name}"
            )
        }
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::ForeignTable
        | ObjectKind::Sequence => {
            let schema = literal(object.schema.as_deref()?);
            let columns: Vec<String> = object.columns.iter().map(|name| literal(name)).collect();
            format!(
                "SELECT unnested.acl FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
                 ON n.oid = c.relnamespace, LATERAL (SELECT c.relacl UNION ALL SELECT t.attacl \
                 FROM pg_catalog.pg_attribute t WHERE t.attrelid = c.oid \
                 AND t.attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[])) AS unnested(acl) \
                 WHERE n.nspname = {schema} AND c.relname = {name}",
                columns.join(", ")
            )
        }
    };
    Some(format!(
        "SELECT a.grantee FROM ({acls}) AS one(acl), pg_catalog.aclexplode(one.acl) a \
         WHERE a.privilege_type = {}{option}",
        literal(&missing.privilege)
    ))
}

/// ACLs in a catalog whose columns begin with letters of its own.
fn by_name(catalog: &str, letters: &str, name: &str) -> String {
    format!("SELECT {letters}acl FROM pg_catalog.{catalog} WHERE {letters}name = {name}")
}

/// The predefined roles whose members have a privilege on everything of a kind (PostgreSQL source,
/// `aclchk.c`, `pg_class_aclmask_ext` and `pg_namespace_aclmask_ext`).
fn everywhere(missing: &MissingPrivilege) -> &'static [&'static str] {
    match (missing.object.kind, missing.privilege.as_str()) {
        (ObjectKind::Schema, "USAGE") => &["pg_read_all_data", "pg_write_all_data"],
        (ObjectKind::Schema | ObjectKind::Role, _) => &[],
        (_, "SELECT") => &["pg_read_all_data"],
        (_, "INSERT" | "UPDATE" | "DELETE") => &["pg_write_all_data"],
        (_, "MAINTAIN") => &["pg_maintain"],
        _ => &[],
    }
}

/// A query of the OIDs of roles one of which every holder of a privilege is a member of.
pub(super) fn sources(missing: &MissingPrivilege, owner: &str) -> Option<String> {
    let mut names = vec![owner.to_owned()];
    names.extend(everywhere(missing).iter().map(|name| (*name).to_owned()));
    let granted = granted(missing, Held::Plainly)?;
    Some(format!("{granted} UNION {}", named(&names)))
}

//! The narrowest fix, and the check that proves it.
//!
//! Source: PostgreSQL documentation, "GRANT" and "System Information Functions" (access privilege
//! inquiry functions).

use super::report::{MissingPrivilege, ObjectKind, ObjectName};
use crate::domain::ident;

/// A question to the server, and the SQL that asks it; the answer is one boolean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// In words.
    pub question: String,
    /// One `SELECT` that returns one boolean.
    pub sql: String,
}

/// Whether a privilege is there, or may be given on too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It is there.
    Plainly,
    /// With the grant option; of a role, with the ADMIN option.
    ToGrant,
}

/// Asks whether a privilege is there; `None` for kinds without an inquiry function.
#[must_use]
pub fn probe(missing: &MissingPrivilege) -> Option<Probe> {
    let expression = held(&ident::literal(&missing.grantee), missing, Held::Plainly)?;
    Some(Probe {
        question: question(missing),
        sql: format!("SELECT {expression}"),
    })
}

/// The boolean expression that tells whether a role holds a privilege; `role` is SQL for its name or
/// OID. `None` for kinds without an inquiry function.
#[must_use]
pub fn held(role: &str, missing: &MissingPrivilege, how: Held) -> Option<String> {
    let object = &missing.object;
    let option = match how {
        Held::Plainly => "",
        Held::ToGrant => " WITH GRANT OPTION",
    };
    let privilege = ident::literal(&format!("{}{option}", missing.privilege));
    let name = oid(object).unwrap_or_else(|| ident::literal(&written(object)));
    let plain = ident::literal(&object.name);
    let (family, name) = match (object.kind, missing.privilege.as_str()) {
        (ObjectKind::Role, "MEMBER" | "SET") => {
            let option = match how {
                Held::Plainly => "MEMBER",
                Held::ToGrant => "MEMBER WITH ADMIN OPTION",
            };
            return Some(format!(
                "pg_catalog.pg_has_role({role}, {plain}, '{option}')"
            ));
        }
        (ObjectKind::Role, attribute) => {
            let column = attribute_column(attribute)?;
            return Some(format!(
                "(SELECT {column} FROM pg_catalog.pg_roles WHERE rolname = {role})"
            ));
        }
        (_, "OWNER") => return None,
        (ObjectKind::Database, _) => ("database", plain),
        (ObjectKind::Schema, _) => ("schema", plain),
        (ObjectKind::Sequence, _) => ("sequence", name),
        (ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate, _) => {
            ("function", name)
        }
        (ObjectKind::Type, _) => ("type", name),
        (ObjectKind::Language, _) => ("language", plain),
        (ObjectKind::ForeignServer, _) => ("server", plain),
        (ObjectKind::ForeignDataWrapper, _) => ("foreign_data_wrapper", plain),
        (ObjectKind::Tablespace, _) => ("tablespace", plain),
        (ObjectKind::Parameter, _) => ("parameter", plain),
        (
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable,
            _,
        ) if !object.columns.is_empty() => {
            let of_column = |column: &String| {
                let column = ident::literal(column);
                format!("pg_catalog.has_column_privilege({role}, {name}, {column}, {privilege})")
            };
            let each: Vec<String> = object.columns.iter().map(of_column).collect();
            return Some(each.join(" AND "));
        }
        (
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable,
            _,
        ) => ("table", name),
        (ObjectKind::LargeObject | ObjectKind::Other, _) => return None,
    };
    Some(format!(
        "pg_catalog.has_{family}_privilege({role}, {name}, {privilege})"
    ))
}

/// SQL for the OID of what lies in a schema. By its name it could be asked about only by who may look into
/// the schema (PostgreSQL source, `namespace.c`, `LookupExplicitNamespace`).
#[must_use]
pub fn oid(object: &ObjectName) -> Option<String> {
    let (catalog, letters, called) = match object.kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::ForeignTable
        | ObjectKind::Sequence => ("pg_class", "rel", "o.relname"),
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => (
            "pg_proc",
            "pro",
            "o.proname || '(' || pg_catalog.oidvectortypes(o.proargtypes) || ')'",
        ),
        ObjectKind::Type => ("pg_type", "typ", "o.typname"),
        _ => return None,
    };
    let schema = object.schema.as_ref()?;
    Some(format!(
        "(SELECT o.oid FROM pg_catalog.{catalog} o JOIN pg_catalog.pg_namespace n \
         ON n.oid = o.{letters}namespace WHERE n.nspname = {} AND {called} = {})",
        ident::literal(schema),
        ident::literal(&object.name)
    ))
}

fn attribute_column(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "LOGIN" => "rolcanlogin",
        "CREATEDB" => "rolcreatedb",
        "CREATEROLE" => "rolcreaterole",
        "SUPERUSER" => "rolsuper",
        "BYPASSRLS" => "rolbypassrls",
        "REPLICATION" => "rolreplication",
        _ => return None,
    })
}

/// What is missing, in words: `analyst has SELECT (id, email) on table crm.customers`.
fn question(missing: &MissingPrivilege) -> String {
    let columns = match missing.object.columns.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", columns.join(", ")),
    };
    let object = &missing.object;
    match (object.kind, missing.privilege.as_str()) {
        (ObjectKind::Role, "MEMBER" | "SET") => {
            format!("{} is a member of {}", missing.grantee, object.name)
        }
        (ObjectKind::Role, attribute) => format!("{} has {attribute}", missing.grantee),
        _ => format!(
            "{} has {}{columns} on {}",
            missing.grantee,
            missing.privilege,
            described(object)
        ),
    }
}

/// An object in a sentence: `table crm.customers`.
#[must_use]
pub fn described(object: &ObjectName) -> String {
    let name = match &object.schema {
        Some(schema) => format!("{schema}.{}", object.name),
        None => object.name.clone(),
    };
    format!("{} {name}", object.kind.word())
}

/// An object's name as SQL writes it, schema included; functions keep their argument list.
#[must_use]
pub fn written(object: &ObjectName) -> String {
    let name = match object.kind {
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
            let (name, arguments) = object.name.rsplit_once('(').unwrap_or((&object.name, ")"));
            format!("{}({arguments}", ident::quoted(name))
        }
        ObjectKind::LargeObject => object.name.clone(),
        ObjectKind::Role => ident::role(&object.name).into_owned(),
        ObjectKind::Parameter => object.name.clone(),
        _ => ident::quoted(&object.name).into_owned(),
    };
    match &object.schema {
        Some(schema) => format!("{}.{name}", ident::quoted(schema)),
        None => name,
    }
}

/// The statement that gives what is missing, without a semicolon.
#[must_use]
pub fn grant(missing: &MissingPrivilege) -> String {
    let grantee = ident::role(&missing.grantee);
    let object = &missing.object;
    let name = written(object);
    let kind = match object.kind {
        ObjectKind::Role => {
            return match missing.privilege.as_str() {
                "MEMBER" | "SET" => format!("GRANT {name} TO {grantee}"),
                attribute => format!("ALTER ROLE {grantee} {attribute}"),
            };
        }
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::ForeignTable => "TABLE",
        ObjectKind::Database => "DATABASE",
        ObjectKind::Schema => "SCHEMA",
        ObjectKind::Sequence => "SEQUENCE",
        ObjectKind::Function | ObjectKind::Aggregate => "FUNCTION",
        ObjectKind::Procedure => "PROCEDURE",
        ObjectKind::Type => "TYPE",
        ObjectKind::Language => "LANGUAGE",
        ObjectKind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        ObjectKind::ForeignServer => "FOREIGN SERVER",
        ObjectKind::Tablespace => "TABLESPACE",
        ObjectKind::LargeObject => "LARGE OBJECT",
        ObjectKind::Parameter => "PARAMETER",
        ObjectKind::Other => "",
    };
    let columns = if object.columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", ident::list(&object.columns))
    };
    format!(
        "GRANT {}{columns} ON {kind} {name} TO {grantee}",
        missing.privilege
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(
        privilege: &str,
        kind: ObjectKind,
        schema: Option<&str>,
        name: &str,
        columns: &[&str],
    ) -> MissingPrivilege {
        MissingPrivilege {
            privilege: privilege.into(),
            grantee: "Ann O'Neil".into(),
            object: ObjectName {
                kind,
                schema: schema.map(str::to_owned),
                name: name.into(),
                columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            },
        }
    }

    #[test]
    fn grants_quote_every_name_exactly() {
        for (missing, sql) in [
            (
                missing(
                    "SELECT",
                    ObjectKind::View,
                    Some("crm"),
                    "My View",
                    &["id", "Full Name"],
                ),
                r#"GRANT SELECT (id, "Full Name") ON TABLE crm."My View" TO "Ann O'Neil""#,
            ),
            (
                missing(
                    "EXECUTE",
                    ObjectKind::Function,
                    Some("s"),
                    "Area(integer, text)",
                    &[],
                ),
                r#"GRANT EXECUTE ON FUNCTION s."Area"(integer, text) TO "Ann O'Neil""#,
            ),
            (
                missing("CONNECT", ObjectKind::Database, None, "shop", &[]),
                r#"GRANT CONNECT ON DATABASE shop TO "Ann O'Neil""#,
            ),
            (
                missing("LOGIN", ObjectKind::Role, None, "x", &[]),
                r#"ALTER ROLE "Ann O'Neil" LOGIN"#,
            ),
            (
                missing("MEMBER", ObjectKind::Role, None, "readers", &[]),
                r#"GRANT readers TO "Ann O'Neil""#,
            ),
        ] {
            assert_eq!(grant(&missing), sql);
        }
    }

    #[test]
    fn probes_ask_with_literals() {
        let probe = probe(&missing(
            "SELECT",
            ObjectKind::Table,
            Some("s"),
            "T",
            &["a", "b"],
        ))
        .unwrap();
        let oid = "(SELECT o.oid FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace n \
                   ON n.oid = o.relnamespace WHERE n.nspname = 's' AND o.relname = 'T')";
        assert_eq!(
            probe.sql,
            format!(
                "SELECT pg_catalog.has_column_privilege('Ann O''Neil', {oid}, 'a', 'SELECT') AND \
                 pg_catalog.has_column_privilege('Ann O''Neil', {oid}, 'b', 'SELECT')"
            )
        );
        assert_eq!(probe.question, "Ann O'Neil has SELECT (a, b) on table s.T");
    }
}

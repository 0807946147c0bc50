//! Names that mean nothing to a role because it may not look where they are.
//!
//! A schema of the search path that the role has no USAGE on is passed over in silence, and the
//! object is then said not to exist (PostgreSQL source, `namespace.c`, `recomputeNamespacePath`).

use super::need::{Need, cell, need, object};
use crate::adapters::session::Session;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};

/// USAGE on the first schema of the path that has an object of the missing name, if that is why it
/// is missing.
pub(super) async fn hidden(
    session: &Session,
    role: &str,
    path: Option<&str>,
    failure: &Failure,
) -> Result<Vec<Need>, Failure> {
    let sqlstate = failure.sqlstate.as_deref();
    // `no schema has been selected to create in`: any schema of the path would have done.
    let sought = if sqlstate == Some("3F000") && failure.message.starts_with("no schema") {
        "true".to_owned()
    } else {
        let Some((table, column, space)) = place(sqlstate) else {
            return Ok(Vec::new());
        };
        let Some(name) = missing_name(&failure.message) else {
            return Ok(Vec::new());
        };
        format!(
            "EXISTS (SELECT FROM pg_catalog.{table} WHERE {column} = {} AND {space} = n.oid)",
            literal(&name)
        )
    };
    let path = if let Some(path) = path {
        path.to_owned()
    } else {
        let sql = "SELECT current_setting('search_path')";
        let rows = session.query(sql).await?.rows;
        rows.first().map(|row| cell(row, 0)).unwrap_or_default()
    };
    let path: Vec<String> = path
        .split(',')
        .filter_map(|part| ident::parts(part.trim())?.pop())
        .map(|schema| literal(if schema == "$user" { role } else { &schema }))
        .collect();
    let sql = format!(
        "SELECT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n, \
         unnest('{{}}'::name[] || ARRAY[{}]::name[]) WITH ORDINALITY AS p(schema, place) \
         WHERE n.nspname = p.schema AND NOT pg_catalog.has_schema_privilege({}, n.oid, 'USAGE') \
         AND {sought} ORDER BY p.place LIMIT 1",
        path.join(", "),
        literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| {
            let schema = object(ObjectKind::Schema, None, cell(row, 0));
            need(role, "USAGE", schema, Breadth::Schema, &cell(row, 1))
        })
        .collect())
}

/// The catalog, its column of names and its column of schemas for what is said to be undefined.
fn place(sqlstate: Option<&str>) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match sqlstate? {
        "42P01" => ("pg_class", "relname", "relnamespace"),
        "42883" => ("pg_proc", "proname", "pronamespace"),
        "42704" => ("pg_type", "typname", "typnamespace"),
        _ => return None,
    })
}

/// The name in `relation "customers" does not exist` and `function area(integer) does not exist`;
/// `None` where it is qualified, for then no path was searched.
fn missing_name(message: &str) -> Option<String> {
    let name = if let Some((_, rest)) = message.split_once('"') {
        rest.rsplit_once('"')?.0
    } else {
        let (_, rest) = message.strip_suffix(" does not exist")?.split_once(' ')?;
        rest.split_once('(').map_or(rest, |(name, _)| name)
    };
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_name_is_read() {
        for (message, name) in [
            ("relation \"customers\" does not exist", Some("customers")),
            ("function area(integer, text) does not exist", Some("area")),
            ("type \"Odd \"name\" does not exist", Some("Odd \"name")),
            ("syntax error", None),
        ] {
            assert_eq!(missing_name(message).as_deref(), name, "{message}");
        }
    }
}

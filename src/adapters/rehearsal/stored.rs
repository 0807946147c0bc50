//! Views' queries and the expressions of policies, as catalogs keep them: what they touch.

use super::derived::first_of;
use super::need::{Row, cell};
use crate::adapters::session::Session;
use crate::domain::diagnosis::node_tree::{Output, Reached, touched};
use crate::domain::diagnosis::wants::{Columns, Wanted};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use std::collections::BTreeSet;

/// What a stored query or expression touches, by name.
#[derive(Default)]
pub(super) struct Touches {
    /// What it reads or locks.
    pub(super) relations: Vec<Wanted>,
    /// The OIDs of functions that it calls and that who asks may not.
    pub(super) functions: Vec<u32>,
    /// Those of all functions that it calls but the system's.
    pub(super) called: Vec<u32>,
}

/// The system's objects have lower OIDs (PostgreSQL source, `transam.h`, `FirstNormalObjectId`).
const FIRST_NORMAL: u32 = 16384;

/// The query of a view.
pub(super) async fn query(session: &Session, view: &str) -> Result<String, Failure> {
    let sql = format!(
        "SELECT ev_action::text FROM pg_catalog.pg_rewrite WHERE ev_class = {view} AND ev_type = '1' LIMIT 1"
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| cell(row, 0)).unwrap_or_default())
}

/// The expressions of the policies that decide which rows of a relation a deed reaches: those of who
/// does it, for what is done. Without a permissive one no row is reached and none is asked (PostgreSQL
/// source, `rowsecurity.c`, `add_security_quals`).
pub(super) async fn policies(
    session: &Session,
    who: &str,
    wanted: &Wanted,
) -> Result<Vec<String>, Failure> {
    let (command, tested) = match wanted.privilege {
        "SELECT" => ('r', "concat(p.polqual::text)"),
        "INSERT" => ('a', "concat(coalesce(p.polwithcheck, p.polqual)::text)"),
        // Rows that are only locked are not written.
        "UPDATE" if wanted.columns == Columns::Named(Vec::new()) => {
            ('w', "concat(p.polqual::text)")
        }
        "UPDATE" => ('w', "concat(p.polqual::text, p.polwithcheck::text)"),
        "DELETE" => ('d', "concat(p.polqual::text)"),
        _ => return Ok(Vec::new()),
    };
    let Some(relation) = first_of(&wanted.relation) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {tested}, p.polpermissive FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r \
         ON r.rolname = {} JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid AND p.polcmd IN ('*', '{command}') \
         AND EXISTS (SELECT FROM unnest(p.polroles) member \
         WHERE member = 0 OR pg_catalog.pg_has_role(r.oid, member, 'USAGE')) \
         WHERE c.oid = {relation} AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls \
         AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')) ORDER BY p.polname",
        literal(who)
    );
    let rows = session.query(&sql).await?.rows;
    if rows.iter().all(|row| cell(row, 1) != "t") {
        return Ok(Vec::new());
    }
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// The numbers of some columns of a view; `None` for all of them.
pub(super) async fn numbers(
    session: &Session,
    view: &str,
    columns: &Columns,
) -> Result<Option<Vec<i32>>, Failure> {
    let Columns::Named(names) = columns else {
        return Ok(None);
    };
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = {view} \
         AND attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[])",
        names.join(", ")
    );
    let rows = session.query(&sql).await?.rows;
    Ok(Some(
        rows.iter()
            .filter_map(|row| cell(row, 0).parse().ok())
            .collect(),
    ))
}

/// What it touches where only some columns of its answer are wanted, for who asks.
pub(super) async fn touches(
    session: &Session,
    asker: &str,
    tree: &str,
    wanted: Option<&[i32]>,
) -> Result<Touches, Failure> {
    let touched = touched(tree);
    let all: BTreeSet<u32> = touched
        .functions
        .iter()
        .chain(touched.outputs.iter().flat_map(|output| &output.functions))
        .copied()
        .collect();
    let forbidden = not_executable(session, asker, &all).await?;
    let mut called = touched.functions;
    for output in &touched.outputs {
        let unwanted = wanted.is_some_and(|wanted| !wanted.contains(&output.number));
        let matters = output
            .functions
            .iter()
            .any(|oid| *oid >= FIRST_NORMAL || forbidden.contains(oid));
        if matters && (!unwanted || is_kept(session, output).await?) {
            called.extend(&output.functions);
        }
    }
    called.sort_unstable();
    called.dedup();
    let of =
        |holds: &dyn Fn(&u32) -> bool| called.iter().copied().filter(|oid| holds(oid)).collect();
    Ok(Touches {
        relations: named(session, &touched.relations).await?,
        functions: of(&|oid| forbidden.contains(oid)),
        called: of(&|oid| *oid >= FIRST_NORMAL),
    })
}

/// The expressions of the defaults that a new row gets where its columns are left out.
pub(super) async fn defaults(session: &Session, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let (Some(relation), Columns::Named(given)) = (first_of(&wanted.relation), &wanted.columns)
    else {
        return Ok(Vec::new());
    };
    let given: Vec<String> = given.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT d.adbin::text FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a \
         ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = {relation} \
         AND a.attgenerated = '' AND NOT a.attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) ORDER BY a.attnum",
        given.join(", ")
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Whether a column is worked out though nobody wants it (PostgreSQL source, `allpaths.c`,
/// `remove_unused_subquery_outputs`; `prepjointree.c`, `is_simple_subquery`).
async fn is_kept(session: &Session, output: &Output) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT FROM pg_catalog.pg_proc WHERE oid = ANY ('{{{}}}'::oid[]) AND (provolatile = 'v' OR proretset)",
        listed(&output.functions)
    );
    Ok(!session.query(&sql).await?.rows.is_empty())
}

fn listed(oids: impl IntoIterator<Item = impl ToString>) -> String {
    let oids: Vec<String> = oids.into_iter().map(|oid| oid.to_string()).collect();
    oids.join(",")
}

/// Those of some functions that a role may not execute.
async fn not_executable(
    session: &Session,
    role: &str,
    functions: &BTreeSet<u32>,
) -> Result<BTreeSet<u32>, Failure> {
    if functions.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = format!(
        "SELECT oid FROM pg_catalog.pg_proc WHERE oid = ANY ('{{{}}}'::oid[]) \
         AND NOT pg_catalog.has_function_privilege({}, oid, 'EXECUTE')",
        listed(functions),
        literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .filter_map(|row| cell(row, 0).parse().ok())
        .collect())
}

/// The relations by name, with what is wanted of them.
async fn named(session: &Session, reached: &[Reached]) -> Result<Vec<Wanted>, Failure> {
    let mut values = Vec::new();
    for (at, one) in reached.iter().enumerate() {
        values.push(format!("({at}, {}::oid, NULL::int)", one.relation));
        values.extend(
            one.privileges()
                .flat_map(|(_, columns)| columns)
                .map(|number| format!("({at}, {}, {number})", one.relation)),
        );
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT v.at, n.nspname, c.relname, a.attname, a.attnum FROM (VALUES {}) AS v(at, relation, number) \
         JOIN pg_catalog.pg_class c ON c.oid = v.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = v.number \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY v.at, a.attnum",
        values.join(", ")
    );
    let rows: Vec<Row> = session.query(&sql).await?.rows;
    let mut found = Vec::new();
    for (at, one) in reached.iter().enumerate() {
        let of: Vec<&Row> = rows
            .iter()
            .filter(|row| cell(row, 0) == at.to_string())
            .collect();
        let Some(first) = of.first() else { continue };
        for (privilege, columns) in one.privileges() {
            let named = of.iter().filter(|row| {
                columns
                    .iter()
                    .any(|number| cell(row, 4) == number.to_string())
            });
            let all = columns.contains(&0) || privilege == "DELETE";
            found.push(Wanted {
                relation: vec![cell(first, 1), cell(first, 2)],
                privilege,
                columns: if all {
                    Columns::All
                } else {
                    Columns::Named(named.map(|row| cell(row, 3)).collect())
                },
            });
        }
    }
    Ok(found)
}

//! What views and rules touch besides what a statement names, and as whom: for when the server cannot
//! be asked to try.
//!
//! Source: PostgreSQL source, `rewriteHandler.c`, `ApplyRetrieveRule`, `rewriteTargetView`, `fireRules`:
//! relations of a rule are checked as the owner of what the rule is on, those under a view of
//! `security_invoker` as who asks.

use super::derived::{self, by_name};
use super::need::{Need, Row, add, cell};
use crate::adapters::session::Session;
use crate::domain::diagnosis::ObjectKind;
use crate::domain::diagnosis::view_text::view_text;
use crate::domain::diagnosis::wants::{Columns, Wanted, wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Views over views followed at most.
const DEEPEST: usize = 8;

/// What is lacking under one relation that a statement wants something of.
pub(super) async fn lacking(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<Need>, Failure> {
    below(session, role, wanted, 0).await
}

async fn below(
    session: &Session,
    role: &str,
    wanted: &Wanted,
    depth: usize,
) -> Result<Vec<Need>, Failure> {
    let mut needs = Vec::new();
    if depth > DEEPEST {
        return Ok(needs);
    }
    for (who, more) in touched(session, role, wanted).await? {
        // They are known by OID: their schemas do not matter.
        let found = derived::relation(session, &who, &more).await?;
        let relations = |need: &Need| need.missing.object.kind != ObjectKind::Schema;
        add(&mut needs, found.into_iter().filter(relations).collect());
        add(
            &mut needs,
            Box::pin(below(session, &who, &more, depth + 1)).await?,
        );
    }
    Ok(needs)
}

/// What the rules of a relation want for one deed, and of whom.
async fn touched(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<(String, Wanted)>, Failure> {
    // `ev_type` (PostgreSQL source, `pg_rewrite.h`), and the bit of INSTEAD OF triggers.
    let event = match wanted.privilege {
        "SELECT" => '1',
        "UPDATE" => '2',
        "INSERT" => '3',
        "DELETE" => '4',
        _ => return Ok(Vec::new()),
    };
    let Some(condition) = by_name(&wanted.relation) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT c.oid, c.relkind, CASE WHEN c.reloptions::text ~ 'security_invoker=(true|on|1|yes)' \
         THEN {} ELSE pg_catalog.pg_get_userbyid(c.relowner) END, \
         (SELECT string_agg(pg_catalog.pg_get_ruledef(w.oid), E'\\n') FROM pg_catalog.pg_rewrite w \
         WHERE w.ev_class = c.oid AND w.ev_type = '{event}' AND {event} <> 1 AND w.ev_enabled IN ('O', 'A')), \
         EXISTS (SELECT FROM pg_catalog.pg_trigger i WHERE i.tgrelid = c.oid AND (i.tgtype & 64) <> 0) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind IN ('r', 'p', 'v') \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1",
        literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(Vec::new());
    };
    let (oid, who, rules) = (cell(row, 0), cell(row, 2), cell(row, 3));
    if !rules.is_empty() {
        let actions = wants(action(&rules)).relations;
        return Ok(actions
            .into_iter()
            .map(|wanted| (who.clone(), wanted))
            .collect());
    }
    if cell(row, 1) != "v" || (event != '1' && cell(row, 4) == "t") {
        return Ok(Vec::new());
    }
    let sources = sources(session, &oid).await?;
    if event == '1' {
        return Ok(sources
            .into_iter()
            .map(|source| (who.clone(), source))
            .collect());
    }
    let [base] = sources.as_slice() else {
        return Ok(Vec::new());
    };
    let columns = written(session, &oid, &wanted.columns).await?;
    Ok(columns
        .map(|columns| {
            let relation = base.relation.clone();
            let wanted = Wanted {
                relation,
                privilege: wanted.privilege,
                columns,
            };
            (who, wanted)
        })
        .into_iter()
        .collect())
}

/// What a rule does, as its definition is printed.
fn action(rule: &str) -> &str {
    [" DO INSTEAD ", " DO ALSO ", " DO "]
        .iter()
        .find_map(|before| rule.split_once(before))
        .map_or("", |(_, action)| action)
}

/// The relations that a view reads, with the columns it names anywhere.
async fn sources(session: &Session, oid: &str) -> Result<Vec<Wanted>, Failure> {
    let sql = format!(
        "SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d \
         ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> w.ev_class \
         JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0 \
         WHERE w.ev_class = {oid} AND w.ev_type = '1' ORDER BY 1, 2, a.attnum"
    );
    let rows: Vec<Row> = session.query(&sql).await?.rows;
    let mut found: Vec<Wanted> = Vec::new();
    for row in &rows {
        let relation = vec![cell(row, 0), cell(row, 1)];
        let column = row.get(2).cloned().flatten();
        match found.iter_mut().find(|known| known.relation == relation) {
            Some(known) => {
                if let (Columns::Named(names), Some(column)) = (&mut known.columns, column) {
                    names.push(column);
                }
            }
            None => found.push(Wanted {
                relation,
                privilege: "SELECT",
                columns: Columns::Named(column.into_iter().collect()),
            }),
        }
    }
    Ok(found)
}

/// The query of a view, as the server prints it.
pub(super) async fn definition(session: &Session, oid: &str) -> Result<String, Failure> {
    let sql = format!("SELECT pg_catalog.pg_get_viewdef({oid}::pg_catalog.oid)");
    let rows = session.query(&sql).await?.rows;
    let text = rows.first().map(|row| cell(row, 0)).unwrap_or_default();
    Ok(text.trim().trim_end_matches(';').to_owned())
}

/// The columns under a view that some of its columns are; `None` where that is not understood.
async fn written(
    session: &Session,
    oid: &str,
    columns: &Columns,
) -> Result<Option<Columns>, Failure> {
    let Some(view) = view_text(&definition(session, oid).await?) else {
        return Ok(None);
    };
    let names: Vec<String> = match columns {
        Columns::All => view
            .columns
            .iter()
            .filter_map(|one| one.from.clone())
            .collect(),
        Columns::Named(names) => names.iter().filter_map(|name| view.from(name)).collect(),
    };
    Ok((!names.is_empty()).then_some(Columns::Named(names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rule_does_is_told() {
        assert_eq!(
            action(
                "CREATE RULE r AS ON INSERT TO s.v DO INSTEAD INSERT INTO s.t (a) VALUES (new.a);"
            ),
            "INSERT INTO s.t (a) VALUES (new.a);"
        );
        assert_eq!(
            action("CREATE RULE n AS ON DELETE TO t DO NOTHING;"),
            "NOTHING;"
        );
    }
}

//! What CASCADE takes along: a question to the server's catalogs, and its answer in words.

use super::danger::{Danger, Hazard, Reach};
use crate::domain::ident;

/// Objects looked at: in a database of a hundred thousand of them the question must not take long.
const LOOKED_AT: usize = 20_000;

/// Names told of each kind.
const NAMED: usize = 5;

/// The query that counts what would go besides what is named, by kind: kind, number, first names. `None`
/// where nothing cascades, or what is named is of a kind whose dependents are not looked up here.
#[must_use]
pub fn question(hazards: &[Hazard]) -> Option<String> {
    let cascading =
        |danger| move |hazard: &&Hazard| hazard.reach == Reach::Cascade && hazard.danger == danger;
    let dropped: Vec<String> = hazards
        .iter()
        .filter(cascading(Danger::Drop))
        .flat_map(|hazard| {
            hazard
                .targets
                .iter()
                .filter_map(|name| found(&hazard.kind, name))
        })
        .collect();
    if !dropped.is_empty() {
        return Some(dropping(&dropped.join(" UNION ALL ")));
    }
    let emptied: Vec<String> = hazards
        .iter()
        .filter(cascading(Danger::Truncate))
        .flat_map(|hazard| {
            hazard
                .targets
                .iter()
                .filter_map(|name| found("table", name))
        })
        .collect();
    (!emptied.is_empty()).then(|| truncating(&emptied.join(" UNION ALL ")))
}

/// A query for what a name says, as class and OID.
fn found(kind: &str, name: &[String]) -> Option<String> {
    let parts: Vec<_> = name.iter().map(|part| ident::quoted(part)).collect();
    let literal = ident::literal(&parts.join("."));
    let (class, function) = match kind {
        "table" | "view" | "sequence" | "materialized" | "foreign" | "index" => {
            ("pg_class", "to_regclass")
        }
        "schema" => ("pg_namespace", "to_regnamespace"),
        "type" | "domain" => ("pg_type", "to_regtype"),
        _ => return None,
    };
    Some(format!(
        "SELECT 'pg_catalog.{class}'::pg_catalog.regclass::oid AS classid, \
         pg_catalog.{function}({literal})::oid AS objid"
    ))
}

/// Follows `pg_depend` as `DROP` does (PostgreSQL source, `dependency.c`, `findDependentObjects`): a
/// view goes by way of its rule. Told are the objects a person made: not rules, row types, indexes
/// and what else is a part of a table that goes anyway. `part` is a column that goes alone.
fn dropping(named: &str) -> String {
    format!(
        "WITH RECURSIVE named AS ({named}), gone (classid, objid, part) AS ( \
           SELECT classid, objid, 0 FROM named WHERE objid IS NOT NULL \
         UNION \
           SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass::oid END, \
                  COALESCE(r.ev_class, d.objid), CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END \
           FROM gone g \
           JOIN pg_catalog.pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid \
             AND (g.part = 0 OR g.part = d.refobjsubid) \
           LEFT JOIN pg_catalog.pg_rewrite r \
             ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid \
           WHERE d.deptype <> 'e'), \
         met AS (SELECT classid, objid, part FROM gone LIMIT {LOOKED_AT}), \
         reached AS (SELECT classid, objid FROM met WHERE part = 0), \
         told AS ( \
           SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' \
                    WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind, \
                  s.objid::pg_catalog.regclass::text AS name \
           FROM reached s JOIN pg_catalog.pg_class c ON c.oid = s.objid \
           WHERE s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
             AND (s.classid, s.objid) NOT IN (SELECT n.classid, n.objid FROM named n WHERE n.objid IS NOT NULL) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o WHERE o.classid = s.classid AND o.objid = s.objid \
                             AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')) \
         UNION ALL \
           SELECT 'foreign key', k.conrelid::pg_catalog.regclass::text || ' (' || k.conname || ')' \
           FROM reached s JOIN pg_catalog.pg_constraint k ON k.oid = s.objid AND k.contype = 'f' AND k.conparentid = 0 \
           WHERE s.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass \
             AND NOT EXISTS (SELECT FROM reached t WHERE t.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                             AND t.objid = k.conrelid) \
         UNION ALL \
           SELECT 'function', s.objid::pg_catalog.regprocedure::text \
           FROM reached s WHERE s.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
         UNION ALL \
           SELECT 'column', a.attrelid::pg_catalog.regclass::text || '.' || a.attname \
           FROM met s JOIN pg_catalog.pg_attribute a ON a.attrelid = s.objid AND a.attnum = s.part \
           WHERE s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.part > 0 \
             AND s.objid NOT IN (SELECT t.objid FROM reached t \
                                 WHERE t.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)) \
         {}",
        counted()
    )
}

/// `TRUNCATE … CASCADE` takes every table that refers to one it empties (PostgreSQL source, `heap.c`,
/// `heap_truncate_find_FKs`).
fn truncating(named: &str) -> String {
    format!(
        "WITH RECURSIVE named AS ({named}), gone (oid) AS ( \
           SELECT objid FROM named WHERE objid IS NOT NULL \
         UNION \
           SELECT k.conrelid FROM gone g JOIN pg_catalog.pg_constraint k ON k.confrelid = g.oid AND k.contype = 'f'), \
         told AS ( \
           SELECT 'table'::text AS kind, g.oid::pg_catalog.regclass::text AS name FROM gone g \
           WHERE g.oid NOT IN (SELECT n.objid FROM named n WHERE n.objid IS NOT NULL) LIMIT {LOOKED_AT}) \
         {}",
        counted()
    )
}

fn counted() -> String {
    format!(
        "SELECT kind, pg_catalog.count(*)::text, \
         pg_catalog.array_to_string((pg_catalog.array_agg(name ORDER BY name))[1:{NAMED}], ', ') \
         FROM told GROUP BY kind ORDER BY pg_catalog.count(*) DESC, kind"
    )
}

/// The answer in words, a line a kind.
#[must_use]
pub fn told(danger: Danger, rows: &[[String; 3]]) -> Vec<String> {
    let verb = match danger {
        Danger::Truncate => "empties",
        _ => "drops",
    };
    if rows.is_empty() {
        return vec![format!(
            "  CASCADE {verb} nothing else: nothing depends on it"
        )];
    }
    let line = |[kind, count, names]: &[String; 3]| {
        let number: usize = count.parse().unwrap_or(0);
        let plural = if number == 1 { "" } else { "s" };
        let more = number.saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("  CASCADE {verb} {count} {kind}{plural} too: {names}{more}")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::danger::hazards;
    use super::*;

    #[test]
    fn only_what_cascades_is_asked_about() {
        let asked = |sql: &str| question(&hazards(sql));
        assert_eq!(asked("drop table sales.orders"), None);
        assert_eq!(asked("drop role x cascade"), None);
        assert!(
            asked("drop table sales.\"Odd\", b cascade")
                .unwrap()
                .contains("'sales.\"Odd\"'")
        );
        assert!(
            asked("drop schema sales cascade")
                .unwrap()
                .contains("to_regnamespace('sales')")
        );
        assert!(asked("truncate a cascade").unwrap().contains("confrelid"));
    }

    #[test]
    fn the_answer_counts_and_names() {
        let row = |kind: &str, count: &str, names: &str| [kind.into(), count.into(), names.into()];
        assert_eq!(
            told(
                Danger::Drop,
                &[row("view", "7", "a, b, c, d, e"), row("table", "1", "t")]
            ),
            [
                "  CASCADE drops 7 views too: a, b, c, d, e and 2 more",
                "  CASCADE drops 1 table too: t"
            ]
        );
        assert_eq!(
            told(Danger::Truncate, &[]),
            ["  CASCADE empties nothing else: nothing depends on it"]
        );
    }
}

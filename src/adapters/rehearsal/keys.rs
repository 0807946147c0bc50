//! What foreign keys do on a write: for which rows, to which table and as whom.
//!
//! Source: PostgreSQL source, `ri_triggers.c`.

use super::derived;
use super::need::{Row, cell};
use super::touched::RowsOf;
use super::written::{Fired, columns_of, event_bit, targets};
use crate::adapters::session::Session;
use crate::domain::diagnosis::wants::Wanted;
use crate::domain::failure::Failure;

/// Keys followed at most of one written table.
const MOST_CHECKS: usize = 40;

/// One query of a foreign key.
pub(super) struct KeyCheck {
    /// The rows that it is made for, as a trigger would be fired for them.
    pub(super) made: Fired,
    /// Whom it is made as: the owner of the table that is looked into (`ri_PerformCheck`).
    pub(super) owner: String,
    /// The query for any row.
    pub(super) text: String,
    /// Whether the statement itself sets a column of the key.
    pub(super) named: bool,
    /// The write for the rows that are known: up to where they are joined, and how.
    cascade: Option<(String, String)>,
}

impl KeyCheck {
    fn read(row: &Row, event: &'static str) -> Self {
        let (head, pairs) = (cell(row, 4), cell(row, 5));
        Self {
            made: Fired::behind(event, cell(row, 0), cell(row, 3)),
            owner: cell(row, 1),
            text: cell(row, 2),
            named: cell(row, 6) == "t",
            cascade: (!head.is_empty()).then_some((head, pairs)),
        }
    }

    /// What it writes; `None` where it only looks.
    pub(super) fn writes(&self, rows: Option<&RowsOf>) -> Option<String> {
        let (head, pairs) = self.cascade.as_ref()?;
        Some(match rows {
            Some(rows) => format!("{head} {} WHERE {pairs}", rows.item),
            None => self.text.clone(),
        })
    }
}

/// The queries of foreign keys that a write brings along whose owners lack something, and those that
/// write where more hangs on it. A key without a value is not looked up, and one that stays as it is
/// neither (`RI_FKey_pk_upd_check_required`, `RI_FKey_fk_upd_check_required`); a deletion looks first for
/// another row with the key (`ri_Check_Pk_Match`). All of them lock what they find.
pub(super) async fn checks(session: &Session, wanted: &Wanted) -> Result<Vec<KeyCheck>, Failure> {
    let event = event_bit(wanted.privilege).filter(|_| wanted.privilege != "TRUNCATE");
    let Some((event, condition)) = event.zip(derived::by_name(&wanted.relation)) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "{target} SELECT DISTINCT c.oid, o.owner, o.text, CASE WHEN y.refers THEN q.new_given ELSE q.old_given END \
         || CASE WHEN {event} <> 16 THEN '' WHEN y.refers THEN ' AND (' || q.fk_changed || ')' \
         ELSE ' AND (' || q.pk_changed || ')' END, o.head, q.pairs, \
         {event} <> 16 OR EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY \
         (CASE WHEN y.refers THEN k.conkey ELSE k.confkey END) AND a.attname = ANY ({columns})) \
         FROM target c JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled IN ('O', 'A') \
         AND (t.tgtype & {event}) <> 0 JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
         JOIN pg_catalog.pg_class h ON h.oid = c.oid AND h.relkind <> 'p' \
         JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint AND k.contype = 'f', \
         LATERAL (SELECT substring(p.proname FROM '^RI_FKey_([a-z]+)_') AS does, p.proname LIKE 'RI\\_FKey\\_check%' AS refers, \
         CASE WHEN {event} = 8 THEN coalesce((SELECT array_agg(s::int2) FROM \
         jsonb_array_elements_text(nullif(to_jsonb(k) -> 'confdelsetcols', 'null')) s), k.conkey) ELSE k.conkey END AS emptied, \
         coalesce(to_jsonb(k) ->> 'conperiod', 'false') = 'true' AS of_periods) y, \
         LATERAL (SELECT string_agg(format('new.%I IS NOT NULL', f.attname), ' AND ') AS new_given, \
         string_agg(format('old.%I IS NOT NULL', r.attname), ' AND ') AS old_given, \
         string_agg(format('new.%1$I IS DISTINCT FROM old.%1$I', f.attname), ' OR ') AS fk_changed, \
         string_agg(format('new.%1$I IS DISTINCT FROM old.%1$I', r.attname), ' OR ') AS pk_changed, \
         string_agg(format('x.%I = old.%I', f.attname, r.attname), ' AND ') AS pairs, \
         string_agg(format('x.%I IS NOT NULL', f.attname), ' AND ') AS in_fk, \
         string_agg(format('x.%I IS NOT NULL', r.attname), ' AND ') AS in_pk, \
         string_agg(format('%I = new.%I', f.attname, r.attname), ', ') AS followed, \
         string_agg(format('%I = NULL', f.attname), ', ') AS emptied, \
         string_agg(format('%I = NULL', f.attname), ', ') FILTER (WHERE u.own = ANY (y.emptied)) AS empties \
         FROM unnest(k.conkey, k.confkey) u(own, other) \
         JOIN pg_catalog.pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.own \
         JOIN pg_catalog.pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = u.other) q, \
         LATERAL (SELECT l.kind, pg_catalog.pg_get_userbyid(w.relowner) AS owner, CASE l.kind \
         WHEN 'referenced' THEN 'SELECT 1 FROM ONLY ' || i.name || ' x WHERE ' || q.in_pk || ' FOR KEY SHARE OF x' \
         WHEN 'referring' THEN 'SELECT 1 FROM ONLY ' || i.name || ' x WHERE ' || q.in_fk || ' FOR KEY SHARE OF x' \
         WHEN 'delete' THEN 'DELETE FROM ONLY ' || i.name || ' x WHERE ' || q.in_fk \
         ELSE 'UPDATE ONLY ' || i.name || ' x SET ' || CASE l.kind WHEN 'follow' THEN q.emptied ELSE q.empties END || ' WHERE ' || q.in_fk END AS text, CASE l.kind \
         WHEN 'delete' THEN 'DELETE FROM ONLY ' || i.name || ' x USING' \
         WHEN 'follow' THEN 'UPDATE ONLY ' || i.name || ' x SET ' || q.followed || ' FROM' \
         WHEN 'empty' THEN 'UPDATE ONLY ' || i.name || ' x SET ' || q.empties || ' FROM' END AS head \
         FROM (VALUES ('check', 'referenced'), ('noaction', 'referenced'), ('noaction', 'referring'), \
         ('restrict', 'referring'), ('cascade', CASE WHEN {event} = 8 THEN 'delete' ELSE 'follow' END), ('setnull', 'empty'), \
         ('setdefault', 'empty'), ('setdefault', 'referenced'), ('setdefault', 'referring')) l(does, kind) \
         JOIN pg_catalog.pg_class w ON w.oid = CASE WHEN l.kind = 'referenced' THEN k.confrelid ELSE k.conrelid END \
         JOIN pg_catalog.pg_namespace n ON n.oid = w.relnamespace, \
         LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(w.relname) AS name) i \
         WHERE l.does = y.does AND NOT (y.of_periods AND y.does = 'noaction' AND l.kind = 'referenced') \
         AND ((l.kind IN ('delete', 'follow', 'empty') AND EXISTS (SELECT FROM pg_catalog.pg_trigger m \
         WHERE m.tgrelid = w.oid AND m.tgconstraint <> k.oid)) \
         OR NOT (pg_catalog.has_schema_privilege(w.relowner, n.oid, 'USAGE') \
         AND pg_catalog.has_table_privilege(w.relowner, w.oid, 'SELECT') \
         AND pg_catalog.has_table_privilege(w.relowner, w.oid, 'UPDATE') \
         AND pg_catalog.has_table_privilege(w.relowner, w.oid, 'DELETE')))) o LIMIT {MOST_CHECKS}",
        target = targets(&condition, wanted.privilege),
        columns = columns_of(wanted),
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| KeyCheck::read(row, wanted.privilege))
        .collect())
}

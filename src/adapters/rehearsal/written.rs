//! What a write makes run besides: trigger functions, and the functions of constraints, generated
//! columns, indexes and partition keys.

use super::body_text::ROUTINE;
use super::derived;
use super::need::{Need, Row, cell, need, object};
use crate::adapters::session::Session;
use crate::domain::diagnosis::body::{Assigned, Kept, assigned};
use crate::domain::diagnosis::wants::{Columns, Wanted, Wants};
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// A trigger's function and what fires it.
#[derive(Debug, Clone)]
pub(super) struct Fired {
    /// As [`ROUTINE`] selects it, and the schema and name of the table.
    pub(super) row: Row,
    pub(super) event: &'static str,
    pub(super) name: String,
    /// The table that fires it, by its OID.
    pub(super) table: String,
    pub(super) timing: Timing,
    pub(super) level: Level,
    /// What holds for the rows that it is fired for, where it says so.
    pub(super) when: Option<String>,
    /// What its function is called.
    pub(super) function: String,
    pub(super) given: Vec<String>,
    /// What it calls the tables of all rows before and after; empty where it does not.
    pub(super) tables: [String; 2],
}

/// When a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    Before,
    After,
    Instead,
}

/// How often a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// For each row.
    Row,
    /// Once.
    Statement,
}

impl Fired {
    fn read(row: Row, event: &'static str) -> Self {
        let kind: u8 = cell(&row, 10).parse().unwrap_or_default();
        // Source: `pg_trigger.h`, `TRIGGER_TYPE_ROW` and the others.
        let timing = match (kind & 64, kind & 2) {
            (0, 0) => Timing::After,
            (0, _) => Timing::Before,
            _ => Timing::Instead,
        };
        let definition = cell(&row, 12);
        let when = definition
            .split_once(" WHEN (")
            .and_then(|(_, rest)| rest.rsplit_once(") EXECUTE "))
            .map(|(when, _)| format!("({when})"));
        Self {
            event,
            name: cell(&row, 9),
            table: cell(&row, 11),
            timing,
            level: if kind & 1 == 1 {
                Level::Row
            } else {
                Level::Statement
            },
            when,
            function: cell(&row, 1),
            given: cell(&row, 13)
                .split_terminator("\\000")
                .map(str::to_owned)
                .collect(),
            tables: [cell(&row, 14), cell(&row, 15)],
            row,
        }
    }

    /// What is done behind a write for each row for which something holds.
    pub(super) fn behind(event: &'static str, table: String, when: String) -> Self {
        Self {
            row: Row::new(),
            event,
            name: String::new(),
            table,
            timing: Timing::After,
            level: Level::Row,
            when: Some(when),
            function: String::new(),
            given: Vec::new(),
            tables: <[String; 2]>::default(),
        }
    }

    /// Whether it may change the row before it is written.
    pub(super) fn is_before_row(&self) -> bool {
        self.timing == Timing::Before && self.level == Level::Row
    }

    /// What its function is told, as a select list.
    pub(super) fn arguments(&self) -> String {
        let (schema, table) = (literal(&cell(&self.row, 7)), literal(&cell(&self.row, 8)));
        let given: Vec<String> = self
            .given
            .iter()
            .map(|one| format!("\"{}\"", one.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        // They are counted from nought.
        let given = match given.len().checked_sub(1) {
            Some(last) => format!("[0:{last}]={{{}}}", given.join(",")),
            None => "{}".to_owned(),
        };
        format!(
            "{}::text AS tg_op, {table}::name AS tg_table_name, {table}::name AS tg_relname, \
             {schema}::name AS tg_table_schema, {}::name AS tg_name, {} AS tg_nargs, \
             {} AS tg_when, {} AS tg_level, {}::oid AS tg_relid, \
             {}::text[] AS tg_argv",
            literal(self.event),
            literal(&self.name),
            self.given.len(),
            literal(match self.timing {
                Timing::Before => "BEFORE",
                Timing::After => "AFTER",
                Timing::Instead => "INSTEAD OF",
            }),
            literal(match self.level {
                Level::Row => "ROW",
                Level::Statement => "STATEMENT",
            }),
            self.table,
            literal(&given),
        )
    }

    /// What it leaves of the row that it is fired for; `None` where that may be anything.
    pub(super) fn assigned(&self) -> Option<Assigned> {
        let text = cell(&self.row, 4);
        if cell(&self.row, 6) == "plpgsql" {
            return assigned(&text, self.event);
        }
        // Source: `spi/moddatetime.c`, `spi/insert_username.c`, `spi/autoinc.c`, `lo/lo.c`, `tcn/tcn.c`,
        // `spi/refint.c`, `trigfuncs.c`, `tsvector_op.c`.
        let columns: Vec<&String> = match self.function.as_str() {
            "moddatetime"
            | "insert_username"
            | "tsvector_update_trigger"
            | "tsvector_update_trigger_column" => self.given.iter().take(1).collect(),
            "autoinc" => self.given.iter().step_by(2).collect(),
            "lo_manage"
            | "triggered_change_notification"
            | "check_primary_key"
            | "check_foreign_key"
            | "suppress_redundant_updates_trigger" => Vec::new(),
            _ => return None,
        };
        Some(Assigned {
            columns: columns
                .into_iter()
                .map(|column| (column.clone(), None))
                .collect(),
            kept: if self.function == "suppress_redundant_updates_trigger" {
                Kept::Where("old.* IS DISTINCT FROM new.*".to_owned())
            } else {
                Kept::All
            },
        })
    }
}

/// The relation that is written, the one table under a view that writes through and has no rule that
/// does something instead, partitions, and the tables that inherit where rows that are there are written. `inherits` tells those that are reached by
/// inheritance: triggers for a statement fire for the table alone that it names (PostgreSQL
/// documentation, "CREATE TRIGGER").
pub(super) fn targets(condition: &str, privilege: &str) -> String {
    let inherits = if ["UPDATE", "DELETE"].contains(&privilege) {
        "('p', 'r')"
    } else {
        "('p')"
    };
    let rule = rule_event(privilege).unwrap_or('1');
    format!(
        "WITH RECURSIVE target(oid, inherits) AS (SELECT c.oid, false FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition} \
         UNION SELECT below.oid, below.inherits OR target.inherits FROM target JOIN pg_catalog.pg_class t ON t.oid = target.oid, \
         LATERAL (SELECT min(d.refobjid) AS oid, false AS inherits FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d \
         ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> t.oid \
         WHERE t.relkind = 'v' AND w.ev_class = t.oid AND w.ev_type = '1' AND NOT EXISTS (SELECT \
         FROM pg_catalog.pg_trigger i WHERE i.tgrelid = t.oid AND (i.tgtype & 64) <> 0) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid AND r.ev_type = '{rule}' \
         AND r.is_instead AND r.ev_qual::text = '<>') \
         HAVING count(DISTINCT d.refobjid) = 1 \
         UNION ALL SELECT i.inhrelid, true FROM pg_catalog.pg_inherits i WHERE i.inhparent = t.oid \
         AND t.relkind IN {inherits}) below WHERE below.oid IS NOT NULL)"
    )
}

/// The written columns as an array of SQL; empty for all.
pub(super) fn columns_of(wanted: &Wanted) -> String {
    let named: Vec<String> = match (&wanted.columns, wanted.privilege) {
        (Columns::Named(names), "UPDATE") => names.iter().map(|name| literal(name)).collect(),
        _ => Vec::new(),
    };
    format!("'{{}}'::name[] || ARRAY[{}]::name[]", named.join(", "))
}

/// The triggers that one write makes fire, for a query.
pub(super) struct FiredBy {
    /// The `WITH` that begins it, with the written tables.
    pub(super) target: String,
    /// The condition that the trigger `t` of the table `c` fires.
    pub(super) fires: String,
}

/// `None` where nothing is written.
pub(super) fn fired_by(wanted: &Wanted) -> Option<FiredBy> {
    let event = event_bit(wanted.privilege)?;
    Some(FiredBy {
        target: targets(&derived::by_name(&wanted.relation)?, wanted.privilege),
        fires: fires(event, &columns_of(wanted)),
    })
}

/// The trigger functions that writes make run.
pub(super) async fn fired(session: &Session, wants: &Wants) -> Result<Vec<Fired>, Failure> {
    let mut found = Vec::new();
    for wanted in &wants.relations {
        let Some(triggers) = fired_by(wanted) else {
            continue;
        };
        let sql = format!(
            "{} SELECT {ROUTINE}, w.nspname, k.relname, t.tgname, t.tgtype, c.oid, pg_catalog.pg_get_triggerdef(t.oid), \
             encode(t.tgargs, 'escape'), t.tgoldtable, t.tgnewtable FROM target c \
             JOIN pg_catalog.pg_class k ON k.oid = c.oid JOIN pg_catalog.pg_namespace w ON w.oid = k.relnamespace \
             JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             WHERE {} AND (NOT c.inherits OR (t.tgtype & 1) = 1) ORDER BY t.tgname, k.relname LIMIT 60",
            triggers.target, triggers.fires
        );
        for row in session.query(&sql).await?.rows {
            found.push(Fired::read(row, wanted.privilege));
        }
    }
    Ok(found)
}

/// Whether an UPDATE, or a trigger before it, sets what partitions are told apart by, so that rows may move
/// between them (PostgreSQL source, `nodeModifyTable.c`, `ExecUpdateAct`).
pub(super) async fn moves(
    session: &Session,
    wanted: &Wanted,
    triggers: &[Fired],
) -> Result<bool, Failure> {
    let condition = derived::by_name(&wanted.relation).filter(|_| wanted.privilege == "UPDATE");
    let Some(condition) = condition else {
        return Ok(false);
    };
    let assigned: Vec<String> = triggers
        .iter()
        .filter(|trigger| trigger.is_before_row())
        .filter_map(Fired::assigned)
        .flat_map(|assigned| assigned.columns.into_keys())
        .map(|column| literal(&column))
        .collect();
    let sql = format!(
        "{} SELECT FROM target c JOIN pg_catalog.pg_partitioned_table k ON k.partrelid = c.oid \
         WHERE k.partexprs IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid \
         AND a.attnum = ANY (k.partattrs) AND a.attname = ANY ({} || ARRAY[{}]::name[])) LIMIT 1",
        targets(&condition, "UPDATE"),
        columns_of(wanted),
        assigned.join(", ")
    );
    Ok(!session.query(&sql).await?.rows.is_empty())
}

/// The functions that the WHEN of row and statement triggers call: the right to execute them is looked at
/// when they fire (PostgreSQL source, `trigger.c`, `TriggerEnabled`).
pub(super) async fn conditions(session: &Session, wants: &Wants) -> Result<Vec<Row>, Failure> {
    let mut found = Vec::new();
    for wanted in &wants.relations {
        let Some(triggers) = fired_by(wanted) else {
            continue;
        };
        let sql = format!(
            "{} SELECT DISTINCT {ROUTINE}, fn.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' \
             FROM target c JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgqual IS NOT NULL \
             JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass \
             AND d.objid = t.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
             JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid AND p.oid <> t.tgfoid \
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_namespace fn ON fn.oid = p.pronamespace \
             WHERE {} LIMIT 40",
            triggers.target, triggers.fires
        );
        found.extend(session.query(&sql).await?.rows);
    }
    Ok(found)
}

/// The bit of `tgtype` (PostgreSQL source, `pg_trigger.h`) for a write.
pub(super) fn event_bit(privilege: &str) -> Option<u8> {
    match privilege {
        "INSERT" => Some(4),
        "DELETE" => Some(8),
        "UPDATE" => Some(16),
        "TRUNCATE" => Some(32),
        _ => None,
    }
}

/// The `ev_type` (PostgreSQL source, `pg_rewrite.h`) of rules for a write.
pub(super) fn rule_event(privilege: &str) -> Option<char> {
    match privilege {
        "UPDATE" => Some('2'),
        "INSERT" => Some('3'),
        "DELETE" => Some('4'),
        _ => None,
    }
}

/// The condition that the trigger `t` of the table `c` fires.
fn fires(event: u8, columns: &str) -> String {
    format!(
        "(NOT t.tgisinternal OR t.tgparentid <> 0) AND t.tgenabled IN ('O', 'A') AND (t.tgtype & {event}) <> 0 \
         AND ((t.tgtype & 1) = 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = t.tgrelid AND r.relkind = 'p')) \
         AND ({event} <> 16 OR t.tgattr::text = '' OR EXISTS (SELECT FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = c.oid AND a.attnum = ANY (t.tgattr) AND a.attname = ANY ({columns})))"
    )
}

/// The functions that constraints, domains of columns, generated columns, indexes and partition keys of a written table
/// call: the right to execute them is looked at when the first row comes (PostgreSQL source,
/// `execMain.c`, `ExecRelCheck`). An UPDATE makes no new index entries while it leaves every indexed
/// column alone, and computes only the generated columns that hang on what it sets, unless a trigger before
/// it may set others (`nodeModifyTable.c`, `ExecInitGenerated`).
pub(super) async fn computed(
    session: &Session,
    wants: &Wants,
    triggers: &[Fired],
) -> Result<Vec<Row>, Failure> {
    let before = triggers.iter().any(Fired::is_before_row);
    let mut found = Vec::new();
    for wanted in &wants.relations {
        if !["INSERT", "UPDATE"].contains(&wanted.privilege) {
            continue;
        }
        let Some(condition) = derived::by_name(&wanted.relation) else {
            continue;
        };
        let sql = format!(
            "{}, part AS (SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass AS class, k.oid AS object, 0 AS sub \
             FROM target c JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c' \
             UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0 FROM target c \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             JOIN pg_catalog.pg_constraint k ON k.contypid = a.atttypid \
             WHERE {insert} OR a.attname = ANY ({columns}) \
             UNION ALL SELECT of_it.class, of_it.object, of_it.sub FROM target c \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attgenerated = 's' \
             JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum, \
             LATERAL (VALUES ('pg_catalog.pg_attrdef'::pg_catalog.regclass, f.oid, 0), \
             ('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum)) of_it(class, object, sub) \
             WHERE {insert} OR {before} OR EXISTS (SELECT FROM pg_catalog.pg_depend g JOIN pg_catalog.pg_attribute b \
             ON b.attrelid = g.refobjid AND b.attnum = g.refobjsubid WHERE g.classid = of_it.class \
             AND g.objid = of_it.object AND g.objsubid = of_it.sub AND g.refobjid = c.oid AND b.attname = ANY ({columns})) \
             UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 0 FROM target c \
             JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) \
             WHERE {insert} OR EXISTS (SELECT FROM pg_catalog.pg_index j JOIN pg_catalog.pg_depend g \
             ON g.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND g.objid = j.indexrelid AND g.refobjid = c.oid \
             JOIN pg_catalog.pg_attribute b ON b.attrelid = c.oid AND b.attnum = g.refobjsubid \
             WHERE j.indrelid = c.oid AND b.attname = ANY ({columns})) \
             UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, k.partrelid, 0 FROM target c \
             JOIN pg_catalog.pg_partitioned_table k ON k.partrelid = c.oid AND k.partexprs IS NOT NULL) \
             SELECT DISTINCT {ROUTINE}, fn.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' \
             FROM part JOIN pg_catalog.pg_depend d ON d.classid = part.class AND d.objid = part.object \
             AND d.objsubid = part.sub AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
             JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             JOIN pg_catalog.pg_namespace fn ON fn.oid = p.pronamespace LIMIT 40",
            targets(&condition, wanted.privilege),
            insert = wanted.privilege == "INSERT",
            columns = columns_of(wanted)
        );
        found.extend(session.query(&sql).await?.rows);
    }
    Ok(found)
}

/// EXECUTE on one of [`computed`], if the role lacks it.
pub(super) async fn to_execute(
    session: &Session,
    role: &str,
    row: &Row,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT 1 WHERE NOT pg_catalog.has_function_privilege({}, {}::oid, 'EXECUTE')",
        literal(role),
        cell(row, 0)
    );
    if session.query(&sql).await?.rows.is_empty() {
        return Ok(Vec::new());
    }
    let routine = object(ObjectKind::Function, Some(cell(row, 7)), cell(row, 8));
    let owner = cell(row, 3);
    Ok(vec![need(
        role,
        "EXECUTE",
        routine,
        Breadth::Object,
        &owner,
    )])
}

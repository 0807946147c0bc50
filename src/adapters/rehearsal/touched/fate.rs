//! The rows that one trigger is fired for, out of those that a write touches: those in its table, as the
//! triggers before it leave them, for which its WHEN holds.

use super::{RowsOf, Touched};
use crate::adapters::rehearsal::branches::answer;
use crate::adapters::rehearsal::checked::harmless;
use crate::adapters::rehearsal::need::cell;
use crate::adapters::rehearsal::stage::Stage;
use crate::adapters::rehearsal::written::{Fired, Level, Timing};
use crate::domain::diagnosis::body::{Kept, Rows};
use crate::domain::failure::Failure;
use crate::domain::ident::quoted;

/// What is known of the rows that a trigger is fired for.
pub(in crate::adapters::rehearsal) enum Fate {
    /// Nothing.
    Unknown,
    /// There are none, as far as these tell.
    Never(Rows),
    /// They are these.
    Rows(RowsOf),
}

impl Touched {
    /// The rows that one of the triggers is fired for.
    pub(in crate::adapters::rehearsal) async fn fate(
        &self,
        stage: &Stage<'_>,
        fired: &Fired,
        all: &[Fired],
    ) -> Result<Fate, Failure> {
        if fired.level == Level::Statement {
            return Ok(Fate::Unknown);
        }
        let Some(mut rows) = self.within(stage, fired).await? else {
            return Ok(Fate::Unknown);
        };
        for earlier in all {
            let same = earlier.table == fired.table && earlier.event == fired.event;
            let before = earlier.timing == Timing::Before && earlier.level == Level::Row;
            let first = fired.timing != Timing::Before || earlier.name < fired.name;
            if same && before && first {
                rows = rows.behind(stage, earlier).await?;
            }
        }
        if let Some(when) = &fired.when {
            rows = rows.filtered(when);
        }
        let query = format!("SELECT EXISTS (SELECT FROM {})", rows.item());
        Ok(match answer(stage, stage.role, &query).await? {
            Ok(found) if found == "f" => Fate::Never(rows.source),
            Ok(_) => Fate::Rows(RowsOf {
                item: rows.item(),
                source: rows.source,
            }),
            Err(_) => Fate::Unknown,
        })
    }

    /// Those that are in the table of a trigger; `None` where that is not known.
    async fn within(&self, stage: &Stage<'_>, fired: &Fired) -> Result<Option<Self>, Failure> {
        if fired.table == self.oid {
            return Ok(Some(self.clone()));
        }
        let sql = format!(
            "WITH RECURSIVE below(oid) AS (SELECT {}::oid UNION SELECT i.inhrelid FROM below \
             JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid) \
             SELECT pg_catalog.pg_get_partition_constraintdef(oid) FROM below WHERE oid = {}",
            self.oid, fired.table
        );
        let rows = stage.session.query(&sql).await?.rows;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let routed = cell(row, 0);
        Ok(match fired.event {
            "INSERT" if routed.is_empty() => None,
            "INSERT" => Some(self.filtered(&format!(
                "EXISTS (SELECT FROM (SELECT new.*) AS pgiam_routed WHERE {routed})"
            ))),
            _ => Some(self.filtered(&format!("pgiam_touched.place = {}", fired.table))),
        })
    }

    /// What a BEFORE trigger leaves of them.
    async fn behind(&self, stage: &Stage<'_>, fired: &Fired) -> Result<Self, Failure> {
        let mut rows = self.clone();
        let Some(assigned) = fired.assigned() else {
            for field in &mut rows.columns {
                field.new = false;
            }
            return Ok(rows);
        };
        let arguments = fired.arguments();
        let from = format!(
            "(SELECT {arguments}) AS {}, {}",
            quoted(&fired.function),
            self.item()
        );
        let mut values = Vec::new();
        for (column, value) in assigned.columns {
            let Some(field) = rows.columns.iter_mut().find(|field| field.name == column) else {
                continue;
            };
            let own = format!("new.{}", quoted(&column));
            let value = value.map(|value| match &fired.when {
                Some(when) => format!("CASE WHEN {when} THEN {value} ELSE {own} END"),
                None => value,
            });
            field.new = false;
            let Some(value) = value else { continue };
            let query = format!("SELECT count(({value})::{}) FROM {from}", field.kind);
            if harmless(stage, &[&value]).await? && answer(stage, stage.role, &query).await?.is_ok()
            {
                values.push((column, value));
            }
        }
        let kept = match (assigned.kept, &fired.when) {
            (Kept::All | Kept::Perhaps, _) => "true".to_owned(),
            (Kept::Where(kept), None) => kept,
            (Kept::Where(kept), Some(when)) => format!("({when}) IS NOT TRUE OR ({kept})"),
        };
        let query = format!("SELECT {} FROM {from} WHERE {kept}", rows.listed(&values));
        let tried = format!("SELECT count(*) FROM ({query}) AS looked");
        if answer(stage, stage.role, &tried).await?.is_ok() {
            for field in &mut rows.columns {
                field.new |= values.iter().any(|(column, _)| *column == field.name);
            }
            rows.query = query;
        } else {
            rows.query = format!("SELECT {} FROM {}", rows.listed(&[]), self.item());
        }
        Ok(rows)
    }
}

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

/// Whether an UPDATE may move rows from one partition to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters::rehearsal) enum Moving {
    /// It does not, or it is none.
    Never,
    /// Rows that move are not updated in the end: no AFTER UPDATE fires for them.
    Perhaps,
    /// This is the deletion or the insertion that a move is made of.
    Part,
}

impl Fired {
    /// Whether a trigger for the statement is fired: its WHEN is made of no row.
    pub(in crate::adapters::rehearsal) async fn once(
        &self,
        stage: &Stage<'_>,
    ) -> Result<Fate, Failure> {
        let Some(when) = self
            .when
            .as_ref()
            .filter(|_| self.level == Level::Statement)
        else {
            return Ok(Fate::Unknown);
        };
        if !harmless(stage, &[when]).await? {
            return Ok(Fate::Unknown);
        }
        let query = format!("SELECT coalesce({when}, false)");
        let holds = answer(stage, stage.role, &query).await?;
        Ok(if holds.is_ok_and(|holds| holds == "f") {
            Fate::Never(Rows::Given)
        } else {
            Fate::Unknown
        })
    }
}

impl RowsOf {
    /// Whether it is sure that something holds for none of them.
    pub(in crate::adapters::rehearsal) async fn none_that(
        &self,
        stage: &Stage<'_>,
        condition: &str,
    ) -> Result<bool, Failure> {
        let query = format!(
            "SELECT EXISTS (SELECT FROM {} WHERE {condition})",
            self.item
        );
        Ok(answer(stage, stage.role, &query)
            .await?
            .is_ok_and(|found| found == "f"))
    }

    /// Calls that unlink the large objects that rows lose in a column (PostgreSQL source, `lo/lo.c`);
    /// `None` where they are not known.
    pub(in crate::adapters::rehearsal) async fn lost(
        &self,
        stage: &Stage<'_>,
        column: &str,
        event: &str,
    ) -> Result<Option<String>, Failure> {
        let own = quoted(column);
        let gone = if event == "DELETE" {
            "true".to_owned()
        } else {
            format!("old.{own} IS DISTINCT FROM new.{own}")
        };
        let query = format!(
            "SELECT coalesce(string_agg(DISTINCT 'lo_unlink(' || old.{own} || ')', ', '), '') FROM {} WHERE {gone}",
            self.item
        );
        Ok(answer(stage, stage.role, &query).await?.ok())
    }
}

impl Touched {
    /// The rows that one of the triggers is fired for.
    pub(in crate::adapters::rehearsal) async fn fate(
        &self,
        stage: &Stage<'_>,
        (fired, moving): (&Fired, Moving),
        all: &[Fired],
    ) -> Result<Fate, Failure> {
        if fired.level == Level::Statement {
            return Ok(match fired.once(stage).await? {
                Fate::Unknown => match self.tables(stage, fired, all).await? {
                    Some(with) => Fate::Rows(RowsOf {
                        item: String::new(),
                        with,
                        source: self.source,
                    }),
                    None => Fate::Unknown,
                },
                fate => fate,
            });
        }
        let Some(mut rows) = self.within(stage, fired, moving).await? else {
            return Ok(Fate::Unknown);
        };
        for earlier in all {
            let same = earlier.table == fired.table && earlier.event == fired.event;
            let first = fired.timing != Timing::Before || earlier.name < fired.name;
            // Those that may have moved have been through them all.
            let done = moving == Moving::Perhaps && fired.timing == Timing::After;
            if same && earlier.is_before_row() && first && !done {
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
                with: self.tables(stage, fired, all).await?.unwrap_or_default(),
                source: rows.source,
            }),
            Err(_) => Fate::Unknown,
        })
    }

    /// Those that are in the table of a trigger; `None` where that is not known.
    async fn within(
        &self,
        stage: &Stage<'_>,
        fired: &Fired,
        moving: Moving,
    ) -> Result<Option<Self>, Failure> {
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
        // The one partition of all has no condition.
        let fits = if routed.is_empty() {
            "true".to_owned()
        } else {
            format!("EXISTS (SELECT FROM (SELECT new.*) AS pgiam_routed WHERE {routed})")
        };
        let here = format!("pgiam_touched.place = {}", fired.table);
        Ok(match (fired.event, moving) {
            ("INSERT", Moving::Part) => Some(
                self.filtered(&format!("NOT ({here}) AND {fits}"))
                    .without("old"),
            ),
            ("DELETE", Moving::Part) => Some(
                self.filtered(&format!("{here} AND NOT {fits}"))
                    .without("new"),
            ),
            ("INSERT", _) if routed.is_empty() => None,
            ("INSERT", _) => Some(self.filtered(&fits)),
            ("UPDATE", Moving::Perhaps) if fired.timing == Timing::After => {
                Some(self.filtered(&format!("{here} AND {fits}")))
            }
            _ => Some(self.filtered(&here)),
        })
    }

    /// What the triggers before an UPDATE leave of them, each in its own table.
    pub(in crate::adapters::rehearsal) async fn settled(
        &self,
        stage: &Stage<'_>,
        triggers: &[Fired],
    ) -> Result<Self, Failure> {
        let mut rows = self.clone();
        for trigger in triggers.iter().filter(|trigger| trigger.is_before_row()) {
            let mut here = trigger.clone();
            if trigger.table != self.oid {
                let when = trigger.when.as_deref().unwrap_or("true");
                here.when = Some(format!(
                    "(pgiam_touched.place = {} AND {when})",
                    trigger.table
                ));
            }
            rows = rows.behind(stage, &here).await?;
        }
        Ok(rows)
    }

    /// The tables of all rows that a trigger names (PostgreSQL documentation, "CREATE TRIGGER",
    /// REFERENCING); `None` where there are none or they are not known.
    async fn tables(
        &self,
        stage: &Stage<'_>,
        fired: &Fired,
        all: &[Fired],
    ) -> Result<Option<String>, Failure> {
        let named: Vec<(&str, &String)> = ["old", "new"]
            .into_iter()
            .zip(&fired.tables)
            .filter(|(_, name)| !name.is_empty())
            .collect();
        let mut rows = self.clone();
        for earlier in all.iter().filter(|earlier| earlier.is_before_row()) {
            // Which rows of another table it is fired for is not known of new ones.
            if earlier.table != self.oid {
                return Ok(None);
            }
            rows = rows.behind(stage, earlier).await?;
        }
        if named.is_empty() || rows.columns.iter().any(|field| !field.new) {
            return Ok(None);
        }
        let item = rows.item();
        let each: Vec<String> = named
            .iter()
            .map(|(which, name)| format!("{} AS (SELECT {which}.* FROM {item})", quoted(name)))
            .collect();
        Ok(Some(format!("WITH {} ", each.join(", "))))
    }

    /// The same rows where OLD or NEW is NULL.
    fn without(&self, which: &str) -> Self {
        let mut without = self.clone();
        let mut listed = vec!["place".to_owned()];
        for field in &mut without.columns {
            for each in ["old", "new"] {
                let own = quoted(&format!("{each} {}", field.name)).into_owned();
                if each == which {
                    listed.push(format!("NULL::{} AS {own}", field.kind));
                } else if each == "old" || field.new {
                    listed.push(own);
                }
            }
            field.new |= which == "new";
        }
        without.query = format!("SELECT {} FROM ({}) AS one", listed.join(", "), self.query);
        without
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

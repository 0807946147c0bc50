//! What runs along with the writes of a statement, and for which rows.

use super::keys::{self, KeyCheck};
use super::native::{self, Native};
use super::need::Row;
use super::stage::Stage;
use super::touched::{self, Before, Fate, Moving, RowsOf};
use super::written::{self, Fired, Level, Timing};
use crate::adapters::session::Session;
use crate::domain::diagnosis::body::{Course, Rows, Standing};
use crate::domain::diagnosis::wants::{Wanted, Wants};
use crate::domain::failure::Failure;

/// What runs along with writes.
#[derive(Default)]
pub(super) struct Along {
    /// Functions of constraints and the like.
    pub(super) hidden: Vec<Row>,
    /// Triggers, each with the rows that it is fired for where they are known.
    pub(super) fired: Vec<(Fired, Option<RowsOf>)>,
    /// What triggers in C do.
    pub(super) natives: Vec<Native>,
    /// What foreign keys do, each with the rows that it is done for where they are known.
    pub(super) checks: Vec<(KeyCheck, Option<RowsOf>)>,
    /// Whether rows decided what there is of it.
    pub(super) course: Course,
}

impl Along {
    /// What is left out for want of rows may be asked for another time.
    fn judged_by(&mut self, source: Rows) {
        if source == Rows::There {
            self.course = self.course.max(Course::ByRows);
        }
    }

    /// Adds a trigger, or what it does where it is written in C.
    async fn trigger(
        &mut self,
        stage: &Stage<'_>,
        trigger: &Fired,
        fate: Fate,
    ) -> Result<(), Failure> {
        let rows = match fate {
            Fate::Never(source) => {
                self.judged_by(source);
                return Ok(());
            }
            Fate::Unknown => None,
            Fate::Rows(rows) => Some(rows),
        };
        let each = rows.as_ref().filter(|rows| !rows.item.is_empty());
        for native in native::done_by(trigger) {
            let native = self.settled(stage, native, (trigger, each)).await?;
            self.natives
                .extend(native.filter(|native| !self.natives.contains(native)));
        }
        self.fired.push((trigger.clone(), rows));
        Ok(())
    }

    /// What a trigger in C does to some rows; `None` for nothing.
    async fn settled(
        &mut self,
        stage: &Stage<'_>,
        native: Native,
        (trigger, rows): (&Fired, Option<&RowsOf>),
    ) -> Result<Option<Native>, Failure> {
        Ok(match (native, rows) {
            (Native::Query { made, .. }, Some(rows)) if rows.none_that(stage, &made).await? => {
                self.judged_by(rows.source);
                None
            }
            (Native::Unlinks { column, otherwise }, Some(rows)) => {
                self.judged_by(Rows::There);
                match rows.lost(stage, &column, trigger.event).await? {
                    Some(calls) if calls.is_empty() => None,
                    Some(calls) => Some(Native::Query {
                        text: format!("SELECT {calls}"),
                        made: String::new(),
                    }),
                    None => Some(Native::Unknown(otherwise)),
                }
            }
            (Native::Unlinks { otherwise, .. }, None) => {
                self.judged_by(Rows::There);
                Some(Native::Unknown(otherwise))
            }
            (native, _) => Some(native),
        })
    }
}

/// Reads it from catalogs. What runs for each row is left out where there surely are none.
pub(super) async fn along(
    stage: &Stage<'_>,
    standing: Standing<'_>,
    (statement, wants): (&str, &Wants),
    before: Before,
) -> Result<Along, Failure> {
    let session = stage.session;
    let mut all = Along::default();
    for wanted in &wants.relations {
        let one = Wants {
            relations: vec![wanted.clone()],
            ..Wants::default()
        };
        let triggers = written::fired(session, &one).await?;
        let mut hidden = written::computed(session, &one, &triggers).await?;
        hidden.extend(written::conditions(session, &one).await?);
        let mut checks: Vec<(KeyCheck, Moving)> = Vec::new();
        for check in keys::checks(session, wanted).await? {
            checks.push((check, Moving::Never));
        }
        let mut events = if written::moves(session, wanted, &triggers).await? {
            let inserted = part_of(wanted, "INSERT");
            for check in keys::checks(session, &inserted).await? {
                checks.push((check, Moving::Part));
            }
            let mut events = moved(session, wanted).await?;
            events.insert(0, (triggers, Moving::Perhaps));
            events
        } else {
            vec![(triggers, Moving::Never)]
        };
        for trigger in events.iter_mut().flat_map(|(all, _)| all) {
            trigger.when = trigger.when.as_deref().map(|when| standing.told(when));
        }
        let nothing = events.iter().all(|(all, _)| all.is_empty());
        if nothing && hidden.is_empty() && checks.is_empty() {
            continue;
        }
        let first = (wanted, Timing::Before);
        let first = touched::touched(stage, statement, first, before).await?;
        let last = (wanted, Timing::After);
        let last = touched::touched(stage, statement, last, before).await?;
        let settled = match (&first, events.as_slice()) {
            (Some(rows), [(triggers, Moving::Perhaps), ..]) => {
                Some(rows.settled(stage, triggers).await?)
            }
            _ => None,
        };
        let empty = match &first {
            Some(rows) if rows.is_empty(stage).await? => Some(rows.source),
            _ => None,
        };
        for (triggers, moving) in &events {
            for trigger in triggers {
                let rows = match (moving, trigger.timing) {
                    (Moving::Part, _) | (Moving::Perhaps, Timing::After) => &settled,
                    (_, Timing::After) => &last,
                    (_, Timing::Before | Timing::Instead) => &first,
                };
                let fate = match (rows, empty) {
                    (_, Some(source)) if trigger.level == Level::Row => Fate::Never(source),
                    (Some(rows), _) => rows.fate(stage, (trigger, *moving), triggers).await?,
                    (None, _) => trigger.once(stage).await?,
                };
                all.trigger(stage, trigger, fate).await?;
            }
        }
        if let Some(source) = empty {
            all.judged_by(source);
            continue;
        }
        all.hidden.extend(hidden);
        let triggers = events.first().map_or(&[][..], |(triggers, _)| triggers);
        for (check, moving) in checks {
            let (rows, triggers) = match moving {
                Moving::Part => (&settled, &[][..]),
                Moving::Never | Moving::Perhaps => (&last, triggers),
            };
            let fate = match rows {
                Some(rows) => rows.fate(stage, (&check.made, moving), triggers).await?,
                None => Fate::Unknown,
            };
            match fate {
                Fate::Never(source) => all.judged_by(source),
                Fate::Rows(rows) => all.checks.push((check, Some(rows))),
                Fate::Unknown if check.named => all.checks.push((check, None)),
                Fate::Unknown => {}
            }
        }
    }
    Ok(all)
}

/// The triggers of what a move to another partition is made of (PostgreSQL documentation, "Overview of
/// Trigger Behavior"): those for each row of the deletion and of the insertion.
async fn moved(session: &Session, updated: &Wanted) -> Result<Vec<(Vec<Fired>, Moving)>, Failure> {
    let mut events = Vec::new();
    for privilege in ["DELETE", "INSERT"] {
        let one = Wants {
            relations: vec![part_of(updated, privilege)],
            ..Wants::default()
        };
        let mut triggers = written::fired(session, &one).await?;
        triggers.retain(|trigger| trigger.level == Level::Row);
        events.push((triggers, Moving::Part));
    }
    Ok(events)
}

/// The deletion or the insertion that a move to another partition is made of.
fn part_of(updated: &Wanted, privilege: &'static str) -> Wanted {
    Wanted {
        privilege,
        ..updated.clone()
    }
}

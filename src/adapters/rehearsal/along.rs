//! What runs along with the writes of a statement, and for which rows.

use super::native::{self, Native};
use super::need::Row;
use super::stage::Stage;
use super::touched::{self, Before, Fate, Moving, RowsOf};
use super::written::{self, Fired, KeyCheck, Level, Timing};
use crate::adapters::session::Session;
use crate::domain::diagnosis::body::{Course, Rows};
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
    /// What foreign keys do.
    pub(super) checks: Vec<KeyCheck>,
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
}

/// Reads it from catalogs. What runs for each row is left out where there surely are none.
pub(super) async fn along(
    stage: &Stage<'_>,
    statement: &str,
    wants: &Wants,
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
        let mut hidden = written::computed(session, &one).await?;
        hidden.extend(written::conditions(session, &one).await?);
        let natives = native::fired(session, &one).await?;
        let checks = written::references(session, &one).await?;
        let events = if written::moves(session, wanted).await? {
            let mut events = moved(session, wanted).await?;
            events.insert(0, (triggers, Moving::Perhaps));
            events
        } else {
            vec![(triggers, Moving::Never)]
        };
        let nothing = events.iter().all(|(all, _)| all.is_empty()) && hidden.is_empty();
        if nothing && natives.is_empty() && checks.is_empty() {
            continue;
        }
        let first = (wanted, Timing::Before);
        let first = touched::touched(stage, statement, first, before).await?;
        let last = (wanted, Timing::After);
        let last = touched::touched(stage, statement, last, before).await?;
        let empty = match &first {
            Some(rows) if rows.is_empty(stage).await? => Some(rows.source),
            _ => None,
        };
        for (triggers, moving) in &events {
            for trigger in triggers {
                let rows = match trigger.timing {
                    Timing::After => &last,
                    Timing::Before | Timing::Instead => &first,
                };
                let fate = match (rows, empty) {
                    (_, Some(source)) if trigger.level == Level::Row => Fate::Never(source),
                    (Some(rows), _) => rows.fate(stage, (trigger, *moving), triggers).await?,
                    (None, _) => Fate::Unknown,
                };
                match fate {
                    Fate::Never(source) => all.judged_by(source),
                    Fate::Unknown => all.fired.push((trigger.clone(), None)),
                    Fate::Rows(rows) => all.fired.push((trigger.clone(), Some(rows))),
                }
            }
        }
        if let Some(source) = empty {
            all.judged_by(source);
        } else {
            all.hidden.extend(hidden);
            for native in natives {
                let Native::Unlinks { column, otherwise } = native else {
                    all.natives.push(native);
                    continue;
                };
                let unlinked = match &first {
                    Some(rows) => rows.lost(stage, &column, wanted.privilege).await?,
                    None => None,
                };
                all.natives.extend(match unlinked {
                    Some(calls) if calls.is_empty() => None,
                    Some(calls) => Some(Native::Query(format!("SELECT {calls}"))),
                    None => Some(Native::Unknown(otherwise)),
                });
                all.judged_by(Rows::There);
            }
            all.checks.extend(checks);
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
            relations: vec![Wanted {
                privilege,
                ..updated.clone()
            }],
            ..Wants::default()
        };
        let mut triggers = written::fired(session, &one).await?;
        triggers.retain(|trigger| trigger.level == Level::Row);
        events.push((triggers, Moving::Part));
    }
    Ok(events)
}

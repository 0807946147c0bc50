//! What ran, what runs, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use super::window::Window;
use crate::app::message::Ticket;
use crate::domain::failure::{Failure, Origin};
use crate::domain::history::Ended;
use crate::domain::rows::{ResultId, ResultSet, RowBatchBuilder};
use crate::domain::run::{Completed, Notice, RunEvent};
use crate::domain::time::Timestamp;

/// A statement as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its text.
    pub text: String,
    /// Where it begins in the editor's text, in bytes, if it came from there.
    pub offset: Option<usize>,
}

/// How a statement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its turn has not come.
    Waiting,
    /// The server works on it.
    Running,
    /// It ended well.
    Done(Completed),
    /// It failed, was cancelled, or the session was lost under it.
    Failed(Box<Failure>),
    /// One before it failed, so it was never sent.
    NotRun,
}

/// One statement of a run and what came of it. Rows stay, whatever happens to the statement.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The statement.
    pub sent: Sent,
    /// How it stands.
    pub standing: Standing,
    /// Its rows, if it returns any.
    pub result: Option<ResultSet>,
    /// Where the person is in them.
    pub window: Window,
    /// What the server sent along.
    pub notices: Vec<Notice>,
    /// Bytes a COPY with a file has moved.
    pub moved: u64,
}

impl Outcome {
    pub(super) fn new(sent: Sent) -> Self {
        Self {
            sent,
            standing: Standing::Waiting,
            result: None,
            window: Window::default(),
            notices: Vec::new(),
            moved: 0,
        }
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.result.as_ref().map_or(0, ResultSet::rows)
    }

    /// The failure, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.standing {
            Standing::Failed(failure) => Some(failure),
            Standing::Waiting | Standing::Running | Standing::Done(_) | Standing::NotRun => None,
        }
    }
}

/// Whether a run still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It does.
    Running,
    /// It does, and the server was asked to stop it.
    Cancelling,
    /// It is over.
    Over,
}

/// Statements that were sent together.
#[derive(Debug, Clone)]
pub struct Run {
    /// Who waits for its events.
    pub ticket: Ticket,
    /// Its statements, in order; a statement with several results takes several places.
    pub outcomes: Vec<Outcome>,
    /// When it began.
    pub begun: Timestamp,
    /// Whether it goes on.
    pub progress: Progress,
    current: usize,
    /// Why its rows are taken in no more: there is no room for them.
    stopped: Option<Box<Failure>>,
}

/// Whether what shows belongs to the run that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It does, or nothing runs.
    Fresh,
    /// It is from before, shown dimmed until the run has something to show.
    Stale,
}

/// Whether the catalog on the screen may be out of date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum News {
    /// Nothing changed it.
    #[default]
    None,
    /// Statements of ours may have; others see it when the transaction is over.
    CatalogChanged,
}

/// What should happen next, outside this pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// A statement was refused for want of a privilege: ask why.
    AskWhy {
        /// The statement.
        statement: String,
        /// The refusal.
        refusal: Box<Failure>,
    },
    /// A statement is over: it belongs into the history.
    Remember(Ran),
}

/// A statement that is over, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its text.
    pub statement: String,
    /// How long it took, if the server came to its end.
    pub elapsed: Option<Duration>,
    /// Rows it returned.
    pub rows: usize,
    /// How it ended.
    pub ended: Ended,
}

/// Bytes of a result that take a noticeable time to give back.
const HEAVY: usize = 8 << 20;

/// The result side of the workspace.
#[derive(Debug, Default)]
pub struct Query {
    run: Option<Run>,
    before: Option<Run>,
    /// Runs that cannot be shown any more, until somebody takes their rows away.
    forgotten: Vec<Run>,
    /// Which outcome of the run shows, once the person chose one; else the latest.
    chosen: Option<usize>,
    news: News,
    last_result: ResultId,
}

impl Query {
    /// The latest run.
    #[must_use]
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The ticket of the run that goes on.
    #[must_use]
    pub fn running(&self) -> Option<Ticket> {
        let run = self.run.as_ref()?;
        (run.progress != Progress::Over).then_some(run.ticket)
    }

    /// Whether statements run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// Begins a run; none may be going on (see [`Self::running`]).
    pub fn begin(&mut self, ticket: Ticket, statements: Vec<Sent>, now: Timestamp) {
        let run = Run {
            ticket,
            outcomes: statements.into_iter().map(Outcome::new).collect(),
            begun: now,
            progress: Progress::Running,
            current: 0,
            stopped: None,
        };
        let before = self.run.replace(run);
        // A run that never showed anything leaves what was shown before it in place.
        if before.as_ref().is_some_and(|run| run.latest().is_some()) {
            self.forgotten.extend(self.before.take());
            self.before = before;
        }
        self.chosen = None;
    }

    /// Remembers that the server was asked to stop.
    pub fn cancelling(&mut self) {
        if let Some(run) = self
            .run
            .as_mut()
            .filter(|run| run.progress == Progress::Running)
        {
            run.progress = Progress::Cancelling;
        }
    }

    /// Takes in what happened. An event of a run nobody waits for is dropped.
    pub fn take(&mut self, ticket: Ticket, event: RunEvent) -> Vec<Consequence> {
        if self.running() != Some(ticket) {
            return Vec::new();
        }
        if let RunEvent::Completed(completed) = &event
            && changes_catalog(&completed.tag)
        {
            self.news = News::CatalogChanged;
        }
        if matches!(event, RunEvent::Columns(_)) {
            self.last_result.0 += 1;
        }
        let id = self.last_result;
        let consequences = self
            .run
            .as_mut()
            .map(|run| run.take(event, id))
            .unwrap_or_default();
        let shows = self.run.as_ref().is_some_and(|run| run.latest().is_some());
        if shows || self.running().is_none() {
            self.forgotten.extend(self.before.take());
        }
        consequences
    }

    /// Forgets all runs. Identities of results are not given out again.
    pub fn clear(&mut self) {
        let runs = [self.run.take(), self.before.take()];
        let mut forgotten = std::mem::take(&mut self.forgotten);
        forgotten.extend(runs.into_iter().flatten());
        *self = Self {
            last_result: self.last_result,
            forgotten,
            ..Self::default()
        };
    }

    /// The results nobody can show any more that hold so much memory that giving it back takes a while:
    /// not on the thread that draws.
    pub fn take_forgotten(&mut self) -> Vec<ResultSet> {
        std::mem::take(&mut self.forgotten)
            .into_iter()
            .flat_map(|run| run.outcomes)
            .filter_map(|outcome| outcome.result)
            .filter(|result| result.resident_bytes() >= HEAVY)
            .collect()
    }

    /// Takes in no more rows of the run under way, which ends with that failure.
    pub fn stop(&mut self, failure: Failure) {
        if self.is_running()
            && let Some(run) = &mut self.run
            && run.stopped.is_none()
        {
            run.stopped = Some(Box::new(failure));
        }
    }

    /// Whether the run under way takes in no more rows.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.stopped.is_some())
    }

    /// All results that are held, the oldest first.
    pub fn results_mut(&mut self) -> impl Iterator<Item = &mut ResultSet> {
        self.before
            .iter_mut()
            .chain(&mut self.run)
            .flat_map(|run| &mut run.outcomes)
            .filter_map(|outcome| outcome.result.as_mut())
    }

    /// Whether the catalog may be out of date; asking settles it.
    pub fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// The session ended: what ran is over, what arrived stays.
    pub fn lost(&mut self, failure: &Failure) -> Vec<Consequence> {
        let Some(ticket) = self.running() else {
            return Vec::new();
        };
        let mut consequences = self.take(ticket, RunEvent::Failed(failure.clone()));
        consequences.extend(self.take(ticket, RunEvent::Finished));
        consequences
    }

    /// Appends new rows to the result of an outcome, as the server holds them.
    pub fn add_rows(&mut self, run: Ticket, place: usize, rows: &[Vec<Option<String>>]) {
        let Some(outcome) = self
            .run
            .as_mut()
            .filter(|known| known.ticket == run)
            .and_then(|run| run.outcomes.get_mut(place))
        else {
            return;
        };
        if let Some(result) = outcome.result.as_mut().filter(|_| !rows.is_empty()) {
            let mut builder = RowBatchBuilder::new(result.columns().len());
            for row in rows {
                builder.push_row(row.iter().map(Option::as_deref));
            }
            result.push(Arc::new(builder.take()));
        }
    }

    /// Adds something to say to the statement that failed last.
    pub fn note(&mut self, notice: Notice) {
        let run = self.run.as_mut().or(self.before.as_mut());
        let failed = run.and_then(|run| {
            let all = run.outcomes.iter_mut();
            all.rev().find(|outcome| outcome.failure().is_some())
        });
        if let Some(outcome) = failed {
            outcome.notices.push(notice);
        }
    }

    /// The outcome to show, and whether it is of the run that goes on.
    #[must_use]
    pub fn shown(&self) -> Option<(&Outcome, Freshness)> {
        if let Some(run) = &self.run
            && let Some(place) = self.chosen.or_else(|| run.latest())
        {
            return run
                .outcomes
                .get(place)
                .map(|outcome| (outcome, Freshness::Fresh));
        }
        let before = self.before.as_ref()?;
        let outcome = before.outcomes.get(before.latest()?)?;
        Some((outcome, Freshness::Stale))
    }

    /// The result and the place in it, to move about.
    pub fn shown_window(&mut self) -> Option<(&ResultSet, &mut Window)> {
        let outcome = match &mut self.run {
            Some(run) if self.chosen.or_else(|| run.latest()).is_some() => {
                let place = self.chosen.or_else(|| run.latest())?;
                run.outcomes.get_mut(place)?
            }
            _ => {
                let before = self.before.as_mut()?;
                let place = before.latest()?;
                before.outcomes.get_mut(place)?
            }
        };
        Some((outcome.result.as_ref()?, &mut outcome.window))
    }

    /// All results there are, with the place in each.
    pub fn windows(&mut self) -> impl Iterator<Item = (&ResultSet, &mut Window)> {
        let runs = [&mut self.run, &mut self.before];
        runs.into_iter()
            .flatten()
            .flat_map(|run| &mut run.outcomes)
            .filter_map(|outcome| Some((outcome.result.as_ref()?, &mut outcome.window)))
    }

    /// The place of the outcome that shows, among those of the run.
    #[must_use]
    pub fn shown_place(&self) -> usize {
        let latest = || self.run.as_ref().and_then(Run::latest);
        self.chosen.or_else(latest).unwrap_or(0)
    }

    /// Shows the outcome that many places further on, round and round.
    pub fn show_next(&mut self, places: isize) {
        let count = self.run.as_ref().map_or(0, |run| run.outcomes.len());
        if let (Ok(count), Ok(now)) = (isize::try_from(count), isize::try_from(self.shown_place()))
            && count > 0
        {
            self.chosen = usize::try_from((now + places).rem_euclid(count)).ok();
        }
    }

    /// Shows the outcome at that place.
    pub fn show(&mut self, place: usize) {
        if self
            .run
            .as_ref()
            .is_some_and(|run| place < run.outcomes.len())
        {
            self.chosen = Some(place);
        }
    }
}

impl Run {
    /// How many rows arrived in all.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.outcomes.iter().map(Outcome::rows).sum()
    }

    /// Bytes of memory that its rows hold.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        let results = self.outcomes.iter().filter_map(|one| one.result.as_ref());
        results.map(ResultSet::resident_bytes).sum()
    }

    /// The latest outcome there is something to show of.
    fn latest(&self) -> Option<usize> {
        self.outcomes
            .iter()
            .rposition(|outcome| match &outcome.standing {
                Standing::Done(_) | Standing::Failed(_) => true,
                Standing::Running => outcome.rows() > 0 || !outcome.notices.is_empty(),
                Standing::Waiting | Standing::NotRun => false,
            })
    }

    fn take(&mut self, event: RunEvent, id: ResultId) -> Vec<Consequence> {
        let mut consequences = Vec::new();
        match event {
            RunEvent::Started { index } => self.start(index),
            RunEvent::Columns(columns) => {
                if self
                    .outcome()
                    .is_some_and(|outcome| outcome.result.is_some())
                {
                    self.another_result();
                }
                if let Some(outcome) = self.outcome() {
                    let result = ResultSet::new(columns).identified(id);
                    outcome.window.measure(&result);
                    outcome.result = Some(result);
                }
            }
            RunEvent::Rows(batch) if self.stopped.is_none() => {
                if let Some(outcome) = self.outcome()
                    && let Some(result) = &mut outcome.result
                {
                    result.push(batch);
                    outcome.window.measure(result);
                }
            }
            RunEvent::Completed(completed) => {
                consequences = match self.stopped.clone() {
                    Some(failure) => self.failed(*failure),
                    None => self.completed(completed),
                }
            }
            RunEvent::Failed(failure) => {
                // The server's "canceling statement" is our own doing then.
                let ours = self
                    .stopped
                    .clone()
                    .filter(|_| ended(&failure) == Ended::Cancelled);
                consequences = self.failed(ours.map_or(failure, |stopped| *stopped));
            }
            RunEvent::Notice(notice) => {
                if let Some(outcome) = self.outcome() {
                    outcome.notices.push(notice);
                }
            }
            RunEvent::Moved { bytes } => {
                if let Some(outcome) = self.outcome() {
                    outcome.moved = bytes;
                }
            }
            RunEvent::Finished => self.over(),
            RunEvent::Rows(_)
            | RunEvent::Copied(_)
            | RunEvent::Transaction(_)
            | RunEvent::Committing { .. }
            | RunEvent::Parameter { .. } => {}
        }
        consequences
    }

    fn outcome(&mut self) -> Option<&mut Outcome> {
        self.outcomes.get_mut(self.current)
    }

    fn start(&mut self, index: usize) {
        // Results that took places of their own have pushed the later statements on.
        let waiting = self
            .outcomes
            .iter()
            .position(|outcome| outcome.standing == Standing::Waiting);
        self.current = waiting.unwrap_or(index);
        if let Some(outcome) = self.outcome() {
            outcome.standing = Standing::Running;
        }
    }

    fn another_result(&mut self) {
        let Some(outcome) = self.outcome() else {
            return;
        };
        let mut next = Outcome::new(outcome.sent.clone());
        next.standing = Standing::Running;
        self.current += 1;
        self.outcomes
            .insert(self.current.min(self.outcomes.len()), next);
    }

    fn completed(&mut self, completed: Completed) -> Vec<Consequence> {
        let Some(outcome) = self.outcome() else {
            return Vec::new();
        };
        let consequences = vec![Consequence::Remember(Ran {
            statement: outcome.sent.text.clone(),
            elapsed: Some(completed.elapsed),
            rows: outcome.rows(),
            ended: Ended::Done,
        })];
        outcome.standing = Standing::Done(completed);
        consequences
    }

    fn failed(&mut self, failure: Failure) -> Vec<Consequence> {
        let Some(outcome) = self.outcome() else {
            return Vec::new();
        };
        let statement = outcome.sent.text.clone();
        let mut consequences = vec![Consequence::Remember(Ran {
            statement: statement.clone(),
            elapsed: None,
            rows: outcome.rows(),
            ended: ended(&failure),
        })];
        if failure.is_refusal() {
            let refusal = Box::new(failure.clone());
            consequences.push(Consequence::AskWhy { statement, refusal });
        }
        outcome.standing = Standing::Failed(Box::new(failure));
        consequences
    }

    fn over(&mut self) {
        self.progress = Progress::Over;
        for outcome in &mut self.outcomes {
            if matches!(outcome.standing, Standing::Waiting | Standing::Running) {
                outcome.standing = Standing::NotRun;
            }
        }
    }
}

/// How a statement ended that failed (57014 is `query_canceled`).
fn ended(failure: &Failure) -> Ended {
    match (failure.origin, failure.sqlstate.as_deref()) {
        (Origin::Lost, _) => Ended::Lost,
        (Origin::Cancelled, _) | (_, Some("57014")) => Ended::Cancelled,
        _ => Ended::Failed,
    }
}

/// Whether a command with that tag may change what the catalog shows: DDL, grants, and the end of a
/// transaction that may have held some being undone.
fn changes_catalog(tag: &str) -> bool {
    const VERBS: [&str; 9] = [
        "CREATE",
        "DROP",
        "ALTER",
        "GRANT",
        "REVOKE",
        "ROLLBACK",
        "IMPORT",
        "REASSIGN",
        "SELECT INTO",
    ];
    VERBS.iter().any(|verb| tag.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Phase;
    use crate::domain::run::Column;

    fn sent(text: &str) -> Sent {
        Sent {
            text: text.into(),
            offset: None,
        }
    }

    fn columns() -> RunEvent {
        let column = Column::computed("n", 23, "int4");
        RunEvent::Columns([column].into())
    }

    fn row() -> RunEvent {
        let mut builder = RowBatchBuilder::new(1);
        builder.push_row([Some("1")]);
        RunEvent::Rows(Arc::new(builder.take()))
    }

    fn done(tag: &str) -> RunEvent {
        RunEvent::Completed(Completed {
            tag: tag.into(),
            elapsed: Duration::from_millis(3),
        })
    }

    fn refused() -> Failure {
        Failure {
            sqlstate: Some("42501".into()),
            ..Failure::new(
                Phase::Statement,
                Origin::Server,
                "permission denied for table t",
            )
        }
    }

    fn play(query: &mut Query, ticket: Ticket, events: Vec<RunEvent>) -> Vec<Consequence> {
        events
            .into_iter()
            .flat_map(|event| query.take(ticket, event))
            .collect()
    }

    #[test]
    fn each_statement_keeps_its_outcome_and_a_failure_ends_the_run() {
        let mut query = Query::default();
        query.begin(
            Ticket(1),
            vec![sent("create"), sent("select"), sent("never")],
            Timestamp(0),
        );
        let consequences = play(
            &mut query,
            Ticket(1),
            vec![
                RunEvent::Started { index: 0 },
                done("CREATE TABLE"),
                RunEvent::Started { index: 1 },
                columns(),
                row(),
                RunEvent::Failed(refused()),
                RunEvent::Finished,
            ],
        );
        let outcomes = &query.run().unwrap().outcomes;
        assert!(matches!(outcomes[0].standing, Standing::Done(_)));
        assert_eq!(outcomes[1].rows(), 1, "rows stay after a failure");
        assert_eq!(
            outcomes[1].failure().unwrap().message,
            "permission denied for table t"
        );
        assert_eq!(outcomes[2].standing, Standing::NotRun);
        assert_eq!(query.running(), None);
        assert_eq!(query.take_news(), News::CatalogChanged);
        assert!(consequences.iter().any(
            |next| matches!(next, Consequence::AskWhy { statement, .. } if statement == "select")
        ));
    }

    #[test]
    fn a_heavy_result_is_handed_over_when_nothing_can_show_it_any_more() {
        let mut query = Query::default();
        let mut builder = RowBatchBuilder::new(1);
        builder.push_row([Some("x".repeat(HEAVY).as_str())]);
        let heavy = RunEvent::Rows(Arc::new(builder.take()));
        query.begin(Ticket(1), vec![sent("select 1")], Timestamp(0));
        let start = RunEvent::Started { index: 0 };
        let events = vec![start.clone(), columns(), heavy, done("SELECT 1")];
        drop(play(&mut query, Ticket(1), events));
        drop(play(&mut query, Ticket(1), vec![RunEvent::Finished]));
        query.begin(Ticket(2), vec![sent("select 2")], Timestamp(9));
        assert!(query.take_forgotten().is_empty(), "it still shows");
        drop(play(&mut query, Ticket(2), vec![start, columns(), row()]));
        assert_eq!(query.take_forgotten().len(), 1);
        query.clear();
        assert!(
            query.take_forgotten().is_empty(),
            "one row is let go of at once"
        );
    }

    #[test]
    fn old_rows_stay_until_new_ones_arrive() {
        let mut query = Query::default();
        query.begin(Ticket(1), vec![sent("select 1")], Timestamp(0));
        drop(play(
            &mut query,
            Ticket(1),
            vec![
                RunEvent::Started { index: 0 },
                columns(),
                row(),
                done("SELECT 1"),
                RunEvent::Finished,
            ],
        ));
        query.begin(Ticket(2), vec![sent("select 2")], Timestamp(9));
        drop(play(
            &mut query,
            Ticket(2),
            vec![RunEvent::Started { index: 0 }, columns()],
        ));
        assert_eq!(query.shown().unwrap().1, Freshness::Stale);
        drop(play(&mut query, Ticket(2), vec![row()]));
        let (outcome, freshness) = query.shown().unwrap();
        assert_eq!(
            (outcome.sent.text.as_str(), freshness),
            ("select 2", Freshness::Fresh)
        );
    }

    #[test]
    fn a_late_row_of_an_abandoned_run_is_dropped() {
        let mut query = Query::default();
        query.begin(Ticket(1), vec![sent("select 1")], Timestamp(0));
        drop(play(
            &mut query,
            Ticket(9),
            vec![RunEvent::Started { index: 0 }, columns(), row()],
        ));
        assert!(query.shown().is_none());
    }

    #[test]
    fn a_lost_session_ends_the_run_and_keeps_the_rows() {
        let mut query = Query::default();
        query.begin(Ticket(1), vec![sent("select 1")], Timestamp(0));
        drop(play(
            &mut query,
            Ticket(1),
            vec![RunEvent::Started { index: 0 }, columns(), row()],
        ));
        drop(query.lost(&Failure::new(Phase::Statement, Origin::Lost, "gone")));
        assert_eq!(query.running(), None);
        assert_eq!(query.shown().unwrap().0.rows(), 1);
    }

    #[test]
    fn two_results_of_one_statement_take_two_places() {
        let mut query = Query::default();
        query.begin(
            Ticket(1),
            vec![sent("select 1; select 2"), sent("next")],
            Timestamp(0),
        );
        drop(play(
            &mut query,
            Ticket(1),
            vec![
                RunEvent::Started { index: 0 },
                columns(),
                row(),
                done("SELECT 1"),
                columns(),
                row(),
                row(),
                done("SELECT 2"),
                RunEvent::Started { index: 1 },
                done("SET"),
            ],
        ));
        let rows: Vec<usize> = query
            .run()
            .unwrap()
            .outcomes
            .iter()
            .map(Outcome::rows)
            .collect();
        assert_eq!(rows, [1, 2, 0]);
    }
}

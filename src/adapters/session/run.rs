//! One statement on its way: what the server says becomes events.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::copy::{self, Feed};
use super::{Session, refusal};
use crate::adapters::wire_record::{Data, Partial, Request, Seen};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::Guard;
use crate::domain::run::{Completed, RunEvent, TransactionState};
use crate::domain::sql::classify::{Kind, classify};
use crate::domain::sql::read_only;
use crate::domain::sql::split::statements;
use crate::domain::sql::transaction::{Control, control};

/// A batch is handed on after this long even if it is not full, so that slow results show.
const BATCH_PATIENCE: Duration = Duration::from_millis(16);

/// What COPY reads from and writes to.
#[derive(Default)]
pub enum Streams {
    /// Nothing: COPY with the client's streams is refused.
    #[default]
    None,
    /// `COPY … FROM STDIN` reads this; what `COPY … TO STDOUT` yields arrives as
    /// [`RunEvent::Copied`].
    Given(Box<dyn AsyncRead + Send + Unpin>),
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Given(_) => "Given",
        })
    }
}

/// Why a run ends early.
pub(super) enum Stop {
    /// The statement failed.
    Failed(Box<Failure>),
    /// Nobody listens any more.
    Unheard,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// One statement on its way.
pub(super) struct Run<'a> {
    pub(super) session: &'a Session,
    events: &'a mpsc::Sender<RunEvent>,
    begun: Instant,
    /// When rows were last handed on.
    handed_on: Option<Instant>,
}

/// What happened next.
enum Next {
    /// The tap saw something.
    Seen(Seen),
    /// The driver says something: an error, or that it is done.
    Driver(Option<Result<SimpleQueryMessage, Error>>),
    /// The connection ended.
    Lost,
}

impl<'a> Run<'a> {
    pub(super) fn new(session: &'a Session, events: &'a mpsc::Sender<RunEvent>) -> Self {
        Self {
            session,
            events,
            begun: Instant::now(),
            handed_on: None,
        }
    }

    pub(super) async fn send(&self, event: RunEvent) -> Result<(), Stop> {
        if self.events.send(event).await.is_ok() {
            return Ok(());
        }
        Err(self.unheard().await)
    }

    pub(super) async fn statement(&mut self, sql: &str, streams: &mut Streams) -> Result<(), Stop> {
        refuse_loosening(sql, self.session.facts.guard)?;
        let copied = copies(sql);
        self.session.guard_again().await?;
        self.tell_transaction(sql).await?;
        match (copied, streams) {
            (None, _) | (Some(Kind::CopyToStdout), Streams::Given(_)) => self.simple(sql).await,
            (Some(_), Streams::Given(input)) => self.feed(sql, input).await,
            (Some(kind), Streams::None) => Err(copy::refused(kind).into()),
        }
    }

    /// Sends a statement and tells what comes of it.
    async fn simple(&mut self, sql: &str) -> Result<(), Stop> {
        let (session, events) = (self.session, self.events);
        let request = session.record.expect(Data::Kept);
        let stream = self.session.client.simple_query_raw(sql).await;
        let mut stream = Box::pin(stream.map_err(|error| failed(&error))?);
        let mut driver = Driver::Talks;
        let mut error = None;
        loop {
            let next = tokio::select! {
                biased;
                () = events.closed() => return Err(self.unheard().await),
                said = stream.next(), if driver == Driver::Talks => Next::Driver(said),
                seen = self.seen(&request) => Next::Seen(seen),
                _ = session.lost(), if driver == Driver::Done => Next::Lost,
            };
            match next {
                Next::Driver(None) => driver = Driver::Done,
                Next::Driver(Some(Ok(_))) => {}
                Next::Driver(Some(Err(said))) => {
                    error = Some(said);
                    driver = Driver::Done;
                }
                // It would wait for data for ever.
                Next::Seen(Seen::CopyIn) => return Err(copy::refused(Kind::CopyFromStdin).into()),
                Next::Seen(Seen::Ready(state)) => {
                    self.ready(state).await?;
                    break;
                }
                Next::Seen(seen) => self.tell(seen).await?,
                Next::Lost => {
                    while let Some(seen) = request.take(Partial::Given) {
                        self.tell(seen).await?;
                    }
                    break;
                }
            }
        }
        // The tap sees the end of an answer before the driver has told of its error.
        if driver == Driver::Talks {
            error = first_error(&mut stream).await;
        }
        match error {
            Some(error) => Err(failed(&error)),
            None => Ok(()),
        }
    }

    /// Loads what `input` brings.
    async fn feed(
        &mut self,
        sql: &str,
        input: &mut Box<dyn AsyncRead + Send + Unpin>,
    ) -> Result<(), Stop> {
        let feed = Feed {
            session: self.session,
        };
        let outcome = tokio::select! {
            biased;
            () = self.events.closed() => return Err(self.unheard().await),
            outcome = feed.run(sql, input, self.events) => outcome,
        };
        self.notices().await?;
        let tag = outcome?;
        self.completed(tag).await
    }

    /// The next event. Rows that came before their batch is full are handed on at once if none were
    /// for a while: the first rows show as soon as they are here.
    async fn seen(&mut self, request: &Request) -> Seen {
        loop {
            let arrival = request.arrival();
            let now = Instant::now();
            let due = self.handed_on.map_or(now, |then| then + BATCH_PATIENCE);
            let partial = if now >= due {
                Partial::Given
            } else {
                Partial::Held
            };
            if let Some(seen) = request.take(partial) {
                if matches!(seen, Seen::Rows(_) | Seen::Copied(_)) {
                    self.handed_on = Some(now);
                }
                return seen;
            }
            if partial == Partial::Held && request.holds_rows() {
                tokio::select! {
                    () = arrival => {}
                    () = sleep_until(due.into()) => {}
                }
            } else {
                arrival.await;
            }
        }
    }

    /// Before a COMMIT is sent: should its answer be lost, the server can be asked about this id.
    async fn tell_transaction(&self, sql: &str) -> Result<(), Stop> {
        // `pg_current_xact_id_if_assigned` is there from version 13 on.
        if self.session.facts.version.major() < 13
            || self.session.transaction() != TransactionState::Open
            || !matches!(
                control(sql),
                Some(Control::Commit | Control::CommitAndChain)
            )
        {
            return Ok(());
        }
        match self.session.ask_transaction_id().await {
            Some(transaction) => self.send(RunEvent::Committing { transaction }).await,
            None => Ok(()),
        }
    }

    async fn tell(&mut self, seen: Seen) -> Result<(), Stop> {
        self.session.watch_guard(&seen);
        match seen {
            Seen::Columns(columns) => {
                self.notices().await?;
                self.send(RunEvent::Columns(columns.into())).await
            }
            Seen::Rows(batch) => self.send(RunEvent::Rows(Arc::new(batch))).await,
            Seen::Copied(bytes) => self.send(RunEvent::Copied(bytes)).await,
            Seen::Tag(tag) => self.completed(tag).await,
            Seen::Empty => self.completed(String::new()).await,
            Seen::Parameter { name, value } => self.send(RunEvent::Parameter { name, value }).await,
            Seen::Ready(state) => self.ready(state).await,
            Seen::CopyIn | Seen::CopyOut => Ok(()),
        }
    }

    async fn completed(&self, tag: String) -> Result<(), Stop> {
        self.notices().await?;
        let elapsed = self.begun.elapsed();
        self.send(RunEvent::Completed(Completed { tag, elapsed }))
            .await
    }

    async fn ready(&self, state: TransactionState) -> Result<(), Stop> {
        self.session.set_transaction(state);
        self.notices().await
    }

    pub(super) async fn notices(&self) -> Result<(), Stop> {
        for notice in self.session.taken_notices() {
            self.send(RunEvent::Notice(notice)).await?;
        }
        Ok(())
    }

    async fn unheard(&self) -> Stop {
        let _ = self.session.canceller.cancel().await;
        Stop::Unheard
    }
}

fn failed(error: &Error) -> Stop {
    refusal::from_driver(Phase::Statement, error).into()
}

/// What would lift the guard of a read-only profile is not sent.
fn refuse_loosening(sql: &str, guard: Guard) -> Result<(), Failure> {
    if guard == Guard::ReadWrite || !read_only::loosens(sql) {
        return Ok(());
    }
    Err(Failure::new(
        Phase::Statement,
        Origin::Local,
        "not sent: this profile is read-only, and the statement would let the session write",
    )
    .with_hint("to write, connect with a profile that is not marked read_only"))
}

/// Whether the driver's stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Talks,
    Done,
}

async fn first_error<S>(stream: &mut Pin<Box<S>>) -> Option<Error>
where
    S: Stream<Item = Result<SimpleQueryMessage, Error>>,
{
    while let Some(said) = stream.next().await {
        if let Err(error) = said {
            return Some(error);
        }
    }
    None
}

/// The COPY with the client's streams among the statements of a text. Sent without streams, it
/// would leave the server waiting for data that never comes.
fn copies(sql: &str) -> Option<Kind> {
    statements(sql)
        .into_iter()
        .map(|range| classify(sql.get(range).unwrap_or_default()).kind)
        .find(|kind| matches!(kind, Kind::CopyFromStdin | Kind::CopyToStdout))
}

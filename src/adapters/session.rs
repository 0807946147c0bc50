//! One server session: run, stream batches, cancel, notices.
//!
//! Everything goes by the simple-query protocol: the server formats every type as text, extension
//! types too. What that interface leaves out comes from [`super::wire_tap`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, future::Shared};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{AsyncMessage, Client, Connection, SimpleQueryMessage, SimpleQueryStream};

use super::refusal;
use super::tunnel::Tunnel;
use super::wire_tap::{Record, Seen};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::link::LinkFacts;
use crate::domain::profile::Guard;
use crate::domain::rows::RowBatchBuilder;
use crate::domain::run::{Column, Completed, Notice, RunEvent, TransactionState};
use crate::domain::sql::classify::{Kind, classify};
use crate::domain::sql::read_only;
use crate::domain::sql::split::statements;
use crate::domain::sql::transaction::{Control, control};

pub use super::cancel::Canceller;

/// A batch is handed on after this long even if it is not full, so that slow results show.
const BATCH_PATIENCE: Duration = Duration::from_millis(16);

/// Notices kept for a reader that comes late; older ones are dropped.
const KEPT_NOTICES: usize = 1000;

/// What the connection task leaves for the session.
type Notices = Arc<Mutex<VecDeque<Notice>>>;

/// What driving a connection yields.
pub(super) type Driven = (Notices, Lost);

/// A future that resolves when the connection ended under us.
pub type Lost = Shared<BoxFuture<'static, Failure>>;

/// The rows of a small query, all as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The rows of the last command that returned any; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// The exact tag of each command.
    pub tags: Vec<String>,
    /// What the server sent along.
    pub notices: Vec<Notice>,
}

/// One live server conversation. Statements run one at a time, in the order they are given.
#[derive(Debug)]
pub struct Session {
    client: Client,
    record: Record,
    notices: Notices,
    canceller: Canceller,
    lost: Lost,
    facts: LinkFacts,
    transaction: Mutex<TransactionState>,
    /// Whether the read-only guard may have been lifted, so that it must be set again.
    loosened: AtomicBool,
    /// Held so that the route lives as long as the session.
    _tunnel: Option<Tunnel>,
}

/// Drives a connection in a task of its own: notices arrive, and its end is noticed, even while
/// nobody asks anything.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>) -> Driven
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let notices = Notices::default();
    let kept = Arc::clone(&notices);
    let (ended, lost) = oneshot::channel();
    let _driver = tokio::spawn(async move {
        let failure = loop {
            match std::future::poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push_back(refusal::notice(&notice));
                    let excess = kept.len().saturating_sub(KEPT_NOTICES);
                    drop(kept.drain(..excess));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => break refusal::from_driver(Phase::Statement, &error),
                None => break closed(),
            }
        };
        let _ = ended.send(Failure {
            origin: Origin::Lost,
            ..failure
        });
    });
    let lost = async move { lost.await.unwrap_or_else(|_| closed()) }
        .boxed()
        .shared();
    (notices, lost)
}

fn closed() -> Failure {
    Failure::new(
        Phase::Statement,
        Origin::Lost,
        "the server closed the connection",
    )
}

impl Session {
    pub(super) fn new(
        client: Client,
        record: Record,
        driven: Driven,
        canceller: Canceller,
        facts: LinkFacts,
        tunnel: Option<Tunnel>,
    ) -> Self {
        let (notices, lost) = driven;
        Self {
            client,
            record,
            notices,
            canceller,
            lost,
            facts,
            transaction: Mutex::new(TransactionState::Idle),
            loosened: AtomicBool::new(false),
            _tunnel: tunnel,
        }
    }

    /// What the server told when the session began.
    #[must_use]
    pub const fn facts(&self) -> &LinkFacts {
        &self.facts
    }

    /// Stops the statement that runs, from any task, on the server.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Resolves when the connection ended under us, idle or not.
    pub fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// The transaction state after the last statement.
    #[must_use]
    pub fn transaction(&self) -> TransactionState {
        *self
            .transaction
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs statements one after another; the first that fails ends the run. What happens is sent
    /// to `events`, in order, and ends with [`RunEvent::Finished`]. A receiver that goes away
    /// cancels the statement on the server.
    pub async fn run(&self, statements: &[String], events: &mpsc::Sender<RunEvent>) {
        for (index, statement) in statements.iter().enumerate() {
            let mut run = Run {
                session: self,
                events,
                begun: Instant::now(),
                copy: None,
            };
            if run.send(RunEvent::Started { index }).await.is_err() {
                break;
            }
            let outcome = run.statement(statement).await;
            let went_on = match outcome {
                Ok(()) => Ok(()),
                Err(Stop::Failed(failure)) => {
                    self.catch_up().await;
                    let _ = run.notices().await;
                    let _ = run.send(RunEvent::Failed(*failure)).await;
                    Err(())
                }
                Err(Stop::Unheard) => Err(()),
            };
            let told = run.send(RunEvent::Transaction(self.transaction())).await;
            if went_on.is_err() || told.is_err() {
                break;
            }
        }
        let _ = events.send(RunEvent::Finished).await;
    }

    /// Runs a small query to its end and returns its rows; for catalogs and checks.
    pub async fn query(&self, sql: &str) -> Result<Answer, Failure> {
        let failed = |error: tokio_postgres::Error| refusal::from_driver(Phase::Statement, &error);
        self.settle(drop);
        let mut answer = Answer::default();
        let outcome = self.client.simple_query(sql).await;
        tokio::task::yield_now().await;
        self.settle(|seen| {
            if let Seen::Tag(tag) = seen {
                answer.tags.push(tag);
            }
        });
        answer.notices = self.taken_notices();
        for message in outcome.map_err(failed)? {
            if let SimpleQueryMessage::RowDescription(_) = message {
                answer.rows.clear();
            } else if let SimpleQueryMessage::Row(row) = message {
                let cells: Result<Vec<_>, _> = (0..row.len())
                    .map(|at| row.try_get(at).map(|cell| cell.map(str::to_owned)))
                    .collect();
                answer.rows.push(cells.map_err(failed)?);
            }
        }
        Ok(answer)
    }

    /// After an error the driver answers before `ReadyForQuery` has arrived; an empty query returns
    /// behind it, so that the transaction state is the one after the error.
    async fn catch_up(&self) {
        let _ = self.client.simple_query("").await;
        self.settle(drop);
    }

    /// Takes what the tap saw, remembering the transaction state.
    fn settle(&self, mut each: impl FnMut(Seen)) {
        while let Some(seen) = self.record.take() {
            self.watch_guard(&seen);
            if let Seen::Ready(state) = seen {
                *self
                    .transaction
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = state;
            }
            each(seen);
        }
    }

    /// A function can lift the guard of the transactions to come. The server reports that from
    /// version 14 on (PostgreSQL source, `guc_tables.c`, `GUC_REPORT`).
    fn watch_guard(&self, seen: &Seen) {
        if let Seen::Parameter { name, value } = seen
            && name == "default_transaction_read_only"
            && value != "on"
        {
            self.loosened.store(true, Ordering::Release);
        }
    }

    /// Sets the read-only guard again where it was, or may have been, lifted.
    async fn guard_again(&self) -> Result<(), tokio_postgres::Error> {
        if self.facts.guard != Guard::ReadOnly || self.transaction() != TransactionState::Idle {
            return Ok(());
        }
        if self.loosened.swap(false, Ordering::AcqRel) || self.facts.version.major() < 14 {
            let guard = "SET default_transaction_read_only = on";
            drop(self.client.simple_query(guard).await?);
            self.settle(drop);
            self.loosened.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// The id of the open transaction, if it has one: it wrote something.
    pub(super) async fn transaction_id(&self) -> Option<String> {
        let asked = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
        let answer = self.query(asked).await.ok()?;
        answer.rows.into_iter().next()?.into_iter().next()?
    }

    fn taken_notices(&self) -> Vec<Notice> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }
}

/// Why a run ends early.
enum Stop {
    /// The statement failed.
    Failed(Box<Failure>),
    /// Nobody listens any more.
    Unheard,
}

/// One statement on its way.
struct Run<'a> {
    session: &'a Session,
    events: &'a mpsc::Sender<RunEvent>,
    begun: Instant,
    /// The server asked for or began to send COPY data.
    copy: Option<Seen>,
}

impl Run<'_> {
    async fn send(&self, event: RunEvent) -> Result<(), Stop> {
        if self.events.send(event).await.is_ok() {
            return Ok(());
        }
        let _ = self.session.canceller.cancel().await;
        Err(Stop::Unheard)
    }

    async fn statement(&mut self, sql: &str) -> Result<(), Stop> {
        refuse_copy(sql)
            .and_then(|()| refuse_loosening(sql, self.session.facts.guard))
            .map_err(|failure| Stop::Failed(Box::new(failure)))?;
        self.session
            .guard_again()
            .await
            .map_err(|error| self.failed(&error))?;
        self.tell_transaction(sql).await?;
        // What a question asked in between left behind is no part of this statement.
        self.session.settle(drop);
        let mut stream = Box::pin(
            self.session
                .client
                .simple_query_raw(sql)
                .await
                .map_err(|error| self.failed(&error))?,
        );
        let mut builder = RowBatchBuilder::new(0);
        loop {
            // Rows that are already here skip the bookkeeping of a wait: it would cost more than they do.
            let next = if let Some(ready) = stream.next().now_or_never() {
                ready.map_or(Next::End, Next::Message)
            } else {
                tokio::select! {
                    biased;
                    () = self.events.closed() => return Err(self.unheard().await),
                    next = next_before(&mut stream, &builder) => next,
                }
            };
            let message = match next {
                Next::Late => {
                    self.flush(&mut builder).await?;
                    continue;
                }
                Next::Message(message) => message.map_err(|error| self.failed(&error))?,
                Next::End => break,
            };
            if let SimpleQueryMessage::Row(row) = message {
                builder.push_row((0..row.len()).map(|at| row.try_get(at).ok().flatten()));
                if builder.is_full() {
                    self.flush(&mut builder).await?;
                }
                continue;
            }
            self.flush(&mut builder).await?;
            if let SimpleQueryMessage::RowDescription(columns) = message {
                builder = RowBatchBuilder::new(columns.len());
                let names: Vec<String> = columns
                    .iter()
                    .map(|column| column.name().to_owned())
                    .collect();
                self.columns(&names).await?;
            } else {
                self.completed().await?;
            }
        }
        self.flush(&mut builder).await?;
        self.rest().await
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
        match self.session.transaction_id().await {
            Some(transaction) => self.send(RunEvent::Committing { transaction }).await,
            None => Ok(()),
        }
    }

    /// Hands on what was collected.
    async fn flush(&self, builder: &mut RowBatchBuilder) -> Result<(), Stop> {
        if builder.is_empty() {
            return Ok(());
        }
        self.send(RunEvent::Rows(Arc::new(builder.take()))).await
    }

    /// Tells the columns of a result; the tap has seen their types already.
    async fn columns(&mut self, names: &[String]) -> Result<(), Stop> {
        self.notices().await?;
        while let Some(seen) = self.session.record.take() {
            if let Seen::Columns(columns) = seen {
                return self.send(RunEvent::Columns(columns.into())).await;
            }
            self.tell(seen).await?;
        }
        let untyped = names.iter().map(|name| Column {
            name: name.clone(),
            type_oid: 0,
            type_name: String::new(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        });
        self.send(RunEvent::Columns(untyped.collect())).await
    }

    /// Tells the command's tag.
    async fn completed(&mut self) -> Result<(), Stop> {
        self.notices().await?;
        while let Some(seen) = self.session.record.take() {
            let was_tag = matches!(seen, Seen::Tag(_) | Seen::Empty);
            self.tell(seen).await?;
            if was_tag {
                break;
            }
        }
        Ok(())
    }

    /// Tells all that is left when the statement is over.
    async fn rest(&mut self) -> Result<(), Stop> {
        self.notices().await?;
        while let Some(seen) = self.session.record.take() {
            self.tell(seen).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, seen: Seen) -> Result<(), Stop> {
        self.session.watch_guard(&seen);
        match seen {
            Seen::Tag(tag) => {
                self.send(RunEvent::Completed(Completed {
                    tag,
                    elapsed: self.begun.elapsed(),
                }))
                .await
            }
            Seen::Empty => {
                let tag = String::new();
                self.send(RunEvent::Completed(Completed {
                    tag,
                    elapsed: self.begun.elapsed(),
                }))
                .await
            }
            Seen::Parameter { name, value } => self.send(RunEvent::Parameter { name, value }).await,
            Seen::Ready(state) => {
                *self
                    .session
                    .transaction
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = state;
                Ok(())
            }
            copy @ (Seen::CopyIn | Seen::CopyOut) => {
                self.copy = Some(copy);
                Ok(())
            }
            Seen::Columns(_) => Ok(()),
        }
    }

    async fn notices(&self) -> Result<(), Stop> {
        for notice in self.session.taken_notices() {
            self.send(RunEvent::Notice(notice)).await?;
        }
        Ok(())
    }

    fn failed(&mut self, error: &tokio_postgres::Error) -> Stop {
        self.session.settle(|seen| {
            if matches!(seen, Seen::CopyIn | Seen::CopyOut) {
                self.copy = Some(seen);
            }
        });
        let failure = match self.copy {
            Some(Seen::CopyIn) => {
                copy_refused("COPY … FROM STDIN needs a file or a pipe to read from")
            }
            Some(_) => copy_refused("COPY … TO STDOUT needs a file or a pipe to write to"),
            None => refusal::from_driver(Phase::Statement, error),
        };
        Stop::Failed(Box::new(failure))
    }

    async fn unheard(&self) -> Stop {
        let _ = self.session.canceller.cancel().await;
        Stop::Unheard
    }
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

/// COPY with the client's streams would leave the server waiting for data that never comes, and the
/// next statement would find the connection dead: it is not sent.
fn refuse_copy(sql: &str) -> Result<(), Failure> {
    for range in statements(sql) {
        match classify(sql.get(range).unwrap_or_default()).kind {
            Kind::CopyFromStdin => {
                return Err(copy_refused(
                    "COPY … FROM STDIN needs a file or a pipe to read from",
                ));
            }
            Kind::CopyToStdout => {
                return Err(copy_refused(
                    "COPY … TO STDOUT needs a file or a pipe to write to",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Why COPY with the client's streams cannot be typed here.
fn copy_refused(message: &str) -> Failure {
    Failure::new(Phase::Statement, Origin::Local, message).with_hint(
        "use INSERT or SELECT here, or psql's \\copy through `pgiam exec PROFILE -- psql`",
    )
}

/// What came next from the server.
enum Next {
    /// A message, or the error that ended the stream.
    Message(Result<SimpleQueryMessage, tokio_postgres::Error>),
    /// Nothing in time, though rows are waiting to be handed on.
    Late,
    /// The statement is over.
    End,
}

async fn next_before(
    stream: &mut std::pin::Pin<Box<SimpleQueryStream>>,
    builder: &RowBatchBuilder,
) -> Next {
    let next = stream.next();
    let arrived = if builder.is_empty() {
        Ok(next.await)
    } else {
        tokio::time::timeout(BATCH_PATIENCE, next).await
    };
    match arrived {
        Ok(Some(message)) => Next::Message(message),
        Ok(None) => Next::End,
        Err(_) => Next::Late,
    }
}

//! One server session: run, stream batches, cancel, notices.
//!
//! Everything goes by the simple-query protocol: the server formats every type as text, extension
//! types too. What that interface leaves out comes from [`super::wire_tap`], rows included.

mod copy;
mod run;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{FutureExt, future::BoxFuture, future::Shared};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{AsyncMessage, Client, Connection, SimpleQueryMessage};

use super::refusal;
use super::tunnel::Tunnel;
use super::wire_record::{Data, Partial, Record, Request, Seen};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::link::LinkFacts;
use crate::domain::profile::Guard;
use crate::domain::run::{Notice, RunEvent, TransactionState};

use run::{Run, Stop};

pub use super::cancel::Canceller;
pub use run::Streams;

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
    /// Held by who talks to the server: requests are answered in the order they are expected.
    turn: tokio::sync::Mutex<()>,
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
            turn: tokio::sync::Mutex::new(()),
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
        self.run_with(statements, Streams::None, events).await;
    }

    /// As [`Self::run`], with streams for COPY.
    pub async fn run_with(
        &self,
        statements: &[String],
        mut streams: Streams,
        events: &mpsc::Sender<RunEvent>,
    ) {
        let _turn = self.turn.lock().await;
        for (index, statement) in statements.iter().enumerate() {
            let mut run = Run::new(self, events);
            if run.send(RunEvent::Started { index }).await.is_err() {
                break;
            }
            let outcome = run.statement(statement, &mut streams).await;
            let went_on = match outcome {
                Ok(()) => Ok(()),
                Err(Stop::Failed(failure)) => {
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
        let _turn = self.turn.lock().await;
        self.ask(sql).await
    }

    /// The path along which it seeks names now, as `SHOW search_path` writes it. `None` while it runs
    /// something, which is not waited for, and in a transaction that failed, where nothing can be
    /// asked. `SHOW` takes no snapshot: `SET TRANSACTION ISOLATION LEVEL` works after it.
    pub async fn search_path(&self) -> Option<String> {
        let _turn = self.turn.try_lock().ok()?;
        if self.transaction() == TransactionState::Failed {
            return None;
        }
        let answer = self.ask("SHOW search_path").await.ok()?;
        answer.rows.into_iter().next()?.into_iter().next()?
    }

    /// As [`Self::query`], for who holds the turn.
    async fn ask(&self, sql: &str) -> Result<Answer, Failure> {
        let failed = |error: tokio_postgres::Error| refusal::from_driver(Phase::Statement, &error);
        let request = self.record.expect(Data::Passed);
        let mut answer = Answer::default();
        let outcome = self.client.simple_query(sql).await;
        // After an error the driver answers before the server is ready for the next statement.
        while let Some(seen) = self.next(&request).await {
            self.watch_guard(&seen);
            match seen {
                Seen::Tag(tag) => answer.tags.push(tag),
                Seen::Ready(state) => {
                    self.set_transaction(state);
                    break;
                }
                _ => {}
            }
        }
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

    /// The next event of a request; `None` if the connection ended before it came.
    async fn next(&self, request: &Request) -> Option<Seen> {
        loop {
            let arrival = request.arrival();
            if let Some(seen) = request.take(Partial::Given) {
                return Some(seen);
            }
            tokio::select! {
                biased;
                () = arrival => {}
                _ = self.lost() => return request.take(Partial::Given),
            }
        }
    }

    fn set_transaction(&self, state: TransactionState) {
        *self
            .transaction
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = state;
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
    async fn guard_again(&self) -> Result<(), Failure> {
        if self.facts.guard != Guard::ReadOnly || self.transaction() != TransactionState::Idle {
            return Ok(());
        }
        if self.loosened.swap(false, Ordering::AcqRel) || self.facts.version.major() < 14 {
            let guard = "SET default_transaction_read_only = on";
            drop(self.ask(guard).await?);
            self.loosened.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// The id of the open transaction, if it has one: it wrote something.
    pub(super) async fn transaction_id(&self) -> Option<String> {
        let _turn = self.turn.lock().await;
        self.ask_transaction_id().await
    }

    /// As [`Self::transaction_id`], for who holds the turn.
    async fn ask_transaction_id(&self) -> Option<String> {
        let asked = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
        let answer = self.ask(asked).await.ok()?;
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

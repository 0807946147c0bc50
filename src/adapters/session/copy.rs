//! COPY … FROM STDIN: what a reader brings goes to the server.

use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio_postgres::Statement;

use super::{Session, refusal};
use crate::adapters::wire_record::{Data, Record, Request, Seen};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::run::RunEvent;
use crate::domain::sql::classify::Kind;

/// Bytes sent at once.
const PIECE: usize = 64 << 10;

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// Why COPY with the client's streams cannot run where there are none.
pub(super) fn refused(kind: Kind) -> Failure {
    let message = if kind == Kind::CopyFromStdin {
        "COPY … FROM STDIN needs a file or a pipe to read from"
    } else {
        "COPY … TO STDOUT needs a file or a pipe to write to"
    };
    Failure::new(Phase::Statement, Origin::Local, message)
        .with_hint("run it alone, by itself: then there is a file to read or to write")
}

/// A statement that is closed on the server when it is dropped, which has an answer of its own.
struct Prepared<'a> {
    record: &'a Record,
    statement: Option<Statement>,
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        drop(self.record.expect(Data::Dropped));
        self.statement = None;
    }
}

/// Feeds a COPY.
pub(super) struct Feed<'a> {
    pub(super) session: &'a Session,
}

impl Feed<'_> {
    /// Sends all that `input` brings; returns the command's tag.
    pub(super) async fn run(
        &self,
        sql: &str,
        input: &mut (dyn AsyncRead + Send + Unpin),
        events: &mpsc::Sender<RunEvent>,
    ) -> Result<String, Failure> {
        let failed = |error: tokio_postgres::Error| refusal::from_driver(Phase::Statement, &error);
        // The driver's COPY goes by the extended protocol: one answer to its preparation, one to
        // its execution.
        let preparing = self.session.record.expect(Data::Passed);
        let statement = self.session.client.prepare(sql).await;
        let _ = self.settle(&preparing).await;
        let prepared = Prepared {
            record: &self.session.record,
            statement: Some(statement.map_err(failed)?),
        };
        let copying = self.session.record.expect(Data::Passed);
        let outcome = self.send(&prepared, input, events).await;
        let tag = self.settle(&copying).await;
        outcome.map(|()| tag.unwrap_or_else(|| "COPY".to_owned()))
    }

    async fn send(
        &self,
        prepared: &Prepared<'_>,
        input: &mut (dyn AsyncRead + Send + Unpin),
        events: &mpsc::Sender<RunEvent>,
    ) -> Result<(), Failure> {
        let failed = |error: tokio_postgres::Error| refusal::from_driver(Phase::Statement, &error);
        let Some(statement) = &prepared.statement else {
            return Ok(());
        };
        let mut sink = pin!(
            self.session
                .client
                .copy_in(statement)
                .await
                .map_err(failed)?
        );
        let (mut sent, mut told) = (0_u64, Instant::now());
        loop {
            let mut piece = vec![0; PIECE];
            let read = input.read(&mut piece).await.map_err(|error| {
                // Dropping the sink sends CopyFail: the server takes nothing in.
                Failure::local(format!("cannot read what COPY should load: {error}"))
            })?;
            if read == 0 {
                break;
            }
            piece.truncate(read);
            sent += read as u64;
            sink.send(Bytes::from(piece)).await.map_err(failed)?;
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                let _ = events.send(RunEvent::Moved { bytes: sent }).await;
            }
        }
        let _rows = sink.finish().await.map_err(failed)?;
        Ok(())
    }

    /// Waits until an answer is over; returns its tag.
    async fn settle(&self, request: &Request) -> Option<String> {
        let mut tag = None;
        while let Some(seen) = self.session.next(request).await {
            match seen {
                Seen::Tag(text) => tag = Some(text),
                Seen::Ready(state) => {
                    self.session.set_transaction(state);
                    break;
                }
                _ => {}
            }
        }
        tag
    }
}

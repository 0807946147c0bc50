//! What the tap saw go by, request by request, and the rows it kept for whoever asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::domain::rows::{RowBatch, RowBatchBuilder};
use crate::domain::run::{Column, TransactionState};

/// What the tap saw go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// `RowDescription`: a result begins.
    Columns(Vec<Column>),
    /// `DataRow`s, of a request that keeps them.
    Rows(RowBatch),
    /// `CommandComplete`, with its exact tag.
    Tag(String),
    /// `EmptyQueryResponse`: there was no command.
    Empty,
    /// `ReadyForQuery`: the request is over.
    Ready(TransactionState),
    /// `ParameterStatus`.
    Parameter {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// `CopyInResponse`: the server waits for data.
    CopyIn,
    /// `CopyOutResponse`: the server sends data.
    CopyOut,
    /// `CopyData`, of a request that keeps it.
    Copied(Vec<u8>),
}

/// Batches, or pieces of COPY data, that wait for their reader; then the socket is read no further.
const WAITING: usize = 6;

/// Bytes of COPY data in a piece.
const COPY_PIECE: usize = 128 << 10;

/// What becomes of the rows and COPY data of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// They go on to the driver.
    Passed,
    /// They are kept for the request's reader; the driver never sees them.
    Kept,
    /// Nobody wants them any more.
    Dropped,
}

/// Whether a batch that is not full is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// It is.
    Given,
    /// More rows may come first.
    Held,
}

#[derive(Debug)]
struct Asked {
    id: u64,
    data: Data,
    over: bool,
    seen: VecDeque<Seen>,
    /// Batches and pieces among `seen`.
    waiting: usize,
    builder: RowBatchBuilder,
    piece: Vec<u8>,
}

/// What is known of the requests that were sent.
#[derive(Debug, Default)]
pub(super) struct State {
    /// In the order they were sent; the server answers in that order, and ends each answer with
    /// `ReadyForQuery` (PostgreSQL documentation, "Message Flow").
    asked: VecDeque<Asked>,
    last: u64,
    reader: Option<Waker>,
}

impl State {
    /// The request the server is answering.
    fn answered(&mut self) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| !asked.over)
    }

    /// What becomes of rows that arrive now.
    pub(super) fn data(&mut self) -> Data {
        self.answered().map_or(Data::Passed, |asked| asked.data)
    }

    /// Whether the socket must wait for a reader, who wakes it.
    pub(super) fn is_full(&mut self) -> bool {
        self.answered()
            .is_some_and(|asked| asked.data == Data::Kept && asked.waiting >= WAITING)
    }

    pub(super) fn wake_later(&mut self, waker: &Waker) {
        self.reader = Some(waker.clone());
    }

    /// Takes note of a message. What nobody asked for, at start-up, needs no note.
    pub(super) fn note(&mut self, seen: Seen) {
        let Some(asked) = self.answered() else {
            return;
        };
        asked.flush();
        match &seen {
            Seen::Columns(columns) => asked.builder = RowBatchBuilder::new(columns.len()),
            Seen::Ready(_) => asked.over = true,
            _ => {}
        }
        let dropped = asked.over && asked.data == Data::Dropped;
        if asked.data != Data::Dropped {
            asked.seen.push_back(seen);
        }
        if dropped {
            let id = asked.id;
            self.asked.retain(|asked| asked.id != id);
        }
    }

    /// The builder for a row of so many bytes.
    pub(super) fn builder(&mut self, bytes: usize) -> Option<&mut RowBatchBuilder> {
        let asked = self.answered()?;
        if !asked.builder.fits(bytes) {
            asked.flush();
        }
        Some(&mut asked.builder)
    }

    /// The builder for the rest of a row.
    pub(super) fn builder_of_row(&mut self) -> Option<&mut RowBatchBuilder> {
        self.answered().map(|asked| &mut asked.builder)
    }

    /// Hands on what is full.
    pub(super) fn row_ended(&mut self) {
        if let Some(asked) = self.answered()
            && asked.builder.is_full()
        {
            asked.flush();
        }
    }

    /// Keeps COPY data.
    pub(super) fn copied(&mut self, bytes: &[u8]) {
        if let Some(asked) = self.answered() {
            asked.piece.extend_from_slice(bytes);
            if asked.piece.len() >= COPY_PIECE {
                asked.flush();
            }
        }
    }
}

impl Asked {
    /// Hands on the rows and the data so far.
    fn flush(&mut self) {
        if self.data == Data::Dropped {
            drop(self.builder.take());
            self.piece.clear();
            return;
        }
        if !self.builder.is_empty() {
            self.seen.push_back(Seen::Rows(self.builder.take()));
            self.waiting += 1;
        }
        if !self.piece.is_empty() {
            let piece = std::mem::take(&mut self.piece);
            self.seen.push_back(Seen::Copied(piece));
            self.waiting += 1;
        }
    }
}

/// Shared by the tap, which writes, and the requests, which read.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

impl Record {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells readers that something may have arrived.
    pub(super) fn tell(&self) {
        self.0.arrived.notify_waiters();
    }

    /// Expects the answer to a request that is sent next.
    #[must_use]
    pub fn expect(&self, data: Data) -> Request {
        let mut state = self.state();
        state.last += 1;
        let id = state.last;
        state.asked.push_back(Asked {
            id,
            data,
            over: false,
            seen: VecDeque::new(),
            waiting: 0,
            builder: RowBatchBuilder::default(),
            piece: Vec::new(),
        });
        Request {
            record: self.clone(),
            id,
        }
    }
}

/// The answer to one request, as it arrives. Dropped before its end, the rest of it is read and
/// forgotten.
#[derive(Debug)]
pub struct Request {
    record: Record,
    id: u64,
}

impl Request {
    /// Resolves when something may have arrived since this was called.
    pub fn arrival(&self) -> Notified<'_> {
        self.record.0.arrived.notified()
    }

    /// Takes the oldest event.
    pub fn take(&self, partial: Partial) -> Option<Seen> {
        let mut state = self.record.state();
        let asked = state.asked.iter_mut().find(|asked| asked.id == self.id)?;
        if asked.seen.is_empty() && partial == Partial::Given {
            // A row that is arriving in pieces stays until it is whole.
            if asked.builder.is_between_rows() {
                asked.flush();
            }
        }
        let seen = asked.seen.pop_front()?;
        if matches!(seen, Seen::Rows(_) | Seen::Copied(_)) {
            asked.waiting -= 1;
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
        Some(seen)
    }

    /// Whether there are rows that [`Partial::Held`] holds back.
    pub fn holds_rows(&self) -> bool {
        let state = self.record.state();
        let mut asked = state.asked.iter();
        asked.any(|asked| {
            asked.id == self.id && (!asked.builder.is_empty() || !asked.piece.is_empty())
        })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut state = self.record.state();
        let id = self.id;
        state.asked.retain(|asked| asked.id != id || !asked.over);
        if let Some(asked) = state.asked.iter_mut().find(|asked| asked.id == id) {
            asked.data = Data::Dropped;
            asked.seen.clear();
            asked.waiting = 0;
            asked.piece = Vec::new();
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }
}

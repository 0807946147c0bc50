//! A stream under the driver that reads message headers as they pass.
//!
//! The driver's simple-query rows carry names only, and it drops command tags and transaction
//! states. All of them go by on the wire; the tap keeps the few bodies that say them and lets every
//! other byte pass unread.
//!
//! Source: PostgreSQL documentation, "Message Formats".

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::domain::run::{Column, TransactionState};

/// What the tap saw go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// `RowDescription`: a result begins.
    Columns(Vec<Column>),
    /// `CommandComplete`, with its exact tag.
    Tag(String),
    /// `EmptyQueryResponse`: there was no command.
    Empty,
    /// `ReadyForQuery`.
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
}

/// A body longer than this is not kept: no message we read is, unless the server goes mad.
const LONGEST_BODY: usize = 4 << 20;

/// Reads the stream of backend messages, whatever the pieces it arrives in.
#[derive(Debug, Default)]
struct Reader {
    header: [u8; 5],
    header_filled: usize,
    /// Bytes of the current body still to come.
    remaining: usize,
    /// The current body, where it is one we read.
    body: Option<Vec<u8>>,
}

impl Reader {
    fn read(&mut self, mut bytes: &[u8], seen: &mut VecDeque<Seen>) {
        while !bytes.is_empty() {
            if self.header_filled < self.header.len() {
                bytes = self.fill_header(bytes, seen);
            } else {
                let (now, later) = bytes.split_at(self.remaining.min(bytes.len()));
                if let Some(body) = &mut self.body {
                    body.extend_from_slice(now);
                }
                self.remaining -= now.len();
                bytes = later;
                self.finish(seen);
            }
        }
    }

    fn fill_header<'a>(&mut self, bytes: &'a [u8], seen: &mut VecDeque<Seen>) -> &'a [u8] {
        let wanted = self.header.len() - self.header_filled;
        let (now, later) = bytes.split_at(wanted.min(bytes.len()));
        for (slot, byte) in self.header.iter_mut().skip(self.header_filled).zip(now) {
            *slot = *byte;
        }
        self.header_filled += now.len();
        if self.header_filled == self.header.len() {
            let [tag, a, b, c, d] = self.header;
            // The length counts itself but not the tag.
            self.remaining = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
            let wanted = matches!(tag, b'T' | b'C' | b'I' | b'Z' | b'S' | b'G' | b'H');
            self.body = (wanted && self.remaining <= LONGEST_BODY)
                .then(|| Vec::with_capacity(self.remaining));
            self.finish(seen);
        }
        later
    }

    fn finish(&mut self, seen: &mut VecDeque<Seen>) {
        if self.remaining > 0 {
            return;
        }
        self.header_filled = 0;
        let [tag, ..] = self.header;
        if let Some(found) = self.body.take().and_then(|body| parse(tag, &body)) {
            seen.push_back(found);
        }
    }
}

fn parse(tag: u8, body: &[u8]) -> Option<Seen> {
    let mut body = Body(body);
    Some(match tag {
        b'T' => Seen::Columns(columns(&mut body)?),
        b'C' => Seen::Tag(body.text()?),
        b'I' => Seen::Empty,
        b'Z' => Seen::Ready(match body.byte()? {
            b'T' => TransactionState::Open,
            b'E' => TransactionState::Failed,
            _ => TransactionState::Idle,
        }),
        b'S' => Seen::Parameter {
            name: body.text()?,
            value: body.text()?,
        },
        b'G' => Seen::CopyIn,
        b'H' => Seen::CopyOut,
        _ => return None,
    })
}

fn columns(body: &mut Body<'_>) -> Option<Vec<Column>> {
    let count = body.short()?;
    (0..count)
        .map(|_| {
            let name = body.text()?;
            let table_oid = body.long()?;
            let attribute = body.short()?;
            let type_oid = body.long()?;
            let _width = body.short()?;
            let type_modifier = body.long()?.cast_signed();
            let _format = body.short()?;
            let type_name = tokio_postgres::types::Type::from_oid(type_oid)
                .map_or_else(String::new, |known| known.name().to_owned());
            Some(Column {
                name,
                type_oid,
                type_name,
                type_modifier,
                table_oid,
                attribute,
            })
        })
        .collect()
}

/// The unread rest of a message body.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn short(&mut self) -> Option<i16> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i16::from_be_bytes(*bytes))
    }

    fn long(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*bytes))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

/// What went by and nobody has taken yet. Events are queued, never sampled: the tap sees bytes
/// before the driver's futures resolve, and on errors after.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<VecDeque<Seen>>>);

impl Record {
    /// Takes the oldest event.
    pub fn take(&self) -> Option<Seen> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}

/// A stream whose incoming bytes are read along.
#[derive(Debug)]
pub struct WireTap<S> {
    inner: S,
    reader: Reader,
    record: Record,
}

impl<S> WireTap<S> {
    /// Taps a stream that begins with backend messages (after TLS, before the start-up answer).
    pub fn new(inner: S) -> (Self, Record) {
        let record = Record::default();
        (
            Self {
                inner,
                reader: Reader::default(),
                record: record.clone(),
            },
            record,
        )
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WireTap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            let this = &mut *self;
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            let mut seen = this.record.0.lock().unwrap_or_else(PoisonError::into_inner);
            this.reader.read(fresh, &mut seen);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WireTap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn conversation() -> Vec<u8> {
        let mut description = 1_i16.to_be_bytes().to_vec();
        description.extend(b"id\0");
        description.extend(16_384_u32.to_be_bytes());
        description.extend(1_i16.to_be_bytes());
        description.extend(20_u32.to_be_bytes());
        description.extend(8_i16.to_be_bytes());
        description.extend((-1_i32).to_be_bytes());
        description.extend(0_i16.to_be_bytes());
        [
            message(b'S', b"TimeZone\0UTC\0"),
            message(b'T', &description),
            message(b'D', &[0; 300]),
            message(b'C', b"SELECT 1\0"),
            message(b'I', b""),
            message(b'Z', b"E"),
        ]
        .concat()
    }

    fn read_in_pieces(pieces: &[&[u8]]) -> Vec<Seen> {
        let mut seen = VecDeque::new();
        let mut reader = Reader::default();
        for piece in pieces {
            reader.read(piece, &mut seen);
        }
        seen.into()
    }

    fn expected() -> Vec<Seen> {
        vec![
            Seen::Parameter {
                name: "TimeZone".into(),
                value: "UTC".into(),
            },
            Seen::Columns(vec![Column {
                name: "id".into(),
                type_oid: 20,
                type_name: "int8".into(),
                type_modifier: -1,
                table_oid: 16_384,
                attribute: 1,
            }]),
            Seen::Tag("SELECT 1".into()),
            Seen::Empty,
            Seen::Ready(TransactionState::Failed),
        ]
    }

    #[test]
    fn any_split_into_two_reads_the_same() {
        let bytes = conversation();
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            assert_eq!(read_in_pieces(&[left, right]), expected(), "split at {at}");
        }
    }

    #[test]
    fn single_bytes_read_the_same() {
        let bytes = conversation();
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read_in_pieces(&pieces), expected());
    }

    proptest! {
        #[test]
        fn noise_never_panics(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let _ = read_in_pieces(&pieces);
        }
    }
}

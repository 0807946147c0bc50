//! A stream under the driver that takes rows out of the bytes as they pass.
//!
//! The driver's simple-query rows carry names only, cost several allocations each, and it drops
//! command tags and transaction states. All of them go by on the wire: the tap copies the cells of
//! rows straight into the arena they will stay in, keeps the few bodies that say the rest, and lets
//! every other byte pass. Rows that nobody takes stop it from reading, and so the server from sending.
//!
//! Source: PostgreSQL documentation, "Message Formats".

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire_record::{Data, Record, Seen, State};
use crate::domain::rows::stray;
use crate::domain::run::{Column, TransactionState};

/// A body longer than this is not kept: no message we read is, unless the server goes mad.
const LONGEST_BODY: usize = 4 << 20;

/// Bytes read at once.
const BUFFER: usize = 128 << 10;

/// A row up to this long is read whole; a longer one in pieces, since it may have 1 GB.
const WHOLE: usize = BUFFER / 2;

/// Tag and length of a message.
const HEADER: usize = 5;

/// Where in the stream of messages the reader is.
#[derive(Debug, Default)]
enum At {
    #[default]
    Header,
    /// In a message for the driver; `left` counts its header too.
    Passing {
        left: usize,
        tag: u8,
        /// The message so far, where it is one we read.
        kept: Option<Vec<u8>>,
    },
    /// In a message for nobody.
    Skipping { left: usize },
    /// In COPY data.
    Copying { left: usize },
    /// In a long row, before its count of cells.
    RowHead { left: usize },
    /// In a long row.
    Row {
        /// Bytes of the message still to come.
        left: usize,
        /// Bytes of the current value still to come.
        value: usize,
        /// Values still to come.
        values: usize,
    },
}

/// Why reading pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// What is here is used up.
    Empty,
    /// The driver's buffer is full.
    DriverFull,
    /// Rows wait for their reader.
    RowsWait,
    /// What comes is no message.
    Nonsense,
}

/// Reads the stream of backend messages, whatever the pieces it arrives in.
#[derive(Debug, Default)]
struct Reader {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at: At,
}

impl Reader {
    /// Room for bytes to read into.
    fn room(&mut self) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    fn used(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// The stream ended within a message: what is left of it is the driver's to judge.
    fn read_rest(&mut self, out: &mut ReadBuf<'_>, state: &mut State) {
        if state.data() == Data::Passed {
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            let now = rest.len().min(out.remaining());
            out.put_slice(rest.get(..now).unwrap_or_default());
            self.used(now);
        }
    }

    /// Goes through what is here; bytes for the driver go into `out`.
    fn read(&mut self, out: &mut ReadBuf<'_>, state: &mut State) -> Pause {
        loop {
            let bytes = self.buffer.get(self.start..self.end).unwrap_or_default();
            let step = match &mut self.at {
                At::Header => header(bytes, state),
                At::Passing { left, tag, kept } => passing(bytes, out, state, (left, *tag, kept)),
                At::Skipping { left } => {
                    let now = bytes.len().min(*left);
                    *left -= now;
                    Ok((now, (*left == 0).then_some(At::Header)))
                }
                At::Copying { left } => {
                    let now = bytes.len().min(*left);
                    *left -= now;
                    state.copied(bytes.get(..now).unwrap_or_default());
                    Ok((now, (*left == 0).then_some(At::Header)))
                }
                At::RowHead { left } => row_head(bytes, *left),
                At::Row {
                    left,
                    value,
                    values,
                } => row_piece(bytes, state, [left, value, values]),
            };
            match step {
                Ok((used, at)) => {
                    let stuck = used == 0 && at.is_none();
                    self.used(used);
                    if let Some(at) = at {
                        self.at = at;
                    }
                    if stuck {
                        return Pause::Empty;
                    }
                }
                Err(pause) => return pause,
            }
        }
    }
}

/// Bytes used and where the reader is then, if elsewhere.
type Step = Result<(usize, Option<At>), Pause>;

fn header(bytes: &[u8], state: &mut State) -> Step {
    let Some(&[tag, a, b, c, d]) = bytes.first_chunk::<HEADER>() else {
        return Err(Pause::Empty);
    };
    if state.is_full() {
        return Err(Pause::RowsWait);
    }
    // The length counts itself but not the tag.
    let left = (u32::from_be_bytes([a, b, c, d]) as usize)
        .checked_sub(4)
        .filter(|left| is_message(tag, *left))
        .ok_or(Pause::Nonsense)?;
    match (state.data(), tag) {
        (Data::Kept, b'D') if left > WHOLE => {
            // Rows before it do not wait until it is whole.
            let _ = state.builder(left);
            Ok((HEADER, Some(At::RowHead { left })))
        }
        (Data::Kept, b'D') => {
            let body = bytes.get(HEADER..HEADER + left).ok_or(Pause::Empty)?;
            whole_row(body, state);
            Ok((HEADER + left, None))
        }
        (Data::Kept, b'd') => Ok((HEADER, Some(At::Copying { left }))),
        (Data::Kept, b'H') => {
            state.note(Seen::CopyOut);
            Ok((HEADER, Some(At::Skipping { left })))
        }
        (Data::Kept, b'c') | (Data::Dropped, b'D' | b'd' | b'H' | b'c') => {
            Ok((HEADER, Some(At::Skipping { left })))
        }
        _ => {
            let wanted = matches!(tag, b'T' | b'C' | b'I' | b'Z' | b'S' | b'G');
            let kept = (wanted && left <= LONGEST_BODY).then(|| Vec::with_capacity(HEADER + left));
            let left = HEADER + left;
            Ok((0, Some(At::Passing { left, tag, kept })))
        }
    }
}

/// Whether a backend sends such a message. Without this question, noise whose length is huge would
/// be waited for until the end of time. libpq asks it too (PostgreSQL source, `fe-protocol3.c`,
/// `VALID_LONG_MESSAGE_TYPE`); here what is not data may be longer than there.
fn is_message(tag: u8, left: usize) -> bool {
    match tag {
        b'T' | b'D' | b'd' | b'V' | b'E' | b'N' | b'A' => i32::try_from(left).is_ok(),
        b'R'
        | b'K'
        | b'S'
        | b'Z'
        | b'C'
        | b'I'
        | b't'
        | b'n'
        | b's'
        | b'v'
        | b'1'..=b'3'
        | b'G'
        | b'H'
        | b'W'
        | b'c' => left <= LONGEST_BODY,
        _ => false,
    }
}

fn passing(
    bytes: &[u8],
    out: &mut ReadBuf<'_>,
    state: &mut State,
    (left, tag, kept): (&mut usize, u8, &mut Option<Vec<u8>>),
) -> Step {
    if out.remaining() == 0 {
        return Err(Pause::DriverFull);
    }
    let now = bytes.len().min(*left).min(out.remaining());
    let piece = bytes.get(..now).unwrap_or_default();
    out.put_slice(piece);
    if let Some(kept) = kept {
        kept.extend_from_slice(piece);
    }
    *left -= now;
    if *left > 0 {
        return Ok((now, None));
    }
    let seen = kept
        .take()
        .and_then(|message| parse(tag, message.get(HEADER..)?));
    if let Some(seen) = seen {
        state.note(seen);
    }
    Ok((now, Some(At::Header)))
}

/// A row that is here whole: its cells go into the arena.
fn whole_row(body: &[u8], state: &mut State) {
    let Some(builder) = state.builder(body.len()) else {
        return;
    };
    let mut body = Body(body);
    let count = body.short().map_or(0, i16::cast_unsigned);
    for _ in 0..usize::from(count).min(builder.columns()) {
        let Some(length) = body.long().map(u32::cast_signed) else {
            break;
        };
        let Ok(length) = usize::try_from(length) else {
            builder.null();
            continue;
        };
        let Some((value, rest)) = body.0.split_at_checked(length) else {
            break;
        };
        builder.begin_text(length);
        builder.extend(value);
        body.0 = rest;
    }
    builder.end_row();
    state.row_ended();
}

fn row_head(bytes: &[u8], left: usize) -> Step {
    let values = Body(bytes).short().ok_or(Pause::Empty)?;
    let at = At::Row {
        left: left.saturating_sub(2),
        value: 0,
        values: usize::from(values.cast_unsigned()),
    };
    Ok((2, Some(at)))
}

/// A piece of a long row: of a value, or the length of the next one.
fn row_piece(bytes: &[u8], state: &mut State, [left, value, values]: [&mut usize; 3]) -> Step {
    if *value > 0 {
        let now = bytes.len().min(*value);
        if let Some(builder) = state.builder_of_row() {
            builder.extend(bytes.get(..now).unwrap_or_default());
        }
        *value -= now;
        *left -= now;
        return Ok((now, None));
    }
    if *values == 0 || *left < 4 {
        if let Some(builder) = state.builder_of_row() {
            builder.end_row();
        }
        state.row_ended();
        return Ok((0, Some(At::Skipping { left: *left })));
    }
    let length = Body(bytes).long().ok_or(Pause::Empty)?.cast_signed();
    *values -= 1;
    *left -= 4;
    if let Some(builder) = state.builder_of_row() {
        match usize::try_from(length) {
            Ok(length) if length <= *left => {
                builder.begin_text(length);
                *value = length;
            }
            _ => builder.null(),
        }
    }
    Ok((4, None))
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
        _ => return None,
    })
}

fn columns(body: &mut Body<'_>) -> Option<Vec<Column>> {
    let count = body.short()?;
    (0..count)
        .map(|_| {
            let name = stray::kept(body.until_zero()?).into_owned();
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

impl<'a> Body<'a> {
    fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..)?;
        Some(text)
    }

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
        let text = self.until_zero()?;
        Some(String::from_utf8_lossy(text).into_owned())
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
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = out.filled().len();
        loop {
            let pause = {
                let mut state = this.record.state();
                let pause = this.reader.read(out, &mut state);
                if pause == Pause::RowsWait {
                    state.wake_later(context.waker());
                }
                pause
            };
            this.record.tell();
            if out.filled().len() > before || pause == Pause::DriverFull {
                return Poll::Ready(Ok(()));
            }
            if pause == Pause::RowsWait {
                return Poll::Pending;
            }
            if pause == Pause::Nonsense {
                let said = "what the server sends is not PostgreSQL's protocol";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, said)));
            }
            let mut room = ReadBuf::new(this.reader.room());
            match Pin::new(&mut this.inner).poll_read(context, &mut room) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            let read = room.filled().len();
            if read == 0 {
                this.reader.read_rest(out, &mut this.record.state());
                return Poll::Ready(Ok(()));
            }
            this.reader.end += read;
        }
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
    use super::super::wire_record::{Partial, Request};
    use super::*;
    use proptest::prelude::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn row(cells: &[Option<&str>]) -> Vec<u8> {
        let mut body = i16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
        for cell in cells {
            match cell {
                None => body.extend((-1_i32).to_be_bytes()),
                Some(text) => {
                    body.extend(i32::try_from(text.len()).unwrap().to_be_bytes());
                    body.extend(text.as_bytes());
                }
            }
        }
        message(b'D', &body)
    }

    fn description() -> Vec<u8> {
        let mut description = 2_i16.to_be_bytes().to_vec();
        for name in ["id\0", "of\0"] {
            description.extend(name.as_bytes());
            description.extend(16_384_u32.to_be_bytes());
            description.extend(1_i16.to_be_bytes());
            description.extend(20_u32.to_be_bytes());
            description.extend(8_i16.to_be_bytes());
            description.extend((-1_i32).to_be_bytes());
            description.extend(0_i16.to_be_bytes());
        }
        message(b'T', &description)
    }

    fn long() -> String {
        "zwölf".repeat(40_000)
    }

    fn conversation() -> Vec<u8> {
        [
            message(b'S', b"TimeZone\0UTC\0"),
            description(),
            row(&[Some("1"), None]),
            row(&[Some(""), Some(&long())]),
            row(&[None, Some("é")]),
            message(b'C', b"SELECT 3\0"),
            message(b'I', b""),
            message(b'H', &[0, 0, 0]),
            message(b'd', b"1\t2\n"),
            message(b'd', b"3\t4\n"),
            message(b'c', b""),
            message(b'C', b"COPY 2\0"),
            message(b'Z', b"E"),
        ]
        .concat()
    }

    /// What the driver gets of it when rows are kept.
    fn for_the_driver() -> Vec<u8> {
        [
            message(b'S', b"TimeZone\0UTC\0"),
            description(),
            message(b'C', b"SELECT 3\0"),
            message(b'I', b""),
            message(b'C', b"COPY 2\0"),
            message(b'Z', b"E"),
        ]
        .concat()
    }

    struct Heard {
        rows: Vec<Vec<Option<String>>>,
        copied: Vec<u8>,
        rest: Vec<Seen>,
        passed: Vec<u8>,
    }

    /// Reads pieces; rows that wait are taken at once.
    fn heard(pieces: &[&[u8]], data: Data, driver: usize) -> Heard {
        let record = Record::default();
        let request = record.expect(data);
        let mut reader = Reader::default();
        let mut heard = Heard {
            rows: Vec::new(),
            copied: Vec::new(),
            rest: Vec::new(),
            passed: Vec::new(),
        };
        for piece in pieces {
            let mut piece = *piece;
            loop {
                let mut space = vec![0; driver];
                let mut out = ReadBuf::new(&mut space);
                let pause = reader.read(&mut out, &mut record.state());
                heard.passed.extend(out.filled());
                take_all(&request, &mut heard);
                match pause {
                    Pause::Empty => {}
                    Pause::Nonsense => return heard,
                    Pause::DriverFull | Pause::RowsWait => continue,
                }
                if piece.is_empty() {
                    break;
                }
                let room = reader.room();
                let now = room.len().min(piece.len());
                room[..now].copy_from_slice(&piece[..now]);
                reader.end += now;
                piece = &piece[now..];
            }
        }
        heard
    }

    fn take_all(request: &Request, heard: &mut Heard) {
        while let Some(seen) = request.take(Partial::Given) {
            match seen {
                Seen::Rows(batch) => {
                    for row in 0..batch.rows() {
                        let cells = batch.row(row).map(|cell| cell.text().map(str::to_owned));
                        heard.rows.push(cells.collect());
                    }
                }
                Seen::Copied(bytes) => heard.copied.extend(bytes),
                other => heard.rest.push(other),
            }
        }
    }

    fn check(heard: &Heard) {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            heard.rows,
            [
                vec![text("1"), None],
                vec![text(""), Some(long())],
                vec![None, text("é")]
            ]
        );
        assert_eq!(heard.copied, b"1\t2\n3\t4\n");
        assert_eq!(heard.passed, for_the_driver());
        let [parameter, Seen::Columns(columns), rest @ ..] = heard.rest.as_slice() else {
            panic!("{:?}", heard.rest);
        };
        assert!(matches!(parameter, Seen::Parameter { name, .. } if name == "TimeZone"));
        assert_eq!(columns[0].type_name, "int8");
        assert_eq!(
            rest,
            [
                Seen::Tag("SELECT 3".into()),
                Seen::Empty,
                Seen::CopyOut,
                Seen::Tag("COPY 2".into()),
                Seen::Ready(TransactionState::Failed),
            ]
        );
    }

    #[test]
    fn pieces_of_any_size_read_the_same() {
        let bytes = conversation();
        for size in [1, 2, 3, 7, 64, 4096, 65_536, 1 << 20] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            check(&heard(&pieces, Data::Kept, 100));
            check(&heard(&pieces, Data::Kept, 1));
        }
    }

    #[test]
    fn what_is_passed_is_passed_whole() {
        let bytes = conversation();
        let heard = heard(&[&bytes], Data::Passed, 1000);
        assert_eq!(heard.passed, bytes);
        assert!(heard.rows.is_empty());
    }

    #[test]
    fn an_answer_that_nobody_wants_any_more_is_read_to_its_end() {
        let record = Record::default();
        drop(record.expect(Data::Kept));
        let next = record.expect(Data::Kept);
        let mut reader = Reader::default();
        let bytes = [conversation(), description(), row(&[Some("2"), None])].concat();
        let mut space = vec![0; bytes.len()];
        let mut out = ReadBuf::new(&mut space);
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            let now = reader.room().len().min(bytes.len());
            reader.room()[..now].copy_from_slice(&bytes[..now]);
            reader.end += now;
            bytes = &bytes[now..];
            assert_eq!(reader.read(&mut out, &mut record.state()), Pause::Empty);
        }
        assert!(matches!(next.take(Partial::Given), Some(Seen::Columns(_))));
        assert!(matches!(next.take(Partial::Given), Some(Seen::Rows(batch)) if batch.rows() == 1));
    }

    #[test]
    fn rows_that_nobody_takes_stop_the_reading() {
        let record = Record::default();
        let request = record.expect(Data::Kept);
        let mut reader = Reader::default();
        let text = "x".repeat(60_000);
        let mut pause = Pause::Empty;
        let mut bytes = vec![description()];
        bytes.resize(100, row(&[Some(&text), None]));
        let mut fed = 0;
        for piece in &bytes {
            let mut space = [0; 1000];
            let mut out = ReadBuf::new(&mut space);
            reader.room()[..piece.len()].copy_from_slice(piece);
            reader.end += piece.len();
            pause = reader.read(&mut out, &mut record.state());
            fed += 1;
            if pause == Pause::RowsWait {
                break;
            }
        }
        assert_eq!(pause, Pause::RowsWait);
        assert!(fed < 40, "{fed} rows of 60 kB were read");
        let _columns = request.take(Partial::Held);
        assert!(matches!(request.take(Partial::Held), Some(Seen::Rows(_))));
        let mut space = [0; 10];
        let mut out = ReadBuf::new(&mut space);
        assert_eq!(reader.read(&mut out, &mut record.state()), Pause::Empty);
    }

    #[test]
    fn what_is_no_message_is_not_waited_for() {
        for noise in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            b"Z\x7f\xff\xff\xff",
            b"D\xff\xff\xff\xff",
            b"Z\0\0\0\x03",
        ] {
            let record = Record::default();
            let mut reader = Reader::default();
            reader.room()[..noise.len()].copy_from_slice(noise);
            reader.end += noise.len();
            let mut space = [0; 100];
            let mut out = ReadBuf::new(&mut space);
            assert_eq!(
                reader.read(&mut out, &mut record.state()),
                Pause::Nonsense,
                "{noise:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let _ = heard(&pieces, Data::Kept, 50);
        }
    }
}

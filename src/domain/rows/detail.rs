//! One value in full, laid out for reading: JSON indented and foldable, bytes as hexadecimal and text,
//! arrays as lists, times with their zone and age.
//!
//! Nothing is parsed into numbers or maps: what is shown is the server's text with other line
//! breaks, so no digit and no duplicate key is lost.

mod dump;
mod json;
mod list;
mod times;

use super::array;
use super::cell;
use super::kind::{self, Kind};
use crate::domain::run::Column;

/// Bytes of a value that are laid out; saving and copying take all of it.
pub const LAID_OUT: usize = 1 << 20;

/// How a value is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As it is.
    Text,
    /// JSON, indented.
    Json,
    /// Bytes, in hexadecimal and as text.
    Bytes,
    /// An array, an element a line.
    Array,
    /// A date or a moment, with its age.
    Time,
}

impl Layout {
    /// The word for a title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Bytes => "bytes",
            Self::Array => "array",
            Self::Time => "time",
        }
    }
}

/// What a piece of a line is, for its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// The name of a field or a key.
    Name,
    /// A text in quotes.
    Text,
    /// A number.
    Number,
    /// True, false, null.
    Word,
    /// NULL.
    Null,
    /// Brackets, numbers of lines, what is said about the value.
    Quiet,
}

/// One line, safe to show, before it is broken to a width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Where each piece of it ends, in bytes, and what it is.
    pub tones: Vec<(usize, Tone)>,
    /// Cells that what does not fit is indented by.
    pub hanging: usize,
    /// What it opens, if it can be folded.
    pub fold: Option<Fold>,
    /// The column whose value it belongs to, in a record.
    pub field: Option<usize>,
}

/// What a line opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// The line that closes it.
    pub end: usize,
    /// How many it holds.
    pub count: usize,
    /// How deep it lies, from 1.
    pub depth: usize,
    /// Where it begins in the value, in bytes.
    pub from: usize,
    /// Where it ends in the value, in bytes.
    pub to: usize,
}

impl Line {
    /// A line of one piece.
    #[must_use]
    pub fn of(tone: Tone, text: &str) -> Self {
        let mut line = Self::default();
        line.push(tone, text);
        line
    }

    /// Appends a piece, made safe.
    pub fn push(&mut self, tone: Tone, text: &str) {
        self.text.push_str(&cell::safe_whole(text));
        let end = self.text.len();
        match self.tones.last_mut() {
            Some((last, same)) if *same == tone => *last = end,
            _ => self.tones.push((end, tone)),
        }
    }
}

/// The layout that suits a column's value, else the text.
#[must_use]
pub fn layout(column: &Column, text: &str) -> Layout {
    match kind::of(column) {
        Kind::Json => Layout::Json,
        Kind::Bytes if text.starts_with("\\x") => Layout::Bytes,
        Kind::Date | Kind::Timestamp | Kind::Moment if times::can(text) => Layout::Time,
        // Arrays of types that are not built in are known by how they are written.
        Kind::Array | Kind::Text
            if text.starts_with(['{', '['])
                && text.len() < LAID_OUT
                && array::elements(text).is_some() =>
        {
            Layout::Array
        }
        _ => Layout::Text,
    }
}

/// The value laid out: the first [`LAID_OUT`] bytes of it. `now` is in milliseconds since 1970.
#[must_use]
pub fn laid_out(text: &str, layout: Layout, now: i64) -> Vec<Line> {
    let text = beginning(text, LAID_OUT);
    match layout {
        Layout::Text => plain(text),
        Layout::Json => json::lines(text),
        Layout::Bytes => dump::lines(text),
        Layout::Array => array::elements(text).map_or_else(|| plain(text), |all| list::lines(&all)),
        Layout::Time => times::lines(text, now),
    }
}

/// The lines of a later part of a `bytea` in hexadecimal, which begins behind `from` bytes of its text.
#[must_use]
pub fn later_bytes(text: &str, from: usize) -> Vec<Line> {
    dump::later(text, from)
}

/// The lines of a text.
#[must_use]
pub fn plain(text: &str) -> Vec<Line> {
    cell::safe_lines(text)
        .iter()
        .map(|line| Line::of(Tone::Plain, line))
        .collect()
}

/// At most that many bytes of a text, cut between characters.
#[must_use]
pub fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_oid: u32, type_name: &str) -> Column {
        Column::computed("c", type_oid, type_name)
    }

    #[test]
    fn values_have_the_layout_of_their_type() {
        assert_eq!(layout(&column(1009, "_text"), "{a,NULL}"), Layout::Array);
        assert_eq!(layout(&column(99_999, ""), "{1,2}"), Layout::Array);
        assert_eq!(layout(&column(25, "text"), "{not an array"), Layout::Text);
        assert_eq!(layout(&column(17, "bytea"), "\\x00"), Layout::Bytes);
        assert_eq!(
            layout(&column(1184, "timestamptz"), "1/2/2026"),
            Layout::Text
        );
    }

    #[test]
    fn only_the_beginning_of_a_huge_value_is_laid_out() {
        let huge = "é".repeat(LAID_OUT);
        let shown: usize = laid_out(&huge, Layout::Text, 0)
            .iter()
            .map(|line| line.text.len())
            .sum();
        assert!(shown <= LAID_OUT);
    }

    #[test]
    fn hostile_text_is_made_safe() {
        let lines = laid_out("a\u{1b}[2J\n\u{202e}b", Layout::Text, 0);
        assert_eq!(lines[0].text, "a␛[2J");
        assert_eq!(lines[1].text, "<202E>b");
    }
}

//! The editor's buffer: text, cursor, selection, undo.
//!
//! Places are counted in characters (Unicode scalar values), as the server counts the position of
//! an error; the cursor only rests between graphemes. Columns are counted in cells of the screen.

mod edit;
mod motion;
mod past;
mod search;

use std::borrow::Cow;
use std::ops::Range;

use ropey::Rope;
use unicode_segmentation::UnicodeSegmentation;

use super::rows::cell;

pub use motion::{Motion, Selecting};
pub use search::Direction;

use past::Past;

/// Cells between tab stops.
pub const TAB_STOP: usize = 4;

/// Characters looked at to find the edge of one grapheme: longer piles are cut.
const WINDOW: usize = 64;

/// A text being edited. Every operation costs the logarithm of its length, plus the line it is in.
#[derive(Debug, Clone, Default)]
pub struct Text {
    rope: Rope,
    cursor: usize,
    /// The other end of the selection.
    anchor: Option<usize>,
    /// The column that moving up and down tries to keep.
    goal: Option<usize>,
    past: Past,
    revision: u64,
    /// The first line that changed since somebody asked.
    changed_from: Option<usize>,
}

/// A place on the screen: a line and a column, both from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in cells.
    pub column: usize,
}

impl Text {
    /// What it holds now.
    #[must_use]
    pub fn held(&self) -> Held {
        Held(self.rope.clone())
    }

    /// A text with the cursor at its beginning; line breaks of any system become `\n`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            rope: Rope::from_str(&line_breaks(text)),
            ..Self::default()
        }
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rope.len_chars() == 0
    }

    /// Characters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rope.len_chars()
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Lines; an empty text has one.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.rope.len_lines()
    }

    /// A line without its line break; empty outside the text.
    #[must_use]
    pub fn line(&self, line: usize) -> Cow<'_, str> {
        let whole = self
            .rope
            .get_line(line)
            .map(Cow::<str>::from)
            .unwrap_or_default();
        match whole {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches('\n')),
            Cow::Owned(mut text) => {
                if text.ends_with('\n') {
                    let _ = text.pop();
                }
                Cow::Owned(text)
            }
        }
    }

    /// The characters of a range; what lies outside the text is left out.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> String {
        let end = range.end.min(self.len());
        self.rope
            .get_slice(range.start.min(end)..end)
            .map(String::from)
            .unwrap_or_default()
    }

    /// Where the cursor is.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The selected range, if it holds anything.
    #[must_use]
    pub fn selection(&self) -> Option<Range<usize>> {
        let anchor = self.anchor.filter(|anchor| *anchor != self.cursor)?;
        Some(anchor.min(self.cursor)..anchor.max(self.cursor))
    }

    /// The selected text, if any.
    #[must_use]
    pub fn selected(&self) -> Option<String> {
        self.selection().map(|range| self.slice(range))
    }

    /// A number that changes with every change of the text.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The first line that changed since this was last asked.
    pub const fn take_changed_from(&mut self) -> Option<usize> {
        self.changed_from.take()
    }

    /// The line of a place.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        self.rope
            .try_char_to_line(at)
            .unwrap_or_else(|_| self.lines().saturating_sub(1))
    }

    /// Where a line begins.
    #[must_use]
    pub fn start_of(&self, line: usize) -> usize {
        self.rope
            .try_line_to_char(line)
            .unwrap_or_else(|_| self.len())
    }

    /// Where a line ends, before its line break.
    #[must_use]
    pub fn end_of(&self, line: usize) -> usize {
        self.start_of(line) + self.line(line).chars().count()
    }

    /// The byte of a place.
    #[must_use]
    pub fn to_byte(&self, at: usize) -> usize {
        self.rope
            .try_char_to_byte(at)
            .unwrap_or_else(|_| self.bytes())
    }

    /// The place of a byte.
    #[must_use]
    pub fn from_byte(&self, byte: usize) -> usize {
        self.rope
            .try_byte_to_char(byte)
            .unwrap_or_else(|_| self.len())
    }

    /// Where a place is on the screen.
    #[must_use]
    pub fn place(&self, at: usize) -> Place {
        let line = self.line_of(at);
        let before = self.slice(self.start_of(line)..at);
        let column = before
            .graphemes(true)
            .fold(0, |column, grapheme| column + cells(grapheme, column));
        Place { line, column }
    }

    /// The place nearest to a cell of the screen.
    #[must_use]
    pub fn at(&self, place: Place) -> usize {
        let line = place.line.min(self.lines().saturating_sub(1));
        let (mut at, mut column) = (self.start_of(line), 0);
        for grapheme in self.line(line).graphemes(true) {
            let width = cells(grapheme, column);
            if column + width > place.column {
                break;
            }
            column += width;
            at += grapheme.chars().count();
        }
        at
    }

    /// The edge of the grapheme behind a place.
    fn next_edge(&self, at: usize) -> usize {
        let window = self.slice(at..at + WINDOW);
        let length = window
            .graphemes(true)
            .next()
            .map_or(0, |first| first.chars().count());
        (at + length).min(self.len())
    }

    /// The edge of the grapheme before a place.
    fn previous_edge(&self, at: usize) -> usize {
        let window = self.slice(at.saturating_sub(WINDOW)..at);
        at - window
            .graphemes(true)
            .next_back()
            .map_or(0, |last| last.chars().count())
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        written(&self.rope, out)
    }
}

fn written(rope: &Rope, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    rope.chunks().try_for_each(|chunk| out.write_str(chunk))
}

/// What a text held at a moment. It shares its memory with the text, so that taking it costs no time
/// however long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held(Rope);

impl std::fmt::Display for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        written(&self.0, out)
    }
}

impl From<&str> for Held {
    fn from(text: &str) -> Self {
        Self(Rope::from_str(text))
    }
}

impl serde::Serialize for Held {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Cells a grapheme takes up at a column: tabs reach to the next stop, unsafe characters are shown
/// as signs.
#[must_use]
pub fn cells(grapheme: &str, column: usize) -> usize {
    match grapheme.as_bytes() {
        b"\t" => TAB_STOP - column % TAB_STOP,
        [b' '..=b'~'] => 1,
        _ => cell::width(&cell::safe_line(grapheme)),
    }
}

/// The text with `\n` for every line break.
fn line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_tabs_and_wide_characters() {
        let text = Text::new("\tab\n日本x");
        assert_eq!(text.place(2), Place { line: 0, column: 5 });
        assert_eq!(text.place(6), Place { line: 1, column: 4 });
        assert_eq!(text.at(Place { line: 1, column: 3 }), 5);
        assert_eq!(
            text.at(Place {
                line: 9,
                column: 99
            }),
            text.len()
        );
    }

    #[test]
    fn line_breaks_of_other_systems_are_one() {
        assert_eq!(Text::new("a\r\nb\rc").to_string(), "a\nb\nc");
    }

    #[test]
    fn bytes_and_characters_convert() {
        let text = Text::new("é\nü");
        assert_eq!(
            (text.to_byte(2), text.from_byte(3), text.bytes()),
            (3, 2, 5)
        );
        assert_eq!(text.to_byte(99), 5);
    }
}

//! Changed cells to bytes, as few as the terminal needs: a remote terminal shows a frame when its
//! last byte has come.
//!
//! ratatui's own backend writes every changed cell where it stands. A table that moved by one row
//! changes nearly every cell, so here the terminal is asked to move its lines first (margins and
//! insert or delete line, which every terminal since the VT102 knows), and only what is wrong
//! afterwards is written. A frame leaves in one piece, marked as one for terminals that wait for
//! the end of it (DEC private mode 2026).

mod halves;
mod pen;
mod shift;

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr;

pub use halves::blank_halves;
use pen::{Pen, number};

/// Frames longer than this are marked as one piece; the marks of a shorter one would cost more than
/// a terminal needs to show it.
const MARKED_FROM: usize = 256;

/// Unchanged cells that are written again rather than skipped: skipping takes four bytes.
const BRIDGED: usize = 4;

/// The second cell of a wide character.
const CONTINUED: &str = "";

/// Where a terminal says its size.
pub type Extent = fn() -> io::Result<Size>;

/// What is on the terminal, and what should be.
#[derive(Debug)]
pub struct Canvas<W: Write> {
    out: W,
    extent: Extent,
    size: Size,
    /// What the terminal shows, row by row.
    shown: Vec<Cell>,
    /// What it should show.
    wanted: Vec<Cell>,
    /// Bytes of this frame.
    frame: Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is, if that is certain.
    at: Option<Position>,
    cursor: Cursor,
    /// Where the cursor belongs when the frame is done.
    resting: Position,
}

/// Whether the terminal shows its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    Unknown,
    Hidden,
    Visible,
}

impl<W: Write> Canvas<W> {
    /// A canvas for an empty terminal.
    pub fn new(out: W, extent: Extent) -> io::Result<Self> {
        let mut canvas = Self {
            out,
            extent,
            size: extent()?,
            shown: Vec::new(),
            wanted: Vec::new(),
            frame: Vec::new(),
            pen: Pen::default(),
            at: None,
            cursor: Cursor::Unknown,
            resting: Position::ORIGIN,
        };
        canvas.forget();
        Ok(canvas)
    }

    /// The terminal is empty.
    fn forget(&mut self) {
        let cells = usize::from(self.size.width) * usize::from(self.size.height);
        self.shown = vec![Cell::EMPTY; cells];
        self.wanted.clone_from(&self.shown);
        self.at = None;
    }

    fn want(&mut self, x: u16, y: u16, cell: &Cell) {
        if x >= self.size.width || y >= self.size.height {
            return;
        }
        let place = usize::from(y) * usize::from(self.size.width) + usize::from(x);
        let line = usize::from(self.size.width - x);
        let wide = columns(cell) > 1 && line > 1;
        // What is written over half of a wide character takes the other half with it, and ratatui
        // does not say so where that half is blank.
        let behind = if wide { 2 } else { 1 };
        if behind < line
            && let Some(half) = self.wanted.get_mut(place + behind)
            && half.symbol() == CONTINUED
        {
            *half = Cell::EMPTY;
        }
        if let Some(slot) = self.wanted.get_mut(place) {
            slot.clone_from(cell);
        }
        if wide && let Some(half) = self.wanted.get_mut(place + 1) {
            let _ = half.set_symbol(CONTINUED).set_style(cell.style());
        }
    }

    /// Writes what differs between what is shown and what is wanted.
    fn paint(&mut self) {
        if let Some(shift) = shift::find(&self.shown, &self.wanted, self.size) {
            self.pen.reset(&mut self.frame);
            shift.write(&mut self.frame);
            shift.apply(&mut self.shown, self.size);
            self.at = None;
        }
        let width = usize::from(self.size.width).max(1);
        let wanted = std::mem::take(&mut self.wanted);
        let shown = std::mem::take(&mut self.shown);
        for (y, (old, new)) in (0..).zip(shown.chunks(width).zip(wanted.chunks(width))) {
            if old != new {
                self.row(y, old, new);
            }
        }
        self.shown = shown;
        self.shown.clone_from(&wanted);
        self.wanted = wanted;
    }

    fn row(&mut self, y: u16, old: &[Cell], new: &[Cell]) {
        for (x, (was, cell)) in (0_u16..).zip(old.iter().zip(new)) {
            if was == cell || cell.symbol() == CONTINUED {
                continue;
            }
            self.go(x, y, new);
            self.put(cell, Position { x, y });
        }
    }

    /// Takes the terminal's cursor to a cell of a row, over cells that are right already.
    fn go(&mut self, x: u16, y: u16, row: &[Cell]) {
        let Some(at) = self.at.filter(|at| at.y == y && at.x <= x) else {
            self.frame.extend_from_slice(b"\x1b[");
            number(&mut self.frame, y + 1);
            self.frame.push(b';');
            number(&mut self.frame, x + 1);
            self.frame.push(b'H');
            return;
        };
        let skipped = row
            .get(usize::from(at.x)..usize::from(x))
            .unwrap_or_default();
        let bridge = skipped.len() <= BRIDGED
            && skipped
                .iter()
                .all(|cell| cell.symbol().len() == 1 && self.pen.draws(cell));
        if bridge {
            for cell in skipped {
                self.frame.extend_from_slice(cell.symbol().as_bytes());
            }
        } else if !skipped.is_empty() {
            self.frame.extend_from_slice(b"\x1b[");
            if skipped.len() > 1 {
                number(&mut self.frame, x - at.x);
            }
            self.frame.push(b'C');
        }
    }

    fn put(&mut self, cell: &Cell, at: Position) {
        self.pen.take(cell, &mut self.frame);
        self.frame.extend_from_slice(cell.symbol().as_bytes());
        let x = at.x + 1;
        // Terminals disagree on the width of what is not one plain character, and behind the last
        // column the cursor waits in a place of its own.
        let certain = is_plain(cell.symbol()) && x < self.size.width;
        self.at = certain.then_some(Position { x, y: at.y });
    }

    fn show(&mut self, cursor: Cursor) {
        if self.cursor != cursor {
            self.cursor = cursor;
            self.frame.extend_from_slice(match cursor {
                Cursor::Visible => b"\x1b[?25h",
                Cursor::Hidden | Cursor::Unknown => b"\x1b[?25l",
            });
        }
    }
}

/// Columns a cell's text takes up.
fn columns(cell: &Cell) -> usize {
    match cell.symbol() {
        text if text.len() == 1 => 1,
        text => text.width(),
    }
}

/// Whether all terminals agree that a text is one column wide: one character that is ASCII or from
/// the borders and signs that are drawn everywhere.
fn is_plain(text: &str) -> bool {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => only.is_ascii() || ('\u{2500}'..='\u{259f}').contains(&only),
        _ => false,
    }
}

impl<W: Write> Backend for Canvas<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut changed = false;
        for (x, y, cell) in content {
            self.want(x, y, cell);
            changed = true;
        }
        if changed {
            self.paint();
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.show(Cursor::Hidden);
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.show(Cursor::Visible);
        Ok(())
    }

    /// Where we left it: asking the terminal would race with the keys for the answer.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.resting)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.resting = position;
        if self.at != Some(position) {
            self.at = None;
            self.go(position.x, position.y, &[]);
            self.at = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// Only whole screens are ever cleared.
    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        self.pen.reset(&mut self.frame);
        self.frame.extend_from_slice(b"\x1b[2J");
        self.size = (self.extent)()?;
        self.forget();
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        (self.extent)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing else writes styles, but what comes after us should find plain text.
        self.pen.reset(&mut self.frame);
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.frame.len() >= MARKED_FROM {
            let unmarked = std::mem::take(&mut self.frame);
            self.frame.extend_from_slice(b"\x1b[?2026h");
            self.frame.extend_from_slice(&unmarked);
            self.frame.extend_from_slice(b"\x1b[?2026l");
        }
        let written = self.out.write_all(&self.frame);
        self.frame.clear();
        written?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;

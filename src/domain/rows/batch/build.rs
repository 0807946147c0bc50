//! Collects rows into a batch, cell by cell, from pieces as they come off the wire.

use super::lengths::pack;
use super::{Mark, RowBatch, STRIDE};
use crate::domain::rows::stray;

/// Bytes a batch may hold before it is full. Batches of one size leave gaps of one size, which the
/// next ones fill: the allocator's memory stays near what the batches need.
const FULL_BYTES: usize = 256 << 10;

/// Rows a batch may hold before it is full.
const FULL_ROWS: usize = 64 << 10;

/// Collects rows into a [`RowBatch`].
#[derive(Debug, Default)]
pub struct RowBatchBuilder {
    bytes: Vec<u8>,
    /// Lengths of the cells since the last mark.
    recent: Vec<usize>,
    /// Those of the cells before it, packed.
    lengths: Vec<u64>,
    marks: Vec<Mark>,
    nulls: Vec<u64>,
    columns: usize,
    rows: usize,
    cells: usize,
}

impl RowBatchBuilder {
    /// An empty batch for rows of `columns` cells.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Appends one row; `None` is NULL. Missing cells become NULL, extra ones are dropped.
    pub fn push_row<'a>(&mut self, cells: impl IntoIterator<Item = Option<&'a str>>) {
        for cell in cells.into_iter().take(self.columns) {
            match cell {
                Some(text) => {
                    self.begin_text(text.len());
                    self.extend(text.as_bytes());
                }
                None => self.null(),
            }
        }
        self.end_row();
    }

    /// Appends the rows of a batch.
    pub fn append(&mut self, batch: &RowBatch) {
        let mut cells = batch.cells();
        for _ in 0..batch.rows() {
            self.push_cells(cells.by_ref().take(batch.columns()).map(super::Cell::text));
        }
    }

    /// Appends a row of another batch, whose texts have stand-ins where bytes are no UTF-8.
    pub(in crate::domain::rows) fn push_cells<'a>(
        &mut self,
        cells: impl Iterator<Item = Option<&'a str>>,
    ) {
        for cell in cells {
            match cell.map(stray::bytes) {
                Some(bytes) => {
                    self.begin_text(bytes.len());
                    self.extend(&bytes);
                }
                None => self.null(),
            }
        }
        self.end_row();
    }

    /// Begins a value of `length` bytes, which [`Self::extend`] brings, in one piece or several.
    pub fn begin_text(&mut self, length: usize) {
        self.begin_cell(length);
        if length > FULL_BYTES {
            // Doubling would hold up to twice a value of close to 1 GB.
            self.bytes.reserve_exact(length);
        }
    }

    /// Brings bytes of the value begun last.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a NULL.
    pub fn null(&mut self) {
        let word = self.cells / 64;
        if word >= self.nulls.len() {
            self.nulls.resize(word + 1, 0);
        }
        if let Some(word) = self.nulls.get_mut(word) {
            *word |= 1 << (self.cells % 64);
        }
        self.begin_cell(0);
    }

    /// Ends a row; what it lacks is NULL.
    pub fn end_row(&mut self) {
        self.rows += 1;
        while self.cells < self.rows * self.columns {
            self.null();
        }
    }

    fn begin_cell(&mut self, length: usize) {
        if self.cells.is_multiple_of(STRIDE) {
            self.pack();
            // A batch is closed at 256 KiB, so only one row, of up to 1 GB, can go past that.
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            self.marks.push(Mark {
                text: place(self.bytes.len()),
                lengths: place(self.lengths.len()),
            });
        }
        self.recent.push(length);
        self.cells += 1;
    }

    fn pack(&mut self) {
        pack(&self.recent, &mut self.lengths);
        self.recent.clear();
    }

    /// Whether the batch should be handed on before the next row.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        !self.fits(0)
    }

    /// Whether a row of so many bytes still belongs into the batch.
    #[must_use]
    pub const fn fits(&self, bytes: usize) -> bool {
        self.rows == 0
            || (self.bytes.len() + bytes < FULL_BYTES
                && self.cells < FULL_BYTES
                && self.rows < FULL_ROWS)
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many cells a row has.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Whether no row was begun that has not ended.
    #[must_use]
    pub const fn is_between_rows(&self) -> bool {
        self.cells == self.rows * self.columns
    }

    /// The batch so far; the builder starts afresh. Bytes that are no UTF-8, which a database in
    /// `SQL_ASCII` may hold, are kept as [`stray`] says.
    pub fn take(&mut self) -> RowBatch {
        let fresh = Self {
            bytes: Vec::with_capacity(if self.is_full() && self.bytes.len() < 2 * FULL_BYTES {
                FULL_BYTES
            } else {
                0
            }),
            ..Self::new(self.columns)
        };
        self.pack();
        let full = std::mem::replace(self, fresh);
        let text = match String::from_utf8(full.bytes) {
            Ok(text) if text.is_ascii() || !stray::is_in(&text) => text,
            Ok(text) => {
                let bytes = text.into_bytes();
                return repaired(&Self { bytes, ..full });
            }
            Err(error) => {
                let bytes = error.into_bytes();
                return repaired(&Self { bytes, ..full });
            }
        };
        let mut batch = RowBatch {
            text,
            lengths: full.lengths,
            marks: full.marks,
            nulls: full.nulls,
            columns: full.columns,
            rows: full.rows,
        };
        if !batch.is_sound() {
            let bytes = batch.text.into_bytes();
            return repaired(&Self {
                bytes,
                lengths: batch.lengths,
                marks: batch.marks,
                nulls: batch.nulls,
                ..full
            });
        }
        batch.text.shrink_to_fit();
        batch.lengths.shrink_to_fit();
        batch.marks.shrink_to_fit();
        batch.nulls.shrink_to_fit();
        batch
    }
}

impl RowBatch {
    /// Whether the lengths add up to the text and cut no character in two.
    pub(super) fn is_sound(&self) -> bool {
        let Some(count) = self.rows.checked_mul(self.columns) else {
            return false;
        };
        let mut cells = self.cells_from(0);
        let ascii = self.text.is_ascii();
        for index in 0..count {
            let place = u32::try_from(cells.text).unwrap_or(u32::MAX);
            if index.is_multiple_of(STRIDE)
                && self.marks.get(index / STRIDE).map(|mark| mark.text) != Some(place)
            {
                return false;
            }
            let sound = cells
                .step_over()
                .is_some_and(|range| ascii || self.text.is_char_boundary(range.end));
            if !sound {
                return false;
            }
        }
        count == 0 || cells.text == self.text.len()
    }
}

/// The same rows, with stand-ins for what is no UTF-8.
fn repaired(broken: &RowBatchBuilder) -> RowBatch {
    let shape = RowBatch {
        text: String::new(),
        lengths: broken.lengths.clone(),
        marks: broken.marks.clone(),
        nulls: broken.nulls.clone(),
        columns: broken.columns,
        rows: broken.rows,
    };
    let mut builder = RowBatchBuilder::new(broken.columns);
    let mut cells = shape.cells_from(0);
    for row in 1..=broken.rows {
        while builder.cells < row * broken.columns {
            let null = shape.is_null(cells.index);
            let Some(range) = cells.step_over() else {
                break;
            };
            if null {
                builder.null();
            } else {
                let text = stray::kept(broken.bytes.get(range).unwrap_or_default());
                builder.begin_text(text.len());
                builder.extend(text.as_bytes());
            }
        }
        builder.end_row();
    }
    builder.pack();
    RowBatch {
        text: String::from_utf8(builder.bytes).unwrap_or_default(),
        lengths: builder.lengths,
        marks: builder.marks,
        nulls: builder.nulls,
        columns: builder.columns,
        rows: builder.rows,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    fn raw(cells: &[&[u8]]) -> RowBatch {
        let mut builder = RowBatchBuilder::new(cells.len());
        for cell in cells {
            builder.begin_text(cell.len());
            builder.extend(cell);
        }
        builder.end_row();
        builder.take()
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_where_they_stand() {
        let batch = raw(&[b"a\xff", b"b"]);
        assert_eq!(batch.cell(0, 0), Some(Cell::Text("a\u{10ffff}")));
        assert_eq!(batch.cell(0, 1), Some(Cell::Text("b")));
    }

    #[test]
    fn a_character_torn_between_two_cells_is_none() {
        let batch = raw(&[b"\xc3", b"\xa9"]);
        assert_eq!(batch.cell(0, 0), Some(Cell::Text("\u{10ffc3}")));
        assert_eq!(batch.cell(0, 1), Some(Cell::Text("\u{10ffa9}")));
    }

    #[test]
    fn bytes_that_are_no_text_survive_being_joined_and_cut() {
        let batch = raw(&[b"a\xffb", "\u{10fffd}".as_bytes()]);
        let mut builder = RowBatchBuilder::new(2);
        builder.append(&batch);
        assert_eq!(builder.take(), batch);
        assert_eq!(batch.excerpt(5).cell(0, 0), Some(Cell::Text("a\u{10ffff}")));
    }

    #[test]
    fn a_batch_is_full_by_bytes_or_by_rows() {
        let mut builder = RowBatchBuilder::new(1);
        assert!(
            builder.fits(usize::MAX / 2),
            "one row fits, however long it is"
        );
        builder.push_row([Some("x".repeat(FULL_BYTES).as_str())]);
        assert!(builder.is_full());
        let mut builder = RowBatchBuilder::new(0);
        for _ in 0..FULL_ROWS {
            builder.push_row([]);
        }
        assert!(builder.is_full());
    }
}

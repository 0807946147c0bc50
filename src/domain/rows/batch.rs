//! Rows that arrived together: one text arena, offsets, a null bitmap. No allocation a cell.

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// The server's own text.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// The text, or `None` for NULL.
    #[must_use]
    pub const fn text(self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text),
        }
    }
}

/// Rows that arrived together, cells in row-major order. Immutable once built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowBatch {
    text: String,
    /// Where each cell ends in `text`, in bytes; it begins where the one before it ends.
    ends: Vec<u32>,
    /// One bit a cell: set for NULL.
    nulls: Vec<u64>,
    columns: usize,
    /// Rows; not derived from `ends`, since rows without columns exist (`SELECT FROM t`).
    rows: usize,
}

impl RowBatch {
    /// How many rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many cells a row has.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes of text.
    #[must_use]
    pub const fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes of memory the batch holds.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.text.capacity()
            + self.ends.capacity() * size_of::<u32>()
            + self.nulls.capacity() * size_of::<u64>()
    }

    /// The cell in `row` and `column`, both from 0; `None` outside the batch.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let index = row * self.columns + column;
        if self.nulls.get(index / 64)? >> (index % 64) & 1 == 1 {
            return Some(Cell::Null);
        }
        let start = if index == 0 {
            0
        } else {
            *self.ends.get(index - 1)? as usize
        };
        let end = *self.ends.get(index)? as usize;
        self.text.get(start..end).map(Cell::Text)
    }

    /// The cells of a row, left to right; empty outside the batch.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        (0..self.columns).map_while(move |column| self.cell(row, column))
    }
}

/// Text a batch may hold before it is full, in bytes. Offsets are 32 bits, so a single cell may
/// still be close to 1 GB (PostgreSQL's own limit).
const FULL_BYTES: usize = 1 << 20;

/// Rows a batch may hold before it is full.
const FULL_ROWS: usize = 512;

/// Collects rows into a [`RowBatch`].
#[derive(Debug, Default)]
pub struct RowBatchBuilder {
    batch: RowBatch,
}

impl RowBatchBuilder {
    /// An empty batch for rows of `columns` cells.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            batch: RowBatch {
                columns,
                ..RowBatch::default()
            },
        }
    }

    /// Appends one row; `None` is NULL. Missing cells become NULL, extra ones are dropped.
    pub fn push_row<'a>(&mut self, cells: impl IntoIterator<Item = Option<&'a str>>) {
        let mut cells = cells.into_iter();
        for _ in 0..self.batch.columns {
            self.push_cell(cells.next().flatten());
        }
        self.batch.rows += 1;
    }

    fn push_cell(&mut self, cell: Option<&str>) {
        let batch = &mut self.batch;
        let index = batch.ends.len();
        if index / 64 >= batch.nulls.len() {
            batch.nulls.push(0);
        }
        match cell {
            Some(text) => batch.text.push_str(text),
            None => {
                if let Some(word) = batch.nulls.get_mut(index / 64) {
                    *word |= 1 << (index % 64);
                }
            }
        }
        // A batch is closed at 1 MiB, so only one cell of up to 1 GB can push it past that.
        batch
            .ends
            .push(u32::try_from(batch.text.len()).unwrap_or(u32::MAX));
    }

    /// Whether the batch should be handed on before the next row.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.batch.rows >= FULL_ROWS || self.batch.text.len() >= FULL_BYTES
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.batch.rows == 0
    }

    /// The batch so far; the builder starts afresh.
    pub fn take(&mut self) -> RowBatch {
        let columns = self.batch.columns;
        let mut batch = std::mem::replace(
            &mut self.batch,
            RowBatch {
                columns,
                ..RowBatch::default()
            },
        );
        batch.text.shrink_to_fit();
        batch.ends.shrink_to_fit();
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_differ() {
        let mut builder = RowBatchBuilder::new(3);
        builder.push_row([Some("a"), None, Some("")]);
        builder.push_row([None, Some("é"), Some("z")]);
        let batch = builder.take();
        assert_eq!(batch.cell(0, 1), Some(Cell::Null));
        assert_eq!(batch.cell(0, 2), Some(Cell::Text("")));
        assert_eq!(batch.cell(1, 1), Some(Cell::Text("é")));
        assert_eq!(batch.cell(2, 0), None);
        assert_eq!(batch.cell(0, 3), None);
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let mut builder = RowBatchBuilder::new(0);
        builder.push_row([]);
        builder.push_row([]);
        assert_eq!(builder.take().rows(), 2);
        assert!(builder.is_empty());
    }

    #[test]
    fn a_short_row_is_filled_with_nulls() {
        let mut builder = RowBatchBuilder::new(2);
        builder.push_row([Some("only")]);
        let batch = builder.take();
        assert_eq!(
            batch.row(0).collect::<Vec<_>>(),
            [Cell::Text("only"), Cell::Null]
        );
    }
}

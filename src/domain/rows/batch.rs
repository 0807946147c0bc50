//! Rows that lie together: one text arena, the cells' lengths, a null bitmap. No allocation a cell.
//!
//! Besides its text a cell costs the bits its length needs (as `batch/lengths.rs` says), a bit where the
//! batch holds a NULL, and an eighth of a byte for the place of every 64th cell, from where that of
//! any other is counted: a column of one digit stays under 1.3 bytes of memory for each
//! byte of text, as wide rows do.

mod build;
mod code;
mod lengths;

pub use build::RowBatchBuilder;
pub use code::Malformed;

use lengths::Group;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// The server's own text; bytes that are no UTF-8 stand in it as [`super::stray`] says.
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

/// Cells between two remembered places.
const STRIDE: usize = 64;

/// Where [`STRIDE`] cells begin: their text, in bytes, and their lengths, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    text: u32,
    lengths: u32,
}

/// Rows that lie together, cells in row-major order. Immutable once built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowBatch {
    text: String,
    /// The length of each cell's text in bytes, packed as [`lengths`] says.
    lengths: Vec<u64>,
    marks: Vec<Mark>,
    /// One bit a cell, set for NULL; ends with the last NULL, so it is empty where there is none.
    nulls: Vec<u64>,
    columns: usize,
    /// Rows; not derived from the cells, since rows without columns exist (`SELECT FROM t`).
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

    /// Bytes of memory the batch holds, used or not.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.capacity()
            + self.lengths.capacity() * size_of::<u64>()
            + self.marks.capacity() * size_of::<Mark>()
            + self.nulls.capacity() * size_of::<u64>()
    }

    /// The cell in `row` and `column`, both from 0; `None` outside the batch.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        self.cells_from(row * self.columns + column).next()
    }

    /// The cells of a row, left to right; empty outside the batch.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        let columns = if row < self.rows { self.columns } else { 0 };
        self.cells_from(row * columns).take(columns)
    }

    /// All cells, row by row: no search for each of them.
    #[must_use]
    pub fn cells(&self) -> Cells<'_> {
        self.cells_from(0)
    }

    /// The same rows with values cut after at most `bytes` bytes each.
    #[must_use]
    pub fn excerpt(&self, bytes: usize) -> Self {
        let mut builder = RowBatchBuilder::new(self.columns);
        let mut cells = self.cells();
        for _ in 0..self.rows {
            builder.push_cells(cells.by_ref().take(self.columns).map(|cell| {
                let text = cell.text()?;
                text.get(..text.floor_char_boundary(bytes))
            }));
        }
        builder.take()
    }

    fn cells_from(&self, index: usize) -> Cells<'_> {
        let group = self.group(index / STRIDE).unwrap_or_default();
        let mark = self.marks.get(index / STRIDE).map_or(0, |mark| mark.text);
        let before = group.before(index % STRIDE, &self.lengths).unwrap_or(0);
        Cells {
            batch: self,
            text: mark as usize + before,
            group,
            index,
            end: self.rows * self.columns,
        }
    }

    /// Where the lengths of the `number`th [`STRIDE`] cells lie.
    fn group(&self, number: usize) -> Option<Group> {
        let start = self.marks.get(number)?.lengths as usize;
        let end = self
            .marks
            .get(number + 1)
            .map_or(self.lengths.len(), |next| next.lengths as usize);
        Group::between(start, end)
    }

    fn is_null(&self, index: usize) -> bool {
        self.nulls
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// Cells in row-major order.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    batch: &'a RowBatch,
    /// Where the next cell's text begins.
    text: usize,
    /// Where its length and those around it lie.
    group: Group,
    /// Its number.
    index: usize,
    /// The number of the cell behind the last.
    end: usize,
}

impl Cells<'_> {
    /// Steps over a cell; says where its text lay.
    #[inline]
    fn step_over(&mut self) -> Option<std::ops::Range<usize>> {
        let place = self.index % STRIDE;
        if place == 0 {
            self.group = self.batch.group(self.index / STRIDE)?;
        }
        let length = self.group.length(place, &self.batch.lengths)?;
        let start = self.text;
        self.text = start.checked_add(length)?;
        self.index += 1;
        Some(start..self.text)
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        if self.index >= self.end {
            return None;
        }
        let index = self.index;
        let range = self.step_over()?;
        if range.is_empty() && self.batch.is_null(index) {
            return Some(Cell::Null);
        }
        self.batch.text.get(range).map(Cell::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch(columns: usize, rows: &[Vec<Option<String>>]) -> RowBatch {
        let mut builder = RowBatchBuilder::new(columns);
        for row in rows {
            builder.push_row(row.iter().map(Option::as_deref));
        }
        builder.take()
    }

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
        let batch = batch(2, &[vec![Some("only".into())]]);
        assert_eq!(
            batch.row(0).collect::<Vec<_>>(),
            [Cell::Text("only"), Cell::Null]
        );
    }

    /// At most 1.3 bytes of memory for each byte of text.
    fn keeps_the_bound<const N: usize>(row: impl Fn(u32) -> [String; N]) {
        let mut builder = RowBatchBuilder::new(N);
        let (mut memory, mut text) = (0, 0);
        for n in 1..=300_000_u32 {
            builder.push_row(row(n).iter().map(|cell| Some(cell.as_str())));
            if builder.is_full() {
                let batch = builder.take();
                memory += batch.memory_bytes();
                text += batch.text_bytes();
            }
        }
        assert!(text > 200_000);
        assert!(memory * 10 <= text * 13, "{memory} bytes for {text}");
    }

    #[test]
    fn narrow_rows_stay_within_the_bound() {
        keeps_the_bound(|n| [(n + 5_000_000).to_string(), (n % 7).to_string()]);
        keeps_the_bound(|n| [(n % 10).to_string()]);
        keeps_the_bound(|n| [(n % 1000).to_string()]);
        keeps_the_bound(|n| [(n % 2 == 0).to_string(), n.to_string()]);
    }

    fn rows() -> impl Strategy<Value = (usize, Vec<Vec<Option<String>>>)> {
        let cell = prop_oneof![
            2 => Just(None),
            6 => "[a-zé東\\t]{0,6}".prop_map(Some),
            1 => (100_usize..20_000).prop_map(|length| Some("x".repeat(length))),
        ];
        (0_usize..90).prop_flat_map(move |columns| {
            let row = proptest::collection::vec(cell.clone(), columns);
            (Just(columns), proptest::collection::vec(row, 0..40))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_cell_is_found_again((columns, rows) in rows()) {
            let batch = batch(columns, &rows);
            prop_assert_eq!(batch.rows(), rows.len());
            let mut all = batch.cells();
            for (row, cells) in rows.iter().enumerate() {
                let expected: Vec<_> = cells
                    .iter()
                    .map(|cell| cell.as_deref().map_or(Cell::Null, Cell::Text))
                    .collect();
                prop_assert_eq!(batch.row(row).collect::<Vec<_>>(), expected.clone());
                for (column, cell) in expected.into_iter().enumerate() {
                    prop_assert_eq!(batch.cell(row, column), Some(cell));
                    prop_assert_eq!(all.next(), Some(cell));
                }
            }
            prop_assert_eq!(all.next(), None);
        }
    }
}

//! All rows of a result so far.

use std::sync::Arc;

use super::batch::{Cell, RowBatch};
use crate::domain::run::Column;

/// All rows of one result so far. Batches are shared, never copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    columns: Arc<[Column]>,
    batches: Vec<Arc<RowBatch>>,
    /// Number of the first row of each batch, from 0.
    first_rows: Vec<usize>,
    rows: usize,
    text_bytes: usize,
    resident_bytes: usize,
}

impl ResultSet {
    /// A result without rows.
    #[must_use]
    pub fn new(columns: Arc<[Column]>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Appends rows that arrived.
    pub fn push(&mut self, batch: Arc<RowBatch>) {
        self.first_rows.push(self.rows);
        self.rows += batch.rows();
        self.text_bytes += batch.text_bytes();
        self.resident_bytes += batch.memory_bytes();
        self.batches.push(batch);
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows so far.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of text so far.
    #[must_use]
    pub const fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Bytes of memory its batches hold.
    #[must_use]
    pub const fn resident_bytes(&self) -> usize {
        self.resident_bytes
    }

    /// The batch that came first of those in memory.
    #[must_use]
    pub fn oldest_resident(&self) -> Option<&Arc<RowBatch>> {
        self.batches.first()
    }

    /// The rows, first to last, for readers that take them all: no search for each cell.
    pub fn batches(&self) -> impl Iterator<Item = &Arc<RowBatch>> {
        self.batches.iter()
    }

    /// The cell in `row` and `column`, both from 0; `None` outside the result.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        let index = self
            .first_rows
            .partition_point(|first| *first <= row)
            .checked_sub(1)?;
        let first = self.first_rows.get(index)?;
        self.batches.get(index)?.cell(row - first, column)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::RowBatchBuilder;
    use super::*;

    #[test]
    fn a_row_is_found_across_batches() {
        let column = Column {
            name: "n".into(),
            type_oid: 23,
            type_name: "int4".into(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        };
        let mut result = ResultSet::new(Arc::from([column]));
        for start in [0, 3] {
            let mut builder = RowBatchBuilder::new(1);
            for n in start..start + 3 {
                builder.push_row([Some(n.to_string().as_str())]);
            }
            result.push(Arc::new(builder.take()));
        }
        assert_eq!(result.rows(), 6);
        assert_eq!(result.cell(2, 0), Some(Cell::Text("2")));
        assert_eq!(result.cell(3, 0), Some(Cell::Text("3")));
        assert_eq!(result.cell(6, 0), None);
    }
}

//! Rows in the order they show, many at a time.
//!
//! One row after another would read a stretch from the shelf for each. Instead the rows of a window are
//! read in the order they lie, each stretch once, and put into the order they show in memory.

use std::ops::{ControlFlow, Range};

use crate::domain::failure::Failure;
use crate::domain::rows::Snapshot;
use crate::domain::rows::batch::{Cell, RowBatch, RowBatchBuilder};
use crate::domain::rows::store::Stretch;
use crate::domain::rows::view::RowView;

/// Bytes of text a window holds, as rows are on the average.
const WINDOW_BYTES: usize = 16 << 20;

/// Rows a window holds at most.
const WINDOW_ROWS: usize = if cfg!(test) { 7 } else { 1 << 20 };

/// Rows that show, and those of their columns that are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Gather<'a> {
    /// The rows.
    pub rows: &'a Snapshot,
    /// Their order.
    pub view: &'a RowView,
    /// The columns wanted.
    pub columns: &'a [usize],
}

impl Gather<'_> {
    /// The spots in windows, whose rows fit into memory.
    pub fn windows(self, spots: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let average = self.rows.text_bytes() / self.rows.rows().max(1) + 1;
        let size = (WINDOW_BYTES / average).clamp(1, WINDOW_ROWS);
        let end = spots.end;
        spots
            .step_by(size)
            .map(move |first| first..(first + size).min(end))
    }

    /// The rows of a window; `watch` is asked before each stretch that is read whether to go on.
    ///
    /// # Errors
    /// Rows could not be read back.
    pub fn read(
        self,
        spots: Range<usize>,
        mut watch: impl FnMut() -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), RowBatch>, Failure> {
        let wanted = spots.filter_map(|spot| self.view.row(spot));
        let mut wanted: Vec<(usize, usize)> = wanted
            .filter(|row| *row < self.rows.rows())
            .enumerate()
            .map(|(place, row)| (row, place))
            .collect();
        wanted.sort_unstable();
        let mut lying = RowBatchBuilder::new(self.columns.len());
        // Where each row that shows lies.
        let mut places = vec![0; wanted.len()];
        let mut rest = wanted.as_slice();
        let mut read = 0;
        while let Some((row, _)) = rest.first() {
            if watch().is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let Some(stretch) = self.rows.batch_of(*row) else {
                break;
            };
            let Stretch { first, batch } = stretch?;
            let end = first + batch.rows();
            let (near, far) = rest.split_at(rest.partition_point(|(row, _)| *row < end));
            for (row, place) in near {
                let cells = self.columns.iter();
                lying.push_cells(
                    cells.map(|column| batch.cell(row - first, *column).and_then(Cell::text)),
                );
                if let Some(into) = places.get_mut(*place) {
                    *into = read;
                }
                read += 1;
            }
            rest = far;
        }
        let lying = lying.take();
        let mut showing = RowBatchBuilder::new(self.columns.len());
        for place in places {
            showing.push_cells(lying.row(place).map(Cell::text));
        }
        Ok(ControlFlow::Continue(showing.take()))
    }
}

//! Looking for a pattern in every value.

use std::ops::Range;

use super::{Ended, Going, Progress, Report, narrow};
use crate::domain::rows::Snapshot;
use crate::domain::rows::batch::Cell;
use crate::domain::rows::pattern::Pattern;
use crate::domain::rows::store::Stretch;
use crate::domain::rows::view::{RowSet, RowView};

/// A search: from one row to the end of the rows, then from their beginning up to it, so that the
/// nearest match is reported first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// What to look for.
    pub pattern: Pattern,
    /// The columns to look into.
    pub columns: Vec<usize>,
    /// The rows to look at.
    pub rows: Range<usize>,
    /// Where to begin.
    pub from: usize,
    /// The rows that show, if not all do.
    pub view: Option<RowView>,
}

impl Find {
    pub(super) fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<(), Ended> {
        let shown = self.view.as_ref().map(|view| {
            let mut set = RowSet::default();
            for row in view.rows() {
                set.insert(*row as usize);
            }
            set
        });
        let end = self.rows.end.min(rows.rows());
        let from = self.from.clamp(self.rows.start, end);
        let mut progress = Progress {
            done: 0,
            total: end.saturating_sub(self.rows.start),
        };
        for part in [from..end, self.rows.start..from] {
            let Some(first) = rows.stretch_of(part.start).filter(|_| !part.is_empty()) else {
                continue;
            };
            for number in first..rows.stretches() {
                let stretch = rows.stretch(number).map_err(Ended::Failed)?;
                if stretch.first >= part.end {
                    break;
                }
                let found = self.look_through(&stretch, &part, shown.as_ref())?;
                let last = stretch.first + stretch.batch.rows();
                progress.done += last.min(part.end) - stretch.first.max(part.start);
                if watch(Report { progress, found }) == Going::Stop {
                    return Err(Ended::Stopped);
                }
            }
        }
        Ok(())
    }

    /// The rows of a stretch, and of a part of all rows, in which the pattern is.
    fn look_through(
        &self,
        stretch: &Stretch,
        part: &Range<usize>,
        shown: Option<&RowSet>,
    ) -> Result<Vec<u32>, Ended> {
        let mut found = Vec::new();
        for row in 0..stretch.batch.rows() {
            let number = stretch.first + row;
            if !part.contains(&number) || shown.is_some_and(|set| !set.contains(number)) {
                continue;
            }
            let hit = self.columns.iter().any(|column| {
                stretch
                    .batch
                    .cell(row, *column)
                    .and_then(Cell::text)
                    .is_some_and(|text| self.pattern.is_in(text))
            });
            if hit {
                found.push(narrow(number)?);
            }
        }
        Ok(found)
    }
}

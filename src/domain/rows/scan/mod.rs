//! Work on all rows of a result, on the shelf too: searching, filtering, ordering, counting,
//! copying. Told how far it is and stopped between two stretches of rows.
//!
//! It reads a [`Snapshot`] and so blocks: a task of its own runs it, never the loop.

mod copy;
mod find;
mod gather;
mod lens;
mod plot;
mod sort;
mod summary;

use super::Snapshot;
use super::kind::{self, Kind};
use super::store::Stretch;
use crate::domain::failure::Failure;

pub use copy::{Copied, Copy, Form, Lines};
pub use find::Find;
pub use gather::Gather;
pub use lens::{Lens, SortKey};
pub use plot::{Figure, Plot, Point, Points};
pub use summary::{Bar, Describe, Distinct, Frequent, Summary, axis_label};

/// How far work is, in rows read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows read so far, in all passes over them.
    pub done: usize,
    /// Rows to read.
    pub total: usize,
}

impl Progress {
    /// In hundredths.
    #[must_use]
    pub const fn percent(self) -> usize {
        match self.done.saturating_mul(100).checked_div(self.total) {
            Some(percent) => {
                if percent > 100 {
                    100
                } else {
                    percent
                }
            }
            None => 0,
        }
    }
}

/// What is told while work goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How far it is.
    pub progress: Progress,
    /// Rows found since the last report.
    pub found: Vec<u32>,
}

/// Whether work should go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// It should.
    On,
    /// Nobody waits for it.
    Stop,
}

/// Why work ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Nobody waited for it.
    Stopped,
    /// Rows could not be read, or are too many.
    Failed(Failure),
}

/// Something to do with all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Look for a pattern.
    Find(Find),
    /// Choose and order rows.
    Lens(Lens),
    /// Describe a column.
    Describe(Describe),
    /// Gather the points of a plot.
    Plot(Plot),
    /// Write rows out as text.
    Copy(Copy),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The search is through; what it found was reported on the way.
    Searched,
    /// The rows chosen and ordered.
    Lens(super::view::RowView),
    /// What a column holds.
    Described(Box<Summary>),
    /// Points to draw.
    Points(Points),
    /// Text for the clipboard.
    Copied(Copied),
}

impl Job {
    /// Does the work; `watch` is told how far it is and says whether to go on.
    pub fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Answer, Ended> {
        match self {
            Self::Find(job) => job.run(rows, watch).map(|()| Answer::Searched),
            Self::Lens(job) => job.run(rows, watch).map(Answer::Lens),
            Self::Describe(job) => job.run(rows, watch).map(Box::new).map(Answer::Described),
            Self::Plot(job) => job.run(rows, watch).map(Answer::Points),
            Self::Copy(job) => job.run(rows, watch).map(Answer::Copied),
        }
    }
}

/// The kinds of a result's columns.
fn kinds(rows: &Snapshot) -> Vec<Kind> {
    rows.columns().iter().map(kind::of).collect()
}

/// Passes over rows, in order, telling after each stretch how far it is.
struct Passes<'a> {
    rows: &'a Snapshot,
    progress: Progress,
    watch: &'a mut dyn FnMut(Report) -> Going,
}

impl<'a> Passes<'a> {
    fn new(rows: &'a Snapshot, passes: usize, watch: &'a mut dyn FnMut(Report) -> Going) -> Self {
        let total = rows.rows().saturating_mul(passes);
        Self {
            rows,
            progress: Progress { done: 0, total },
            watch,
        }
    }

    /// Reads all rows once, a stretch at a time.
    fn each(&mut self, mut take: impl FnMut(&Stretch)) -> Result<(), Ended> {
        for stretch in self.rows.batches() {
            let stretch = stretch.map_err(Ended::Failed)?;
            take(&stretch);
            self.tell(stretch.batch.rows())?;
        }
        Ok(())
    }

    /// So many more rows were read.
    fn tell(&mut self, rows: usize) -> Result<(), Ended> {
        self.progress.done += rows;
        let report = Report {
            progress: self.progress,
            found: Vec::new(),
        };
        match (self.watch)(report) {
            Going::On => Ok(()),
            Going::Stop => Err(Ended::Stopped),
        }
    }

    /// There will be so many passes more than was thought.
    fn expect_more(&mut self, rows: usize) {
        self.progress.total += rows;
    }
}

/// Row numbers are kept in 32 bits.
fn narrow(row: usize) -> Result<u32, Ended> {
    u32::try_from(row).map_err(|_| {
        Ended::Failed(Failure::local(
            "more rows than can be filtered or sorted here (4 294 967 295)",
        ))
    })
}

#[cfg(test)]
mod tests;

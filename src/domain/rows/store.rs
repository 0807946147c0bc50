//! All rows of a result so far: in memory, or on a shelf outside of it.
//!
//! Rows lie in segments of about 256 KiB, in the order they arrived. Each is in memory, or its bytes
//! are at a [`Place`] of the result's [`Shelf`] (an unlinked file; see `adapters::storage::spill`),
//! or both. This room does no I/O: [`ResultSet::leave`] names the segments that should go and
//! [`ResultSet::wanted`] those that should come back, somebody else moves the bytes, and
//! [`ResultSet::left`] and [`ResultSet::returned`] take note.
//!
//! Two ways to read:
//!
//! - For the screen, [`ResultSet::cell`] answers at once from memory. `None` for a row the result has
//!   means that its segment is away ([`ResultSet::presence`] tells) and has to be asked for.
//! - For work on all rows (search, sort, statistics, export, copy), [`ResultSet::snapshot`] is a cheap
//!   and immutable picture of the rows so far that a task takes along. [`Snapshot::batches`] reads
//!   them one segment after another, [`Snapshot::batch_of`] the one that holds a row. Both read the
//!   shelf where they must and so *block*: never call them from `update` or `view`.

mod part;
mod snapshot;

use std::ops::Range;
use std::sync::Arc;

use super::batch::{Cell, RowBatch, RowBatchBuilder};
use crate::domain::failure::Failure;
use crate::domain::run::Column;

use part::Excerpt;
pub use part::Part;
pub use snapshot::{Snapshot, Stretch};

/// Identity of a result while the program runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultId(pub u64);

/// Where a segment lies outside memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Keeps segments outside memory for as long as somebody holds it.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// Reads the segment at a place. Blocks.
    ///
    /// # Errors
    /// The file system refuses, or returns something else than was written.
    fn read(&self, place: Place) -> Result<RowBatch, Failure>;

    /// Reads some bytes of what is kept. Blocks.
    ///
    /// # Errors
    /// The file system refuses, or there are fewer.
    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, Failure>;
}

/// A segment on its way out of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Which segment.
    pub segment: usize,
    /// Its rows.
    pub batch: Arc<RowBatch>,
}

/// A segment on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelved {
    /// Which segment.
    pub segment: usize,
    /// Where it lies.
    pub place: Place,
}

/// Whether the screen can show a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is in memory.
    Here,
    /// It is on the shelf and can be asked for.
    Away,
    /// It is on the shelf and could not be read back.
    Unreadable,
    /// The result has no such row.
    Outside,
}

/// Where the rows of a segment are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Home {
    Memory(Arc<RowBatch>),
    /// Being written to the shelf.
    Leaving(Arc<RowBatch>),
    /// On the shelf; with the beginnings of its values if it is too large to come back.
    Shelf(Place, Option<Arc<Excerpt>>),
    /// Being read back.
    Returning(Place),
    /// On the shelf, and in memory too.
    Both(Arc<RowBatch>, Place),
    Unreadable(Place),
}

impl Home {
    fn batch(&self) -> Option<&Arc<RowBatch>> {
        match self {
            Self::Memory(batch) | Self::Leaving(batch) | Self::Both(batch, _) => Some(batch),
            Self::Shelf(_, Some(excerpt)) => Some(&excerpt.batch),
            Self::Shelf(_, None) | Self::Returning(_) | Self::Unreadable(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    /// The number of its first row, from 0.
    first: usize,
    rows: usize,
    home: Home,
}

/// Rows between two entries of the index.
const BUCKET: usize = 1024;

/// Small segments are joined up to this many bytes of memory, so that rows that trickle in do not
/// become as many segments.
const JOINED_BYTES: usize = 256 << 10;

/// A segment with more text than this does not come back whole: a value may be close to 1 GB.
const LARGE: usize = 8 << 20;

/// A shared shelf, told apart by identity.
#[derive(Debug, Clone)]
pub struct SharedShelf(pub Arc<dyn Shelf>);

impl PartialEq for SharedShelf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedShelf {}

/// All rows of one result so far. Segments are shared, never copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    id: ResultId,
    columns: Arc<[Column]>,
    segments: Vec<Segment>,
    /// For each [`BUCKET`] rows, the segment that holds the first of them: a row is found in a number
    /// of steps that does not depend on how many there are.
    buckets: Vec<usize>,
    /// No segment before this one waits in memory to be put on the shelf.
    oldest: usize,
    /// Segments that are on the shelf and in memory too.
    copies: Vec<usize>,
    shelf: Option<SharedShelf>,
    rows: usize,
    text_bytes: usize,
    resident_bytes: usize,
    leaving_bytes: usize,
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

    /// The same result under that identity.
    #[must_use]
    pub fn identified(self, id: ResultId) -> Self {
        Self { id, ..self }
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> ResultId {
        self.id
    }

    /// Appends rows that arrived.
    pub fn push(&mut self, batch: Arc<RowBatch>) {
        let first = self.rows;
        self.rows += batch.rows();
        self.text_bytes += batch.text_bytes();
        self.resident_bytes += batch.memory_bytes();
        self.segments.push(Segment {
            first,
            rows: batch.rows(),
            home: Home::Memory(batch),
        });
        while self.join_last() {}
        self.index_last();
    }

    /// Joins the last two segments if they are small and the last has caught up with the one before
    /// it, so that each row is copied a few times at most.
    fn join_last(&mut self) -> bool {
        let [.., before, last] = self.segments.as_slice() else {
            return false;
        };
        let (Home::Memory(left), Home::Memory(right)) = (&before.home, &last.home) else {
            return false;
        };
        let bytes = [left.memory_bytes(), right.memory_bytes()];
        let [left_bytes, right_bytes] = bytes;
        if left_bytes + right_bytes > JOINED_BYTES || left_bytes > 2 * right_bytes {
            return false;
        }
        let mut builder = RowBatchBuilder::new(left.columns());
        builder.append(left);
        builder.append(right);
        let joined = Arc::new(builder.take());
        self.resident_bytes += joined.memory_bytes();
        self.resident_bytes -= left_bytes + right_bytes;
        let _ = self.segments.pop();
        if let Some(last) = self.segments.last_mut() {
            last.rows = joined.rows();
            last.home = Home::Memory(joined);
        }
        true
    }

    /// Brings the index up to the last segment.
    fn index_last(&mut self) {
        let Some(last) = self.segments.last() else {
            return;
        };
        let number = self.segments.len() - 1;
        self.buckets.truncate(last.first.div_ceil(BUCKET));
        while self.buckets.len() * BUCKET < self.rows {
            self.buckets.push(number);
        }
        self.oldest = self.oldest.min(number);
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

    /// Bytes of memory its rows hold, and will hold when those that are leaving have left.
    #[must_use]
    pub const fn resident_bytes(&self) -> usize {
        self.resident_bytes - self.leaving_bytes
    }

    /// Bytes of memory on their way to the shelf.
    #[must_use]
    pub const fn leaving_bytes(&self) -> usize {
        self.leaving_bytes
    }

    /// The number of the segment that holds a row.
    fn segment_of(&self, row: usize) -> Option<usize> {
        if row >= self.rows {
            return None;
        }
        let from = *self.buckets.get(row / BUCKET)?;
        let last = self.segments.len() - 1;
        let to = self.buckets.get(row / BUCKET + 1).copied().unwrap_or(last);
        let near = self.segments.get(from..=to)?;
        Some(from + near.partition_point(|segment| segment.first <= row) - 1)
    }

    /// The cell in `row` and `column`, both from 0; `None` outside the result, and for rows that are
    /// not in memory.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        let segment = self.segments.get(self.segment_of(row)?)?;
        segment.home.batch()?.cell(row - segment.first, column)
    }

    /// Whether a row can be shown now.
    #[must_use]
    pub fn presence(&self, row: usize) -> Presence {
        let home = self
            .segment_of(row)
            .and_then(|segment| self.segments.get(segment))
            .map(|segment| &segment.home);
        match home {
            None => Presence::Outside,
            Some(Home::Unreadable(_)) => Presence::Unreadable,
            Some(home) if home.batch().is_some() => Presence::Here,
            Some(_) => Presence::Away,
        }
    }

    /// The rows so far, for a task that reads them all.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.clone())
    }

    /// The segments with those rows and the one on either side of them.
    fn around(&self, rows: Range<usize>) -> Range<usize> {
        let last_row = self.rows.saturating_sub(1);
        let first = self.segment_of(rows.start.min(last_row)).unwrap_or(0);
        let last = self
            .segment_of(rows.end.min(last_row))
            .unwrap_or(self.segments.len());
        first.saturating_sub(1)..(last + 2).min(self.segments.len())
    }

    /// Picks segments to put on the shelf, the oldest first, until they hold `bytes` of memory or no
    /// more can go; those around the rows `near`, which are on the screen, stay. They can be read
    /// until [`Self::left`] says that they have left.
    pub fn leave(&mut self, bytes: usize, near: Range<usize>) -> Vec<Leaving> {
        let staying = self.around(near);
        let mut leaving = Vec::new();
        let (mut freed, mut skipped) = (0, false);
        for (number, segment) in self.segments.iter_mut().enumerate().skip(self.oldest) {
            if freed >= bytes {
                break;
            }
            let Home::Memory(batch) = &segment.home else {
                continue;
            };
            if staying.contains(&number) && batch.text_bytes() <= LARGE {
                skipped = true;
                continue;
            }
            if !skipped {
                self.oldest = number + 1;
            }
            freed += batch.memory_bytes();
            let batch = Arc::clone(batch);
            segment.home = Home::Leaving(Arc::clone(&batch));
            leaving.push(Leaving {
                segment: number,
                batch,
            });
        }
        self.leaving_bytes += freed;
        leaving
    }

    /// Takes note that a segment is on the shelf.
    pub fn left(&mut self, gone: Shelved, outside: &SharedShelf) {
        let Some(segment) = self.segments.get_mut(gone.segment) else {
            return;
        };
        let Home::Leaving(batch) = &segment.home else {
            return;
        };
        let bytes = batch.memory_bytes();
        let excerpt = (batch.text_bytes() > LARGE).then(|| Arc::new(Excerpt::of(batch)));
        let kept = excerpt.as_ref().map_or(0, |excerpt| excerpt.memory_bytes());
        segment.home = Home::Shelf(gone.place, excerpt);
        self.resident_bytes = self.resident_bytes + kept - bytes;
        self.leaving_bytes -= bytes;
        self.shelf = Some(outside.clone());
    }

    /// Takes note that a segment could not be put on the shelf: it stays in memory.
    pub fn stayed(&mut self, number: usize) {
        if let Some(segment) = self.segments.get_mut(number)
            && let Home::Leaving(batch) = &segment.home
        {
            self.leaving_bytes -= batch.memory_bytes();
            segment.home = Home::Memory(Arc::clone(batch));
            self.oldest = self.oldest.min(number);
        }
    }

    /// Picks segments to read back so that the rows `near` and those around them can be shown.
    /// Nobody else is asked for the same until [`Self::returned`].
    pub fn wanted(&mut self, near: Range<usize>) -> Vec<Shelved> {
        let around = self.around(near);
        self.wanted_segments(around)
    }

    /// As [`Self::wanted`], for rows that show in another order: only the segments they are in.
    pub fn wanted_rows(&mut self, rows: impl IntoIterator<Item = usize>) -> Vec<Shelved> {
        let rows = rows.into_iter();
        let segments: Vec<usize> = rows.filter_map(|row| self.segment_of(row)).collect();
        self.wanted_segments(segments)
    }

    fn wanted_segments(&mut self, numbers: impl IntoIterator<Item = usize>) -> Vec<Shelved> {
        let mut wanted = Vec::new();
        for number in numbers {
            if let Some(segment) = self.segments.get_mut(number)
                && let Home::Shelf(place, None) = segment.home
            {
                segment.home = Home::Returning(place);
                wanted.push(Shelved {
                    segment: number,
                    place,
                });
            }
        }
        wanted
    }

    /// Takes note of a segment that was read back, or could not be.
    pub fn returned(&mut self, number: usize, batch: Option<Arc<RowBatch>>) {
        let Some(segment) = self.segments.get_mut(number) else {
            return;
        };
        let Home::Returning(place) = segment.home else {
            return;
        };
        // Rows other than those that left would show as if they belonged here.
        segment.home = match batch.filter(|batch| batch.rows() == segment.rows) {
            Some(batch) => {
                self.resident_bytes += batch.memory_bytes();
                self.copies.push(number);
                Home::Both(batch, place)
            }
            None => Home::Unreadable(place),
        };
    }

    /// Lets go of segments that are on the shelf too, those read back first first, until `bytes` are
    /// free or only those around the rows `near` are left; says how many are.
    pub fn drop_copies(&mut self, bytes: usize, near: Range<usize>) -> usize {
        if self.copies.is_empty() {
            return 0;
        }
        let staying = self.around(near);
        let mut freed = 0;
        let segments = &mut self.segments;
        self.copies.retain(|number| {
            if freed >= bytes || staying.contains(number) {
                return true;
            }
            if let Some(segment) = segments.get_mut(*number)
                && let Home::Both(batch, place) = &segment.home
            {
                freed += batch.memory_bytes();
                segment.home = Home::Shelf(*place, None);
            }
            false
        });
        self.resident_bytes -= freed;
        freed
    }

    /// The shelf that has segments of it, if any has.
    #[must_use]
    pub const fn shelf(&self) -> Option<&SharedShelf> {
        self.shelf.as_ref()
    }
}

#[cfg(test)]
mod tests;

//! An immutable picture of the rows of a result, for work on all of them.

use std::sync::Arc;

use super::{Home, ResultSet};
use crate::domain::failure::Failure;
use crate::domain::rows::RowBatch;
use crate::domain::run::Column;

/// The rows a result had at one moment. Holds what it needs to read them, whatever happens to the
/// result meanwhile; reading may block (see [the module](super)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(pub(super) ResultSet);

/// A run of consecutive rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The number of the first row, from 0.
    pub first: usize,
    /// The rows.
    pub batch: Arc<RowBatch>,
}

impl Snapshot {
    pub(super) const fn new(rows: ResultSet) -> Self {
        Self(rows)
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        self.0.columns()
    }

    /// How many rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.0.rows()
    }

    /// Bytes of text.
    #[must_use]
    pub const fn text_bytes(&self) -> usize {
        self.0.text_bytes()
    }

    /// How many stretches [`Self::batches`] yields.
    #[must_use]
    pub fn stretches(&self) -> usize {
        self.0.segments.len()
    }

    /// All rows, first to last, in stretches of some hundred KiB. Between two of them is the moment to
    /// look whether the work was cancelled, and to tell how far it is.
    pub fn batches(
        &self,
    ) -> impl DoubleEndedIterator<Item = Result<Stretch, Failure>> + ExactSizeIterator + '_ {
        (0..self.stretches()).map(|number| self.stretch(number))
    }

    /// The stretch that holds a row; `None` outside the result.
    #[must_use]
    pub fn batch_of(&self, row: usize) -> Option<Result<Stretch, Failure>> {
        self.0.segment_of(row).map(|number| self.stretch(number))
    }

    /// The number of the stretch that holds a row.
    #[must_use]
    pub fn stretch_of(&self, row: usize) -> Option<usize> {
        self.0.segment_of(row)
    }

    /// The stretch of that number, from 0.
    pub fn stretch(&self, number: usize) -> Result<Stretch, Failure> {
        let missing = || Failure::local("these rows are gone");
        let segment = self.0.segments.get(number).ok_or_else(missing)?;
        let batch = match &segment.home {
            Home::Memory(batch) | Home::Leaving(batch) | Home::Both(batch, _) => Arc::clone(batch),
            Home::Shelf(place, _) | Home::Returning(place) | Home::Unreadable(place) => {
                let outside = self.0.shelf().ok_or_else(missing)?;
                Arc::new(outside.0.read(*place)?)
            }
        };
        Ok(Stretch {
            first: segment.first,
            batch,
        })
    }
}

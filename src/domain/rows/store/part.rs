//! A value in parts, for values that are too long to be held, or shown, whole.

use std::sync::Arc;

use super::{Home, Place, ResultSet, SharedShelf, Snapshot};
use crate::domain::failure::Failure;
use crate::domain::rows::batch::{Cell, RowBatch};

/// Bytes of each value that stay in memory of a segment that does not come back.
pub(super) const BEGINNING: usize = 64 << 10;

/// Bytes a character has at most.
const LONGEST_CHARACTER: usize = 4;

/// A part of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The text.
    pub text: String,
    /// Bytes of the value before it.
    pub from: usize,
    /// Bytes of the whole value.
    pub whole: usize,
}

impl Part {
    /// Bytes of the value up to its end.
    #[must_use]
    pub const fn to(&self) -> usize {
        self.from + self.text.len()
    }

    fn of(text: &str, from: usize, most: usize) -> Self {
        let from = text.floor_char_boundary(from);
        let to = text.floor_char_boundary(from.saturating_add(most));
        Self {
            text: text.get(from..to).unwrap_or_default().to_owned(),
            from,
            whole: text.len(),
        }
    }
}

/// The beginnings of the values of a segment that is too large to come back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) batch: Arc<RowBatch>,
    /// Where each value ends in the segment's text, row by row.
    ends: Vec<usize>,
}

impl Excerpt {
    pub(super) fn of(batch: &RowBatch) -> Self {
        let mut end = 0;
        let ends = batch.cells().map(|cell| {
            end += cell.text().map_or(0, str::len);
            end
        });
        Self {
            ends: ends.collect(),
            batch: Arc::new(batch.excerpt(BEGINNING)),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.batch.memory_bytes() + self.ends.capacity() * size_of::<usize>()
    }

    /// Where a value lies in the segment's text.
    fn value(&self, row: usize, column: usize) -> Option<std::ops::Range<usize>> {
        let number = row * self.batch.columns() + column;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        Some(start..*self.ends.get(number)?)
    }

    /// Reads a part of a value from where the segment lies: its text is the last of it.
    fn part(
        &self,
        outside: &SharedShelf,
        place: Place,
        (value, from, most): (std::ops::Range<usize>, usize, usize),
    ) -> Result<Part, Failure> {
        let from = from.min(value.len());
        let most = most.min(value.len() - from);
        let text = self.ends.last().copied().unwrap_or(0);
        let before = (text - value.start - from) as u64;
        let bytes = outside
            .0
            .bytes(place.offset + place.bytes.saturating_sub(before), most)?;
        // A part begins and ends between characters.
        let begun = bytes.iter().take(LONGEST_CHARACTER);
        let torn = begun.take_while(|byte| **byte & 0xc0 == 0x80).count();
        let rest = bytes.get(torn..).unwrap_or_default();
        let whole = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default())
                .unwrap_or_default(),
        };
        if whole.is_empty() && most > LONGEST_CHARACTER {
            return Err(Failure::local("the value read back is not the one written"));
        }
        Ok(Part {
            text: whole.to_owned(),
            from: from + torn,
            whole: value.len(),
        })
    }
}

impl ResultSet {
    /// The length of a value in bytes, also of one of which only the beginning is in memory; `None`
    /// for NULL, outside the result, and for rows that are away.
    #[must_use]
    pub fn value_bytes(&self, row: usize, column: usize) -> Option<usize> {
        let segment = self.segments.get(self.segment_of(row)?)?;
        let text = self.cell(row, column)?.text()?;
        match &segment.home {
            Home::Shelf(_, Some(excerpt)) => excerpt
                .value(row - segment.first, column)
                .map(|at| at.len()),
            _ => Some(text.len()),
        }
    }
}

impl Snapshot {
    /// About `most` bytes of a value from `from` on; `None` for NULL and outside the result. Blocks,
    /// and holds no more of a value than its part where that is away.
    ///
    /// # Errors
    /// The shelf could not be read.
    pub fn part(
        &self,
        (row, column): (usize, usize),
        from: usize,
        most: usize,
    ) -> Result<Option<Part>, Failure> {
        let number = self.stretch_of(row);
        let Some(segment) = number.and_then(|number| self.0.segments.get(number)) else {
            return Ok(None);
        };
        let within = row - segment.first;
        if let (Home::Shelf(place, Some(excerpt)), Some(outside)) = (&segment.home, self.0.shelf())
        {
            let is_text = matches!(excerpt.batch.cell(within, column), Some(Cell::Text(_)));
            return match excerpt.value(within, column).filter(|_| is_text) {
                Some(value) => excerpt.part(outside, *place, (value, from, most)).map(Some),
                None => Ok(None),
            };
        }
        let Some(stretch) = self.batch_of(row).transpose()? else {
            return Ok(None);
        };
        let text = stretch.batch.cell(within, column).and_then(Cell::text);
        Ok(text.map(|text| Part::of(text, from, most)))
    }
}

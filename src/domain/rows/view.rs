//! Which rows of a result show, and in which order: four bytes a row, whatever the rows hold.

use std::sync::Arc;

/// Rows chosen and ordered. The result itself stays as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowView {
    rows: Arc<[u32]>,
    covered: usize,
}

impl RowView {
    /// These rows in this order, chosen from the first `covered` rows of a result.
    #[must_use]
    pub fn new(rows: Vec<u32>, covered: usize) -> Self {
        Self {
            rows: rows.into(),
            covered,
        }
    }

    /// How many rows show.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none shows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// From how many rows of the result they were chosen: the first ones.
    #[must_use]
    pub const fn covered(&self) -> usize {
        self.covered
    }

    /// The row of the result that shows at a spot, both from 0.
    #[must_use]
    pub fn row(&self, spot: usize) -> Option<usize> {
        self.rows.get(spot).map(|row| *row as usize)
    }

    /// The spots' rows, top to bottom.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The spot of a row of the result, if it shows.
    #[must_use]
    pub fn spot(&self, row: usize) -> Option<usize> {
        let row = u32::try_from(row).ok()?;
        self.rows.iter().position(|there| *there == row)
    }

    /// Bytes of memory it holds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.rows)
    }
}

/// A set of rows of a result: one bit a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    count: usize,
}

impl RowSet {
    /// Puts a row in.
    pub fn insert(&mut self, row: usize) {
        let word = row / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            let bit = 1 << (row % 64);
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether a row is in it.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.words
            .get(row / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows are in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no row is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first row of the set from `row` on.
    #[must_use]
    pub fn next(&self, row: usize) -> Option<usize> {
        let first = row / 64;
        let mut mask = u64::MAX << (row % 64);
        for (number, word) in self.words.iter().enumerate().skip(first) {
            let word = word & mask;
            if word != 0 {
                return Some(number * 64 + word.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// The last row of the set before `row`.
    #[must_use]
    pub fn previous(&self, row: usize) -> Option<usize> {
        let end = row / 64;
        let mut mask = (1_u64 << (row % 64)) - 1;
        let known = self
            .words
            .get(..=end.min(self.words.len().checked_sub(1)?))?;
        if end >= self.words.len() {
            mask = u64::MAX;
        }
        for (number, word) in known.iter().enumerate().rev() {
            let word = word & mask;
            if word != 0 {
                return Some(number * 64 + 63 - word.leading_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// Puts in every row of another set.
    pub fn unite(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (into, from) in self.words.iter_mut().zip(&other.words) {
            *into |= from;
        }
        self.count = self
            .words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum();
    }

    /// Bytes of memory it holds.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_set_of_rows_is_a_set(rows in proptest::collection::vec(0_usize..500, 0..40), at in 0_usize..600) {
            let mut set = RowSet::default();
            let model: BTreeSet<usize> = rows.iter().copied().collect();
            for row in rows {
                set.insert(row);
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.contains(at), model.contains(&at));
            prop_assert_eq!(set.next(at), model.range(at..).next().copied());
            prop_assert_eq!(set.previous(at), model.range(..at).next_back().copied());
        }
    }

    #[test]
    fn a_view_finds_its_rows_both_ways() {
        let view = RowView::new(vec![7, 2, 9], 10);
        assert_eq!(view.row(1), Some(2));
        assert_eq!(view.spot(9), Some(2));
        assert_eq!(view.spot(3), None);
        assert_eq!(view.memory_bytes(), 12);
    }
}

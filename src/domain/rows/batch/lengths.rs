//! The lengths of cells, 64 together in as many words as the longest of them has bits: word `k` holds
//! bit `k` of each.
//!
//! A group's words end where the next group's begin: its width needs no place of its own. One-digit
//! numbers cost one bit a cell, and how long the cells before one are together is a count of bits.

use super::STRIDE;

/// Bits beyond which no length goes: a value has at most 1 GB.
const WIDEST: usize = 40;

/// Packs the lengths of one group behind the words of those before it.
pub(super) fn pack(lengths: &[usize], words: &mut Vec<u64>) {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    for bit in 0..usize::BITS - longest.leading_zeros() {
        let bits = lengths.iter().enumerate().fold(0, |bits, (place, length)| {
            bits | ((length >> bit & 1) as u64) << place
        });
        words.push(bits);
    }
}

/// Where the lengths of [`STRIDE`] cells lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Group {
    start: usize,
    end: usize,
}

impl Group {
    /// The words from `start` to `end`; `None` if no lengths can lie there.
    pub(super) fn between(start: usize, end: usize) -> Option<Self> {
        let width = end.checked_sub(start)?;
        (width <= WIDEST).then_some(Self { start, end })
    }

    /// The length of the group's cell at `place`.
    #[inline]
    pub(super) fn length(self, place: usize, words: &[u64]) -> Option<usize> {
        let words = words.get(self.start..self.end)?;
        let length = words.iter().rev().fold(0, |length, bits| {
            length << 1 | (bits >> (place % STRIDE) & 1)
        });
        usize::try_from(length).ok()
    }

    /// The length of all its cells before the one at `place`.
    #[inline]
    pub(super) fn before(self, place: usize, words: &[u64]) -> Option<usize> {
        let before = (1 << (place % STRIDE)) - 1;
        let words = words.get(self.start..self.end)?;
        let length = words.iter().rev().fold(0, |length: u64, bits| {
            (length << 1) + u64::from((bits & before).count_ones())
        });
        usize::try_from(length).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn empty_cells_take_nothing() {
        let mut words = Vec::new();
        pack(&[0; STRIDE], &mut words);
        assert!(words.is_empty());
    }

    proptest! {
        #[test]
        fn every_length_is_found_again(
            lengths in proptest::collection::vec(0_usize..1 << 31, 1..=STRIDE),
            bits in 0_u32..32,
            before in 0_usize..3,
        ) {
            let lengths: Vec<_> = lengths.iter().map(|length| length >> bits).collect();
            let mut words = vec![u64::MAX; before];
            pack(&lengths, &mut words);
            let group = Group::between(before, words.len()).unwrap();
            for (place, length) in lengths.iter().enumerate() {
                prop_assert_eq!(group.length(place, &words), Some(*length));
                let sum = lengths.iter().take(place).sum();
                prop_assert_eq!(group.before(place, &words), Some(sum));
            }
        }
    }
}

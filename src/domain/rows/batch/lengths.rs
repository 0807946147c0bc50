//! The lengths of cells, 64 together in as many bits each as the longest of them needs.
//!
//! So 64 cells whose lengths take `w` bits fill exactly `w` words, and a group's words end where the
//! next group's begin: its width needs no place of its own. One-digit numbers cost one bit a cell.

use super::STRIDE;

/// Lengths wider than this are no lengths: no value comes near 2^63 bytes.
const WIDEST: usize = WORD - 1;

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// Packs the lengths of one group behind the words of those before it.
pub(super) fn pack(lengths: &[usize], words: &mut Vec<u64>) {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let width = (usize::BITS - longest.leading_zeros()) as usize;
    let start = words.len();
    words.resize(start + width, 0);
    for (place, length) in lengths.iter().enumerate() {
        let (word, shift) = Group { start, width }.bit(place);
        let length = *length as u64;
        if let Some(word) = words.get_mut(word) {
            *word |= length << shift;
        }
        if shift + width > WORD
            && let Some(word) = words.get_mut(word + 1)
        {
            *word |= length >> (WORD - shift);
        }
    }
}

/// Where the lengths of [`STRIDE`] cells lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// Their first word.
    start: usize,
    /// Bits a length, and words in all.
    width: usize,
}

impl Group {
    /// The words from `start` to `end`; `None` if no lengths can lie there.
    pub(super) fn between(start: usize, end: usize) -> Option<Self> {
        let width = end.checked_sub(start)?;
        (width <= WIDEST).then_some(Self { start, width })
    }

    /// The length of the group's cell at `place`.
    #[inline]
    pub(super) fn length(self, place: usize, words: &[u64]) -> Option<usize> {
        if self.width == 0 {
            return Some(0);
        }
        let (word, shift) = self.bit(place);
        let mut length = words.get(word)? >> shift;
        if shift + self.width > WORD {
            length |= words.get(word + 1)? << (WORD - shift);
        }
        usize::try_from(length & ((1 << self.width) - 1)).ok()
    }

    /// The word in which the length of the cell at `place` begins, and the bit.
    #[inline]
    const fn bit(self, place: usize) -> (usize, usize) {
        let bit = place % STRIDE * self.width;
        (self.start + bit / WORD, bit % WORD)
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
            }
        }
    }
}

//! How many different values there are, and which are found most often.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many different values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distinct {
    /// So many.
    Exactly(usize),
    /// About so many: too many to keep them all.
    About(usize),
}

/// A value and how often it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frequent {
    /// The value, or its beginning.
    pub text: String,
    /// In so many rows.
    pub count: usize,
}

/// Values that are kept to count them at most, and their bytes. Those that come later are only
/// estimated in number; the counts of the kept ones stay exact.
const KEPT: usize = if cfg!(test) { 2_000 } else { 200_000 };
/// See [`KEPT`].
const KEPT_BYTES: usize = 16 << 20;

/// Bytes of a value that tell it from others.
const TOLD_APART: usize = 4096;

/// Frequent values that are told.
const TOLD: usize = 100;

/// Registers of the estimate: an error of about 0.8 % (Flajolet and others, "HyperLogLog: the
/// analysis of a near-optimal cardinality estimation algorithm", 2007).
const REGISTERS: usize = 1 << 14;

/// Counts different values.
#[derive(Debug)]
pub(super) struct Counter {
    counts: HashMap<Box<str>, usize>,
    bytes: usize,
    full: bool,
    registers: Vec<u8>,
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            counts: HashMap::new(),
            bytes: 0,
            full: false,
            registers: vec![0; REGISTERS],
        }
    }
}

impl Counter {
    pub(super) fn take(&mut self, text: &str) {
        let text = text
            .get(..text.floor_char_boundary(TOLD_APART))
            .unwrap_or_default();
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
        } else if !self.full {
            self.bytes += text.len();
            let _ = self.counts.insert(text.into(), 1);
            if self.counts.len() >= KEPT || self.bytes >= KEPT_BYTES {
                self.full = true;
                for known in self.counts.keys() {
                    note(&mut self.registers, known);
                }
            }
        } else {
            note(&mut self.registers, text);
        }
    }

    pub(super) fn finish(self) -> (Distinct, Vec<Frequent>) {
        let distinct = if self.full {
            Distinct::About(estimate(&self.registers).max(self.counts.len()))
        } else {
            Distinct::Exactly(self.counts.len())
        };
        let mut counts: Vec<(Box<str>, usize)> = self.counts.into_iter().collect();
        let most_first = |a: &(Box<str>, usize), b: &(Box<str>, usize)| {
            b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0))
        };
        if counts.len() > TOLD {
            let _ = counts.select_nth_unstable_by(TOLD, most_first);
            counts.truncate(TOLD);
        }
        counts.sort_unstable_by(most_first);
        let frequent = counts
            .into_iter()
            .map(|(text, count)| Frequent {
                text: text.into_string(),
                count,
            })
            .collect();
        (distinct, frequent)
    }
}

fn note(registers: &mut [u8], text: &str) {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let hash = hasher.finish();
    let place = usize::try_from(hash >> 50).unwrap_or(0);
    let zeros = u8::try_from((hash << 14 | 1 << 13).leading_zeros() + 1).unwrap_or(u8::MAX);
    if let Some(register) = registers.get_mut(place) {
        *register = (*register).max(zeros);
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate"
)]
fn estimate(registers: &[u8]) -> usize {
    let count = registers.len() as f64;
    let alpha = 0.7213 / (1.0 + 1.079 / count);
    let sum: f64 = registers
        .iter()
        .map(|register| 2_f64.powi(-i32::from(*register)))
        .sum();
    (alpha * count * count / sum) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_counted_and_many_estimated() {
        let mut few = Counter::default();
        for text in ["a", "b", "a"] {
            few.take(text);
        }
        let (distinct, frequent) = few.finish();
        assert_eq!(distinct, Distinct::Exactly(2));
        assert_eq!((frequent[0].text.as_str(), frequent[0].count), ("a", 2));
        let mut many = Counter::default();
        for number in 0..100_000 {
            many.take(&number.to_string());
        }
        let (Distinct::About(about), frequent) = many.finish() else {
            panic!("not all are kept");
        };
        assert!((97_000..103_000).contains(&about), "{about}");
        assert_eq!(frequent.len(), TOLD);
    }
}

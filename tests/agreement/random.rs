//! Random choices that a seed repeats.

use std::cell::Cell;

/// A stream of choices (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) const fn of(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of them.
    pub(crate) fn of_all<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Some of them, at least one, in their order.
    pub(crate) fn some<T: Clone>(&self, all: &[T]) -> Vec<T> {
        let certain = self.below(all.len());
        all.iter()
            .enumerate()
            .filter(|(at, _)| *at == certain || self.percent(30))
            .map(|(_, one)| one.clone())
            .collect()
    }
}

/// The seed of this run: `PGIAM_SEED` where it is set, `clock` for one nobody has tried; else always
/// the same, so that a change is judged by what it changed.
pub(crate) fn seed() -> u64 {
    match std::env::var("PGIAM_SEED").as_deref() {
        Err(_) => 16,
        Ok("clock") => {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
            since.as_secs() * 1_000 + u64::from(since.subsec_millis())
        }
        Ok(text) => text.parse().expect("PGIAM_SEED is a number, or `clock`"),
    }
}

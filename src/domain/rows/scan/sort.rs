//! Putting rows in the order of one column with twelve bytes a row, wherever the rows are.
//!
//! Each value becomes a key of 64 bits that sorts like the value. Numbers and times fit; of texts the
//! distinct ones are numbered in their order if they are few, else the eight bytes behind what all
//! texts begin with are the key, and only rows alike in those are compared in full.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::lens::{Chosen, SortKey};
use super::{Ended, Passes, narrow};
use crate::domain::rows::batch::Cell;
use crate::domain::rows::kind::Kind;
use crate::domain::rows::order::{self, Direction, Exactness};
use crate::domain::rows::store::Stretch;
use crate::domain::rows::view::RowSet;

/// Distinct texts that are numbered at most, and their bytes.
const FEW: usize = if cfg!(test) { 8 } else { 50_000 };
/// See [`FEW`].
const FEW_BYTES: usize = 8 << 20;

/// Bytes of a text that are compared; texts that agree so far keep the order they arrived in.
const COMPARED: usize = 1024;

/// Rows whose texts are held in memory at once to tell them apart.
const HELD_AT_ONCE: usize = if cfg!(test) { 5 } else { 250_000 };

/// A key and the row's rank in the order before. Packed: ten million rows take 120 MB, not 160.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Entry {
    key: u64,
    rank: u32,
}

/// What a pass over all texts found out.
enum Texts {
    /// There are few: each has its number in order.
    Few(HashMap<Box<str>, u64>),
    /// There are many, and all begin with so many equal bytes.
    Many(usize),
}

/// Puts chosen rows in the order of one column.
pub(super) struct Sorter<'a> {
    pub(super) key: SortKey,
    pub(super) kind: Kind,
    pub(super) chosen: &'a Chosen,
}

impl Sorter<'_> {
    /// The numbers of the chosen rows in order; among equals as in `before`.
    pub(super) fn order(
        &self,
        passes: &mut Passes<'_>,
        before: Option<&[u32]>,
    ) -> Result<Vec<u32>, Ended> {
        let count = narrow(self.chosen.len())?;
        let mut ranks: Vec<u32> = Vec::new();
        if let Some(before) = before {
            ranks.resize(before.len(), 0);
            for (rank, number) in (0..count).zip(before) {
                if let Some(into) = ranks.get_mut(*number as usize) {
                    *into = rank;
                }
            }
        }
        let rank = |number: usize| match ranks.get(number) {
            Some(rank) => *rank,
            None => u32::try_from(number).unwrap_or(u32::MAX),
        };
        let keyed = self.keyed(passes, rank)?;
        drop(ranks);
        let number = |rank: u32| match before {
            Some(before) => before.get(rank as usize).copied().unwrap_or(rank),
            None => rank,
        };
        let Keyed {
            mut entries,
            rough,
            mut odd,
            mut nulls,
        } = keyed;
        sort(passes, &mut entries)?;
        self.settle(passes, &mut entries, &rough, &number)?;
        self.settle_odd(passes, &mut odd, &number)?;
        nulls.sort_unstable();
        let mut ordered: Vec<u32> = entries.iter().map(|entry| number(entry.rank)).collect();
        ordered.extend(odd.into_iter().chain(nulls).map(number));
        Ok(ordered)
    }

    /// The keys of all chosen rows.
    fn keyed(&self, passes: &mut Passes<'_>, rank: impl Fn(usize) -> u32) -> Result<Keyed, Ended> {
        let by_bytes = matches!(
            self.kind,
            Kind::Text | Kind::Json | Kind::Bytes | Kind::Array
        );
        let texts = if by_bytes {
            Some(self.texts(passes)?)
        } else {
            // The pass that texts would have needed.
            passes.progress.total = passes.progress.total.saturating_sub(passes.rows.rows());
            None
        };
        let mut keyed = Keyed {
            entries: Vec::with_capacity(self.chosen.len()),
            rough: RowSet::default(),
            odd: Vec::new(),
            nulls: Vec::new(),
        };
        passes.each(|stretch| {
            for (number, row) in self.rows(stretch) {
                let rank = rank(number);
                let Some(Cell::Text(text)) = stretch.batch.cell(row, self.key.column) else {
                    keyed.nulls.push(rank);
                    continue;
                };
                let key = match &texts {
                    Some(Texts::Few(numbered)) => numbered.get(text).map(|number| order::Key {
                        value: *number,
                        exactness: Exactness::Exact,
                    }),
                    Some(Texts::Many(alike)) => Some(order::bytes(
                        text.as_bytes().get(*alike..).unwrap_or_default(),
                    )),
                    None => order::key(self.kind, text),
                };
                let Some(key) = key else {
                    keyed.odd.push(rank);
                    continue;
                };
                if key.exactness == Exactness::Rough {
                    keyed.rough.insert(rank as usize);
                }
                let key = match self.key.direction {
                    Direction::Ascending => key.value,
                    Direction::Descending => !key.value,
                };
                keyed.entries.push(Entry { key, rank });
            }
        })?;
        Ok(keyed)
    }

    /// The chosen rows of a stretch: their numbers among the chosen, and within the stretch.
    fn rows(&self, stretch: &Stretch) -> impl Iterator<Item = (usize, usize)> + '_ {
        let first = stretch.first;
        self.chosen
            .numbers(first, first + stretch.batch.rows())
            .map(move |number| (number, self.chosen.row(number) - first))
    }

    /// Looks at all texts once: are they few, and what do they all begin with?
    fn texts(&self, passes: &mut Passes<'_>) -> Result<Texts, Ended> {
        let mut distinct: Option<HashMap<Box<str>, u64>> = Some(HashMap::new());
        let mut bytes = 0;
        let mut alike: Option<Vec<u8>> = None;
        passes.each(|stretch| {
            for (_, row) in self.rows(stretch) {
                let Some(Cell::Text(text)) = stretch.batch.cell(row, self.key.column) else {
                    continue;
                };
                match &mut alike {
                    Some(alike) => {
                        let same = alike
                            .iter()
                            .zip(text.as_bytes())
                            .take_while(|(a, b)| a == b)
                            .count();
                        alike.truncate(same);
                    }
                    None => alike = Some(text.bytes().take(COMPARED).collect()),
                }
                if let Some(known) = &mut distinct
                    && !known.contains_key(text)
                {
                    bytes += text.len();
                    if known.len() >= FEW || bytes > FEW_BYTES {
                        distinct = None;
                    } else {
                        let _ = known.insert(text.into(), 0);
                    }
                }
            }
        })?;
        let Some(mut distinct) = distinct else {
            return Ok(Texts::Many(alike.map_or(0, |alike| alike.len())));
        };
        let mut ordered: Vec<(&Box<str>, &mut u64)> = distinct.iter_mut().collect();
        ordered.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        for (place, (_, number)) in (0..).zip(ordered) {
            *number = place;
        }
        Ok(Texts::Few(distinct))
    }

    /// Puts rows whose keys are equal but say too little in order by their texts.
    fn settle(
        &self,
        passes: &mut Passes<'_>,
        entries: &mut [Entry],
        rough: &RowSet,
        number: &dyn Fn(u32) -> u32,
    ) -> Result<(), Ended> {
        if rough.is_empty() {
            return Ok(());
        }
        let mut open: Vec<std::ops::Range<usize>> = Vec::new();
        let mut start = 0;
        for run in entries.chunk_by(|a, b| a.key == b.key) {
            let range = start..start + run.len();
            start = range.end;
            let unclear = || run.iter().any(|entry| rough.contains(entry.rank as usize));
            if run.len() > 1 && unclear() {
                open.push(range);
            }
        }
        let mut group = Vec::new();
        let mut held = 0;
        for range in open {
            held += range.len();
            group.push(range);
            if held >= HELD_AT_ONCE {
                self.settle_group(passes, entries, &std::mem::take(&mut group), number)?;
                held = 0;
            }
        }
        self.settle_group(passes, entries, &group, number)
    }

    fn settle_group(
        &self,
        passes: &mut Passes<'_>,
        entries: &mut [Entry],
        group: &[std::ops::Range<usize>],
        number: &dyn Fn(u32) -> u32,
    ) -> Result<(), Ended> {
        let ranks = group
            .iter()
            .filter_map(|range| entries.get(range.clone()))
            .flatten()
            .map(|entry| entry.rank);
        let texts = self.fetch(passes, ranks.collect(), number)?;
        for range in group {
            if let Some(run) = entries.get_mut(range.clone()) {
                run.sort_by(|a, b| self.compare(&texts, a.rank, b.rank));
            }
        }
        Ok(())
    }

    /// Values that are not written as their kind is: by their texts.
    fn settle_odd(
        &self,
        passes: &mut Passes<'_>,
        odd: &mut [u32],
        number: &dyn Fn(u32) -> u32,
    ) -> Result<(), Ended> {
        odd.sort_unstable();
        // Too many to hold: they stay in the order they arrived.
        if odd.len() > HELD_AT_ONCE {
            return Ok(());
        }
        let texts = self.fetch(passes, odd.to_vec(), number)?;
        odd.sort_by(|a, b| self.compare(&texts, *a, *b));
        Ok(())
    }

    fn compare(&self, texts: &HashMap<u32, Box<str>>, a: u32, b: u32) -> Ordering {
        let text = |rank| texts.get(&rank).map(AsRef::as_ref).unwrap_or_default();
        let ordering = order::tie(self.kind, text(a), text(b));
        match self.key.direction {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        }
    }

    /// The beginnings of the texts of rows, by their ranks.
    fn fetch(
        &self,
        passes: &mut Passes<'_>,
        ranks: Vec<u32>,
        number: &dyn Fn(u32) -> u32,
    ) -> Result<HashMap<u32, Box<str>>, Ended> {
        let mut wanted: Vec<(usize, u32)> = ranks
            .into_iter()
            .map(|rank| (self.chosen.row(number(rank) as usize), rank))
            .collect();
        wanted.sort_unstable();
        passes.expect_more(wanted.len());
        let mut texts = HashMap::with_capacity(wanted.len());
        let mut rest = wanted.as_slice();
        while let Some((row, _)) = rest.first() {
            let Some(stretch) = passes.rows.batch_of(*row) else {
                break;
            };
            let Stretch { first, batch } = stretch.map_err(Ended::Failed)?;
            let end = first + batch.rows();
            let (near, far) = rest.split_at(rest.partition_point(|(row, _)| *row < end));
            for (row, rank) in near {
                if let Some(Cell::Text(text)) = batch.cell(row - first, self.key.column) {
                    let text = text.get(..text.floor_char_boundary(COMPARED));
                    let _ = texts.insert(*rank, text.unwrap_or_default().into());
                }
            }
            rest = far;
            passes.tell(near.len())?;
        }
        Ok(texts)
    }
}

/// Entries sorted without asking whether somebody still waits: some hundredths of a second.
const SORTED_AT_ONCE: usize = if cfg!(test) { 4 } else { 256 << 10 };

/// Sorts in parts, between which it is asked whether to go on: the lower half is put before the upper
/// one, then each is sorted likewise.
fn sort(passes: &mut Passes<'_>, entries: &mut [Entry]) -> Result<(), Ended> {
    let key = |entry: &Entry| (entry.key, entry.rank);
    if entries.len() <= SORTED_AT_ONCE {
        entries.sort_unstable_by_key(key);
        return passes.tell(0);
    }
    passes.tell(0)?;
    let middle = entries.len() / 2;
    let (lower, _, upper) = entries.select_nth_unstable_by_key(middle, key);
    sort(passes, lower)?;
    sort(passes, upper)
}

/// What a pass over all values found.
struct Keyed {
    entries: Vec<Entry>,
    /// Ranks of rows whose key does not say all.
    rough: RowSet,
    /// Ranks of rows whose value has no key.
    odd: Vec<u32>,
    /// Ranks of rows without a value.
    nulls: Vec<u32>,
}

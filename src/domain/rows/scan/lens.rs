//! Choosing rows and putting them in order.

use super::sort::Sorter;
use super::{Ended, Going, Passes, Report, kinds, narrow};
use crate::domain::rows::Snapshot;
use crate::domain::rows::condition::Condition;
use crate::domain::rows::kind::Kind;
use crate::domain::rows::order::Direction;
use crate::domain::rows::view::RowView;

/// A column to order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// Which, from 0.
    pub column: usize,
    /// Which values come first.
    pub direction: Direction,
}

/// Through what rows are seen: those that fulfil every condition, in the order of the keys, the
/// first deciding before the second. Rows alike stay in the order they arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lens {
    /// What rows must fulfil.
    pub conditions: Vec<Condition>,
    /// What they are ordered by.
    pub keys: Vec<SortKey>,
}

/// Rows chosen, in the order they arrived.
pub(super) enum Chosen {
    All(usize),
    Some(Vec<u32>),
}

impl Chosen {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }

    /// The row of that number among the chosen.
    pub(super) fn row(&self, number: usize) -> usize {
        match self {
            Self::All(_) => number,
            Self::Some(rows) => rows.get(number).map_or(0, |row| *row as usize),
        }
    }

    /// The numbers among the chosen of the rows from one row to another.
    pub(super) fn numbers(&self, first: usize, end: usize) -> std::ops::Range<usize> {
        match self {
            Self::All(count) => first.min(*count)..end.min(*count),
            Self::Some(rows) => {
                let below = |bound: usize| rows.partition_point(|row| (*row as usize) < bound);
                below(first)..below(end)
            }
        }
    }
}

impl Lens {
    /// Whether it shows every row in the order it arrived.
    #[must_use]
    pub const fn is_clear(&self) -> bool {
        self.conditions.is_empty() && self.keys.is_empty()
    }

    pub(super) fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<RowView, Ended> {
        let _ = narrow(rows.rows())?;
        let kinds = kinds(rows);
        let passes = usize::from(!self.conditions.is_empty()) + 2 * self.keys.len();
        let mut passes = Passes::new(rows, passes, watch);
        let chosen = if self.conditions.is_empty() {
            Chosen::All(rows.rows())
        } else {
            Chosen::Some(self.choose(&mut passes, &kinds)?)
        };
        let mut order: Option<Vec<u32>> = None;
        // The last key first: each ordering keeps what the one before it found among equals.
        for key in self.keys.iter().rev() {
            let kind = kinds.get(key.column).copied().unwrap_or(Kind::Text);
            let sorter = Sorter {
                key: *key,
                kind,
                chosen: &chosen,
            };
            order = Some(sorter.order(&mut passes, order.as_deref())?);
        }
        let view = match (order, chosen) {
            (None, Chosen::Some(chosen)) => chosen,
            (None, Chosen::All(count)) => (0..narrow(count)?).collect(),
            (Some(order), Chosen::All(_)) => order,
            (Some(mut order), chosen @ Chosen::Some(_)) => {
                for number in &mut order {
                    *number = narrow(chosen.row(*number as usize))?;
                }
                order
            }
        };
        Ok(RowView::new(view, rows.rows()))
    }

    fn choose(&self, passes: &mut Passes<'_>, kinds: &[Kind]) -> Result<Vec<u32>, Ended> {
        let mut chosen = Vec::new();
        passes.each(|stretch| {
            for row in 0..stretch.batch.rows() {
                let fits = self
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(&stretch.batch, row, kinds));
                if let (true, Ok(number)) = (fits, u32::try_from(stretch.first + row)) {
                    chosen.push(number);
                }
            }
        })?;
        Ok(chosen)
    }
}

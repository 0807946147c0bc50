//! The points of a plot of one or two columns.

use std::collections::HashMap;

use super::summary::amount_of;
use super::{Ended, Going, Passes, Progress, Report, kinds};
use crate::domain::rows::Snapshot;
use crate::domain::rows::batch::Cell;
use crate::domain::rows::kind::Kind;
use crate::domain::rows::store::Stretch;
use crate::domain::rows::view::{RowSet, RowView};

/// What to plot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// The column along; `None` counts rows.
    pub x: Option<usize>,
    /// The column up.
    pub y: usize,
    /// The rows that show, if not all do.
    pub view: Option<RowView>,
    /// What is drawn.
    pub figure: Figure,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Figure {
    /// Points joined in the order of the rows.
    #[default]
    Line,
    /// Points.
    Scatter,
    /// A bar for each different value along: the sum of the values up, or a count.
    Bars,
}

/// A point: along, up.
pub type Point = (f64, f64);

/// What to draw.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// Points in the order of the rows.
    pub points: Vec<Point>,
    /// Bars, the highest first.
    pub bars: Vec<(String, f64)>,
    /// Rows there are.
    pub rows: usize,
    /// Of them every so many-th was taken; 1 takes all.
    pub every: usize,
    /// Rows taken that have no value to draw.
    pub left_out: usize,
    /// Bars that are not told because there are higher ones.
    pub more_bars: usize,
}

/// Rows that are drawn at most: a screen has no more points.
const DRAWN: usize = 20_000;

/// Different values that have a bar of their own at most.
const GROUPS: usize = 50_000;

/// Bars that are told.
const TOLD: usize = 60;

/// Bytes of a bar's name.
const NAMED: usize = 200;

impl Plot {
    pub(super) fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Points, Ended> {
        let kinds = kinds(rows);
        let of = |column: usize| kinds.get(column).copied().unwrap_or(Kind::Text);
        match self.figure {
            Figure::Bars => self.bars(rows, amount_of(of(self.y)), watch),
            Figure::Line | Figure::Scatter => {
                let x = self.x.and_then(|x| amount_of(of(x)));
                self.points(rows, x, amount_of(of(self.y)), watch)
            }
        }
    }

    /// Takes evenly spaced rows, read in the order they lie, put back into the order they show.
    #[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
    fn points(
        &self,
        rows: &Snapshot,
        x: Option<fn(&str) -> Option<f64>>,
        y: Option<fn(&str) -> Option<f64>>,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Points, Ended> {
        let count = self.view.as_ref().map_or(rows.rows(), RowView::len);
        let every = count.div_ceil(DRAWN).max(1);
        let row = |spot: usize| match &self.view {
            Some(view) => view.row(spot).unwrap_or(0),
            None => spot,
        };
        let mut wanted: Vec<(usize, usize)> = (0..count)
            .step_by(every)
            .map(|spot| (row(spot), spot))
            .collect();
        wanted.sort_unstable();
        let mut progress = Progress {
            done: 0,
            total: wanted.len(),
        };
        let mut taken: Vec<(usize, Point)> = Vec::with_capacity(wanted.len());
        let mut rest = wanted.as_slice();
        while let Some((first_row, _)) = rest.first() {
            let Some(stretch) = rows.batch_of(*first_row) else {
                break;
            };
            let Stretch { first, batch } = stretch.map_err(Ended::Failed)?;
            let end = first + batch.rows();
            let (near, far) = rest.split_at(rest.partition_point(|(row, _)| *row < end));
            for (row, spot) in near {
                let amount = |column, amount: Option<fn(&str) -> Option<f64>>| {
                    let text = batch.cell(row - first, column).and_then(Cell::text)?;
                    amount?(text).filter(|amount| amount.is_finite())
                };
                let along = match self.x {
                    Some(column) => amount(column, x),
                    None => Some(*spot as f64 + 1.0),
                };
                if let (Some(along), Some(up)) = (along, amount(self.y, y)) {
                    taken.push((*spot, (along, up)));
                }
            }
            rest = far;
            progress.done += near.len();
            let report = Report {
                progress,
                found: Vec::new(),
            };
            if watch(report) == Going::Stop {
                return Err(Ended::Stopped);
            }
        }
        taken.sort_unstable_by_key(|(spot, _)| *spot);
        Ok(Points {
            left_out: wanted.len() - taken.len(),
            points: taken.into_iter().map(|(_, point)| point).collect(),
            rows: count,
            every,
            ..Points::default()
        })
    }

    /// Sums the values up for each value along; without a column along, counts the values up.
    fn bars(
        &self,
        rows: &Snapshot,
        amount: Option<fn(&str) -> Option<f64>>,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Points, Ended> {
        let shown = self.view.as_ref().map(|view| {
            let mut set = RowSet::default();
            for row in view.rows() {
                set.insert(*row as usize);
            }
            set
        });
        let mut sums: HashMap<Option<Box<str>>, f64> = HashMap::new();
        let mut found = Points {
            every: 1,
            ..Points::default()
        };
        let along = self.x.unwrap_or(self.y);
        Passes::new(rows, 1, watch).each(|stretch| {
            for row in 0..stretch.batch.rows() {
                if shown
                    .as_ref()
                    .is_some_and(|set| !set.contains(stretch.first + row))
                {
                    continue;
                }
                found.rows += 1;
                let text = stretch.batch.cell(row, along).and_then(Cell::text);
                let up = match self.x {
                    Some(_) => stretch
                        .batch
                        .cell(row, self.y)
                        .and_then(Cell::text)
                        .and_then(|text| amount?(text))
                        .filter(|amount| amount.is_finite()),
                    None => Some(1.0),
                };
                let Some(up) = up else {
                    found.left_out += 1;
                    continue;
                };
                let name = text.map(|text| {
                    let end = text.floor_char_boundary(NAMED);
                    Box::from(text.get(..end).unwrap_or_default())
                });
                if let Some(sum) = sums.get_mut(&name) {
                    *sum += up;
                } else if sums.len() < GROUPS {
                    let _ = sums.insert(name, up);
                } else {
                    found.left_out += 1;
                }
            }
        })?;
        let mut bars: Vec<(String, f64)> = sums
            .into_iter()
            .map(|(name, sum)| (name.map_or_else(|| "NULL".to_owned(), String::from), sum))
            .collect();
        bars.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        found.more_bars = bars.len().saturating_sub(TOLD);
        bars.truncate(TOLD);
        found.bars = bars;
        Ok(found)
    }
}

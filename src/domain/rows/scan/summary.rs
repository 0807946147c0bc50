//! What a column holds: how many values, how many different ones, from where to where.

mod distinct;
mod histogram;

use super::{Ended, Going, Passes, Report, kinds};
use crate::domain::rows::batch::Cell;
use crate::domain::rows::kind::Kind;
use crate::domain::rows::order::{self, Exactness};
use crate::domain::rows::view::{RowSet, RowView};
use crate::domain::rows::{Snapshot, moment};

use distinct::Counter;

pub use distinct::{Distinct, Frequent};
pub use histogram::{Bar, label as axis_label};

/// Describes a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Describe {
    /// Which, from 0.
    pub column: usize,
    /// The rows that show, if not all do.
    pub view: Option<RowView>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which column, from 0.
    pub column: usize,
    /// What its values are.
    pub kind: Kind,
    /// Rows looked at.
    pub rows: usize,
    /// Of them, rows without a value.
    pub nulls: usize,
    /// Of them, rows with an empty text.
    pub empty: usize,
    /// How many different values there are.
    pub distinct: Distinct,
    /// The smallest value, where values have an order a person expects.
    pub min: Option<String>,
    /// The largest.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// Their standard deviation, of all rows looked at.
    pub deviation: Option<f64>,
    /// Bytes of the shortest and the longest value.
    pub bytes: Option<[usize; 2]>,
    /// The values found most often, the most frequent first.
    pub frequent: Vec<Frequent>,
    /// How many values lie where; empty where values are not numbers or times.
    pub histogram: Vec<Bar>,
}

/// Bytes of a smallest or largest value that are kept.
const KEPT: usize = 1024;

/// A value and its key.
struct Extreme {
    key: order::Key,
    text: String,
}

/// What is counted in the first pass.
struct Tally {
    kind: Kind,
    rows: usize,
    nulls: usize,
    empty: usize,
    counter: Counter,
    min: Option<Extreme>,
    max: Option<Extreme>,
    bytes: Option<[usize; 2]>,
    numbers: Moments,
}

impl Describe {
    pub(super) fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Summary, Ended> {
        let kind = kinds(rows).get(self.column).copied();
        let kind = kind.unwrap_or(Kind::Text);
        let measured = amount_of(kind);
        let passes = 1 + usize::from(measured.is_some());
        let mut passes = Passes::new(rows, passes, watch);
        let shown = self.view.as_ref().map(|view| {
            let mut set = RowSet::default();
            for row in view.rows() {
                set.insert(*row as usize);
            }
            set
        });
        let mut tally = Tally::new(kind);
        self.each(&mut passes, shown.as_ref(), |value| tally.take(value))?;
        let mut histogram = Vec::new();
        if let Some(amount) = measured
            && let Some(mut bars) = histogram::Bars::between(tally.finite_ends(), kind)
        {
            self.each(&mut passes, shown.as_ref(), |value| {
                if let Some(amount) = value.text().and_then(amount) {
                    bars.take(amount);
                }
            })?;
            histogram = bars.finish();
        }
        Ok(tally.finish(self.column, histogram))
    }

    fn each(
        &self,
        passes: &mut Passes<'_>,
        shown: Option<&RowSet>,
        mut take: impl FnMut(Cell<'_>),
    ) -> Result<(), Ended> {
        passes.each(|stretch| {
            for row in 0..stretch.batch.rows() {
                if shown.is_some_and(|set| !set.contains(stretch.first + row)) {
                    continue;
                }
                if let Some(value) = stretch.batch.cell(row, self.column) {
                    take(value);
                }
            }
        })
    }
}

/// How a value of that kind becomes an amount: numbers as they are, times in microseconds.
pub(super) fn amount_of(kind: Kind) -> Option<fn(&str) -> Option<f64>> {
    #[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
    fn stamp(text: &str) -> Option<f64> {
        let stamp = moment::stamp(text)?;
        let finite = stamp.micros != i64::MAX && stamp.micros != i64::MIN;
        finite.then_some(stamp.micros as f64)
    }
    #[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
    fn clock(text: &str) -> Option<f64> {
        moment::time(text).map(|(micros, _)| micros as f64)
    }
    #[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
    fn span(text: &str) -> Option<f64> {
        moment::span(text).map(|micros| micros as f64)
    }
    match kind {
        Kind::Number => Some(order::float),
        Kind::Date | Kind::Timestamp | Kind::Moment => Some(stamp),
        Kind::Time => Some(clock),
        Kind::Interval => Some(span),
        _ => None,
    }
}

impl Tally {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            rows: 0,
            nulls: 0,
            empty: 0,
            counter: Counter::default(),
            min: None,
            max: None,
            bytes: None,
            numbers: Moments::default(),
        }
    }

    fn take(&mut self, value: Cell<'_>) {
        self.rows += 1;
        let Cell::Text(text) = value else {
            self.nulls += 1;
            return;
        };
        self.empty += usize::from(text.is_empty());
        self.counter.take(text);
        let length = text.len();
        self.bytes = Some(match self.bytes {
            Some([shortest, longest]) => [shortest.min(length), longest.max(length)],
            None => [length, length],
        });
        if let Some(amount) = amount_of(self.kind).and_then(|amount| amount(text)) {
            self.numbers.take(amount);
        }
        // JSON and arrays have no order that says anything to a person.
        if matches!(self.kind, Kind::Json | Kind::Array | Kind::Bytes) {
            return;
        }
        let Some(key) = order::key(self.kind, text) else {
            return;
        };
        let kind = self.kind;
        let before = |a: &str, a_key: order::Key, b: &str, b_key: order::Key| {
            a_key.value < b_key.value
                || (a_key.value == b_key.value
                    && (a_key.exactness == Exactness::Rough || b_key.exactness == Exactness::Rough)
                    && order::tie(kind, a, b).is_lt())
        };
        let kept = || Extreme {
            key,
            text: text
                .get(..text.floor_char_boundary(KEPT))
                .unwrap_or_default()
                .to_owned(),
        };
        match &self.min {
            Some(min) if !before(text, key, &min.text, min.key) => {}
            _ => self.min = Some(kept()),
        }
        match &self.max {
            Some(max) if !before(&max.text, max.key, text, key) => {}
            _ => self.max = Some(kept()),
        }
    }

    /// The smallest and largest finite amounts.
    const fn finite_ends(&self) -> [f64; 2] {
        [self.numbers.least, self.numbers.most]
    }

    fn finish(self, column: usize, histogram: Vec<Bar>) -> Summary {
        let numbers =
            (self.kind == Kind::Number && self.numbers.count > 0).then_some(&self.numbers);
        let mean = numbers.map(|numbers| numbers.mean);
        let deviation = numbers.map(Moments::deviation);
        let (distinct, frequent) = self.counter.finish();
        Summary {
            column,
            kind: self.kind,
            rows: self.rows,
            nulls: self.nulls,
            empty: self.empty,
            distinct,
            min: self.min.map(|extreme| extreme.text),
            max: self.max.map(|extreme| extreme.text),
            mean,
            deviation,
            bytes: self.bytes,
            frequent,
            histogram,
        }
    }
}

/// Mean and deviation as values come (Welford's method), and the ends of what is finite.
#[derive(Debug)]
struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    least: f64,
    most: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of rows fits well enough"
    )]
    fn take(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1;
        let apart = value - self.mean;
        self.mean += apart / self.count as f64;
        self.squares += apart * (value - self.mean);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of rows fits well enough"
    )]
    fn deviation(&self) -> f64 {
        (self.squares / self.count.max(1) as f64).sqrt()
    }
}

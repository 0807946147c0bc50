//! How many values lie where: bars of equal breadth whose ends are round numbers or round times.

use crate::domain::rows::kind::Kind;
use crate::domain::rows::moment;

/// One bar: values from `low` up to, but without, the next bar's.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Where it begins, as a person reads it.
    pub label: String,
    /// So many values.
    pub count: usize,
}

/// Bars a histogram has at most.
const MOST: f64 = 24.0;

/// Breadths of bars over time, in seconds: 1 s to 100 years.
const ROUND_SECONDS: [f64; 22] = [
    1.0,
    5.0,
    15.0,
    60.0,
    300.0,
    900.0,
    3600.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    7_776_000.0,
    31_536_000.0,
    63_072_000.0,
    157_680_000.0,
    315_360_000.0,
    1_576_800_000.0,
    3_153_600_000.0,
];

/// Counts values into bars.
#[derive(Debug)]
pub(super) struct Bars {
    kind: Kind,
    low: f64,
    breadth: f64,
    counts: Vec<usize>,
}

impl Bars {
    /// Bars for values between two ends; `None` if there are no values.
    pub(super) fn between([least, most]: [f64; 2], kind: Kind) -> Option<Self> {
        if !least.is_finite() || !most.is_finite() {
            return None;
        }
        let breadth = breadth(most / 2.0 - least / 2.0, kind);
        let low = (least / breadth).floor() * breadth;
        let mut bars = Self {
            kind,
            low,
            breadth,
            counts: Vec::new(),
        };
        let count = bars.place(most) + 1;
        bars.counts.resize(count, 0);
        Some(bars)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "there are few bars, and a cast saturates"
    )]
    fn place(&self, value: f64) -> usize {
        let place = value / self.breadth - self.low / self.breadth;
        (place.max(0.0) as usize).min(2 * MOST as usize)
    }

    pub(super) fn take(&mut self, value: f64) {
        if value.is_finite() {
            let place = self.place(value);
            if let Some(count) = self.counts.get_mut(place) {
                *count += 1;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are few bars")]
    pub(super) fn finish(self) -> Vec<Bar> {
        let label = |place: usize| self.label(self.low + self.breadth * place as f64);
        self.counts
            .iter()
            .enumerate()
            .map(|(place, count)| Bar {
                label: label(place),
                count: *count,
            })
            .collect()
    }

    fn label(&self, value: f64) -> String {
        label(self.kind, value, self.breadth)
    }
}

/// A value at the edge of a bar of some breadth, or on an axis, as a person reads it.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "microseconds of times that were read as such"
)]
pub fn label(kind: Kind, value: f64, breadth: f64) -> String {
    const SECOND: f64 = 1e6;
    match kind {
        Kind::Date | Kind::Timestamp | Kind::Moment => {
            let text = moment::written(value as i64);
            let shown = if breadth >= 86_400.0 * SECOND { 10 } else { 19 };
            text.get(..shown).unwrap_or(&text).to_owned()
        }
        Kind::Time | Kind::Interval => {
            let seconds = (value / SECOND) as i64;
            let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.abs());
            let (days, rest) = (seconds / 86_400, seconds % 86_400);
            let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
            match days {
                0 => format!("{sign}{clock}"),
                days => format!("{sign}{days} d {clock}"),
            }
        }
        _ => number(value),
    }
}

/// A number without the digits that only come from counting in halves: `0.3`, not
/// `0.30000000000000004`.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// The breadth of bars over half of a range, so that there are not too many.
fn breadth(half: f64, kind: Kind) -> f64 {
    let wanted = half / MOST * 2.0;
    if matches!(kind, Kind::Number) {
        if wanted <= 0.0 {
            return 1.0;
        }
        let power = 10_f64.powf(wanted.log10().floor());
        return [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|step| step * power)
            .find(|step| *step >= wanted)
            .unwrap_or(10.0 * power);
    }
    let seconds = wanted / 1e6;
    let round = ROUND_SECONDS.into_iter().find(|step| *step >= seconds);
    round.unwrap_or(seconds) * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_round_numbers() {
        let mut bars = Bars::between([0.3, 9.9], Kind::Number).unwrap();
        for value in [0.3, 0.4, 5.0, 9.9, f64::NAN] {
            bars.take(value);
        }
        let bars = bars.finish();
        assert_eq!((bars[0].label.as_str(), bars[0].count), ("0", 2));
        assert_eq!(bars[1].label, "0.5");
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<usize>(), 4);
        assert!(bars.len() <= 25);
    }

    #[test]
    fn odd_ranges_have_bars_too() {
        for ends in [
            [5.0, 5.0],
            [-1e300, 1e300],
            [0.0, 1e-9],
            [f64::MIN, f64::MAX],
        ] {
            let mut bars = Bars::between(ends, Kind::Number).unwrap();
            for end in ends {
                bars.take(end);
            }
            let counted: usize = bars.finish().iter().map(|bar| bar.count).sum();
            assert_eq!(counted, 2, "{ends:?}");
        }
        assert!(Bars::between([f64::INFINITY, f64::NEG_INFINITY], Kind::Number).is_none());
    }

    #[test]
    fn times_have_round_times() {
        let day = 86_400.0 * 1e6;
        let bars = Bars::between([0.0, 20.0 * day], Kind::Date)
            .unwrap()
            .finish();
        assert_eq!(bars[0].label, "1970-01-01");
        assert_eq!(bars[1].label, "1970-01-02");
    }
}

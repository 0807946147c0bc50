//! Which of two values comes first: numbers by value, dates and spans by time, everything else by
//! its bytes, whatever the server's locale.

use std::cmp::Ordering;

use super::kind::Kind;
use super::moment;

/// In which direction rows are ordered. NULLs come last in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest value first.
    Ascending,
    /// The largest value first.
    Descending,
}

/// How much a key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// Values with this key are equal.
    Exact,
    /// Values with this key may differ: their texts decide.
    Rough,
}

/// A value's place among the values of its column, in 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Smaller for smaller values.
    pub value: u64,
    /// Whether equal keys mean equal values.
    pub exactness: Exactness,
}

/// The key of a value; `None` if it is not written as values of its kind are: such values come after
/// those that are, by their bytes.
#[must_use]
pub fn key(kind: Kind, text: &str) -> Option<Key> {
    let exact = |value| Key {
        value,
        exactness: Exactness::Exact,
    };
    match kind {
        Kind::Number => number(text),
        Kind::Money => money(text).map(|cents| exact(from_signed(cents))),
        Kind::Date | Kind::Timestamp | Kind::Moment => {
            moment::stamp(text).map(|stamp| exact(from_signed(stamp.micros)))
        }
        Kind::Time => moment::time(text).map(|(micros, zone)| {
            // Of two equal moments the server puts the more easterly zone first (`timetz_cmp`); the
            // text decides that.
            let micros = micros - i64::from(zone.unwrap_or(0)) * 1_000_000;
            Key {
                value: from_signed(micros),
                exactness: zone.map_or(Exactness::Exact, |_| Exactness::Rough),
            }
        }),
        Kind::Interval => moment::span(text).map(|micros| exact(from_signed(micros))),
        Kind::Text | Kind::Boolean | Kind::Json | Kind::Bytes | Kind::Array => {
            Some(bytes(text.as_bytes()))
        }
    }
}

/// The key of a text by its first bytes. A text holds no zero byte, so a shorter one is told apart
/// from every other.
#[must_use]
pub fn bytes(text: &[u8]) -> Key {
    let mut first = [0; 8];
    for (into, byte) in first.iter_mut().zip(text) {
        *into = *byte;
    }
    Key {
        value: u64::from_be_bytes(first),
        exactness: if text.len() < 8 {
            Exactness::Exact
        } else {
            Exactness::Rough
        },
    }
}

/// Signed to unsigned, in the same order.
#[must_use]
pub const fn from_signed(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

/// Floating point to unsigned, in the same order; NaN is the largest, as in PostgreSQL.
fn from_float(value: f64) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// Digits every decimal number of which has a floating point number of its own (`DBL_DIG`).
const DISTINCT_DIGITS: usize = 15;

fn number(text: &str) -> Option<Key> {
    let value = float(text)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Floating point numbers are written with an exponent or with all the digits they have, and
    // seventeen digits tell them apart; decimal numbers may have any number.
    let exactness = if digits <= DISTINCT_DIGITS || text.contains(['e', 'E']) {
        Exactness::Exact
    } else {
        Exactness::Rough
    };
    Some(Key {
        value: from_float(value),
        exactness,
    })
}

/// A number as floating point; `None` for what is not one.
#[must_use]
pub fn float(text: &str) -> Option<f64> {
    let last = text.bytes().last()?;
    if last.is_ascii_digit() {
        return text.parse().ok();
    }
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// An amount of money in its smallest unit: all values of a database have as many decimals, so the
/// digits say it whatever the signs between them are.
fn money(text: &str) -> Option<i64> {
    let mut amount: i64 = 0;
    let mut digits = 0;
    for byte in text.bytes().filter(u8::is_ascii_digit) {
        amount = amount
            .checked_mul(10)?
            .checked_add(i64::from(byte - b'0'))?;
        digits += 1;
    }
    let negative = text.contains(['-', '(', '\u{2212}']);
    (digits > 0).then_some(if negative { -amount } else { amount })
}

/// Which of two values that have the same key comes first.
#[must_use]
pub fn tie(kind: Kind, a: &str, b: &str) -> Ordering {
    match kind {
        Kind::Number => decimals(a, b),
        _ => a.as_bytes().cmp(b.as_bytes()),
    }
}

/// Which of two values of a column comes first.
#[must_use]
pub fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    match (key(kind, a), key(kind, b)) {
        (Some(x), Some(y)) => x.value.cmp(&y.value).then_with(|| {
            if x.exactness == Exactness::Exact && y.exactness == Exactness::Exact {
                Ordering::Equal
            } else {
                tie(kind, a, b)
            }
        }),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.as_bytes().cmp(b.as_bytes()),
    }
}

/// Compares decimal numbers of any length, without exponents.
fn decimals(a: &str, b: &str) -> Ordering {
    let sign = |text: &str| text.starts_with('-');
    match (sign(a), sign(b)) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (negative, _) => {
            let ordering = magnitudes(a, b);
            if negative {
                ordering.reverse()
            } else {
                ordering
            }
        }
    }
}

fn magnitudes(a: &str, b: &str) -> Ordering {
    fn parts(text: &str) -> [&str; 2] {
        let text = text.trim_start_matches(['-', '+']);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        [
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        ]
    }
    let ([a, a_fraction], [b, b_fraction]) = (parts(a), parts(b));
    a.len()
        .cmp(&b.len())
        .then_with(|| a.cmp(b))
        .then_with(|| a_fraction.cmp(b_fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(kind: Kind, mut texts: Vec<&str>) -> Vec<&str> {
        texts.sort_by(|a, b| compare(kind, a, b));
        texts
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        assert_eq!(
            sorted(
                Kind::Number,
                vec![
                    "10",
                    "9",
                    "NaN",
                    "-1.5",
                    "Infinity",
                    "1e3",
                    "0.1",
                    "-Infinity",
                    "12345678901234567891",
                    "12345678901234567890",
                    "2"
                ]
            ),
            [
                "-Infinity",
                "-1.5",
                "0.1",
                "2",
                "9",
                "10",
                "1e3",
                "12345678901234567890",
                "12345678901234567891",
                "Infinity",
                "NaN"
            ]
        );
        assert_eq!(compare(Kind::Number, "1.50", "1.5"), Ordering::Equal);
        assert_eq!(compare(Kind::Number, "-0", "0"), Ordering::Equal);
        assert_eq!(
            compare(
                Kind::Number,
                "-100000000000000000000.5",
                "-100000000000000000000.50"
            ),
            Ordering::Equal
        );
    }

    #[test]
    fn times_spans_and_money_are_ordered_by_amount() {
        assert_eq!(
            sorted(
                Kind::Moment,
                vec![
                    "infinity",
                    "2026-01-01 00:00:00+00",
                    "2025-12-31 23:30:00-01"
                ]
            ),
            [
                "2026-01-01 00:00:00+00",
                "2025-12-31 23:30:00-01",
                "infinity"
            ]
        );
        assert_eq!(
            sorted(Kind::Interval, vec!["2 mons", "59 days 23:00:00", "1 day"]),
            ["1 day", "59 days 23:00:00", "2 mons"]
        );
        assert_eq!(
            sorted(Kind::Money, vec!["$1,000.00", "-$2.00", "$999.99"]),
            ["-$2.00", "$999.99", "$1,000.00"]
        );
    }

    #[test]
    fn what_is_not_of_its_kind_comes_after() {
        assert_eq!(
            sorted(Kind::Date, vec!["2/1/2026", "2026-01-02", "1/1/2026"]),
            ["2026-01-02", "1/1/2026", "2/1/2026"]
        );
    }

    proptest! {
        #[test]
        fn texts_are_ordered_by_their_bytes(a in "[a-zé]{0,12}", b in "[a-zé]{0,12}") {
            prop_assert_eq!(compare(Kind::Text, &a, &b), a.as_bytes().cmp(b.as_bytes()));
        }

        #[test]
        fn whole_numbers_are_ordered(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(
                compare(Kind::Number, &a.to_string(), &b.to_string()),
                a.cmp(&b)
            );
        }

        #[test]
        fn floats_are_ordered(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let shown = |value: f64| if value.is_infinite() {
                if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
            } else {
                format!("{value:e}")
            };
            prop_assert_eq!(
                compare(Kind::Number, &shown(a), &shown(b)),
                a.partial_cmp(&b).unwrap()
            );
        }
    }
}

//! Dates, times and spans as the server writes them with `DateStyle` ISO and `IntervalStyle`
//! postgres, its defaults, as numbers that can be compared.
//!
//! What is written otherwise is not understood, and then treated as text.

/// Microseconds a day.
pub const DAY: i64 = 86_400_000_000;

/// A date and time as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since 1970-01-01 00:00, in UTC where there is a zone.
    pub micros: i64,
    /// The zone's distance from UTC in seconds, east positive, where there is one.
    pub zone: Option<i32>,
}

/// A date, a timestamp or a timestamp with time zone; infinities are the ends of what there is.
#[must_use]
pub fn stamp(text: &str) -> Option<Stamp> {
    match text {
        "infinity" => return Some(at(i64::MAX)),
        "-infinity" => return Some(at(i64::MIN)),
        _ => {}
    }
    let (text, era) = era(text);
    let (date, rest) = match text.split_once([' ', 'T']) {
        Some((date, rest)) => (date, Some(rest)),
        None => (text, None),
    };
    let days = date_in(era, date)?;
    let (clock, zone) = match rest {
        Some(rest) => time(rest)?,
        None => (0, None),
    };
    let micros = days
        .checked_mul(DAY)?
        .checked_add(clock)?
        .checked_sub(i64::from(zone.unwrap_or(0)) * 1_000_000)?;
    Some(Stamp { micros, zone })
}

/// A date in days since 1970-01-01: those that PostgreSQL knows go beyond what microseconds count.
#[must_use]
pub fn date(text: &str) -> Option<i64> {
    let (text, era) = era(text);
    date_in(era, text)
}

/// On which side of the year 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    BeforeChrist,
    Common,
}

fn era(text: &str) -> (&str, Era) {
    match text.strip_suffix(" BC") {
        Some(rest) => (rest, Era::BeforeChrist),
        None => (text, Era::Common),
    }
}

fn date_in(era: Era, date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = whole(parts.next()?)?;
    let month = whole(parts.next()?)?;
    let day = whole(parts.next()?)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = match era {
        Era::BeforeChrist => 1 - year,
        Era::Common => year,
    };
    Some(days(year, month, day))
}

const fn at(micros: i64) -> Stamp {
    Stamp { micros, zone: None }
}

/// A time of day in microseconds since midnight, and its zone, if it has one.
#[must_use]
pub fn time(text: &str) -> Option<(i64, Option<i32>)> {
    let (clock, zone) = match text.rfind(['+', '-']) {
        Some(place) => {
            let (clock, zone) = text.split_at_checked(place)?;
            (clock, Some(offset(zone)?))
        }
        None => (text, None),
    };
    Some((clock_micros(clock)?, zone))
}

fn clock_micros(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hours = whole(parts.next()?)?;
    let minutes = whole(parts.next()?)?;
    let (seconds, fraction) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "")),
        None => ("0", ""),
    };
    if parts.next().is_some() || fraction.len() > 6 {
        return None;
    }
    let seconds = whole(seconds)?;
    let mut micros = 0;
    for digit in fraction.bytes().chain(std::iter::repeat(b'0')).take(6) {
        micros = micros * 10 + i64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    ((hours * 60 + minutes) * 60 + seconds)
        .checked_mul(1_000_000)?
        .checked_add(micros)
}

/// `+05:30`, `-08`, `+00:19:32` in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let mut seconds = 0;
    let mut unit = 3600;
    for part in rest.split(':') {
        seconds += i32::try_from(whole(part)?).ok()?.checked_mul(unit)?;
        unit /= 60;
    }
    Some(sign * seconds)
}

fn whole(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() < 12 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-
/// Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A moment in UTC as the server would write it, to whole seconds unless it has a fraction.
#[must_use]
pub fn written(micros: i64) -> String {
    match micros {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (days, clock) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    // `civil_from_days` of the same paper.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (year, suffix) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    let seconds = clock / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    let fraction = clock % 1_000_000;
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push_str(suffix);
    text
}

/// A span of time in microseconds, as the server orders spans: a month has 30 days and a day 24
/// hours (`interval_cmp_value` in PostgreSQL's `timestamp.c`).
#[must_use]
pub fn span(text: &str) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let mut total: i64 = 0;
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let (sign, digits) = match word.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, word.strip_prefix('+').unwrap_or(word)),
        };
        let micros = if digits.contains(':') {
            clock_micros(digits)?
        } else {
            let unit = match words.next()?.trim_end_matches('s') {
                "year" => 360 * DAY,
                "mon" => 30 * DAY,
                "day" => DAY,
                _ => return None,
            };
            whole(digits)?.checked_mul(unit)?
        };
        total = total.checked_add(sign * micros)?;
    }
    Some(total)
}

/// How long ago a moment was, or how soon it will be: `3 h 12 min ago`, `in 2 days`.
#[must_use]
pub fn age(micros: i64, now_millis: i64) -> String {
    let apart = now_millis.saturating_sub(micros.div_euclid(1000));
    let length = std::time::Duration::from_millis(apart.unsigned_abs());
    let days = length.as_secs() / 86_400;
    let words = if days >= 730 {
        format!("{} years", days * 400 / 146_097)
    } else if days >= 90 {
        format!("{} months", days / 30)
    } else {
        crate::domain::time::spoken(length)
    };
    if apart >= 0 {
        format!("{words} ago")
    } else {
        format!("in {words}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_and_written_back() {
        for text in [
            "1970-01-01 00:00:00",
            "2024-02-29 23:59:59.25",
            "0001-01-01 00:00:00",
            "0044-03-15 12:00:00 BC",
            "9999-12-31 23:59:59.999999",
        ] {
            assert_eq!(written(stamp(text).unwrap().micros), text);
        }
        let zoned = stamp("2026-01-01 00:30:00+05:30").unwrap();
        assert_eq!(written(zoned.micros), "2025-12-31 19:00:00");
        assert_eq!(zoned.zone, Some(19_800));
        assert!(stamp("-infinity").unwrap().micros < stamp("4713-01-01 BC").unwrap().micros);
        for text in ["01/02/2026", "2026-13-01", "", "now", "2026-01-01 x"] {
            assert_eq!(stamp(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_ordered_as_the_server_orders_them() {
        assert_eq!(span("1 mon"), span("30 days"));
        assert_eq!(span("-00:00:01"), Some(-1_000_000));
        assert_eq!(
            span("1 year 2 mons -3 days +04:05:06.7"),
            Some((360 + 60 - 3) * DAY + 14_706_700_000)
        );
        assert_eq!(span("PT1S"), None);
    }

    #[test]
    fn ages_read_like_speech() {
        assert_eq!(age(0, 90_000), "1 min ago");
        assert_eq!(age(3 * DAY, 0), "in 3 days");
        assert_eq!(age(0, 86_400_000 * 366 * 30), "30 years ago");
    }
}

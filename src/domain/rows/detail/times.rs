//! A date or a moment: as it was sent, in UTC, its weekday and its age.

use super::{Line, Tone};
use crate::domain::rows::moment::{self, Stamp};

/// Whether the text is understood.
pub(super) fn can(text: &str) -> bool {
    moment::stamp(text).is_some_and(|stamp| !is_endless(stamp))
}

const fn is_endless(stamp: Stamp) -> bool {
    stamp.micros == i64::MAX || stamp.micros == i64::MIN
}

pub(super) fn lines(text: &str, now: i64) -> Vec<Line> {
    let mut found = vec![Line::of(Tone::Plain, text), Line::default()];
    let Some(stamp) = moment::stamp(text) else {
        return found;
    };
    let mut say = |label: &str, value: &str| {
        let mut line = Line::of(Tone::Quiet, &format!("{label:<10}"));
        line.push(Tone::Plain, value);
        found.push(line);
    };
    let local = stamp.micros + i64::from(stamp.zone.unwrap_or(0)) * 1_000_000;
    say("weekday", weekday(local));
    if let Some(zone) = stamp.zone {
        say("zone", &offset(zone));
        say("in UTC", &moment::written(stamp.micros));
    } else {
        say("zone", "none: the age takes it for UTC");
    }
    say("age", &moment::age(stamp.micros, now));
    say("epoch", &stamp.micros.div_euclid(1_000_000).to_string());
    found
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// 1970-01-01 was a Thursday.
fn weekday(micros: i64) -> &'static str {
    match micros.div_euclid(moment::DAY).rem_euclid(7) {
        0 => "Thursday",
        1 => "Friday",
        2 => "Saturday",
        3 => "Sunday",
        4 => "Monday",
        5 => "Tuesday",
        _ => "Wednesday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_tells_its_zone_and_age() {
        let now = 1_767_225_600_000; // 2026-01-01 00:00 UTC
        let shown: Vec<String> = lines("2025-12-31 23:30:00+05:30", now)
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(
            shown,
            [
                "2025-12-31 23:30:00+05:30",
                "",
                "weekday   Wednesday",
                "zone      UTC+05:30",
                "in UTC    2025-12-31 18:00:00",
                "age       6 h 0 min ago",
                "epoch     1767204000",
            ]
        );
        assert!(can("2025-12-31") && !can("infinity") && !can("yesterday"));
    }
}

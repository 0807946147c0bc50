//! How long the server may work, wait for a lock, or wait for us inside a transaction.

use std::time::Duration;

/// Time-outs a session is opened with; `None` leaves what the server, role or database says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// `statement_timeout`.
    pub statement: Option<Duration>,
    /// `lock_timeout`.
    pub lock: Option<Duration>,
    /// `idle_in_transaction_session_timeout`.
    pub idle_in_transaction: Option<Duration>,
}

impl Timeouts {
    /// These, and where they say nothing, those.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            statement: self.statement.or(others.statement),
            lock: self.lock.or(others.lock),
            idle_in_transaction: self.idle_in_transaction.or(others.idle_in_transaction),
        }
    }

    /// The server's parameters and their values, in milliseconds.
    #[must_use]
    pub fn parameters(self) -> Vec<Parameter> {
        let parameter = |name: &'static str, value: Option<Duration>| {
            value.map(|value| Parameter {
                name,
                milliseconds: u32::try_from(value.as_millis())
                    .unwrap_or(u32::MAX)
                    // The server's own limit is that of a signed 32-bit integer (`guc_tables.c`).
                    .min(i32::MAX.unsigned_abs()),
            })
        };
        [
            parameter("statement_timeout", self.statement),
            parameter("lock_timeout", self.lock),
            parameter(
                "idle_in_transaction_session_timeout",
                self.idle_in_transaction,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// One parameter of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value; 0 turns the time-out off.
    pub milliseconds: u32,
}

/// A span as the server's settings spell it: `30s`, `500 ms`, `5min`, `1h`, `2d`; `0` turns a
/// time-out off. A bare number other than 0 is refused: seconds here, milliseconds on the server.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "" if number == 0 => 0,
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

/// A span as [`parse`] reads it, in the largest unit that is exact.
#[must_use]
pub fn written(span: Duration) -> String {
    let milliseconds = span.as_millis();
    for (size, unit) in [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ] {
        if milliseconds > 0 && milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    match milliseconds {
        0 => "0".to_owned(),
        _ => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_as_the_server_does() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("500 ms", 500),
            ("5min", 300_000),
            ("1h", 3_600_000),
            ("2d", 172_800_000),
            ("0", 0),
        ] {
            let span = parse(text).unwrap();
            assert_eq!(span.as_millis(), milliseconds, "{text}");
            assert_eq!(parse(&written(span)), Some(span), "{text}");
        }
        for nonsense in ["", "30", "s", "-1s", "30 sec", "99999999999999999999s"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_nearer_setting_wins() {
        let settings = Timeouts {
            statement: Some(Duration::from_secs(30)),
            lock: Some(Duration::from_secs(5)),
            idle_in_transaction: None,
        };
        let profile = Timeouts {
            statement: Some(Duration::ZERO),
            ..Timeouts::default()
        };
        let names: Vec<String> = profile
            .or(settings)
            .parameters()
            .iter()
            .map(|parameter| format!("{}={}", parameter.name, parameter.milliseconds))
            .collect();
        assert_eq!(names, ["statement_timeout=0", "lock_timeout=5000"]);
    }
}

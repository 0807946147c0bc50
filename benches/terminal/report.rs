//! What was measured, side by side.

use std::time::Duration;

/// Measured times of one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl FromIterator<Duration> for Times {
    fn from_iter<T: IntoIterator<Item = Duration>>(times: T) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Times {
    /// The time below which that many of a hundred are.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * percent / 100).min(last);
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    pub(crate) fn best(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }
}

/// One line of the table.
struct Line {
    what: String,
    reach: String,
    measured: String,
    psql: String,
    ratio: String,
}

/// The table.
#[derive(Default)]
pub(crate) struct Report(Vec<Line>);

impl Report {
    /// A time of ours and psql's.
    pub(crate) fn times(&mut self, what: &str, reach: &str, ours: &Times, psql: Option<&Times>) {
        let text = |times: &Times| format!("{} ({})", spoken(times.median()), spoken(times.best()));
        let ratio = psql.map(|psql| {
            format!(
                "{:.2}",
                ours.median().as_secs_f64() / psql.median().as_secs_f64()
            )
        });
        self.words(
            what,
            reach,
            &text(ours),
            &psql.map_or_else(|| "–".to_owned(), text),
        );
        if let (Some(line), Some(ratio)) = (self.0.last_mut(), ratio) {
            line.ratio = ratio;
        }
    }

    /// Anything else.
    pub(crate) fn words(&mut self, what: &str, reach: &str, ours: &str, psql: &str) {
        eprintln!("  {what}: {ours} (reach {reach}, psql {psql})");
        self.0.push(Line {
            what: what.to_owned(),
            reach: reach.to_owned(),
            measured: ours.to_owned(),
            psql: psql.to_owned(),
            ratio: String::new(),
        });
    }

    /// Prints the table as Markdown.
    pub(crate) fn print(&self) {
        println!("\n| what | reach | pgiam | psql | ratio |\n|---|---|---|---|---|");
        for line in &self.0 {
            println!(
                "| {} | {} | {} | {} | {} |",
                line.what, line.reach, line.measured, line.psql, line.ratio
            );
        }
        println!("\nTimes are medians, the best in parentheses.");
    }
}

/// A time for people.
pub(crate) fn spoken(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        _ if ms >= 1000.0 => format!("{:.2} s", ms / 1e3),
        _ if ms >= 10.0 => format!("{ms:.0} ms"),
        _ if ms >= 0.1 => format!("{ms:.2} ms"),
        _ => format!("{:.0} µs", ms * 1e3),
    }
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

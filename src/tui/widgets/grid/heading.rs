//! The pane's heading: rows, bytes, rate and time, filters and order, and how far work on them is.

use std::time::Duration;

use crate::app::model::Model;
use crate::app::model::lens::Work;
use crate::app::model::query::{Outcome, Progress, Run, Standing};
use crate::app::model::search::Search;
use crate::app::model::window::Window;
use crate::app::update::edit;
use crate::domain::rows::condition::Condition;
use crate::domain::rows::glance::{bytes, grouped};
use crate::domain::rows::order::Direction;
use crate::domain::rows::{ResultSet, cell};
use crate::domain::time;

/// Cells a name or a condition takes at most.
const NAMED: usize = 24;

/// The pane's heading.
#[must_use]
pub fn title(model: &Model) -> String {
    let Some(run) = model.query.run() else {
        return "result".to_owned();
    };
    let shown = model.query.shown();
    let mut parts = if run.progress == Progress::Over {
        match shown {
            Some((outcome, _)) => finished(outcome),
            None => vec!["result".to_owned()],
        }
    } else {
        running(model, run)
    };
    if let Some((outcome, _)) = shown
        && let Some(result) = &outcome.result
    {
        view(result, &outcome.window, &mut parts);
    }
    match edit::of_shown(model).map_or(0, |edits| edits.pending.count()) {
        0 => {}
        1 => parts.push("● 1 change planned".to_owned()),
        many => parts.push(format!("● {many} changes planned")),
    }
    if let Some(copying) = model.grid.copying {
        parts.push(format!("copying {}", percent(copying)));
    }
    parts.join(" · ")
}

fn running(model: &Model, run: &Run) -> Vec<String> {
    let word = match run.progress {
        Progress::Cancelling => "cancelling",
        Progress::Running | Progress::Over => "running",
    };
    let elapsed = model.now.since(run.begun);
    let rows = run.rows();
    let mut parts = vec![word.to_owned()];
    let moved: u64 = run.outcomes.iter().map(|outcome| outcome.moved).sum();
    if let Some(moved) = usize::try_from(moved).ok().filter(|moved| *moved > 0) {
        parts.push(bytes(moved));
    }
    if rows > 0 {
        let text: usize = run
            .outcomes
            .iter()
            .filter_map(|outcome| outcome.result.as_ref())
            .map(ResultSet::text_bytes)
            .sum();
        parts.push(format!("{} rows", grouped(rows)));
        parts.push(bytes(text));
        parts.extend(per_second(rows, elapsed));
    }
    parts.push(time::spoken(elapsed));
    parts
}

fn finished(outcome: &Outcome) -> Vec<String> {
    let mut parts = vec!["result".to_owned()];
    if let Some(result) = &outcome.result {
        let noun = if result.rows() == 1 { "row" } else { "rows" };
        parts.push(format!("{} {noun}", grouped(result.rows())));
    }
    match &outcome.standing {
        Standing::Done(completed) => parts.push(time::spoken(completed.elapsed)),
        Standing::Failed(_) => parts.push("✗ failed".to_owned()),
        Standing::NotRun => parts.push("not run".to_owned()),
        Standing::Waiting | Standing::Running => {}
    }
    parts
}

/// Rows a second, once there is enough time to tell.
fn per_second(rows: usize, elapsed: Duration) -> Option<String> {
    let millis = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
    let rate = rows.saturating_mul(1000).checked_div(millis)?;
    (millis >= 200).then(|| format!("{} rows/s", grouped(rate)))
}

/// Filters, order and search, and how far each is.
fn view(result: &ResultSet, window: &Window, parts: &mut Vec<String>) {
    let looking = &window.looking;
    let applied = looking.applied();
    if let (Some(view), false) = (looking.view(), applied.conditions.is_empty()) {
        let conditions: Vec<String> = applied
            .conditions
            .iter()
            .map(|condition| spoken(result, condition))
            .collect();
        parts.push(format!(
            "filtered {} of {}: {}",
            grouped(view.len()),
            grouped(view.covered()),
            conditions.join(", ")
        ));
    }
    if !applied.keys.is_empty() {
        let keys: Vec<String> = applied
            .keys
            .iter()
            .map(|key| format!("{} {}", name(result, key.column), sign(key.direction)))
            .collect();
        let first = looking
            .view()
            .filter(|view| view.covered() < result.rows() && applied.conditions.is_empty())
            .map(|view| format!(" (the first {} rows)", grouped(view.covered())));
        parts.push(format!(
            "sorted by {}{}",
            keys.join(", "),
            first.unwrap_or_default()
        ));
    }
    if let Some(work) = looking.work() {
        let word = if looking.wanted().keys == applied.keys {
            "filtering"
        } else {
            "sorting"
        };
        parts.push(format!("{word} {}", percent(work)));
    }
    if let Some(search) = &window.search {
        parts.push(searched(search));
    }
    match window.columns().hidden() {
        0 => {}
        1 => parts.push("1 column hidden".to_owned()),
        count => parts.push(format!("{count} columns hidden")),
    }
}

fn searched(search: &Search) -> String {
    let words = cell::clipped(search.pattern().words(), NAMED);
    let count = search.hits().len();
    let noun = if count == 1 { "row" } else { "rows" };
    let found = format!("/{words}: {} {noun}", grouped(count));
    match search.work() {
        Some(work) => format!("{found} so far, {}", percent(work)),
        None => found,
    }
}

fn percent(work: Work) -> String {
    format!("{} %", work.progress.percent())
}

/// The sign of an order.
#[must_use]
pub(super) const fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "▲",
        Direction::Descending => "▼",
    }
}

fn name(result: &ResultSet, column: usize) -> String {
    result
        .columns()
        .get(column)
        .map(|column| cell::clipped(&column.name, NAMED).into_owned())
        .unwrap_or_default()
}

fn spoken(result: &ResultSet, condition: &Condition) -> String {
    let test = condition.test.spoken();
    let test = cell::clipped(&test, NAMED);
    match condition.column {
        Some(column) => format!("{} {test}", name(result, column)),
        None => format!("any {test}"),
    }
}

//! What a column holds: counts, ends, the values found most often, a histogram.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::paint::{line, lines, popup, word};
use crate::app::layout::Area;
use crate::app::model::summary::{Finding, Statistics};
use crate::domain::rows::cell;
use crate::domain::rows::glance::{self, grouped};
use crate::domain::rows::kind::Kind;
use crate::domain::rows::scan::{Distinct, Progress, Summary};
use crate::tui::theme::{Role, Theme};

/// Cells of a label at the left.
const LABEL: usize = 12;

/// The statistics, over the screen.
pub fn statistics(frame: &mut Frame<'_>, body: Area, shown: &Statistics, theme: Theme) {
    let title = format!("{} · statistics", shown.name);
    let area = body.centred(
        body.width.saturating_sub(6).clamp(40, 110),
        body.height.saturating_sub(2).min(44),
    );
    let inner = popup(frame, area, &title, theme);
    let (inner, foot) = inner.split_top(inner.height.saturating_sub(1));
    lines(
        frame,
        foot,
        vec![line(
            theme,
            Role::Quiet,
            " ← → next column   ↑ ↓ scroll   Esc close",
        )],
        0,
    );
    match &shown.finding {
        Finding::Working(work) => {
            let going = going(theme, work.progress, usize::from(inner.width));
            lines(frame, inner, going, 0);
        }
        Finding::Failed(failure) => {
            let said = line(theme, Role::Bad, &format!(" ✗ {}", failure.message));
            lines(frame, inner, vec![said], 0);
        }
        Finding::Here(summary) => here(frame, inner, (summary, shown.top), theme),
    }
}

/// A bar that fills while work goes on.
pub(super) fn going(theme: Theme, progress: Progress, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(12).max(1);
    let filled = room * progress.percent() / 100;
    vec![
        Line::default(),
        Line::from(vec![
            word(theme, Role::Busy, format!(" {}", "█".repeat(filled))),
            word(theme, Role::Quiet, "░".repeat(room - filled)),
            word(theme, Role::Text, format!(" {} %", progress.percent())),
        ]),
        line(theme, Role::Quiet, " Esc stops"),
    ]
}

fn here(frame: &mut Frame<'_>, area: Area, (summary, top): (&Summary, usize), theme: Theme) {
    let facts = facts(summary, usize::from(area.width), theme);
    let height = u16::try_from(facts.len()).unwrap_or(u16::MAX);
    let (above, below) = area.split_top(height.min(area.height));
    lines(frame, above, facts, 0);
    if summary.histogram.is_empty() {
        lines(frame, below, frequent(summary, below.width, theme), top);
    } else if below.width >= 76 {
        let (left, right) = below.split_left(below.width / 2);
        lines(frame, left, histogram(summary, left.width, theme), top);
        lines(frame, right, frequent(summary, right.width, theme), top);
    } else {
        let mut both = histogram(summary, below.width, theme);
        both.push(Line::default());
        both.extend(frequent(summary, below.width, theme));
        lines(frame, below, both, top);
    }
}

fn facts(summary: &Summary, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut found: Vec<Line<'static>> = Vec::new();
    let mut say = |label: &str, value: String| {
        let room = width.saturating_sub(LABEL + 2);
        found.push(Line::from(vec![
            word(theme, Role::Quiet, format!(" {label:<LABEL$}")),
            word(theme, Role::Text, cell::clipped(&value, room).into_owned()),
        ]));
    };
    let share = |count: usize| share(count, summary.rows);
    say("rows", grouped(summary.rows));
    say(
        "nulls",
        format!("{}{}", grouped(summary.nulls), share(summary.nulls)),
    );
    if summary.empty > 0 {
        say(
            "empty texts",
            format!("{}{}", grouped(summary.empty), share(summary.empty)),
        );
    }
    let values = summary.rows - summary.nulls;
    say(
        "distinct",
        match summary.distinct {
            Distinct::Exactly(count) if count == values && values > 1 => {
                format!("{}, every value once", grouped(count))
            }
            Distinct::Exactly(count) => grouped(count),
            Distinct::About(count) => {
                format!("about {} (estimated, ±1 %)", grouped(count))
            }
        },
    );
    if let Some(min) = &summary.min {
        say("min", min.clone());
    }
    if let Some(max) = &summary.max {
        say("max", max.clone());
    }
    if let Some(mean) = summary.mean {
        let deviation = summary.deviation.unwrap_or_default();
        say("mean", format!("{}  ± {}", number(mean), number(deviation)));
    }
    if let (Some([shortest, longest]), Kind::Text | Kind::Json | Kind::Bytes | Kind::Array) =
        (summary.bytes, summary.kind)
    {
        let lengths = format!("{} to {}", glance::bytes(shortest), glance::bytes(longest));
        say("length", lengths);
    }
    found.push(Line::default());
    found
}

/// A number with six digits that count.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e12).contains(&size) {
        return format!("{value:.4e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a share in hundredths")]
fn share(count: usize, rows: usize) -> String {
    if count == 0 || rows == 0 {
        return String::new();
    }
    format!("  {:.1} %", count as f64 * 100.0 / rows as f64)
}

fn histogram(summary: &Summary, width: u16, theme: Theme) -> Vec<Line<'static>> {
    let most = summary.histogram.iter().map(|bar| bar.count).max();
    let labels: Vec<&str> = summary
        .histogram
        .iter()
        .map(|bar| bar.label.as_str())
        .collect();
    let mut found = vec![line(theme, Role::Strong, " distribution, each bar from")];
    let label = labels.iter().map(|label| cell::width(label)).max();
    for bar in &summary.histogram {
        found.push(row(
            (&bar.label, bar.count),
            Measures {
                label: label.unwrap_or(0),
                most: most.unwrap_or(0),
                width: width.into(),
                side: Side::Right,
            },
            theme,
        ));
    }
    found
}

fn frequent(summary: &Summary, width: u16, theme: Theme) -> Vec<Line<'static>> {
    let title = match summary.distinct {
        Distinct::Exactly(_) => " most frequent".to_owned(),
        Distinct::About(_) => " most frequent of the values seen first".to_owned(),
    };
    let most = summary.frequent.first().map_or(0, |value| value.count);
    let widest = summary
        .frequent
        .iter()
        .map(|value| cell::width(&cell::clipped(&value.text, 60)))
        .max();
    let label = widest.unwrap_or(0).min(usize::from(width) * 2 / 5);
    let mut found = vec![line(theme, Role::Strong, &title)];
    for value in &summary.frequent {
        let text = if value.text.is_empty() {
            "(empty)"
        } else {
            &value.text
        };
        found.push(row(
            (text, value.count),
            Measures {
                label,
                most,
                width: width.into(),
                side: Side::Left,
            },
            theme,
        ));
    }
    found
}

/// On which side a bar's label stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Numbers.
    Right,
    /// Texts.
    Left,
}

/// The room of a bar.
#[derive(Clone, Copy)]
pub(super) struct Measures {
    pub(super) label: usize,
    pub(super) most: usize,
    pub(super) width: usize,
    pub(super) side: Side,
}

fn row((label, count): (&str, usize), measures: Measures, theme: Theme) -> Line<'static> {
    let counted = grouped(count);
    let digits = grouped(measures.most).len();
    let label = cell::clipped(label, measures.label).into_owned();
    let blanks = " ".repeat(measures.label.saturating_sub(cell::width(&label)));
    let label = match measures.side {
        Side::Right => format!(" {blanks}{label} "),
        Side::Left => format!(" {label}{blanks} "),
    };
    let room = measures.width.saturating_sub(measures.label + digits + 5);
    Line::from(vec![
        word(theme, Role::Text, label),
        word(theme, Role::Quiet, format!("{counted:>digits$} ")),
        Span::styled(blocks(count, measures.most, room), theme.style(Role::Focus)),
    ])
}

/// A bar to the eighth of a cell; something is never nothing.
fn blocks(count: usize, most: usize, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (count * room * 8).checked_div(most).unwrap_or(0);
    let eighths = if count > 0 { eighths.max(1) } else { 0 };
    let rest = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{rest}", "█".repeat(eighths / 8))
}

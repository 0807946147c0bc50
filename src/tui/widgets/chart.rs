//! One or two columns as a line, points or bars.

use ratatui::Frame;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart as Axes, Dataset, GraphType};

use super::paint::{line, lines, popup, rect, word};
use super::statistics::{going, number};
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::summary::{Chart, Finding};
use crate::domain::rows::glance::grouped;
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::scan::{Figure, Points, axis_label};
use crate::domain::rows::{ResultSet, cell};
use crate::tui::theme::{Role, Theme};

/// Cells of a name at most.
const NAMED: usize = 30;

/// The plot, over the screen.
pub fn chart(frame: &mut Frame<'_>, body: Area, shown: &Chart, (model, theme): (&Model, Theme)) {
    let result = model
        .query
        .shown()
        .and_then(|(outcome, _)| outcome.result.as_ref());
    let Some(result) = result else {
        return;
    };
    let up = name(result, shown.y);
    let title = match (shown.x.map(|x| name(result, x)), shown.figure) {
        (None, Figure::Bars) => format!("rows by {up}"),
        (None, Figure::Line | Figure::Scatter) => format!("{up} by row"),
        (Some(along), Figure::Bars) => format!("sum of {up} by {along}"),
        (Some(along), Figure::Line | Figure::Scatter) => format!("{up} by {along}"),
    };
    let word_of = match shown.figure {
        Figure::Line => "line",
        Figure::Scatter => "points",
        Figure::Bars => "bars",
    };
    let area = body.centred(body.width.saturating_sub(4), body.height.saturating_sub(2));
    let inner = popup(frame, area, &format!("{title} · {word_of}"), theme);
    let (inner, foot) = inner.split_top(inner.height.saturating_sub(1));
    let keys = " Tab line, points, bars   ← → column up   ↑ ↓ column along   Esc close";
    lines(frame, foot, vec![line(theme, Role::Quiet, keys)], 0);
    match &shown.finding {
        Finding::Working(work) => {
            let going = going(theme, work.progress, usize::from(inner.width));
            lines(frame, inner, going, 0);
        }
        Finding::Failed(failure) => {
            let said = line(theme, Role::Bad, &format!(" ✗ {}", failure.message));
            lines(frame, inner, vec![said], 0);
        }
        Finding::Here(points) => {
            let (above, inner) = inner.split_top(1);
            lines(frame, above, vec![said(points, theme)], 0);
            if shown.figure == Figure::Bars {
                bars(frame, inner, points, theme);
            } else {
                let kinds = [
                    shown.x.map_or(Kind::Number, |x| kind_of(result, x)),
                    kind_of(result, shown.y),
                ];
                axes(frame, inner, (points, shown.figure, kinds), theme);
            }
        }
    }
}

/// What the figure does not show: rows that were left out, and bars.
fn said(points: &Points, theme: Theme) -> Line<'static> {
    let mut parts = vec![format!("{} rows", grouped(points.rows))];
    if points.every > 1 {
        parts.push(format!("sampled: every {}th row", grouped(points.every)));
    }
    if points.left_out > 0 {
        parts.push(format!(
            "{} without a value to draw",
            grouped(points.left_out)
        ));
    }
    if points.more_bars > 0 {
        parts.push(format!(
            "{} lower bars not shown",
            grouped(points.more_bars)
        ));
    }
    line(theme, Role::Quiet, &format!(" {}", parts.join(" · ")))
}

fn name(result: &ResultSet, column: usize) -> String {
    result
        .columns()
        .get(column)
        .map(|column| cell::clipped(&column.name, NAMED).into_owned())
        .unwrap_or_default()
}

fn kind_of(result: &ResultSet, column: usize) -> Kind {
    result.columns().get(column).map_or(Kind::Text, kind::of)
}

fn axes(
    frame: &mut Frame<'_>,
    area: Area,
    (points, figure, [x_kind, y_kind]): (&Points, Figure, [Kind; 2]),
    theme: Theme,
) {
    let along = ends(points.points.iter().map(|point| point.0));
    let up = ends(points.points.iter().map(|point| point.1));
    let (Some(along), Some(up)) = (along, up) else {
        let nothing = line(
            theme,
            Role::Quiet,
            " no numbers or times to draw here; Tab draws bars",
        );
        lines(frame, area, vec![nothing], 0);
        return;
    };
    let axis = |kind: Kind, [low, high]: [f64; 2], count: u16| {
        let labels: Vec<Span<'static>> = (0..=count)
            .map(|place| {
                let value = low + (high - low) * f64::from(place) / f64::from(count);
                word(theme, Role::Quiet, axis_label(kind, value, high - low))
            })
            .collect();
        Axis::default()
            .style(theme.style(Role::Border))
            .bounds([low, high])
            .labels(labels)
    };
    let graph = match figure {
        Figure::Line => GraphType::Line,
        Figure::Scatter | Figure::Bars => GraphType::Scatter,
    };
    let data = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(graph)
        .style(theme.style(Role::Focus))
        .data(&points.points);
    let tall = area.height / 5;
    let wide = area.width / 26;
    let drawn = Axes::new(vec![data])
        .x_axis(axis(x_kind, along, wide.clamp(1, 6)))
        .y_axis(axis(y_kind, up, tall.clamp(1, 6)));
    frame.render_widget(drawn, rect(area));
}

/// The least and the largest value, apart enough to draw between.
fn ends(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    if !low.is_finite() || !high.is_finite() {
        return None;
    }
    Some(if low < high {
        [low, high]
    } else {
        let room = low.abs().max(1.0) / 2.0;
        [low - room, high + room]
    })
}

fn bars(frame: &mut Frame<'_>, area: Area, points: &Points, theme: Theme) {
    let width = usize::from(area.width);
    let most = points
        .bars
        .iter()
        .map(|(_, sum)| sum.abs())
        .fold(0.0, f64::max);
    let widest = points
        .bars
        .iter()
        .map(|(label, _)| cell::width(&cell::clipped(label, NAMED)));
    let label = widest.max().unwrap_or(0).min(width / 3);
    let digits = points.bars.iter().map(|(_, sum)| number(*sum).len());
    let digits = digits.max().unwrap_or(0);
    let room = width.saturating_sub(label + digits + 5);
    let shown = points
        .bars
        .iter()
        .map(|(text, sum)| {
            let text = if text.is_empty() { "(empty)" } else { text };
            let text = cell::clipped(text, label).into_owned();
            let blanks = " ".repeat(label.saturating_sub(cell::width(&text)));
            let (role, bar) = if *sum < 0.0 {
                (Role::Bad, length(-sum, most, room))
            } else {
                (Role::Focus, length(*sum, most, room))
            };
            Line::from(vec![
                word(theme, Role::Text, format!(" {text}{blanks} ")),
                word(theme, Role::Quiet, format!("{:>digits$} ", number(*sum))),
                word(theme, role, "█".repeat(bar)),
            ])
        })
        .collect();
    lines(frame, area, shown, 0);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "cells of a screen"
)]
fn length(value: f64, most: f64, room: usize) -> usize {
    if most <= 0.0 || value <= 0.0 {
        return 0;
    }
    ((value / most * room as f64) as usize).clamp(1, room.max(1))
}

//! A quick plot of one or two columns.

use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::overlay::Overlay;
use crate::app::model::summary::{Chart, Finding, next_figure};
use crate::app::model::window::Window;
use crate::domain::failure::Failure;
use crate::domain::rows::ResultSet;
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::scan::{Figure, Job, Plot, Points, Progress};

/// Plots the column under the cursor, or the first two selected ones.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let chosen = model
        .query
        .shown_window()
        .and_then(|(result, window)| chosen(result, window));
    let Some((x, y, figure)) = chosen else {
        return Vec::new();
    };
    draw(model, x, y, figure)
}

type Choice = (Option<usize>, usize, Figure);

/// What is plotted at first: amounts over time as a line, over other amounts as points, over
/// anything else as bars.
fn chosen(result: &ResultSet, window: &Window) -> Option<Choice> {
    let of = |column: usize| result.columns().get(column).map(kind::of);
    let mut columns = window.selected(result).columns.into_iter();
    let first = columns.next()?;
    let Some(second) = columns.next() else {
        let figure = if is_amount(of(first)?) {
            Figure::Line
        } else {
            Figure::Bars
        };
        return Some((None, first, figure));
    };
    // What is counted goes up, the other along.
    let (x, y) = if of(second)? != Kind::Number && of(first)? == Kind::Number {
        (second, first)
    } else {
        (first, second)
    };
    let figure = match of(x)? {
        Kind::Date | Kind::Timestamp | Kind::Moment if is_amount(of(y)?) => Figure::Line,
        along if is_amount(along) && is_amount(of(y)?) => Figure::Scatter,
        _ => Figure::Bars,
    };
    Some((Some(x), y, figure))
}

/// Whether values of that kind have a place on an axis.
const fn is_amount(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Number | Kind::Date | Kind::Time | Kind::Timestamp | Kind::Moment | Kind::Interval
    )
}

fn draw(model: &mut Model, x: Option<usize>, y: usize, figure: Figure) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let job = Plot {
        x,
        y,
        view: window.looking.view().cloned(),
        figure,
    };
    let effect = Effect::Scan {
        ticket,
        rows: Box::new(result.snapshot()),
        job: Box::new(Job::Plot(job)),
    };
    model.overlays.push(Overlay::Chart(Chart {
        x,
        y,
        figure,
        finding: Finding::new(ticket),
    }));
    vec![effect]
}

/// A key for the plot on top, which is put back unless the key closes it.
pub(in crate::app::update) fn key(model: &mut Model, chart: Chart, key: Key) -> Vec<Effect> {
    let mut effects: Vec<Effect> = chart
        .finding
        .ticket()
        .map(|ticket| Effect::Cancel { ticket })
        .into_iter()
        .collect();
    let Chart { x, y, figure, .. } = chart;
    let step = |model: &mut Model, from: usize, by: isize| {
        model
            .query
            .shown_window()
            .map_or(from, |(_, window)| window.columns().step(from, by))
    };
    let next = match key.code {
        KeyCode::Escape | KeyCode::Enter | KeyCode::Char('q' | 'P') => return effects,
        KeyCode::Char('c') if key.ctrl => return effects,
        KeyCode::Tab => Some((x, y, next_figure(figure))),
        KeyCode::Right | KeyCode::Char('l') => Some((x, step(model, y, 1), figure)),
        KeyCode::Left | KeyCode::Char('h') => Some((x, step(model, y, -1), figure)),
        KeyCode::Down | KeyCode::Char('j') => Some((along(model, x, 1), y, figure)),
        KeyCode::Up | KeyCode::Char('k') => Some((along(model, x, -1), y, figure)),
        _ => None,
    };
    if let Some((x, y, figure)) = next {
        effects.extend(draw(model, x, y, figure));
        return effects;
    }
    model.overlays.push(Overlay::Chart(chart));
    Vec::new()
}

/// The next column along; before the first one, none.
fn along(model: &mut Model, x: Option<usize>, by: isize) -> Option<usize> {
    let (_, window) = model.query.shown_window()?;
    let columns = window.columns();
    match x {
        None if by > 0 => Some(columns.first()),
        None => None,
        Some(column) if by < 0 && column == columns.first() => None,
        Some(column) => Some(columns.step(column, by)),
    }
}

fn waiting(model: &mut Model, ticket: Ticket) -> Option<&mut Finding<Points>> {
    model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Chart(chart) if chart.finding.ticket() == Some(ticket) => Some(&mut chart.finding),
        _ => None,
    })
}

pub(super) fn moved(model: &mut Model, ticket: Ticket, progress: Progress) {
    if let Some(finding) = waiting(model, ticket) {
        finding.moved(progress);
    }
}

pub(super) fn arrived(model: &mut Model, ticket: Ticket, points: Points) {
    if let Some(finding) = waiting(model, ticket) {
        *finding = Finding::Here(points);
    }
}

pub(super) fn failed(model: &mut Model, ticket: Ticket, failure: &Failure) {
    if let Some(finding) = waiting(model, ticket) {
        *finding = Finding::Failed(failure.clone());
    }
}

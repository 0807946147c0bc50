//! One value, or one row, in full on top of the screen.

use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout::{self, Area};
use crate::app::model::Model;
use crate::app::model::grid::{Subject, Viewer};
use crate::app::model::overlay::Overlay;
use crate::app::model::window::Place;
use crate::domain::rows::{Cell, ResultSet, cell, detail};

/// Columns of the screen a field's name takes in a record at most.
const NAMES: usize = 30;

/// Bytes of a value a record shows before it is cut; the value's own viewer shows more.
const IN_RECORD: usize = 2000;

/// The viewer's area, border included.
#[must_use]
pub fn area(model: &Model) -> Area {
    let body = layout::frame(model.size).body;
    body.centred(
        body.width.saturating_sub(8).clamp(20, 120),
        body.height.saturating_sub(2),
    )
}

/// Shows the value under the cursor.
pub(super) fn open_cell(model: &mut Model) -> Vec<Effect> {
    let place = model
        .query
        .shown_window()
        .map(|(_, window)| window.cursor());
    if let Some(place) = place {
        show(model, Subject::Value(place));
    }
    Vec::new()
}

/// Shows the row under the cursor.
pub(super) fn open_record(model: &mut Model) -> Vec<Effect> {
    let place = model
        .query
        .shown_window()
        .map(|(_, window)| window.cursor());
    if let Some(Place { row, .. }) = place {
        show(model, Subject::Record { row });
    }
    Vec::new()
}

fn show(model: &mut Model, subject: Subject) {
    let width = usize::from(area(model).inner().width).max(1);
    let viewer = model
        .query
        .shown_window()
        .and_then(|(result, _)| laid_out(result, subject, width));
    if let Some(viewer) = viewer {
        model.overlays.push(Overlay::Viewer(viewer));
    }
}

/// The terminal has another size: lines break elsewhere.
pub(super) fn resized(model: &mut Model) {
    if let Some(Overlay::Viewer(viewer)) = model.overlays.last() {
        let subject = viewer.subject;
        let _ = model.overlays.pop();
        show(model, subject);
    }
}

fn laid_out(result: &ResultSet, subject: Subject, width: usize) -> Option<Viewer> {
    let (title, lines) = match subject {
        Subject::Value(place) => value(result, place, width)?,
        Subject::Record { row } => record(result, row, width)?,
    };
    Some(Viewer {
        subject,
        title,
        lines,
        top: 0,
    })
}

fn value(result: &ResultSet, place: Place, width: usize) -> Option<(String, Vec<String>)> {
    let column = result.columns().get(place.column)?;
    let name = cell::safe_line(&column.name).into_owned();
    let row = place.row + 1;
    let Cell::Text(text) = result.cell(place.row, place.column)? else {
        return Some((format!("{name} · row {row}"), vec!["NULL".to_owned()]));
    };
    if text.is_empty() {
        return Some((format!("{name} · row {row}"), vec!["(empty)".to_owned()]));
    }
    let layout = detail::layout(column.type_oid, text);
    let mut lines = cell::wrapped(&detail::laid_out(text, layout), width);
    if text.len() > detail::LAID_OUT {
        lines.push(format!(
            "… {} bytes in all; copy or save takes the whole value",
            text.len()
        ));
    }
    Some((
        format!(
            "{name} · row {row} · {} · {} bytes",
            layout.word(),
            text.len()
        ),
        lines,
    ))
}

fn record(result: &ResultSet, row: usize, width: usize) -> Option<(String, Vec<String>)> {
    if row >= result.rows() {
        return None;
    }
    let names: Vec<String> = result
        .columns()
        .iter()
        .map(|column| cell::clipped(&column.name, NAMES).into_owned())
        .collect();
    let gutter = names
        .iter()
        .map(|name| cell::width(name))
        .max()
        .unwrap_or(0);
    let room = width.saturating_sub(gutter + 3).max(1);
    let mut lines = Vec::new();
    for (column, name) in names.iter().enumerate() {
        let shown = match result.cell(row, column)? {
            Cell::Null => vec!["NULL".to_owned()],
            Cell::Text(text) => {
                let mut shown = cell::wrapped(detail::beginning(text, IN_RECORD), room);
                if text.len() > IN_RECORD {
                    shown.push(format!("… {} bytes in all", text.len()));
                }
                shown
            }
        };
        for (number, text) in shown.into_iter().enumerate() {
            let name = if number == 0 { name.as_str() } else { "" };
            let pad = " ".repeat(gutter - cell::width(name));
            lines.push(format!("{name}{pad} │ {text}"));
        }
    }
    Some((format!("row {} of {}", row + 1, result.rows()), lines))
}

/// A key for the viewer on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut viewer: Viewer, key: Key) -> Vec<Effect> {
    let page = usize::from(area(model).inner().height).max(1);
    let last = viewer.lines.len().saturating_sub(page);
    match key.code {
        KeyCode::Escape | KeyCode::Enter | KeyCode::Char('q') => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Char('y') => return copy(model, viewer),
        KeyCode::Left | KeyCode::Char('h') => return step(model, viewer, -1),
        KeyCode::Right | KeyCode::Char('l') => return step(model, viewer, 1),
        KeyCode::Up | KeyCode::Char('k') => viewer.top = viewer.top.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => viewer.top += 1,
        KeyCode::PageUp => viewer.top = viewer.top.saturating_sub(page),
        KeyCode::PageDown | KeyCode::Char(' ') => viewer.top += page,
        KeyCode::Home | KeyCode::Char('g') => viewer.top = 0,
        KeyCode::End | KeyCode::Char('G') => viewer.top = last,
        _ => {}
    }
    viewer.top = viewer.top.min(last);
    model.overlays.push(Overlay::Viewer(viewer));
    Vec::new()
}

/// The value as the server sent it, or the record as it is shown.
fn copy(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    let text = match viewer.subject {
        Subject::Value(place) => model
            .query
            .shown_window()
            .and_then(|(result, _)| result.cell(place.row, place.column))
            .and_then(Cell::text)
            .unwrap_or_default()
            .to_owned(),
        Subject::Record { .. } => viewer.lines.join("\n"),
    };
    model.overlays.push(Overlay::Viewer(viewer));
    model.tell("copied");
    vec![Effect::Copy { text }]
}

/// The next column's value, or the next row.
fn step(model: &mut Model, viewer: Viewer, by: isize) -> Vec<Effect> {
    let before = model.overlays.len();
    if let Some((result, window)) = model.query.shown_window() {
        match viewer.subject {
            Subject::Value(_) => window.move_by(0, by, result),
            Subject::Record { .. } => window.move_by(by, 0, result),
        }
        let Place { row, .. } = window.cursor();
        let subject = match viewer.subject {
            Subject::Value(_) => Subject::Value(window.cursor()),
            Subject::Record { .. } => Subject::Record { row },
        };
        show(model, subject);
    }
    if model.overlays.len() == before {
        model.overlays.push(Overlay::Viewer(viewer));
    }
    Vec::new()
}

//! One value, or one row, in full on top of the screen.

pub(super) mod part;

use super::copy;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout::{self, Area};
use crate::app::model::Model;
use crate::app::model::line::{Line as Field, Taken};
use crate::app::model::overlay::Overlay;
use crate::app::model::viewer::{Arrival, Extent, Subject, Viewer};
use crate::app::model::window::{Direction, Place, Window};
use crate::domain::rows::detail::{self, Line, Tone};
use crate::domain::rows::glance::{self, Ink, grouped};
use crate::domain::rows::pattern::{Pattern, Reading};
use crate::domain::rows::{Cell, ResultSet, cell, kind, stray};

/// Columns of the screen a field's name takes in a record at most.
const NAMES: usize = 30;

/// Bytes of a value a record shows before it is cut; the value's own viewer shows more.
const IN_RECORD: usize = 2000;

/// The viewer's area, border included.
#[must_use]
pub fn area(model: &Model) -> Area {
    let body = layout::frame(model.size).body;
    body.centred(
        body.width.saturating_sub(8).clamp(20, 140),
        body.height.saturating_sub(2),
    )
}

/// The room for its lines: the last row inside the border is for keys.
#[must_use]
pub fn page(model: &Model) -> Area {
    let inner = area(model).inner();
    let (lines, _) = inner.split_top(inner.height.saturating_sub(1));
    lines
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
    if let Some(Place { row, column }) = place {
        show(model, Subject::Record { row });
        if let Some(Overlay::Viewer(viewer)) = model.overlays.last_mut() {
            viewer.select_field(column);
        }
    }
    Vec::new()
}

fn show(model: &mut Model, subject: Subject) {
    let now = model.now.0;
    let room = page(model);
    let width = usize::from(room.width);
    let viewer = model
        .query
        .shown_window()
        .and_then(|(result, window)| laid_out(result, window, subject, now));
    if let Some(mut viewer) = viewer {
        viewer.fit(width, usize::from(room.height));
        model.overlays.push(Overlay::Viewer(viewer));
    }
}

/// The terminal has another size: lines break elsewhere.
pub(super) fn resized(model: &mut Model) {
    let room = page(model);
    for overlay in &mut model.overlays {
        if let Overlay::Viewer(viewer) = overlay {
            viewer.fit(usize::from(room.width), usize::from(room.height));
        }
    }
}

/// Rows came back to memory: a viewer that waits for one shows it.
pub(super) fn returned(model: &mut Model) {
    let awaited = model.overlays.last().and_then(|overlay| match overlay {
        Overlay::Viewer(viewer) if viewer.arrival == Arrival::Awaited => Some(viewer.subject),
        _ => None,
    });
    if let Some(subject) = awaited {
        drop(model.overlays.pop());
        show(model, subject);
    }
}

fn laid_out(result: &ResultSet, window: &Window, subject: Subject, now: i64) -> Option<Viewer> {
    let spot = match subject {
        Subject::Value(place) => place.row,
        Subject::Record { row } => row,
    };
    if spot >= window.rows(result) {
        return None;
    }
    let row = window.row(spot);
    if result.cell(row, 0).is_none() {
        let lines = vec![Line::of(Tone::Quiet, "reading the row back…")];
        let title = format!("row {}", row + 1);
        let mut viewer = Viewer::new(subject, title, lines);
        viewer.arrival = Arrival::Awaited;
        return Some(viewer);
    }
    match subject {
        Subject::Value(place) => {
            let value_at = Place { row, ..place };
            let (title, lines) = value(result, value_at, now)?;
            let mut viewer = Viewer::new(subject, title, lines);
            viewer.extent = extent(result, value_at);
            Some(viewer)
        }
        Subject::Record { .. } => {
            let (row_number, rows) = (grouped(row + 1), grouped(result.rows()));
            let lines = record(result, window, row);
            let title = format!("row {row_number} of {rows}");
            Some(Viewer::new(subject, title, lines))
        }
    }
}

/// Which part of a value shows at first.
fn extent(result: &ResultSet, place: Place) -> Option<Extent> {
    let here = result.cell(place.row, place.column)?.text()?;
    part::extent(
        result,
        place,
        detail::beginning(here, detail::LAID_OUT).len(),
    )
}

fn value(result: &ResultSet, place: Place, now: i64) -> Option<(String, Vec<Line>)> {
    let Place { row, column } = place;
    let described = result.columns().get(column)?;
    let name = cell::safe_line(&described.name).into_owned();
    let named = format!("{name} · row {}", grouped(row + 1));
    let spoken = cell::safe_line(&kind::spoken(described)).into_owned();
    let kind_said = if spoken.is_empty() {
        String::new()
    } else {
        format!(" · {spoken}")
    };
    let Cell::Text(text) = result.cell(row, column)? else {
        let null = vec![Line::of(Tone::Null, "NULL")];
        return Some((format!("{named}{kind_said}"), null));
    };
    if text.is_empty() {
        let empty = vec![Line::of(Tone::Quiet, "(an empty text)")];
        return Some((format!("{named}{kind_said}"), empty));
    }
    let layout = detail::layout(described, text);
    let mut lines = detail::laid_out(text, layout, now);
    let extent = extent(result, place);
    lines.extend(extent.map(part::note));
    let size = part::size(kind::of(described), extent, text.len());
    Some((format!("{named}{kind_said} · {size}"), lines))
}

fn record(result: &ResultSet, window: &Window, row: usize) -> Vec<Line> {
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
    let mut lines = Vec::new();
    for column in window.columns().order().iter().copied() {
        let (Some(described), Some(name), Some(value)) = (
            result.columns().get(column),
            names.get(column),
            result.cell(row, column),
        ) else {
            continue;
        };
        let ink = glance::glance(kind::of(described), value, 1).ink;
        let bytes = result.value_bytes(row, column).unwrap_or(0);
        for (number, (tone, text)) in field(value, ink, bytes).into_iter().enumerate() {
            let name = if number == 0 { name.as_str() } else { "" };
            let pad = " ".repeat(gutter - cell::width(name));
            let mut line = Line {
                hanging: gutter + 3,
                field: Some(column),
                ..Line::default()
            };
            line.push(Tone::Name, name);
            line.push(Tone::Quiet, &format!("{pad} │ "));
            line.push(tone, &text);
            lines.push(line);
        }
    }
    lines
}

/// A value of a record, of so many bytes in all, a line each.
fn field(value: Cell<'_>, ink: Ink, bytes: usize) -> Vec<(Tone, String)> {
    let Cell::Text(text) = value else {
        return vec![(Tone::Null, glance::NULL.to_owned())];
    };
    let tone = match ink {
        Ink::Json | Ink::Array => Tone::Text,
        Ink::True | Ink::False => Tone::Word,
        Ink::Bytes => Tone::Quiet,
        Ink::Text | Ink::Null => Tone::Plain,
    };
    let mut shown: Vec<(Tone, String)> = match ink {
        Ink::True => vec![(tone, "● true".to_owned())],
        Ink::False => vec![(tone, "○ false".to_owned())],
        _ => cell::safe_lines(detail::beginning(text, IN_RECORD))
            .into_iter()
            .map(|line| (tone, line))
            .collect(),
    };
    if text.len() > IN_RECORD {
        let size = glance::bytes(bytes);
        shown.push((Tone::Quiet, format!("… {size} in all; Enter shows more")));
    }
    shown
}

/// A key for the viewer on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut viewer: Viewer, key: Key) -> Vec<Effect> {
    if let Some(field) = viewer.field.take() {
        return typed(model, viewer, field, key);
    }
    match key.code {
        KeyCode::Escape if viewer.search.take().is_some() => {}
        KeyCode::Escape | KeyCode::Char('q') => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => return enter(model, viewer),
        KeyCode::Char('y') => return copy_value(model, viewer),
        KeyCode::Char('Y') => return copy_part(model, viewer),
        KeyCode::Left | KeyCode::Char('h') => return step(model, viewer, Step::Beside(-1)),
        KeyCode::Right | KeyCode::Char('l') => return step(model, viewer, Step::Beside(1)),
        KeyCode::Char('[' | 'K') => return step(model, viewer, Step::Row(-1)),
        KeyCode::Char(']' | 'J') => return step(model, viewer, Step::Row(1)),
        KeyCode::Char('r') => return other(model, viewer),
        KeyCode::Char('s') => return part::save(model, viewer),
        KeyCode::Char('>') => return part::turn(model, viewer, Direction::Forward),
        KeyCode::Char('<') => return part::turn(model, viewer, Direction::Backward),
        KeyCode::Char('/') => viewer.field = Some(Field::default()),
        KeyCode::Char('n') => look(model, &mut viewer, Direction::Forward),
        KeyCode::Char('N') => look(model, &mut viewer, Direction::Backward),
        _ => walk(&mut viewer, key),
    }
    model.overlays.push(Overlay::Viewer(viewer));
    Vec::new()
}

/// The keys that move within the lines and fold them.
fn walk(viewer: &mut Viewer, key: Key) {
    let end = isize::MAX;
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => viewer.walk(-1),
        KeyCode::Down | KeyCode::Char('j') => viewer.walk(1),
        KeyCode::PageUp => viewer.page(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => viewer.page(1),
        KeyCode::Home | KeyCode::Char('g') => viewer.walk(-end),
        KeyCode::End | KeyCode::Char('G') => viewer.walk(end),
        KeyCode::Char('z') | KeyCode::Tab => viewer.toggle_fold(),
        KeyCode::Char('Z') | KeyCode::BackTab => viewer.toggle_all_folds(),
        KeyCode::Char(digit @ '1'..='9') => {
            let depth = digit.to_digit(10).unwrap_or(1);
            viewer.fold_deeper_than(usize::try_from(depth).unwrap_or(1));
        }
        _ => {}
    }
}

/// A key for the field in which something to look for is typed.
fn typed(model: &mut Model, mut viewer: Viewer, mut field: Field, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => {}
        KeyCode::Enter => {
            // Plain words are always a pattern.
            viewer.search = Pattern::read(field.text(), Reading::Plain)
                .ok()
                .filter(|pattern| !pattern.words().is_empty());
            look(model, &mut viewer, Direction::Forward);
        }
        _ => {
            let _: Taken = field.key(key);
            viewer.field = Some(field);
        }
    }
    model.overlays.push(Overlay::Viewer(viewer));
    Vec::new()
}

/// Text pasted into the viewer's field.
pub(super) fn pasted(viewer: &mut Viewer, text: &str) {
    if let Some(field) = &mut viewer.field {
        field.insert(text);
    }
}

fn look(model: &mut Model, viewer: &mut Viewer, direction: Direction) {
    let words = viewer
        .search
        .as_ref()
        .map(|pattern| pattern.words().to_owned());
    match words {
        None => model.tell("search first"),
        Some(words) => {
            if !viewer.look(direction) {
                model.tell(format!("no line has {words}"));
            }
        }
    }
}

/// Enter opens a record's value, and closes a value.
fn enter(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    let (Subject::Record { row }, Some(column)) = (viewer.subject, viewer.field_column()) else {
        return Vec::new();
    };
    model.overlays.push(Overlay::Viewer(viewer));
    if let Some((result, window)) = model.query.shown_window() {
        window.go(Place { row, column }, result);
    }
    show(model, Subject::Value(Place { row, column }));
    Vec::new()
}

/// From a value to its record, and from a record to the value that is selected.
fn other(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    match (viewer.subject, viewer.field_column()) {
        (Subject::Value(_), _) => open_record(model),
        (Subject::Record { row }, Some(column)) => {
            show(model, Subject::Value(Place { row, column }));
            Vec::new()
        }
        (Subject::Record { .. }, None) => {
            model.overlays.push(Overlay::Viewer(viewer));
            Vec::new()
        }
    }
}

/// Copies the value as the server sent it; in a record, the selected one.
fn copy_value(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    let place = match viewer.subject {
        Subject::Value(place) => Some(place),
        Subject::Record { row } => viewer.field_column().map(|column| Place { row, column }),
    };
    let bytes = place.and_then(|place| {
        let (result, window) = model.query.shown_window()?;
        result.value_bytes(window.row(place.row), place.column)
    });
    if bytes.is_some_and(|bytes| bytes > copy::LIMIT) {
        let size = glance::bytes(bytes.unwrap_or(0));
        model.tell(format!(
            "✗ {size} is too much for a clipboard: s saves it to a file"
        ));
        model.overlays.push(Overlay::Viewer(viewer));
        return Vec::new();
    }
    let text = place.and_then(|place| {
        let (result, window) = model.query.shown_window()?;
        let text = window.cell(result, place)?.text()?;
        Some(stray::readable(text).into_owned())
    });
    model.overlays.push(Overlay::Viewer(viewer));
    handed(model, text, "the value")
}

/// Copies the part of a JSON value around the selected line, or a whole record as it is shown.
fn copy_part(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    let (text, what) = match viewer.subject {
        Subject::Value(place) => {
            let around = viewer.around().filter(|fold| fold.to > 0);
            let text = model.query.shown_window().and_then(|(result, window)| {
                let text = window.cell(result, place)?.text()?;
                let part = match around {
                    Some(fold) => text.get(fold.from..fold.to)?,
                    None => text,
                };
                Some(stray::readable(part).into_owned())
            });
            (
                text,
                if around.is_some() {
                    "this part"
                } else {
                    "the value"
                },
            )
        }
        Subject::Record { .. } => {
            let lines: Vec<&str> = viewer
                .lines()
                .iter()
                .map(|line| line.text.as_str())
                .collect();
            (Some(lines.join("\n")), "the record")
        }
    };
    model.overlays.push(Overlay::Viewer(viewer));
    handed(model, text, what)
}

fn handed(model: &mut Model, text: Option<String>, what: &str) -> Vec<Effect> {
    let Some(text) = text else {
        model.tell("there is nothing to copy: NULL");
        return Vec::new();
    };
    let said = format!("copied {what}, {}", glance::bytes(text.len()));
    copy::hand(model, said, text)
}

/// Where to go from a value or a record.
#[derive(Clone, Copy)]
enum Step {
    /// The next column's value; of a record, the next row.
    Beside(isize),
    /// The next row.
    Row(isize),
}

fn step(model: &mut Model, viewer: Viewer, step: Step) -> Vec<Effect> {
    let field = viewer.field_column();
    let before = model.overlays.len();
    if let Some((result, window)) = model.query.shown_window() {
        match (viewer.subject, step) {
            (Subject::Value(_), Step::Beside(by)) => window.move_by(0, by, result),
            (Subject::Record { .. }, Step::Beside(by)) | (_, Step::Row(by)) => {
                window.move_by(by, 0, result);
            }
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
    } else if let Some(Overlay::Viewer(next)) = model.overlays.last_mut() {
        // What is looked for, and the field one was at, stay from row to row.
        next.search = viewer.search;
        if let Some(column) = field {
            next.select_field(column);
        }
    }
    Vec::new()
}

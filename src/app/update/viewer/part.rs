//! A value longer than is shown at once: reading on in it, and saving it to a file.

use super::show;
use crate::app::effect::Effect;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::grid::{Save, Subject as Saved};
use crate::app::model::line::Line as Field;
use crate::app::model::overlay::Overlay;
use crate::app::model::viewer::{Extent, Subject, Viewer};
use crate::app::model::window::{Direction, Place};
use crate::domain::failure::Failure;
use crate::domain::rows::detail::{self, Line, Tone};
use crate::domain::rows::glance;
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::{Part, ResultSet, cell};

/// Bytes of a part behind the first.
const PART: usize = 256 << 10;

/// Which part of a value its viewer shows; `None` if that is all of it.
pub(super) fn extent(result: &ResultSet, place: Place, shown: usize) -> Option<Extent> {
    let whole = result.value_bytes(place.row, place.column)?;
    (shown < whole).then_some(Extent {
        from: 0,
        to: shown,
        whole,
    })
}

/// What a heading says of a value's size. A `bytea` arrives as two digits a byte behind `\x`.
pub(super) fn size(kind: Kind, extent: Option<Extent>, text: usize) -> String {
    let said = |text: usize| match kind {
        Kind::Bytes => glance::bytes(text.saturating_sub(2) / 2),
        _ => glance::bytes(text),
    };
    match extent {
        None => said(text),
        Some(Extent { from: 0, to, whole }) => format!("first {} of {}", said(to), said(whole)),
        Some(Extent { from, to, whole }) => {
            format!("{} to {} of {}", said(from), said(to), said(whole))
        }
    }
}

/// What is said below a part.
pub(super) fn note(extent: Extent) -> Line {
    let text = if extent.to < extent.whole {
        "… > reads on, s saves all of it to a file"
    } else {
        "(the end of the value)"
    };
    Line::of(Tone::Quiet, text)
}

/// Asks for the part before or behind the one that shows.
pub(super) fn turn(model: &mut Model, mut viewer: Viewer, direction: Direction) -> Vec<Effect> {
    let (Some(extent), Subject::Value(place)) = (viewer.extent, viewer.subject) else {
        model.overlays.push(Overlay::Viewer(viewer));
        model.tell("all of it shows");
        return Vec::new();
    };
    let from = match direction {
        Direction::Forward if extent.to >= extent.whole => {
            model.overlays.push(Overlay::Viewer(viewer));
            model.tell("this is the end of the value");
            return Vec::new();
        }
        Direction::Forward => extent.to,
        Direction::Backward if extent.from <= PART => {
            // The first part is laid out as its kind is.
            show(model, viewer.subject);
            return Vec::new();
        }
        Direction::Backward => extent.from - PART,
    };
    let ticket = model.next_ticket();
    let asked = model.query.shown_window().map(|(result, window)| {
        let value = (window.row(place.row), place.column);
        (Box::new(result.snapshot()), value)
    });
    viewer.wanted = Some(ticket);
    model.overlays.push(Overlay::Viewer(viewer));
    let Some((rows, value)) = asked else {
        return Vec::new();
    };
    vec![Effect::ReadPart {
        ticket,
        rows,
        value,
        range: from..from + PART,
    }]
}

/// A part was read: the viewer that waits for it shows it.
pub(in crate::app::update) fn arrived(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Option<Part>, Failure>,
) {
    let Some(Overlay::Viewer(viewer)) = model.overlays.last_mut() else {
        return;
    };
    if viewer.wanted.take_if(|wanted| *wanted == ticket).is_none() {
        return;
    }
    match outcome {
        Ok(Some(part)) => {
            let column = match viewer.subject {
                Subject::Value(place) => place.column,
                Subject::Record { .. } => 0,
            };
            let described = model.query.shown_window().and_then(|(result, _)| {
                let column = result.columns().get(column)?;
                Some(kind::of(column))
            });
            let Some(Overlay::Viewer(viewer)) = model.overlays.last_mut() else {
                return;
            };
            let extent = Extent {
                from: part.from,
                to: part.to(),
                whole: part.whole,
            };
            let mut lines = match described {
                Some(Kind::Bytes) => detail::later_bytes(&part.text, part.from),
                _ => detail::plain(&part.text),
            };
            lines.push(note(extent));
            let kind = described.unwrap_or(Kind::Text);
            viewer.read_on(extent, lines, &size(kind, Some(extent), 0));
        }
        Ok(None) => model.tell("there is no more of it"),
        Err(failure) => model.tell(format!("✗ {}", failure.message)),
    }
}

/// Asks for the file of the value that shows.
pub(super) fn save(model: &mut Model, viewer: Viewer) -> Vec<Effect> {
    let place = match viewer.subject {
        Subject::Value(place) => Some(place),
        Subject::Record { row } => viewer.field_column().map(|column| Place { row, column }),
    };
    model.overlays.push(Overlay::Viewer(viewer));
    let named = place.and_then(|place| {
        let (result, window) = model.query.shown_window()?;
        let row = window.row(place.row);
        let column = result.columns().get(place.column)?;
        let bytes = result.value_bytes(row, place.column)?;
        let ending = match kind::of(column) {
            Kind::Json => "json",
            Kind::Bytes => "bin",
            _ => "txt",
        };
        let name = cell::safe_line(&column.name).replace(['/', ' '], "_");
        let value = (row, place.column);
        Some((
            Saved::Value { value, bytes },
            format!("{name}-{}.{ending}", row + 1),
        ))
    });
    let Some((subject, path)) = named else {
        model.tell("there is nothing to save: NULL");
        return Vec::new();
    };
    model.overlays.push(Overlay::Save(Save {
        subject,
        path: Field::new(&path),
        ..Save::default()
    }));
    Vec::new()
}

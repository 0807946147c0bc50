//! Saving rows to a file.

use super::access;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::grid::{FORMATS, Save, Subject, extension};
use crate::app::model::line::{Line, Taken};
use crate::app::model::memory::Saving;
use crate::app::model::overlay::Overlay;
use crate::app::model::{Model, Screen};
use crate::domain::export::Format;
use crate::domain::failure::Failure;
use crate::domain::rows::view::RowView;

pub(super) fn open(model: &mut Model) {
    if model.query.shown_window().is_none() {
        model.tell("there are no rows to take away");
        return;
    }
    let format = Format::Csv;
    model.overlays.push(Overlay::Save(Save {
        subject: Subject::All,
        format,
        path: Line::new(&format!("result.{}", extension(format))),
    }));
}

/// A key for the form on top, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut form: Save, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => return go(model, form),
        KeyCode::Down | KeyCode::Tab if form.subject == Subject::All => choose(&mut form, 1),
        KeyCode::Up | KeyCode::BackTab if form.subject == Subject::All => choose(&mut form, -1),
        _ => {
            let _: Taken = form.path.key(key);
        }
    }
    model.overlays.push(Overlay::Save(form));
    Vec::new()
}

/// The next format; the file's ending goes along while it is that of a format.
fn choose(form: &mut Save, step: isize) {
    let now = FORMATS
        .iter()
        .position(|format| *format == form.format)
        .unwrap_or(0);
    let next = (now.cast_signed() + step).rem_euclid(FORMATS.len().cast_signed());
    let Some(format) = FORMATS.get(next.cast_unsigned()).copied() else {
        return;
    };
    if let Some(stem) = form.path.text().strip_suffix(extension(form.format)) {
        form.path = Line::new(&format!("{stem}{}", extension(format)));
    }
    form.format = format;
}

fn go(model: &mut Model, form: Save) -> Vec<Effect> {
    if model.screen == Screen::Access {
        let path = form.path.text().trim().to_owned();
        if path.is_empty() {
            model.overlays.push(Overlay::Save(form));
            model.tell("a file needs a name");
            return Vec::new();
        }
        return access::save(model, form.format, path);
    }
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let view = window.looking.view().cloned();
    let path = form.path.text().trim().to_owned();
    if path.is_empty() {
        model.overlays.push(Overlay::Save(form));
        model.tell("a file needs a name");
        return Vec::new();
    }
    let rows = Box::new(result.snapshot());
    if model.saving.is_some() {
        model.overlays.push(Overlay::Save(form));
        model.tell("another result is being saved; Ctrl+C stops that");
        return Vec::new();
    }
    let ticket = model.next_ticket();
    model.saving = Some(Saving {
        ticket,
        path: path.clone(),
        rows: match form.subject {
            Subject::All => view.as_ref().map_or(rows.rows(), RowView::len),
            Subject::Value { bytes, .. } => bytes,
        },
    });
    model.tell(format!("saving {path}…"));
    vec![match form.subject {
        Subject::All => Effect::SaveRows {
            ticket,
            rows,
            view,
            format: form.format,
            path,
        },
        Subject::Value { value, .. } => Effect::SaveValue {
            ticket,
            rows,
            value,
            path,
        },
    }]
}

/// Rows, or bytes of a value, are being written: how far it is.
pub(super) fn saving(model: &mut Model, ticket: Ticket, done: usize) -> Vec<Effect> {
    if let Some(saving) = model.saving.as_ref().filter(|one| one.ticket == ticket) {
        let percent = done.saturating_mul(100) / saving.rows.max(1);
        let text = format!("saving {}… {percent} %; Ctrl+C stops", saving.path);
        model.tell(text);
    }
    Vec::new()
}

/// The save to stop, if one is under way.
pub(super) fn cancelling(model: &Model) -> Option<Ticket> {
    model.saving.as_ref().map(|saving| saving.ticket)
}

/// A result was saved, or could not be.
pub(super) fn saved(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<String, Failure>,
) -> Vec<Effect> {
    let ours = model.saving.take_if(|saving| saving.ticket == ticket);
    if ours.is_none() {
        return Vec::new();
    }
    model.tell(match outcome {
        Ok(path) => format!("saved {path}"),
        Err(failure) => match failure.hint {
            Some(hint) => format!("✗ {}: {hint}", failure.message),
            None => format!("✗ {}", failure.message),
        },
    });
    Vec::new()
}

//! Taking rows away: to a file, or to the clipboard in another form.

use super::grid::COPIED;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::grid::{Destination, FORMATS, Save, extension, format_name};
use crate::app::model::line::{Line, Taken};
use crate::app::model::overlay::Overlay;
use crate::app::model::window::Block;
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::Failure;
use crate::domain::rows::{Cell, ResultSet};

pub(super) fn open(model: &mut Model, destination: Destination) {
    if model.query.shown_window().is_none() {
        model.tell("there are no rows to take away");
        return;
    }
    let format = Format::Csv;
    model.overlays.push(Overlay::Save(Save {
        destination,
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
        KeyCode::Down | KeyCode::Tab => choose(&mut form, 1),
        KeyCode::Up | KeyCode::BackTab => choose(&mut form, -1),
        _ if form.destination == Destination::File => {
            let _: Taken = form.path.key(key);
        }
        _ => {}
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
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    if form.destination == Destination::File {
        let path = form.path.text().trim().to_owned();
        if path.is_empty() {
            model.overlays.push(Overlay::Save(form));
            model.tell("a file needs a name");
            return Vec::new();
        }
        let (result, format) = (Box::new(result.clone()), form.format);
        model.tell(format!("saving {path}…"));
        return vec![Effect::SaveRows {
            result,
            format,
            path,
        }];
    }
    let block = window.selected(result);
    let written = written(result, &block, form.format);
    window.unselect();
    let Some(text) = written else {
        model.tell("too much for the clipboard: save it to a file");
        return Vec::new();
    };
    model.tell(format!("copied as {}", format_name(form.format)));
    vec![Effect::Copy { text }]
}

/// A part of a result in some form; `None` if it is too long for the clipboard.
fn written(result: &ResultSet, block: &Block, format: Format) -> Option<String> {
    let columns = result.columns().get(block.columns.clone())?;
    // Nothing can fail when writing to memory, so an error can only be the size below.
    let mut exporter = Exporter::begin(Vec::new(), format, columns).ok()?;
    let mut bytes = 0;
    for row in block.rows.clone() {
        let cells = block
            .columns
            .clone()
            .filter_map(|column| result.cell(row, column));
        let cells: Vec<Cell<'_>> = cells.collect();
        bytes += cells
            .iter()
            .filter_map(|cell| cell.text())
            .map(str::len)
            .sum::<usize>();
        if bytes > COPIED {
            return None;
        }
        exporter.row(cells).ok()?;
    }
    String::from_utf8(exporter.end().ok()?).ok()
}

/// A result was saved, or could not be.
pub(super) fn saved(model: &mut Model, outcome: Result<String, Failure>) -> Vec<Effect> {
    model.tell(match outcome {
        Ok(path) => format!("saved {path}"),
        Err(failure) => match failure.hint {
            Some(hint) => format!("✗ {}: {hint}", failure.message),
            None => format!("✗ {}", failure.message),
        },
    });
    Vec::new()
}

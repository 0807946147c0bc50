//! Copying the selection: a task writes it out, the terminal or a program puts it on the clipboard.

use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::grid::{COPIES, CopyAs, Handed};
use crate::app::model::lens::Work;
use crate::app::model::overlay::Overlay;
use crate::app::model::window::Block;
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::rows::glance::{self, grouped};
use crate::domain::rows::scan::{Copied, Copy, Form, Job, Lines};

/// Bytes that are copied at most; more would stall the programs that take them.
pub(super) const LIMIT: usize = 64 << 20;

/// A key for the choice of a form, which is put back unless the key closes it.
pub(super) fn key(model: &mut Model, mut choice: CopyAs, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape | KeyCode::Char('q') => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => {
            let form = COPIES.get(choice.selected).map(|(_, form)| *form);
            return form.map_or_else(Vec::new, |form| selection(model, form));
        }
        KeyCode::Down | KeyCode::Tab => choice.selected = (choice.selected + 1) % COPIES.len(),
        KeyCode::Up | KeyCode::BackTab => {
            choice.selected = (choice.selected + COPIES.len() - 1) % COPIES.len();
        }
        KeyCode::Char(letter) => {
            if let Some((_, form)) = COPIES.iter().find(|(known, _)| *known == letter) {
                return selection(model, *form);
            }
        }
        _ => {}
    }
    model.overlays.push(Overlay::CopyAs(choice));
    Vec::new()
}

/// Writes the selection out in a form, for the clipboard.
pub(super) fn selection(model: &mut Model, form: Form) -> Vec<Effect> {
    let relation = relation(model);
    let ticket = model.next_ticket();
    let before = model.grid.copying.take().map(|work| Effect::Cancel {
        ticket: work.ticket,
    });
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let Block { rows, columns } = window.selected(result);
    let job = Copy {
        lines: Lines {
            spots: rows,
            view: window.looking.view().cloned(),
        },
        columns,
        form,
        relation,
        limit: LIMIT,
    };
    let effect = Effect::Scan {
        ticket,
        rows: Box::new(result.snapshot()),
        job: Box::new(Job::Copy(job)),
    };
    window.unselect();
    model.grid.copying = Some(Work::new(ticket));
    before.into_iter().chain([effect]).collect()
}

/// What INSERT statements name: the table that all columns come from, if it is one.
fn relation(model: &mut Model) -> String {
    let table = model.query.shown_window().and_then(|(result, _)| {
        let first = result.columns().first()?.table_oid;
        let one = result
            .columns()
            .iter()
            .all(|column| column.table_oid == first);
        (one && first != 0).then_some(first)
    });
    let catalog = model.tree.catalog();
    let named = table.and_then(|oid| {
        let relation = catalog
            .relations
            .iter()
            .find(|relation| relation.oid == oid)?;
        let schema = catalog.schemas.get(relation.schema)?;
        Some(ident::qualified(&schema.name, &relation.name))
    });
    named.unwrap_or_else(|| "result".to_owned())
}

/// The selection is written out.
pub(super) fn copied(model: &mut Model, ticket: Ticket, copied: Copied) -> Vec<Effect> {
    if model.grid.copying.is_none_or(|work| work.ticket != ticket) {
        return Vec::new();
    }
    model.grid.copying = None;
    let size = glance::bytes(copied.text.len());
    let said = match (copied.rows, copied.columns) {
        (1, 1) => format!("copied the cell, {size}"),
        (1, columns) => format!("copied {columns} cells, {size}"),
        (rows, 1) => format!("copied {} cells, {size}", grouped(rows)),
        (rows, columns) => format!("copied {} rows of {columns} columns, {size}", grouped(rows)),
    };
    hand(model, said, copied.text)
}

/// Bytes that go through the terminal at most. Terminals that read slowly would hold up the screen,
/// and most take far less.
const THROUGH_TERMINAL: usize = 1 << 20;

/// Bytes that every terminal that knows OSC 52 takes (xterm, hterm: 100 000 bytes of base64 at most).
const EVERYWHERE: usize = 74_994;

/// Puts a text on the clipboard, through the terminal and by a program of the system.
pub(super) fn hand(model: &mut Model, said: String, text: String) -> Vec<Effect> {
    model.tell(said.clone());
    let bytes = text.len();
    model.grid.handed = Some(Handed { said, bytes });
    let mut effects = Vec::new();
    if bytes <= THROUGH_TERMINAL {
        effects.push(Effect::Copy { text: text.clone() });
    }
    effects.push(Effect::CopyWith { text });
    effects
}

/// A program took the text, or there is none: what the terminal may not have taken is said.
pub(super) fn clipped(model: &mut Model, outcome: Result<Option<String>, Failure>) {
    let Some(Handed { said, bytes }) = model.grid.handed.take() else {
        return;
    };
    let through_terminal = if bytes <= EVERYWHERE {
        None
    } else if bytes <= THROUGH_TERMINAL {
        Some("some terminals take less than that; saving always works")
    } else {
        Some("too much to go through the terminal, and no clipboard program is here: save it")
    };
    match (outcome, through_terminal) {
        (Ok(Some(program)), _) => model.tell(format!("{said}, by {program}")),
        (Ok(None), Some(doubt)) if bytes > THROUGH_TERMINAL => {
            let size = glance::bytes(bytes);
            model.tell(format!("✗ not copied, {size}: {doubt}"));
        }
        (Ok(None), Some(doubt)) => model.tell(format!("{said}; {doubt}")),
        (Ok(None), None) => {}
        // The terminal has it all the same.
        (Err(_), None) => {}
        (Err(failure), Some(doubt)) => {
            model.tell(format!("{said}; {}; {doubt}", failure.message));
        }
    }
}

//! The catalog pane.

use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, Mouse};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::domain::catalog::CatalogPart;
use crate::domain::failure::Failure;

pub(super) fn is_typing(_model: &Model) -> bool {
    false
}

pub(super) fn perform(_model: &mut Model, _command: Command) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn key(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn pasted(_model: &mut Model, _text: &str) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn mouse(_model: &mut Model, _mouse: Mouse) -> Vec<Effect> {
    Vec::new()
}

/// Asks for the catalog of the linked database.
pub(super) fn reload(model: &mut Model) -> Vec<Effect> {
    let ticket = model.next_ticket();
    vec![Effect::LoadCatalog { ticket }]
}

pub(super) fn arrived(_model: &mut Model, _ticket: Ticket, _part: CatalogPart) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn failed(_model: &mut Model, _ticket: Ticket, _failure: Failure) -> Vec<Effect> {
    Vec::new()
}

/// The connection ended: a request under way gets no answer.
pub(super) fn link_lost(_model: &mut Model) {}

/// The workspace was left: the catalog is forgotten.
pub(super) fn hung_up(_model: &mut Model) {}

//! The result pane.

use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, Mouse};
use crate::app::model::Model;
use crate::app::model::grid::{Save, Viewer};

pub(super) fn is_typing(_model: &Model) -> bool {
    false
}

/// The terminal has another size: the cursor stays visible.
pub(super) fn resized(_model: &mut Model) {}

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

/// A key for the viewer on top, which is put back unless the key closes it.
pub(super) fn viewer_key(_model: &mut Model, _viewer: Viewer, _key: Key) -> Vec<Effect> {
    Vec::new()
}

/// A key for the save form on top, which is put back unless the key closes it.
pub(super) fn save_key(_model: &mut Model, _save: Save, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub(super) fn save_pasted(_save: &mut Save, _text: &str) {}

/// A result was saved, or could not be.
pub(super) fn saved(
    _model: &mut Model,
    _outcome: Result<String, crate::domain::failure::Failure>,
) -> Vec<Effect> {
    Vec::new()
}

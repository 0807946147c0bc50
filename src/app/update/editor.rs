//! The editor pane.

use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, Mouse};
use crate::app::model::Model;
use crate::app::model::query::Sent;
use crate::domain::profile::Profile;

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

/// What `Run` runs: the selection's statements, else the statement under the cursor.
pub(super) fn chosen(_model: &Model) -> Vec<Sent> {
    Vec::new()
}

/// What `RunAll` runs: every statement of the tab.
pub(super) fn all(_model: &Model) -> Vec<Sent> {
    Vec::new()
}

/// Opens a tab that holds `text`.
pub(super) fn open_tab(_model: &mut Model, _text: &str) -> Vec<Effect> {
    Vec::new()
}

/// Time went on: drafts are saved a moment after the last change.
pub(super) fn ticked(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// The workspace opens: the drafts of the profile come back.
pub(super) fn enter(_model: &mut Model, _profile: &Profile) -> Vec<Effect> {
    Vec::new()
}

/// The workspace is left: drafts are saved before `then`.
pub(super) fn leave(_model: &mut Model, then: Vec<Effect>) -> Vec<Effect> {
    then
}

/// The drafts of the profile were read.
pub(super) fn drafts_read(_model: &mut Model, _profile: &str, _tabs: &[String]) -> Vec<Effect> {
    Vec::new()
}

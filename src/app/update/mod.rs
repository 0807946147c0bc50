//! Judges messages: routes each to the area it belongs to.

use super::effect::Effect;
use super::message::Message;
use super::model::Model;

/// Judges one message. Never waits, never fails; the caller must grant every effect.
#[must_use]
pub fn update(_model: &mut Model, _message: Message) -> Vec<Effect> {
    Vec::new()
}

//! What the program knows, what can happen, what it can ask for, and what it decides.
//!
//! No async, no clock, no drawing, no adapters: `update` is a plain function from a message to
//! effects, so every behaviour can be told as a story without a terminal or a server.

pub mod command;
pub mod effect;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod message;
pub mod model;
pub mod result_layout;
pub mod update;

pub use effect::Effect;
pub use message::{Message, Ticket};
pub use model::Model;
pub use update::update;

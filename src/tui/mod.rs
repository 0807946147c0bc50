//! The terminal: draws, never mutates the model.

pub mod canvas;
pub mod input;
pub mod run;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod widgets;
pub mod worker;

//! Borrowed data in, cells out.

pub mod editor;
pub mod grid;
pub mod history;
pub mod messages;
pub mod save;
pub mod tree;
pub mod viewer;

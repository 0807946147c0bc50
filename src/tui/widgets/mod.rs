//! Borrowed data in, cells out.

pub mod access;
mod access_grid;
pub mod chart;
pub mod columns;
pub mod connections;
pub mod copy_as;
pub mod details;
pub mod diagnostics;
pub mod dialog;
pub mod edit;
pub mod editor;
pub mod file_form;
pub mod form;
pub mod grid;
pub mod help;
pub mod history;
pub mod messages;
pub mod paint;
pub mod palette;
pub mod plan;
pub mod save;
pub mod stages;
pub mod statistics;
pub mod status;
pub mod tree;
pub mod viewer;

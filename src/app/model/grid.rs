//! The result pane.

/// The result pane.
#[derive(Debug, Default)]
pub struct Grid {}

/// One value, or one row, in full.
#[derive(Debug, Default)]
pub struct Viewer {}

/// Where and how to save a result.
#[derive(Debug, Default)]
pub struct Save {}

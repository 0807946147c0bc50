//! The catalog pane.

/// The catalog pane.
#[derive(Debug, Default)]
pub struct Tree {}

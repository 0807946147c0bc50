//! The editor pane.

/// The editor pane.
#[derive(Debug, Default)]
pub struct Editor {}

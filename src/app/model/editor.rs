//! The editor pane.

/// The editor pane.
#[derive(Debug, Default)]
pub struct Editor {}

impl Editor {
    /// How long until unsaved text should be saved; `None` if all is saved.
    #[must_use]
    pub const fn next_save(&self) -> Option<std::time::Duration> {
        None
    }
}

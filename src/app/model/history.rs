//! What ran before, to search.

use super::line::Line;

/// The history on top of the screen.
#[derive(Debug, Default)]
pub struct HistoryList {
    /// Words a statement must contain.
    pub filter: Line,
    /// Which of the matching statements is selected, the newest first.
    pub selected: usize,
}

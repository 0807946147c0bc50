//! One value, or one row, in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::model::grid::Viewer;
use crate::tui::theme::{Role, Theme};

/// The inside of the viewer.
#[derive(Debug)]
pub struct ViewerPane<'a> {
    /// What it shows.
    pub viewer: &'a Viewer,
    /// Roles to styles.
    pub theme: Theme,
}

impl ViewerPane<'_> {
    /// The heading, and how far down it is.
    #[must_use]
    pub fn title(viewer: &Viewer, height: u16) -> String {
        let end = (viewer.top + usize::from(height)).min(viewer.lines.len());
        if viewer.lines.len() <= usize::from(height) {
            viewer.title.clone()
        } else {
            format!(
                "{} · lines {}–{end} of {}",
                viewer.title,
                viewer.top + 1,
                viewer.lines.len()
            )
        }
    }
}

impl Widget for ViewerPane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let style = self.theme.style(Role::Text);
        for (line, text) in area
            .rows()
            .zip(self.viewer.lines.iter().skip(self.viewer.top))
        {
            let _ = buf.set_stringn(line.x, line.y, text, line.width.into(), style);
        }
    }
}

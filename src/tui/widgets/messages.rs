//! What the server said about a statement.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::model::messages::{Gravity, MessageLine};
use crate::tui::theme::{Role, Theme};

/// Failure, notices and command tag, line by line.
#[derive(Debug)]
pub struct Messages<'a> {
    /// The lines, safe to show.
    pub lines: &'a [MessageLine],
    /// Lines that are scrolled away.
    pub top: usize,
    /// Roles to styles.
    pub theme: Theme,
}

impl Widget for Messages<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let hidden = self
            .lines
            .len()
            .saturating_sub(self.top + usize::from(area.height));
        for (line, said) in area.rows().zip(self.lines.iter().skip(self.top)) {
            let role = match said.gravity {
                Gravity::Failure => Role::Bad,
                Gravity::Warning => Role::Warning,
                Gravity::Notice => Role::Text,
                Gravity::Beside => Role::Quiet,
            };
            let style = self.theme.style(role);
            let _ = buf.set_stringn(line.x, line.y, &said.text, line.width.into(), style);
        }
        if hidden > 0 && area.height > 0 && area.width > 12 {
            let more = format!(" +{hidden} more ");
            let width = u16::try_from(more.len())
                .unwrap_or(area.width)
                .min(area.width);
            let style = self.theme.style(Role::Quiet);
            let _ = buf.set_stringn(
                area.right() - width,
                area.bottom() - 1,
                more,
                width.into(),
                style,
            );
        }
    }
}

//! The form that asks in which form, and where, rows are taken away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::model::grid::{FORMATS, Save, Subject, format_name};
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// The inside of the form: a row for each form, an empty one, and the path.
#[derive(Debug)]
pub struct SaveForm<'a> {
    /// What is chosen and typed.
    pub save: &'a Save,
    /// Roles to styles.
    pub theme: Theme,
}

impl Widget for SaveForm<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let mut lines = area.rows();
        // In a low terminal the path matters more than the list.
        let formats = match self.save.subject {
            Subject::All => FORMATS,
            // A value is written as it is.
            Subject::Value { .. } => &[],
        };
        let listed = usize::from(area.height.saturating_sub(2)).min(formats.len());
        let chosen = formats
            .iter()
            .position(|format| *format == self.save.format)
            .unwrap_or(0);
        let top = (chosen + 1).saturating_sub(listed.max(1));
        for (format, line) in formats.iter().skip(top).take(listed).zip(lines.by_ref()) {
            let (mark, role) = if *format == self.save.format {
                ("●", Role::Selected)
            } else {
                ("○", Role::Text)
            };
            let text = format!("{mark} {}", format_name(*format));
            let _ = buf.set_stringn(
                line.x,
                line.y,
                text,
                line.width.into(),
                self.theme.style(role),
            );
        }
        let Some(line) = lines.next_back() else {
            return;
        };
        let width = usize::from(line.width);
        let (cursor, scroll) = self.save.path.view(width.saturating_sub(7));
        let shown: String = self.save.path.text().chars().skip(scroll).collect();
        let text = format!("file  {shown}");
        let style = self.theme.style(Role::Text);
        let _ = buf.set_stringn(line.x, line.y, cell::clipped(&text, width), width, style);
        let x = line.x + 6 + u16::try_from(cursor).unwrap_or(0);
        if x < line.right() {
            buf.set_style(Rect::new(x, line.y, 1, 1), self.theme.style(Role::Selected));
        }
    }
}

//! The form that asks for the file of a statement.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::model::file_form::{FileForm, FileUse};
use crate::app::model::grid::format_name;
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// The inside of the form: the statement, the path, what the keys do.
#[derive(Debug)]
pub struct FilePane<'a> {
    /// What is chosen and typed.
    pub form: &'a FileForm,
    /// Roles to styles.
    pub theme: Theme,
}

impl FilePane<'_> {
    /// The heading.
    #[must_use]
    pub const fn title(purpose: FileUse) -> &'static str {
        match purpose {
            FileUse::Load => "load a file · Escape closes",
            FileUse::Store => "copy to a new file · Escape closes",
            FileUse::Rows(_) => "run to a new file · Escape closes",
        }
    }
}

impl Widget for FilePane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width);
        let mut lines = area.rows();
        let mut put = |line: Option<Rect>, text: &str, role: Role| {
            let line = line?;
            let shown = cell::clipped(text, width);
            let _ = buf.set_stringn(line.x, line.y, shown, width, self.theme.style(role));
            Some(line)
        };
        let _ = put(lines.next(), self.form.sent.text.trim_start(), Role::Quiet);
        let (cursor, scroll) = self.form.path.view(width.saturating_sub(7));
        let shown: String = self.form.path.text().chars().skip(scroll).collect();
        let path = put(lines.next(), &format!("file  {shown}"), Role::Text);
        let hint = match self.form.purpose {
            FileUse::Load => "Enter sends the file's bytes as they are".to_owned(),
            FileUse::Store => "Enter writes what the server sends as it is".to_owned(),
            FileUse::Rows(format) => {
                format!(
                    "as {} · Tab: another form · Enter runs",
                    format_name(format)
                )
            }
        };
        let _ = put(lines.next(), &hint, Role::Quiet);
        if let Some(line) = path {
            let x = line.x + 6 + u16::try_from(cursor).unwrap_or(0);
            if x < line.right() {
                buf.set_style(Rect::new(x, line.y, 1, 1), self.theme.style(Role::Selected));
            }
        }
    }
}

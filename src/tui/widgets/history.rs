//! What ran before, the newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::layout;
use crate::app::model::history::HistoryList;
use crate::domain::history::{self, Ended, Entry};
use crate::domain::rows::cell;
use crate::domain::time::{self, Timestamp};
use crate::tui::theme::{Role, Theme};

/// The inside of the history.
#[derive(Debug)]
pub struct HistoryPane<'a> {
    /// What was typed and selected.
    pub list: &'a HistoryList,
    /// Everything that ran, the newest last.
    pub entries: &'a [Entry],
    /// The time now.
    pub now: Timestamp,
    /// Roles to styles.
    pub theme: Theme,
}

impl Widget for HistoryPane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let width = usize::from(area.width);
        let typed = format!("/ {}", self.list.filter.text());
        let style = self.theme.style(Role::Text);
        let _ = buf.set_stringn(area.x, area.y, cell::clipped(&typed, width), width, style);
        let below = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        let found = history::search(self.entries, self.list.filter.text());
        if found.is_empty() && !below.is_empty() {
            let style = self.theme.style(Role::Quiet);
            let _ = buf.set_stringn(below.x, below.y, "nothing that ran says that", width, style);
        }
        let top = layout::first_visible(self.list.selected, usize::from(below.height));
        for (line, (at, entry)) in below.rows().zip(found.into_iter().enumerate().skip(top)) {
            self.entry(line, entry, at == self.list.selected, buf);
        }
    }
}

impl HistoryPane<'_> {
    fn entry(&self, line: Rect, entry: &Entry, selected: bool, buf: &mut Buffer) {
        let (mark, role) = match entry.ended {
            Ended::Done => ("✓", Role::Good),
            Ended::Failed => ("✗", Role::Bad),
            Ended::Cancelled => ("■", Role::Warning),
            Ended::Lost => ("⚡", Role::Warning),
        };
        let width = usize::from(line.width);
        let ago = format!(" {} ago", time::spoken(self.now.since(entry.at())));
        let room = width.saturating_sub(ago.len() + 2);
        let statement = entry
            .statement
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let (text, quiet) = if selected {
            buf.set_style(line, self.theme.style(Role::Selected));
            (
                self.theme.style(Role::Selected),
                self.theme.style(Role::Selected),
            )
        } else {
            (self.theme.style(Role::Text), self.theme.style(Role::Quiet))
        };
        let _ = buf.set_stringn(line.x, line.y, mark, width, self.theme.style(role));
        let _ = buf.set_stringn(
            line.x + 2,
            line.y,
            cell::clipped(&statement, room),
            room,
            text,
        );
        if width > ago.len() {
            let x = line.right() - u16::try_from(ago.len()).unwrap_or(0);
            let _ = buf.set_stringn(x, line.y, &ago, ago.len(), quiet);
        }
    }
}

//! One value, or one row, in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::app::model::viewer::{Row, Subject, Viewer};
use crate::domain::rows::cell;
use crate::domain::rows::detail::Tone;
use crate::domain::rows::glance::grouped;
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
        let rows = viewer.rows().len();
        let end = (viewer.top() + usize::from(height)).min(rows);
        if rows <= usize::from(height) {
            viewer.title.clone()
        } else {
            format!(
                "{} · {}–{} of {} lines",
                viewer.title,
                grouped(viewer.top() + 1),
                grouped(end),
                grouped(rows)
            )
        }
    }

    fn row(&self, number: usize, row: &Row, place: Rect, buf: &mut Buffer) {
        let Some(line) = self.viewer.lines().get(row.line) else {
            return;
        };
        let first = row.part.start == 0;
        let indent = if first {
            0
        } else {
            line.hanging.min(usize::from(place.width) / 2)
        };
        let mut x = place.x + u16::try_from(indent).unwrap_or(0);
        let mut start = row.part.start;
        for (end, tone) in &line.tones {
            let end = (*end).min(row.part.end);
            if end <= start {
                continue;
            }
            let text = line.text.get(start..end).unwrap_or_default();
            let room = usize::from(place.right().saturating_sub(x));
            let style = self.theme.style(role(*tone));
            let (reached, _) = buf.set_stringn(x, place.y, text, room, style);
            x = reached;
            start = end;
        }
        if self.viewer.is_folded(row.line) && row.part.end == line.text.len() {
            let count = line.fold.map_or(0, |fold| fold.count);
            let noun = if count == 1 { "entry" } else { "entries" };
            let text = format!(" … {} {noun} ", grouped(count));
            let room = usize::from(place.right().saturating_sub(x));
            let _ = buf.set_stringn(x, place.y, text, room, self.theme.style(Role::Comment));
        }
        if number == self.viewer.cursor() {
            buf.set_style(place, self.theme.style(Role::Marked));
        }
        self.matches(line.text.get(row.part.clone()), indent, place, buf);
    }

    /// Marks what is looked for.
    fn matches(&self, text: Option<&str>, indent: usize, place: Rect, buf: &mut Buffer) {
        let (Some(text), Some(search)) = (text, &self.viewer.search) else {
            return;
        };
        for range in search.places(text) {
            let before = indent + cell::width(text.get(..range.start).unwrap_or_default());
            let wide = cell::width(text.get(range).unwrap_or_default());
            let (Ok(before), Ok(wide)) = (u16::try_from(before), u16::try_from(wide)) else {
                continue;
            };
            let found = Rect::new(place.x.saturating_add(before), place.y, wide, 1);
            buf.set_style(found.intersection(place), self.theme.style(Role::Match));
        }
    }

    /// The keys that work here, or what is being typed.
    fn foot(&self, line: Rect, buf: &mut Buffer) {
        let width = usize::from(line.width);
        if let Some(field) = &self.viewer.field {
            let (cursor, scroll) = field.view(width.saturating_sub(3));
            let shown: String = field.text().chars().skip(scroll).collect();
            let text = format!("/ {shown}");
            let style = self.theme.style(Role::Text);
            let _ = buf.set_stringn(line.x, line.y, cell::clipped(&text, width), width, style);
            let x = line.x + 2 + u16::try_from(cursor).unwrap_or(0);
            if x < line.right() {
                buf.set_style(Rect::new(x, line.y, 1, 1), self.theme.style(Role::Selected));
            }
            return;
        }
        let beside: &[(&str, &str)] = match self.viewer.subject {
            Subject::Value(_) => &[("← →", "column"), ("[ ]", "row"), ("r", "record")],
            Subject::Record { .. } => &[("← →", "row"), ("Enter", "value")],
        };
        let fold: &[(&str, &str)] = if self.viewer.has_folds() {
            &[
                ("z", "fold"),
                ("Z", "fold all"),
                ("1-9", "to depth"),
                ("Y", "copy part"),
            ]
        } else {
            &[]
        };
        let parts: &[(&str, &str)] = match self.viewer.extent {
            Some(_) => &[("< >", "back, on")],
            None => &[],
        };
        let always: &[(&str, &str)] = &[
            ("y", "copy"),
            ("/", "search"),
            ("Esc", "close"),
            ("s", "save"),
        ];
        let mut x = line.x;
        for (key, does) in parts.iter().chain(beside).chain(always).chain(fold) {
            let wide = cell::width(key) + cell::width(does) + 4;
            if usize::from(line.right().saturating_sub(x)) < wide {
                break;
            }
            let (reached, _) = buf.set_stringn(x, line.y, key, width, self.theme.style(Role::Key));
            let does = format!(" {does}   ");
            let quiet = self.theme.style(Role::Quiet);
            (x, _) = buf.set_stringn(reached, line.y, does, width, quiet);
        }
    }
}

/// The role of a piece.
const fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Name => Role::Keyword,
        Tone::Text => Role::String,
        Tone::Number => Role::Number,
        Tone::Word => Role::Name,
        Tone::Null => Role::Null,
        Tone::Quiet => Role::Quiet,
    }
}

impl Widget for ViewerPane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let page = Rect {
            height: area.height - 1,
            ..area
        };
        let rows = self.viewer.rows().iter().enumerate();
        for (place, (number, row)) in page.rows().zip(rows.skip(self.viewer.top())) {
            self.row(number, row, place, buf);
        }
        let foot = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        self.foot(foot, buf);
    }
}

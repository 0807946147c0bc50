//! The catalog: filter, rows, and how far it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::app::model::tree::{Fold, Label, Loading, Node, Row, Tree};
use crate::domain::catalog::{Access, Key};
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// Whether the pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// It has.
    Here,
    /// Another one has.
    Elsewhere,
}

/// The inside of the catalog pane.
#[derive(Debug)]
pub struct TreePane<'a> {
    /// What it shows.
    pub tree: &'a Tree,
    /// Whether it has the keys.
    pub attention: Attention,
    /// Roles to styles.
    pub theme: Theme,
}

impl Widget for TreePane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        self.filter(Rect { height: 1, ..area }, buf);
        let below = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        let rows = self.tree.rows();
        if rows.is_empty() {
            self.emptiness(below, buf);
            return;
        }
        let top = self.tree.top(usize::from(below.height));
        for (line, (at, row)) in below.rows().zip(rows.iter().enumerate().skip(top)) {
            self.row(line, row, at == self.tree.selected(), buf);
        }
    }
}

impl TreePane<'_> {
    fn filter(&self, line: Rect, buf: &mut Buffer) {
        let width = usize::from(line.width);
        let quiet = self.theme.style(Role::Quiet);
        let (text, style) = match &self.tree.field {
            Some(field) => {
                let (cursor, scroll) = field.view(width.saturating_sub(3));
                let shown: String = field.text().chars().skip(scroll).collect();
                let x = line.x + 2 + u16::try_from(cursor).unwrap_or(0);
                let _ = buf.set_stringn(
                    line.x,
                    line.y,
                    format!("/ {shown}"),
                    width,
                    self.theme.style(Role::Text),
                );
                if x < line.right() {
                    let _ = buf.set_stringn(
                        x,
                        line.y,
                        under(&shown, cursor),
                        1,
                        self.theme.style(Role::Selected),
                    );
                }
                return;
            }
            None if self.tree.filter().is_empty() => ("/ filter".to_owned(), quiet),
            None => (
                format!("/ {}", self.tree.filter()),
                self.theme.style(Role::Match),
            ),
        };
        let _ = buf.set_stringn(line.x, line.y, cell::clipped(&text, width), width, style);
        let beside = match self.tree.loading() {
            Loading::Asked(_) => "loading…",
            Loading::Failed(_) => "✗ not all read",
            Loading::Never | Loading::Done => "",
        };
        right(line, beside, quiet, buf);
    }

    fn emptiness(&self, area: Rect, buf: &mut Buffer) {
        let (text, role) = match self.tree.loading() {
            Loading::Asked(_) => ("reading the catalog…".to_owned(), Role::Busy),
            Loading::Failed(message) => (format!("✗ {message}"), Role::Bad),
            Loading::Never | Loading::Done => ("nothing to show".to_owned(), Role::Quiet),
        };
        let lines = cell::wrapped(&text, usize::from(area.width));
        for (line, text) in area.rows().zip(lines) {
            let _ = buf.set_stringn(
                line.x,
                line.y,
                text,
                line.width.into(),
                self.theme.style(role),
            );
        }
    }

    fn row(&self, line: Rect, row: &Row, selected: bool, buf: &mut Buffer) {
        let label = self.tree.label(row.node);
        let style = if selected {
            let role = match self.attention {
                Attention::Here => Role::Selected,
                Attention::Elsewhere => Role::Marked,
            };
            buf.set_style(line, self.theme.style(role));
            self.theme.style(role)
        } else {
            self.name_style(row.node, &label)
        };
        let marker = match row.fold {
            Fold::Open => "▾ ",
            Fold::Closed => "▸ ",
            Fold::Leaf => "  ",
        };
        let beside = beside(&label);
        let width = usize::from(line.width);
        let indent = usize::from(row.depth) * 2;
        // The name keeps most of a narrow line; the note gives way.
        let left = format!(
            "{}{marker}{}",
            " ".repeat(indent.min(width / 2)),
            label.name
        );
        let needed = cell::width(&cell::safe_line(&left));
        let room = width.saturating_sub(needed + 1);
        let beside = cell::clipped(&beside, room.max(width / 3).min(width));
        let left_room =
            width.saturating_sub(cell::width(&beside) + usize::from(!beside.is_empty()));
        let _ = buf.set_stringn(
            line.x,
            line.y,
            cell::clipped(&left, left_room),
            left_room,
            style,
        );
        let note_style = match (selected, label.access) {
            (true, _) => style,
            (false, Access::Locked) => self.theme.style(Role::Warning),
            (false, Access::Usable) => self.theme.style(Role::Quiet),
        };
        right(line, &beside, note_style, buf);
    }

    fn name_style(&self, node: Node, label: &Label) -> Style {
        let role = match (label.access, node) {
            (Access::Locked, _) => Role::Quiet,
            (Access::Usable, Node::Here) => Role::Strong,
            (
                Access::Usable,
                Node::Sequences(_)
                | Node::Functions(_)
                | Node::System
                | Node::Roles
                | Node::Databases,
            ) => Role::Quiet,
            (Access::Usable, _) => Role::Text,
        };
        self.theme.style(role)
    }
}

/// The character of a field under the cursor, which is a blank at its end.
fn under(text: &str, cursor: usize) -> String {
    text.chars().nth(cursor).unwrap_or(' ').to_string()
}

/// What stands at the right edge: a type, a number of rows, a key, a lock.
fn beside(label: &Label) -> String {
    let key = match label.key {
        Key::None => "",
        Key::Primary => "pk",
        Key::Foreign => "fk",
        Key::Unique => "uq",
    };
    let lock = match label.access {
        Access::Locked => "locked",
        Access::Usable => "",
    };
    let parts = [label.note.as_str(), key, lock];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Writes at the right edge of a line.
fn right(line: Rect, text: &str, style: Style, buf: &mut Buffer) {
    let wide = u16::try_from(cell::width(text))
        .unwrap_or(u16::MAX)
        .min(line.width);
    let _ = buf.set_stringn(line.right() - wide, line.y, text, wide.into(), style);
}

//! The editor: line numbers, the statement's mark, coloured text, selection, offered names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use unicode_segmentation::UnicodeSegmentation;

use crate::app::model::editor::{Completion, Editor, Tab};
use crate::domain::rows::cell;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::text;
use crate::tui::theme::{Role, Theme};

/// Names shown at once.
const OFFERED_ROWS: usize = 8;

/// The inside of the editor pane.
#[derive(Debug)]
pub struct EditorPane<'a> {
    /// What it shows.
    pub editor: &'a Editor,
    /// The byte of the text the last failure points at.
    pub error: Option<usize>,
    /// Roles to styles.
    pub theme: Theme,
}

impl EditorPane<'_> {
    /// Where the terminal's cursor belongs, if it is visible in `area`.
    #[must_use]
    pub fn cursor(&self, area: Rect) -> Option<(u16, u16)> {
        let tab = self.editor.tab()?;
        let place = tab.text.place(tab.text.cursor());
        let row = u16::try_from(place.line.checked_sub(tab.top)?).ok()?;
        let column = u16::try_from(place.column.checked_sub(tab.left)? + tab.gutter()).ok()?;
        (row < area.height && column < area.width).then_some((area.x + column, area.y + row))
    }
}

impl Widget for EditorPane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let Some(tab) = self.editor.tab() else { return };
        let error = self.error.map(|byte| tab.text.from_byte(byte));
        for (row, line) in area.rows().zip(tab.top..tab.text.lines()) {
            self.gutter(tab, line, row, error, buf);
            self.line(tab, line, row, error, buf);
        }
        if let (Some(offered), Some(cursor)) = (&self.editor.completion, self.cursor(area)) {
            self.offered(offered, cursor, area, buf);
        }
        if let Some(field) = &self.editor.find {
            let shown = format!("find: {}", cell::safe_line(field.text()));
            self.bottom_line(&shown, 0, Role::Selected, area, buf);
        } else if let Some(warning) = &tab.warning {
            let rows = tab.warning_rows(usize::from(area.height));
            let better = format!("  better: {}", cell::safe_line(&warning.better));
            let happens = format!("! {}", cell::safe_line(&warning.happens));
            let shown = [better, happens];
            for (up, line) in (0..).zip(shown.iter().skip(2_usize.saturating_sub(rows))) {
                self.bottom_line(line, up, Role::Warning, area, buf);
            }
        }
    }
}

impl EditorPane<'_> {
    fn gutter(&self, tab: &Tab, line: usize, row: Rect, error: Option<usize>, buf: &mut Buffer) {
        let digits = tab.gutter() - 2;
        let marked = tab
            .marked
            .as_ref()
            .is_some_and(|lines| lines.contains(&line));
        let failed = error.is_some_and(|at| tab.text.line_of(at) == line);
        let warned = tab.warned.iter().any(|lines| lines.contains(&line));
        let (sign, role) = match (failed, warned, marked) {
            (true, ..) => ("✗", Role::Bad),
            (false, true, _) => ("!", Role::Warning),
            (false, false, true) => ("▎", Role::Focus),
            (false, false, false) => (" ", Role::Quiet),
        };
        let width = usize::from(row.width);
        let number = format!("{:>digits$}", line + 1);
        let (x, _) = buf.set_stringn(row.x, row.y, number, width, self.theme.style(Role::Quiet));
        let left = usize::from(row.right().saturating_sub(x));
        let _ = buf.set_stringn(x, row.y, sign, left, self.theme.style(role));
    }

    /// A line over a row of the pane, counted from its last.
    fn bottom_line(&self, shown: &str, up: u16, role: Role, area: Rect, buf: &mut Buffer) {
        let y = area.bottom().saturating_sub(1 + up).max(area.y);
        let width = usize::from(area.width);
        let line = cell::clipped(shown, width).into_owned();
        let padding = " ".repeat(width.saturating_sub(cell::width(&line)));
        let style = self.theme.style(role);
        let row = Rect {
            y,
            height: area.height.min(1),
            ..area
        };
        buf.set_style(row, style);
        if row.height > 0 {
            let _ = buf.set_stringn(area.x, y, format!("{line}{padding}"), width, style);
        }
    }

    fn line(&self, tab: &Tab, line: usize, row: Rect, error: Option<usize>, buf: &mut Buffer) {
        let shown = tab.text.line(line);
        let tokens = tab.tokens(line);
        let selection = tab.text.selection();
        let room = usize::from(row.width).saturating_sub(tab.gutter());
        let origin = usize::from(row.x) + tab.gutter();
        let (mut column, mut at, mut token) = (0, tab.text.start_of(line), 0);
        for (byte, grapheme) in shown.grapheme_indices(true) {
            if column >= tab.left + room {
                break;
            }
            while tokens.get(token).is_some_and(|token| token.end <= byte) {
                token += 1;
            }
            let kind = tokens
                .get(token)
                .filter(|token| token.start <= byte)
                .map(|token| token.kind);
            let mut style = self.theme.style(role(kind));
            if selection.as_ref().is_some_and(|range| range.contains(&at)) {
                style = style.patch(self.theme.style(Role::Marked));
            } else if error == Some(at) {
                style = style.patch(self.theme.style(Role::Match));
            }
            let width = text::cells(grapheme, column);
            if column >= tab.left && column + width <= tab.left + room {
                let x = u16::try_from(origin + column - tab.left).unwrap_or(u16::MAX);
                put(grapheme, x, row, width, style, buf);
            }
            column += width;
            at += grapheme.chars().count();
        }
    }

    fn offered(&self, offered: &Completion, cursor: (u16, u16), area: Rect, buf: &mut Buffer) {
        let highlighted = offered.highlighted.unwrap_or(0);
        let below = area.bottom().saturating_sub(cursor.1 + 1);
        let above = cursor.1 - area.y;
        let room = usize::from(below.max(above)).min(OFFERED_ROWS);
        let first = (highlighted + 1).saturating_sub(room);
        let lines: Vec<String> = offered
            .candidates
            .iter()
            .skip(first)
            .take(room)
            .map(|name| format!(" {} · {} {} ", name.text, name.kind.word(), name.detail))
            .map(|line| cell::clipped(&line, usize::from(area.width).min(60)).into_owned())
            .collect();
        let width = lines
            .iter()
            .map(|line| cell::width(line))
            .max()
            .unwrap_or(0);
        let x = cursor.0.min(
            area.right()
                .saturating_sub(u16::try_from(width).unwrap_or(0)),
        );
        let count = u16::try_from(lines.len()).unwrap_or(0);
        let y = if below >= count {
            cursor.1 + 1
        } else {
            cursor.1 - count
        };
        for (row, (place, line)) in (y..).zip((first..).zip(&lines)) {
            let role = if offered.highlighted == Some(place) {
                Role::Selected
            } else {
                Role::Marked
            };
            let padding = " ".repeat(width - cell::width(line));
            let _ = buf.set_stringn(
                x,
                row,
                format!("{line}{padding}"),
                width,
                self.theme.style(role),
            );
        }
    }
}

fn put(grapheme: &str, x: u16, row: Rect, width: usize, style: Style, buf: &mut Buffer) {
    let shown = if grapheme == "\t" {
        " ".repeat(width)
    } else {
        cell::safe_line(grapheme).into_owned()
    };
    let _ = buf.set_stringn(x, row.y, shown, width, style);
}

const fn role(kind: Option<TokenKind>) -> Role {
    match kind {
        Some(TokenKind::Keyword) => Role::Keyword,
        Some(TokenKind::String) => Role::String,
        Some(TokenKind::Number) => Role::Number,
        Some(TokenKind::Comment) => Role::Comment,
        Some(TokenKind::QuotedIdentifier | TokenKind::Parameter | TokenKind::Variable) => {
            Role::Name
        }
        Some(TokenKind::Identifier | TokenKind::Operator | TokenKind::Punctuation) | None => {
            Role::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_drawn_at_any_size() {
        let mut editor = Editor::default();
        editor.open("select '\u{1b}[2J\u{202e}',\t日本");
        for (width, height) in [(0, 0), (1, 1), (5, 1), (40, 3)] {
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            EditorPane {
                editor: &editor,
                error: Some(3),
                theme: Theme::plain(),
            }
            .render(area, &mut buf);
            let drawn: String = buf
                .content()
                .iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect();
            assert!(!drawn.contains(['\u{1b}', '\u{202e}', '\t']), "{drawn:?}");
            assert!(width < 40 || drawn.contains("␛[2J"), "{drawn:?}");
        }
    }
}

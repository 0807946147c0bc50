//! Header, row numbers and cells of one result: what shows of it, and nothing else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heading::sign;
use super::rect;
use crate::app::model::arrangement::{Hold, VisibleColumn};
use crate::app::model::edit::Edits;
use crate::app::model::query::Outcome;
use crate::app::model::window::{Block, Place};
use crate::app::result_layout::ResultAreas;
use crate::domain::edit::Spot;
use crate::domain::rows::glance::{Glance, Ink, beginning};
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::store::Presence;
use crate::domain::rows::width::{self, Alignment};
use crate::domain::rows::{Cell, ResultSet, cell};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::edit;
use crate::tui::widgets::tree::Attention;

/// Header, row numbers and cells of one result.
pub(super) struct GridCells<'a> {
    /// What was planned or made of its cells.
    pub(super) edits: Option<&'a Edits>,
    pub(super) result: &'a ResultSet,
    pub(super) outcome: &'a Outcome,
    pub(super) areas: ResultAreas,
    pub(super) attention: Attention,
    pub(super) theme: Theme,
}

/// A column and how its values are shown.
struct Shown {
    visible: VisibleColumn,
    kind: Kind,
    side: Alignment,
    /// Whether the selection has it.
    selected: bool,
}

impl GridCells<'_> {
    pub(super) fn draw(&self, buf: &mut Buffer) {
        let window = &self.outcome.window;
        let selected = window.selected(self.result);
        let columns: Vec<Shown> = window
            .visible_columns()
            .into_iter()
            .filter_map(|visible| {
                let column = self.result.columns().get(visible.column)?;
                Some(Shown {
                    visible,
                    kind: kind::of(column),
                    side: width::alignment(column),
                    selected: selected.columns.contains(&visible.column),
                })
            })
            .collect();
        self.header(&columns, buf);
        let cells = rect(self.areas.cells);
        for (line, spot) in cells.rows().zip(window.top()..window.rows(self.result)) {
            let row = window.row(spot);
            self.number(line.y, spot, row, buf);
            if self.result.presence(row) == Presence::Here {
                for column in &columns {
                    self.cell(line, spot, column, &selected, buf);
                }
            } else {
                let text = match self.result.presence(row) {
                    Presence::Unreadable => "✗ this row could not be read back",
                    _ => "…",
                };
                let style = self.theme.style(Role::Quiet);
                let _ = buf.set_stringn(line.x, line.y, text, line.width.into(), style);
            }
        }
        self.edge(&columns, buf);
    }

    /// The number of a row in the result; the one under the cursor stands out.
    fn number(&self, y: u16, spot: usize, row: usize, buf: &mut Buffer) {
        let numbers = rect(self.areas.numbers);
        let width = usize::from(numbers.width.saturating_sub(1));
        let number = format!("{:>width$}", row + 1);
        let role = if spot == self.outcome.window.cursor().row {
            Role::Strong
        } else {
            Role::Quiet
        };
        let style = self.theme.style(role);
        let _ = buf.set_stringn(numbers.x, y, number, numbers.width.into(), style);
    }

    /// A line between frozen columns and those that scroll.
    fn edge(&self, columns: &[Shown], buf: &mut Buffer) {
        let frozen = |shown: &&Shown| shown.visible.hold == Hold::Frozen;
        let Some(last) = columns.iter().rfind(frozen) else {
            return;
        };
        let area = rect(self.areas.header).union(rect(self.areas.cells));
        let x = area.x + last.visible.x + last.visible.width;
        if x < area.right() {
            let style = self.theme.style(Role::Border);
            for line in area.rows() {
                let _ = buf.set_stringn(x, line.y, "│", 1, style);
            }
        }
    }

    fn header(&self, columns: &[Shown], buf: &mut Buffer) {
        let area = rect(self.areas.header);
        let window = &self.outcome.window;
        for shown in columns {
            let Some(column) = self.result.columns().get(shown.visible.column) else {
                continue;
            };
            let room = usize::from(shown.visible.width);
            let order = window.looking.order_of(shown.visible.column);
            let mark = order.map(|(place, direction)| {
                let several = window.looking.applied().keys.len() > 1;
                let place = if several {
                    place.to_string()
                } else {
                    String::new()
                };
                format!(" {}{place}", sign(direction))
            });
            let mark = mark.unwrap_or_default();
            let name = cell::clipped(&column.name, room.saturating_sub(cell::width(&mark)));
            let name = format!("{name}{mark}");
            let under_cursor = shown.visible.column == window.cursor().column;
            let role = if shown.selected && window.selection().is_some() {
                Role::Marked
            } else if under_cursor {
                Role::Title
            } else {
                Role::Strong
            };
            let spoken = kind::spoken(column);
            let type_name = cell::clipped(&spoken, room);
            for (line, text, role) in [(0, name.as_str(), role), (1, &type_name, Role::Quiet)] {
                if line < area.height {
                    let text = aligned(text, room, shown.side);
                    let (x, y) = (area.x + shown.visible.x, area.y + line);
                    let _ = buf.set_stringn(x, y, text, room, self.theme.style(role));
                }
            }
        }
    }

    fn cell(&self, line: Rect, spot: usize, shown: &Shown, selected: &Block, buf: &mut Buffer) {
        let window = &self.outcome.window;
        let column = shown.visible.column;
        let place = Place { row: spot, column };
        let Some(value) = window.cell(self.result, place) else {
            return;
        };
        let room = usize::from(shown.visible.width);
        let planned = self.edits.and_then(|edits| {
            let row = window.row(spot);
            edits.shown(Spot { row, column })
        });
        let whole = self.result.value_bytes(window.row(spot), column);
        let seen = beginning(shown.kind, value, whole.unwrap_or(0), room);
        let (seen, mark) = match planned {
            None => (seen, None),
            Some(planned) => {
                let (text, mark) = edit::cell_of(&planned, value);
                let text = cell::clipped(&text, room).into_owned().into();
                let tail = None;
                (Glance { text, tail, ..seen }, Some(mark))
            }
        };
        let x = line.x + shown.visible.x;
        let tail = seen.tail.as_deref().unwrap_or_default();
        let before_tail = match tail {
            "" => room,
            tail => room.saturating_sub(cell::width(tail)),
        };
        let text = aligned(&seen.text, before_tail, shown.side);
        let under_cursor = place == window.cursor();
        let marked =
            window.selection().is_some() && shown.selected && selected.rows.contains(&spot);
        let style = if under_cursor {
            self.theme.style(match self.attention {
                Attention::Here => Role::Selected,
                Attention::Elsewhere => Role::Marked,
            })
        } else if marked {
            self.theme.style(Role::Marked)
        } else {
            self.theme.style(mark.unwrap_or(role(seen.ink)))
        };
        let _ = buf.set_stringn(x, line.y, &text, room, style);
        if !tail.is_empty() {
            let style = if under_cursor || marked {
                style
            } else {
                self.theme.style(Role::Quiet)
            };
            let at = x + u16::try_from(before_tail).unwrap_or(0);
            let _ = buf.set_stringn(at, line.y, tail, room - before_tail, style);
        }
        if matches!(value, Cell::Text(_)) {
            self.matches(&text, Rect::new(x, line.y, shown.visible.width, 1), buf);
        }
    }

    /// Marks what is looked for where it shows.
    fn matches(&self, text: &str, line: Rect, buf: &mut Buffer) {
        let Some(search) = &self.outcome.window.search else {
            return;
        };
        let style = self.theme.style(Role::Match);
        for range in search.pattern().places(text) {
            let before = cell::width(text.get(..range.start).unwrap_or_default());
            let wide = cell::width(text.get(range).unwrap_or_default());
            let (Ok(before), Ok(wide)) = (u16::try_from(before), u16::try_from(wide)) else {
                continue;
            };
            let found = Rect::new(line.x.saturating_add(before), line.y, wide, 1);
            buf.set_style(found.intersection(line), style);
        }
    }
}

/// The role of a value.
const fn role(ink: Ink) -> Role {
    match ink {
        Ink::Text => Role::Text,
        Ink::Null => Role::Null,
        Ink::True => Role::Good,
        Ink::False | Ink::Bytes => Role::Quiet,
        Ink::Json => Role::Name,
        Ink::Array => Role::String,
    }
}

/// The text with blanks up to `room` cells.
fn aligned(text: &str, room: usize, side: Alignment) -> String {
    let blanks = " ".repeat(room.saturating_sub(cell::width(text)));
    match side {
        Alignment::Left => format!("{text}{blanks}"),
        Alignment::Right => format!("{blanks}{text}"),
    }
}

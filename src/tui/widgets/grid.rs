//! The result pane: tabs of the statements, the visible part of the rows, messages.
//!
//! Formats no hidden cell.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;

use super::messages::Messages;
use super::tree::Attention;
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::edit::Edits;
use crate::app::model::grid::Purpose;
use crate::app::model::messages;
use crate::app::model::query::{Freshness, Outcome, Progress, Standing};
use crate::app::model::window::{Block, Place, VisibleColumn};
use crate::app::result_layout::{self, ResultAreas, TAB};
use crate::app::update::edit;
use crate::domain::edit::Spot;
use crate::domain::rows::width::{self, Alignment};
use crate::domain::rows::{Cell, ResultSet, cell};
use crate::domain::time;
use crate::tui::theme::{Role, Theme};

/// The inside of the result pane. Its parts are where [`result_layout`] says.
#[derive(Debug)]
pub struct ResultPane<'a> {
    /// The whole model: time, layout, runs.
    pub model: &'a Model,
    /// Whether it has the keys.
    pub attention: Attention,
    /// Roles to styles.
    pub theme: Theme,
}

/// The pane's heading: rows, bytes, rate and time, running or done.
#[must_use]
pub fn title(model: &Model) -> String {
    let Some(run) = model.query.run() else {
        return "result".to_owned();
    };
    if run.progress != Progress::Over {
        let word = match run.progress {
            Progress::Cancelling => "cancelling",
            Progress::Running | Progress::Over => "running",
        };
        let elapsed = model.now.since(run.begun);
        let rows = run.rows();
        if rows == 0 {
            return format!("{word} · {}", time::spoken(elapsed));
        }
        let bytes = run
            .outcomes
            .iter()
            .filter_map(|outcome| outcome.result.as_ref());
        let bytes: usize = bytes.map(ResultSet::text_bytes).sum();
        let (rows_text, bytes_text) = (grouped(rows), spoken_bytes(bytes));
        let rate = per_second(rows, elapsed);
        return format!(
            "{word} · {rows_text} rows · {bytes_text}{rate} · {}",
            time::spoken(elapsed)
        );
    }
    let Some((outcome, _)) = model.query.shown() else {
        return "result".to_owned();
    };
    let planned = edit::of_shown(model).map_or(0, |edits| edits.pending.count());
    let changes = match planned {
        0 => "",
        1 => " · ● 1 change planned",
        many => return format!("{} · ● {many} changes planned", finished_title(outcome)),
    };
    format!("{}{changes}", finished_title(outcome))
}

fn finished_title(outcome: &Outcome) -> String {
    let rows = outcome.result.as_ref().map(|result| {
        let noun = if result.rows() == 1 { "row" } else { "rows" };
        format!("{} {noun}", grouped(result.rows()))
    });
    let ending = match &outcome.standing {
        Standing::Done(completed) => time::spoken(completed.elapsed),
        Standing::Failed(_) => "✗ failed".to_owned(),
        Standing::NotRun => "not run".to_owned(),
        Standing::Waiting | Standing::Running => String::new(),
    };
    let parts = [
        Some("result".to_owned()),
        rows,
        Some(ending).filter(|text| !text.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Rows a second, once there is enough time to tell.
fn per_second(rows: usize, elapsed: Duration) -> String {
    let millis = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
    match rows.saturating_mul(1000).checked_div(millis) {
        Some(rate) if millis >= 200 => format!(" · {} rows/s", grouped(rate)),
        _ => String::new(),
    }
}

/// A number with its digits in groups of three: `48 213`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

fn spoken_bytes(bytes: usize) -> String {
    const UNITS: [(usize, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if bytes >= size {
            return format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size);
        }
    }
    format!("{bytes} B")
}

fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}

impl Widget for ResultPane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let Some(areas) = result_layout::areas(self.model) else {
            return;
        };
        self.tabs(rect(areas.tabs).intersection(area), buf);
        match self.model.query.shown() {
            Some((outcome, freshness)) => self.outcome(outcome, freshness, areas, buf),
            None if self.model.query.is_running() => {}
            None => {
                let hint = "No result yet: F5 runs the statement under the cursor.";
                let line = rect(areas.messages);
                let style = self.theme.style(Role::Quiet);
                if !line.is_empty() {
                    let _ = buf.set_stringn(line.x, line.y, hint, line.width.into(), style);
                }
            }
        }
        self.field(area, buf);
    }
}

impl ResultPane<'_> {
    fn outcome(
        &self,
        outcome: &Outcome,
        freshness: Freshness,
        areas: ResultAreas,
        buf: &mut Buffer,
    ) {
        if let Some(result) = &outcome.result {
            let grid = GridCells {
                edits: edit::of_shown(self.model),
                result,
                outcome,
                areas,
                attention: self.attention,
                theme: self.theme,
            };
            grid.draw(buf);
        }
        let said = rect(areas.messages);
        let lines = messages::lines(outcome, said.width);
        Messages {
            lines: &lines,
            top: self.model.grid.messages_top.min(lines.len()),
            theme: self.theme,
        }
        .render(said, buf);
        if freshness == Freshness::Stale {
            for part in [areas.header, areas.numbers, areas.cells, areas.messages] {
                buf.set_style(rect(part), Style::new().add_modifier(Modifier::DIM));
            }
        }
    }

    /// One tab a statement: its number, a mark for its outcome, its first words.
    fn tabs(&self, line: Rect, buf: &mut Buffer) {
        let Some(run) = self.model.query.run().filter(|_| !line.is_empty()) else {
            return;
        };
        let shown = self.model.query.shown_place();
        let strip = result_layout::tab_strip(run.outcomes.len(), shown, line.width);
        let mut x = line.x;
        for (place, outcome) in run
            .outcomes
            .iter()
            .enumerate()
            .skip(strip.start)
            .take(strip.len())
        {
            let (mark, role) = match &outcome.standing {
                Standing::Done(_) => ("✓", Role::Good),
                Standing::Failed(_) => ("✗", Role::Bad),
                Standing::Running => ("…", Role::Busy),
                Standing::Waiting | Standing::NotRun => ("·", Role::Quiet),
            };
            let text = format!("{} {mark} {}", place + 1, outcome.sent.text.trim_start());
            let room = usize::from((TAB - 1).min(line.right().saturating_sub(x)));
            let role = if place == shown { Role::Selected } else { role };
            let _ = buf.set_stringn(
                x,
                line.y,
                cell::clipped(&text, room),
                room,
                self.theme.style(role),
            );
            x = x.saturating_add(TAB);
        }
    }

    /// The field that is typed into lies over the last line.
    fn field(&self, area: Rect, buf: &mut Buffer) {
        let Some(field) = self.model.grid.field.as_ref().filter(|_| !area.is_empty()) else {
            return;
        };
        let line = Rect::new(area.x, area.bottom() - 1, area.width, 1);
        let sign = match field.purpose {
            Purpose::Search => "/",
            Purpose::Row => "row:",
        };
        let width = usize::from(line.width);
        let room = width.saturating_sub(sign.len() + 2);
        let (cursor, scroll) = field.line.view(room);
        let shown: String = field.line.text().chars().skip(scroll).collect();
        buf.set_style(line, self.theme.style(Role::Text));
        let text = format!("{sign} {shown}{}", " ".repeat(width));
        let _ = buf.set_stringn(
            line.x,
            line.y,
            cell::clipped(&text, width),
            width,
            self.theme.style(Role::Text),
        );
        let x = line.x + u16::try_from(sign.len() + 1 + cursor).unwrap_or(0);
        if x < line.right() {
            buf.set_style(Rect::new(x, line.y, 1, 1), self.theme.style(Role::Selected));
        }
    }
}

/// Header, row numbers and cells of one result.
struct GridCells<'a> {
    /// What was planned or made of its cells.
    edits: Option<&'a Edits>,
    result: &'a ResultSet,
    outcome: &'a Outcome,
    areas: ResultAreas,
    attention: Attention,
    theme: Theme,
}

impl GridCells<'_> {
    fn draw(&self, buf: &mut Buffer) {
        let columns = self.outcome.window.visible_columns();
        self.header(&columns, buf);
        let cells = rect(self.areas.cells);
        let numbers = rect(self.areas.numbers);
        let selected = self.outcome.window.selected(self.result);
        let top = self.outcome.window.top();
        for (line, row) in cells.rows().zip(top..self.result.rows()) {
            let number = (row + 1).to_string();
            let width = usize::from(numbers.width.saturating_sub(1));
            let number = format!("{number:>width$}");
            let style = self.theme.style(Role::Quiet);
            let _ = buf.set_stringn(numbers.x, line.y, number, numbers.width.into(), style);
            for visible in &columns {
                self.cell(line, row, *visible, &selected, buf);
            }
        }
    }

    fn header(&self, columns: &[VisibleColumn], buf: &mut Buffer) {
        let area = rect(self.areas.header);
        for visible in columns {
            let Some(column) = self.result.columns().get(visible.column) else {
                continue;
            };
            let side = width::alignment(column);
            let room = usize::from(visible.width);
            for (line, text, role) in [
                (0, &column.name, Role::Strong),
                (1, &column.type_name, Role::Quiet),
            ] {
                if line < area.height {
                    let text = aligned(&cell::clipped(text, room), room, side);
                    let (x, y) = (area.x + visible.x, area.y + line);
                    let _ = buf.set_stringn(x, y, text, room, self.theme.style(role));
                }
            }
        }
    }

    fn cell(
        &self,
        line: Rect,
        row: usize,
        visible: VisibleColumn,
        selected: &Block,
        buf: &mut Buffer,
    ) {
        let place = Place {
            row,
            column: visible.column,
        };
        let (Some(value), Some(column)) = (
            self.result.cell(row, visible.column),
            self.result.columns().get(visible.column),
        ) else {
            return;
        };
        let room = usize::from(visible.width);
        let edited = self.edits.and_then(|edits| {
            edits.shown(Spot {
                row,
                column: visible.column,
            })
        });
        let (text, role) = match (value, edited) {
            (_, Some(edited)) => {
                let (text, role) = super::edit::cell_of(&edited, value);
                (cell::clipped(&text, room).into_owned().into(), role)
            }
            (Cell::Null, None) => ("∅".into(), Role::Null),
            (Cell::Text(text), None) => {
                let role = match (column.type_oid, text) {
                    (16, "t") => Role::Good,
                    (16, _) => Role::Quiet,
                    _ => Role::Text,
                };
                (cell::clipped(text, room), role)
            }
        };
        let text = aligned(&text, room, width::alignment(column));
        let under_cursor = place == self.outcome.window.cursor();
        let style = if under_cursor {
            let role = match self.attention {
                Attention::Here => Role::Selected,
                Attention::Elsewhere => Role::Marked,
            };
            self.theme.style(role)
        } else if self.outcome.window.selection().is_some() && selected.contains(place) {
            self.theme.style(Role::Marked)
        } else {
            self.theme.style(role)
        };
        let _ = buf.set_stringn(line.x + visible.x, line.y, text, room, style);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(48_213), "48 213");
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(spoken_bytes(1536), "1.5 KiB");
    }
}

//! The result pane: tabs of the statements, the visible part of the rows, messages.
//!
//! Formats no hidden cell.

mod cells;
mod heading;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;

use super::messages::Messages;
use super::tree::Attention;
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::grid::{Field, Purpose};
use crate::app::model::messages;
use crate::app::model::query::{Freshness, Outcome, Standing};
use crate::app::result_layout::{self, ResultAreas, TAB};
use crate::app::update::edit;
use crate::domain::rows::cell;
use crate::domain::rows::pattern::Reading;
use crate::tui::theme::{Role, Theme};

use cells::GridCells;

pub use heading::title;

/// Cells a column's name takes in a field's label at most.
const NAMED: usize = 24;

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
        let sign = self.label(field.purpose);
        let width = usize::from(line.width);
        let lead = cell::width(&sign) + 1;
        let room = width.saturating_sub(lead + 1);
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
        let x = line.x + u16::try_from(lead + cursor).unwrap_or(0);
        if x < line.right() {
            buf.set_style(Rect::new(x, line.y, 1, 1), self.theme.style(Role::Selected));
        }
        self.beside_field(field, line, buf);
    }

    /// What stands before a field: what it is for.
    fn label(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Search(Reading::Plain) => "/".to_owned(),
            Purpose::Search(Reading::Expression) => "/ regex".to_owned(),
            Purpose::Row => "row:".to_owned(),
            Purpose::Filter(None) => "any column:".to_owned(),
            Purpose::Filter(Some(column)) => {
                let shown = self.model.query.shown();
                let name = shown
                    .and_then(|(outcome, _)| outcome.result.as_ref())
                    .and_then(|result| result.columns().get(column))
                    .map_or_else(String::new, |column| {
                        cell::clipped(&column.name, NAMED).into_owned()
                    });
                format!("{name}:")
            }
        }
    }

    /// What is wrong with a field, else what may be typed, at its right end where there is room.
    fn beside_field(&self, field: &Field, line: Rect, buf: &mut Buffer) {
        let (text, role) = match (&field.wrong, field.purpose) {
            (Some(wrong), _) => (wrong.as_str(), Role::Bad),
            (None, Purpose::Search(_)) => ("Tab: text or regex", Role::Quiet),
            (None, Purpose::Row) => ("1 000  -1  50%", Role::Quiet),
            (None, Purpose::Filter(_)) => (
                "text  !text  ~ regex  = x  >= 5  null  not null",
                Role::Quiet,
            ),
        };
        let lead = cell::width(&self.label(field.purpose)) + 1;
        let taken = lead + cell::width(field.line.text()) + 3;
        let room = usize::from(line.width).saturating_sub(taken);
        let text = cell::clipped(text, room);
        let width = cell::width(&text);
        // A hint that is cut says less than none; an error is always worth its beginning.
        if width + 1 > room && field.wrong.is_none() {
            return;
        }
        let x = line.right() - u16::try_from(width).unwrap_or(0);
        let _ = buf.set_stringn(x, line.y, text, width, self.theme.style(role));
    }
}

//! What every widget draws with: boxes, styled words, wrapped paragraphs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::app::layout::Area;
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// The same rectangle as ratatui has it.
#[must_use]
pub const fn rect(area: Area) -> Rect {
    Rect {
        x: area.x,
        y: area.y,
        width: area.width,
        height: area.height,
    }
}

/// A word in a role's style.
#[must_use]
pub fn word<'a>(theme: Theme, role: Role, text: impl Into<std::borrow::Cow<'a, str>>) -> Span<'a> {
    Span::styled(text, theme.style(role))
}

/// A line of one role; server text is made safe.
#[must_use]
pub fn line(theme: Theme, role: Role, text: &str) -> Line<'static> {
    Line::from(word(theme, role, cell::safe_line(text).into_owned()))
}

/// Appends `text`, made safe and wrapped into `columns` cells. The first line starts with `lead`, the
/// others are indented as far.
pub fn paragraph(
    lines: &mut Vec<Line<'static>>,
    theme: Theme,
    lead: &Span<'static>,
    (role, text): (Role, &str),
    columns: usize,
) {
    let indent = cell::width(&lead.content);
    let wrapped = cell::wrapped(text, columns.saturating_sub(indent));
    for (at, part) in wrapped.into_iter().enumerate() {
        let start = if at == 0 {
            lead.clone()
        } else {
            Span::raw(" ".repeat(indent))
        };
        lines.push(Line::from(vec![start, word(theme, role, part)]));
    }
}

/// A rounded box with a title; gives the area inside it.
pub fn boxed(
    frame: &mut Frame<'_>,
    area: Area,
    title: Line<'_>,
    theme: Theme,
    border: Style,
) -> Area {
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(border)
        .style(theme.style(Role::Text))
        .title(title);
    frame.render_widget(block, rect(area));
    area.inner()
}

/// The title of a box, with a space either side.
#[must_use]
pub fn heading(theme: Theme, role: Role, text: &str) -> Line<'static> {
    line(theme, role, &format!(" {text} "))
}

/// A box over the screen; what lay under it is gone.
pub fn popup(frame: &mut Frame<'_>, area: Area, title: &str, theme: Theme) -> Area {
    frame.render_widget(Clear, rect(area));
    boxed(
        frame,
        area,
        heading(theme, Role::Title, title),
        theme,
        theme.style(Role::Focus),
    )
}

/// Lines from `scroll` on; scrolling stops where the last line is at the bottom.
pub fn lines(frame: &mut Frame<'_>, area: Area, lines: Vec<Line<'_>>, scroll: usize) {
    let last = lines.len().saturating_sub(usize::from(area.height));
    let shown: Vec<Line<'_>> = lines
        .into_iter()
        .skip(scroll.min(last))
        .take(usize::from(area.height))
        .collect();
    frame.render_widget(Paragraph::new(shown), rect(area));
}

/// Two ends of one line, the right one dropped where there is no room for both.
pub fn ends(frame: &mut Frame<'_>, area: Area, left: Line<'_>, right: Line<'_>) {
    let room = usize::from(area.width).saturating_sub(left.width() + 1);
    let right_fits = right.width() <= room;
    frame.render_widget(Paragraph::new(left), rect(area));
    if right_fits {
        let width = u16::try_from(right.width()).unwrap_or(area.width);
        let corner = Area {
            x: area.x + area.width - width.min(area.width),
            width: width.min(area.width),
            ..area
        };
        frame.render_widget(Paragraph::new(right), rect(corner));
    }
}

/// The turning sign of running work at a moment, in milliseconds.
#[must_use]
pub fn spinner(now: i64) -> &'static str {
    const SIGNS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    let at = usize::try_from(now.div_euclid(100).rem_euclid(10)).unwrap_or(0);
    SIGNS.get(at).copied().unwrap_or("…")
}

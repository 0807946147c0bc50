//! The profile form: one line a field, what is wrong with it beside it.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::paint::{line, lines, popup, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::form::{Form, Input, Purpose};
use crate::domain::profile::Field;
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// Cells before a field's text.
const LEAD: u16 = 21;

/// The form, centred.
pub fn form(frame: &mut Frame<'_>, body: Area, form: &Form, theme: Theme) {
    let fields = form.visible();
    let height = u16::try_from(fields.len() + 4).unwrap_or(u16::MAX);
    let title = match &form.purpose {
        Purpose::Add => "new profile".to_owned(),
        Purpose::Edit(name) => format!("change {name}"),
    };
    let inner = popup(frame, body.centred(92, height), &title, theme);
    let (rows, foot) = inner.split_top(inner.height.saturating_sub(1));
    let first = first_visible(form.focus, rows.height.into());
    let shown = fields
        .iter()
        .enumerate()
        .skip(first)
        .take(rows.height.into())
        .map(|(at, known)| field(form, *known, at == form.focus, (theme, rows.width.into())))
        .collect();
    lines(frame, rows, shown, 0);
    lines(frame, foot, vec![footer(form, theme)], 0);
    let focused = form.focused();
    if Form::input(focused) == Input::Text
        && let Some(text) = form.line(focused)
        && rows.width > LEAD + 1
        && rows.height > 0
    {
        let room = rows.width - LEAD - 1;
        let (cursor, _) = text.view(text_width(form, focused, rows.width.into()));
        frame.set_cursor_position(Position {
            x: rows.x + LEAD + u16::try_from(cursor).unwrap_or(0).min(room),
            y: rows.y + u16::try_from(form.focus - first).unwrap_or(0),
        });
    }
}

/// Cells for a field's text: what is wrong stands to its right, and never takes more than half.
fn text_width(form: &Form, field: Field, columns: usize) -> usize {
    let room = columns.saturating_sub(usize::from(LEAD) + 1);
    let problem = form.problem(field).map_or(0, |text| cell::width(text) + 4);
    room - problem.min(room / 2)
}

fn field(
    form: &Form,
    field: Field,
    focused: bool,
    (theme, columns): (Theme, usize),
) -> Line<'static> {
    let (sign, label) = if focused {
        ("▌", Role::Key)
    } else {
        (" ", Role::Quiet)
    };
    let width = text_width(form, field, columns);
    let text = match Form::input(field) {
        Input::Choice(_) => match form.text(field) {
            "" => "‹ none ›".to_owned(),
            chosen => format!("‹ {chosen} ›"),
        },
        Input::Text => {
            let scrolled = form
                .line(field)
                .filter(|_| focused)
                .map_or(0, |line| line.view(width).1);
            form.text(field).chars().skip(scrolled).collect()
        }
    };
    let text = cell::clipped(&text, width).into_owned();
    let gap = width.saturating_sub(cell::width(&text));
    let mut spans = vec![
        word(theme, Role::Focus, sign),
        word(theme, label, format!(" {:<18} ", Form::label(field))),
        word(theme, if focused { Role::Strong } else { Role::Text }, text),
        Span::raw(" ".repeat(gap)),
    ];
    if let Some(problem) = form.problem(field) {
        let room = columns.saturating_sub(usize::from(LEAD) + width + 3);
        spans.push(word(
            theme,
            Role::Warning,
            format!(" ! {}", cell::clipped(problem, room)),
        ));
    }
    Line::from(spans)
}

fn footer(form: &Form, theme: Theme) -> Line<'static> {
    if let Some(reason) = &form.refused {
        return line(theme, Role::Bad, &format!(" ✗ {reason}"));
    }
    let mut spans = Vec::new();
    for (key, does) in [
        ("Ctrl+S", "save"),
        ("Tab", "next"),
        ("←/→", "choose"),
        ("Escape", "leave it"),
    ] {
        spans.push(word(theme, Role::Key, format!(" {key}")));
        spans.push(word(theme, Role::Quiet, format!(" {does}  ")));
    }
    Line::from(spans)
}

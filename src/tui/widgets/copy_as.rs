//! The choice of a form to copy the selection in.

use ratatui::Frame;
use ratatui::text::Line;

use super::paint::{line, lines, popup, word};
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::grid::{COPIES, CopyAs, form_name};
use crate::domain::rows::glance::grouped;
use crate::tui::theme::{Role, Theme};

/// The choice, over the result.
pub fn copy_as(frame: &mut Frame<'_>, body: Area, choice: CopyAs, (model, theme): (&Model, Theme)) {
    let height = u16::try_from(COPIES.len()).unwrap_or(0) + 4;
    let inner = popup(frame, body.centred(50, height), "copy as", theme);
    let selected = model.query.shown().and_then(|(outcome, _)| {
        let block = outcome.window.selected(outcome.result.as_ref()?);
        Some(match (block.rows.len(), block.columns.len()) {
            (1, 1) => "the cell".to_owned(),
            (rows, columns) => format!("{} rows of {columns} columns", grouped(rows)),
        })
    });
    let mut shown = vec![line(
        theme,
        Role::Quiet,
        &format!(" {}", selected.unwrap_or_default()),
    )];
    for (place, (letter, form)) in COPIES.iter().enumerate() {
        let (sign, role) = if place == choice.selected {
            ("▌", Role::Selected)
        } else {
            (" ", Role::Text)
        };
        shown.push(Line::from(vec![
            word(theme, Role::Focus, sign),
            word(theme, Role::Key, format!(" {letter}  ")),
            word(theme, role, form_name(*form)),
        ]));
    }
    shown.push(line(theme, Role::Quiet, " Enter copies · Esc closes"));
    let scroll = (choice.selected + 3).saturating_sub(usize::from(inner.height));
    lines(frame, inner, shown, scroll);
}

//! The list of a result's columns.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::paint::{line, lines, popup, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::arrangement::{Hold, Visibility};
use crate::app::model::column_list::ColumnList;
use crate::app::update::grid::columns::entries;
use crate::domain::rows::{cell, kind};
use crate::tui::theme::{Role, Theme};

/// Cells of a name at most.
const NAMED: usize = 40;

/// The list, over the result.
pub fn columns(
    frame: &mut Frame<'_>,
    body: Area,
    list: &ColumnList,
    (model, theme): (&Model, Theme),
) {
    let Some((outcome, _)) = model.query.shown() else {
        return;
    };
    let Some(result) = &outcome.result else {
        return;
    };
    let shown = entries(model, list);
    let arranged = outcome.window.columns();
    let title = match arranged.hidden() {
        0 => format!("{} columns", arranged.len()),
        hidden => format!("{} columns, {hidden} hidden", arranged.len()),
    };
    let wanted = u16::try_from(arranged.len()).unwrap_or(u16::MAX);
    let height = wanted.saturating_add(4).clamp(8, 30);
    let inner = popup(frame, body.centred(72, height), &title, theme);
    let (top, rest) = inner.split_top(1);
    let (rest, foot) = rest.split_top(rest.height.saturating_sub(1));
    let typed = Line::from(vec![
        word(theme, Role::Key, " › "),
        word(
            theme,
            Role::Text,
            cell::safe_line(list.filter.text()).into_owned(),
        ),
    ]);
    lines(frame, top, vec![typed], 0);
    let (cursor, _) = list.filter.view(usize::from(top.width).saturating_sub(4));
    if top.width > 4 && top.height > 0 {
        frame.set_cursor_position(Position {
            x: top.x + 3 + u16::try_from(cursor).unwrap_or(0).min(top.width - 4),
            y: top.y,
        });
    }
    keys(frame, foot, theme);
    if shown.is_empty() {
        let nothing = line(theme, Role::Quiet, "   no column is called so");
        lines(frame, rest, vec![nothing], 0);
        return;
    }
    let first = first_visible(list.selected, rest.height.into());
    let visible = shown
        .iter()
        .enumerate()
        .skip(first)
        .take(rest.height.into())
        .filter_map(|(at, column)| {
            let described = result.columns().get(*column)?;
            let (name, sign) = if at == list.selected {
                (Role::Selected, "▌")
            } else if arranged.visibility(*column) == Visibility::Hidden {
                (Role::Quiet, " ")
            } else {
                (Role::Text, " ")
            };
            let state = match (arranged.visibility(*column), arranged.hold(*column)) {
                (Visibility::Hidden, _) => "hidden",
                (Visibility::Shown, Hold::Frozen) => "frozen",
                (Visibility::Shown, Hold::Loose) => "",
            };
            let text = cell::clipped(&described.name, NAMED);
            let gap = NAMED - cell::width(&text);
            Some(Line::from(vec![
                word(theme, Role::Focus, sign),
                word(theme, Role::Quiet, format!("{:>5} ", column + 1)),
                word(theme, name, text.into_owned()),
                Span::raw(" ".repeat(gap + 1)),
                word(theme, Role::Warning, format!("{state:<7}")),
                word(
                    theme,
                    Role::Quiet,
                    cell::safe_line(&kind::spoken(described)).into_owned(),
                ),
            ]))
        })
        .collect();
    lines(frame, rest, visible, 0);
}

fn keys(frame: &mut Frame<'_>, foot: Area, theme: Theme) {
    let mut spans = vec![Span::raw(" ")];
    for (key, does) in [
        ("Enter", "go"),
        ("Tab", "hide, show"),
        ("Alt+↑↓", "move"),
        ("Ctrl+F", "freeze"),
        ("Esc", "close"),
    ] {
        spans.push(word(theme, Role::Key, key));
        spans.push(word(theme, Role::Quiet, format!(" {does}  ")));
    }
    lines(frame, foot, vec![Line::from(spans)], 0);
}

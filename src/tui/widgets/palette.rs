//! Every verb, with its key, and why it cannot be used now.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::paint::{line, lines, popup, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::overlay::Palette;
use crate::app::update::palette_entries;
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// The palette, over the upper part of the screen.
pub fn palette(
    frame: &mut Frame<'_>,
    body: Area,
    palette: &Palette,
    (model, theme): (&Model, Theme),
) {
    let inner = popup(frame, body.centred(84, 22), "commands", theme);
    let (top, rest) = inner.split_top(1);
    let typed = Line::from(vec![
        word(theme, Role::Key, " › "),
        word(
            theme,
            Role::Text,
            cell::safe_line(palette.filter.text()).into_owned(),
        ),
    ]);
    lines(frame, top, vec![typed], 0);
    let (cursor, _) = palette
        .filter
        .view(usize::from(top.width).saturating_sub(4));
    if top.width > 4 && top.height > 0 {
        frame.set_cursor_position(Position {
            x: top.x + 3 + u16::try_from(cursor).unwrap_or(0).min(top.width - 4),
            y: top.y,
        });
    }
    let entries = palette_entries(model, palette);
    if entries.is_empty() {
        let nothing = line(theme, Role::Quiet, "   no command contains these words");
        lines(frame, rest, vec![nothing], 0);
        return;
    }
    let columns = usize::from(rest.width);
    let first = first_visible(palette.selected, rest.height.into());
    let shown = entries
        .iter()
        .enumerate()
        .skip(first)
        .take(rest.height.into())
        .map(|(at, entry)| {
            let key = model.keymap.key_of(entry.command).unwrap_or_default();
            let help = entry.command.unavailable(model);
            let text = help.unwrap_or(entry.help);
            let room = columns.saturating_sub(24 + cell::width(key) + 2);
            let text = cell::clipped(text, room).into_owned();
            let gap = room.saturating_sub(cell::width(&text)) + 1;
            let (name, sign) = match (at == palette.selected, help) {
                (true, _) => (Role::Selected, "▌"),
                (false, Some(_)) => (Role::Quiet, " "),
                (false, None) => (Role::Text, " "),
            };
            Line::from(vec![
                word(theme, Role::Focus, sign),
                word(
                    theme,
                    name,
                    format!(" {:<21} ", cell::clipped(entry.name, 21)),
                ),
                word(theme, Role::Quiet, text),
                Span::raw(" ".repeat(gap)),
                word(theme, Role::Key, key.to_owned()),
            ])
        })
        .collect();
    lines(frame, rest, shown, 0);
}

//! The keys that work here, from the one table.

use ratatui::Frame;
use ratatui::text::Line;

use super::paint::{line, lines, popup, word};
use crate::app::command::{COMMANDS, Scope, scopes};
use crate::app::layout::Area;
use crate::app::model::{Model, Screen};
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// Help for the present screen, from line `scroll` on.
pub fn help(frame: &mut Frame<'_>, body: Area, scroll: usize, (model, theme): (&Model, Theme)) {
    let inner = popup(
        frame,
        body.centred(86, body.height.saturating_sub(2).max(1)),
        "help · Escape closes",
        theme,
    );
    let columns = usize::from(inner.width);
    let mut text = Vec::new();
    for scope in scopes(model) {
        if !text.is_empty() {
            text.push(Line::default());
        }
        text.push(line(theme, Role::Title, &format!(" {}", scope.title())));
        let beside = scope == Scope::Workspace && model.screen == Screen::Access;
        for entry in COMMANDS
            .iter()
            .filter(|entry| entry.scope == scope)
            .filter(|entry| !beside || entry.command.works_beside_the_workspace())
        {
            let key = model.keymap.key_of(entry.command).unwrap_or("palette");
            let room = columns.saturating_sub(18);
            text.push(Line::from(vec![
                word(theme, Role::Key, format!("  {key:<15} ")),
                word(
                    theme,
                    Role::Text,
                    cell::clipped(entry.help, room).into_owned(),
                ),
            ]));
        }
    }
    lines(frame, inner, text, scroll);
}

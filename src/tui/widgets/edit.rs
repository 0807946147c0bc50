//! Editing rows: the editor of a cell, the form of a new row, the statements before they run.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::Line;

use super::paint::{line, lines, paragraph, popup, spinner, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::edit::{CellEditor, Edits, Holds, Mark, RowForm, Shown};
use crate::domain::edit::NewValue;
use crate::domain::rows::{Cell, cell};
use crate::tui::theme::{Role, Theme};

/// Columns of the editor of a cell, where there are as many.
const WIDTH: u16 = 84;

/// Columns of the statements, where there are as many.
const REVIEW: u16 = 110;

fn keys(frame: &mut Frame<'_>, foot: Area, keys: &[(&str, &str)], theme: Theme) {
    let mut spans = Vec::new();
    for (key, does) in keys {
        spans.push(word(theme, Role::Key, format!(" {key}")));
        spans.push(word(theme, Role::Quiet, format!(" {does}  ")));
    }
    lines(frame, foot, vec![Line::from(spans)], 0);
}

/// A cell that was edited, with a sign before it that says so without colour: `*` will be changed,
/// `✗` will be deleted, `✓` was changed, `⊘` was deleted.
#[must_use]
pub fn cell_of(shown: &Shown<'_>, read: Cell<'_>) -> (String, Role) {
    let text = match shown.value {
        Some(NewValue::Null) => "∅",
        Some(NewValue::Default) => "DEFAULT",
        Some(NewValue::Text(text)) => text,
        None => read.text().unwrap_or("∅"),
    };
    let (sign, role) = match shown.mark {
        Mark::Changed => ("*", Role::Warning),
        Mark::Deleted => ("✗", Role::Bad),
        Mark::Made => ("✓", Role::Good),
        Mark::Gone => ("⊘", Role::Quiet),
    };
    (format!("{sign}{text}"), role)
}

/// The editor of a cell.
pub fn cell_editor(frame: &mut Frame<'_>, body: Area, editor: &CellEditor, theme: Theme) {
    let wanted = u16::try_from(editor.text.lines()).unwrap_or(u16::MAX);
    let height = wanted.saturating_add(4).clamp(6, body.height.max(6));
    let inner = popup(
        frame,
        body.centred(WIDTH, height),
        &format!("edit {}", editor.title),
        theme,
    );
    let (above, foot) = inner.split_top(inner.height.saturating_sub(1));
    match editor.holds {
        Holds::Null => lines(frame, above, vec![line(theme, Role::Null, " NULL")], 0),
        Holds::Default => lines(frame, above, vec![line(theme, Role::Name, " DEFAULT")], 0),
        Holds::Text => text_of(frame, above, editor, theme),
    }
    let offered: &[(&str, &str)] = &[
        ("Enter", "keeps it"),
        ("Alt+Enter", "new line"),
        ("Ctrl+N", "NULL"),
        ("Ctrl+D", "DEFAULT"),
        ("Ctrl+E", "empty"),
        ("Esc", "leaves it"),
    ];
    keys(frame, foot, offered, theme);
}

fn text_of(frame: &mut Frame<'_>, area: Area, editor: &CellEditor, theme: Theme) {
    let text = &editor.text;
    if text.is_empty() {
        lines(frame, area, vec![line(theme, Role::Quiet, " (empty)")], 0);
    }
    let place = text.place(text.cursor());
    let rows = usize::from(area.height).max(1);
    let top = first_visible(place.line, rows);
    let room = usize::from(area.width).saturating_sub(2).max(1);
    let at = place.column;
    // The line under the cursor is shown from where the cursor is in sight.
    let skipped = (at + 1).saturating_sub(room);
    let mut shown = Vec::new();
    for number in top..(top + rows).min(text.lines()) {
        let whole = text.line(number);
        let safe = cell::safe_line(&whole);
        let from = if number == place.line { skipped } else { 0 };
        let part: String = safe.chars().skip(from).collect();
        shown.push(line(
            theme,
            Role::Text,
            &format!(" {}", cell::clipped(&part, room)),
        ));
    }
    if !text.is_empty() {
        lines(frame, area, shown, 0);
    }
    let column = u16::try_from(at.saturating_sub(skipped) + 1).unwrap_or(1);
    let row = u16::try_from(place.line.saturating_sub(top)).unwrap_or(0);
    if column < area.width && row < area.height {
        frame.set_cursor_position(Position {
            x: area.x + column,
            y: area.y + row,
        });
    }
}

/// The form of a new row.
pub fn row_form(
    frame: &mut Frame<'_>,
    body: Area,
    form: &RowForm,
    (model, theme): (&Model, Theme),
) {
    let Some(edits) = &model.edits else {
        return;
    };
    let height = u16::try_from(form.fields.len() + 3).unwrap_or(u16::MAX);
    let title = format!("new row of {}", cell::safe_line(&edits.target.name()));
    let inner = popup(frame, body.centred(WIDTH, height), &title, theme);
    let (above, foot) = inner.split_top(inner.height.saturating_sub(1));
    let names: Vec<String> = form
        .fields
        .iter()
        .map(|field| {
            let column = edits.target.columns.get(field.column);
            column.map_or_else(String::new, |column| {
                cell::clipped(&format!("{} {}", column.name, column.type_name), 34).into_owned()
            })
        })
        .collect();
    let gutter = names
        .iter()
        .map(|name| cell::width(name))
        .max()
        .unwrap_or(0);
    let rows = usize::from(above.height).max(1);
    let top = first_visible(form.focus, rows);
    let room = usize::from(above.width).saturating_sub(gutter + 4).max(1);
    let mut text = Vec::new();
    for (at, (field, name)) in form
        .fields
        .iter()
        .zip(&names)
        .enumerate()
        .skip(top)
        .take(rows)
    {
        let focused = at == form.focus;
        let pad = " ".repeat(gutter - cell::width(name));
        let (value, role) = match field.holds {
            Holds::Null => ("NULL".to_owned(), Role::Null),
            Holds::Default => ("DEFAULT".to_owned(), Role::Name),
            Holds::Text => {
                let (cursor, scroll) = field.line.view(room);
                if focused {
                    let x = u16::try_from(gutter + 3 + cursor).unwrap_or(0);
                    let y = u16::try_from(at - top).unwrap_or(0);
                    if x < above.width {
                        frame.set_cursor_position(Position {
                            x: above.x + x,
                            y: above.y + y,
                        });
                    }
                }
                let shown: String = field.line.text().chars().skip(scroll).collect();
                (cell::clipped(&shown, room).into_owned(), Role::Text)
            }
        };
        let (sign, label) = if focused {
            ("▌", Role::Selected)
        } else {
            (" ", Role::Quiet)
        };
        text.push(Line::from(vec![
            word(theme, Role::Focus, sign),
            word(theme, label, format!("{name}{pad}")),
            word(theme, role, format!("  {value}")),
        ]));
    }
    lines(frame, above, text, 0);
    let offered: &[(&str, &str)] = &[
        ("Enter", "plans the row"),
        ("↑↓", "field"),
        ("Ctrl+N", "NULL"),
        ("Ctrl+D", "DEFAULT"),
        ("Ctrl+E", "empty"),
        ("Esc", "drops it"),
    ];
    keys(frame, foot, offered, theme);
}

/// The statements of the changes, exactly as they would be sent.
pub fn review(frame: &mut Frame<'_>, body: Area, selected: usize, (model, theme): (&Model, Theme)) {
    let Some(edits) = &model.edits else {
        return;
    };
    let columns = usize::from(body.width.min(REVIEW)).saturating_sub(4);
    let mut text = Vec::new();
    let mut first_line = 0;
    for (at, change) in edits.changes().iter().enumerate() {
        let failed = edits
            .unmade
            .as_ref()
            .is_some_and(|unmade| unmade.place == Some(at));
        let (sign, sign_role) = match (failed, at == selected) {
            (true, _) => ("✗", Role::Bad),
            (false, true) => ("▌", Role::Focus),
            (false, false) => (" ", Role::Quiet),
        };
        let role = if at == selected {
            Role::Strong
        } else {
            Role::Text
        };
        if at == selected {
            first_line = text.len();
        }
        let lead = word(theme, sign_role, format!("{sign} "));
        paragraph(&mut text, theme, &lead, (role, &change.sql), columns);
        if failed && let Some(unmade) = &edits.unmade {
            reason(&mut text, theme, unmade, columns);
        }
    }
    if let Some(unmade) = edits
        .unmade
        .as_ref()
        .filter(|unmade| unmade.place.is_none())
    {
        reason(&mut text, theme, unmade, columns);
    }
    let height = u16::try_from(text.len() + 3).unwrap_or(u16::MAX);
    let area = body.centred(REVIEW, height);
    let inner = popup(frame, area, &review_title(edits, model), theme);
    let (above, foot) = inner.split_top(inner.height.saturating_sub(1));
    let room = usize::from(above.height);
    lines(frame, above, text, first_line.saturating_sub(room / 2));
    let offered: &[(&str, &str)] = if edits.making.is_some() {
        &[("Esc", "cancels")]
    } else {
        &[
            ("Enter", "makes them all"),
            ("x", "drops the selected one"),
            ("Esc", "goes on editing"),
        ]
    };
    keys(frame, foot, offered, theme);
}

fn reason(
    text: &mut Vec<Line<'static>>,
    theme: Theme,
    unmade: &crate::domain::edit::Unmade,
    columns: usize,
) {
    let lead = word(theme, Role::Bad, "  ✗ ");
    let failure = &unmade.failure;
    paragraph(text, theme, &lead, (Role::Bad, &failure.message), columns);
    let lead = word(theme, Role::Quiet, "    ");
    for said in [&failure.detail, &failure.hint].into_iter().flatten() {
        paragraph(text, theme, &lead, (Role::Quiet, said), columns);
    }
    let became = match &unmade.transaction {
        Some(_) => "Whether they were committed is unknown: reconnect, and pgiam asks the server.",
        None => "Nothing was changed: all of them were rolled back.",
    };
    paragraph(text, theme, &lead, (Role::Warning, became), columns);
}

fn review_title(edits: &Edits, model: &Model) -> String {
    let count = edits.pending.count();
    let noun = if count == 1 { "change" } else { "changes" };
    if edits.making.is_some() {
        return format!("{} making {count} {noun}", spinner(model.now.0));
    }
    let how = if model.in_transaction() {
        "in the open transaction"
    } else {
        "in one transaction"
    };
    format!("{count} {noun} · {how}")
}

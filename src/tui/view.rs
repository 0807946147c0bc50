//! Places widgets: which are shown where is the layout's to say.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::blank_halves;
use super::theme::{Role, Theme};
use super::widgets::editor::EditorPane;
use super::widgets::file_form::FilePane;
use super::widgets::grid::{self, ResultPane};
use super::widgets::history::HistoryPane;
use super::widgets::paint::{boxed, heading, popup, rect};
use super::widgets::save::SaveForm;
use super::widgets::tree::{Attention, TreePane};
use super::widgets::viewer::ViewerPane;
use super::widgets::{
    access, chart, columns, connections, copy_as, details, diagnostics, dialog, edit, form, help,
    palette, plan, statistics, status,
};
use crate::app::Model;
use crate::app::layout::{self, Area};
use crate::app::model::grid::{FORMATS, Subject};
use crate::app::model::messages;
use crate::app::model::overlay::Overlay;
use crate::app::model::{Pane, Screen};
use crate::app::update::viewer;

/// Draws the model; nothing else decides what is on the screen.
pub fn view(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    // A resize may be on its way: what is drawn must fit what is there.
    let screen = frame.area();
    if (screen.width, screen.height) != (model.size.columns, model.size.rows) {
        return;
    }
    let rows = layout::frame(model.size);
    status::title(frame, rows.title, model, theme);
    match model.screen {
        Screen::Connections => profiles(frame, model, theme),
        Screen::Workspace => workspace(frame, model, theme),
        Screen::Access => access::access(frame, model, theme),
    }
    status::status(frame, rows.status, model, theme);
    status::hints(frame, rows.hints, model, theme);
    for overlay in &model.overlays {
        place(frame, rows.body, overlay, (model, theme));
    }
    blank_halves(frame.buffer_mut());
}

fn profiles(frame: &mut Frame<'_>, model: &Model, theme: Theme) {
    let (list, about) = layout::connections(model.size);
    connections::connections(frame, list, model, theme);
    if let Some(about) = about {
        details::details(frame, about, model, theme);
    }
}

/// The border of a pane: the focused one stands out, a profile's colour tints the others.
fn border(model: &Model, theme: Theme, pane: Pane) -> Style {
    if model.focus == pane {
        return theme.style(Role::Focus);
    }
    let colour = model
        .link
        .profile()
        .and_then(|profile| profile.colour.as_deref());
    colour.map_or_else(|| theme.style(Role::Border), |colour| theme.tint(colour))
}

fn workspace(frame: &mut Frame<'_>, model: &Model, theme: Theme) {
    for pane in [Pane::Tree, Pane::Editor, Pane::Result, Pane::Diagnostics] {
        let Some(area) = layout::pane(model, pane) else {
            continue;
        };
        let (role, attention) = if model.focus == pane {
            (Role::Title, Attention::Here)
        } else {
            (Role::Strong, Attention::Elsewhere)
        };
        let title = match pane {
            Pane::Tree => "catalog".to_owned(),
            Pane::Editor => tabs(model),
            Pane::Result => grid::title(model),
            Pane::Diagnostics => "diagnostics".to_owned(),
        };
        let style = border(model, theme, pane);
        let inner = boxed(frame, area, heading(theme, role, &title), theme, style);
        match pane {
            Pane::Tree => {
                let tree = &model.tree;
                let widget = TreePane {
                    tree,
                    attention,
                    theme,
                };
                frame.render_widget(widget, rect(inner));
            }
            Pane::Editor => editor(frame, rect(inner), model, theme),
            Pane::Result => {
                let widget = ResultPane {
                    model,
                    attention,
                    theme,
                };
                frame.render_widget(widget, rect(inner));
            }
            Pane::Diagnostics => diagnostics::diagnostics(frame, inner, model, theme),
        }
    }
}

/// The titles of the query tabs; the one that shows is marked.
fn tabs(model: &Model) -> String {
    let titles = (0..model.editor.tabs().len()).map(|at| {
        let mark = if at == model.editor.current() && model.editor.tabs().len() > 1 {
            " ●"
        } else {
            ""
        };
        format!("query {}{mark}", at + 1)
    });
    titles.collect::<Vec<_>>().join(" ─ ")
}

fn editor(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let error = model
        .query
        .shown()
        .and_then(|(outcome, _)| messages::offset_in_editor(outcome));
    let widget = EditorPane {
        editor: &model.editor,
        error,
        theme,
    };
    let cursor = widget.cursor(area);
    frame.render_widget(widget, area);
    if model.focus == Pane::Editor
        && model.overlays.is_empty()
        && let Some(cursor) = cursor
    {
        frame.set_cursor_position(cursor);
    }
}

fn place(frame: &mut Frame<'_>, body: Area, overlay: &Overlay, (model, theme): (&Model, Theme)) {
    match overlay {
        Overlay::Help { scroll } => help::help(frame, body, *scroll, (model, theme)),
        Overlay::Palette(list) => palette::palette(frame, body, list, (model, theme)),
        Overlay::Confirm(question) => dialog::confirm(frame, body, question, theme),
        Overlay::Form(fields) => form::form(frame, body, fields, theme),
        Overlay::Password(prompt) => dialog::password(frame, body, prompt, theme),
        Overlay::Dialing => dialog::dialing(frame, body, model, theme),
        Overlay::Diagnosis => {
            let area = body.centred(100, body.height);
            let inner = popup(frame, area, "diagnostics · Escape closes", theme);
            diagnostics::diagnostics(frame, inner, model, theme);
        }
        Overlay::Through(list) => dialog::picker(frame, body, list, (model, theme)),
        Overlay::Doctor { profile } => dialog::doctor(frame, body, profile, (model, theme)),
        Overlay::Token { profile } => dialog::token(frame, body, profile, theme),
        Overlay::EditCell(editor) => edit::cell_editor(frame, body, editor, theme),
        Overlay::NewRow(row) => edit::row_form(frame, body, row, (model, theme)),
        Overlay::Review { selected } => edit::review(frame, body, *selected, (model, theme)),
        Overlay::Plan => plan::plan(frame, body, model, theme),
        Overlay::History(list) => {
            let area = body.centred(100, body.height);
            let inner = popup(frame, area, "history · Escape closes", theme);
            let entries = &model.history;
            let now = model.now;
            let widget = HistoryPane {
                list,
                entries,
                now,
                theme,
            };
            frame.render_widget(widget, rect(inner));
        }
        Overlay::Viewer(opened) => {
            let area = viewer::area(model);
            let title = ViewerPane::title(opened, area.inner().height.saturating_sub(1));
            let inner = popup(frame, area, &title, theme);
            let widget = ViewerPane {
                viewer: opened,
                theme,
            };
            frame.render_widget(widget, rect(inner));
        }
        Overlay::CopyAs(choice) => copy_as::copy_as(frame, body, *choice, (model, theme)),
        Overlay::Columns(list) => columns::columns(frame, body, list, (model, theme)),
        Overlay::Statistics(shown) => statistics::statistics(frame, body, shown, theme),
        Overlay::Chart(shown) => chart::chart(frame, body, shown, (model, theme)),
        Overlay::File(opened) => {
            let area = body.centred(84, 5);
            let inner = popup(frame, area, FilePane::title(opened.purpose), theme);
            let form = opened;
            frame.render_widget(FilePane { form, theme }, rect(inner));
        }
        Overlay::Save(save) => {
            let (title, rows) = match save.subject {
                Subject::All => (save_title(model), FORMATS.len() + 4),
                Subject::Value { .. } => ("save this value · Escape closes", 5),
            };
            let area = body.centred(84, u16::try_from(rows).unwrap_or(u16::MAX));
            let inner = popup(frame, area, title, theme);
            frame.render_widget(SaveForm { save, theme }, rect(inner));
        }
    }
}

/// Whether all rows are saved or those that show.
fn save_title(model: &Model) -> &'static str {
    let shown = model.query.shown();
    match shown.and_then(|(outcome, _)| outcome.window.looking.view()) {
        Some(_) if model.screen != Screen::Access => {
            "save the rows that show, in their order · Escape closes"
        }
        _ => "save · Escape closes",
    }
}

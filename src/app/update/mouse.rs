//! The mouse: focus, selection, scrolling.

use super::{access, editor, focus, grid, link, overlay, tree};
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode, Mouse, MouseAction};
use crate::app::layout;
use crate::app::model::{Model, Pane, Screen};

/// Rows a turn of the wheel moves.
const WHEEL: usize = 3;

pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if !model.overlays.is_empty() {
        return wheel(model, mouse, overlay::key);
    }
    match model.screen {
        Screen::Connections => connections(model, mouse),
        Screen::Workspace => workspace(model, mouse),
        Screen::Access => access::mouse(model, mouse),
    }
}

/// The wheel as arrow keys.
fn wheel(
    model: &mut Model,
    mouse: Mouse,
    mut each: impl FnMut(&mut Model, Key) -> Vec<Effect>,
) -> Vec<Effect> {
    let code = match mouse.action {
        MouseAction::ScrollUp => KeyCode::Up,
        MouseAction::ScrollDown => KeyCode::Down,
        MouseAction::ScrollLeft => KeyCode::Left,
        MouseAction::ScrollRight => KeyCode::Right,
        MouseAction::Press | MouseAction::Release | MouseAction::Drag => return Vec::new(),
    };
    (0..WHEEL)
        .flat_map(|_| each(model, Key::plain(code)))
        .collect()
}

fn connections(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if mouse.action != MouseAction::Press {
        return wheel(model, mouse, super::connections::key);
    }
    // Inside the border, below the filter's line.
    let list = layout::connections(model.size).0.inner();
    if !list.contains(mouse.column, mouse.row) || mouse.row == list.y {
        return Vec::new();
    }
    let visible = usize::from(list.height).saturating_sub(1);
    let top = layout::first_visible(model.connections.selected, visible);
    let clicked = top + usize::from(mouse.row - list.y - 1);
    if clicked >= model.connections.entries().len() {
        return Vec::new();
    }
    // A second click on the selected profile connects.
    let again = model.connections.selected == clicked;
    model.connections.selected = clicked;
    match model.connections.current().cloned() {
        Some(profile) if again => link::dial(model, profile),
        None => super::connections::key(model, Key::plain(KeyCode::Enter)),
        Some(_) => Vec::new(),
    }
}

fn workspace(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let Some(pane) = layout::pane_at(model, mouse.column, mouse.row) else {
        return Vec::new();
    };
    if mouse.action == MouseAction::Press {
        focus(model, pane);
    }
    match pane {
        Pane::Tree => tree::mouse(model, mouse),
        Pane::Editor => editor::mouse(model, mouse),
        Pane::Result => grid::mouse(model, mouse),
        Pane::Diagnostics => wheel(model, mouse, super::why::key),
    }
}

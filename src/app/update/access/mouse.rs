//! The mouse on the access screen.

use super::{keep_in_sight, look_closer};
use crate::app::effect::Effect;
use crate::app::key::{Mouse, MouseAction};
use crate::app::layout;
use crate::app::model::Model;
use crate::app::model::access::{GAP, Part, Typing, View};

/// Rows a turn of the wheel moves.
const WHEEL: isize = 3;

pub(in crate::app::update) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let areas = layout::access(model);
    let over_detail = areas
        .detail
        .is_some_and(|area| area.contains(mouse.column, mouse.row));
    let step = match mouse.action {
        MouseAction::ScrollUp => -WHEEL,
        MouseAction::ScrollDown => WHEEL,
        MouseAction::ScrollLeft | MouseAction::ScrollRight => {
            let step = if mouse.action == MouseAction::ScrollLeft {
                -1
            } else {
                1
            };
            model.access.move_across(step);
            keep_in_sight(model);
            return Vec::new();
        }
        MouseAction::Press if over_detail => {
            model.access.part = Part::Detail;
            return Vec::new();
        }
        MouseAction::Press => return press(model, mouse),
        MouseAction::Release | MouseAction::Drag => return Vec::new(),
    };
    if over_detail {
        let to = model.access.scroll.saturating_add_signed(step);
        model.access.scroll = to.min(model.access.detail.len());
    } else {
        model.access.move_by(step);
        keep_in_sight(model);
    }
    Vec::new()
}

/// A press selects; a press on what is selected looks closer.
fn press(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let areas = layout::access(model);
    model.access.part = Part::List;
    let rows = areas.rows();
    if areas.filter().contains(mouse.column, mouse.row) {
        model.access.filters.typing = Typing::Yes;
        return Vec::new();
    }
    if !rows.contains(mouse.column, mouse.row) {
        return Vec::new();
    }
    let line = model.access.top + usize::from(mouse.row - rows.y);
    if line >= model.access.items.len() {
        return Vec::new();
    }
    let before = (model.access.selected, model.access.column);
    if let (View::Matrix, Some(column)) = (model.access.view, column_at(model, mouse.column)) {
        model.access.column = column;
    }
    model.access.select(line);
    if before == (model.access.selected, model.access.column) {
        look_closer(model);
    }
    keep_in_sight(model);
    Vec::new()
}

/// The column of the grid under a cell of the screen.
fn column_at(model: &Model, x: u16) -> Option<usize> {
    let areas = layout::access(model);
    let mut from = usize::from(areas.rows().x + areas.names());
    let screen = &model.access;
    for (place, role) in screen.columns.iter().enumerate().skip(screen.left) {
        let until = from + screen.width(*role) + GAP;
        if (from..until).contains(&usize::from(x)) {
            return Some(place);
        }
        from = until;
    }
    None
}

//! The mouse in the result pane: cells are chosen, headings order, their borders resize.

use super::{fit, in_window, rows, viewer};
use crate::app::effect::Effect;
use crate::app::key::{Mouse, MouseAction};
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::grid::Grip;
use crate::app::model::window::Place;
use crate::app::result_layout;

/// Rows, or columns, a turn of the wheel moves.
const WHEEL: isize = 3;

pub(in crate::app::update) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    fit(model);
    match mouse.action {
        MouseAction::ScrollUp => in_window(model, |result, window| window.scroll(-WHEEL, result)),
        MouseAction::ScrollDown => in_window(model, |result, window| window.scroll(WHEEL, result)),
        MouseAction::ScrollLeft => {
            in_window(model, |result, window| window.move_by(0, -1, result));
        }
        MouseAction::ScrollRight => {
            in_window(model, |result, window| window.move_by(0, 1, result));
        }
        MouseAction::Press => return press(model, mouse),
        MouseAction::Drag => drag(model, mouse),
        MouseAction::Release => return release(model),
    }
    Vec::new()
}

/// A press puts the cursor on a cell; on the cell under the cursor, it opens it.
fn press(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let Some(areas) = result_layout::areas(model) else {
        return Vec::new();
    };
    model.grid.grip = None;
    if areas.tabs.contains(mouse.column, mouse.row) {
        let place = tab_at(model, areas.tabs, mouse.column);
        model.query.show(place);
        model.grid.messages_top = 0;
        fit(model);
        return Vec::new();
    }
    if areas.header.contains(mouse.column, mouse.row) {
        let x = mouse.column - areas.header.x;
        let grip = model.query.shown_window().and_then(|(_, window)| {
            let border = window.border_at(x).map(|column| Grip::Border {
                column,
                at: mouse.column,
            });
            border.or_else(|| window.column_at(x).map(|column| Grip::Heading { column }))
        });
        model.grid.grip = grip;
        return Vec::new();
    }
    let Some(place) = cell_at(model, mouse) else {
        return Vec::new();
    };
    let mut again = false;
    in_window(model, |result, window| {
        again = window.cursor() == place && window.selection().is_none();
        window.unselect();
        window.go(place, result);
    });
    if again {
        viewer::open_cell(model)
    } else {
        Vec::new()
    }
}

/// A drag selects cells, or widens the column whose border is held.
fn drag(model: &mut Model, mouse: Mouse) {
    match model.grid.grip {
        Some(Grip::Border { column, at }) => {
            let by = i32::from(mouse.column) - i32::from(at);
            let by = i16::try_from(by).unwrap_or(0);
            in_window(model, |_, window| window.widen(column, by));
            model.grid.grip = Some(Grip::Border {
                column,
                at: mouse.column,
            });
            return;
        }
        Some(Grip::Heading { .. }) => return,
        None => {}
    }
    let Some(place) = cell_at(model, mouse) else {
        return;
    };
    in_window(model, |result, window| {
        if window.selection().is_none() && window.cursor() != place {
            window.select_from(window.cursor());
        }
        window.go(place, result);
    });
}

/// Letting go of a heading that was not dragged orders the rows by its column.
fn release(model: &mut Model) -> Vec<Effect> {
    match model.grid.grip.take() {
        Some(Grip::Heading { column }) => {
            in_window(model, |result, window| {
                let row = window.cursor().row;
                window.go(Place { row, column }, result);
            });
            rows::sort_by(model, column)
        }
        Some(Grip::Border { .. }) | None => Vec::new(),
    }
}

fn cell_at(model: &mut Model, mouse: Mouse) -> Option<Place> {
    let cells = result_layout::areas(model)?.cells;
    if !cells.contains(mouse.column, mouse.row) {
        return None;
    }
    let (result, window) = model.query.shown_window()?;
    let place = Place {
        row: window.top() + usize::from(mouse.row - cells.y),
        column: window.column_at(mouse.column - cells.x)?,
    };
    (place.row < window.rows(result)).then_some(place)
}

fn tab_at(model: &Model, tabs: Area, column: u16) -> usize {
    let count = model.query.run().map_or(0, |run| run.outcomes.len());
    let shown = model.query.shown_place();
    let strip = result_layout::tab_strip(count, shown, tabs.width);
    let at = usize::from(column.saturating_sub(tabs.x) / result_layout::TAB);
    (strip.start + at).min(count.saturating_sub(1))
}

//! The list of columns: going to one by its name, hiding, showing, moving, freezing.

use super::in_window;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::model::Model;
use crate::app::model::column_list::{ColumnList, choices};
use crate::app::model::line::Taken;
use crate::app::model::overlay::Overlay;
use crate::app::model::window::Place;

/// Lines a page of the list has.
const PAGE: usize = 10;

pub(super) fn open(model: &mut Model) {
    let mut list = ColumnList::default();
    in_window(model, |_, window| {
        let column = window.cursor().column;
        let order = window.columns().order();
        list.selected = order.iter().position(|it| *it == column).unwrap_or(0);
    });
    model.overlays.push(Overlay::Columns(list));
}

/// The columns to choose from.
#[must_use]
pub fn entries(model: &Model, list: &ColumnList) -> Vec<usize> {
    let Some((outcome, _)) = model.query.shown() else {
        return Vec::new();
    };
    let Some(result) = &outcome.result else {
        return Vec::new();
    };
    let names: Vec<&str> = result
        .columns()
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    choices(list.filter.text(), outcome.window.columns().order(), &names)
}

/// A key for the list on top, which is put back unless the key closes it.
pub(in crate::app::update) fn key(
    model: &mut Model,
    mut list: ColumnList,
    key: Key,
) -> Vec<Effect> {
    let shown = entries(model, &list);
    let bottom = shown.len().saturating_sub(1);
    let chosen = shown.get(list.selected).copied();
    match key.code {
        KeyCode::Escape => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => {
            if let Some(column) = chosen {
                go(model, column);
            }
            return Vec::new();
        }
        KeyCode::Tab => with(model, chosen, |column, window| window.toggle_column(column)),
        KeyCode::Char('f') if key.ctrl => with(model, chosen, |column, window| {
            let _ = window.toggle_frozen(column);
        }),
        KeyCode::Up if key.shift || key.alt => {
            with(model, chosen, |column, window| {
                window.carry_column(column, -1);
            });
        }
        KeyCode::Down if key.shift || key.alt => {
            with(model, chosen, |column, window| {
                window.carry_column(column, 1);
            });
        }
        KeyCode::Up => list.selected = list.selected.saturating_sub(1),
        KeyCode::Down => list.selected = (list.selected + 1).min(bottom),
        KeyCode::PageUp => list.selected = list.selected.saturating_sub(PAGE),
        KeyCode::PageDown => list.selected = (list.selected + PAGE).min(bottom),
        _ => {
            if list.filter.key(key) == Taken::Yes {
                list.selected = 0;
            }
        }
    }
    // A column that was moved stays selected.
    let moved = matches!(key.code, KeyCode::Up | KeyCode::Down) && (key.shift || key.alt);
    if moved || (key.ctrl && key.code == KeyCode::Char('f')) {
        let shown = entries(model, &list);
        let place = chosen.and_then(|chosen| shown.iter().position(|it| *it == chosen));
        list.selected = place.unwrap_or(list.selected);
    }
    model.overlays.push(Overlay::Columns(list));
    Vec::new()
}

fn with(
    model: &mut Model,
    column: Option<usize>,
    step: impl FnOnce(usize, &mut crate::app::model::window::Window),
) {
    if let Some(column) = column {
        in_window(model, |_, window| step(column, window));
    }
}

/// Goes to a column, showing it if it is hidden.
fn go(model: &mut Model, column: usize) {
    use crate::app::model::arrangement::Visibility;
    in_window(model, |result, window| {
        if window.columns().visibility(column) == Visibility::Hidden {
            window.toggle_column(column);
        }
        let row = window.cursor().row;
        window.go(Place { row, column }, result);
    });
}

//! Searching, filtering and ordering rows: what is asked for becomes work on all of them.

use super::scans::{search_effect, start_search};
use crate::app::effect::Effect;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::search::{Search, Step};
use crate::app::model::window::{Direction, Found, Window};
use crate::domain::rows::condition::{Comparison, Condition, Test};
use crate::domain::rows::pattern::{Pattern, Reading};
use crate::domain::rows::scan::{Job, Lens};
use crate::domain::rows::{Cell, ResultSet};

/// Bytes of a value that can be filtered by.
const FILTERED_BY: usize = 1 << 20;

/// Looks for what was typed; nothing typed goes on with the last search.
pub(super) fn search(
    model: &mut Model,
    typed: &str,
    reading: Reading,
) -> Result<Vec<Effect>, String> {
    if typed.is_empty() {
        return Ok(step(model, Direction::Forward));
    }
    let pattern = Pattern::read(typed, reading)?;
    let ticket = model.next_ticket();
    let Some((result, window)) = model.query.shown_window() else {
        return Ok(Vec::new());
    };
    let before = window.search.as_mut().and_then(Search::give_up);
    let mut effects = dropped(before);
    window.search = Some(Search::new(pattern, ticket, result.rows()));
    effects.extend(start_search(result, window));
    Ok(effects)
}

fn dropped(ticket: Option<Ticket>) -> Vec<Effect> {
    ticket
        .map(|ticket| Effect::Cancel { ticket })
        .into_iter()
        .collect()
}

/// Goes to the next match, at once or when it is found.
pub(super) fn step(model: &mut Model, direction: Direction) -> Vec<Effect> {
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let told = take_step(result, window, Step::On(direction));
    if let Some(told) = told {
        model.tell(told);
    }
    Vec::new()
}

/// Takes a step of the search, or leaves it to be taken when more is found. Tells what to say.
pub(super) fn take_step(result: &ResultSet, window: &mut Window, step: Step) -> Option<String> {
    let found = window.step(step, result);
    let search = window.search.as_mut()?;
    search.wait_for((found == Found::NotYet).then_some(step));
    match found {
        Found::Here => None,
        Found::NotYet => Some("looking for the next match…".to_owned()),
        Found::Around => Some(match step {
            Step::On(Direction::Backward) => "on from the last row".to_owned(),
            Step::On(Direction::Forward) | Step::Here => "on from the first row".to_owned(),
        }),
        Found::Nowhere => Some(format!("no row has {}", search.pattern().words())),
    }
}

/// Keeps only rows that fulfil what was typed.
pub(super) fn filter(
    model: &mut Model,
    typed: &str,
    column: Option<usize>,
) -> Result<Vec<Effect>, String> {
    let test = Test::read(typed)?;
    Ok(narrow(model, Condition { column, test }))
}

fn narrow(model: &mut Model, condition: Condition) -> Vec<Effect> {
    let Some((_, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let lens = window.looking.narrowed(condition);
    look_through(model, lens)
}

/// Keeps only rows with the value under the cursor.
pub(super) fn keep_like(model: &mut Model) -> Vec<Effect> {
    like(model, Comparison::Equal)
}

/// Drops the rows with the value under the cursor.
pub(super) fn drop_like(model: &mut Model) -> Vec<Effect> {
    like(model, Comparison::Unequal)
}

fn like(model: &mut Model, comparison: Comparison) -> Vec<Effect> {
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let place = window.cursor();
    let test = match (window.cell(result, place), comparison) {
        (None, _) => return Vec::new(),
        (Some(Cell::Null), Comparison::Equal) => Test::Null,
        (Some(Cell::Null), _) => Test::NotNull,
        (Some(Cell::Text(text)), _) if text.len() > FILTERED_BY => {
            model.tell("the value is too long to filter by");
            return Vec::new();
        }
        (Some(Cell::Text(text)), _) => Test::Is {
            comparison,
            value: text.to_owned(),
        },
    };
    let column = Some(place.column);
    narrow(model, Condition { column, test })
}

/// Orders the rows by the column under the cursor: up, down, as they arrived.
pub(super) fn sort(model: &mut Model) -> Vec<Effect> {
    let Some((_, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let lens = window.looking.ordered_by(window.cursor().column);
    look_through(model, lens)
}

/// Orders the rows by a column that was clicked on.
pub(super) fn sort_by(model: &mut Model, column: usize) -> Vec<Effect> {
    let Some((_, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let lens = window.looking.ordered_by(column);
    look_through(model, lens)
}

/// Orders the rows by the column under the cursor too, where those before it are alike.
pub(super) fn also_sort(model: &mut Model) -> Vec<Effect> {
    let Some((_, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let lens = window.looking.ordered_also_by(window.cursor().column);
    look_through(model, lens)
}

/// Shows all rows in the order they arrived.
pub(super) fn all_again(model: &mut Model) -> Vec<Effect> {
    look_through(model, Lens::default())
}

/// Sees the rows through a lens: at once if it is clear, else when the work is done.
fn look_through(model: &mut Model, lens: Lens) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let again = model.next_ticket();
    let Some((result, window)) = model.query.shown_window() else {
        return Vec::new();
    };
    let mut effects = dropped(window.looking.give_up());
    let row = window.row(window.cursor().row);
    let shown = window.looking.view().is_some();
    let clear = lens.is_clear();
    window.looking.want(lens.clone(), ticket);
    if clear {
        if shown {
            window.rows_changed(row, result);
            effects.extend(search_again(result, window, again));
        }
        return effects;
    }
    effects.push(Effect::Scan {
        ticket,
        rows: Box::new(result.snapshot()),
        job: Box::new(Job::Lens(lens)),
    });
    effects
}

/// Other rows show: a search looks at those.
pub(super) fn search_again(result: &ResultSet, window: &mut Window, ticket: Ticket) -> Vec<Effect> {
    let rows = result.rows();
    let Some(search) = &mut window.search else {
        return Vec::new();
    };
    let mut effects = dropped(search.give_up());
    search.again(ticket, rows);
    effects.extend(search_effect(result, window, 0..rows));
    effects
}

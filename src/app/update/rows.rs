//! Keeps the rows of all results within the memory budget, and brings back those that show.

use std::ops::Range;

use crate::app::effect::Effect;
use crate::app::message::{Fetched, Spilled};
use crate::app::model::Model;
use crate::app::model::memory::{SPILLS, Spilling};
use crate::app::model::query::Run;
use crate::domain::failure::Failure;
use crate::domain::rows::ResultId;

/// Bytes of memory that leave at once, at least: small writes cost more than they free.
const PIECE: usize = 2 << 20;

/// Bytes of memory that leave at once, at most: rows that are leaving are in memory still.
const PIECES: usize = 8 << 20;

/// Looks after what a message changed: rows leave when there are too many, and rows that show, or
/// are about to, come back.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    let near = near(model);
    let mut effects = make_room(model, near.as_ref());
    if let Some(near) = near {
        effects.extend(fetch(model, &near));
    }
    effects
}

/// Rows on the screen and a page on either side.
struct Near {
    result: ResultId,
    rows: Range<usize>,
    /// The rows on the screen where they stand in another order than they arrived in.
    apart: Option<Vec<usize>>,
}

fn near(model: &mut Model) -> Option<Near> {
    let (result, window) = model.query.shown_window()?;
    let page = window.viewport().rows.max(1);
    let top = window.top();
    let end = (top + 2 * page).min(window.rows(result));
    let spots = top.saturating_sub(page)..end;
    let in_order = spots.clone().all(|spot| window.row(spot) == spot);
    let shown = top..(top + page).min(end);
    Some(Near {
        result: result.id(),
        rows: if in_order {
            spots
        } else {
            let first = window.row(top);
            first..first + 1
        },
        apart: (!in_order).then(|| shown.map(|spot| window.row(spot)).collect()),
    })
}

fn make_room(model: &mut Model, near: Option<&Near>) -> Vec<Effect> {
    let resident: usize = model
        .query
        .windows()
        // What filters, orders and searches hold counts too: four bytes a row, and one bit.
        .map(|(result, window)| result.resident_bytes() + window.memory_bytes())
        .sum();
    let Some(mut excess) = resident
        .checked_sub(model.memory.high())
        .filter(|excess| *excess > 0)
    else {
        return Vec::new();
    };
    let rows_near = |id: ResultId| {
        near.filter(|near| near.result == id)
            .map_or(0..0, |near| near.rows.clone())
    };
    for result in model.query.results_mut() {
        let near = rows_near(result.id());
        excess = excess.saturating_sub(result.drop_copies(excess, near));
    }
    if excess == 0 {
        return Vec::new();
    }
    if model.memory.spilling == Spilling::Off || model.memory.refused.is_some() {
        return stop(model);
    }
    if model.memory.under_way >= SPILLS {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let mut bytes = excess.clamp(PIECE, PIECES);
    for result in model.query.results_mut() {
        let near = rows_near(result.id());
        let leaving = result.leave(bytes, near);
        bytes = bytes.saturating_sub(leaving.iter().map(|one| one.batch.memory_bytes()).sum());
        if !leaving.is_empty() {
            let result = result.id();
            effects.push(Effect::Spill { result, leaving });
        }
        if bytes == 0 {
            break;
        }
    }
    model.memory.under_way += effects.len();
    effects
}

/// Ends the run under way if there is no room for more of its rows. Rows of the run before it do not
/// count: they go as soon as it has any of its own.
fn stop(model: &mut Model) -> Vec<Effect> {
    let Some(ticket) = model.query.running() else {
        return Vec::new();
    };
    let own = model.query.run().map_or(0, Run::resident_bytes);
    if model.query.is_stopped() || own <= model.memory.budget {
        return Vec::new();
    }
    let failure = model.memory.refused.clone().unwrap_or_else(|| {
        let budget = model.memory.budget >> 20;
        Failure::local(format!("the rows do not fit into {budget} MiB of memory")).with_hint(
            "raise memory_mib or turn spill on, under [rows] in settings.toml; or save a fresh run to a file",
        )
    });
    let message = format!("stopped, the rows so far are kept: {}", failure.message);
    model.query.stop(Failure { message, ..failure });
    model.query.cancelling();
    vec![Effect::Cancel { ticket }]
}

fn fetch(model: &mut Model, near: &Near) -> Option<Effect> {
    let result = model
        .query
        .results_mut()
        .find(|result| result.id() == near.result)?;
    let wanted = match &near.apart {
        None => result.wanted(near.rows.clone()),
        Some(rows) => result.wanted_rows(rows.iter().copied()),
    };
    if wanted.is_empty() {
        return None;
    }
    Some(Effect::Fetch {
        result: near.result,
        shelf: result.shelf()?.clone(),
        wanted,
    })
}

/// Rows left memory, or could not.
pub(super) fn spilled(model: &mut Model, id: ResultId, outcome: Spilled) -> Vec<Effect> {
    model.memory.under_way = model.memory.under_way.saturating_sub(1);
    let result = model.query.results_mut().find(|result| result.id() == id);
    if let Some(result) = result {
        for shelved in outcome.shelved {
            if let Some(shelf) = &outcome.shelf {
                result.left(shelved, shelf);
            }
        }
        for segment in outcome.stayed {
            result.stayed(segment);
        }
    }
    let Some(failure) = outcome.failure else {
        return Vec::new();
    };
    model.tell(format!("✗ {}", failure.message));
    model.memory.refused = Some(failure);
    stop(model)
}

/// Rows came back, or could not.
pub(super) fn fetched(model: &mut Model, id: ResultId, segments: Vec<Fetched>) -> Vec<Effect> {
    for Fetched { segment, batch } in segments {
        let batch = match batch {
            Ok(batch) => Some(batch),
            Err(failure) => {
                model.tell(format!("✗ {}", failure.message));
                None
            }
        };
        if let Some(result) = model.query.results_mut().find(|result| result.id() == id) {
            result.returned(segment, batch);
        }
    }
    super::viewer::returned(model);
    Vec::new()
}

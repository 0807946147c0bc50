//! The inside of the result pane: tabs of the run's statements, rows, messages.

use super::layout::{self, Area};
use super::model::messages;
use super::model::query::Outcome;
use super::model::window::Viewport;
use super::model::{Model, Pane};

/// Rows of the screen the header takes: names, then types.
pub const HEADER: u16 = 2;

/// The parts of the result pane. A part that has no room, or nothing to show, is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResultAreas {
    /// One tab a statement, where there are several.
    pub tabs: Area,
    /// Row numbers, beside the cells.
    pub numbers: Area,
    /// Column names and types.
    pub header: Area,
    /// The cells.
    pub cells: Area,
    /// What the server said.
    pub messages: Area,
}

/// The parts of the result pane as it is now; `None` while it is folded away.
#[must_use]
pub fn areas(model: &Model) -> Option<ResultAreas> {
    let inner = layout::pane(model, Pane::Result)?.inner();
    let statements = model.query.run().map_or(0, |run| run.outcomes.len());
    let (tabs, rest) = inner.split_top(u16::from(statements > 1));
    let Some((outcome, _)) = model.query.shown() else {
        return Some(ResultAreas {
            tabs,
            messages: rest,
            ..ResultAreas::default()
        });
    };
    Some(ResultAreas {
        tabs,
        ..outcome_areas(outcome, rest)
    })
}

fn outcome_areas(outcome: &Outcome, rest: Area) -> ResultAreas {
    let Some(result) = outcome
        .result
        .as_ref()
        .filter(|found| !found.columns().is_empty())
    else {
        return ResultAreas {
            messages: rest,
            ..ResultAreas::default()
        };
    };
    let said = messages::lines(outcome, rest.width).len();
    // Rows keep two thirds: messages scroll, and the first lines say the most.
    let said = u16::try_from(said).unwrap_or(u16::MAX).min(rest.height / 3);
    let (grid, messages) = rest.split_top(rest.height - said);
    let gutter = digits(result.rows()) + 1;
    let (numbers, right) = grid.split_left(gutter.min(grid.width / 3));
    let (header, cells) = right.split_top(HEADER.min(right.height));
    let (_, numbers) = numbers.split_top(HEADER.min(numbers.height));
    ResultAreas {
        tabs: Area::default(),
        numbers,
        header,
        cells,
        messages,
    }
}

fn digits(number: usize) -> u16 {
    u16::try_from(number.checked_ilog10().unwrap_or(0)).unwrap_or(0) + 1
}

/// The room for cells.
#[must_use]
pub fn viewport(areas: ResultAreas) -> Viewport {
    Viewport {
        rows: usize::from(areas.cells.height),
        width: areas.cells.width,
    }
}

/// Columns of the screen a statement's tab takes.
pub const TAB: u16 = 16;

/// The statements whose tabs show, when there are `count` and the one at `shown` must be in sight.
#[must_use]
pub fn tab_strip(count: usize, shown: usize, width: u16) -> std::ops::Range<usize> {
    let fit = usize::from(width / TAB).max(1);
    let start = shown.saturating_sub(fit - 1).min(count.saturating_sub(fit));
    start..(start + fit).min(count)
}

//! Lines that moved up or down: found by comparing, so that nobody has to say so.

use std::ops::Range;

use ratatui::buffer::Cell;
use ratatui::layout::Size;

use super::pen::number;

/// By how many lines things are moved: a key, and a turn of the wheel.
const STEPS: [usize; 2] = [1, 3];

/// Lines fewer than this are not worth moving.
const FEWEST_LINES: usize = 4;

/// Changed cells fewer than this are written as they are.
const FEWEST_CELLS: usize = 200;

/// Every so many cells are looked at to choose among the ways to move.
const SAMPLE: usize = 5;

/// Lines of the screen that move together, over its whole width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    lines: Range<usize>,
    by: usize,
    towards: Towards,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Towards {
    Top,
    Bottom,
}

/// The way to move lines that leaves the least to write; `None` if none halves it.
pub(super) fn find(shown: &[Cell], wanted: &[Cell], size: Size) -> Option<Shift> {
    let width = usize::from(size.width);
    let changed: Vec<usize> = shown
        .chunks(width.max(1))
        .zip(wanted.chunks(width.max(1)))
        .map(|(old, new)| differing(old, new, 1))
        .collect();
    if changed.iter().sum::<usize>() < FEWEST_CELLS {
        return None;
    }
    let lines = busiest(&changed);
    if lines.len() < FEWEST_LINES {
        return None;
    }
    let ways = [Towards::Top, Towards::Bottom]
        .into_iter()
        .flat_map(|towards| STEPS.map(|by| (by, towards)))
        .filter(|(by, _)| *by < lines.len())
        .map(|(by, towards)| Shift {
            lines: lines.clone(),
            by,
            towards,
        });
    let best = ways.min_by_key(|way| way.left(shown, wanted, width, SAMPLE))?;
    let without: usize = changed.get(lines)?.iter().sum();
    (best.left(shown, wanted, width, 1) * 2 < without).then_some(best)
}

/// The longest run of lines with many changes. A line or two with few, as an empty cell of a table
/// leaves them, do not end it.
fn busiest(changed: &[usize]) -> Range<usize> {
    let mut best = 0..0;
    let mut start = None;
    for (line, count) in changed.iter().chain([&0]).enumerate() {
        match (start, *count > 0) {
            (None, true) => start = Some(line),
            (Some(from), false) => {
                if line - from > best.len() {
                    best = from..line;
                }
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    best
}

fn differing(old: &[Cell], new: &[Cell], step: usize) -> usize {
    old.iter()
        .zip(new)
        .step_by(step)
        .filter(|(old, new)| old != new)
        .count()
}

impl Shift {
    /// The line whose text comes to stand at `line`; `None` where an empty one comes in.
    fn source(&self, line: usize) -> Option<usize> {
        let source = match self.towards {
            Towards::Top => line.checked_add(self.by),
            Towards::Bottom => line.checked_sub(self.by),
        };
        source.filter(|source| self.lines.contains(source))
    }

    /// Cells to write after the move, of every `step`th.
    fn left(&self, shown: &[Cell], wanted: &[Cell], width: usize, step: usize) -> usize {
        let row = |cells: &[Cell], line: usize| -> Range<usize> {
            let start = (line * width).min(cells.len());
            start..(start + width).min(cells.len())
        };
        self.lines
            .clone()
            .map(|line| {
                let new = wanted.get(row(wanted, line)).unwrap_or_default();
                match self.source(line) {
                    Some(source) => {
                        let old = shown.get(row(shown, source)).unwrap_or_default();
                        differing(old, new, step)
                    }
                    None => new.len() / step,
                }
            })
            .sum()
    }

    /// Margins around the lines, the move, margins away (DEC VT102 manual, DECSTBM, IL, DL).
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let line = |line: usize| u16::try_from(line).unwrap_or(u16::MAX);
        out.extend_from_slice(b"\x1b[");
        number(out, line(self.lines.start + 1));
        out.push(b';');
        number(out, line(self.lines.end));
        out.extend_from_slice(b"r\x1b[");
        number(out, line(self.lines.start + 1));
        out.extend_from_slice(b"H\x1b[");
        if self.by > 1 {
            number(out, line(self.by));
        }
        out.push(match self.towards {
            Towards::Top => b'M',
            Towards::Bottom => b'L',
        });
        out.extend_from_slice(b"\x1b[r");
    }

    /// Moves the cells as the terminal does.
    pub(super) fn apply(&self, shown: &mut [Cell], size: Size) {
        let width = usize::from(size.width);
        let Some(cells) = shown.get_mut(self.lines.start * width..self.lines.end * width) else {
            return;
        };
        let moved = self.by * width;
        let empty = match self.towards {
            Towards::Top => {
                cells.rotate_left(moved);
                let kept = cells.len() - moved;
                cells.get_mut(kept..)
            }
            Towards::Bottom => {
                cells.rotate_right(moved);
                cells.get_mut(..moved)
            }
        };
        if let Some(empty) = empty {
            empty.fill(Cell::EMPTY);
        }
    }
}

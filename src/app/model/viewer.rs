//! One value, or one row as a form, in full: its lines, what of it is folded, where one is in it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::line::Line as Field;
use super::window::{Direction, Place};
use crate::app::message::Ticket;
use crate::domain::rows::cell;
use crate::domain::rows::detail::{Fold, Line};
use crate::domain::rows::pattern::Pattern;

/// What a viewer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One value.
    Value(Place),
    /// One row as a form.
    Record {
        /// Which row that shows, from 0.
        row: usize,
    },
}

/// A row of the screen: a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which line.
    pub line: usize,
    /// Which bytes of it.
    pub part: Range<usize>,
}

/// Whether the value is there to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is.
    Here,
    /// Its row is on its way back to memory.
    Awaited,
}

/// Which bytes of a value show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Bytes before them.
    pub from: usize,
    /// Bytes up to their end.
    pub to: usize,
    /// Bytes of the value.
    pub whole: usize,
}

/// One value, or one row, in full.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// What it shows.
    pub subject: Subject,
    /// Whether it is there.
    pub arrival: Arrival,
    /// The heading, safe to show.
    pub title: String,
    /// Which part of the value shows, if not all of it does.
    pub extent: Option<Extent>,
    /// The part that was asked for.
    pub wanted: Option<Ticket>,
    /// Text being looked for is typed here.
    pub field: Option<Field>,
    /// What is looked for.
    pub search: Option<Pattern>,
    lines: Vec<Line>,
    /// Lines whose contents are folded away.
    folded: BTreeSet<usize>,
    rows: Vec<Row>,
    width: usize,
    height: usize,
    top: usize,
    cursor: usize,
}

impl Viewer {
    /// A viewer of lines, broken to a width.
    #[must_use]
    pub fn new(subject: Subject, title: String, lines: Vec<Line>) -> Self {
        Self {
            subject,
            arrival: Arrival::Here,
            title,
            extent: None,
            wanted: None,
            field: None,
            search: None,
            lines,
            folded: BTreeSet::new(),
            rows: Vec::new(),
            width: 0,
            height: 1,
            top: 0,
            cursor: 0,
        }
    }

    /// Shows another part of the value, from its top.
    pub fn read_on(&mut self, extent: Extent, lines: Vec<Line>, size: &str) {
        if let Some((place, _)) = self.title.rsplit_once(" · ") {
            self.title = format!("{place} · {size}");
        }
        self.extent = Some(extent);
        self.lines = lines;
        self.folded.clear();
        (self.top, self.cursor) = (0, 0);
        self.rows.clear();
        self.lay_out();
    }

    /// The lines, before they are broken.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The rows of the screen that what is not folded takes.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Rows that are scrolled away.
    #[must_use]
    pub const fn top(&self) -> usize {
        self.top
    }

    /// The row that is selected.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether a line's contents are folded away.
    #[must_use]
    pub fn is_folded(&self, line: usize) -> bool {
        self.folded.contains(&line)
    }

    /// The line that is selected.
    #[must_use]
    pub fn line(&self) -> usize {
        self.rows.get(self.cursor).map_or(0, |row| row.line)
    }

    /// Breaks the lines to the room there is.
    pub fn fit(&mut self, width: usize, height: usize) {
        self.height = height.max(1);
        if self.width != width.max(1) {
            self.width = width.max(1);
            self.lay_out();
        }
        self.keep_in_sight();
    }

    /// Puts what is not folded into rows; the selected line stays selected, or what it is folded into.
    fn lay_out(&mut self) {
        let selected = self.line();
        self.rows.clear();
        let mut skipped_to = 0;
        for (number, line) in self.lines.iter().enumerate() {
            if number < skipped_to {
                continue;
            }
            if let Some(fold) = line.fold.filter(|_| self.folded.contains(&number)) {
                skipped_to = fold.end + 1;
            }
            for part in cell::breaks(&line.text, self.width, line.hanging) {
                self.rows.push(Row { line: number, part });
            }
        }
        self.select(selected);
    }

    fn select(&mut self, line: usize) {
        let beyond = self.rows.partition_point(|row| row.line < line);
        let here = self.rows.get(beyond).is_some_and(|row| row.line == line);
        self.cursor = if here {
            beyond
        } else {
            beyond.saturating_sub(1)
        };
        self.keep_in_sight();
    }

    /// Moves the selection by rows.
    pub fn walk(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.keep_in_sight();
    }

    /// Moves by whole pages.
    pub fn page(&mut self, pages: isize) {
        let by = pages.saturating_mul(isize::try_from(self.height).unwrap_or(isize::MAX));
        self.top = self.top.saturating_add_signed(by);
        self.walk(by);
    }

    fn keep_in_sight(&mut self) {
        let last = self.rows.len().saturating_sub(self.height);
        self.top = self
            .top
            .min(last)
            .clamp((self.cursor + 1).saturating_sub(self.height), self.cursor);
    }

    /// Folds what the selected line opens or lies in, or unfolds it.
    pub fn toggle_fold(&mut self) {
        let line = self.line();
        if self.folded.remove(&line) {
            self.lay_out();
            return;
        }
        let around = self
            .lines
            .iter()
            .enumerate()
            .take(line + 1)
            .rev()
            .find(|(_, opening)| opening.fold.is_some_and(|fold| fold.end >= line));
        if let Some((opening, _)) = around {
            let _ = self.folded.insert(opening);
            self.lay_out();
            self.select(opening);
        }
    }

    /// Folds everything that lies deeper than that; what lies less deep is unfolded.
    pub fn fold_deeper_than(&mut self, depth: usize) {
        self.folded = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.fold.is_some_and(|fold| fold.depth > depth))
            .map(|(number, _)| number)
            .collect();
        self.lay_out();
    }

    /// Folds everything, or unfolds everything.
    pub fn toggle_all_folds(&mut self) {
        if self.folded.is_empty() {
            self.fold_deeper_than(1);
        } else {
            self.folded.clear();
            self.lay_out();
        }
    }

    /// Whether anything can be folded.
    #[must_use]
    pub fn has_folds(&self) -> bool {
        self.lines.iter().any(|line| line.fold.is_some())
    }

    /// The innermost thing around the selected line that can be folded.
    #[must_use]
    pub fn around(&self) -> Option<Fold> {
        let line = self.line();
        self.lines
            .iter()
            .take(line + 1)
            .rev()
            .filter_map(|opening| opening.fold)
            .find(|fold| fold.end >= line)
    }

    /// The column whose value is selected, in a record.
    #[must_use]
    pub fn field_column(&self) -> Option<usize> {
        self.lines.get(self.line())?.field
    }

    /// Selects the value of a column, in a record.
    pub fn select_field(&mut self, column: usize) {
        let line = self
            .lines
            .iter()
            .position(|line| line.field == Some(column));
        if let Some(line) = line {
            self.select(line);
        }
    }

    /// Goes to the next line that has what is looked for, unfolding what hides it, round and round.
    /// Tells whether there is one.
    pub fn look(&mut self, direction: Direction) -> bool {
        let Some(pattern) = self.search.clone() else {
            return false;
        };
        let here = self.line();
        let hit = |(number, line): (usize, &Line)| pattern.is_in(&line.text).then_some(number);
        let lines = || self.lines.iter().enumerate();
        let found = match direction {
            Direction::Forward => lines()
                .skip(here + 1)
                .find_map(hit)
                .or_else(|| lines().take(here + 1).find_map(hit)),
            Direction::Backward => lines()
                .take(here)
                .rev()
                .find_map(hit)
                .or_else(|| lines().skip(here).rev().find_map(hit)),
        };
        let Some(line) = found else {
            return false;
        };
        let lines = &self.lines;
        let before = self.folded.len();
        self.folded.retain(|opening| {
            let fold = lines.get(*opening).and_then(|opening| opening.fold);
            *opening == line || fold.is_none_or(|fold| !(*opening..=fold.end).contains(&line))
        });
        if self.folded.len() != before {
            self.lay_out();
        }
        self.select(line);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows::detail::{self, Layout};
    use crate::domain::rows::pattern::Reading;

    fn viewer(json: &str) -> Viewer {
        let lines = detail::laid_out(json, Layout::Json, 0);
        let subject = Subject::Value(Place::default());
        let mut viewer = Viewer::new(subject, String::new(), lines);
        viewer.fit(40, 5);
        viewer
    }

    #[test]
    fn folding_hides_and_searching_unfolds() {
        let mut viewer = viewer(r#"{"a":{"deep":1},"b":[1,2,3]}"#);
        assert_eq!(viewer.rows().len(), 10);
        viewer.walk(2);
        viewer.toggle_fold();
        assert_eq!(viewer.line(), 1);
        assert_eq!(viewer.rows().len(), 8);
        viewer.toggle_all_folds();
        assert_eq!(viewer.rows().len(), 10);
        viewer.toggle_all_folds();
        assert_eq!(viewer.rows().len(), 4, "the outermost object stays open");
        viewer.search = Some(Pattern::read("deep", Reading::Plain).unwrap());
        assert!(viewer.look(Direction::Forward));
        assert_eq!(viewer.line(), 2);
        viewer.search = Some(Pattern::read("nowhere", Reading::Plain).unwrap());
        assert!(!viewer.look(Direction::Backward));
    }

    #[test]
    fn the_selection_stays_in_sight() {
        let mut viewer = viewer(&format!("[{}]", vec!["1"; 50].join(",")));
        viewer.page(1);
        assert_eq!((viewer.top(), viewer.cursor()), (5, 5));
        viewer.walk(1000);
        assert_eq!((viewer.top(), viewer.cursor()), (47, 51));
        viewer.fit(40, 20);
        assert_eq!(viewer.top(), 32);
    }
}

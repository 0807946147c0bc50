//! Where a person is in a result: the cell under the cursor, what is selected, what of it shows.
//!
//! Nothing here walks rows: a step costs the same in ten rows and in ten million.

use std::ops::Range;

use crate::domain::rows::width;
use crate::domain::rows::{Cell, ResultSet};

/// A cell of a result, both from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Row.
    pub row: usize,
    /// Column.
    pub column: usize,
}

/// What a selection spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The cells between two corners.
    Block,
    /// Whole rows.
    Rows,
}

/// A selection: from where it was begun to the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// What it spans.
    pub span: Span,
    /// Where it was begun.
    pub anchor: Place,
}

/// Rows and columns of a result that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Rows, from 0.
    pub rows: Range<usize>,
    /// Columns, from 0.
    pub columns: Range<usize>,
}

impl Block {
    /// Whether the cell is in it.
    #[must_use]
    pub fn contains(&self, place: Place) -> bool {
        self.rows.contains(&place.row) && self.columns.contains(&place.column)
    }
}

/// The room for cells on the screen, without header and row numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewport {
    /// Rows of cells.
    pub rows: usize,
    /// Columns of the screen.
    pub width: u16,
}

impl Default for Viewport {
    fn default() -> Self {
        Self {
            rows: 10,
            width: 80,
        }
    }
}

/// A column that shows, at least in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleColumn {
    /// Which, from 0.
    pub column: usize,
    /// Columns of the screen from the left edge of the viewport.
    pub x: u16,
    /// Columns of the screen it may fill.
    pub width: u16,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The cursor is on a hit.
    Here,
    /// There is none in that direction.
    Nowhere,
    /// None so far: the search stopped at this row, to stay quick. Searching again goes on there.
    Paused {
        /// The row reached.
        row: usize,
    },
}

/// In which direction to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the last row.
    Forward,
    /// Towards the first row.
    Backward,
}

/// Cells looked at in one search before the screen gets its turn again; about a tenth of a second.
const SEARCHED_AT_ONCE: usize = 2_000_000;

/// Cells measured to size columns. Beyond that, widths stay: a grid that jumps cannot be read.
const MEASURED_CELLS: usize = 20_000;

/// Rows measured at most.
const MEASURED_ROWS: usize = 200;

/// Columns of the screen a person may widen a column to.
const WIDEST_BY_HAND: u16 = 500;

/// Columns of the screen between two columns.
pub const GAP: u16 = 2;

/// Where a person is in a result.
#[derive(Debug, Clone, Default)]
pub struct Window {
    cursor: Place,
    top: usize,
    left: usize,
    viewport: Viewport,
    widths: Vec<u16>,
    measured_rows: usize,
    selection: Option<Selection>,
    search: String,
    /// Where a paused search goes on.
    search_at: Option<Place>,
}

impl Window {
    /// The cell under the cursor.
    #[must_use]
    pub const fn cursor(&self) -> Place {
        self.cursor
    }

    /// The first row that shows.
    #[must_use]
    pub const fn top(&self) -> usize {
        self.top
    }

    /// What is looked for; empty if nothing is.
    #[must_use]
    pub fn search(&self) -> &str {
        &self.search
    }

    /// The selection, if one was begun.
    #[must_use]
    pub const fn selection(&self) -> Option<Selection> {
        self.selection
    }

    /// What copying takes: the selection, else the cell under the cursor.
    #[must_use]
    pub fn selected(&self, result: &ResultSet) -> Block {
        let between = |a: usize, b: usize, end: usize| a.min(b)..(a.max(b) + 1).min(end);
        let columns = result.columns().len();
        let Selection { span, anchor } = self.selection.unwrap_or(Selection {
            span: Span::Block,
            anchor: self.cursor,
        });
        Block {
            rows: between(anchor.row, self.cursor.row, result.rows()),
            columns: match span {
                Span::Block => between(anchor.column, self.cursor.column, columns),
                Span::Rows => 0..columns,
            },
        }
    }

    /// Takes account of rows that arrived: columns are sized by the first of them.
    pub fn measure(&mut self, result: &ResultSet) {
        let columns = result.columns().len();
        if self.widths.len() != columns {
            self.widths = result
                .columns()
                .iter()
                .map(|column| width::of_text(&column.name).max(width::of_text(&column.type_name)))
                .collect();
            self.measured_rows = 0;
        }
        let limit = (MEASURED_CELLS / columns.max(1)).clamp(4, MEASURED_ROWS);
        let end = result.rows().min(limit);
        for row in self.measured_rows..end {
            for (column, known) in self.widths.iter_mut().enumerate() {
                if let Some(Cell::Text(text)) = result.cell(row, column) {
                    *known = (*known).max(width::of_text(text));
                }
            }
        }
        self.measured_rows = self.measured_rows.max(end);
    }

    /// Sets the room there is and keeps the cursor in sight.
    pub fn fit(&mut self, viewport: Viewport) {
        self.viewport = viewport;
        self.keep_in_sight();
    }

    /// Columns of the screen the column fills.
    #[must_use]
    pub fn width(&self, column: usize) -> u16 {
        self.widths.get(column).copied().unwrap_or(width::NARROWEST)
    }

    /// Makes a column at least that wide, as far as columns grow by themselves.
    pub fn make_room(&mut self, column: usize, text: &str) {
        if let Some(width) = self.widths.get_mut(column) {
            *width = (*width).max(width::of_text(text));
        }
        self.keep_in_sight();
    }

    /// Makes the column under the cursor wider or narrower.
    pub fn widen(&mut self, by: i16) {
        if let Some(width) = self.widths.get_mut(self.cursor.column) {
            *width = width
                .saturating_add_signed(by)
                .clamp(width::NARROWEST, WIDEST_BY_HAND);
        }
        self.keep_in_sight();
    }

    /// The columns that show, left to right; the last one may be cut.
    #[must_use]
    pub fn visible_columns(&self) -> Vec<VisibleColumn> {
        let mut found = Vec::new();
        let mut x = 0;
        for column in self.left..self.widths.len() {
            if x >= self.viewport.width {
                break;
            }
            let width = self.width(column).min(self.viewport.width - x);
            found.push(VisibleColumn { column, x, width });
            x = x.saturating_add(width).saturating_add(GAP);
        }
        found
    }

    /// The column at that column of the screen.
    #[must_use]
    pub fn column_at(&self, x: u16) -> Option<usize> {
        let visible = self.visible_columns();
        visible
            .iter()
            .rfind(|column| column.x <= x)
            .map(|column| column.column)
    }

    /// Moves the cursor, as far as the result goes.
    pub fn move_by(&mut self, rows: isize, columns: isize, result: &ResultSet) {
        self.go(
            Place {
                row: self.cursor.row.saturating_add_signed(rows),
                column: self.cursor.column.saturating_add_signed(columns),
            },
            result,
        );
    }

    /// Moves the cursor by whole pages.
    pub fn page(&mut self, pages: isize, result: &ResultSet) {
        let rows = isize::try_from(self.viewport.rows.max(2) - 1).unwrap_or(isize::MAX);
        self.top = self.top.saturating_add_signed(pages.saturating_mul(rows));
        self.move_by(pages.saturating_mul(rows), 0, result);
    }

    /// Puts the cursor on a cell, the nearest one there is.
    pub fn go(&mut self, place: Place, result: &ResultSet) {
        self.cursor = Place {
            row: place.row.min(result.rows().saturating_sub(1)),
            column: place.column.min(result.columns().len().saturating_sub(1)),
        };
        self.top = self
            .top
            .min(result.rows().saturating_sub(self.viewport.rows));
        self.keep_in_sight();
        self.make_room_for_numbers(result);
    }

    /// A number cut in the middle reads as another number, so columns of numbers grow to what shows.
    /// Text columns stay as they are: a grid that jumps cannot be read.
    fn make_room_for_numbers(&mut self, result: &ResultSet) {
        let columns = self.visible_columns();
        for VisibleColumn { column, .. } in columns {
            let numbers = result
                .columns()
                .get(column)
                .is_some_and(|column| width::alignment(column) == width::Alignment::Right);
            if !numbers {
                continue;
            }
            let widest = (self.top..self.top + self.viewport.rows)
                .filter_map(|row| result.cell(row, column)?.text())
                .map(width::of_text)
                .max();
            if let (Some(known), Some(widest)) = (self.widths.get_mut(column), widest) {
                *known = (*known).max(widest);
            }
        }
        self.keep_in_sight();
    }

    /// Scrolls without moving the cursor further than it must to stay in sight.
    pub fn scroll(&mut self, rows: isize, result: &ResultSet) {
        let last = result.rows().saturating_sub(self.viewport.rows);
        self.top = self.top.saturating_add_signed(rows).min(last);
        let bottom = self.top + self.viewport.rows.max(1) - 1;
        let row = self.cursor.row.clamp(self.top, bottom);
        self.go(Place { row, ..self.cursor }, result);
    }

    /// Begins a selection at the cursor, changes what it spans, or ends it.
    pub fn select(&mut self, span: Span) {
        self.selection = match self.selection {
            Some(selection) if selection.span == span => None,
            Some(selection) => Some(Selection { span, ..selection }),
            None => Some(Selection {
                span,
                anchor: self.cursor,
            }),
        };
    }

    /// Begins a selection of cells at a place: a drag of the mouse.
    pub fn select_from(&mut self, anchor: Place) {
        let span = Span::Block;
        self.selection = Some(Selection { span, anchor });
    }

    /// Ends the selection.
    pub fn unselect(&mut self) {
        self.selection = None;
    }

    /// Looks for `text` from the cursor on, upper and lower case alike.
    pub fn look_for(&mut self, text: String, result: &ResultSet) -> Found {
        self.search = text;
        self.search_at = None;
        if self.hit(self.cursor, result) {
            return Found::Here;
        }
        self.look_on(Direction::Forward, result)
    }

    /// Looks for the next hit.
    pub fn look_on(&mut self, direction: Direction, result: &ResultSet) -> Found {
        if self.search.is_empty() {
            return Found::Nowhere;
        }
        let columns = result.columns().len().max(1);
        let cells = result.rows().saturating_mul(columns);
        let from = self.search_at.take().unwrap_or(self.cursor);
        let from = from.row * columns + from.column;
        let place = |index: usize| Place {
            row: index / columns,
            column: index % columns,
        };
        let mut ahead: Box<dyn Iterator<Item = usize>> = match direction {
            Direction::Forward => Box::new(from + 1..cells),
            Direction::Backward => Box::new((0..from).rev()),
        };
        for _ in 0..SEARCHED_AT_ONCE {
            let Some(index) = ahead.next() else {
                self.search_at = None;
                return Found::Nowhere;
            };
            if self.hit(place(index), result) {
                self.go(place(index), result);
                self.search_at = None;
                return Found::Here;
            }
            self.search_at = Some(place(index));
        }
        let row = self.search_at.map_or(0, |place| place.row);
        Found::Paused { row }
    }

    fn hit(&self, place: Place, result: &ResultSet) -> bool {
        !self.search.is_empty()
            && result
                .cell(place.row, place.column)
                .and_then(Cell::text)
                .is_some_and(|text| says(text, &self.search))
    }

    fn keep_in_sight(&mut self) {
        let Place { row, column } = self.cursor;
        self.top = self
            .top
            .clamp((row + 1).saturating_sub(self.viewport.rows.max(1)), row);
        self.left = self.left.min(column);
        // From the cursor's column to the left, as many as fit: those may stay, others must go.
        let mut room = self.viewport.width.saturating_sub(self.width(column));
        let mut leftmost = column;
        while let Some(before) = leftmost.checked_sub(1) {
            let needed = self.width(before).saturating_add(GAP);
            if needed > room || before < self.left {
                break;
            }
            room -= needed;
            leftmost = before;
        }
        self.left = self.left.max(leftmost);
    }
}

/// Whether `text` has `part` in it; a part in lower case stands for both cases.
fn says(text: &str, part: &str) -> bool {
    text.contains(part)
        || (!part.contains(char::is_uppercase)
            && text
                .bytes()
                .any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
            && text.to_lowercase().contains(part))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::rows::RowBatchBuilder;
    use crate::domain::run::Column;

    fn result(rows: usize, columns: usize) -> ResultSet {
        let described: Vec<Column> = (0..columns)
            .map(|number| Column {
                name: format!("c{number}"),
                type_oid: 25,
                type_name: "text".into(),
                type_modifier: -1,
                table_oid: 0,
                attribute: 0,
            })
            .collect();
        let mut result = ResultSet::new(described.into());
        let mut builder = RowBatchBuilder::new(columns);
        for row in 0..rows {
            let cells: Vec<String> = (0..columns)
                .map(|column| format!("{row}:{column}"))
                .collect();
            builder.push_row(cells.iter().map(|cell| Some(cell.as_str())));
        }
        result.push(Arc::new(builder.take()));
        result
    }

    fn window(result: &ResultSet) -> Window {
        let mut window = Window::default();
        window.measure(result);
        window.fit(Viewport { rows: 5, width: 20 });
        window
    }

    #[test]
    fn the_cursor_stays_in_the_result_and_in_sight() {
        let result = result(20, 8);
        let mut window = window(&result);
        window.move_by(-1, -1, &result);
        assert_eq!(window.cursor(), Place::default());
        window.move_by(7, 6, &result);
        assert_eq!(window.top(), 3);
        assert!(
            window
                .visible_columns()
                .iter()
                .any(|visible| visible.column == 6)
        );
        window.move_by(100, 100, &result);
        assert_eq!(window.cursor(), Place { row: 19, column: 7 });
        assert_eq!(window.top(), 15);
        window.move_by(-1, 0, &result);
        assert_eq!(window.top(), 15, "the window only moves when it must");
    }

    #[test]
    fn an_empty_result_has_nowhere_to_go() {
        let result = result(0, 0);
        let mut window = window(&result);
        window.move_by(1, 1, &result);
        window.page(1, &result);
        window.scroll(3, &result);
        assert_eq!(window.cursor(), Place::default());
        assert_eq!(window.look_for("x".into(), &result), Found::Nowhere);
    }

    #[test]
    fn a_selection_runs_to_the_cursor() {
        let result = result(9, 4);
        let mut window = window(&result);
        window.go(Place { row: 4, column: 2 }, &result);
        window.select(Span::Block);
        window.move_by(-2, 1, &result);
        assert_eq!(
            window.selected(&result),
            Block {
                rows: 2..5,
                columns: 2..4
            }
        );
        window.select(Span::Rows);
        assert_eq!(
            window.selected(&result),
            Block {
                rows: 2..5,
                columns: 0..4
            }
        );
        window.select(Span::Rows);
        assert_eq!(
            window.selected(&result),
            Block {
                rows: 2..3,
                columns: 3..4
            }
        );
    }

    #[test]
    fn a_search_goes_both_ways() {
        let result = result(12, 3);
        let mut window = window(&result);
        assert_eq!(window.look_for("1:2".into(), &result), Found::Here);
        assert_eq!(window.cursor(), Place { row: 1, column: 2 });
        assert_eq!(window.look_on(Direction::Forward, &result), Found::Here);
        assert_eq!(window.cursor(), Place { row: 11, column: 2 });
        assert_eq!(window.look_on(Direction::Forward, &result), Found::Nowhere);
        assert_eq!(window.look_on(Direction::Backward, &result), Found::Here);
        assert_eq!(window.cursor(), Place { row: 1, column: 2 });
    }
}

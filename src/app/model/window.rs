//! Where a person is in a result: the cell under the cursor, what is selected, what of it shows.
//!
//! Nothing here walks rows, except to find one in an order of its own: a step costs the same in ten
//! rows and in ten million.

use std::ops::Range;

use super::arrangement::{Arrangement, Hold, VisibleColumn};
use super::lens::Looking;
use super::search::{Search, Step};
use crate::domain::rows::view::RowView;
use crate::domain::rows::width::{self, Alignment};
use crate::domain::rows::{Cell, ResultSet, glance, kind};
use crate::domain::run::Column;

/// A cell that shows, both from 0. The column is that of the result; the row counts those that show,
/// top to bottom ([`Window::row`] tells which row of the result it is).
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
    /// Whole columns.
    Columns,
    /// Every cell.
    All,
}

/// A selection: from where it was begun to the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// What it spans.
    pub span: Span,
    /// Where it was begun.
    pub anchor: Place,
}

/// Rows and columns that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Rows that show, from 0.
    pub rows: Range<usize>,
    /// Columns of the result, left to right.
    pub columns: Vec<usize>,
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

/// In which direction to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the last row.
    Forward,
    /// Towards the first row.
    Backward,
}

/// What came of a step to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The cursor is on a match.
    Here,
    /// It is, past the end of the rows and on from their other end.
    Around,
    /// None is known in the rows looked at so far.
    NotYet,
    /// There is none.
    Nowhere,
}

/// Cells measured to size columns. Beyond that, widths stay: a grid that jumps cannot be read.
const MEASURED_CELLS: usize = 20_000;

/// Rows measured at most.
const MEASURED_ROWS: usize = 200;

/// Bytes of a value that are looked into to find which value of a row has a match: a key must not wait
/// for a value of 1 GB.
const LOOKED_INTO: usize = 1 << 20;

/// Where a person is in a result.
#[derive(Debug, Clone, Default)]
pub struct Window {
    cursor: Place,
    top: usize,
    viewport: Viewport,
    columns: Arrangement,
    measured_rows: usize,
    selection: Option<Selection>,
    /// Filters and order.
    pub looking: Looking,
    /// What is looked for, if anything is.
    pub search: Option<Search>,
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

    /// The room there is.
    #[must_use]
    pub const fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// How the columns are arranged.
    #[must_use]
    pub const fn columns(&self) -> &Arrangement {
        &self.columns
    }

    /// The selection, if one was begun.
    #[must_use]
    pub const fn selection(&self) -> Option<Selection> {
        self.selection
    }

    /// How many rows show.
    #[must_use]
    pub fn rows(&self, result: &ResultSet) -> usize {
        self.looking.view().map_or(result.rows(), RowView::len)
    }

    /// Whether rows that arrive come behind those on the screen.
    #[must_use]
    pub fn is_filled(&self, result: &ResultSet) -> bool {
        self.top + self.viewport.rows <= self.rows(result)
    }

    /// The row of the result that shows at a spot, both from 0.
    #[must_use]
    pub fn row(&self, spot: usize) -> usize {
        match self.looking.view() {
            Some(view) => view.row(spot).unwrap_or(usize::MAX),
            None => spot,
        }
    }

    /// Bytes of memory that filters, an order and a search of the rows hold.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let view = self.looking.view().map_or(0, RowView::memory_bytes);
        let hits = self
            .search
            .as_ref()
            .map_or(0, |search| search.hits().memory_bytes());
        view + hits
    }

    /// The value at a place; `None` outside the result, and for rows that are not in memory.
    #[must_use]
    pub fn cell<'a>(&self, result: &'a ResultSet, place: Place) -> Option<Cell<'a>> {
        result.cell(self.row(place.row), place.column)
    }

    /// What copying takes: the selection, else the cell under the cursor.
    #[must_use]
    pub fn selected(&self, result: &ResultSet) -> Block {
        let Selection { span, anchor } = self.selection.unwrap_or(Selection {
            span: Span::Block,
            anchor: self.cursor,
        });
        let end = self.rows(result);
        let (a, b) = (anchor.row, self.cursor.row);
        Block {
            rows: match span {
                Span::Block | Span::Rows => a.min(b)..(a.max(b) + 1).min(end),
                Span::Columns | Span::All => 0..end,
            },
            columns: match span {
                Span::Block | Span::Columns => {
                    self.columns.between(anchor.column, self.cursor.column)
                }
                Span::Rows | Span::All => self.columns.shown().collect(),
            },
        }
    }

    /// Takes account of rows that arrived: columns are sized by the first of them.
    pub fn measure(&mut self, result: &ResultSet) {
        let columns = result.columns();
        if self.columns.len() != columns.len() {
            self.columns = Arrangement::new(columns.iter().map(heading_width));
            self.measured_rows = 0;
        }
        let limit = (MEASURED_CELLS / columns.len().max(1)).clamp(4, MEASURED_ROWS);
        let end = result.rows().min(limit);
        for row in self.measured_rows..end {
            for (number, column) in columns.iter().enumerate() {
                if let Some(value) = result.cell(row, number) {
                    let width = glance::width(kind::of(column), value);
                    self.columns.grow(number, width);
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

    /// Makes a column at least wide enough for a text, as far as columns grow by themselves.
    pub fn make_room(&mut self, column: usize, text: &str) {
        self.columns.grow(column, width::of_text(text));
        self.keep_in_sight();
    }

    /// Makes a column wider or narrower.
    pub fn widen(&mut self, column: usize, by: i16) {
        let width = self.columns.width(column).saturating_add_signed(by);
        self.columns.set_width(column, width);
        self.keep_in_sight();
    }

    /// Makes a column as wide as what shows of it asks for; if it is, as wide as its name asks for.
    pub fn fit_column(&mut self, column: usize, result: &ResultSet) {
        let Some(described) = result.columns().get(column) else {
            return;
        };
        let heading = heading_width(described);
        let most = self.viewport.width.max(width::NARROWEST);
        let kind = kind::of(described);
        let widest = (self.top..self.top + self.viewport.rows)
            .filter_map(|spot| self.cell(result, Place { row: spot, column }))
            .map(|value| glance::width_up_to(kind, value, most))
            .fold(heading, u16::max);
        let now = self.columns.width(column);
        self.columns
            .set_width(column, if now == widest { heading } else { widest });
        self.keep_in_sight();
    }

    /// Hides the column under the cursor, unless it is the only one. Tells whether it did.
    pub fn hide_column(&mut self) -> Option<usize> {
        let hidden = self.cursor.column;
        self.cursor.column = self.columns.hide(hidden)?;
        self.keep_in_sight();
        Some(hidden)
    }

    /// Shows a hidden column, or hides one that shows, wherever the cursor is.
    pub fn toggle_column(&mut self, column: usize) {
        use super::arrangement::Visibility;
        if self.columns.visibility(column) == Visibility::Hidden {
            self.columns.show(column);
        } else if let Some(near) = self.columns.hide(column)
            && self.cursor.column == column
        {
            self.cursor.column = near;
        }
        self.keep_in_sight();
    }

    /// Shows all columns; gives how many had been hidden.
    pub fn show_columns(&mut self) -> usize {
        let shown = self.columns.show_all();
        self.keep_in_sight();
        shown
    }

    /// Moves a column that many places to the right.
    pub fn carry_column(&mut self, column: usize, by: isize) {
        self.columns.carry(column, by);
        self.keep_in_sight();
    }

    /// Freezes a column at the left edge, or lets it go.
    pub fn toggle_frozen(&mut self, column: usize) -> Hold {
        let hold = self.columns.toggle_frozen(column);
        self.keep_in_sight();
        hold
    }

    /// The columns that show, left to right; the last one may be cut.
    #[must_use]
    pub fn visible_columns(&self) -> Vec<VisibleColumn> {
        self.columns.visible(self.viewport.width)
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

    /// The column whose right border is at that column of the screen: the gap behind it.
    #[must_use]
    pub fn border_at(&self, x: u16) -> Option<usize> {
        let visible = self.visible_columns();
        visible
            .iter()
            .find(|column| (column.x + column.width..column.x + column.width + 2).contains(&x))
            .map(|column| column.column)
    }

    /// Moves the cursor, as far as the result goes.
    pub fn move_by(&mut self, rows: isize, columns: isize, result: &ResultSet) {
        self.go(
            Place {
                row: self.cursor.row.saturating_add_signed(rows),
                column: self.columns.step(self.cursor.column, columns),
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

    /// Moves the cursor by half a page.
    pub fn half_page(&mut self, halves: isize, result: &ResultSet) {
        let rows = isize::try_from(self.viewport.rows.max(2) / 2).unwrap_or(isize::MAX);
        self.top = self.top.saturating_add_signed(halves.saturating_mul(rows));
        self.move_by(halves.saturating_mul(rows), 0, result);
    }

    /// Moves the cursor sideways by as many columns as show.
    pub fn page_columns(&mut self, pages: isize, result: &ResultSet) {
        let from = self.cursor.column;
        let column = self.columns.page(from, pages, self.viewport.width);
        self.go(
            Place {
                column,
                ..self.cursor
            },
            result,
        );
    }

    /// Puts the cursor on a cell, the nearest one there is.
    pub fn go(&mut self, place: Place, result: &ResultSet) {
        use super::arrangement::Visibility;
        let rows = self.rows(result);
        let column = if self.columns.visibility(place.column) == Visibility::Shown {
            place.column
        } else {
            self.columns.last()
        };
        self.cursor = Place {
            row: place.row.min(rows.saturating_sub(1)),
            column,
        };
        self.top = self.top.min(rows.saturating_sub(self.viewport.rows));
        self.keep_in_sight();
        self.make_room_for_numbers(result);
    }

    /// Puts the cursor on a row of the result, by its number there; gives whether it shows.
    pub fn go_to_row(&mut self, row: usize, result: &ResultSet) -> Option<()> {
        let spot = match self.looking.view() {
            Some(view) => view.spot(row)?,
            None => row,
        };
        self.go(
            Place {
                row: spot,
                ..self.cursor
            },
            result,
        );
        Some(())
    }

    /// A number cut in the middle reads as another number, so columns of numbers grow to what shows.
    /// Text columns stay as they are: a grid that jumps cannot be read.
    fn make_room_for_numbers(&mut self, result: &ResultSet) {
        for VisibleColumn { column, .. } in self.visible_columns() {
            let numbers = result
                .columns()
                .get(column)
                .is_some_and(|column| width::alignment(column) == Alignment::Right);
            if !numbers {
                continue;
            }
            let widest = (self.top..self.top + self.viewport.rows)
                .filter_map(|row| self.cell(result, Place { row, column })?.text())
                .map(width::of_text)
                .max();
            if let Some(widest) = widest {
                self.columns.grow(column, widest);
            }
        }
        self.keep_in_sight();
    }

    /// Scrolls without moving the cursor further than it must to stay in sight.
    pub fn scroll(&mut self, rows: isize, result: &ResultSet) {
        let last = self.rows(result).saturating_sub(self.viewport.rows);
        self.top = self.top.saturating_add_signed(rows).min(last);
        let bottom = self.top + self.viewport.rows.max(1) - 1;
        let row = self.cursor.row.clamp(self.top, bottom);
        self.go(Place { row, ..self.cursor }, result);
    }

    /// Other rows show, or the same in another order: the cursor stays on its row if that shows. At the
    /// top it stays at the top: who sorts there wants to see what comes first. `row` is its number in
    /// the result.
    pub fn rows_changed(&mut self, row: usize, result: &ResultSet) {
        self.selection = None;
        let spot = match self.looking.view() {
            Some(_) if self.cursor.row == 0 => 0,
            Some(view) => view.spot(row).unwrap_or(0),
            None => row,
        };
        // Where it was on the screen, it stays.
        let line = self.cursor.row.saturating_sub(self.top);
        self.top = spot.saturating_sub(line);
        self.go(
            Place {
                row: spot,
                ..self.cursor
            },
            result,
        );
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

    /// Goes to a match that is known.
    pub fn step(&mut self, step: Step, result: &ResultSet) -> Found {
        let Some(search) = &self.search else {
            return Found::Nowhere;
        };
        let nowhere = if search.work().is_some() {
            Found::NotYet
        } else {
            Found::Nowhere
        };
        let (direction, here) = match step {
            Step::Here => (Direction::Forward, self.matches(result, self.cursor)),
            Step::On(direction) => (direction, false),
        };
        if here {
            return Found::Here;
        }
        if let Some(column) = self.match_in_row(result, self.cursor, direction) {
            self.go(
                Place {
                    column,
                    ..self.cursor
                },
                result,
            );
            return Found::Here;
        }
        let from = self.cursor.row;
        let ahead = self.next_hit(result, direction, from);
        let (row, found) = match (ahead, direction) {
            (Some(row), _) => (row, Found::Here),
            // What lies beyond the end may still be found ahead of here.
            (None, _) if search.work().is_some() => return nowhere,
            (None, Direction::Forward) => match self.first_hit(result) {
                Some(row) => (row, Found::Around),
                None => return nowhere,
            },
            (None, Direction::Backward) => {
                match self.next_hit(result, direction, self.rows(result)) {
                    Some(row) => (row, Found::Around),
                    None => return nowhere,
                }
            }
        };
        let edge = match direction {
            Direction::Forward => self.columns.first(),
            Direction::Backward => self.columns.last(),
        };
        let start = Place { row, column: edge };
        let column = if self.matches(result, start) {
            Some(edge)
        } else {
            self.match_in_row(result, start, direction)
        };
        // A row that is not in memory will show where the match is when it is back.
        let column = column.unwrap_or(self.cursor.column);
        self.go(Place { row, column }, result);
        found
    }

    fn first_hit(&self, result: &ResultSet) -> Option<usize> {
        let search = self.search.as_ref()?;
        match self.looking.view() {
            None => search.hits().next(0),
            Some(_) => (0..self.rows(result)).find(|spot| search.hits().contains(self.row(*spot))),
        }
    }

    /// The next row that shows and has a match, beyond one.
    fn next_hit(&self, result: &ResultSet, direction: Direction, from: usize) -> Option<usize> {
        let search = self.search.as_ref()?;
        let hits = search.hits();
        match (self.looking.view(), direction) {
            (None, Direction::Forward) => hits.next(from + 1),
            (None, Direction::Backward) => hits.previous(from),
            (Some(_), _) if hits.is_empty() => None,
            (Some(_), Direction::Forward) => {
                (from + 1..self.rows(result)).find(|spot| hits.contains(self.row(*spot)))
            }
            (Some(_), Direction::Backward) => (0..from.min(self.rows(result)))
                .rev()
                .find(|spot| hits.contains(self.row(*spot))),
        }
    }

    /// Whether the value at a place has what is looked for.
    #[must_use]
    pub fn matches(&self, result: &ResultSet, place: Place) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        self.cell(result, place)
            .and_then(Cell::text)
            .and_then(|text| text.get(..text.floor_char_boundary(LOOKED_INTO)))
            .is_some_and(|text| search.pattern().is_in(text))
    }

    /// The next column of a row whose value has what is looked for.
    fn match_in_row(&self, result: &ResultSet, from: Place, direction: Direction) -> Option<usize> {
        let row = from.row;
        let other = |column: &usize| *column != from.column;
        let hit = |column: &usize| {
            self.matches(
                result,
                Place {
                    row,
                    column: *column,
                },
            )
        };
        match direction {
            Direction::Forward => {
                let ahead = self.columns.between(from.column, self.columns.last());
                ahead.into_iter().filter(other).find(hit)
            }
            Direction::Backward => {
                let behind = self.columns.between(self.columns.first(), from.column);
                behind.into_iter().rev().filter(other).find(hit)
            }
        }
    }

    fn keep_in_sight(&mut self) {
        let Place { row, column } = self.cursor;
        self.top = self
            .top
            .clamp((row + 1).saturating_sub(self.viewport.rows.max(1)), row);
        self.columns.reveal(column, self.viewport.width);
    }
}

/// Columns of the screen that a column's name, its type and the sign of an order ask for.
fn heading_width(column: &Column) -> u16 {
    width::of_text(&column.name)
        .saturating_add(2)
        .min(width::WIDEST)
        .max(width::of_text(&kind::spoken(column)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::message::Ticket;
    use crate::domain::rows::RowBatchBuilder;
    use crate::domain::rows::pattern::{Pattern, Reading};
    use crate::domain::rows::scan::Progress;

    fn result(rows: usize, columns: usize) -> ResultSet {
        let described: Vec<Column> = (0..columns)
            .map(|number| Column::computed(format!("c{number}"), 25, "text"))
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
        assert_eq!(window.step(Step::Here, &result), Found::Nowhere);
    }

    #[test]
    fn a_selection_runs_to_the_cursor() {
        let result = result(9, 4);
        let mut window = window(&result);
        window.go(Place { row: 4, column: 2 }, &result);
        window.select(Span::Block);
        window.move_by(-2, 1, &result);
        let block = |rows, columns: &[usize]| Block {
            rows,
            columns: columns.to_vec(),
        };
        assert_eq!(window.selected(&result), block(2..5, &[2, 3]));
        window.select(Span::Rows);
        assert_eq!(window.selected(&result), block(2..5, &[0, 1, 2, 3]));
        window.select(Span::Columns);
        assert_eq!(window.selected(&result), block(0..9, &[2, 3]));
        window.select(Span::Columns);
        assert_eq!(window.selected(&result), block(2..3, &[3]));
    }

    #[test]
    fn hidden_columns_are_neither_walked_nor_selected() {
        let result = result(2, 4);
        let mut window = window(&result);
        window.move_by(0, 1, &result);
        assert_eq!(window.hide_column(), Some(1));
        assert_eq!(window.cursor().column, 2);
        window.select(Span::Rows);
        assert_eq!(window.selected(&result).columns, [0, 2, 3]);
    }

    fn searched(result: &ResultSet, window: &mut Window, words: &str, rows: &[u32]) {
        let pattern = Pattern::read(words, Reading::Plain).unwrap();
        let mut search = Search::new(pattern, Ticket(1), result.rows());
        search.found(rows, Progress::default());
        search.through();
        window.search = Some(search);
    }

    #[test]
    fn a_search_goes_both_ways_and_round() {
        let result = result(12, 3);
        let mut window = window(&result);
        searched(&result, &mut window, "1:2", &[1, 11]);
        assert_eq!(window.step(Step::Here, &result), Found::Here);
        assert_eq!(window.cursor(), Place { row: 1, column: 2 });
        let forward = Step::On(Direction::Forward);
        assert_eq!(window.step(forward, &result), Found::Here);
        assert_eq!(window.cursor(), Place { row: 11, column: 2 });
        assert_eq!(window.step(forward, &result), Found::Around);
        assert_eq!(window.cursor(), Place { row: 1, column: 2 });
        let backward = Step::On(Direction::Backward);
        assert_eq!(window.step(backward, &result), Found::Around);
        assert_eq!(window.cursor(), Place { row: 11, column: 2 });
    }

    #[test]
    fn rows_in_another_order_keep_the_cursor_on_its_row() {
        let result = result(12, 3);
        let mut window = window(&result);
        window.go(Place { row: 4, column: 1 }, &result);
        let lens = window.looking.ordered_by(0);
        window.looking.want(lens, Ticket(1));
        window.looking.show(RowView::new(vec![9, 7, 4, 1], 12));
        window.rows_changed(4, &result);
        assert_eq!(window.cursor(), Place { row: 2, column: 1 });
        assert_eq!(
            window.cell(&result, window.cursor()),
            Some(Cell::Text("4:1"))
        );
        window.move_by(9, 0, &result);
        assert_eq!(window.row(window.cursor().row), 1);
        searched(&result, &mut window, ":", &[1, 2, 9]);
        let backward = Step::On(Direction::Backward);
        window.go(Place { row: 3, column: 0 }, &result);
        assert_eq!(window.step(backward, &result), Found::Here);
        assert_eq!(window.row(window.cursor().row), 9, "row 2 does not show");
        assert_eq!(window.go_to_row(5, &result), None);
    }
}

//! Rows being edited: the table behind them, the changes that gather, what has been made.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Line;
use crate::app::message::Ticket;
use crate::domain::edit::{Change, NewValue, Pending, Spot, Target, Unmade};
use crate::domain::text::Text;

/// Which result is edited: the run, and the place of the outcome in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edited {
    /// The run.
    pub run: Ticket,
    /// The place of its outcome.
    pub place: usize,
}

/// What the person wants to do once it is known whether the rows can be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Change a cell.
    Cell(Spot),
    /// Add a row.
    Insert,
    /// Delete rows.
    Delete {
        /// Their numbers in the result, from 0.
        rows: Vec<usize>,
    },
}

/// How a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It will be changed.
    Changed,
    /// Its row will be deleted.
    Deleted,
    /// It was changed, and shows what the server holds now.
    Made,
    /// Its row was deleted.
    Gone,
}

/// What a cell shows instead of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The value; `None` leaves what was read.
    pub value: Option<&'a NewValue>,
    /// How it stands.
    pub mark: Mark,
}

/// The edits of one result.
#[derive(Debug, Clone)]
pub struct Edits {
    /// Of which result.
    pub edited: Edited,
    /// The table.
    pub target: Target,
    /// Changes that gather.
    pub pending: Pending,
    /// Rows as they were read, kept from the moment they were first touched.
    pub read: BTreeMap<usize, Vec<Option<String>>>,
    /// Cells that were changed, with what the server holds now.
    made: BTreeMap<Spot, NewValue>,
    /// Rows that were deleted.
    gone: BTreeSet<usize>,
    /// The request that makes the changes.
    pub making: Option<Ticket>,
    /// Why the last attempt was undone.
    pub unmade: Option<Box<Unmade>>,
}

impl Edits {
    /// No edits yet.
    #[must_use]
    pub const fn new(edited: Edited, target: Target) -> Self {
        Self {
            edited,
            target,
            pending: Pending {
                cells: BTreeMap::new(),
                deleted: BTreeSet::new(),
                inserted: Vec::new(),
            },
            read: BTreeMap::new(),
            made: BTreeMap::new(),
            gone: BTreeSet::new(),
            making: None,
            unmade: None,
        }
    }

    /// How a cell stands, if not as it was read.
    #[must_use]
    pub fn shown(&self, spot: Spot) -> Option<Shown<'_>> {
        let mark = |mark, value| Some(Shown { value, mark });
        if self.gone.contains(&spot.row) {
            return mark(Mark::Gone, None);
        }
        let made = self.made.get(&spot);
        if self.pending.deleted.contains(&spot.row) {
            return mark(Mark::Deleted, made);
        }
        match (self.pending.cells.get(&spot), made) {
            (Some(value), _) => mark(Mark::Changed, Some(value)),
            (None, Some(value)) => mark(Mark::Made, Some(value)),
            (None, None) => None,
        }
    }

    /// Whether a row was deleted.
    #[must_use]
    pub fn is_gone(&self, row: usize) -> bool {
        self.gone.contains(&row)
    }

    /// The statements.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let read = |spot: Spot| self.read.get(&spot.row)?.get(spot.column).cloned();
        self.pending.changes(&self.target, read)
    }

    /// Takes in what the server made of the changes; gives the new rows, each as the result shows it.
    pub fn taken(
        &mut self,
        changes: &[Change],
        rows: Vec<Vec<Option<String>>>,
    ) -> Vec<Vec<Option<String>>> {
        let columns: Vec<usize> = self.target.mapped().map(|(column, _)| column).collect();
        let mut added = Vec::new();
        for (change, row) in changes.iter().zip(rows) {
            let values = columns.iter().copied().zip(row);
            match change.row {
                Some(gone) if change.kind == crate::domain::edit::ChangeKind::Delete => {
                    let _ = self.gone.insert(gone);
                }
                Some(at) => {
                    for (column, value) in values {
                        self.now_holds(at, column, value);
                    }
                }
                None => {
                    let mut shown = vec![None; self.target.shown.len()];
                    for (column, value) in values {
                        if let Some(slot) = shown.get_mut(column) {
                            *slot = value;
                        }
                    }
                    added.push(shown);
                }
            }
        }
        self.pending = Pending::default();
        self.unmade = None;
        added
    }

    /// A cell of a changed row, as the server holds it.
    fn now_holds(&mut self, row: usize, column: usize, value: Option<String>) {
        let Some(slot) = self.read.get_mut(&row).and_then(|row| row.get_mut(column)) else {
            return;
        };
        if *slot != value || self.made.contains_key(&Spot { row, column }) {
            let shown = value.clone().map_or(NewValue::Null, NewValue::Text);
            drop(self.made.insert(Spot { row, column }, shown));
        }
        *slot = value;
    }
}

/// What the editor of a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The text.
    Text,
    /// NULL.
    Null,
    /// The column's default.
    Default,
}

/// The editor of one cell.
#[derive(Debug)]
pub struct CellEditor {
    /// Which cell.
    pub spot: Spot,
    /// The column's name and type, safe to show.
    pub title: String,
    /// Its text.
    pub text: Text,
    /// Whether the text, or what instead, is meant.
    pub holds: Holds,
}

/// The form of a new row.
#[derive(Debug)]
pub struct RowForm {
    /// One field for each column of the table that takes values, by its place.
    pub fields: Vec<RowField>,
    /// Which has the cursor.
    pub focus: usize,
}

/// A field of the form.
#[derive(Debug)]
pub struct RowField {
    /// The place of the table's column.
    pub column: usize,
    /// What was typed.
    pub line: Line,
    /// Whether that, or what instead, is meant.
    pub holds: Holds,
}

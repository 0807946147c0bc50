//! Changes to rows of a table, as the exact statements that make them.
//!
//! A row is found by its primary key, and every statement also asks that the row still holds what was
//! read, so that a change made by somebody else meanwhile is never overwritten unseen.

mod target;

pub use target::{Refusal, Supply, TableColumn, Target, Writing, question, target};

use std::collections::{BTreeMap, BTreeSet};

use super::failure::Failure;
use super::ident;
use super::run::TransactionState;

/// What a cell should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// NULL.
    Null,
    /// What the table says where nothing is given.
    Default,
    /// A text, which may be empty; the server reads it as the column's type.
    Text(String),
}

/// A cell of the result: a row by its number, a column by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The row, from 0.
    pub row: usize,
    /// The column's place in the result, from 0.
    pub column: usize,
}

/// Changes that gather before they are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    /// Cells with their new values.
    pub cells: BTreeMap<Spot, NewValue>,
    /// Rows to delete.
    pub deleted: BTreeSet<usize>,
    /// New rows: values by the place of the table's column.
    pub inserted: Vec<BTreeMap<usize, NewValue>>,
}

/// What kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A row is changed.
    Update,
    /// A row is deleted.
    Delete,
    /// A row is added.
    Insert,
}

/// One change, exactly as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// The row of the result, for changes of one that is there.
    pub row: Option<usize>,
    /// The place in [`Pending::inserted`], for a new one.
    pub inserted: Option<usize>,
    /// The statement.
    pub sql: String,
}

/// How the transaction that makes the changes ends, where none is open already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is committed.
    Commit,
    /// It is left open: autocommit is off.
    LeaveOpen,
}

/// Changes that were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// For each change, the row as it is now; empty for a deleted one.
    pub rows: Vec<Vec<Option<String>>>,
    /// The session's transaction afterwards.
    pub state: TransactionState,
}

/// Changes that were not made: all were undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    /// Which change was refused, if it was one of them.
    pub place: Option<usize>,
    /// Why.
    pub failure: Failure,
    /// The session's transaction afterwards.
    pub state: TransactionState,
    /// The id of the transaction whose COMMIT has no answer.
    pub transaction: Option<String>,
}

impl Change {
    /// The command tag when exactly one row was touched; any other means that the row has changed or
    /// gone meanwhile.
    #[must_use]
    pub const fn expected_tag(&self) -> &'static str {
        match self.kind {
            ChangeKind::Update => "UPDATE 1",
            ChangeKind::Delete => "DELETE 1",
            ChangeKind::Insert => "INSERT 0 1",
        }
    }
}

impl Pending {
    /// How many statements they make.
    #[must_use]
    pub fn count(&self) -> usize {
        let rows: BTreeSet<usize> = self.cells.keys().map(|spot| spot.row).collect();
        rows.difference(&self.deleted).count() + self.deleted.len() + self.inserted.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Takes back what is planned for a row.
    pub fn forget_row(&mut self, row: usize) {
        self.cells.retain(|spot, _| spot.row != row);
        let _ = self.deleted.remove(&row);
    }

    /// The statements, deletions first so that a new row may take a deleted one's key. `read` gives
    /// what was read of a cell; the inner `None` is NULL.
    pub fn changes(
        &self,
        target: &Target,
        read: impl Fn(Spot) -> Option<Option<String>>,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for row in &self.deleted {
            changes.push(Change {
                kind: ChangeKind::Delete,
                row: Some(*row),
                inserted: None,
                sql: format!(
                    "DELETE FROM {} WHERE {}",
                    target.name(),
                    condition(target, *row, &read, |_| true)
                ),
            });
        }
        let rows: BTreeSet<usize> = self.cells.keys().map(|spot| spot.row).collect();
        for row in rows.difference(&self.deleted) {
            changes.push(self.update(target, *row, &read));
        }
        for (place, values) in self.inserted.iter().enumerate() {
            changes.push(insert(target, place, values));
        }
        changes
    }

    fn update(
        &self,
        target: &Target,
        row: usize,
        read: &impl Fn(Spot) -> Option<Option<String>>,
    ) -> Change {
        let mut sets = Vec::new();
        for (spot, value) in self.cells.range(
            Spot { row, column: 0 }..=Spot {
                row,
                column: usize::MAX,
            },
        ) {
            if let Some(column) = target.column(spot.column) {
                let value = written(value, &column.type_name);
                sets.push(format!("{} = {value}", ident::quoted(&column.name)));
            }
        }
        let changed = |column: usize| self.cells.contains_key(&Spot { row, column });
        Change {
            kind: ChangeKind::Update,
            row: Some(row),
            inserted: None,
            sql: format!(
                "UPDATE {} SET {} WHERE {} RETURNING {}",
                target.name(),
                sets.join(", "),
                condition(target, row, read, changed),
                target.returned()
            ),
        }
    }
}

fn insert(target: &Target, place: usize, values: &BTreeMap<usize, NewValue>) -> Change {
    let mut names = Vec::new();
    let mut given = Vec::new();
    for (at, value) in values {
        if let Some(column) = target
            .columns
            .get(*at)
            .filter(|_| *value != NewValue::Default)
        {
            names.push(ident::quoted(&column.name).into_owned());
            given.push(written(value, &column.type_name));
        }
    }
    let what = if names.is_empty() {
        "DEFAULT VALUES".to_owned()
    } else {
        format!("({}) VALUES ({})", names.join(", "), given.join(", "))
    };
    Change {
        kind: ChangeKind::Insert,
        row: None,
        inserted: Some(place),
        sql: format!(
            "INSERT INTO {} {what} RETURNING {}",
            target.name(),
            target.returned()
        ),
    }
}

/// The row by its key, and that it still holds what was read of the columns `also` picks.
fn condition(
    target: &Target,
    row: usize,
    read: &impl Fn(Spot) -> Option<Option<String>>,
    also: impl Fn(usize) -> bool,
) -> String {
    let mut conditions = Vec::new();
    for (column, attribute) in target.mapped() {
        let known = target.key.contains(&column);
        if !known && !also(column) {
            continue;
        }
        // A value that cannot be read back any more must not pass for one that is the same.
        let Some(value) = read(Spot { row, column }) else {
            return "false".to_owned();
        };
        conditions.push(holds(attribute, value.as_deref()));
    }
    conditions.join(" AND ")
}

/// That a column holds a value. Types without equality, or whose equality means something else, are
/// compared as text.
fn holds(column: &TableColumn, value: Option<&str>) -> String {
    let name = ident::quoted(&column.name);
    let Some(value) = value else {
        return format!("{name} IS NULL");
    };
    if compared_as_text(&column.type_name) {
        return format!("{name}::text = {}", ident::literal(value));
    }
    if is_integer(&column.type_name) && plain_integer(value) {
        return format!("{name} = {value}");
    }
    format!("{name} = {}::{}", ident::literal(value), column.type_name)
}

fn compared_as_text(type_name: &str) -> bool {
    matches!(
        type_name.trim_end_matches("[]"),
        "json" | "xml" | "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle"
    )
}

fn is_integer(type_name: &str) -> bool {
    matches!(type_name, "integer" | "bigint" | "smallint")
}

fn plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() < 19 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A new value as SQL. It carries no cast: an untyped literal is assigned as the column's type, and
/// what is too long for it is refused instead of cut (PostgreSQL documentation, "Value Storage").
fn written(value: &NewValue, type_name: &str) -> String {
    match value {
        NewValue::Null => "NULL".to_owned(),
        NewValue::Default => "DEFAULT".to_owned(),
        NewValue::Text(text) if is_integer(type_name) && plain_integer(text) => text.clone(),
        NewValue::Text(text) => ident::literal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str) -> TableColumn {
        TableColumn {
            number: 1,
            name: name.into(),
            type_name: type_name.into(),
            supply: target::Supply::Needed,
            writing: target::Writing::Allowed,
        }
    }

    fn orders() -> Target {
        Target {
            schema: "sales".into(),
            table: "Orders".into(),
            columns: vec![
                column("id", "bigint"),
                column("note", "text"),
                column("extra", "json"),
            ],
            shown: vec![Some(0), Some(1), None, Some(2)],
            key: vec![0],
        }
    }

    fn value(spot: Spot) -> Option<String> {
        match spot.column {
            0 => Some((spot.row + 7).to_string()),
            1 => Some("it's \\ old".to_owned()),
            3 => Some("{\"a\": 1}".to_owned()),
            _ => None,
        }
    }

    fn sql(pending: &Pending) -> Vec<String> {
        let changes = pending.changes(&orders(), |spot| Some(value(spot)));
        changes.into_iter().map(|change| change.sql).collect()
    }

    #[test]
    fn a_change_asks_for_the_key_and_what_was_read() {
        let mut pending = Pending::default();
        for (column, value) in [(1, NewValue::Text(String::new())), (3, NewValue::Null)] {
            pending.cells.insert(Spot { row: 0, column }, value);
        }
        assert_eq!(
            sql(&pending),
            [
                "UPDATE sales.\"Orders\" SET note = '', extra = NULL WHERE id = 7 AND note = \
              E'it''s \\\\ old'::text AND extra::text = '{\"a\": 1}' RETURNING id, note, extra"
            ]
        );
    }

    #[test]
    fn deletions_come_first_and_compare_all_that_shows() {
        let mut pending = Pending::default();
        pending
            .cells
            .insert(Spot { row: 1, column: 1 }, NewValue::Default);
        pending.cells.insert(
            Spot { row: 0, column: 1 },
            NewValue::Text("gone anyway".into()),
        );
        pending.deleted.insert(0);
        pending.inserted.push(BTreeMap::from([
            (0, NewValue::Text("7".into())),
            (1, NewValue::Default),
        ]));
        pending.inserted.push(BTreeMap::new());
        let sql = sql(&pending);
        assert_eq!(pending.count(), sql.len());
        assert!(sql[0].starts_with("DELETE FROM sales.\"Orders\" WHERE id = 7 AND note = "));
        assert!(sql[0].contains("extra::text"));
        assert!(sql[1].starts_with("UPDATE sales.\"Orders\" SET note = DEFAULT WHERE id = 8 AND"));
        assert_eq!(
            sql[2],
            "INSERT INTO sales.\"Orders\" (id) VALUES (7) RETURNING id, note, extra"
        );
        assert!(sql[3].contains("DEFAULT VALUES"));
    }

    #[test]
    fn null_and_the_empty_text_are_two_things() {
        let note = column("note", "text");
        assert_eq!(holds(&note, None), "note IS NULL");
        assert_eq!(holds(&note, Some("")), "note = ''::text");
        assert_eq!(written(&NewValue::Null, "text"), "NULL");
        assert_eq!(written(&NewValue::Text(String::new()), "text"), "''");
        assert_eq!(
            written(&NewValue::Text("1; drop".into()), "bigint"),
            "'1; drop'"
        );
    }

    #[test]
    fn what_cannot_be_read_back_matches_nothing() {
        let mut pending = Pending::default();
        pending.deleted.insert(3);
        let changes = pending.changes(&orders(), |_| None);
        assert_eq!(changes[0].sql, "DELETE FROM sales.\"Orders\" WHERE false");
    }
}

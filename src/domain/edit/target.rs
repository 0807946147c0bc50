//! The table behind a result, and whether its rows can be told apart and changed.

use crate::domain::ident;
use crate::domain::run::Column;

/// Whether the table supplies a value where none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// It has a default, an identity, or takes NULL.
    Given,
    /// A value is needed.
    Needed,
}

/// Whether a column takes values from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// It does.
    Allowed,
    /// It is generated, or an identity that is always the server's.
    Generated,
    /// The role lacks the privilege.
    Refused,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its number.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// Its type without length or precision: a cast to it changes nothing.
    pub type_name: String,
    /// Whether the table supplies a value.
    pub supply: Supply,
    /// Whether it takes values from us.
    pub writing: Writing,
}

/// The table whose rows a result shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its columns, in its order.
    pub columns: Vec<TableColumn>,
    /// For each column of the result, its place in `columns`; `None` for an expression.
    pub shown: Vec<Option<usize>>,
    /// Columns of the result that make up the primary key.
    pub key: Vec<usize>,
}

impl Target {
    /// Its name as SQL writes it.
    #[must_use]
    pub fn name(&self) -> String {
        ident::qualified(&self.schema, &self.table)
    }

    /// The table's column that a column of the result shows.
    #[must_use]
    pub fn column(&self, shown: usize) -> Option<&TableColumn> {
        self.columns.get((*self.shown.get(shown)?)?)
    }

    /// Columns of the result with the table's columns they show, each of these once.
    pub fn mapped(&self) -> impl Iterator<Item = (usize, &TableColumn)> {
        self.shown
            .iter()
            .enumerate()
            .filter_map(|(at, place)| Some((at, (*place)?)))
            .filter(|(at, place)| {
                let first = self.shown.iter().position(|other| *other == Some(*place));
                first == Some(*at)
            })
            .filter_map(|(at, place)| Some((at, self.columns.get(place)?)))
    }

    /// What a changed row is read back as.
    #[must_use]
    pub fn returned(&self) -> String {
        let names: Vec<&str> = self
            .mapped()
            .map(|(_, column)| column.name.as_str())
            .collect();
        ident::list(&names)
    }
}

/// Why rows cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No column comes from a table.
    #[error("these rows cannot be edited: no column comes from a table")]
    NoTable,
    /// Columns come from several tables.
    #[error("these rows cannot be edited: their columns come from several tables")]
    SeveralTables,
    /// The relation is no table.
    #[error("these rows cannot be edited: {0} is a {1}, not a table")]
    NotATable(String, &'static str),
    /// The table is gone, or its columns changed.
    #[error("these rows cannot be edited: their table is gone or has changed")]
    Gone,
    /// The table has no primary key.
    #[error("these rows cannot be edited: {0} has no primary key to tell its rows apart")]
    NoKey(String),
    /// Part of the key is missing from the result.
    #[error("these rows cannot be edited: {0}, part of the primary key, is not among the columns")]
    KeyNotShown(String),
}

/// The question about the table that a result's columns come from.
pub fn question(columns: &[Column]) -> Result<String, Refusal> {
    let mut tables = columns
        .iter()
        .map(|column| column.table_oid)
        .filter(|oid| *oid != 0);
    let table = tables.next().ok_or(Refusal::NoTable)?;
    if tables.any(|other| other != table) {
        return Err(Refusal::SeveralTables);
    }
    Ok(format!(
        "SELECT c.relkind, n.nspname, c.relname, a.attnum, a.attname, \
             pg_catalog.format_type(a.atttypid, -1), \
             a.atthasdef OR a.attidentity <> '' OR NOT a.attnotnull, \
             a.attgenerated <> '' OR a.attidentity = 'a', \
             pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE'), \
             COALESCE(a.attnum = ANY (i.indkey), false) \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indisvalid \
             WHERE c.oid = {table} ORDER BY a.attnum"
    ))
}

/// The table, from the answer to [`question`].
pub fn target(columns: &[Column], rows: &[Vec<Option<String>>]) -> Result<Target, Refusal> {
    let first = rows.first().ok_or(Refusal::Gone)?;
    let schema = text(first, 1).to_owned();
    let table = text(first, 2).to_owned();
    let called = format!("{schema}.{table}");
    let kind = match text(first, 0) {
        "r" | "p" => None,
        "v" => Some("view"),
        "m" => Some("materialized view"),
        "f" => Some("foreign table"),
        _ => Some("relation of another kind"),
    };
    if let Some(kind) = kind {
        return Err(Refusal::NotATable(called, kind));
    }
    let known: Vec<TableColumn> = rows.iter().map(|row| column(row)).collect();
    let shown: Vec<Option<usize>> = columns
        .iter()
        .map(|column| {
            let number = Some(column.attribute).filter(|number| *number > 0)?;
            known.iter().position(|known| known.number == number)
        })
        .collect();
    let mut key = Vec::new();
    for (place, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| text(row, 9) == "t")
    {
        match shown.iter().position(|shown| *shown == Some(place)) {
            Some(at) => key.push(at),
            None => return Err(Refusal::KeyNotShown(text(row, 4).to_owned())),
        }
    }
    if key.is_empty() {
        return Err(Refusal::NoKey(called));
    }
    Ok(Target {
        schema,
        table,
        columns: known,
        shown,
        key,
    })
}

fn text(row: &[Option<String>], at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

fn column(row: &[Option<String>]) -> TableColumn {
    TableColumn {
        number: text(row, 3).parse().unwrap_or(0),
        name: text(row, 4).to_owned(),
        type_name: text(row, 5).to_owned(),
        supply: if text(row, 6) == "t" {
            Supply::Given
        } else {
            Supply::Needed
        },
        writing: match (text(row, 7), text(row, 8)) {
            ("t", _) => Writing::Generated,
            (_, "t") => Writing::Allowed,
            _ => Writing::Refused,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(table_oid: u32, attribute: i16) -> Column {
        Column {
            name: "c".into(),
            type_oid: 23,
            type_name: "int4".into(),
            type_modifier: -1,
            table_oid,
            attribute,
        }
    }

    fn answer(kind: &str, key: &[&str]) -> Vec<Vec<Option<String>>> {
        [("1", "id"), ("2", "note")]
            .iter()
            .map(|(number, name)| {
                let primary = if key.contains(name) { "t" } else { "f" };
                [
                    kind, "sales", "orders", number, name, "bigint", "f", "f", "t", primary,
                ]
                .iter()
                .map(|text| Some((*text).to_owned()))
                .collect()
            })
            .collect()
    }

    #[test]
    fn only_rows_of_one_table_with_its_key_can_be_edited() {
        let whole = [shown(9, 2), shown(0, 0), shown(9, 1)];
        assert!(question(&whole).unwrap().contains("c.oid = 9"));
        let target_of = |kind, key: &[&str]| target(&whole, &answer(kind, key));
        assert_eq!(target_of("r", &["id"]).unwrap().key, [2]);
        assert_eq!(target_of("r", &["id"]).unwrap().returned(), "note, id");
        assert!(matches!(
            target_of("v", &[]),
            Err(Refusal::NotATable(_, "view"))
        ));
        assert!(matches!(target_of("r", &[]), Err(Refusal::NoKey(_))));
        assert_eq!(
            target(&[shown(9, 2)], &answer("r", &["id"])),
            Err(Refusal::KeyNotShown("id".into()))
        );
        assert_eq!(question(&[shown(0, 0)]), Err(Refusal::NoTable));
        assert_eq!(
            question(&[shown(9, 1), shown(8, 1)]),
            Err(Refusal::SeveralTables)
        );
    }
}

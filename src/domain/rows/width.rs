//! How wide columns are, and on which side their values stand.

use super::cell;
use super::store::ResultSet;
use crate::domain::run::Column;

/// Where a value stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// At the left edge.
    Left,
    /// At the right edge: numbers.
    Right,
}

/// Rows looked at to find a column's width.
const SAMPLE_ROWS: usize = 200;

/// Cells a column has at least and, unless a person widens it, at most.
pub const NARROWEST: u16 = 3;
/// See [`NARROWEST`].
pub const WIDEST: u16 = 48;

/// Where a column's values stand: numbers by type (`pg_type.dat`: int2, int4, int8, oid, float4,
/// float8, money, numeric).
#[must_use]
pub const fn alignment(column: &Column) -> Alignment {
    match column.type_oid {
        20 | 21 | 23 | 26 | 700 | 701 | 790 | 1700 => Alignment::Right,
        _ => Alignment::Left,
    }
}

/// The width of a column from its name and its first rows.
#[must_use]
pub fn measured(result: &ResultSet, column: usize) -> u16 {
    let widest = usize::from(WIDEST);
    let name = result.columns().get(column).map_or(0, |column| {
        cell::width(&cell::clipped(&column.name, widest))
    });
    let content = (0..result.rows().min(SAMPLE_ROWS))
        .filter_map(|row| result.cell(row, column)?.text())
        .map(|text| cell::width(&cell::clipped(text, widest)))
        .max()
        .unwrap_or(0);
    u16::try_from(name.max(content))
        .unwrap_or(WIDEST)
        .clamp(NARROWEST, WIDEST)
}

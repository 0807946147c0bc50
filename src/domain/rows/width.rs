//! How wide columns are, and on which side their values stand.

use super::cell;
use crate::domain::run::Column;

/// Where a value stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// At the left edge.
    Left,
    /// At the right edge: numbers.
    Right,
}

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

/// Cells a value or a name asks for, within the bounds. Looks no further into it than that.
#[must_use]
pub fn of_text(text: &str) -> u16 {
    let cells = cell::width(&cell::clipped(text, usize::from(WIDEST)));
    u16::try_from(cells)
        .unwrap_or(WIDEST)
        .clamp(NARROWEST, WIDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_bounded_and_count_cells() {
        assert_eq!(of_text(""), NARROWEST);
        assert_eq!(of_text("日本語"), 6);
        assert_eq!(of_text(&"x".repeat(1_000_000)), WIDEST);
    }

    #[test]
    fn numbers_stand_on_the_right() {
        let column = |type_oid| Column::computed("n", type_oid, "");
        assert_eq!(alignment(&column(1700)), Alignment::Right);
        assert_eq!(alignment(&column(25)), Alignment::Left);
    }
}

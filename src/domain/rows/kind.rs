//! What a column's values are: decides how they are shown, compared and counted.

use crate::domain::run::Column;

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Anything else: compared and shown as text.
    Text,
    /// Whole numbers, decimals, floating point, OIDs.
    Number,
    /// An amount in the server's `lc_monetary`.
    Money,
    /// `t` or `f`.
    Boolean,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date and a time without zone.
    Timestamp,
    /// A moment: a date and a time with zone.
    Moment,
    /// A span of time.
    Interval,
    /// JSON, as text or binary.
    Json,
    /// Bytes.
    Bytes,
    /// An array of anything.
    Array,
}

/// The kind of a column's values, by the OIDs of built-in types (`pg_type.dat`).
#[must_use]
pub fn of(column: &Column) -> Kind {
    match column.type_oid {
        // int8, int2, int4, oid, float4, float8, numeric; xid, cid, xid8.
        20 | 21 | 23 | 26 | 700 | 701 | 1700 | 28 | 29 | 5069 => Kind::Number,
        790 => Kind::Money,
        16 => Kind::Boolean,
        1082 => Kind::Date,
        1083 | 1266 => Kind::Time,
        1114 => Kind::Timestamp,
        1184 => Kind::Moment,
        1186 => Kind::Interval,
        114 | 3802 => Kind::Json,
        17 => Kind::Bytes,
        // A built-in array type is named after its elements with a leading underscore.
        _ if column.type_name.starts_with('_') || column.type_name.ends_with("[]") => Kind::Array,
        _ => Kind::Text,
    }
}

/// A type's name as a person writes it: `_text` is how the catalog calls `text[]`.
#[must_use]
pub fn spoken(column: &Column) -> String {
    match column.type_name.strip_prefix('_') {
        Some(element) => format!("{element}[]"),
        None => column.type_name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_oid: u32, type_name: &str) -> Column {
        Column::computed("c", type_oid, type_name)
    }

    #[test]
    fn types_have_kinds_and_spoken_names() {
        assert_eq!(of(&column(1700, "numeric")), Kind::Number);
        assert_eq!(of(&column(1009, "_text")), Kind::Array);
        assert_eq!(spoken(&column(1009, "_text")), "text[]");
        assert_eq!(of(&column(0, "")), Kind::Text);
    }
}

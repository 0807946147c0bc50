//! The server's text as values of columns.
//!
//! Types that Arrow has as PostgreSQL means them keep their meaning: whole and floating numbers,
//! `numeric(p, s)`, truth values, dates, times, UUIDs, bytes. All else is the server's own text. A value
//! its column cannot hold (`infinity`, `NaN` among decimals, 24:00) is refused rather than bent.

use std::fmt;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder,
    FixedSizeBinaryBuilder, Float32Builder, Float64Builder, Int16Builder, Int32Builder,
    Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    UInt32Builder,
};
use arrow_schema::extension::{Json, Uuid};
use arrow_schema::{DataType, Field, TimeUnit};

use crate::domain::rows::moment::{self, DAY};
use crate::domain::rows::stray;
use crate::domain::run::Column;

/// Digits a 128-bit decimal holds.
const DECIMAL_DIGITS: u8 = 38;

/// A value that its column cannot hold.
#[derive(Debug)]
pub(super) struct Unfit {
    value: String,
    column: DataType,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, column } = self;
        write!(
            f,
            "'{value}' has no place in a column of type {column}: cast the column to text"
        )
    }
}

/// A text is no value of its column's type.
struct NoPlace;

/// The values of one column that wait for their batch.
pub(super) enum Values {
    Boolean(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Oid(UInt32Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Decimal {
        builder: Decimal128Builder,
        precision: u8,
        scale: u8,
    },
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Bytes(BinaryBuilder),
    Json(StringBuilder),
    Text(StringBuilder),
}

impl Values {
    /// What a column's values become, by the OIDs of built-in types (`pg_type.dat`).
    pub(super) fn of(column: &Column) -> Self {
        match column.type_oid {
            16 => Self::Boolean(BooleanBuilder::new()),
            17 => Self::Bytes(BinaryBuilder::new()),
            20 => Self::Int8(Int64Builder::new()),
            21 => Self::Int2(Int16Builder::new()),
            23 => Self::Int4(Int32Builder::new()),
            26 => Self::Oid(UInt32Builder::new()),
            700 => Self::Float4(Float32Builder::new()),
            701 => Self::Float8(Float64Builder::new()),
            114 | 3802 => Self::Json(StringBuilder::new()),
            1082 => Self::Date(Date32Builder::new()),
            1083 => Self::Time(Time64MicrosecondBuilder::new()),
            1114 => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            1184 => Self::Moment(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            1700 => Self::numeric(column.type_modifier),
            2950 => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// A decimal where the type says how many digits it has, and Arrow has as many; else text.
    fn numeric(type_modifier: i32) -> Self {
        let decimal = decimal_shape(type_modifier).and_then(|(precision, scale)| {
            let builder = Decimal128Builder::new()
                .with_precision_and_scale(precision, scale.cast_signed())
                .ok()?;
            Some(Self::Decimal {
                builder,
                precision,
                scale,
            })
        });
        decimal.unwrap_or_else(|| Self::Text(StringBuilder::new()))
    }

    /// The column as readers see it.
    pub(super) fn field(&self, name: &str) -> Field {
        let field = Field::new(name, self.data_type(), true);
        match self {
            Self::Uuid(_) => field.with_extension_type(Uuid),
            Self::Json(_) => field.with_extension_type(Json::default()),
            _ => field,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Boolean(_) => DataType::Boolean,
            Self::Int2(_) => DataType::Int16,
            Self::Int4(_) => DataType::Int32,
            Self::Int8(_) => DataType::Int64,
            Self::Oid(_) => DataType::UInt32,
            Self::Float4(_) => DataType::Float32,
            Self::Float8(_) => DataType::Float64,
            Self::Decimal {
                precision, scale, ..
            } => DataType::Decimal128(*precision, scale.cast_signed()),
            Self::Date(_) => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Moment(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Uuid(_) => DataType::FixedSizeBinary(16),
            Self::Bytes(_) => DataType::Binary,
            Self::Json(_) | Self::Text(_) => DataType::Utf8,
        }
    }

    /// Takes a value; `None` is NULL.
    pub(super) fn push(&mut self, text: Option<&str>) -> Result<(), Unfit> {
        self.append(text).map_err(|NoPlace| Unfit {
            value: excerpt(text.unwrap_or_default()),
            column: self.data_type(),
        })
    }

    fn append(&mut self, text: Option<&str>) -> Result<(), NoPlace> {
        match self {
            Self::Boolean(to) => to.append_option(read(text, truth)?),
            Self::Int2(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Int4(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Int8(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Oid(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Float4(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Float8(to) => to.append_option(read(text, |text| text.parse().ok())?),
            Self::Decimal {
                builder,
                precision,
                scale,
            } => {
                builder.append_option(read(text, |text| decimal(text, *precision, *scale))?);
            }
            Self::Date(to) => to.append_option(read(text, date)?),
            Self::Time(to) => to.append_option(read(text, time)?),
            Self::Timestamp(to) | Self::Moment(to) => to.append_option(read(text, stamp)?),
            Self::Uuid(to) => match text {
                Some(text) => {
                    let value = uuid(text).ok_or(NoPlace)?;
                    to.append_value(value).map_err(|_| NoPlace)?;
                }
                None => to.append_null(),
            },
            Self::Bytes(to) => to.append_option(read(text, bytes)?),
            Self::Json(to) | Self::Text(to) => to.append_option(text.map(stray::readable)),
        }
        Ok(())
    }

    /// The values so far as an array; the column starts afresh.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(from) => Arc::new(from.finish()),
            Self::Int2(from) => Arc::new(from.finish()),
            Self::Int4(from) => Arc::new(from.finish()),
            Self::Int8(from) => Arc::new(from.finish()),
            Self::Oid(from) => Arc::new(from.finish()),
            Self::Float4(from) => Arc::new(from.finish()),
            Self::Float8(from) => Arc::new(from.finish()),
            Self::Decimal { builder, .. } => Arc::new(builder.finish()),
            Self::Date(from) => Arc::new(from.finish()),
            Self::Time(from) => Arc::new(from.finish()),
            Self::Timestamp(from) | Self::Moment(from) => Arc::new(from.finish()),
            Self::Uuid(from) => Arc::new(from.finish()),
            Self::Bytes(from) => Arc::new(from.finish()),
            Self::Json(from) | Self::Text(from) => ArrayBuilder::finish(from),
        }
    }
}

/// Reads what is not NULL.
fn read<T>(text: Option<&str>, how: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, NoPlace> {
    text.map(|text| how(text).ok_or(NoPlace)).transpose()
}

/// The start of a value, for a message.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…"),
        _ => text.to_owned(),
    }
}

/// Precision and scale of a `numeric` (PostgreSQL source, `numeric.c`, `numeric_typmod_precision` and
/// `numeric_typmod_scale`); `None` without them, and where Arrow's decimals end: more digits, and
/// scales below zero or beyond the precision, which exist from version 15 on.
fn decimal_shape(type_modifier: i32) -> Option<(u8, u8)> {
    const HEADER: i32 = 4;
    let shape = type_modifier
        .checked_sub(HEADER)
        .filter(|shape| *shape >= 0)?;
    let precision = u8::try_from((shape >> 16) & 0xffff).ok()?;
    let scale = u8::try_from(((shape & 0x7ff) ^ 1024) - 1024).ok()?;
    (precision <= DECIMAL_DIGITS && scale <= precision).then_some((precision, scale))
}

/// The digits of a decimal as one whole number.
fn decimal(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let zeros = std::iter::repeat_n(b'0', missing);
    let mut number = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number = number.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let fits = number < 10_i128.pow(u32::from(precision));
    fits.then_some(if negative { -number } else { number })
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "t" => Some(true),
        "f" => Some(false),
        _ => None,
    }
}

fn date(text: &str) -> Option<i32> {
    i32::try_from(moment::date(text)?).ok()
}

/// Midnight at the end of a day, 24:00, is no time of day in Arrow.
fn time(text: &str) -> Option<i64> {
    let (micros, zone) = moment::time(text)?;
    (zone.is_none() && micros < DAY).then_some(micros)
}

fn stamp(text: &str) -> Option<i64> {
    let micros = moment::stamp(text)?.micros;
    let infinite = micros == i64::MAX || micros == i64::MIN;
    (!infinite).then_some(micros)
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let mut digits = text.bytes().filter(|byte| *byte != b'-');
    let mut value = [0; 16];
    for byte in &mut value {
        *byte = hexadecimal(digits.next()?, digits.next()?)?;
    }
    digits.next().is_none().then_some(value)
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// A `bytea` as written with `bytea_output` hex or escape (PostgreSQL documentation, "Binary Data
/// Types").
fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let (pairs, []) = digits.as_bytes().as_chunks() else {
            return None;
        };
        return pairs
            .iter()
            .map(|[high, low]| hexadecimal(*high, *low))
            .collect();
    }
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        value.push(match byte {
            b'\\' => escaped(&mut rest)?,
            plain => plain,
        });
    }
    Some(value)
}

/// What stands behind a backslash: another one, or three octal digits.
fn escaped(rest: &mut std::str::Bytes<'_>) -> Option<u8> {
    let first = rest.next()?;
    if first == b'\\' {
        return Some(first);
    }
    let digit = |byte: u8| char::from(byte).to_digit(8);
    let (second, third) = (rest.next()?, rest.next()?);
    u8::try_from(digit(first)? << 6 | digit(second)? << 3 | digit(third)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_are_decimals_where_they_fit() {
        let shape =
            |precision: i32, scale: i32| decimal_shape(((precision << 16) | (scale & 0x7ff)) + 4);
        assert_eq!(shape(12, 2), Some((12, 2)));
        assert_eq!(shape(38, 0), Some((38, 0)));
        assert_eq!(shape(39, 0), None);
        assert_eq!(shape(3, -2), None);
        assert_eq!(shape(2, 5), None);
        assert_eq!(decimal_shape(-1), None);
    }

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal("-123.45", 5, 2), Some(-12_345));
        assert_eq!(decimal("7", 5, 2), Some(700));
        assert_eq!(decimal("-0.01", 5, 2), Some(-1));
        let most = "9".repeat(38);
        assert_eq!(decimal(&most, 38, 0), Some(10_i128.pow(38) - 1));
        for unfit in ["1000.00", "NaN", "1.234", "Infinity", ""] {
            assert_eq!(
                decimal(unfit, 5, 2).filter(|_| !unfit.is_empty()),
                None,
                "{unfit}"
            );
        }
    }

    #[test]
    fn what_time_arrow_does_not_know_is_refused() {
        assert_eq!(stamp("1970-01-01 00:00:00.000001"), Some(1));
        assert_eq!(stamp("1970-01-01 05:30:00+05:30"), Some(0));
        assert_eq!(stamp("infinity"), None);
        assert_eq!(date("4714-11-24 BC"), Some(-2_440_588));
        assert_eq!(date("5874897-12-31"), Some(2_145_042_905));
        assert_eq!(date("-infinity"), None);
        assert_eq!(date("31/12/1999"), None);
        assert_eq!(time("23:59:59.5"), Some(DAY - 500_000));
        assert_eq!(time("24:00:00"), None);
    }

    #[test]
    fn bytes_are_read_in_both_of_their_forms() {
        assert_eq!(bytes("\\x00fF"), Some(vec![0, 255]));
        assert_eq!(bytes("\\x0"), None);
        assert_eq!(bytes("a\\\\b\\377"), Some(b"a\\b\xff".to_vec()));
        assert_eq!(bytes("\\9"), None);
        assert_eq!(
            uuid("00000000-0000-0000-0000-0000000000fe").unwrap()[15],
            254
        );
        assert_eq!(uuid("00"), None);
    }
}

//! A row as a line or an object, into any writer.

use std::io::{self, Write};

use super::Format;
use crate::domain::ident;
use crate::domain::rows::{Cell, stray};
use crate::domain::run::Column;

/// What is known when a row is written.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) format: Format,
    pub(super) columns: &'a [Column],
    /// What `INSERT` writes into, quoted.
    pub(super) relation: &'a str,
}

impl Lines<'_> {
    /// Writes what stands before the rows.
    pub(super) fn head(self, out: &mut impl Write) -> io::Result<()> {
        let names = || self.columns.iter().map(|column| column.name.as_str());
        let single = Fields::of(self.columns.len());
        match self.format {
            Format::Csv => separated(out, names(), b",", |out, name| csv(out, name, single)),
            Format::Tsv => separated(out, names(), b"\t", tsv),
            Format::Json => out.write_all(b"["),
            Format::Markdown => {
                between_bars(out, names())?;
                for column in self.columns {
                    let number = is_number(column.type_oid);
                    out.write_all(if number { b"|--:" } else { b"|---" })?;
                }
                out.write_all(b"|\n")
            }
            _ => Ok(()),
        }
    }

    /// Writes a row; only the first of a JSON array has no comma before it.
    pub(super) fn row<'a>(
        self,
        out: &mut impl Write,
        cells: impl Iterator<Item = Cell<'a>>,
        place: Place,
    ) -> io::Result<()> {
        match self.format {
            Format::Csv => {
                let single = Fields::of(self.columns.len());
                separated(out, cells, b",", |out, cell| match cell {
                    Cell::Null => Ok(()),
                    Cell::Text(text) => csv(out, text, single),
                })
            }
            Format::Tsv => separated(out, cells, b"\t", |out, cell| match cell {
                Cell::Null => out.write_all(b"\\N"),
                Cell::Text(text) => tsv(out, text),
            }),
            Format::Json => {
                let before: &[u8] = match place {
                    Place::First => b"\n  ",
                    Place::Later => b",\n  ",
                };
                out.write_all(before)?;
                self.object(out, cells)
            }
            Format::JsonLines => {
                self.object(out, cells)?;
                out.write_all(b"\n")
            }
            Format::Markdown => {
                between_bars(out, cells.map(|cell| cell.text().unwrap_or_default()))
            }
            Format::Insert => self.insert(out, cells),
            // These have writers of their own.
            Format::Table | Format::Parquet | Format::Arrow | Format::ArrowStream => Ok(()),
        }
    }

    fn object<'a>(
        self,
        out: &mut impl Write,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> io::Result<()> {
        out.write_all(b"{")?;
        for (place, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if place > 0 {
                out.write_all(b", ")?;
            }
            serde_json::to_writer(&mut *out, &*stray::readable(&column.name))?;
            out.write_all(b": ")?;
            json_value(out, column.type_oid, cell)?;
        }
        out.write_all(b"}")
    }

    fn insert<'a>(
        self,
        out: &mut impl Write,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> io::Result<()> {
        out.write_all(b"INSERT INTO ")?;
        out.write_all(self.relation.as_bytes())?;
        if self.columns.is_empty() {
            return out.write_all(b" DEFAULT VALUES;\n");
        }
        let names: Vec<&str> = self.columns.iter().map(|one| one.name.as_str()).collect();
        out.write_all(b" (")?;
        out.write_all(&stray::bytes(&ident::list(&names)))?;
        out.write_all(b") VALUES (")?;
        for (place, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if place > 0 {
                out.write_all(b", ")?;
            }
            match cell {
                Cell::Null => out.write_all(b"NULL")?,
                Cell::Text(text)
                    if is_number(column.type_oid)
                        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
                {
                    out.write_all(text.as_bytes())?;
                }
                Cell::Text(text) => out.write_all(&stray::bytes(&ident::literal(text)))?,
            }
        }
        out.write_all(b");\n")
    }
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Later,
}

fn separated<T, W: Write>(
    out: &mut W,
    values: impl Iterator<Item = T>,
    separator: &[u8],
    write: impl Fn(&mut W, T) -> io::Result<()>,
) -> io::Result<()> {
    for (place, value) in values.enumerate() {
        if place > 0 {
            out.write_all(separator)?;
        }
        write(out, value)?;
    }
    out.write_all(b"\n")
}

/// Whether a line has one field or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fields {
    One,
    Several,
}

impl Fields {
    const fn of(count: usize) -> Self {
        if count == 1 { Self::One } else { Self::Several }
    }
}

/// Quoted where COPY quotes (PostgreSQL source, `copyto.c`, `CopyAttributeOutCSV`): separator, quotes,
/// line breaks, what would read as NULL, and `\.` alone on its line.
fn csv(out: &mut impl Write, text: &str, fields: Fields) -> io::Result<()> {
    // No early exit: the compiler looks at many bytes at once then. 0xf4 begins what stands for bytes
    // that are no text.
    let special = text.bytes().fold(false, |found, byte| {
        found | matches!(byte, b',' | b'"' | b'\r' | b'\n' | 0xf4)
    });
    if !special && !text.is_empty() && (fields == Fields::Several || text != "\\.") {
        return out.write_all(text.as_bytes());
    }
    let bytes = stray::bytes(text);
    let breaks = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    let lone_mark = fields == Fields::One && *bytes == *b"\\.";
    if !bytes.is_empty() && !lone_mark && !bytes.iter().any(breaks) {
        return out.write_all(&bytes);
    }
    out.write_all(b"\"")?;
    for (place, piece) in bytes.split(|byte| *byte == b'"').enumerate() {
        if place > 0 {
            out.write_all(b"\"\"")?;
        }
        out.write_all(piece)?;
    }
    out.write_all(b"\"")
}

/// Escaped as `COPY` does in text format (PostgreSQL source, `copyto.c`, `CopyAttributeOutText`).
fn tsv(out: &mut impl Write, text: &str) -> io::Result<()> {
    let special = text.bytes().fold(false, |found, byte| {
        found | matches!(byte, 0x08..=0x0d | b'\\' | 0xf4)
    });
    if !special {
        return out.write_all(text.as_bytes());
    }
    let bytes = stray::bytes(text);
    let mut rest = &*bytes;
    while let Some(place) = rest
        .iter()
        .position(|byte| matches!(byte, 0x08..=0x0d | b'\\'))
    {
        let (plain, from) = rest.split_at(place);
        out.write_all(plain)?;
        let Some((byte, after)) = from.split_first() else {
            break;
        };
        out.write_all(match byte {
            0x08 => b"\\b",
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            0x0b => b"\\v",
            0x0c => b"\\f",
            b'\r' => b"\\r",
            _ => b"\\\\",
        })?;
        rest = after;
    }
    out.write_all(rest)
}

fn between_bars<'a>(out: &mut impl Write, texts: impl Iterator<Item = &'a str>) -> io::Result<()> {
    for text in texts {
        out.write_all(b"| ")?;
        markdown(out, &stray::readable(text))?;
        out.write_all(b" ")?;
    }
    out.write_all(b"|\n")
}

fn markdown(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut rest = text;
    while let Some(place) = rest.find(['\\', '|', '\r', '\n']) {
        let (plain, from) = rest.split_at_checked(place).unwrap_or((rest, ""));
        out.write_all(plain.as_bytes())?;
        let (sign, after): (&[u8], _) = if let Some(after) = from.strip_prefix('\\') {
            (b"\\\\", after)
        } else if let Some(after) = from.strip_prefix('|') {
            (b"\\|", after)
        } else {
            let after = from.strip_prefix("\r\n");
            let after = after.or_else(|| from.strip_prefix(['\r', '\n']));
            (b"<br>", after.unwrap_or_default())
        };
        out.write_all(sign)?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Numbers, truth values and JSON as they are, all else as a string. `NaN` and infinities have no
/// number in JSON and stay strings.
fn json_value(out: &mut impl Write, type_oid: u32, cell: Cell<'_>) -> io::Result<()> {
    const BOOL: u32 = 16;
    const JSON: u32 = 114;
    const JSONB: u32 = 3802;
    let Cell::Text(text) = cell else {
        return out.write_all(b"null");
    };
    match (type_oid, text) {
        (BOOL, "t") => out.write_all(b"true"),
        (BOOL, "f") => out.write_all(b"false"),
        // `json` keeps the line breaks it was written with, which would break JSON lines.
        (JSON | JSONB, _) => {
            for (place, line) in stray::readable(text).split(['\n', '\r']).enumerate() {
                if place > 0 {
                    out.write_all(b" ")?;
                }
                out.write_all(line.as_bytes())?;
            }
            Ok(())
        }
        (oid, _) if is_number(oid) && serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            out.write_all(text.as_bytes())
        }
        _ => Ok(serde_json::to_writer(out, &*stray::readable(text))?),
    }
}

/// Types whose text is a number in JSON too (`pg_type.dat`: int2, int4, int8, oid, float4, float8,
/// numeric); money is not.
const fn is_number(type_oid: u32) -> bool {
    matches!(type_oid, 20 | 21 | 23 | 26 | 700 | 701 | 1700)
}

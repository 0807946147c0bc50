//! Rows as CSV, TSV, JSON, JSON lines, Markdown, INSERT statements and an aligned table, into any
//! writer, row by row.

mod table;

use std::io::{self, Write};

use super::ident;
use super::rows::{Cell, RowBatch};
use super::run::Column;

use table::Table;

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, as psql shows them. Holds back rows until their widths are known.
    #[default]
    Table,
    /// Byte for byte what `COPY … TO STDOUT (FORMAT csv, HEADER)` yields: NULL is nothing, the empty
    /// string is `""`.
    Csv,
    /// Byte for byte what `COPY … TO STDOUT (HEADER)` yields: tabs between values, control characters
    /// and `\` escaped, NULL is `\N`.
    Tsv,
    /// One array of objects. Numbers, truth values, `json` and `jsonb` are themselves, all else is a
    /// string; so are `NaN` and the infinities, which JSON has no numbers for.
    Json,
    /// One object a line.
    JsonLines,
    /// A Markdown table.
    Markdown,
    /// One `INSERT` a row.
    Insert,
}

/// Bytes gathered before they go to the writer.
const GATHERED: usize = 64 << 10;

/// Writes one result. Gathers what it writes: the writer needs no buffer.
#[derive(Debug)]
pub struct Exporter<W> {
    out: W,
    format: Format,
    columns: Vec<Column>,
    /// What `INSERT` writes into.
    relation: String,
    rows: u64,
    table: Table,
    /// What is not with the writer yet.
    gathered: Vec<u8>,
}

impl<W: Write> Exporter<W> {
    /// Begins a result: writes what stands before the rows.
    pub fn begin(out: W, format: Format, columns: &[Column]) -> io::Result<Self> {
        Self::begin_into(out, format, columns, "result")
    }

    /// As [`Self::begin`]; `INSERT` statements name `relation`, which is already quoted.
    pub fn begin_into(
        out: W,
        format: Format,
        columns: &[Column],
        relation: &str,
    ) -> io::Result<Self> {
        let mut exporter = Self {
            out,
            format,
            columns: columns.to_vec(),
            relation: relation.to_owned(),
            rows: 0,
            table: Table::new(columns),
            gathered: Vec::with_capacity(2 * GATHERED),
        };
        exporter.head();
        Ok(exporter)
    }

    /// Gathers the head; it goes out with the first rows.
    fn head(&mut self) {
        let out = &mut self.gathered;
        let names = || self.columns.iter().map(|column| column.name.as_str());
        let single = Fields::of(self.columns.len());
        match self.format {
            Format::Csv => separated(out, names(), b',', |out, name| csv(out, name, single)),
            Format::Tsv => separated(out, names(), b'\t', tsv),
            Format::Json => out.push(b'['),
            Format::Markdown => {
                for name in names() {
                    out.extend_from_slice(b"| ");
                    markdown(out, name);
                    out.push(b' ');
                }
                out.extend_from_slice(b"|\n");
                for column in &self.columns {
                    out.extend_from_slice(if is_number(column.type_oid) {
                        b"|--:"
                    } else {
                        b"|---"
                    });
                }
                out.extend_from_slice(b"|\n");
            }
            Format::Table | Format::JsonLines | Format::Insert => {}
        }
    }

    /// Writes one row; missing cells are NULL.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
        let width = self.columns.len();
        let mut cells = cells.into_iter().chain(std::iter::repeat(Cell::Null));
        let cells = cells.by_ref().take(width);
        let first = self.rows == 0;
        self.rows += 1;
        let out = &mut self.gathered;
        match self.format {
            Format::Csv => {
                let single = Fields::of(width);
                separated(out, cells, b',', |out, cell| {
                    if let Cell::Text(text) = cell {
                        csv(out, text, single);
                    }
                });
            }
            Format::Tsv => separated(out, cells, b'\t', |out, cell| match cell {
                Cell::Null => out.extend_from_slice(b"\\N"),
                Cell::Text(text) => tsv(out, text),
            }),
            Format::Json => {
                out.extend_from_slice(if first { b"\n  " } else { b",\n  " });
                object(out, &self.columns, cells)?;
            }
            Format::JsonLines => {
                object(out, &self.columns, cells)?;
                out.push(b'\n');
            }
            Format::Markdown => {
                for cell in cells {
                    out.extend_from_slice(b"| ");
                    markdown(out, cell.text().unwrap_or_default());
                    out.push(b' ');
                }
                out.extend_from_slice(b"|\n");
            }
            Format::Insert => insert(out, &self.relation, &self.columns, cells),
            Format::Table => self.table.row(out, &cells.collect::<Vec<_>>())?,
        }
        if self.gathered.len() >= GATHERED {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Writes the rows of a batch.
    pub fn batch(&mut self, batch: &RowBatch) -> io::Result<()> {
        let mut cells = batch.cells();
        for _ in 0..batch.rows() {
            self.row(cells.by_ref().take(batch.columns()))?;
        }
        Ok(())
    }

    /// Hands what is gathered to the writer: somebody may wait for it.
    pub fn hand_on(&mut self) -> io::Result<()> {
        self.out.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    /// Writes what stands behind the rows, flushes, and gives the writer back.
    pub fn end(mut self) -> io::Result<W> {
        let out = &mut self.gathered;
        match self.format {
            Format::Json => out.extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" }),
            Format::Table => self.table.end(out, self.rows)?,
            Format::Csv | Format::Tsv | Format::JsonLines | Format::Markdown | Format::Insert => {}
        }
        self.hand_on()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn separated<T>(
    out: &mut Vec<u8>,
    values: impl Iterator<Item = T>,
    separator: u8,
    write: impl Fn(&mut Vec<u8>, T),
) {
    for (place, value) in values.enumerate() {
        if place > 0 {
            out.push(separator);
        }
        write(out, value);
    }
    out.push(b'\n');
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
fn csv(out: &mut Vec<u8>, text: &str, fields: Fields) {
    let bytes = text.as_bytes();
    // No early exit: the compiler looks at many bytes at once then.
    let special = bytes.iter().fold(false, |found, byte| {
        found | matches!(byte, b',' | b'"' | b'\r' | b'\n')
    });
    if !special && !bytes.is_empty() && (fields == Fields::Several || text != "\\.") {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Escaped as `COPY` does in text format (PostgreSQL source, `copyto.c`, `CopyAttributeOutText`).
fn tsv(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let special = bytes.iter().fold(false, |found, byte| {
        found | matches!(byte, 0x08..=0x0d | b'\\')
    });
    if !special {
        out.extend_from_slice(bytes);
        return;
    }
    for byte in bytes {
        let letter = match byte {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0b => b'v',
            0x0c => b'f',
            b'\r' => b'r',
            b'\\' => b'\\',
            plain => {
                out.push(*plain);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
}

fn markdown(out: &mut Vec<u8>, text: &str) {
    let safe = text
        .replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>");
    out.extend_from_slice(safe.as_bytes());
}

fn object<'a>(
    out: &mut Vec<u8>,
    columns: &[Column],
    cells: impl Iterator<Item = Cell<'a>>,
) -> io::Result<()> {
    out.push(b'{');
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
        if place > 0 {
            out.extend_from_slice(b", ");
        }
        serde_json::to_writer(&mut *out, &column.name)?;
        out.extend_from_slice(b": ");
        json_value(out, column.type_oid, cell)?;
    }
    out.push(b'}');
    Ok(())
}

/// Numbers, truth values and JSON as they are, all else as a string. `NaN` and infinities have no
/// number in JSON and stay strings.
fn json_value(out: &mut Vec<u8>, type_oid: u32, cell: Cell<'_>) -> io::Result<()> {
    const BOOL: u32 = 16;
    const JSON: u32 = 114;
    const JSONB: u32 = 3802;
    let Cell::Text(text) = cell else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    match (type_oid, text) {
        (BOOL, "t") => out.extend_from_slice(b"true"),
        (BOOL, "f") => out.extend_from_slice(b"false"),
        // `json` keeps the line breaks it was written with, which would break JSON lines.
        (JSON | JSONB, _) if !text.contains(['\n', '\r']) => out.extend_from_slice(text.as_bytes()),
        (JSON | JSONB, _) => {
            out.extend_from_slice(text.replace(['\n', '\r'], " ").as_bytes());
        }
        (oid, _) if is_number(oid) && serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            out.extend_from_slice(text.as_bytes());
        }
        _ => serde_json::to_writer(out, text)?,
    }
    Ok(())
}

fn insert<'a>(
    out: &mut Vec<u8>,
    relation: &str,
    columns: &[Column],
    cells: impl Iterator<Item = Cell<'a>>,
) {
    out.extend_from_slice(b"INSERT INTO ");
    out.extend_from_slice(relation.as_bytes());
    if columns.is_empty() {
        out.extend_from_slice(b" DEFAULT VALUES;\n");
        return;
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    out.extend_from_slice(b" (");
    out.extend_from_slice(ident::list(&names).as_bytes());
    out.extend_from_slice(b") VALUES (");
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
        if place > 0 {
            out.extend_from_slice(b", ");
        }
        match cell {
            Cell::Null => out.extend_from_slice(b"NULL"),
            Cell::Text(text)
                if is_number(column.type_oid)
                    && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
            {
                out.extend_from_slice(text.as_bytes());
            }
            Cell::Text(text) => out.extend_from_slice(ident::literal(text).as_bytes()),
        }
    }
    out.extend_from_slice(b");\n");
}

/// Types whose text is a number in JSON too (`pg_type.dat`: int2, int4, int8, oid, float4, float8,
/// numeric); money is not.
const fn is_number(type_oid: u32) -> bool {
    matches!(type_oid, 20 | 21 | 23 | 26 | 700 | 701 | 1700)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_oid: u32) -> Column {
        Column {
            name: name.into(),
            type_oid,
            type_name: String::new(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        }
    }

    fn written(format: Format) -> String {
        let columns = [column("id", 23), column("Ann \"x\"", 25), column("ok", 16)];
        let mut exporter = Exporter::begin(Vec::new(), format, &columns).unwrap();
        exporter
            .row([
                Cell::Text("1"),
                Cell::Text("a,\"b\"\n|c\\"),
                Cell::Text("t"),
            ])
            .unwrap();
        exporter.row([Cell::Text("22"), Cell::Null]).unwrap();
        String::from_utf8(exporter.end().unwrap()).unwrap()
    }

    #[test]
    fn csv_tells_null_from_empty_and_quotes_a_lone_end_mark() {
        let mut one = Exporter::begin(Vec::new(), Format::Csv, &[column("a", 25)]).unwrap();
        for cell in [Cell::Null, Cell::Text(""), Cell::Text("\\.")] {
            one.row([cell]).unwrap();
        }
        assert_eq!(one.end().unwrap(), b"a\n\n\"\"\n\"\\.\"\n");
    }

    #[test]
    fn csv_quotes_as_psql() {
        assert_eq!(
            written(Format::Csv),
            "id,\"Ann \"\"x\"\"\",ok\n1,\"a,\"\"b\"\"\n|c\\\",t\n22,,\n"
        );
    }

    #[test]
    fn tsv_escapes_as_copy() {
        assert_eq!(
            written(Format::Tsv),
            "id\tAnn \"x\"\tok\n1\ta,\"b\"\\n|c\\\\\tt\n22\t\\N\t\\N\n"
        );
    }

    #[test]
    fn json_has_numbers_and_truth_values() {
        let rows: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(
            rows,
            serde_json::json!([
                {"id": 1, "Ann \"x\"": "a,\"b\"\n|c\\", "ok": true},
                {"id": 22, "Ann \"x\"": null, "ok": null},
            ])
        );
        assert_eq!(written(Format::JsonLines).lines().count(), 2);
    }

    #[test]
    fn what_json_has_no_number_for_is_a_string() {
        let mut exporter =
            Exporter::begin(Vec::new(), Format::JsonLines, &[column("f", 701)]).unwrap();
        exporter.row([Cell::Text("NaN")]).unwrap();
        exporter.row([Cell::Text("1e+20")]).unwrap();
        let text = String::from_utf8(exporter.end().unwrap()).unwrap();
        assert_eq!(text, "{\"f\": \"NaN\"}\n{\"f\": 1e+20}\n");
    }

    #[test]
    fn inserts_quote_names_and_literals() {
        assert_eq!(
            written(Format::Insert).lines().last().unwrap(),
            "INSERT INTO result (id, \"Ann \"\"x\"\"\", ok) VALUES (22, NULL, NULL);"
        );
    }

    #[test]
    fn markdown_keeps_its_columns() {
        assert_eq!(
            written(Format::Markdown),
            "| id | Ann \"x\" | ok |\n|--:|---|---|\n| 1 | a,\"b\"<br>\\|c\\\\ | t |\n| 22 |  |  |\n"
        );
    }

    #[test]
    fn an_empty_result_is_still_json() {
        let exporter = Exporter::begin(Vec::new(), Format::Json, &[]).unwrap();
        assert_eq!(exporter.end().unwrap(), b"[]\n");
    }
}

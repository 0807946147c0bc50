//! Rows as CSV, TSV, JSON, JSON lines, Markdown, INSERT statements and an aligned table, into any
//! writer, row by row.

mod table;

use std::io::{self, Write};

use super::ident;
use super::rows::Cell;
use super::run::Column;

use table::Table;

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, as psql shows them. Holds back rows until their widths are known.
    #[default]
    Table,
    /// RFC 4180 with `\n`, quoted as psql's `--csv` does; NULL is empty.
    Csv,
    /// Tabs between values, as `COPY` writes them: `\t`, `\n`, `\\` escaped, NULL is `\N`.
    Tsv,
    /// One array of objects.
    Json,
    /// One object a line.
    JsonLines,
    /// A Markdown table.
    Markdown,
    /// One `INSERT` a row.
    Insert,
}

/// Writes one result.
#[derive(Debug)]
pub struct Exporter<W> {
    out: W,
    format: Format,
    columns: Vec<Column>,
    /// What `INSERT` writes into.
    relation: String,
    rows: u64,
    table: Table,
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
        };
        exporter.head()?;
        Ok(exporter)
    }

    fn head(&mut self) -> io::Result<()> {
        let names: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        match self.format {
            Format::Csv => separated(&mut self.out, &names, b",", |out, name| csv(out, name)),
            Format::Tsv => separated(&mut self.out, &names, b"\t", |out, name| tsv(out, name)),
            Format::Json => self.out.write_all(b"["),
            Format::Markdown => {
                for name in &names {
                    self.out.write_all(b"| ")?;
                    markdown(&mut self.out, name)?;
                    self.out.write_all(b" ")?;
                }
                self.out.write_all(b"|\n")?;
                for column in &self.columns {
                    self.out.write_all(if is_number(column.type_oid) {
                        b"|--:"
                    } else {
                        b"|---"
                    })?;
                }
                self.out.write_all(b"|\n")
            }
            Format::Table | Format::JsonLines | Format::Insert => Ok(()),
        }
    }

    /// Writes one row; missing cells are NULL.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
        let mut cells: Vec<Cell<'a>> = cells.into_iter().collect();
        cells.resize(self.columns.len(), Cell::Null);
        let first = self.rows == 0;
        self.rows += 1;
        let out = &mut self.out;
        match self.format {
            Format::Csv => separated(out, &cells, b",", |out, cell| match cell {
                Cell::Null => Ok(()),
                Cell::Text(text) => csv(out, text),
            }),
            Format::Tsv => separated(out, &cells, b"\t", |out, cell| match cell {
                Cell::Null => out.write_all(b"\\N"),
                Cell::Text(text) => tsv(out, text),
            }),
            Format::Json => {
                out.write_all(if first { b"\n  " } else { b",\n  " })?;
                object(out, &self.columns, &cells)
            }
            Format::JsonLines => {
                object(out, &self.columns, &cells)?;
                out.write_all(b"\n")
            }
            Format::Markdown => {
                for cell in &cells {
                    out.write_all(b"| ")?;
                    markdown(out, cell.text().unwrap_or_default())?;
                    out.write_all(b" ")?;
                }
                out.write_all(b"|\n")
            }
            Format::Insert => insert(out, &self.relation, &self.columns, &cells),
            Format::Table => self.table.row(out, &cells),
        }
    }

    /// Writes what stands behind the rows, flushes, and gives the writer back.
    pub fn end(mut self) -> io::Result<W> {
        match self.format {
            Format::Json => self
                .out
                .write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?,
            Format::Table => self.table.end(&mut self.out, self.rows)?,
            Format::Csv | Format::Tsv | Format::JsonLines | Format::Markdown | Format::Insert => {}
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

fn separated<W: Write, T: Copy>(
    out: &mut W,
    values: &[T],
    separator: &[u8],
    write: impl Fn(&mut W, T) -> io::Result<()>,
) -> io::Result<()> {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.write_all(separator)?;
        }
        write(out, *value)?;
    }
    out.write_all(b"\n")
}

/// Quoted where psql quotes (PostgreSQL source, `print.c`, `csv_print_field`): separator, quotes,
/// line breaks, and a value that is `\.` alone.
fn csv(out: &mut impl Write, text: &str) -> io::Result<()> {
    let quote = text == "\\."
        || text
            .bytes()
            .any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if quote {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}

/// Escaped as `COPY` does in text format (PostgreSQL documentation, "COPY", "Text Format").
fn tsv(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\\' => b"\\\\",
            _ => continue,
        };
        out.write_all(text.get(done..at).unwrap_or_default().as_bytes())?;
        out.write_all(escape)?;
        done = at + 1;
    }
    out.write_all(text.get(done..).unwrap_or_default().as_bytes())
}

fn markdown(out: &mut impl Write, text: &str) -> io::Result<()> {
    let safe = text
        .replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>");
    out.write_all(safe.as_bytes())
}

fn object(out: &mut impl Write, columns: &[Column], cells: &[Cell<'_>]) -> io::Result<()> {
    out.write_all(b"{")?;
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
        if place > 0 {
            out.write_all(b", ")?;
        }
        serde_json::to_writer(&mut *out, &column.name)?;
        out.write_all(b": ")?;
        json_value(out, column.type_oid, *cell)?;
    }
    out.write_all(b"}")
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
        (JSON | JSONB, _) if !text.contains(['\n', '\r']) => out.write_all(text.as_bytes()),
        (JSON | JSONB, _) => out.write_all(text.replace(['\n', '\r'], " ").as_bytes()),
        (oid, _) if is_number(oid) && serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            out.write_all(text.as_bytes())
        }
        _ => serde_json::to_writer(out, text).map_err(io::Error::from),
    }
}

fn insert(
    out: &mut impl Write,
    relation: &str,
    columns: &[Column],
    cells: &[Cell<'_>],
) -> io::Result<()> {
    if columns.is_empty() {
        return writeln!(out, "INSERT INTO {relation} DEFAULT VALUES;");
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    write!(
        out,
        "INSERT INTO {relation} ({}) VALUES (",
        ident::list(&names)
    )?;
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
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
            Cell::Text(text) => out.write_all(ident::literal(text).as_bytes())?,
        }
    }
    out.write_all(b");\n")
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

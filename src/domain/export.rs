//! Rows as CSV, TSV, JSON, JSON lines, Markdown, INSERT statements, an aligned table, Parquet and
//! Arrow, into any writer, row by row.

#[cfg(feature = "columnar")]
mod columnar;
mod line;
#[cfg(not(feature = "columnar"))]
mod no_columnar;
mod table;

use std::io::{self, BufWriter, Write};

use super::rows::{Cell, RowBatch};
use super::run::Column;

#[cfg(feature = "columnar")]
use columnar::Columnar;
use line::{Lines, Place};
#[cfg(not(feature = "columnar"))]
use no_columnar::Columnar;
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
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC file, also called Feather.
    Arrow,
    /// An Arrow IPC stream, which can be read while it is written.
    ArrowStream,
}

impl Format {
    /// Whether the result is a file of columns: binary, one result, complete only with its end.
    #[must_use]
    pub const fn is_columnar(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::ArrowStream)
    }

    /// What to do about a format this program was built without; `None` if it has it.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        let missing = self.is_columnar() && !cfg!(feature = "columnar");
        missing.then_some(
            "this pgiam was built without Parquet and Arrow: build it with \
             `cargo install --locked --path . --features columnar`",
        )
    }
}

/// Bytes gathered before they go to the writer.
const GATHERED: usize = 64 << 10;

/// A batch with more text than this has a value that is worth no second copy: it goes to the writer
/// from where it lies.
const LONG: usize = 1 << 20;

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
    columnar: Option<Columnar>,
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
            columnar: Columnar::begin(format, columns)?,
            gathered: Vec::with_capacity(2 * GATHERED),
        };
        let lines = Lines {
            format,
            columns: &exporter.columns,
            relation: &exporter.relation,
        };
        // It goes out with the first rows.
        lines.head(&mut exporter.gathered)?;
        Ok(exporter)
    }

    /// Writes one row; missing cells are NULL.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
        let cells = whole(cells, self.columns.len());
        let place = self.next_place();
        let out = &mut self.gathered;
        match (&mut self.columnar, self.format) {
            (Some(columnar), _) => columnar.row(cells, out)?,
            (None, Format::Table) => self.table.row(out, &cells.collect::<Vec<_>>())?,
            (None, format) => {
                let lines = Lines {
                    format,
                    columns: &self.columns,
                    relation: &self.relation,
                };
                lines.row(out, cells, place)?;
            }
        }
        if self.gathered.len() >= GATHERED {
            self.hand_on()?;
        }
        Ok(())
    }

    fn next_place(&mut self) -> Place {
        self.rows += 1;
        if self.rows == 1 {
            Place::First
        } else {
            Place::Later
        }
    }

    /// Writes the rows of a batch.
    pub fn batch(&mut self, batch: &RowBatch) -> io::Result<()> {
        if batch.text_bytes() > LONG && self.columnar.is_none() && self.format != Format::Table {
            return self.long(batch);
        }
        let mut cells = batch.cells();
        for _ in 0..batch.rows() {
            self.row(cells.by_ref().take(batch.columns()))?;
        }
        Ok(())
    }

    /// Writes rows past what is gathered.
    fn long(&mut self, batch: &RowBatch) -> io::Result<()> {
        self.hand_on()?;
        let mut cells = batch.cells();
        for _ in 0..batch.rows() {
            let place = self.next_place();
            let lines = Lines {
                format: self.format,
                columns: &self.columns,
                relation: &self.relation,
            };
            let cells = whole(cells.by_ref().take(batch.columns()), self.columns.len());
            let mut out = BufWriter::with_capacity(GATHERED, &mut self.out);
            lines.row(&mut out, cells, place)?;
            out.flush()?;
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
            Format::Parquet | Format::Arrow | Format::ArrowStream => {
                if let Some(columnar) = self.columnar.take() {
                    columnar.end(out)?;
                }
            }
        }
        self.hand_on()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// As many cells as there are columns; those that are missing are NULL.
fn whole<'a>(
    cells: impl IntoIterator<Item = Cell<'a>>,
    columns: usize,
) -> impl Iterator<Item = Cell<'a>> {
    let cells = cells.into_iter().chain(std::iter::repeat(Cell::Null));
    cells.take(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_oid: u32) -> Column {
        Column::computed(name, type_oid, "")
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

    fn batch(rows: &[&[&[u8]]]) -> RowBatch {
        let mut builder = crate::domain::rows::RowBatchBuilder::new(rows[0].len());
        for row in rows {
            for cell in *row {
                builder.begin_text(cell.len());
                builder.extend(cell);
            }
            builder.end_row();
        }
        builder.take()
    }

    #[test]
    fn bytes_that_are_no_text_leave_as_they_came() {
        let columns = [column("a", 25), column("b", 25)];
        let rows = batch(&[
            &[b"caf\xe9", b"\xff,\xfe"],
            &["\u{10fffd}".as_bytes(), b"\t\xe9"],
        ]);
        let written = |format| {
            let mut exporter = Exporter::begin(Vec::new(), format, &columns).unwrap();
            exporter.batch(&rows).unwrap();
            exporter.end().unwrap()
        };
        let csv = [
            b"a,b\ncaf\xe9,\"\xff,\xfe\"\n".as_slice(),
            "\u{10fffd},\t".as_bytes(),
            b"\xe9\n",
        ];
        assert_eq!(written(Format::Csv), csv.concat());
        let tsv = [
            b"a\tb\ncaf\xe9\t\xff,\xfe\n".as_slice(),
            "\u{10fffd}\t".as_bytes(),
            b"\\t\xe9\n",
        ];
        assert_eq!(written(Format::Tsv), tsv.concat());
        let insert = written(Format::Insert);
        assert!(insert.starts_with(b"INSERT INTO result (a, b) VALUES ('caf\xe9', '\xff,\xfe');"));
        let json = String::from_utf8(written(Format::JsonLines)).unwrap();
        assert!(json.starts_with("{\"a\": \"caf\u{fffd}\""), "{json}");
        assert!(json.contains("\"\u{10fffd}\""), "{json}");
    }

    #[test]
    fn long_values_are_written_as_short_ones_are() {
        let columns = [column("a", 25), column("b", 114)];
        let text = "x\"\n|\\é,".repeat(LONG / 4);
        let json = format!("{{\"a\":\n\"{}\"}}", "y".repeat(LONG));
        let rows = batch(&[&[text.as_bytes(), json.as_bytes()], &[b"1", b"2"]]);
        for format in [
            Format::Csv,
            Format::Tsv,
            Format::Json,
            Format::JsonLines,
            Format::Markdown,
            Format::Insert,
        ] {
            let mut exporter = Exporter::begin(Vec::new(), format, &columns).unwrap();
            exporter.batch(&rows).unwrap();
            assert!(
                exporter.gathered.capacity() < LONG,
                "{format:?}: a second copy is held"
            );
            let long = exporter.end().unwrap();
            let mut plain = Exporter::begin(Vec::new(), format, &columns).unwrap();
            for row in 0..rows.rows() {
                plain.row(rows.row(row)).unwrap();
            }
            assert!(long == plain.end().unwrap(), "{format:?}");
        }
    }

    #[test]
    fn an_empty_result_is_still_json() {
        let exporter = Exporter::begin(Vec::new(), Format::Json, &[]).unwrap();
        assert_eq!(exporter.end().unwrap(), b"[]\n");
    }
}

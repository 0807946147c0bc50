//! Rows as an aligned table for a person.

use std::io::{self, Write};

use crate::domain::rows::Cell;
use crate::domain::rows::cell;
use crate::domain::rows::width::{Alignment, alignment};
use crate::domain::run::Column;

/// Rows looked at before widths are settled: memory stays bounded, however long the result.
const MEASURED_ROWS: usize = 1000;

/// Cells shown of one value at most.
const WIDEST: usize = 4096;

/// An aligned table. Values are made safe for the terminal.
#[derive(Debug)]
pub(super) struct Table {
    names: Vec<String>,
    sides: Vec<Alignment>,
    widths: Vec<usize>,
    held: Vec<Vec<String>>,
    head_written: Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Held,
    Written,
}

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        let names: Vec<String> = columns
            .iter()
            .map(|column| cell::clipped(&column.name, WIDEST).into_owned())
            .collect();
        Self {
            widths: names.iter().map(|name| cell::width(name)).collect(),
            names,
            sides: columns.iter().map(alignment).collect(),
            held: Vec::new(),
            head_written: Head::Held,
        }
    }

    pub(super) fn row(&mut self, out: &mut impl Write, cells: &[Cell<'_>]) -> io::Result<()> {
        let row: Vec<String> = cells
            .iter()
            .map(|value| cell::clipped(value.text().unwrap_or_default(), WIDEST).into_owned())
            .collect();
        if self.head_written == Head::Written {
            return self.line(out, &row);
        }
        for (width, text) in self.widths.iter_mut().zip(&row) {
            *width = (*width).max(cell::width(text));
        }
        self.held.push(row);
        if self.held.len() >= MEASURED_ROWS {
            self.release(out)
        } else {
            Ok(())
        }
    }

    /// Writes the head and the rows held back.
    fn release(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.head_written == Head::Written {
            return Ok(());
        }
        self.head_written = Head::Written;
        let centred: Vec<String> = self
            .names
            .iter()
            .zip(&self.widths)
            .map(|(name, width)| format!("{}{name}", " ".repeat((width - cell::width(name)) / 2)))
            .collect();
        self.padded(out, &centred, &vec![Alignment::Left; centred.len()])?;
        let rules: Vec<String> = self
            .widths
            .iter()
            .map(|width| "-".repeat(width + 2))
            .collect();
        writeln!(out, "{}", rules.join("+"))?;
        for row in std::mem::take(&mut self.held) {
            self.line(out, &row)?;
        }
        Ok(())
    }

    fn line(&self, out: &mut impl Write, row: &[String]) -> io::Result<()> {
        self.padded(out, row, &self.sides)
    }

    fn padded(&self, out: &mut impl Write, row: &[String], sides: &[Alignment]) -> io::Result<()> {
        let last = row.len().saturating_sub(1);
        for (place, ((text, width), side)) in row.iter().zip(&self.widths).zip(sides).enumerate() {
            if place > 0 {
                out.write_all(b"|")?;
            }
            let room = " ".repeat(width.saturating_sub(cell::width(text)));
            match side {
                Alignment::Right => write!(out, " {room}{text}")?,
                // Nothing follows the last column, so nothing pads it.
                Alignment::Left if place == last => write!(out, " {text}")?,
                Alignment::Left => write!(out, " {text}{room}")?,
            }
            if place < last {
                out.write_all(b" ")?;
            }
        }
        out.write_all(b"\n")
    }

    pub(super) fn end(&mut self, out: &mut impl Write, rows: u64) -> io::Result<()> {
        self.release(out)?;
        writeln!(out, "({rows} {})", if rows == 1 { "row" } else { "rows" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exporter, Format};
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let column = |name: &str, type_oid| Column::computed(name, type_oid, "");
        let columns = [column("id", 23), column("name", 25)];
        let mut exporter = Exporter::begin(Vec::new(), Format::Table, &columns).unwrap();
        exporter
            .row([Cell::Text("1000"), Cell::Text("日本\u{1b}")])
            .unwrap();
        exporter.row([Cell::Text("1"), Cell::Null]).unwrap();
        let text = String::from_utf8(exporter.end().unwrap()).unwrap();
        assert_eq!(
            text,
            "  id  | name\n------+-------\n 1000 | 日本␛\n    1 | \n(2 rows)\n"
        );
    }
}

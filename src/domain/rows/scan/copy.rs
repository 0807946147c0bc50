//! Writing chosen rows out as text for the clipboard.

use std::io::{self, Write};
use std::ops::{ControlFlow, Range};

use super::{Ended, Gather, Going, Progress, Report};
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::rows::Snapshot;
use crate::domain::rows::batch::Cell;
use crate::domain::rows::glance;
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::store::Stretch;
use crate::domain::rows::stray;
use crate::domain::rows::view::RowView;
use crate::domain::run::Column;

/// In which form rows are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A value as it is; several with tabs and line breaks between, as spreadsheets paste them.
    Plain,
    /// As files are written.
    File(Format),
    /// `(1, 2, 3)`, to follow IN.
    InList,
}

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The spots, top to bottom.
    pub spots: Range<usize>,
    /// The rows that show, if not all do.
    pub view: Option<RowView>,
}

/// What to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Which rows.
    pub lines: Lines,
    /// Which columns, left to right.
    pub columns: Vec<usize>,
    /// In which form.
    pub form: Form,
    /// What INSERT statements name, quoted.
    pub relation: String,
    /// Bytes that are too many.
    pub limit: usize,
}

/// Text for the clipboard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// The text.
    pub text: String,
    /// Rows in it.
    pub rows: usize,
    /// Columns of it.
    pub columns: usize,
}

/// Writes rows in some form.
enum Writer {
    Plain(Limited),
    File(Exporter<Limited>),
    InList(Limited),
}

/// Memory up to a limit.
#[derive(Debug)]
struct Limited {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Copy {
    pub(super) fn run(
        &self,
        rows: &Snapshot,
        watch: &mut dyn FnMut(Report) -> Going,
    ) -> Result<Copied, Ended> {
        let columns: Vec<Column> = self
            .columns
            .iter()
            .filter_map(|column| rows.columns().get(*column).cloned())
            .collect();
        let writer = self.begin(&columns).map_err(|error| self.failed(&error))?;
        let mut writing = Writing {
            job: self,
            columns: &columns,
            writer,
            progress: Progress {
                done: 0,
                total: self.lines.spots.len(),
            },
            watch,
        };
        match &self.lines.view {
            Some(view) => writing.shown(rows, view)?,
            None => writing.lying(rows)?,
        }
        let Writing {
            writer, progress, ..
        } = writing;
        let bytes = end(writer).map_err(|error| self.failed(&error))?;
        Ok(Copied {
            // A clipboard takes nothing but text.
            text: match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            },
            rows: progress.done,
            columns: columns.len(),
        })
    }

    fn failed(&self, error: &io::Error) -> Ended {
        let failure = if error.kind() == io::ErrorKind::FileTooLarge {
            let limit = glance::bytes(self.limit);
            Failure::local(format!("more than {limit} is too much for a clipboard"))
                .with_hint("save it to a file")
        } else {
            Failure::local(format!("the rows could not be copied: {error}"))
        };
        Ended::Failed(failure)
    }

    fn begin(&self, columns: &[Column]) -> io::Result<Writer> {
        let memory = Limited {
            bytes: Vec::new(),
            limit: self.limit,
        };
        Ok(match self.form {
            Form::Plain => Writer::Plain(memory),
            Form::InList => Writer::InList(memory),
            Form::File(format) => Writer::File(Exporter::begin_into(
                memory,
                format,
                columns,
                &self.relation,
            )?),
        })
    }

    fn row(
        &self,
        writer: &mut Writer,
        columns: &[Column],
        cells: &[Cell<'_>],
        first: bool,
    ) -> io::Result<()> {
        match writer {
            Writer::File(exporter) => exporter.row(cells.iter().copied()),
            Writer::Plain(out) => {
                if !first {
                    out.write_all(b"\n")?;
                }
                let alone = self.lines.spots.len() == 1 && cells.len() == 1;
                for (place, cell) in cells.iter().enumerate() {
                    if place > 0 {
                        out.write_all(b"\t")?;
                    }
                    let text = &*stray::readable(cell.text().unwrap_or_default());
                    if alone {
                        out.write_all(text.as_bytes())?;
                    } else {
                        among_others(out, text)?;
                    }
                }
                Ok(())
            }
            Writer::InList(out) => {
                out.write_all(if first { b"(" } else { b", " })?;
                if let [only] = cells {
                    return literal(out, columns.first(), *only);
                }
                out.write_all(b"(")?;
                for (place, cell) in cells.iter().enumerate() {
                    if place > 0 {
                        out.write_all(b", ")?;
                    }
                    literal(out, columns.get(place), *cell)?;
                }
                out.write_all(b")")
            }
        }
    }
}

/// A copy under way.
struct Writing<'a> {
    job: &'a Copy,
    columns: &'a [Column],
    writer: Writer,
    progress: Progress,
    watch: &'a mut dyn FnMut(Report) -> Going,
}

impl Writing<'_> {
    /// Writes rows in the order they show.
    fn shown(&mut self, rows: &Snapshot, view: &RowView) -> Result<(), Ended> {
        let gather = Gather {
            rows,
            view,
            columns: &self.job.columns,
        };
        for window in gather.windows(self.job.lines.spots.clone()) {
            let read = gather.read(window, || self.going());
            let ControlFlow::Continue(batch) = read.map_err(Ended::Failed)? else {
                return Err(Ended::Stopped);
            };
            for row in 0..batch.rows() {
                self.row(&batch.row(row).collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Writes rows in the order they lie.
    fn lying(&mut self, rows: &Snapshot) -> Result<(), Ended> {
        let Range { start, end } = self.job.lines.spots;
        let end = end.min(rows.rows());
        let mut next = start;
        while next < end
            && let Some(stretch) = rows.batch_of(next)
        {
            let Stretch { first, batch } = stretch.map_err(Ended::Failed)?;
            if self.going().is_break() {
                return Err(Ended::Stopped);
            }
            let last = end.min(first + batch.rows());
            for row in next..last {
                let columns = self.job.columns.iter();
                let cells = columns.filter_map(|column| batch.cell(row - first, *column));
                self.row(&cells.collect::<Vec<_>>())?;
            }
            next = last;
        }
        Ok(())
    }

    fn going(&mut self) -> ControlFlow<()> {
        let report = Report {
            progress: self.progress,
            found: Vec::new(),
        };
        match (self.watch)(report) {
            Going::On => ControlFlow::Continue(()),
            Going::Stop => ControlFlow::Break(()),
        }
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), Ended> {
        let first = self.progress.done == 0;
        self.progress.done += 1;
        self.job
            .row(&mut self.writer, self.columns, cells, first)
            .map_err(|error| self.job.failed(&error))
    }
}

fn end(writer: Writer) -> io::Result<Vec<u8>> {
    Ok(match writer {
        Writer::Plain(memory) => memory.bytes,
        Writer::InList(mut memory) => {
            if memory.bytes.is_empty() {
                memory.write_all(b"(NULL")?;
            }
            memory.write_all(b")")?;
            memory.bytes
        }
        Writer::File(exporter) => exporter.end()?.bytes,
    })
}

/// A value among others is quoted as spreadsheets do if it would break the lines apart.
fn among_others(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.contains(['\t', '\n', '\r']) || text.starts_with('"') {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}

/// A value as SQL has it.
fn literal(out: &mut impl Write, column: Option<&Column>, cell: Cell<'_>) -> io::Result<()> {
    let Cell::Text(text) = cell else {
        return out.write_all(b"NULL");
    };
    let number = column.is_some_and(|column| kind::of(column) == Kind::Number)
        && text
            .trim_start_matches('-')
            .starts_with(|c: char| c.is_ascii_digit());
    if number {
        out.write_all(text.as_bytes())
    } else {
        out.write_all(ident::literal(&stray::readable(text)).as_bytes())
    }
}

//! Rows written to a file of the person's choice: whole or not at all, and never over another file.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::domain::access::{Report, Snapshot as Rights};
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::rows::kind::{self, Kind};
use crate::domain::rows::scan::Gather;
use crate::domain::rows::view::RowView;
use crate::domain::rows::{Snapshot, stray};

/// Bytes of a value written at once.
const VALUE_PART: usize = 1 << 20;

/// A file that is written beside its name and gets it when it is complete. Dropped before that, it
/// leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    beside: NamedTempFile,
    target: PathBuf,
}

impl NewFile {
    /// Begins a file at `path`; `~/` means the home folder.
    ///
    /// # Errors
    /// A file of that name exists, or there can be none.
    pub fn create(path: &str) -> Result<Self, Failure> {
        let target = expanded(path);
        if target.exists() {
            return Err(refused(&target, &io::ErrorKind::AlreadyExists.into()));
        }
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        match NamedTempFile::new_in(folder.unwrap_or(Path::new("."))) {
            Ok(beside) => Ok(Self { beside, target }),
            Err(error) => Err(refused(&target, &error)),
        }
    }

    /// A handle to write with.
    pub fn writer(&self) -> Result<File, Failure> {
        self.beside
            .as_file()
            .try_clone()
            .map_err(|error| self.refused(&error))
    }

    /// What to say of a write that failed.
    #[must_use]
    pub fn refused(&self, error: &io::Error) -> Failure {
        refused(&self.target, error)
    }

    /// Gives the file its name; says where it is.
    pub fn keep(self) -> Result<String, Failure> {
        let Self { beside, target } = self;
        let kept = beside.as_file().sync_all().and_then(|()| {
            beside
                .persist_noclobber(&target)
                .map_err(|error| error.error)
        });
        match kept {
            Ok(_) => Ok(target.display().to_string()),
            Err(error) => Err(refused(&target, &error)),
        }
    }
}

fn refused(target: &Path, error: &io::Error) -> Failure {
    let failure = Failure::local(format!("cannot write {}: {error}", target.display()));
    match error.kind() {
        io::ErrorKind::AlreadyExists => failure.with_hint("choose another name"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.with_hint("the disk is full; no part of the file was kept")
        }
        _ => failure,
    }
}

/// Writes a result to a new file; says where it is. `step` hears how many rows are written and says
/// whether to go on.
pub fn save(
    rows: &Snapshot,
    format: Format,
    path: &str,
    mut step: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<String, Failure> {
    let file = NewFile::create(path)?;
    let said = |error: io::Error| file.refused(&error);
    let mut exporter = Exporter::begin(file.writer()?, format, rows.columns()).map_err(said)?;
    for stretch in rows.batches() {
        let stretch = stretch?;
        if step(stretch.first).is_break() {
            return Err(stopped(path));
        }
        exporter.batch(&stretch.batch).map_err(said)?;
    }
    drop(exporter.end().map_err(said)?);
    file.keep()
}

/// Writes the rows that show, in the order they show, likewise.
///
/// # Errors
/// A file of that name exists, it cannot be written, or rows cannot be read back.
pub fn save_shown(
    (rows, view): (&Snapshot, &RowView),
    format: Format,
    path: &str,
    mut step: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<String, Failure> {
    let file = NewFile::create(path)?;
    let said = |error: io::Error| file.refused(&error);
    let mut exporter = Exporter::begin(file.writer()?, format, rows.columns()).map_err(said)?;
    let columns: Vec<usize> = (0..rows.columns().len()).collect();
    let gather = Gather {
        rows,
        view,
        columns: &columns,
    };
    for window in gather.windows(0..view.len()) {
        let first = window.start;
        let ControlFlow::Continue(batch) = gather.read(window, || step(first))? else {
            return Err(stopped(path));
        };
        exporter.batch(&batch).map_err(said)?;
    }
    drop(exporter.end().map_err(said)?);
    file.keep()
}

fn stopped(path: &str) -> Failure {
    let said = format!("stopped; {path} was not written");
    Failure::new(Phase::Local, Origin::Cancelled, said)
}

/// Writes one value to a new file, likewise: the bytes of a `bytea`, else the text as the server sent
/// it. `step` hears how many bytes of its text are read.
pub fn save_value(
    rows: &Snapshot,
    value: (usize, usize),
    path: &str,
    mut step: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<String, Failure> {
    let file = NewFile::create(path)?;
    let mut out = file.writer()?;
    let is_bytes = rows
        .columns()
        .get(value.1)
        .is_some_and(|column| kind::of(column) == Kind::Bytes);
    let mut hexadecimal = false;
    let mut read = 0;
    loop {
        let part = rows.part(value, read, VALUE_PART)?.unwrap_or_default();
        if step(read).is_break() {
            return Err(stopped(path));
        }
        let mut text = part.text.as_str();
        if read == 0
            && is_bytes
            && let Some(digits) = text.strip_prefix("\\x")
        {
            (hexadecimal, text) = (true, digits);
        }
        let written = if hexadecimal {
            out.write_all(&decoded(text))
        } else {
            out.write_all(&stray::bytes(text))
        };
        written.map_err(|error| file.refused(&error))?;
        read = part.to();
        if read >= part.whole {
            return file.keep();
        }
    }
}

/// Bytes from their digits, of which a part of a value has an even number.
fn decoded(digits: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    let (pairs, _) = digits.as_bytes().as_chunks();
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(high) << 4 | digit(low)).unwrap_or(0))
        .collect()
}

/// Writes rights as rows, likewise.
///
/// # Errors
/// A file of that name exists, or it cannot be written.
pub fn save_rights(
    rights: &Rights,
    report: &Report,
    format: Format,
    path: &str,
) -> Result<String, Failure> {
    let file = NewFile::create(path)?;
    let said = |error: io::Error| file.refused(&error);
    let columns = Report::columns();
    let mut exporter = Exporter::begin(file.writer()?, format, &columns).map_err(said)?;
    report.write(rights, &mut exporter).map_err(said)?;
    drop(exporter.end().map_err(said)?);
    file.keep()
}

/// The path a person typed; `~/` means the home folder.
#[must_use]
pub fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::rows::{ResultSet, RowBatchBuilder};
    use crate::domain::run::Column;

    fn rows() -> Snapshot {
        let column = Column::computed("n", 23, "int4");
        let mut result = ResultSet::new([column].into());
        let mut builder = RowBatchBuilder::new(1);
        builder.push_row([Some("1")]);
        builder.push_row([None]);
        result.push(Arc::new(builder.take()));
        result.snapshot()
    }

    fn on(_rows: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn rows_are_saved_whole_and_never_over_another_file() {
        let rows = rows();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv").display().to_string();
        assert_eq!(save(&rows, Format::Csv, &path, on).unwrap(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "n\n1\n\n");
        let refused = save(&rows, Format::Json, &path, on).unwrap_err();
        assert_eq!(refused.hint.as_deref(), Some("choose another name"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rows_are_saved_as_they_show() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv").display().to_string();
        let view = RowView::new(vec![1, 0], 2);
        assert!(save_shown((&rows(), &view), Format::Csv, &path, on).is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "n\n\n1\n");
    }

    #[test]
    fn a_value_is_saved_as_the_bytes_it_is() {
        let column = |type_oid| Column {
            type_oid,
            ..rows().columns().first().unwrap().clone()
        };
        let mut result = ResultSet::new([column(25), column(17)].into());
        let mut builder = RowBatchBuilder::new(2);
        let digits = "00ff41".repeat(VALUE_PART);
        for value in [&b"caf\xe9"[..], format!("\\x{digits}").as_bytes()] {
            builder.begin_text(value.len());
            builder.extend(value);
        }
        builder.end_row();
        result.push(Arc::new(builder.take()));
        let (rows, folder) = (result.snapshot(), tempfile::tempdir().unwrap());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut told = 0;
        let saved = |column, name| save_value(&rows, (0, column), &path(name), on).unwrap();
        assert_eq!(std::fs::read(saved(0, "text")).unwrap(), b"caf\xe9");
        let bytes = std::fs::read(saved(1, "bytes")).unwrap();
        assert!(bytes == [0, 0xff, b'A'].repeat(VALUE_PART));
        let stop = save_value(&rows, (0, 1), &path("stopped"), |read| {
            told = read;
            if read > 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(stop.unwrap_err().origin, Origin::Cancelled);
        assert_eq!(told, VALUE_PART);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_stopped_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv").display().to_string();
        let stopped = save(&rows(), Format::Csv, &path, |_| ControlFlow::Break(()));
        assert_eq!(stopped.unwrap_err().origin, Origin::Cancelled);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! Rows written to a file of the person's choice: whole or not at all, and never over another file.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::domain::access::{Report, Snapshot};
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::Failure;
use crate::domain::rows::Snapshot as Rows;

/// Writes a result beside `path`, then gives it that name; says where it is. `~/` means the home
/// folder.
///
/// # Errors
/// A file of that name exists, or it cannot be written.
pub fn save(rows: &Rows, format: Format, path: &str) -> Result<String, Failure> {
    save_with(path, |file| {
        let mut exporter = Exporter::begin(file, format, rows.columns())?;
        for stretch in rows.batches() {
            let batch = stretch
                .map_err(|failure| io::Error::other(failure.message))?
                .batch;
            for row in 0..batch.rows() {
                exporter.row(batch.row(row))?;
            }
        }
        exporter.end()
    })
}

/// Writes rights as rows, likewise.
///
/// # Errors
/// A file of that name exists, or it cannot be written.
pub fn save_rights(
    rights: &Snapshot,
    report: &Report,
    format: Format,
    path: &str,
) -> Result<String, Failure> {
    save_with(path, |file| {
        let mut exporter = Exporter::begin(file, format, &Report::columns())?;
        report.write(rights, &mut exporter)?;
        exporter.end()
    })
}

type File = BufWriter<tempfile::NamedTempFile>;

fn save_with(path: &str, rows: impl FnOnce(File) -> io::Result<File>) -> Result<String, Failure> {
    let target = expanded(path);
    match write(rows, &target) {
        Ok(()) => Ok(target.display().to_string()),
        Err(error) => {
            let failure = Failure::local(format!("cannot save {}: {error}", target.display()));
            Err(match error.kind() {
                io::ErrorKind::AlreadyExists => failure.with_hint("choose another name"),
                _ => failure,
            })
        }
    }
}

fn write(rows: impl FnOnce(File) -> io::Result<File>, target: &Path) -> io::Result<()> {
    if target.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let file = rows(BufWriter::new(file))?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    let _ = file
        .persist_noclobber(target)
        .map_err(|error| error.error)?;
    Ok(())
}

fn expanded(path: &str) -> PathBuf {
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

    #[test]
    fn rows_are_saved_whole_and_never_over_another_file() {
        let column = Column {
            name: "n".into(),
            type_oid: 23,
            type_name: "int4".into(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        };
        let mut result = ResultSet::new([column].into());
        let mut builder = RowBatchBuilder::new(1);
        builder.push_row([Some("1")]);
        builder.push_row([None]);
        result.push(Arc::new(builder.take()));
        let rows = result.snapshot();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv").display().to_string();
        assert_eq!(save(&rows, Format::Csv, &path).unwrap(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "n\n1\n\n");
        let refused = save(&rows, Format::Json, &path).unwrap_err();
        assert_eq!(refused.hint.as_deref(), Some("choose another name"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

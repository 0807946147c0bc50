//! Where rows go: standard output, or a file that appears when it is complete.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::context::Ended;
use crate::domain::failure::Failure;

/// Where rows go.
#[derive(Debug)]
pub(super) struct Output {
    /// What is written to; a copy of it may be with a writer.
    file: File,
    /// The file beside its final name, which is gone if this is dropped.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    beside: TempPath,
    target: PathBuf,
}

impl Output {
    /// Opens `path`, or standard output. What is at the path stays until the new file is complete.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Ended> {
        let Some(path) = path else {
            // Not the standard library's handle, which looks for line ends in all it is given.
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            return Ok(Self {
                file,
                waiting: None,
            });
        };
        let failed = |error: io::Error| {
            Ended::Failed(Failure::local(format!(
                "cannot write {}: {error}",
                path.display()
            )))
        };
        // A link is followed, so that the file it names is replaced and not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let there = fs::metadata(&target).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            // A pipe or a device takes what comes; there is nothing to rename over.
            let file = OpenOptions::new()
                .write(true)
                .open(&target)
                .map_err(failed)?;
            return Ok(Self {
                file,
                waiting: None,
            });
        }
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // The permissions of the file that is replaced, or those any new file gets.
        let mode = there.map_or(0o666, |there| there.permissions().mode());
        let temporary = tempfile::Builder::new()
            .prefix(".pgiam-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)
            .map_err(failed)?;
        let (file, beside) = temporary.into_parts();
        let waiting = Some(Waiting { beside, target });
        Ok(Self { file, waiting })
    }

    /// A handle to write with.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the file its name. What failed before this leaves what was there.
    pub(super) fn keep(mut self) -> Result<(), Ended> {
        self.file.flush()?;
        let Some(Waiting { beside, target }) = self.waiting.take() else {
            return Ok(());
        };
        let outcome = self
            .file
            .sync_all()
            .and_then(|()| beside.persist(&target).map_err(|error| error.error));
        outcome.map_err(|error| {
            Ended::Failed(Failure::local(format!(
                "cannot write {}: {error}",
                target.display()
            )))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "old").unwrap();
        let output = Output::open(Some(&path)).unwrap();
        output.writer().unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::open(Some(&folder.path().join("rows.csv"))).unwrap();
        output.writer().unwrap().write_all(b"half").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_device_is_written_to_as_it_is() {
        let output = Output::open(Some(Path::new("/dev/null"))).unwrap();
        output.writer().unwrap().write_all(b"gone").unwrap();
        output.keep().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}

//! Files written whole or not at all, readable by their owner only.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::domain::failure::Failure;

/// Writes a file: beside it first, synced, then renamed over it. A link is followed, so that a
/// file kept in a repository of settings stays there.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    replace(&target, text).map_err(|error| failed("write", &target, &error))
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    let folder = target
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    make_folder(&folder)?;
    // Created with mode 0600, removed if anything goes wrong before the rename.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    let _ = file.persist(target).map_err(|error| error.error)?;
    File::open(&folder)?.sync_all()
}

/// Makes a folder that only its owner may enter, and those above it.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Appends lines to a file that only its owner may read.
pub fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let attempt = || {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let mut file = File::options().create(true).append(true).open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())
    };
    attempt().map_err(|error| failed("write", path, &error))
}

/// Reads a file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::local(format!("cannot {verb} {}: {error}", path.display()));
    if error.kind() == io::ErrorKind::StorageFull {
        return failure.with_hint("the disk is full; nothing was changed");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_stays_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        write(&real, "one").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, "two").unwrap();
        assert_eq!(read(&real).unwrap().as_deref(), Some("two"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

//! Rows that leave memory, in a private file without a name.
//!
//! The file is unlinked from the start (`O_TMPFILE` where the file system has it), readable by its
//! owner only, and gone with the last handle to it: nothing is left behind by a crash, and a result
//! that is no longer held gives its disk space back.

use std::fs::{File, Permissions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::failure::Failure;
use crate::domain::rows::store::Place;
use crate::domain::rows::{RowBatch, Shelf};

/// Bytes read or written at once.
const PIECE: usize = 256 << 10;

/// A shelf in a file.
#[derive(Debug)]
pub struct SpillFile {
    file: File,
    /// Where the next segment goes.
    end: Mutex<u64>,
    folder: PathBuf,
}

impl SpillFile {
    /// An empty file in `folder`; `None` is `$TMPDIR`, or `/tmp`.
    pub fn create(folder: Option<PathBuf>) -> Result<Arc<Self>, Failure> {
        let folder = folder.unwrap_or_else(std::env::temp_dir);
        let made = tempfile::tempfile_in(&folder).and_then(|file| {
            // `O_TMPFILE` leaves the mode to the umask.
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(Arc::new(Self {
                file,
                end: Mutex::new(0),
                folder,
            })),
            Err(error) => Err(refused("make a file for rows in", &folder, &error)),
        }
    }

    /// Writes a segment; says where it lies.
    ///
    /// # Errors
    /// The disk is full or refuses. What was written before stays readable.
    pub fn put(&self, batch: &RowBatch) -> Result<Place, Failure> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place {
            offset: *end,
            bytes: batch.written_bytes(),
        };
        let mut out = At {
            file: &self.file,
            offset: place.offset,
        };
        batch
            .write_to(&mut out)
            .map_err(|error| refused("put rows into", &self.folder, &error))?;
        *end = out.offset;
        Ok(place)
    }
}

impl Shelf for SpillFile {
    fn read(&self, place: Place) -> Result<RowBatch, Failure> {
        let input = At {
            file: &self.file,
            offset: place.offset,
        };
        let piece = usize::try_from(place.bytes).map_or(PIECE, |bytes| bytes.min(PIECE));
        let mut input = BufReader::with_capacity(piece, input);
        RowBatch::read_from(&mut input, place.bytes)
            .map_err(|error| refused("read rows back from", &self.folder, &error))
    }

    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; length];
        match self.file.read_exact_at(&mut bytes, offset) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(refused("read rows back from", &self.folder, &error)),
        }
    }
}

fn refused(what: &str, folder: &std::path::Path, error: &io::Error) -> Failure {
    let failure = Failure::local(format!("cannot {what} {}: {error}", folder.display()));
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied => {
            failure.with_hint("name another folder in settings.toml: [rows] folder = \"…\"")
        }
        _ => failure,
    }
}

/// A place in a file, for readers and writers that know no places.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.offset)?;
        self.offset += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::domain::rows::RowBatchBuilder;

    fn batch(text: &str) -> RowBatch {
        let mut builder = RowBatchBuilder::new(2);
        builder.push_row([Some(text), None]);
        builder.take()
    }

    #[test]
    fn segments_are_read_back_in_any_order_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = SpillFile::create(Some(folder.path().to_owned())).unwrap();
        let batches = ["one", "zwölf", &"x".repeat(3 << 20), ""].map(batch);
        let places: Vec<Place> = batches
            .iter()
            .map(|batch| file.put(batch).unwrap())
            .collect();
        for (batch, place) in batches.iter().zip(&places).rev() {
            assert_eq!(file.read(*place).as_ref(), Ok(batch));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let metadata = file.file.metadata().unwrap();
        assert_eq!(metadata.mode() & 0o077, 0, "nobody else may read it");
        assert_eq!(metadata.nlink(), 0);
    }

    #[test]
    fn what_was_changed_behind_our_back_is_refused() {
        let file = SpillFile::create(None).unwrap();
        let place = file.put(&batch("one")).unwrap();
        file.file.write_all_at(&[0xff; 8], place.offset).unwrap();
        assert!(file.read(place).unwrap_err().message.contains("read back"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = SpillFile::create(Some("/nonexistent/rows".into())).unwrap_err();
        assert!(refused.message.contains("/nonexistent/rows"));
        assert!(refused.hint.unwrap().contains("settings.toml"));
    }
}

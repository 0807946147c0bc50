//! Stands in where the program is built without Parquet and Arrow.

use std::convert::Infallible;
use std::io;

use super::Format;
use crate::domain::rows::Cell;
use crate::domain::run::Column;

/// Rows on their way into a file of columns: never.
#[derive(Debug)]
pub(super) struct Columnar(Infallible);

impl Columnar {
    /// `None` for a format of lines; an error that says how to get the others.
    pub(super) fn begin(format: Format, _columns: &[Column]) -> io::Result<Option<Self>> {
        match format.missing() {
            None => Ok(None),
            Some(missing) => Err(io::Error::new(io::ErrorKind::Unsupported, missing)),
        }
    }

    pub(super) fn row<'a>(
        &mut self,
        _cells: impl Iterator<Item = Cell<'a>>,
        _out: &mut Vec<u8>,
    ) -> io::Result<()> {
        match self.0 {}
    }

    pub(super) fn end(self, _out: &mut Vec<u8>) -> io::Result<()> {
        match self.0 {}
    }
}

//! Rows as Parquet and Arrow files, a bounded number of bytes at a time.
//!
//! Values gather column by column until they make a batch. Arrow writes each batch as it is; Parquet
//! gathers batches into a row group, which it holds encoded and compressed until the group is closed.
//!
//! Sources: Apache Parquet, "File Format"; Apache Arrow, "Columnar Format", "IPC File Format".

mod value;

use std::io;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchWriter};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::Format;
use crate::domain::rows::Cell;
use crate::domain::run::Column;

use value::Values;

/// Bytes of text that make a batch; a single row may have more.
const BATCH_BYTES: usize = 4 << 20;

/// Rows that make a batch.
const BATCH_ROWS: usize = 64 << 10;

/// Bytes of memory at which a row group is closed. Larger groups compress better, but all of a group
/// is held until it is whole.
const GROUP_BYTES: usize = 32 << 20;

/// What encodes batches. Each writes into memory, which is emptied as it fills.
enum Encoder {
    Parquet(Box<ArrowWriter<Vec<u8>>>),
    File(FileWriter<Vec<u8>>),
    Stream(StreamWriter<Vec<u8>>),
}

/// Rows on their way into a file of columns.
pub(super) struct Columnar {
    schema: SchemaRef,
    columns: Vec<Values>,
    encoder: Encoder,
    /// Rows and bytes of text that wait for their batch to be full.
    rows: usize,
    bytes: usize,
    /// Rows of earlier batches.
    earlier: u64,
}

impl std::fmt::Debug for Columnar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Columnar")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Columnar {
    /// Begins a file; `None` for a format of lines.
    pub(super) fn begin(format: Format, columns: &[Column]) -> io::Result<Option<Self>> {
        if !format.is_columnar() {
            return Ok(None);
        }
        if columns.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a result without columns cannot be written as columns",
            ));
        }
        let values: Vec<Values> = columns.iter().map(Values::of).collect();
        let fields = columns.iter().zip(&values);
        let fields: Vec<Field> = fields
            .map(|(column, values)| values.field(&column.name))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let out = Vec::new();
        let encoder = match format {
            Format::Arrow => Encoder::File(FileWriter::try_new(out, &schema).map_err(said)?),
            Format::ArrowStream => {
                Encoder::Stream(StreamWriter::try_new(out, &schema).map_err(said)?)
            }
            _ => {
                let writer =
                    ArrowWriter::try_new(out, Arc::clone(&schema), Some(parquet_properties()));
                Encoder::Parquet(Box::new(writer.map_err(said)?))
            }
        };
        Ok(Some(Self {
            schema,
            columns: values,
            encoder,
            rows: 0,
            bytes: 0,
            earlier: 0,
        }))
    }

    /// Takes a row; `out` gets what is ready to be written.
    pub(super) fn row<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        for ((values, field), cell) in self.columns.iter_mut().zip(self.schema.fields()).zip(cells)
        {
            self.bytes += cell.text().map_or(0, str::len);
            values.push(cell.text()).map_err(|unfit| {
                let row = self.earlier + self.rows as u64 + 1;
                let name = field.name();
                let text = format!("row {row}, column \"{name}\": {unfit}");
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.write_batch()?;
            self.give(out);
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn end(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.rows > 0 {
            self.write_batch()?;
        }
        match &mut self.encoder {
            Encoder::Parquet(writer) => drop(writer.finish().map_err(said)?),
            Encoder::File(writer) => writer.finish().map_err(said)?,
            Encoder::Stream(writer) => writer.finish().map_err(said)?,
        }
        self.give(out);
        Ok(())
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let arrays = self.columns.iter_mut().map(Values::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(said)?;
        self.earlier += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        match &mut self.encoder {
            Encoder::Parquet(writer) => {
                writer.write(&batch).map_err(said)?;
                if writer.memory_size() >= GROUP_BYTES {
                    writer.flush().map_err(said)?;
                }
                Ok(())
            }
            Encoder::File(writer) => RecordBatchWriter::write(writer, &batch).map_err(said),
            Encoder::Stream(writer) => RecordBatchWriter::write(writer, &batch).map_err(said),
        }
    }

    /// Moves what was encoded. The encoders count what they have written themselves, so that the
    /// places they remember stay right.
    fn give(&mut self, out: &mut Vec<u8>) {
        let encoded = match &mut self.encoder {
            Encoder::Parquet(writer) => writer.inner_mut(),
            Encoder::File(writer) => writer.get_mut(),
            Encoder::Stream(writer) => writer.get_mut(),
        };
        if out.is_empty() {
            std::mem::swap(out, encoded);
        } else {
            out.append(encoded);
        }
    }
}

/// Snappy is what readers expect, and its crate is pure Rust.
fn parquet_properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("pgiam ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}

fn said(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests;

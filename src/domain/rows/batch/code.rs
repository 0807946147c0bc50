//! A batch as bytes and back, for rows that leave memory for a while.

use std::io::{self, Read, Write};

use super::{Mark, RowBatch};

/// What was written is not what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rows read back are not the rows written")]
pub struct Malformed;

/// The counts that stand before a batch, 64 bits each: columns, rows, bytes of text, words of
/// lengths, marks, words of nulls.
const HEAD: usize = 6;

impl RowBatch {
    /// Bytes [`Self::write_to`] writes.
    #[must_use]
    pub const fn written_bytes(&self) -> u64 {
        (HEAD * 8
            + self.text.len()
            + (self.lengths.len() + self.marks.len() + self.nulls.len()) * 8) as u64
    }

    /// Writes the batch.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let counts: [usize; HEAD] = [
            self.columns,
            self.rows,
            self.text.len(),
            self.lengths.len(),
            self.marks.len(),
            self.nulls.len(),
        ];
        let words = HEAD + self.lengths.len() + self.marks.len() + self.nulls.len();
        let mut small = Vec::with_capacity(words * 8);
        for count in counts {
            small.extend_from_slice(&(count as u64).to_le_bytes());
        }
        for mark in &self.marks {
            small.extend_from_slice(&mark.text.to_le_bytes());
            small.extend_from_slice(&mark.lengths.to_le_bytes());
        }
        for word in self.nulls.iter().chain(&self.lengths) {
            small.extend_from_slice(&word.to_le_bytes());
        }
        out.write_all(&small)?;
        out.write_all(self.text.as_bytes())
    }

    /// Reads a batch that takes up `bytes` bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] with [`Malformed`] if it is none: the file was changed behind
    /// our back, or the disk failed.
    pub fn read_from(input: &mut impl Read, bytes: u64) -> io::Result<Self> {
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, Malformed);
        let mut counts = [0_usize; HEAD];
        for count in &mut counts {
            *count = usize::try_from(u64::from_le_bytes(array(input)?)).map_err(|_| malformed())?;
        }
        let [columns, rows, text, lengths, marks, nulls] = counts;
        let told = [HEAD, lengths, marks, nulls]
            .map(|words| words.saturating_mul(8))
            .into_iter()
            .fold(text, usize::saturating_add);
        // Nothing is allocated for counts that cannot be true.
        if told as u64 != bytes {
            return Err(malformed());
        }
        let marks = (0..marks)
            .map(|_| {
                Ok(Mark {
                    text: u32::from_le_bytes(array(input)?),
                    lengths: u32::from_le_bytes(array(input)?),
                })
            })
            .collect::<io::Result<Vec<_>>>()?;
        let mut words = |count: usize| {
            (0..count)
                .map(|_| array(input).map(u64::from_le_bytes))
                .collect::<io::Result<Vec<_>>>()
        };
        let (nulls, lengths) = (words(nulls)?, words(lengths)?);
        let mut bytes = vec![0; text];
        input.read_exact(&mut bytes)?;
        let batch = Self {
            text: String::from_utf8(bytes).map_err(|_| malformed())?,
            lengths,
            marks,
            nulls,
            columns,
            rows,
        };
        if batch.is_sound() {
            Ok(batch)
        } else {
            Err(malformed())
        }
    }
}

fn array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::super::RowBatchBuilder;
    use super::*;
    use proptest::prelude::*;

    fn written(batch: &RowBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        batch.write_to(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, batch.written_bytes());
        bytes
    }

    fn sample() -> RowBatch {
        let mut builder = RowBatchBuilder::new(2);
        for n in 0..100 {
            builder.push_row([Some("größe".repeat(n).as_str()), None]);
        }
        builder.take()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let batch = sample();
        let bytes = written(&batch);
        let read = RowBatch::read_from(&mut bytes.as_slice(), bytes.len() as u64).unwrap();
        assert_eq!(read, batch);
    }

    #[test]
    fn a_batch_cut_short_is_refused() {
        let bytes = written(&sample());
        for end in 0..bytes.len() {
            let cut = bytes.get(..end).unwrap();
            assert!(RowBatch::read_from(&mut &*cut, cut.len() as u64).is_err());
        }
    }

    proptest! {
        #[test]
        fn noise_is_refused_or_sound(at in 0_usize..6000, noise in any::<u8>()) {
            let mut bytes = written(&sample());
            let at = at % bytes.len();
            bytes[at] = noise;
            if let Ok(read) = RowBatch::read_from(&mut bytes.as_slice(), bytes.len() as u64) {
                prop_assert_eq!(read.cells().count(), read.rows() * read.columns());
            }
        }
    }
}

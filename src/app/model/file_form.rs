//! Asks for the file of a statement that reads one or fills one.

use super::grid::{FORMATS, extension};
use super::line::Line;
use super::query::Sent;
use crate::domain::export::Format;
use crate::domain::sql::classify::{Kind, classify};

/// What the file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// `COPY … FROM STDIN` reads it.
    Load,
    /// `COPY … TO STDOUT` fills it.
    Store,
    /// The statement's rows fill it, in that form.
    Rows(Format),
}

/// A statement and the file it is to run with.
#[derive(Debug, Clone)]
pub struct FileForm {
    /// What the file is for.
    pub purpose: FileUse,
    /// The statement.
    pub sent: Sent,
    /// The path as typed.
    pub path: Line,
}

impl FileForm {
    /// The form for a COPY with the client's streams that runs alone; `None` for anything else.
    #[must_use]
    pub fn for_copy(sent: &[Sent]) -> Option<Self> {
        let [sent] = sent else { return None };
        let purpose = match classify(&sent.text).kind {
            Kind::CopyFromStdin => FileUse::Load,
            Kind::CopyToStdout => FileUse::Store,
            _ => return None,
        };
        Some(Self {
            purpose,
            sent: sent.clone(),
            path: Line::default(),
        })
    }

    /// The form for a run whose rows go to a file.
    #[must_use]
    pub fn for_rows(sent: Sent) -> Self {
        let format = Format::Csv;
        Self {
            purpose: FileUse::Rows(format),
            sent,
            path: Line::new(&format!("result.{}", extension(format))),
        }
    }

    /// Chooses another form for the rows; the file's ending goes along while it is that of a form.
    pub fn choose(&mut self, step: isize) {
        let FileUse::Rows(now) = self.purpose else {
            return;
        };
        let at = FORMATS.iter().position(|format| *format == now);
        let next = (at.unwrap_or(0).cast_signed() + step).rem_euclid(FORMATS.len().cast_signed());
        let Some(format) = FORMATS.get(next.cast_unsigned()).copied() else {
            return;
        };
        if let Some(stem) = self.path.text().strip_suffix(extension(now)) {
            self.path = Line::new(&format!("{stem}{}", extension(format)));
        }
        self.purpose = FileUse::Rows(format);
    }
}

//! The result pane: what is typed into it, and what it opens on top.

use super::lens::Work;
use super::line::Line;
use crate::domain::export::Format;
use crate::domain::rows::pattern::Reading;
use crate::domain::rows::scan::Form;

/// What a one-line field of the pane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Something to look for in the rows.
    Search(Reading),
    /// A row's number.
    Row,
    /// What the values of a column must be; without a column, one value of the row.
    Filter(Option<usize>),
}

/// A one-line field at the foot of the pane.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is for.
    pub purpose: Purpose,
    /// What was typed.
    pub line: Line,
    /// What is wrong with it, once Enter said so.
    pub wrong: Option<String>,
}

impl Field {
    /// An empty field.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            line: Line::default(),
            wrong: None,
        }
    }
}

/// How much of the screen the pane takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Zoom {
    /// Its share.
    #[default]
    Share,
    /// All of it, while it has the keys.
    Whole,
}

impl Zoom {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Share => Self::Whole,
            Self::Whole => Self::Share,
        }
    }
}

/// What the mouse holds on to while it is dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// The right border of a column.
    Border {
        /// Which column.
        column: usize,
        /// The column of the screen where it was last.
        at: u16,
    },
    /// The heading of a column, which was not dragged yet.
    Heading {
        /// Which column.
        column: usize,
    },
}

/// A text that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// What it was: `copied 12 rows of 3 columns, 1.2 KiB`.
    pub said: String,
    /// Its bytes.
    pub bytes: usize,
}

/// The result pane.
#[derive(Debug, Default)]
pub struct Grid {
    /// What is being typed, if anything.
    pub field: Option<Field>,
    /// Lines of the messages that are scrolled away.
    pub messages_top: usize,
    /// How much of the screen it takes.
    pub zoom: Zoom,
    /// What the mouse holds on to.
    pub grip: Option<Grip>,
    /// Rows being written out for the clipboard.
    pub copying: Option<Work>,
    /// A text a program of the system was given for the clipboard, in words, and its bytes.
    pub handed: Option<Handed>,
}

/// What is saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Subject {
    /// All that the screen is about: a result, or rights.
    #[default]
    All,
    /// One value of a result.
    Value {
        /// Its row and column in the result.
        value: (usize, usize),
        /// Its bytes.
        bytes: usize,
    },
}

/// What is saved, where and how.
#[derive(Debug, Clone, Default)]
pub struct Save {
    /// What.
    pub subject: Subject,
    /// In which form.
    pub format: Format,
    /// The file's path.
    pub path: Line,
}

/// In which form the selection is copied: which of [`COPIES`] is selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyAs {
    /// The selected line.
    pub selected: usize,
}

/// The forms the clipboard can have, with the letter that chooses each.
pub const COPIES: [(char, Form); 9] = [
    ('p', Form::Plain),
    ('c', Form::File(Format::Csv)),
    ('t', Form::File(Format::Tsv)),
    ('j', Form::File(Format::Json)),
    ('l', Form::File(Format::JsonLines)),
    ('i', Form::File(Format::Insert)),
    ('m', Form::File(Format::Markdown)),
    ('n', Form::InList),
    ('a', Form::File(Format::Table)),
];

/// The name of a form for a person.
#[must_use]
pub const fn form_name(form: Form) -> &'static str {
    match form {
        Form::Plain => "plain text, tabs between columns",
        Form::InList => "IN list",
        Form::File(format) => format_name(format),
    }
}

/// The forms rows can be taken away in, in the order a person chooses from.
pub const FORMATS: &[Format] = &[
    Format::Csv,
    Format::Tsv,
    Format::Json,
    Format::JsonLines,
    Format::Markdown,
    Format::Insert,
    Format::Table,
    #[cfg(feature = "columnar")]
    Format::Parquet,
    #[cfg(feature = "columnar")]
    Format::Arrow,
    #[cfg(feature = "columnar")]
    Format::ArrowStream,
];

/// The name of a format for a person.
#[must_use]
pub const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Table => "table",
        Format::Csv => "CSV",
        Format::Tsv => "TSV",
        Format::Json => "JSON",
        Format::JsonLines => "JSON lines",
        Format::Markdown => "Markdown",
        Format::Insert => "INSERT",
        Format::Parquet => "Parquet",
        Format::Arrow => "Arrow file",
        Format::ArrowStream => "Arrow stream",
    }
}

/// The ending of files of a format.
#[must_use]
pub const fn extension(format: Format) -> &'static str {
    match format {
        Format::Table => "txt",
        Format::Csv => "csv",
        Format::Tsv => "tsv",
        Format::Json => "json",
        Format::JsonLines => "jsonl",
        Format::Markdown => "md",
        Format::Insert => "sql",
        Format::Parquet => "parquet",
        Format::Arrow => "arrow",
        Format::ArrowStream => "arrows",
    }
}

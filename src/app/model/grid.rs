//! The result pane: what is typed into it, and what it opens on top.

use super::line::Line;
use super::window::Place;
use crate::domain::export::Format;

/// What a one-line field of the pane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Text to look for in the rows.
    Search,
    /// A row's number.
    Row,
}

/// A one-line field at the foot of the pane.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is for.
    pub purpose: Purpose,
    /// What was typed.
    pub line: Line,
}

/// The result pane.
#[derive(Debug, Default)]
pub struct Grid {
    /// What is being typed, if anything.
    pub field: Option<Field>,
    /// Lines of the messages that are scrolled away.
    pub messages_top: usize,
}

/// What a viewer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One value.
    Value(Place),
    /// One row as a form.
    Record {
        /// Which row, from 0.
        row: usize,
    },
}

/// One value, or one row, in full.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// What it shows.
    pub subject: Subject,
    /// The heading, safe to show.
    pub title: String,
    /// The lines, safe to show, as wide as the viewer.
    pub lines: Vec<String>,
    /// Lines that are scrolled away.
    pub top: usize,
}

/// Where rows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The selection goes to the clipboard.
    Clipboard,
    /// The result goes to a file.
    File,
}

/// Where and how rows are taken away.
#[derive(Debug, Clone)]
pub struct Save {
    /// Where they go.
    pub destination: Destination,
    /// In which form.
    pub format: Format,
    /// The file's path; means nothing for the clipboard.
    pub path: Line,
}

/// The forms rows can be taken away in, in the order a person chooses from.
pub const FORMATS: [Format; 7] = [
    Format::Csv,
    Format::Tsv,
    Format::Json,
    Format::JsonLines,
    Format::Markdown,
    Format::Insert,
    Format::Table,
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
    }
}

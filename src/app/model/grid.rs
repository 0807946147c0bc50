//! The result pane: what is typed into it, and what it opens on top.

use super::line::Line;
use super::window::Place;

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

/// Where and how to save a result.
#[derive(Debug, Default)]
pub struct Save {}

//! What lies on top of a screen. Escape closes the top one and loses no text.

use super::form::Form;
use super::line::Line;
use super::query::Sent;
use crate::app::command::Command;
use crate::app::message::Ticket;
use crate::domain::profile::Profile;

/// A question with a yes and a no.
#[derive(Debug)]
pub struct Confirm {
    /// The heading.
    pub title: String,
    /// What would happen, exactly: shown as it is.
    pub body: Vec<String>,
    /// What a yes does.
    pub yes: Consent,
    /// The word on the yes key: `delete`, `apply`, `quit`.
    pub verb: &'static str,
}

/// What a yes does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Delete the profile of that name.
    DeleteProfile(String),
    /// Apply the selected fix through a profile.
    ApplyFix(Box<Profile>),
    /// Rehearse the refused statement through a profile.
    Prove(Box<Profile>),
    /// Run statements that change more than they seem to.
    Run(Vec<Sent>),
    /// Connect elsewhere, leaving the present connection.
    Dial(Box<Profile>),
    /// Drop the planned changes of rows and run statements.
    DropEditsAndRun(Vec<Sent>),
    /// Run the statement whose plan shows, and roll it back.
    Measure,
    /// Roll the failed transaction back.
    RollBack,
    /// Leave the program.
    Quit,
    /// Leave the workspace.
    Disconnect,
}

/// What a profile is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// To run the selected fix.
    Apply,
    /// To rehearse the refused statement, so that its fixes are proven.
    Prove,
}

/// A list to choose a profile from.
#[derive(Debug)]
pub struct Picker {
    /// What for.
    pub through: Through,
    /// Indices into the profiles.
    pub choices: Vec<usize>,
    /// Which line is selected.
    pub selected: usize,
}

/// The list of all verbs.
#[derive(Debug, Default)]
pub struct Palette {
    /// What they must contain.
    pub filter: Line,
    /// Which line is selected.
    pub selected: usize,
}

/// A password that is asked for, last of all sources.
#[derive(Debug)]
pub struct PasswordPrompt {
    /// The attempt that asks.
    pub ticket: Ticket,
    /// For whom.
    pub prompt: String,
    /// What was typed; shown as dots.
    pub line: Line,
}

/// One thing on top of a screen.
#[derive(Debug)]
pub enum Overlay {
    /// The keys that work here.
    Help {
        /// Lines scrolled.
        scroll: usize,
    },
    /// All verbs.
    Palette(Palette),
    /// A question.
    Confirm(Confirm),
    /// A profile being written.
    Form(Box<Form>),
    /// A password being asked for.
    Password(PasswordPrompt),
    /// The stages of the attempt under way.
    Dialing,
    /// The diagnostics panel, over the connections screen.
    Diagnosis,
    /// Through which profile a fix goes, or its proof.
    Through(Picker),
    /// The doctor's stages for a profile.
    Doctor {
        /// The profile's name.
        profile: String,
    },
    /// What to do with a token: it is neither shown nor copied unasked.
    Token {
        /// The profile's name.
        profile: String,
    },
    /// A cell being edited.
    EditCell(super::edit::CellEditor),
    /// A new row being filled in.
    NewRow(super::edit::RowForm),
    /// The statements of planned changes, before they are made.
    Review {
        /// Which is selected.
        selected: usize,
    },
    /// The plan of a statement.
    Plan,
    /// What ran before.
    History(super::history::HistoryList),
    /// One value, or one row, in full.
    Viewer(super::viewer::Viewer),
    /// Which file a statement runs with.
    File(super::file_form::FileForm),
    /// Where and how to save a result.
    Save(super::grid::Save),
    /// In which form to copy the selection.
    CopyAs(super::grid::CopyAs),
    /// The columns of the result.
    Columns(super::column_list::ColumnList),
    /// What a column holds.
    Statistics(super::summary::Statistics),
    /// One or two columns drawn.
    Chart(super::summary::Chart),
}

impl Command {
    /// Whether the verb may run while something lies on top: only those that close it or leave.
    #[must_use]
    pub const fn works_over_overlays(self) -> bool {
        matches!(self, Self::Quit | Self::Suspend)
    }
}

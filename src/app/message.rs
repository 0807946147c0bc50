//! Everything that can happen to the program.

use std::sync::Arc;

use super::key::{Key, Mouse};
use crate::domain::access::Snapshot;
use crate::domain::catalog::CatalogPart;
use crate::domain::diagnosis::{Applied, Finding, WhyReport};
use crate::domain::edit::{Made, Unmade};
use crate::domain::failure::Failure;
use crate::domain::history::Entry;
use crate::domain::link::LinkFacts;
use crate::domain::profile::Profile;
use crate::domain::rows::scan::{Answer, Report};
use crate::domain::rows::store::Shelved;
use crate::domain::rows::{Part, ResultId, RowBatch, SharedShelf};
use crate::domain::run::RunEvent;
use crate::domain::stage::StageReport;
use crate::domain::time::Timestamp;

/// Identity of an outstanding effect. An answer whose ticket nobody waits for is dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The rows of a small answer, as text; `None` is NULL.
pub type Rows = Vec<Vec<Option<String>>>;

/// What came of putting segments on a shelf.
#[derive(Debug)]
pub struct Spilled {
    /// The shelf; `None` if there could be none.
    pub shelf: Option<SharedShelf>,
    /// Segments that are on it now.
    pub shelved: Vec<Shelved>,
    /// Segments that stay in memory.
    pub stayed: Vec<usize>,
    /// Why they do.
    pub failure: Option<Failure>,
}

/// A segment that was read back, or could not be.
#[derive(Debug)]
pub struct Fetched {
    /// Which.
    pub segment: usize,
    /// Its rows.
    pub batch: Result<Arc<RowBatch>, Failure>,
}

/// Everything that can happen. Built in `tui`, judged in `update`.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// The mouse did something.
    Mouse(Mouse),
    /// Text was pasted in one piece.
    Pasted(String),
    /// The terminal has a new size, in cells.
    Resized {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// The time the model asked for has come.
    Ticked {
        /// The time now.
        now: Timestamp,
    },
    /// The profile file was read.
    ProfilesRead(Result<Vec<Profile>, Failure>),
    /// The profile file was changed, or could not be.
    ProfilesWritten {
        /// Which request.
        ticket: Ticket,
        /// The profiles as they are now, or why nothing was written.
        outcome: Result<Vec<Profile>, Failure>,
    },
    /// A stage of a connection moved on.
    StageMoved {
        /// Which attempt.
        ticket: Ticket,
        /// How the stage is now.
        report: StageReport,
    },
    /// A password is wanted, last of all sources.
    PasswordWanted {
        /// Which attempt.
        ticket: Ticket,
        /// For whom: `analyst at orders-prod`.
        prompt: String,
    },
    /// The connection stands.
    LinkUp {
        /// Which attempt.
        ticket: Ticket,
        /// What the server told.
        facts: LinkFacts,
    },
    /// The connection was refused.
    LinkRefused {
        /// Which attempt.
        ticket: Ticket,
        /// What went wrong.
        failure: Failure,
        /// Why, with fixes.
        findings: Vec<Finding>,
    },
    /// The connection ended under us.
    LinkLost {
        /// Which attempt had opened it.
        ticket: Ticket,
        /// What was seen.
        failure: Failure,
    },
    /// A part of the catalog arrived.
    CatalogArrived {
        /// Which request.
        ticket: Ticket,
        /// The part.
        part: CatalogPart,
    },
    /// The catalog could not be read to its end.
    CatalogFailed {
        /// Which request.
        ticket: Ticket,
        /// Why.
        failure: Failure,
    },
    /// A run moved on.
    Ran {
        /// Which run.
        ticket: Ticket,
        /// What happened.
        event: RunEvent,
    },
    /// A plan came, or did not.
    Explained {
        /// Which question.
        ticket: Ticket,
        /// The plan as the server's JSON.
        outcome: Result<String, Failure>,
    },
    /// Changes of rows were made, or undone.
    EditsMade {
        /// Which request.
        ticket: Ticket,
        /// The rows as they are now, or what was refused.
        outcome: Result<Made, Box<Unmade>>,
    },
    /// The server answered something small about itself.
    Looked {
        /// Which question.
        ticket: Ticket,
        /// Its rows.
        outcome: Result<Rows, Failure>,
    },
    /// A refusal was explained.
    WhyAnswered {
        /// Which question.
        ticket: Ticket,
        /// The answer.
        outcome: Result<Box<WhyReport>, Failure>,
    },
    /// The rights of the database were read, or could not be.
    RightsArrived {
        /// Which request.
        ticket: Ticket,
        /// The rights.
        outcome: Result<Box<Snapshot>, Failure>,
    },
    /// A fix was applied, or could not be.
    FixApplied {
        /// Which request.
        ticket: Ticket,
        /// What the server said.
        outcome: Result<Applied, Failure>,
    },
    /// The unsaved texts of a profile's tabs were read.
    DraftsRead {
        /// The profile's name.
        profile: String,
        /// The texts.
        tabs: Vec<String>,
    },
    /// What ran before was read.
    HistoryRead(Vec<Entry>),
    /// Work on all rows of a result goes on.
    Scanning {
        /// Which work.
        ticket: Ticket,
        /// How far it is, and what it found.
        report: Report,
    },
    /// Work on all rows of a result is done, or could not be.
    Scanned {
        /// Which work.
        ticket: Ticket,
        /// What came of it.
        outcome: Result<Answer, Failure>,
    },
    /// A program of the system took a text for the clipboard, or could not. Its name; `None` if there
    /// is no such program.
    Clipped(Result<Option<String>, Failure>),
    /// Rows were put on a shelf, or could not be.
    Spilled {
        /// Which result's.
        result: ResultId,
        /// What came of it.
        outcome: Spilled,
    },
    /// Rows were read back.
    Fetched {
        /// Which result's.
        result: ResultId,
        /// The segments.
        segments: Vec<Fetched>,
    },
    /// A result was saved to a file, or could not be.
    Saved {
        /// Which request.
        ticket: Ticket,
        /// The file, or why there is none.
        outcome: Result<String, Failure>,
    },
    /// Rows, or the bytes of a value, are being written.
    Saving {
        /// Which request.
        ticket: Ticket,
        /// How many are.
        done: usize,
    },
    /// A part of a value was read; `None` if there is no such value.
    PartRead {
        /// Which request.
        ticket: Ticket,
        /// The part.
        outcome: Result<Option<Part>, Failure>,
    },
    /// Something short to tell, for the status line.
    Told(String),
    /// Something outside failed that nobody waits for.
    Failed(Failure),
}

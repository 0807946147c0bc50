//! Everything the program can ask for. Plain data, comparable in tests.

use std::ops::Range;

use super::message::Ticket;
use super::model::access::Known;
use super::model::file_form::FileUse;
use crate::domain::access::Report;
use crate::domain::edit::{Change, Ending};
use crate::domain::export::Format;
use crate::domain::history::Entry;
use crate::domain::profile::Profile;
use crate::domain::rows::scan::Job;
use crate::domain::rows::store::{Leaving, Shelved};
use crate::domain::rows::view::RowView;
use crate::domain::rows::{ResultId, ResultSet, SharedShelf, Snapshot};
use crate::domain::sql::explain::{Depth, Explainable};
use crate::domain::text::Held;
use crate::domain::token::Password;

/// A change of the profile file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileChange {
    /// Append a profile.
    Add(Box<Profile>),
    /// Replace the profile of that name.
    Replace {
        /// Its name so far.
        name: String,
        /// What it is from now on.
        profile: Box<Profile>,
    },
    /// Take out the profile of that name.
    Remove {
        /// Its name.
        name: String,
    },
}

/// In which of the sessions something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// The one that runs what the person types: it sees uncommitted and temporary objects.
    Main,
    /// The one beside it, which is never busy with a statement.
    Side,
}

/// Work for the outside world. `update` returns these; only `tui::worker` grants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Change the profile file.
    WriteProfiles {
        /// Answered by `ProfilesWritten`.
        ticket: Ticket,
        /// The change.
        change: ProfileChange,
    },
    /// Connect; replaces a link that stands.
    Dial {
        /// Answered by `StageMoved`, then `LinkUp` or `LinkRefused`, later `LinkLost`.
        ticket: Ticket,
        /// Where to.
        profile: Box<Profile>,
    },
    /// Walk the stages and disconnect: the doctor.
    Examine {
        /// Answered by `StageMoved`, then `LinkUp` or `LinkRefused`.
        ticket: Ticket,
        /// Where to.
        profile: Box<Profile>,
    },
    /// Answer `PasswordWanted`.
    AnswerPassword {
        /// The attempt that asked.
        ticket: Ticket,
        /// The password; `None` gives up.
        password: Option<Password>,
    },
    /// Disconnect.
    HangUp,
    /// Load the catalog of the linked database.
    LoadCatalog {
        /// Answered by `CatalogArrived` parts.
        ticket: Ticket,
    },
    /// Run statements in the sticky session, one after another.
    Run {
        /// Answered by `Ran` events up to `RunEvent::Finished`.
        ticket: Ticket,
        /// The statements, each one command.
        statements: Vec<String>,
    },
    /// Ask for a statement's plan in the sticky session; nothing it changes stays.
    Explain {
        /// Answered by `Explained`.
        ticket: Ticket,
        /// The statement.
        explainable: Box<Explainable>,
        /// Whether it is run.
        depth: Depth,
    },
    /// Make changes of rows in the sticky session: all of them, or none.
    MakeEdits {
        /// Answered by `EditsMade`.
        ticket: Ticket,
        /// The changes, in order.
        changes: Vec<Change>,
        /// How their transaction ends.
        ending: Ending,
    },
    /// Ask the server something small about itself: a read of catalogs.
    Look {
        /// Answered by `Looked`.
        ticket: Ticket,
        /// In which session.
        seat: Seat,
        /// The query.
        statement: String,
    },
    /// Run a statement that reads a file or fills one.
    RunWithFile {
        /// Answered by `Ran` events up to `RunEvent::Finished`.
        ticket: Ticket,
        /// The statement, and before it what begins its transaction.
        statements: Vec<String>,
        /// What the file is for.
        purpose: FileUse,
        /// The file; one that is filled must not exist.
        path: String,
    },
    /// Stop what that ticket asked for; on the server too.
    Cancel {
        /// Which.
        ticket: Ticket,
    },
    /// Explain a refusal of the linked role.
    AskWhy {
        /// Answered by `WhyAnswered`.
        ticket: Ticket,
        /// The statement that was refused.
        statement: String,
        /// What the server said.
        refusal: Box<crate::domain::failure::Failure>,
    },
    /// Explain the same refusal through another profile, which may try the statement as the role.
    ProveFix {
        /// Answered by `WhyAnswered`.
        ticket: Ticket,
        /// The profile that looks.
        through: Box<Profile>,
        /// The role that was refused.
        role: String,
        /// The statement that was refused.
        statement: String,
        /// What the server said.
        refusal: Box<crate::domain::failure::Failure>,
    },
    /// Explain what a role would be refused.
    AskWhyOf {
        /// Answered by `WhyAnswered`.
        ticket: Ticket,
        /// The role.
        role: String,
        /// What it would run; `None` for signing in to the linked database.
        statement: Option<String>,
    },
    /// Read the rights of the linked database.
    LoadRights {
        /// Answered by `RightsArrived`.
        ticket: Ticket,
    },
    /// Write rights to a new file, a row for each role, object and privilege.
    SaveRights {
        /// The rights; shared, not copied.
        known: Known,
        /// Of whom and what.
        report: Box<Report>,
        /// In which form.
        format: Format,
        /// The file, which must not exist; answered by `Saved`.
        path: String,
    },
    /// Run a fix through another profile and ask the server whether it took.
    ApplyFix {
        /// Answered by `FixApplied`.
        ticket: Ticket,
        /// The profile that runs it.
        through: Box<Profile>,
        /// The statements, in order.
        statements: Vec<String>,
        /// What should be true afterwards.
        missing: Vec<crate::domain::diagnosis::MissingPrivilege>,
    },
    /// Read the unsaved texts of a profile's tabs.
    ReadDrafts {
        /// The profile's name; answered by `DraftsRead`.
        profile: String,
    },
    /// Save the texts of a profile's tabs.
    SaveDrafts {
        /// The profile's name.
        profile: String,
        /// What they hold.
        tabs: Vec<Held>,
    },
    /// Remember a statement that ran.
    Remember(Entry),
    /// Read what ran before; answered by `HistoryRead`.
    ReadHistory,
    /// Put rows on the shelf of their result, outside memory.
    Spill {
        /// The result; answered by `Spilled`.
        result: ResultId,
        /// Its segments, which stay readable meanwhile.
        leaving: Vec<Leaving>,
    },
    /// Read rows back that are about to show.
    Fetch {
        /// The result; answered by `Fetched`.
        result: ResultId,
        /// Where they are.
        shelf: SharedShelf,
        /// Which.
        wanted: Vec<Shelved>,
    },
    /// Let go of results, whose memory takes a while to give back.
    Forget {
        /// The results.
        results: Vec<ResultSet>,
    },
    /// Write the rows of a result to a new file.
    SaveRows {
        /// Answered by `Saving`, then `Saved`.
        ticket: Ticket,
        /// The rows; they are shared, not copied.
        rows: Box<Snapshot>,
        /// Which of them show, in which order, if not all do as they arrived.
        view: Option<RowView>,
        /// In which form.
        format: Format,
        /// The file, which must not exist.
        path: String,
    },
    /// Read a part of a value that is too long to be shown at once.
    ReadPart {
        /// Answered by `PartRead`.
        ticket: Ticket,
        /// The rows; they are shared, not copied.
        rows: Box<Snapshot>,
        /// The value's row and column.
        value: (usize, usize),
        /// Which bytes.
        range: Range<usize>,
    },
    /// Write a value to a new file.
    SaveValue {
        /// Answered by `Saving`, then `Saved`.
        ticket: Ticket,
        /// The rows; they are shared, not copied.
        rows: Box<Snapshot>,
        /// The value's row and column.
        value: (usize, usize),
        /// The file, which must not exist.
        path: String,
    },
    /// Do something with all rows of a result.
    Scan {
        /// Answered by `Scanning` and at last `Scanned`; stopped by `Cancel`.
        ticket: Ticket,
        /// The rows so far.
        rows: Box<Snapshot>,
        /// What to do.
        job: Box<Job>,
    },
    /// Put text on the clipboard of the person's machine, through the terminal.
    Copy {
        /// The text.
        text: String,
    },
    /// Put text on the clipboard by a program of the system, where there is one.
    CopyWith {
        /// The text; answered by `Clipped`.
        text: String,
    },
    /// Sign a token and put it on the clipboard; it passes through no message.
    CopyToken {
        /// For whom.
        profile: Box<Profile>,
    },
    /// Stop the process with SIGTSTP, as Ctrl+Z does.
    Suspend,
    /// Leave.
    Quit,
}

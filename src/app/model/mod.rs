//! All that is known while the program runs. States are enums; impossible ones cannot be said.

pub mod access;
pub mod arrangement;
pub mod column_list;
pub mod connections;
pub mod diagnostics;
pub mod edit;
pub mod editor;
pub mod file_form;
pub mod form;
pub mod grid;
pub mod history;
pub mod lens;
pub mod line;
pub mod link;
pub mod memory;
pub mod messages;
pub mod overlay;
pub mod plan;
pub mod query;
pub mod search;
pub mod summary;
pub mod transaction;
pub mod tree;
pub mod viewer;
pub mod window;

use std::collections::BTreeMap;

use super::keymap::Keymap;
use super::message::Ticket;
use crate::domain::failure::Failure;
use crate::domain::run::TransactionState;
use crate::domain::sql::danger::Danger;
use crate::domain::time::Timestamp;

use connections::Connections;
use diagnostics::Diagnostics;
use link::Link;
use overlay::Overlay;

/// The size of the terminal, in cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// Which screen is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Screen {
    /// The profiles.
    #[default]
    Connections,
    /// A database.
    Workspace,
    /// Who may do what in it.
    Access,
}

/// A pane of the workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// The catalog.
    Tree,
    /// The query editor.
    #[default]
    Editor,
    /// Rows, messages, outcomes.
    Result,
    /// Why something was refused.
    Diagnostics,
}

/// What a small question to the server is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// What became of the transaction with that id.
    Transaction(String),
    /// Which table the rows of a result are of, and what is wanted of them.
    Table {
        /// Of which result.
        edited: edit::Edited,
        /// What is wanted.
        intent: edit::Intent,
    },
    /// What CASCADE takes along when these statements run, which a question on the screen is about.
    Dependents {
        /// Whether it drops or empties.
        danger: Danger,
        /// The statements.
        sent: Vec<query::Sent>,
    },
}

/// Something short to tell, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The text; may hold server words.
    pub text: String,
    /// When it was said.
    pub at: Timestamp,
}

/// Everything the program knows.
#[derive(Debug, Default)]
pub struct Model {
    /// The time of the last message that carried one.
    pub now: Timestamp,
    /// The terminal's size.
    pub size: Size,
    /// Which screen is shown.
    pub screen: Screen,
    /// The connections screen.
    pub connections: Connections,
    /// How the workspace stands to its server.
    pub link: Link,
    /// Which pane has the keys.
    pub focus: Pane,
    /// The catalog pane.
    pub tree: tree::Tree,
    /// The editor pane.
    pub editor: editor::Editor,
    /// Runs of statements and their outcomes.
    pub query: query::Query,
    /// Rows being edited.
    pub edits: Option<edit::Edits>,
    /// The plan that was asked for last.
    pub plan: Option<plan::Asked>,
    /// The open transaction, and how statements begin one.
    pub transaction: transaction::Transaction,
    /// Small questions that wait for the server.
    pub looks: BTreeMap<Ticket, Look>,
    /// Time-outs of the settings.
    pub timeouts: crate::domain::timeouts::Timeouts,
    /// What the rows of all results may take up.
    pub memory: memory::Memory,
    /// The result that is being written to a file, if one is.
    pub saving: Option<memory::Saving>,
    /// What ran before, the newest last.
    pub history: Vec<crate::domain::history::Entry>,
    /// The result pane.
    pub grid: grid::Grid,
    /// The diagnostics panel.
    pub diagnostics: Diagnostics,
    /// The access screen.
    pub access: access::AccessScreen,
    /// What lies on top, the top one last.
    pub overlays: Vec<Overlay>,
    /// Something short to tell.
    pub told: Option<Told>,
    /// Keys to verbs.
    pub keymap: Keymap,
    /// The last ticket handed out.
    pub last_ticket: Ticket,
}

impl Model {
    /// A ticket nobody has held.
    pub fn next_ticket(&mut self) -> Ticket {
        self.last_ticket.0 += 1;
        self.last_ticket
    }

    /// Says something short in the status line.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.told = Some(Told {
            text: text.into(),
            at: self.now,
        });
    }

    /// The statement that shows and failed for a name that was not found, which may be for want of
    /// USAGE on a schema; asked about only on demand, for most such names are mistyped.
    #[must_use]
    pub fn hidden_refusal(&self) -> Option<(String, Failure)> {
        let (outcome, _) = self.query.shown()?;
        let failure = outcome.failure().filter(|it| it.may_hide_a_refusal())?;
        Some((outcome.sent.text.clone(), failure.clone()))
    }

    /// Whether the session is in a transaction block, open or failed.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.link
            .up()
            .is_some_and(|up| up.transaction != TransactionState::Idle)
    }

    /// Whether the session is in a failed transaction block.
    #[must_use]
    pub fn transaction_failed(&self) -> bool {
        self.link
            .up()
            .is_some_and(|up| up.transaction == TransactionState::Failed)
    }

    /// How long until the screen changes by itself; `None` while nothing moves.
    #[must_use]
    pub fn next_frame(&self, moving: std::time::Duration) -> Option<std::time::Duration> {
        if self.is_busy() {
            return Some(moving);
        }
        let turns = self.transaction.next_turn(self.now);
        match (self.editor.next_save(), turns) {
            (Some(save), Some(turn)) => Some(save.min(turn)),
            (wait, None) | (None, wait) => wait,
        }
    }

    /// Whether the session is busy with changes of rows.
    #[must_use]
    pub fn makes_edits(&self) -> bool {
        self.edits
            .as_ref()
            .is_some_and(|edits| edits.making.is_some())
    }

    /// Whether the session answers a small question: statements must not come between.
    #[must_use]
    pub fn looks_in_session(&self) -> bool {
        let table = |look: &Look| matches!(look, Look::Table { .. });
        self.looks.values().any(table)
    }

    /// Whether changes of rows are planned that were not made yet.
    #[must_use]
    pub fn plans_edits(&self) -> bool {
        self.edits
            .as_ref()
            .is_some_and(|edits| !edits.pending.is_empty())
    }

    /// Whether the session is busy with a plan.
    #[must_use]
    pub fn waits_for_plan(&self) -> bool {
        self.plan
            .as_ref()
            .is_some_and(|asked| asked.waiting().is_some())
    }

    /// The window of the result that shows, if it has rows to look at.
    fn shown_window(&self) -> Option<&window::Window> {
        self.query.shown().map(|(outcome, _)| &outcome.window)
    }

    /// Whether rows that arrive change nothing on the screen but their number.
    #[must_use]
    pub fn rows_arrive_unseen(&self) -> bool {
        let Some((outcome, query::Freshness::Fresh)) = self.query.shown() else {
            return false;
        };
        let filled = |result| outcome.window.is_filled(result);
        outcome.result.as_ref().is_some_and(filled)
    }

    /// What is looked for in the result that shows.
    #[must_use]
    pub fn grid_search(&self) -> Option<&search::Search> {
        self.shown_window()?.search.as_ref()
    }

    /// Whether the result shows every row in the order it arrived.
    #[must_use]
    pub fn grid_lens_is_clear(&self) -> bool {
        self.shown_window()
            .is_none_or(|window| window.looking.wanted().is_clear())
    }

    /// Whether a result with at least one cell shows.
    #[must_use]
    pub fn has_cells(&self) -> bool {
        let shown = self
            .query
            .shown()
            .and_then(|(outcome, _)| outcome.result.as_ref());
        shown.is_some_and(|result| !result.columns().is_empty() && result.rows() > 0)
    }

    /// Whether a task works on the rows of the result that shows.
    #[must_use]
    pub fn is_scanning(&self) -> bool {
        self.grid.copying.is_some()
            || self.shown_window().is_some_and(|window| {
                window.looking.work().is_some()
                    || window
                        .search
                        .as_ref()
                        .is_some_and(|search| search.work().is_some())
            })
    }

    /// Whether something runs whose time or spinner is on the screen.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.link, Link::Dialing(_))
            || self.query.is_running()
            || self.waits_for_plan()
            || self.makes_edits()
            || matches!(self.access.reading, access::Reading::Asked { .. })
            || self.saving.is_some()
            || matches!(
                self.diagnostics.subject,
                Some(diagnostics::Subject::Asking { .. })
            )
            || matches!(
                self.diagnostics.applying,
                diagnostics::Applying::Running { .. }
            )
            || self
                .connections
                .attempts
                .values()
                .any(|attempt| matches!(attempt.outcome, connections::AttemptOutcome::Running(_)))
    }
}

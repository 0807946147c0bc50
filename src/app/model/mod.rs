//! All that is known while the program runs. States are enums; impossible ones cannot be said.

pub mod connections;
pub mod diagnostics;
pub mod editor;
pub mod form;
pub mod grid;
pub mod history;
pub mod line;
pub mod link;
pub mod messages;
pub mod overlay;
pub mod query;
pub mod tree;
pub mod window;

use super::keymap::Keymap;
use super::message::Ticket;
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
    /// What ran before, the newest last.
    pub history: Vec<crate::domain::history::Entry>,
    /// The result pane.
    pub grid: grid::Grid,
    /// The diagnostics panel.
    pub diagnostics: Diagnostics,
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

    /// How long until the screen changes by itself; `None` while nothing moves.
    #[must_use]
    pub fn next_frame(&self, moving: std::time::Duration) -> Option<std::time::Duration> {
        if self.is_busy() {
            Some(moving)
        } else {
            self.editor.next_save()
        }
    }

    /// Whether something runs whose time or spinner is on the screen.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.link, Link::Dialing(_))
            || self.query.is_running()
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

//! What went wrong, in the other side's own words.

use super::stage::Stage;

/// The moment something went wrong. The same words mean different things at different moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// While connecting.
    Connecting(Stage),
    /// While a statement ran, or between statements of an open session.
    Statement,
    /// On this machine: a file, a setting, a command.
    Local,
}

/// Who said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The server answered with an error message.
    Server,
    /// Name resolution, the socket or TLS.
    Network,
    /// Credentials or an AWS service.
    Aws,
    /// This machine: a file, a parse error, an impossible request.
    Local,
    /// A time-out of ours.
    TimedOut,
    /// The person cancelled.
    Cancelled,
    /// The session ended under us.
    Lost,
}

/// Where in the statement the server points, in characters from 1 (PostgreSQL protocol,
/// "Error and Notice Message Fields").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In the text that was sent.
    Sent(u32),
    /// In a query the server generated, given here.
    Generated {
        /// Character from 1 in `query`.
        position: u32,
        /// The generated text.
        query: String,
    },
}

/// Why something outside the process did not work.
///
/// `message` is the other side's text, unchanged, so that it can be searched for. It is untrusted:
/// show it through [`super::rows::cell`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub phase: Phase,
    /// Who.
    pub origin: Origin,
    /// `ERROR`, `FATAL` or `PANIC`, untranslated; only from the server.
    pub severity: Option<String>,
    /// Five characters; only from the server.
    pub sqlstate: Option<String>,
    /// The primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// CONTEXT (the protocol's `where` field): call stack of functions.
    pub context: Option<String>,
    /// Where in the statement.
    pub position: Option<Position>,
    /// Names the server attached.
    pub object: ObjectNames,
}

/// Names of the object a server error concerns, where the server says them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectNames {
    /// Schema.
    pub schema: Option<String>,
    /// Table.
    pub table: Option<String>,
    /// Column.
    pub column: Option<String>,
    /// Data type.
    pub datatype: Option<String>,
    /// Constraint.
    pub constraint: Option<String>,
}

impl Failure {
    /// A failure with a message and nothing else.
    #[must_use]
    pub fn new(phase: Phase, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            phase,
            origin,
            severity: None,
            sqlstate: None,
            message: message.into(),
            detail: None,
            hint: None,
            context: None,
            position: None,
            object: ObjectNames::default(),
        }
    }

    /// A failure of this machine.
    #[must_use]
    pub fn local(message: impl Into<String>) -> Self {
        Self::new(Phase::Local, Origin::Local, message)
    }

    /// The same failure with a hint on what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the server refused for want of a privilege (SQLSTATE 42501).
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.sqlstate.as_deref() == Some("42501")
    }

    /// Whether what a name stands for is not there: an object, a database or a schema.
    #[must_use]
    pub fn names_nothing(&self) -> bool {
        self.origin == Origin::Server
            && matches!(
                self.sqlstate.as_deref(),
                Some("42704" | "42P01" | "42883" | "3D000" | "3F000")
            )
    }

    /// Whether the server did not find a relation, function or type, as it does with one in a schema
    /// of the search path on which USAGE is lacking (`recomputeNamespacePath`).
    #[must_use]
    pub fn may_hide_a_refusal(&self) -> bool {
        matches!(self.sqlstate.as_deref(), Some("42P01" | "42883" | "42704"))
    }
}

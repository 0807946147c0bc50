//! The nine stages of a connection, always the same and always shown.

use std::time::Duration;

/// The steps of a connection, in order. A later stage that was reached proves the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The profile is complete and says something that can be tried.
    Profile,
    /// AWS keys, a password or a command's output are at hand.
    Credentials,
    /// A token is signed for this endpoint and role.
    Token,
    /// The dialled name has an address.
    Dns,
    /// The address takes a TCP connection.
    Tcp,
    /// The server proved who it is.
    Tls,
    /// The server accepted the token or password.
    SignIn,
    /// The server let the role into the database.
    Database,
    /// The session is set up and answers.
    Session,
}

impl Stage {
    /// All nine, in the order they happen.
    pub const ALL: [Self; 9] = [
        Self::Profile,
        Self::Credentials,
        Self::Token,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::SignIn,
        Self::Database,
        Self::Session,
    ];

    /// The name on screen and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Credentials => "credentials",
            Self::Token => "token",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::SignIn => "sign-in",
            Self::Database => "database",
            Self::Session => "session",
        }
    }
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StageState {
    /// Not reached.
    #[default]
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Ok,
    /// Done, with something to know.
    Warning,
    /// Refused or broken.
    Failed,
    /// Not needed for this profile, or never reached because an earlier stage failed.
    Skipped,
}

impl StageState {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was seen, named: `access_key = AKIA…7Q2F`. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What the value says, in snake case: a stable word for scripts.
    pub fact: &'static str,
    /// The value as text.
    pub value: String,
}

/// How one stage went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    /// Which stage.
    pub stage: Stage,
    /// How far it is.
    pub state: StageState,
    /// Time spent in it so far.
    pub elapsed: Duration,
    /// One line for a person: `900 s, signed for this endpoint`.
    pub summary: String,
    /// What was seen, for the panel and for JSON.
    pub evidence: Vec<Evidence>,
}

impl StageReport {
    /// A stage nobody has begun.
    #[must_use]
    pub fn waiting(stage: Stage) -> Self {
        Self {
            stage,
            state: StageState::Waiting,
            elapsed: Duration::ZERO,
            summary: String::new(),
            evidence: Vec::new(),
        }
    }
}

//! What is known about a live connection.

use super::profile::Guard;

/// A server version as PostgreSQL numbers it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerVersion {
    /// `server_version_num`: 160004 for 16.4.
    pub number: u32,
    /// `server_version`, as the server words it.
    pub text: String,
}

impl ServerVersion {
    /// The number alone: `16.4` of `16.4 (Debian 16.4-1.pgdg120+1)`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// The major version: 16.
    #[must_use]
    pub const fn major(&self) -> u32 {
        self.number / 10_000
    }
}

/// What the server told us about the session it opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFacts {
    /// Its version.
    pub version: ServerVersion,
    /// `session_user`.
    pub user: String,
    /// `current_database()`.
    pub database: String,
    /// `TLSv1.3`, or `None` when the connection is not encrypted.
    pub tls: Option<String>,
    /// Process id of the server process, for a person who looks at `pg_stat_activity`.
    pub backend_pid: i32,
    /// Whether the server is a read-only replica.
    pub recovery: Recovery,
    /// Whether this session was told to stay read-only.
    pub guard: Guard,
}

/// Whether the server takes writes at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recovery {
    /// A primary.
    #[default]
    Primary,
    /// A standby: every transaction is read-only.
    Standby,
}

//! Exit codes (DESIGN, section 6).

/// What the process tells its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done and healthy.
    Done,
    /// Done, and something was refused or found.
    Found,
    /// Wrong use.
    Usage,
    /// Could not reach the server or sign in.
    Unreachable,
    /// Anything else.
    Failed,
    /// Interrupted.
    Interrupted,
    /// What a program that was run ended with.
    Child(u8),
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Failed => 4,
            Self::Interrupted => 130,
            Self::Child(code) => code,
        }
    }
}

//! What functions do with a sequence, and which privileges on it will do.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// `nextval`.
    Next,
    /// `currval`.
    Current,
    /// `setval`.
    Set,
}

impl Draw {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Next, Self::Current, Self::Set];

    /// What a function does; `None` for other functions.
    #[must_use]
    pub fn of(function: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.function() == function)
    }

    /// The function.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::Next => "nextval",
            Self::Current => "currval",
            Self::Set => "setval",
        }
    }

    /// The privilege to give.
    #[must_use]
    pub const fn privilege(self) -> &'static str {
        match self {
            Self::Next | Self::Current => "USAGE",
            Self::Set => "UPDATE",
        }
    }

    /// The privileges of which any will do, as the inquiry functions want them (PostgreSQL source,
    /// `sequence.c`, `nextval_internal`, `currval_oid`, `do_setval`).
    #[must_use]
    pub const fn enough(self) -> &'static str {
        match self {
            Self::Next => "USAGE,UPDATE",
            Self::Current => "SELECT,USAGE",
            Self::Set => "UPDATE",
        }
    }
}

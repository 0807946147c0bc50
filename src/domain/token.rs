//! Secrets as types: no `Display`, a `Debug` that prints a length, wiped on drop.

use std::fmt;

use zeroize::Zeroizing;

use super::time::Timestamp;

/// Seconds from its date during which a token opens sessions.
pub const TOKEN_LIFETIME_SECONDS: u64 = 900;

/// A signed sign-in token. It opens sessions for [`TOKEN_LIFETIME_SECONDS`]; an open session
/// outlives it.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    signed_at: Timestamp,
}

impl Token {
    /// Wraps a token signed at `signed_at`.
    #[must_use]
    pub fn new(text: String, signed_at: Timestamp) -> Self {
        Self {
            text: Zeroizing::new(text),
            signed_at,
        }
    }

    /// The token itself. For the server, and for the person who asked for it; nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// When it was signed.
    #[must_use]
    pub const fn signed_at(&self) -> Timestamp {
        self.signed_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.text.len())
    }
}

/// A password, kept in memory only.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Wraps a password.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The password itself, for the server only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({} bytes)", self.0.len())
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Password {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_a_length_and_nothing_else() {
        let token = Token::new("host:5432/?Action=connect&secret".into(), Timestamp(0));
        assert_eq!(format!("{token:?}"), "Token(32 bytes)");
        assert_eq!(
            format!("{:?}", Password::new("hunter2".into())),
            "Password(7 bytes)"
        );
    }
}

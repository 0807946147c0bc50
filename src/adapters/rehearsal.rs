//! A statement tried as a role in a transaction that is always rolled back.

use super::session::Session;
use crate::domain::diagnosis::WhyReport;
use crate::domain::failure::Failure;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The role that wants something.
    pub role: String,
    /// The statement; `None` to ask about signing in.
    pub statement: Option<String>,
    /// What the server said, where it was tried already.
    pub refusal: Option<Failure>,
    /// Whether the server may be asked to try.
    pub rehearse: Rehearse,
}

/// Whether a statement may be tried on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearse {
    /// It may, in a transaction that is rolled back.
    WherePossible,
    /// Only catalogs are read.
    Never,
}

/// Explains a refusal.
pub async fn explain(session: &Session, _question: &Question) -> Result<WhyReport, Failure> {
    let _ = session.query("SELECT 1").await?;
    Err(Failure::local("not yet"))
}

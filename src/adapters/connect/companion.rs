//! Who goes along while a connection is made.

use crate::domain::stage::StageReport;
use crate::domain::token::Password;

/// The one who is asked for a password and told about stages.
pub trait Companion: Send + Sync {
    /// A stage moved on.
    fn moved(&self, report: &StageReport);

    /// A password is wanted that nothing else supplied.
    fn ask_password(&self, prompt: String) -> impl Future<Output = Asked> + Send;
}

/// What came of asking a person for a password.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It was typed.
    Typed(Password),
    /// The person wants none of it.
    GivenUp,
    /// There is nobody to ask: the server may let the role in without one (`trust`, `peer`, `cert`).
    Nobody,
}

/// A companion who sees nothing and knows no password.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Companion for Alone {
    fn moved(&self, _report: &StageReport) {}

    async fn ask_password(&self, _prompt: String) -> Asked {
        Asked::Nobody
    }
}

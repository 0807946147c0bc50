//! What a lost connection leaves behind on the server: what is committed, what is not, and what
//! cannot be known from here.
//!
//! Source: PostgreSQL documentation, "Transaction Processing" and, for finding out afterwards,
//! `pg_xact_status` in "System Information Functions".

use super::run::TransactionState;
use super::sql::classify::{Kind, classify};
use super::sql::transaction::{Control, control};

/// What became of the work under way when the connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aftermath {
    /// Nothing was under way.
    Nothing,
    /// A statement that only reads was cut off.
    ReadCut,
    /// An open transaction was not committed: the server rolls it back.
    RolledBack,
    /// The answer to a statement that commits never came: it may have been committed or not.
    Unknown {
        /// The statement.
        statement: String,
        /// The transaction's id, if it is known: the server can be asked what became of it.
        transaction: Option<String>,
    },
}

/// What became of the work, given the state before the statement that was under way, if any.
#[must_use]
pub fn aftermath(
    state: TransactionState,
    running: Option<&str>,
    transaction: Option<String>,
) -> Aftermath {
    let Some(statement) = running else {
        return match state {
            TransactionState::Idle => Aftermath::Nothing,
            TransactionState::Open | TransactionState::Failed => Aftermath::RolledBack,
        };
    };
    let commits = match (state, control(statement)) {
        // A COMMIT of a failed transaction rolls back.
        (TransactionState::Failed, _) => return Aftermath::RolledBack,
        (
            TransactionState::Open,
            Some(Control::Commit | Control::CommitAndChain | Control::Prepare),
        )
        | (TransactionState::Idle, Some(Control::Prepared)) => true,
        (TransactionState::Open, _) => return Aftermath::RolledBack,
        (TransactionState::Idle, Some(_)) => return Aftermath::Nothing,
        (TransactionState::Idle, None) => false,
    };
    match classify(statement).kind {
        _ if commits => {}
        Kind::Read | Kind::CopyToStdout => return Aftermath::ReadCut,
        Kind::Session => return Aftermath::Nothing,
        Kind::Write | Kind::Definition | Kind::Transaction | Kind::CopyFromStdin | Kind::Other => {}
    }
    Aftermath::Unknown {
        statement: statement.trim().to_owned(),
        transaction: transaction.filter(|_| commits),
    }
}

impl Aftermath {
    /// In one line.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing lost",
            Self::ReadCut => "nothing changed",
            Self::RolledBack => "open transaction rolled back",
            Self::Unknown { .. } => "whether it committed is unknown",
        }
    }

    /// In full, with how to find out what is not known.
    #[must_use]
    pub fn explanation(&self) -> String {
        match self {
            Self::Nothing => "No statement was under way and no transaction was open: what was \
                              committed before stays committed."
                .to_owned(),
            Self::ReadCut => {
                "The statement that was cut off only reads: it changed nothing, unless \
                              a function it calls writes."
                    .to_owned()
            }
            Self::RolledBack => {
                "The open transaction was not committed: the server rolls it back as \
                                 soon as it notices that we are gone. Run its statements again."
                    .to_owned()
            }
            Self::Unknown { transaction, .. } => {
                let check = match transaction {
                    Some(id) => format!(
                        "After reconnecting, pgiam asks the server: SELECT pg_xact_status('{id}')."
                    ),
                    None => {
                        "Look at the rows it would have changed before running it again.".to_owned()
                    }
                };
                format!(
                    "The server may have committed this before the connection broke, or not: its \
                     answer never came. {check}"
                )
            }
        }
    }
}

/// What the server said about a transaction (`pg_xact_status`), in a sentence.
#[must_use]
pub fn verdict(id: &str, status: Option<&str>) -> String {
    match status {
        Some("committed") => format!("Transaction {id} was committed: nothing of it is lost."),
        Some("aborted") => {
            format!("Transaction {id} was rolled back: run its statements again.")
        }
        Some("in progress") => format!(
            "Transaction {id} is still open on the server: it has not noticed yet that we are gone. \
             It will be rolled back."
        ),
        _ => format!(
            "The server no longer knows what became of transaction {id}: look at the rows it would \
             have changed."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransactionState::{Failed, Idle, Open};

    #[test]
    fn only_an_unanswered_commit_is_unknown() {
        for (state, running, expected) in [
            (Idle, None, Aftermath::Nothing),
            (Idle, Some("select 1"), Aftermath::ReadCut),
            (Idle, Some("set search_path = x"), Aftermath::Nothing),
            (Idle, Some("begin"), Aftermath::Nothing),
            (Open, None, Aftermath::RolledBack),
            (Open, Some("update t set a = 1"), Aftermath::RolledBack),
            (Open, Some("rollback"), Aftermath::RolledBack),
            (Failed, Some("commit"), Aftermath::RolledBack),
        ] {
            assert_eq!(aftermath(state, running, None), expected, "{running:?}");
        }
        for (state, running) in [
            (Idle, "update t set a = 1"),
            (Idle, "create table t ()"),
            (Idle, "call p()"),
            (
                Idle,
                "with x as (delete from t returning *) select * from x",
            ),
            (Idle, "commit prepared 'a'"),
            (Open, "commit"),
            (Open, "end"),
            (Open, "prepare transaction 'a'"),
        ] {
            assert!(
                matches!(
                    aftermath(state, Some(running), None),
                    Aftermath::Unknown { .. }
                ),
                "{running}"
            );
        }
    }

    #[test]
    fn a_known_transaction_is_asked_for() {
        let told = aftermath(Open, Some("commit"), Some("741".into())).explanation();
        assert!(told.contains("pg_xact_status('741')"), "{told}");
    }
}

//! Statements that begin, end or mark transactions.
//!
//! Source: PostgreSQL documentation, "BEGIN", "COMMIT", "ROLLBACK", "PREPARE TRANSACTION".

use super::lexer::{Token, TokenKind, tokens};
use super::split::statements;
use crate::domain::run::TransactionState;

/// What a statement does to the transaction it runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `COMMIT AND CHAIN`: commits and begins the next one.
    CommitAndChain,
    /// `PREPARE TRANSACTION`: the transaction leaves the session.
    Prepare,
    /// `ROLLBACK`, `ABORT`.
    RollBack,
    /// `ROLLBACK AND CHAIN`.
    RollBackAndChain,
    /// `ROLLBACK TO SAVEPOINT`.
    RollBackTo,
    /// `SAVEPOINT`, `RELEASE`.
    Mark,
    /// `COMMIT PREPARED`, `ROLLBACK PREPARED`: another transaction than the session's.
    Prepared,
}

/// What a statement does to its transaction; `None` if it is no transaction control.
#[must_use]
pub fn control(sql: &str) -> Option<Control> {
    let words: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|token| token.is(sql, word));
    let chains = (0..words.len()).any(|at| is(at, "and") && is(at + 1, "chain"));
    let first = words.first()?.text(sql).to_ascii_lowercase();
    match first.as_str() {
        "begin" => Some(Control::Begin),
        "start" if is(1, "transaction") => Some(Control::Begin),
        "commit" | "rollback" if is(1, "prepared") => Some(Control::Prepared),
        "commit" | "end" if chains => Some(Control::CommitAndChain),
        "commit" | "end" => Some(Control::Commit),
        "rollback" | "abort" if chains => Some(Control::RollBackAndChain),
        "rollback" if (1..=2).any(|at| is(at, "to")) => Some(Control::RollBackTo),
        "rollback" | "abort" => Some(Control::RollBack),
        "prepare" if is(1, "transaction") => Some(Control::Prepare),
        "savepoint" | "release" => Some(Control::Mark),
        _ => None,
    }
}

/// The state a session is in behind a statement that ends well.
#[must_use]
pub fn behind(state: TransactionState, sql: &str) -> TransactionState {
    match control(sql) {
        Some(
            Control::Begin
            | Control::CommitAndChain
            | Control::RollBackAndChain
            | Control::RollBackTo,
        ) => TransactionState::Open,
        Some(Control::Commit | Control::RollBack | Control::Prepare) => TransactionState::Idle,
        Some(Control::Mark | Control::Prepared) | None => state,
    }
}

/// Whether a failed transaction takes the statement (PostgreSQL source, `postgres.c`,
/// `IsTransactionExitStmt`).
#[must_use]
pub fn leaves_failure(sql: &str) -> bool {
    let first = statements(sql)
        .into_iter()
        .next()
        .and_then(|range| sql.get(range));
    matches!(
        first.and_then(control),
        Some(
            Control::Commit
                | Control::CommitAndChain
                | Control::RollBack
                | Control::RollBackAndChain
                | Control::RollBackTo
                | Control::Prepare
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_control_is_known() {
        for (sql, expected) in [
            ("begin", Some(Control::Begin)),
            ("START TRANSACTION READ ONLY", Some(Control::Begin)),
            ("/* done */ commit work", Some(Control::Commit)),
            ("end and no chain", Some(Control::Commit)),
            ("commit and chain", Some(Control::CommitAndChain)),
            ("abort", Some(Control::RollBack)),
            (
                "rollback transaction to savepoint a",
                Some(Control::RollBackTo),
            ),
            ("rollback to a", Some(Control::RollBackTo)),
            ("rollback work", Some(Control::RollBack)),
            ("commit prepared 'x'", Some(Control::Prepared)),
            ("prepare transaction 'x'", Some(Control::Prepare)),
            ("prepare p as select 1", None),
            ("select 1", None),
        ] {
            let found = control(sql);
            // `AND NO CHAIN` has no `AND CHAIN` in it.
            assert_eq!(found, expected, "{sql}");
        }
    }

    #[test]
    fn a_failed_transaction_takes_only_its_end() {
        assert!(leaves_failure("rollback; select 1"));
        assert!(leaves_failure("rollback to a"));
        assert!(!leaves_failure("select 1"));
        assert!(!leaves_failure("savepoint a"));
    }

    #[test]
    fn the_state_behind_a_statement_follows_it() {
        use TransactionState::{Idle, Open};
        assert_eq!(behind(Idle, "begin"), Open);
        assert_eq!(behind(Open, "insert into t values (1)"), Open);
        assert_eq!(behind(Open, "commit and chain"), Open);
        assert_eq!(behind(Open, "commit"), Idle);
    }
}

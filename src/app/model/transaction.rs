//! The session's transaction as a person sees it: since when, how much is in it, and whether
//! statements begin one by themselves.

use std::time::Duration;

use crate::domain::aftermath::Aftermath;
use crate::domain::run::TransactionState;
use crate::domain::sql::classify::{Block, classify};
use crate::domain::sql::transaction::{behind, control};
use crate::domain::time::Timestamp;

/// Whether a statement outside a transaction block is committed by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Autocommit {
    /// It is: the server's own way.
    #[default]
    On,
    /// A `BEGIN` is sent before it, as psql does with `AUTOCOMMIT` off.
    Off,
}

/// A transaction block that is open, or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// When it was seen to be open.
    pub since: Timestamp,
    /// Statements that ended well in it.
    pub statements: usize,
}

/// The session's transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    /// How statements begin one.
    pub autocommit: Autocommit,
    /// The one that is open.
    pub opened: Option<Opened>,
    /// The id of the one whose COMMIT is under way.
    pub committing: Option<String>,
    /// What became of the statement that ended with its connection.
    pub cut: Option<Aftermath>,
    /// The id of one whose COMMIT was cut off: to be asked about after reconnecting.
    pub doubtful: Option<String>,
}

impl Transaction {
    /// Takes in the state after a statement.
    pub fn moved(&mut self, state: TransactionState, now: Timestamp) {
        self.committing = None;
        self.opened = match (state, self.opened) {
            (TransactionState::Idle, _) => None,
            (TransactionState::Failed, Some(opened)) => Some(opened),
            (TransactionState::Open, Some(opened)) => Some(Opened {
                statements: opened.statements + 1,
                ..opened
            }),
            (TransactionState::Open | TransactionState::Failed, None) => Some(Opened {
                since: now,
                statements: 0,
            }),
        };
    }

    /// The session ended.
    pub fn ended(&mut self) {
        self.opened = None;
        self.committing = None;
        self.cut = None;
    }

    /// How long until the age that shows is out of date.
    #[must_use]
    pub fn next_turn(&self, now: Timestamp) -> Option<Duration> {
        let age = now.since(self.opened?.since);
        Some(if age < Duration::from_mins(1) {
            Duration::from_secs(1)
        } else {
            Duration::from_mins(1)
        })
    }

    /// How old the open one is, in whole seconds while it is young: `12 s`, `4 min`.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<String> {
        let age = now.since(self.opened?.since);
        Some(if age < Duration::from_mins(1) {
            format!("{} s", age.as_secs())
        } else {
            crate::domain::time::spoken(age)
        })
    }
}

/// Where a `BEGIN` belongs among statements that run with autocommit off: before each of these
/// places. Transaction control and statements that refuse a block are left as they are (PostgreSQL
/// documentation, psql, `AUTOCOMMIT`).
#[must_use]
pub fn begins<'a>(
    state: TransactionState,
    statements: impl IntoIterator<Item = &'a str>,
) -> Vec<usize> {
    let mut state = state;
    let mut places = Vec::new();
    for (place, statement) in statements.into_iter().enumerate() {
        if state == TransactionState::Idle
            && control(statement).is_none()
            && classify(statement).block == Block::Allowed
        {
            places.push(place);
            state = TransactionState::Open;
        }
        state = behind(state, statement);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransactionState::{Failed, Idle, Open};

    #[test]
    fn a_begin_goes_before_what_would_commit_by_itself() {
        let script = [
            "insert into t values (1)",
            "select 1",
            "commit",
            "vacuum t",
            "update t set a = 2 where a = 1",
        ];
        assert_eq!(begins(Idle, script), [0, 4]);
        assert_eq!(begins(Open, script), [4]);
        assert_eq!(begins(Idle, ["begin", "select 1"]), [0_usize; 0]);
    }

    #[test]
    fn age_and_statements_are_counted_from_the_first_sight() {
        let mut transaction = Transaction::default();
        transaction.moved(Open, Timestamp(1_000));
        transaction.moved(Open, Timestamp(2_000));
        transaction.moved(Failed, Timestamp(3_000));
        assert_eq!(
            transaction.opened,
            Some(Opened {
                since: Timestamp(1_000),
                statements: 1
            })
        );
        assert_eq!(transaction.age(Timestamp(13_500)).unwrap(), "12 s");
        assert_eq!(transaction.age(Timestamp(301_000)).unwrap(), "5 min");
        transaction.moved(Idle, Timestamp(4_000));
        assert_eq!(transaction.next_turn(Timestamp(4_000)), None);
    }
}

//! What running statements yields, in the order it happens.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::rows::RowBatch;

/// One column of a result, as the server describes it (RowDescription message).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name; untrusted text.
    pub name: String,
    /// OID of its type; 0 if unknown.
    pub type_oid: u32,
    /// The type's name where it is a built-in one, else empty.
    pub type_name: String,
    /// `atttypmod`; -1 if none.
    pub type_modifier: i32,
    /// OID of the table it comes from; 0 if none.
    pub table_oid: u32,
    /// Its number in that table; 0 if none.
    pub attribute: i16,
}

impl Column {
    /// A column that comes from no table, as that of an expression.
    #[must_use]
    pub fn computed(name: impl Into<String>, type_oid: u32, type_name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            type_oid,
            type_name: type_name.into(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        }
    }
}

/// State of the session's transaction (ReadyForQuery message).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TransactionState {
    /// Not in a transaction block.
    #[default]
    Idle,
    /// In a transaction block.
    Open,
    /// In a failed transaction block: only ROLLBACK helps.
    Failed,
}

/// A message the server sent along: NOTICE, WARNING, INFO …; untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE`, `WARNING` …
    pub severity: String,
    /// Five characters.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

/// How a statement ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The command tag, exact: `INSERT 0 2`, `CREATE TABLE`, `SELECT 48213`.
    pub tag: String,
    /// Time from sending to completion of this statement.
    pub elapsed: Duration,
}

/// One thing that happened while statements ran.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// Statement `index` (from 0) of the ones sent has begun.
    Started {
        /// Which.
        index: usize,
    },
    /// A result begins.
    Columns(Arc<[Column]>),
    /// Rows of the current result.
    Rows(Arc<RowBatch>),
    /// What a `COPY … TO STDOUT` yields, as it is.
    Copied(Vec<u8>),
    /// How much a COPY with a file has moved so far.
    Moved {
        /// Bytes.
        bytes: u64,
    },
    /// The current statement ended well.
    Completed(Completed),
    /// The current statement failed; the rest are not run.
    Failed(Failure),
    /// The server sent a message along.
    Notice(Notice),
    /// The transaction state after a statement.
    Transaction(TransactionState),
    /// The id of the transaction that the statement about to be sent commits: with it the server can
    /// be asked later what became of it.
    Committing {
        /// The id, as `pg_current_xact_id_if_assigned` words it.
        transaction: String,
    },
    /// The server reported a changed parameter (`TimeZone`, `search_path` from 18 on …).
    Parameter {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// All is over: the session takes the next statements.
    Finished,
}

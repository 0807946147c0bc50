//! Making gathered changes of rows: all of them, or none.

use super::session::Session;
use crate::domain::edit::{Change, Ending, Made, Unmade};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::run::TransactionState;

/// The mark inside a transaction that the person has open.
const MARK: &str = "pgiam_edit";

/// Makes the changes in one transaction. Each must touch exactly one row: any other number means that
/// the row has changed or gone since it was read, and everything is undone.
pub async fn make(
    session: &Session,
    changes: &[Change],
    ending: Ending,
) -> Result<Made, Box<Unmade>> {
    let open = match (session.transaction(), ending) {
        (TransactionState::Idle, _) => "BEGIN".to_owned(),
        (TransactionState::Open, _) => format!("SAVEPOINT {MARK}"),
        (TransactionState::Failed, _) => {
            return Err(unmade(
                session,
                None,
                local("the transaction has failed: roll it back first"),
            ));
        }
    };
    let own = session.transaction() == TransactionState::Idle;
    if let Err(failure) = session.query(&open).await {
        return Err(unmade(session, None, failure));
    }
    let mut rows = Vec::with_capacity(changes.len());
    for (place, change) in changes.iter().enumerate() {
        match one(session, change).await {
            Ok(row) => rows.push(row),
            Err(failure) => {
                let undo = if own {
                    "ROLLBACK".to_owned()
                } else {
                    format!("ROLLBACK TO SAVEPOINT {MARK}; RELEASE SAVEPOINT {MARK}")
                };
                let undone = session.query(&undo).await;
                let failure = undone.err().unwrap_or(failure);
                return Err(unmade(session, Some(place), failure));
            }
        }
    }
    let mut transaction = None;
    let close = match (own, ending) {
        (true, Ending::Commit) => {
            transaction = session.transaction_id().await;
            Some("COMMIT".to_owned())
        }
        (true, Ending::LeaveOpen) => None,
        (false, _) => Some(format!("RELEASE SAVEPOINT {MARK}")),
    };
    if let Some(close) = close
        && let Err(failure) = session.query(&close).await
    {
        // A COMMIT that the server refuses has rolled back; one without an answer is in doubt.
        let transaction = transaction.filter(|_| failure.origin == Origin::Lost);
        return Err(Box::new(Unmade {
            transaction,
            ..*unmade(session, None, failure)
        }));
    }
    Ok(Made {
        rows,
        state: session.transaction(),
    })
}

/// One change; the row as it is now.
async fn one(session: &Session, change: &Change) -> Result<Vec<Option<String>>, Failure> {
    let answer = session.query(&change.sql).await?;
    if answer.tags.iter().any(|tag| tag == change.expected_tag()) {
        return Ok(answer.rows.into_iter().next().unwrap_or_default());
    }
    let tag = answer.tags.first().map_or("nothing", String::as_str);
    Err(local(&format!(
        "the row has changed or gone since it was read: the server answered {tag}"
    ))
    .with_hint("run the query again to see the row as it is now; nothing was changed"))
}

fn local(message: &str) -> Failure {
    Failure::new(Phase::Statement, Origin::Local, message)
}

fn unmade(session: &Session, place: Option<usize>, failure: Failure) -> Box<Unmade> {
    Box::new(Unmade {
        place,
        failure,
        state: session.transaction(),
        transaction: None,
    })
}

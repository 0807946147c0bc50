//! Asking the server for a plan, so that nothing of it stays and no transaction breaks.

use super::session::Session;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::run::TransactionState;
use crate::domain::sql::explain::{Depth, Explainable, command};

/// The mark inside a transaction that the person has open.
const MARK: &str = "pgiam_explain";

/// The plan as the server's JSON. A measured statement runs in a transaction of its own that is
/// rolled back; inside one that is open already, up to a savepoint that is rolled back to, so that a
/// refusal does not break it.
pub async fn explain(
    session: &Session,
    explainable: &Explainable,
    depth: Depth,
) -> Result<String, Failure> {
    let major = session.facts().version.major();
    let asked = command(explainable, depth, major)
        .map_err(|reason| Failure::new(Phase::Statement, Origin::Local, reason.to_string()))?;
    let (open, close) = match (session.transaction(), depth) {
        (TransactionState::Failed, _) => {
            return Err(Failure::new(
                Phase::Statement,
                Origin::Local,
                "the transaction has failed: roll it back first",
            ));
        }
        (TransactionState::Idle, Depth::Planned) => (None, None),
        (TransactionState::Idle, Depth::Measured) => {
            (Some("BEGIN".to_owned()), Some("ROLLBACK".to_owned()))
        }
        (TransactionState::Open, _) => (
            Some(format!("SAVEPOINT {MARK}")),
            Some(format!(
                "ROLLBACK TO SAVEPOINT {MARK}; RELEASE SAVEPOINT {MARK}"
            )),
        ),
    };
    if let Some(open) = &open {
        let _ = session.query(open).await?;
    }
    let answer = session.query(&asked).await;
    if let Some(close) = &close {
        let closed = session.query(close).await;
        // Where undoing fails, the connection is gone: that matters more than the answer.
        if let (Ok(_), Err(failure)) = (&answer, closed) {
            return Err(failure);
        }
    }
    let lines: Vec<String> = answer?
        .rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect();
    Ok(lines.join("\n"))
}

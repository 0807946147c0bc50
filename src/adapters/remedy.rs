//! A fix applied, and the server asked whether it took.

use super::session::Session;
use crate::domain::diagnosis::remedy::{Probe, probe};
use crate::domain::diagnosis::{Applied, Check, CheckAnswer, MissingPrivilege};
use crate::domain::failure::Failure;

/// Runs the statements in one transaction, so that half a fix is no fix, then asks about every
/// privilege that was missing. A GRANT by somebody who may not grant only warns (SQLSTATE 01007)
/// and reports success, so the tag proves nothing.
pub async fn apply(
    session: &Session,
    statements: &[String],
    missing: &[MissingPrivilege],
) -> Result<Applied, Failure> {
    let mut log = Vec::new();
    let _ = session.query("BEGIN").await?;
    for statement in statements {
        match session.query(statement).await {
            Ok(answer) => {
                log.extend(answer.tags.iter().map(|tag| format!("{statement}: {tag}")));
                log.extend(
                    answer
                        .notices
                        .iter()
                        .map(|notice| format!("{}: {}", notice.severity, notice.message)),
                );
            }
            Err(failure) => {
                let _ = session.query("ROLLBACK").await;
                return Err(failure);
            }
        }
    }
    let _ = session.query("COMMIT").await?;
    let mut checks = Vec::new();
    for Probe { question, sql } in missing.iter().filter_map(probe) {
        let answer = session.query(&sql).await?;
        let took = answer
            .rows
            .first()
            .and_then(|row| row.first())
            .is_some_and(|cell| cell.as_deref() == Some("t"));
        let answer = if took {
            CheckAnswer::Took
        } else {
            CheckAnswer::NotTaken
        };
        checks.push(Check { question, answer });
    }
    Ok(Applied { log, checks })
}

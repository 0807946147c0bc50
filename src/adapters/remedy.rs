//! A fix applied, and the server asked whether it took.

use super::session::{Answer, Session};
use crate::domain::diagnosis::remedy::{Probe, probe};
use crate::domain::diagnosis::{Applied, Check, CheckAnswer, MissingPrivilege};
use crate::domain::failure::Failure;
use crate::domain::sql::classify::{Block, classify};

/// SQLSTATEs of a GRANT or REVOKE that changed nothing and reports success all the same
/// (`privilege_not_granted`, `privilege_not_revoked`).
const ONLY_WARNED: [&str; 2] = ["01007", "01006"];

/// Runs the statements in one transaction, so that half a fix is no fix, then asks about every
/// privilege that was missing. A GRANT by somebody who may not grant only warns (SQLSTATE 01007)
/// and reports success, so the tag proves nothing.
///
/// # Errors
/// The server's, after which nothing was changed, except by statements that refuse a transaction.
pub async fn apply(
    session: &Session,
    statements: &[String],
    missing: &[MissingPrivilege],
) -> Result<Applied, Failure> {
    let together = statements
        .iter()
        .all(|statement| classify(statement).block == Block::Allowed);
    if together {
        let _ = session.query("BEGIN").await?;
    }
    let mut applied = Applied {
        log: Vec::new(),
        checks: Vec::new(),
    };
    for statement in statements {
        match session.query(statement).await {
            Ok(answer) => note(&mut applied, statement, &answer),
            Err(failure) => {
                if together {
                    let _ = session.query("ROLLBACK").await;
                }
                return Err(failure);
            }
        }
    }
    if together {
        let _ = session.query("COMMIT").await?;
    }
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
        applied.checks.push(Check { question, answer });
    }
    Ok(applied)
}

/// Notes what the server answered; a warning that nothing was granted is a check that failed.
fn note(applied: &mut Applied, statement: &str, answer: &Answer) {
    applied
        .log
        .extend(answer.tags.iter().map(|tag| format!("{statement}: {tag}")));
    for notice in &answer.notices {
        if ONLY_WARNED.contains(&notice.sqlstate.as_str()) {
            let question = format!("{} ({})", notice.message, notice.sqlstate);
            applied.checks.push(Check {
                question,
                answer: CheckAnswer::NotTaken,
            });
        } else {
            applied
                .log
                .push(format!("{}: {}", notice.severity, notice.message));
        }
    }
}

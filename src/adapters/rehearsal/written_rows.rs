//! Rows that would be written, held against what planning does not try: policies and views.

use super::play::Found;
use super::spoken::{Spoken, spoken};
use super::stage::Stage;
use super::{check_option, policies};
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind, Outcome, Verdict, WhyReport};
use crate::domain::failure::Failure;

/// COPY FROM never writes under policies (PostgreSQL source, `copy.c`, `DoCopy`); privileges are
/// looked at before.
fn unsupported(report: &mut WhyReport, found: &mut Found) {
    let message = "COPY FROM not supported with row-level security";
    if !found.needs.is_empty() {
        found.verdict = Verdict::Expected;
        found.notes.push(format!(
            "with it the statement passes the privilege checks and then fails: {message}"
        ));
        return;
    }
    let mut failure = saying::denied(message.to_owned());
    failure.sqlstate = Some("0A000".to_owned());
    failure.hint = Some("Use INSERT statements instead.".to_owned());
    report.outcome = Outcome::Failed;
    report.refusal = Some(failure);
}

/// Says so where row-level security stands in the way: planning a statement does not try its rows.
pub(super) async fn bar(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: &mut Found,
    statements: &[String],
) -> Result<(), Failure> {
    for Spoken {
        role,
        text: statement,
    } in &spoken(stage.role, statements)
    {
        let stage = &stage.of(role);
        let needs = if stage.gives() {
            found.needs.as_slice()
        } else {
            &[]
        };
        let Some(barred) = policies::barring(stage, needs, statement).await? else {
            continue;
        };
        let policies::Barred {
            explanation,
            message,
        } = barred;
        if word_at(statement, 0) == "copy" {
            unsupported(report, found);
            return Ok(());
        }
        if report.refusal.is_none() && found.needs.is_empty() {
            report.refusal = Some(saying::denied(message));
        }
        report.outcome = Outcome::Refused;
        report.not_by_grant = Some(NotByGrant {
            kind: NotByGrantKind::RowLevelSecurity,
            explanation,
        });
        found.verdict = Verdict::Partial;
        return Ok(());
    }
    Ok(())
}

/// Says so where a view refuses the rows that are written through it: planning does not try them.
pub(super) async fn check(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: &mut Found,
    statements: &[String],
) -> Result<(), Failure> {
    if report.outcome == Outcome::Failed || report.not_by_grant.is_some() {
        return Ok(());
    }
    for Spoken {
        role,
        text: statement,
    } in &spoken(stage.role, statements)
    {
        let stage = &stage.of(role);
        let needs = if stage.gives() {
            found.needs.as_slice()
        } else {
            &[]
        };
        let message = match check_option::checked(stage, needs, statement).await? {
            check_option::Checked::Passes => continue,
            check_option::Checked::Untold => {
                found.notes.push(
                    "the view holds written rows against its check option when the statement runs: \
                     that was not tried"
                        .to_owned(),
                );
                found.verdict = Verdict::Expected;
                continue;
            }
            check_option::Checked::Violated(view) => {
                format!("new row violates check option for view \"{view}\"")
            }
        };
        if !found.needs.is_empty() {
            found.verdict = Verdict::Expected;
            found.notes.push(format!(
                "with it the statement passes the privilege checks and then fails: {message}"
            ));
            return Ok(());
        }
        let mut failure = saying::denied(message);
        failure.sqlstate = Some("44000".to_owned());
        report.outcome = Outcome::Failed;
        report.refusal = Some(failure);
        return Ok(());
    }
    Ok(())
}

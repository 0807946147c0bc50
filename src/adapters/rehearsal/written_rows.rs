//! Rows that would be written, held against what planning does not try: policies and views.

use super::need::{Need, add};
use super::play::Found;
use super::spoken::{Spoken, sets, spoken};
use super::stage::Stage;
use super::{check_option, derived, policies};
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{
    Mark, NotByGrant, NotByGrantKind, Outcome, Reason, Verdict, WhyReport,
};
use crate::domain::failure::Failure;
use crate::domain::ident;

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

/// COPY looks at privileges before it asks whether row-level security applies, planning after
/// (PostgreSQL source, `copy.c`, `DoCopy`): adds what it would be refused for first.
async fn before_policies(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: &mut Found,
    statement: &str,
) -> Result<(), Failure> {
    stage.rewind().await?;
    let needs = derived::derive(stage, statement, None).await?;
    let Some(first) = needs.first() else {
        return Ok(());
    };
    report.refusal = saying::refusal(&first.missing).or(report.refusal.take());
    found.verdict = Verdict::Partial;
    found
        .notes
        .push("one half only: row-level security refuses it then".to_owned());
    add(&mut found.needs, needs);
    Ok(())
}

/// Says so where row-level security stands in the way: planning a statement does not try its rows.
pub(super) async fn bar(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: &mut Found,
    statements: &[String],
) -> Result<(), Failure> {
    let mut settings: Vec<String> = Vec::new();
    for Spoken {
        role,
        text: statement,
    } in &spoken(stage.role, statements)
    {
        if sets(statement) {
            settings.push((*statement).clone());
        }
        let bare = stage.of(role).behind(&settings);
        let copies_a_table = word_at(statement, 0) == "copy" && word_at(statement, 1) != "(";
        let by_policies = report
            .not_by_grant
            .as_ref()
            .is_some_and(|reason| reason.kind == NotByGrantKind::RowLevelSecurity);
        if copies_a_table && by_policies {
            return before_policies(&bare, report, found, statement).await;
        }
        let (stage, needs) = if bare.gives() {
            (bare.with(&found.needs), found.needs.clone())
        } else {
            (bare.behind(&[]), Vec::new())
        };
        let barred = match policies::barring(&stage, &needs, statement).await? {
            policies::Barring::Passes => continue,
            _ if word_at(statement, 0) == "copy" => {
                unsupported(report, found);
                return Ok(());
            }
            policies::Barring::Untold(table) => {
                found.notes.push(format!(
                    "row-level security of {table} holds the rows against its policies when the statement runs: \
                     that was not tried"
                ));
                found.verdict = Verdict::Expected;
                continue;
            }
            policies::Barring::Barred(barred) => barred,
        };
        let joined = policies::joined(&stage, &needs, statement, &barred).await?;
        for passing in policies::becoming(&stage, statement, &barred).await? {
            report.because.push(Reason {
                mark: Mark::Measured,
                text: format!(
                    "{} may SET ROLE {}, which row-level security lets pass; it is not inherited",
                    stage.role,
                    ident::role(&passing)
                ),
            });
        }
        if report.refusal.is_none() && found.needs.is_empty() {
            report.refusal = Some(saying::denied(barred.message.clone()));
        }
        report.outcome = Outcome::Refused;
        report.not_by_grant = Some(NotByGrant {
            kind: NotByGrantKind::RowLevelSecurity,
            explanation: explanation(&barred, joined.as_ref(), &needs),
        });
        found.verdict = Verdict::Partial;
        if let Some(joined) = joined {
            join(&bare, found, joined).await?;
        } else if !found.needs.is_empty() {
            found.notes.push(format!(
                "one half only: {} as well; until then the statement stays refused",
                barred.change
            ));
        }
        return Ok(());
    }
    Ok(())
}

/// Adds a membership that brings the policies that are missing, and takes away what it covers.
async fn join(
    stage: &Stage<'_>,
    found: &mut Found,
    joined: policies::Joined,
) -> Result<(), Failure> {
    let mut needs = std::mem::take(&mut found.needs);
    add(&mut needs, vec![joined.need]);
    found.needs = stage.without_covered(needs).await?;
    found.verdict = Verdict::Expected;
    found.notes.push(
        "the rows were held against the policies by looking at them, not by writing them"
            .to_owned(),
    );
    Ok(())
}

/// Why, and all that it takes.
fn explanation(
    barred: &policies::Barred,
    joined: Option<&policies::Joined>,
    needs: &[Need],
) -> String {
    let policies::Barred {
        explanation,
        change,
        ..
    } = barred;
    match joined {
        Some(policies::Joined { need, policies }) => format!(
            "{explanation} Membership in {of} brings what is for {of} ({policies}), and everything else \
             that {of} may; without it {change}: no GRANT of a privilege mends it.",
            of = need.missing.object.name
        ),
        None if needs.is_empty() => {
            format!("{explanation} {}; no GRANT mends it.", capitalised(change))
        }
        None => format!(
            "{explanation} Both are needed: {change}, which no GRANT does, and {} must get the privileges \
             that it lacks; the GRANT mends that half alone.",
            needs
                .first()
                .map_or(barred.who(), |need| &need.missing.grantee)
        ),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
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

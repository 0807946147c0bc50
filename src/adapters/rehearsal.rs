//! A statement tried as a role in a transaction that is always rolled back.

mod alternatives;
mod avoid;
mod candidates;
mod connect;
mod definitions;
mod derived;
mod guarded;
mod maintenance;
mod names;
mod need;
mod ownership;
mod play;
mod policies;
mod rds;
mod roles;
mod runners;
mod runtime;
mod settle;
mod stage;

use super::session::Session;
use crate::domain::diagnosis::denial;
use crate::domain::diagnosis::trial::{trial, word_at};
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind, Outcome, Verdict, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::sql::split;
use need::add;
use play::Found;
use settle::settle;
use stage::{Manner, Stage};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The role that wants something.
    pub role: String,
    /// The statement; `None` to ask about signing in.
    pub statement: Option<String>,
    /// What the server said, where it was tried already.
    pub refusal: Option<Failure>,
    /// Whether the server may be asked to try.
    pub rehearse: Rehearse,
}

/// Whether a statement may be tried on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearse {
    /// It may, in a transaction that is rolled back.
    WherePossible,
    /// Only catalogs are read.
    Never,
}

/// Explains a refusal.
///
/// # Errors
/// The session's: a lost connection, a cancel, a time-out.
pub async fn explain(session: &Session, question: &Question) -> Result<WhyReport, Failure> {
    let mut report = WhyReport::about(
        &question.role,
        question.statement.clone(),
        &session.facts().user,
    );
    report.refusal.clone_from(&question.refusal);
    if !runners::known_role(session, &question.role).await? {
        let mut failure = Failure::local(format!("role \"{}\" does not exist", question.role));
        failure.sqlstate = Some("42704".to_owned());
        report.outcome = Outcome::Failed;
        report.headline.clone_from(&failure.message);
        report.refusal = Some(failure);
        return Ok(report);
    }
    let looker = runners::looker(session, &question.role).await?;
    let manner = match question.rehearse {
        Rehearse::WherePossible => looker.manner,
        Rehearse::Never => Manner::Onlooker,
    };
    let stage = Stage::open(session, &question.role, manner).await?;
    let mut rehearsal = looker.rehearsal;
    if let Some(joining) = &looker.joining
        && question.rehearse == Rehearse::WherePossible
        && question.statement.is_some()
        && stage.join(joining).await?
    {
        rehearsal = Ok(());
    }
    let outcome = on_stage(&stage, question, rehearsal, &mut report).await;
    stage.close().await?;
    outcome.map(|()| report)
}

async fn on_stage(
    stage: &Stage<'_>,
    question: &Question,
    rehearsal: Result<(), String>,
    report: &mut WhyReport,
) -> Result<(), Failure> {
    let Some(text) = &question.statement else {
        let mut door = connect::to_connect(stage).await?;
        let found = Found {
            needs: std::mem::take(&mut door.needs),
            verdict: Verdict::Expected,
            notes: std::mem::take(&mut door.notes),
        };
        settle(stage, report, found, &[]).await?;
        return door.obstruct(stage, report).await;
    };
    let statements = statements(text);
    let reason = match question.rehearse {
        Rehearse::Never => Some("the server was not to be asked to try".to_owned()),
        Rehearse::WherePossible => rehearsal.err(),
    };
    let mut texts = Vec::new();
    let mut found = match reason {
        None => played(stage, &statements, text, &mut texts, report).await?,
        Some(why) => derive(stage, &statements, why, report).await?,
    };
    if report.outcome != Outcome::Failed {
        look_beyond(stage, question, text, &mut found, report).await?;
        bar(stage, report, &mut found, &statements).await?;
    }
    settle(stage, report, found, &texts).await
}

fn statements(text: &str) -> Vec<String> {
    split::statements(text)
        .into_iter()
        .filter_map(|range| {
            text.get(range)
                .map(|one| one.trim().trim_end_matches(';').to_owned())
        })
        .collect()
}

/// Rehearses what can be rehearsed and derives the rest, statement by statement.
async fn played(
    stage: &Stage<'_>,
    statements: &[String],
    text: &str,
    texts: &mut Vec<String>,
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    let mut left = Vec::new();
    let executes = statements
        .iter()
        .any(|one| one.to_lowercase().contains("execute"));
    for statement in statements {
        // What is only prepared is checked when it is executed.
        if !executes && word_at(statement, 0) == "prepare" {
            continue;
        }
        match trial(statement) {
            Ok(_) if !stage.judges_becoming() && becomes(statement) => left.push((
                statement,
                "SET ROLE would be judged as for who looks, not as for the role",
            )),
            Ok(more) => texts.extend(more),
            Err(why) => left.push((statement, why)),
        }
    }
    let mut found = play::play(stage, texts, text, report).await?;
    let ungiven = report.outcome == Outcome::Refused && found.verdict == Verdict::Partial;
    if ungiven && !stage.gives() {
        report.not_by_grant = None;
        texts.clear();
        let why = format!("{} may not grant all that is missing", report.looked_as);
        return derive(stage, statements, why, report).await;
    }
    if report.outcome == Outcome::Failed {
        return Ok(found);
    }
    for (statement, why) in left {
        stage.rewind().await?;
        let needs = derived::derive(stage, statement, None).await?;
        if let Some(warning) = maintenance::skipped(statement, &needs, stage.major()) {
            let _ = report.refusal.get_or_insert(warning);
            found
                .notes
                .push("it does not fail: it warns, and skips the table".to_owned());
        }
        add(&mut found.needs, needs);
        found.notes.push(format!("not rehearsed: {why}"));
        found.verdict = Verdict::Expected;
        texts.clear();
    }
    Ok(found)
}

/// Whether a statement is SET ROLE, which the server judges by who signed in.
fn becomes(statement: &str) -> bool {
    word_at(statement, 0) == "set"
        && (word_at(statement, 1) == "role" || word_at(statement, 2) == "role")
}

/// From catalogs and words alone.
async fn derive(
    stage: &Stage<'_>,
    statements: &[String],
    why: String,
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    stage.rewind().await?;
    let known = report.refusal.as_ref();
    if let Some(failure) = known.filter(|failure| denial::read(failure).is_none()) {
        report.outcome = Outcome::Failed;
        report.headline.clone_from(&failure.message);
        return Ok(Found {
            needs: Vec::new(),
            verdict: Verdict::Expected,
            notes: Vec::new(),
        });
    }
    let denial = known.and_then(denial::read);
    report.not_by_grant = denial
        .as_ref()
        .and_then(|denial| play::not_by_grant(denial, stage.major()));
    let mut needs = Vec::new();
    for statement in statements {
        add(
            &mut needs,
            derived::derive(stage, statement, denial.as_ref()).await?,
        );
    }
    Ok(Found {
        needs,
        verdict: Verdict::Expected,
        notes: vec![format!("not rehearsed: {why}")],
    })
}

/// Adds what is checked only when the statement runs.
async fn look_beyond(
    stage: &Stage<'_>,
    question: &Question,
    text: &str,
    found: &mut Found,
    report: &mut WhyReport,
) -> Result<(), Failure> {
    let granted = match question.rehearse {
        Rehearse::WherePossible if stage.gives() => found.needs.as_slice(),
        _ => &[],
    };
    let beyond = runtime::beyond(stage, granted, text).await?;
    if beyond.superuser {
        let _ = report.not_by_grant.get_or_insert_with(play::beyond);
        found.needs.clear();
        return Ok(());
    }
    if beyond.needs.is_empty() {
        return Ok(());
    }
    add(&mut found.needs, beyond.needs);
    if stage.gives() && question.rehearse == Rehearse::WherePossible {
        found.needs = stage
            .without_covered(std::mem::take(&mut found.needs))
            .await?;
    }
    found.notes.extend(beyond.notes);
    if found.verdict == Verdict::Proven {
        found.verdict = Verdict::Expected;
        found
            .notes
            .push("what is checked only when it runs was looked up, not rehearsed".to_owned());
    }
    Ok(())
}

/// Says so where row-level security stands in the way: planning a statement does not try its rows.
async fn bar(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: &mut Found,
    statements: &[String],
) -> Result<(), Failure> {
    for statement in statements {
        let needs = if stage.gives() {
            found.needs.as_slice()
        } else {
            &[]
        };
        let Some(explanation) = policies::barring(stage, needs, statement).await? else {
            continue;
        };
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

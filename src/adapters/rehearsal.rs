//! A statement tried as a role in a transaction that is always rolled back.

mod candidates;
mod derived;
mod policies;
mod stage;

use super::session::Session;
use crate::domain::diagnosis::denial::{self, Denial};
use crate::domain::diagnosis::trial::trial;
use crate::domain::diagnosis::{
    Avoid, Breadth, Mark, MissingPrivilege, NotByGrant, NotByGrantKind, ObjectKind, Outcome,
    Reason, Remedy, Verdict, WhyReport, remedy,
};
use crate::domain::failure::Failure;
use crate::domain::sql::split;
use candidates::Need;
use stage::Stage;

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

/// Refusals followed at most, so that a server that never passes cannot hold us.
const MOST_REFUSALS: usize = 40;

/// Explains a refusal.
///
/// # Errors
/// The session's, and a local failure where the role does not exist.
pub async fn explain(session: &Session, question: &Question) -> Result<WhyReport, Failure> {
    candidates::known_role(session, &question.role).await?;
    let mut report = WhyReport {
        role: question.role.clone(),
        statement: question.statement.clone(),
        looked_as: session.facts().user.clone(),
        outcome: Outcome::Allowed,
        refusal: question.refusal.clone(),
        headline: String::new(),
        because: Vec::new(),
        missing: Vec::new(),
        fixes: Vec::new(),
        not_by_grant: None,
        avoid: Vec::new(),
    };
    let Some(text) = &question.statement else {
        let needs = candidates::to_connect(session, &question.role).await?;
        settle(session, &mut report, needs, Verdict::Expected, Vec::new()).await?;
        return Ok(report);
    };
    let statements: Vec<String> = split::statements(text)
        .into_iter()
        .filter_map(|range| {
            text.get(range)
                .map(|one| one.trim().trim_end_matches(';').to_owned())
        })
        .collect();
    let trials: Result<Vec<_>, _> = statements.iter().map(|one| trial(one)).collect();
    let texts = match (question.rehearse, trials) {
        (Rehearse::Never, _) => Err("the server was not to be asked to try".to_owned()),
        (Rehearse::WherePossible, Err(why)) => Err(why.to_owned()),
        (Rehearse::WherePossible, Ok(texts)) => candidates::may_rehearse(session, &question.role)
            .await?
            .map(|()| texts.concat()),
    };
    match texts {
        Ok(texts) => {
            let stage = Stage::open(session, &question.role).await?;
            let outcome = rehearse(&stage, &texts, text, &mut report).await;
            stage.close().await?;
            let (needs, verdict) = outcome?;
            bar(session, &mut report, text).await?;
            settle(session, &mut report, needs, verdict, Vec::new()).await?;
        }
        Err(why) => {
            let itself = session.facts().user == question.role;
            if report.refusal.is_none() && itself && question.rehearse == Rehearse::WherePossible {
                report.refusal = try_itself(session, &question.role, &statements).await?;
            }
            let known = report.refusal.as_ref();
            if let Some(failure) = known.filter(|failure| !failure.is_refusal()) {
                report.outcome = Outcome::Failed;
                report.headline.clone_from(&failure.message);
                return Ok(report);
            }
            let denial = known.and_then(denial::read);
            report.not_by_grant = denial
                .as_ref()
                .and_then(|denial| not_by_grant(denial, session.facts().version.major()));
            let needs = derived::derive(session, &question.role, text, denial.as_ref()).await?;
            if let Some(need) = needs.iter().find(|need| need.breadth == Breadth::Attribute) {
                let _ = report
                    .not_by_grant
                    .get_or_insert_with(|| by_attribute(&need.missing.privilege));
            }
            bar(session, &mut report, text).await?;
            let notes = vec![format!("not rehearsed: {why}")];
            settle(session, &mut report, needs, Verdict::Expected, notes).await?;
        }
    }
    Ok(report)
}

/// A role may always try for itself, in a transaction that is rolled back: what it is told first.
async fn try_itself(
    session: &Session,
    role: &str,
    statements: &[String],
) -> Result<Option<Failure>, Failure> {
    let Ok(texts) = statements
        .iter()
        .map(|one| trial(one))
        .collect::<Result<Vec<_>, _>>()
    else {
        return Ok(None);
    };
    let stage = Stage::open(session, role).await?;
    let outcome = stage.alone(&texts.concat()).await;
    stage.close().await?;
    outcome
}

/// Collects refusals and grants what could lift each, then takes away what is not needed.
async fn rehearse(
    stage: &Stage<'_>,
    texts: &[String],
    statement: &str,
    report: &mut WhyReport,
) -> Result<(Vec<Need>, Verdict), Failure> {
    let mut needs: Vec<Need> = Vec::new();
    let mut last: Option<Denial> = None;
    for _ in 0..MOST_REFUSALS {
        let Err(failure) = stage.attempt(&needs, texts).await? else {
            let mut needs = stage.smallest(needs, texts).await?;
            needs.extend(stage.sequences(&needs, texts, statement).await?);
            return Ok((needs, Verdict::Proven));
        };
        let _ = report.refusal.get_or_insert_with(|| failure.clone());
        let Some(denial) = denial::read(&failure) else {
            if needs.is_empty() {
                report.outcome = Outcome::Failed;
                report.refusal = Some(failure);
            }
            return Ok((needs, Verdict::Partial));
        };
        report.outcome = Outcome::Refused;
        let repeated = last.as_ref() == Some(&denial);
        if needs.is_empty() {
            report.refusal = Some(failure);
        }
        let reach = if repeated {
            candidates::Reach::ViewOwners
        } else {
            candidates::Reach::Role
        };
        let more = stage.candidates(&denial, statement, reach).await?;
        report.not_by_grant = report
            .not_by_grant
            .take()
            .or_else(|| not_by_grant(&denial, stage.major()));
        let before = needs.len();
        needs.extend(more);
        if needs.len() == before {
            return Ok((needs, Verdict::Partial));
        }
        last = Some(denial);
    }
    Ok((needs, Verdict::Partial))
}

/// Says so where row-level security stands in the way: planning a statement does not try its rows.
async fn bar(session: &Session, report: &mut WhyReport, statement: &str) -> Result<(), Failure> {
    if report.outcome == Outcome::Failed {
        return Ok(());
    }
    if let Some(explanation) = policies::barring(session, &report.role, statement).await? {
        report.outcome = Outcome::Refused;
        report.not_by_grant = Some(NotByGrant {
            kind: NotByGrantKind::RowLevelSecurity,
            explanation,
        });
    }
    Ok(())
}

fn by_attribute(attribute: &str) -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::Attribute,
        explanation: format!("This takes the role attribute {attribute}, which no GRANT gives."),
    }
}

/// Why no grant of a privilege can help, for the refusals where none can.
fn not_by_grant(denial: &Denial, major: u32) -> Option<NotByGrant> {
    let (kind, explanation) = match denial {
        Denial::Ownership { kind, name } => (
            NotByGrantKind::Ownership,
            format!("Only the owner of {kind} {name}, or a member of the owner, may do this."),
        ),
        Denial::Attribute(attribute) => return Some(by_attribute(attribute)),
        Denial::RowLevelSecurity(table) => (
            NotByGrantKind::RowLevelSecurity,
            format!("A row-level security policy of {table} decides; grants do not."),
        ),
        Denial::Parameter(name) if major < 15 => (
            NotByGrantKind::Superuser,
            format!(
                "Only a superuser sets {name} before PostgreSQL 15; on RDS the parameter group does."
            ),
        ),
        Denial::Superuser => (
            NotByGrantKind::Superuser,
            "The server guards this beyond ordinary privileges.".to_owned(),
        ),
        Denial::Privilege { .. }
        | Denial::Temporary
        | Denial::CreateInDatabase
        | Denial::Membership(_)
        | Denial::Parameter(_) => return None,
    };
    Some(NotByGrant { kind, explanation })
}

/// Turns what is needed into the report's lists.
async fn settle(
    session: &Session,
    report: &mut WhyReport,
    needs: Vec<Need>,
    verdict: Verdict,
    notes: Vec<String>,
) -> Result<(), Failure> {
    let barred = report.not_by_grant.is_some();
    if report.outcome != Outcome::Failed
        && (barred || !needs.is_empty() || report.refusal.is_some())
    {
        report.outcome = Outcome::Refused;
    }
    let mark = if verdict == Verdict::Proven {
        Mark::Measured
    } else {
        Mark::Derived
    };
    report.headline = headline(report, &needs);
    report.because.extend(notes.iter().map(|note| Reason {
        mark: Mark::Derived,
        text: note.clone(),
    }));
    report.missing = needs.iter().map(|need| need.missing.clone()).collect();
    report
        .because
        .extend(report.missing.iter().map(|missing| Reason {
            mark,
            text: format!(
                "{} lacks {} on {}",
                missing.grantee,
                missing.privilege,
                remedy::described(&missing.object)
            ),
        }));
    if !needs.is_empty() {
        let run_as = candidates::run_as(session, &needs).await?;
        report.fixes.push(Remedy {
            statements: needs.iter().map(|need| need.statement.clone()).collect(),
            verdict,
            breadth: needs
                .iter()
                .map(|need| need.breadth)
                .max()
                .unwrap_or(Breadth::Object),
            run_as,
            opens: opens(&report.missing),
            notes,
        });
    }
    if report.outcome == Outcome::Refused {
        report.avoid.push(Avoid {
            statement: format!(
                "GRANT rds_superuser TO {}",
                crate::domain::ident::role(&report.role)
            ),
            because:
                "it hands over every role, extension and kill right, and hides which privilege \
                      was missing"
                    .to_owned(),
        });
    }
    Ok(())
}

/// What was refused, in plain words.
fn headline(report: &WhyReport, needs: &[Need]) -> String {
    let lacks = |need: &Need| {
        let missing = &need.missing;
        let object = remedy::described(&missing.object);
        match missing.privilege.as_str() {
            "MEMBER" => format!(
                "{} is no member of {}",
                missing.grantee, missing.object.name
            ),
            privilege if missing.object.kind == ObjectKind::Role => {
                format!("{} lacks the attribute {privilege}", missing.grantee)
            }
            privilege => format!("{} lacks {privilege} on {object}", missing.grantee),
        }
    };
    if let Some(reason) = &report.not_by_grant {
        return reason.explanation.trim_end_matches('.').to_owned();
    }
    match (needs, &report.refusal, report.outcome) {
        ([], Some(failure), _) => failure.message.clone(),
        ([], None, Outcome::Allowed) => format!("nothing stands in the way of {}", report.role),
        ([], None, _) => format!("{} lacks what this needs", report.role),
        ([need], ..) => lacks(need),
        ([first, rest @ ..], ..) => format!("{}, and {} more", lacks(first), rest.len()),
    }
}

fn opens(missing: &[MissingPrivilege]) -> String {
    let names: Vec<String> = missing
        .iter()
        .map(|one| match one.object.columns.len() {
            0 => format!("{} on {}", one.privilege, remedy::described(&one.object)),
            1 => format!(
                "{} of 1 column of {}",
                one.privilege,
                remedy::described(&one.object)
            ),
            many => format!(
                "{} of {many} columns of {}",
                one.privilege,
                remedy::described(&one.object)
            ),
        })
        .collect();
    names.join("; ")
}

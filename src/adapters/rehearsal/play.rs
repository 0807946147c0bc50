//! The rehearsal itself: refusals collected one by one with what lifts them, then everything taken
//! away again that is not needed.

use super::candidates::{Lifting, Reach};
use super::drawing::{Spared, drawn};
use super::names;
use super::need::{Need, add, grow};
use super::parsed;
use super::scene::{Scene, Stopped, asking};
use super::stage::{Goal, Stage};
use crate::domain::diagnosis::denial::{self, Denial};
use crate::domain::diagnosis::trial::EXPLAIN;
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind, Outcome, Verdict, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::sql::search_path::path_change;
use crate::domain::sql::split;

/// Refusals followed at most, so that a server that never passes cannot hold us.
const MOST_REFUSALS: usize = 300;

/// `query_canceled`: it takes longer than there is time for.
const TIMED_OUT: &str = "57014";

/// What was found out.
pub(super) struct Found {
    pub(super) needs: Vec<Need>,
    pub(super) verdict: Verdict,
    pub(super) notes: Vec<String>,
    /// How the server would do what passes.
    pub(super) plans: Vec<Vec<String>>,
    /// Whom each of them was made for.
    pub(super) planned_for: Vec<String>,
}

impl Found {
    /// These are needed, as far as can be told.
    pub(super) fn expected(needs: Vec<Need>, notes: Vec<String>) -> Self {
        Self {
            needs,
            verdict: Verdict::Expected,
            notes,
            plans: Vec::new(),
            planned_for: Vec::new(),
        }
    }

    fn nothing() -> Self {
        Self {
            needs: Vec::new(),
            verdict: Verdict::Partial,
            notes: Vec::new(),
            plans: Vec::new(),
            planned_for: Vec::new(),
        }
    }
}

/// Plays until all scenes pass, or nothing more can be given.
pub(super) async fn play(
    stage: &Stage<'_>,
    scenes: &mut Vec<Scene>,
    statement: &str,
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    let mut needs: Vec<Need> = Vec::new();
    let mut last: Option<(usize, Denial)> = None;
    let mut notes: Vec<String> = Vec::new();
    for _ in 0..MOST_REFUSALS {
        if stage.is_read_only() && !needs.is_empty() {
            break;
        }
        let Err(Stopped { failure, scene }) = stage.attempt(&needs, scenes).await? else {
            let mut found = passed(stage, needs, scenes).await?;
            if !notes.is_empty() {
                found.verdict = Verdict::Expected;
                found.notes = notes;
            }
            return Ok(found);
        };
        let hurried = failure.sqlstate.as_deref() == Some(TIMED_OUT);
        if hurried && scenes.get(scene).is_some_and(Scene::is_worked_out) {
            let _ = scenes.remove(scene);
            notes.push("what its functions look at is known only when it runs".to_owned());
            continue;
        }
        let body = scenes
            .get(scene)
            .and_then(|scene| Some((scene.speaker.clone()?, scene.text.clone())));
        let speaker = body.as_ref().map(|(speaker, _)| speaker);
        let asked = asking(stage.role, scenes).into_iter().nth(scene);
        let asked = asked.as_deref().unwrap_or(stage.role);
        let told = body.as_ref().map_or_else(
            || spoken_in(statement, scenes.get(scene)),
            |(_, text)| text.strip_prefix(EXPLAIN).unwrap_or(text).to_owned(),
        );
        let text = told.as_str();
        if let Some(denial) = denial::of_statement(&failure, text) {
            report.outcome = Outcome::Refused;
            let _ = report.refusal.get_or_insert_with(|| failure.clone());
            let here = (scene, denial);
            let reach = if last.as_ref() == Some(&here) {
                Reach::Others
            } else {
                Reach::Role
            };
            let (_, denial) = &here;
            let actor = stage.of(asked);
            let told = further(&actor, denial, (text, reach), &mut needs, report).await?
                || (speaker.is_none() && underneath(&actor, scenes.get(scene), &mut needs).await?);
            if !told {
                return stuck(stage, (denial, &failure), needs, scenes, report).await;
            }
            last = Some(here);
            continue;
        }
        stage.rewind().await?;
        let path = match speaker {
            Some(speaker) => Some(speaker.path.clone()),
            None => path_before(scenes.get(..scene).unwrap_or_default()),
        };
        let path = path.as_deref();
        let hidden = names::hidden(stage.session, asked, path, &failure).await?;
        if !grow(&mut needs, hidden) {
            if speaker.is_some() {
                // It cannot be tried by itself after all.
                let _ = scenes.remove(scene);
                continue;
            }
            return failed(stage, failure, needs, scenes, report).await;
        }
        report.outcome = Outcome::Refused;
        let _ = report.refusal.get_or_insert(failure);
    }
    Ok(Found {
        needs,
        ..Found::nothing()
    })
}

/// The one of several statements that a scene tries as it stands, or else all of them.
fn spoken_in(statements: &str, scene: Option<&Scene>) -> String {
    let tried = scene.map(|scene| scene.text.strip_prefix(EXPLAIN).unwrap_or(&scene.text));
    split::statements(statements)
        .into_iter()
        .filter_map(|range| statements.get(range))
        .map(|one| one.trim().trim_end_matches(';'))
        .find(|one| Some(*one) == tried)
        .unwrap_or(statements)
        .to_owned()
}

/// Adds what the server's own reading of a scene tells that no refusal led to: policies under a view
/// are checked as its owner; whether anything was new.
async fn underneath(
    stage: &Stage<'_>,
    scene: Option<&Scene>,
    needs: &mut Vec<Need>,
) -> Result<bool, Failure> {
    let Some(query) = scene.and_then(|scene| scene.text.strip_prefix(EXPLAIN)) else {
        return Ok(false);
    };
    stage.rewind().await?;
    let found = parsed::lacking(stage, stage.role, query).await?;
    let givable = stage.givable(found.unwrap_or_default()).await?;
    Ok(grow(needs, givable))
}

/// The search path that the scenes so far have set, where they have.
fn path_before(scenes: &[Scene]) -> Option<String> {
    let change = scenes
        .iter()
        .rev()
        .find_map(|scene| path_change(&scene.text))?;
    change.path
}

/// Adds what could lift a refusal, reaching further until something is new; whether anything was.
async fn further(
    stage: &Stage<'_>,
    denial: &Denial,
    (statement, from): (&str, Reach),
    needs: &mut Vec<Need>,
    report: &mut WhyReport,
) -> Result<bool, Failure> {
    for reach in [Reach::Role, Reach::Others, Reach::Owner] {
        if reach == Reach::Role && from != Reach::Role {
            continue;
        }
        let lifting = stage.candidates(denial, statement, reach).await?;
        bar(report, denial, &lifting, stage.major());
        if grow(needs, lifting.needs) {
            return Ok(true);
        }
        // What somebody else could grant is narrower than what this reach is followed by.
        if lifting.system || (lifting.withheld && !stage.gives()) {
            return Ok(false);
        }
    }
    Ok(false)
}

async fn passed(stage: &Stage<'_>, needs: Vec<Need>, scenes: &[Scene]) -> Result<Found, Failure> {
    let mut needs = stage.smallest(needs, scenes, &Goal::Passes).await?;
    let mut found = Found {
        verdict: Verdict::Proven,
        ..Found::nothing()
    };
    if let Ok(played) = stage.attempt(&needs, scenes).await? {
        let drawn = drawn(stage, scenes, &played).await?;
        add(&mut needs, drawn.needs);
        if drawn.spared == Spared::Some {
            found.verdict = Verdict::Expected;
            found.notes.push(
                "it writes no row now, so it draws from no sequence; with rows it would".to_owned(),
            );
        }
        found.plans = played;
        found.planned_for = asking(stage.role, scenes);
    }
    Ok(Found { needs, ..found })
}

/// Nothing that can be given lifts the refusal. What was given on the way would be given in vain,
/// except under a policy: the privilege is wanted as well.
async fn stuck(
    stage: &Stage<'_>,
    (denial, failure): (&Denial, &Failure),
    needs: Vec<Need>,
    scenes: &[Scene],
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    if matches!(
        denial,
        Denial::RowLevelSecurity(_) | Denial::RowSecurityOff(_)
    ) {
        let goal = Goal::FailsWith(failure.sqlstate.clone(), failure.message.clone());
        let needs = stage.smallest(needs, scenes, &goal).await?;
        return Ok(Found {
            needs,
            ..Found::nothing()
        });
    }
    let catalog = matches!(denial, Denial::Privilege { name, .. } if name.starts_with("pg_"));
    // What was in the way before could have been given: the last refusal is the one that decides.
    let decides = |reason: &NotByGrant| {
        reason.kind == NotByGrantKind::System || matches!(denial, Denial::Ownership { .. })
    };
    if !report.not_by_grant.as_ref().is_some_and(decides) {
        report.not_by_grant = not_by_grant(denial, stage.major())
            .or_else(|| Some(if catalog { of_system() } else { beyond() }));
    }
    Ok(Found::nothing())
}

/// The statement fails for another reason than a privilege, at once or after what was given.
async fn failed(
    stage: &Stage<'_>,
    failure: Failure,
    needs: Vec<Need>,
    scenes: &[Scene],
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    if needs.is_empty() {
        report.outcome = Outcome::Failed;
        report.refusal = Some(failure);
        return Ok(Found::nothing());
    }
    if is_for_nobody(&failure) {
        report.not_by_grant = Some(for_nobody(&failure.message));
        return Ok(Found::nothing());
    }
    let goal = Goal::FailsWith(failure.sqlstate.clone(), failure.message.clone());
    let needs = stage.smallest(needs, scenes, &goal).await?;
    let notes = vec![format!(
        "with it the statement passes the privilege checks and then fails: {}",
        failure.message
    )];
    Ok(Found::expected(needs, notes))
}

/// Whether a failure behind the privilege checks holds for everybody: names that the system reserves
/// (`42939`; PostgreSQL source, `schemacmds.c`, `CreateSchemaCommand`), the tablespace of what the
/// cluster shares (`tablecmds.c`, `DefineRelation`), and parts of another object (`2BP01`;
/// `dependency.c`, `findDependentObjects`).
fn is_for_nobody(failure: &Failure) -> bool {
    let sqlstate = failure.sqlstate.as_deref();
    let says = |words: &str| failure.message.contains(words);
    sqlstate == Some("42939")
        || (sqlstate == Some("22023") && says("pg_global tablespace"))
        || (sqlstate == Some("2BP01") && failure.message.ends_with(" requires it"))
}

/// Says so where no grant of a privilege is what is missing.
fn bar(report: &mut WhyReport, denial: &Denial, lifting: &Lifting, major: u32) {
    let reason = if lifting.system {
        Some(of_system())
    } else {
        not_by_grant(denial, major)
    };
    if report.not_by_grant.is_none() {
        report.not_by_grant = reason;
    }
}

/// What is told of something that the server refuses to everybody, in its words.
pub(super) fn for_nobody(message: &str) -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::System,
        explanation: format!("Nobody may do this, whatever is granted: {message}."),
    }
}

pub(super) fn beyond() -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::Superuser,
        explanation: "The server guards this beyond ordinary privileges: only a superuser may."
            .to_owned(),
    }
}

fn of_system() -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::System,
        explanation:
            "The object belongs to PostgreSQL itself; nobody is given rights to change it."
                .to_owned(),
    }
}

pub(super) fn by_ownership(kind: &str, name: &str) -> NotByGrant {
    let explanation = if ["text search parser", "text search template"].contains(&kind) {
        format!("Only a superuser, or the owner of its schema, may drop {kind} {name}.")
    } else {
        format!("Only the owner of {kind} {name}, or a member of the owner, may do this.")
    };
    NotByGrant {
        kind: NotByGrantKind::Ownership,
        explanation,
    }
}

pub(super) fn by_attribute(attribute: &str) -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::Attribute,
        explanation: format!("This takes the role attribute {attribute}, which no GRANT gives."),
    }
}

/// Why no grant of a privilege can help, for the refusals where none can.
pub(super) fn not_by_grant(denial: &Denial, major: u32) -> Option<NotByGrant> {
    let (kind, explanation) = match denial {
        Denial::Ownership { kind, name } => return Some(by_ownership(kind, name)),
        Denial::Attribute(attribute) => return Some(by_attribute(attribute)),
        Denial::RoleManagement(_) => return Some(by_attribute("CREATEROLE")),
        Denial::RowLevelSecurity(table) => (
            NotByGrantKind::RowLevelSecurity,
            format!("A row-level security policy of {table} decides; grants do not."),
        ),
        // PostgreSQL source, `rls.c`, `check_enable_rls`.
        Denial::RowSecurityOff(table) => (
            NotByGrantKind::RowLevelSecurity,
            format!(
                "row_security is off, so the server refuses instead of hiding what the policies of {table} \
                 hide. SET row_security = on runs it with the rows that they show; all rows are for the \
                 owner of {table} and for roles with BYPASSRLS."
            ),
        ),
        Denial::Parameter(name) if major < 15 => (
            NotByGrantKind::Superuser,
            format!(
                "Only a superuser sets {name} before PostgreSQL 15; on RDS the parameter group does."
            ),
        ),
        Denial::System => return Some(of_system()),
        Denial::Superuser => return Some(beyond()),
        Denial::Privilege { .. }
        | Denial::GrantOption(_)
        | Denial::Temporary
        | Denial::CreateInDatabase
        | Denial::Becoming(_)
        | Denial::Acting(_)
        | Denial::Administration(_)
        | Denial::Predefined(_)
        | Denial::Parameter(_) => return None,
    };
    Some(NotByGrant { kind, explanation })
}

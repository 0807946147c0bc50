//! A statement tried as a role in a transaction that is always rolled back.

mod along;
mod alternatives;
mod avoid;
mod body_text;
mod branches;
mod built;
mod candidates;
mod check_option;
mod checked;
mod circles;
mod connect;
mod copying;
mod definitions;
mod derived;
mod drawing;
mod event_triggers;
mod foreign;
mod given_text;
mod guarded;
mod heirs;
mod holders;
mod keys;
mod locking;
mod looking;
mod maintenance;
mod met;
mod names;
mod native;
mod nearby;
mod need;
mod ownership;
mod parsed;
mod play;
mod policies;
mod rds;
mod read_only;
mod referring;
mod resolution;
mod restricted;
mod roles;
mod rules;
mod runners;
mod runtime;
mod scene;
mod settle;
mod spoken;
mod stage;
mod stored;
mod touched;
mod underneath;
mod unfillable;
mod unknown_values;
mod worded;
mod written;
mod written_rows;

use super::session::Session;
use crate::domain::diagnosis::body::Course;
use crate::domain::diagnosis::denial::{self, Denial};
use crate::domain::diagnosis::evaluable::evaluable;
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::trial::{trial, word_at};
use crate::domain::diagnosis::{
    Mark, NotByGrant, NotByGrantKind, Outcome, Reason, Verdict, WhyReport,
};
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::sql::explain::only_plans;
use crate::domain::sql::placeholders::numbered;
use crate::domain::sql::prepared::filled_in;
use crate::domain::sql::psql::sent;
use crate::domain::sql::role_change::spelled_out;
use crate::domain::sql::search_path::{opening, path_change};
use crate::domain::sql::split;
use event_triggers::Events;
use need::{Need, add};
use play::Found;
use runtime::{Beyond, Bodies};
use scene::Scene;
use settle::settle;
use spoken::{Spoken, becomes, spoken};
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
    /// The search path it was tried with, where the session had set one.
    pub search_path: Option<String>,
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
    let mut report = explain_as_written(session, question).await?;
    nearby::point_out(session, &mut report).await?;
    let written = question.statement.as_deref().unwrap_or_default();
    let Some(filled) = numbered(written).filter(|_| is_no_sql(&report)) else {
        return Ok(report);
    };
    let resent = Question {
        statement: Some(filled.text),
        ..question.clone()
    };
    let mut again = explain_as_written(session, &resent).await?;
    if again.outcome == Outcome::Failed {
        return Ok(report);
    }
    again.statement.clone_from(&question.statement);
    again.because.insert(
        0,
        Reason {
            mark: Mark::Derived,
            text: filled.told,
        },
    );
    Ok(again)
}

/// Whether the server could not read the statement: it may hold placeholders. In `a = %s` it looks for a
/// column `s`, and in `a=%s` for an operator `=%`.
fn is_no_sql(report: &WhyReport) -> bool {
    let refusal = report.refusal.as_ref();
    let state = refusal.and_then(|refusal| refusal.sqlstate.as_deref());
    report.outcome == Outcome::Failed && matches!(state, Some("42601" | "42703" | "42883"))
}

/// Explains the refusal of a statement that the server hears as it is written.
async fn explain_as_written(session: &Session, question: &Question) -> Result<WhyReport, Failure> {
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
    let events = match question.rehearse {
        Rehearse::WherePossible => event_triggers::events(session).await?,
        // Nothing is tried that could set them off.
        Rehearse::Never => Events::None,
    };
    let manner = match question.rehearse {
        Rehearse::WherePossible if events != Events::Heard => looker.manner,
        Rehearse::WherePossible | Rehearse::Never => Manner::Onlooker,
    };
    let sent = question.statement.as_deref().map(sent);
    let opened = sent.as_deref().map(opening);
    let path = opened
        .as_ref()
        .and_then(|opened| opened.path.as_deref())
        .or(question.search_path.as_deref());
    let stage = Stage::open(session, &question.role, (manner, events), path).await?;
    let mut rehearsal = if events == Events::Heard {
        Err("event triggers would fire, which who looks may not silence".to_owned())
    } else {
        looker.rehearsal
    };
    let ungiven = looker.ungiven.map_or_else(
        || format!("{} may not grant all that is missing", report.looked_as),
        str::to_owned,
    );
    if let Some(joining) = &looker.joining
        && manner != Manner::Onlooker
        && question.statement.is_some()
        && stage.join_to_play(joining).await?
    {
        rehearsal = Ok(());
    }
    // Who signs in becomes the role that its settings name.
    let becoming = roles::becomes_at_sign_in(session, &question.role).await?;
    let text = opened.map(|opened| match &becoming {
        Some(other) => format!("SET ROLE {}; {}", ident::role(other), opened.rest),
        None => opened.rest.to_owned(),
    });
    let text = text.as_deref().map(spelled_out);
    let text = text.as_deref().map(filled_in);
    let text = text.as_deref();
    let outcome = on_stage(&stage, question, text, rehearsal, &ungiven, &mut report).await;
    stage.close().await?;
    match outcome {
        Err(failure) if failure.names_nothing() => Ok(report.failed(failure)),
        outcome => outcome.map(|()| report),
    }
}

async fn on_stage(
    stage: &Stage<'_>,
    question: &Question,
    text: Option<&str>,
    rehearsal: Result<(), String>,
    ungiven: &str,
    report: &mut WhyReport,
) -> Result<(), Failure> {
    let Some(text) = text else {
        let mut door = connect::to_connect(stage).await?;
        let found = Found::expected(
            std::mem::take(&mut door.needs),
            std::mem::take(&mut door.notes),
        );
        settle(stage, report, found, &[]).await?;
        return door.obstruct(stage, report).await;
    };
    let statements = statements(text);
    let reason = match question.rehearse {
        Rehearse::Never => Some("the server was not to be asked to try".to_owned()),
        Rehearse::WherePossible => rehearsal.err(),
    };
    let gives = stage.gives() && question.rehearse == Rehearse::WherePossible;
    let mut scenes = Vec::new();
    let mut found = match reason {
        None => {
            let found = played(stage, &statements, text, &mut scenes, report).await?;
            let partly = report.outcome == Outcome::Refused && found.verdict == Verdict::Partial;
            if stage.is_held_up() {
                report.outcome = Outcome::Allowed;
                report.refusal = None;
                report.not_by_grant = None;
                scenes.clear();
                let why = "another session holds a lock that trying would wait for".to_owned();
                derive(stage, &statements, why, report).await?
            } else if (partly || is_unread(report)) && !stage.gives() {
                report.outcome = Outcome::Refused;
                report.not_by_grant = None;
                scenes.clear();
                derive(stage, &statements, ungiven.to_owned(), report).await?
            } else {
                found
            }
        }
        Some(why) => derive(stage, &statements, why, report).await?,
    };
    let runs = !statements.iter().all(|one| only_plans(one));
    if report.outcome != Outcome::Failed && runs {
        if gives {
            say(stage, &found.needs, report);
        }
        found = look_beyond(stage, text, found, &mut scenes, gives, report).await?;
        written_rows::bar(stage, report, &mut found, &statements).await?;
        written_rows::check(stage, report, &mut found, &statements).await?;
        if gives {
            say(stage, &found.needs, report);
        }
    }
    settle(stage, report, found, &scenes).await?;
    foreign::obstruct(stage, &statements, report).await?;
    read_only::obstruct(stage, &statements, report).await
}

/// Whether the server refused in words that mean nothing here: those of another language.
fn is_unread(report: &WhyReport) -> bool {
    let refused = report.refusal.as_ref().is_some_and(Failure::is_refusal);
    report.outcome == Outcome::Failed && refused
}

/// Fills in the server's words where it was not asked: what lacks first is refused first, but COPY
/// looks at files before tables.
fn say(stage: &Stage<'_>, needs: &[Need], report: &mut WhyReport) {
    if report.refusal.is_some() {
        return;
    }
    let statement = report.statement.as_deref().unwrap_or_default();
    let of_files = needs
        .iter()
        .find_map(|need| saying::file_refusal(statement, &need.missing.object.name, stage.major()));
    report.refusal = of_files.or_else(|| {
        let first = needs.first()?;
        let of_template = first
            .wanted
            .as_ref()
            .and_then(|wanted| saying::template_refusal(statement, &wanted.kind, &wanted.name));
        let in_its_words = of_template
            .or_else(|| saying::command_refusal(statement, &first.missing, stage.major()));
        in_its_words.or_else(|| match &first.wanted {
            Some(wanted) => Some(saying::owner_refusal(&wanted.kind, &wanted.name)),
            None => saying::refusal(&first.missing),
        })
    });
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
    scenes: &mut Vec<Scene>,
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    let mut left = Vec::new();
    for Spoken {
        role,
        text: statement,
    } in &spoken(stage.role, statements)
    {
        let statement = *statement;
        if is_prepared(statements, statement) {
            continue;
        }
        if word_at(statement, 0) == "copy" && stage.gives() {
            // Files and programs are looked at before the table.
            let guards = guarded::guards(stage, statement).await?;
            say(stage, &guards.needs, report);
        }
        // What follows is looked up along it.
        if path_change(statement).is_some() {
            // DISCARD ALL refuses a transaction block; this is what it does to names.
            let discards = word_at(statement, 0) == "discard";
            scenes.push(Scene::own(if discards {
                "RESET search_path".to_owned()
            } else {
                statement.clone()
            }));
            continue;
        }
        let listed = copying::columns_listed(stage, statement).await?;
        let tried = match trial(&listed, stage.major()) {
            Ok(_) if heirs::changes_its_key(stage, statement).await? => Ok(vec![statement.clone()]),
            tried => tried,
        };
        match tried {
            Ok(_) if !stage.judges_becoming() && becomes(statement) => left.push((
                role.clone(),
                statement,
                "SET ROLE would be judged as for who looks, not as for the role",
            )),
            Ok(_) if !stage.judges_becoming() && role != stage.role => left.push((
                role.clone(),
                statement,
                "it comes behind a SET ROLE that cannot be tried",
            )),
            Ok(mut more) => {
                if let Some((planned, _)) =
                    unknown_values::planned(stage.session, statement).await?
                    && let Some(first) = more.first_mut()
                {
                    *first = planned;
                }
                let mut calls = evaluable(statement);
                calls.extend(looking::looking(stage, statement).await?);
                scenes.extend(more.into_iter().chain(calls).map(Scene::own));
            }
            Err(why) => left.push((role.clone(), statement, why)),
        }
    }
    let mut found = play::play(stage, scenes, text, report).await?;
    if !stage.gives() && report.outcome == Outcome::Refused && found.verdict == Verdict::Partial {
        return Ok(found);
    }
    if report.outcome == Outcome::Failed {
        return Ok(found);
    }
    for (role, statement, why) in left {
        stage.rewind().await?;
        let actor = stage.of(&role);
        if let Some(refusal) = definitions::of_system(&actor, statement).await? {
            let _ = report.refusal.get_or_insert(refusal);
            report.not_by_grant = play::not_by_grant(&Denial::System, stage.major());
            return Ok(Found::expected(Vec::new(), Vec::new()));
        }
        let needs = derived::derive(&actor, statement, None).await?;
        if let Some(reason) = maintenance::barred(&actor, statement).await? {
            report.not_by_grant = Some(reason);
            if report.refusal.is_none() {
                report.refusal = maintenance::not_owned(statement);
            }
        }
        if let Some(hidden) = maintenance::hidden_schema(&actor, statement).await? {
            let _ = report.refusal.get_or_insert(hidden);
        } else if let Some(warning) = maintenance::skipped(&actor, statement).await? {
            let _ = report.refusal.get_or_insert(warning);
            found
                .notes
                .push("it does not fail: it warns, and skips the table".to_owned());
        }
        found.notes.extend(maintenance::passes_over(statement));
        add(&mut found.needs, needs);
        found.notes.push(format!("not rehearsed: {why}"));
        found.verdict = Verdict::Expected;
    }
    Ok(found)
}

/// Whether a statement is only prepared: it is checked when it is executed.
fn is_prepared(statements: &[String], statement: &str) -> bool {
    let executes = |one: &String| one.to_lowercase().contains("execute");
    word_at(statement, 0) == "prepare" && !statements.iter().any(executes)
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
    // A name that is only hidden was refused as well.
    let hidden = report.outcome == Outcome::Refused;
    // A refusal in another language than English says no more than that it is one.
    let unknown = |failure: &&Failure| !failure.is_refusal() && denial::read(failure).is_none();
    if let Some(failure) = known.filter(|failure| !hidden && unknown(failure)) {
        report.outcome = Outcome::Failed;
        report.headline.clone_from(&failure.message);
        return Ok(Found::expected(Vec::new(), Vec::new()));
    }
    let denial = known.and_then(denial::read);
    report.not_by_grant = denial
        .as_ref()
        .and_then(|denial| play::not_by_grant(denial, stage.major()));
    let mut needs = Vec::new();
    for Spoken {
        role,
        text: statement,
    } in &spoken(stage.role, statements)
    {
        if !runners::known_role(stage.session, role).await? || is_prepared(statements, statement) {
            continue;
        }
        let stage = &stage.of(role);
        let member = definitions::of_extension(stage, statement).await?;
        if let Some(member) = member.filter(|member| member.owned) {
            let mut failure = saying::denied(member.message);
            failure.sqlstate = Some("2BP01".to_owned());
            report.outcome = Outcome::Failed;
            report.headline.clone_from(&failure.message);
            report.refusal = Some(failure);
            return Ok(Found::expected(Vec::new(), Vec::new()));
        }
        if let Some(reason) = definitions::barred(stage, statement).await? {
            report.not_by_grant = Some(reason);
            return Ok(Found::expected(Vec::new(), Vec::new()));
        }
        add(&mut needs, derived::derive(stage, statement, None).await?);
    }
    // What the words tell of is narrower than what the refusal does.
    if let Some(denial) = denial.filter(|denial| !explains(&needs, denial)) {
        for Spoken {
            role,
            text: statement,
        } in &spoken(stage.role, statements)
        {
            if runners::known_role(stage.session, role).await? {
                let stage = &stage.of(role);
                let more = derived::derive(stage, statement, Some(&denial)).await?;
                add(&mut needs, more);
            }
        }
    }
    Ok(Found::expected(
        needs,
        vec![format!("not rehearsed: {why}")],
    ))
}

/// Whether a refusal is about something that is among the needs.
fn explains(needs: &[Need], denial: &Denial) -> bool {
    let Denial::Privilege { name, .. } = denial else {
        return false;
    };
    needs.iter().any(|need| {
        let known = &need.missing.object.name;
        known == name || known.split('(').next() == Some(name.as_str())
    })
}

/// Puts down what no grant lifts of what is checked only when the statement runs; whether there is such.
fn no_grant_helps(
    stage: &Stage<'_>,
    text: &str,
    beyond: &Beyond,
    gives: bool,
    report: &mut WhyReport,
) -> bool {
    if let Some((what, body)) = &beyond.forbidden {
        report.not_by_grant = Some(restricted::barred(what, body));
        report.refusal = Some(saying::denied(what.message()));
        return true;
    }
    if let Some(failure) = beyond.refusal.as_ref().filter(|_| report.refusal.is_none()) {
        if !failure.is_refusal() {
            report.outcome = Outcome::Failed;
            report.refusal = Some(failure.clone());
            return true;
        }
        report.refusal = gives.then(|| failure.clone());
    }
    if !beyond.superuser {
        return false;
    }
    let _ = report.not_by_grant.get_or_insert_with(play::beyond);
    if gives {
        // The right to make any is looked at before what only superusers may make.
        if word_at(text, 0) == "create" && word_at(text, 1) == "subscription" {
            say(stage, &beyond.needs, report);
        }
        report.refusal = report
            .refusal
            .take()
            .or_else(|| saying::superuser_refusal(text, stage.major()));
    }
    true
}

/// Adds what is checked only when the statement runs.
async fn look_beyond(
    stage: &Stage<'_>,
    text: &str,
    mut found: Found,
    scenes: &mut Vec<Scene>,
    gives: bool,
    report: &mut WhyReport,
) -> Result<Found, Failure> {
    // What else it would want is no help.
    let hopeless = |reason: &NotByGrant| {
        [NotByGrantKind::Superuser, NotByGrantKind::System].contains(&reason.kind)
    };
    if gives && found.needs.is_empty() && report.not_by_grant.as_ref().is_some_and(hopeless) {
        return Ok(found);
    }
    let known = runtime::Known {
        granted: if gives { &found.needs } else { &[] },
        plans: &found.plans,
        planned_for: &found.planned_for,
        bodies: if gives { Bodies::Tried } else { Bodies::Read },
    };
    let beyond = runtime::beyond(stage, &known, text).await?;
    if no_grant_helps(stage, text, &beyond, gives, report) {
        found.needs.clear();
        return Ok(found);
    }
    let before = found.needs.len();
    let mut looked = checked::Looked::default();
    for Spoken { role, text } in spoken(stage.role, &statements(text)) {
        if runners::known_role(stage.session, &role).await? {
            let more = checked::checked(&stage.of(&role), &found.needs, text).await?;
            looked.merge(more);
        }
    }
    if looked.superuser {
        report.not_by_grant = Some(checked::beyond());
        found.needs.clear();
        return Ok(found);
    }
    let derived = !beyond.needs.is_empty() || !looked.needs.is_empty() || !looked.notes.is_empty();
    add(&mut found.needs, beyond.needs);
    add(&mut found.needs, looked.needs);
    found.notes.extend(looked.notes);
    if derived && gives {
        found.needs = stage.without_covered(found.needs).await?;
        say(stage, &found.needs, report);
    } else if derived {
        found.needs = met::without_inherited(stage.session, found.needs).await?;
    }
    let tried = !beyond.scenes.is_empty();
    if tried {
        scenes.extend(beyond.scenes);
        let prepared = stage.with(&found.needs);
        let more = play::play(&prepared, scenes, text, report).await?;
        add(&mut found.needs, more.needs);
        found.notes.extend(more.notes);
        if found.verdict == Verdict::Proven {
            found.verdict = more.verdict;
        }
    }
    if !beyond.unknown.is_empty() && found.verdict == Verdict::Proven {
        found.verdict = Verdict::Expected;
    }
    found.notes.extend(beyond.unknown);
    if beyond.course == Course::MadeUp {
        if found.verdict == Verdict::Proven {
            found.verdict = Verdict::Expected;
        }
        found.notes.push(
            "a body puts statements together when it runs: what those want is not known before"
                .to_owned(),
        );
    }
    if beyond.course == Course::ByRows {
        if found.verdict == Verdict::Proven {
            found.verdict = Verdict::Expected;
        }
        found.notes.push(
            "which statements of a body run was judged by the rows that there are now".to_owned(),
        );
    }
    if found.needs.len() == before && !derived {
        return Ok(found);
    }
    found.notes.extend(beyond.notes);
    let certain = !derived && beyond.course == Course::Straight;
    if found.verdict == Verdict::Proven && !certain {
        found.verdict = Verdict::Expected;
        found.notes.push(
            if derived {
                "what is checked only when it runs was looked up, not rehearsed"
            } else {
                "the statements of the bodies were rehearsed; which of them run is decided when it runs"
            }
            .to_owned(),
        );
    }
    Ok(found)
}

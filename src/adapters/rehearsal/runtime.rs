//! What is checked only when a statement runs, and so is not seen by planning it: the bodies of
//! functions, procedures, triggers and DO blocks, foreign keys, and functions that look for
//! themselves.

mod becoming;
mod called;
mod writes;

use super::body_text::{Text, blocks, has_parameters, kept_parsed, query_within};
use super::branches::{self, Called, Running};
use super::built::{self, Printed};
use super::candidates;
use super::derived;
use super::event_triggers;
use super::given_text::{self, Given};
use super::guarded;
use super::heirs;
use super::need::{Need, Row, add, cell};
use super::parsed;
use super::referring;
use super::resolution;
use super::restricted;
use super::runners;
use super::scene::{Names, Scene, Speaker, called_in, plannable};
use super::spoken::{Spoken, becomes, spoken};
use super::stage::Stage;
use super::touched::{Before, RowsOf, touched};
use super::unfillable;
use super::worded;
use super::written::{Fired, Timing};
use crate::domain::diagnosis::ObjectKind;
use crate::domain::diagnosis::body::{self, Course, Standing};
use crate::domain::diagnosis::calls::{Naming, naming};
use crate::domain::diagnosis::restricted::Forbidden;
use crate::domain::diagnosis::trial::{EXPLAIN, explain, trial, word_at};
use crate::domain::diagnosis::wants::{Wants, wants};
use crate::domain::diagnosis::writing::joined;
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::sql::lexer::{TokenKind, tokens};
use crate::domain::sql::role_change::{RoleChange, role_change};
use crate::domain::sql::split;

/// Words that begin what is tried by itself, not planned.
const DEFINING: [&str; 11] = [
    "create", "alter", "drop", "grant", "revoke", "comment", "reassign", "security", "truncate",
    "lock", "refresh",
];

/// Words that begin what changes no rows.
const READING: [&str; 8] = [
    "begin", "start", "set", "reset", "show", "explain", "prepare", "declare",
];

/// What building indexes and gathering statistics reads, as it is spoken of.
const WORKED_OUT: &str = "the definition of an index or statistics object";

/// The search path of what runs on somebody else's behalf.
const SAFE_PATH: &str = "pg_catalog, pg_temp";

/// Bodies followed at most, one calling another.
const DEEPEST: usize = 6;

/// What was found beyond the plan.
#[derive(Default)]
pub(super) struct Beyond {
    pub(super) needs: Vec<Need>,
    pub(super) notes: Vec<String>,
    /// Whether only a superuser gets past a check.
    pub(super) superuser: bool,
    /// What the server says first, where its order is known.
    pub(super) refusal: Option<Failure>,
    /// Statements of bodies that can be tried.
    pub(super) scenes: Vec<Scene>,
    /// Whether all of them run.
    pub(super) course: Course,
    /// What cannot be known before it runs.
    pub(super) unknown: Vec<String>,
    /// What is refused to everybody, and the body that does it.
    pub(super) forbidden: Option<(Forbidden, String)>,
}

/// What is known before the bodies are read.
pub(super) struct Known<'a> {
    /// What is needed so far.
    pub(super) granted: &'a [Need],
    /// How the server would do what passes.
    pub(super) plans: &'a [Vec<String>],
    /// Whom each of them was made for.
    pub(super) planned_for: &'a [String],
    /// Whether bodies' statements may be planned as other roles.
    pub(super) bodies: Bodies,
}

/// What is done about bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bodies {
    /// Their statements are tried where they can be planned.
    Tried,
    /// Their words are read.
    Read,
}

/// Everything the statements will be asked for when they run, on top of what is already granted.
pub(super) async fn beyond(
    stage: &Stage<'_>,
    known: &Known<'_>,
    text: &str,
) -> Result<Beyond, Failure> {
    let statements: Vec<String> = split::statements(text)
        .into_iter()
        .filter_map(|one| text.get(one).map(str::to_owned))
        .collect();
    let mut given = Vec::new();
    for statement in &statements {
        let mut queries = given_text::queries_in(statement);
        let more = given_text::put_together_in(stage, known.granted, statement).await?;
        queries.queries.extend(more.queries);
        queries.unknown.extend(more.unknown);
        given.push(queries);
    }
    let grants: Vec<&str> = known
        .granted
        .iter()
        .map(|need| need.statement.as_str())
        .collect();
    // Judged as if what is known were granted already; where it cannot be, as things are.
    if stage.grant(&grants).await?.is_err() {
        stage.rewind().await?;
    }
    let mut spoken = spoken(stage.role, &statements);
    for one in &mut spoken {
        if !runners::known_role(stage.session, &one.role).await? {
            stage.role.clone_into(&mut one.role);
        }
    }
    let mut walk = Walk {
        stage,
        bodies: known.bodies,
        restricted: false,
        found: Beyond::default(),
        seen: Vec::new(),
        before: Before::Nothing,
        firing: 0,
    };
    for Spoken { role, text } in &spoken {
        let guards = guarded::guards(&stage.of(role), text).await?;
        add(&mut walk.found.needs, guards.needs);
        walk.found.notes.extend(guards.notes);
        walk.found.superuser |= guards.superuser;
        walk.found.refusal = walk.found.refusal.take().or(guards.refusal);
    }
    let path = stage.search_path().await?;
    for (Spoken { role, text }, given) in spoken.iter().zip(given) {
        let plan = known
            .plans
            .iter()
            .zip(known.planned_for)
            .filter(|(_, asked)| *asked == role)
            .flat_map(|(plan, _)| plan.clone())
            .collect();
        walk.statement(&stage.of(role), text, given, (&path, plan))
            .await?;
    }
    stage.rewind().await?;
    Ok(walk.found)
}

/// What no plan tells: the tables of foreign keys that could not be tried, those below a changed one, those
/// that TRUNCATE … CASCADE reaches, sequences behind the defaults of rows that a MERGE inserts.
async fn unplanned(
    stage: &Stage<'_>,
    statement: &str,
    before: Before,
) -> Result<(Vec<Need>, Course), Failure> {
    let mut needs = referring::lacking(stage, statement).await?;
    add(&mut needs, heirs::lacking(stage, statement).await?);
    add(&mut needs, unfillable::lacking(stage, statement).await?);
    let mut course = Course::Straight;
    let has = |wanted: &str| statement.to_lowercase().contains(wanted);
    for wanted in wants(statement).relations {
        if wanted.privilege == "TRUNCATE" && has("cascade") {
            let more = derived::truncated_too(stage.session, stage.role, &wanted).await?;
            add(&mut needs, more);
        } else if wanted.privilege == "INSERT" && has("merge") {
            let more = derived::relation(stage.session, stage.role, &wanted).await?;
            let sequences = |need: &Need| need.missing.object.kind == ObjectKind::Sequence;
            let drawn: Vec<Need> = more.into_iter().filter(sequences).collect();
            if drawn.is_empty() {
                continue;
            }
            let rows = touched(stage, statement, (&wanted, Timing::Before), before).await?;
            match rows {
                Some(rows) if rows.is_empty(stage).await? => course = Course::ByRows,
                _ => add(&mut needs, drawn),
            }
        }
    }
    Ok((needs, course))
}

/// REFRESH runs the view's query as the view's owner, who may lack something by now.
async fn refreshed(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<(String, String)>, Failure> {
    if !stage.gives()
        || word_at(statement, 0) != "refresh"
        || statement.to_lowercase().contains("no data")
    {
        return Ok(None);
    }
    let name = tokens(statement)
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .skip(3)
        .map(|token| token.text(statement))
        .filter(|text| !text.eq_ignore_ascii_case("concurrently"))
        .take_while(|text| !text.eq_ignore_ascii_case("with") && *text != ";")
        .collect::<String>();
    let Some(view) = derived::first_by_name(&name) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid(relowner), pg_catalog.pg_get_viewdef(oid) \
         FROM pg_catalog.pg_class WHERE oid = {view} AND relkind = 'm'"
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| (cell(row, 0), cell(row, 1))))
}

/// Why a routine runs.
enum Cause<'a> {
    /// A statement calls it.
    Call(&'a str),
    /// A write fires it for these rows, as far as they are known.
    Event(&'a Fired, Option<RowsOf>),
    /// Anything else.
    Other,
}

struct Walk<'a> {
    stage: &'a Stage<'a>,
    bodies: Bodies,
    /// Whether all of it runs in a security-restricted operation.
    restricted: bool,
    found: Beyond,
    /// The bodies that were read: OID, rows, role and arguments of each.
    seen: Vec<[String; 4]>,
    /// What comes before the statement that is followed.
    before: Before,
    /// How many triggers are at work.
    firing: usize,
}

impl Walk<'_> {
    /// Reads the bodies that a statement makes run.
    /// What one of the statements does beyond its plan; the actor is who runs it.
    async fn statement(
        &mut self,
        actor: &Stage<'_>,
        statement: &str,
        given: Given,
        (path, plan): (&str, Vec<String>),
    ) -> Result<(), Failure> {
        let role = actor.role;
        self.restricted = actor.gives() && restricted::restricts(statement);
        for text in given.queries {
            let body = Text::Sql(text);
            self.body("the query in its argument", role, &body, path, 0)
                .await?;
        }
        self.found.unknown.extend(given.unknown);
        for text in blocks(statement) {
            let body = Text::Procedural {
                text,
                event: None,
                arguments: None,
                rows: None,
            };
            self.body("the DO block", role, &body, path, 0).await?;
        }
        let (needs, course) = unplanned(actor, statement, self.before).await?;
        add(&mut self.found.needs, needs);
        self.found.course = self.found.course.max(course);
        if let Some((owner, query)) = refreshed(actor, statement).await? {
            let body = Text::Parsed(query);
            // From 17 on what fills a view looks names up in the system's schemas alone (PostgreSQL
            // source, `guc.c`, `RestrictSearchPath`).
            let safe = self.restricted && actor.major() >= 17;
            let path = if safe { SAFE_PATH } else { path };
            self.body("the view's query", &owner, &body, path, 0)
                .await?;
        }
        for one in built::built(actor, statement).await? {
            let safe = actor.major() >= 17 && one.names != Printed::Written;
            let path = if safe { SAFE_PATH } else { path };
            let body = match one.names {
                Printed::ReadAgain => Text::Sql(one.text),
                Printed::Written | Printed::InFull => Text::Parsed(one.text),
            };
            self.body(WORKED_OUT, &one.owner, &body, path, 0).await?;
        }
        if has_parameters(statement) {
            self.strict(role, statement).await?;
        }
        let fired = event_triggers::fired(statement, actor.major());
        for row in self.routines(fired.as_slice()).await? {
            self.routine(role, &row, path, Cause::Other, 0).await?;
        }
        self.follow(role, (statement, None), path, plan, (self.before, 0))
            .await?;
        if !READING.contains(&word_at(statement, 0).as_str()) {
            self.before = Before::Writes;
        }
        Ok(())
    }

    async fn follow(
        &mut self,
        role: &str,
        (statement, joined): (&str, Option<&str>),
        path: &str,
        plan: Vec<String>,
        (before, depth): (Before, usize),
    ) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Ok(());
        }
        let wants = wants(statement);
        let resolved = if depth == 0 {
            resolution::called(self.stage, statement).await?
        } else {
            None
        };
        let wants = Wants {
            routines: match naming(statement) {
                Naming::Calls => wants.routines,
                Naming::Defines | Naming::Means => Vec::new(),
            },
            ..wants
        };
        for row in self.called(&wants, resolved, &called_in(&plan)).await? {
            self.routine(role, &row, path, Cause::Call(statement), depth)
                .await?;
        }
        for row in self.underneath(role, statement, &wants).await? {
            self.routine(role, &row, path, Cause::Other, depth).await?;
        }
        let written = (joined.unwrap_or(statement), &wants);
        self.writes((role, role), written, path, before, depth)
            .await
    }

    /// Where something stands that runs as a role.
    fn standing<'s>(&'s self, role: &'s str) -> Standing<'s> {
        Standing {
            role,
            session: self.stage.role,
            depth: self.firing,
        }
    }

    fn note(&mut self, of: &str) {
        // What has no name is spoken of with an article.
        let unnamed = ["the ", "a ", "an "]
            .iter()
            .any(|word| of.starts_with(word));
        let body = if unnamed { "" } else { "the body of " };
        let note = format!("read from {body}{of}, which was not run");
        if !self.found.notes.contains(&note) {
            self.found.notes.push(note);
        }
    }

    async fn routine(
        &mut self,
        role: &str,
        row: &Row,
        path: &str,
        cause: Cause<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        let trigger = usize::from(matches!(cause, Cause::Event(..)));
        let (event, rows) = match &cause {
            Cause::Event(fired, rows) => (Some(fired.event), rows.clone()),
            Cause::Call(_) | Cause::Other => (None, None),
        };
        let runs_as = if cell(row, 2) == "t" {
            cell(row, 3)
        } else {
            role.to_owned()
        };
        let text = cell(row, 4);
        if text.is_empty() {
            return Ok(());
        }
        let arguments = match cause {
            Cause::Call(by) if cell(row, 6) == "plpgsql" => {
                let called = Called {
                    oid: &cell(row, 0),
                    name: &cell(row, 1),
                    text: &text,
                    by,
                };
                branches::arguments(self.stage, &called).await?
            }
            Cause::Event(fired, _) => Some(fired.arguments()),
            Cause::Call(_) | Cause::Other => None,
        };
        let key = [
            cell(row, 0),
            rows.as_ref()
                .map(|rows| format!("{}{}", rows.with, rows.item))
                .unwrap_or_default(),
            runs_as.clone(),
            arguments.clone().unwrap_or_default(),
        ];
        if self.seen.contains(&key) {
            return Ok(());
        }
        self.seen.push(key);
        let body = match (cell(row, 6).as_str(), kept_parsed(&text)) {
            ("sql", Some(parsed)) => Text::Parsed(parsed),
            ("sql", None) => Text::Sql(text),
            _ => Text::Procedural {
                text,
                event,
                arguments,
                rows,
            },
        };
        let runs_as = match self.settings(row, &runs_as).await? {
            Some(other) => other,
            None => runs_as,
        };
        let own = cell(row, 5);
        let inner = if own.is_empty() { path } else { own.as_str() };
        self.stage.set_search_path(inner).await?;
        self.firing += trigger;
        Box::pin(self.body(&cell(row, 1), &runs_as, &body, inner, depth)).await?;
        self.firing -= trigger;
        self.stage.set_search_path(path).await
    }

    /// What the statements of one body want of the role they run as.
    async fn body(
        &mut self,
        name: &str,
        role: &str,
        text: &Text,
        path: &str,
        depth: usize,
    ) -> Result<(), Failure> {
        let mut fired_for = Vec::new();
        let statements: Vec<String> = match text {
            Text::Sql(text) | Text::Parsed(text) => split::statements(text)
                .into_iter()
                .filter_map(|range| {
                    text.get(range)
                        .map(|one| one.trim_end_matches(';').to_owned())
                })
                .collect(),
            Text::Procedural {
                text,
                event,
                arguments,
                rows,
            } => {
                let running = Running {
                    text,
                    standing: self.standing(role),
                    name,
                    event: *event,
                    arguments: arguments.as_deref(),
                    rows: rows.as_ref(),
                };
                let known = branches::known(self.stage, &running).await?;
                let read = body::read(text, &known);
                fired_for = branches::fired_for(&running, &read);
                self.found.course = self.found.course.max(read.course);
                read.statements
            }
        };
        let before = (self.found.needs.len(), self.found.scenes.len());
        let names = match text {
            Text::Parsed(_) => self.bound_for(role).await?,
            Text::Sql(_) | Text::Procedural { .. } => Names::LookedUp,
        };
        let (statements, places): (Vec<String>, Vec<usize>) =
            self.spelled_out(&statements).into_iter().unzip();
        for (
            Spoken {
                role,
                text: statement,
            },
            at,
        ) in spoken(role, &statements).into_iter().zip(places)
        {
            let role = role.as_str();
            if self.restricted
                && self.found.forbidden.is_none()
                && let Some(what) = restricted::refused(self.stage, statement).await?
            {
                self.found.forbidden = Some((what, name.to_owned()));
            }
            if self.found.forbidden.is_some() {
                return Ok(());
            }
            let speaker = Speaker {
                role: role.to_owned(),
                path: path.to_owned(),
                names: names.clone(),
            };
            if becomes(statement) {
                if let Some(RoleChange::Role(Some(named))) = role_change(statement) {
                    self.becoming(&named, statement).await?;
                }
                continue;
            }
            let plan = self.tried(statement, speaker).await?;
            let guards = guarded::guards_of(self.stage, role, statement).await?;
            add(&mut self.found.needs, guards.needs);
            self.found.superuser |= guards.superuser && self.found.course <= Course::ByRows;
            let joined = fired_for
                .get(at)
                .filter(|_| word_at(statement, 0) == "insert" && !body::looks_at_rows(statement))
                .and_then(|rows| joined(statement, rows));
            let before = match joined {
                Some(_) => Before::Nothing,
                None => Before::Writes,
            };
            let nested = (before, depth + 1);
            let statement = (statement.as_str(), joined.as_deref());
            Box::pin(self.follow(role, statement, path, plan, nested)).await?;
        }
        if (self.found.needs.len(), self.found.scenes.len()) != before {
            self.note(name);
        }
        Ok(())
    }

    /// How names that were looked up before are tried as a role.
    async fn bound_for(&self, role: &str) -> Result<Names, Failure> {
        let sql = format!(
            "SELECT 'GRANT USAGE ON SCHEMA ' || string_agg(pg_catalog.quote_ident(nspname), ', ') \
             FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' \
             AND NOT pg_catalog.has_schema_privilege({}, oid, 'USAGE')",
            literal(role)
        );
        let rows = self.stage.session.query(&sql).await?.rows;
        let grant = rows.first().map(|row| cell(row, 0)).unwrap_or_default();
        Ok(Names::Bound(if grant.is_empty() {
            String::from("SELECT")
        } else {
            format!("{grant} TO {}", ident::role(role))
        }))
    }

    /// EXECUTE of what a text without its variables calls: a strict function of NULL is not even
    /// planned (PostgreSQL source, `clauses.c`, `evaluate_function`), so no plan asks for it.
    async fn strict(&mut self, role: &str, planned: &str) -> Result<(), Failure> {
        let text = planned.strip_prefix(EXPLAIN).unwrap_or(planned);
        let called = resolution::called(self.stage, text).await?;
        for oid in called.into_iter().flatten() {
            let sql = format!("SELECT FROM pg_catalog.pg_proc WHERE oid = {oid} AND proisstrict");
            if self.stage.session.query(&sql).await?.rows.is_empty() {
                continue;
            }
            let mut needs = candidates::to_execute(self.stage.session, role, &oid).await?;
            needs.retain(|need| need.missing.object.kind != ObjectKind::Schema);
            add(&mut self.found.needs, needs);
        }
        Ok(())
    }

    /// Puts a body's statement among what is tried, or adds what its words want; its plan, where it has
    /// one.
    async fn tried(&mut self, statement: &str, speaker: Speaker) -> Result<Vec<String>, Failure> {
        let session = self.stage.session;
        let inner = query_within(statement, self.stage.major());
        let statement = inner.as_deref().unwrap_or(statement);
        let defines = DEFINING.contains(&word_at(statement, 0).as_str());
        if self.bodies == Bodies::Tried && defines {
            for text in trial(statement, self.stage.major()).unwrap_or_default() {
                self.found.scenes.push(Scene {
                    text,
                    speaker: Some(speaker.clone()),
                });
            }
            return Ok(Vec::new());
        }
        let planned = match self.bodies {
            Bodies::Tried => plannable(session, statement, &speaker.path).await?,
            Bodies::Read => None,
        };
        if let Some(planned) = planned {
            if planned.text != explain(statement) || has_parameters(statement) {
                self.strict(&speaker.role, &planned.text).await?;
            }
            self.found.scenes.push(Scene {
                text: planned.text,
                speaker: Some(speaker),
            });
            return Ok(planned.plan);
        }
        let mut needs = if defines {
            derived::derive(&self.stage.of(&speaker.role), statement, None).await?
        } else {
            match parsed::lacking(self.stage, &speaker.role, statement).await? {
                Some(needs) => needs,
                None => worded::lacking(session, &speaker.role, statement).await?,
            }
        };
        if speaker.names != Names::LookedUp {
            needs.retain(|need| need.missing.object.kind != ObjectKind::Schema);
        }
        add(&mut self.found.needs, needs);
        Ok(Vec::new())
    }
}

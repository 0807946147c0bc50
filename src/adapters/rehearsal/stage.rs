//! The transaction in which a rehearsal plays, and the trials made in it.

mod smallest;

use super::candidates::{Lifting, Reach, Refused};
use super::circles;
use super::event_triggers::{Events, HEARD, SILENT, SILENT_WITH_RULES};
use super::met;
use super::need::{Need, Row, cell};
use super::scene::{Names, Played, Scene, Stopped};
use crate::adapters::session::{Answer, Session};
use crate::domain::diagnosis::Breadth;
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::failure::Failure;
use crate::domain::ident;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// When a trial counts as passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// The statement works.
    Passes,
    /// It gets as far as this failure, which no privilege mends (SQLSTATE and message).
    FailsWith(Option<String>, String),
}

impl Goal {
    fn reached(&self, outcome: &Played) -> bool {
        match (self, outcome) {
            (_, Ok(_)) => true,
            (Self::Passes, Err(_)) => false,
            (Self::FailsWith(sqlstate, message), Err(stopped)) => {
                *sqlstate == stopped.failure.sqlstate && *message == stopped.failure.message
            }
        }
    }
}

/// How the session becomes the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As a superuser can: SET ROLE inside the statement is then judged as for a real sign-in.
    Authorization,
    /// The same where nothing can be given: a replica, or a session that is to stay read-only.
    ReadOnly,
    /// As a member can.
    Role,
    /// It does not: nothing is tried, catalogs are read in a read-only transaction.
    Onlooker,
}

/// An open transaction that is never committed.
pub(super) struct Stage<'a> {
    pub(super) session: &'a Session,
    pub(super) role: &'a str,
    manner: Manner,
    /// What every trial grants besides.
    given: Vec<String>,
    /// The roles that who looks has joined for as long as the transaction lasts.
    joined: Arc<Mutex<Vec<String>>>,
    /// Whether a trial had to wait for another session's lock and gave up: nothing is tried any more.
    held_up: Arc<AtomicBool>,
    events: Events,
}

/// Waiting for a lock makes others wait behind us, so that is kept short.
const PATIENCE: &str = "SET LOCAL lock_timeout = '300ms'";

/// Definitions that pass the checks may be long at work: what has begun to work was allowed. Catalogs
/// are read without haste.
const HASTE: &str = "SET LOCAL statement_timeout = '2s'";

/// Every trial starts from here.
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_trial";

/// A GRANT that only warned did nothing, or not all of it. DROP OWNED does what it is for, and warns of what
/// others have granted (PostgreSQL source, `pg_shdepend.c`, `shdepDropOwned`).
fn idle_grant(text: &str, answer: &Answer) -> Option<Failure> {
    if word_at(text, 0) == "drop" {
        return None;
    }
    let notice = answer
        .notices
        .iter()
        .find(|notice| ["01007", "01006"].contains(&notice.sqlstate.as_str()))?;
    let mut failure = Failure::local(notice.message.clone());
    failure.sqlstate = Some(notice.sqlstate.clone());
    Some(failure)
}

impl<'a> Stage<'a> {
    /// Begins, with a search path, else the role's own. Every trial starts from the same savepoint.
    pub(super) async fn open(
        session: &'a Session,
        role: &'a str,
        (manner, events): (Manner, Events),
        path: Option<&str>,
    ) -> Result<Self, Failure> {
        // Whatever the session's default is: all of it is rolled back.
        let access = match manner {
            Manner::Onlooker | Manner::ReadOnly => " READ ONLY",
            Manner::Authorization | Manner::Role => " READ WRITE",
        };
        let _ = session.query(&format!("BEGIN{access}; {PATIENCE}")).await?;
        let stage = Self {
            session,
            role,
            manner,
            given: Vec::new(),
            joined: Arc::default(),
            held_up: Arc::default(),
            events,
        };
        if let Err(failure) = stage.set_up(path).await {
            stage.close().await?;
            return Err(failure);
        }
        Ok(stage)
    }

    async fn set_up(&self, path: Option<&str>) -> Result<(), Failure> {
        for (name, value) in settings(self.session, self.role).await? {
            let sql = format!(
                "SELECT pg_catalog.set_config({}, {}, true)",
                ident::literal(&name),
                ident::literal(&value)
            );
            let _ = self.session.query(&sql).await?;
        }
        // Refusals are read in English. Who is no superuser may not choose the language.
        if self.gives() {
            let _ = self.session.query("SET LOCAL lc_messages = 'C'").await?;
        }
        if self.events == Events::Silent {
            let _ = self.session.query(SILENT).await?;
        }
        if let Some(path) = path {
            self.set_search_path(path).await?;
        }
        // Names are looked up by who looks too: what `$user` stands for must not change with that.
        let path = self.search_path().await?;
        if path.contains("$user") {
            let own = ident::quoted(self.role);
            let path = path.replace("\"$user\"", &own).replace("$user", &own);
            self.set_search_path(&path).await?;
        }
        self.session.query("SAVEPOINT pgiam_trial").await.map(drop)
    }

    /// Makes the session able to play the role for as long as the transaction lasts; whether it could be.
    pub(super) async fn join_to_play(&self, joining: &str) -> Result<bool, Failure> {
        let joined = self
            .join(&[joining, &circles::remember(self.role, self.major())])
            .await?;
        if joined {
            self.stand_in_for(self.role);
        }
        Ok(joined)
    }

    /// Makes the session a member for as long as the transaction lasts; whether it could be.
    async fn join(&self, joining: &[&str]) -> Result<bool, Failure> {
        let joined = self.grant(joining).await?.is_ok();
        if joined {
            self.session
                .query("SAVEPOINT pgiam_trial")
                .await
                .map(drop)?;
        } else {
            self.rewind().await?;
        }
        Ok(joined)
    }

    /// The same transaction played as another role.
    pub(super) fn of<'b>(&self, role: &'b str) -> Stage<'b>
    where
        'a: 'b,
    {
        Stage {
            session: self.session,
            role,
            manner: self.manner,
            given: self.given.clone(),
            joined: Arc::clone(&self.joined),
            held_up: Arc::clone(&self.held_up),
            events: self.events,
        }
    }

    /// The same with these granted in every trial.
    pub(super) fn with(&self, needs: &[Need]) -> Self {
        let statements: Vec<String> = needs.iter().map(|need| need.statement.clone()).collect();
        self.with_statements(&statements)
    }

    /// The same with statements of any kind.
    pub(super) fn with_statements(&self, statements: &[String]) -> Self {
        let mut stage = self.of(self.role);
        stage.given.extend_from_slice(statements);
        stage
    }

    /// The same behind some statements that set parameters.
    pub(super) fn behind(&self, settings: &[String]) -> Self {
        let mut stage = self.of(self.role);
        stage.given.extend_from_slice(settings);
        stage
    }

    /// Rolls back everything.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.session.query("ROLLBACK").await.map(drop)
    }

    /// The server's major version.
    pub(super) const fn major(&self) -> u32 {
        self.session.facts().version.major()
    }

    /// Grants, becomes the role, and tries; the plans, or the refusal. What was granted is undone by
    /// the next trial.
    pub(super) async fn attempt(
        &self,
        needs: &[Need],
        scenes: &[Scene],
    ) -> Result<Played, Failure> {
        let statements: Vec<&str> = needs.iter().map(|need| need.statement.as_str()).collect();
        self.attempt_with(&statements, scenes).await
    }

    /// The same with statements of any kind.
    pub(super) async fn attempt_with(
        &self,
        statements: &[&str],
        scenes: &[Scene],
    ) -> Result<Played, Failure> {
        if self.tries_nothing() {
            let failure = untried();
            return Ok(Err(Stopped { failure, scene: 0 }));
        }
        // One message to the server for all that leads up to the first text.
        let mut opening = BACK.to_owned();
        let becoming = self.becoming(self.role);
        let given = self.given.iter().map(String::as_str);
        for statement in (self.silence(SILENT_WITH_RULES).into_iter())
            .chain(given)
            .chain(statements.iter().copied())
            .chain([HASTE, becoming.as_str()])
        {
            opening.push_str("; ");
            opening.push_str(statement);
        }
        if scenes.is_empty() {
            let stopped = |failure| Stopped { failure, scene: 0 };
            let outcome = self.session.query(&opening).await;
            return Ok(outcome.map(|_| Vec::new()).map_err(stopped));
        }
        let mut plans = Vec::new();
        let mut speaker = None;
        let mut silent = true;
        for (at, scene) in scenes.iter().enumerate() {
            let mut sql = std::mem::take(&mut opening);
            // Rules are silent together with event triggers, and queries are planned with them.
            let wanted = if scene.is_query() {
                HEARD
            } else {
                SILENT_WITH_RULES
            };
            if let Some(wanted) = self.silence(wanted).filter(|_| silent == scene.is_query()) {
                let _ = write!(sql, "; SET LOCAL SESSION AUTHORIZATION DEFAULT; {wanted}");
                silent = !silent;
                speaker = None;
                if scene.speaker.is_none() {
                    let _ = write!(sql, "; {becoming}");
                }
            }
            if let Some(next) = scene.speaker.as_ref().filter(|next| speaker != Some(*next)) {
                let path = ident::literal(&next.path);
                if let Names::Bound(looking) = &next.names {
                    let _ = write!(
                        sql,
                        "; SAVEPOINT pgiam_bound; SET LOCAL SESSION AUTHORIZATION DEFAULT; {looking}"
                    );
                }
                let _ = write!(sql, "; {}", self.becoming(&next.role));
                let _ = write!(
                    sql,
                    "; SELECT pg_catalog.set_config('search_path', {path}, true)"
                );
                speaker = Some(next);
            }
            if scene.is_held_up() {
                sql.push_str("; SAVEPOINT pgiam_held");
            }
            sql.push_str("; ");
            sql.push_str(&scene.text);
            let failure = match self.session.query(sql.trim_start_matches("; ")).await {
                Ok(answer) => match idle_grant(&scene.text, &answer) {
                    None => {
                        plans.push(answer.rows.into_iter().flatten().flatten().collect());
                        if scene.has_bound_names() {
                            let back = "ROLLBACK TO SAVEPOINT pgiam_bound";
                            let _ = self.session.query(back).await?;
                            speaker = None;
                        }
                        continue;
                    }
                    Some(failure) => failure,
                },
                // Out of time: the checks were passed and the work had begun.
                Err(failure) if failure.sqlstate.as_deref() == Some("57014") => {
                    return Ok(Ok(plans));
                }
                Err(failure) if scene.passed_by(&failure) => {
                    let _ = self
                        .session
                        .query("ROLLBACK TO SAVEPOINT pgiam_held")
                        .await?;
                    plans.push(Vec::new());
                    continue;
                }
                Err(failure) => failure,
            };
            self.note(&failure);
            return Ok(Err(Stopped { failure, scene: at }));
        }
        Ok(Ok(plans))
    }

    /// From the savepoint, runs statements as who looks.
    pub(super) async fn grant(&self, statements: &[&str]) -> Result<Result<(), Failure>, Failure> {
        self.rewind().await?;
        if self.tries_nothing() && !statements.is_empty() {
            return Ok(Err(untried()));
        }
        let silent = self
            .silence(SILENT_WITH_RULES)
            .filter(|_| !statements.is_empty());
        let heard = silent.and_then(|_| self.silence(HEARD));
        for statement in (silent.iter()).chain(statements).chain(&heard) {
            if let Err(failure) = self.session.query(statement).await {
                self.note(&failure);
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }

    /// From the savepoint, with what every trial grants; as things are where that cannot be given.
    pub(super) async fn set(&self) -> Result<(), Failure> {
        let given: Vec<&str> = self.given.iter().map(String::as_str).collect();
        match self.grant(&given).await? {
            Ok(()) => Ok(()),
            Err(_) => self.rewind().await,
        }
    }

    /// What becomes a role until the next rewind.
    pub(super) fn becoming(&self, role: &str) -> String {
        let how = match self.manner {
            Manner::Authorization | Manner::ReadOnly => "SESSION AUTHORIZATION",
            // An onlooker tries nothing.
            Manner::Role | Manner::Onlooker => "ROLE",
        };
        format!("SET LOCAL {how} {}", ident::literal(role))
    }

    /// The path that names are looked up by.
    pub(super) async fn search_path(&self) -> Result<String, Failure> {
        let sql = "SELECT current_setting('search_path')";
        let rows = self.session.query(sql).await?.rows;
        Ok(rows.first().map(|row| cell(row, 0)).unwrap_or_default())
    }

    /// Sets it until the next rewind.
    pub(super) async fn set_search_path(&self, path: &str) -> Result<(), Failure> {
        let path = ident::literal(path);
        let sql = format!("SELECT pg_catalog.set_config('search_path', {path}, true)");
        self.session.query(&sql).await.map(drop)
    }

    /// Back to the savepoint.
    pub(super) async fn rewind(&self) -> Result<(), Failure> {
        self.session.query(BACK).await.map(drop)
    }

    /// What could lift a refusal, as far as the server lets it be given.
    pub(super) async fn candidates(
        &self,
        denial: &Denial,
        statement: &str,
        reach: Reach,
    ) -> Result<Lifting, Failure> {
        self.rewind().await?;
        let refused = Refused {
            session: self.session,
            role: self.role,
            statement,
            reach,
        };
        let mut lifting = refused.lifting(denial).await?;
        let asked = lifting.needs.clone();
        lifting.needs = self.givable(lifting.needs).await?;
        if lifting.needs.len() < asked.len() && self.join_owners(&asked).await? {
            lifting.needs = self.givable(asked.clone()).await?;
        }
        lifting.withheld = lifting.needs.is_empty() && !asked.is_empty();
        Ok(lifting)
    }

    /// Makes who looks a member of the owners of what is to be granted, where it may: as a member it
    /// grants what they may. An administrator of roles who is no superuser owns little. Whether it
    /// joined any.
    async fn join_owners(&self, needs: &[Need]) -> Result<bool, Failure> {
        if self.manner != Manner::Role {
            return Ok(false);
        }
        let sql = format!(
            "SELECT current_user, pg_catalog.pg_has_role({}, current_user, 'MEMBER')",
            ident::literal(self.role)
        );
        let rows = self.session.query(&sql).await?.rows;
        let Some(row) = rows.first() else {
            return Ok(false);
        };
        // What a member of who looks is refused must not be lifted by that.
        if cell(row, 1) == "t" {
            return Ok(false);
        }
        let looker = ident::role(&cell(row, 0)).into_owned();
        let inherit = if self.major() >= 16 {
            " WITH INHERIT TRUE, SET FALSE"
        } else {
            ""
        };
        let mut owners: Vec<&str> = needs.iter().map(|need| need.owner.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        let mut joined = false;
        for owner in owners.into_iter().filter(|owner| !owner.is_empty()) {
            let joining = format!("GRANT {} TO {looker}{inherit}", ident::role(owner));
            if self.join(&[&joining]).await? {
                joined = true;
                self.stand_in_for(owner);
            }
        }
        Ok(joined)
    }

    /// Remembers that who looks acts for a role only within this transaction.
    fn stand_in_for(&self, role: &str) {
        if let Ok(mut known) = self.joined.lock() {
            known.push(role.to_owned());
        }
    }

    /// Whether who looks acts for an owner only within this transaction.
    pub(super) fn stands_in_for(&self, owner: &str) -> bool {
        self.joined
            .lock()
            .is_ok_and(|joined| joined.iter().any(|known| known == owner))
    }

    /// Those that the server does not refuse to give: untrusted languages, circles of roles.
    pub(super) async fn givable(&self, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
        if self.tries_nothing() {
            return Ok(needs);
        }
        let mut givable = Vec::new();
        for need in needs {
            if self.grant(&[&need.statement]).await?.is_ok() {
                givable.push(need);
            }
        }
        self.rewind().await?;
        Ok(givable)
    }

    /// Leaves out privileges that memberships and ownerships among the needs bring along.
    pub(super) async fn without_covered(&self, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
        let wide = |need: &&Need| need.breadth >= Breadth::Membership;
        let statements: Vec<&str> = needs
            .iter()
            .filter(wide)
            .map(|need| need.statement.as_str())
            .collect();
        if statements.is_empty() {
            return Ok(needs);
        }
        if self.grant(&statements).await?.is_err() {
            self.rewind().await?;
            return Ok(needs);
        }
        let (kept, narrow): (Vec<Need>, Vec<Need>) =
            needs.into_iter().partition(|need| wide(&need));
        let mut left = met::lacking(self.session, narrow).await?;
        self.rewind().await?;
        left.extend(kept);
        Ok(left)
    }

    /// Those of some roles that can run all the statements themselves. Only a superuser can look.
    pub(super) async fn runners(
        &self,
        roles: &[String],
        statements: &[String],
    ) -> Result<Vec<String>, Failure> {
        let mut able = Vec::new();
        for role in roles {
            // One message to the server for each of them.
            let mut sql = BACK.to_owned();
            let becoming = self.becoming(role);
            for statement in (self.silence(SILENT_WITH_RULES).into_iter())
                .chain([becoming.as_str()])
                .chain(statements.iter().map(String::as_str))
            {
                sql.push_str("; ");
                sql.push_str(statement);
            }
            let done = self.session.query(&sql).await.is_ok_and(|answer| {
                !answer
                    .notices
                    .iter()
                    .any(|notice| notice.sqlstate == "01007")
            });
            if done {
                able.push(role.clone());
            }
        }
        self.rewind().await?;
        Ok(able)
    }

    /// What `pg_has_role` is asked for who may SET ROLE: until 15 every member may.
    pub(super) const fn becoming_right(&self) -> &'static str {
        if self.major() < 16 { "MEMBER" } else { "SET" }
    }

    /// Whether SET ROLE in the statement is judged as for a sign-in of the role.
    pub(super) fn judges_becoming(&self) -> bool {
        self.manner != Manner::Role
    }

    /// What is said about event triggers, where each trial silences them.
    pub(super) fn silence(&self, sql: &'static str) -> Option<&'static str> {
        (self.events == Events::SilentWithRules).then_some(sql)
    }

    /// Remembers a lock that was not given (`lock_not_available`).
    fn note(&self, failure: &Failure) {
        if failure.sqlstate.as_deref() == Some("55P03") {
            self.held_up.store(true, Ordering::Relaxed);
        }
    }

    fn tries_nothing(&self) -> bool {
        self.manner == Manner::Onlooker || self.is_held_up()
    }

    /// Whether a lock of another session stood in the way.
    pub(super) fn is_held_up(&self) -> bool {
        self.held_up.load(Ordering::Relaxed)
    }

    /// Whether nothing can be given at all.
    pub(super) fn is_read_only(&self) -> bool {
        matches!(self.manner, Manner::ReadOnly | Manner::Onlooker)
    }

    /// Whether the session may play any role and give anything: what it cannot give, nobody can.
    pub(super) fn gives(&self) -> bool {
        self.manner == Manner::Authorization
    }
}

/// Why an onlooker has no outcome of a trial.
fn untried() -> Failure {
    Failure::local("the server was not to be asked to try".to_owned())
}

/// A setting of a role.
type Setting = (String, String);

/// What a sign-in of the role would set that decides which objects names mean, unless the
/// connection itself was told something else.
///
/// Source: PostgreSQL documentation, "ALTER ROLE": a setting for the role in the database wins over
/// one for the role, that over the database's. Only a sign-in applies them.
async fn settings(session: &Session, role: &str) -> Result<Vec<Setting>, Failure> {
    let sql = format!(
        "SELECT DISTINCT ON (name) name, value FROM (SELECT split_part(c, '=', 1) AS name, \
         substr(c, strpos(c, '=') + 1) AS value, s.setrole <> 0 AS own, s.setdatabase <> 0 AS here \
         FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c, pg_catalog.pg_roles r \
         WHERE r.rolname = {0} AND s.setrole IN (0, CASE WHEN r.rolcanlogin THEN r.oid ELSE 0 END) \
         AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) \
         UNION ALL SELECT name, boot_val, false, false FROM pg_catalog.pg_settings \
         WHERE name = 'search_path' AND source IN ('user', 'database user')) all_of_them \
         WHERE name IN ('search_path', 'row_security', 'default_tablespace', 'session_replication_role') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_settings p WHERE p.name = all_of_them.name \
         AND p.source IN ('client', 'session')) ORDER BY name, own DESC, here DESC",
        ident::literal(role)
    );
    let rows: Vec<Row> = session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| (cell(row, 0), cell(row, 1)))
        .collect())
}

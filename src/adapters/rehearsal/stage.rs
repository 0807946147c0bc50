//! The transaction in which a rehearsal plays, and the trials made in it.

use super::candidates::{self, Lifting, Reach, Refused};
use super::need::{Need, Row, cell, has_columns};
use crate::adapters::session::Session;
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident;

/// When a trial counts as passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// The statement works.
    Passes,
    /// It gets as far as this failure, which is not about privileges (SQLSTATE).
    FailsWith(Option<String>),
}

impl Goal {
    fn reached(&self, outcome: &Result<Vec<String>, Failure>) -> bool {
        match (self, outcome) {
            (_, Ok(_)) => true,
            (Self::Passes, Err(_)) => false,
            (Self::FailsWith(sqlstate), Err(failure)) => *sqlstate == failure.sqlstate,
        }
    }
}

/// How the session becomes the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As a superuser can: SET ROLE inside the statement is then judged as for a real sign-in.
    Authorization,
    /// The same where nothing can be written.
    Replica,
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
}

/// Definitions that pass the checks may be long at work: what has begun to work was allowed. Waiting
/// for a lock makes others wait behind us, so that is kept short.
const PATIENCE: &str = "SET LOCAL lock_timeout = '300ms'; SET LOCAL statement_timeout = '2s'";

impl<'a> Stage<'a> {
    /// Begins, with the role's own search path. Every trial starts from the same savepoint.
    pub(super) async fn open(
        session: &'a Session,
        role: &'a str,
        manner: Manner,
    ) -> Result<Self, Failure> {
        let access = match manner {
            Manner::Onlooker => " READ ONLY",
            Manner::Authorization | Manner::Replica | Manner::Role => "",
        };
        let _ = session.query(&format!("BEGIN{access}; {PATIENCE}")).await?;
        let stage = Self {
            session,
            role,
            manner,
        };
        if let Err(failure) = stage.set_up().await {
            stage.close().await?;
            return Err(failure);
        }
        Ok(stage)
    }

    async fn set_up(&self) -> Result<(), Failure> {
        for (name, value) in settings(self.session, self.role).await? {
            let sql = format!(
                "SELECT pg_catalog.set_config({}, {}, true)",
                ident::literal(&name),
                ident::literal(&value)
            );
            let _ = self.session.query(&sql).await?;
        }
        self.session.query("SAVEPOINT pgiam_trial").await.map(drop)
    }

    /// Makes the session a member of the role for as long as the transaction lasts; whether it
    /// could be.
    pub(super) async fn join(&self, joining: &str) -> Result<bool, Failure> {
        let joined = self.grant(&[joining]).await?.is_ok();
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
    pub(super) fn of<'b>(&'b self, role: &'b str) -> Stage<'b> {
        Stage {
            session: self.session,
            role,
            manner: self.manner,
        }
    }

    /// Rolls back everything.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.session.query("ROLLBACK").await.map(drop)
    }

    /// The server's major version.
    pub(super) const fn major(&self) -> u32 {
        self.session.facts().version.major()
    }

    /// Grants, becomes the role, and tries; the plan's lines, or the refusal. What was granted is
    /// undone by the next trial.
    pub(super) async fn attempt(
        &self,
        needs: &[Need],
        texts: &[String],
    ) -> Result<Result<Vec<String>, Failure>, Failure> {
        let statements: Vec<&str> = needs.iter().map(|need| need.statement.as_str()).collect();
        self.attempt_with(&statements, texts).await
    }

    /// The same with statements of any kind.
    pub(super) async fn attempt_with(
        &self,
        statements: &[&str],
        texts: &[String],
    ) -> Result<Result<Vec<String>, Failure>, Failure> {
        if self.manner == Manner::Onlooker {
            return Ok(Err(untried()));
        }
        if let Err(failure) = self.grant(statements).await? {
            return Ok(Err(failure));
        }
        self.play(self.role).await?;
        let mut plan = Vec::new();
        for text in texts {
            match self.session.query(text).await {
                Ok(answer) => {
                    // A GRANT that only warns did nothing, or not all of it.
                    if let Some(notice) = answer
                        .notices
                        .iter()
                        .find(|notice| ["01007", "01006"].contains(&notice.sqlstate.as_str()))
                    {
                        let mut failure = Failure::local(notice.message.clone());
                        failure.sqlstate = Some(notice.sqlstate.clone());
                        return Ok(Err(failure));
                    }
                    plan.extend(answer.rows.into_iter().flatten().flatten());
                }
                // Out of time: the checks were passed and the work had begun.
                Err(failure) if failure.sqlstate.as_deref() == Some("57014") => {
                    return Ok(Ok(plan));
                }
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(plan))
    }

    /// From the savepoint, runs statements as who looks.
    pub(super) async fn grant(&self, statements: &[&str]) -> Result<Result<(), Failure>, Failure> {
        self.rewind().await?;
        if self.manner == Manner::Onlooker && !statements.is_empty() {
            return Ok(Err(untried()));
        }
        for statement in statements {
            if let Err(failure) = self.session.query(statement).await {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }

    /// Becomes a role until the next rewind.
    async fn play(&self, role: &str) -> Result<(), Failure> {
        let how = match self.manner {
            Manner::Authorization | Manner::Replica => "SESSION AUTHORIZATION",
            Manner::Role => "ROLE",
            Manner::Onlooker => return Err(untried()),
        };
        let sql = format!("SET LOCAL {how} {}", ident::literal(role));
        self.session.query(&sql).await.map(drop)
    }

    /// Back to the savepoint.
    pub(super) async fn rewind(&self) -> Result<(), Failure> {
        let back = "ROLLBACK TO SAVEPOINT pgiam_trial";
        self.session.query(back).await.map(drop)
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
        lifting.needs = self.givable(lifting.needs).await?;
        Ok(lifting)
    }

    /// Those that the server does not refuse to give: untrusted languages, circles of roles.
    pub(super) async fn givable(&self, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
        if self.manner == Manner::Onlooker {
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

    /// Takes away every need without which the statement still passes, then narrows tables to
    /// columns.
    pub(super) async fn smallest(
        &self,
        mut needs: Vec<Need>,
        texts: &[String],
        goal: &Goal,
    ) -> Result<Vec<Need>, Failure> {
        self.halve(&mut needs, texts, goal).await?;
        let mut at = needs.len();
        while at > 0 {
            at -= 1;
            let mut fewer = needs.clone();
            let _ = fewer.remove(at);
            if goal.reached(&self.attempt(&fewer, texts).await?) {
                needs = fewer;
            }
        }
        for at in 0..needs.len() {
            for fewer in needs
                .get(at)
                .map(Need::with_fewer_purposes)
                .unwrap_or_default()
            {
                let mut trial = needs.clone();
                if let Some(slot) = trial.get_mut(at) {
                    *slot = fewer;
                }
                if goal.reached(&self.attempt(&trial, texts).await?) {
                    needs = trial;
                    break;
                }
            }
            self.narrow(&mut needs, at, texts, goal).await?;
        }
        Ok(needs)
    }

    /// With very many candidates, drops large parts first.
    async fn halve(
        &self,
        needs: &mut Vec<Need>,
        texts: &[String],
        goal: &Goal,
    ) -> Result<(), Failure> {
        let mut part = needs.len() / 2;
        while part >= 4 {
            let mut end = needs.len();
            while end > 0 {
                let start = end.saturating_sub(part);
                let mut fewer = needs.clone();
                let _ = fewer.drain(start..end);
                if goal.reached(&self.attempt(&fewer, texts).await?) {
                    *needs = fewer;
                }
                end = start;
            }
            part /= 2;
        }
        Ok(())
    }

    /// Leaves out privileges that memberships and ownerships among the needs bring along.
    pub(super) async fn without_covered(&self, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
        let wide = |need: &&Need| need.breadth >= Breadth::Membership;
        let statements: Vec<&str> = needs
            .iter()
            .filter(wide)
            .map(|need| need.statement.as_str())
            .collect();
        if statements.is_empty() || self.grant(&statements).await?.is_err() {
            return Ok(needs);
        }
        let (kept, narrow): (Vec<Need>, Vec<Need>) =
            needs.into_iter().partition(|need| wide(&need));
        let mut left = candidates::lacking(self.session, narrow).await?;
        self.rewind().await?;
        left.extend(kept);
        Ok(left)
    }

    /// Replaces one table-wide privilege by the columns that are needed, where those are fewer.
    async fn narrow(
        &self,
        needs: &mut [Need],
        at: usize,
        texts: &[String],
        goal: &Goal,
    ) -> Result<(), Failure> {
        let Some(need) = needs.get(at).cloned() else {
            return Ok(());
        };
        if !matches!(
            need.missing.privilege.as_str(),
            "SELECT" | "INSERT" | "UPDATE" | "REFERENCES"
        ) || !has_columns(need.missing.object.kind)
        {
            return Ok(());
        }
        self.rewind().await?;
        let mut columns = candidates::columns(self.session, &need).await?;
        let mut trial = needs.to_vec();
        let mut try_with = async |columns: &[String]| {
            if let Some(slot) = trial.get_mut(at) {
                *slot = need.on_columns(columns);
            }
            self.attempt(&trial, texts)
                .await
                .map(|tried| goal.reached(&tried))
        };
        if columns.is_empty() || !try_with(&columns).await? {
            return Ok(());
        }
        let mut column = columns.len();
        while column > 0 && columns.len() > 1 {
            column -= 1;
            let mut fewer = columns.clone();
            let _ = fewer.remove(column);
            if try_with(&fewer).await? {
                columns = fewer;
            }
        }
        if let Some(slot) = needs.get_mut(at) {
            *slot = need.on_columns(&columns);
        }
        Ok(())
    }

    /// Sequences the plan would draw from: EXPLAIN does not execute them, so they are asked for.
    pub(super) async fn sequences(
        &self,
        needs: &[Need],
        texts: &[String],
        statement: &str,
    ) -> Result<Vec<Need>, Failure> {
        let Ok(plan) = self.attempt(needs, texts).await? else {
            return Ok(Vec::new());
        };
        // Looked up as who looks: the role may not even see the sequence's schema.
        self.rewind().await?;
        let mut found = Vec::new();
        for (function, privilege) in [
            ("nextval", "USAGE"),
            ("setval", "UPDATE"),
            ("currval", "USAGE"),
        ] {
            let named = statement.to_lowercase().contains(function);
            for line in &plan {
                for call in line.split(&format!("{function}(")).skip(1) {
                    // Constant or folded from an expression: `'s.seq'::regclass`, `('s.seq'::text)::regclass`.
                    let call = call.trim_start_matches('(');
                    let Some((name, rest)) = call
                        .strip_prefix('\'')
                        .and_then(|rest| rest.split_once("'::"))
                    else {
                        continue;
                    };
                    if !rest.starts_with("regclass") && !rest.starts_with("text)::regclass") {
                        continue;
                    }
                    // EXPLAIN doubles quotes inside the literal.
                    let name = name.replace("''", "'");
                    let more =
                        candidates::sequence(self.session, self.role, &name, privilege, named)
                            .await?;
                    found.extend(more);
                }
            }
        }
        found.dedup_by(|one, other| one.statement == other.statement);
        debug_assert!(
            found
                .iter()
                .all(|need| need.missing.object.kind == ObjectKind::Sequence)
        );
        Ok(found)
    }

    /// Those of some roles that can run all the statements themselves. Only a superuser can look.
    pub(super) async fn runners(
        &self,
        roles: Vec<String>,
        statements: &[String],
    ) -> Result<Vec<String>, Failure> {
        let mut able = Vec::new();
        for role in roles {
            self.rewind().await?;
            self.play(&role).await?;
            let mut done = true;
            for statement in statements {
                done = match self.session.query(statement).await {
                    Ok(answer) => !answer
                        .notices
                        .iter()
                        .any(|notice| notice.sqlstate == "01007"),
                    Err(_) => false,
                };
                if !done {
                    break;
                }
            }
            if done {
                able.push(role);
            }
        }
        self.rewind().await?;
        Ok(able)
    }

    /// Whether SET ROLE in the statement is judged as for a sign-in of the role.
    pub(super) fn judges_becoming(&self) -> bool {
        self.manner != Manner::Role
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

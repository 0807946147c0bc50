//! The transaction in which a rehearsal plays, and the trials made in it.

use super::candidates::{self, Need, Reach};
use crate::adapters::session::Session;
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident;

/// An open transaction that is never committed.
pub(super) struct Stage<'a> {
    session: &'a Session,
    role: &'a str,
}

impl<'a> Stage<'a> {
    /// Begins. Every trial starts from the same savepoint.
    pub(super) async fn open(session: &'a Session, role: &'a str) -> Result<Self, Failure> {
        let _ = session
            .query(
                "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '5s'; \
                 SAVEPOINT pgiam_trial",
            )
            .await?;
        Ok(Self { session, role })
    }

    /// Rolls back everything.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.session.query("ROLLBACK").await.map(drop)
    }

    /// Grants, becomes the role, and tries; the plan's lines, or the refusal. What was granted is
    /// undone by the next trial.
    ///
    /// `SESSION AUTHORIZATION` rather than `ROLE`: SET ROLE inside the statement is judged by the
    /// session user.
    pub(super) async fn attempt(
        &self,
        needs: &[Need],
        texts: &[String],
    ) -> Result<Result<Vec<String>, Failure>, Failure> {
        self.rewind().await?;
        for need in needs {
            if let Err(failure) = self.session.query(&need.statement).await {
                return Ok(Err(failure));
            }
        }
        let become_role = format!(
            "SET LOCAL SESSION AUTHORIZATION {}",
            ident::literal(self.role)
        );
        let _ = self.session.query(&become_role).await?;
        let mut plan = Vec::new();
        for text in texts {
            match self.session.query(text).await {
                Ok(answer) => {
                    // A GRANT that only warns did nothing.
                    if let Some(notice) = answer.notices.iter().find(|n| n.sqlstate == "01007") {
                        let mut failure = Failure::local(notice.message.clone());
                        failure.sqlstate = Some("01007".to_owned());
                        return Ok(Err(failure));
                    }
                    plan.extend(answer.rows.into_iter().flatten().flatten());
                }
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(plan))
    }

    /// The server's major version.
    pub(super) const fn major(&self) -> u32 {
        self.session.facts().version.major()
    }

    /// Tries as the role that the session is anyway; the refusal, if one comes.
    pub(super) async fn alone(&self, texts: &[String]) -> Result<Option<Failure>, Failure> {
        for text in texts {
            if let Err(failure) = self.session.query(text).await {
                return Ok(Some(failure));
            }
        }
        Ok(None)
    }

    async fn rewind(&self) -> Result<(), Failure> {
        let back = "ROLLBACK TO SAVEPOINT pgiam_trial";
        self.session.query(back).await.map(drop)
    }

    /// What could lift a refusal.
    pub(super) async fn candidates(
        &self,
        denial: &Denial,
        statement: &str,
        reach: Reach,
    ) -> Result<Vec<Need>, Failure> {
        self.rewind().await?;
        candidates::lifting(self.session, self.role, denial, statement, reach).await
    }

    /// Takes away every need without which the statement still passes, then narrows tables to
    /// columns.
    pub(super) async fn smallest(
        &self,
        mut needs: Vec<Need>,
        texts: &[String],
    ) -> Result<Vec<Need>, Failure> {
        let mut at = needs.len();
        while at > 0 {
            at -= 1;
            let mut fewer = needs.clone();
            let _ = fewer.remove(at);
            if self.attempt(&fewer, texts).await?.is_ok() {
                needs = fewer;
            }
        }
        for at in 0..needs.len() {
            self.narrow(&mut needs, at, texts).await?;
        }
        Ok(needs)
    }

    /// Replaces one table-wide privilege by the columns that are needed, where those are fewer.
    async fn narrow(&self, needs: &mut [Need], at: usize, texts: &[String]) -> Result<(), Failure> {
        let Some(need) = needs.get(at).cloned() else {
            return Ok(());
        };
        if need.statement.ends_with("OPTION")
            || !matches!(
                need.missing.privilege.as_str(),
                "SELECT" | "INSERT" | "UPDATE" | "REFERENCES"
            )
            || !candidates::has_columns(need.missing.object.kind)
        {
            return Ok(());
        }
        self.rewind().await?;
        let (all, mut columns) = candidates::columns(self.session, &need.missing).await?;
        let with = |columns: &[String]| {
            let mut missing = need.missing.clone();
            missing.object.columns = columns.to_vec();
            Need::of(missing, Breadth::Column, &need.owner)
        };
        let mut trial = needs.to_vec();
        let mut try_with = async |columns: &[String]| {
            if let Some(slot) = trial.get_mut(at) {
                *slot = with(columns);
            }
            self.attempt(&trial, texts).await.map(|tried| tried.is_ok())
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
        if columns.len() < all
            && let Some(slot) = needs.get_mut(at)
        {
            *slot = with(&columns);
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
        let mut found = Vec::new();
        for (function, privilege) in [
            ("nextval", "USAGE"),
            ("setval", "UPDATE"),
            ("currval", "USAGE"),
        ] {
            let named = statement.to_lowercase().contains(function);
            for line in &plan {
                for call in line.split(&format!("{function}('")).skip(1) {
                    let Some((name, _)) = call.split_once("'::regclass") else {
                        continue;
                    };
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
        self.rewind().await?;
        Ok(found)
    }
}

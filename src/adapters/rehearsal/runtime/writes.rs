//! What runs along with the writes of a statement, followed.

use super::super::along::{Along, along};
use super::super::keys::KeyCheck;
use super::super::native::Native;
use super::super::need::add;
use super::super::rules;
use super::super::scene::{Names, Speaker};
use super::super::touched::{Before, RowsOf};
use super::super::written::{self, Timing};
use super::{Cause, DEEPEST, Text, Walk};
use crate::domain::diagnosis::wants::{Wants, wants};
use crate::domain::failure::Failure;

/// Keys of keys followed at most: they may go round in circles.
const LONGEST_CHAIN: usize = 3;

impl Walk<'_> {
    /// Reads what the writes of a statement make run; the second role is whom triggers run as that are
    /// fired behind it.
    pub(super) async fn writes(
        &mut self,
        (role, behind): (&str, &str),
        (statement, wants): (&str, &Wants),
        path: &str,
        before: Before,
        depth: usize,
    ) -> Result<(), Failure> {
        let Along {
            hidden,
            fired,
            natives,
            checks,
            course,
        } = along(self.stage, self.standing(role), (statement, wants), before).await?;
        self.found.course = self.found.course.max(course);
        for row in hidden {
            let needs = written::to_execute(self.stage.session, role, &row).await?;
            if !needs.is_empty() {
                self.note("a constraint, generated column, index, partition key or trigger's WHEN");
            }
            add(&mut self.found.needs, needs);
            self.routine(role, &row, path, Cause::Other, depth).await?;
        }
        for (fired, rows) in &fired {
            let whom = if fired.timing == Timing::After {
                behind
            } else {
                role
            };
            let cause = Cause::Event(fired, rows.clone());
            self.routine(whom, &fired.row, path, cause, depth).await?;
        }
        for native in natives {
            match native {
                Native::Query { text, .. } => {
                    let body = Text::Sql(text);
                    self.firing += 1;
                    Box::pin(self.body("a trigger in C", role, &body, path, depth + 1)).await?;
                    self.firing -= 1;
                }
                Native::Unlinks { otherwise, .. } => self.found.unknown.push(otherwise),
                Native::Unknown(note) if self.found.unknown.contains(&note) => {}
                Native::Unknown(note) => self.found.unknown.push(note),
            }
        }
        for (check, rows) in checks {
            self.key(behind, (&check, rows.as_ref()), path, before, depth)
                .await?;
        }
        let (actions, judged) = rules::actions(self.stage, (statement, wants), before).await?;
        self.found.course = self.found.course.max(judged);
        for action in actions {
            let known = self.found.scenes.len() + self.found.needs.len();
            let nested = (before, depth + 1);
            Box::pin(self.follow(
                role,
                (&action.text, action.joined.as_deref()),
                path,
                Vec::new(),
                nested,
            ))
            .await?;
            if self.found.scenes.len() + self.found.needs.len() > known {
                self.found.course = self.found.course.max(action.course);
            }
        }
        Ok(())
    }

    /// What a foreign key does. What a cascade fires in turn is followed a little further.
    async fn key(
        &mut self,
        behind: &str,
        (check, rows): (&KeyCheck, Option<&RowsOf>),
        path: &str,
        before: Before,
        depth: usize,
    ) -> Result<(), Failure> {
        let deep = (depth + 1).max(DEEPEST - LONGEST_CHAIN);
        if deep > DEEPEST {
            return Ok(());
        }
        let known = (self.found.needs.len(), self.found.scenes.len());
        let speaker = Speaker {
            role: check.owner.clone(),
            path: path.to_owned(),
            names: Names::LookedUp,
        };
        let _ = self.tried(&check.text, speaker).await?;
        if let Some(written) = check.writes(rows) {
            let mut wants = wants(&check.text);
            wants
                .relations
                .retain(|wanted| wanted.privilege != "SELECT");
            wants.routines.clear();
            // What is there now is what the cascade finds, if it is so for what it hangs on.
            let before = match rows {
                Some(_) => before,
                None => Before::Writes,
            };
            // Until 17 they are fired when the statement ends that the key's query is a part of, as whoever
            // runs that (PostgreSQL source, `ri_triggers.c`, `ri_PerformCheck`; from 18 on `trigger.c`,
            // `AfterTriggerExecute`).
            let behind = if self.stage.major() >= 18 {
                &check.owner
            } else {
                behind
            };
            let statement = (written.as_str(), &wants);
            self.firing += 1;
            Box::pin(self.writes((&check.owner, behind), statement, path, before, deep)).await?;
            self.firing -= 1;
        }
        if (self.found.needs.len(), self.found.scenes.len()) != known {
            self.note("a foreign key's check");
        }
        Ok(())
    }
}

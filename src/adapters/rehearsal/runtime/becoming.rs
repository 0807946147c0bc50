//! Whom bodies become: by their own SET clauses, and by SET ROLE in them.

use super::Walk;
use crate::adapters::rehearsal::need::{Row, add, cell};
use crate::adapters::rehearsal::scene::Scene;
use crate::adapters::rehearsal::spoken::becomes;
use crate::adapters::rehearsal::{derived, guarded, runners};
use crate::domain::diagnosis::body::Course;
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::wants::wants;
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::sql::{role_change, split};

impl Walk<'_> {
    /// What a routine's SET clauses want, before its body runs; the role that they make of who runs it.
    /// They are judged as if it set them itself, but SET ROLE as whoever signed in (PostgreSQL source,
    /// `fmgr.c`, `fmgr_security_definer`; `variable.c`, `check_role`).
    pub(super) async fn settings(
        &mut self,
        row: &Row,
        runs_as: &str,
    ) -> Result<Option<String>, Failure> {
        let sql = format!(
            "SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) FROM pg_catalog.pg_proc p, \
             unnest(p.proconfig) c WHERE p.oid = {} AND c NOT LIKE 'search_path=%'",
            cell(row, 0)
        );
        let mut becomes = None;
        for set in self.stage.session.query(&sql).await?.rows {
            let (name, value) = (cell(&set, 0), cell(&set, 1));
            if name != "role" {
                let sets = format!("SET {name} TO DEFAULT");
                let guards = guarded::guards_of(self.stage, runs_as, &sets).await?;
                add(&mut self.found.needs, guards.needs);
                self.found.superuser |= guards.superuser;
            } else if value != "none" && runners::known_role(self.stage.session, &value).await? {
                let sets = format!("SET ROLE {}", ident::role(&value));
                self.becoming(&value, &sets).await?;
                becomes = Some(value);
            }
        }
        Ok(becomes)
    }

    /// What SET ROLE wants of whoever signed in.
    pub(super) async fn becoming(&mut self, role: &str, statement: &str) -> Result<(), Failure> {
        let needs = derived::derive(self.stage, statement, None).await?;
        // What touches nothing is refused nothing.
        let touches = |scene: &Scene| !wants(&scene.text).relations.is_empty();
        let first = self.found.needs.is_empty() && !self.found.scenes.iter().any(touches);
        if first && !needs.is_empty() && self.found.refusal.is_none() {
            self.found.refusal = Some(saying::becoming_refusal(role));
        }
        add(&mut self.found.needs, needs);
        Ok(())
    }

    /// The statements of a body, each with its place, and every SET ROLE as one of its own; without any
    /// where it is not known which of them run.
    pub(super) fn spelled_out(&self, statements: &[String]) -> Vec<(String, usize)> {
        let all = statements.iter().zip(0..);
        if self.found.course > Course::ByRows {
            let stays = |(one, _): &(&String, usize)| !becomes(one);
            return all
                .filter(stays)
                .map(|(one, at)| (one.clone(), at))
                .collect();
        }
        let mut found = Vec::new();
        for (statement, at) in all {
            let text = role_change::spelled_out(statement);
            found.extend(
                split::statements(&text)
                    .into_iter()
                    .filter_map(|range| text.get(range))
                    .map(|one| (one.trim().trim_end_matches(';').to_owned(), at)),
            );
        }
        found
    }
}

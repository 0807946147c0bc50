//! The least of what was given with which a trial still passes.

use super::{Goal, Stage};
use crate::adapters::rehearsal::candidates;
use crate::adapters::rehearsal::need::{Need, has_columns};
use crate::adapters::rehearsal::scene::Scene;
use crate::domain::failure::Failure;

impl Stage<'_> {
    /// Takes away every need without which the statement still passes, then narrows tables to
    /// columns.
    pub(in crate::adapters::rehearsal) async fn smallest(
        &self,
        mut needs: Vec<Need>,
        scenes: &[Scene],
        goal: &Goal,
    ) -> Result<Vec<Need>, Failure> {
        self.halve(&mut needs, scenes, goal).await?;
        let mut at = needs.len();
        while at > 0 {
            at -= 1;
            let mut fewer = needs.clone();
            let _ = fewer.remove(at);
            if goal.reached(&self.attempt(&fewer, scenes).await?) {
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
                if goal.reached(&self.attempt(&trial, scenes).await?) {
                    needs = trial;
                    break;
                }
            }
            self.narrow(&mut needs, at, scenes, goal).await?;
        }
        Ok(needs)
    }

    /// With very many candidates, drops large parts first.
    async fn halve(
        &self,
        needs: &mut Vec<Need>,
        scenes: &[Scene],
        goal: &Goal,
    ) -> Result<(), Failure> {
        let mut part = needs.len() / 2;
        while part >= 4 {
            let mut end = needs.len();
            while end > 0 {
                let start = end.saturating_sub(part);
                let mut fewer = needs.clone();
                let _ = fewer.drain(start..end);
                if goal.reached(&self.attempt(&fewer, scenes).await?) {
                    *needs = fewer;
                }
                end = start;
            }
            part /= 2;
        }
        Ok(())
    }

    /// Replaces one table-wide privilege by the columns that are needed, where those are fewer.
    async fn narrow(
        &self,
        needs: &mut [Need],
        at: usize,
        scenes: &[Scene],
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
        let candidates::Columns {
            mut columns,
            system,
        } = candidates::columns(self.session, &need).await?;
        let mut trial = needs.to_vec();
        let mut try_with = async |columns: &[String]| {
            if let Some(slot) = trial.get_mut(at) {
                *slot = need.on_columns(columns);
            }
            self.attempt(&trial, scenes)
                .await
                .map(|tried| goal.reached(&tried))
        };
        if columns.is_empty() || !try_with(&columns).await? {
            columns.extend(system);
            if columns.is_empty() || !try_with(&columns).await? {
                return Ok(());
            }
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
}

//! The routines that a statement calls whose bodies can be read.

use super::super::body_text::ROUTINE;
use super::super::candidates;
use super::super::need::Row;
use super::super::parsed;
use super::super::underneath;
use super::{Bodies, Walk};
use crate::domain::diagnosis::wants::{Call, Wanted, Wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

impl Walk<'_> {
    /// The routines that a statement calls, as the server resolved them or by its words, and those
    /// that only its plan names.
    pub(super) async fn called(
        &self,
        wants: &Wants,
        resolved: Option<Vec<String>>,
        planned: &[String],
    ) -> Result<Vec<Row>, Failure> {
        let of_words = |call: &Call| {
            let place = match &call.schema {
                Some(schema) => format!("n.nspname = {}", literal(schema)),
                None => "n.nspname = ANY (current_schemas(true))".to_owned(),
            };
            format!("({place} AND {})", candidates::fits(call, "p"))
        };
        let mut conditions: Vec<String> = match &resolved {
            Some(oids) => oids.iter().map(|oid| format!("p.oid = {oid}")).collect(),
            None => wants.routines.iter().map(of_words).collect(),
        };
        conditions.extend(
            planned
                .iter()
                .filter(|name| wants.routines.iter().all(|call| call.name != **name))
                .map(|name| format!("p.proname = {}", literal(name))),
        );
        self.routines(&conditions).await
    }

    /// The routines that views, policies and defaults under the relations of a statement call. Plans name those
    /// of what is read, but not those that check new rows.
    pub(super) async fn underneath(
        &self,
        role: &str,
        statement: &str,
        wants: &Wants,
    ) -> Result<Vec<Row>, Failure> {
        let told_by_plans = |wanted: &Wanted| {
            self.bodies == Bodies::Tried && !["INSERT", "UPDATE"].contains(&wanted.privilege)
        };
        if wants.relations.iter().all(told_by_plans) {
            return Ok(Vec::new());
        }
        let touched = parsed::touches(self.stage, role, statement).await?;
        let relations = touched.map_or_else(|| wants.relations.clone(), |all| all.relations);
        let mut conditions = Vec::new();
        for wanted in relations.iter().filter(|wanted| !told_by_plans(wanted)) {
            let called = underneath::called(self.stage.session, role, wanted).await?;
            conditions.extend(called.iter().map(|oid| format!("p.oid = {oid}")));
        }
        self.routines(&conditions).await
    }

    /// The routines of which one of some conditions holds, as far as their bodies can be read.
    pub(super) async fn routines(&self, conditions: &[String]) -> Result<Vec<Row>, Failure> {
        if conditions.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {ROUTINE} FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             WHERE l.lanname IN ('sql', 'plpgsql') AND p.oid >= 16384 AND p.prokind IN ('f', 'p') \
             AND ({}) LIMIT 20",
            conditions.join(" OR ")
        );
        Ok(self.stage.session.query(&sql).await?.rows)
    }
}

//! A forecast in words, and the statements that would make it a good one.

use super::default::{Forecast, Next, Obstacle};
use super::explain::Carry;
use super::model::{DefaultKind, Snapshot};
use super::telling::shortened;
use crate::domain::ident;

impl DefaultKind {
    /// What one of them is called.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Tables => "table",
            Self::Sequences => "sequence",
            Self::Functions => "function",
            Self::Types => "type",
            Self::Schemas => "schema",
            Self::LargeObjects => "large object",
        }
    }
}

impl Snapshot {
    /// The question in words: `SELECT by analyst on the next table that deployer creates in sales`.
    #[must_use]
    pub fn next_in_words(&self, next: &Next) -> String {
        let place = next
            .schema
            .map(|schema| format!(" in schema {}", self.object_name(schema)))
            .unwrap_or_default();
        format!(
            "{} by {} on the next {} that {} creates{place}",
            next.privilege.keyword(),
            self.role_name(next.reader),
            next.kind.noun(),
            self.role_name(next.creator),
        )
    }

    /// What stands in the way, in a sentence. Names are as they are, so the text is untrusted.
    #[must_use]
    pub fn obstacle_in_words(&self, next: &Next, obstacle: &Obstacle) -> String {
        let (creator, reader) = (self.role_name(next.creator), self.role_name(next.reader));
        let schema = next
            .schema
            .map(|schema| self.object_name(schema))
            .unwrap_or_default();
        let privilege = next.privilege.keyword();
        match obstacle {
            Obstacle::CreatorMayNotCreate => {
                format!(
                    "{creator} has no CREATE on schema {schema}, so it will create nothing there"
                )
            }
            Obstacle::NoUsageOnSchema => {
                format!("{reader} has no USAGE on schema {schema}, so it cannot name what is in it")
            }
            Obstacle::NotByDefault => format!(
                "no default privilege of {creator} gives {privilege} to {reader} or to a role whose rights it has"
            ),
            Obstacle::OnlyForOtherCreators(roles) => format!(
                "default privileges give {privilege} on what is created by {}, not by {creator}",
                shortened(
                    &roles
                        .iter()
                        .map(|role| self.role_name(*role))
                        .collect::<Vec<_>>()
                )
            ),
            Obstacle::OnlyInOtherSchemas(schemas) => {
                let names: Vec<String> = schemas
                    .iter()
                    .map(|schema| self.object_name(*schema))
                    .collect();
                format!(
                    "default privileges of {creator} give {privilege} in {}, not in {schema}",
                    shortened(&names)
                )
            }
        }
    }

    /// The statements after which the forecast would be good, without semicolons.
    #[must_use]
    pub fn preparing(&self, next: &Next, forecast: &Forecast) -> Vec<String> {
        let creator = ident::role(self.role_name(next.creator));
        let reader = ident::role(self.role_name(next.reader));
        let schema = next.schema.map(|schema| self.object_name(schema));
        let mut statements = Vec::new();
        for obstacle in &forecast.obstacles {
            match (obstacle, &schema) {
                (Obstacle::CreatorMayNotCreate, Some(schema)) => {
                    statements.push(format!("GRANT CREATE ON SCHEMA {schema} TO {creator}"));
                }
                (Obstacle::NoUsageOnSchema, Some(schema)) => {
                    // After SET ROLE it is the other role that looks up the schema.
                    let looks = forecast
                        .path
                        .as_ref()
                        .filter(|path| path.hops.iter().any(|hop| hop.carry == Carry::SetRole))
                        .and_then(super::explain::Path::set_role);
                    let who = looks
                        .map_or_else(|| reader.clone(), |role| ident::role(self.role_name(role)));
                    statements.push(format!("GRANT USAGE ON SCHEMA {schema} TO {who}"));
                }
                _ => {}
            }
        }
        if forecast.path.is_none() {
            let place = schema
                .filter(|_| next.kind != DefaultKind::Schemas)
                .map(|schema| format!(" IN SCHEMA {schema}"))
                .unwrap_or_default();
            statements.push(format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {creator}{place} GRANT {} ON {} TO {reader}",
                next.privilege.keyword(),
                next.kind.keyword()
            ));
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::super::acl::Privilege;
    use super::super::scene::{role, scene};
    use super::*;

    #[test]
    fn a_bad_forecast_says_why_and_what_would_help() {
        let rights = scene(
            16,
            "
            role dba
            role deployer
            role analyst
            schema - app dba {dba=UC/dba,deployer=UC/dba}
            default dba app {analyst=r/dba}
            ",
        );
        let next = Next {
            kind: DefaultKind::Tables,
            creator: role(&rights, "deployer"),
            schema: rights.schema_named("app"),
            privilege: Privilege::Select,
            reader: role(&rights, "analyst"),
        };
        let forecast = rights.forecast(&next);
        assert_eq!(
            rights.next_in_words(&next),
            "SELECT by analyst on the next table that deployer creates in schema app"
        );
        let why: Vec<String> = forecast
            .obstacles
            .iter()
            .map(|obstacle| rights.obstacle_in_words(&next, obstacle))
            .collect();
        assert_eq!(
            why,
            [
                "default privileges give SELECT on what is created by dba, not by deployer",
                "analyst has no USAGE on schema app, so it cannot name what is in it"
            ]
        );
        assert_eq!(
            rights.preparing(&next, &forecast),
            [
                "GRANT USAGE ON SCHEMA app TO analyst",
                "ALTER DEFAULT PRIVILEGES FOR ROLE deployer IN SCHEMA app GRANT SELECT ON TABLES TO analyst"
            ]
        );
    }
}

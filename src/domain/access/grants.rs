//! The statements that give a privilege, and those that take it away.

use super::account::Claim;
use super::acl::{Grantee, Privilege};
use super::explain::Source;
use super::model::Snapshot;
use super::object::{ObjectId, ObjectKind};
use super::role::RoleId;
use super::standing::Gate;
use crate::domain::ident;

impl Snapshot {
    /// An object as a person names it: `table sales.orders`.
    #[must_use]
    pub fn described(&self, object: ObjectId) -> String {
        let noun = self.object(object).map_or("", |known| known.kind.noun());
        format!("{noun} {}", self.object_name(object))
    }

    /// The statements that would give a role a privilege on an object, schema first, without
    /// semicolons; none where it has it.
    #[must_use]
    pub fn giving(&self, role: RoleId, object: ObjectId, privilege: Privilege) -> Vec<String> {
        let grantee = ident::role(self.role_name(role));
        let mut statements = Vec::new();
        if let Gate::Shut(schema) = self.gate(role, object) {
            let schema = self.object_name(schema);
            statements.push(format!("GRANT USAGE ON SCHEMA {schema} TO {grantee}"));
        }
        if !self.privileges(role, object).held.has(privilege) {
            let on = self.target(object, privilege);
            statements.push(format!("GRANT {on} TO {grantee}"));
        }
        statements
    }

    /// The statements that would take away what was granted along the paths of a claim, without
    /// semicolons. What an owner, a superuser or a predefined role has is not taken away so.
    #[must_use]
    pub fn taking(&self, claim: &Claim) -> Vec<String> {
        let mut statements = Vec::new();
        for path in &claim.paths {
            let grantee = match path.source {
                Source::Granted(item) => item.grantee,
                Source::HardWired(Grantee::Public) => Grantee::Public,
                _ => continue,
            };
            let from = match grantee {
                Grantee::Public => "PUBLIC".into(),
                Grantee::Role(role) => ident::role(self.role_name(role)),
            };
            let on = self.target(path.object, claim.privilege);
            let statement = format!("REVOKE {on} FROM {from}");
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        }
        statements
    }

    /// `SELECT ON TABLE sales.orders`, `SELECT (total) ON TABLE sales.orders`.
    fn target(&self, object: ObjectId, privilege: Privilege) -> String {
        let keyword = privilege.keyword();
        match self.object(object) {
            Some(known) if known.kind == ObjectKind::Column => {
                let table = known.parent.map(|table| self.object_name(table));
                format!(
                    "{keyword} ({}) ON TABLE {}",
                    known.sql_name(),
                    table.unwrap_or_default()
                )
            }
            Some(known) => format!(
                "{keyword} ON {} {}",
                known.kind.grant_word(),
                self.object_name(object)
            ),
            None => keyword.to_owned(),
        }
    }
}

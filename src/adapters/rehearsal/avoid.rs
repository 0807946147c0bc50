//! What people are told to run for a refusal, and why not.

use super::need::{GrantOption, Need, has_columns};
use crate::domain::diagnosis::{Avoid, NotByGrantKind, ObjectKind, WhyReport, remedy};
use crate::domain::ident;

/// Where the question was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) major: u32,
    pub(super) rds: bool,
}

/// The folk remedies for what is missing.
pub(super) fn avoid(report: &WhyReport, needs: &[Need], server: Server) -> Vec<Avoid> {
    let role = ident::role(&report.role).into_owned();
    let mut list = List(Vec::new());
    list.push(
        format!("GRANT rds_superuser TO {role}"),
        "it hands over every role, extension and kill right, and hides which privilege was missing",
    );
    if !server.rds {
        list.push(
            format!("ALTER ROLE {role} SUPERUSER"),
            "it passes every check of every database, and hides which privilege was missing; RDS refuses it",
        );
    }
    for need in needs {
        of_need(&mut list, need, server);
    }
    let barred = report.not_by_grant.as_ref().map(|reason| reason.kind);
    if barred == Some(NotByGrantKind::RowLevelSecurity) {
        list.push(
            format!("ALTER ROLE {role} BYPASSRLS"),
            "it lifts every policy of every table; RDS refuses it",
        );
    }
    list.0
}

struct List(Vec<Avoid>);

impl List {
    fn push(&mut self, statement: String, because: &str) {
        if !self.0.iter().any(|known| known.statement == statement) {
            self.0.push(Avoid {
                statement,
                because: because.to_owned(),
            });
        }
    }
}

fn of_need(list: &mut List, need: &Need, server: Server) {
    if let Some(wanted) = &need.wanted {
        owned(list, need, &wanted.kind, &wanted.name);
        return;
    }
    let to = ident::role(&need.missing.grantee);
    let object = &need.missing.object;
    let written = remedy::written(object);
    let privilege = need.missing.privilege.as_str();
    if need.option == GrantOption::With && has_columns(object.kind) {
        list.push(
            format!("ALTER TABLE {written} OWNER TO {to}"),
            "granting on does not take owning, which drops and alters as well",
        );
        return;
    }
    match object.kind {
        kind if has_columns(kind) => relation(list, need, server),
        ObjectKind::Schema => {
            list.push(
                format!("GRANT ALL ON SCHEMA {written} TO {to}"),
                "ALL on a schema is USAGE and CREATE; it opens no table in it",
            );
            if privilege == "CREATE" {
                list.push(
                    format!("GRANT CREATE ON SCHEMA {written} TO PUBLIC"),
                    "every role could then put objects there that others call by mistake",
                );
            }
        }
        ObjectKind::Database => {
            list.push(
                format!("GRANT {privilege} ON DATABASE {written} TO PUBLIC"),
                "every role of the cluster, present and future, would have it",
            );
            list.push(
                format!("ALTER DATABASE {written} OWNER TO {to}"),
                "an owner may drop the database, and grant on it",
            );
        }
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
            if let Some(schema) = object
                .schema
                .as_deref()
                .filter(|name| *name != "pg_catalog")
            {
                list.push(
                    format!(
                        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO {to}",
                        ident::quoted(schema)
                    ),
                    "it opens every function there, security definers included, and none that comes later",
                );
            }
        }
        ObjectKind::Sequence => list.push(
            format!("GRANT ALL ON SEQUENCE {written} TO {to}"),
            "ALL on a sequence includes UPDATE, which may set it back",
        ),
        _ => {}
    }
}

fn relation(list: &mut List, need: &Need, server: Server) {
    let to = ident::role(&need.missing.grantee);
    let privilege = need.missing.privilege.as_str();
    let mut whole = need.missing.object.clone();
    whole.columns.clear();
    list.push(
        format!("GRANT ALL ON TABLE {} TO {to}", remedy::written(&whole)),
        "ALL includes deleting and emptying the table and making triggers on it",
    );
    if server.major >= 14 && privilege == "SELECT" {
        list.push(
            format!("GRANT pg_read_all_data TO {to}"),
            "it opens every table of every database, present and future",
        );
    }
    if server.major >= 14 && ["INSERT", "UPDATE", "DELETE"].contains(&privilege) {
        list.push(
            format!("GRANT pg_write_all_data TO {to}"),
            "it opens every table of every database to writing, present and future",
        );
    }
    list.push(
        format!("GRANT ALL ON DATABASE … TO {to}"),
        "privileges on a database are CONNECT, CREATE and TEMPORARY: it opens no table",
    );
}

fn owned(list: &mut List, need: &Need, kind: &str, name: &str) {
    let to = ident::role(&need.missing.grantee);
    if need.missing.privilege == "MEMBER" && ["table", "view", "schema", "database"].contains(&kind)
    {
        list.push(
            format!("ALTER {} {name} OWNER TO {to}", kind.to_uppercase()),
            "it takes the object from its owner, whose own work with it then fails",
        );
    }
    if ["table", "view", "relation", "materialized view"].contains(&kind) {
        list.push(
            format!("GRANT ALL ON TABLE {name} TO {to}"),
            "no privilege lets anybody alter or drop it: that takes owning",
        );
    }
}

//! Connections to other servers that lack a user mapping or a password: planning does not look for
//! them, running does (PostgreSQL source, `postgres_fdw.c`, `postgresBeginForeignScan`; `foreign.c`,
//! `GetUserMapping`; `dblink.c`, `dblink_connstr_check`).

use super::derived::by_name;
use super::need::{Need, cell, need, object};
use super::roles;
use super::runners;
use super::stage::Stage;
use crate::domain::diagnosis::demands::{Demand, demands};
use crate::domain::diagnosis::links::{Passwordless, links};
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::{
    Breadth, NotByGrant, NotByGrantKind, ObjectKind, Outcome, Remedy, Verdict, WhyReport,
};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident::{self, literal};

/// A connection that cannot be made.
#[derive(PartialEq, Eq)]
struct Obstacle {
    /// The server; `None` for a connection string.
    server: Option<Server>,
    /// Who would connect.
    role: String,
    lacks: Lacks,
    connects: Connects,
}

#[derive(PartialEq, Eq)]
struct Server {
    name: String,
    owner: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Mapping,
    /// Who is no superuser connects only as somebody whose password is given, so that nobody borrows
    /// the sign-in of the server process (PostgreSQL source, `connection.c`, `check_conn_params`).
    Password,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connects {
    ForeignTable,
    Dblink,
}

impl Obstacle {
    /// The server's words; 17 names the server of a mapping too.
    fn failure(&self, major: u32) -> Failure {
        let role = &self.role;
        let server = self.server.as_ref().map(|server| server.name.as_str());
        let (sqlstate, message) = match (self.lacks, server) {
            (Lacks::Mapping, Some(server)) if major >= 17 => (
                "42704",
                format!("user mapping not found for user \"{role}\", server \"{server}\""),
            ),
            (Lacks::Mapping, _) => ("42704", format!("user mapping not found for \"{role}\"")),
            (Lacks::Password, _) => ("2F003", password_required(major).to_owned()),
        };
        let mut failure = Failure::new(Phase::Statement, Origin::Server, message);
        failure.severity = Some("ERROR".to_owned());
        failure.sqlstate = Some(sqlstate.to_owned());
        if self.lacks == Lacks::Password {
            failure.detail = Some(password_detail(self.connects, major).to_owned());
        }
        failure
    }

    /// What makes the mapping that is missing.
    fn need(&self) -> Option<Need> {
        let server = self.server.as_ref()?;
        if self.lacks != Lacks::Mapping {
            return None;
        }
        let named = object(ObjectKind::ForeignServer, None, server.name.clone());
        let mut need = need(&self.role, "OWNER", named, Breadth::Object, &server.owner);
        need.statement = format!(
            "CREATE USER MAPPING FOR {} SERVER {} OPTIONS (user '…', password '…')",
            ident::role(&self.role),
            ident::quoted(&server.name)
        );
        Some(need)
    }

    /// Why no grant helps where a password is missing.
    fn reason(&self) -> NotByGrant {
        let explanation = match (&self.server, self.connects) {
            (None, _) => {
                "Only a superuser connects without a password: put one into the connection string. \
                 dblink_connect_u does without one, for whoever is given EXECUTE on it."
                    .to_owned()
            }
            (Some(server), Connects::ForeignTable) => format!(
                "Only a superuser connects without a password: the user mapping of {} on server {} needs \
                 the option password. Or a superuser sets password_required 'false' there.",
                self.role, server.name
            ),
            (Some(server), Connects::Dblink) => format!(
                "Only a superuser connects without a password: the user mapping of {} on server {} needs \
                 the option password.",
                self.role, server.name
            ),
        };
        NotByGrant {
            kind: NotByGrantKind::Superuser,
            explanation,
        }
    }
}

const fn password_required(major: u32) -> &'static str {
    if major < 16 {
        "password is required"
    } else {
        "password or GSSAPI delegated credentials required"
    }
}

const fn password_detail(connects: Connects, major: u32) -> &'static str {
    match (connects, major) {
        (Connects::ForeignTable, ..16) => {
            "Non-superusers must provide a password in the user mapping."
        }
        (Connects::ForeignTable, 16..=17) => {
            "Non-superusers must delegate GSSAPI credentials or provide a password in the user mapping."
        }
        (Connects::ForeignTable, _) => {
            "Non-superusers must delegate GSSAPI credentials, provide a password, or enable SCRAM \
             pass-through in user mapping."
        }
        (Connects::Dblink, ..16) => {
            "Non-superusers must provide a password in the connection string."
        }
        (Connects::Dblink, _) => {
            "Non-superusers must provide a password in the connection string or send delegated GSSAPI \
             credentials."
        }
    }
}

/// Adds to the report what no privilege mends: it is what fails where nothing else is missing.
pub(super) async fn obstruct(
    stage: &Stage<'_>,
    statements: &[String],
    report: &mut WhyReport,
) -> Result<(), Failure> {
    stage.rewind().await?;
    let mut found: Vec<Obstacle> = Vec::new();
    for statement in statements {
        for one in obstacles(stage, statement).await? {
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    let Some(first) = found.first() else {
        return Ok(());
    };
    let failure = first.failure(stage.major());
    match report.outcome {
        Outcome::Allowed => {
            report.headline.clone_from(&failure.message);
            report.refusal = Some(failure);
            if first.lacks == Lacks::Password {
                let reason = first.reason();
                report.outcome = Outcome::Refused;
                reason
                    .explanation
                    .trim_end_matches('.')
                    .clone_into(&mut report.headline);
                report.not_by_grant = Some(reason);
            } else {
                report.outcome = Outcome::Failed;
            }
        }
        Outcome::Refused => {
            for fix in &mut report.fixes {
                fix.verdict = Verdict::Expected;
                fix.notes.push(format!(
                    "with it the statement passes the privilege checks and then fails: {}",
                    failure.message
                ));
                if first.lacks == Lacks::Password {
                    fix.notes.push(first.reason().explanation);
                }
            }
        }
        Outcome::Failed => return Ok(()),
    }
    for one in found {
        let Some(need) = one.need() else { continue };
        let needs = [need];
        let statements: Vec<String> = needs.iter().map(|need| need.statement.clone()).collect();
        report.fixes.push(Remedy {
            run_as: runners::run_as(stage, &needs, &statements).await?,
            statements,
            verdict: Verdict::Partial,
            breadth: Breadth::Object,
            opens: format!(
                "to {} what the remote role may that is written into the mapping",
                one.role
            ),
            notes: vec![
                "the remote role and its password are known to whoever runs the remote server: \
                 put them in place of the dots"
                    .to_owned(),
            ],
        });
    }
    stage.rewind().await
}

/// Wrappers that connect by a user mapping.
const MAPPING: &str =
    "'postgres_fdw_handler', 'oracle_fdw_handler', 'mysql_fdw_handler', 'tds_fdw_handler'";

/// The relations that a statement names, with who reads them, as a query.
fn starts(role: &str, statement: &str) -> String {
    let mut starts: Vec<String> = wants(statement)
        .relations
        .iter()
        .filter_map(|wanted| by_name(&wanted.relation))
        .map(|condition| {
            format!(
                "SELECT c.oid, {}::name FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition}",
                literal(role)
            )
        })
        .collect();
    starts.dedup();
    if starts.is_empty() {
        starts.push("SELECT NULL::oid, NULL::name".to_owned());
    }
    starts.join(" UNION ")
}

async fn obstacles(stage: &Stage<'_>, statement: &str) -> Result<Vec<Obstacle>, Failure> {
    let imported = demands(statement)
        .into_iter()
        .find_map(|demand| match demand {
            Demand::Import { server, .. } => Some(literal(&server)),
            _ => None,
        });
    let links = links(statement);
    let linked: Vec<String> = links.iter().map(|link| literal(&link.to)).collect();
    let guarded: Vec<String> = links
        .iter()
        .filter(|link| link.without_password == Passwordless::Superusers)
        .map(|link| literal(&link.to))
        .collect();
    let listed = |names: &[String]| match names {
        [] => "NULL".to_owned(),
        names => names.join(", "),
    };
    // Under a view its owner reads, unless the view says otherwise. The options of a mapping are hidden
    // from most: without a superuser's sight nothing is said of a password.
    let sql = format!(
        "WITH RECURSIVE reached(oid, role) AS ({} UNION SELECT below.oid, below.role FROM reached, \
         LATERAL (SELECT d.refobjid, CASE WHEN v.reloptions::text ~ 'security_invoker=(true|on|1|yes)' \
         THEN reached.role ELSE pg_catalog.pg_get_userbyid(v.relowner) END FROM pg_catalog.pg_class v \
         JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid JOIN pg_catalog.pg_depend d \
         ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         WHERE v.oid = reached.oid AND v.relkind = 'v' AND d.refobjid <> v.oid \
         UNION ALL SELECT i.inhrelid, reached.role FROM pg_catalog.pg_inherits i \
         WHERE i.inhparent = reached.oid) AS below(oid, role)), \
         asked(server, role, linked, guarded) AS (SELECT t.ftserver, r.role, false, true FROM reached r \
         JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = r.oid \
         UNION SELECT oid, {who}::name, false, true FROM pg_catalog.pg_foreign_server WHERE srvname = {} \
         UNION SELECT oid, {who}::name, true, srvname IN ({}) FROM pg_catalog.pg_foreign_server \
         WHERE srvname IN ({})) \
         SELECT DISTINCT s.srvname, pg_catalog.pg_get_userbyid(s.srvowner), asked.role, asked.linked, m.umid IS NULL \
         FROM asked JOIN pg_catalog.pg_foreign_server s ON s.oid = asked.server \
         JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw \
         LEFT JOIN pg_catalog.pg_proc h ON h.oid = w.fdwhandler \
         JOIN pg_catalog.pg_roles a ON a.rolname = asked.role \
         LEFT JOIN LATERAL (SELECT u.umid, u.umoptions FROM pg_catalog.pg_user_mappings u \
         WHERE u.srvid = s.oid AND u.umuser IN (0, a.oid) ORDER BY u.umuser = 0 LIMIT 1) m ON true \
         WHERE (asked.linked OR h.proname IN ({MAPPING})) AND (m.umid IS NULL \
         OR (asked.guarded AND (asked.linked OR h.proname = 'postgres_fdw_handler') AND NOT a.rolsuper \
         AND EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = session_user AND rolsuper) \
         AND NOT EXISTS (SELECT FROM unnest(m.umoptions || s.srvoptions) AS o(option) \
         WHERE option ~ '^password=.' OR option ~* '^use_scram_passthrough=(true|on|yes|1)$' \
         OR (NOT asked.linked AND option ~* '^password_required=(false|off|no|0)$')))) ORDER BY 1, 3",
        starts(stage.role, statement),
        imported.unwrap_or_else(|| "NULL".to_owned()),
        listed(&guarded),
        listed(&linked),
        who = literal(stage.role),
    );
    let mut found: Vec<Obstacle> = stage
        .session
        .query(&sql)
        .await?
        .rows
        .iter()
        .map(|row| Obstacle {
            server: Some(Server {
                name: cell(row, 0),
                owner: cell(row, 1),
            }),
            role: cell(row, 2),
            connects: if cell(row, 3) == "t" {
                Connects::Dblink
            } else {
                Connects::ForeignTable
            },
            lacks: if cell(row, 4) == "t" {
                Lacks::Mapping
            } else {
                Lacks::Password
            },
        })
        .collect();
    let open = links
        .iter()
        .any(|link| link.without_password == Passwordless::Superusers && link.lacks_password());
    if open && !roles::is_superuser(stage.session, stage.role).await? {
        found.push(Obstacle {
            server: None,
            role: stage.role.to_owned(),
            lacks: Lacks::Password,
            connects: Connects::Dblink,
        });
    }
    Ok(found)
}

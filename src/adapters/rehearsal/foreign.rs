//! Foreign tables whose server knows no mapping for who reads them: planning does not look for one,
//! running does (PostgreSQL source, `postgres_fdw.c`, `postgresBeginForeignScan`; `foreign.c`,
//! `GetUserMapping`).

use super::derived::by_name;
use super::need::{Need, cell, need, object};
use super::runners;
use super::stage::Stage;
use crate::domain::diagnosis::demands::{Demand, demands};
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::{Breadth, ObjectKind, Outcome, Remedy, Verdict, WhyReport};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident::{self, literal};

/// A server and a role it has no mapping for.
#[derive(PartialEq, Eq)]
struct Unmapped {
    server: String,
    /// Who owns the server.
    owner: String,
    role: String,
}

impl Unmapped {
    /// The server's words; 17 names the server too.
    fn failure(&self, major: u32) -> Failure {
        let Self { server, role, .. } = self;
        let message = if major < 17 {
            format!("user mapping not found for \"{role}\"")
        } else {
            format!("user mapping not found for user \"{role}\", server \"{server}\"")
        };
        let mut failure = Failure::new(Phase::Statement, Origin::Server, message);
        failure.severity = Some("ERROR".to_owned());
        failure.sqlstate = Some("42704".to_owned());
        failure
    }

    fn need(&self) -> Need {
        let server = object(ObjectKind::ForeignServer, None, self.server.clone());
        let mut need = need(&self.role, "OWNER", server, Breadth::Object, &self.owner);
        need.statement = format!(
            "CREATE USER MAPPING FOR {} SERVER {} OPTIONS (user '…', password '…')",
            ident::role(&self.role),
            ident::quoted(&self.server)
        );
        need
    }
}

/// Adds to the report what no privilege mends: it is what fails where nothing else is missing.
pub(super) async fn obstruct(
    stage: &Stage<'_>,
    statements: &[String],
    report: &mut WhyReport,
) -> Result<(), Failure> {
    stage.rewind().await?;
    let mut found: Vec<Unmapped> = Vec::new();
    for statement in statements {
        for one in unmapped(stage, statement).await? {
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
            report.outcome = Outcome::Failed;
            report.headline.clone_from(&failure.message);
            report.refusal = Some(failure);
        }
        Outcome::Refused => {
            if let Some(fix) = report.fixes.first_mut() {
                fix.verdict = Verdict::Expected;
                fix.notes.push(format!(
                    "with it the statement passes the privilege checks and then fails: {}",
                    failure.message
                ));
            }
        }
        Outcome::Failed => return Ok(()),
    }
    for one in found {
        let needs = [one.need()];
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

async fn unmapped(stage: &Stage<'_>, statement: &str) -> Result<Vec<Unmapped>, Failure> {
    let mut starts: Vec<String> = wants(statement)
        .relations
        .iter()
        .filter_map(|wanted| by_name(&wanted.relation))
        .map(|condition| {
            format!(
                "SELECT c.oid, {}::name FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition}",
                literal(stage.role)
            )
        })
        .collect();
    starts.dedup();
    let imported = demands(statement)
        .into_iter()
        .find_map(|demand| match demand {
            Demand::Import { server, .. } => Some(literal(&server)),
            _ => None,
        });
    if starts.is_empty() {
        starts.push("SELECT NULL::oid, NULL::name".to_owned());
    }
    // Under a view its owner reads, unless the view says otherwise.
    let sql = format!(
        "WITH RECURSIVE reached(oid, role) AS ({} UNION SELECT below.oid, below.role FROM reached, \
         LATERAL (SELECT d.refobjid, CASE WHEN v.reloptions::text ~ 'security_invoker=(true|on|1|yes)' \
         THEN reached.role ELSE pg_catalog.pg_get_userbyid(v.relowner) END FROM pg_catalog.pg_class v \
         JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid JOIN pg_catalog.pg_depend d \
         ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         WHERE v.oid = reached.oid AND v.relkind = 'v' AND d.refobjid <> v.oid \
         UNION ALL SELECT i.inhrelid, reached.role FROM pg_catalog.pg_inherits i \
         WHERE i.inhparent = reached.oid) AS below(oid, role)) \
         SELECT DISTINCT s.srvname, pg_catalog.pg_get_userbyid(s.srvowner), asked.role \
         FROM (SELECT t.ftserver AS server, r.role FROM reached r \
         JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = r.oid \
         UNION SELECT oid, {}::name FROM pg_catalog.pg_foreign_server WHERE srvname = {}) AS asked \
         JOIN pg_catalog.pg_foreign_server s ON s.oid = asked.server \
         JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw \
         JOIN pg_catalog.pg_proc h ON h.oid = w.fdwhandler AND h.proname IN ({MAPPING}) \
         JOIN pg_catalog.pg_roles a ON a.rolname = asked.role \
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_user_mappings m WHERE m.srvid = s.oid \
         AND m.umuser IN (0, a.oid)) ORDER BY 1, 3",
        starts.join(" UNION "),
        literal(stage.role),
        imported.unwrap_or_else(|| "NULL".to_owned()),
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| Unmapped {
            server: cell(row, 0),
            owner: cell(row, 1),
            role: cell(row, 2),
        })
        .collect())
}

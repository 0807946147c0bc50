//! What RDS refuses whoever asks, so that nothing of it is proposed there.
//!
//! Source: AWS RDS guide, "Understanding the rds_superuser role" and "Roles and privileges": nobody
//! gets the attributes SUPERUSER, BYPASSRLS and REPLICATION, the server's files or ALTER SYSTEM;
//! `rds_replication` stands in for REPLICATION, the parameter group for ALTER SYSTEM.

use super::need::{Need, Purpose, membership};
use super::runners::known_role;
use super::stage::Stage;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind, ObjectKind};
use crate::domain::failure::Failure;

/// What is left of a fix on RDS.
pub(super) enum OnRds {
    /// It is no RDS, or nothing stands in the way.
    AsItIs,
    /// RDS has its own way, told in a note.
    Otherwise(Vec<Need>, String),
    /// RDS lets nobody give it.
    Barred(NotByGrant),
}

/// Whether the server is one of RDS.
pub(super) async fn is_rds(stage: &Stage<'_>) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'rds_superuser'";
    Ok(!stage.session.query(sql).await?.rows.is_empty())
}

/// What RDS makes of a fix.
pub(super) async fn adapted(
    stage: &Stage<'_>,
    needs: &[Need],
    statement: &str,
) -> Result<OnRds, Failure> {
    let role = "rds_replication";
    let there = known_role(stage.session, role).await?;
    let manages_roles = ["role", "user"].contains(&word_at(statement, 1).as_str());
    let replicates = |need: &Need| {
        need.missing.object.kind == ObjectKind::Role && need.missing.privilege == "REPLICATION"
    };
    for need in needs {
        let stands_in = replicates(need) && !manages_roles && there;
        if let Some(explanation) = refused(need).filter(|_| !stands_in) {
            return Ok(OnRds::Barred(NotByGrant {
                kind: NotByGrantKind::Superuser,
                explanation: explanation.to_owned(),
            }));
        }
    }
    if !there || !needs.iter().any(replicates) {
        return Ok(OnRds::AsItIs);
    }
    let mut others: Vec<Need> = needs
        .iter()
        .filter(|need| !replicates(need))
        .cloned()
        .collect();
    others.push(membership(stage.session, stage.role, role, Purpose::Inherit).await?);
    let note = "on RDS membership in rds_replication stands in for the attribute REPLICATION";
    Ok(OnRds::Otherwise(others, note.to_owned()))
}

/// Why RDS refuses to give one thing; `None` where it does not.
fn refused(need: &Need) -> Option<&'static str> {
    const FILES: &str = "RDS lets nobody at the server's files and programs: use COPY … FROM STDIN or TO STDOUT \
         (psql's \\copy), or the extension aws_s3.";
    let missing = &need.missing;
    match (missing.object.kind, missing.privilege.as_str()) {
        (ObjectKind::Role, "SUPERUSER" | "BYPASSRLS" | "REPLICATION") => {
            Some("RDS gives this attribute to nobody.")
        }
        (ObjectKind::Role, "MEMBER") => [
            "pg_read_server_files",
            "pg_write_server_files",
            "pg_execute_server_program",
        ]
        .contains(&missing.object.name.as_str())
        .then_some(FILES),
        (ObjectKind::Parameter, "ALTER SYSTEM") => {
            Some("RDS refuses ALTER SYSTEM: the parameter group sets what it would set.")
        }
        (ObjectKind::Function, _) => {
            let name = missing.object.name.split('(').next().unwrap_or_default();
            let of_files = [
                "pg_read_file",
                "pg_read_binary_file",
                "pg_stat_file",
                "pg_ls_dir",
                "lo_import",
                "lo_export",
            ];
            (missing.object.schema.as_deref() == Some("pg_catalog") && of_files.contains(&name))
                .then_some(FILES)
        }
        _ => None,
    }
}

/// What to add to a fix that only superusers can run.
pub(super) fn out_of_reach(needs: &[Need]) -> &'static str {
    let sets = |need: &Need| need.missing.object.kind == ObjectKind::Parameter;
    if needs.iter().any(sets) {
        "on RDS nobody signs in as one who could run this: there the parameter group sets parameters"
    } else {
        "on RDS nobody signs in as one who could run this"
    }
}

/// What to add where only a superuser may: on RDS nobody is one.
pub(super) fn instead(statement: &str) -> &'static str {
    let words: Vec<String> = (0..2).map(|at| word_at(statement, at)).collect();
    match words.join(" ").as_str() {
        "create extension" => {
            " On RDS a member of rds_superuser may, for an extension that RDS supports; who uses it \
             needs no such right."
        }
        "alter system" => " On RDS the parameter group does.",
        _ => " On RDS nobody signs in as one.",
    }
}

//! Writes where transactions are read-only: on a replica, or by a setting of the role or database.
//! Planning does not look at that, running does (PostgreSQL source, `execMain.c`,
//! `ExecCheckXactReadOnly`).

use super::need::{attribute_of, cell};
use super::runners;
use super::stage::Stage;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{Breadth, Outcome, Remedy, Verdict, WhyReport};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident::{self, literal};
use crate::domain::link::Recovery;
use crate::domain::sql::classify::{Kind, classify};

/// Says so where a write is refused whatever is granted.
pub(super) async fn obstruct(
    stage: &Stage<'_>,
    statements: &[String],
    report: &mut WhyReport,
) -> Result<(), Failure> {
    // Of what a routine does nothing is known before, and maintenance is refused in other words.
    let writes = |statement: &&String| {
        const WRITES: [&str; 12] = [
            "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant",
            "revoke", "comment", "copy",
        ];
        let kind = classify(statement).kind;
        matches!(kind, Kind::Write | Kind::Definition | Kind::CopyFromStdin)
            && WRITES.contains(&word_at(statement, 0).as_str())
    };
    let Some(statement) = statements.iter().find(writes) else {
        return Ok(());
    };
    let replica = stage.session.facts().recovery == Recovery::Standby;
    let setting = if replica { None } else { setting(stage).await? };
    if !replica && setting.is_none() {
        return Ok(());
    }
    let command = word_at(statement, 0).to_uppercase();
    let message = format!("cannot execute {command} in a read-only transaction");
    let mut failure = Failure::new(Phase::Statement, Origin::Server, message);
    failure.severity = Some("ERROR".to_owned());
    failure.sqlstate = Some("25006".to_owned());
    match report.outcome {
        Outcome::Failed => return Ok(()),
        Outcome::Allowed => {
            report.outcome = Outcome::Failed;
            report.headline.clone_from(&failure.message);
            report.refusal = Some(failure);
        }
        Outcome::Refused => {
            let place = if replica { "here" } else { "for now" };
            if let Some(fix) = report.fixes.first_mut() {
                fix.notes.push(format!(
                    "{place} it fails whatever is granted: {}",
                    failure.message
                ));
            }
        }
    }
    if let Some(Setting { statement, breadth }) = setting {
        let needs = [attribute_of(stage.role, "SET")];
        let statements = vec![statement];
        report.fixes.push(Remedy {
            run_as: runners::run_as(stage, &needs, &statements).await?,
            statements,
            verdict: Verdict::Expected,
            breadth,
            opens: "transactions that may write, in new sessions".to_owned(),
            notes: vec![
                "a session may say so for itself too: SET default_transaction_read_only = off"
                    .to_owned(),
            ],
        });
    }
    stage.rewind().await
}

/// A setting that makes the role's transactions read-only, and what takes it away.
struct Setting {
    statement: String,
    breadth: Breadth,
}

/// The one that counts of those for the role in the database, the role, and the database.
async fn setting(stage: &Stage<'_>) -> Result<Option<Setting>, Failure> {
    let sql = format!(
        "SELECT lower(substr(c, strpos(c, '=') + 1)), s.setrole <> 0, d.datname, current_database() \
         FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c \
         JOIN pg_catalog.pg_roles r ON r.rolname = {} \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
         WHERE r.rolcanlogin AND s.setrole IN (0, r.oid) AND (d.datname IS NULL OR d.datname = current_database()) \
         AND c LIKE 'default_transaction_read_only=%' ORDER BY s.setrole <> 0 DESC, d.datname IS NOT NULL DESC LIMIT 1",
        literal(stage.role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    if !["on", "true", "yes", "1", "t", "y"].contains(&cell(row, 0).as_str()) {
        return Ok(None);
    }
    let own = cell(row, 1) == "t";
    let (role, database) = (ident::role(stage.role), cell(row, 2));
    let reset = "RESET default_transaction_read_only";
    let here = ident::quoted(&database);
    Ok(Some(match (own, database.is_empty()) {
        (true, true) => Setting {
            statement: format!("ALTER ROLE {role} {reset}"),
            breadth: Breadth::Attribute,
        },
        (true, false) => Setting {
            statement: format!("ALTER ROLE {role} IN DATABASE {here} {reset}"),
            breadth: Breadth::Attribute,
        },
        (false, _) => Setting {
            statement: format!("ALTER DATABASE {here} {reset}"),
            breadth: Breadth::Database,
        },
    }))
}

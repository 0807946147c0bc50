//! What a role lacks to sign in to the present database.

use super::candidates::database;
use super::need::{Need, Purpose, attribute_of, cell, membership};
use super::runners;
use super::stage::Stage;
use crate::domain::diagnosis::{Breadth, Outcome, Remedy, Verdict, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};

/// What stands between a role and the present database.
pub(super) struct Door {
    pub(super) needs: Vec<Need>,
    /// What refuses it for another reason than a privilege.
    obstacles: Vec<Obstacle>,
    pub(super) notes: Vec<String>,
}

struct Obstacle {
    says: String,
    /// What lifts it.
    statement: String,
    opens: String,
}

/// Looks at the attributes, limits and privileges that a sign-in meets (PostgreSQL source,
/// `postinit.c`, `InitPostgres`, and `miscinit.c`, `InitializeSessionUserId`).
pub(super) async fn to_connect(stage: &Stage<'_>) -> Result<Door, Failure> {
    let (session, role) = (stage.session, stage.role);
    let sql = format!(
        "SELECT r.rolcanlogin, pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT'), \
         EXISTS (SELECT FROM pg_catalog.pg_roles i WHERE i.rolname = 'rds_iam' \
         AND NOT pg_catalog.pg_has_role(r.oid, i.oid, 'MEMBER')), \
         NOT r.rolsuper AND r.rolconnlimit >= 0 AND r.rolconnlimit <= \
         (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid), \
         NOT r.rolsuper AND d.datconnlimit >= 0 AND d.datconnlimit <= \
         (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_backend_pid()), \
         r.rolvaliduntil < now(), r.rolconnlimit, d.datconnlimit, d.datname, \
         pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') \
         FROM pg_catalog.pg_roles r, pg_catalog.pg_database d \
         WHERE r.rolname = {} AND d.datname = current_database()",
        literal(role)
    );
    let row = session.query(&sql).await?.rows.into_iter().next();
    let row = row.unwrap_or_default();
    let flag = |at: usize| cell(&row, at) == "t";
    let mut door = Door {
        needs: Vec::new(),
        obstacles: Vec::new(),
        notes: Vec::new(),
    };
    if !flag(0) {
        door.needs.push(attribute_of(role, "LOGIN"));
    }
    if flag(2) {
        if flag(9) && has_password(stage).await? {
            door.notes.push(format!(
                "{role} signs in by its password; by token it would have to be a member of rds_iam, \
                 and the password would then stop working"
            ));
        } else {
            let need = membership(session, role, "rds_iam", Purpose::Inherit).await?;
            door.needs.push(need);
        }
    }
    if !flag(1) {
        door.needs.push(database(session, role, "CONNECT").await?);
    }
    let written = ident::role(role);
    if flag(3) {
        door.obstacles.push(Obstacle {
            says: format!(
                "{role} may have {} connections at a time, and has them",
                cell(&row, 6)
            ),
            statement: format!("ALTER ROLE {written} CONNECTION LIMIT -1"),
            opens: format!("any number of connections to {role}"),
        });
    }
    if flag(4) {
        let name = cell(&row, 8);
        door.obstacles.push(Obstacle {
            says: format!(
                "database {name} takes {} connections at a time, and has them",
                cell(&row, 7)
            ),
            statement: format!(
                "ALTER DATABASE {} CONNECTION LIMIT -1",
                ident::quoted(&name)
            ),
            opens: format!("any number of connections to database {name}"),
        });
    }
    if flag(5) {
        door.obstacles.push(Obstacle {
            says: format!("the password of {role} has expired"),
            statement: format!("ALTER ROLE {written} VALID UNTIL 'infinity'"),
            opens: format!("the password of {role} for ever: a new one with a date is better"),
        });
    }
    Ok(door)
}

async fn has_password(stage: &Stage<'_>) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_authid WHERE rolname = {} AND rolpassword IS NOT NULL",
        literal(stage.role)
    );
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

impl Door {
    /// Adds what is no privilege to the report: it is what fails where nothing else is missing.
    pub(super) async fn obstruct(
        self,
        stage: &Stage<'_>,
        report: &mut WhyReport,
    ) -> Result<(), Failure> {
        if let Some(first) = self.obstacles.first()
            && report.outcome == Outcome::Allowed
        {
            report.outcome = Outcome::Failed;
            report.headline.clone_from(&first.says);
        }
        for obstacle in self.obstacles {
            let needs = [attribute_of(stage.role, "CONNECTION LIMIT")];
            let statements = vec![obstacle.statement];
            report.fixes.push(Remedy {
                run_as: runners::run_as(stage, &needs, &statements).await?,
                statements,
                verdict: Verdict::Expected,
                breadth: Breadth::Attribute,
                opens: obstacle.opens,
                notes: vec![obstacle.says],
            });
        }
        Ok(())
    }
}

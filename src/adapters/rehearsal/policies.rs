//! Row-level security: which policies stand in the way of a role's new rows.
//!
//! Source: PostgreSQL documentation, "Row Security Policies" and the table "Policies Applied by
//! Command Type" of CREATE POLICY; `rowsecurity.c`, `add_with_check_options`.

mod becoming;
mod joined;
mod rows;

pub(super) use becoming::becoming;
pub(super) use joined::{Joined, joined};
pub(super) use rows::{Column, Filled, acts, alike, columns, found, inserted};

use super::derived::by_name;
use super::need::{Need, Row, cell};
use super::scene::Scene;
use super::stage::Stage;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::writing::{Part, Writing, parts, writing};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};

/// One policy that applies to the role.
struct Policy {
    name: String,
    command: char,
    permissive: bool,
    using: Option<String>,
    check: Option<String>,
}

impl Policy {
    /// What a new row is held against under a command.
    fn test(&self, command: char) -> Option<&String> {
        match command {
            // The policies for reading hold new rows against USING.
            'r' => self.using.as_ref(),
            _ => self.check.as_ref().or(self.using.as_ref()),
        }
    }

    fn clause(&self, command: char) -> &'static str {
        if command != 'r' && self.check.is_some() {
            "WITH CHECK"
        } else {
            "USING"
        }
    }

    fn command(&self) -> &'static str {
        match self.command {
            'r' => "SELECT",
            'a' => "INSERT",
            'w' => "UPDATE",
            'd' => "DELETE",
            _ => "ALL",
        }
    }
}

/// A table under row-level security.
struct Guarded {
    oid: String,
    schema: String,
    name: String,
    /// Who the policies are asked for: under a view its owner.
    role: String,
    through_view: bool,
    policies: Vec<Policy>,
    /// Whether triggers may change rows before the policies see them.
    rewritten: bool,
}

/// What row-level security does to a statement.
pub(super) struct Barred {
    /// Why.
    pub(super) explanation: String,
    /// What would have to change.
    pub(super) change: &'static str,
    /// The server's words (`execMain.c`, `ExecWithCheckOptions`).
    pub(super) message: String,
    /// The table, by its OID.
    oid: String,
    /// Whose policies they are.
    role: String,
}

impl Barred {
    fn by(
        table: &Guarded,
        policy: Option<&str>,
        row: RowThat,
        (explanation, change): (String, &'static str),
    ) -> Self {
        let policy = policy.map_or_else(String::new, |policy| format!(" \"{policy}\""));
        let part = match row {
            RowThat::IsNew => "",
            RowThat::IsThere | RowThat::Matches => " (USING expression)",
        };
        let which = match row {
            RowThat::IsNew | RowThat::IsThere => "new",
            RowThat::Matches => "target",
        };
        Self {
            explanation,
            change,
            message: format!(
                "{which} row violates row-level security policy{policy}{part} for table \"{}\"",
                table.name
            ),
            oid: table.oid.clone(),
            role: table.role.clone(),
        }
    }

    /// Whose policies they are.
    pub(super) fn who(&self) -> &str {
        &self.role
    }
}

/// Which row is held against policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowThat {
    /// One that would be written.
    IsNew,
    /// One that is there already, and that an INSERT would update.
    IsThere,
    /// One that a MERGE finds, and would update or delete.
    Matches,
}

/// Whose eyes rows are looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// The role's: policies hide some.
    Own,
    /// All are seen; the query itself says which count.
    All,
}

/// Rows to hold against policies.
struct Rows {
    query: String,
    row: RowThat,
    sight: Sight,
    /// The commands whose policies count.
    tests: Vec<char>,
}

/// What row-level security makes of a statement.
pub(super) enum Barring {
    /// It stands in the way of no row.
    Passes,
    /// It holds rows of this table against policies, and which rows is known only when it runs.
    Untold(String),
    /// It refuses a row.
    Barred(Barred),
}

/// Why no row can be written, or why these rows cannot, where row-level security stands in the way.
/// Reading is never refused: rows are only hidden.
pub(super) async fn barring(
    stage: &Stage<'_>,
    needs: &[Need],
    statement: &str,
) -> Result<Barring, Failure> {
    let mut untold = None;
    for part in parts(statement) {
        match barring_part(stage, needs, &part).await? {
            Barring::Passes => {}
            Barring::Untold(table) => untold = untold.or(Some(table)),
            barred @ Barring::Barred(_) => {
                // What could not be looked at has left the transaction refused.
                stage.rewind().await?;
                return Ok(barred);
            }
        }
    }
    stage.rewind().await?;
    Ok(untold.map_or(Barring::Passes, Barring::Untold))
}

/// The same for one of the writes that a statement is made of.
async fn barring_part(stage: &Stage<'_>, needs: &[Need], part: &Part) -> Result<Barring, Failure> {
    let writing = writing(&part.statement);
    let merges = matches!(writing, Some(Writing::Merge(_)));
    let copies = word_at(&part.statement, 0) == "copy";
    let mut untold = None;
    for wanted in wants(&part.statement).relations {
        let command = match wanted.privilege {
            "INSERT" => 'a',
            "UPDATE" => 'w',
            // Other statements do not see what they may not delete.
            "DELETE" if merges => 'd',
            _ => continue,
        };
        stage.set().await?;
        let Some(guarded) = guarded(stage, &wanted.relation).await? else {
            continue;
        };
        let rows = guarded.told(stage, part, writing.as_ref(), command).await?;
        let held = match rows {
            Some(rows) => guarded.refuses(stage, needs, &rows).await?,
            None => Held::Untold,
        };
        // A MERGE may have nothing to insert.
        let inserts = command == 'a' && (!merges || guarded.through_view);
        let permits = guarded.of(command).iter().any(|policy| policy.permissive);
        if inserts && !permits && !matches!(held, Held::Passes) {
            return Ok(Barring::Barred(guarded.permits_none()));
        }
        match held {
            Held::Refused(barred) => return Ok(Barring::Barred(barred)),
            Held::Untold if copies || guarded.asks_of_rows(command) => {
                untold = Some(format!("{}.{}", guarded.schema, guarded.name));
            }
            Held::Untold | Held::Passes => {}
        }
    }
    Ok(untold.map_or(Barring::Passes, Barring::Untold))
}

/// What becomes of rows that are held against policies.
enum Held {
    Passes,
    /// They could not be looked at.
    Untold,
    Refused(Barred),
}

/// The table's policies as they apply to the stage's role; `None` where it stands above them.
async fn guarded(stage: &Stage<'_>, relation: &[String]) -> Result<Option<Guarded>, Failure> {
    let Some(condition) = by_name(relation) else {
        return Ok(None);
    };
    // A view that writes through writes as its owner, unless it is a security_invoker's.
    let sql = format!(
        "WITH RECURSIVE target(oid, role, through) AS (SELECT c.oid, {who}::name, false FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition} \
         UNION SELECT (SELECT min(d.refobjid) FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d \
         ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid \
         WHERE w.ev_class = v.oid AND w.ev_type = '1' HAVING count(DISTINCT d.refobjid) = 1), \
         CASE WHEN v.reloptions::text ~ 'security_invoker=(true|on|1|yes)' THEN target.role \
         ELSE pg_catalog.pg_get_userbyid(v.relowner) END, true FROM target \
         JOIN pg_catalog.pg_class v ON v.oid = target.oid AND v.relkind = 'v' AND NOT EXISTS (SELECT \
         FROM pg_catalog.pg_trigger i WHERE i.tgrelid = v.oid AND (i.tgtype & 64) <> 0)) \
         SELECT c.oid, n.nspname, c.relname, p.polname, p.polcmd, p.polpermissive, \
         pg_catalog.pg_get_expr(p.polqual, c.oid), pg_catalog.pg_get_expr(p.polwithcheck, c.oid), \
         target.role, target.through, EXISTS (SELECT FROM pg_catalog.pg_trigger g \
         WHERE g.tgenabled <> 'D' AND (g.tgtype & 3) = 3 AND (g.tgtype & 20) <> 0 AND (g.tgrelid = c.oid \
         OR c.relkind = 'p' AND g.tgrelid IN (SELECT below.relid FROM pg_catalog.pg_partition_tree(c.oid) below))) \
         FROM target JOIN pg_catalog.pg_class c ON c.oid = target.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_roles r ON r.rolname = target.role \
         LEFT JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid AND EXISTS (SELECT FROM unnest(p.polroles) member \
         WHERE member = 0 OR pg_catalog.pg_has_role(r.oid, member, 'USAGE')) \
         WHERE c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls \
         AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')) \
         ORDER BY p.polname",
        who = literal(stage.role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Guarded {
        oid: cell(first, 0),
        schema: cell(first, 1),
        name: cell(first, 2),
        role: cell(first, 8),
        through_view: cell(first, 9) == "t",
        rewritten: cell(first, 10) == "t",
        policies: rows
            .iter()
            .filter(|row| row.get(3).is_some_and(Option::is_some))
            .map(policy)
            .collect(),
    }))
}

fn policy(row: &Row) -> Policy {
    Policy {
        name: cell(row, 3),
        command: cell(row, 4).chars().next().unwrap_or('*'),
        permissive: cell(row, 5) == "t",
        using: row.get(6).cloned().flatten(),
        check: row.get(7).cloned().flatten(),
    }
}

impl Guarded {
    fn of(&self, command: char) -> Vec<&Policy> {
        self.policies
            .iter()
            .filter(|policy| policy.command == command || policy.command == '*')
            .collect()
    }

    fn others(&self) -> String {
        let named: Vec<String> = self
            .policies
            .iter()
            .map(|policy| format!("{} for {}", policy.name, policy.command()))
            .collect();
        if named.is_empty() {
            "none of its policies does".to_owned()
        } else {
            format!("those that do are {}", named.join(", "))
        }
    }

    /// No row can be written at all.
    fn permits_none(&self) -> Barred {
        let explanation = format!(
            "Row-level security of {}.{} has no permissive policy (WITH CHECK) for INSERT that applies to {}: {}.",
            self.schema,
            self.name,
            self.role,
            self.others()
        );
        let change = "a policy must be created or changed";
        Barred::by(self, None, RowThat::IsNew, (explanation, change))
    }

    /// Whether a policy asks more of a row than to be one.
    fn asks_of_rows(&self, command: char) -> bool {
        self.of(command)
            .iter()
            .any(|policy| policy.test(command).is_some_and(|test| test != "true"))
    }

    /// Holds rows against the policies, as the role, without writing them.
    async fn refuses(
        &self,
        stage: &Stage<'_>,
        needs: &[Need],
        rows: &[Rows],
    ) -> Result<Held, Failure> {
        let mut untold = false;
        for rows in rows {
            for command in &rows.tests {
                let policies = self.of(*command);
                match self.held(stage, needs, rows, &policies, *command).await? {
                    Held::Passes => {}
                    Held::Untold => untold = true,
                    refused @ Held::Refused(_) => return Ok(refused),
                }
            }
        }
        Ok(if untold { Held::Untold } else { Held::Passes })
    }

    /// The first policy, or the permissive ones together, that the rows do not satisfy.
    async fn held(
        &self,
        stage: &Stage<'_>,
        needs: &[Need],
        rows: &Rows,
        policies: &[&Policy],
        command: char,
    ) -> Result<Held, Failure> {
        // What is there is held against USING alone.
        let tested = match rows.row {
            RowThat::IsThere | RowThat::Matches => 'r',
            RowThat::IsNew => command,
        };
        let test = |policy: &&Policy| {
            policy
                .test(tested)
                .map(|test| format!("coalesce(({test}), false)"))
        };
        let permissive: Vec<&&Policy> =
            policies.iter().filter(|policy| policy.permissive).collect();
        let restrictive: Vec<&&Policy> = policies
            .iter()
            .filter(|policy| !policy.permissive)
            .collect();
        let any: Vec<String> = permissive
            .iter()
            .filter_map(|policy| test(policy))
            .collect();
        let mut columns = vec![if permissive.is_empty() {
            "count(*) = 0".to_owned()
        } else if any.is_empty() {
            "true".to_owned()
        } else {
            format!("bool_and({})", any.join(" OR "))
        }];
        columns.extend(restrictive.iter().map(|policy| {
            test(policy).map_or_else(|| "true".to_owned(), |test| format!("bool_and({test})"))
        }));
        let name = quoted(&self.name);
        let sql = format!(
            "SELECT {} FROM ({}) AS {name}",
            columns.join(", "),
            rows.query
        );
        let Some(answers) = self
            .looked(stage, needs, rows.sight, &[Scene::own(sql)])
            .await?
        else {
            return Ok(Held::Untold);
        };
        let refused = |at: usize| {
            answers
                .iter()
                .flatten()
                .nth(at)
                .is_some_and(|answer| answer == "f")
        };
        let clause = |policies: &[&&Policy]| {
            let said: Vec<String> = policies
                .iter()
                .map(|policy| {
                    format!(
                        "{} for {}, {} ({})",
                        policy.name,
                        policy.command(),
                        policy.clause(tested),
                        policy.test(tested).map_or("", String::as_str)
                    )
                })
                .collect();
            said.join("; ")
        };
        let mut by = None;
        let failing = if refused(0) && permissive.is_empty() {
            format!("no permissive policy for it applies to {}", self.role)
        } else if refused(0) {
            clause(&permissive)
        } else {
            let one = restrictive
                .iter()
                .enumerate()
                .find(|(at, _)| refused(at + 1));
            let Some((_, policy)) = one else {
                return Ok(Held::Passes);
            };
            by = Some(policy.name.as_str());
            format!("restrictive {}", clause(&[policy]))
        };
        let row = match rows.row {
            RowThat::IsNew => "The new row does",
            RowThat::IsThere => "A row that is there already and would be updated does",
            RowThat::Matches => "A row that is found and would be changed does",
        };
        let explanation = format!(
            "{row} not satisfy row-level security of {}.{}: {failing}.",
            self.schema, self.name
        );
        let change = "the row or the policy must change";
        let told = (explanation, change);
        Ok(Held::Refused(Barred::by(self, by, rows.row, told)))
    }

    /// What the role sees of the rows. To look at them it may need more than the statement does;
    /// who may not give that looks without.
    async fn looked(
        &self,
        stage: &Stage<'_>,
        needs: &[Need],
        sight: Sight,
        scenes: &[Scene],
    ) -> Result<Option<Vec<Vec<String>>>, Failure> {
        let role = crate::domain::ident::role(stage.role);
        let look = format!(
            "GRANT SELECT ON {}.{} TO {role}",
            quoted(&self.schema),
            quoted(&self.name)
        );
        let sees = format!("ALTER ROLE {role} BYPASSRLS");
        let granted: Vec<&str> = needs.iter().map(|need| need.statement.as_str()).collect();
        let mut given = granted.clone();
        given.push(&look);
        if sight == Sight::All {
            given.push(&sees);
        }
        if let Ok(answers) = stage.attempt_with(&given, scenes).await? {
            return Ok(Some(answers));
        }
        if stage.gives() {
            return Ok(None);
        }
        Ok(stage.attempt_with(&granted, scenes).await?.ok())
    }
}

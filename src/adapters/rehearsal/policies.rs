//! Row-level security: which policies stand in the way of a role's new rows.
//!
//! Source: PostgreSQL documentation, "Row Security Policies" and the table "Policies Applied by
//! Command Type" of CREATE POLICY; `rowsecurity.c`, `add_with_check_options`.

use super::derived::by_name;
use super::need::{Need, Row, cell};
use super::scene::Scene;
use super::stage::Stage;
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::writing::{Arbiter, Assignment, Conflict, Reads, Writing, writing};
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
}

/// What row-level security does to a statement.
pub(super) struct Barred {
    /// Why, and what would have to change.
    pub(super) explanation: String,
    /// The server's words (`execMain.c`, `ExecWithCheckOptions`).
    pub(super) message: String,
}

impl Barred {
    fn by(table: &str, policy: Option<&str>, row: RowThat, explanation: String) -> Self {
        let policy = policy.map_or_else(String::new, |policy| format!(" \"{policy}\""));
        let part = match row {
            RowThat::IsNew => "",
            RowThat::IsThere => " (USING expression)",
        };
        Self {
            explanation,
            message: format!(
                "new row violates row-level security policy{policy}{part} for table \"{table}\""
            ),
        }
    }
}

/// Which row is held against policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowThat {
    /// One that would be written.
    IsNew,
    /// One that is there already, and that an INSERT would update.
    IsThere,
}

/// Rows to hold against policies.
struct Rows {
    query: String,
    row: RowThat,
    /// The commands whose policies count.
    tests: Vec<char>,
}

/// Why no row can be written, or why these rows cannot, where row-level security stands in the way;
/// `None` where it may let them pass. Reading is never refused: rows are only hidden.
pub(super) async fn barring(
    stage: &Stage<'_>,
    needs: &[Need],
    statement: &str,
) -> Result<Option<Barred>, Failure> {
    for wanted in wants(statement).relations {
        let command = match wanted.privilege {
            "INSERT" => 'a',
            "UPDATE" => 'w',
            _ => continue,
        };
        stage.rewind().await?;
        let Some(guarded) = guarded(stage, &wanted.relation).await? else {
            continue;
        };
        let relevant = guarded.of(command);
        if command == 'a' && !relevant.iter().any(|policy| policy.permissive) {
            let explanation = format!(
                "Row-level security of {}.{} has no permissive policy (WITH CHECK) for INSERT that applies to {}: {}. \
                 A policy must be created or changed; no GRANT mends it.",
                guarded.schema,
                guarded.name,
                guarded.role,
                guarded.others()
            );
            return Ok(Some(Barred::by(
                &guarded.name,
                None,
                RowThat::IsNew,
                explanation,
            )));
        }
        if guarded.through_view {
            continue;
        }
        if let Some(explanation) = guarded.refuses(stage, needs, statement, command).await? {
            return Ok(Some(explanation));
        }
    }
    stage.rewind().await?;
    Ok(None)
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
         target.role, target.through FROM target JOIN pg_catalog.pg_class c ON c.oid = target.oid \
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

    /// Holds the statement's rows against the policies, as the role, without writing them.
    async fn refuses(
        &self,
        stage: &Stage<'_>,
        needs: &[Need],
        statement: &str,
        command: char,
    ) -> Result<Option<Barred>, Failure> {
        let Some(writing) = writing(statement) else {
            return Ok(None);
        };
        let read = |reads: Reads| match reads {
            Reads::Back => vec![command, 'r'],
            Reads::Nothing => vec![command],
        };
        let rows = match &writing {
            Writing::Insert {
                columns,
                rows,
                reads,
                ..
            } if command == 'a' => vec![Rows {
                query: self.inserted(stage, columns, rows).await?,
                row: RowThat::IsNew,
                tests: read(*reads),
            }],
            Writing::Insert {
                columns,
                rows,
                conflict: Some(conflict),
                ..
            } if command == 'w' => {
                let proposed = self.inserted(stage, columns, rows).await?;
                self.conflicting(stage, &proposed, conflict).await?
            }
            Writing::Update {
                target,
                sets,
                condition,
                ..
            } if command == 'w' => vec![Rows {
                query: self.updated(stage, target, sets, condition).await?,
                row: RowThat::IsNew,
                tests: read(Reads::Back),
            }],
            _ => return Ok(None),
        };
        for rows in &rows {
            for command in &rows.tests {
                let policies = self.of(*command);
                if let Some(said) = self.held(stage, needs, rows, &policies, *command).await? {
                    return Ok(Some(said));
                }
            }
        }
        Ok(None)
    }

    /// The rows that an INSERT finds there already, as they are and as it would leave them. All of
    /// them are looked at, also those that policies hide (PostgreSQL source, `nodeModifyTable.c`,
    /// `ExecOnConflictUpdate`).
    async fn conflicting(
        &self,
        stage: &Stage<'_>,
        proposed: &str,
        conflict: &Conflict,
    ) -> Result<Vec<Rows>, Failure> {
        let columns = match &conflict.arbiter {
            Arbiter::Columns(columns) => columns.clone(),
            Arbiter::Constraint(name) => {
                let sql = format!(
                    "SELECT a.attname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a \
                     ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) \
                     WHERE k.conrelid = {} AND k.conname = {}",
                    self.oid,
                    literal(name)
                );
                let rows = stage.session.query(&sql).await?.rows;
                rows.iter().map(|row| cell(row, 0)).collect()
            }
        };
        let called = &conflict.called;
        let mut alike: Vec<String> = columns
            .iter()
            .map(|column| {
                let column = quoted(column);
                format!("{called}.{column} = excluded.{column}")
            })
            .collect();
        if alike.is_empty() {
            return Ok(Vec::new());
        }
        if !conflict.condition.is_empty() {
            alike.push(format!("({})", conflict.condition));
        }
        let from = format!(
            "FROM {}.{} AS {called} JOIN ({proposed}) AS excluded ON {}",
            quoted(&self.schema),
            quoted(&self.name),
            alike.join(" AND ")
        );
        let each: Vec<String> = self
            .columns(stage)
            .await?
            .iter()
            .map(|(name, kind)| {
                let set = conflict.sets.iter().find(|set| set.column == *name);
                let name = quoted(name);
                set.map_or_else(
                    || format!("{called}.{name} AS {name}"),
                    |set| format!("({})::{kind} AS {name}", set.expression),
                )
            })
            .collect();
        Ok(vec![
            Rows {
                query: format!("SELECT {called}.* {from} LIMIT 1000"),
                row: RowThat::IsThere,
                tests: vec!['w', 'r'],
            },
            Rows {
                query: format!("SELECT {} {from} LIMIT 1000", each.join(", ")),
                row: RowThat::IsNew,
                tests: vec!['w', 'r'],
            },
        ])
    }

    /// The table's columns with their types.
    async fn columns(&self, stage: &Stage<'_>) -> Result<Vec<(String, String)>, Failure> {
        let sql = format!(
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            self.oid
        );
        let rows = stage.session.query(&sql).await?.rows;
        Ok(rows
            .iter()
            .map(|row| (cell(row, 0), cell(row, 1)))
            .collect())
    }

    /// The first policy, or the permissive ones together, that the rows do not satisfy.
    async fn held(
        &self,
        stage: &Stage<'_>,
        needs: &[Need],
        rows: &Rows,
        policies: &[&Policy],
        command: char,
    ) -> Result<Option<Barred>, Failure> {
        // What is there is held against USING alone.
        let tested = match rows.row {
            RowThat::IsThere => 'r',
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
        let mut columns = vec![if any.is_empty() {
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
        // To look at the rows the role may need more than the statement does.
        let look = format!(
            "GRANT SELECT ON {}.{name} TO {}",
            quoted(&self.schema),
            crate::domain::ident::role(stage.role)
        );
        let mut given: Vec<&str> = needs.iter().map(|need| need.statement.as_str()).collect();
        given.push(&look);
        let sees = format!(
            "ALTER ROLE {} BYPASSRLS",
            crate::domain::ident::role(stage.role)
        );
        if rows.row == RowThat::IsThere {
            given.push(&sees);
        }
        let Ok(answers) = stage.attempt_with(&given, &[Scene::own(sql)]).await? else {
            return Ok(None);
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
        let failing = if refused(0) {
            clause(&permissive)
        } else {
            let one = restrictive
                .iter()
                .enumerate()
                .find(|(at, _)| refused(at + 1));
            let Some((_, policy)) = one else {
                return Ok(None);
            };
            by = Some(policy.name.as_str());
            format!("restrictive {}", clause(&[policy]))
        };
        let row = match rows.row {
            RowThat::IsNew => "The new row does",
            RowThat::IsThere => "A row that is there already and would be updated does",
        };
        let explanation = format!(
            "{row} not satisfy row-level security of {}.{}: {failing}. \
             The row or the policy must change; no GRANT mends it.",
            self.schema, self.name
        );
        Ok(Some(Barred::by(&self.name, by, rows.row, explanation)))
    }

    /// The rows of an INSERT as a query, defaults filled in where they call nothing.
    async fn inserted(
        &self,
        stage: &Stage<'_>,
        given: &[String],
        rows: &str,
    ) -> Result<String, Failure> {
        let sql = format!(
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             pg_catalog.pg_get_expr(f.adbin, f.adrelid) FROM pg_catalog.pg_attribute a \
             LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum AND a.attgenerated = '' \
             WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            self.oid
        );
        let columns = stage.session.query(&sql).await?.rows;
        let names: Vec<String> = if given.is_empty() {
            columns.iter().map(|row| cell(row, 0)).collect()
        } else {
            given.to_vec()
        };
        let width = first_row_width(rows);
        let listed: Vec<String> = (1..=width).map(|at| format!("c{at}")).collect();
        let each: Vec<String> = columns
            .iter()
            .map(|row| {
                let (name, kind, default) = (cell(row, 0), cell(row, 1), cell(row, 2));
                let place = names.iter().position(|known| *known == name);
                let value = match place.filter(|at| *at < width) {
                    Some(at) => format!("v.c{}", at + 1),
                    None if default.is_empty() || default.contains("nextval") => "NULL".to_owned(),
                    None => format!("({default})"),
                };
                format!("({value})::{kind} AS {}", quoted(&name))
            })
            .collect();
        Ok(format!(
            "SELECT {} FROM ({rows}) AS v({})",
            each.join(", "),
            listed.join(", ")
        ))
    }

    /// The rows of an UPDATE as they would be afterwards.
    async fn updated(
        &self,
        stage: &Stage<'_>,
        target: &str,
        sets: &[Assignment],
        condition: &str,
    ) -> Result<String, Failure> {
        let each: Vec<String> = self
            .columns(stage)
            .await?
            .into_iter()
            .map(|(name, kind)| {
                let set = sets.iter().find(|set| set.column == name);
                set.map_or_else(
                    || quoted(&name).into_owned(),
                    |set| format!("({})::{kind} AS {}", set.expression, quoted(&name)),
                )
            })
            .collect();
        Ok(format!(
            "SELECT {} FROM {target} {condition} LIMIT 1000",
            each.join(", ")
        ))
    }
}

/// How many values the first row of `VALUES (…)` or of a SELECT has.
fn first_row_width(rows: &str) -> usize {
    let words = crate::domain::sql::lexer::tokens(rows);
    let within = u32::from(words.first().is_some_and(|token| token.is(rows, "values")));
    let mut depth = 0_u32;
    let mut commas = 0;
    for token in words {
        match token.text(rows) {
            "(" => depth += 1,
            ")" if depth == 1 && within == 1 => break,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == within => commas += 1,
            _ if depth == 0 && token.is(rows, "from") => break,
            _ => {}
        }
    }
    commas + 1
}

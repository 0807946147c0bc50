//! The rows that a statement would write or change, as queries.

use super::{Guarded, RowThat, Rows, Sight};
use crate::adapters::rehearsal::check_option;
use crate::adapters::rehearsal::need::cell;
use crate::adapters::rehearsal::stage::Stage;
use crate::domain::diagnosis::writing::{
    Arbiter, Assignment, Conflict, Deed, Matched, Merge, Part, Reads, When, Writing, called,
};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};
use crate::domain::sql::words::Words;

/// Rows looked at, at most.
const MOST: &str = "LIMIT 1000";

impl Guarded {
    /// The rows of a write under one command, as far as they are known before it runs; `None` where they
    /// are not.
    pub(super) async fn told(
        &self,
        stage: &Stage<'_>,
        part: &Part,
        writing: Option<&Writing>,
        command: char,
    ) -> Result<Option<Vec<Rows>>, Failure> {
        let (Some(with), Some(writing)) = (&part.with, writing) else {
            return Ok(None);
        };
        if self.rewritten || acts(stage, &format!("{with} {}", part.statement)).await? {
            return Ok(None);
        }
        let all = if self.through_view {
            self.through(stage, writing, command).await?
        } else {
            Some(self.rows(stage, writing, command).await?)
        };
        let Some(mut all) = all else {
            return Ok(None);
        };
        for rows in &mut all {
            let query = format!("{with} {}", rows.query);
            rows.query = match rows.row {
                RowThat::IsNew => self.generated(stage, query).await?,
                RowThat::IsThere | RowThat::Matches => query,
            };
        }
        Ok(Some(all))
    }

    /// The rows that are written through a view over the table; `None` where they are not told.
    async fn through(
        &self,
        stage: &Stage<'_>,
        writing: &Writing,
        command: char,
    ) -> Result<Option<Vec<Rows>>, Failure> {
        let (tests, sight) = match writing {
            Writing::Insert { reads, .. } => (tests('a', *reads), Sight::Own),
            Writing::Update { reads, .. } => (tests('w', *reads), Sight::All),
            Writing::Merge(merge) if command == 'a' => (tests('a', merge.reads), Sight::All),
            Writing::Merge(_) if command == 'w' => (tests('w', Reads::Back), Sight::All),
            Writing::Merge(_) => return Ok(None),
        };
        let under = check_option::under(stage, writing, command).await?;
        let Some(under) = under.filter(|under| under.oid == self.oid) else {
            return Ok(None);
        };
        // What the owner of the view sees stands in for the table.
        let shown = match sight {
            Sight::Own => String::new(),
            // What a MERGE finds is refused, not hidden, where it may not be changed.
            Sight::All if matches!(writing, Writing::Merge(_)) => {
                format!("WITH {} AS {} ", quoted(&self.name), self.seen(&['r']))
            }
            Sight::All => format!("WITH {} AS {} ", quoted(&self.name), self.seen(&['w', 'r'])),
        };
        let new = |query| Rows {
            query: format!("SELECT * FROM ({shown}{query}) AS written"),
            row: RowThat::IsNew,
            sight,
            tests: tests.clone(),
        };
        Ok(Some(under.rows.into_iter().map(new).collect()))
    }

    /// New rows with their generated columns.
    async fn generated(&self, stage: &Stage<'_>, query: String) -> Result<String, Failure> {
        let columns = columns(stage, &self.oid).await?;
        if columns.iter().all(|column| column.made.is_empty()) {
            return Ok(query);
        }
        let each: Vec<String> = columns
            .iter()
            .map(
                |Column {
                     name, kind, made, ..
                 }| {
                    let name = quoted(name);
                    if made.is_empty() {
                        name.into_owned()
                    } else {
                        format!("({made})::{kind} AS {name}")
                    }
                },
            )
            .collect();
        Ok(format!(
            "SELECT {} FROM ({query}) AS {}",
            each.join(", "),
            quoted(&self.name)
        ))
    }

    /// What a statement does under one command: `a` inserts, `w` updates, `d` deletes.
    async fn rows(
        &self,
        stage: &Stage<'_>,
        writing: &Writing,
        command: char,
    ) -> Result<Vec<Rows>, Failure> {
        match (writing, command) {
            (
                Writing::Insert {
                    columns,
                    rows,
                    reads,
                    ..
                },
                'a',
            ) => Ok(vec![Rows {
                query: inserted(stage, &self.oid, columns, rows).await?,
                row: RowThat::IsNew,
                sight: Sight::Own,
                tests: tests('a', *reads),
            }]),
            (
                Writing::Insert {
                    columns,
                    rows,
                    conflict: Some(conflict),
                    ..
                },
                'w',
            ) => {
                let proposed = inserted(stage, &self.oid, columns, rows).await?;
                self.conflicting(stage, &proposed, conflict).await
            }
            (
                Writing::Update {
                    called,
                    sets,
                    rest,
                    reads,
                    ..
                },
                'w',
            ) => {
                let each = self.assigned(stage, called, sets).await?;
                let seen = self.seen(&['w']);
                Ok(vec![Rows {
                    query: format!("SELECT {each} FROM {seen} AS {called} {rest} {MOST}"),
                    row: RowThat::IsNew,
                    sight: Sight::Own,
                    tests: tests('w', *reads),
                }])
            }
            (Writing::Merge(merge), _) => self.merged(stage, merge, command).await,
            _ => Ok(Vec::new()),
        }
    }

    /// The table's rows that some commands see: the others are hidden, not refused.
    fn seen(&self, commands: &[char]) -> String {
        let all: Vec<String> = commands.iter().map(|command| self.sees(*command)).collect();
        format!(
            "(SELECT * FROM {}.{} WHERE {})",
            quoted(&self.schema),
            quoted(&self.name),
            all.join(" AND ")
        )
    }

    /// The condition of the rows that one command sees.
    fn sees(&self, command: char) -> String {
        let tests = |permissive: bool| -> Vec<String> {
            self.of(command)
                .into_iter()
                .filter(|policy| policy.permissive == permissive)
                .map(|policy| {
                    let using = policy.using.as_deref().unwrap_or("true");
                    format!("({using})")
                })
                .collect()
        };
        let permissive = tests(true);
        let any = if permissive.is_empty() {
            "false".to_owned()
        } else {
            permissive.join(" OR ")
        };
        let mut all = vec![format!("({any})")];
        all.extend(tests(false));
        all.join(" AND ")
    }

    /// All columns of the table, as an UPDATE would leave them.
    async fn assigned(
        &self,
        stage: &Stage<'_>,
        called: &str,
        sets: &[Assignment],
    ) -> Result<String, Failure> {
        let each: Vec<String> = columns(stage, &self.oid)
            .await?
            .iter()
            .map(|Column { name, kind, .. }| {
                let set = sets.iter().find(|set| set.column == *name);
                let name = quoted(name);
                set.map_or_else(
                    || format!("{called}.{name} AS {name}"),
                    |set| format!("({})::{kind} AS {name}", set.expression),
                )
            })
            .collect();
        Ok(each.join(", "))
    }

    /// What a MERGE does under one command: each row is for the first WHEN that fits it.
    ///
    /// Source: PostgreSQL source, `rowsecurity.c`, `get_row_security_policies`: rows that are found
    /// are held against USING of what would be done to them, new ones against WITH CHECK.
    async fn merged(
        &self,
        stage: &Stage<'_>,
        merge: &Merge,
        command: char,
    ) -> Result<Vec<Rows>, Failure> {
        let mut rows = Vec::new();
        let called = &merge.called;
        let target = format!(
            "{}.{} AS {called}",
            quoted(&self.schema),
            quoted(&self.name)
        );
        for (at, when) in merge.whens.iter().enumerate() {
            let from = found(merge, at, &target);
            let matches = |command| Rows {
                query: format!("SELECT {called}.* {from} {MOST}"),
                row: RowThat::Matches,
                sight: Sight::Own,
                tests: vec![command],
            };
            match &when.deed {
                Deed::Update(sets) if command == 'w' => {
                    rows.push(matches('w'));
                    let each = self.assigned(stage, called, sets).await?;
                    rows.push(Rows {
                        query: format!("SELECT {each} {from} {MOST}"),
                        row: RowThat::IsNew,
                        sight: Sight::Own,
                        tests: tests('w', Reads::Back),
                    });
                }
                Deed::Delete if command == 'd' => rows.push(matches('d')),
                Deed::Insert { columns, values } if command == 'a' => {
                    let proposed = format!("SELECT {values} {from} {MOST}");
                    rows.push(Rows {
                        query: inserted(stage, &self.oid, columns, &proposed).await?,
                        row: RowThat::IsNew,
                        sight: Sight::Own,
                        tests: tests('a', merge.reads),
                    });
                }
                _ => {}
            }
        }
        Ok(rows)
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
        let called = &conflict.called;
        let Some(alike) = alike(stage, &self.oid, conflict).await? else {
            return Ok(Vec::new());
        };
        let mut alike = vec![alike];
        if !conflict.condition.is_empty() {
            alike.push(format!("({})", conflict.condition));
        }
        let from = format!(
            "FROM {}.{} AS {called} JOIN ({proposed}) AS excluded ON {}",
            quoted(&self.schema),
            quoted(&self.name),
            alike.join(" AND ")
        );
        let each = self.assigned(stage, called, &conflict.sets).await?;
        Ok(vec![
            Rows {
                query: format!("SELECT {called}.* {from} {MOST}"),
                row: RowThat::IsThere,
                sight: Sight::All,
                tests: vec!['w', 'r'],
            },
            Rows {
                query: format!("SELECT {each} {from} {MOST}"),
                row: RowThat::IsNew,
                sight: Sight::Own,
                tests: vec!['w', 'r'],
            },
        ])
    }
}

/// Volatile functions that change nothing.
const HARMLESS: &str = "'random', 'clock_timestamp', 'timeofday', 'gen_random_uuid', 'uuid_generate_v1', \
     'uuid_generate_v4', 'uuidv4', 'uuidv7'";

/// Whether looking at the rows of a statement may do something: whether it calls what is volatile.
/// Planning already runs what is not (PostgreSQL documentation, "Function Volatility Categories").
pub(in crate::adapters::rehearsal) async fn acts(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<bool, Failure> {
    let names: Vec<String> = called(statement).iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT FROM pg_catalog.pg_proc WHERE proname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) \
         AND provolatile = 'v' AND proname NOT IN ({HARMLESS}) LIMIT 1",
        names.join(", ")
    );
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

/// A column of a table.
pub(in crate::adapters::rehearsal) struct Column {
    pub(in crate::adapters::rehearsal) name: String,
    /// Its type.
    pub(in crate::adapters::rehearsal) kind: String,
    /// What it is given where it is left out.
    pub(in crate::adapters::rehearsal) default: Filled,
    /// What it is generated from; empty for others.
    pub(in crate::adapters::rehearsal) made: String,
}

/// What a column is given that an INSERT leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters::rehearsal) enum Filled {
    /// Nothing.
    Nothing,
    /// The value of an expression that does nothing.
    With(String),
    /// What is known only when it runs: what a sequence gives.
    Unknown,
}

/// The columns of a table, by its OID.
pub(in crate::adapters::rehearsal) async fn columns(
    stage: &Stage<'_>,
    oid: &str,
) -> Result<Vec<Column>, Failure> {
    let sql = format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', \
         CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid \
         AND p.provolatile = 'v' WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid \
         AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass) THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) END, \
         a.atthasdef OR a.attidentity <> '' FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid \
         AND f.adnum = a.attnum WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| {
            let (generated, expression) = (cell(row, 2) == "t", cell(row, 3));
            let drawn = expression.is_empty() || expression.contains("nextval");
            let (default, made) = match (generated, cell(row, 4) == "t") {
                (true, _) => (Filled::Nothing, expression),
                (false, false) => (Filled::Nothing, String::new()),
                (false, true) if drawn => (Filled::Unknown, String::new()),
                (false, true) => (Filled::With(expression), String::new()),
            };
            Column {
                name: cell(row, 0),
                kind: cell(row, 1),
                default,
                made,
            }
        })
        .collect())
}

/// `FROM … WHERE …` of the rows that one WHEN of a MERGE is about; `target` is what is merged into, with
/// what it is called.
pub(in crate::adapters::rehearsal) fn found(merge: &Merge, at: usize, target: &str) -> String {
    let Some((when, before)) = merge.whens.get(..=at).and_then(|whens| whens.split_last()) else {
        return String::new();
    };
    let Merge { source, on, .. } = merge;
    let (from, mut all) = match when.matched {
        Matched::Both => (format!("{target} JOIN {source} ON ({on})"), Vec::new()),
        Matched::SourceOnly => (
            source.clone(),
            vec![format!("NOT EXISTS (SELECT FROM {target} WHERE {on})")],
        ),
        Matched::TargetOnly => (
            target.to_owned(),
            vec![format!("NOT EXISTS (SELECT FROM {source} WHERE {on})")],
        ),
    };
    let asked = |when: &When| {
        if when.condition.is_empty() {
            "true".to_owned()
        } else {
            format!("coalesce(({}), false)", when.condition)
        }
    };
    all.extend(
        before
            .iter()
            .filter(|earlier| earlier.matched == when.matched)
            .map(|earlier| format!("NOT {}", asked(earlier))),
    );
    all.push(asked(when));
    format!("FROM {from} WHERE {}", all.join(" AND "))
}

/// The commands whose policies hold for new rows.
fn tests(command: char, reads: Reads) -> Vec<char> {
    match reads {
        Reads::Back => vec![command, 'r'],
        Reads::Nothing => vec![command],
    }
}

/// The rows of an INSERT as a query, defaults filled in where they call nothing.
pub(in crate::adapters::rehearsal) async fn inserted(
    stage: &Stage<'_>,
    oid: &str,
    given: &[String],
    rows: &str,
) -> Result<String, Failure> {
    let columns = columns(stage, oid).await?;
    let names: Vec<String> = if given.is_empty() {
        columns.iter().map(|column| column.name.clone()).collect()
    } else {
        given.to_vec()
    };
    let width = first_row_width(rows).unwrap_or(names.len());
    let listed: Vec<String> = (1..=width).map(|at| format!("c{at}")).collect();
    let each: Vec<String> = columns
        .iter()
        .map(|column| {
            let Column {
                name,
                kind,
                default,
                ..
            } = column;
            let place = names.iter().position(|known| known == name);
            let value = match (place.filter(|at| *at < width), default) {
                (Some(at), _) => format!("v.c{}", at + 1),
                (None, Filled::With(default)) => format!("({default})"),
                (None, Filled::Nothing | Filled::Unknown) => "NULL".to_owned(),
            };
            format!("({value})::{kind} AS {}", quoted(name))
        })
        .collect();
    Ok(format!(
        "SELECT {} FROM ({rows}) AS v({})",
        each.join(", "),
        listed.join(", ")
    ))
}

/// How many values the first row of `VALUES (…)` or of a SELECT has; `None` where only the server knows.
fn first_row_width(rows: &str) -> Option<usize> {
    let words = Words::unwrapped(rows);
    let within = u32::from(words.is(0, "values"));
    if within == 0 && !words.is(0, "select") {
        return None;
    }
    let mut depth = 0_u32;
    let mut commas = 0;
    for at in 0..words.len() {
        match words.text(at) {
            "(" => depth += 1,
            ")" if depth == 1 && within == 1 => break,
            // The query was wrapped.
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            "," if depth == within => commas += 1,
            // A product has something before it that is no comma and no dot.
            "*" if depth == 0 && (at == 1 || [",", "."].contains(&words.text(at - 1))) => {
                return None;
            }
            _ if depth == 0 && words.is_any(at, &["from", "where", "union", "limit", "order"]) => {
                break;
            }
            _ => {}
        }
    }
    Some(commas + 1)
}

/// The condition that a row of the table is the one that a proposed row, `excluded`, conflicts with; `None`
/// where its unique indexes do not tell.
pub(in crate::adapters::rehearsal) async fn alike(
    stage: &Stage<'_>,
    oid: &str,
    conflict: &Conflict,
) -> Result<Option<String>, Failure> {
    let same = |columns: &[String]| {
        let each: Vec<String> = columns
            .iter()
            .map(|column| format!("{0}.{column} = excluded.{column}", conflict.called))
            .collect();
        each.join(" AND ")
    };
    let which = match &conflict.arbiter {
        Arbiter::Columns(columns) => {
            let columns: Vec<String> = columns
                .iter()
                .map(|column| quoted(column).into_owned())
                .collect();
            return Ok((!columns.is_empty()).then(|| same(&columns)));
        }
        Arbiter::Constraint(name) => format!(
            "i.indexrelid = (SELECT k.conindid FROM pg_catalog.pg_constraint k WHERE k.conrelid = {oid} AND k.conname = {})",
            literal(name)
        ),
        Arbiter::Any => "i.indisunique".to_owned(),
    };
    let sql = format!(
        "SELECT i.indpred IS NULL AND i.indexprs IS NULL, (SELECT string_agg(quote_ident(a.attname), E'\\n' ORDER BY a.attnum) \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) \
         FROM pg_catalog.pg_index i WHERE i.indrelid = {oid} AND {which}"
    );
    let rows = stage.session.query(&sql).await?.rows;
    let each: Vec<String> = rows
        .iter()
        .map(|row| {
            let columns: Vec<String> = cell(row, 1).lines().map(str::to_owned).collect();
            format!("({})", same(&columns))
        })
        .collect();
    let told = !rows.is_empty() && rows.iter().all(|row| cell(row, 0) == "t");
    Ok(told.then(|| each.join(" OR ")))
}

#[cfg(test)]
mod tests {
    use super::first_row_width;

    #[test]
    fn values_of_a_row_are_counted() {
        for (rows, width) in [
            ("values ((select a, b from t limit 1), 2), (3, 4)", Some(2)),
            ("select a * 2, f(b, c) from t, u", Some(2)),
            ("(select a, b from t)", Some(2)),
            ("select 1", Some(1)),
            ("select distinct on (a, b) c, d from t", Some(2)),
            ("select * from t", None),
            ("select 1, t.* from t", None),
            ("table t", None),
            ("with w as (select 1) select a, b from w", None),
        ] {
            assert_eq!(first_row_width(rows), width, "{rows}");
        }
    }
}

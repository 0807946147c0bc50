//! The rows that a write touches, before and after it: what OLD and NEW are in the triggers that it
//! fires. They are looked at, never written.

mod fate;

pub(super) use fate::{Fate, Moving};

use super::branches::answer;
use super::check_option::{View, given, written_through};
use super::derived::by_name;
use super::need::cell;
use super::policies::{Column, Filled, acts, alike, columns, found, inserted};
use super::stage::Stage;
use super::written::{Timing, rule_event};
use crate::domain::diagnosis::body::{Rows, looks_at_rows};
use crate::domain::diagnosis::wants::Wanted;
use crate::domain::diagnosis::writing::{
    Assignment, Conflict, Deed, Merge, Part, Writing, deletion, parts, writing,
};
use crate::domain::failure::Failure;
use crate::domain::ident::quoted;
use crate::domain::sql::lexer::tokens;
use crate::domain::sql::row_locks::without_row_locks;
use crate::domain::sql::words::Words;

/// Rows looked at, at most.
const MOST: &str = "LIMIT 1000";

/// The table of a row that is not there yet.
const NOWHERE: &str = "NULL::oid";

/// What comes before a statement that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing that changes rows.
    Nothing,
    /// Something that may: what is there now may not be there then.
    Writes,
}

/// The rows that one write touches in one relation.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    /// The relation whose columns they have, by its OID.
    oid: String,
    /// One row each: `old a` and `new a` for each column `a`, and `place`, the table of the row before.
    query: String,
    columns: Vec<Field>,
    pub(super) source: Rows,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: String,
    /// Whether it is known what it will be.
    new: bool,
}

/// Rows as an item of FROM that `old` and `new` are columns of.
#[derive(Debug, Clone)]
pub(super) struct RowsOf {
    /// Empty where there is no such row.
    pub(super) item: String,
    /// What queries begin with that may name the tables of all rows: `WITH n AS (…) `, or nothing.
    pub(super) with: String,
    pub(super) source: Rows,
}

/// What a table of one row has before and after.
struct Shape<'a> {
    stage: &'a Stage<'a>,
    oid: String,
    all: Vec<Column>,
    /// `schema.name` of the relation, or the query of the view through which it is written.
    name: String,
    is_view: bool,
    /// The view through which it is written.
    through: Option<View>,
}

impl Touched {
    /// As an item of FROM, with `old` and `new`.
    pub(super) fn item(&self) -> String {
        let each = |which: &str, known: &dyn Fn(&Field) -> bool| {
            let listed: Vec<String> = self
                .columns
                .iter()
                .filter(|field| known(field))
                .map(|field| {
                    let own = quoted(&format!("{which} {}", field.name)).into_owned();
                    format!("pgiam_touched.{own} AS {}", quoted(&field.name))
                })
                .collect();
            format!("LATERAL (SELECT {}) AS {which}", listed.join(", "))
        };
        format!(
            "({}) AS pgiam_touched, {}, {}",
            self.query,
            each("old", &|_| true),
            each("new", &|field| field.new)
        )
    }

    /// Only the rows for which something holds.
    fn filtered(&self, condition: &str) -> Self {
        Self {
            query: format!(
                "SELECT pgiam_touched.* FROM {} WHERE {condition}",
                self.item()
            ),
            ..self.clone()
        }
    }

    /// Whether it is sure that there are none.
    pub(super) async fn is_empty(&self, stage: &Stage<'_>) -> Result<bool, Failure> {
        let query = format!("SELECT EXISTS (SELECT FROM ({}) AS looked)", self.query);
        Ok(answer(stage, stage.role, &query)
            .await?
            .is_ok_and(|found| found == "f"))
    }
}

/// The rows that a statement touches where it wants a privilege; `None` where they are not known.
pub(super) async fn touched(
    stage: &Stage<'_>,
    statement: &str,
    (wanted, timing): (&Wanted, Timing),
    before: Before,
) -> Result<Option<Touched>, Failure> {
    if !["INSERT", "UPDATE", "DELETE"].contains(&wanted.privilege) || acts(stage, statement).await?
    {
        return Ok(None);
    }
    // Looking locks nothing.
    let statement = without_row_locks(statement);
    let mut all = Vec::new();
    for part in parts(&statement) {
        match (of_part(stage, &part, (wanted, timing)).await?, &part.with) {
            (Told::Another, _) => {}
            (Told::Not, _) | (Told::Rows(_), None) => return Ok(None),
            (Told::Rows(mut touched), Some(with)) => {
                touched.query = format!("{with} {}", touched.query);
                all.push(touched);
            }
        }
    }
    match (all.pop(), all.is_empty()) {
        (Some(one), true) if before == Before::Nothing || one.source == Rows::Given => {
            Ok(Some(one))
        }
        _ => Ok(None),
    }
}

/// What is told of one of the writes that a statement is made of.
enum Told {
    /// It writes to something else, or otherwise.
    Another,
    /// It may be the one, and what it touches is not known.
    Not,
    Rows(Touched),
}

async fn of_part(
    stage: &Stage<'_>,
    part: &Part,
    (wanted, timing): (&Wanted, Timing),
) -> Result<Told, Failure> {
    let event = wanted.privilege;
    let (writing, deletion) = (writing(&part.statement), deletion(&part.statement));
    let relation = match (&writing, &deletion) {
        (Some(writing), _) => writing.relation().to_vec(),
        (None, Some(deletion)) => deletion.relation.clone(),
        (None, None) => return Ok(Told::Not),
    };
    if relation != wanted.relation {
        return Ok(Told::Another);
    }
    let Some(shape) = shape(stage, &relation, event).await? else {
        return Ok(Told::Not);
    };
    // A generated default is not what is given.
    let defaults = Words::of(&part.statement).has_any(&["default"]);
    let touched = match (&writing, &deletion, event) {
        (
            Some(Writing::Insert {
                columns,
                rows,
                conflict,
                ..
            }),
            _,
            "INSERT",
        ) => {
            let Some(columns) = shape.given(columns) else {
                return Ok(Told::Not);
            };
            let proposed = inserted(stage, &shape.oid, &columns, rows).await?;
            let source = if looks_at_rows(rows) {
                Rows::There
            } else {
                Rows::Given
            };
            let fresh = match conflict {
                Some(_) if shape.through.is_some() => return Ok(Told::Not),
                Some(conflict) if timing == Timing::After => shape.fresh(conflict).await?,
                _ => String::new(),
            };
            let source = if fresh.is_empty() {
                source
            } else {
                Rows::There
            };
            let known = |column: &Column| Shape::known(column, &columns, rows, defaults);
            let new = |column: &Column| format!("excluded.{}", quoted(&column.name));
            let from = format!("FROM ({proposed}) AS excluded {fresh}");
            Some(shape.rows((None, Some(&new)), &known, (NOWHERE, &from), source))
        }
        (
            Some(Writing::Insert {
                columns,
                rows,
                conflict: Some(conflict),
                ..
            }),
            _,
            "UPDATE",
        ) => {
            let proposed = inserted(stage, &shape.oid, columns, rows).await?;
            let Some(alike) = alike(stage, &shape.oid, conflict).await? else {
                return Ok(Told::Not);
            };
            let mut all = vec![format!("({alike})")];
            if !conflict.condition.is_empty() {
                all.push(format!("({})", conflict.condition));
            }
            let from = format!(
                "FROM {} AS {} JOIN ({proposed}) AS excluded ON {} {MOST}",
                shape.name,
                conflict.called,
                all.join(" AND ")
            );
            Some(shape.updated((&conflict.called, &conflict.sets), &from))
        }
        (
            Some(Writing::Update {
                called, sets, rest, ..
            }),
            _,
            "UPDATE",
        ) => {
            let from = format!("FROM {} AS {called} {rest} {MOST}", shape.name);
            Some(shape.updated((called, sets), &from))
        }
        (Some(Writing::Merge(merge)), ..) => shape.merged(merge, event).await?,
        (None, Some(deletion), "DELETE") => {
            let called = &deletion.called;
            let from = format!("FROM {} AS {called} {} {MOST}", shape.name, deletion.rest);
            Some(shape.deleted(called, &from))
        }
        _ => None,
    };
    let Some(touched) = touched else {
        return Ok(Told::Another);
    };
    Ok(Told::Rows(touched))
}

/// The relation of a name and its columns.
async fn shape<'a>(
    stage: &'a Stage<'a>,
    relation: &[String],
    event: &str,
) -> Result<Option<Shape<'a>>, Failure> {
    let Some(condition) = by_name(relation) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition} AND c.relkind IN ('r', 'p', 'v') \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1"
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    if cell(row, 3) == "v"
        && let Some(through) = through(stage, &condition, &cell(row, 0), event).await?
    {
        return Ok(Some(through));
    }
    Ok(Some(Shape {
        stage,
        through: None,
        oid: cell(row, 0),
        all: columns(stage, &cell(row, 0)).await?,
        name: format!("{}.{}", quoted(&cell(row, 1)), quoted(&cell(row, 2))),
        is_view: cell(row, 3) == "v",
    }))
}

/// What is under a view that an event writes through, with what the view shows of it; `None` where it does
/// not, or that is not understood.
async fn through<'a>(
    stage: &'a Stage<'a>,
    condition: &str,
    oid: &str,
    event: &str,
) -> Result<Option<Shape<'a>>, Failure> {
    let event = rule_event(event).unwrap_or('1');
    let sql = format!(
        "SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = {oid} AND ev_type = '{event}' AND is_instead"
    );
    // What its own defaults fill in goes before those of the table.
    let defaults = format!("SELECT FROM pg_catalog.pg_attrdef WHERE adrelid = {oid}");
    for sql in [sql, defaults] {
        if !stage.session.query(&sql).await?.rows.is_empty() {
            return Ok(None);
        }
    }
    let Some(view) = written_through(stage, condition).await? else {
        return Ok(None);
    };
    let text = &view.qualified;
    let all = columns(stage, &view.under.oid).await?;
    let sql = format!(
        "SELECT FROM pg_catalog.pg_class WHERE oid = {} AND relkind IN ('r', 'p')",
        view.under.oid
    );
    if stage.session.query(&sql).await?.rows.is_empty() {
        return Ok(None);
    }
    // Their own names may mean other columns in the view.
    let mut shown: Vec<String> = all
        .iter()
        .map(|column| {
            let own = quoted(&format!("pgiam {}", column.name)).into_owned();
            format!("{}.{} AS {own}", text.called, quoted(&column.name))
        })
        .collect();
    shown.push(format!("{}.tableoid AS \"pgiam place\"", text.called));
    shown.push(text.list.clone());
    Ok(Some(Shape {
        stage,
        oid: view.under.oid.clone(),
        all,
        name: format!("(SELECT {} {})", shown.join(", "), text.rest),
        is_view: false,
        through: Some(view),
    }))
}

/// The expression of a column.
type Expression<'a> = &'a dyn Fn(&Column) -> String;

impl Shape<'_> {
    /// The rows as a query.
    fn rows(
        &self,
        (old, new): (Option<Expression<'_>>, Option<Expression<'_>>),
        known: &dyn Fn(&Column) -> bool,
        (place, from): (&str, &str),
        source: Rows,
    ) -> Touched {
        let mut listed = vec![format!("{place} AS place")];
        let mut fields = Vec::new();
        for column in &self.all {
            let Column { name, kind, .. } = column;
            let value = |which: Option<Expression<'_>>| {
                which.map_or_else(|| "NULL".to_owned(), |which| which(column))
            };
            let known = new.is_none() || known(column);
            listed.push(format!(
                "({})::{kind} AS {}",
                value(old),
                quoted(&format!("old {name}"))
            ));
            if known {
                listed.push(format!(
                    "({})::{kind} AS {}",
                    value(new),
                    quoted(&format!("new {name}"))
                ));
            }
            fields.push(Field {
                name: name.clone(),
                kind: kind.clone(),
                new: known,
            });
        }
        Touched {
            oid: self.oid.clone(),
            query: format!("SELECT {} {from}", listed.join(", ")),
            columns: fields,
            source,
        }
    }

    /// The column of a row that is there.
    fn was(&self, called: &str, column: &Column) -> String {
        if self.through.is_some() {
            format!("{called}.{}", quoted(&format!("pgiam {}", column.name)))
        } else {
            format!("{called}.{}", quoted(&column.name))
        }
    }

    /// The columns that an INSERT of these gives values; `None` where one is computed.
    fn given(&self, columns: &[String]) -> Option<Vec<String>> {
        match &self.through {
            Some(view) => given(view, columns),
            None => Some(columns.to_vec()),
        }
    }

    /// Whether something that is assigned to is a column.
    fn is_set(&self, set: &Assignment, column: &Column) -> bool {
        match &self.through {
            Some(view) => view.qualified.from(&set.column).as_ref() == Some(&column.name),
            None => set.column == column.name,
        }
    }

    /// The table that a row is in; a view is none.
    fn place(&self, called: &str) -> String {
        if self.through.is_some() {
            format!("{called}.\"pgiam place\"")
        } else if self.is_view {
            "NULL::oid".to_owned()
        } else {
            format!("{called}.tableoid")
        }
    }

    fn updated(&self, (called, sets): (&str, &[Assignment]), from: &str) -> Touched {
        let set = |column: &Column| sets.iter().find(|set| self.is_set(set, column));
        let old = |column: &Column| self.was(called, column);
        let new =
            |column: &Column| set(column).map_or_else(|| old(column), |set| set.expression.clone());
        let known = |column: &Column| {
            let default =
                set(column).is_some_and(|set| set.expression.eq_ignore_ascii_case("default"));
            column.made.is_empty() && !default
        };
        let from = (&*self.place(called), from);
        self.rows((Some(&old), Some(&new)), &known, from, Rows::There)
    }

    fn deleted(&self, called: &str, from: &str) -> Touched {
        let old = |column: &Column| self.was(called, column);
        let from = (&*self.place(called), from);
        self.rows((Some(&old), None), &|_| true, from, Rows::There)
    }

    /// Whether it is known what an INSERT gives a column.
    fn known(column: &Column, given: &[String], rows: &str, defaults: bool) -> bool {
        let named = given.contains(&column.name) || (given.is_empty() && !rows.is_empty());
        let filled = match column.default {
            Filled::Nothing => true,
            Filled::With(_) => !(named && defaults),
            Filled::Unknown => named && !defaults,
        };
        column.made.is_empty() && filled
    }

    /// The condition that a proposed row is not there yet.
    async fn fresh(&self, conflict: &Conflict) -> Result<String, Failure> {
        let alike = alike(self.stage, &self.oid, conflict).await?;
        Ok(alike.map_or_else(String::new, |alike| {
            format!(
                "WHERE NOT EXISTS (SELECT FROM {} AS {} WHERE {alike})",
                self.name, conflict.called
            )
        }))
    }

    /// What a MERGE touches in one way.
    async fn merged(&self, merge: &Merge, event: &str) -> Result<Option<Touched>, Failure> {
        let called = &merge.called;
        let target = format!("{} AS {called}", self.name);
        let mut all: Vec<Touched> = Vec::new();
        for (at, when) in merge.whens.iter().enumerate() {
            let from = found(merge, at, &target);
            let limited = format!("{from} {MOST}");
            match (&when.deed, event) {
                (Deed::Update(sets), "UPDATE") => {
                    all.push(self.updated((called, sets), &limited));
                }
                (Deed::Delete, "DELETE") => all.push(self.deleted(called, &limited)),
                (Deed::Insert { columns, values }, "INSERT") => {
                    let Some(columns) = self.given(columns) else {
                        return Ok(None);
                    };
                    let proposed = format!("SELECT {values} {limited}");
                    let proposed = inserted(self.stage, &self.oid, &columns, &proposed).await?;
                    let defaults = tokens(values).iter().any(|token| token.is(values, "null"));
                    let known = |column: &Column| Self::known(column, &columns, values, defaults);
                    let new = |column: &Column| format!("excluded.{}", quoted(&column.name));
                    let from = format!("FROM ({proposed}) AS excluded");
                    let from = (NOWHERE, from.as_str());
                    all.push(self.rows((None, Some(&new)), &known, from, Rows::There));
                }
                _ => {}
            }
        }
        // What is not known of one of them is not known.
        let Some(first) = all.first() else {
            return Ok(None);
        };
        let mut touched = first.clone();
        for field in &mut touched.columns {
            field.new = all
                .iter()
                .flat_map(|one| &one.columns)
                .all(|other| other.name != field.name || other.new);
        }
        let each = touched.listed(&[]);
        let queries: Vec<String> = all
            .iter()
            .map(|one| format!("(SELECT {each} FROM ({}) AS one)", one.query))
            .collect();
        touched.query = queries.join(" UNION ALL ");
        Ok(Some(touched))
    }
}

impl Touched {
    /// Its columns by name, some of them with other values.
    fn listed(&self, values: &[(String, String)]) -> String {
        let mut listed = vec!["place".to_owned()];
        for Field { name, kind, new } in &self.columns {
            listed.push(quoted(&format!("old {name}")).into_owned());
            let own = quoted(&format!("new {name}")).into_owned();
            let value = values.iter().find(|(column, _)| column == name);
            match value {
                Some((_, value)) => listed.push(format!("({value})::{kind} AS {own}")),
                None if *new => listed.push(own),
                None => {}
            }
        }
        listed.join(", ")
    }
}

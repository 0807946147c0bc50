//! WITH CHECK OPTION: a row written through a view that the view would not show fails when the
//! statement runs, whatever is granted.
//!
//! Source: PostgreSQL documentation, "CREATE VIEW"; `execMain.c`, `ExecWithCheckOptions`.

use super::derived::by_name;
use super::need::{Need, cell};
use super::policies::{Column, acts, columns, found, inserted};
use super::scene::Scene;
use super::stage::Stage;
use super::underneath;
use crate::domain::diagnosis::view_text::{ViewText, view_text};
use crate::domain::diagnosis::writing::{Assignment, Deed, Merge, Part, Writing, parts, writing};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted, role};

/// What becomes of the rows.
pub(super) enum Checked {
    /// The view of this name refuses one.
    Violated(String),
    /// Nothing is checked, or all rows pass.
    Passes,
    /// They are checked, and it cannot be told before.
    Untold,
}

/// A view over one relation.
pub(super) struct View {
    name: String,
    text: ViewText,
    /// The same with every name written with its schema.
    pub(super) qualified: ViewText,
    /// The relation under it.
    pub(super) under: Relation,
}

/// What is under a view.
pub(super) struct Relation {
    pub(super) oid: String,
    schema: String,
    name: String,
}

/// Holds the rows of what a statement writes against the views they are written through.
pub(super) async fn checked(
    stage: &Stage<'_>,
    needs: &[Need],
    statement: &str,
) -> Result<Checked, Failure> {
    let mut untold = false;
    for part in parts(statement) {
        match checked_part(stage, needs, &part).await? {
            Checked::Passes => {}
            Checked::Untold => untold = true,
            violated @ Checked::Violated(_) => return Ok(violated),
        }
    }
    Ok(if untold {
        Checked::Untold
    } else {
        Checked::Passes
    })
}

/// The same for one of its writes.
async fn checked_part(stage: &Stage<'_>, needs: &[Need], part: &Part) -> Result<Checked, Failure> {
    stage.rewind().await?;
    let Some(writing) = writing(&part.statement) else {
        return Ok(Checked::Passes);
    };
    let Some(condition) = by_name(writing.relation()) else {
        return Ok(Checked::Passes);
    };
    let Some(target) = target(stage, &condition).await? else {
        return Ok(Checked::Passes);
    };
    if !checks(stage, &target.oid).await? {
        return Ok(Checked::Passes);
    }
    let Some(with) = &part.with else {
        return Ok(Checked::Untold);
    };
    if acts(stage, &format!("{with} {}", part.statement)).await? {
        return Ok(Checked::Untold);
    }
    let view = match view(stage, &target).await? {
        // What the views below check is left to them.
        Some(view) if target.checks && !checks(stage, &view.under.oid).await? => view,
        _ => return Ok(Checked::Untold),
    };
    let Some(all) = rows(stage, &view, &writing).await? else {
        return Ok(Checked::Untold);
    };
    for rows in all {
        match shown(stage, needs, &view, &format!("{with} {rows}")).await? {
            Checked::Passes => {}
            other => return Ok(other),
        }
    }
    Ok(Checked::Passes)
}

/// The rows that are written through a view.
pub(super) struct Under {
    /// The relation under the view.
    pub(super) oid: String,
    /// Its rows, as queries.
    pub(super) rows: Vec<String>,
}

/// What is written under a view; `None` where that is not told.
///
/// Of a MERGE it is what is done under one command: `a` inserts, `w` updates.
pub(super) async fn under(
    stage: &Stage<'_>,
    writing: &Writing,
    command: char,
) -> Result<Option<Under>, Failure> {
    let Some(condition) = by_name(writing.relation()) else {
        return Ok(None);
    };
    let Some(view) = written_through(stage, &condition).await? else {
        return Ok(None);
    };
    let rows = match writing {
        Writing::Merge(merge) => {
            let mut some = merge.clone();
            for when in &mut some.whens {
                let kept = match when.deed {
                    Deed::Insert { .. } => command == 'a',
                    Deed::Update(_) => command == 'w',
                    Deed::Delete | Deed::Nothing => false,
                };
                if !kept {
                    when.deed = Deed::Nothing;
                }
            }
            merged(stage, &view, &some).await?
        }
        Writing::Insert { .. } | Writing::Update { .. } => rows(stage, &view, writing).await?,
    };
    Ok(rows.map(|rows| Under {
        oid: view.under.oid,
        rows,
    }))
}

/// Whether the view would show all of some rows of what is under it.
async fn shown(
    stage: &Stage<'_>,
    needs: &[Need],
    view: &View,
    rows: &str,
) -> Result<Checked, Failure> {
    let counted = format!(
        "SELECT (SELECT count(*) FROM ({rows}) AS written) > (SELECT count(*) FROM \
         (WITH {} AS ({rows}) {}) AS shown)",
        quoted(&view.under.name),
        view.text.whole
    );
    let path = literal(&quoted(&view.under.schema));
    let scenes = [
        Scene::own(format!(
            "SELECT pg_catalog.set_config('search_path', {path}, true)"
        )),
        Scene::own(counted),
    ];
    let looks = [
        format!(
            "GRANT USAGE ON SCHEMA {} TO {}",
            quoted(&view.under.schema),
            role(stage.role)
        ),
        format!(
            "GRANT SELECT ON {}.{} TO {}",
            quoted(&view.under.schema),
            quoted(&view.under.name),
            role(stage.role)
        ),
    ];
    let mut given: Vec<&str> = needs.iter().map(|need| need.statement.as_str()).collect();
    given.extend(looks.iter().map(String::as_str));
    let Ok(answers) = stage.attempt_with(&given, &scenes).await? else {
        return Ok(Checked::Untold);
    };
    Ok(
        match answers
            .last()
            .and_then(|rows| rows.first())
            .map(String::as_str)
        {
            Some("t") => Checked::Violated(view.name.clone()),
            Some("f") => Checked::Passes,
            _ => Checked::Untold,
        },
    )
}

/// A view that is written to.
struct Target {
    oid: String,
    name: String,
    /// Whether it has a check option of its own.
    checks: bool,
}

/// The view of a name, unless its triggers write.
async fn target(stage: &Stage<'_>, condition: &str) -> Result<Option<Target>, Failure> {
    let sql = format!(
        "SELECT c.oid, c.relname, coalesce(c.reloptions::text ~ 'check_option=', false) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind = 'v' AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger i \
         WHERE i.tgrelid = c.oid AND (i.tgtype & 64) <> 0) \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1"
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| Target {
        oid: cell(row, 0),
        name: cell(row, 1),
        checks: cell(row, 2) == "t",
    }))
}

/// What it is made of; `None` where that is not understood.
async fn view(stage: &Stage<'_>, target: &Target) -> Result<Option<View>, Failure> {
    let path = stage.search_path().await?;
    // Without a path every name is written with its schema.
    let qualified = definition(stage, &target.oid, "").await?;
    let told = view_text(&qualified).and_then(|text| match text.under.clone().as_slice() {
        [schema, name] => Some((text, (schema.clone(), name.clone()))),
        _ => None,
    });
    let Some((qualified, under)) = told else {
        stage.set_search_path(&path).await?;
        return Ok(None);
    };
    let whole = definition(stage, &target.oid, &quoted(&under.0)).await?;
    stage.set_search_path(&path).await?;
    let sql = format!(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        literal(&under.0),
        literal(&under.1)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let under = Relation {
        oid: rows.first().map(|row| cell(row, 0)).unwrap_or_default(),
        schema: under.0,
        name: under.1,
    };
    let text = view_text(&whole).filter(|text| text.under.len() == 1);
    Ok(text.map(|text| View {
        name: target.name.clone(),
        text,
        qualified,
        under,
    }))
}

/// The view of a name that is written through.
pub(super) async fn written_through(
    stage: &Stage<'_>,
    condition: &str,
) -> Result<Option<View>, Failure> {
    match target(stage, condition).await? {
        Some(target) => view(stage, &target).await,
        None => Ok(None),
    }
}

async fn definition(stage: &Stage<'_>, oid: &str, path: &str) -> Result<String, Failure> {
    stage.set_search_path(path).await?;
    underneath::definition(stage.session, oid).await
}

/// Whether a relation is a view with a check option, or over one.
async fn checks(stage: &Stage<'_>, oid: &str) -> Result<bool, Failure> {
    let sql = format!(
        "WITH RECURSIVE below(oid) AS (SELECT {oid}::pg_catalog.oid UNION SELECT d.refobjid FROM below \
         JOIN pg_catalog.pg_rewrite w ON w.ev_class = below.oid AND w.ev_type = '1' \
         JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) \
         SELECT 1 FROM below JOIN pg_catalog.pg_class c ON c.oid = below.oid \
         WHERE c.relkind = 'v' AND c.reloptions::text ~ 'check_option='"
    );
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

/// The rows of what is under the view, as the statement would leave them; `None` where that cannot be
/// told.
async fn rows(
    stage: &Stage<'_>,
    view: &View,
    writing: &Writing,
) -> Result<Option<Vec<String>>, Failure> {
    match writing {
        Writing::Insert { columns, rows, .. } => {
            let Some(given) = given(view, columns) else {
                return Ok(None);
            };
            let rows = inserted(stage, &view.under.oid, &given, rows).await?;
            Ok(Some(vec![rows]))
        }
        Writing::Update {
            called, sets, rest, ..
        } => {
            let updated = updated(stage, view, called, sets).await?;
            Ok(updated.map(|Updated { each, target }| {
                vec![format!("SELECT {each} FROM {target} {rest} LIMIT 1000")]
            }))
        }
        Writing::Merge(merge) => merged(stage, view, merge).await,
    }
}

/// The columns under the view that an INSERT of these gives values.
pub(super) fn given(view: &View, columns: &[String]) -> Option<Vec<String>> {
    if columns.is_empty() {
        let all = view.text.columns.iter();
        all.map(|column| column.from.clone()).collect()
    } else {
        columns
            .iter()
            .map(|column| view.text.from(column))
            .collect()
    }
}

/// What each WHEN of a MERGE writes.
async fn merged(
    stage: &Stage<'_>,
    view: &View,
    merge: &Merge,
) -> Result<Option<Vec<String>>, Failure> {
    let mut all = Vec::new();
    for (at, when) in merge.whens.iter().enumerate() {
        let sets: &[Assignment] = match &when.deed {
            Deed::Update(sets) => sets,
            Deed::Insert { .. } => &[],
            Deed::Delete | Deed::Nothing => continue,
        };
        let Some(updated) = updated(stage, view, &merge.called, sets).await? else {
            return Ok(None);
        };
        let from = found(merge, at, &updated.target);
        let Deed::Insert { columns, values } = &when.deed else {
            all.push(format!("SELECT {} {from} LIMIT 1000", updated.each));
            continue;
        };
        let Some(given) = given(view, columns) else {
            return Ok(None);
        };
        let proposed = format!("SELECT {values} {from} LIMIT 1000");
        all.push(inserted(stage, &view.under.oid, &given, &proposed).await?);
    }
    Ok(Some(all))
}

/// Rows of a view that are changed.
struct Updated {
    /// All columns of what is under the view, with those assigned that the view has.
    each: String,
    /// What the view shows and all that is under it, under the name it is called by.
    target: String,
}

async fn updated(
    stage: &Stage<'_>,
    view: &View,
    called: &str,
    sets: &[Assignment],
) -> Result<Option<Updated>, Failure> {
    let assigned: Option<Vec<(String, &Assignment)>> = sets
        .iter()
        .map(|set| Some((view.text.from(&set.column)?, set)))
        .collect();
    let Some(assigned) = assigned else {
        return Ok(None);
    };
    let mut each = Vec::new();
    let mut shown = Vec::new();
    for Column { name, kind, .. } in columns(stage, &view.under.oid).await? {
        let set = assigned.iter().find(|(column, _)| *column == name);
        let column = quoted(&name);
        // Its own name may mean another column in the view.
        let own = quoted(&format!("pgiam {name}")).into_owned();
        shown.push(format!("{}.{column} AS {own}", view.text.called));
        each.push(set.map_or_else(
            || format!("{called}.{own} AS {column}"),
            |(_, set)| format!("({})::{kind} AS {column}", set.expression),
        ));
    }
    shown.push(view.text.list.clone());
    Ok(Some(Updated {
        each: each.join(", "),
        target: format!(
            "(SELECT {} {}) AS {called}",
            shown.join(", "),
            view.text.rest
        ),
    }))
}

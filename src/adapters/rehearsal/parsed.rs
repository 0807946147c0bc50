//! What a statement touches, as the server itself understands it: it keeps the parsed text of a
//! procedure that exists only for a moment inside the transaction. That takes no privilege on what is
//! named but USAGE of the schemas, so who may grant nothing can ask as well.

use super::candidates;
use super::derived;
use super::need::{Need, add, cell};
use super::resolution::asked;
use super::stage::Stage;
use super::stored::{self, Touches};
use super::underneath;
use crate::domain::diagnosis::ObjectKind;
use crate::domain::diagnosis::trial::{planned_query, word_at};
use crate::domain::diagnosis::wants::{joined, wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// What a statement touches; `None` where the server cannot be asked.
pub(super) async fn touches(
    stage: &Stage<'_>,
    role: &str,
    statement: &str,
) -> Result<Option<Touches>, Failure> {
    if stage.is_read_only() || !sees_as_much(stage, role).await? {
        return Ok(None);
    }
    let Some(tree) = parsed(stage, statement).await? else {
        return Ok(None);
    };
    stored::touches(stage.session, role, &tree, None)
        .await
        .map(Some)
}

/// What a role lacks for what a statement touches; `None` where the server cannot be asked.
pub(super) async fn lacking(
    stage: &Stage<'_>,
    role: &str,
    statement: &str,
) -> Result<Option<Vec<Need>>, Failure> {
    let Some(touched) = touches(stage, role, statement).await? else {
        return Ok(None);
    };
    let session = stage.session;
    let mut needs = Vec::new();
    for wanted in &joined(touched.relations) {
        add(&mut needs, derived::relation(session, role, wanted).await?);
        add(
            &mut needs,
            underneath::lacking(session, role, wanted).await?,
        );
    }
    let wants = wants(statement);
    for (relation, columns) in &wants.defaulted {
        let drawn = derived::drawn_for(session, role, relation, columns).await?;
        add(&mut needs, drawn);
    }
    for (name, draw) in &wants.sequences {
        add(
            &mut needs,
            derived::sequence(session, role, name, *draw).await?,
        );
    }
    // Operators and casts call functions that nobody names: their schemas do not matter.
    let named = |need: &Need| {
        let function = need.missing.object.name.split('(').next();
        wants
            .routines
            .iter()
            .any(|call| Some(call.name.as_str()) == function)
    };
    for oid in touched.functions {
        let mut called = candidates::to_execute(session, role, &oid.to_string()).await?;
        if !called.iter().any(named) {
            called.retain(|need| need.missing.object.kind != ObjectKind::Schema);
        }
        add(&mut needs, called);
    }
    Ok(Some(needs))
}

/// Whether names mean to who looks what they mean to a role: a schema of the path that who looks may not
/// use is passed over.
async fn sees_as_much(stage: &Stage<'_>, role: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT FROM pg_catalog.pg_namespace n WHERE pg_catalog.quote_ident(n.nspname) \
         = ANY (pg_catalog.regexp_split_to_array(current_setting('search_path'), ' *, *')) \
         AND pg_catalog.has_schema_privilege({}, n.oid, 'USAGE') \
         AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')",
        literal(role)
    );
    Ok(stage.session.query(&sql).await?.rows.is_empty())
}

/// The parsed text of the query in a statement. Before 14 only that of a view is kept.
async fn parsed(stage: &Stage<'_>, statement: &str) -> Result<Option<String>, Failure> {
    let Some(query) = planned_query(statement, stage.major()) else {
        return Ok(None);
    };
    let reads = ["select", "with", "values", "table", "("].contains(&word_at(&query, 0).as_str());
    let (create, sql) = if stage.major() >= 14 {
        (
            format!(
                "CREATE PROCEDURE pg_temp.pgiam_parsed() LANGUAGE sql BEGIN ATOMIC {query}\n; END"
            ),
            "SELECT prosqlbody::text FROM pg_catalog.pg_proc WHERE proname = 'pgiam_parsed' \
             AND pronamespace = pg_catalog.pg_my_temp_schema()",
        )
    } else if reads {
        (
            format!("CREATE TEMPORARY VIEW pgiam_parsed AS SELECT FROM ({query}\n) AS parsed"),
            "SELECT w.ev_action::text FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class v \
             ON v.oid = w.ev_class WHERE v.relname = 'pgiam_parsed' \
             AND v.relnamespace = pg_catalog.pg_my_temp_schema()",
        )
    } else {
        return Ok(None);
    };
    let rows = asked(stage, &[create], sql).await?;
    Ok(rows.and_then(|rows| rows.first().map(|row| cell(row, 0))))
}

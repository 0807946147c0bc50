//! Which of several routines of one name a call means: the server is asked to resolve it, in objects
//! that exist only for a moment inside the transaction.

use super::candidates::{self, fits};
use super::event_triggers::SILENT_WITH_RULES;
use super::need::{Need, Row, cell};
use super::stage::Stage;
use crate::adapters::session::Session;
use crate::domain::diagnosis::trial::{explain, word_at};
use crate::domain::diagnosis::wants::{Call, wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use crate::domain::sql::lexer::{TokenKind, tokens};

const BEFORE: &str = "SAVEPOINT pgiam_resolution";
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_resolution";

/// The routines that a statement calls, by OID; those of the system are left out. `None` where the
/// server cannot be asked.
pub(super) async fn called(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Vec<String>>, Failure> {
    if stage.is_read_only() || wants(statement).routines.is_empty() {
        return Ok(None);
    }
    if word_at(statement, 0) == "call" {
        return Ok(procedure(stage, statement).await?.map(|oid| vec![oid]));
    }
    let text = explain(statement);
    let text = text.get(explain("").len()..).unwrap_or_default();
    // The parsed body of a procedure hangs on all that it calls; before 14 none is kept, but a view's.
    let (create, from) = if stage.major() >= 14 {
        (
            format!(
                "CREATE PROCEDURE pg_temp.pgiam_resolution() LANGUAGE sql BEGIN ATOMIC {text}\n; END"
            ),
            "SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc p \
             WHERE p.proname = 'pgiam_resolution'",
        )
    } else {
        (
            format!("CREATE TEMPORARY VIEW pgiam_resolution AS SELECT FROM ({text}\n) AS resolved"),
            "SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid FROM pg_catalog.pg_rewrite w \
             JOIN pg_catalog.pg_class v ON v.oid = w.ev_class WHERE v.relname = 'pgiam_resolution'",
        )
    };
    let sql = format!(
        "SELECT DISTINCT d.refobjid FROM ({from}) AS made(class, oid) JOIN pg_catalog.pg_depend d \
         ON d.classid = made.class AND d.objid = made.oid \
         AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    );
    let rows = asked(stage, &[create], &sql).await?;
    Ok(rows.map(|rows| rows.iter().map(|row| cell(row, 0)).collect()))
}

/// Makes something, asks, and unmakes it.
pub(super) async fn asked(
    stage: &Stage<'_>,
    made: &[String],
    sql: &str,
) -> Result<Option<Vec<Row>>, Failure> {
    let session = stage.session;
    let _ = session.query(BEFORE).await?;
    if let Some(silent) = stage.silence(SILENT_WITH_RULES) {
        let _ = session.query(silent).await?;
    }
    let mut rows = None;
    let mut fails = false;
    for one in made {
        fails = session.query(one).await.is_err();
        if fails {
            break;
        }
    }
    if !fails {
        rows = session.query(sql).await.ok().map(|answer| answer.rows);
    }
    let _ = session.query(BACK).await?;
    Ok(rows)
}

/// Leaves of several routines the one that a name with arguments means, where the server can tell it to who
/// looks.
pub(super) async fn of_signature(
    stage: &Stage<'_>,
    signature: &str,
    needs: &mut Vec<Need>,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' FROM pg_catalog.pg_proc p \
         WHERE p.oid = pg_catalog.to_regprocedure({})",
        literal(signature)
    );
    let rows = asked(stage, &[], &sql).await?.unwrap_or_default();
    let Some(meant) = rows.first().map(|row| cell(row, 0)) else {
        return Ok(());
    };
    if needs.iter().any(|need| need.missing.object.name == meant) {
        needs.retain(|need| need.missing.object.name == meant);
    }
    Ok(())
}

/// EXECUTE on the procedure that a CALL means, and USAGE on its schema, where the role lacks them.
pub(super) async fn to_call(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    match procedure(stage, statement).await? {
        Some(oid) => candidates::to_execute(stage.session, stage.role, &oid).await,
        None => Ok(Vec::new()),
    }
}

/// The procedure that a CALL means. Nothing of the server's tells it without calling: functions with
/// the arguments of each candidate stand in for them in a view.
async fn procedure(stage: &Stage<'_>, statement: &str) -> Result<Option<String>, Failure> {
    let wants = wants(statement);
    let Some(call) = wants.routines.first() else {
        return Ok(None);
    };
    let candidates = candidates(stage.session, call).await?;
    if candidates.len() < 2 || stage.is_read_only() {
        let only = candidates.first().filter(|_| candidates.len() == 1);
        return Ok(only.map(|row| cell(row, 0)));
    }
    let Some(arguments) = arguments(statement) else {
        return Ok(None);
    };
    let mut made = Vec::new();
    for row in &candidates {
        made.push(format!(
            "CREATE FUNCTION pg_temp.pgiam_resolution({}) RETURNS oid LANGUAGE sql AS 'SELECT {}::oid'",
            cell(row, 1),
            cell(row, 0)
        ));
    }
    made.push(format!(
        "CREATE TEMPORARY VIEW pgiam_resolved AS SELECT pg_temp.pgiam_resolution{arguments} AS procedure"
    ));
    let sql = "SELECT substring(p.prosrc FROM '[0-9]+') FROM pg_catalog.pg_class v \
               JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid \
               JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
               AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
               JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid AND p.proname = 'pgiam_resolution' \
               WHERE v.relname = 'pgiam_resolved'";
    let rows = asked(stage, &made, sql).await?;
    Ok(rows.and_then(|rows| rows.first().map(|row| cell(row, 0))))
}

/// The procedures that a call may mean, with their arguments as CREATE FUNCTION takes them; the first
/// of the path hides others with the same.
async fn candidates(session: &Session, call: &Call) -> Result<Vec<Row>, Failure> {
    let place = match &call.schema {
        Some(schema) => format!("n.nspname = {}", literal(schema)),
        None => "n.nspname = ANY (current_schemas(true))".to_owned(),
    };
    // What a caller gives for OUT counts among the arguments of a CALL from 14 on.
    let sql = format!(
        "SELECT DISTINCT ON (given.types) p.oid, given.written FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace, LATERAL (SELECT \
         coalesce(string_agg(a.kind::text, ',' ORDER BY a.place), '') AS types, \
         coalesce(string_agg(CASE a.mode WHEN 'v' THEN 'VARIADIC ' ELSE '' END \
         || CASE WHEN coalesce(p.proargnames[a.place], '') = '' THEN '' ELSE quote_ident(p.proargnames[a.place]) || ' ' END \
         || pg_catalog.format_type(a.kind, NULL) \
         || coalesce(' DEFAULT ' || pg_catalog.pg_get_function_arg_default(p.oid, a.place::int), ''), \
         ', ' ORDER BY a.place), '') AS written \
         FROM (SELECT k.kind, k.place, coalesce(p.proargmodes[k.place]::text, CASE WHEN p.provariadic <> 0 \
         AND k.place = p.pronargs THEN 'v' ELSE 'i' END) AS mode \
         FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS k(kind, place)) a \
         WHERE a.mode <> 'o' OR current_setting('server_version_num')::int >= 140000) AS given \
         WHERE p.prokind = 'p' AND {place} AND {} \
         ORDER BY given.types, array_position(current_schemas(true), n.nspname) LIMIT 20",
        fits(call, "p")
    );
    Ok(session.query(&sql).await?.rows)
}

/// The arguments of a CALL, parentheses and all; a driver's parameters become NULL.
fn arguments(statement: &str) -> Option<String> {
    let open = tokens(statement)
        .into_iter()
        .find(|token| token.kind == TokenKind::Punctuation && token.text(statement) == "(")?;
    let text = explain(statement.get(open.start..)?);
    text.get(explain("").len()..)
        .map(|text| text.trim().trim_end_matches(';').to_owned())
}

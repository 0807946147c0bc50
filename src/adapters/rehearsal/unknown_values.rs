//! Values that are known only when a statement runs, where it is planned before: NULL in their stead
//! would be folded together with all that is strict about it, and with subqueries in there the tables that
//! they read (PostgreSQL source, `planner.c`, `preprocess_expression`: constants are folded before
//! sublinks are planned). A subquery of no rows is not looked through.

use std::fmt::Write as _;

use super::need::{Row, cell};
use crate::adapters::session::Session;
use crate::domain::diagnosis::trial::explain;
use crate::domain::failure::Failure;
use crate::domain::sql::lexer::{TokenKind, tokens};

const BEFORE: &str = "SAVEPOINT pgiam_values";
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_values";

/// What tells the types that the server sees in the parameters; those that a name in the role's
/// reach must tell are left out. A prepared statement outlives the transaction.
const TYPES: &str = "SELECT CASE WHEN n.nspname = 'pg_catalog' AND t.typtype <> 'p' \
     THEN pg_catalog.format_type(t.oid, NULL) END \
     FROM pg_catalog.pg_prepared_statements s, unnest(s.parameter_types) WITH ORDINALITY AS p(kind, place) \
     JOIN pg_catalog.pg_type t ON t.oid = p.kind JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     WHERE s.name = 'pgiam_values' ORDER BY p.place";

/// How a statement with parameters, `$1`, is planned so that nothing that it looks at is lost, along the
/// search path that is set; `None` where the server cannot tell.
pub(super) async fn planned(
    session: &Session,
    statement: &str,
) -> Result<Option<(String, Vec<String>)>, Failure> {
    let parameter = |kind| kind == TokenKind::Parameter;
    if !tokens(statement).iter().any(|token| parameter(token.kind)) {
        return Ok(None);
    }
    let prepare = format!("PREPARE pgiam_values AS {statement}");
    let _ = session.query(BEFORE).await?;
    let mut found = None;
    if session.query(&prepare).await.is_ok() {
        let types = session.query(TYPES).await;
        let _ = session.query("DEALLOCATE pgiam_values").await;
        if let Ok(types) = types {
            let text = explain(&of_no_rows(statement, &types.rows));
            if let Ok(plan) = session.query(&text).await {
                found = Some((text, plan.rows.into_iter().flatten().flatten().collect()));
            }
        }
    }
    let _ = session.query(BACK).await?;
    Ok(found)
}

/// The statement with subqueries for the parameters whose types are known.
fn of_no_rows(statement: &str, types: &[Row]) -> String {
    let mut text = String::new();
    let mut from = 0;
    for token in tokens(statement) {
        let number = (token.kind == TokenKind::Parameter)
            .then(|| token.text(statement).trim_start_matches('$'))
            .and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
        let kind = number.and_then(|at| types.get(at)).map(|row| cell(row, 0));
        let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
            continue;
        };
        text.push_str(statement.get(from..token.start).unwrap_or_default());
        // The cast makes it a value also in ANY ($1), where a subquery would be rows.
        let _ = write!(text, "((SELECT NULL::{kind})::{kind})");
        from = token.end;
    }
    text.push_str(statement.get(from..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_known_types_become_subqueries() {
        let types = [vec![Some("integer".to_owned())], vec![None]];
        assert_eq!(
            of_no_rows("select $1 < (select v from cfg) and f($2) and $3", &types),
            "select ((SELECT NULL::integer)::integer) < (select v from cfg) and f($2) and $3"
        );
    }
}

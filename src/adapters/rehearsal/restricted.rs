//! What is refused to everybody while a materialized view is filled, an index built or a table analyzed.

use super::stage::Stage;
use super::written::fired_by;
use crate::domain::diagnosis::building::building;
use crate::domain::diagnosis::restricted::{Forbidden, forbidden};
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::{NotByGrant, NotByGrantKind};
use crate::domain::failure::Failure;
use crate::domain::sql::words::Words;

/// Whether the functions that a statement calls run in a security-restricted operation (PostgreSQL
/// source, `matview.c`, `RefreshMatViewByOid`; `createas.c`, `ExecCreateTableAs`; `index.c`, `index_build`;
/// `analyze.c`, `do_analyze_rel`).
pub(super) fn restricts(statement: &str) -> bool {
    let words = Words::of_statement(statement);
    let fills = words.is(0, "create") && words.is(1, "materialized");
    let last = words.len().saturating_sub(1);
    let filled = fills && !(words.is(last, "data") && words.is(last.saturating_sub(1), "no"));
    filled || building(statement).is_some()
}

/// What of a body's statement is refused there.
pub(super) async fn refused(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Forbidden>, Failure> {
    if let Some(told) = forbidden(statement) {
        return Ok(Some(told));
    }
    for wanted in wants(statement).relations {
        let Some(triggers) = fired_by(&wanted) else {
            continue;
        };
        let sql = format!(
            "{} SELECT FROM target c JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid \
             WHERE t.tgdeferrable AND t.tginitdeferred AND {} LIMIT 1",
            triggers.target, triggers.fires
        );
        if !stage.session.query(&sql).await?.rows.is_empty() {
            return Ok(Some(Forbidden::Deferred));
        }
    }
    Ok(None)
}

/// What is told of it, with the name of the body.
pub(super) fn barred(what: &Forbidden, body: &str) -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::System,
        explanation: format!(
            "{body} {}: PostgreSQL refuses that to everybody, superusers too, while a materialized view \
             is filled, an index is built or a table is analyzed. No grant helps; the function has to do \
             without it.",
            what.deed()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fills_a_view_restricts() {
        for sql in [
            "refresh materialized view concurrently m",
            "REFRESH MATERIALIZED VIEW m WITH DATA;",
            "create materialized view m as select f()",
            "create index on t (f(a))",
            "analyze t",
        ] {
            assert!(restricts(sql), "{sql}");
        }
        for sql in [
            "refresh materialized view m with no data",
            "create materialized view m as select f() with no data;",
            "create table t as select f()",
        ] {
            assert!(!restricts(sql), "{sql}");
        }
    }
}

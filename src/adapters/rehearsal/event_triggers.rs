//! Event triggers: what a definition sets off. While trying they are silent, for their functions may leave
//! something behind; what those ask for is read from their bodies.
//!
//! Source: PostgreSQL documentation, "Event Triggers" and the matrix of what fires them.

use crate::adapters::session::Session;
use crate::domain::diagnosis::trial::planned_query;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use crate::domain::sql::words::Words;

/// Words between the verb and the kind of object, which tags of commands leave out.
const MODIFIERS: [&str; 11] = [
    "or",
    "replace",
    "unlogged",
    "temp",
    "temporary",
    "local",
    "global",
    "unique",
    "recursive",
    "constraint",
    "trusted",
];

/// Kinds that belong to the whole cluster: they fire no event triggers, nor do event triggers themselves.
const SHARED: [&str; 8] = [
    "role",
    "group",
    "database",
    "tablespace",
    "parameter",
    "system",
    "event",
    "user",
];

/// What becomes of event triggers while trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Events {
    /// There are none.
    None,
    /// They are silenced once.
    Silent,
    /// They are silenced for each trial, as until 16: rules and other triggers are silent then as well.
    SilentWithRules,
    /// They would be heard: who looks may not silence them.
    Heard,
}

/// What can be done about them.
pub(super) async fn events(session: &Session) -> Result<Events, Failure> {
    let sql = "SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtenabled IN ('O', 'A') LIMIT 1";
    if session.query(sql).await?.rows.is_empty() {
        return Ok(Events::None);
    }
    let (silencing, done) = if session.facts().version.major() < 17 {
        (SILENT_WITH_RULES, Events::SilentWithRules)
    } else {
        (SILENT, Events::Silent)
    };
    let allowed = session.query(&format!("BEGIN; {silencing}")).await.is_ok();
    let _ = session.query("ROLLBACK").await?;
    Ok(if allowed { done } else { Events::Heard })
}

/// Silences them, from 17 on.
pub(super) const SILENT: &str = "SET LOCAL event_triggers = off";

/// Silences them before, by the role of replication.
pub(super) const SILENT_WITH_RULES: &str = "SET LOCAL session_replication_role = replica";

/// Lets all be heard again after that.
pub(super) const HEARD: &str = "SET LOCAL session_replication_role TO DEFAULT";

/// Which functions `p` a statement sets off by event triggers; `None` where it is of no kind that does.
pub(super) fn fired(statement: &str, major: u32) -> Option<String> {
    let tag = tag(statement, major)?;
    let drops = tag.starts_with("DROP") || statement.to_lowercase().contains("drop");
    let rewrites = ["ALTER TABLE", "ALTER MATERIALIZED VIEW", "ALTER TYPE"]
        .iter()
        .any(|alters| tag.starts_with(alters));
    Some(format!(
        "p.oid IN (SELECT e.evtfoid FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled IN ('O', 'A') \
         AND (e.evtevent IN ('ddl_command_start', 'ddl_command_end') OR {drops} AND e.evtevent = 'sql_drop' \
         OR {rewrites} AND e.evtevent = 'table_rewrite') \
         AND (e.evttags IS NULL OR EXISTS (SELECT FROM unnest(e.evttags) t WHERE {tag} = t \
         OR starts_with({tag}, t || ' '))))",
        tag = literal(&tag)
    ))
}

/// The tag of a definition, with words behind it.
fn tag(statement: &str, major: u32) -> Option<String> {
    const VERBS: [&str; 10] = [
        "create", "alter", "drop", "comment", "grant", "revoke", "security", "refresh", "import",
        "select",
    ];
    let words = Words::of_statement(statement);
    if !words.is_any(0, &VERBS) {
        return None;
    }
    let makes = planned_query(statement, major).is_some();
    if words.is(0, "select") {
        return (makes && words.find("into").is_some()).then(|| "SELECT INTO".to_owned());
    }
    let on = words.find("on");
    let gives = words.is_any(0, &["grant", "revoke"]);
    let of_cluster = |at: usize| words.is_any(at, &SHARED) && !words.is(at + 1, "mapping");
    if gives && on.is_none_or(|on| of_cluster(on + 1)) {
        return None;
    }
    let kind = (1..words.len()).find(|at| !words.is_any(*at, &MODIFIERS))?;
    if !gives && of_cluster(kind) {
        return None;
    }
    let mut told = vec![words.text(0).to_uppercase()];
    if !gives {
        told.extend((kind..words.len().min(kind + 3)).map(|at| words.text(at).to_uppercase()));
    }
    if makes && words.is(kind, "table") {
        told.truncate(2);
        told.push("AS".to_owned());
    }
    Some(told.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_called_by_their_tags() {
        for (sql, told) in [
            ("create table t (a int)", Some("CREATE TABLE T (")),
            (
                "create unlogged table t as select 1",
                Some("CREATE TABLE AS"),
            ),
            ("select 1 as a into t", Some("SELECT INTO")),
            ("select 1", None),
            (
                "create or replace function f() returns int",
                Some("CREATE FUNCTION F ("),
            ),
            ("grant select on t to a", Some("GRANT")),
            ("grant a to b", None),
            ("grant connect on database d to b", None),
            ("create role r", None),
            (
                "alter user mapping for a server s",
                Some("ALTER USER MAPPING FOR"),
            ),
            ("insert into t values (1)", None),
        ] {
            assert_eq!(tag(sql, 17).as_deref(), told, "{sql}");
        }
    }
}

//! How a statement is tried without letting it happen.
//!
//! Whatever reads or writes rows is only planned: EXPLAIN checks privileges when the executor starts
//! and executes nothing (PostgreSQL source, `execMain.c`, `InitPlan`). Definitions run for real in a
//! transaction that is rolled back, and only those whose work is undone with it.

mod table;

pub(super) use table::indexes;

use super::report::ObjectKind;
use crate::domain::sql::classify::{Block, classify};
use crate::domain::sql::keywords::is_keyword;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};
use crate::domain::sql::words::{Words, closing};
use table::{index, table_change};

/// The texts to send, in order, or why it cannot be tried.
pub type Trial = Result<Vec<String>, &'static str>;

/// What stands before a statement that is only planned.
pub const EXPLAIN: &str = "EXPLAIN (VERBOSE, COSTS OFF) ";

/// What stands behind the names of a TRUNCATE that is tried: all names are looked at, one after the
/// other, before any table is emptied, and this one nobody may empty (PostgreSQL source,
/// `tablecmds.c`, `RangeVarCallbackForTruncate`). The second is for who names the first.
const BARRIERS: [(&str, &str); 2] = [
    (", pg_catalog.pg_class", "\"pg_class\""),
    (", pg_catalog.pg_type", "\"pg_type\""),
];

/// Whether a failure says that a key was refused for what rehearsing adds to it, past the owner: before 18
/// keys of partitioned tables know no NOT VALID (PostgreSQL source, `tablecmds.c`,
/// `ATAddForeignKeyConstraint`).
#[must_use]
pub fn key_passed(text: &str, message: &str) -> bool {
    is_key(text) && message.starts_with("cannot add NOT VALID foreign key on partitioned table")
}

/// Whether a text adds a foreign key without looking at rows.
#[must_use]
pub fn is_key(text: &str) -> bool {
    text.ends_with(" NOT VALID") && text.to_lowercase().contains("foreign key")
}

/// What the server calls the name that holds a text up; `None` for a text that nothing holds up.
#[must_use]
pub fn held_up_by(text: &str) -> Option<&'static str> {
    BARRIERS
        .iter()
        .find(|(barrier, _)| text.ends_with(barrier))
        .map(|(_, name)| *name)
}

/// How to try one statement on a server of a major version.
pub fn trial(sql: &str, major: u32) -> Trial {
    let words = words(sql);
    let first = word(sql, &words, 0);
    let has = |wanted: &str| words.iter().any(|token| token.is(sql, wanted));
    let concurrently = has("index") && has("concurrently") && first != "reindex";
    // What does not connect makes no slot either, and may run in a transaction block.
    let unconnected = first == "create" && has("subscription") && has("connect") && has("false");
    if classify(sql).block == Block::Refused && !concurrently && !unconnected {
        return Err("the statement refuses to run in a transaction block");
    }
    if let Some(shape) = select_into(sql, &words) {
        return Ok(vec![explain(sql), shape]);
    }
    match first.as_str() {
        "select" | "insert" | "update" | "delete" | "merge" | "with" | "values" | "table" | "(" => {
            Ok(vec![explain(sql)])
        }
        "explain" | "prepare" => query_in(sql, &words)
            .map_or(Err("nothing in it can be planned"), |query| {
                Ok(vec![explain(query)])
            }),
        // Planned where it was prepared.
        "execute" | "deallocate" | "fetch" | "move" | "close" => Ok(Vec::new()),
        // One that outlives its transaction locks no rows, whoever asks (PostgreSQL source, `analyze.c`,
        // `transformDeclareCursorStmt`).
        "declare" if has("hold") => Ok(vec![explain(sql)]),
        "declare" => words
            .iter()
            .position(|token| token.is(sql, "for"))
            .and_then(|at| query_in(sql, words.get(at..)?))
            .map_or(Err("nothing in it can be planned"), |query| {
                Ok(vec![explain(query)])
            }),
        "copy" => copy(sql, &words),
        "truncate" => Ok(vec![truncation(sql, &words)]),
        "refresh" => Ok(vec![unfilled(sql, &words)]),
        "create" if creates_from_query(sql, &words) => Ok(created(sql, &words, major)),
        "create" if indexes(sql, &words) => index(sql, &words),
        "alter" if word(sql, &words, 1) == "table" => Ok(table_change(sql, &words)),
        "create" if has("extension") => Err("it runs a script of its own"),
        "create" | "drop" if has("subscription") && !has("connect") => {
            Err("it would connect to the publisher")
        }
        "create" | "alter" if draws(sql, &words) => Err("it would draw values from a sequence"),
        "drop" if concurrently => Ok(vec![without(sql, &words, "concurrently")]),
        "create" | "alter" | "drop" | "comment" | "grant" | "revoke" | "lock" | "set" | "reset"
        | "security" | "reassign" | "show" | "listen" | "unlisten" | "notify" => {
            Ok(vec![sql.to_owned()])
        }
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            Ok(Vec::new())
        }
        // What no command begins with, the server refuses before anything happens.
        unknown if !is_keyword(unknown) => Ok(vec![sql.to_owned()]),
        _ => Err("trying it could have effects that no rollback undoes"),
    }
}

/// A TRUNCATE that is held up before it empties anything.
fn truncation(sql: &str, words: &[Token]) -> String {
    let options = ["restart", "continue", "cascade", "restrict", ";"];
    let end = words
        .iter()
        .find(|token| options.iter().any(|option| token.is(sql, option)))
        .map_or(sql.len(), |token| token.start);
    let names = sql.get(..end).unwrap_or_default();
    let [(first, _), (second, _)] = BARRIERS;
    let barrier = if names.to_lowercase().contains("pg_class") {
        second
    } else {
        first
    };
    // A comment at the end would swallow what follows.
    format!("{}\n{barrier}", names.trim_end())
}

/// `CREATE TABLE … AS` without rows: its query is only planned, and not even that where no rows are
/// asked for.
fn created(sql: &str, words: &[Token], major: u32) -> Vec<String> {
    let last = |back: usize| {
        let at = words.len().checked_sub(back)?;
        Some((word(sql, words, at), words.get(at)?.start))
    };
    let ends_with = |back: usize, wanted: &str| {
        last(back)
            .filter(|(word, _)| word == wanted)
            .map(|(_, start)| start)
    };
    if ends_with(1, "data").is_some() && ends_with(2, "no").is_some() {
        return vec![sql.to_owned()];
    }
    let shape = ends_with(1, "data")
        .and(ends_with(2, "with"))
        .and_then(|start| sql.get(..start));
    let shape = shape.unwrap_or(sql).trim_end();
    let (filled, empty) = (explain(shape), format!("{shape} WITH NO DATA"));
    // From 17 on a materialized view is made empty and then refreshed (PostgreSQL source,
    // `createas.c`, `ExecCreateTableAs`): where it is to be is asked for before what it reads.
    if major >= 17 && word(sql, words, 1) == "materialized" {
        let undone = [EMPTY, &empty, NOT_EMPTY].map(str::to_owned);
        return undone.into_iter().chain([filled]).collect();
    }
    vec![filled, empty]
}

/// Around what is undone before the next text: EXPLAIN refuses what exists, and a table keeps its name.
const EMPTY: &str = "SAVEPOINT pgiam_empty";
const NOT_EMPTY: &str = "ROLLBACK TO SAVEPOINT pgiam_empty";

/// The tokens that mean something.
fn words(sql: &str) -> Vec<Token> {
    Words::of(sql).all
}

/// `SELECT … INTO table` as the CREATE TABLE it is, without rows.
fn select_into(sql: &str, words: &[Token]) -> Option<String> {
    if !["select", "with"].contains(&word(sql, words, 0).as_str()) {
        return None;
    }
    let mut depth = 0_i32;
    let into = words.iter().enumerate().position(|(at, token)| {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let writes = ["insert", "merge"].contains(&word(sql, words, at.wrapping_sub(1)).as_str());
        depth == 0 && token.is(sql, "into") && !writes
    })?;
    let mut at = into + 1;
    let mut kind = "";
    loop {
        match word(sql, words, at).as_str() {
            "temp" | "temporary" => kind = "TEMPORARY ",
            "unlogged" => kind = "UNLOGGED ",
            "table" => {}
            _ => break,
        }
        at += 1;
    }
    let start = words.get(at)?.start;
    while word(sql, words, at + 1) == "." {
        at += 2;
    }
    let end = words.get(at)?.end;
    let name = sql.get(start..end)?;
    let before = sql.get(..words.get(into)?.start)?;
    let after = sql.get(end..)?;
    Some(format!(
        "CREATE {kind}TABLE {name} AS {before}{after} WITH NO DATA"
    ))
}

/// Whether a change of a table calls what moves a sequence on; rolling back does not undo it. A
/// default that is only stored calls nothing, and a sequence made just now is gone afterwards.
fn draws(sql: &str, words: &[Token]) -> bool {
    word(sql, words, 0) == "alter"
        && words
            .iter()
            .any(|token| token.is(sql, "nextval") || token.is(sql, "setval"))
}

/// The statement without one word.
fn without(sql: &str, words: &[Token], unwanted: &str) -> String {
    let Some(token) = words.iter().find(|token| token.is(sql, unwanted)) else {
        return sql.to_owned();
    };
    let (before, after) = (sql.get(..token.start), sql.get(token.end..));
    format!(
        "{}{}",
        before.unwrap_or_default(),
        after.unwrap_or_default()
    )
}

/// The lower-case text of one token.
#[must_use]
pub fn word(sql: &str, words: &[Token], at: usize) -> String {
    words
        .get(at)
        .map(|token| token.text(sql).to_lowercase())
        .unwrap_or_default()
}

/// The lower-case text of a statement's nth word.
#[must_use]
pub fn word_at(sql: &str, at: usize) -> String {
    word(sql, &words(sql), at)
}

/// REFRESH that fills nothing: the query would run. CONCURRENTLY needs no further privilege, but the
/// data.
fn unfilled(sql: &str, words: &[Token]) -> String {
    let filling = words.iter().rfind(|token| token.is(sql, "with"));
    let head = filling.and_then(|with| sql.get(..with.start));
    let plain = without(head.unwrap_or(sql), words, "concurrently");
    format!("{} WITH NO DATA", plain.trim_end())
}

/// What a GRANT or REVOKE of privileges is about; `None` for other statements and for roles.
#[must_use]
pub fn granted_kind(sql: &str) -> Option<ObjectKind> {
    let words = words(sql);
    let first = word(sql, &words, 0);
    let defaults = first == "alter" && word(sql, &words, 1) == "default";
    if !(first == "grant" || first == "revoke") || defaults {
        return None;
    }
    let on = words.iter().position(|token| token.is(sql, "on"))?;
    let all = word(sql, &words, on + 1) == "all";
    let next = word(sql, &words, on + 1 + usize::from(all));
    Some(match next.as_str() {
        "schema" => ObjectKind::Schema,
        "database" => ObjectKind::Database,
        "sequence" | "sequences" => ObjectKind::Sequence,
        "function" | "functions" | "routine" | "routines" => ObjectKind::Function,
        "procedure" | "procedures" => ObjectKind::Procedure,
        "type" | "domain" => ObjectKind::Type,
        "language" => ObjectKind::Language,
        "large" => ObjectKind::LargeObject,
        "tablespace" => ObjectKind::Tablespace,
        "parameter" => ObjectKind::Parameter,
        "foreign" if word(sql, &words, on + 2) == "server" => ObjectKind::ForeignServer,
        "foreign" => ObjectKind::ForeignDataWrapper,
        _ => ObjectKind::Table,
    })
}

/// Planned, not executed. A driver's parameters become NULL: privileges do not depend on values.
#[must_use]
pub fn explain(sql: &str) -> String {
    let mut text = String::from(EXPLAIN);
    let mut from = 0;
    for token in tokens(sql) {
        if token.kind == TokenKind::Parameter {
            text.push_str(sql.get(from..token.start).unwrap_or_default());
            text.push_str("NULL");
            from = token.end;
        }
    }
    text.push_str(sql.get(from..).unwrap_or_default());
    text
}

/// From the first word that begins a query, so that EXPLAIN ANALYZE never analyses.
fn query_in<'a>(sql: &'a str, words: &[Token]) -> Option<&'a str> {
    let begins = [
        "select", "insert", "update", "delete", "merge", "with", "values", "create",
    ];
    let token = words
        .iter()
        .find(|token| begins.iter().any(|begin| token.is(sql, begin)))?;
    sql.get(token.start..)
}

/// The query by which a statement is planned, alone: of EXPLAIN, DECLARE, COPY, CREATE TABLE … AS too.
#[must_use]
pub fn planned_query(sql: &str, major: u32) -> Option<String> {
    let text = trial(sql, major)
        .ok()?
        .into_iter()
        .find_map(|text| text.strip_prefix(EXPLAIN).map(str::to_owned))?;
    let words = words(&text);
    if word(&text, &words, 0) != "create" {
        return Some(text);
    }
    let begins = ["select", "with", "values", "table", "("];
    let query = words.windows(2).find_map(|pair| {
        let [before, first] = pair else { return None };
        let begins = begins.iter().any(|begin| first.is(&text, begin));
        (before.is(&text, "as") && begins).then_some(first.start)
    })?;
    text.get(query..).map(str::to_owned)
}

/// `CREATE TABLE … AS` and `CREATE MATERIALIZED VIEW` run a query.
pub(super) fn creates_from_query(sql: &str, words: &[Token]) -> bool {
    let materialized = word(sql, words, 1) == "materialized";
    let table = words.iter().take(4).any(|token| token.is(sql, "table"));
    // `GENERATED ALWAYS AS (…)` stands among the columns.
    let mut depth = 0_i32;
    let query = words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        match first.text(sql) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0
            && first.is(sql, "as")
            && (second.text(sql) == "("
                || ["select", "with", "values", "table"]
                    .iter()
                    .any(|begin| second.is(sql, begin)))
    });
    materialized || (table && query)
}

/// COPY asks for the same privileges as a SELECT or INSERT of the same columns (`copy.c`, `DoCopy`).
/// What it takes to use a file or a program of the server is looked up.
fn copy(sql: &str, words: &[Token]) -> Trial {
    const UNKNOWN: &str = "it is no COPY the server knows";
    let part = |from: usize, to: usize| sql.get(from..to).unwrap_or_default().trim();
    let begin = if word(sql, words, 1) == "(" {
        closing(sql, words, 1).ok_or(UNKNOWN)?
    } else {
        1
    };
    let direction = (begin..words.len())
        .find(|at| ["to", "from"].contains(&word(sql, words, *at).as_str()))
        .ok_or(UNKNOWN)?;
    let (Some(first), Some(to)) = (words.get(1), words.get(direction)) else {
        return Err(UNKNOWN);
    };
    if first.text(sql) == "(" {
        let end = words.get(begin).map_or(first.end, |token| token.start);
        return Ok(vec![explain(part(first.end, end))]);
    }
    let open = (1..direction).find(|at| word(sql, words, *at) == "(");
    let table_end = open
        .and_then(|at| words.get(at))
        .map_or(to.start, |token| token.start);
    let table = part(first.start, table_end);
    let columns = part(table_end, to.start)
        .trim_start_matches('(')
        .trim_end_matches(')');
    if to.is(sql, "to") {
        return Ok(vec![explain(&if columns.is_empty() {
            format!("TABLE {table}")
        } else {
            format!("SELECT {columns} FROM {table}")
        })]);
    }
    let condition = words
        .iter()
        .find(|token| token.is(sql, "where"))
        .map_or_else(String::new, |token| {
            let condition = part(token.start, sql.len());
            format!(" WHERE EXISTS (SELECT FROM {table} {condition})")
        });
    let (list, values) = if columns.is_empty() {
        (String::new(), format!("(NULL::{table}).*"))
    } else {
        let commas = words
            .iter()
            .take(direction)
            .filter(|token| token.text(sql) == ",")
            .count();
        (format!(" ({columns})"), vec!["NULL"; commas + 1].join(", "))
    };
    Ok(vec![explain(&format!(
        "INSERT INTO {table}{list} OVERRIDING SYSTEM VALUE SELECT {values}{condition}"
    ))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_touches_rows_is_executed() {
        for sql in [
            "select 1",
            "EXPLAIN ANALYZE delete from t",
            "copy t (a) to stdout",
        ] {
            let texts = trial(sql, 16).unwrap();
            assert!(
                texts
                    .iter()
                    .all(|text| text.starts_with("EXPLAIN (VERBOSE, COSTS OFF)")),
                "{texts:?}"
            );
            assert!(!texts.concat().contains("ANALYZE"));
        }
    }

    #[test]
    fn what_every_row_would_get_is_planned_for_none() {
        assert_eq!(
            trial(
                "alter table s.t add column z bigint default nextval('x.q') not null",
                16
            )
            .unwrap(),
            [
                "alter table s.t ADD COLUMN pgiam_rehearsal_probe bigint",
                "EXPLAIN (VERBOSE, COSTS OFF) SELECT nextval('x.q')",
            ]
        );
        assert_eq!(
            trial("alter table only s.t add check (x.f(a))", 16).unwrap(),
            [
                "alter table only s.t RESET (fillfactor)",
                "SELECT pg_catalog.to_regclass('x.pgiam_rehearsal_probe')",
                "EXPLAIN (VERBOSE, COSTS OFF) SELECT (x.f(a)) FROM only s.t",
            ]
        );
        assert_eq!(
            trial("alter table s.t alter a type text using x.g(a)", 16).unwrap(),
            [
                "alter table s.t ADD COLUMN pgiam_rehearsal_probe text",
                "EXPLAIN (VERBOSE, COSTS OFF) SELECT x.g(a) FROM s.t",
            ]
        );
    }

    #[test]
    fn keys_of_new_columns_look_at_no_row() {
        assert_eq!(
            trial(
                "alter table s.t add column \"A a\" int not null references s.u (id) on delete cascade, \
                 add b int, add constraint k foreign key (b) references v;",
                16
            )
            .unwrap(),
            [
                "alter table s.t ADD COLUMN IF NOT EXISTS \"A a\" int, ADD COLUMN IF NOT EXISTS b int",
                "SELECT pg_catalog.to_regclass('s.pgiam_rehearsal_probe')",
                "alter table s.t ADD FOREIGN KEY (\"A a\") references s.u (id) NOT VALID",
                "alter table s.t add constraint k foreign key (b) references v NOT VALID",
            ]
        );
    }

    #[test]
    fn an_index_is_placed_beside_its_table() {
        let tried = trial("create index on \"My t\" (a)", 16).unwrap();
        let [owned, before, path, made, after] = tried.as_slice() else {
            panic!("{tried:#?}");
        };
        assert_eq!(owned, "ALTER TABLE \"My t\" RESET (fillfactor)");
        assert!(path.contains("to_regclass('\"My t\"')"), "{path}");
        assert_eq!(made, "CREATE TABLE pgiam_rehearsal_probe ()");
        assert_eq!([before, after], [EMPTY, NOT_EMPTY]);
    }

    #[test]
    fn a_generated_column_is_no_query() {
        for sql in [
            "create table t (a int, b int generated always as (a * 2) stored)",
            "create temp table t (a int generated always as identity)",
        ] {
            assert_eq!(trial(sql, 18).unwrap(), [sql]);
        }
        assert_eq!(
            trial("create table t (a) as (select 1)", 18).unwrap().len(),
            2
        );
    }

    #[test]
    fn schemas_behind_the_table_are_looked_into() {
        assert_eq!(
            trial("create index on s.t using gin (a \"E x\".ops, t.b)", 16).unwrap(),
            [
                "ALTER TABLE s.t RESET (fillfactor)",
                "CREATE TABLE s.pgiam_rehearsal_probe ()",
                "SELECT pg_catalog.to_regclass('\"E x\".pgiam_rehearsal_probe')",
            ]
        );
        assert_eq!(
            trial("alter table only s.t add column e ext.citext unique", 16).unwrap(),
            [
                "alter table only s.t RESET (fillfactor)",
                "SELECT pg_catalog.to_regclass('ext.pgiam_rehearsal_probe')",
                "SAVEPOINT pgiam_empty",
                "alter table only s.t RENAME TO pgiam_rehearsal_probe",
                "ROLLBACK TO SAVEPOINT pgiam_empty",
            ]
        );
    }

    #[test]
    fn what_no_rollback_undoes_is_not_tried() {
        for sql in ["call p()", "do $$ begin end $$", "vacuum t"] {
            assert!(trial(sql, 16).is_err(), "{sql}");
        }
        for (sql, text) in [
            (
                "copy t (a) to '/x'",
                "EXPLAIN (VERBOSE, COSTS OFF) SELECT a FROM t",
            ),
            (
                "truncate t, s.u restart identity",
                "truncate t, s.u\n, pg_catalog.pg_class",
            ),
        ] {
            assert_eq!(trial(sql, 16).unwrap(), [text]);
        }
    }

    #[test]
    fn parameters_of_a_driver_become_null() {
        assert_eq!(
            trial("select a from t where b = $1 and c = '$2'", 16).unwrap(),
            ["EXPLAIN (VERBOSE, COSTS OFF) select a from t where b = NULL and c = '$2'"]
        );
    }

    #[test]
    fn nothing_builds_an_index_or_reads_a_table() {
        assert_eq!(
            trial(
                "create unique index concurrently i on only s.t (a) tablespace x",
                16
            )
            .unwrap(),
            [
                "ALTER TABLE s.t RESET (fillfactor)",
                "CREATE TABLE s.pgiam_rehearsal_probe () TABLESPACE x",
            ]
        );
        assert_eq!(
            trial(
                "alter table if exists s.t add primary key (id) using index tablespace x",
                16
            )
            .unwrap(),
            [
                "alter table if exists s.t RESET (fillfactor)",
                "CREATE TABLE s.pgiam_rehearsal_probe () TABLESPACE x",
            ]
        );
        for (sql, tried) in [
            (
                "alter table s.t add primary key using index i",
                "alter table s.t RESET (fillfactor)",
            ),
            (
                "alter table s.t alter a set not null",
                "alter table s.t ADD CONSTRAINT pgiam_rehearsal_probe CHECK (true) NOT VALID",
            ),
            (
                "alter table s.t add check (a > 0) no inherit",
                "alter table s.t RESET (fillfactor)",
            ),
            (
                "alter table s.t alter column a type s.mood using a::s.mood",
                "alter table s.t ADD COLUMN pgiam_rehearsal_probe s.mood",
            ),
            (
                "alter table t add foreign key (a) references u (b)",
                "alter table t add foreign key (a) references u (b) NOT VALID",
            ),
            (
                "alter table t add column z int",
                "alter table t add column z int",
            ),
            ("alter table t owner to x", "alter table t owner to x"),
        ] {
            assert_eq!(trial(sql, 16).unwrap(), [tried], "{sql}");
        }
    }

    #[test]
    fn a_view_is_refreshed_without_its_query() {
        for sql in [
            "refresh materialized view s.v",
            "refresh materialized view s.v with data",
            "refresh materialized view s.v WITH NO DATA",
        ] {
            let tried = "refresh materialized view s.v WITH NO DATA";
            assert_eq!(trial(sql, 16).unwrap(), [tried], "{sql}");
        }
        assert_eq!(
            trial("refresh materialized view concurrently v with data", 16).unwrap(),
            ["refresh materialized view  v WITH NO DATA"]
        );
    }

    #[test]
    fn rows_of_a_new_table_are_left_out() {
        assert_eq!(
            trial("create table x as table t with no data", 16).unwrap(),
            ["create table x as table t with no data"]
        );
        assert_eq!(
            trial("create table x as select 1 with data", 16).unwrap(),
            [
                "EXPLAIN (VERBOSE, COSTS OFF) create table x as select 1",
                "create table x as select 1 WITH NO DATA",
            ]
        );
    }

    #[test]
    fn materialized_views_are_made_empty_first_from_17_on() {
        let empty = "create materialized view x as select 1 WITH NO DATA";
        let filled = "EXPLAIN (VERBOSE, COSTS OFF) create materialized view x as select 1";
        let sql = "create materialized view x as select 1 with data";
        assert_eq!(trial(sql, 16).unwrap(), [filled, empty]);
        assert_eq!(trial(sql, 17).unwrap(), [EMPTY, empty, NOT_EMPTY, filled]);
    }

    #[test]
    fn select_into_is_tried_as_the_table_it_creates() {
        assert_eq!(
            trial("select id into temp s.x from s.t", 16).unwrap(),
            [
                "EXPLAIN (VERBOSE, COSTS OFF) select id into temp s.x from s.t",
                "CREATE TEMPORARY TABLE s.x AS select id  from s.t WITH NO DATA",
            ]
        );
    }

    #[test]
    fn transaction_control_is_left_out_and_concurrently_not_needed() {
        assert_eq!(trial("begin", 16).unwrap(), Vec::<String>::new());
        assert_eq!(
            trial("drop index concurrently i", 16).unwrap(),
            ["drop index  i"]
        );
    }

    #[test]
    fn a_grant_tells_what_it_is_about() {
        for (sql, kind) in [
            ("grant select on s.t to x", Some(ObjectKind::Table)),
            ("GRANT USAGE ON SCHEMA s TO x", Some(ObjectKind::Schema)),
            (
                "grant select on all tables in schema s to x",
                Some(ObjectKind::Table),
            ),
            (
                "revoke usage on foreign server f from x",
                Some(ObjectKind::ForeignServer),
            ),
            ("grant readers to x", None),
            ("select 1", None),
        ] {
            assert_eq!(granted_kind(sql), kind, "{sql}");
        }
    }

    #[test]
    fn copy_from_asks_for_the_columns_it_fills() {
        assert_eq!(
            trial("copy s.t (a, b) from stdin", 16).unwrap(),
            [
                "EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO s.t (a, b) OVERRIDING SYSTEM VALUE SELECT NULL, NULL"
            ]
        );
        assert_eq!(
            trial("copy s.t from stdin where a > 1", 16).unwrap(),
            [
                "EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO s.t OVERRIDING SYSTEM VALUE \
                 SELECT (NULL::s.t).* WHERE EXISTS (SELECT FROM s.t where a > 1)"
            ]
        );
        assert_eq!(
            trial("copy (select a from t) to stdout", 16).unwrap(),
            ["EXPLAIN (VERBOSE, COSTS OFF) select a from t"]
        );
    }
}

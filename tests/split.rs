//! The splitter on text that is cut or damaged anywhere: it never fails, and its ranges stay ordered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unused_results
)]

use pgiam::domain::sql::split::{statement_at, statements};

const SCRIPT: &str = r#"-- a comment; with a semicolon
select 'it''s; quoted', E'back\'slash;', U&'d\0061t', $tag$ body; $$ $tag$, "na;me""x" from "Ünï" /* a /* b; */ c */;
create function f() returns int begin atomic select case when true then 1 end; select 2; end;
create rule r as on insert to t do also (insert into a values (1); delete from b);
select :v, :'w', :"x", $1, 1e-5, a::int, 日本 from t where b @> '{"k": ";"}';
begin; update t set a = 1; end;
"#;

fn check(sql: &str) {
    let mut done = 0;
    for range in statements(sql) {
        assert!(
            done <= range.start && range.start < range.end,
            "{range:?} in {sql:?}"
        );
        assert!(
            sql.get(range.clone()).is_some(),
            "{range:?} cuts a character of {sql:?}"
        );
        done = range.end;
    }
    let _ = statement_at(sql, sql.len() / 2);
}

#[test]
fn the_script_is_split_as_psql_would() {
    let found: Vec<&str> = statements(SCRIPT)
        .into_iter()
        .map(|range| &SCRIPT[range])
        .collect();
    assert_eq!(found.len(), 7, "{found:#?}");
    assert!(found[1].ends_with("select 2; end"));
    assert!(found[2].ends_with("delete from b)"));
    assert_eq!(found[4..], ["begin", "update t set a = 1", "end"]);
}

#[test]
fn every_prefix_is_split() {
    for (at, _) in SCRIPT.char_indices() {
        check(&SCRIPT[..at]);
    }
}

#[test]
fn every_deletion_is_split() {
    for (at, character) in SCRIPT.char_indices() {
        check(&format!(
            "{}{}",
            &SCRIPT[..at],
            &SCRIPT[at + character.len_utf8()..]
        ));
    }
}

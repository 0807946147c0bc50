//! What a question before CASCADE tells, against what the server then takes along.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::adapters::session::Session;
use pgiam::domain::sql::cascade::question;
use pgiam::domain::sql::danger::hazards;

const OBJECTS: &str = "
CREATE SCHEMA cas; SET search_path = cas;
CREATE TABLE a (id serial PRIMARY KEY, x int); CREATE TABLE b (id int REFERENCES a);
CREATE VIEW v1 AS SELECT * FROM a; CREATE VIEW v2 AS SELECT * FROM v1;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM v2; CREATE TYPE ty AS ENUM ('q');
CREATE TABLE typed (k int, t ty); CREATE VIEW typed_t AS SELECT t FROM typed; CREATE VIEW typed_k AS SELECT k FROM typed; CREATE FUNCTION f(a) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE p (k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p DEFAULT;
CREATE TABLE heir () INHERITS (a); SET search_path = public;";

/// Kind, number and names, as the question's answer has them.
async fn told(session: &Session, statement: &str) -> Vec<String> {
    let sql = question(&hazards(statement)).unwrap();
    let answer = session.query(&sql).await.unwrap();
    let mut lines: Vec<String> = answer
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap()).collect();
            cells.join(" ")
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn what_cascade_takes_is_told() {
    let session = support::session::superuser(support::cluster(), "postgres").await;
    session.query(OBJECTS).await.unwrap();
    // The server: `drop cascades to 6 other objects`.
    assert_eq!(
        told(&session, "DROP TABLE cas.a CASCADE").await,
        [
            "foreign key 1 cas.b (b_id_fkey)",
            "function 1 cas.f(cas.a)",
            "materialized view 1 cas.mv",
            "table 1 cas.heir",
            "view 2 cas.v1, cas.v2",
        ]
    );
    assert_eq!(
        told(&session, "TRUNCATE cas.a CASCADE").await,
        ["table 1 cas.b"]
    );
    assert_eq!(
        told(&session, "DROP VIEW cas.v1 CASCADE").await,
        ["materialized view 1 cas.mv", "view 1 cas.v2"]
    );
    assert_eq!(
        told(&session, "DROP TYPE cas.ty CASCADE").await,
        ["column 1 cas.typed.t", "view 1 cas.typed_t"]
    );
    let whole = told(&session, "DROP SCHEMA cas CASCADE").await;
    assert!(
        whole.contains(&"view 4 cas.typed_k, cas.typed_t, cas.v1, cas.v2".to_owned())
            && whole.contains(&"function 1 cas.f(cas.a)".to_owned()),
        "{whole:?}"
    );
    session.query("DROP SCHEMA cas CASCADE").await.unwrap();
}

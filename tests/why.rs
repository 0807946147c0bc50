//! Refusals reproduced on a real server: explained, mended with the first fix, tried again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::adapters::rehearsal::Rehearse;
use pgiam::adapters::session::Session;
use pgiam::domain::diagnosis::{NotByGrantKind, Outcome, Verdict};
use support::why::{ask, why};

const OBJECTS: &str = r#"
CREATE ROLE owner_of_s;
CREATE ROLE "Ann O'Neil" LOGIN;
CREATE SCHEMA s AUTHORIZATION owner_of_s;
SET ROLE owner_of_s;
CREATE TABLE s.t (id int PRIMARY KEY, a text, b text);
CREATE TABLE s.ser (id serial PRIMARY KEY, v text);
CREATE TABLE s.idn (id int GENERATED ALWAYS AS IDENTITY, v text);
CREATE TABLE s."My Table" ("Id" int, "Full Name" text);
CREATE VIEW s.v AS SELECT id, a FROM s.t;
CREATE VIEW s.lost AS SELECT id FROM s.t;
CREATE SEQUENCE s.seq;
CREATE FUNCTION s.f(int, text) RETURNS int LANGUAGE sql AS 'SELECT $1';
REVOKE EXECUTE ON FUNCTION s.f FROM PUBLIC;
RESET ROLE;
CREATE ROLE viewer;
ALTER VIEW s.lost OWNER TO viewer;
GRANT USAGE ON SCHEMA s TO viewer;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE why FROM PUBLIC;
"#;

const ANN: &str = "Ann O'Neil";

/// What a rehearsal must leave as it was.
async fn state(session: &Session) -> Vec<Vec<Option<String>>> {
    let sql = "SELECT md5(string_agg(c::text, '' ORDER BY c.oid)), \
               (SELECT md5(string_agg(n::text, '' ORDER BY n.oid)) FROM pg_namespace n), \
               (SELECT md5(string_agg(a.attacl::text, '' ORDER BY attrelid, attnum)) FROM pg_attribute a), \
               (SELECT last_value::text || is_called FROM s.seq), \
               (SELECT last_value::text || is_called FROM s.ser_id_seq) FROM pg_class c \
               WHERE relnamespace <> 'pg_catalog'::regnamespace";
    session.query(sql).await.unwrap().rows
}

const GRANTS: &[(&str, &[&str])] = &[
    (
        "SELECT id, a FROM s.t",
        &[
            r#"GRANT USAGE ON SCHEMA s TO "Ann O'Neil""#,
            r#"GRANT SELECT (id, a) ON TABLE s.t TO "Ann O'Neil""#,
        ],
    ),
    (
        "SELECT * FROM s.t",
        &[r#"GRANT SELECT (b) ON TABLE s.t TO "Ann O'Neil""#],
    ),
    (
        "UPDATE s.t SET a = 'x' WHERE id = 1",
        &[r#"GRANT UPDATE (a) ON TABLE s.t TO "Ann O'Neil""#],
    ),
    (
        "DELETE FROM s.t",
        &[r#"GRANT DELETE ON TABLE s.t TO "Ann O'Neil""#],
    ),
    (
        "SELECT * FROM s.v",
        &[r#"GRANT SELECT (id, a) ON TABLE s.v TO "Ann O'Neil""#],
    ),
    (
        "SELECT id FROM s.lost",
        &[
            r#"GRANT SELECT (id) ON TABLE s.lost TO "Ann O'Neil""#,
            "GRANT SELECT (id) ON TABLE s.t TO viewer",
        ],
    ),
    (
        "INSERT INTO s.ser (v) VALUES ('x')",
        &[
            r#"GRANT INSERT (v) ON TABLE s.ser TO "Ann O'Neil""#,
            r#"GRANT USAGE ON SEQUENCE s.ser_id_seq TO "Ann O'Neil""#,
        ],
    ),
    (
        "INSERT INTO s.idn (v) VALUES ('x')",
        &[r#"GRANT INSERT (v) ON TABLE s.idn TO "Ann O'Neil""#],
    ),
    (
        "SELECT nextval('s.seq')",
        &[r#"GRANT USAGE ON SEQUENCE s.seq TO "Ann O'Neil""#],
    ),
    (
        "SELECT s.f(1, 'x')",
        &[r#"GRANT EXECUTE ON FUNCTION s.f(integer, text) TO "Ann O'Neil""#],
    ),
    (
        r#"SELECT "Full Name" FROM s."My Table""#,
        &[r#"GRANT SELECT ("Full Name") ON TABLE s."My Table" TO "Ann O'Neil""#],
    ),
    (
        "CREATE TABLE public.mine (a int)",
        &[r#"GRANT CREATE ON SCHEMA public TO "Ann O'Neil""#],
    ),
    (
        "CREATE SCHEMA mine",
        &[r#"GRANT CREATE ON DATABASE why TO "Ann O'Neil""#],
    ),
    (
        "CREATE TEMPORARY TABLE x (a int)",
        &[r#"GRANT TEMPORARY ON DATABASE why TO "Ann O'Neil""#],
    ),
];

#[tokio::test]
async fn the_first_fix_is_the_least_and_makes_it_pass() {
    support::database("why");
    support::cluster().execute("why", OBJECTS).unwrap();
    let session = support::superuser_session("why").await;

    for (statement, fix) in GRANTS {
        let before = state(&session).await;
        let report = why(&session, ANN, statement).await;
        assert_eq!(state(&session).await, before, "{statement} left something");
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(report.fixes[0].statements, *fix, "{statement}: {report:#?}");
        assert_eq!(report.fixes[0].verdict, Verdict::Proven, "{statement}");
        assert!(!report.fixes[0].run_as.is_empty());
        for grant in &report.fixes[0].statements {
            session.query(grant).await.unwrap();
        }
        let run = format!(
            r#"BEGIN; SET LOCAL SESSION AUTHORIZATION "Ann O'Neil"; {statement}; ROLLBACK"#
        );
        session
            .query(&run)
            .await
            .unwrap_or_else(|failure| panic!("{statement}: {failure:?}"));
        let again = why(&session, ANN, statement).await;
        assert_eq!(again.outcome, Outcome::Allowed, "{statement}: {again:#?}");
    }

    let owned = why(&session, ANN, "ALTER TABLE s.t ADD z int").await;
    assert_eq!(owned.not_by_grant.unwrap().kind, NotByGrantKind::Ownership);
    // From 16 on a membership can be narrower than it used to be.
    let options = match session.facts().version.major() {
        ..16 => "",
        16.. => " WITH INHERIT TRUE, SET FALSE",
    };
    assert_eq!(
        owned.fixes[0].statements,
        [format!(r#"GRANT owner_of_s TO "Ann O'Neil"{options}"#)]
    );

    let role = why(&session, ANN, "CREATE ROLE other").await;
    assert_eq!(
        role.fixes[0].statements,
        [r#"ALTER ROLE "Ann O'Neil" CREATEROLE"#]
    );

    let unknown = why(&session, ANN, "SELECT * FROM s.nowhere").await;
    assert_eq!(unknown.outcome, Outcome::Failed);

    session
        .query("REVOKE CONNECT ON DATABASE why FROM PUBLIC")
        .await
        .unwrap();
    let connect = ask(&session, ANN, None, Rehearse::Never).await;
    assert_eq!(
        connect.fixes[0].statements,
        [r#"GRANT CONNECT ON DATABASE why TO "Ann O'Neil""#]
    );

    let derived = ask(&session, ANN, Some("DELETE FROM s.ser"), Rehearse::Never).await;
    assert_eq!(derived.fixes[0].verdict, Verdict::Expected);
    assert_eq!(
        derived.fixes[0].statements,
        [r#"GRANT DELETE ON TABLE s.ser TO "Ann O'Neil""#]
    );
}

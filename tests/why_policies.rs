//! Rows that a statement would write, held against row-level security before they are written, and
//! compared with what the server says when they are.

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

use pgiam::domain::diagnosis::{NotByGrantKind, Outcome};
use support::why::{said, why};

const TABLES: &str = "CREATE ROLE keeper; CREATE ROLE writer LOGIN; \
    CREATE TABLE kinds (id int PRIMARY KEY, name text); INSERT INTO kinds VALUES (11, 'novel'), (44, 'manga'); \
    CREATE TABLE doc (id int PRIMARY KEY, kind int, author text, a int DEFAULT 1, twice int GENERATED ALWAYS AS (a * 2) STORED); \
    INSERT INTO doc VALUES (1, 11, 'writer', 1), (2, 44, 'other', 2), (3, 11, 'other', 3); \
    ALTER TABLE kinds OWNER TO keeper; ALTER TABLE doc OWNER TO keeper; ALTER TABLE doc ENABLE ROW LEVEL SECURITY; \
    CREATE POLICY r ON doc FOR SELECT USING (true); \
    CREATE POLICY i ON doc FOR INSERT WITH CHECK (author = current_user); \
    CREATE POLICY w ON doc FOR UPDATE USING (kind = (SELECT k.id FROM kinds k WHERE k.name = 'novel')) \
    WITH CHECK (author = current_user); \
    CREATE POLICY small ON doc AS RESTRICTIVE USING (true) WITH CHECK (twice < 100); \
    CREATE VIEW papers AS SELECT author AS by, id, kind FROM doc; ALTER VIEW papers OWNER TO keeper; \
    ALTER TABLE doc FORCE ROW LEVEL SECURITY; \
    GRANT SELECT ON kinds TO writer, keeper; GRANT SELECT, INSERT, UPDATE, DELETE ON doc, papers TO writer; \
    CREATE TABLE sealed (id int); ALTER TABLE sealed OWNER TO keeper; ALTER TABLE sealed ENABLE ROW LEVEL SECURITY; \
    GRANT INSERT ON sealed TO writer; CREATE SEQUENCE drawn; GRANT USAGE ON SEQUENCE drawn TO writer; \
    CREATE TABLE signed (id int, author text); ALTER TABLE signed OWNER TO keeper; ALTER TABLE signed ENABLE ROW LEVEL SECURITY; \
    CREATE POLICY own ON signed WITH CHECK (author = current_user); GRANT INSERT ON signed TO writer; \
    CREATE FUNCTION sign() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.author := current_user; RETURN NEW; END'; \
    CREATE TRIGGER sign BEFORE INSERT ON signed FOR EACH ROW EXECUTE FUNCTION sign(); \
    CREATE TABLE tenants (id int, tenant text); ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; \
    CREATE POLICY own ON tenants USING (tenant = current_setting('app.tenant', true)); GRANT ALL ON tenants TO writer";

const WRITTEN: &[&str] = &[
    "INSERT INTO doc VALUES (9, (SELECT id FROM kinds WHERE name = 'novel'), 'writer')",
    "INSERT INTO doc VALUES (9, (SELECT id FROM kinds WHERE name = 'novel'), 'other')",
    "INSERT INTO doc (id, author, a) VALUES (9, 'writer', 49)",
    "INSERT INTO doc (id, author, a) VALUES (9, 'writer', 50)",
    "INSERT INTO doc (id, kind, author) SELECT k.id, k.id, upper('w') || substr('writer', 2) FROM kinds k",
    "INSERT INTO doc (id, author) SELECT * FROM (VALUES (8, 'writer')) AS v",
    "INSERT INTO doc (id, author) SELECT * FROM (VALUES (8, 'other')) AS v",
    "WITH k AS (SELECT id FROM kinds LIMIT 1) INSERT INTO doc (id, author) SELECT id, 'other' FROM k",
    "WITH k AS (SELECT id FROM kinds LIMIT 1) INSERT INTO doc (id, author) SELECT id, 'writer' FROM k",
    "WITH new AS (INSERT INTO doc VALUES (21, 11, 'other') RETURNING id) SELECT * FROM new",
    "WITH new AS (UPDATE doc SET kind = kind + 1 RETURNING id) SELECT * FROM new",
    "WITH new AS (UPDATE doc SET kind = kind + 1 WHERE id = 1 RETURNING id) SELECT * FROM new",
    "INSERT INTO doc VALUES (2, 1, 'writer') ON CONFLICT (id) DO UPDATE SET kind = (SELECT min(id) FROM kinds)",
    "INSERT INTO doc VALUES (1, 1, 'writer') ON CONFLICT (id) DO UPDATE SET kind = (SELECT min(id) FROM kinds)",
    "INSERT INTO doc VALUES (1, 1, 'writer') ON CONFLICT (id) DO UPDATE SET author = 'other'",
    "UPDATE doc SET (kind, author) = (SELECT k.id, 'other' FROM kinds k WHERE k.name = 'manga') WHERE id = 1",
    "UPDATE doc SET (kind, author) = (SELECT k.id, 'writer' FROM kinds k WHERE k.name = 'manga') WHERE id = 1",
    "UPDATE doc SET (a, author) = (60, 'writer') WHERE id = 1",
    "UPDATE doc SET author = k.name FROM kinds k WHERE k.id = doc.kind",
    "UPDATE doc SET author = 'writer' FROM kinds k WHERE k.id = doc.kind",
    "INSERT INTO papers (id, by) VALUES (7, 'writer')",
    "INSERT INTO papers (id, by) VALUES (7, 'other')",
    "INSERT INTO papers VALUES ('other', 7)",
    "UPDATE papers SET kind = 44 WHERE id = 1",
    "UPDATE papers SET by = 'other' WHERE id = 1",
    "UPDATE papers SET by = 'other' WHERE id = 2",
    "UPDATE papers AS p SET kind = k.id FROM kinds k WHERE p.kind = k.id AND p.id < 3",
    "UPDATE papers AS p SET kind = k.id FROM kinds k WHERE p.kind = k.id",
    "DELETE FROM doc",
    "INSERT INTO tenants VALUES (1, 'x')",
    "SET LOCAL app.tenant = 'x'; INSERT INTO tenants VALUES (1, 'x')",
    "SET LOCAL app.tenant = 'x'; INSERT INTO tenants VALUES (1, 'y')",
    "SELECT set_config('app.tenant', 'x', true); INSERT INTO tenants VALUES (1, 'x')",
    "INSERT INTO sealed SELECT id FROM kinds WHERE id > 99",
    "INSERT INTO sealed SELECT id FROM kinds",
];

/// A role that may be become already, and stands above the policies, is named; nothing is granted.
#[tokio::test]
async fn who_may_become_one_that_passes_is_told() {
    support::database("why_becoming");
    let setup = "CREATE ROLE above BYPASSRLS; CREATE ROLE beside; CREATE ROLE joined LOGIN; \
        GRANT above, beside TO joined; CREATE TABLE kept (id int); ALTER TABLE kept ENABLE ROW LEVEL SECURITY; \
        GRANT INSERT ON kept TO above, beside, joined";
    support::cluster().execute("why_becoming", setup).unwrap();
    let session = support::superuser_session("why_becoming").await;
    let report = why(&session, "joined", "INSERT INTO kept VALUES (1)").await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(report.fixes.is_empty(), "{report:#?}");
    let told: Vec<&str> = report
        .because
        .iter()
        .map(|reason| reason.text.as_str())
        .filter(|text| text.contains("SET ROLE"))
        .collect();
    assert_eq!(
        told,
        ["joined may SET ROLE above, which row-level security lets pass; it is not inherited"]
    );
}

#[tokio::test]
async fn rows_are_refused_before_they_are_written() {
    support::database("why_policies");
    support::cluster().execute("why_policies", TABLES).unwrap();
    let session = support::superuser_session("why_policies").await;
    let mut refused = 0;
    for statement in WRITTEN {
        let said = said(&session, "writer", &[], statement).await;
        let report = why(&session, "writer", statement).await;
        let outcome = if said.is_some() {
            Outcome::Refused
        } else {
            Outcome::Allowed
        };
        assert_eq!(report.outcome, outcome, "{statement}: {report:#?}");
        assert_eq!(
            report.not_by_grant.map(|reason| reason.kind),
            said.is_some().then_some(NotByGrantKind::RowLevelSecurity),
            "{statement}"
        );
        assert_eq!(
            report.refusal.map(|failure| failure.message),
            said,
            "{statement}"
        );
        refused += usize::from(outcome == Outcome::Refused);
    }
    assert!((8..WRITTEN.len() - 8).contains(&refused), "{refused}");

    // A trigger rewrites the row before the policy sees it; what draws from a sequence is not run.
    for statement in [
        "INSERT INTO signed VALUES (1, 'nobody')",
        "INSERT INTO doc (id, author) VALUES (nextval('drawn'), 'writer')",
    ] {
        let report = why(&session, "writer", statement).await;
        assert_eq!(report.outcome, Outcome::Allowed, "{statement}: {report:#?}");
        assert!(
            report.headline.contains("row-level security of public."),
            "{statement}: {report:#?}"
        );
    }
    let drawn = session.query("SELECT is_called FROM drawn").await.unwrap();
    assert_eq!(drawn.rows, [[Some("f".to_owned())]]);
}

//! Refusals that PostgreSQL's own regression suite provokes, on a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::adapters::rehearsal::Rehearse;
use pgiam::domain::diagnosis::{NotByGrantKind, Outcome};
use support::why::{ask, first_fix, for_version, said, why};

const OBJECTS: &str = r"
CREATE ROLE asker LOGIN;
CREATE ROLE maker;
CREATE SCHEMA s AUTHORIZATION maker;
CREATE SCHEMA own AUTHORIZATION asker;
GRANT USAGE ON SCHEMA s TO asker;
SET ROLE maker;
CREATE TABLE s.t (id int PRIMARY KEY, a text);
CREATE TABLE s.parted (a int PRIMARY KEY) PARTITION BY LIST (a);
CREATE TYPE s.span AS RANGE (subtype = int);
REVOKE USAGE ON TYPE s.span FROM PUBLIC;
CREATE SEQUENCE s.counter;
GRANT SELECT ON SEQUENCE s.counter TO asker;
CREATE SEQUENCE s.other;
RESET ROLE;
CREATE TABLE s.part PARTITION OF s.parted DEFAULT;
CREATE TABLE s.keyless (a int);
ALTER TABLE s.keyless OWNER TO asker;
CREATE TABLE own.mine (a int PRIMARY KEY, b int);
ALTER TABLE own.mine OWNER TO asker;
CREATE TABLE own.parted (a int PRIMARY KEY) PARTITION BY LIST (a);
ALTER TABLE own.parted OWNER TO asker;
CREATE TABLE own.part PARTITION OF own.parted DEFAULT;
ALTER TABLE own.part OWNER TO maker;
REVOKE EXECUTE ON FUNCTION pg_catalog.int8(integer) FROM PUBLIC;
SELECT lo_create(4242);
GRANT SELECT ON LARGE OBJECT 4242 TO asker;
SET SESSION AUTHORIZATION asker;
CREATE TABLE own.written (a int);
CREATE TABLE own.late (a int);
CREATE FUNCTION own.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON own.late INITIALLY DEFERRED
 FOR EACH ROW EXECUTE FUNCTION own.fires();
CREATE FUNCTION own.holds() RETURNS bool LANGUAGE sql AS
 'DECLARE c CURSOR WITH HOLD FOR SELECT count(*) FROM s.t; SELECT true';
CREATE FUNCTION own.waits() RETURNS bool LANGUAGE plpgsql AS
 'BEGIN INSERT INTO own.late VALUES (1); RETURN true; END';
CREATE FUNCTION own.keeps() RETURNS bool LANGUAGE plpgsql AS
 'BEGIN CREATE TEMP TABLE kept (a int); RETURN true; END';
CREATE FUNCTION own.becomes() RETURNS bool LANGUAGE plpgsql AS
 'BEGIN SET LOCAL ROLE asker; RETURN true; END';
CREATE FUNCTION own.writes() RETURNS bool LANGUAGE plpgsql AS
 'BEGIN INSERT INTO own.written VALUES (1); RETURN true; END';
CREATE FUNCTION own.peeks() RETURNS trigger LANGUAGE plpgsql AS
 'BEGIN PERFORM a FROM s.t; RETURN NEW; END';
CREATE FUNCTION own.explained(text) RETURNS SETOF text LANGUAGE plpgsql AS
 'DECLARE ln text; BEGIN FOR ln IN EXECUTE $1 LOOP RETURN NEXT ln; END LOOP; END';
CREATE MATERIALIZED VIEW own.holding AS SELECT own.holds() WITH NO DATA;
CREATE MATERIALIZED VIEW own.waiting AS SELECT own.waits() WITH NO DATA;
CREATE MATERIALIZED VIEW own.keeping AS SELECT own.keeps() WITH NO DATA;
CREATE MATERIALIZED VIEW own.becoming AS SELECT own.becomes() WITH NO DATA;
CREATE MATERIALIZED VIEW own.writing AS SELECT own.writes() WITH NO DATA;
RESET SESSION AUTHORIZATION;
";

/// As in `support::why::for_version`.
const FIXES: &[(&str, &[&str])] = &[
    (
        "CREATE TABLE own.x (a s.span[])",
        &["GRANT USAGE ON TYPE s.span TO asker"],
    ),
    (
        "CLUSTER own.parted USING parted_pkey",
        &["17 GRANT MAINTAIN ON TABLE own.part TO asker"],
    ),
    (
        "ALTER TABLE own.mine ALTER b TYPE bigint",
        &["GRANT EXECUTE ON FUNCTION pg_catalog.int8(integer) TO asker"],
    ),
    // The mode is a cast that calls no function.
    (
        "SELECT lowrite(lo_open(4242, x'20000'::int), 'abcd')",
        &["GRANT UPDATE ON LARGE OBJECT 4242 TO asker"],
    ),
    (
        "CREATE TABLE s.made (a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
        &["GRANT CREATE ON SCHEMA s TO asker"],
    ),
    // The index behind a key takes its place in the schema of the table.
    (
        "ALTER TABLE s.keyless ADD PRIMARY KEY (a)",
        &["GRANT CREATE ON SCHEMA s TO asker"],
    ),
    (
        "ALTER TABLE s.keyless ADD COLUMN b int DEFAULT abs(1), ADD UNIQUE (b)",
        &["GRANT CREATE ON SCHEMA s TO asker"],
    ),
    (
        "SET search_path = own, s; CREATE INDEX ON keyless (a)",
        &["GRANT CREATE ON SCHEMA s TO asker"],
    ),
    (
        "ALTER TABLE own.mine ADD COLUMN c int NOT NULL REFERENCES s.t (id)",
        &["GRANT REFERENCES (id) ON TABLE s.t TO asker"],
    ),
    (
        "ALTER TABLE own.parted ADD FOREIGN KEY (a) REFERENCES s.t",
        &["GRANT REFERENCES (id) ON TABLE s.t TO asker"],
    ),
    (
        "ALTER TABLE own.parted ADD CHECK (a > 0)",
        &["GRANT maker TO asker{inherit}"],
    ),
    (
        "SELECT own.explained('EXPLAIN (COSTS OFF) SELECT a FROM s.t')",
        &["GRANT SELECT (a) ON TABLE s.t TO asker"],
    ),
    (
        "SELECT currval('s.other')",
        &["GRANT USAGE ON SEQUENCE s.other TO asker"],
    ),
    (
        "VACUUM pg_catalog.pg_class",
        &[
            "<17 ALTER DATABASE why_regress OWNER TO asker",
            "17 GRANT MAINTAIN ON TABLE pg_catalog.pg_class TO asker",
        ],
    ),
    (
        "REINDEX (TABLESPACE elsewhere) TABLE own.mine",
        &["14 GRANT CREATE ON TABLESPACE elsewhere TO asker"],
    ),
    (
        "REINDEX (TABLESPACE elsewhere) TABLE s.t",
        &[
            "14 GRANT CREATE ON TABLESPACE elsewhere TO asker",
            "<17 GRANT maker TO asker{inherit}",
            "17 GRANT MAINTAIN ON TABLE s.t TO asker",
        ],
    ),
];

/// What fills a view may not do, and what is said of it.
const RESTRICTED: &[(&str, &str)] = &[
    (
        "REFRESH MATERIALIZED VIEW own.holding",
        "cannot create a cursor WITH HOLD",
    ),
    (
        "REFRESH MATERIALIZED VIEW own.waiting",
        "cannot fire deferred trigger",
    ),
    (
        "REFRESH MATERIALIZED VIEW own.keeping WITH DATA",
        "cannot create temporary table",
    ),
    (
        "REFRESH MATERIALIZED VIEW own.becoming",
        "cannot set parameter \"role\"",
    ),
    (
        "CREATE MATERIALIZED VIEW own.more AS SELECT own.keeps()",
        "cannot create temporary table",
    ),
];

#[tokio::test]
async fn refusals_of_the_suite_are_explained() {
    support::database("why_regress");
    support::cluster().execute("why_regress", OBJECTS).unwrap();
    let session = support::superuser_session("why_regress").await;
    let major = session.facts().version.major();
    session
        .query("SET allow_in_place_tablespaces = on")
        .await
        .ok();
    let placed = session
        .query("CREATE TABLESPACE elsewhere LOCATION ''")
        .await
        .is_ok();

    for (statement, fix) in FIXES {
        let expected = for_version(fix, major);
        if statement.contains("elsewhere") && !(placed && major >= 14) {
            continue;
        }
        let report = why(&session, "asker", statement).await;
        assert_eq!(first_fix(&report), expected, "{statement}: {report:#?}");
    }

    // What is looked up without trying is what the rehearsal finds.
    for statement in [
        "ALTER TABLE own.mine ADD COLUMN c int REFERENCES s.t",
        "CREATE TABLE own.x (a int, FOREIGN KEY (a) REFERENCES s.t (id))",
    ] {
        let looked_up = ask(&session, "asker", Some(statement), Rehearse::Never).await;
        assert_eq!(
            first_fix(&looked_up),
            ["GRANT REFERENCES (id) ON TABLE s.t TO asker"],
            "{statement}: {looked_up:#?}"
        );
    }

    let superuser = session.facts().user.clone();
    for role in ["asker", superuser.as_str()] {
        for (statement, message) in RESTRICTED {
            let report = why(&session, role, statement).await;
            let message = format!("{message} within security-restricted operation");
            assert_eq!(
                said(&session, role, &[], statement).await.as_ref(),
                Some(&message),
                "{statement}"
            );
            assert_eq!(
                report.refusal.map(|refusal| refusal.message),
                Some(message),
                "{statement}"
            );
            assert_eq!(report.outcome, Outcome::Refused, "{statement}");
            assert_eq!(
                report.not_by_grant.map(|reason| reason.kind),
                Some(NotByGrantKind::System),
                "{statement}"
            );
            assert!(report.fixes.is_empty(), "{statement}");
        }
    }
    for statement in [
        "REFRESH MATERIALIZED VIEW own.writing",
        "REFRESH MATERIALIZED VIEW own.holding WITH NO DATA",
        "SELECT own.keeps()",
        "SELECT currval('s.counter')",
        // What is only named does not run.
        "DROP FUNCTION own.peeks()",
        "COMMENT ON FUNCTION own.peeks() IS 'x'",
        "CREATE TRIGGER peeks BEFORE INSERT ON own.written FOR EACH ROW EXECUTE FUNCTION own.peeks()",
    ] {
        let report = why(&session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Allowed, "{statement}: {report:#?}");
    }

    shared_catalogs_are_a_superusers_before_maintain(&session, major).await;
    a_catalog_is_reindexed_by_its_owner(&session, major).await;
    a_role_gives_itself_away_no_more(&session, major).await;
}

/// The owner of the database may vacuum its catalogs, and rebuild none of their indexes by name.
async fn a_catalog_is_reindexed_by_its_owner(
    session: &pgiam::adapters::session::Session,
    major: u32,
) {
    let statement = "REINDEX INDEX pg_class_oid_index";
    let report = why(session, "asker", statement).await;
    if major >= 17 {
        assert_eq!(
            first_fix(&report),
            ["GRANT MAINTAIN ON TABLE pg_catalog.pg_class TO asker"]
        );
        return;
    }
    assert_eq!(
        report.refusal.map(|refusal| refusal.message),
        said(session, "asker", &[], statement).await
    );
    assert_eq!(
        report.not_by_grant.map(|reason| reason.kind),
        Some(NotByGrantKind::Superuser)
    );
    assert!(report.fixes.is_empty());
}

/// Until 14 a role administers itself when it is the session's; nobody can be made to (PostgreSQL source,
/// `user.c`, `AddRoleMems`).
async fn a_role_gives_itself_away_no_more(session: &pgiam::adapters::session::Session, major: u32) {
    let report = why(session, "asker", "GRANT asker TO maker").await;
    let refused = said(session, "asker", &[], "GRANT asker TO maker").await;
    assert_eq!(refused.is_some(), report.outcome == Outcome::Refused);
    let fix: &[&str] = match major {
        15 => &["ALTER ROLE asker CREATEROLE"],
        _ => &[],
    };
    assert_eq!(first_fix(&report), fix, "{report:#?}");
}

async fn shared_catalogs_are_a_superusers_before_maintain(
    session: &pgiam::adapters::session::Session,
    major: u32,
) {
    let report = why(session, "asker", "ANALYZE pg_catalog.pg_authid").await;
    assert_eq!(report.outcome, Outcome::Refused, "{report:#?}");
    if major >= 17 {
        assert_eq!(
            first_fix(&report),
            ["GRANT MAINTAIN ON TABLE pg_catalog.pg_authid TO asker"]
        );
        return;
    }
    assert_eq!(
        report.not_by_grant.map(|reason| reason.kind),
        Some(NotByGrantKind::Superuser)
    );
    let said = report.refusal.map(|refusal| refusal.message);
    assert!(said.is_some_and(|said| said.contains("\"pg_authid\"")));
}

/// Until 13 who fills a new table needs INSERT on it, which default privileges may take from its maker.
#[tokio::test]
async fn tables_that_their_maker_may_not_fill() {
    support::database("why_unfillable");
    let setup = "CREATE ROLE fills LOGIN; CREATE SCHEMA vats; GRANT USAGE, CREATE ON SCHEMA vats TO fills; \
        ALTER DEFAULT PRIVILEGES FOR ROLE fills REVOKE INSERT ON TABLES FROM fills";
    support::cluster().execute("why_unfillable", setup).unwrap();
    let session = support::superuser_session("why_unfillable").await;
    for statement in [
        "CREATE TABLE vats.one AS SELECT 1 AS a",
        "SELECT 1 AS a INTO vats.two",
    ] {
        let refused = said(&session, "fills", &[], statement).await.is_some();
        let report = why(&session, "fills", statement).await;
        assert_eq!(report.outcome == Outcome::Refused, refused, "{report:#?}");
        let fixes = first_fix(&report);
        assert_eq!(fixes.len(), usize::from(refused));
        let grants: Vec<&str> = fixes.iter().map(String::as_str).collect();
        assert_eq!(said(&session, "fills", &grants, statement).await, None);
    }
}

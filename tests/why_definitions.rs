//! Refusals of definitions, grants, roles, maintenance and guarded commands on a real server: the
//! first fix is the least, and what no grant mends is told apart.

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
use pgiam::adapters::session::Session;
use pgiam::domain::diagnosis::{NotByGrantKind, Outcome};
use support::why::{ask, first_fix, for_version, why};

const OBJECTS: &str = r#"
CREATE ROLE asker LOGIN;
CREATE ROLE maker;
CREATE ROLE "Other Role";
CREATE SCHEMA s AUTHORIZATION maker;
GRANT USAGE ON SCHEMA s TO asker;
SET ROLE maker;
CREATE TABLE s.t (id int PRIMARY KEY, a text);
CREATE MATERIALIZED VIEW s.mv AS SELECT 1 AS one;
CREATE TYPE s.kind AS ENUM ('x');
REVOKE USAGE ON TYPE s.kind FROM PUBLIC;
CREATE SEQUENCE s.counted;
CREATE FUNCTION s.clears() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM s.t; RETURN 1; END';
CREATE FUNCTION s.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
REVOKE EXECUTE ON FUNCTION s.fires() FROM PUBLIC;
RESET ROLE;
CREATE SCHEMA own AUTHORIZATION asker;
CREATE TABLE own.mine (a int);
ALTER TABLE own.mine OWNER TO asker;
CREATE SCHEMA hidden;
GRANT USAGE ON SCHEMA hidden TO asker;
CREATE TABLE hidden.mine (a int);
ALTER TABLE hidden.mine OWNER TO asker;
CREATE TABLE public.made_by_superuser (a int);
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE s.made_by_superuser (a int);
CREATE OPERATOR public.### (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
CREATE TEXT SEARCH PARSER s.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE OPERATOR FAMILY s.family USING btree;
ALTER OPERATOR FAMILY s.family USING btree OWNER TO maker;
SELECT lo_create(4343);
GRANT SELECT ON LARGE OBJECT 4343 TO asker;
CREATE TABLE s.parted (a int) PARTITION BY LIST (a);
CREATE TABLE s.part PARTITION OF s.parted DEFAULT;
ALTER TABLE s.parted OWNER TO maker;
ALTER TABLE s.part OWNER TO "Other Role";
"#;

const PRIVILEGES_OF_MAKER: &str = "GRANT maker TO asker{inherit}";

/// A statement, and its fix. `{inherit}`, `{set}` and `{admin}` stand for the options of a
/// membership, which have words of their own from 16 on; a line that begins with a number holds from
/// that version on, one that begins with `<` and a number before it.
const FIXES: &[(&str, &[&str])] = &[
    (
        "CREATE TABLE public.x (a int)",
        &["GRANT CREATE ON SCHEMA public TO asker"],
    ),
    (
        "CREATE SCHEMA x",
        &["GRANT CREATE ON DATABASE why_definitions TO asker"],
    ),
    (
        "CREATE SCHEMA x AUTHORIZATION \"Other Role\"",
        &[
            "GRANT \"Other Role\" TO asker{set}",
            "GRANT CREATE ON DATABASE why_definitions TO asker",
        ],
    ),
    (
        "CREATE TABLE s.x (k s.kind, t int REFERENCES s.t (id))",
        &[
            "GRANT CREATE ON SCHEMA s TO asker",
            "GRANT USAGE ON TYPE s.kind TO asker",
            "GRANT REFERENCES (id) ON TABLE s.t TO asker",
        ],
    ),
    (
        "CREATE TRIGGER x BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.fires()",
        &[
            "GRANT TRIGGER ON TABLE s.t TO asker",
            "GRANT EXECUTE ON FUNCTION s.fires() TO asker",
        ],
    ),
    ("ALTER TABLE s.t ADD b int", &[PRIVILEGES_OF_MAKER]),
    ("DROP TABLE s.t", &[PRIVILEGES_OF_MAKER]),
    ("CREATE INDEX ON s.t (a)", &[PRIVILEGES_OF_MAKER]),
    (
        "CREATE POLICY p ON s.t USING (true)",
        &[PRIVILEGES_OF_MAKER],
    ),
    ("COMMENT ON COLUMN s.t.a IS 'x'", &[PRIVILEGES_OF_MAKER]),
    (
        "ALTER TABLE public.made_by_superuser ADD b int",
        &["ALTER TABLE public.made_by_superuser OWNER TO asker"],
    ),
    // The owner of a schema may drop whatever is in it, and no more.
    ("DROP TABLE s.made_by_superuser", &[PRIVILEGES_OF_MAKER]),
    (
        "DROP OPERATOR public.### (integer, integer)",
        &["ALTER OPERATOR public.### (integer, integer) OWNER TO asker"],
    ),
    // Parsers belong to nobody.
    ("DROP TEXT SEARCH PARSER s.parser", &[PRIVILEGES_OF_MAKER]),
    (
        "COMMENT ON OPERATOR FAMILY s.family USING btree IS 'x'",
        &[PRIVILEGES_OF_MAKER],
    ),
    (
        "CREATE DATABASE x OWNER = \"Other Role\" TABLESPACE = pg_default",
        &[
            "ALTER ROLE asker CREATEDB",
            "GRANT \"Other Role\" TO asker{set}",
            "GRANT CREATE ON TABLESPACE pg_default TO asker",
        ],
    ),
    (
        "ALTER DATABASE why_definitions SET TABLESPACE pg_default",
        &[
            "ALTER DATABASE why_definitions OWNER TO asker",
            "GRANT CREATE ON TABLESPACE pg_default TO asker",
        ],
    ),
    // The index of a key is made in the table's schema.
    (
        "ALTER TABLE hidden.mine ADD PRIMARY KEY (a)",
        &["GRANT CREATE ON SCHEMA hidden TO asker"],
    ),
    (
        "SELECT pg_ls_dir('base/../../somewhere')",
        &[
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO asker",
            "GRANT pg_read_server_files TO asker{inherit}",
        ],
    ),
    (
        "SELECT pg_ls_dir('base')",
        &["GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO asker"],
    ),
    (
        "SELECT * FROM pg_sequence_parameters('s.counted'::regclass)",
        &["GRANT USAGE ON SEQUENCE s.counted TO asker"],
    ),
    (
        "GRANT SELECT ON LARGE OBJECT 4343 TO \"Other Role\"",
        &["GRANT SELECT ON LARGE OBJECT 4343 TO asker WITH GRANT OPTION"],
    ),
    (
        "ANALYZE s.parted",
        &[
            "<17 GRANT maker TO asker{inherit}",
            "<17 GRANT \"Other Role\" TO asker{inherit}",
            "17 GRANT MAINTAIN ON TABLE s.parted TO asker",
            "17 GRANT MAINTAIN ON TABLE s.part TO asker",
        ],
    ),
    (
        "ALTER TABLE own.mine OWNER TO \"Other Role\"",
        &[
            "GRANT \"Other Role\" TO asker{set}",
            "GRANT CREATE ON SCHEMA own TO \"Other Role\"",
        ],
    ),
    (
        "ALTER TABLE own.mine SET SCHEMA s",
        &["GRANT CREATE ON SCHEMA s TO asker"],
    ),
    (
        "REASSIGN OWNED BY maker TO \"Other Role\"",
        &[
            "GRANT maker TO asker{inherit}",
            "<16 GRANT \"Other Role\" TO asker",
            "16 GRANT \"Other Role\" TO asker WITH INHERIT TRUE, SET TRUE",
            "GRANT CREATE ON DATABASE why_definitions TO asker",
        ],
    ),
    (
        "SET ROLE \"Other Role\"",
        &["GRANT \"Other Role\" TO asker{set}"],
    ),
    (
        "GRANT maker TO \"Other Role\"",
        &["GRANT maker TO asker{admin}"],
    ),
    (
        "GRANT SELECT (id) ON s.t TO \"Other Role\"",
        &["GRANT SELECT (id) ON TABLE s.t TO asker WITH GRANT OPTION"],
    ),
    // The server only warns that nothing was granted.
    (
        "GRANT CONNECT ON DATABASE why_definitions TO \"Other Role\"",
        &["GRANT CONNECT ON DATABASE why_definitions TO asker WITH GRANT OPTION"],
    ),
    (
        "DROP ROLE \"Other Role\"",
        &[
            "ALTER ROLE asker CREATEROLE",
            "16 GRANT \"Other Role\" TO asker{admin}",
        ],
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO PUBLIC",
        &[PRIVILEGES_OF_MAKER],
    ),
    (
        "REFRESH MATERIALIZED VIEW s.mv",
        &[
            "<17 GRANT maker TO asker{inherit}",
            "17 GRANT MAINTAIN ON TABLE s.mv TO asker",
        ],
    ),
    (
        "VACUUM s.t",
        &[
            "<17 GRANT maker TO asker{inherit}",
            "17 GRANT MAINTAIN ON TABLE s.t TO asker",
        ],
    ),
    (
        "SET log_statement = 'all'",
        &["15 GRANT SET ON PARAMETER log_statement TO asker"],
    ),
    (
        "SHOW data_directory",
        &["GRANT pg_read_all_settings TO asker{inherit}"],
    ),
    (
        "COPY (SELECT 1) TO PROGRAM 'true'",
        &["GRANT pg_execute_server_program TO asker{inherit}"],
    ),
    (
        "CREATE PUBLICATION p FOR TABLE s.t",
        &[
            PRIVILEGES_OF_MAKER,
            "GRANT CREATE ON DATABASE why_definitions TO asker",
        ],
    ),
];

/// What nobody is given by a grant, and why.
const BARRED: &[(&str, NotByGrantKind)] = &[
    (
        "CREATE PUBLICATION p FOR ALL TABLES",
        NotByGrantKind::Superuser,
    ),
    ("CREATE ROLE x SUPERUSER", NotByGrantKind::Superuser),
    (
        "ALTER TABLE pg_catalog.pg_class ADD x int",
        NotByGrantKind::System,
    ),
    ("DROP FUNCTION pg_catalog.now()", NotByGrantKind::System),
    ("TRUNCATE pg_class", NotByGrantKind::System),
    ("DROP TABLESPACE pg_default", NotByGrantKind::System),
    (
        "SET LOCAL SESSION AUTHORIZATION maker",
        NotByGrantKind::Superuser,
    ),
    (
        "SET session_authorization = maker",
        NotByGrantKind::Superuser,
    ),
    ("DO LANGUAGE c 'x'", NotByGrantKind::Superuser),
];

/// What fails whatever is granted.
const FAILED: &[&str] = &[
    "SET ROLE nobody_at_all",
    "SET shared_buffers = '1MB'",
    "CREATE EXTENSION earthdistance",
];

/// What needs nothing.
const ALLOWED: &[&str] = &[
    "LISTEN x",
    "SET work_mem = '8MB'",
    "ALTER TABLE own.mine ADD b int",
    "EXPLAIN SELECT s.clears()",
    "PREPARE p AS SELECT s.clears()",
    "DECLARE c CURSOR FOR SELECT s.clears()",
];

#[tokio::test]
async fn definitions_are_explained_in_the_words_of_the_version() {
    support::database("why_definitions");
    support::cluster()
        .execute("why_definitions", OBJECTS)
        .unwrap();
    let session = support::superuser_session("why_definitions").await;
    let major = session.facts().version.major();

    for (statement, fix) in FIXES {
        let report = why(&session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}: {report:#?}");
        assert_eq!(
            first_fix(&report),
            for_version(fix, major),
            "{statement}: {report:#?}"
        );
        assert!(!report.avoid.is_empty(), "{statement}");
    }
    for (statement, kind) in BARRED {
        let report = why(&session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}: {report:#?}");
        assert_eq!(
            report.not_by_grant.map(|reason| reason.kind),
            Some(*kind),
            "{statement}"
        );
        assert!(report.fixes.is_empty(), "{statement}");
    }
    let first = why(&session, "asker", "CREATE EXTENSION earthdistance CASCADE").await;
    assert_eq!(
        first.refusal.map(|failure| failure.message).as_deref(),
        Some("permission denied to create extension \"cube\"")
    );
    for statement in FAILED {
        let report = why(&session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Failed, "{statement}: {report:#?}");
    }
    for statement in ALLOWED {
        let report = why(&session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Allowed, "{statement}: {report:#?}");
    }

    // What is looked up without trying is what the rehearsal finds.
    for statement in [
        "CREATE TABLE public.x (a int)",
        "ALTER TABLE s.t ADD b int",
        "DROP TABLE s.t",
        "CREATE INDEX ON s.t (a)",
        "COMMENT ON COLUMN s.t.a IS 'x'",
        "REFRESH MATERIALIZED VIEW s.mv",
        "SET ROLE \"Other Role\"",
        "GRANT maker TO \"Other Role\"",
        "DROP ROLE \"Other Role\"",
        "VACUUM s.t",
    ] {
        let tried = why(&session, "asker", statement).await;
        let looked_up = ask(&session, "asker", Some(statement), Rehearse::Never).await;
        assert_eq!(
            first_fix(&looked_up),
            first_fix(&tried),
            "{statement}: {looked_up:#?}"
        );
    }

    // Who owns a schema may drop what others have in it.
    let make = "CREATE FUNCTION own.of_maker(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                ALTER FUNCTION own.of_maker(int) OWNER TO maker";
    session.query(make).await.unwrap();
    let drop = "DROP FUNCTION own.of_maker(int) CASCADE";
    let looked_up = ask(&session, "asker", Some(drop), Rehearse::Never).await;
    assert_eq!(looked_up.outcome, Outcome::Allowed, "{looked_up:#?}");

    // What is a superuser's and cannot be given away is told without trying, too.
    for statement in ["ALTER EXTENSION plpgsql UPDATE", "DROP EXTENSION plpgsql"] {
        let looked_up = ask(&session, "asker", Some(statement), Rehearse::Never).await;
        let kind = looked_up.not_by_grant.map(|reason| reason.kind);
        assert_eq!(kind, Some(NotByGrantKind::Ownership), "{statement}");
        assert!(looked_up.fixes.is_empty(), "{statement}");
    }

    a_limit_is_no_privilege(&session).await;
    nothing_is_proposed_that_rds_refuses(&session).await;
}

async fn a_limit_is_no_privilege(session: &Session) {
    session
        .query("ALTER ROLE asker CONNECTION LIMIT 0")
        .await
        .unwrap();
    let report = ask(session, "asker", None, Rehearse::Never).await;
    assert_eq!(report.outcome, Outcome::Failed, "{report:#?}");
    assert_eq!(first_fix(&report), ["ALTER ROLE asker CONNECTION LIMIT -1"]);
    session
        .query("ALTER ROLE asker CONNECTION LIMIT -1")
        .await
        .unwrap();
    let report = ask(session, "asker", None, Rehearse::Never).await;
    assert_eq!(report.outcome, Outcome::Allowed, "{report:#?}");
}

async fn nothing_is_proposed_that_rds_refuses(session: &Session) {
    let roles = "CREATE ROLE rds_superuser; CREATE ROLE rds_replication";
    session.query(roles).await.unwrap();
    for statement in [
        "ALTER SYSTEM SET work_mem = '1MB'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('PG_VERSION')",
    ] {
        let report = why(session, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert!(report.fixes.is_empty(), "{statement}: {report:#?}");
        let kind = report.not_by_grant.map(|reason| reason.kind);
        assert_eq!(kind, Some(NotByGrantKind::Superuser), "{statement}");
    }
    let slot = "SELECT pg_create_physical_replication_slot('x')";
    let report = why(session, "asker", slot).await;
    assert!(
        first_fix(&report)[0].starts_with("GRANT rds_replication TO asker"),
        "{report:#?}"
    );
    session.query("DROP ROLE rds_replication").await.unwrap();
    let report = why(session, "asker", slot).await;
    assert_eq!(report.outcome, Outcome::Refused, "{report:#?}");
    session.query("DROP ROLE rds_superuser").await.unwrap();
}

/// What a membership lacks is said by what it is for, and what REVOKE does not take back is told.
#[tokio::test]
async fn memberships_and_ownerships_are_told_truly() {
    support::database("why_told");
    support::cluster()
        .execute(
            "why_told",
            "CREATE ROLE told_asks LOGIN; CREATE ROLE told_other; CREATE ROLE told_readers; \
             GRANT told_readers TO told_asks; CREATE PUBLICATION told_changes; \
             CREATE TABLE told (a int); GRANT SELECT ON told TO told_other",
        )
        .unwrap();
    let session = support::superuser_session("why_told").await;
    let report = why(&session, "told_asks", "GRANT told_readers TO told_other").await;
    assert_eq!(
        report.headline,
        "told_asks lacks the ADMIN option on role told_readers"
    );
    let report = why(&session, "told_asks", "SET ROLE told_other").await;
    assert_eq!(report.headline, "told_asks may not SET ROLE told_other");
    let statement = "ALTER PUBLICATION told_changes ADD TABLE told";
    let report = why(&session, "told_asks", statement).await;
    assert_eq!(
        report.because[0].text,
        "told_asks does not own publication told_changes"
    );
    let report = why(
        &session,
        "told_asks",
        "REVOKE SELECT ON told FROM told_other",
    )
    .await;
    assert!(report.fixes[0].notes[0].starts_with("REVOKE takes back only what told_asks"));
}

/// An event trigger would write and draw from a sequence whenever something is granted or defined: it is
/// silent, and what its function asks for is found all the same.
#[tokio::test]
async fn event_triggers_leave_nothing_and_are_followed() {
    support::database("why_events");
    let setup = "CREATE ROLE defines LOGIN; CREATE SCHEMA yard; GRANT USAGE ON SCHEMA yard TO defines; \
        CREATE TABLE public.changes (id serial, what text, who text); \
        CREATE FUNCTION public.keep_change() RETURNS event_trigger LANGUAGE plpgsql AS $$ \
        DECLARE r record; BEGIN FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP \
        INSERT INTO public.changes (what) VALUES (r.object_identity); END LOOP; END $$; \
        CREATE EVENT TRIGGER keeps ON ddl_command_end EXECUTE FUNCTION public.keep_change()";
    support::cluster().execute("why_events", setup).unwrap();
    let session = support::superuser_session("why_events").await;
    let drawn = "SELECT last_value, is_called FROM public.changes_id_seq";
    let before = session.query(drawn).await.unwrap().rows;
    let report = why(&session, "defines", "CREATE TABLE yard.bench (a int)").await;
    assert_eq!(
        first_fix(&report),
        [
            "GRANT CREATE ON SCHEMA yard TO defines",
            "GRANT INSERT (what) ON TABLE public.changes TO defines",
            "GRANT USAGE ON SEQUENCE public.changes_id_seq TO defines",
        ],
        "{report:#?}"
    );
    let after = session.query(drawn).await.unwrap().rows;
    assert_eq!(before, after);
    // Rules are heard while queries are planned.
    let ruled = "CREATE TABLE yard.seen (a int); CREATE TABLE yard.kept (a int); \
        GRANT INSERT ON yard.seen TO defines; \
        CREATE RULE keep AS ON INSERT TO yard.seen DO ALSO INSERT INTO yard.kept VALUES (NEW.a); \
        CREATE ROLE rules; ALTER TABLE yard.seen OWNER TO rules; GRANT USAGE ON SCHEMA yard TO rules";
    support::cluster().execute("why_events", ruled).unwrap();
    let report = why(&session, "defines", "INSERT INTO yard.seen VALUES (1)").await;
    assert_eq!(
        first_fix(&report),
        ["GRANT INSERT (a) ON TABLE yard.kept TO rules"],
        "{report:#?}"
    );
}

/// What others have granted stays with a warning; the rest is dropped, and membership is enough for it.
#[tokio::test]
async fn drop_owned_takes_no_more_than_the_role() {
    support::database("why_owned");
    let setup = "CREATE ROLE drops LOGIN; CREATE ROLE leaving; CREATE ROLE giving; \
        CREATE TABLE given (id int); ALTER TABLE given OWNER TO giving; \
        SET ROLE giving; GRANT SELECT ON given TO leaving; RESET ROLE; \
        CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO leaving";
    support::cluster().execute("why_owned", setup).unwrap();
    let session = support::superuser_session("why_owned").await;
    let major = session.facts().version.major();
    let report = why(&session, "drops", "DROP OWNED BY leaving").await;
    assert_eq!(
        first_fix(&report),
        for_version(&["GRANT leaving TO drops{inherit}"], major),
        "{report:#?}"
    );
}

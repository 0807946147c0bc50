//! On whose behalf a thing is done: behind SET ROLE, under a function's SET clauses, for the rows of a
//! table that is indexed or analyzed, beside the partitions of a table.
//!
//! Each case is refused on a real server, explained, mended by the first fix, and tried again.

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
CREATE ROLE app LOGIN; CREATE ROLE w; GRANT w TO app; CREATE ROLE keeper; CREATE ROLE other LOGIN; CREATE ROLE near LOGIN;
CREATE ROLE g1; CREATE ROLE g2; CREATE ROLE lead LOGIN; GRANT g1, g2 TO lead;
CREATE SCHEMA k AUTHORIZATION keeper; GRANT USAGE ON SCHEMA k TO app, w, other, near, lead;
CREATE SCHEMA hid; GRANT USAGE ON SCHEMA hid TO near;
CREATE FUNCTION hid.norm(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';
REVOKE EXECUTE ON FUNCTION hid.norm(text) FROM PUBLIC;
CREATE TABLE k.indexed (a int, n text); INSERT INTO k.indexed VALUES (1, 'A'); CREATE INDEX by_norm ON k.indexed (hid.norm(n));
CREATE TABLE k.bare (n text); CREATE INDEX ON k.bare (hid.norm(n));
CREATE TABLE k.fresh (n text); INSERT INTO k.fresh VALUES ('A');
CREATE FUNCTION hid.holds(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
REVOKE EXECUTE ON FUNCTION hid.holds(text) FROM PUBLIC; CREATE TABLE k.some (a int, n text); CREATE INDEX some_n ON k.some (a) WHERE hid.holds(n);
ALTER TABLE k.some OWNER TO keeper;
ALTER TABLE k.indexed OWNER TO keeper; ALTER TABLE k.bare OWNER TO keeper; ALTER TABLE k.fresh OWNER TO near;
SET ROLE keeper;
CREATE SEQUENCE k.one; CREATE SEQUENCE k.two; CREATE TABLE k.named (n text); INSERT INTO k.named VALUES ('k.two');
GRANT SELECT ON k.named TO w;
CREATE FUNCTION k.next() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('k.one'); END $$;
CREATE TABLE k.t (a int, b int); CREATE TABLE k.filled (id bigint DEFAULT nextval('k.one'), t text); GRANT INSERT (t) ON k.filled TO w;
GRANT SELECT ON k.t TO g1 WITH GRANT OPTION; GRANT UPDATE ON k.t TO g2 WITH GRANT OPTION;
RESET ROLE;
CREATE FUNCTION k.becomes() RETURNS void LANGUAGE plpgsql SET role = 'w' AS 'BEGIN DELETE FROM k.t; END';
CREATE FUNCTION k.local_role() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE w; DELETE FROM k.t; END $$;
CREATE FUNCTION k.called_role() RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('role', 'w', true); INSERT INTO k.t (a) VALUES (1); END $$;
CREATE FUNCTION k.noisy() RETURNS int LANGUAGE sql SET log_statement = 'all' AS 'SELECT 1';
CREATE SCHEMA parts AUTHORIZATION other;
CREATE TABLE k.p (id int, v text) PARTITION BY LIST (v); CREATE TABLE parts.p_a PARTITION OF k.p FOR VALUES IN ('a');
ALTER TABLE k.p OWNER TO keeper; ALTER TABLE parts.p_a OWNER TO other;
CREATE SCHEMA elsewhere; CREATE TABLE k.q (id int NOT NULL) PARTITION BY LIST (id); CREATE TABLE elsewhere.q_1 PARTITION OF k.q DEFAULT;
ALTER TABLE k.q OWNER TO keeper; ALTER TABLE elsewhere.q_1 OWNER TO other;
";

/// Who asks, for what, and the fix.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "app",
        "SET ROLE w; SELECT nextval('k.one')",
        &["GRANT USAGE ON SEQUENCE k.one TO w"],
    ),
    (
        "app",
        "SET ROLE w; SELECT k.next()",
        &["GRANT USAGE ON SEQUENCE k.one TO w"],
    ),
    (
        "app",
        "SET ROLE w; INSERT INTO k.filled (t) VALUES ('x')",
        &["GRANT USAGE ON SEQUENCE k.one TO w"],
    ),
    (
        "app",
        "SET ROLE w; SELECT nextval(n::regclass) FROM k.named",
        &["GRANT USAGE ON SEQUENCE k.two TO w"],
    ),
    (
        "app",
        "DEALLOCATE ALL; PREPARE reads AS SELECT a FROM k.t; SET ROLE w; EXECUTE reads",
        &["GRANT SELECT (a) ON TABLE k.t TO w"],
    ),
    (
        "near",
        "DEALLOCATE ALL; PREPARE kept (int) AS SELECT b FROM k.t WHERE a = $1; CREATE TEMP TABLE x AS EXECUTE kept (1)",
        &["GRANT SELECT (a, b) ON TABLE k.t TO near"],
    ),
    (
        "app",
        "SET ROLE w; GRANT INSERT ON k.t TO other",
        &["GRANT INSERT ON TABLE k.t TO w WITH GRANT OPTION"],
    ),
    // What bodies set.
    (
        "app",
        "SELECT k.local_role()",
        &["GRANT DELETE ON TABLE k.t TO w"],
    ),
    (
        "other",
        "SELECT k.called_role()",
        &[
            "GRANT w TO other{set}",
            "GRANT INSERT (a) ON TABLE k.t TO w",
        ],
    ),
    // A function's own settings.
    (
        "other",
        "SELECT k.becomes()",
        &["GRANT w TO other{set}", "GRANT DELETE ON TABLE k.t TO w"],
    ),
    (
        "other",
        "SELECT k.noisy()",
        &["15 GRANT SET ON PARAMETER log_statement TO other"],
    ),
    // Whose the table is.
    (
        "keeper",
        "ANALYZE k.indexed",
        &["GRANT EXECUTE ON FUNCTION hid.norm(text) TO keeper"],
    ),
    (
        "keeper",
        "ALTER TABLE k.some ALTER COLUMN n TYPE varchar(50)",
        &[
            "GRANT USAGE ON SCHEMA hid TO keeper",
            "GRANT EXECUTE ON FUNCTION hid.holds(text) TO keeper",
        ],
    ),
    (
        "keeper",
        "REINDEX TABLE k.some",
        &["GRANT EXECUTE ON FUNCTION hid.holds(text) TO keeper"],
    ),
    (
        "keeper",
        "REINDEX INDEX k.by_norm",
        &["GRANT EXECUTE ON FUNCTION hid.norm(text) TO keeper"],
    ),
    (
        "other",
        "REINDEX TABLE k.indexed",
        &[
            "<17 GRANT keeper TO other{inherit}",
            "17 GRANT MAINTAIN ON TABLE k.indexed TO other",
            "GRANT EXECUTE ON FUNCTION hid.norm(text) TO keeper",
        ],
    ),
    (
        "near",
        "CREATE INDEX ON k.fresh (hid.norm(n || 'x'))",
        &[
            "GRANT CREATE ON SCHEMA k TO near",
            "GRANT EXECUTE ON FUNCTION hid.norm(text) TO near",
        ],
    ),
    // Partitions in other schemas and of other owners.
    (
        "keeper",
        "CREATE INDEX ON k.q (id)",
        &["GRANT CREATE ON SCHEMA elsewhere TO keeper"],
    ),
    (
        "keeper",
        "ALTER TABLE k.q ADD PRIMARY KEY (id)",
        &["GRANT CREATE ON SCHEMA elsewhere TO keeper"],
    ),
    (
        "keeper",
        "ALTER TABLE k.p ADD PRIMARY KEY (id, v)",
        &["GRANT other TO keeper{inherit}"],
    ),
    // Nobody holds the options for all of it.
    (
        "lead",
        "GRANT SELECT, UPDATE ON k.t TO other",
        &[
            "GRANT SELECT ON TABLE k.t TO lead WITH GRANT OPTION",
            "GRANT UPDATE ON TABLE k.t TO lead WITH GRANT OPTION",
        ],
    ),
];

#[tokio::test]
async fn who_is_asked_is_told() {
    support::database("why_behalf");
    support::cluster().execute("why_behalf", OBJECTS).unwrap();
    let session = support::superuser_session("why_behalf").await;
    let major = session.facts().version.major();
    for (role, statement, fix) in CASES {
        let fix = for_version(fix, major);
        let report = why(&session, role, statement).await;
        // Parameters are granted from 15 on.
        if fix.is_empty() {
            assert!(report.fixes.is_empty(), "{statement}");
            continue;
        }
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(first_fix(&report), fix, "{statement}: {report:#?}");
        // A GRANT that nobody may make whole only warns.
        if statement.contains("GRANT") {
            let apart = report
                .because
                .iter()
                .any(|reason| reason.text.contains("one grantor"));
            assert_eq!(apart, *role == "lead", "{statement}");
            continue;
        }
        let before = said(&session, role, &[], statement).await;
        let told = report.refusal.map(|failure| failure.message);
        assert_eq!(told, before, "{statement}");
        let given: Vec<&str> = fix.iter().map(String::as_str).collect();
        let after = said(&session, role, &given, statement).await;
        assert_eq!(after, None, "{statement}");
    }
    let empty = why(&session, "keeper", "REINDEX TABLE k.bare").await;
    assert_eq!(empty.outcome, Outcome::Allowed, "there are no rows");
    let keyed = "ALTER TABLE k.p ALTER COLUMN v TYPE varchar";
    let report = why(&session, "keeper", keyed).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        report.refusal.map(|failure| failure.message),
        said(&session, "keeper", &[], keyed).await
    );
}

/// What only catalogs tell.
#[tokio::test]
async fn without_a_rehearsal_nothing_useless_is_proposed() {
    support::database("why_untried");
    support::cluster()
        .execute(
            "why_untried",
            "CREATE ROLE drops LOGIN; CREATE ROLE types; CREATE SCHEMA e; GRANT USAGE ON SCHEMA e TO drops; \
             CREATE TYPE e.pair AS (x int); ALTER TYPE e.pair OWNER TO types; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; \
             CREATE FUNCTION e.pair_from(internal) RETURNS internal IMMUTABLE LANGUAGE internal AS 'int4in'",
        )
        .unwrap();
    let session = support::superuser_session("why_untried").await;
    let transform = "CREATE TRANSFORM FOR e.pair LANGUAGE plpgsql (FROM SQL WITH FUNCTION e.pair_from(internal))";
    let report = ask(&session, "drops", Some(transform), Rehearse::Never).await;
    let wanted = [
        "ALTER FUNCTION e.pair_from(internal) OWNER TO drops",
        "GRANT USAGE ON LANGUAGE plpgsql TO drops",
        "GRANT types TO drops{inherit}",
    ];
    let wanted = for_version(&wanted, session.facts().version.major());
    assert_eq!(first_fix(&report), wanted);
    if session.query("CREATE EXTENSION lo").await.is_err() {
        return; // The server comes without the extension.
    }
    for statement in [
        "DROP DOMAIN lo",
        "DROP FUNCTION lo_manage()",
        "DROP LANGUAGE plpgsql",
    ] {
        let report = ask(&session, "drops", Some(statement), Rehearse::Never).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        let reason = report.not_by_grant.unwrap();
        assert_eq!(reason.kind, NotByGrantKind::System, "{statement}");
        assert!(reason.explanation.contains("requires it"), "{statement}");
        assert!(report.fixes.is_empty(), "{statement}");
    }
    session
        .query("ALTER FUNCTION lo_manage() OWNER TO drops")
        .await
        .unwrap();
    let statement = "DROP FUNCTION lo_manage()";
    let report = ask(&session, "drops", Some(statement), Rehearse::Never).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        report.refusal.map(|failure| failure.message),
        said(&session, "drops", &[], statement).await
    );
}

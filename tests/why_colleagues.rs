//! An ordinary developer who looks at a colleague's refusal is told what a superuser is told, though
//! nothing can be tried.

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
use pgiam::domain::diagnosis::Outcome;
use support::why::{ask, first_fix, for_version, refused, why};

const OBJECTS: &str = "
CREATE ROLE colleague LOGIN PASSWORD 'c'; CREATE ROLE asking LOGIN; CREATE ROLE holder; CREATE ROLE other;
CREATE SCHEMA app; CREATE SCHEMA kept;
GRANT USAGE ON SCHEMA app TO asking, holder, colleague;
CREATE TABLE app.t (a int, b int, c int);
CREATE TABLE app.teams (id int, owner text, note text);
CREATE FUNCTION app.allowed(int) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN true; END';
CREATE FUNCTION app.drawn(int) RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION app.same(int, int) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN true; END';
CREATE FUNCTION app.over(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.over(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
CREATE OPERATOR app.=== (FUNCTION = app.same, LEFTARG = int, RIGHTARG = int);
CREATE VIEW app.some AS SELECT a, b FROM app.t WHERE app.allowed(c);
CREATE VIEW app.unused AS SELECT a, app.allowed(b) AS may FROM app.t;
CREATE VIEW app.kept AS SELECT a, app.drawn(b) AS value FROM app.t;
CREATE VIEW app.matching AS SELECT a FROM app.t WHERE a OPERATOR(app.===) b;
CREATE VIEW app.whole AS SELECT row_to_json(t) AS line FROM app.t;
ALTER VIEW app.whole OWNER TO holder; GRANT SELECT ON app.some, app.unused, app.kept, app.matching, app.whole TO asking;
CREATE VIEW app.locked AS SELECT a FROM app.t; ALTER VIEW app.locked OWNER TO holder;
GRANT SELECT (a) ON app.t TO holder; GRANT SELECT, UPDATE ON app.locked TO asking;
CREATE TABLE app.guarded (a int, team int); ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.guarded USING (team IN (SELECT id FROM app.teams WHERE owner = current_user));
GRANT SELECT, INSERT ON app.guarded TO asking; GRANT SELECT ON app.guarded TO holder;
CREATE VIEW app.through AS SELECT a FROM app.guarded; ALTER VIEW app.through OWNER TO holder; GRANT SELECT ON app.through TO asking;
CREATE TABLE app.merged (id int PRIMARY KEY, a int, b int);
CREATE SEQUENCE app.numbers;
CREATE TABLE app.owned (a int, b int); ALTER TABLE app.owned OWNER TO holder;
CREATE TABLE app.given (a int); ALTER TABLE app.given OWNER TO asking;
CREATE FUNCTION app.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
REVOKE EXECUTE ON FUNCTION app.step(int, int) FROM PUBLIC; GRANT CREATE ON SCHEMA kept TO asking; GRANT USAGE ON SCHEMA kept TO asking, colleague;
GRANT CREATE ON DATABASE why_colleagues TO asking;
CREATE TABLE app.partly (a int); GRANT UPDATE (a), INSERT (a) ON app.partly TO asking;
CREATE TABLE app.numbered (id serial, a int); CREATE TABLE app.made (a int, id serial, twice int GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE app.for_others (a int); ALTER TABLE app.for_others ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON app.for_others TO other USING (true); GRANT INSERT ON app.for_others TO asking;
CREATE FUNCTION kept.replaced(p_id int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION kept.replaced(int) OWNER TO holder;
CREATE VIEW kept.seen AS SELECT 1 AS a; ALTER VIEW kept.seen OWNER TO holder;
CREATE FUNCTION app.counts() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(c) FROM app.t); END';
CREATE FUNCTION app.over_counts() RETURNS bigint LANGUAGE sql AS 'SELECT app.counts()';
CREATE FUNCTION app.is_team(int) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN EXISTS (SELECT FROM app.teams WHERE id = $1); END';
CREATE VIEW app.counted AS SELECT app.counts() AS n; CREATE VIEW app.over_counted AS SELECT app.over_counts() AS n;
ALTER VIEW app.counted OWNER TO holder; ALTER VIEW app.over_counted OWNER TO holder; GRANT SELECT ON app.counted, app.over_counted TO asking;
CREATE TABLE app.by_body (a int); ALTER TABLE app.by_body ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON app.by_body USING (app.is_team(a)); INSERT INTO app.teams VALUES (1); INSERT INTO app.by_body VALUES (1);
CREATE TABLE app.defaulted (a int, b bigint DEFAULT app.counts()); GRANT SELECT, INSERT ON app.by_body, app.defaulted TO asking;
CREATE ROLE heir; CREATE ROLE host; CREATE ROLE guest; CREATE SCHEMA hosted AUTHORIZATION host; GRANT ALL ON SCHEMA hosted TO guest, asking;
GRANT host TO asking; CREATE SCHEMA unseen;
SET ROLE guest;
CREATE TABLE hosted.t (a int, b int); CREATE INDEX on_a ON hosted.t (a); CREATE VIEW hosted.v AS SELECT 1 AS a; CREATE SEQUENCE hosted.q;
CREATE POLICY p ON hosted.t; CREATE COLLATION hosted.c FROM \"C\";
RESET ROLE;
CREATE TABLE unseen.t (a int); ALTER TABLE unseen.t OWNER TO guest; CREATE TABLE unseen.owned (id int PRIMARY KEY);
CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER remote FOREIGN DATA WRAPPER wrapper; ALTER SERVER remote OWNER TO asking; GRANT heir TO asking;
CREATE COLLATION kept.c FROM \"C\"; ALTER COLLATION kept.c OWNER TO asking; CREATE COLLATION app.c FROM \"C\"; ALTER COLLATION app.c OWNER TO asking;
CREATE SERVER other FOREIGN DATA WRAPPER wrapper; ALTER SERVER other OWNER TO holder;
CREATE PUBLICATION published; ALTER PUBLICATION published OWNER TO asking; CREATE TABLE app.owned_too (id int PRIMARY KEY); ALTER TABLE app.owned_too OWNER TO holder;
CREATE TABLE kept.parted (id int); ALTER TABLE kept.parted OWNER TO asking;
CREATE LANGUAGE untrusted HANDLER plpgsql_call_handler;
";

/// What each of them is told.
const TOLD: &[(&str, &[&str])] = &[
    (
        "SELECT * FROM pg_config",
        &[
            "GRANT SELECT (name, setting) ON TABLE pg_catalog.pg_config TO asking",
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_config() TO asking",
        ],
    ),
    (
        "SELECT a FROM app.some",
        &["GRANT EXECUTE ON FUNCTION app.allowed(integer) TO asking"],
    ),
    ("SELECT a FROM app.unused", &[]),
    (
        "SELECT a FROM app.kept",
        &["GRANT EXECUTE ON FUNCTION app.drawn(integer) TO asking"],
    ),
    (
        "SELECT a FROM app.matching",
        &["GRANT EXECUTE ON FUNCTION app.same(integer, integer) TO asking"],
    ),
    (
        "SELECT line FROM app.whole",
        &["GRANT SELECT (b, c) ON TABLE app.t TO holder"],
    ),
    (
        "SELECT a FROM app.locked FOR UPDATE",
        &["GRANT UPDATE (a) ON TABLE app.t TO holder"],
    ),
    (
        "SELECT a FROM app.guarded",
        &["GRANT SELECT (id, owner) ON TABLE app.teams TO asking"],
    ),
    // Its policy is asked as the view's owner.
    (
        "SELECT a FROM app.through",
        &["GRANT SELECT (id, owner) ON TABLE app.teams TO holder"],
    ),
    (
        "SELECT t.a, m.b FROM app.t JOIN app.merged m ON m.id = t.a",
        &[
            "GRANT SELECT (a) ON TABLE app.t TO asking",
            "GRANT SELECT (id, b) ON TABLE app.merged TO asking",
        ],
    ),
    (
        "SELECT last_value FROM app.numbers",
        &["GRANT SELECT ON SEQUENCE app.numbers TO asking"],
    ),
    (
        "SELECT t.a INTO kept.made FROM app.t",
        &["GRANT SELECT (a) ON TABLE app.t TO asking"],
    ),
    (
        "LOCK app.t IN SHARE MODE",
        &[
            "17 GRANT MAINTAIN ON TABLE app.t TO asking",
            "<17 GRANT UPDATE ON TABLE app.t TO asking",
        ],
    ),
    (
        "LOCK app.t IN ACCESS SHARE MODE",
        &["GRANT SELECT ON TABLE app.t TO asking"],
    ),
    (
        "LOCK app.t IN ROW SHARE MODE",
        &[
            "16 GRANT INSERT ON TABLE app.t TO asking",
            "<16 GRANT UPDATE ON TABLE app.t TO asking",
        ],
    ),
    // Its owner locks what it is over.
    (
        "LOCK app.locked IN ROW EXCLUSIVE MODE",
        &["GRANT INSERT ON TABLE app.t TO holder"],
    ),
    // A privilege on a column locks nothing.
    (
        "LOCK app.partly IN ROW EXCLUSIVE MODE",
        &["GRANT INSERT ON TABLE app.partly TO asking"],
    ),
    (
        "GRANT SELECT (a), INSERT (b, c) ON app.t TO other",
        &[
            "GRANT SELECT (a) ON TABLE app.t TO asking WITH GRANT OPTION",
            "GRANT INSERT (b, c) ON TABLE app.t TO asking WITH GRANT OPTION",
        ],
    ),
    (
        "GRANT ALL ON app.t TO other",
        &["GRANT SELECT ON TABLE app.t TO asking WITH GRANT OPTION"],
    ),
    (
        "GRANT CONNECT ON DATABASE why_colleagues TO other",
        &["GRANT CONNECT ON DATABASE why_colleagues TO asking WITH GRANT OPTION"],
    ),
    (
        "GRANT EXECUTE ON FUNCTION app.over(text) TO other",
        &["GRANT EXECUTE ON FUNCTION app.over(text) TO asking WITH GRANT OPTION"],
    ),
    (
        "CREATE STATISTICS kept.st ON a, b FROM app.owned",
        &["GRANT holder TO asking{inherit}"],
    ),
    (
        "ALTER ROLE asking SET log_statement = 'all'",
        &["15 GRANT SET ON PARAMETER log_statement TO asking"],
    ),
    (
        "ALTER ROLE asking IN DATABASE why_colleagues SET app.tenant = '5'",
        &["15 GRANT SET ON PARAMETER app.tenant TO asking"],
    ),
    (
        "CREATE FUNCTION kept.f() RETURNS int LANGUAGE sql SET log_statement = 'all' AS 'SELECT 1'",
        &["15 GRANT SET ON PARAMETER log_statement TO asking"],
    ),
    (
        "CREATE VIEW app.new AS SELECT a FROM app.t",
        &["GRANT CREATE ON SCHEMA app TO asking"],
    ),
    (
        "CREATE INDEX ON app.owned (a)",
        &[
            "GRANT holder TO asking{inherit}",
            "GRANT CREATE ON SCHEMA app TO asking",
        ],
    ),
    (
        "ALTER TABLE app.given OWNER TO holder",
        &[
            "GRANT holder TO asking{set}",
            "GRANT CREATE ON SCHEMA app TO holder",
        ],
    ),
    (
        "CREATE SCHEMA theirs AUTHORIZATION holder",
        &["GRANT holder TO asking{set}"],
    ),
    (
        "CREATE TABLE kept.child (b int) INHERITS (app.owned)",
        &["GRANT holder TO asking{inherit}"],
    ),
    (
        "CREATE TABLE kept.like (LIKE app.t)",
        &["GRANT SELECT ON TABLE app.t TO asking"],
    ),
    (
        "CREATE AGGREGATE kept.total (int) (SFUNC = app.step, STYPE = int)",
        &["GRANT EXECUTE ON FUNCTION app.step(integer, integer) TO asking"],
    ),
];

/// What the words of a query mean.
const WORDED: &[(&str, &[&str])] = &[
    (
        "SELECT owned_too FROM app.owned_too",
        &["GRANT SELECT (id) ON TABLE app.owned_too TO asking"],
    ),
    (
        "SELECT row_to_json(x) FROM app.t x",
        &["GRANT SELECT (a, b, c) ON TABLE app.t TO asking"],
    ),
    (
        "SELECT b AS a, count(*) c FROM app.t GROUP BY b",
        &["GRANT SELECT (b) ON TABLE app.t TO asking"],
    ),
    (
        "SELECT trim(both 'x' FROM note) FROM app.teams",
        &["GRANT SELECT (note) ON TABLE app.teams TO asking"],
    ),
    (
        "SELECT note FROM (TABLE app.teams) AS x",
        &["GRANT SELECT (id, owner, note) ON TABLE app.teams TO asking"],
    ),
    (
        "SELECT b FROM app.t NATURAL JOIN app.owned_too NATURAL JOIN app.merged",
        &[
            "GRANT SELECT (a, b) ON TABLE app.t TO asking",
            "GRANT SELECT (id) ON TABLE app.owned_too TO asking",
            "GRANT SELECT (id, a, b) ON TABLE app.merged TO asking",
        ],
    ),
    // The name of a query hides a table, but not in the query itself.
    (
        "SET search_path = app; WITH teams AS (SELECT id FROM teams) SELECT id FROM teams",
        &["GRANT SELECT (id) ON TABLE app.teams TO asking"],
    ),
    // A schema that may not be used is passed over.
    (
        "SET search_path = unseen, app; SELECT a FROM t",
        &["GRANT SELECT (a) ON TABLE app.t TO asking"],
    ),
    (
        "INSERT INTO app.merged (id) VALUES (1) ON CONFLICT ON CONSTRAINT merged_pkey DO NOTHING",
        &[
            "GRANT SELECT (id) ON TABLE app.merged TO asking",
            "GRANT INSERT (id) ON TABLE app.merged TO asking",
        ],
    ),
    (
        "INSERT INTO app.numbered DEFAULT VALUES",
        &[
            "GRANT INSERT (id) ON TABLE app.numbered TO asking",
            "GRANT USAGE ON SEQUENCE app.numbered_id_seq TO asking",
        ],
    ),
    (
        "INSERT INTO app.numbered (id, a) VALUES (DEFAULT, 1)",
        &[
            "GRANT INSERT (id, a) ON TABLE app.numbered TO asking",
            "GRANT USAGE ON SEQUENCE app.numbered_id_seq TO asking",
        ],
    ),
    (
        "WITH next AS (SELECT id FROM app.merged LIMIT 1 FOR UPDATE SKIP LOCKED) \
         UPDATE app.merged m SET b = 1 FROM next WHERE m.id = next.id",
        &[
            "GRANT SELECT (id) ON TABLE app.merged TO asking",
            "GRANT UPDATE (b) ON TABLE app.merged TO asking",
        ],
    ),
    (
        "EXPLAIN (COSTS off) UPDATE app.merged SET b = 1",
        &["GRANT UPDATE (b) ON TABLE app.merged TO asking"],
    ),
    ("PREPARE later AS SELECT a FROM app.t", &[]),
    (
        "COPY app.made FROM STDIN",
        &["GRANT INSERT (a, id) ON TABLE app.made TO asking"],
    ),
    // A policy that lets all rows pass is for others.
    (
        "INSERT INTO app.for_others VALUES (1)",
        &["GRANT other TO asking{inherit}"],
    ),
];

/// What bodies of functions want that no statement names.
const IN_BODIES: &[(&str, &[&str])] = &[
    // They run as who asks, though the view is another's.
    (
        "SELECT n FROM app.counted",
        &["GRANT SELECT (c) ON TABLE app.t TO asking"],
    ),
    (
        "SELECT n FROM app.over_counted",
        &["GRANT SELECT (c) ON TABLE app.t TO asking"],
    ),
    (
        "SELECT a FROM app.by_body",
        &["GRANT SELECT (id) ON TABLE app.teams TO asking"],
    ),
    (
        "INSERT INTO app.by_body VALUES (1)",
        &["GRANT SELECT (id) ON TABLE app.teams TO asking"],
    ),
    (
        "INSERT INTO app.defaulted (a) VALUES (1)",
        &["GRANT SELECT (c) ON TABLE app.t TO asking"],
    ),
    ("INSERT INTO app.defaulted VALUES (1, 2)", &[]),
];

/// Definitions.
const DEFINED: &[(&str, &[&str])] = &[
    // The owner of a schema drops what others have in it, and no more.
    ("DROP TABLE hosted.t", &[]),
    ("DROP INDEX hosted.on_a", &[]),
    ("DROP VIEW hosted.v", &[]),
    ("DROP SEQUENCE hosted.q", &[]),
    ("DROP COLLATION hosted.c", &[]),
    (
        "ALTER TABLE hosted.t DROP COLUMN b",
        &["GRANT guest TO asking{inherit}"],
    ),
    (
        "DROP POLICY p ON hosted.t",
        &["GRANT guest TO asking{inherit}"],
    ),
    // What is not there needs nobody's leave, but the schema is looked into.
    ("DROP POLICY IF EXISTS q ON hosted.t", &[]),
    (
        "DROP TRIGGER IF EXISTS q ON unseen.t",
        &["GRANT USAGE ON SCHEMA unseen TO asking"],
    ),
    (
        "DROP TABLE IF EXISTS unseen.none",
        &["GRANT USAGE ON SCHEMA unseen TO asking"],
    ),
    // Parts that are made by themselves look for the new table.
    (
        "CREATE TABLE unseen.new (a int)",
        &["GRANT CREATE ON SCHEMA unseen TO asking"],
    ),
    (
        "CREATE TABLE unseen.new (a int PRIMARY KEY)",
        &[
            "GRANT USAGE ON SCHEMA unseen TO asking",
            "GRANT CREATE ON SCHEMA unseen TO asking",
        ],
    ),
    (
        "CREATE TABLE unseen.new (a serial)",
        &[
            "GRANT USAGE ON SCHEMA unseen TO asking",
            "GRANT CREATE ON SCHEMA unseen TO asking",
        ],
    ),
    (
        "CREATE TABLE unseen.new (a int REFERENCES app.owned_too)",
        &[
            "GRANT USAGE ON SCHEMA unseen TO asking",
            "GRANT CREATE ON SCHEMA unseen TO asking",
            "GRANT REFERENCES (id) ON TABLE app.owned_too TO asking",
        ],
    ),
    // Two tables of a name, of which one must be owned.
    (
        "ALTER TABLE app.owned ADD FOREIGN KEY (a) REFERENCES unseen.owned",
        &[
            "GRANT holder TO asking{inherit}",
            "GRANT USAGE ON SCHEMA unseen TO asking",
            "GRANT REFERENCES (id) ON TABLE unseen.owned TO asking",
        ],
    ),
    (
        "ALTER SERVER remote OWNER TO heir",
        &["GRANT USAGE ON FOREIGN DATA WRAPPER wrapper TO heir"],
    ),
    (
        "ALTER COLLATION kept.c OWNER TO heir",
        &["GRANT CREATE ON SCHEMA kept TO heir"],
    ),
    (
        "ALTER COLLATION app.c RENAME TO d",
        &["GRANT CREATE ON SCHEMA app TO asking"],
    ),
    (
        "CREATE USER MAPPING FOR heir SERVER other",
        &["GRANT holder TO asking{inherit}"],
    ),
    (
        "CREATE USER MAPPING FOR CURRENT_USER SERVER other",
        &["GRANT USAGE ON FOREIGN SERVER other TO asking"],
    ),
    (
        "ALTER PUBLICATION published ADD TABLE app.owned_too",
        &["GRANT holder TO asking{inherit}"],
    ),
    (
        "ALTER TABLE kept.parted INHERIT app.owned_too",
        &["GRANT holder TO asking{inherit}"],
    ),
    (
        "CREATE FUNCTION kept.of_row(unseen.t) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        &["GRANT USAGE ON SCHEMA unseen TO asking"],
    ),
    (
        "CREATE OPERATOR app.@@@ (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        &["GRANT CREATE ON SCHEMA app TO asking"],
    ),
    (
        "CREATE FUNCTION kept.f() RETURNS int LANGUAGE untrusted AS 'x'",
        &[],
    ),
];

/// What only the server's own reading tells: types decide, and what is assigned is not read.
const READ_BY_THE_SERVER: &[(&str, &[&str])] = &[
    (
        "SELECT app.over(1)",
        &["GRANT EXECUTE ON FUNCTION app.over(integer) TO asking"],
    ),
    (
        "15 MERGE INTO app.merged m USING app.t ON m.id = t.a WHEN MATCHED THEN UPDATE SET b = t.c",
        &[
            "GRANT SELECT (id) ON TABLE app.merged TO asking",
            "GRANT UPDATE (b) ON TABLE app.merged TO asking",
            "GRANT SELECT (a, c) ON TABLE app.t TO asking",
        ],
    ),
];

#[tokio::test]
async fn a_colleague_is_told_what_a_superuser_is_told() {
    support::database("why_colleagues");
    support::cluster()
        .execute("why_colleagues", OBJECTS)
        .unwrap();
    let superuser = support::superuser_session("why_colleagues").await;
    let major = superuser.facts().version.major();
    let colleague =
        support::session::sign_in(support::cluster(), "why_colleagues", "colleague", "c").await;
    for (statement, lines) in TOLD.iter().chain(WORDED).chain(IN_BODIES).chain(DEFINED) {
        let mut expected = for_version(lines, major);
        expected.sort();
        if expected.is_empty() && !lines.is_empty() {
            continue;
        }
        for (looker, rehearse) in [
            (&superuser, Rehearse::WherePossible),
            (&superuser, Rehearse::Never),
            (&colleague, Rehearse::WherePossible),
        ] {
            let told = ask(looker, "asking", Some(statement), rehearse).await;
            let who = &told.looked_as;
            let mut fix = first_fix(&told);
            fix.sort();
            assert_eq!(fix, expected, "{statement} as {who}, {rehearse:?}");
        }
    }
    for (statement, lines) in READ_BY_THE_SERVER {
        let (since, statement) = match statement.split_once(' ') {
            Some((since, rest)) if since.parse::<u32>().is_ok() => (since.parse().unwrap(), rest),
            _ => (0, *statement),
        };
        if major < since {
            continue;
        }
        for looker in [&superuser, &colleague] {
            let told = why(looker, "asking", statement).await;
            let who = &told.looked_as;
            assert_eq!(
                first_fix(&told),
                for_version(lines, major),
                "{statement} as {who}"
            );
        }
    }
}

const MADE_BY_AN_ADMINISTRATOR: &str = "
CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'm'; GRANT CREATE ON DATABASE why_circles TO maker;
SET SESSION AUTHORIZATION maker;
CREATE ROLE made LOGIN; CREATE SCHEMA made_here; CREATE TABLE made_here.t (id serial, a int);
GRANT USAGE ON SCHEMA made_here TO made;
";

/// From 16 on who creates a role is in it: to put that role into its maker would close a circle.
#[tokio::test]
async fn no_circle_of_roles_is_proposed() {
    support::database("why_circles");
    support::cluster()
        .execute("why_circles", MADE_BY_AN_ADMINISTRATOR)
        .unwrap();
    let superuser = support::superuser_session("why_circles").await;
    if superuser.facts().version.major() < 16 {
        return;
    }
    let maker = support::session::sign_in(support::cluster(), "why_circles", "maker", "m").await;
    let change = "ALTER TABLE made_here.t OWNER TO made";
    for looker in [&superuser, &maker] {
        for statement in [
            "ALTER TABLE made_here.t ADD COLUMN b int",
            "TRUNCATE made_here.t RESTART IDENTITY",
        ] {
            let told = why(looker, "made", statement).await;
            assert_eq!(first_fix(&told), [change], "{statement}: {told:#?}");
            assert!(
                !told.fixes[0].run_as.contains(&"maker".to_owned()),
                "maker cannot become made: {:?}",
                told.fixes[0].run_as
            );
        }
        for statement in ["SET ROLE maker", "DROP OWNED BY maker"] {
            let told = why(looker, "made", statement).await;
            assert_eq!(told.outcome, Outcome::Refused, "{statement}");
            assert!(told.fixes.is_empty(), "{statement}: {:?}", told.fixes);
            assert!(told.not_by_grant.is_some(), "{statement}");
        }
    }
    superuser.query(change).await.unwrap();
    let still = refused(
        &superuser,
        "made",
        "ALTER TABLE made_here.t ADD COLUMN b int",
    )
    .await;
    assert!(still.is_none(), "{still:?}");
}

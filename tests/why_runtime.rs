//! Refusals that planning a statement does not show: values, names along a path that the text itself
//! sets, overloads, rows that are there already, foreign servers, maintenance.
//!
//! Each case is refused on a real server, explained, mended by the first fix, and tried again.

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

use pgiam::domain::diagnosis::{NotByGrantKind, Outcome, Verdict};
use support::why::{first_fix, for_version, said, why};

const OBJECTS: &str = r#"
CREATE ROLE keeper; CREATE ROLE app LOGIN;
CREATE SCHEMA s AUTHORIZATION keeper; CREATE SCHEMA z AUTHORIZATION keeper; CREATE SCHEMA "Y y" AUTHORIZATION keeper;
GRANT USAGE ON SCHEMA s TO app;
SET ROLE keeper;
CREATE SEQUENCE s.one; CREATE SEQUENCE s.two; CREATE SEQUENCE z.far;
CREATE TABLE s.named (id int, seq text, far text, img oid);
INSERT INTO s.named VALUES (1, 's.one', 'z.far', 5151), (2, 's.two', 's.two', 5152), (3, 'nothing', 'nothing', 0);
GRANT SELECT ON s.named TO app;
CREATE TABLE z.t (a int, b int);
CREATE TABLE "Y y".t (a int);
CREATE FUNCTION z.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE s.a (i int); CREATE TABLE s.b (i int);
CREATE FUNCTION s.reads(k int) RETURNS bigint LANGUAGE plpgsql AS 'begin return (select count(*) from s.a); end';
CREATE FUNCTION s.reads(k text) RETURNS bigint LANGUAGE plpgsql AS 'begin return (select count(*) from s.b); end';
CREATE PROCEDURE s.adds(k int) LANGUAGE plpgsql AS 'begin insert into s.a values (k); end';
CREATE PROCEDURE s.adds(k text, more int DEFAULT 1) LANGUAGE plpgsql AS 'begin insert into s.b values (1); end';
CREATE PROCEDURE s.adds(k int, VARIADIC rest text[]) LANGUAGE plpgsql AS 'begin null; end';
CREATE PROCEDURE s.picks(k int, way text DEFAULT 'a') LANGUAGE plpgsql AS $$
begin
  if way = 'a' then insert into s.a values (k); return;
  elsif k > 5 then delete from s.b; end if;
  insert into s.b values (k);
end $$;
REVOKE EXECUTE ON PROCEDURE s.adds(int), s.adds(text, int), s.adds(int, text[]) FROM PUBLIC;
CREATE TABLE s.log (what text); CREATE TABLE s.kept (i int); CREATE TABLE s.empty (i int); CREATE TABLE s.one_row (i int);
INSERT INTO s.one_row VALUES (1);
CREATE FUNCTION s.clears(t text) RETURNS void LANGUAGE plpgsql AS $$
begin execute format('delete from s.%I where i = $1', t) using 1; end $$;
CREATE FUNCTION s.counts() RETURNS bigint LANGUAGE plpgsql AS $$
declare q text := 'select count(*)'; found_rows bigint;
begin
  q := q || ' from s.' || quote_ident('a');
  execute q into found_rows;
  return found_rows;
end $$;
CREATE FUNCTION s.notes(what text) RETURNS void LANGUAGE plpgsql AS $$
declare said text; begin
  said := clock_timestamp()::text;
  execute 'insert into s.log values (' || quote_literal(said) || ')';
end $$;
CREATE FUNCTION s.makes() RETURNS void LANGUAGE plpgsql AS $$
begin execute 'create table z.made (i int)'; end $$;
CREATE FUNCTION s.passes(t text) RETURNS void LANGUAGE plpgsql AS $$ begin perform s.clears('b'); end $$;
CREATE FUNCTION s.sweeps() RETURNS void LANGUAGE plpgsql AS $$
declare n bigint; r int;
begin
  for r in select i from s.empty loop delete from s.kept; end loop;
  select count(*) into n from s.one_row;
  if n > 1 then delete from s.a; elsif n = 1 then delete from s.b; end if;
end $$;
RESET ROLE;
SELECT lo_create(5151), lo_create(5152);
"#;

const CASES: &[(&str, &[&str])] = &[
    (
        "SELECT nextval(seq::regclass) FROM s.named WHERE id = 1",
        &["GRANT USAGE ON SEQUENCE s.one TO app"],
    ),
    (
        "SELECT nextval(far::regclass) FROM s.named WHERE id < 3",
        &[
            "GRANT USAGE ON SCHEMA z TO app",
            "GRANT USAGE ON SEQUENCE s.two TO app",
            "GRANT USAGE ON SEQUENCE z.far TO app",
        ],
    ),
    (
        "SELECT nextval(('s.' || 'one')::regclass)",
        &["GRANT USAGE ON SEQUENCE s.one TO app"],
    ),
    (
        "SELECT setval((SELECT seq FROM s.named WHERE id = 2)::regclass, 7)",
        &["GRANT UPDATE ON SEQUENCE s.two TO app"],
    ),
    (
        "UPDATE s.named SET id = nextval(seq::regclass) WHERE id = 1",
        &[
            "GRANT UPDATE (id) ON TABLE s.named TO app",
            "GRANT USAGE ON SEQUENCE s.one TO app",
        ],
    ),
    (
        "SELECT lo_get(img) FROM s.named WHERE id = 1",
        &["GRANT SELECT ON LARGE OBJECT 5151 TO app"],
    ),
    (
        "SELECT lo_open(img, 131072 | 262144) FROM s.named WHERE id = 2",
        &[
            "GRANT SELECT ON LARGE OBJECT 5152 TO app",
            "GRANT UPDATE ON LARGE OBJECT 5152 TO app",
        ],
    ),
    (
        "SET search_path = z; SELECT a FROM t",
        &[
            "GRANT USAGE ON SCHEMA z TO app",
            "GRANT SELECT (a) ON TABLE z.t TO app",
        ],
    ),
    (
        "SET LOCAL search_path TO s, \"Y y\"; UPDATE t SET a = 1",
        &[
            "GRANT USAGE ON SCHEMA \"Y y\" TO app",
            "GRANT UPDATE (a) ON TABLE \"Y y\".t TO app",
        ],
    ),
    (
        "SELECT 1; SELECT set_config('search_path', 'z', true); SELECT f(1)",
        &["GRANT USAGE ON SCHEMA z TO app"],
    ),
    (
        "SELECT s.reads(1), s.reads(2)",
        &["GRANT SELECT (i) ON TABLE s.a TO app"],
    ),
    (
        "CALL s.adds('x'::text)",
        &[
            "GRANT EXECUTE ON PROCEDURE s.adds(text, integer) TO app",
            "GRANT INSERT (i) ON TABLE s.b TO app",
        ],
    ),
    ("CALL s.picks(9)", &["GRANT INSERT (i) ON TABLE s.a TO app"]),
    (
        "CALL s.picks(2 + 2, way => 'b')",
        &["GRANT INSERT (i) ON TABLE s.b TO app"],
    ),
    (
        "CALL s.adds(1, 'x', 'y')",
        &["GRANT EXECUTE ON PROCEDURE s.adds(integer, text[]) TO app"],
    ),
    (
        "SELECT s.clears('kept')",
        &[
            "GRANT SELECT (i) ON TABLE s.kept TO app",
            "GRANT DELETE ON TABLE s.kept TO app",
        ],
    ),
    (
        "SELECT s.counts()",
        &["GRANT SELECT (i) ON TABLE s.a TO app"],
    ),
    (
        "SELECT s.notes('x')",
        &["GRANT INSERT (what) ON TABLE s.log TO app"],
    ),
    (
        "SELECT s.passes('a')",
        &[
            "GRANT SELECT (i) ON TABLE s.b TO app",
            "GRANT DELETE ON TABLE s.b TO app",
        ],
    ),
    ("SELECT s.makes()", &["GRANT CREATE ON SCHEMA z TO app"]),
    (
        "DO $$ begin execute 'truncate s.kept'; end $$",
        &["GRANT TRUNCATE ON TABLE s.kept TO app"],
    ),
    // The rows that there are decide what runs.
    (
        "SELECT s.sweeps()",
        &[
            "GRANT SELECT (i) ON TABLE s.one_row TO app",
            "GRANT SELECT (i) ON TABLE s.empty TO app",
            "GRANT DELETE ON TABLE s.b TO app",
        ],
    ),
    (
        "DO $$ begin if exists (select from s.one_row where i > 5) then delete from s.a; \
         else insert into s.log values ('none'); end if; end $$",
        &[
            "GRANT SELECT (i) ON TABLE s.one_row TO app",
            "GRANT INSERT (what) ON TABLE s.log TO app",
        ],
    ),
];

#[tokio::test]
async fn what_only_running_shows_is_found() {
    support::database("why_runtime");
    support::cluster().execute("why_runtime", OBJECTS).unwrap();
    let session = support::superuser_session("why_runtime").await;
    for (statement, fix) in CASES {
        assert!(
            said(&session, "app", &[], statement).await.is_some(),
            "{statement} is not refused"
        );
        let report = why(&session, "app", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        let mut given = report.fixes[0].statements.clone();
        let mut wanted = fix.to_vec();
        given.sort();
        wanted.sort_unstable();
        assert_eq!(given, wanted, "{statement}: {report:#?}");
        assert_eq!(
            said(&session, "app", fix, statement).await,
            None,
            "{statement}"
        );
        for left_out in *fix {
            let rest: Vec<&str> = fix.iter().copied().filter(|one| one != left_out).collect();
            assert!(
                said(&session, "app", &rest, statement).await.is_some(),
                "{statement} does without {left_out}"
            );
        }
    }
}

/// Whom a signal reaches decides what it takes.
#[tokio::test]
async fn signals_are_judged_by_whom_they_reach() {
    support::database("why_signals");
    support::cluster()
        .execute(
            "why_signals",
            "CREATE ROLE stops LOGIN; CREATE ROLE plain LOGIN",
        )
        .unwrap();
    let session = support::superuser_session("why_signals").await;
    let other = support::superuser_session("why_signals").await;
    let ask = async |condition: &str| {
        let statement = format!(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
             WHERE datname = 'why_signals' AND usename {condition}"
        );
        why(&session, "stops", &statement).await
    };
    assert_eq!(ask("= 'plain'").await.outcome, Outcome::Allowed);
    let report = ask("<> 'plain'").await;
    assert_eq!(report.outcome, Outcome::Refused);
    let kind = report.not_by_grant.map(|reason| reason.kind);
    assert_eq!(kind, Some(NotByGrantKind::Superuser));
    assert!(report.fixes.is_empty());
    drop(other);
}

/// What no grant mends: the server's words, and what would lift it.
#[tokio::test]
async fn mappings_and_read_only_settings_are_no_privileges() {
    support::database("why_failures");
    support::cluster()
        .execute(
            "why_failures",
            "CREATE ROLE lent LOGIN; CREATE ROLE reads LOGIN; \
             ALTER ROLE reads IN DATABASE why_failures SET default_transaction_read_only = on; \
             CREATE TABLE t (a int); GRANT INSERT ON t TO reads",
        )
        .unwrap();
    let session = support::superuser_session("why_failures").await;
    let report = why(&session, "reads", "INSERT INTO t VALUES (1)").await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        report.refusal.unwrap().message,
        "cannot execute INSERT in a read-only transaction"
    );
    assert_eq!(
        report.fixes[0].statements,
        ["ALTER ROLE reads IN DATABASE why_failures RESET default_transaction_read_only"]
    );
    let made = session
        .query(
            "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; \
             CREATE FOREIGN TABLE ft (a int) SERVER far; CREATE VIEW v AS SELECT a FROM ft; \
             ALTER VIEW v OWNER TO lent; GRANT SELECT ON ft TO lent; GRANT SELECT ON v TO reads",
        )
        .await;
    if made.is_err() {
        return; // The server comes without the extension.
    }
    for (role, statement) in [("lent", "SELECT a FROM ft"), ("reads", "SELECT a FROM v")] {
        let report = why(&session, role, statement).await;
        let server = said(&session, role, &[], statement).await;
        assert_eq!(report.outcome, Outcome::Failed, "{statement}");
        assert_eq!(report.refusal.map(|failure| failure.message), server);
        assert!(
            report.fixes[0].statements[0]
                .starts_with("CREATE USER MAPPING FOR lent SERVER far OPTIONS"),
            "{statement}"
        );
    }
}

/// A server that is asked by name takes USAGE, and a connection of no superuser a password.
#[tokio::test]
async fn connections_to_other_servers_take_usage_and_a_password() {
    support::database("why_links");
    support::cluster()
        .execute(
            "why_links",
            "CREATE ROLE linked LOGIN; CREATE ROLE unlinked LOGIN",
        )
        .unwrap();
    let session = support::superuser_session("why_links").await;
    let made = session
        .query(
            "CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink; \
             CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; \
             CREATE USER MAPPING FOR linked SERVER far OPTIONS (user 'u'); \
             CREATE FOREIGN TABLE ft (a int) SERVER far; GRANT SELECT ON ft TO linked; \
             CREATE SERVER near FOREIGN DATA WRAPPER dblink_fdw; \
             CREATE USER MAPPING FOR PUBLIC SERVER near OPTIONS (user 'u', password 'p')",
        )
        .await;
    if made.is_err() {
        return; // The server comes without the extensions.
    }
    for statement in [
        "SELECT a FROM ft",
        "SELECT dblink_connect('c', 'host=h user=u')",
    ] {
        let report = why(&session, "linked", statement).await;
        let server = said(&session, "linked", &[], statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(report.refusal.map(|failure| failure.message), server);
        assert!(report.fixes.is_empty(), "{statement}");
        let kind = report.not_by_grant.map(|reason| reason.kind);
        assert_eq!(kind, Some(NotByGrantKind::Superuser), "{statement}");
    }
    let statement = "SELECT * FROM dblink('near', 'SELECT 1') AS x (a int)";
    let report = why(&session, "unlinked", statement).await;
    assert_eq!(
        report.fixes[0].statements,
        ["GRANT USAGE ON FOREIGN SERVER near TO unlinked"]
    );
}

/// Which databases a query measures depends on its rows, and whether it does on its conditions.
#[tokio::test]
async fn sizes_are_looked_at_for_the_rows_that_a_query_reads() {
    support::database("why_sizes");
    support::database("why_sizes_other");
    support::cluster()
        .execute(
            "why_sizes",
            "CREATE ROLE measures LOGIN; REVOKE CONNECT ON DATABASE why_sizes_other FROM PUBLIC",
        )
        .unwrap();
    let session = support::superuser_session("why_sizes").await;
    let of = "datname LIKE 'why\\_sizes%'";
    for statement in [
        format!("SELECT pg_database_size(d.oid) FROM pg_database d WHERE {of} ORDER BY 1"),
        format!("SELECT datname FROM pg_database WHERE {of} AND pg_database_size(datname) > 1"),
    ] {
        let report = why(&session, "measures", &statement).await;
        assert_eq!(
            report.fixes[0].statements,
            ["GRANT CONNECT ON DATABASE why_sizes_other TO measures"],
            "{statement}"
        );
        assert_eq!(report.fixes[0].verdict, Verdict::Proven);
    }
    let asks = format!(
        "SELECT CASE WHEN has_database_privilege(datname, 'CONNECT') THEN pg_database_size(datname) END \
         FROM pg_database WHERE {of}"
    );
    let report = why(&session, "measures", &asks).await;
    assert_eq!(report.outcome, Outcome::Allowed);
}

/// Texts that functions are given as queries are worked out first, for each row.
#[tokio::test]
async fn queries_put_together_for_functions_are_worked_out() {
    support::database("why_made_up");
    support::cluster()
        .execute(
            "why_made_up",
            "CREATE ROLE counts LOGIN; CREATE SCHEMA kept; CREATE TABLE kept.one (a int); \
             CREATE TABLE kept.\"Two 2\" (b int); CREATE VIEW kept.shown AS SELECT 1 AS a; \
             GRANT INSERT ON ALL TABLES IN SCHEMA kept TO counts",
        )
        .unwrap();
    let session = support::superuser_session("why_made_up").await;
    let statement = "SELECT query_to_xml(format('SELECT count(*) FROM %I.%I', schemaname, tablename), \
                     true, true, '') FROM pg_tables WHERE schemaname = 'kept'";
    let report = why(&session, "counts", statement).await;
    let mut statements = report.fixes[0].statements.clone();
    statements.sort();
    assert_eq!(
        statements,
        [
            "GRANT SELECT (a) ON TABLE kept.one TO counts",
            "GRANT SELECT (b) ON TABLE kept.\"Two 2\" TO counts",
            "GRANT USAGE ON SCHEMA kept TO counts",
        ]
    );
    let fix: Vec<&str> = statements.iter().map(String::as_str).collect();
    assert_eq!(said(&session, "counts", &fix, statement).await, None);
    let report = why(&session, "counts", "SELECT pg_get_viewdef('kept.shown')").await;
    assert_eq!(
        report.fixes[0].statements,
        ["GRANT USAGE ON SCHEMA kept TO counts"]
    );
}

/// What one statement of several wants when it runs, and who it runs as by then.
#[tokio::test]
async fn every_one_of_several_statements_is_looked_into() {
    support::database("why_several");
    support::cluster()
        .execute(
            "why_several",
            "CREATE ROLE several LOGIN; CREATE ROLE becomes; CREATE TABLE t (a int); \
             CREATE FUNCTION adds() RETURNS void LANGUAGE plpgsql AS \
             'BEGIN INSERT INTO t VALUES (1); END'; \
             REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; GRANT TRUNCATE ON t TO several",
        )
        .unwrap();
    let session = support::superuser_session("why_several").await;
    let major = session.facts().version.major();
    for (statement, fix) in [
        (
            "TRUNCATE t; COPY t FROM '/dev/null'",
            &[
                "GRANT INSERT (a) ON TABLE t TO several",
                "GRANT pg_read_server_files TO several{inherit}",
            ][..],
        ),
        (
            "SELECT 1; DO 'BEGIN PERFORM a FROM t; END'",
            &[
                "GRANT SELECT (a) ON TABLE t TO several",
                "GRANT USAGE ON LANGUAGE plpgsql TO several",
            ],
        ),
        (
            "SELECT set_config('role', 'becomes', true); SELECT adds()",
            &[
                "GRANT INSERT (a) ON TABLE t TO becomes",
                "GRANT becomes TO several{set}",
            ],
        ),
        (
            "\\copy t to 'here.csv' csv header",
            &["GRANT SELECT (a) ON TABLE t TO several"],
        ),
    ] {
        let report = why(&session, "several", statement).await;
        let mut given = report.fixes[0].statements.clone();
        given.sort();
        let wanted = for_version(fix, major);
        let given: Vec<String> = given.iter().map(|one| one.replace("public.", "")).collect();
        assert_eq!(given, wanted, "{statement}: {report:#?}");
    }
    let report = why(&session, "several", "DROP LANGUAGE plpgsql").await;
    let kind = report.not_by_grant.map(|reason| reason.kind);
    assert_eq!(kind, Some(NotByGrantKind::System));
    assert!(report.fixes.is_empty());
}

#[tokio::test]
async fn an_insert_that_updates_is_held_against_policies_of_both() {
    support::database("why_conflicts");
    support::cluster()
        .execute(
            "why_conflicts",
            "CREATE ROLE pat LOGIN; \
             CREATE TABLE p (id int PRIMARY KEY, who text, v int); \
             INSERT INTO p VALUES (1, 'pat', 1), (2, 'other', 1), (3, 'hidden', 1); \
             ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY i ON p FOR INSERT WITH CHECK (true); \
             CREATE POLICY s ON p FOR SELECT USING (who <> 'hidden'); \
             CREATE POLICY u ON p FOR UPDATE USING (who = current_user OR who = 'hidden'); \
             GRANT SELECT, INSERT, UPDATE ON p TO pat",
        )
        .unwrap();
    let session = support::superuser_session("why_conflicts").await;
    let insert = |id: u32, set: &str| {
        format!("INSERT INTO p VALUES ({id}, 'pat', 2) ON CONFLICT (id) DO UPDATE SET {set}")
    };
    for (statement, barred) in [
        (insert(1, "v = excluded.v"), false),
        (insert(2, "v = excluded.v WHERE p.v > 5"), false),
        (insert(9, "v = excluded.v"), false),
        (insert(2, "v = excluded.v"), true),
        (insert(3, "v = excluded.v"), true),
        (insert(1, "who = 'other'"), true),
        (
            "INSERT INTO p AS x VALUES (2, 'pat', 2) ON CONFLICT ON CONSTRAINT p_pkey DO UPDATE SET v = x.v"
                .to_owned(),
            true,
        ),
    ] {
        let report = why(&session, "pat", &statement).await;
        let server = said(&session, "pat", &[], &statement).await;
        assert_eq!(server.is_some(), barred, "{statement}");
        assert_eq!(
            report.refusal.map(|failure| failure.message),
            server,
            "{statement}"
        );
        let kind = report.not_by_grant.map(|reason| reason.kind);
        assert_eq!(
            kind,
            barred.then_some(NotByGrantKind::RowLevelSecurity),
            "{statement}"
        );
    }
}

const ROUTED: &str = "CREATE ROLE feeder LOGIN; \
    CREATE TABLE e (ts date, kind text, n int); CREATE TABLE e_2026_01 (LIKE e); CREATE TABLE e_2026_02 (LIKE e); \
    CREATE TABLE noted (n int); CREATE TABLE turned (n int); GRANT INSERT ON e, turned TO feeder; \
    CREATE FUNCTION route() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN \
    EXECUTE 'INSERT INTO e_' || to_char(NEW.ts, 'YYYY_MM') || ' SELECT ($1).*' USING NEW; \
    IF NEW.kind = 'odd' THEN INSERT INTO noted VALUES (NEW.n); END IF; RETURN NULL; END$$; \
    CREATE TRIGGER route BEFORE INSERT ON e FOR EACH ROW EXECUTE FUNCTION route(); \
    CREATE FUNCTION turn() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.n := 1; \
    IF NEW.n = 1 THEN INSERT INTO noted VALUES (NEW.n); END IF; RETURN NEW; END$$; \
    CREATE TRIGGER turn BEFORE INSERT ON turned FOR EACH ROW EXECUTE FUNCTION turn()";

#[tokio::test]
async fn triggers_are_followed_by_the_rows_that_fire_them() {
    support::database("why_routed");
    support::cluster().execute("why_routed", ROUTED).unwrap();
    let session = support::superuser_session("why_routed").await;
    let january = "GRANT INSERT (ts, kind, n) ON TABLE public.e_2026_01 TO feeder";
    let february = "GRANT INSERT (ts, kind, n) ON TABLE public.e_2026_02 TO feeder";
    let noted = "GRANT INSERT (n) ON TABLE public.noted TO feeder";
    for (statement, fix) in [
        (
            "INSERT INTO e VALUES ('2026-01-05', 'x', 1)",
            &[january][..],
        ),
        (
            "INSERT INTO e SELECT '2026-02-05'::date, 'odd', 1",
            &[february, noted],
        ),
        // What the trigger makes of the row is not what was given.
        ("INSERT INTO turned VALUES (7)", &[noted]),
    ] {
        let report = why(&session, "feeder", statement).await;
        assert_eq!(report.fixes[0].statements, fix, "{statement}: {report:#?}");
        assert_eq!(
            said(&session, "feeder", fix, statement).await,
            None,
            "{statement}"
        );
    }
}

/// What another session has locked cannot be tried: the words of the statement tell what is missing.
#[tokio::test]
async fn a_lock_of_another_session_is_not_waited_for() {
    support::database("why_locked");
    let setup = "CREATE ROLE waiting LOGIN; CREATE SCHEMA busy; GRANT USAGE ON SCHEMA busy TO waiting; \
        CREATE TABLE busy.orders (id int, paid bool)";
    support::cluster().execute("why_locked", setup).unwrap();
    let session = support::superuser_session("why_locked").await;
    let other = support::superuser_session("why_locked").await;
    other.query("BEGIN; LOCK TABLE busy.orders").await.unwrap();
    for (statement, fix) in [
        (
            "SELECT paid FROM busy.orders",
            vec!["GRANT SELECT (paid) ON TABLE busy.orders TO waiting"],
        ),
        (
            "TRUNCATE busy.orders",
            vec!["GRANT TRUNCATE ON TABLE busy.orders TO waiting"],
        ),
    ] {
        let report = why(&session, "waiting", statement).await;
        assert_eq!(first_fix(&report), fix, "{statement}: {report:#?}");
        let told = &report.fixes[0];
        assert_eq!(told.verdict, Verdict::Expected, "{statement}");
        assert!(
            told.notes.iter().any(|note| note.contains("lock")),
            "{statement}: {:?}",
            told.notes
        );
    }
    other.query("ROLLBACK").await.unwrap();
    let report = why(&session, "waiting", "TRUNCATE busy.orders").await;
    assert_eq!(report.fixes[0].verdict, Verdict::Proven);
}

//! Nothing remains on the server: catalogs, rows, sequences, statistics of data, large objects,
//! settings and files are after a rehearsal what they were before, whatever was rehearsed and
//! however it ended.

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

use std::collections::BTreeMap;
use std::fs;

use pgiam::adapters::rehearsal::{Question, Rehearse, explain};
use pgiam::adapters::session::Session;
use pgiam::domain::diagnosis::Outcome;
use pgiam::domain::sql::split;
use pgiam::standin::Cluster;
use support::session::superuser;

/// `asker` lacks everything, `holder` nothing: what it asks for would be done, were it run.
const OBJECTS: &str = r"
CREATE ROLE asker LOGIN;
CREATE ROLE group_role;
CREATE ROLE holder LOGIN SUPERUSER;
CREATE SCHEMA s;
CREATE TABLE s.parents (id int PRIMARY KEY, note text);
CREATE TABLE s.t (id serial PRIMARY KEY, a int CHECK (a < 1000), b text, parent int REFERENCES s.parents);
CREATE TABLE s.log (at timestamptz DEFAULT now(), what text);
CREATE TABLE s.whole (id int, b text) PARTITION BY RANGE (id);
CREATE TABLE s.part PARTITION OF s.whole FOR VALUES FROM (0) TO (100);
CREATE TABLE s.guarded (id int, tenant text);
ALTER TABLE s.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON s.guarded USING (tenant = current_user) WITH CHECK (tenant = current_user);
CREATE SEQUENCE s.counter;
CREATE VIEW s.seen AS SELECT id, b FROM s.t;
CREATE MATERIALIZED VIEW s.kept AS SELECT id, b FROM s.t;
CREATE TYPE s.mood AS ENUM ('sad', 'glad');
CREATE FUNCTION s.bump() RETURNS bigint LANGUAGE sql VOLATILE AS
    'INSERT INTO s.log (what) VALUES (''bump''); SELECT nextval(''s.counter'')';
CREATE FUNCTION s.bump_as_owner() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS
    'INSERT INTO s.log (what) VALUES (''bump''); SELECT nextval(''s.counter'')';
CREATE PROCEDURE s.act() LANGUAGE sql AS 'INSERT INTO s.log (what) VALUES (''act'')';
CREATE FUNCTION s.noted() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO s.log (what) VALUES (TG_OP); RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE INSERT OR UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.noted();
INSERT INTO s.parents SELECT n, 'p' || n FROM generate_series(1, 20) n;
INSERT INTO s.t (a, b, parent) SELECT n, 'b' || n, n FROM generate_series(1, 20) n;
INSERT INTO s.whole SELECT n, 'w' FROM generate_series(1, 20) n;
INSERT INTO s.guarded VALUES (1, 'asker'), (2, 'other');
SELECT nextval('s.counter');
SELECT lo_from_bytea(70001, 'before');
";

/// Everything that leaves something when it runs, and some that only read.
const STATEMENTS: &[&str] = &[
    "SELECT * FROM s.t",
    "SELECT b FROM s.seen FOR UPDATE",
    "SELECT count(*) FROM s.guarded",
    "INSERT INTO s.t (a, b) VALUES (1, 'x')",
    "INSERT INTO s.t (a, b) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET b = 'y' RETURNING id",
    "INSERT INTO s.guarded VALUES (3, 'asker')",
    "INSERT INTO s.part SELECT 50, 'new'",
    "UPDATE s.t SET a = a + 1, b = 'z' WHERE id < 10",
    "UPDATE s.whole SET b = 'new'",
    "DELETE FROM s.t WHERE id = 3",
    "DELETE FROM s.parents",
    "WITH gone AS (DELETE FROM s.t RETURNING *) INSERT INTO s.log (what) SELECT b FROM gone",
    "TRUNCATE s.t RESTART IDENTITY CASCADE",
    "TRUNCATE s.whole",
    "LOCK TABLE s.t IN ACCESS EXCLUSIVE MODE",
    "COPY s.t TO STDOUT",
    "COPY s.t (a, b) FROM STDIN",
    "COPY s.t TO PROGRAM 'touch \"$PGIAM_TRACE\"'",
    "SELECT nextval('s.counter')",
    "SELECT setval('s.counter', 1000)",
    "SELECT nextval('s.counter'), currval('s.counter')",
    "SELECT s.bump()",
    "SELECT s.bump_as_owner()",
    "CALL s.act()",
    "DO $$ BEGIN INSERT INTO s.log (what) VALUES ('do'); PERFORM nextval('s.counter'); END $$",
    "SELECT lo_create(70002)",
    "SELECT lo_unlink(70001)",
    "SELECT lo_put(70001, 0, 'after')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT lo_export(70001, '/tmp/pgiam-trace-of-a-large-object')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_stat_reset()",
    "SELECT pg_reload_conf()",
    "SELECT pg_advisory_lock(17)",
    "SELECT set_config('work_mem', '1MB', false)",
    "SELECT pg_notify('somebody', 'hello')",
    "SELECT pg_switch_wal()",
    "SELECT pg_terminate_backend(0)",
    "CREATE TABLE s.made AS SELECT * FROM s.t",
    "CREATE TABLE s.child (LIKE s.t INCLUDING ALL)",
    "CREATE TABLE s.refers (id int REFERENCES s.t)",
    "SELECT * INTO s.into_made FROM s.t",
    "CREATE TEMPORARY TABLE temp_made (a int)",
    "CREATE VIEW s.view_made AS SELECT * FROM s.t",
    "CREATE MATERIALIZED VIEW s.kept_made AS SELECT * FROM s.t",
    "CREATE INDEX made_index ON s.t (b)",
    "CREATE INDEX CONCURRENTLY made_too ON s.t (a)",
    "CREATE SEQUENCE s.made_sequence",
    "CREATE FUNCTION s.made() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE s.made_type AS (a int)",
    "ALTER TYPE s.mood ADD VALUE 'so so'",
    "CREATE SCHEMA made_schema",
    "CREATE DATABASE made_database",
    "CREATE EXTENSION plpgsql",
    "CREATE POLICY more ON s.guarded USING (true)",
    "CREATE TRIGGER again AFTER DELETE ON s.t FOR EACH ROW EXECUTE FUNCTION s.noted()",
    "CREATE PUBLICATION made_publication FOR TABLE s.t",
    "ALTER TABLE s.t ADD COLUMN c int DEFAULT 7",
    "ALTER TABLE s.t ALTER COLUMN a TYPE bigint",
    "ALTER TABLE s.t ADD CONSTRAINT positive CHECK (a > 0)",
    "ALTER TABLE s.t OWNER TO group_role",
    "ALTER TABLE s.t DISABLE TRIGGER ALL",
    "ALTER TABLE s.t SET UNLOGGED",
    "ALTER SEQUENCE s.counter RESTART WITH 500",
    "ALTER TABLE s.whole DETACH PARTITION s.part",
    "ALTER SYSTEM SET work_mem = '2MB'",
    "ALTER DATABASE traces SET work_mem = '2MB'",
    "ALTER ROLE group_role PASSWORD 'new'",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO asker",
    "DROP TABLE s.t CASCADE",
    "DROP SCHEMA s CASCADE",
    "DROP ROLE group_role",
    "DROP OWNED BY group_role",
    "REASSIGN OWNED BY group_role TO asker",
    "CREATE ROLE made_role",
    "GRANT group_role TO asker",
    "GRANT SELECT ON s.t TO group_role",
    "REVOKE ALL ON SCHEMA s FROM PUBLIC",
    "COMMENT ON TABLE s.t IS 'seen'",
    "SECURITY LABEL ON TABLE s.t IS NULL",
    "REFRESH MATERIALIZED VIEW s.kept",
    "REFRESH MATERIALIZED VIEW s.kept WITH DATA",
    "VACUUM s.t",
    "VACUUM FULL s.t",
    "ANALYZE s.t",
    "CLUSTER s.t USING t_pkey",
    "REINDEX TABLE s.t",
    "SET ROLE group_role",
    "SET work_mem = '3MB'",
    "LISTEN somebody",
    "NOTIFY somebody",
    "PREPARE later AS SELECT * FROM s.t",
    "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM s.t",
    "CHECKPOINT",
    "EXPLAIN ANALYZE INSERT INTO s.t (a) VALUES (1)",
    "BEGIN; INSERT INTO s.t (a) VALUES (1); COMMIT",
    "INSERT INTO s.t (a) VALUES (1); COMMIT; INSERT INTO s.t (a) VALUES (2)",
    "ROLLBACK; CREATE TABLE s.escaped (a int)",
    "RESET SESSION AUTHORIZATION; CREATE TABLE s.escaped (a int)",
    "SELECT 1; RESET ROLE; DELETE FROM s.t",
];

/// From 15.
const MERGE: &str = "MERGE INTO s.t USING s.parents p ON t.id = p.id WHEN MATCHED THEN UPDATE SET b = 'm' \
                     WHEN NOT MATCHED THEN INSERT (a) VALUES (1)";

/// What must stay, by what it is.
type State = BTreeMap<String, String>;

async fn cells(session: &Session, sql: &str) -> Vec<Vec<String>> {
    let rows = session.query(sql).await.unwrap().rows;
    rows.into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
        .collect()
}

/// One row a relation, made by a query for each that the server writes.
async fn digests(session: &Session, what: &str, list: &str, query: &str) -> State {
    let sql = format!(
        "SELECT string_agg(format($$SELECT %L, ({query})$$, name, name), ' UNION ALL ') FROM ({list}) AS l(name)"
    );
    let asked = cells(session, &sql).await;
    cells(session, &asked[0][0])
        .await
        .into_iter()
        .map(|row| (format!("{what} {}", row[0]), row[1].clone()))
        .collect()
}

/// Every catalog row, every data row, every sequence, the statistics of data, and the settings.
async fn state(session: &Session) -> State {
    let rows = "SELECT concat(count(*), ' ', sum(hashtextextended(t::text, 0)::numeric)) FROM %s t";
    let catalogs = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace";
    let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 's'::regnamespace";
    let sequences = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 's'::regnamespace";
    let mut state = digests(session, "catalog", catalogs, rows).await;
    state.extend(digests(session, "rows of", tables, rows).await);
    state.extend(
        digests(
            session,
            "sequence",
            sequences,
            "SELECT concat(last_value, is_called, log_cnt) FROM %s",
        )
        .await,
    );
    for (what, sql) in [
        (
            "statistics of",
            "SELECT relname, concat_ws(',', n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, n_dead_tup, \
             n_mod_since_analyze, vacuum_count, analyze_count) FROM pg_stat_user_tables WHERE schemaname = 's'",
        ),
        (
            "setting",
            "SELECT name, concat_ws(',', setting, source) FROM pg_settings WHERE name <> 'log_statement'",
        ),
        (
            "file",
            "SELECT 'postgresql.auto.conf', pg_read_file('postgresql.auto.conf')",
        ),
        (
            "database",
            "SELECT datname, concat(datdba, datacl) FROM pg_database",
        ),
    ] {
        for row in cells(session, sql).await {
            state.insert(format!("{what} {}", row[0]), row[1].clone());
        }
    }
    state
}

/// Statistics reach the others when a session ends, and in order: when those of a row written
/// afterwards are there, so are those of whatever ended before.
async fn settled(cluster: &Cluster, session: &Session, turn: usize) {
    let writer = superuser(cluster, "traces").await;
    writer
        .query("INSERT INTO public.marker VALUES (1)")
        .await
        .unwrap();
    drop(writer);
    let sql = "SELECT n_tup_ins FROM pg_stat_all_tables WHERE relname = 'marker'";
    loop {
        let found = cells(session, sql).await;
        if found[0][0].parse::<usize>().unwrap() >= turn {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn differences(before: &State, after: &State) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| format!("{name}: {:?} → {:?}", before.get(name), after.get(name)))
        .collect()
}

async fn why(session: &Session, role: &str, statement: &str, rehearse: Rehearse) -> Outcome {
    let question = Question {
        role: role.into(),
        statement: Some(statement.into()),
        refusal: None,
        search_path: None,
        rehearse,
    };
    let report = explain(session, &question).await;
    report
        .unwrap_or_else(|failure| panic!("{statement} for {role}: {failure:?}"))
        .outcome
}

/// A cluster where nothing happens by itself.
fn quiet_cluster() -> Cluster {
    let cluster = Cluster::start().unwrap();
    cluster
        .execute("postgres", "ALTER SYSTEM SET autovacuum = off")
        .unwrap();
    cluster
        .execute("postgres", "SELECT pg_reload_conf()")
        .unwrap();
    cluster
        .execute("postgres", "CREATE DATABASE traces")
        .unwrap();
    cluster
        .execute("traces", "CREATE TABLE public.marker (n int)")
        .unwrap();
    cluster.execute("traces", OBJECTS).unwrap();
    // What a first look caches or prunes is not the rehearsal's doing.
    cluster.execute("traces", "VACUUM ANALYZE").unwrap();
    cluster
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_remains_after_a_rehearsal() {
    let cluster = quiet_cluster();
    let watcher = superuser(&cluster, "traces").await;
    let mut statements = STATEMENTS.to_vec();
    if cluster.major_version() >= 15 {
        statements.push(MERGE);
    }
    settled(&cluster, &watcher, 1).await;
    let before = state(&watcher).await;
    let mut turn = 1;
    for role in ["asker", "holder"] {
        let session = superuser(&cluster, "traces").await;
        let own = own_state(&session).await;
        for statement in &statements {
            why(&session, role, statement, Rehearse::WherePossible).await;
            let left = differences(&own, &own_state(&session).await);
            assert!(left.is_empty(), "{statement} for {role}: {left:#?}");
        }
        drop(session);
        turn += 1;
        settled(&cluster, &watcher, turn).await;
        let left = differences(&before, &state(&watcher).await);
        if !left.is_empty() {
            let culprits = culprits(&cluster, &watcher, role, &statements, &mut turn).await;
            panic!("after all rehearsals for {role}: {left:#?}; left by {culprits:#?}");
        }
    }
    assert!(!fs::exists("/tmp/pgiam-trace-of-a-large-object").unwrap());
}

/// What the session itself would notice: settings, transaction, locks, temporary objects.
async fn own_state(session: &Session) -> State {
    let sql = "SELECT 'setting ' || name, setting FROM pg_settings \
        UNION ALL SELECT 'who', concat(current_user, ' ', session_user) \
        UNION ALL SELECT 'advisory locks', count(*)::text FROM pg_locks \
            WHERE locktype = 'advisory' AND pid = pg_backend_pid() \
        UNION ALL SELECT 'prepared statements', count(*)::text FROM pg_prepared_statements WHERE from_sql \
        UNION ALL SELECT 'cursor ' || name, statement FROM pg_cursors WHERE is_holdable \
        UNION ALL SELECT 'channel', c FROM pg_listening_channels() c \
        UNION ALL SELECT 'temporary ' || relname, '' FROM pg_class WHERE relpersistence = 't'";
    cells(session, sql)
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

/// Runs each alone again, to name those that left something.
async fn culprits(
    cluster: &Cluster,
    watcher: &Session,
    role: &str,
    statements: &[&str],
    turn: &mut usize,
) -> Vec<String> {
    let mut found = Vec::new();
    for statement in statements {
        let before = state(watcher).await;
        let session = superuser(cluster, "traces").await;
        why(&session, role, statement, Rehearse::WherePossible).await;
        drop(session);
        *turn += 1;
        settled(cluster, watcher, *turn).await;
        let left = differences(&before, &state(watcher).await);
        if !left.is_empty() {
            found.push(format!("{statement}: {left:?}"));
        }
    }
    found
}

/// Cut short while it waits for a lock: by a cancel the session lives on, by an end it does not.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_remains_of_a_rehearsal_cut_short() {
    let cluster = quiet_cluster();
    let watcher = superuser(&cluster, "traces").await;
    settled(&cluster, &watcher, 1).await;
    let before = state(&watcher).await;
    for (turn, cut) in ["pg_cancel_backend", "pg_terminate_backend"]
        .into_iter()
        .enumerate()
    {
        let blocker = superuser(&cluster, "traces").await;
        blocker
            .query("BEGIN; LOCK TABLE s.t, s.parents IN ACCESS EXCLUSIVE MODE")
            .await
            .unwrap();
        let session = superuser(&cluster, "traces").await;
        let pid = cells(&session, "SELECT pg_backend_pid()").await[0][0].clone();
        let question = Question {
            role: "asker".into(),
            statement: Some("ALTER TABLE s.t ADD COLUMN c int".into()),
            refusal: None,
            search_path: None,
            rehearse: Rehearse::WherePossible,
        };
        let rehearsal = explain(&session, &question);
        let cutting = async {
            let sql = format!("SELECT {cut}(pid) FROM pg_locks WHERE NOT granted AND pid = {pid}");
            // It waits 300 ms for a lock, more than once.
            for _ in 0..100_000 {
                if !cells(&watcher, &sql).await.is_empty() {
                    break;
                }
            }
        };
        let (report, ()) = tokio::join!(rehearsal, cutting);
        if cut == "pg_terminate_backend" {
            assert!(report.is_err());
        } else {
            let who = cells(&session, "SELECT current_user, session_user").await;
            assert_eq!(
                who,
                cells(&watcher, "SELECT current_user, session_user").await
            );
        }
        drop(session);
        blocker.query("ROLLBACK").await.unwrap();
        drop(blocker);
        settled(&cluster, &watcher, turn + 2).await;
        let left = differences(&before, &state(&watcher).await);
        assert!(left.is_empty(), "{cut}: {left:#?}");
    }
}

/// `--no-rehearse`: the server's own log shows nothing but reading in a read-only transaction.
#[tokio::test(flavor = "multi_thread")]
async fn without_rehearsal_catalogs_are_only_read() {
    let cluster = quiet_cluster();
    cluster
        .execute(
            "traces",
            "ALTER DATABASE traces SET log_statement = 'all'; ALTER DATABASE traces SET log_error_verbosity = 'terse'",
        )
        .unwrap();
    let session = superuser(&cluster, "traces").await;
    let pid = cells(&session, "SELECT pg_backend_pid()").await[0][0].clone();
    for statement in STATEMENTS {
        why(&session, "asker", statement, Rehearse::Never).await;
    }
    let log = fs::read_to_string(cluster.folder().join("postgres.log")).unwrap();
    let mut seen = 0;
    for entry in entries(&log, &pid) {
        for range in split::statements(entry) {
            let statement = entry[range].trim().to_lowercase();
            let word = statement.split_whitespace().next().unwrap_or_default();
            let reads = match word {
                "begin" => statement.contains("read only"),
                "set" => {
                    statement.starts_with("set local lock_timeout")
                        || statement.starts_with("set local statement_timeout")
                        || statement == "set local transaction_read_only = on"
                }
                "select" | "with" | "values" | "savepoint" | "rollback" => true,
                _ => false,
            };
            assert!(reads, "{statement}");
            seen += 1;
        }
    }
    assert!(seen > STATEMENTS.len(), "the log was read wrongly: {seen}");
}

/// What a backend logged as its statements; entries may have many lines.
fn entries<'a>(log: &'a str, pid: &str) -> Vec<&'a str> {
    let mark = format!(" UTC [{pid}] LOG:  statement: ");
    let mut found = Vec::new();
    for (at, _) in log.match_indices(&mark) {
        let text = &log[at + mark.len()..];
        // The next entry, of whatever backend, begins with a time in a line of its own.
        let end = text
            .match_indices("\n20")
            .map(|(end, _)| end)
            .find(|end| {
                text[end + 1..]
                    .chars()
                    .take(40)
                    .collect::<String>()
                    .contains(" UTC [")
            })
            .unwrap_or(text.len());
        found.push(&text[..end]);
    }
    found
}

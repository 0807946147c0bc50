//! Nothing remains on the server: catalogs, rows, sequences, statistics of data, large objects,
//! settings and files are after a rehearsal what they were before, however it ended.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use std::collections::BTreeMap;

use pgiam::adapters::rehearsal::{Question, Rehearse, explain};
use pgiam::adapters::session::Session;
use pgiam::standin::Cluster;
use support::session::superuser;

/// `asker` lacks everything.
const OBJECTS: &str = r#"
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
"#;

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

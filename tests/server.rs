//! Sessions with real servers: streaming, states, cancel, loss, TLS, passwords.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pgiam::adapters::connect::{Alone, Asked, Companion, Connector, Refused};
use pgiam::adapters::dial::Patience;
use pgiam::adapters::session::Session;
use pgiam::domain::failure::{Origin, Phase};
use pgiam::domain::profile::{Guard, Profile, Roots, Route, SignIn, Tls, TlsMode};
use pgiam::domain::rows::Cell;
use pgiam::domain::run::RunEvent;
use pgiam::domain::run::TransactionState::{self, Failed, Idle, Open};
use pgiam::domain::stage::{Stage, StageReport, StageState};
use pgiam::domain::target::{Surroundings, parse};
use pgiam::domain::token::Password;
use pgiam::standin::{Options, Standin};
use tokio::sync::mpsc;

/// A profile and connector for the superuser of the shared plain cluster.
fn plain() -> (Profile, Connector) {
    let target = parse(
        &support::cluster().superuser_url("postgres"),
        &Surroundings::default(),
    )
    .unwrap();
    let mut connector = Connector::default();
    connector.surroundings.password = target.password;
    (target.profile, connector)
}

async fn session() -> Session {
    let (profile, connector) = plain();
    connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap()
}

/// The stand-in's master, who signs in with a password over verified TLS.
fn master(standin: &Standin) -> (Profile, Connector) {
    let profile = standin
        .profiles()
        .into_iter()
        .find(|profile| profile.name == "demo-master")
        .unwrap();
    let mut connector = Connector::default();
    connector.surroundings.password = Some(Password::new(standin.master_password().to_owned()));
    (profile, connector)
}

async fn ran(session: &Session, statements: &[&str]) -> Vec<RunEvent> {
    let statements: Vec<String> = statements.iter().map(|sql| (*sql).to_owned()).collect();
    let (sender, mut receiver) = mpsc::channel(4);
    let run = async {
        session.run(&statements, &sender).await;
        drop(sender);
    };
    let collect = async {
        let mut events = Vec::new();
        while let Some(event) = receiver.recv().await {
            events.push(event);
        }
        events
    };
    tokio::join!(run, collect).1
}

fn tags(events: &[RunEvent]) -> Vec<String> {
    let tag = |event: &RunEvent| match event {
        RunEvent::Completed(completed) => Some(completed.tag.clone()),
        _ => None,
    };
    events.iter().filter_map(tag).collect()
}

fn states(events: &[RunEvent]) -> Vec<TransactionState> {
    let state = |event: &RunEvent| match event {
        RunEvent::Transaction(state) => Some(*state),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}

#[tokio::test]
async fn tags_states_notices_and_parameters_are_the_servers_own() {
    let session = session().await;
    let events = ran(
        &session,
        &[
            "create temp table t (a int)",
            "insert into t values (1), (2)",
            "begin",
            "do $$ begin raise warning 'careful'; end $$",
            "set local timezone = 'Asia/Tokyo'",
            "select 1 / 0",
            "never run",
        ],
    )
    .await;
    assert_eq!(
        tags(&events),
        ["CREATE TABLE", "INSERT 0 2", "BEGIN", "DO", "SET"]
    );
    assert_eq!(states(&events), [Idle, Idle, Open, Open, Open, Failed]);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, RunEvent::Notice(notice) if notice.message == "careful"))
    );
    assert!(
        events.iter().any(
            |event| matches!(event, RunEvent::Parameter { value, .. } if value == "Asia/Tokyo")
        )
    );
    assert!(matches!(events.last(), Some(RunEvent::Finished)));
    let events = ran(&session, &["rollback"]).await;
    assert_eq!(states(&events), [Idle]);
}

#[tokio::test]
async fn columns_carry_types_and_text_is_the_servers() {
    let session = session().await;
    let sql = "select 1::int8 as n, null::text as nothing, '' as empty, '{1,NULL}'::int[] as list, 'NaN'::numeric, \
               '\\x00ff'::bytea, '1 day'::interval, row(1, 'x'), 't'::bool";
    let events = ran(&session, &[sql]).await;
    let columns = events.iter().find_map(|event| match event {
        RunEvent::Columns(columns) => Some(columns.clone()),
        _ => None,
    });
    let columns = columns.unwrap();
    assert_eq!(
        (
            columns[0].name.as_str(),
            columns[0].type_oid,
            columns[0].type_name.as_str()
        ),
        ("n", 20, "int8")
    );
    let batch = events.iter().find_map(|event| match event {
        RunEvent::Rows(batch) => Some(batch.clone()),
        _ => None,
    });
    let batch = batch.unwrap();
    let cells: Vec<Option<&str>> = batch.row(0).map(Cell::text).collect();
    let expected = [
        Some("1"),
        None,
        Some(""),
        Some("{1,NULL}"),
        Some("NaN"),
        Some("\\x00ff"),
        Some("1 day"),
        Some("(1,x)"),
        Some("t"),
    ];
    assert_eq!(cells, expected);
}

#[tokio::test]
async fn a_question_leaves_nothing_for_the_next_statement() {
    let session = session().await;
    session
        .query("select 1 as first, 2 as second")
        .await
        .unwrap();
    let events = ran(&session, &["select 3 as third"]).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, RunEvent::Columns(columns) if columns[0].name == "third"))
    );
}

#[tokio::test]
async fn copy_is_refused_and_the_session_lives_on() {
    let session = session().await;
    ran(&session, &["create temp table t (a int)"]).await;
    for sql in [
        "/* c */ copy t from stdin",
        "copy t to stdout",
        "select 1; copy t from stdin",
    ] {
        let events = ran(&session, &[sql]).await;
        let refused = events
            .iter()
            .any(|event| matches!(event, RunEvent::Failed(failure) if failure.hint.is_some()));
        assert!(refused, "{sql} {events:?}");
    }
    assert_eq!(tags(&ran(&session, &["select 1"]).await), ["SELECT 1"]);
}

#[tokio::test]
async fn a_slow_reader_holds_the_server_back_and_leaving_frees_it() {
    let session = session().await;
    let (sender, mut receiver) = mpsc::channel(2);
    let statements = vec!["select repeat('x', 1000) from generate_series(1, 10000000)".to_owned()];
    let run = async { session.run(&statements, &sender).await };
    let read = async {
        while let Some(event) = receiver.recv().await {
            if matches!(event, RunEvent::Rows(_)) {
                break;
            }
        }
        drop(receiver);
    };
    let began = Instant::now();
    tokio::join!(run, read);
    assert_eq!(tags(&ran(&session, &["select 1"]).await), ["SELECT 1"]);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "the rest was drained: {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn cancel_goes_the_way_the_session_went() {
    let (profile, connector) = master(support::standin());
    let session = connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap();
    let canceller = session.canceller();
    let began = Instant::now();
    let cancel = async {
        // Repeated, because the first may come before the statement has begun.
        while began.elapsed() < Duration::from_millis(600) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            canceller.cancel().await.unwrap();
        }
    };
    let (events, ()) = tokio::join!(ran(&session, &["select pg_sleep(60)"]), cancel);
    let code = events.iter().find_map(|event| match event {
        RunEvent::Failed(failure) => failure.sqlstate.clone(),
        _ => None,
    });
    assert_eq!(code.as_deref(), Some("57014"));
    assert!(session.facts().tls.is_some());
}

#[tokio::test]
async fn a_server_that_dies_is_noticed_idle_and_at_work() {
    let standin = Standin::start(Options::small()).unwrap();
    let (profile, connector) = master(&standin);
    let idle = connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap();
    let busy = connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap();
    let lost = idle.lost();
    let crash = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        standin.cluster().crash();
        Instant::now()
    };
    let (events, failure, crashed) =
        tokio::join!(ran(&busy, &["select pg_sleep(60)"]), lost, crash);
    assert!(crashed.elapsed() < Duration::from_secs(1));
    assert_eq!(failure.origin, Origin::Lost);
    let lost = events.iter().any(|event| matches!(event, RunEvent::Failed(failure) if failure.origin == Origin::Lost || failure.sqlstate.is_some()));
    assert!(lost, "{events:?}");
}

#[tokio::test]
async fn the_guard_is_the_servers() {
    let (mut profile, connector) = plain();
    profile.guard = Guard::ReadOnly;
    let session = connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap();
    let events = ran(&session, &["create table never (a int)"]).await;
    let code = events.iter().any(|event| matches!(event, RunEvent::Failed(failure) if failure.sqlstate.as_deref() == Some("25006")));
    assert!(code, "{events:?}");
}

async fn refused(connector: &Connector, profile: &Profile) -> Refused {
    *connector
        .connect(profile, &Alone)
        .await
        .map(drop)
        .expect_err("a refusal")
}

#[tokio::test]
async fn the_five_modes_verify_what_libpq_verifies() {
    let standin = support::standin();
    let (good, connector) = master(standin);
    let wrong_name = |mode| Profile {
        tls: Tls {
            mode,
            server_name: Some("other.example.com".into()),
            ..good.tls.clone()
        },
        ..good.clone()
    };
    let wrong_roots = |mode| Profile {
        tls: Tls {
            mode,
            roots: Roots::Rds,
            ..good.tls.clone()
        },
        ..good.clone()
    };
    for (profile, stands) in [
        (good.clone(), true),
        (wrong_name(TlsMode::VerifyFull), false),
        (wrong_name(TlsMode::VerifyCa), true),
        (wrong_roots(TlsMode::VerifyFull), false),
        (wrong_roots(TlsMode::VerifyCa), false),
        (wrong_roots(TlsMode::Require), true),
        (wrong_roots(TlsMode::Prefer), true),
    ] {
        let outcome = connector.connect(&profile, &Alone).await;
        assert_eq!(
            outcome.is_ok(),
            stands,
            "{:?} {:?}",
            profile.tls,
            outcome.err().map(|refused| refused.failure)
        );
    }
    let name = refused(&connector, &wrong_name(TlsMode::VerifyFull))
        .await
        .failure;
    assert!(
        name.message.contains("other.example.com"),
        "{}",
        name.message
    );
    let plaintext = Profile {
        tls: Tls {
            mode: TlsMode::Disable,
            ..good.tls.clone()
        },
        ..good.clone()
    };
    assert_eq!(
        refused(&connector, &plaintext)
            .await
            .failure
            .sqlstate
            .as_deref(),
        Some("28000")
    );
}

#[tokio::test]
async fn a_token_is_never_sent_in_clear() {
    let (mut profile, connector) = plain();
    profile.host = "orders.c9xk2.eu-central-1.rds.amazonaws.com".into();
    profile.route = Route {
        dial: Some(format!("127.0.0.1:{}", profile.port)),
        command: None,
    };
    profile.sign_in = SignIn::default();
    profile.tls.mode = TlsMode::Disable;
    let refused = refused(&connector, &profile).await;
    assert_eq!(refused.failure.phase, Phase::Connecting(Stage::Profile));
}

#[tokio::test]
async fn silence_ends_in_a_timeout_at_its_stage() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut profile, mut connector) = plain();
    profile.port = listener.local_addr().unwrap().port();
    let short = Duration::from_millis(200);
    connector.patience = Patience {
        tls: short,
        sign_in: short,
        ..Patience::default()
    };
    for (mode, stage) in [
        (TlsMode::Require, Stage::Tls),
        (TlsMode::Disable, Stage::SignIn),
    ] {
        profile.tls.mode = mode;
        let refused = refused(&connector, &profile).await;
        assert_eq!(
            (refused.failure.origin, refused.failure.phase),
            (Origin::TimedOut, Phase::Connecting(stage))
        );
        let failed: Vec<Stage> = refused
            .reports
            .iter()
            .filter(|report| report.state == StageState::Failed)
            .map(|report| report.stage)
            .collect();
        assert_eq!(failed, [stage]);
        assert!(
            refused
                .reports
                .iter()
                .filter(|report| report.stage > stage)
                .all(|report| report.state == StageState::Skipped)
        );
    }
}

#[tokio::test]
async fn nothing_listening_and_no_such_name_are_told_apart() {
    let (mut profile, connector) = plain();
    profile.port = 1;
    let refused_port = refused(&connector, &profile).await.failure;
    assert_eq!(refused_port.phase, Phase::Connecting(Stage::Tcp));
    profile.host = "no-such-host.invalid".into();
    assert_eq!(
        refused(&connector, &profile).await.failure.phase,
        Phase::Connecting(Stage::Dns)
    );
}

#[tokio::test]
async fn a_tunnel_is_opened_first_and_closed_afterwards() {
    let (mut profile, connector) = plain();
    profile.route = Route {
        dial: Some(format!("127.0.0.1:{}", profile.port)),
        command: Some("exec sleep 600.25".into()),
    };
    let session = connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap();
    let runs = || {
        let listed = std::process::Command::new("ps")
            .args(["-eo", "args"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&listed.stdout)
            .lines()
            .any(|line| line.starts_with("sleep 600.25"))
    };
    assert!(runs());
    drop(session);
    support::wait_for(|| !runs());
    profile.route.dial = Some("127.0.0.1:1".into());
    profile.route.command = Some("echo no way >&2; exit 3".into());
    let failure = refused(&connector, &profile).await.failure;
    assert!(failure.message.contains("no way"), "{}", failure.message);
}

/// Remembers the stages it was told of, and types a password.
struct Typing(Mutex<BTreeSet<Stage>>, &'static str);

impl Companion for Typing {
    fn moved(&self, report: &StageReport) {
        self.0.lock().unwrap().insert(report.stage);
    }

    async fn ask_password(&self, _prompt: String) -> Asked {
        Asked::Typed(Password::new(self.1.to_owned()))
    }
}

#[tokio::test]
async fn passwords_are_looked_for_in_order_and_asked_for_last() {
    session()
        .await
        .query("create role typed login password 'typed-pw'")
        .await
        .unwrap();
    let (mut profile, mut connector) = plain();
    profile.user = "typed".into();
    profile.sign_in = SignIn::Password;
    connector.surroundings.password = None;
    let companion = Typing(Mutex::default(), "typed-pw");
    let outcome = connector.connect(&profile, &companion).await;
    assert!(outcome.is_ok());
    assert_eq!(
        companion.0.lock().unwrap().len(),
        Stage::ALL.len(),
        "every stage was told"
    );
    let source = |reports: &[StageReport]| reports[1].summary.clone();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    std::fs::write(&file, "*:*:*:typed:from-the-file\n").unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(
        &mut std::fs::metadata(&file).unwrap().permissions(),
        0o600,
    );
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    connector.surroundings.file = Some(file);
    let by_file = refused(&connector, &profile).await;
    assert!(
        source(&by_file.reports).contains("password file"),
        "{:?}",
        by_file.reports[1]
    );
    profile.sign_in = SignIn::Command {
        command: "echo typed-pw".into(),
    };
    connector.surroundings.file = None;
    assert!(connector.connect(&profile, &Alone).await.is_ok());
}

/// The shared cluster's superuser on a profile marked read-only.
async fn read_only() -> Session {
    let (profile, connector) = plain();
    let profile = Profile {
        guard: Guard::ReadOnly,
        ..profile
    };
    connector
        .connect(&profile, &Alone)
        .await
        .map_err(|refused| refused.failure)
        .unwrap()
}

fn failure(events: &[RunEvent]) -> Option<pgiam::domain::failure::Failure> {
    events.iter().find_map(|event| match event {
        RunEvent::Failed(failure) => Some(failure.clone()),
        _ => None,
    })
}

#[tokio::test]
async fn a_read_only_session_stays_so_whatever_is_typed() {
    let writer = session().await;
    drop(ran(&writer, &["create table guarded (a int)"]).await);
    let session = read_only().await;
    let written = failure(&ran(&session, &["insert into guarded values (1)"]).await).unwrap();
    assert_eq!(written.sqlstate.as_deref(), Some("25006"));
    for sql in [
        "set default_transaction_read_only = off",
        "begin read write",
        "set session characteristics as transaction read write",
        "select set_config('default_transaction_read_only', 'off', false)",
    ] {
        let refused = failure(&ran(&session, &[sql]).await).unwrap();
        assert_eq!(refused.origin, Origin::Local, "{sql}: {refused:?}");
        assert!(refused.message.contains("read-only"));
    }
    // What no client can see coming: a block that does it on the server.
    let block = "do $$ begin set default_transaction_read_only = off; end $$";
    assert_eq!(failure(&ran(&session, &[block]).await), None);
    let insert = "insert into guarded values (1)";
    let written = failure(&ran(&session, &[insert]).await).unwrap();
    assert_eq!(written.sqlstate.as_deref(), Some("25006"));
    let inside =
        "do $$ begin set transaction_read_only = off; insert into guarded values (1); end $$";
    assert!(failure(&ran(&session, &[inside]).await).is_some());
    let left = writer.query("select count(*) from guarded").await.unwrap();
    assert_eq!(left.rows[0][0].as_deref(), Some("0"));
    drop(ran(&writer, &["drop table guarded"]).await);
}

#[tokio::test]
async fn a_sessions_time_outs_are_the_profiles_then_the_settings() {
    use pgiam::adapters::connect::Limits;
    use pgiam::domain::timeouts::Timeouts;
    let (mut profile, connector) = plain();
    profile.timeouts.statement = Some(Duration::from_millis(50));
    let connector = connector.with_limits(Limits::Person(Timeouts {
        statement: Some(Duration::from_mins(1)),
        lock: Some(Duration::from_secs(5)),
        idle_in_transaction: None,
    }));
    let session = connector.connect(&profile, &Alone).await;
    let session = session.map_err(|refused| refused.failure).unwrap();
    let locks = session.query("show lock_timeout").await.unwrap();
    assert_eq!(locks.rows[0][0].as_deref(), Some("5s"));
    let late = failure(&ran(&session, &["select pg_sleep(30)"]).await).unwrap();
    assert_eq!(late.sqlstate.as_deref(), Some("57014"));
}

#[tokio::test]
async fn a_commit_tells_its_transaction_so_that_its_end_can_be_asked_for() {
    let session = session().await;
    let events = ran(
        &session,
        &[
            "begin",
            "create temp table committed (a int)",
            "commit",
            "begin",
            "select 1",
            "commit",
        ],
    )
    .await;
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Committing { transaction } => Some(transaction.clone()),
            _ => None,
        })
        .collect();
    let [id] = told.as_slice() else {
        panic!("one transaction wrote: {told:?}")
    };
    let asked = format!("select pg_xact_status('{id}'::xid8)");
    let answer = session.query(&asked).await.unwrap();
    assert_eq!(answer.rows[0][0].as_deref(), Some("committed"));
}

#[tokio::test]
async fn measuring_a_write_leaves_nothing_and_breaks_no_transaction() {
    use pgiam::adapters::explain::explain;
    use pgiam::domain::plan;
    use pgiam::domain::sql::explain::{Depth, explainable};
    let session = session().await;
    drop(ran(&session, &["create table measured as select 1 as a"]).await);
    let delete = explainable("delete from measured").unwrap();
    let count = "select count(*) from measured";
    for state in [Idle, Open] {
        if state == Open {
            drop(ran(&session, &["begin", "insert into measured values (2)"]).await);
        }
        let json = explain(&session, &delete, Depth::Measured).await.unwrap();
        let plan = plan::read(&json).unwrap();
        assert!(plan.is_measured());
        assert_eq!(plan.nodes[0].title, "Delete");
        assert_eq!(session.transaction(), state);
        // A statement that fails to be planned must not break what is open.
        let wrong = explainable("select * from nowhere_at_all").unwrap();
        let refused = explain(&session, &wrong, Depth::Planned).await.unwrap_err();
        assert_eq!(refused.sqlstate.as_deref(), Some("42P01"));
        let rows = session.query(count).await.unwrap().rows;
        let expected = if state == Open { "2" } else { "1" };
        assert_eq!(rows[0][0].as_deref(), Some(expected));
        assert_eq!(session.transaction(), state);
    }
    drop(ran(&session, &["rollback", "drop table measured"]).await);
}

/// A table of three rows of many types, what it holds, and how its rows are edited.
struct Edited {
    rows: Vec<Vec<Option<String>>>,
    target: pgiam::domain::edit::Target,
}

async fn edited(session: &Session, name: &str) -> Edited {
    use pgiam::domain::edit::{question, target};
    drop(
        ran(
            session,
            &[
                &format!(
                    "create table {name} (id int primary key, j json, b bytea, t timestamptz, \
                     a text[], f boolean, c char(4), n numeric, p point)"
                ),
                &format!(
                    "insert into {name} select n, '{{\"a\":  1}}', '\\x00ff', \
                     '2024-03-31 02:30+02', '{{\"x,y\",null}}', true, 'ab', 1.50, '(1,2)' \
                     from generate_series(1, 3) n"
                ),
            ],
        )
        .await,
    );
    let select = format!("select * from {name} order by id");
    let events = ran(session, &[&select]).await;
    let columns = events.iter().find_map(|event| match event {
        RunEvent::Columns(columns) => Some(columns.clone()),
        _ => None,
    });
    let columns = columns.unwrap();
    let rows = session.query(&select).await.unwrap().rows;
    let asked = session.query(&question(&columns).unwrap()).await.unwrap();
    let target = target(&columns, &asked.rows).unwrap();
    assert_eq!(target.key, [0]);
    Edited { rows, target }
}

#[tokio::test]
async fn edits_of_every_type_are_made_where_the_row_is_as_it_was_read() {
    use pgiam::adapters::edits::make;
    use pgiam::domain::edit::{Ending, NewValue, Pending, Spot};
    let session = session().await;
    let other = self::session().await;
    let Edited { rows, target } = edited(&session, "edited_well").await;
    let read = |spot: Spot| rows.get(spot.row)?.get(spot.column).cloned();

    // Every column is set to another value, so that each is compared with what was read.
    let mut pending = Pending::default();
    let values = [
        "11",
        "[2]",
        "\\x41",
        "2025-01-01",
        "{}",
        "f",
        "zz",
        "2",
        "(3,4)",
    ];
    for (column, value) in values.iter().enumerate() {
        let value = NewValue::Text((*value).to_owned());
        pending.cells.insert(Spot { row: 0, column }, value);
    }
    pending.deleted.insert(1);
    let made = make(&session, &pending.changes(&target, read), Ending::Commit)
        .await
        .unwrap();
    assert_eq!(made.state, Idle);
    assert_eq!(made.rows[1][2].as_deref(), Some("\\x41"));
    let left = other
        .query("select id from edited_well order by id")
        .await
        .unwrap()
        .rows;
    assert_eq!(left, [[Some("3".to_owned())], [Some("11".to_owned())]]);
    drop(ran(&session, &["drop table edited_well"]).await);
}

#[tokio::test]
async fn edits_are_all_undone_where_one_row_has_changed() {
    use pgiam::adapters::edits::make;
    use pgiam::domain::edit::{Ending, NewValue, Pending, Spot};
    let session = session().await;
    let other = self::session().await;
    let Edited { rows, target } = edited(&session, "edited_late").await;
    let read = |spot: Spot| rows.get(spot.row)?.get(spot.column).cloned();
    // Somebody else changes the third row: nothing of the next changes is made.
    drop(
        other
            .query("update edited_late set n = 9 where id = 3")
            .await
            .unwrap(),
    );
    let mut pending = Pending::default();
    pending
        .cells
        .insert(Spot { row: 2, column: 5 }, NewValue::Null);
    let number = Spot { row: 2, column: 7 };
    pending.cells.insert(number, NewValue::Text("5".into()));
    pending.inserted.push(std::collections::BTreeMap::from([(
        0,
        NewValue::Text("4".into()),
    )]));
    let mut changes = pending.changes(&target, read);
    changes.reverse();
    let unmade = make(&session, &changes, Ending::Commit).await.unwrap_err();
    assert_eq!(unmade.place, Some(1));
    assert!(
        unmade.failure.message.contains("changed or gone"),
        "{unmade:?}"
    );
    assert_eq!(unmade.state, Idle);
    let left = other
        .query("select count(*) from edited_late")
        .await
        .unwrap()
        .rows;
    assert_eq!(
        left[0][0].as_deref(),
        Some("3"),
        "the new row is undone too"
    );

    // Inside a transaction only the edits are undone.
    drop(
        ran(
            &session,
            &["begin", "insert into edited_late (id) values (50)"],
        )
        .await,
    );
    let unmade = make(&session, &changes, Ending::Commit).await.unwrap_err();
    assert_eq!(unmade.state, Open);
    let left = session
        .query("select count(*) from edited_late")
        .await
        .unwrap()
        .rows;
    assert_eq!(left[0][0].as_deref(), Some("4"));
    drop(ran(&session, &["rollback", "drop table edited_late"]).await);
}

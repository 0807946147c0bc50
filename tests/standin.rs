//! The stand-in against real clients: psql and tokio-postgres.
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

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use native_tls::{Certificate, TlsConnector};
use pgiam::adapters::sign::SignedFor;
use pgiam::standin::journal::Verdict;
use pgiam::standin::sample::{DATABASE, HOST};
use pgiam::standin::verify::{AccessKey, Rejection};
use pgiam::standin::{Cluster, Options, Standin};
use postgres_native_tls::MakeTlsConnector;

use support::psql::{Psql, endpoint, now, token};
use support::signer::sign;
use support::{standin, wait_for};

const WHO: &str = "SELECT current_user";

#[test]
fn a_cluster_answers_over_tcp_and_leaves_nothing_behind() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.superuser_url("postgres");
    let output = Command::new("psql")
        .args(["-XAtc", WHO, &url])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "rdsadmin\n");

    let folder = cluster.folder().to_owned();
    let pid = server_pid(&folder);
    drop(cluster);
    assert!(!folder.exists());
    assert!(!is_alive(pid));
}

fn server_pid(folder: &Path) -> i32 {
    let lock = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    lock.lines().next().unwrap().parse().unwrap()
}

fn is_alive(pid: i32) -> bool {
    rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_ok()
}

#[test]
fn as_root_the_server_runs_as_somebody_else() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = standin().cluster().folder();
    let server = folder.join("data/postmaster.pid").metadata().unwrap();
    assert_ne!(server.uid(), 0);
    // The socket lets in whoever reaches it, so nobody else may.
    let socket = standin().cluster().socket_folder().metadata().unwrap();
    assert_eq!(socket.mode() & 0o077, 0);
}

#[test]
fn a_right_token_signs_in_whatever_the_role_is_called() {
    for user in ["analyst", "Ann O'Neil", "ana.lindqvist@example.com"] {
        assert_eq!(Psql::with_token(standin(), user).answer(WHO), user);
    }
}

#[test]
fn a_long_token_of_temporary_keys_signs_in() {
    let token = sign(&standin().keys().temporary, endpoint("support"), now());
    assert!(token.len() > 1900);
    let psql = Psql::with_token(standin(), "support").password(token);
    assert_eq!(psql.answer(WHO), "support");
}

#[test]
fn each_wrong_token_gets_the_pam_text_and_its_true_reason_is_logged() {
    let standin = Standin::start(Options::small()).unwrap();
    let keys = standin.keys();
    let strangers = AccessKey {
        id: "AKIANOBODYKNOWSTHIS1".into(),
        ..keys.lasting.clone()
    };
    let forged = AccessKey {
        secret: "guessed".into(),
        ..keys.lasting.clone()
    };
    let unsessioned = AccessKey {
        session_token: None,
        ..keys.temporary.clone()
    };
    let other = "payments.c9akciq32xyz.eu-central-1.rds.amazonaws.com";
    let signed = |key: &AccessKey| sign(key, endpoint("analyst"), now());
    let elsewhere = |target| sign(&keys.lasting, target, now());
    let right = endpoint("analyst");
    let cases = [
        (
            elsewhere(SignedFor {
                region: "us-east-1",
                ..right
            }),
            Rejection::Region("us-east-1".into()),
        ),
        (
            elsewhere(SignedFor {
                host: other,
                ..right
            }),
            Rejection::Host(other.into()),
        ),
        (
            elsewhere(SignedFor {
                port: 5433,
                ..right
            }),
            Rejection::Port(5433),
        ),
        (
            elsewhere(endpoint("Analyst")),
            Rejection::User("Analyst".into()),
        ),
        (signed(&strangers), Rejection::Key),
        (signed(&forged), Rejection::Signature),
        (signed(&unsessioned), Rejection::SessionToken),
        (
            "hunter2".to_owned(),
            Rejection::Malformed("no host, port and query"),
        ),
    ];
    for (token, reason) in cases {
        let refusal = Psql::with_token(&standin, "analyst")
            .password(token)
            .refusal(WHO);
        assert!(
            refusal.contains("FATAL:  PAM authentication failed for user \"analyst\""),
            "{refusal}"
        );
        assert_eq!(
            standin.journal().latest("analyst"),
            Some(Verdict::Rejected(reason))
        );
    }
    let old = sign(&keys.lasting, right, now() - 1000);
    Psql::with_token(&standin, "analyst")
        .password(old)
        .refusal(WHO);
    assert!(matches!(
        standin.journal().latest("analyst"),
        Some(Verdict::Rejected(Rejection::Expired(1000..)))
    ));
    Psql::with_token(&standin, "analyst")
        .password(signed(&keys.confined))
        .refusal(WHO);
    assert!(matches!(
        standin.journal().latest("analyst"),
        Some(Verdict::Rejected(Rejection::Policy { .. }))
    ));
}

#[test]
fn who_is_not_in_rds_iam_is_asked_for_a_password() {
    for user in ["newcomer", "no such role"] {
        let refusal = Psql::with_token(standin(), user).refusal(WHO);
        assert!(
            refusal.contains(&format!(
                "FATAL:  password authentication failed for user \"{user}\""
            )),
            "{refusal}"
        );
    }
    let master = Psql::with_token(standin(), "master");
    let refusal = master.refusal(WHO);
    assert!(
        refusal.contains("password authentication failed"),
        "{refusal}"
    );
    let master = master.password(standin().master_password());
    assert_eq!(master.answer(WHO), "master");
    assert_eq!(
        master.answer("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"),
        "f"
    );
}

#[test]
fn the_database_refuses_in_its_own_words_after_a_good_token() {
    for (user, database, words) in [
        (
            "auditor",
            "finance",
            "permission denied for database \"finance\"\nDETAIL:  User does not have CONNECT privilege.",
        ),
        ("analyst", "no such", "database \"no such\" does not exist"),
        (
            "suspended",
            DATABASE,
            "role \"suspended\" is not permitted to log in",
        ),
        (
            "nightly",
            DATABASE,
            "too many connections for role \"nightly\"",
        ),
        (
            "analyst",
            "rdsadmin",
            "no pg_hba.conf entry for host \"127.0.0.1\", user \"analyst\", database \"rdsadmin\"",
        ),
    ] {
        let refusal = Psql::with_token(standin(), user)
            .database(database)
            .refusal(WHO);
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn without_tls_nobody_comes_in() {
    let how = match standin().cluster().major_version() {
        13 => "SSL off",
        _ => "no encryption",
    };
    for (user, words) in [
        ("analyst", "pg_hba.conf rejects connection for"),
        ("master", "no pg_hba.conf entry for"),
    ] {
        let refusal = Psql::with_token(standin(), user)
            .sslmode("disable")
            .refusal(WHO);
        let expected = format!(
            "FATAL:  {words} host \"127.0.0.1\", user \"{user}\", database \"orders\", {how}"
        );
        assert!(refusal.contains(&expected), "{refusal}");
    }
}

#[test]
fn each_demo_role_misses_what_it_is_there_to_miss() {
    for (user, sql, words) in [
        (
            "intern",
            "SELECT id FROM crm.customers",
            "42501: permission denied for schema crm",
        ),
        (
            "support",
            "SELECT email FROM crm.customers",
            "42501: permission denied for table customers",
        ),
        (
            "developer",
            "CREATE SCHEMA mine",
            "42501: permission denied for database orders",
        ),
        (
            "developer",
            "CREATE TABLE public.mine ()",
            "42501: permission denied for schema public",
        ),
        (
            "developer",
            "INSERT INTO sales.orders (customer_id) VALUES (1)",
            "42501: permission denied for sequence orders_id_seq",
        ),
        (
            "analyst",
            "SELECT sales.refund(1)",
            "42501: permission denied for function refund",
        ),
        (
            "analyst",
            "SELECT gross FROM hr.payroll",
            "42501: permission denied for schema hr",
        ),
    ] {
        let refusal = Psql::with_token(standin(), user).refusal(sql);
        assert!(refusal.contains(words), "{user}: {refusal}");
    }
    let support = Psql::with_token(standin(), "support");
    assert_eq!(support.answer("SELECT count(*) FROM crm.tickets"), "100");
    assert_eq!(
        support.answer("SELECT count(name) FROM crm.customers"),
        "2000"
    );
    let analyst = Psql::with_token(standin(), "analyst");
    assert_eq!(
        analyst.answer("SELECT count(*) FROM reporting.order_overview"),
        "20000"
    );
}

#[test]
fn the_master_can_invite_and_the_invitation_counts_at_once() {
    let standin = Standin::start(Options::small()).unwrap();
    let master = Psql::with_token(&standin, "master").password(standin.master_password());
    master.answer("GRANT rds_iam TO newcomer");
    assert_eq!(
        Psql::with_token(&standin, "newcomer").answer(WHO),
        "newcomer"
    );
    assert_eq!(master.answer(WHO), "master");
    master.answer("GRANT USAGE ON SCHEMA crm TO intern");
    let intern = Psql::with_token(&standin, "intern");
    assert_eq!(intern.answer("SELECT count(*) FROM crm.customers"), "2000");
    master.answer("GRANT CONNECT ON DATABASE finance TO auditor");
    let auditor = Psql::with_token(&standin, "auditor").database("finance");
    assert_eq!(auditor.answer("SELECT count(*) FROM ledger.entries"), "500");
}

#[test]
fn ctrl_c_reaches_the_server_through_the_front() {
    let psql = Psql::with_token(standin(), "analyst");
    let child = psql
        .command()
        .args(["-c", "SELECT pg_sleep(600) AS interrupt_me"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(|| {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%interrupt_me%' AND wait_event = 'PgSleep'";
        admin(sleeping) == "1"
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("57014"), "{said}");
}

/// Asks the shared stand-in's real server, as its superuser.
fn admin(sql: &str) -> String {
    let output = Command::new("psql")
        .args(["-XAtc", sql, &standin().admin_url()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn many_connect_at_once() {
    let answers: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| Psql::with_token(standin(), "analyst").answer("SELECT 1")))
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| answer == "1"));
}

#[tokio::test]
async fn the_large_table_fills_in_the_background() {
    let standin = Standin::start(Options { events: 120_001 }).unwrap();
    standin.wait_until_filled().await;
    let analyst = Psql::with_token(&standin, "analyst");
    assert_eq!(
        analyst.answer("SELECT count(*), max(id) FROM web.events"),
        "120001|120001"
    );
}

fn verifying_tls(standin: &Standin) -> MakeTlsConnector {
    let pem = std::fs::read(standin.root_certificate()).unwrap();
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(Certificate::from_pem(&pem).unwrap())
        .build()
        .unwrap();
    MakeTlsConnector::new(connector)
}

#[tokio::test]
async fn tokio_postgres_signs_in_reads_and_cancels() {
    let standin = standin();
    let tls = verifying_tls(standin);
    let mut config = tokio_postgres::Config::new();
    config
        .host(HOST)
        .hostaddr(standin.dial().ip())
        .port(standin.dial().port())
        .ssl_mode(tokio_postgres::config::SslMode::Require)
        .user("analyst")
        .password(token(standin, "analyst"))
        .dbname(DATABASE);
    let (client, connection) = config.connect(tls.clone()).await.unwrap();
    tokio::spawn(connection);
    let row = client.query_one("SELECT count(*) FROM sales.orders", &[]);
    assert_eq!(row.await.unwrap().get::<_, i64>(0), 20_000);

    let cancel = client.cancel_token();
    let sleep = client.batch_execute("SELECT pg_sleep(600)");
    let (slept, cancelled) = tokio::join!(sleep, async {
        // Until the server has begun to sleep, a cancel would hit nothing.
        let pid = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND wait_event = 'PgSleep'";
        while tokio::task::spawn_blocking(|| admin(pid)).await.unwrap() == "0" {}
        cancel.cancel_query(tls.clone()).await
    });
    cancelled.unwrap();
    assert_eq!(slept.unwrap_err().code().unwrap().code(), "57014");

    config.password("not a token");
    let refusal = config.connect(tls.clone()).await.err().unwrap();
    assert_eq!(refusal.code().unwrap().code(), "28000");
    config.user("newcomer").password(token(standin, "newcomer"));
    let refusal = config.connect(tls.clone()).await.err().unwrap();
    assert_eq!(refusal.code().unwrap().code(), "28P01");
}

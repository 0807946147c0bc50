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
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use pgiam::adapters::sign::SignedFor;
use pgiam::standin::journal::Verdict;
use pgiam::standin::misbehave::{Iam, Presents, Road};
use pgiam::standin::sample::{DATABASE, HOST, PORT, REGION};
use pgiam::standin::verify::{AccessKey, Rejection};
use pgiam::standin::{Cluster, Options, Standin};

use support::signer::sign;
use support::standin;

/// One attempt by psql: what to change, then what it said.
struct Psql<'a> {
    standin: &'a Standin,
    user: &'a str,
    password: String,
    database: &'a str,
    sslmode: &'a str,
}

impl<'a> Psql<'a> {
    fn with_token(standin: &'a Standin, user: &'a str) -> Self {
        let password = token(standin, user);
        Self {
            standin,
            user,
            password,
            database: DATABASE,
            sslmode: "verify-full",
        }
    }

    fn password(mut self, password: impl Into<String>) -> Self {
        self.password = password.into();
        self
    }

    fn database(mut self, database: &'a str) -> Self {
        self.database = database;
        self
    }

    fn sslmode(mut self, sslmode: &'a str) -> Self {
        self.sslmode = sslmode;
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-At", "-v", "VERBOSITY=verbose"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("PGHOST", HOST)
            .env("PGHOSTADDR", "127.0.0.1")
            .env("PGPORT", self.standin.dial().port().to_string())
            .env("PGUSER", self.user)
            .env("PGDATABASE", self.database)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", self.sslmode)
            .env("PGGSSENCMODE", "disable")
            .env("PGSSLROOTCERT", self.standin.root_certificate());
        command
    }

    fn run(&self, sql: &str) -> Output {
        self.command().args(["-c", sql]).output().unwrap()
    }

    /// What the statement printed; the test fails if it was refused.
    fn answer(&self, sql: &str) -> String {
        let output = self.run(sql);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// What was said in refusal; the test fails if it worked.
    fn refusal(&self, sql: &str) -> String {
        let output = self.run(sql);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn token(standin: &Standin, user: &str) -> String {
    sign(&standin.keys().lasting, endpoint(user), now())
}

fn endpoint(user: &str) -> SignedFor<'_> {
    SignedFor {
        host: HOST,
        port: PORT,
        user,
        region: REGION,
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

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
            "no pg_hba.conf entry for host \"127.0.0.1\", user \"analyst\", database \"rdsadmin\", SSL encryption",
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
    let refusal = Psql::with_token(standin(), "analyst")
        .sslmode("disable")
        .refusal(WHO);
    assert!(
        refusal.contains("FATAL:  pg_hba.conf rejects connection for host \"127.0.0.1\", user \"analyst\", database \"orders\", no encryption"),
        "{refusal}"
    );
    let refusal = Psql::with_token(standin(), "master")
        .sslmode("disable")
        .refusal(WHO);
    assert!(
        refusal.contains("FATAL:  no pg_hba.conf entry for host \"127.0.0.1\", user \"master\", database \"orders\", no encryption"),
        "{refusal}"
    );
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

fn wait_for(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it never happened"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
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

#[test]
fn the_token_service_can_be_off_throttled_broken_or_wrong_about_the_time() {
    let standin = Standin::start(Options::small()).unwrap();
    let analyst = || Psql::with_token(&standin, "analyst");
    let with = |iam| {
        standin.faults().set(|wrong| wrong.iam = iam);
        let refusal = analyst().refusal(WHO);
        assert!(refusal.contains("PAM authentication failed"), "{refusal}");
        standin.journal().latest("analyst").unwrap()
    };
    assert_eq!(with(Iam::Off), Verdict::Off);
    assert_eq!(with(Iam::Throttled), Verdict::Throttled);
    assert_eq!(with(Iam::Broken), Verdict::Broken);
    standin.faults().behave();
    standin.faults().set(|wrong| wrong.clock_ahead = 3600);
    analyst().refusal(WHO);
    assert!(matches!(
        standin.journal().latest("analyst"),
        Some(Verdict::Rejected(Rejection::Expired(3600..)))
    ));
    standin.faults().set(|wrong| wrong.clock_ahead = -3600);
    analyst().refusal(WHO);
    assert!(matches!(
        standin.journal().latest("analyst"),
        Some(Verdict::Rejected(Rejection::Early(_)))
    ));
    standin.faults().behave();
    assert_eq!(analyst().answer(WHO), "analyst");
}

#[test]
fn tls_can_be_refused_or_go_wrong() {
    let standin = Standin::start(Options::small()).unwrap();
    for (presents, words) in [
        (Presents::NoTls, "server does not support SSL"),
        (Presents::AStranger, "certificate verify failed"),
        (Presents::AnExpiredOne, "certificate verify failed"),
        (Presents::AnotherName, "does not match host name"),
    ] {
        standin.faults().set(|wrong| wrong.presents = presents);
        let refusal = Psql::with_token(&standin, "analyst").refusal(WHO);
        assert!(refusal.contains(words), "{presents:?}: {refusal}");
    }
}

#[test]
fn a_session_can_be_cut_in_the_middle_of_a_message() {
    let standin = Standin::start(Options::small()).unwrap();
    standin.faults().set(|wrong| wrong.cut_after = Some(2000));
    let refusal = Psql::with_token(&standin, "analyst").refusal("SELECT repeat('x', 100000)");
    assert!(
        refusal.contains("connection to server was lost"),
        "{refusal}"
    );
}

#[test]
fn a_slow_server_answers_late_and_a_silent_one_not_at_all() {
    let standin = Standin::start(Options::small()).unwrap();
    let delay = Duration::from_millis(300);
    for set in [
        (|wrong, delay| wrong.delays.tls = delay)
            as fn(&mut pgiam::standin::misbehave::Wrongs, Duration),
        |wrong, delay| wrong.delays.sign_in = delay,
        |wrong, delay| wrong.delays.answers = delay,
    ] {
        standin.faults().behave();
        standin.faults().set(|wrong| set(wrong, delay));
        let began = Instant::now();
        assert_eq!(
            Psql::with_token(&standin, "analyst").answer("SELECT 1"),
            "1"
        );
        assert!(began.elapsed() >= delay);
    }
    standin.faults().behave();
    standin.faults().set(|wrong| wrong.road = Road::Silent);
    let psql = Psql::with_token(&standin, "analyst");
    let mut command = psql.command();
    let child = command
        .env("PGCONNECT_TIMEOUT", "2")
        .args(["-c", "SELECT 1"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("timeout expired"), "{said}");
    // Whoever is patient is served when the road opens again.
    let patient = std::thread::scope(|scope| {
        let patient = scope.spawn(|| psql.answer("SELECT 2"));
        standin.faults().behave();
        patient.join().unwrap()
    });
    assert_eq!(patient, "2");
}

#[test]
fn a_stopped_instance_refuses_ends_its_sessions_and_comes_back() {
    let standin = Standin::start(Options::small()).unwrap();
    let psql = Psql::with_token(&standin, "analyst");
    let mut open = psql
        .command()
        .args(["-c", "SELECT pg_sleep(600)"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(|| {
        let output = Command::new("psql")
            .args([
                "-XAtc",
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
                &standin.admin_url(),
            ])
            .output()
            .unwrap();
        output.stdout == b"1\n"
    });
    standin.faults().set(|wrong| wrong.road = Road::Stopped);
    assert!(!open.wait().unwrap().success());
    wait_for(|| {
        let refusal = Psql::with_token(&standin, "analyst").refusal(WHO);
        refusal.contains("Connection refused")
    });
    standin.faults().behave();
    wait_for(|| {
        Psql::with_token(&standin, "analyst")
            .run(WHO)
            .status
            .success()
    });
}

#[test]
fn a_crashed_server_comes_back_and_the_front_finds_it() {
    let standin = Standin::start(Options::small()).unwrap();
    assert_eq!(Psql::with_token(&standin, "analyst").answer(WHO), "analyst");
    standin.cluster().crash();
    Psql::with_token(&standin, "analyst").refusal(WHO);
    standin.cluster().resume().unwrap();
    assert_eq!(Psql::with_token(&standin, "analyst").answer(WHO), "analyst");
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

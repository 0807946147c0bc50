//! The stand-in's faults, as psql meets them.
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

use std::process::Command;
use std::time::{Duration, Instant};

use pgiam::standin::journal::Verdict;
use pgiam::standin::misbehave::{Iam, Presents, Road, Wrongs};
use pgiam::standin::verify::Rejection;
use pgiam::standin::{Options, Standin};

use support::psql::Psql;
use support::wait_for;

const WHO: &str = "SELECT current_user";

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
        (|wrong, delay| wrong.delays.tls = delay) as fn(&mut Wrongs, Duration),
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

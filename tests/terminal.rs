//! The real program on an emulated terminal, against the stand-in.

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
use std::time::{Duration, Instant};

use pgiam::standin::{Options, Standin};
use rustix::process::Signal;
use support::screen::Screen;

const ESCAPE: &str = "\x1b";
const F4: &str = "\x1bOS";
const F5: &str = "\x1b[15~";
const F8: &str = "\x1b[19~";
const CTRL_C: &str = "\x03";
const CTRL_Q: &str = "\x11";
const CTRL_Z: &str = "\x1a";

/// What hands the terminal back; read after the program has ended, so it is waited for: alternate screen left, cursor shown, mouse and paste off.
const HANDED_BACK: [&str; 4] = ["\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?2004l"];

fn own_home(standin: &Standin) -> (tempfile::TempDir, BTreeMap<&'static str, String>) {
    let home = tempfile::tempdir().unwrap();
    let mut environment = standin.environment();
    let profiles = std::path::Path::new(&environment["PGIAM_CONFIG_HOME"]).join("profiles.toml");
    std::fs::copy(profiles, home.path().join("profiles.toml")).unwrap();
    environment.insert(
        "PGIAM_CONFIG_HOME",
        home.path().to_str().unwrap().to_owned(),
    );
    (home, environment)
}

/// A workspace of the profile, ready for keys.
fn workspace(environment: &BTreeMap<&'static str, String>, profile: &str) -> Screen {
    let mut screen = Screen::start(&["connect", profile], environment, (120, 35));
    screen.shows("idle");
    screen.shows("catalog");
    screen
}

fn is_handed_back(screen: &Screen) -> bool {
    let raw = screen.raw();
    let text = String::from_utf8_lossy(&raw);
    let entered = text.rfind("\x1b[?1049h").unwrap_or(0);
    HANDED_BACK
        .iter()
        .all(|sequence| text[entered..].contains(sequence))
}

#[test]
fn the_main_job_end_to_end() {
    let standin = Standin::start(Options::small()).unwrap();
    let (_home, environment) = own_home(&standin);
    let mut screen = Screen::start(&[], &environment, (120, 35));
    screen.shows("demo-analyst");
    screen.press("/intern\r\r");
    screen.shows("intern@orders");
    screen.shows("locked");

    screen.press("select 1 + 1 as two");
    screen.press(F5);
    screen.shows("two");
    screen.shows("1 row");

    screen.press("\x01select name from crm.customers");
    screen.press(F5);
    screen.shows("permission denied for schema crm");
    screen.shows("GRANT USAGE ON SCHEMA crm TO intern");
    screen.press(F8);
    screen.press("a");
    screen.shows("demo-master");
    screen.press("\r");
    screen.shows("apply this fix?");
    screen.press("\r");
    screen.shows("The fix was applied.");
    screen.press("r");
    screen.hides("The fix was applied.");
    screen.shows("rows");
    screen.press(CTRL_Q);
    assert!(screen.ends(Duration::from_secs(5)).success());
    support::wait_for(|| is_handed_back(&screen));
}

#[test]
fn a_name_is_sought_where_the_session_seeks_it() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-intern");
    screen.press("set search_path = crm");
    screen.press(F5);
    screen.shows("SET");
    screen.press("\x01select name from customers");
    screen.press(F5);
    screen.shows("relation \"customers\" does not exist");
    screen.press(F8);
    screen.shows("GRANT USAGE ON SCHEMA crm TO intern");
}

#[test]
fn control_c_stops_the_server_and_keeps_the_prompt() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press("select pg_sleep(600)");
    screen.press(F5);
    screen.shows("running");
    screen.press(CTRL_C);
    screen.shows("canceling statement due to user request");
    screen.press("\x01select 40 + 2 as answer");
    screen.press(F5);
    screen.shows("42");
}

#[test]
fn a_lost_server_is_said_unasked_and_nothing_is_lost() {
    let standin = Standin::start(Options::small()).unwrap();
    let (_home, environment) = own_home(&standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press("select 'kept' as word");
    screen.press(F5);
    screen.shows("1 row");
    let crashed = Instant::now();
    standin.cluster().crash();
    screen.shows("lost");
    assert!(
        crashed.elapsed() < Duration::from_secs(2),
        "{:?}",
        crashed.elapsed()
    );
    screen.shows("select 'kept' as word");
    standin.cluster().resume().unwrap();
    screen.press(F4);
    screen.shows("idle");
    screen.press(F5);
    screen.shows("1 row");

    screen.press("\x01select pg_sleep(600)");
    screen.press(F5);
    screen.shows("running");
    standin.cluster().crash();
    screen.shows("lost");
    screen.shows("pg_sleep(600)");
}

#[test]
fn what_was_typed_survives_a_kill() {
    let standin = support::standin();
    let (home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press("select 'precious'");
    screen.shows("precious");
    support::wait_for(|| {
        std::fs::read_dir(home.path().join("drafts")).is_ok_and(|files| {
            // What is still being written beside the draft is no draft yet.
            let drafts = files.flatten().map(|file| file.path()).filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            });
            drafts.into_iter().any(|path| {
                std::fs::read_to_string(path)
                    .unwrap()
                    .contains("'precious'")
            })
        })
    });
    screen.signal(Signal::KILL);
    screen.ends(Duration::from_secs(5));
    let mut again = workspace(&environment, "demo-analyst");
    again.shows("select 'precious'");
}

#[test]
fn every_size_is_survived() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press("select * from generate_series(1, 100)");
    screen.press(F5);
    screen.shows("100 rows");
    for (columns, rows) in [
        (200, 50),
        (80, 24),
        (40, 10),
        (10, 3),
        (1, 1),
        (2, 50),
        (200, 2),
        (120, 35),
    ] {
        screen.resize(columns, rows);
    }
    screen.shows("100 rows");
    screen.press(CTRL_Q);
    assert!(screen.ends(Duration::from_secs(5)).success());
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut screen = Screen::start(&[], &environment, (80, 24));
        screen.shows("demo-analyst");
        screen.signal(signal);
        screen.ends(Duration::from_secs(5));
        support::wait_for(|| is_handed_back(&screen));
    }
}

#[test]
fn a_closed_terminal_ends_it() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.hang_up();
    screen.ends(Duration::from_secs(5));
}

#[test]
fn it_can_be_suspended_and_brought_back() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    // Only a shell with job control can stop a program and go on (POSIX, "Terminal Access Control").
    let script = "set -m; \"$0\"; echo the shell has it; fg > /dev/null; echo it ended";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_pgiam")];
    let mut screen = Screen::run("sh", &arguments, &environment, (80, 24));
    screen.shows("demo-analyst");
    screen.press(CTRL_Z);
    support::wait_for(|| String::from_utf8_lossy(&screen.raw()).contains("the shell has it"));
    screen.shows("demo-analyst");
    screen.press("q");
    screen.shows("it ended");
    support::wait_for(|| is_handed_back(&screen));
}

#[test]
fn no_colour_means_none() {
    let standin = support::standin();
    let (_home, mut environment) = own_home(standin);
    environment.insert("NO_COLOR", "1".to_owned());
    let mut screen = Screen::start(&[], &environment, (80, 24));
    screen.shows("demo-analyst");
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    assert!(
        !raw.contains("\x1b[38;") && !raw.contains("\x1b[48;"),
        "{raw:?}"
    );
}

#[test]
fn server_text_never_commands_the_terminal() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press(r"select E'\x1b]0;owned\x07' as a, U&'x\202Ey' as b, 'end' || 'ed' as c");
    screen.press(F5);
    screen.shows("ended");
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    assert!(!raw.contains("]0;owned\x07"));
    assert!(!raw.contains('\u{202e}'));
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let standin = support::standin();
    let (_home, environment) = own_home(standin);
    let mut screen = workspace(&environment, "demo-analyst");
    screen.press(ESCAPE);
    // Two looks a while apart that see the same number of bytes: the catalog has arrived by then.
    let mut before = 0;
    support::wait_for(|| {
        std::thread::sleep(Duration::from_millis(700));
        let now = screen.raw().len();
        std::mem::replace(&mut before, now) == now
    });
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(screen.raw().len(), before);
}

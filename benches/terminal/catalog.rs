//! A database of 10,000 tables with 20 columns each.

use std::time::{Duration, Instant};

use crate::Options;
use crate::process;
use crate::pty::Terminal;
use crate::report::{Report, Times, mebibytes};
use crate::server::{CATALOG, Encryption, Server, profile};

pub(crate) fn measure(server: &Server, options: &Options, report: &mut Report) {
    server.seed_catalog();
    visible(server, options, report);
    known(server, report);
    keystrokes(server, report);
}

/// From the workspace's first frame to its tables; psql when it is asked for them.
fn visible(server: &Server, options: &Options, report: &mut Report) {
    let (mut ours, mut psqls) = (Vec::new(), Vec::new());
    for _ in 0..options.runs.min(10) {
        let mut terminal = server.pgiam(&["connect", &profile(CATALOG, Encryption::None)]);
        let up = terminal.shows("idle");
        ours.push(terminal.shows("app_000").saturating_duration_since(up));
        let mut psql = server.psql(CATALOG);
        let begun = psql.press("\\dt app_*.*\r");
        psqls.push(psql.shows("account_00000") - begun);
    }
    report.times(
        "catalog of 10,000 tables visible after connecting, unasked (psql: \\dt)",
        "100 ms",
        &Times::from_iter(ours),
        Some(&Times::from_iter(psqls)),
    );
}

/// From the workspace's first frame until a column of some table is offered, and with its type.
fn known(server: &Server, report: &mut Report) {
    let (mut ours, mut memory) = (Vec::new(), 0);
    for _ in 0..5 {
        let (mut terminal, took) = all_known(server);
        ours.push(took);
        terminal.settle(Duration::from_millis(500));
        memory = process::peak_memory(terminal.pid());
    }
    report.times(
        "everything known about it (columns, keys), completion ready",
        "1 s",
        &Times::from_iter(ours),
        None,
    );
    report.words("memory with all of it known", "–", &mebibytes(memory), "–");
}

/// A workspace that offers the columns of a table with their types, and how long that took from its
/// first frame on.
fn all_known(server: &Server) -> (Terminal, Duration) {
    let mut terminal = server.pgiam(&["connect", &profile(CATALOG, Encryption::None)]);
    let up = terminal.shows("idle");
    terminal.press("select * from app_042.delivery_04203 t where t.");
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        terminal.press("i");
        let offered = terminal.when(Duration::from_millis(20), |screen| {
            screen.contains("id · column bigint")
        });
        match offered {
            Some(at) => return (terminal, at - up),
            None if Instant::now() > until => panic!("no column:\n{}", terminal.text()),
            None => drop(terminal.press("\x7f")),
        }
    }
}

/// Each key of a name typed with all the catalog known, the offered names drawn.
fn keystrokes(server: &Server, report: &mut Report) {
    let (mut terminal, _) = all_known(server);
    terminal.press("\x1b");
    let mut times = Vec::new();
    for _ in 0..10 {
        terminal.press("\x01select * from ");
        terminal.settle(Duration::from_millis(100));
        times.extend(pressed(&mut terminal, "delivery_042"));
    }
    let mut psql = server.psql(CATALOG);
    let mut psqls = Vec::new();
    for _ in 0..10 {
        psql.press("select * from app_042.deliv");
        psql.settle(Duration::from_millis(50));
        let begun = psql.press("\t");
        psqls.push(psql.shows("app_042.delivery_042") - begun);
        psql.press("\x03");
        psql.settle(Duration::from_millis(50));
        psql.press("\\! clear\r");
        psql.hides("delivery");
    }
    report.times(
        "a keystroke with names offered from 10,000 tables (psql: Tab)",
        "5 ms",
        &Times::from_iter(times),
        Some(&Times::from_iter(psqls)),
    );
}

fn pressed(terminal: &mut Terminal, text: &str) -> Vec<Duration> {
    text.chars()
        .filter_map(|key| terminal.key(&key.to_string()))
        .map(|pressed| pressed.change)
        .collect()
}

//! Cancelling, losing the server, and doing nothing.

use std::time::{Duration, Instant};

use crate::Options;
use crate::process;
use crate::report::{Report, Times, spoken};
use crate::rows::run;
use crate::server::{ROWS, Server};

const CONTROL_C: &str = "\x03";
const CANCELLED: &str = "canceling statement due to user request";
const SLEEP: &str = "select pg_sleep(60)";

pub(crate) fn measure(server: &Server, options: &Options, report: &mut Report) {
    server.seed_rows();
    cancel(server, options, report);
    lost(server, report);
}

fn cancel(server: &Server, options: &Options, report: &mut Report) {
    let (mut ours, mut psqls) = (Cancelled::default(), Cancelled::default());
    for _ in 0..options.runs {
        let mut terminal = server.workspace(ROWS);
        run(&mut terminal, SLEEP);
        ours.take(server, &mut terminal);
        let mut psql = server.psql(ROWS);
        psql.press(&format!("{SLEEP};\r"));
        psqls.take(server, &mut psql);
    }
    report.times(
        "cancel of pg_sleep: server free",
        "15 ms",
        &Times::from_iter(ours.free),
        Some(&Times::from_iter(psqls.free)),
    );
    report.times(
        "cancel of pg_sleep: said, prompt usable",
        "50 ms",
        &Times::from_iter(ours.said),
        Some(&Times::from_iter(psqls.said)),
    );
}

#[derive(Default)]
struct Cancelled {
    free: Vec<Duration>,
    said: Vec<Duration>,
}

impl Cancelled {
    fn take(&mut self, server: &Server, terminal: &mut crate::pty::Terminal) {
        server
            .when_running(SLEEP, 1)
            .expect("a statement that runs");
        // Nobody presses it in the same instant.
        terminal.settle(Duration::from_millis(150));
        let begun = terminal.press(CONTROL_C);
        let free = server
            .when_running(SLEEP, 0)
            .expect("a server that is free");
        self.free.push(free - begun);
        self.said.push(terminal.shows(CANCELLED) - begun);
    }
}

/// Both lose the server in the same crash: while a statement runs, and idle.
fn lost(server: &Server, report: &mut Report) {
    let (mut busy, mut psqls, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let mut resting = server.workspace(ROWS);
        let mut terminal = server.workspace(ROWS);
        run(&mut terminal, SLEEP);
        let mut psql = server.psql(ROWS);
        psql.press(&format!("{SLEEP};\r"));
        server.when_running(SLEEP, 2).expect("statements that run");
        terminal.settle(Duration::from_millis(150));
        psql.settle(Duration::from_millis(150));
        let begun = Instant::now();
        server.crash();
        busy.push(terminal.shows("connection lost") - begun);
        idle.push(resting.shows("connection lost") - begun);
        psqls.push(psql.shows("server closed the connection") - begun);
        server.resume();
    }
    report.times(
        "server lost while a statement runs, said",
        "20 ms",
        &Times::from_iter(busy),
        Some(&Times::from_iter(psqls)),
    );
    report.times(
        "server lost while idle, said unasked (psql: never)",
        "1 s",
        &Times::from_iter(idle),
        None,
    );
}

pub(crate) fn idle(server: &Server, seconds: u64, report: &mut Report) {
    server.seed_rows();
    let mut terminal = server.workspace(ROWS);
    run(&mut terminal, "select * from mixed limit 1000");
    terminal.shows("1 000 rows");
    let mut psql = server.psql(ROWS);
    // What was begun before must be over: drafts are saved half a second after the last key.
    terminal.watch(Duration::from_secs(3));
    let before = [&terminal, &psql].map(|one| (one.bytes(), process::processor_time(one.pid())));
    terminal.watch(Duration::from_secs(seconds));
    psql.settle(Duration::from_millis(10));
    let words: Vec<String> = [&terminal, &psql]
        .into_iter()
        .zip(before)
        .map(|(one, (bytes, busy))| {
            let spent = process::processor_time(one.pid()).saturating_sub(busy);
            let percent = 100.0 * spent.as_secs_f64() / seconds as f64;
            format!(
                "{} B, {percent:.3} % CPU ({})",
                one.bytes() - bytes,
                spoken(spent)
            )
        })
        .collect();
    report.words(
        &format!("idle for {seconds} s, connected, a result on the screen"),
        "0 B, 0.0 % CPU",
        &words[0],
        &words[1],
    );
}

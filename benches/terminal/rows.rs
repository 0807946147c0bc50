//! Results: first row, all rows, memory, scrolling, jumping.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::process;
use crate::pty::Terminal;
use crate::report::{Report, Times, mebibytes, spoken};
use crate::server::{FIRST_ROW, ROWS, Server};

const F5: &str = "\x1b[15~";
const DOWN: &str = "\x1b[B";
const PAGE_DOWN: &str = "\x1b[6~";
const CONTROL_HOME: &str = "\x1b[1;5H";
const CONTROL_END: &str = "\x1b[1;5F";

/// Writes a statement into the editor, and runs it.
pub(crate) fn run(terminal: &mut Terminal, statement: &str) -> Instant {
    terminal.press("\x01");
    terminal.press(statement);
    terminal.settle(Duration::from_millis(200));
    terminal.press(F5)
}

/// A number as the result pane says it.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest
        .as_bytes()
        .chunks(3)
        .map(|group| String::from_utf8_lossy(group).into_owned());
    let mut parts: Vec<String> = groups.collect();
    if !head.is_empty() {
        parts.insert(0, head.to_owned());
    }
    parts.join(" ")
}

pub(crate) fn measure(server: &Server, report: &mut Report) {
    server.seed_rows();
    first_thousand(server, report);
    million(server, report);
}

fn first_thousand(server: &Server, report: &mut Report) {
    let (mut ours, mut psqls) = (Vec::new(), Vec::new());
    let mut terminal = server.workspace(ROWS);
    let mut psql = server.psql(ROWS);
    for _ in 0..10 {
        run(&mut terminal, "select 1");
        terminal.shows("1 row");
        let begun = run(&mut terminal, "select * from mixed limit 1000");
        ours.push(terminal.shows(FIRST_ROW) - begun);
        terminal.shows("1 000 rows");
        let begun = psql.press("select * from mixed limit 1000;\r");
        psqls.push(psql.shows(FIRST_ROW) - begun);
        psql.press("q");
        psql.settle(Duration::from_millis(200));
        psql.press("\\! clear\r");
        psql.hides(FIRST_ROW);
    }
    report.times(
        "LIMIT 1000: first row on screen (psql: in less)",
        "20 ms",
        &Times::from_iter(ours),
        Some(&Times::from_iter(psqls)),
    );
}

/// How long `psql -At` takes to read everything into nothing.
fn psql_unaligned(server: &Server, statement: &str) -> Duration {
    let mut command = server.psql_command(ROWS, &["-XAt", "-c", statement]);
    command.stdout(Stdio::null());
    let begun = Instant::now();
    assert!(command.status().unwrap().success());
    begun.elapsed()
}

fn million(server: &Server, report: &mut Report) {
    let statement = "select * from mixed";
    let all = format!("{} rows", grouped(server.mixed_rows));
    let (mut first, mut reachable, mut last, mut unaligned) = (vec![], vec![], vec![], vec![]);
    let mut memory = 0;
    for _ in 0..3 {
        unaligned.push(psql_unaligned(server, statement));
        let mut terminal = server.workspace(ROWS);
        let begun = run(&mut terminal, statement);
        first.push(terminal.shows(FIRST_ROW) - begun);
        let done = terminal.when(Duration::from_mins(2), |screen| {
            screen.contains(&all) && !screen.contains("running")
        });
        reachable.push(done.expect("all rows") - begun);
        terminal.press("\t");
        terminal.settle(Duration::from_millis(200));
        let begun = terminal.press(CONTROL_END);
        last.push(terminal.shows(&server.mixed_rows.to_string()) - begun);
        memory = memory.max(process::peak_memory(terminal.pid()));
    }
    let mut psql = server.psql(ROWS);
    let begun = psql.press(&format!("{statement};\r"));
    let psql_first = psql.shows(FIRST_ROW) - begun;
    let psql_memory = process::peak_memory(psql.pid());
    let begun = psql.press("G");
    let psql_last = psql.shows(&format!("({} rows)", server.mixed_rows)) - begun;
    let once = |time| Times::from_iter([time]);
    report.times(
        "1,000,000 rows: first row on screen",
        "50 ms",
        &Times::from_iter(first),
        Some(&once(psql_first)),
    );
    report.times(
        "1,000,000 rows: all reachable (psql: -At to /dev/null)",
        "0.8 × psql",
        &Times::from_iter(reachable),
        Some(&Times::from_iter(unaligned)),
    );
    report.times(
        "1,000,000 rows: jump to the last",
        "16 ms",
        &Times::from_iter(last),
        Some(&once(psql_last)),
    );
    report.words(
        "1,000,000 rows: memory at most",
        "304 MiB",
        &mebibytes(memory),
        &mebibytes(psql_memory),
    );
}

pub(crate) fn scroll(server: &Server, report: &mut Report) {
    server.seed_rows();
    let statement = "select * from narrow";
    let all = format!("{} rows", grouped(server.narrow_rows));
    let last = server.narrow_rows.to_string();
    let mut terminal = server.workspace(ROWS);
    run(&mut terminal, statement);
    let done = terminal.when(Duration::from_mins(5), |screen| {
        screen.contains(&all) && !screen.contains("running")
    });
    assert!(done.is_some(), "all rows:\n{}", terminal.text());
    terminal.press("\t");
    terminal.settle(Duration::from_millis(300));
    // The grid moves only once the cursor has reached its lower edge.
    for _ in 0..60 {
        terminal.key(DOWN);
    }
    let ours = [
        presses(&mut terminal, DOWN, 300),
        presses(&mut terminal, PAGE_DOWN, 50),
    ];
    let mut jumps = Vec::new();
    for _ in 0..5 {
        let begun = terminal.press(CONTROL_END);
        jumps.push(terminal.shows(&last) - begun);
        terminal.settle(Duration::from_millis(100));
        terminal.press(CONTROL_HOME);
        terminal.settle(Duration::from_millis(100));
    }
    let memory = process::peak_memory(terminal.pid());
    drop(terminal);

    let mut psql = server.psql(ROWS);
    psql.press(&format!("{statement};\r"));
    psql.shows_within(Duration::from_mins(5), FIRST_ROW);
    psql.settle(Duration::from_millis(300));
    let theirs = [presses(&mut psql, "j", 300), presses(&mut psql, "f", 50)];
    let begun = psql.press("G");
    let jump = psql.shows_within(Duration::from_mins(5), &format!("({last} rows)")) - begun;
    let psql_memory = process::peak_memory(psql.pid());

    for (what, ours, theirs) in [
        ("row", &ours[0], &theirs[0]),
        ("page", &ours[1], &theirs[1]),
    ] {
        let words = |seen: &Seen| {
            format!(
                "{} / {}, {} B, {}",
                spoken(seen.times.median()),
                spoken(seen.times.percentile(99)),
                seen.bytes,
                spoken(seen.work)
            )
        };
        report.words(
            &format!(
                "key to screen, scrolling by {what} over 10,000,000 rows: median / 99th, bytes, processor time"
            ),
            if what == "row" {
                "2 / 5 ms, 2 KB"
            } else {
                "–"
            },
            &words(ours),
            &words(theirs),
        );
    }
    report.times(
        "10,000,000 rows: jump to the last",
        "16 ms",
        &Times::from_iter(jumps),
        Some(&Times::from_iter([jump])),
    );
    report.words(
        "10,000,000 rows: memory at most",
        "304 MiB",
        &mebibytes(memory),
        &mebibytes(psql_memory),
    );
}

/// What many presses of one key gave.
struct Seen {
    times: Times,
    /// A key, in the middle.
    bytes: usize,
    /// Processor time a key, on average.
    work: Duration,
}

fn presses(terminal: &mut Terminal, key: &str, count: usize) -> Seen {
    let before = process::processor_time(terminal.pid());
    let pressed: Vec<_> = (0..count).filter_map(|_| terminal.key(key)).collect();
    let mut bytes: Vec<usize> = pressed.iter().map(|pressed| pressed.bytes).collect();
    bytes.sort_unstable();
    let work = process::processor_time(terminal.pid()).saturating_sub(before);
    Seen {
        times: pressed.iter().map(|pressed| pressed.change).collect(),
        bytes: bytes.get(bytes.len() / 2).copied().unwrap_or_default(),
        work: work / u32::try_from(count.max(1)).unwrap_or(1),
    }
}

//! Typing in a script of 100,000 lines.

use std::time::Duration;

use pgiam::adapters::storage::drafts::Drafts;

use crate::process;
use crate::report::{Report, Times, mebibytes, spoken};
use crate::server::{Encryption, ROWS, Server, profile};

/// Statements of several lines, with strings, comments and functions, as scripts have them.
fn script() -> String {
    let mut text = String::new();
    for number in 0..20_000 {
        text.push_str(&format!(
            "-- step {number}\nupdate orders set note = 'it''s {number}; done',\n  total = total * 1.{number}\n\
             where id = {number} /* only; one */ and paid;\n\n"
        ));
    }
    text
}

pub(crate) fn measure(server: &Server, report: &mut Report) {
    server.seed_rows();
    let name = profile(ROWS, Encryption::None);
    let drafts = Drafts::at(server.home().join("drafts"));
    drafts.write(&name, &[script()]).unwrap();
    let mut terminal = server.pgiam(&["connect", &name]);
    terminal.shows("idle");
    terminal.shows("other databases");
    terminal.shows("-- step 0");
    terminal.settle(Duration::from_millis(500));
    for (place, keys) in [("begin", ""), ("middle", "\x1b[6~"), ("end", "\x1b[1;5F")] {
        if place == "middle" {
            // Pages away from the beginning, as far as a patient person goes.
            for _ in 0..200 {
                terminal.press(keys);
            }
        } else {
            terminal.press(keys);
        }
        terminal.settle(Duration::from_millis(500));
        let typed = "select name from orders where id = 1 ";
        let times: Times = typed
            .chars()
            .cycle()
            .take(150)
            .filter_map(|key| terminal.key(&key.to_string()))
            .map(|pressed| pressed.change)
            .collect();
        report.words(
            &format!("typing in a script of 100,000 lines, at its {place}: median / 99th / worst"),
            "5 ms",
            &format!(
                "{} / {} / {}",
                spoken(times.median()),
                spoken(times.percentile(99)),
                spoken(times.percentile(100))
            ),
            "–",
        );
    }
    report.words(
        "memory with a script of 100,000 lines",
        "–",
        &mebibytes(process::memory(terminal.pid())),
        "–",
    );
    drop(terminal);
    let nothing: [String; 0] = [];
    drafts.write(&name, &nothing).unwrap();
}

//! Starting, and connecting.

use std::time::Duration;

use crate::Options;
use crate::report::{Report, Times};
use crate::server::{Encryption, ROWS, Server, profile};

pub(crate) fn measure(server: &Server, options: &Options, report: &mut Report) {
    server.seed_rows();
    first_frame(server, options, report);
    for encryption in [
        Encryption::None,
        Encryption::Unverified,
        Encryption::Verified,
    ] {
        connect(server, options, encryption, report);
    }
}

fn first_frame(server: &Server, options: &Options, report: &mut Report) {
    let (mut ours, mut psqls) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let mut terminal = server.pgiam(&[]);
        let at = terminal.shows("100 profiles");
        ours.push(at - terminal.started);
        psqls.push(psql_ready(server, Encryption::None));
    }
    report.times(
        "first frame after start, 100 profiles saved",
        "35 ms",
        &Times::from_iter(ours),
        Some(&Times::from_iter(psqls)),
    );
}

fn psql_ready(server: &Server, encryption: Encryption) -> Duration {
    let mut terminal = server.psql_starting(ROWS, encryption);
    let at = terminal.shows("=#");
    at - terminal.started
}

/// From Enter on a profile to a workspace that takes keys, as a person would: the first time in a
/// program just started, when nothing is warm.
fn connect(server: &Server, options: &Options, encryption: Encryption, report: &mut Report) {
    let (mut ours, mut psqls) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let mut terminal = server.pgiam(&[]);
        terminal.shows("100 profiles");
        terminal.press(&format!("/{}\r", profile(ROWS, encryption)));
        // A person needs longer to find the profile.
        terminal.settle(Duration::from_millis(400));
        let begun = terminal.press("\r");
        ours.push(terminal.shows("idle") - begun);
        psqls.push(psql_ready(server, encryption));
    }
    report.times(
        &format!(
            "Enter on a profile to a workspace, sslmode={}",
            encryption.word()
        ),
        "1.3 × psql",
        &Times::from_iter(ours),
        Some(&Times::from_iter(psqls)),
    );
}

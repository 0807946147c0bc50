//! `pgiam query` into nothing, beside psql's `\copy`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process;
use crate::report::{Report, Times, mebibytes};
use crate::server::{Encryption, ROWS, Server, profile};

pub(crate) fn measure(server: &Server, report: &mut Report) {
    server.seed_rows();
    let profile = profile(ROWS, Encryption::None);
    let (mut ours, mut psqls) = (Vec::new(), Vec::new());
    let (mut memory, mut psql_memory) = (0, 0);
    for _ in 0..5 {
        let query = [
            "query",
            &profile,
            "-c",
            "select * from mixed",
            "--format",
            "csv",
        ];
        let (time, peak) = timed(server.pgiam_command(&query));
        ours.push(time);
        memory = memory.max(peak);
        let copy = [
            "-X",
            "-c",
            "\\copy (select * from mixed) to stdout csv header",
        ];
        let (time, peak) = timed(server.psql_command(ROWS, &copy));
        psqls.push(time);
        psql_memory = psql_memory.max(peak);
    }
    report.times(
        "pgiam query --format csv, 1,000,000 rows (psql: \\copy … to stdout csv)",
        "1.0 × psql",
        &Times::from_iter(ours),
        Some(&Times::from_iter(psqls)),
    );
    report.words(
        "pgiam query --format csv: memory at most",
        "48 MiB",
        &mebibytes(memory),
        &mebibytes(psql_memory),
    );
}

/// How long a command takes and how much memory it held at most, its output thrown away.
fn timed(mut command: Command) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    process::favour(child.id());
    let mut memory = 0;
    loop {
        memory = memory.max(process::peak_memory(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}");
            return (begun.elapsed(), memory);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

//! Signing.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use pgiam::adapters::sign::{SignedFor, sign};
use pgiam::domain::time::Timestamp;

use crate::Options;
use crate::process;
use crate::report::{Report, Times};
use crate::server::Server;

const HOST: &str = "orders.cluster-c9xk2.eu-central-1.rds.amazonaws.com";

pub(crate) fn measure(server: &Server, options: &Options, report: &mut Report) {
    let target = SignedFor {
        host: HOST,
        port: 5432,
        user: "analyst",
        region: "eu-central-1",
    };
    let keys = Credentials::new("AKIAIOSFODNN7EXAMPLE", "not a secret", None, None, "bench");
    let mut signed = Vec::new();
    for second in 0..1000 {
        let begun = Instant::now();
        let token = sign(
            target,
            &keys,
            Timestamp::from_seconds(1_768_480_496 + second),
        )
        .unwrap();
        signed.push(begun.elapsed());
        std::hint::black_box(token.expose().len());
    }
    report.times(
        "signing one token in process",
        "0.2 ms",
        &Times::from_iter(signed),
        None,
    );
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let arguments = ["token", "--host", HOST, "--user", "analyst"];
    for _ in 0..options.runs * 2 {
        let mut command = server.pgiam_command(&arguments);
        command
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "not a secret")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        ours.push(timed(command));
        floor.push(timed(Command::new("true")));
    }
    report.times(
        "pgiam token as a process (beside it: /bin/true)",
        "20 ms",
        &Times::from_iter(ours),
        Some(&Times::from_iter(floor)),
    );
}

fn timed(mut command: Command) -> Duration {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    process::favour(child.id());
    assert!(child.wait().unwrap().success());
    begun.elapsed()
}

//! `pgiam demo --serve --json` as a program of its own: what it says, and that a signal ends it.

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

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pgiam::adapters::storage::profiles::ProfileFile;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// A demo in a process of its own, and what it said.
struct Served {
    process: Child,
    said: Value,
}

impl Served {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pgiam"))
            .args(["demo", "--serve", "--json"])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Self { process, said }
    }

    fn folder(&self) -> PathBuf {
        let config = self.said["environment"]["PGIAM_CONFIG_HOME"]
            .as_str()
            .unwrap();
        Path::new(config).parent().unwrap().to_owned()
    }

    fn postmaster(&self) -> Pid {
        let lock = self.folder().join("data/postmaster.pid");
        let lock = std::fs::read_to_string(lock).unwrap();
        Pid::from_raw(lock.lines().next().unwrap().parse().unwrap()).unwrap()
    }

    /// Sends a signal and waits for the end; whether the process counted it as a good one.
    fn end_by(&mut self, signal: Signal) -> bool {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
        let mut rest = String::new();
        let stdout = self.process.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut rest).unwrap();
        self.process.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_announcement_keeps_its_contract_and_can_be_used_at_once() {
    let served = Served::start();
    let said = &served.said;
    let keys: Vec<&String> = said.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "version",
            "environment",
            "profiles",
            "host",
            "port",
            "dial",
            "database",
            "roles",
            "admin_url"
        ]
    );
    assert_eq!(said["version"], 1);
    assert_eq!(said["port"], 5432);

    let sql = "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($${ROLES}$$)";
    let roles: Vec<String> = said["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| format!("\"{}\"", role.as_str().unwrap()))
        .collect();
    let output = Command::new("psql")
        .args(["-XAtc", &sql.replace("ROLES", &roles.join(","))])
        .arg(said["admin_url"].as_str().unwrap())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim_end(),
        roles.len().to_string()
    );
}

#[test]
fn profiles_are_on_disk_but_secrets_are_not() {
    let served = Served::start();
    let environment = served.said["environment"].as_object().unwrap();
    let file = Path::new(environment["PGIAM_CONFIG_HOME"].as_str().unwrap()).join("profiles.toml");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    for name in served.said["profiles"].as_array().unwrap() {
        assert!(text.contains(&format!("name = {name}")), "{name}");
    }
    let secrets: Vec<&str> = ["AWS_SECRET_ACCESS_KEY", "PGPASSWORD"]
        .into_iter()
        .map(|name| environment[name].as_str().unwrap())
        .collect();
    for folder in ["config", "aws"] {
        for entry in std::fs::read_dir(served.folder().join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(secrets.iter().all(|secret| !text.contains(secret)));
        }
    }
}

#[test]
fn every_ending_signal_ends_it_well_and_leaves_nothing_behind() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut served = Served::start();
        let folder = served.folder();
        let postmaster = served.postmaster();
        assert!(served.end_by(signal), "{signal:?}");
        assert!(!folder.exists(), "{signal:?}");
        assert!(test_kill_process(postmaster).is_err());
    }
}

#[test]
fn killed_without_warning_it_leaves_nothing_behind() {
    let mut served = Served::start();
    let folder = served.folder();
    let postmaster = served.postmaster();
    served.process.kill().unwrap();
    served.process.wait().unwrap();
    support::wait_for(|| !folder.exists());
    // The server is an orphan now: whoever adopted it may be slow to bury it.
    support::wait_for(|| test_kill_process(postmaster).is_err() || is_zombie(postmaster));
}

fn is_zombie(pid: Pid) -> bool {
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    std::fs::read_to_string(stat).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn each_profile_works_or_fails_as_it_should_under_the_environment() {
    let standin = support::standin();
    let home = standin.environment()["PGIAM_CONFIG_HOME"].clone();
    let file = ProfileFile::at(Path::new(&home).join("profiles.toml"));
    assert_eq!(file.read().unwrap(), standin.profiles());

    let walk = Command::new(env!("CARGO_BIN_EXE_pgiam"))
        .args(["doctor", "--all", "--json"])
        .envs(standin.environment())
        .output()
        .unwrap();
    let said = String::from_utf8(walk.stdout).unwrap();
    let outcomes: Vec<String> = said.lines().map(outcome).collect();
    assert_eq!(
        outcomes,
        [
            "demo-analyst signed in",
            "demo-intern signed in",
            "demo-support signed in",
            "demo-developer signed in",
            "demo-auditor 42501",
            "demo-newcomer 28P01",
            "demo-suspended 28000",
            "demo-nightly 53300",
            "demo-wrong-region 28000",
            "demo-ann signed in",
            "demo-ana signed in",
            "demo-master signed in",
        ]
    );
}

/// `demo-analyst signed in`, or the name and the SQLSTATE of the refusal.
fn outcome(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let stages = report["stages"].as_array().unwrap();
    let evidence = stages
        .iter()
        .flat_map(|stage| stage["evidence"].as_array().unwrap());
    let refusal = evidence
        .into_iter()
        .find(|evidence| evidence["fact"] == "sqlstate");
    let ended = refusal.map_or("signed in", |evidence| evidence["value"].as_str().unwrap());
    format!("{} {ended}", report["profile"].as_str().unwrap())
}

//! `pgiam access` as a script sees it, against the stand-in.

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

use std::io::Read;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pgiam"))
        .arg("access")
        // An ordinary role looks: every role may ask about every other.
        .arg("demo-analyst")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(support::standin().environment())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn told(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

fn answered(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut all = arguments.to_vec();
    all.push("--json");
    let output = run(&all);
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), value)
}

fn object(kind: &str, schema: Option<&str>, name: &str) -> Value {
    json!({"kind": kind, "schema": schema, "name": name, "columns": []})
}

#[test]
fn a_role_an_object_and_both_are_told_with_their_paths() {
    let (code, role) = answered(&["--role", "analyst", "--schema", "crm"]);
    assert_eq!((code, &role["version"]), (Some(0), &json!(1)));
    assert_eq!(role["target"]["looked_as"], "analyst");
    assert_eq!(role["role"]["name"], "analyst");
    let customers = object("table", Some("crm"), "customers");
    let found = role["objects"]
        .as_array()
        .unwrap()
        .iter()
        .find(|held| held["object"] == customers)
        .unwrap();
    assert_eq!(found["schema_usage"], true);
    let select = &found["can"][0];
    assert_eq!(select["privilege"], "SELECT");
    assert_eq!(select["at_once"], true);
    let path = &select["paths"][0];
    assert_eq!(path["steps"][0]["role"], "readers");
    assert_eq!(select["paths_left_out"], 0);
    assert_eq!(path["source"]["grantee"], "readers");
    assert!(
        path["words"]
            .as_str()
            .unwrap()
            .starts_with("analyst → member of readers (inherits)")
    );

    let (code, who) = answered(&["--object", "crm.customers", "--privilege", "select"]);
    assert_eq!((code, &who["object"]), (Some(0), &customers));
    let holders: Vec<&str> = who["holders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|holder| holder["role"].as_str().unwrap())
        .collect();
    assert!(
        holders.contains(&"analyst") && holders.contains(&"intern"),
        "{holders:?}"
    );
    assert!(!holders.contains(&"developer"), "{holders:?}");

    let (code, pair) = answered(&[
        "--role",
        "intern",
        "--object",
        "crm.customers",
        "--privilege",
        "select",
    ]);
    assert_eq!(code, Some(1), "the schema is shut");
    assert_eq!(pair["schema_usage"], false);
    assert_eq!(
        pair["would_give"],
        json!(["GRANT USAGE ON SCHEMA crm TO intern"])
    );
    let (code, _) = answered(&[
        "--role",
        "analyst",
        "--object",
        "crm.customers",
        "--privilege",
        "select",
    ]);
    assert_eq!(code, Some(0));
}

#[test]
fn policies_columns_and_memberships_are_told() {
    let (_, pair) = answered(&["--role", "support", "--object", "crm.tickets"]);
    let remark = &pair["remarks"][0];
    assert_eq!(remark["kind"], "rows-limited");
    assert!(
        remark["text"]
            .as_str()
            .unwrap()
            .contains("own_tickets (ALL)"),
        "{remark}"
    );
    let (code, pair) = answered(&[
        "--role",
        "support",
        "--object",
        "crm.customers",
        "--privilege",
        "select",
    ]);
    assert_eq!(code, Some(1), "only some columns");
    assert!(
        pair["can"][0]["columns"]
            .as_array()
            .unwrap()
            .contains(&json!("segment"))
    );
    let (code, members) = answered(&["--object", "role readers"]);
    assert_eq!(code, Some(0));
    assert!(
        members["members"]
            .as_array()
            .unwrap()
            .iter()
            .any(|member| member["role"] == "analyst")
    );
}

#[test]
fn what_would_be_is_told_and_nothing_is_run() {
    let next = [
        "--next",
        "table",
        "--creator",
        "master",
        "--schema",
        "crm",
        "--role",
        "intern",
    ];
    let (code, forecast) = answered(&next);
    assert_eq!((code, &forecast["outlook"]), (Some(1), &json!("refused")));
    assert!(!forecast["because"].as_array().unwrap().is_empty());

    let (code, change) = answered(&[
        "--if",
        "GRANT readers TO developer",
        "--object",
        "crm.customers",
    ]);
    assert_eq!(code, Some(0));
    assert_eq!(change["roles"][0]["gains_rights_of"], json!(["readers"]));
    assert_eq!(
        change["changes"],
        json!([{
            "role": "developer",
            "object": object("table", Some("crm"), "customers"),
            "gains": {"privileges": ["SELECT"], "grantable": []},
            "loses": {"privileges": [], "grantable": []},
        }])
    );
    // A column nobody was ever granted anything on.
    let (code, change) = answered(&[
        "--if",
        "GRANT SELECT (name) ON crm.customers TO developer",
        "--object",
        "crm.customers",
    ]);
    assert_eq!(code, Some(0));
    assert_eq!(
        change["changes"],
        json!([{
            "role": "developer",
            "object": {
                "kind": "column",
                "schema": "crm",
                "name": "customers",
                "columns": ["name"],
            },
            "gains": {"privileges": ["SELECT"], "grantable": []},
            "loses": {"privileges": [], "grantable": []},
        }])
    );
    let (code, pair) = answered(&[
        "--role",
        "developer",
        "--object",
        "crm.customers",
        "--privilege",
        "select",
    ]);
    assert_eq!((code, &pair["can"]), (Some(1), &json!([])));

    let (code, comparison) = answered(&["--compare", "analyst", "intern", "--schema", "web"]);
    assert_eq!(code, Some(1), "they differ");
    assert_eq!(comparison["first"]["only_rights_of"], json!(["readers"]));
    let (code, _) = answered(&["--compare", "analyst", "analyst"]);
    assert_eq!(code, Some(0));
}

#[test]
fn people_read_text_and_spreadsheets_read_rows() {
    let (code, text) = told(&["--role", "analyst", "--object", "crm.customers"]);
    assert_eq!(code, Some(0));
    assert!(
        text.contains("  SELECT     analyst → member of readers (inherits) → SELECT granted by"),
        "{text}"
    );
    let (code, text) = told(&[]);
    assert!(
        code == Some(0) && text.contains("superusers, for whom nothing is checked"),
        "{text}"
    );
    let (code, text) = told(&["--object", "crm.customers", "--limit", "1"]);
    assert!(code == Some(0) && text.contains("--limit 0"), "{text}");
    let (code, rows) = told(&[
        "--object",
        "crm.customers",
        "--privilege",
        "select",
        "--csv",
    ]);
    assert_eq!(code, Some(0));
    assert!(
        rows.starts_with("role,kind,object,columns,privilege,when,"),
        "{rows}"
    );
    assert!(
        rows.contains("\nanalyst,table,crm.customers,,SELECT,at once,no,yes,,"),
        "{rows}"
    );
}

#[test]
fn what_is_not_there_is_answered_by_what_is() {
    for (arguments, said) in [
        (&["--role", "analist"][..], "did you mean analyst?"),
        (
            &["--object", "customers"],
            "did you mean table crm.customers",
        ),
        (
            &["--role", "analyst", "--privilege", "fly"],
            "there is no privilege fly",
        ),
        (&["--if", "DROP TABLE x"], "only GRANT and REVOKE"),
        (&["--compare", "analyst", "intern", "--csv"], "use --json"),
        (&["--next", "table"], "required"),
    ] {
        let (code, text) = told(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

/// A command whose answer is larger than a pipe holds, its first byte read.
fn speaking() -> (Child, ChildStdout) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pgiam"))
        .args(["access", "demo-analyst", "--csv"])
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(support::standin().environment())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    (child, stdout)
}

#[test]
fn nobody_listening_is_no_error() {
    let (child, stdout) = speaking();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_long_answer_can_be_interrupted() {
    let (mut child, mut stdout) = speaking();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // Its output is not read, so that it cannot have come to its end.
    support::wait_for(|| child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = Vec::new();
    let read = 1 + stdout.read_to_end(&mut rest).unwrap();
    let (_, whole) = told(&["--csv"]);
    assert!(read < whole.len(), "{read} of {}", whole.len());
}

//! The command line as a script sees it: output, exit codes, files; against the stand-in.

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
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn pgiam(arguments: &[&str], environment: &BTreeMap<&'static str, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgiam"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(environment)
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    pgiam(arguments, &support::standin().environment())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn elsewhere(home: &std::path::Path) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("PGIAM_CONFIG_HOME", home.to_str().unwrap().to_owned())])
}

#[test]
fn wrong_use_ends_with_2_and_says_what_to_do() {
    for arguments in [
        &["fly"][..],
        &["token", "--host", "db.example.com", "--user", "app"],
        &["query", "demo-analist", "-c", "select 1"],
        &["query", "demo-analyst", "-c", "  "],
        &["query", "demo-analyst", "-f", "-"],
        &["query", "demo-analyst", "-v", "=1", "-c", "select 1"],
        &["doctor"],
        &["connect", "nobody"],
        &["why", "demo-master", "-c", "select 1"],
    ] {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?} {}",
            stderr(&output)
        );
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
    let near = run(&["query", "demo-analist", "-c", "select 1"]);
    assert!(stderr(&near).contains("demo-analyst"), "{}", stderr(&near));
}

#[test]
fn a_server_that_is_not_there_ends_with_3() {
    let output = run(&[
        "query",
        "host=127.0.0.1 port=1 user=x password=y",
        "-c",
        "select 1",
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("refused the connection"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn tokens_match_the_golden_ones_at_a_frozen_clock() {
    let file: Value = serde_json::from_str(include_str!("data/token_vectors.json")).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let input = &vector["input"];
        if input["service"] != "rds-db" {
            continue;
        }
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let mut environment = BTreeMap::from([
            ("AWS_ACCESS_KEY_ID", text("access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("PGIAM_NOW", "2026-01-15T12:34:56Z".to_owned()),
        ]);
        if input["session_token"].is_string() {
            environment.insert("AWS_SESSION_TOKEN", text("session_token"));
        }
        let (host, port, user, region) = (
            text("host"),
            input["port"].to_string(),
            text("user"),
            text("region"),
        );
        let arguments = [
            "token", "--host", &host, "--port", &port, "--user", &user, "--region", &region,
        ];
        let output = pgiam(&arguments, &environment).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let printed = stdout(&output);
        let token = printed.strip_suffix('\n').unwrap();
        let signature =
            |token: &str| token.split("X-Amz-Signature=").nth(1).unwrap()[..64].to_owned();
        let expected = vector["expected_token"].as_str().unwrap();
        assert_eq!(signature(token), signature(expected), "{}", vector["name"]);
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn profiles_are_kept_with_their_comments() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("profiles.toml");
    std::fs::write(
        &path,
        "# mine\nversion = 1\n\n[[profile]]\nname = \"old\" # keep\nhost = \"h\"\n",
    )
    .unwrap();
    let go = |arguments: &[&str]| pgiam(arguments, &elsewhere(home.path())).output().unwrap();
    let host = "orders.c9xk2.eu-central-1.rds.amazonaws.com";
    let added = go(&[
        "profile",
        "add",
        "new",
        "--host",
        host,
        "--database",
        "d",
        "--user",
        "u",
    ]);
    assert!(added.status.success(), "{}", stderr(&added));
    let refused = go(&[
        "profile",
        "add",
        "bad",
        "--host",
        "db",
        "--database",
        "d",
        "--user",
        "u",
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("region"), "{}", stderr(&refused));
    assert!(
        go(&[
            "profile",
            "edit",
            "new",
            "--database",
            "e",
            "--read-only",
            "true"
        ])
        .status
        .success()
    );
    let shown: Value =
        serde_json::from_str(&stdout(&go(&["profile", "show", "new", "--json"]))).unwrap();
    assert_eq!(
        (&shown["database"], &shown["read_only"]),
        (&Value::from("e"), &Value::from(true))
    );
    assert_eq!(shown["region"], "eu-central-1");
    let listed: Value = serde_json::from_str(&stdout(&go(&["profile", "list", "--json"]))).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(go(&["profile", "remove", "new"]).status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("# mine") && text.contains("\"old\" # keep"),
        "{text}"
    );
}

#[test]
fn rows_are_printed_as_asked() {
    let sql = "select 1 as id, 'a,\"b\"' as name, null as nothing, '' as empty, true as yes";
    let query = |format: &str| {
        stdout(&run(&[
            "query",
            "demo-analyst",
            "-c",
            sql,
            "--format",
            format,
        ]))
    };
    assert_eq!(
        query("csv"),
        "id,name,nothing,empty,yes\n1,\"a,\"\"b\"\"\",,\"\",t\n"
    );
    assert_eq!(
        query("tsv"),
        "id\tname\tnothing\tempty\tyes\n1\ta,\"b\"\t\\N\t\tt\n"
    );
    let rows: Value = serde_json::from_str(&query("json")).unwrap();
    assert_eq!(rows[0]["id"], 1);
    assert_eq!(rows[0]["nothing"], Value::Null);
    assert_eq!(rows[0]["yes"], true);
    let row: Value = serde_json::from_str(query("jsonl").trim()).unwrap();
    assert_eq!(row["name"], "a,\"b\"");
    assert!(query("table").contains("(1 row)"));
}

/// Through the program itself; what the files hold is tested where they are written.
#[test]
fn files_of_columns_are_written_or_their_absence_is_explained() {
    let query =
        |format: &str, sql: &str| run(&["query", "demo-analyst", "-c", sql, "--format", format]);
    let parquet = query("parquet", "select 1 as id");
    if cfg!(feature = "columnar") {
        assert!(parquet.stdout.starts_with(b"PAR1") && parquet.stdout.ends_with(b"PAR1"));
        let two = query("parquet", "select 1; select 2");
        assert_eq!(two.status.code(), Some(2), "{}", stderr(&two));
        let broken = query("parquet", "select 1 / (3 - n) from generate_series(1, 9) n");
        assert_eq!(broken.status.code(), Some(1));
        assert!(
            !broken.stdout.ends_with(b"PAR1"),
            "half a file must not read as whole"
        );
    } else {
        assert_eq!(parquet.status.code(), Some(2));
        assert!(
            stderr(&parquet).contains("--features columnar"),
            "{}",
            stderr(&parquet)
        );
    }
}

#[test]
fn csv_is_byte_for_byte_what_psql_writes() {
    let sql = "select *, null as nothing, '' as empty, '\\.' as mark, E'two\\nlines, \"quoted\"' as odd \
               from sales.orders order by 1 limit 500";
    let ours = stdout(&run(&[
        "query",
        "demo-analyst",
        "-c",
        sql,
        "--format",
        "csv",
    ]));
    let theirs = run(&[
        "exec",
        "demo-analyst",
        "--",
        "psql",
        "-X",
        "-c",
        &format!("\\copy ({sql}) to stdout (format csv, header)"),
    ]);
    assert!(theirs.status.success(), "{}", stderr(&theirs));
    assert_eq!(ours, stdout(&theirs));
}

#[test]
fn a_session_begins_with_the_options_of_its_url() {
    let url = support::cluster().superuser_url("postgres");
    let join = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{join}options=-c%20search_path%3Dsales%20-c%20work_mem%3D7MB");
    let asked = "select current_setting('search_path'), current_setting('work_mem')";
    let output = run(&["query", &url, "-c", asked, "--format", "tsv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).ends_with("sales\t7MB\n"),
        "{}",
        stdout(&output)
    );
}

/// A database in `SQL_ASCII` holds what it was given: it leaves as it came.
#[test]
fn bytes_that_are_no_text_leave_as_they_came() {
    let query = |database: &str, sql: &str, format: &str| {
        let url = support::cluster().superuser_url(database);
        let output = run(&["query", &url, "-c", sql, "--format", format]);
        assert!(output.status.success(), "{}", stderr(&output));
        output.stdout
    };
    let create = "create database without_encoding encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0";
    query("postgres", create, "csv");
    let rows = "select convert_from('\\x636166e9', 'SQL_ASCII') as plain, \
                convert_from('\\xff2c09fe22', 'SQL_ASCII') as quoted, 1 as one";
    let copied = query(
        "without_encoding",
        &format!("copy ({rows}) to stdout (format csv, header)"),
        "csv",
    );
    assert!(
        copied.windows(4).any(|four| four == b"caf\xe9"),
        "{copied:?}"
    );
    assert_eq!(query("without_encoding", rows, "csv"), copied);
    assert_eq!(
        query("without_encoding", rows, "tsv"),
        b"plain\tquoted\tone\ncaf\xe9\t\xff,\\t\xfe\"\t1\n"
    );
    let json = query("without_encoding", rows, "jsonl");
    assert!(String::from_utf8(json).unwrap().contains("\"caf\u{fffd}\""));
}

#[test]
fn variables_are_put_in_as_psql_does() {
    let sql = "select :n + 1 as sum, :'who' as who, 1 as :\"label\", ':n' as kept";
    let output = run(&[
        "query",
        "demo-analyst",
        "-c",
        sql,
        "--format",
        "csv",
        "-v",
        "n=41",
        "-v",
        "who=O'Brien",
        "-v",
        "label=A b",
    ]);
    assert_eq!(stdout(&output), "sum,who,A b,kept\n42,O'Brien,1,:n\n");
}

#[test]
fn a_file_appears_when_it_is_complete_and_never_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let query = |sql: &str| {
        let path = path.to_str().unwrap();
        let format = ["--format", "csv", "--output", path];
        run(&[&["query", "demo-analyst", "-c", sql][..], &format[..]].concat())
    };
    let failed = query("select n, 10 / (n - 5000) from generate_series(1, 10000) n");
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let output = query("select n from generate_series(1, 3) n");
    assert!(output.status.success() && output.stdout.is_empty());
    assert_eq!(fs::read_to_string(&path).unwrap(), "n\n1\n2\n3\n");
    assert_eq!(query("select 1 / 0").status.code(), Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), "n\n1\n2\n3\n");
}

#[test]
fn a_full_disk_is_said() {
    let sql = "select n from generate_series(1, 100000) n";
    let output = run(&[
        "query",
        "demo-analyst",
        "-c",
        sql,
        "--format",
        "csv",
        "-o",
        "/dev/full",
    ]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("No space left"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn copy_reads_standard_input_and_writes_standard_output() {
    let sql =
        "create temp table t (n int, word text); copy t from stdin (format csv); copy t to stdout";
    let mut child = pgiam(
        &["query", "demo-master", "-c", sql, "--format", "csv"],
        &support::standin().environment(),
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"1,one\n2,\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "1\tone\n2\t\\N\n");
}

#[test]
fn copy_that_the_server_refuses_says_where() {
    let sql = "create temp table t (n int); copy t from stdin";
    let output = run(&["query", "demo-master", "-c", sql]);
    assert!(
        output.status.success(),
        "nothing to load: {}",
        stderr(&output)
    );
    let refused = run(&["query", "demo-master", "-c", "copy nothing_here from stdin"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("nothing_here"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn errors_say_all_the_server_said_and_end_with_1() {
    let sql = "select 1; do $$ begin raise notice 'by the way'; end $$; select * from nothing_here; select 2";
    let output = run(&["query", "demo-analyst", "-c", sql, "--format", "csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "?column?\n1\n");
    let said = stderr(&output);
    for part in ["NOTICE: by the way", "42P01", "nothing_here", "LINE 1", "^"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly_and_frees_the_server() {
    let mark = "select /* closed pipe */ generate_series(1, 50000000) as n";
    let mut child = pgiam(
        &["query", "demo-analyst", "-c", mark, "--format", "csv"],
        &support::standin().environment(),
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "n\n");
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    support::wait_for(|| running("closed pipe") == 0);
}

#[test]
fn an_interrupt_cancels_on_the_server() {
    let child = pgiam(
        &[
            "query",
            "demo-analyst",
            "-c",
            "select /* slow one */ pg_sleep(600)",
        ],
        &support::standin().environment(),
    )
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    support::wait_for(|| running("slow one") == 1);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut child = child;
    assert_eq!(child.wait().unwrap().code(), Some(130));
    support::wait_for(|| running("slow one") == 0);
}

/// How many statements with that comment run now.
fn running(comment: &str) -> usize {
    let sql = format!(
        "select count(*) from pg_stat_activity where state = 'active' and query like '%{comment} */%' \
         and pid <> pg_backend_pid()"
    );
    let url = support::standin().admin_url();
    let output = Command::new("psql")
        .args(["-XAtc", &sql, &url])
        .output()
        .unwrap();
    stdout(&output).trim().parse().unwrap()
}

#[test]
fn other_programs_get_a_token_in_their_environment_only() {
    let output = run(&[
        "exec",
        "demo-analyst",
        "--",
        "psql",
        "-XAtc",
        "select current_user",
    ]);
    assert_eq!(stdout(&output), "analyst\n", "{}", stderr(&output));
    let output = run(&[
        "exec",
        "demo-analyst",
        "--",
        "sh",
        "-c",
        "tr '\\0' ' ' < /proc/$$/cmdline; echo; echo $PGHOST $PGHOSTADDR; exit 7",
    ]);
    assert_eq!(output.status.code(), Some(7));
    assert!(!stdout(&output).contains("X-Amz"), "{}", stdout(&output));
    assert!(stdout(&output).contains("rds.amazonaws.com 127.0.0.1"));
}

#[test]
fn sql_comes_from_standard_input_too() {
    let mut child = pgiam(
        &["query", "demo-analyst", "--format", "csv"],
        &support::standin().environment(),
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"select 6 * 7 as answer;\n")
        .unwrap();
    assert_eq!(stdout(&child.wait_with_output().unwrap()), "answer\n42\n");
}

#[test]
fn the_doctor_names_what_each_profile_lacks() {
    let expected: &[(&str, i32, Option<&str>)] = &[
        ("demo-analyst", 0, None),
        ("demo-auditor", 3, Some("no-connect-privilege")),
        ("demo-newcomer", 3, Some("role-not-in-rds-iam")),
        ("demo-suspended", 3, Some("role-cannot-log-in")),
        ("demo-nightly", 3, Some("too-many-connections")),
        ("demo-wrong-region", 3, Some("token-refused")),
        ("demo-master", 0, None),
    ];
    for (profile, code, finding) in expected {
        let output = run(&["doctor", profile, "--json"]);
        assert_eq!(output.status.code(), Some(*code), "{profile}");
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(
            (&report["version"], &report["profile"]),
            (&Value::from(1), &Value::from(*profile))
        );
        assert_eq!(report["healthy"], *code == 0);
        assert_eq!(report["stages"].as_array().unwrap().len(), 9);
        assert_eq!(report["findings"][0]["id"].as_str(), *finding, "{profile}");
        let keys = support::standin().keys();
        for secret in [
            "X-Amz-Signature",
            keys.lasting.secret.as_str(),
            support::standin().master_password(),
        ] {
            assert!(!stdout(&output).contains(secret), "{profile} leaks");
        }
    }
    let region = run(&["doctor", "demo-wrong-region", "--json"]);
    assert!(stdout(&region).contains("region-mismatch"));
    assert_eq!(run(&["doctor", "--all"]).status.code(), Some(3));
}

#[test]
fn why_answers_with_the_contract() {
    let url = support::standin().admin_url();
    let sql = "select name, email from crm.customers";
    let arguments = ["why", &url, "--role", "intern", "-c", sql, "--json"];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["outcome"], "refused");
    assert_eq!(report["refusal"]["sqlstate"], "42501");
    assert_eq!(report["fixes"][0]["verdict"], "proven");
    assert_eq!(
        report["fixes"][0]["statements"][0],
        "GRANT USAGE ON SCHEMA crm TO intern"
    );
    assert_eq!(report["missing"][0]["object"]["kind"], "schema");
    assert_eq!(report["not_by_grant"], Value::Null);
    let allowed = run(&["why", &url, "--role", "analyst", "-c", "select 1", "--json"]);
    assert_eq!(allowed.status.code(), Some(0));
}

#[test]
fn packagers_get_completions_and_a_manual_page() {
    assert!(stdout(&run(&["completions", "bash"])).contains("_pgiam"));
    assert!(stdout(&run(&["man"])).starts_with(".ie"));
    assert!(stdout(&run(&["query", "--help"])).contains("Examples:"));
}

#[test]
fn the_screens_need_a_terminal_and_say_so() {
    let output = run(&["connect", "demo-analyst"]);
    assert_ne!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("terminal"), "{}", stderr(&output));
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
}

#[test]
fn the_doctor_tells_the_refusals_of_the_door_apart() {
    let standin = support::standin();
    let port = standin.dial().port();
    let psql = |sql: &str| {
        let output = Command::new("psql")
            .args(["-XAtqc", sql, &standin.admin_url()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    psql("create database closed_one allow_connections false");
    psql("create database full_one connection limit 0");
    let master = format!("host=127.0.0.1 port={port} user=master sign_in=password");
    for (target, finding) in [
        (
            format!("{master} dbname=nope sslmode=require"),
            "database-missing",
        ),
        (
            format!("{master} dbname=closed_one sslmode=require"),
            "database-closed",
        ),
        (
            format!("{master} dbname=full_one sslmode=require"),
            "too-many-connections",
        ),
        (
            format!("{master} dbname=orders sslmode=disable"),
            "tls-required",
        ),
        (
            format!("{master} dbname=orders sslmode=disable").replace("master", "analyst"),
            "tls-required",
        ),
        (
            format!("{master} dbname=orders sslmode=verify-full sslrootcert=rds"),
            "unknown-issuer",
        ),
        (
            format!("{master} dbname=orders sslmode=require")
                .replace("user=master", "user=analyst"),
            "password-sent-to-iam-role",
        ),
        (
            format!("{master} dbname=orders sslmode=require")
                .replace("user=master", "user=newcomer"),
            "wrong-password",
        ),
        (
            "host=no-such-host.invalid user=x sign_in=password".to_owned(),
            "name-not-found",
        ),
        (
            "host=127.0.0.1 port=1 user=x sign_in=password".to_owned(),
            "connection-refused",
        ),
    ] {
        let output = run(&["doctor", &target, "--json"]);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{target} {}",
            stderr(&output)
        );
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["findings"][0]["id"], finding, "{target}: {report}");
    }
}

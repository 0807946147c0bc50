//! Signing in with a password kept in AWS Secrets Manager: a real server, and a listener that answers
//! as the service does.

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

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

/// A Secrets Manager that gives the same answer to whatever it is asked.
struct Secrets {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Secrets {
    fn answering(status: &'static str, body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                received.lock().unwrap().push(request(&mut stream));
                let begin = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all((begin + &body).as_bytes()).unwrap();
            }
        });
        Self { endpoint, asked }
    }
}

/// Head and body of a request, by its content-length.
fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let read = stream.read(&mut bytes).unwrap();
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return text;
        }
    }
}

/// A folder with one profile whose password is the secret `rds!orders`.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let url = support::cluster().superuser_url("postgres");
        let address = url.split_once('@').unwrap().1;
        let port = address
            .trim_start_matches("127.0.0.1:")
            .split_once('/')
            .unwrap()
            .0;
        let user = url
            .trim_start_matches("postgres://")
            .split_once(':')
            .unwrap()
            .0;
        let added = home
            .pgiam(&[
                "profile",
                "add",
                "vault",
                "--host",
                "127.0.0.1",
                "--port",
                port,
                "--database",
                "postgres",
                "--user",
                user,
                "--region",
                "eu-central-1",
                "--tls",
                "disable",
                "--sign-in",
                "secrets-manager",
                "--secret",
                "rds!orders",
            ])
            .output()
            .unwrap();
        assert!(added.status.success(), "{}", said(&added));
        home
    }

    fn pgiam(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgiam"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("PGIAM_CONFIG_HOME", self.0.path())
            .env("HOME", self.0.path())
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-EXAMPLEKEY")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    fn asking(&self, secrets: &Secrets, arguments: &[&str]) -> Output {
        self.pgiam(arguments)
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets.endpoint)
            .output()
            .unwrap()
    }
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The answer with the superuser's password in it, as RDS writes it.
fn kept() -> (Secrets, String) {
    let url = support::cluster().superuser_url("postgres");
    let password = url.split_once('@').unwrap().0.rsplit_once(':').unwrap().1;
    let text = format!(r#"{{\"username\":\"postgres\",\"password\":\"{password}\"}}"#);
    let body = format!(
        r#"{{"ARN":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!orders-aB3","Name":"rds!orders","VersionId":"v1","SecretString":"{text}"}}"#
    );
    (Secrets::answering("200 OK", body), password.to_owned())
}

#[test]
fn a_secret_signs_in_and_is_never_shown() {
    let home = Home::new();
    let (secrets, password) = kept();
    let answered = home.asking(
        &secrets,
        &["query", "vault", "-c", "select 6 * 7", "--format", "csv"],
    );
    assert!(answered.status.success(), "{}", said(&answered));
    assert!(said(&answered).contains("42"));
    let asked = secrets.asked.lock().unwrap().join("\n");
    for part in [
        "x-amz-target: secretsmanager.GetSecretValue",
        "eu-central-1/secretsmanager/aws4_request",
        r#""SecretId":"rds!orders""#,
    ] {
        assert!(asked.contains(part), "{part}\n{asked}");
    }
    let doctor = home.asking(&secrets, &["doctor", "vault", "--json"]);
    let told = said(&doctor);
    assert!(
        told.contains("secret rds!orders of user postgres"),
        "{told}"
    );
    assert!(!told.contains(&password), "{told}");
    // Programs that sign in by themselves have it in their environment.
    let handed = home.asking(
        &secrets,
        &[
            "exec",
            "vault",
            "--",
            "sh",
            "-c",
            "printf %s \"$PGPASSWORD\"",
        ],
    );
    assert_eq!(said(&handed), password);
}

#[test]
fn what_is_wrong_with_a_secret_is_said_with_what_to_do() {
    let home = Home::new();
    for (status, body, expected) in [
        (
            "400 Bad Request",
            r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/ann is not authorized"}"#,
            ["is not authorized", "secretsmanager:GetSecretValue"],
        ),
        (
            "400 Bad Request",
            r#"{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}"#,
            ["can't find the specified secret", "by its ARN"],
        ),
        (
            "200 OK",
            r#"{"Name":"rds!orders","SecretString":"{\"user\":\"x\"}"}"#,
            ["without a password", "\"password\""],
        ),
        (
            "200 OK",
            r#"{"Name":"rds!orders","SecretBinary":"AAEC"}"#,
            ["holds bytes", "as text"],
        ),
    ] {
        let secrets = Secrets::answering(status, body.to_owned());
        let refused = home.asking(&secrets, &["query", "vault", "-c", "select 1"]);
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(3), "{told}");
        for part in expected {
            assert!(told.contains(part), "{part}\n{told}");
        }
    }
    let refused = Secrets::answering(
        "400 Bad Request",
        r#"{"__type":"AccessDeniedException","Message":"not authorized"}"#.to_owned(),
    );
    let told = said(&home.asking(&refused, &["doctor", "vault"]));
    assert!(told.contains("the secret could not be read"), "{told}");
    let keyless = home
        .pgiam(&["doctor", "vault"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .output()
        .unwrap();
    let told = said(&keyless);
    assert!(told.contains("no AWS credentials were found"), "{told}");
    let nobody = Secrets {
        endpoint: "http://127.0.0.1:1".to_owned(),
        asked: Arc::default(),
    };
    let lost = home.asking(&nobody, &["query", "vault", "-c", "select 1"]);
    let told = said(&lost);
    assert_eq!(lost.status.code(), Some(3), "{told}");
    assert!(told.contains("VPC endpoint"), "{told}");
}

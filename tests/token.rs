//! Golden tokens, computed by botocore at a frozen clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use pgiam::adapters::sign::{SignedFor, sign};
use pgiam::domain::time::Timestamp;
use serde_json::Value;

/// 2026-01-15T12:34:56Z, when the vectors were made.
const FROZEN: Timestamp = Timestamp::from_seconds(1_768_480_496);

/// A token as it must be compared: the host, and the parameters whatever their order.
fn parts(token: &str) -> (String, BTreeSet<&str>) {
    let (host, query) = token.split_once("/?").unwrap();
    (host.to_ascii_lowercase(), query.split('&').collect())
}

#[test]
fn every_golden_token_matches() {
    let file: Value = serde_json::from_str(include_str!("data/token_vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let input = &vector["input"];
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let keys = Credentials::new(
            text("access_key_id"),
            text("secret_access_key"),
            input["session_token"].as_str().map(str::to_owned),
            None,
            "golden",
        );
        let user = match input["action"].as_str() {
            Some("DbConnectAdmin") => "admin".to_owned(),
            Some("DbConnect") => "app".to_owned(),
            _ => text("user"),
        };
        let target = SignedFor {
            host: &text("host"),
            port: input["port"].as_u64().unwrap_or(5432).try_into().unwrap(),
            user: &user,
            region: &text("region"),
        };
        let token = sign(target, &keys, FROZEN).unwrap();
        let expected = vector["expected_token"].as_str().unwrap();
        assert_eq!(parts(token.expose()), parts(expected), "{}", vector["name"]);
    }
}

#[test]
fn any_name_postgresql_allows_is_signed_and_read_back() {
    let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let single = (1..=127_u8).map(|byte| char::from(byte).to_string());
    let odd = [
        "Ann O'Neil",
        "\"quoted\"",
        "日本語",
        "👩‍💻",
        "a+b",
        "100%",
        "a&b=c#d",
        "x/y?z",
        "~-._",
        "e\u{301}",
    ];
    for user in single.chain(odd.into_iter().map(str::to_owned)) {
        let target = SignedFor {
            host: "mydb.abcdefghijkl.eu-west-1.rds.amazonaws.com",
            port: 5432,
            user: &user,
            region: "eu-west-1",
        };
        let token = sign(target, &keys, FROZEN).unwrap();
        let encoded = token
            .expose()
            .split(['&', '?'])
            .find_map(|parameter| parameter.strip_prefix("DBUser="))
            .unwrap();
        assert!(
            encoded
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b)),
            "{encoded}"
        );
        assert_eq!(
            percent_encoding::percent_decode_str(encoded)
                .decode_utf8()
                .unwrap(),
            user
        );
    }
}

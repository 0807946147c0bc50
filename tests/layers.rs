//! The architecture as a failing build: imports only go down, pure rooms stay pure, files stay small.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms below it that it may name.
const ROOMS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("app", &["domain"]),
    ("adapters", &["domain"]),
    ("standin", &["domain"]),
    ("tui", &["domain", "app", "adapters"]),
    ("cli", &["domain", "app", "adapters", "standin", "tui"]),
];

/// What would let the outside world into a room that must not know it.
const WORLDLY: [&str; 20] = [
    "tokio",
    "crossterm",
    "ratatui",
    "aws_config",
    "aws_sigv4",
    "aws_sdk",
    "aws_credential",
    "aws_smithy",
    "native_tls",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "Instant::now",
    "SystemTime::now",
    "async fn",
    ".await",
];

/// Code lines a file may have, its unit tests not counted.
const LONGEST_FILE: usize = 600;

struct Source {
    path: PathBuf,
    /// The text without comment lines and without the unit tests at its end.
    code: String,
    code_lines: usize,
}

fn sources(room: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(read(path));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {room}");
    found
}

fn read(path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).unwrap();
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .collect();
    Source {
        path,
        code: lines.join("\n"),
        code_lines: lines.len(),
    }
}

#[test]
fn imports_only_go_down() {
    let mut crossings = Vec::new();
    for (room, below) in ROOMS {
        for source in sources(room) {
            for (other, _) in ROOMS {
                let named = ["crate::", "pgiam::"].iter().any(|root| {
                    source
                        .code
                        .match_indices(&format!("{root}{other}"))
                        .any(|(at, name)| {
                            let after = source
                                .code
                                .get(at + name.len()..)
                                .and_then(|rest| rest.chars().next());
                            !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
                        })
                });
                if named && other != room && !below.contains(&other) {
                    crossings.push(format!("{} names {other}", source.path.display()));
                }
            }
            if source.code.contains("crate::{") {
                crossings.push(format!(
                    "{}: one room a `use` line, please",
                    source.path.display()
                ));
            }
        }
    }
    assert!(crossings.is_empty(), "{crossings:#?}");
}

#[test]
fn the_program_and_the_world_meet_in_the_worker_alone() {
    let meeting: Vec<String> = sources("tui")
        .into_iter()
        .filter(|source| {
            source.code.contains("crate::adapters") && source.code.contains("crate::app")
        })
        .map(|source| source.path.display().to_string())
        .filter(|path| !path.contains("tui/worker"))
        .collect();
    assert!(meeting.is_empty(), "{meeting:#?}");
}

#[test]
fn pure_rooms_know_nothing_of_the_world() {
    let mut leaks = Vec::new();
    for room in ["domain", "app"] {
        for source in sources(room) {
            for word in WORLDLY {
                if source.code.contains(word) {
                    leaks.push(format!("{} says {word}", source.path.display()));
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn the_signer_and_the_verifier_are_strangers() {
    for source in sources("standin") {
        assert!(
            !source.code.contains("aws_sigv4"),
            "{} names an AWS crate",
            source.path.display()
        );
    }
}

#[test]
fn foreign_errors_become_failures_in_one_place() {
    let strays: Vec<String> = ["adapters", "tui", "cli"]
        .into_iter()
        .flat_map(sources)
        .filter(|source| !source.path.to_string_lossy().contains("adapters/refusal"))
        .filter(|source| {
            [
                "as_db_error",
                "DbError",
                "permission denied",
                "authentication failed",
            ]
            .iter()
            .any(|word| source.code.contains(word))
        })
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn no_file_outgrows_one_idea() {
    let long: Vec<String> = ROOMS
        .iter()
        .flat_map(|(room, _)| sources(room))
        .filter(|source| source.code_lines > LONGEST_FILE)
        .map(|source| {
            format!(
                "{}: {} lines of code",
                source.path.display(),
                source.code_lines
            )
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

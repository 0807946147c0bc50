//! What the README lists is printed by the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::Path;

/// Compares what stands between two markers; with `UPDATE_README=1` in the environment writes instead.
fn stands(begin: &str, end: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(begin).expect("the begin marker");
    let (listed, after) = rest.split_once(end).expect("the end marker");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{begin}{printed}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(listed, printed, "run the tests once with UPDATE_README=1");
}

#[test]
fn the_lists_are_the_programs_own() {
    let begin = "<!-- keys begin: printed from the command table, compared by a test -->\n";
    stands(
        begin,
        "<!-- keys end -->",
        &pgiam::app::command::reference(),
    );
    let begin = "<!-- findings begin: printed from the list of ids, compared by a test -->\n";
    let printed = pgiam::domain::diagnosis::findings::reference();
    stands(begin, "<!-- findings end -->", &printed);
}

#[test]
fn every_subcommand_is_named() {
    use clap::CommandFactory;
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for subcommand in pgiam::cli::args::Arguments::command().get_subcommands() {
        let name = format!("`pgiam {}", subcommand.get_name());
        assert!(text.contains(&name), "{name} is missing");
    }
}

//! What the README says of keys is printed from the command table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- keys begin: printed from the command table, compared by a test -->\n";
const END: &str = "<!-- keys end -->";

/// Compares; with `UPDATE_README=1` in the environment writes instead.
#[test]
fn the_key_list_is_the_command_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the begin marker");
    let (listed, after) = rest.split_once(END).expect("the end marker");
    let printed = pgiam::app::command::reference();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{printed}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(listed, printed, "run the tests once with UPDATE_README=1");
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

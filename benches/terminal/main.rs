//! What a person at the terminal waits for, beside psql on the same server in the same run.
//!
//! `cargo bench --bench terminal` measures everything; `-- start scroll` only those groups. See
//! `benches/README.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::format_push_string,
    clippy::cast_precision_loss,
    missing_docs,
    unused_results
)]

mod catalog;
mod connect;
mod process;
mod pty;
mod query;
mod report;
mod rows;
mod server;
mod session;
mod token;
mod typing;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use report::Report;
use server::Server;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// First frame, connecting.
    Start,
    /// 10,000 tables: visible, known, completion.
    Catalog,
    /// Results of 1,000 and of 1,000,000 rows.
    Rows,
    /// Scrolling over 10,000,000 rows.
    Scroll,
    /// Cancelling, losing the server.
    Session,
    /// Doing nothing.
    Idle,
    /// `pgiam query` as CSV.
    Query,
    /// Signing a token.
    Token,
    /// Typing in a long script.
    Typing,
}

/// Measures pgiam beside psql.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything unless named.
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// How often short things are measured.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Rows of the wide table.
    #[arg(long, default_value_t = 1_000_000)]
    mixed_rows: u32,
    /// Rows of the long table.
    #[arg(long, default_value_t = 10_000_000)]
    narrow_rows: u32,
    /// Seconds of doing nothing.
    #[arg(long, default_value_t = 60)]
    idle: u64,
    /// The psql to compare with; the newest installed unless named.
    #[arg(long)]
    psql: Option<PathBuf>,
    /// Another pgiam than the one built with this benchmark.
    #[arg(long)]
    pgiam: Option<PathBuf>,
    /// Priority over other work on a busy machine, -20 to 0; needs root.
    #[arg(long, allow_negative_numbers = true)]
    favour: Option<i32>,
    /// What `cargo bench` says; without it nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` runs benchmarks too, and no test may take its time.
        return;
    }
    if let Some(nice) = options.favour {
        process::favour_all(nice);
    }
    let groups = if options.groups.is_empty() {
        Group::value_variants().to_vec()
    } else {
        options.groups.clone()
    };
    let server = Server::start(&options);
    let mut report = Report::default();
    for group in groups {
        eprintln!(
            "{group:?}: load {}, a fixed computation takes {}",
            process::load(),
            report::spoken(process::calibration())
        );
        match group {
            Group::Start => connect::measure(&server, &options, &mut report),
            Group::Catalog => catalog::measure(&server, &options, &mut report),
            Group::Rows => rows::measure(&server, &mut report),
            Group::Scroll => rows::scroll(&server, &mut report),
            Group::Session => session::measure(&server, &options, &mut report),
            Group::Idle => session::idle(&server, options.idle, &mut report),
            Group::Query => query::measure(&server, &mut report),
            Group::Token => token::measure(&server, &options, &mut report),
            Group::Typing => typing::measure(&server, &mut report),
        }
    }
    report.print();
}

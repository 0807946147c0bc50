//! Parses, runs, exits.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(pgiam::cli::main().await.code())
}

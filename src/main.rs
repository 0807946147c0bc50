//! Parses, runs, exits.

use std::process::ExitCode;

use pgiam::cli::exit::Exit;

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::from(Exit::Failed.code());
    };
    let exit = runtime.block_on(pgiam::cli::main());
    // A read of standard input that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(exit.code())
}

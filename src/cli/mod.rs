//! The command line: one file a subcommand, exit codes, JSON contracts.

mod access;
pub mod args;
mod ask;
mod connect;
pub mod context;
pub mod demo;
mod doctor;
mod exec;
pub mod exit;
mod generate;
mod output;
mod profile;
mod query;
mod token;
mod why;

use clap::Parser;
use clap::error::ErrorKind;

use self::args::{Arguments, Command};
use self::context::{Context, Ended};
use self::exit::Exit;

/// Parses the arguments, does what they say, and returns the exit code.
pub async fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            let _ = error.print();
            return if asked { Exit::Done } else { Exit::Usage };
        }
    };
    let mut context = Context::from_environment();
    let outcome = match arguments.command {
        None => connect::screen(&context).await,
        Some(Command::Demo(options)) => {
            let mode = match (options.serve, options.json) {
                (false, _) => demo::Mode::Interface,
                (true, false) => demo::Mode::Serve,
                (true, true) => demo::Mode::ServeJson,
            };
            Ok(demo::demo(mode).await)
        }
        Some(Command::Connect(options)) => connect::connect(&mut context, &options).await,
        Some(Command::Profile(action)) => profile::run(&context, action),
        Some(Command::Token(options)) => token::run(&mut context, &options).await,
        Some(Command::Exec(options)) => exec::run(&mut context, &options).await,
        Some(Command::Query(options)) => query::run(&mut context, &options).await,
        Some(Command::Doctor(options)) => interruptible(doctor::run(&mut context, &options)).await,
        Some(Command::Why(options)) => interruptible(why::run(&mut context, &options)).await,
        Some(Command::Access(options)) => interruptible(access::run(&mut context, &options)).await,
        Some(Command::Completions { shell }) => generate::completions(shell),
        Some(Command::Man) => generate::manual(),
    };
    outcome.unwrap_or_else(|ended| ended.tell())
}

/// Drops what is under way when the person interrupts: none of it holds the server for long.
async fn interruptible(work: impl Future<Output = Result<Exit, Ended>>) -> Result<Exit, Ended> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    }
}

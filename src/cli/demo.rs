//! `pgiam demo`: the local RDS stand-in, with the interface on top of it or without.
//!
//! The interface runs in a child process of the same program. Its environment names the demo's
//! profiles and credentials, and a process can only be given an environment when it starts
//! (`std::env::set_var` is not safe once threads run). The stand-in stays in the parent, so that
//! whatever happens to the interface, somebody is left to clean up.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::Command;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, waitpid};
use serde_json::json;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

use super::exit::Exit;
use crate::standin::sample::{DATABASE, HOST, PORT, ROLES};
use crate::standin::{Options, Standin};

/// What the demo is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Open the connections screen, and end with it.
    Interface,
    /// Stay in the foreground and say in words how to be reached.
    Serve,
    /// Stay in the foreground and say the same as one line of JSON.
    ServeJson,
}

/// Runs the demo to its end. Everything it made is gone when this returns.
pub async fn demo(mode: Mode) -> Exit {
    if mode == Mode::Interface && !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return complain(
            Exit::Usage,
            "the demo needs a terminal; `pgiam demo --serve` does not",
        );
    }
    match run(mode).await {
        Ok(exit) => exit,
        Err(error) => complain(Exit::Failed, &error),
    }
}

fn complain(exit: Exit, message: &str) -> Exit {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "pgiam: {message}");
    exit
}

async fn run(mode: Mode) -> Result<Exit, String> {
    // Before anything is started: a signal during the start must not kill us half-way.
    let mut endings = Endings::listen().map_err(|error| error.to_string())?;
    if mode != Mode::ServeJson {
        let _ = writeln!(io::stderr(), "Starting a local RDS stand-in …");
    }
    let starting = tokio::task::spawn_blocking(|| Standin::start(Options::default()));
    let standin = starting
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let outcome = match mode {
        Mode::Interface => show(&standin, &mut endings).await,
        Mode::Serve => serve(&described(&standin), &mut endings).await,
        Mode::ServeJson => serve(&format!("{}\n", as_json(&standin)), &mut endings).await,
    };
    // Stopping the server blocks for a moment.
    let stopping = tokio::task::spawn_blocking(move || drop(standin));
    stopping.await.map_err(|error| error.to_string())?;
    outcome.map_err(|error| error.to_string())
}

/// Says how to be reached, then waits for a signal. To be stopped is how serving ends well.
async fn serve(announcement: &str, endings: &mut Endings) -> io::Result<Exit> {
    let mut out = io::stdout();
    out.write_all(announcement.as_bytes())?;
    out.flush()?;
    let _ = endings.next().await;
    Ok(Exit::Done)
}

/// Runs the interface in a child until it ends, and passes its exit code on.
async fn show(standin: &Standin, endings: &mut Endings) -> io::Result<Exit> {
    let mut command = Command::new(env::current_exe()?);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "PG"].iter().any(|kind| text.starts_with(kind)) {
            let _ = command.env_remove(&name);
        }
    }
    let child = command.envs(standin.environment()).spawn()?;
    let pid = Pid::from_child(&child);
    let mut waiting = tokio::task::spawn_blocking(move || wait_with_it(pid));
    loop {
        tokio::select! {
            ended = &mut waiting => return ended.map_err(io::Error::other)?,
            // From the terminal the child had it too; from elsewhere it has to be told. It decides.
            received = endings.next() => if received != Signal::INT {
                let _ = kill_process(pid, received);
            },
        }
    }
}

/// Waits for the child. When it stops (Ctrl+Z) we stop with it, or the shell would wait for ever.
fn wait_with_it(child: Pid) -> io::Result<Exit> {
    loop {
        let waited = retry_on_intr(|| waitpid(Some(child), WaitOptions::UNTRACED))?;
        let Some((_, status)) = waited else {
            continue;
        };
        if !status.stopped() {
            return Ok(exit_of(status));
        }
        kill_process(getpid(), Signal::STOP)?;
        // We are back in the foreground; the shell has woken the child too, unless it was not asked to.
        let _ = kill_process(child, Signal::CONT);
    }
}

fn exit_of(status: WaitStatus) -> Exit {
    let known = [
        Exit::Done,
        Exit::Found,
        Exit::Usage,
        Exit::Unreachable,
        Exit::Interrupted,
    ];
    known
        .into_iter()
        .find(|exit| status.exit_status() == Some(i32::from(exit.code())))
        .unwrap_or(Exit::Failed)
}

/// The signals that ask us to end.
struct Endings {
    interrupt: Signals,
    terminate: Signals,
    hang_up: Signals,
    // Listened to so that it does not stop us alone: we stop when the child has.
    _suspend: Signals,
}

impl Endings {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
        }
    }
}

/// The contract of `demo --serve --json` (DESIGN, section 6), on one line.
fn as_json(standin: &Standin) -> serde_json::Value {
    json!({
        "version": 1,
        "environment": standin.environment(),
        "profiles": profile_names(standin),
        "host": HOST,
        "port": PORT,
        "dial": standin.dial().to_string(),
        "database": DATABASE,
        "roles": ROLES,
        "admin_url": standin.admin_url(),
    })
}

fn profile_names(standin: &Standin) -> Vec<String> {
    let profiles = standin.profiles().into_iter();
    profiles.map(|profile| profile.name).collect()
}

/// The same for people: what to paste into another terminal.
fn described(standin: &Standin) -> String {
    format!(
        "A local RDS stand-in is running.\n\n\
         endpoint   {HOST}:{PORT}\n\
         dialled    {}\n\
         database   {DATABASE}\n\
         profiles   {}\n\
         refusals   {} says why a token was refused\n\n\
         In another terminal, these lines show pgiam the demo instead of your own profiles:\n\n\
         {}\n\
         then for example:  pgiam doctor demo-analyst\n\n\
         Ctrl+C ends it and removes everything.\n",
        standin.dial(),
        profile_names(standin).join(" "),
        standin.journal_file().display(),
        exports(&standin.environment()),
    )
}

fn exports(environment: &BTreeMap<&'static str, String>) -> String {
    let line = |(name, value): (&&str, &String)| {
        format!("  export {name}='{}'\n", value.replace('\'', r"'\''"))
    };
    environment.iter().map(line).collect()
}

//! A route that is opened first and closed afterwards.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::refusal;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::stage::Stage;

/// Lines of a tunnel's output kept for its failure.
const KEPT_LINES: usize = 5;

/// How long an ended command's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How often an opening port is tried.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// A running tunnel; dropping it ends the command and its children.
#[derive(Debug)]
pub struct Tunnel {
    child: Child,
    group: Option<Pid>,
}

impl Tunnel {
    /// Runs `command` in a process group of its own and waits until `address` takes connections.
    pub async fn open(
        command: &str,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                failure(format!("the tunnel command could not be started: {error}"))
            })?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let readers = [
            child
                .stdout
                .take()
                .map(|output| keep_last_lines(output, Arc::clone(&said))),
            child
                .stderr
                .take()
                .map(|output| keep_last_lines(output, Arc::clone(&said))),
        ];
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let mut tunnel = Self { child, group };
        let deadline = Instant::now() + patience;
        loop {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(tunnel);
            }
            if let Ok(Some(status)) = tunnel.child.try_wait() {
                // What it said last may still be on its way; a child of its own may keep the pipe open.
                for reader in readers.into_iter().flatten() {
                    let _ = timeout(LAST_WORDS, reader).await;
                }
                return Err(failure(format!(
                    "the tunnel command ended ({status}): {}",
                    joined(&said)
                )));
            }
            if Instant::now() > deadline {
                let mut late = refusal::unanswered(Stage::Tcp, "the tunnel");
                late.detail = Some(joined(&said)).filter(|said| !said.is_empty());
                return Err(late);
            }
            sleep(TRY_EVERY).await;
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}

fn keep_last_lines(
    output: impl AsyncRead + Unpin + Send + 'static,
    said: Arc<Mutex<Vec<String>>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push(line);
            let excess = said.len().saturating_sub(KEPT_LINES);
            drop(said.drain(..excess));
        }
    })
}

fn joined(said: &Mutex<Vec<String>>) -> String {
    said.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .join(" / ")
}

fn failure(message: String) -> Failure {
    Failure::new(Phase::Connecting(Stage::Tcp), Origin::Local, message)
        .with_hint("run route.command in a shell to see what it says")
}

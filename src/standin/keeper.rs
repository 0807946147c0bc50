//! Makes sure that nothing outlives us: not the server, not its folder, not even after `kill -9`.
//!
//! Destructors do not run when a process is killed, so the clean-up is not ours to do. A small
//! shell holds the reading end of a pipe whose writing end only we have; when we are gone, for
//! whatever reason, the kernel closes our end, the shell reads the end of the file, stops the
//! server named by its lock file and removes the folder. An orderly end takes the same way.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// `$1` is the folder. Terminal signals are ignored: the shell must live a moment longer than we.
/// SIGQUIT is PostgreSQL's immediate shutdown: the data is thrown away anyway.
const SCRIPT: &str = r#"
trap '' HUP INT TERM QUIT
cat >/dev/null
lock=$1/data/postmaster.pid
pid=$(head -n 1 "$lock" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    turns=0
    while [ -e "$lock" ] && kill -0 "$pid" 2>/dev/null && [ "$turns" -lt 100 ]; do
        sleep 0.05 2>/dev/null || sleep 1
        turns=$((turns + 1))
    done
    [ -e "$lock" ] && kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// The shell that cleans up after us.
#[derive(Debug)]
pub(super) struct Keeper {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Keeper {
    /// Starts to watch over `folder` and the server whose data is in `folder/data`.
    pub(super) fn watch(folder: &Path) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "pgiam-keeper"])
            .arg(folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let lifeline = shell.stdin.take();
        Ok(Self { shell, lifeline })
    }

    /// Lets go of the lifeline: the shell begins to clean up.
    pub(super) fn release(&mut self) {
        drop(self.lifeline.take());
    }

    /// Waits until all is cleaned up; at most a few seconds, since the script counts its turns.
    pub(super) fn join(&mut self) {
        self.release();
        let _ = self.shell.wait();
    }
}

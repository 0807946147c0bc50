//! The real binary in a pty: keys in, an emulated screen out. Waits for text, never for time.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long text may take to show once its program has ended.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// A program on an emulated terminal.
pub(crate) struct Screen {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    /// Set to let go of the terminal: the reader holds it open too.
    closing: Arc<AtomicBool>,
}

struct Seen {
    terminal: vt100::Parser,
    raw: Vec<u8>,
}

impl Screen {
    /// Starts the binary with nothing but `environment` and what a terminal program needs.
    pub(crate) fn start(
        arguments: &[&str],
        environment: &BTreeMap<&'static str, String>,
        size: (u16, u16),
    ) -> Self {
        Self::run(env!("CARGO_BIN_EXE_pgiam"), arguments, environment, size)
    }

    /// Starts any program likewise.
    pub(crate) fn run(
        program: &str,
        arguments: &[&str],
        environment: &BTreeMap<&'static str, String>,
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("PATH", std::env::var("PATH").unwrap());
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let terminal = vt100::Parser::new(cells(rows), cells(columns), 0);
        let seen = Arc::new(Mutex::new(Seen {
            terminal,
            raw: Vec::new(),
        }));
        let sink = Arc::clone(&seen);
        let closing = Arc::new(AtomicBool::new(false));
        let close = Arc::clone(&closing);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if close.load(Ordering::SeqCst) {
                    return;
                }
                let mut seen = sink.lock().unwrap();
                seen.terminal.process(&buffer[..count]);
                seen.raw.extend_from_slice(&buffer[..count]);
            }
        });
        Self {
            master: Some(pair.master),
            keys: Some(keys),
            child,
            seen,
            closing,
        }
    }

    /// Types: `\r` is Enter, `\t` Tab, escape sequences as a terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        let out = self.keys.as_mut().unwrap();
        out.write_all(keys.as_bytes()).unwrap();
        out.flush().unwrap();
    }

    /// The screen as text.
    pub(crate) fn text(&self) -> String {
        self.seen.lock().unwrap().terminal.screen().contents()
    }

    /// Every byte so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen.lock().unwrap().raw.clone()
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub(crate) fn hides(&mut self, text: &str) {
        self.until(text, |screen| !screen.contains(text));
    }

    #[track_caller]
    fn until(&mut self, what: &str, condition: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !condition(&self.text()) {
            let ended = self.child.try_wait().unwrap();
            // The last bytes of a program that has ended may still be on their way.
            let patience = if ended.is_none() {
                PATIENCE
            } else {
                LAST_BYTES
            };
            assert!(
                began.elapsed() < patience,
                "{what:?}; the program ended: {ended:?}; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.seen
            .lock()
            .unwrap()
            .terminal
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Waits until the program has ended.
    #[track_caller]
    pub(crate) fn ends(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                began.elapsed() < within,
                "still running; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The terminal goes away, as when a window is closed.
    pub(crate) fn hang_up(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // A redraw wakes the reader, which lets go.
        self.resize(81, 25);
        self.keys = None;
        self.master = None;
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::Pid::from_raw(id).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }
}

/// A terminal has at least one row and column.
fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

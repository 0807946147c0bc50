//! Key to screen: a program on a pseudo-terminal, its screen emulated, every chunk of its output
//! stamped as it comes.
//!
//! A time is the arrival of the chunk that put the text on the screen, taken by a thread that does
//! nothing but read. Emulation happens afterwards and is not counted.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::process;

/// The terminal's columns and rows.
pub(crate) const SIZE: (u16, u16) = (200, 50);

/// A burst of output is over when nothing has come for this long.
const SILENCE: Duration = Duration::from_millis(15);

/// What came of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pressed {
    /// Until the first chunk after which the screen looked different.
    pub(crate) change: Duration,
    /// Bytes written to the terminal in answer.
    pub(crate) bytes: usize,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    ended: bool,
}

#[derive(Default)]
struct Arrivals {
    queue: Mutex<Queue>,
    came: Condvar,
}

/// A program on a terminal.
pub(crate) struct Terminal {
    /// When it was started.
    pub(crate) started: Instant,
    parser: vt100::Parser,
    arrivals: Arc<Arrivals>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    bytes: usize,
    last: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a program with nothing but `environment` and what a terminal program needs.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let size = PtySize {
            rows: SIZE.1,
            cols: SIZE.0,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        command.env("PATH", std::env::var("PATH").unwrap());
        for (name, value) in environment {
            command.env(name, value);
        }
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        if let Some(pid) = child.process_id() {
            process::favour(pid);
        }
        drop(pair.slave);
        let arrivals = Arc::<Arrivals>::default();
        let mut output = pair.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&arrivals);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            loop {
                let count = output.read(&mut buffer).unwrap_or(0);
                let now = Instant::now();
                let mut queue = sink.queue.lock().unwrap();
                if count == 0 {
                    queue.ended = true;
                } else {
                    queue.chunks.push_back((now, buffer[..count].to_vec()));
                }
                drop(queue);
                sink.came.notify_one();
                if count == 0 {
                    return;
                }
            }
        });
        let cells = |count| NonZero::new(count).unwrap();
        Self {
            started,
            parser: vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0),
            arrivals,
            keys: pair.master.take_writer().unwrap(),
            child,
            bytes: 0,
            last: started,
            _master: pair.master,
        }
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Bytes it has written so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the screen shows.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Sends keys as a terminal sends them, and says when.
    pub(crate) fn press(&mut self, keys: &str) -> Instant {
        let now = Instant::now();
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        now
    }

    /// Emulates the next chunk if one comes within `patience`.
    fn step(&mut self, patience: Duration) -> bool {
        let mut queue = self.arrivals.queue.lock().unwrap();
        if queue.chunks.is_empty() && !queue.ended {
            queue = self.arrivals.came.wait_timeout(queue, patience).unwrap().0;
        }
        let Some((at, chunk)) = queue.chunks.pop_front() else {
            let ended = queue.ended;
            drop(queue);
            if ended {
                std::thread::sleep(patience.min(Duration::from_millis(5)));
            }
            return false;
        };
        drop(queue);
        self.parser.process(&chunk);
        self.bytes += chunk.len();
        self.last = at;
        true
    }

    /// When the chunk came after which the screen is as wanted; `None` if it never is.
    pub(crate) fn when(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Option<Instant> {
        let until = Instant::now() + patience;
        if wanted(&self.text()) {
            return Some(self.last);
        }
        loop {
            let left = until.checked_duration_since(Instant::now())?;
            if self.step(left.min(Duration::from_millis(100))) && wanted(&self.text()) {
                return Some(self.last);
            }
        }
    }

    /// Waits until the screen shows `text`, and says when it came.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> Instant {
        self.shows_within(Duration::from_mins(2), text)
    }

    /// The same with another patience.
    #[track_caller]
    pub(crate) fn shows_within(&mut self, patience: Duration, text: &str) -> Instant {
        match self.when(patience, |screen| screen.contains(text)) {
            Some(at) => at,
            None => panic!("never showed {text:?}; the screen:\n{}", self.text()),
        }
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub(crate) fn hides(&mut self, text: &str) {
        let gone = self.when(Duration::from_mins(2), |screen| !screen.contains(text));
        assert!(gone.is_some(), "still shows {text:?}:\n{}", self.text());
    }

    /// Takes in what comes until nothing has come for `silence`.
    pub(crate) fn settle(&mut self, silence: Duration) {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if !self.step(silence) {
                return;
            }
        }
    }

    /// Takes in what comes for a time.
    pub(crate) fn watch(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let _ = self.step(left);
        }
    }

    /// Presses one key and waits until its burst of output is over; `None` if the screen stays as
    /// it is. The next key is pressed only then: nothing queues up.
    pub(crate) fn key(&mut self, key: &str) -> Option<Pressed> {
        while self.step(Duration::ZERO) {}
        let before = self.parser.screen().contents_formatted();
        let begun = self.press(key);
        let mut chunks = Vec::new();
        loop {
            let patience = if chunks.is_empty() {
                Duration::from_secs(2)
            } else {
                SILENCE
            };
            let mut queue = self.arrivals.queue.lock().unwrap();
            if queue.chunks.is_empty() {
                queue = self.arrivals.came.wait_timeout(queue, patience).unwrap().0;
            }
            let came: Vec<_> = queue.chunks.drain(..).collect();
            drop(queue);
            if came.is_empty() {
                break;
            }
            chunks.extend(came);
        }
        let (mut change, mut bytes) = (None, 0);
        for (at, chunk) in chunks {
            self.parser.process(&chunk);
            bytes += chunk.len();
            self.last = at;
            if change.is_none() && self.parser.screen().contents_formatted() != before {
                change = Some(at.saturating_duration_since(begun));
            }
        }
        self.bytes += bytes;
        change.map(|change| Pressed { change, bytes })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

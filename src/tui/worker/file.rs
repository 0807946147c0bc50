//! Files that rows go to and come from: saved results, and statements that run with a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Inbox, Worker, lock};
use crate::adapters::session::{Session, Streams};
use crate::adapters::storage::export::{self, NewFile};
use crate::app::model::file_form::FileUse;
use crate::app::{Effect, Message, Ticket};
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::Failure;
use crate::domain::rows::Snapshot;
use crate::domain::run::RunEvent;

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// Results that are being saved.
pub(super) type Saves = HashMap<Ticket, Save>;

/// A result that is being saved.
#[derive(Debug)]
pub(super) struct Save {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Save {
    /// Stops it and waits until nothing of its file is left.
    pub(super) fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
    }
}

impl Worker {
    /// Grants an effect that is about rows and files.
    pub(super) fn grant_file(&mut self, effect: Effect) {
        match effect {
            Effect::SaveRows {
                ticket,
                rows,
                view,
                format,
                path,
            } => self.save(ticket, move |step| match view {
                None => export::save(&rows, format, &path, step),
                Some(view) => export::save_shown((&rows, &view), format, &path, step),
            }),
            Effect::ReadPart {
                ticket,
                rows,
                value,
                range,
            } => self.read_part(ticket, *rows, (value, range)),
            Effect::SaveValue {
                ticket,
                rows,
                value,
                path,
            } => self.save_value(ticket, *rows, (value, path)),
            Effect::RunWithFile {
                ticket,
                statements,
                purpose,
                path,
            } => self.run_with_file(ticket, statements, (purpose, path)),
            _ => {}
        }
    }

    /// Writes a value in a thread of its own.
    fn save_value(
        &mut self,
        ticket: Ticket,
        rows: Snapshot,
        (value, path): ((usize, usize), String),
    ) {
        self.save(ticket, move |step| {
            export::save_value(&rows, value, &path, step)
        });
    }

    /// Writes something in a thread of its own, which tells how far it is and can be stopped.
    fn save(
        &mut self,
        ticket: Ticket,
        write: impl FnOnce(&mut dyn FnMut(usize) -> ControlFlow<()>) -> Result<String, Failure>
        + Send
        + 'static,
    ) {
        let stop = Arc::new(AtomicBool::new(false));
        self.saves.retain(|_, save| !save.thread.is_finished());
        let inbox = self.inbox.clone();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let tell = |message| {
                let _ = inbox.0.blocking_send(super::Arrival::Message(message));
            };
            let mut told = Instant::now();
            let outcome = write(&mut |done| {
                if stopped.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                if told.elapsed() >= PROGRESS {
                    told = Instant::now();
                    tell(Message::Saving { ticket, done });
                }
                ControlFlow::Continue(())
            });
            tell(Message::Saved { ticket, outcome });
        });
        let stopped = stop;
        let _ = self.saves.insert(ticket, Save { stopped, thread });
    }

    /// Reads a part of a value, which may have to come from a file.
    fn read_part(
        &self,
        ticket: Ticket,
        rows: Snapshot,
        (value, range): ((usize, usize), Range<usize>),
    ) {
        let inbox = self.inbox.clone();
        let _reading = tokio::task::spawn_blocking(move || {
            let outcome = rows.part(value, range.start, range.len());
            let message = Message::PartRead { ticket, outcome };
            let _ = inbox.0.blocking_send(super::Arrival::Message(message));
        });
    }

    /// Stops a save; says whether there was one.
    pub(super) fn stop_save(&self, ticket: Ticket) -> bool {
        let save = self.saves.get(&ticket);
        if let Some(save) = save {
            save.stopped.store(true, Ordering::Relaxed);
        }
        save.is_some()
    }

    /// Runs a statement that reads a file or fills one.
    fn run_with_file(
        &mut self,
        ticket: Ticket,
        statements: Vec<String>,
        (purpose, path): (FileUse, String),
    ) {
        let inbox = self.inbox.clone();
        let Some(session) = lock(&self.sessions).main.clone() else {
            return self.run(ticket, statements);
        };
        let cancellers = Arc::clone(&self.cancellers);
        let _ = lock(&cancellers).insert(ticket, session.canceller());
        self.spawn(ticket, async move {
            let tell = Tell { ticket, inbox };
            let outcome = match open(purpose, &path).await {
                Ok(opened) => with_file(&session, &statements, opened, &tell).await,
                Err(failure) => {
                    tell.send(RunEvent::Started { index: 0 }).await;
                    Err(failure)
                }
            };
            if let Err(failure) = outcome {
                tell.send(RunEvent::Failed(failure)).await;
                tell.send(RunEvent::Transaction(session.transaction()))
                    .await;
            }
            tell.send(RunEvent::Finished).await;
            drop(lock(&cancellers).remove(&ticket));
        });
    }
}

/// Tells the loop what happens in a run.
struct Tell {
    ticket: Ticket,
    inbox: Inbox,
}

impl Tell {
    async fn send(&self, event: RunEvent) {
        let ticket = self.ticket;
        self.inbox.send(Message::Ran { ticket, event }).await;
    }
}

/// The file of a run: what it reads, or what fills it.
struct Opened {
    streams: Streams,
    filled: Option<Filled>,
}

async fn open(purpose: FileUse, path: &str) -> Result<Opened, Failure> {
    Ok(match purpose {
        FileUse::Load => {
            let target = export::expanded(path);
            let file = tokio::fs::File::open(&target).await.map_err(|error| {
                Failure::local(format!("cannot read {}: {error}", target.display()))
            })?;
            Opened {
                streams: Streams::Given(Box::new(file)),
                filled: None,
            }
        }
        FileUse::Store => Opened {
            streams: Streams::Given(Box::new(tokio::io::empty())),
            filled: Some(Filled::new(NewFile::create(path)?, None)?),
        },
        FileUse::Rows(format) => Opened {
            streams: Streams::None,
            filled: Some(Filled::new(NewFile::create(path)?, Some(format))?),
        },
    })
}

/// Runs it; a failure of the file's is returned, those of the statements' are told as they come.
async fn with_file(
    session: &Session,
    statements: &[String],
    Opened {
        streams,
        mut filled,
    }: Opened,
    tell: &Tell,
) -> Result<(), Failure> {
    let mut left = statements.len();
    let (events, mut happened) = mpsc::channel(4);
    let run = async {
        session.run_with(statements, streams, &events).await;
        drop(events);
    };
    let forward = async move {
        // Leaving this early drops the receiver, and the session cancels.
        while let Some(event) = happened.recv().await {
            match event {
                RunEvent::Finished => {}
                RunEvent::Columns(_) | RunEvent::Rows(_) | RunEvent::Copied(_) => {
                    if let Some(filled) = &mut filled
                        && let Some(bytes) = tokio::task::block_in_place(|| filled.take(event))?
                    {
                        tell.send(RunEvent::Moved { bytes }).await;
                    }
                }
                RunEvent::Completed(_) => {
                    left = left.saturating_sub(1);
                    if left == 0
                        && let Some(filled) = filled.take()
                    {
                        let kept = tokio::task::block_in_place(|| filled.keep())?;
                        tell.inbox
                            .send(Message::Told(format!("saved {kept}")))
                            .await;
                    }
                    tell.send(event).await;
                }
                event => tell.send(event).await,
            }
        }
        Ok(())
    };
    let ((), outcome) = tokio::join!(run, forward);
    outcome
}

/// A file that a statement fills.
struct Filled {
    file: NewFile,
    /// In which form rows are written; `None` for COPY data.
    format: Option<Format>,
    out: File,
    rows: Option<Exporter<File>>,
    bytes: u64,
    told: Instant,
}

impl Filled {
    fn new(file: NewFile, format: Option<Format>) -> Result<Self, Failure> {
        Ok(Self {
            out: file.writer()?,
            file,
            format,
            rows: None,
            bytes: 0,
            told: Instant::now(),
        })
    }

    /// Writes what arrived; the bytes so far when it is time to tell.
    fn take(&mut self, event: RunEvent) -> Result<Option<u64>, Failure> {
        let written = match event {
            RunEvent::Columns(columns) => self.begin(&columns),
            RunEvent::Rows(batch) => {
                self.bytes += batch.text_bytes() as u64;
                self.rows.as_mut().map_or(Ok(()), |rows| rows.batch(&batch))
            }
            RunEvent::Copied(bytes) => {
                self.bytes += bytes.len() as u64;
                self.out.write_all(&bytes)
            }
            _ => Ok(()),
        };
        written.map_err(|error| self.file.refused(&error))?;
        Ok((self.told.elapsed() >= PROGRESS).then(|| {
            self.told = Instant::now();
            self.bytes
        }))
    }

    fn begin(&mut self, columns: &[crate::domain::run::Column]) -> std::io::Result<()> {
        if let Some(format) = self.format {
            self.end()?;
            self.rows = Some(Exporter::begin(self.out.try_clone()?, format, columns)?);
        }
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        if let Some(rows) = self.rows.take() {
            drop(rows.end()?);
        }
        Ok(())
    }

    fn keep(mut self) -> Result<String, Failure> {
        if let Err(error) = self.end() {
            return Err(self.file.refused(&error));
        }
        self.file.keep()
    }
}

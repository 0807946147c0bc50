//! Rows out of memory and back: one thread writes, in order; reading has threads of its own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;

use tokio::sync::{mpsc, watch};

use super::{Arrival, Inbox};
use crate::adapters::storage::spill::SpillFile;
use crate::app::Message;
use crate::app::message::{Fetched, Spilled};
use crate::domain::failure::Failure;
use crate::domain::rows::store::{Leaving, Shelved};
use crate::domain::rows::{ResultId, SharedShelf};

/// Spills that may be under way before rows from the server are held back.
const AHEAD: usize = 2;

/// Segments of one result to put away.
struct Job {
    result: ResultId,
    leaving: Vec<Leaving>,
}

/// The files of the results that have left memory, in part.
#[derive(Debug)]
pub(super) struct Spiller {
    jobs: mpsc::UnboundedSender<Job>,
    under_way: Arc<watch::Sender<usize>>,
    inbox: Inbox,
}

impl Spiller {
    /// Files go into `folder`; `None` is the system's folder for temporary ones.
    pub(super) fn new(folder: Option<PathBuf>, inbox: Inbox) -> Self {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let under_way = Arc::new(watch::Sender::new(0));
        let (count, back) = (Arc::clone(&under_way), inbox.clone());
        let _writer = thread::spawn(move || {
            let mut files = Files {
                folder,
                open: HashMap::new(),
            };
            while let Some(Job { result, leaving }) = queue.blocking_recv() {
                let outcome = files.put(result, &leaving);
                drop(leaving);
                let message = Message::Spilled { result, outcome };
                let _ = back.0.blocking_send(Arrival::Message(message));
                count.send_modify(|jobs| *jobs -= 1);
            }
        });
        Self {
            jobs,
            under_way,
            inbox,
        }
    }

    pub(super) fn put(&self, result: ResultId, leaving: Vec<Leaving>) {
        self.under_way.send_modify(|jobs| *jobs += 1);
        let _ = self.jobs.send(Job { result, leaving });
    }

    /// Waits while rows arrive faster than the disk takes them.
    pub(super) fn gate(&self) -> Gate {
        Gate(self.under_way.subscribe())
    }

    pub(super) fn fetch(&self, result: ResultId, from: SharedShelf, wanted: Vec<Shelved>) {
        let inbox = self.inbox.clone();
        let _reading = tokio::task::spawn_blocking(move || {
            let segments = wanted
                .into_iter()
                .map(|Shelved { segment, place }| Fetched {
                    segment,
                    batch: from.0.read(place).map(Arc::new),
                })
                .collect();
            let message = Message::Fetched { result, segments };
            let _ = inbox.0.blocking_send(Arrival::Message(message));
        });
    }
}

/// Holds rows back.
#[derive(Debug)]
pub(super) struct Gate(watch::Receiver<usize>);

impl Gate {
    pub(super) async fn pass(&mut self) {
        let _ = self.0.wait_for(|jobs| *jobs < AHEAD).await;
    }
}

/// One file a result, for as long as somebody holds the result.
struct Files {
    folder: Option<PathBuf>,
    open: HashMap<ResultId, Weak<SpillFile>>,
}

impl Files {
    fn file(&mut self, result: ResultId) -> Result<Arc<SpillFile>, Failure> {
        if let Some(file) = self.open.get(&result).and_then(Weak::upgrade) {
            return Ok(file);
        }
        self.open.retain(|_, file| file.strong_count() > 0);
        let file = SpillFile::create(self.folder.clone())?;
        let _ = self.open.insert(result, Arc::downgrade(&file));
        Ok(file)
    }

    fn put(&mut self, result: ResultId, leaving: &[Leaving]) -> Spilled {
        let mut outcome = Spilled {
            shelf: None,
            shelved: Vec::new(),
            stayed: Vec::new(),
            failure: None,
        };
        let file = match self.file(result) {
            Ok(file) => file,
            Err(failure) => {
                outcome.failure = Some(failure);
                outcome.stayed = leaving.iter().map(|one| one.segment).collect();
                return outcome;
            }
        };
        for Leaving { segment, batch } in leaving {
            let segment = *segment;
            match outcome.failure.is_none().then(|| file.put(batch)) {
                Some(Ok(place)) => outcome.shelved.push(Shelved { segment, place }),
                Some(Err(failure)) => {
                    outcome.failure = Some(failure);
                    outcome.stayed.push(segment);
                }
                None => outcome.stayed.push(segment),
            }
        }
        outcome.shelf = Some(SharedShelf(file));
        outcome
    }
}

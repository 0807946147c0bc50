//! The person's files, written one after another by one thread: a later draft never loses to an
//! earlier one.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::Inbox;
use crate::adapters::storage::directories::Directories;
use crate::adapters::storage::drafts::Drafts;
use crate::adapters::storage::history::HistoryFile;
use crate::adapters::storage::profiles::ProfileFile;
use crate::app::effect::ProfileChange;
use crate::app::{Message, Ticket};
use crate::domain::failure::Failure;
use crate::domain::history::Entry;
use crate::domain::profile::Profile;
use crate::domain::text::Held;

/// One thing to do with a file, and the message it leads to.
type Job = Box<dyn FnOnce() -> Option<Message> + Send>;

/// The person's files.
#[derive(Debug)]
pub(super) struct Files {
    directories: Directories,
    jobs: Option<mpsc::UnboundedSender<Job>>,
    done: Option<oneshot::Receiver<()>>,
}

impl Files {
    pub(super) fn new(directories: Directories, inbox: Inbox) -> Self {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let (all_done, done) = oneshot::channel();
        let _writer = thread::spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                if let Some(message) = job() {
                    let _ = inbox.0.blocking_send(super::Arrival::Message(message));
                }
            }
            let _ = all_done.send(());
        });
        Self {
            directories,
            jobs: Some(jobs),
            done: Some(done),
        }
    }

    /// Waits until everything is written.
    pub(super) async fn close(&mut self) {
        self.jobs = None;
        if let Some(done) = self.done.take() {
            let _ = done.await;
        }
    }

    fn queue(&self, job: impl FnOnce() -> Option<Message> + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Box::new(job));
        }
    }

    fn profile_file(&self) -> ProfileFile {
        ProfileFile::at(self.directories.profiles())
    }

    /// The profiles, read at once: the first frame shows them.
    pub(super) fn profiles(&self) -> Result<Vec<Profile>, Failure> {
        self.profile_file().read()
    }

    pub(super) fn write_profiles(&self, ticket: Ticket, change: ProfileChange) {
        let file = self.profile_file();
        self.queue(move || {
            let outcome = match change {
                ProfileChange::Add(profile) => file.add(&profile),
                ProfileChange::Replace { name, profile } => file.replace(&name, &profile),
                ProfileChange::Remove { name } => file.remove(&name),
            };
            Some(Message::ProfilesWritten { ticket, outcome })
        });
    }

    pub(super) fn read_drafts(&self, profile: String) {
        let drafts = Drafts::at(self.directories.drafts());
        self.queue(move || {
            Some(match drafts.read(&profile) {
                Ok(tabs) => Message::DraftsRead { profile, tabs },
                Err(failure) => Message::Failed(failure),
            })
        });
    }

    pub(super) fn save_drafts(&self, profile: String, tabs: Vec<Held>) {
        let drafts = Drafts::at(self.directories.drafts());
        self.queue(move || drafts.write(&profile, &tabs).err().map(Message::Failed));
    }

    pub(super) fn remember(&self, entry: Entry) {
        let file = HistoryFile::at(self.directories.history());
        self.queue(move || file.add(&entry).err().map(Message::Failed));
    }

    pub(super) fn read_history(&self) {
        let file = HistoryFile::at(self.directories.history());
        self.queue(move || {
            Some(match file.read() {
                Ok(entries) => Message::HistoryRead(entries),
                Err(failure) => Message::Failed(failure),
            })
        });
    }
}

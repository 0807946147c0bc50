//! The only place where `app` meets `adapters`: an effect becomes a call, its result a message.

mod access;
mod clipboard;
mod file;
mod link;
mod scan;
mod spill;
mod storage;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::adapters::connect::{Connector, Limits};
use crate::adapters::rehearsal::{self, Question, Rehearse};
use crate::adapters::session::{Canceller, Session};
use crate::adapters::storage::directories::Directories;
use crate::adapters::storage::settings::{self, ThemeChoice};
use crate::adapters::{catalog, connect, edits, explain, remedy};
use crate::app::effect::Seat;
use crate::app::keymap::Keymap;
use crate::app::model::memory::Spilling;
use crate::app::{Effect, Message, Model, Ticket};
use crate::domain::diagnosis::MissingPrivilege;
use crate::domain::edit::{Change, Ending, Unmade};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::Profile;
use crate::domain::run::{RunEvent, TransactionState};
use crate::domain::sql::explain::{Depth, Explainable};
use crate::domain::time::Timestamp;
use crate::domain::token::{Password, Token};
use crate::tui::theme::Ground;

/// Messages on their way to the loop; a full channel holds rows back, down to the server's socket.
/// Room for every report of two walks at once, since reports do not wait.
const INBOX: usize = 48;

/// How often a cancel request is repeated while its statement runs on, and how long apart.
const CANCEL_TRIES: u32 = 20;
/// See [`CANCEL_TRIES`].
const CANCEL_AGAIN: Duration = Duration::from_millis(250);

/// How long leaving waits for a server to take a cancel request.
const LAST_CANCEL: Duration = Duration::from_secs(1);

/// What arrives at the loop.
#[derive(Debug)]
pub enum Arrival {
    /// Something for `update` to judge.
    Message(Message),
    /// A token for the clipboard. It passes through no message: messages are shown in logs and tests.
    Secret(Token),
}

/// The way back to the loop.
#[derive(Debug, Clone)]
struct Inbox(mpsc::Sender<Arrival>);

impl Inbox {
    /// Sends a message; a loop that is gone needs none.
    async fn send(&self, message: Message) {
        let _ = self.0.send(Arrival::Message(message)).await;
    }
}

/// The sessions of the workspace.
#[derive(Debug, Default)]
struct Sessions {
    /// Runs what the person types.
    main: Option<Arc<Session>>,
    /// Reads catalogs and explains; dialled when first needed.
    side: Option<Arc<Session>>,
    /// What they were opened with, and a password that was typed for it.
    profile: Option<Box<Profile>>,
    typed: Option<Password>,
}

type Shared<T> = Arc<Mutex<T>>;

fn lock<T>(shared: &Shared<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the session that the person types into seeks names: it was refused along that path, which
/// no other session knows.
async fn typed_path(main: Option<Arc<Session>>) -> Option<String> {
    main?.search_path().await
}

/// Grants effects.
#[derive(Debug)]
pub struct Worker {
    connector: Connector,
    directories: Directories,
    inbox: Inbox,
    sessions: Shared<Sessions>,
    tasks: HashMap<Ticket, AbortHandle>,
    /// Cancels what runs on a server, by the ticket of the run.
    cancellers: Shared<HashMap<Ticket, Canceller>>,
    /// Those who wait for a typed password.
    passwords: Shared<HashMap<Ticket, oneshot::Sender<Option<Password>>>>,
    /// Work on all rows of results.
    scans: scan::Scans,
    /// Writes to the person's files, one after another.
    files: storage::Files,
    /// Rows beyond the memory budget.
    spiller: spill::Spiller,
    /// Results that are being written to files.
    saves: file::Saves,
}

impl Worker {
    /// A worker, and what will arrive from it.
    pub fn new(connector: Connector, directories: Directories) -> (Self, mpsc::Receiver<Arrival>) {
        let (sender, arrivals) = mpsc::channel(INBOX);
        let inbox = Inbox(sender);
        let files = storage::Files::new(directories.clone(), inbox.clone());
        let folder = settings::read(&directories.settings())
            .ok()
            .and_then(|settings| settings.rows.folder);
        let spiller = spill::Spiller::new(folder, inbox.clone());
        let worker = Self {
            connector,
            directories,
            inbox,
            sessions: Shared::default(),
            tasks: HashMap::new(),
            cancellers: Shared::default(),
            passwords: Shared::default(),
            scans: scan::Scans::default(),
            files,
            spiller,
            saves: file::Saves::new(),
        };
        (worker, arrivals)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Connector::default().now()
    }

    /// The background that settings name; `None` leaves it to what the terminal says.
    #[must_use]
    pub fn ground(&self) -> Option<Ground> {
        let settings = settings::read(&self.directories.settings()).ok()?;
        match settings.theme {
            ThemeChoice::Auto => None,
            ThemeChoice::Dark => Some(Ground::Dark),
            ThemeChoice::Light => Some(Ground::Light),
        }
    }

    /// Reads settings and profiles before the first frame.
    pub fn prepare(&mut self, model: &mut Model) -> Vec<Effect> {
        match settings::read(&self.directories.settings()) {
            Ok(settings) => {
                model.timeouts = settings.timeouts.into();
                self.connector.limits = Limits::Person(model.timeouts);
                model.memory.budget = settings.rows.budget();
                model.memory.spilling = if settings.rows.spill {
                    Spilling::On
                } else {
                    Spilling::Off
                };
                let overrides: Vec<_> = settings.keys.into_iter().collect();
                let (keymap, problems) = Keymap::with_overrides(&overrides);
                model.keymap = keymap;
                if let Some(problem) = problems.first() {
                    model.tell(format!("settings.toml: {problem}"));
                }
            }
            Err(failure) => model.tell(failure.message),
        }
        crate::app::update(model, Message::ProfilesRead(self.files.profiles()))
    }

    /// Makes ready what the first connection would wait for.
    pub fn prepare_tls(&self, profiles: &[Profile]) {
        self.connector.prepare_tls(profiles);
    }

    /// Grants one effect. Never fails and never blocks: the answer, good or bad, is a message.
    pub fn grant(&mut self, effect: Effect) {
        self.tasks.retain(|_, task| !task.is_finished());
        match effect {
            Effect::WriteProfiles { ticket, change } => self.files.write_profiles(ticket, change),
            Effect::ReadDrafts { profile } => self.files.read_drafts(profile),
            Effect::SaveDrafts { profile, tabs } => self.files.save_drafts(profile, tabs),
            Effect::Remember(entry) => self.files.remember(entry),
            Effect::ReadHistory => self.files.read_history(),
            Effect::SaveRows { .. }
            | Effect::SaveValue { .. }
            | Effect::ReadPart { .. }
            | Effect::RunWithFile { .. } => self.grant_file(effect),
            Effect::Forget { results } => {
                drop(tokio::task::spawn_blocking(move || drop(results)));
            }
            Effect::Spill { result, leaving } => self.spiller.put(result, leaving),
            Effect::Fetch {
                result,
                shelf,
                wanted,
            } => self.spiller.fetch(result, shelf, wanted),
            Effect::Dial { ticket, profile } => self.dial(ticket, profile),
            Effect::Examine { ticket, profile } => self.examine(ticket, profile),
            Effect::AnswerPassword { ticket, password } => self.answer_password(ticket, password),
            Effect::HangUp => self.hang_up(),
            Effect::LoadCatalog { ticket } => self.load_catalog(ticket),
            Effect::Run { ticket, statements } => self.run(ticket, statements),
            Effect::MakeEdits {
                ticket,
                changes,
                ending,
            } => self.make_edits(ticket, changes, ending),
            Effect::Explain {
                ticket,
                explainable,
                depth,
            } => self.explain(ticket, explainable, depth),
            Effect::Look {
                ticket,
                seat,
                statement,
            } => self.look(ticket, seat, statement),
            Effect::Cancel { ticket } => self.cancel(ticket),
            Effect::AskWhy {
                ticket,
                statement,
                refusal,
            } => self.ask_why(ticket, statement, *refusal),
            Effect::ProveFix {
                ticket,
                through,
                role,
                statement,
                refusal,
            } => {
                let question = Question {
                    role,
                    statement: Some(statement),
                    refusal: Some(*refusal),
                    search_path: None,
                    rehearse: Rehearse::WherePossible,
                };
                self.prove_fix(ticket, through, question);
            }
            Effect::AskWhyOf {
                ticket,
                role,
                statement,
            } => self.ask_why_of(ticket, role, statement),
            Effect::LoadRights { ticket } => self.load_rights(ticket),
            Effect::SaveRights {
                known,
                report,
                format,
                path,
            } => self.save_rights(known, report, format, path),
            Effect::ApplyFix {
                ticket,
                through,
                statements,
                missing,
            } => {
                self.apply_fix(ticket, through, statements, missing);
            }
            Effect::CopyToken { profile } => self.copy_token(profile),
            Effect::Scan { ticket, rows, job } => {
                self.scans.begin(ticket, *rows, *job, &self.inbox);
            }
            Effect::CopyWith { text } => clipboard::copy(text, &self.inbox),
            // The loop keeps these for itself.
            Effect::Copy { .. } | Effect::Suspend | Effect::Quit => {}
        }
    }

    /// Leaves the sessions. What runs is stopped on the server, not read to its end.
    fn hang_up(&mut self) {
        let running: Vec<Ticket> = lock(&self.cancellers).keys().copied().collect();
        for ticket in running {
            self.cancel(ticket);
        }
        *lock(&self.sessions) = Sessions::default();
    }

    /// Stops what runs and waits until files are written.
    pub async fn close(mut self) {
        self.scans.stop_all();
        let cancellers: Vec<Canceller> = lock(&self.cancellers)
            .drain()
            .map(|(_, canceller)| canceller)
            .collect();
        for canceller in cancellers {
            // A server that does not answer must not keep the person waiting.
            let _ = tokio::time::timeout(LAST_CANCEL, canceller.cancel()).await;
        }
        for (_, task) in self.tasks.drain() {
            task.abort();
        }
        for (_, save) in self.saves.drain() {
            let stopping = tokio::task::spawn_blocking(move || save.stop());
            let _ = tokio::time::timeout(LAST_CANCEL, stopping).await;
        }
        self.files.close().await;
    }

    fn spawn(&mut self, ticket: Ticket, task: impl Future<Output = ()> + Send + 'static) {
        let _ = self.tasks.insert(ticket, tokio::spawn(task).abort_handle());
    }

    /// Runs statements in the sticky session.
    fn run(&mut self, ticket: Ticket, statements: Vec<String>) {
        let inbox = self.inbox.clone();
        let Some(session) = lock(&self.sessions).main.clone() else {
            self.spawn(ticket, async move {
                let failure =
                    Failure::new(Phase::Statement, Origin::Lost, "there is no connection");
                inbox
                    .send(Message::Ran {
                        ticket,
                        event: RunEvent::Failed(failure),
                    })
                    .await;
                inbox
                    .send(Message::Ran {
                        ticket,
                        event: RunEvent::Finished,
                    })
                    .await;
            });
            return;
        };
        let cancellers = Arc::clone(&self.cancellers);
        let _ = lock(&cancellers).insert(ticket, session.canceller());
        let mut gate = self.spiller.gate();
        self.spawn(ticket, async move {
            let (events, mut happened) = mpsc::channel(4);
            let forward = async {
                while let Some(event) = happened.recv().await {
                    if matches!(event, RunEvent::Rows(_)) {
                        gate.pass().await;
                    }
                    inbox.send(Message::Ran { ticket, event }).await;
                }
            };
            let run = async {
                session.run(&statements, &events).await;
                drop(events);
            };
            let ((), ()) = tokio::join!(run, forward);
            drop(lock(&cancellers).remove(&ticket));
        });
    }

    /// Makes changes of rows in the sticky session.
    fn make_edits(&mut self, ticket: Ticket, changes: Vec<Change>, ending: Ending) {
        let inbox = self.inbox.clone();
        let main = lock(&self.sessions).main.clone();
        let cancellers = Arc::clone(&self.cancellers);
        if let Some(session) = &main {
            let _ = lock(&cancellers).insert(ticket, session.canceller());
        }
        self.spawn(ticket, async move {
            let outcome = match main {
                Some(session) => edits::make(&session, &changes, ending).await,
                None => Err(Box::new(Unmade {
                    place: None,
                    failure: no_connection(),
                    state: TransactionState::Idle,
                    transaction: None,
                })),
            };
            drop(lock(&cancellers).remove(&ticket));
            inbox.send(Message::EditsMade { ticket, outcome }).await;
        });
    }

    /// Asks for a plan in the sticky session.
    fn explain(&mut self, ticket: Ticket, explainable: Box<Explainable>, depth: Depth) {
        let inbox = self.inbox.clone();
        let main = lock(&self.sessions).main.clone();
        let cancellers = Arc::clone(&self.cancellers);
        if let Some(session) = &main {
            let _ = lock(&cancellers).insert(ticket, session.canceller());
        }
        self.spawn(ticket, async move {
            let outcome = match main {
                Some(session) => explain::explain(&session, &explainable, depth).await,
                None => Err(no_connection()),
            };
            drop(lock(&cancellers).remove(&ticket));
            inbox.send(Message::Explained { ticket, outcome }).await;
        });
    }

    /// Asks something small.
    fn look(&mut self, ticket: Ticket, seat: Seat, statement: String) {
        let inbox = self.inbox.clone();
        let side = self.side_session();
        let main = lock(&self.sessions).main.clone();
        self.spawn(ticket, async move {
            let session = match (seat, main) {
                (Seat::Main, Some(main)) => Ok(main),
                (Seat::Main, None) | (Seat::Side, _) => side.await,
            };
            let outcome = match session {
                Ok(session) => session.query(&statement).await.map(|answer| answer.rows),
                Err(failure) => Err(failure),
            };
            inbox.send(Message::Looked { ticket, outcome }).await;
        });
    }

    /// Stops what a ticket asked for. A statement is stopped on the server, and its run ends by
    /// itself; anything else is dropped.
    fn cancel(&mut self, ticket: Ticket) {
        drop(lock(&self.passwords).remove(&ticket));
        self.scans.stop(ticket);
        if self.stop_save(ticket) {
            return;
        }
        let canceller = lock(&self.cancellers).get(&ticket).cloned();
        match (canceller, self.tasks.get(&ticket)) {
            (Some(canceller), _) => {
                let inbox = self.inbox.clone();
                let running = Arc::clone(&self.cancellers);
                let _cancelling = tokio::spawn(async move {
                    // A request that arrives before the statement does is lost, and the server does
                    // not say so: it is repeated until the run has ended.
                    for _ in 0..CANCEL_TRIES {
                        if let Err(failure) = canceller.cancel().await {
                            inbox.send(Message::Failed(failure)).await;
                            return;
                        }
                        tokio::time::sleep(CANCEL_AGAIN).await;
                        if !lock(&running).contains_key(&ticket) {
                            return;
                        }
                    }
                });
            }
            (None, Some(task)) => task.abort(),
            (None, None) => {}
        }
    }

    fn load_catalog(&mut self, ticket: Ticket) {
        let inbox = self.inbox.clone();
        let side = self.side_session();
        self.spawn(ticket, async move {
            let outcome = async {
                let session = side.await?;
                let (parts, mut arrived) = mpsc::channel(4);
                let forward = async {
                    while let Some(part) = arrived.recv().await {
                        inbox.send(Message::CatalogArrived { ticket, part }).await;
                    }
                };
                let load = async {
                    let outcome = catalog::load(&session, &parts).await;
                    drop(parts);
                    outcome
                };
                let (outcome, ()) = tokio::join!(load, forward);
                outcome
            };
            if let Err(failure) = outcome.await {
                inbox.send(Message::CatalogFailed { ticket, failure }).await;
            }
        });
    }

    fn ask_why(&mut self, ticket: Ticket, statement: String, refusal: Failure) {
        let inbox = self.inbox.clone();
        let main = lock(&self.sessions).main.clone();
        let side = self.side_session();
        self.spawn(ticket, async move {
            let outcome = async {
                let session = side.await?;
                let question = Question {
                    role: session.facts().user.clone(),
                    statement: Some(statement),
                    refusal: Some(refusal),
                    search_path: typed_path(main).await,
                    rehearse: Rehearse::WherePossible,
                };
                rehearsal::explain(&session, &question).await.map(Box::new)
            };
            let outcome = outcome.await;
            inbox.send(Message::WhyAnswered { ticket, outcome }).await;
        });
    }

    fn prove_fix(&mut self, ticket: Ticket, through: Box<Profile>, question: Question) {
        let main = lock(&self.sessions).main.clone();
        let companion = self.companion(ticket).forgetful();
        let connector = self.connector.clone();
        let inbox = self.inbox.clone();
        self.spawn(ticket, async move {
            let outcome = match connector.connect(&through, &companion).await {
                Ok(session) => {
                    let question = Question {
                        search_path: typed_path(main).await,
                        ..question
                    };
                    rehearsal::explain(&session, &question).await.map(Box::new)
                }
                Err(refused) => Err(refused.failure),
            };
            inbox.send(Message::WhyAnswered { ticket, outcome }).await;
        });
    }

    fn apply_fix(
        &mut self,
        ticket: Ticket,
        through: Box<Profile>,
        statements: Vec<String>,
        missing: Vec<MissingPrivilege>,
    ) {
        let companion = self.companion(ticket).forgetful();
        let connector = self.connector.clone();
        let inbox = self.inbox.clone();
        self.spawn(ticket, async move {
            let outcome = match connector.connect(&through, &companion).await {
                Ok(session) => remedy::apply(&session, &statements, &missing).await,
                Err(refused) => Err(refused.failure),
            };
            inbox.send(Message::FixApplied { ticket, outcome }).await;
        });
    }

    fn copy_token(&mut self, profile: Box<Profile>) {
        let connector = self.connector.clone();
        let inbox = self.inbox.clone();
        let _signing = tokio::spawn(async move {
            let signed = match connector.credentials(&profile).await {
                Ok(supplied) => connector.token(&profile, &supplied),
                Err(failure) => Err(failure),
            };
            match signed {
                Ok(token) => drop(inbox.0.send(Arrival::Secret(token)).await),
                Err(failure) => inbox.send(Message::Failed(failure)).await,
            }
        });
    }
}

fn no_connection() -> Failure {
    Failure::new(Phase::Statement, Origin::Lost, "there is no connection")
}

/// Explains why a walk ended.
fn refused(ticket: Ticket, profile: &Profile, refused: connect::Refused) -> Message {
    let findings =
        crate::domain::diagnosis::login::findings(profile, &refused.reports, &refused.failure);
    Message::LinkRefused {
        ticket,
        failure: refused.failure,
        findings,
    }
}

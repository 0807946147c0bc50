//! Dialling, examining, and the side session.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Inbox, Sessions, Shared, Worker, lock, refused};
use crate::adapters::connect::{Asked, Companion, Connector, Limits};
use crate::adapters::session::Session;
use crate::app::{Message, Ticket};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::Profile;
use crate::domain::stage::StageReport;
use crate::domain::token::Password;

/// Tells the loop about stages, and asks the person for a password.
#[derive(Debug, Clone)]
pub(super) struct Guide {
    ticket: Ticket,
    inbox: Inbox,
    passwords: Shared<std::collections::HashMap<Ticket, oneshot::Sender<Option<Password>>>>,
    /// Where a typed password is kept for the side session; never in a file.
    sessions: Shared<Sessions>,
}

impl Guide {
    /// The same, but a password typed for it is not kept: it is for another server or role than the
    /// workspace's, and must never be offered there.
    pub(super) fn forgetful(self) -> Self {
        Self {
            sessions: Shared::default(),
            ..self
        }
    }
}

impl Companion for Guide {
    fn moved(&self, report: &StageReport) {
        // Stages are few and the inbox is read quickly; one that does not fit is not worth waiting for.
        let message = Message::StageMoved {
            ticket: self.ticket,
            report: report.clone(),
        };
        let _ = self.inbox.0.try_send(super::Arrival::Message(message));
    }

    async fn ask_password(&self, prompt: String) -> Asked {
        let (answer, answered) = oneshot::channel();
        drop(lock(&self.passwords).insert(self.ticket, answer));
        self.inbox
            .send(Message::PasswordWanted {
                ticket: self.ticket,
                prompt,
            })
            .await;
        let password = answered.await.ok().flatten();
        lock(&self.sessions).typed.clone_from(&password);
        password.map_or(Asked::GivenUp, Asked::Typed)
    }
}

/// Answers with a password that was typed before, for the side session.
#[derive(Debug, Clone)]
struct Remembering(Option<Password>);

impl Companion for Remembering {
    fn moved(&self, _report: &StageReport) {}

    async fn ask_password(&self, _prompt: String) -> Asked {
        self.0.clone().map_or(Asked::Nobody, Asked::Typed)
    }
}

impl Worker {
    pub(super) fn companion(&self, ticket: Ticket) -> Guide {
        Guide {
            ticket,
            inbox: self.inbox.clone(),
            passwords: Arc::clone(&self.passwords),
            sessions: Arc::clone(&self.sessions),
        }
    }

    /// Connects; the session replaces one that stands.
    pub(super) fn dial(&mut self, ticket: Ticket, profile: Box<Profile>) {
        let companion = self.companion(ticket);
        let connector = self.connector.clone();
        let inbox = self.inbox.clone();
        let sessions = Arc::clone(&self.sessions);
        self.spawn(ticket, async move {
            match connector.connect(&profile, &companion).await {
                Ok(session) => {
                    let session = Arc::new(session);
                    let facts = session.facts().clone();
                    {
                        let mut held = lock(&sessions);
                        held.main = Some(Arc::clone(&session));
                        held.side = None;
                        held.profile = Some(profile);
                    }
                    inbox.send(Message::LinkUp { ticket, facts }).await;
                    watch(ticket, &session, inbox);
                }
                Err(failed) => inbox.send(refused(ticket, &profile, *failed)).await,
            }
        });
    }

    /// Walks the stages and hangs up.
    pub(super) fn examine(&mut self, ticket: Ticket, profile: Box<Profile>) {
        let companion = self.companion(ticket).forgetful();
        let connector = self.unlimited();
        let inbox = self.inbox.clone();
        self.spawn(ticket, async move {
            let message = match connector.connect(&profile, &companion).await {
                Ok(session) => Message::LinkUp {
                    ticket,
                    facts: session.facts().clone(),
                },
                Err(failed) => refused(ticket, &profile, *failed),
            };
            inbox.send(message).await;
        });
    }

    /// Opens sessions that a person's time-outs do not concern.
    fn unlimited(&self) -> Connector {
        self.connector.with_limits(Limits::Server)
    }

    pub(super) fn answer_password(&self, ticket: Ticket, password: Option<Password>) {
        if let Some(waiting) = lock(&self.passwords).remove(&ticket) {
            let _ = waiting.send(password);
        }
    }

    /// The session that reads catalogs and explains: the one there is, or a new one.
    pub(super) fn side_session(
        &self,
    ) -> impl Future<Output = Result<Arc<Session>, Failure>> + Send + use<> {
        let sessions = Arc::clone(&self.sessions);
        let another = self.another_session();
        async move {
            let there = lock(&sessions).side.clone();
            if let Some(session) = there.filter(|session| session.lost().now_or_never().is_none()) {
                return Ok(session);
            }
            let session = another.await?;
            lock(&sessions).side = Some(Arc::clone(&session));
            Ok(session)
        }
    }

    /// A session of its own, for work that must not wait behind the catalog; it ends with the work.
    pub(super) fn another_session(
        &self,
    ) -> impl Future<Output = Result<Arc<Session>, Failure>> + Send + use<> {
        let connector = self.unlimited();
        let sessions = Arc::clone(&self.sessions);
        async move {
            let (profile, typed) = {
                let held = lock(&sessions);
                (held.profile.clone(), held.typed.clone())
            };
            let profile = profile.ok_or_else(|| {
                Failure::new(Phase::Statement, Origin::Lost, "there is no connection")
            })?;
            let session = connector
                .connect(&profile, &Remembering(typed))
                .await
                .map_err(|refused| refused.failure)?;
            Ok(Arc::new(session))
        }
    }
}

/// Says when the connection ends under us, unasked.
fn watch(ticket: Ticket, session: &Arc<Session>, inbox: Inbox) {
    let lost = session.lost();
    let _watching = tokio::spawn(async move {
        let failure = lost.await;
        inbox.send(Message::LinkLost { ticket, failure }).await;
    });
}

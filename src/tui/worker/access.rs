//! Rights: read from the server, asked about, written to a file.

use std::sync::Arc;

use super::{Worker, lock};
use crate::adapters::rehearsal::{self, Question, Rehearse};
use crate::adapters::{access, storage};
use crate::app::model::access::Known;
use crate::app::{Message, Ticket};
use crate::domain::access::Report;
use crate::domain::export::Format;

impl Worker {
    /// Reads the rights of the linked database: in a session of its own, since the catalog of a large
    /// database takes longer, or in the side session where the server has no room for another.
    /// Cancelled, the query is stopped on the server.
    pub(super) fn load_rights(&mut self, ticket: Ticket) {
        let inbox = self.inbox.clone();
        let (own, side) = (self.another_session(), self.side_session());
        let cancellers = Arc::clone(&self.cancellers);
        self.spawn(ticket, async move {
            let session = match own.await {
                Ok(session) => Ok(session),
                Err(_) => side.await,
            };
            let outcome = match session {
                Ok(session) => {
                    drop(lock(&cancellers).insert(ticket, session.canceller()));
                    let outcome = access::load(&session).await;
                    drop(lock(&cancellers).remove(&ticket));
                    outcome.map(Box::new)
                }
                Err(failure) => Err(failure),
            };
            inbox.send(Message::RightsArrived { ticket, outcome }).await;
        });
    }

    /// Explains what a role would be refused.
    pub(super) fn ask_why_of(&mut self, ticket: Ticket, role: String, statement: Option<String>) {
        let inbox = self.inbox.clone();
        let side = self.side_session();
        self.spawn(ticket, async move {
            let outcome = async {
                let session = side.await?;
                let question = Question {
                    role,
                    statement,
                    refusal: None,
                    search_path: None,
                    rehearse: Rehearse::WherePossible,
                };
                rehearsal::explain(&session, &question).await.map(Box::new)
            };
            let outcome = outcome.await;
            inbox.send(Message::WhyAnswered { ticket, outcome }).await;
        });
    }

    /// Writes rights to a file. It may be long, so drafts do not wait behind it.
    pub(super) fn save_rights(
        &self,
        known: Known,
        report: Box<Report>,
        format: Format,
        path: String,
    ) {
        let inbox = self.inbox.clone();
        let _writing = tokio::task::spawn_blocking(move || {
            let outcome = storage::export::save_rights(&known.rights, &report, format, &path);
            let message = match outcome {
                Ok(path) => Message::Told(format!("saved {path}")),
                Err(failure) => Message::Failed(failure),
            };
            let saved = super::Arrival::Message(message);
            let _ = inbox.0.blocking_send(saved);
        });
    }
}

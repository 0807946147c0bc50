//! Text for the clipboard by a program of the system.

use super::Inbox;
use crate::adapters::clipboard;
use crate::app::Message;

/// Hands a text to the system's clipboard program, if there is one.
pub(super) fn copy(text: String, inbox: &Inbox) {
    let inbox = inbox.clone();
    let _copying = tokio::spawn(async move {
        let outcome = clipboard::by_program(&text).await;
        inbox.send(Message::Clipped(outcome)).await;
    });
}

//! Passes bytes between a client and the real server, as well or as badly as the faults say.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::sleep;

use super::misbehave::{Road, Watch};
use super::wire::Stream;

/// One read. Large enough that relaying costs little beside TLS.
const PIECE: usize = 64 * 1024;

/// Passes bytes both ways until either side ends, the session is cut or the instance stops.
pub(super) async fn relay(client: Box<dyn Stream>, server: Box<dyn Stream>, watch: Watch) {
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let mut stopping = watch.clone();
    let both = async {
        let mut answers = pin!(answers(from_server, to_client, watch.clone()));
        tokio::select! {
            _ = &mut answers => {}
            end = requests(from_client, to_server, watch) => if end == RequestsEnd::ServerDeaf {
                // What the server said last, such as why it ends the session, is still to come.
                let _ = answers.await;
            },
        }
    };
    tokio::select! {
        () = both => {}
        () = stopping.until(|road| road == Road::Stopped) => {}
    }
}

/// Why no more requests are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestsEnd {
    /// The client has gone.
    ClientGone,
    /// The server takes nothing more.
    ServerDeaf,
}

async fn requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut watch: Watch,
) -> RequestsEnd {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await.unwrap_or(0);
        let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return RequestsEnd::ClientGone;
        };
        watch.until_audible().await;
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            return RequestsEnd::ServerDeaf;
        }
    }
}

async fn answers(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut watch: Watch,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut left = watch.now().cut_after;
    loop {
        let length = from.read(&mut piece).await?;
        let Some(mut bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else {
            // The server ended the session: so do we, with TLS's own farewell.
            return to.shutdown().await;
        };
        watch.until_audible().await;
        if let Some(wrongs) = watch.news() {
            left = wrongs.cut_after;
        }
        let delay = watch.now().delays.answers;
        if delay > Duration::ZERO {
            sleep(delay).await;
        }
        if let Some(left) = left.as_mut() {
            bytes = bytes.get(..*left).unwrap_or(bytes);
            *left -= bytes.len();
        }
        to.write_all(bytes).await?;
        to.flush().await?;
        if left == Some(0) {
            return Ok(()); // no farewell: this is what a broken road looks like
        }
    }
}

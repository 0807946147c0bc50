//! Passes bytes between a client and the real server, as well or as badly as the faults say.

use std::io;
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
    tokio::select! {
        _ = requests(from_client, to_server, watch.clone()) => {}
        _ = answers(from_server, to_client, watch) => {}
        () = stopping.until(|road| road == Road::Stopped) => {}
    }
}

async fn requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut watch: Watch,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        watch.until_audible().await;
        to.write_all(bytes).await?;
        to.flush().await?;
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

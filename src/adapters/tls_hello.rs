//! Which TLS version was agreed on, read from the server's hello as it passes.
//!
//! native-tls does not tell. A record begins with its type (22: handshake) and length, a hello with
//! its own type (2), length, legacy version, random, session id, cipher and extensions; extension 43
//! names the true version (RFC 8446, sections 4.1.3 and 4.2.1).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes in which a server hello must be complete; real ones have about 130.
const LONGEST_HELLO: usize = 4096;

/// A stream under TLS that reads the first bytes the server sends.
#[derive(Debug)]
pub struct HelloReader<S> {
    inner: S,
    /// The first bytes, until the version is known or hopeless.
    first: Option<Vec<u8>>,
    version: Arc<OnceLock<&'static str>>,
}

impl<S> HelloReader<S> {
    /// Wraps a stream over which a handshake is about to happen; the second value holds `TLS 1.3`
    /// and the like afterwards.
    pub fn new(inner: S) -> (Self, Arc<OnceLock<&'static str>>) {
        let version = Arc::new(OnceLock::new());
        (
            Self {
                inner,
                first: Some(Vec::new()),
                version: Arc::clone(&version),
            },
            version,
        )
    }

    fn read(&mut self, bytes: &[u8]) {
        let Some(first) = &mut self.first else { return };
        first.extend_from_slice(bytes);
        if let Some(version) = agreed(first) {
            let _ = self.version.set(version);
            self.first = None;
        } else if first.len() > LONGEST_HELLO {
            self.first = None;
        }
    }
}

/// The version in a server hello; `None` while it is incomplete.
fn agreed(bytes: &[u8]) -> Option<&'static str> {
    let record_length = usize::from(u16::from_be_bytes([*bytes.get(3)?, *bytes.get(4)?]));
    let record = bytes.get(5..5 + record_length)?;
    if *bytes.first()? != 22 || *record.first()? != 2 {
        return Some("TLS");
    }
    let legacy = u16::from_be_bytes([*record.get(4)?, *record.get(5)?]);
    let session_length = usize::from(*record.get(38)?);
    // Session id, cipher suite (2) and compression (1) stand before the extensions' length (2).
    let mut at = 39 + session_length + 3 + 2;
    while let Some([kind_high, kind_low, length_high, length_low]) = record.get(at..at + 4) {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        if u16::from_be_bytes([*kind_high, *kind_low]) == 43 {
            let chosen = record.get(at + 4..at + 6)?;
            return Some(name(u16::from_be_bytes([
                *chosen.first()?,
                *chosen.get(1)?,
            ])));
        }
        at += 4 + length;
    }
    Some(name(legacy))
}

const fn name(version: u16) -> &'static str {
    match version {
        0x0304 => "TLS 1.3",
        0x0303 => "TLS 1.2",
        0x0302 => "TLS 1.1",
        0x0301 => "TLS 1.0",
        _ => "TLS",
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HelloReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && self.first.is_some() {
            let fresh = buffer.filled().get(before..).unwrap_or_default().to_vec();
            self.read(&fresh);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HelloReader<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hello with a session id of 32 bytes and, if given, a supported-versions extension.
    fn hello(chosen: Option<u16>) -> Vec<u8> {
        let mut body = vec![2, 0, 0, 0, 3, 3];
        body.extend([7; 32]);
        body.push(32);
        body.extend([9; 32]);
        body.extend([0x13, 0x01, 0]);
        let mut extensions = vec![0, 51, 0, 2, 1, 1];
        if let Some(chosen) = chosen {
            extensions.extend([0, 43, 0, 2]);
            extensions.extend(chosen.to_be_bytes());
        }
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let mut record = vec![22, 3, 3];
        record.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        record.extend(body);
        record
    }

    #[test]
    fn the_extension_wins_over_the_legacy_version() {
        assert_eq!(agreed(&hello(Some(0x0304))), Some("TLS 1.3"));
        assert_eq!(agreed(&hello(None)), Some("TLS 1.2"));
    }

    #[test]
    fn an_incomplete_hello_says_nothing_yet() {
        let whole = hello(Some(0x0304));
        for length in 0..whole.len() {
            assert_eq!(agreed(&whole[..length]), None, "{length}");
        }
    }
}

//! The byte stream under a session: TCP, with TLS where the mode asks for it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_native_tls::TlsStream;

use super::refusal;
use super::tls_hello::HelloReader;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::TlsMode;
use crate::domain::stage::Stage;

/// `SSLRequest` (PostgreSQL documentation, "Message Formats"): length 8, code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How a stream is to be encrypted.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// libpq's mode.
    pub mode: TlsMode,
    /// Verifies as the mode says; `None` only for [`TlsMode::Disable`].
    pub connector: Option<native_tls::TlsConnector>,
    /// The name that is sent as SNI and verified.
    pub server_name: String,
    /// The trusted roots in words, for error texts.
    pub roots: String,
}

/// A stream, encrypted or not.
#[derive(Debug)]
pub enum Transport {
    /// In clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls {
        /// The stream.
        stream: Box<TlsStream<HelloReader<TcpStream>>>,
        /// `TLS 1.3` and the like.
        version: Arc<OnceLock<&'static str>>,
    },
}

impl Transport {
    /// Asks for TLS and shakes hands, as the mode says.
    pub async fn secure(
        mut tcp: TcpStream,
        peer: SocketAddr,
        encryption: &Encryption,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let Some(connector) = &encryption.connector else {
            return Ok(Self::Plain(tcp));
        };
        let peer = peer.to_string();
        let late = |_| refusal::unanswered(Stage::Tls, &peer);
        let broken = |error: io::Error| refusal::from_socket(Stage::Tls, &peer, &error);
        let answer = timeout(patience, async {
            tcp.write_all(&SSL_REQUEST).await?;
            tcp.read_u8().await
        });
        match answer.await.map_err(late)?.map_err(broken)? {
            b'S' => {}
            b'N' if encryption.mode == TlsMode::Prefer => return Ok(Self::Plain(tcp)),
            b'N' => {
                return Err(Failure::new(
                    Phase::Connecting(Stage::Tls),
                    Origin::Network,
                    "the server does not offer TLS",
                )
                .with_hint("dial the database itself, or a proxy that passes TLS through"));
            }
            _ => {
                return Err(Failure::new(
                    Phase::Connecting(Stage::Tls),
                    Origin::Network,
                    format!("{peer} does not speak the PostgreSQL protocol"),
                )
                .with_hint("check host and port"));
            }
        }
        let (hello, version) = HelloReader::new(tcp);
        let connector = tokio_native_tls::TlsConnector::from(connector.clone());
        let stream = timeout(patience, connector.connect(&encryption.server_name, hello))
            .await
            .map_err(late)?
            .map_err(|error| {
                refusal::from_handshake(&encryption.server_name, &encryption.roots, &error)
            })?;
        Ok(Self::Tls {
            stream: Box::new(stream),
            version,
        })
    }

    /// `TLS 1.3` and the like; `None` in clear.
    #[must_use]
    pub fn tls_version(&self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Tls { version, .. } => Some(version.get().copied().unwrap_or("TLS")),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls { stream, .. } => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls { stream, .. } => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls { stream, .. } => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls { stream, .. } => Pin::new(stream).poll_shutdown(context),
        }
    }
}

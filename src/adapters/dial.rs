//! Name resolution and TCP, each with a time-out.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::refusal;
use crate::domain::failure::Failure;
use crate::domain::stage::Stage;

/// How long each step of a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Credentials, an assumed role or a password command included.
    pub credentials: Duration,
    /// Name resolution.
    pub dns: Duration,
    /// TCP, for each address.
    pub tcp: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the start-up message to the first prompt.
    pub sign_in: Duration,
    /// A tunnel's way from its command to an open port.
    pub tunnel: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            credentials: Duration::from_mins(1),
            dns: Duration::from_secs(8),
            tcp: Duration::from_secs(8),
            tls: Duration::from_secs(10),
            sign_in: Duration::from_secs(25),
            tunnel: Duration::from_secs(25),
        }
    }
}

/// Idle seconds before the first keep-alive probe; with the two below a dead peer is noticed after
/// about 35 s even when nothing is sent.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_COUNT: u32 = 4;

/// All addresses of a name.
pub async fn resolve(
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<Vec<SocketAddr>, Failure> {
    let found = timeout(patience, lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> = found
        .map_err(|_| refusal::unanswered(Stage::Dns, host))?
        .map_err(|error| refusal::from_lookup(host, &error))?
        .collect();
    if addresses.is_empty() {
        return Err(refusal::from_lookup(
            host,
            &std::io::Error::other("no address"),
        ));
    }
    Ok(addresses)
}

/// A connection to the first address that takes one.
pub async fn open(
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut last = refusal::unanswered(Stage::Tcp, "the server");
    for address in addresses {
        last = match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream);
                return Ok((stream, *address));
            }
            Ok(Err(error)) => refusal::from_socket(Stage::Tcp, &address.to_string(), &error),
            Err(_) => refusal::unanswered(Stage::Tcp, &address.to_string()),
        };
    }
    Err(last)
}

/// Small messages leave at once, and a peer that vanished is noticed. A socket that refuses an
/// option still works, so failures are no failures.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE);
    let _ = sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL);
    let _ = sockopt::set_tcp_keepcnt(stream, KEEPALIVE_COUNT);
    #[cfg(target_os = "linux")]
    {
        // Data that nobody acknowledges ends the connection too (tcp(7), TCP_USER_TIMEOUT), in ms.
        let _ = sockopt::set_tcp_user_timeout(stream, 35_000);
    }
}

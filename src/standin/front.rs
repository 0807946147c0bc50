//! What clients of the stand-in talk to: TLS, the password exchange, then a relay.
//!
//! The front decides what RDS decides before PostgreSQL's own rules: encryption, token or password,
//! whether the token is good. Everything later (NOLOGIN, a missing database, CONNECT, connection
//! limits) is answered by the real server, to which the client's own start-up message is passed on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::{sleep, timeout};

use super::certificate::Wardrobe;
use super::cluster::SUPERUSER;
use super::gate::{Gate, Proof};
use super::journal::{Journal, Verdict};
use super::misbehave::{Road, Watch};
use super::relay::relay;
use super::sample::RESERVED_DATABASE;
use super::wire::{ASK_FOR_PASSWORD, Opening, Startup, Stream, fatal, read_password};

/// `authentication_timeout`'s default: how long a client may take to sign in.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the client's way to us is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    None,
    Tls,
}

/// The front of one stand-in.
pub(super) struct Front {
    /// Who may come in.
    pub(super) gate: Gate,
    /// Certificates.
    pub(super) wardrobe: Wardrobe,
    /// What came of the tokens.
    pub(super) journal: Arc<Journal>,
    /// What is wrong just now.
    pub(super) watch: Watch,
    /// The real server's port on 127.0.0.1, which asks for passwords.
    pub(super) server_port: u16,
    /// The real server's socket, which does not.
    pub(super) server_socket: PathBuf,
    /// The real server's major version.
    pub(super) major_version: u32,
}

impl Front {
    /// Accepts clients for ever. While the instance is stopped, the port is closed.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        let address = listener.local_addr()?;
        let mut listener = Some(listener);
        let mut watch = self.watch.clone();
        loop {
            let open = match listener.take() {
                Some(open) => open,
                None => reopen(address).await?,
            };
            tokio::select! {
                accepted = open.accept() => {
                    if let Ok((client, peer)) = accepted {
                        let front = Arc::clone(&self);
                        drop(tokio::spawn(async move { front.receive(client, peer.ip()).await }));
                    }
                    listener = Some(open);
                }
                () = watch.until(|road| road == Road::Stopped) => {
                    drop(open);
                    watch.until(|road| road != Road::Stopped).await;
                }
            }
        }
    }

    /// Serves one client to the end.
    async fn receive(&self, client: TcpStream, peer: IpAddr) {
        let mut stopping = self.watch.clone();
        let admitted = tokio::select! {
            admitted = timeout(PATIENCE, self.admit(client, peer)) => admitted,
            () = stopping.until(|road| road == Road::Stopped) => return,
        };
        if let Ok(Ok(Some((client, server)))) = admitted {
            relay(client, server, self.watch.clone()).await;
        }
    }

    /// Everything up to the sign-in. `None` if the client was refused, or only wanted to cancel.
    async fn admit(&self, mut client: TcpStream, peer: IpAddr) -> io::Result<Option<Sides>> {
        client.set_nodelay(true)?;
        let mut watch = self.watch.clone();
        loop {
            let opening = Opening::read(&mut client).await?;
            watch.until_audible().await;
            match opening {
                Opening::Gssapi => client.write_all(b"N").await?,
                Opening::Cancel(packet) => return self.cancel(&packet).await,
                Opening::Startup(startup) => {
                    let client = Box::new(client);
                    return self.sign_in(client, startup, peer, Encryption::None).await;
                }
                Opening::Tls => {
                    let wrongs = watch.now();
                    sleep(wrongs.delays.tls).await;
                    let Some(acceptor) = self.wardrobe.wear(wrongs.presents) else {
                        client.write_all(b"N").await?;
                        continue;
                    };
                    client.write_all(b"S").await?;
                    let tls = acceptor.accept(client).await.map_err(io::Error::other)?;
                    return self.admit_encrypted(tls, peer).await;
                }
            }
        }
    }

    async fn admit_encrypted(
        &self,
        mut client: impl Stream + 'static,
        peer: IpAddr,
    ) -> io::Result<Option<Sides>> {
        match Opening::read(&mut client).await? {
            Opening::Cancel(packet) => self.cancel(&packet).await,
            Opening::Startup(startup) => {
                self.sign_in(Box::new(client), startup, peer, Encryption::Tls)
                    .await
            }
            Opening::Tls | Opening::Gssapi => Ok(None),
        }
    }

    /// Passes a cancel request on; the client learns only that it was received.
    async fn cancel(&self, packet: &[u8]) -> io::Result<Option<Sides>> {
        let mut server = UnixStream::connect(&self.server_socket).await?;
        server.write_all(packet).await?;
        let _ = server.read(&mut [0]).await?;
        Ok(None)
    }

    async fn sign_in(
        &self,
        mut client: Box<dyn Stream>,
        startup: Startup,
        peer: IpAddr,
        encryption: Encryption,
    ) -> io::Result<Option<Sides>> {
        let mut watch = self.watch.clone();
        // RDS keeps its own superuser and its database to itself.
        let theirs = startup.user == SUPERUSER || startup.database == RESERVED_DATABASE;
        let proof = self.gate.proof_of(&startup.user).await?;
        let refusal = match (encryption, proof) {
            _ if theirs => Some("no pg_hba.conf entry for"),
            (Encryption::Tls, _) => None,
            (Encryption::None, Proof::Token) => Some("pg_hba.conf rejects connection for"),
            (Encryption::None, Proof::Password) => Some("no pg_hba.conf entry for"),
        };
        if let Some(words) = refusal {
            let message = self.not_admitted(words, &startup, peer, encryption);
            return refuse(client, "28000", &message).await;
        }
        if proof == Proof::Token {
            client.write_all(&ASK_FOR_PASSWORD).await?;
            client.flush().await?;
            let token = read_password(&mut client).await?;
            watch.until_audible().await;
            let wrongs = watch.now();
            sleep(wrongs.delays.sign_in).await;
            let verdict = self
                .gate
                .judge(&token, &startup.user, wrongs, &self.journal);
            if verdict != Verdict::Accepted {
                let message = format!("PAM authentication failed for user \"{}\"", startup.user);
                return refuse(client, "28000", &message).await;
            }
        } else {
            sleep(watch.now().delays.sign_in).await;
        }
        let server = self.server(&startup, proof).await?;
        Ok(Some((client, server)))
    }

    /// A fresh session of the real server, begun with the client's own words.
    async fn server(&self, startup: &Startup, proof: Proof) -> io::Result<Box<dyn Stream>> {
        let mut server: Box<dyn Stream> = match proof {
            Proof::Token => Box::new(UnixStream::connect(&self.server_socket).await?),
            Proof::Password => {
                let address = (Ipv4Addr::LOCALHOST, self.server_port);
                let server = TcpStream::connect(address).await?;
                server.set_nodelay(true)?;
                Box::new(server)
            }
        };
        server.write_all(&startup.packet).await?;
        Ok(server)
    }

    /// PostgreSQL's words for a missing or rejecting row (`auth.c`); 13 spelt encryption otherwise.
    fn not_admitted(
        &self,
        words: &str,
        startup: &Startup,
        peer: IpAddr,
        encryption: Encryption,
    ) -> String {
        let how = match (encryption, self.major_version) {
            (Encryption::None, ..14) => "SSL off",
            (Encryption::None, _) => "no encryption",
            (Encryption::Tls, ..14) => "SSL on",
            (Encryption::Tls, _) => "SSL encryption",
        };
        let Startup { user, database, .. } = startup;
        format!("{words} host \"{peer}\", user \"{user}\", database \"{database}\", {how}")
    }
}

/// A client, and the session of the real server that is its own.
type Sides = (Box<dyn Stream>, Box<dyn Stream>);

async fn refuse(
    mut client: Box<dyn Stream>,
    sqlstate: &str,
    message: &str,
) -> io::Result<Option<Sides>> {
    client.write_all(&fatal(sqlstate, message)).await?;
    client.flush().await?;
    client.shutdown().await?;
    Ok(None)
}

/// Listens on the same port again after a stop. Somebody may hold it for a moment.
async fn reopen(address: SocketAddr) -> io::Result<TcpListener> {
    let mut attempts = 0;
    loop {
        match TcpListener::bind(address).await {
            Err(_) if attempts < 100 => attempts += 1,
            outcome => return outcome,
        }
        sleep(Duration::from_millis(50)).await;
    }
}

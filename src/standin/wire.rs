//! The few protocol messages that the front itself reads and writes.
//!
//! Source: PostgreSQL documentation, "Message Formats"; limits from `backend_startup.c`.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// A connection of either side, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// `MAX_STARTUP_PACKET_LENGTH`.
const LONGEST_STARTUP: usize = 10_000;

/// Session tokens make passwords of a few thousand bytes; nothing sensible is longer than this.
const LONGEST_PASSWORD: usize = 65_535;

/// What a client may begin with. These messages have no type byte.
#[derive(Debug)]
pub(super) enum Opening {
    /// Asks for TLS.
    Tls,
    /// Asks for encryption by GSSAPI.
    Gssapi,
    /// Asks to cancel what another connection runs.
    Cancel(Vec<u8>),
    /// Asks for a session.
    Startup(Startup),
}

/// A request for a session.
#[derive(Debug)]
pub(super) struct Startup {
    /// The message as it came, to be passed on.
    pub(super) packet: Vec<u8>,
    /// The role.
    pub(super) user: String,
    /// The database; the role's name unless said otherwise.
    pub(super) database: String,
}

impl Opening {
    /// Reads one. The codes are in `pqcomm.h`.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut packet = stream.read_u32().await?.to_be_bytes().to_vec();
        let length = be_u32(&packet, 0).unwrap_or(0) as usize;
        if !(8..=LONGEST_STARTUP).contains(&length) {
            return Err(nonsense("a startup message of impossible length"));
        }
        packet.resize(length, 0);
        let rest = packet.get_mut(4..).unwrap_or_default();
        let _ = stream.read_exact(rest).await?;
        match be_u32(&packet, 4) {
            Some(80_877_103) => Ok(Self::Tls),
            Some(80_877_104) => Ok(Self::Gssapi),
            Some(80_877_102) => Ok(Self::Cancel(packet)),
            Some(code) if code >> 16 == 3 => Startup::read(packet).map(Self::Startup),
            Some(_) | None => Err(nonsense("an unknown protocol version")),
        }
    }
}

impl Startup {
    fn read(packet: Vec<u8>) -> io::Result<Self> {
        let mut words = packet
            .get(8..)
            .unwrap_or_default()
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned());
        let (mut user, mut database) = (None, None);
        while let Some(name) = words.next().filter(|name| !name.is_empty()) {
            let value = words.next();
            match name.as_str() {
                "user" => user = value,
                "database" => database = value,
                _ => {}
            }
        }
        let user = user.ok_or_else(|| nonsense("no user in the startup message"))?;
        let database = database.unwrap_or_else(|| user.clone());
        Ok(Self {
            packet,
            user,
            database,
        })
    }
}

/// AuthenticationCleartextPassword.
pub(super) const ASK_FOR_PASSWORD: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];

/// Reads a PasswordMessage: the token, without its final zero.
pub(super) async fn read_password(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    if stream.read_u8().await? != b'p' {
        return Err(nonsense("something else than a password"));
    }
    let length = stream.read_u32().await? as usize;
    if !(5..=LONGEST_PASSWORD).contains(&length) {
        return Err(nonsense("a password of impossible length"));
    }
    let mut password = vec![0; length - 4];
    let _ = stream.read_exact(&mut password).await?;
    let _ = password.pop();
    String::from_utf8(password).map_err(|_| nonsense("a password that is not UTF-8"))
}

/// ErrorResponse with severity FATAL, as a server ends an attempt.
pub(super) fn fatal(sqlstate: &str, message: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, text) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', sqlstate),
        (b'M', message),
        (b'F', "auth.c"),
        (b'R', "ClientAuthentication"),
    ] {
        body.push(field);
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut packet = vec![b'E'];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.append(&mut body);
    packet
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)
        .and_then(|four| four.try_into().ok())
        .map(u32::from_be_bytes)
}

fn nonsense(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

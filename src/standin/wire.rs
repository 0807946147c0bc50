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

#[cfg(test)]
mod tests {
    use super::*;

    /// A start-up message with these words after the protocol version.
    fn startup(words: &[&str]) -> Vec<u8> {
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        for word in words {
            body.extend_from_slice(word.as_bytes());
            body.push(0);
        }
        body.push(0);
        let length = u32::try_from(body.len() + 4).unwrap();
        [length.to_be_bytes().to_vec(), body].concat()
    }

    async fn read(bytes: &[u8]) -> io::Result<Opening> {
        Opening::read(&mut &bytes[..]).await
    }

    #[tokio::test]
    async fn a_startup_message_names_user_and_database() {
        let packet = startup(&["user", "Ann O'Neil", "database", "orders", "options", ""]);
        let Opening::Startup(read) = read(&packet).await.unwrap() else {
            panic!("not a start-up message");
        };
        assert_eq!(
            (read.user.as_str(), read.database.as_str()),
            ("Ann O'Neil", "orders")
        );
        assert_eq!(read.packet, packet);
    }

    #[tokio::test]
    async fn the_database_is_the_user_s_unless_said_otherwise() {
        let Opening::Startup(read) = read(&startup(&["user", "ann"])).await.unwrap() else {
            panic!("not a start-up message");
        };
        assert_eq!(read.database, "ann");
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        for bytes in [
            &b""[..],
            &[0, 0, 0, 7],
            &[0xff; 64],
            &[0, 0, 0, 8, 0, 1, 0, 0],
            &[0, 0, 0, 9, 0, 3, 0, 0],
            b"GET / HTTP/1.1\r\n\r\n",
            &startup(&["database", "orders"]),
        ] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_password_may_be_long_but_not_endless() {
        let message = |length: u32| {
            let mut bytes = vec![b'p'];
            bytes.extend_from_slice(&(length + 5).to_be_bytes());
            bytes.resize(bytes.len() + length as usize, b'x');
            bytes.push(0);
            bytes
        };
        let token = read_password(&mut &message(4000)[..]).await.unwrap();
        assert_eq!(token.len(), 4000);
        assert!(read_password(&mut &message(70_000)[..]).await.is_err());
        assert!(read_password(&mut &b"Q\0\0\0\x05\0"[..]).await.is_err());
    }

    #[test]
    fn a_refusal_carries_its_length_and_ends_with_a_zero() {
        let packet = fatal("28000", "no");
        assert_eq!(packet[0], b'E');
        assert_eq!(be_u32(&packet, 1).unwrap() as usize, packet.len() - 1);
        assert!(packet.ends_with(&[0, 0]));
    }
}

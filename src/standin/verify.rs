//! The token check, written from the SigV4 specification (AWS IAM guide, "Create a signed AWS API
//! request") and the RDS guide's description of tokens.
//!
//! It shares no code with the signer: a mistake made on both sides would cancel itself out. It is
//! stricter than a server need be, so that a sloppy token fails here rather than on RDS.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::policy::Policy;
use crate::domain::time::Timestamp;

/// The longest life a token may ask for, in seconds; also the oldest that is accepted.
const LIFETIME_SECONDS: i64 = 900;

/// How far ahead of our clock a token may be dated, in seconds; AWS services allow five minutes.
const AHEAD_SECONDS: i64 = 300;

/// SHA-256 of nothing: the request that a token stands for has no body.
const EMPTY_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An access key that the stand-in's IAM has given out.
#[derive(Clone)]
pub struct AccessKey {
    /// `AKIA…` for long-lived keys, `ASIA…` for temporary ones.
    pub id: String,
    /// The secret the signature is made with.
    pub secret: String,
    /// What temporary keys come with.
    pub session_token: Option<String>,
    /// Whose key it is.
    pub principal: String,
    /// What that principal may do.
    pub policy: Policy,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({}, {})", self.id, self.principal)
    }
}

/// The database a token must have been signed for.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Names it is known by, in lower case.
    pub hosts: Vec<String>,
    /// The port of its endpoint.
    pub port: u16,
    /// Its region.
    pub region: String,
    /// The account that owns it: twelve digits.
    pub account: String,
    /// `db-…` or `cluster-…`.
    pub resource_id: String,
}

impl Instance {
    /// The resource that `rds-db:connect` is asked about.
    pub fn arn(&self, user: &str) -> String {
        format!(
            "arn:aws:rds-db:{}:{}:dbuser:{}/{user}",
            self.region, self.account, self.resource_id
        )
    }
}

/// Why a token is not accepted. The client never learns it; the stand-in's log does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not a token at all, cut short, or encoded wrongly.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// A parameter is missing.
    #[error("the token lacks {0}")]
    Missing(&'static str),
    /// A parameter is there twice.
    #[error("the token repeats a parameter")]
    Repeated,
    /// A parameter that tokens do not have.
    #[error("the token carries an unknown parameter")]
    Unknown,
    /// Another algorithm, other signed headers or another action.
    #[error("{0} is not what a token says")]
    Unsupported(&'static str),
    /// Signed for another service.
    #[error("signed for service {0}, not rds-db")]
    Service(String),
    /// Signed for another region.
    #[error("signed for region {0}")]
    Region(String),
    /// Signed for another host.
    #[error("signed for host {0}")]
    Host(String),
    /// Signed for another port.
    #[error("signed for port {0}")]
    Port(u16),
    /// Signed for another role.
    #[error("signed for user {0}")]
    User(String),
    /// Asks for a longer life than 900 s, or none.
    #[error("asks for a life of {0} s")]
    Lifetime(i64),
    /// Too old.
    #[error("token age is longer than 15 minutes: {0} s")]
    Expired(i64),
    /// Dated in the future.
    #[error("dated {0} s in the future")]
    Early(i64),
    /// No such access key.
    #[error("the access key is not known")]
    Key,
    /// The session token is missing, superfluous or another one.
    #[error("the session token does not belong to the access key")]
    SessionToken,
    /// The signature is not that of the secret key.
    #[error("the signature does not match")]
    Signature,
    /// Policy does not allow it.
    #[error("{principal} is not authorized to perform rds-db:connect on {resource}")]
    Policy {
        /// Who asked.
        principal: String,
        /// For what.
        resource: String,
    },
}

/// Accepts `token` as proof that its signer may sign in to `instance` as `user`, or says why not.
///
/// The signature is checked before the policy and after everything a token says in plain text, so
/// the reason is the most telling one. `now` is the stand-in's own clock.
pub fn verify(
    token: &str,
    user: &str,
    instance: &Instance,
    keys: &[AccessKey],
    now: Timestamp,
) -> Result<(), Rejection> {
    let claim = Claim::read(token)?;
    claim.check_fixed_parts()?;
    claim.check_target(user, instance)?;
    claim.check_age(now)?;
    let key = keys
        .iter()
        .find(|key| key.id == claim.scope.key)
        .ok_or(Rejection::Key)?;
    if claim.optional("X-Amz-Security-Token") != key.session_token.as_deref() {
        return Err(Rejection::SessionToken);
    }
    claim.check_signature(&key.secret)?;
    let resource = instance.arn(user);
    if key.policy.allows(&resource) {
        Ok(())
    } else {
        Err(Rejection::Policy {
            principal: key.principal.clone(),
            resource,
        })
    }
}

/// Every parameter of a token but the session token, which only temporary keys have.
const REQUIRED: [&str; 8] = [
    "Action",
    "DBUser",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

const SESSION_TOKEN: &str = "X-Amz-Security-Token";

/// The credential scope, decoded: `AKIA…/20260115/eu-central-1/rds-db/aws4_request`.
struct Scope {
    key: String,
    day: String,
    region: String,
    service: String,
}

impl Scope {
    fn read(credential: &str) -> Result<Self, Rejection> {
        let parts: Vec<&str> = credential.split('/').collect();
        let &[key, day, region, service, "aws4_request"] = parts.as_slice() else {
            return Err(Rejection::Malformed("the credential scope"));
        };
        Ok(Self {
            key: key.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

/// A token taken apart; nothing in it is believed yet.
struct Claim {
    host: String,
    port: u16,
    parameters: Vec<(String, String)>,
    scope: Scope,
}

impl Claim {
    /// Takes `host:port/?name=value&…` apart. Every parameter is there once and no other.
    fn read(token: &str) -> Result<Self, Rejection> {
        let (authority, query) = token
            .split_once("/?")
            .ok_or(Rejection::Malformed("no host, port and query"))?;
        let (host, port) = authority
            .split_once(':')
            .ok_or(Rejection::Malformed("no port"))?;
        let host_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if host.is_empty() || !host.bytes().all(host_byte) {
            return Err(Rejection::Malformed("the host name"));
        }
        let port = digits(port)
            .and_then(|port| u16::try_from(port).ok())
            .ok_or(Rejection::Malformed("the port"))?;
        let parameters = read_parameters(query)?;
        let credential = parameters
            .iter()
            .find(|(name, _)| name == "X-Amz-Credential")
            .ok_or(Rejection::Missing("X-Amz-Credential"))?;
        let claim = Self {
            host: host.to_owned(),
            port,
            scope: Scope::read(&credential.1)?,
            parameters,
        };
        match REQUIRED
            .into_iter()
            .find(|name| claim.optional(name).is_none())
        {
            Some(missing) => Err(Rejection::Missing(missing)),
            None => Ok(claim),
        }
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }

    fn parameter(&self, name: &'static str) -> Result<&str, Rejection> {
        self.optional(name).ok_or(Rejection::Missing(name))
    }

    fn check_fixed_parts(&self) -> Result<(), Rejection> {
        for (name, value) in [
            ("Action", "connect"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-SignedHeaders", "host"),
        ] {
            if self.parameter(name)? != value {
                return Err(Rejection::Unsupported(name));
            }
        }
        if self.scope.service != "rds-db" {
            return Err(Rejection::Service(self.scope.service.clone()));
        }
        Ok(())
    }

    fn check_target(&self, user: &str, instance: &Instance) -> Result<(), Rejection> {
        if self.scope.region != instance.region {
            return Err(Rejection::Region(self.scope.region.clone()));
        }
        // The printed host keeps the case it was typed in; the signed one is in lower case.
        if !instance.hosts.contains(&self.host.to_ascii_lowercase()) {
            return Err(Rejection::Host(self.host.clone()));
        }
        if self.port != instance.port {
            return Err(Rejection::Port(self.port));
        }
        let signed_for = self.parameter("DBUser")?;
        if signed_for != user {
            return Err(Rejection::User(signed_for.to_owned()));
        }
        Ok(())
    }

    fn check_age(&self, now: Timestamp) -> Result<(), Rejection> {
        let lifetime =
            digits(self.parameter("X-Amz-Expires")?).ok_or(Rejection::Malformed("the lifetime"))?;
        if !(1..=LIFETIME_SECONDS).contains(&lifetime) {
            return Err(Rejection::Lifetime(lifetime));
        }
        let date = self.parameter("X-Amz-Date")?;
        if date.split('T').next() != Some(&self.scope.day) {
            return Err(Rejection::Malformed("date and scope name different days"));
        }
        let shape = format_description!("[year][month][day]T[hour][minute][second]Z");
        let dated = PrimitiveDateTime::parse(date, &shape)
            .map_err(|_| Rejection::Malformed("the date"))?
            .assume_utc()
            .unix_timestamp();
        let age = now.seconds() - dated;
        if age > lifetime {
            return Err(Rejection::Expired(age));
        }
        if age < -AHEAD_SECONDS {
            return Err(Rejection::Early(-age));
        }
        Ok(())
    }

    fn check_signature(&self, secret: &str) -> Result<(), Rejection> {
        let claimed = from_hex(self.parameter("X-Amz-Signature")?)
            .ok_or(Rejection::Malformed("the signature"))?;
        let host = self.host.to_ascii_lowercase();
        let with_port = format!("{host}:{}", self.port);
        // Port 443 is the scheme's own. botocore leaves it out of the signed header, the JavaScript
        // signer does not; both are in use.
        let spellings = if self.port == 443 {
            vec![with_port, host]
        } else {
            vec![with_port]
        };
        for signed_host in spellings {
            if self.signature_is(&claimed, secret, &signed_host)? {
                return Ok(());
            }
        }
        Err(Rejection::Signature)
    }

    /// Compares in constant time, as a server must.
    fn signature_is(
        &self,
        claimed: &[u8],
        secret: &str,
        signed_host: &str,
    ) -> Result<bool, Rejection> {
        let Scope {
            day,
            region,
            service,
            ..
        } = &self.scope;
        let request = format!(
            "GET\n/\n{}\nhost:{signed_host}\n\nhost\n{EMPTY_BODY}",
            self.canonical_query()
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{day}/{region}/{service}/aws4_request\n{}",
            self.parameter("X-Amz-Date")?,
            to_hex(&Sha256::digest(request.as_bytes()))
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [day, region, service, "aws4_request"] {
            key = keyed(&key)?
                .chain_update(part.as_bytes())
                .finalize()
                .into_bytes()
                .to_vec();
        }
        let mac = keyed(&key)?.chain_update(to_sign.as_bytes());
        Ok(mac.verify_slice(claimed).is_ok())
    }

    /// All parameters but the signature, encoded and sorted by their encoded names.
    fn canonical_query(&self) -> String {
        let mut pairs: Vec<String> = self
            .parameters
            .iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.sort_unstable();
        pairs.join("&")
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, Rejection> {
    // HMAC takes keys of any length; the error exists only for other algorithms.
    Hmac::new_from_slice(key).map_err(|_| Rejection::Key)
}

fn read_parameters(query: &str) -> Result<Vec<(String, String)>, Rejection> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair
            .split_once('=')
            .ok_or(Rejection::Malformed("a parameter without a value"))?;
        let name = decode(name)?;
        if !REQUIRED.contains(&name.as_str()) && name != SESSION_TOKEN {
            return Err(Rejection::Unknown);
        }
        if parameters.iter().any(|(earlier, _)| *earlier == name) {
            return Err(Rejection::Repeated);
        }
        parameters.push((name, decode(value)?));
    }
    Ok(parameters)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// Undoes percent-encoding. Everything but RFC 3986's unreserved characters must be encoded: a bare
/// `+` or `/` means different things to different readers.
fn decode(text: &str) -> Result<String, Rejection> {
    const FAULT: Rejection = Rejection::Malformed("the percent-encoding");
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or(FAULT)?;
                let low = bytes.next().and_then(hex_digit).ok_or(FAULT)?;
                high * 16 + low
            }
            byte if is_unreserved(byte) => byte,
            _ => return Err(FAULT),
        });
    }
    String::from_utf8(decoded).map_err(|_| FAULT)
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&to_hex(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// Reads a signature: 64 hexadecimal digits in lower case.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .map(|byte| hex_digit(byte).filter(|_| !byte.is_ascii_uppercase()))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let (pairs, _) = digits.as_chunks::<2>();
    Some(pairs.iter().map(|[high, low]| high * 16 + low).collect())
}

/// A number written with digits alone, of at most nine of them.
fn digits(text: &str) -> Option<i64> {
    let plain = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moment the vectors are frozen at, 2026-01-15T12:34:56Z.
    const FROZEN: Timestamp = Timestamp(1_768_480_496_000);

    struct Vector {
        name: String,
        token: String,
        user: String,
        instance: Instance,
        key: AccessKey,
    }

    impl Vector {
        fn verify(&self, token: &str, now: Timestamp) -> Result<(), Rejection> {
            let keys = std::slice::from_ref(&self.key);
            verify(token, &self.user, &self.instance, keys, now)
        }

        /// The verdict on the token with one piece of it replaced.
        fn tampered(&self, from: &str, to: &str) -> Result<(), Rejection> {
            assert!(self.token.contains(from), "{from}");
            self.verify(&self.token.replacen(from, to, 1), FROZEN)
        }
    }

    fn vectors() -> Vec<Vector> {
        let text = include_str!("../../tests/data/token_vectors.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        all["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|vector| vector["input"]["service"] == "rds-db")
            .map(|vector| {
                let input = |name: &str| vector["input"][name].as_str().map(ToOwned::to_owned);
                Vector {
                    name: vector["name"].as_str().unwrap().to_owned(),
                    token: vector["expected_token"].as_str().unwrap().to_owned(),
                    user: input("user").unwrap(),
                    instance: Instance {
                        hosts: vec![input("host").unwrap().to_ascii_lowercase()],
                        port: u16::try_from(vector["input"]["port"].as_u64().unwrap()).unwrap(),
                        region: input("region").unwrap(),
                        account: "123456789012".into(),
                        resource_id: "db-ABCDEFGHIJKL".into(),
                    },
                    key: AccessKey {
                        id: input("access_key_id").unwrap(),
                        secret: input("secret_access_key").unwrap(),
                        session_token: input("session_token"),
                        principal: "arn:aws:iam::123456789012:user/example".into(),
                        policy: Policy::allowing("arn:aws:rds-db:*:123456789012:dbuser:*/*"),
                    },
                }
            })
            .collect()
    }

    fn vector(name: &str) -> Vector {
        vectors().into_iter().find(|v| v.name == name).unwrap()
    }

    #[test]
    fn every_golden_token_is_accepted_at_its_moment() {
        let vectors = vectors();
        assert!(vectors.len() >= 7);
        for vector in vectors {
            assert_eq!(
                vector.verify(&vector.token, FROZEN),
                Ok(()),
                "{}",
                vector.name
            );
        }
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        for vector in vectors() {
            let (authority, query) = vector.token.split_once("/?").unwrap();
            let mut pairs: Vec<&str> = query.split('&').collect();
            pairs.reverse();
            let token = format!("{authority}/?{}", pairs.join("&"));
            assert_eq!(vector.verify(&token, FROZEN), Ok(()));
        }
    }

    #[test]
    fn a_token_lives_for_fifteen_minutes() {
        let vector = vector("static_keys_basic");
        let at = |offset: i64| {
            vector.verify(
                &vector.token,
                Timestamp::from_seconds(FROZEN.seconds() + offset),
            )
        };
        assert_eq!(at(900), Ok(()));
        assert_eq!(at(901), Err(Rejection::Expired(901)));
        assert_eq!(at(-300), Ok(()));
        assert_eq!(at(-301), Err(Rejection::Early(301)));
    }

    #[test]
    fn each_wrong_target_is_named() {
        let with = |change: fn(&mut Vector)| {
            let mut vector = vector("static_keys_basic");
            change(&mut vector);
            vector.verify(&vector.token, FROZEN)
        };
        assert_eq!(
            with(|v| v.instance.region = "eu-central-1".into()),
            Err(Rejection::Region("us-east-1".into()))
        );
        assert_eq!(
            with(|v| v.instance.hosts = vec!["other.example".into()]),
            Err(Rejection::Host(
                "mydb.abcdefghijkl.us-east-1.rds.amazonaws.com".into()
            ))
        );
        assert_eq!(with(|v| v.instance.port = 5433), Err(Rejection::Port(5432)));
        for user in ["App_User", "app_use", "app_user "] {
            let mut vector = vector("static_keys_basic");
            vector.user = user.into();
            assert_eq!(
                vector.verify(&vector.token, FROZEN),
                Err(Rejection::User("app_user".into()))
            );
        }
        assert_eq!(with(|v| v.key.id = "AKIAOTHER".into()), Err(Rejection::Key));
        assert_eq!(with(|v| v.key.secret.push('x')), Err(Rejection::Signature));
        assert_eq!(
            with(|v| v.key.session_token = Some("surprise".into())),
            Err(Rejection::SessionToken)
        );
        assert!(matches!(
            with(|v| v.key.policy = Policy::allowing("arn:aws:rds-db:*:*:dbuser:*/other")),
            Err(Rejection::Policy { resource, .. })
                if resource == "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKL/app_user"
        ));
    }

    #[test]
    fn a_changed_claim_breaks_the_signature() {
        let mut vector = vector("static_keys_basic");
        vector.instance.hosts.push("elsewhere.example".into());
        vector.instance.port = 5432;
        assert_eq!(
            vector.tampered(
                "mydb.abcdefghijkl.us-east-1.rds.amazonaws.com",
                "elsewhere.example"
            ),
            Err(Rejection::Signature)
        );
        assert_eq!(
            vector.tampered("Expires=900", "Expires=899"),
            Err(Rejection::Signature)
        );
        assert_eq!(
            vector.tampered("T123456Z", "T123457Z"),
            Err(Rejection::Signature)
        );
        let last = vector.token.chars().last().unwrap();
        let other = if last == '0' { '1' } else { '0' };
        let mut token = vector.token.clone();
        token.pop();
        token.push(other);
        assert_eq!(vector.verify(&token, FROZEN), Err(Rejection::Signature));
        vector.user = "app_admin".into();
        assert_eq!(
            vector.tampered("app_user", "app_admin"),
            Err(Rejection::Signature)
        );
    }

    #[test]
    fn fixed_parts_are_fixed() {
        let vector = vector("static_keys_basic");
        for (from, to, reason) in [
            ("Action=connect", "Action=DbConnect", "Action"),
            ("HMAC-SHA256", "HMAC-SHA512", "X-Amz-Algorithm"),
            ("Headers=host", "Headers=host%3Bdate", "X-Amz-SignedHeaders"),
        ] {
            assert_eq!(
                vector.tampered(from, to),
                Err(Rejection::Unsupported(reason))
            );
        }
        assert_eq!(
            vector.tampered("rds-db", "dsql"),
            Err(Rejection::Service("dsql".into()))
        );
        assert_eq!(
            vector.tampered("Expires=900", "Expires=901"),
            Err(Rejection::Lifetime(901))
        );
        assert_eq!(
            vector.tampered("Expires=900", "Expires=0"),
            Err(Rejection::Lifetime(0))
        );
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let vector = vector("static_keys_basic");
        for token in [
            "",
            "hunter2",
            "host:5432",
            "https://host:5432/?Action=connect",
            "host/?a=b",
        ] {
            assert!(
                matches!(
                    vector.verify(token, FROZEN),
                    Err(Rejection::Malformed(_) | Rejection::Unknown)
                ),
                "{token}"
            );
        }
        for (from, to) in [
            (":5432/", ":05432x/"),
            (":5432/", "/"),
            ("%2F", "/"),
            ("%2F", "%2"),
            ("app_user", "app+user"),
            ("app_user", "app user"),
            ("app_user", "%ff"),
            ("20260115T", "20260116T"),
            ("T123456Z", "T123456"),
            ("aws4_request", "aws4"),
            ("Expires=900", "Expires=%2B900"),
        ] {
            assert!(
                matches!(vector.tampered(from, to), Err(Rejection::Malformed(_))),
                "{from} → {to}: {:?}",
                vector.tampered(from, to)
            );
        }
        let shouted = vector.token.to_ascii_uppercase();
        assert!(vector.verify(&shouted, FROZEN).is_err());
    }

    #[test]
    fn every_prefix_is_refused() {
        let vector = vector("session_token");
        for end in 0..vector.token.len() {
            assert!(
                vector.verify(&vector.token[..end], FROZEN).is_err(),
                "{end}"
            );
        }
    }

    #[test]
    fn no_byte_can_be_missing_doubled_or_another() {
        let vector = vector("email_style_user");
        for at in 0..vector.token.len() {
            let (before, after) = (&vector.token[..at], &vector.token[at + 1..]);
            let kept = &vector.token[at..=at];
            for token in [
                format!("{before}{after}"),
                format!("{before}{kept}{kept}{after}"),
                format!("{before}~{after}"),
                format!("{before}é{after}"),
            ] {
                assert!(vector.verify(&token, FROZEN).is_err(), "{token}");
            }
        }
    }

    #[test]
    fn parameters_come_once_and_no_others() {
        let vector = vector("static_keys_basic");
        let with = |extra: &str| vector.verify(&format!("{}&{extra}", vector.token), FROZEN);
        assert_eq!(with("DBUser=app_user"), Err(Rejection::Repeated));
        assert_eq!(with("X-Amz-Extra=1"), Err(Rejection::Unknown));
        for name in REQUIRED {
            let (authority, query) = vector.token.split_once("/?").unwrap();
            let kept: Vec<&str> = query
                .split('&')
                .filter(|pair| !pair.starts_with(&format!("{name}=")))
                .collect();
            let token = format!("{authority}/?{}", kept.join("&"));
            assert_eq!(vector.verify(&token, FROZEN), Err(Rejection::Missing(name)));
        }
    }

    #[test]
    fn a_session_token_must_be_the_key_s() {
        let mut vector = vector("session_token");
        let (before, after) = vector.token.split_once("&X-Amz-Security-Token=").unwrap();
        let rest = after.split_once('&').unwrap().1;
        let token = format!("{before}&{rest}");
        assert_eq!(vector.verify(&token, FROZEN), Err(Rejection::SessionToken));
        vector.key.session_token = None;
        assert_eq!(vector.verify(&token, FROZEN), Err(Rejection::Signature));
    }
}

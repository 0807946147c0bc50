//! What may stand for a profile: a URL, a key=value string, a service entry, `PG*` variables.
//!
//! Source: PostgreSQL documentation, "Connection Strings", "The Connection Service File",
//! "Environment Variables" (libpq).

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::endpoint::{Endpoint, EndpointKind};
use super::profile::{DEFAULT_PORT, Guard, Profile, Roots, Route, SignIn, Tls, TlsMode};
use super::timeouts::Timeouts;
use super::token::Password;

/// Something to connect to, and a password that came with it: kept in memory only.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where to.
    pub profile: Profile,
    /// From a URL or key=value string.
    pub password: Option<Password>,
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The URL cannot be read.
    #[error("{0} is not a connection URL: {1}")]
    Url(String, String),
    /// The key=value string cannot be read.
    #[error("cannot read the connection string: {0}")]
    Pairs(String),
    /// A keyword nobody knows.
    #[error("unknown connection option {0:?}")]
    Unknown(String),
    /// A value that makes no sense.
    #[error("{0} cannot be {1:?}")]
    Value(&'static str, String),
    /// Several hosts.
    #[error("one host at a time: {0:?} names several")]
    SeveralHosts(String),
    /// The service is not in the file.
    #[error("there is no service {0:?} in the service file")]
    Service(String),
}

/// What surrounds a target: looked up by the caller.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `PG*` variables by libpq keyword (`host`, `port`, `dbname`, `user`, `sslmode` …).
    pub defaults: BTreeMap<String, String>,
    /// The text of the service file.
    pub service_file: String,
    /// The name of the person's account, libpq's last default for the user.
    pub account: String,
}

/// Whether a text is a URL or key=value string rather than a profile's name.
#[must_use]
pub fn is_connection_string(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://") || text.contains('=')
}

/// Reads a URL or key=value string.
pub fn parse(text: &str, around: &Surroundings) -> Result<Target, TargetError> {
    let mut given = if text.contains("://") {
        url(text)?
    } else {
        pairs(text)?
    };
    if let Some(service) = given
        .remove("service")
        .or_else(|| around.defaults.get("service").cloned())
    {
        for (key, value) in service_entry(&around.service_file, &service)? {
            let _ = given.entry(key).or_insert(value);
        }
    }
    for (key, value) in &around.defaults {
        let _ = given.entry(key.clone()).or_insert_with(|| value.clone());
    }
    target(given, around)
}

/// `postgres://user:password@host:port/database?key=value`.
fn url(text: &str) -> Result<BTreeMap<String, String>, TargetError> {
    let wrong = |what: &str| {
        // A password must not be repeated in an error.
        let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
        TargetError::Url(shown.to_owned(), what.to_owned())
    };
    let decode = |part: &str| {
        percent_decode_str(part)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| wrong("a percent escape is not UTF-8"))
    };
    let (_, rest) = text
        .split_once("://")
        .ok_or_else(|| wrong("it has no scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut found = BTreeMap::new();
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            let _ = found.insert(key.to_owned(), value);
        }
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    put("user", decode(user)?);
    put("password", decode(password)?);
    put("dbname", decode(database)?);
    if address.contains(',') {
        return Err(TargetError::SeveralHosts(address.to_owned()));
    }
    let (host, port) = match address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, after)) => (host, after.strip_prefix(':').unwrap_or("")),
        None => address.split_once(':').unwrap_or((address, "")),
    };
    put("host", decode(host)?);
    put("port", port.to_owned());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("an option has no value"))?;
        put(&decode(key)?, decode(value)?);
    }
    Ok(found)
}

/// `host=… user=… password='it''s'`, with libpq's quotes and backslashes.
fn pairs(text: &str) -> Result<BTreeMap<String, String>, TargetError> {
    let mut found = BTreeMap::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        if characters.peek().is_none() {
            return Ok(found);
        }
        let mut key = String::new();
        while let Some(character) = characters.next_if(|c| *c != '=' && !c.is_whitespace()) {
            key.push(character);
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        if characters.next() != Some('=') {
            return Err(TargetError::Pairs(format!("{key:?} has no =")));
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = characters.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match characters.next() {
                Some('\\') => value.extend(characters.next()),
                Some('\'') if quoted => break,
                Some(character) if !quoted && character.is_whitespace() => break,
                Some(character) => value.push(character),
                None if quoted => {
                    return Err(TargetError::Pairs(format!(
                        "the value of {key} has no closing quote"
                    )));
                }
                None => break,
            }
        }
        let _ = found.insert(key, value);
    }
}

/// The entry `[name]` of a service file.
fn service_entry(file: &str, name: &str) -> Result<BTreeMap<String, String>, TargetError> {
    let mut found = BTreeMap::new();
    let mut inside = false;
    let mut seen = false;
    for line in file
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            inside = section == name;
            seen |= inside;
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let _ = found.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    if seen {
        Ok(found)
    } else {
        Err(TargetError::Service(name.to_owned()))
    }
}

/// Options that change nothing here are let through; a misspelt one is not.
const HARMLESS: [&str; 11] = [
    "application_name",
    "connect_timeout",
    "fallback_application_name",
    "client_encoding",
    "keepalives",
    "target_session_attrs",
    "channel_binding",
    "gssencmode",
    "passfile",
    "sslcompression",
    "sslnegotiation",
];

fn target(
    mut given: BTreeMap<String, String>,
    around: &Surroundings,
) -> Result<Target, TargetError> {
    let mut take = |key: &str| given.remove(key).filter(|value| !value.is_empty());
    let host = take("host").unwrap_or_else(|| "localhost".to_owned());
    if host.contains(',') {
        return Err(TargetError::SeveralHosts(host));
    }
    let port = match take("port") {
        None => DEFAULT_PORT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or(TargetError::Value("port", text))?,
    };
    let user = take("user").unwrap_or_else(|| around.account.clone());
    let database = take("dbname").unwrap_or_else(|| user.clone());
    let password = take("password").map(Password::new);
    let aws = Endpoint::parse(&host).kind != EndpointKind::Plain;
    let sign_in = match take("sign_in") {
        None if password.is_none() && aws => iam(&mut take),
        None => SignIn::Password,
        Some(word) => match word.as_str() {
            "iam" => iam(&mut take),
            "password" => SignIn::Password,
            "none" => SignIn::None,
            _ => return Err(TargetError::Value("sign_in", word)),
        },
    };
    let safest = if aws || matches!(sign_in, SignIn::Iam { .. }) {
        TlsMode::VerifyFull
    } else {
        TlsMode::Prefer
    };
    let mode = match take("sslmode") {
        None => safest,
        Some(word) if word == "allow" => TlsMode::Prefer,
        Some(word) => TlsMode::from_word(&word).ok_or(TargetError::Value("sslmode", word))?,
    };
    let roots = take("sslrootcert").map_or(if aws { Roots::Rds } else { Roots::System }, |word| {
        Roots::from_word(&word)
    });
    // An IPv6 address stands in brackets before a port.
    let dial = take("hostaddr").map(|address| {
        if address.contains(':') {
            format!("[{address}]:{port}")
        } else {
            format!("{address}:{port}")
        }
    });
    let dial = take("dial").or(dial);
    let guard = match take("read_only").as_deref() {
        Some("true" | "on" | "yes" | "1") => Guard::ReadOnly,
        _ => Guard::ReadWrite,
    };
    let region = take("region");
    let options = take("options");
    let name = format!("{user}@{host}/{database}");
    if let Some(key) = given.keys().find(|key| !HARMLESS.contains(&key.as_str())) {
        return Err(TargetError::Unknown(key.clone()));
    }
    let profile = Profile {
        name,
        group: None,
        host,
        port,
        database,
        user,
        region,
        guard,
        colour: None,
        sign_in,
        tls: Tls {
            mode,
            roots,
            server_name: None,
        },
        route: Route {
            dial,
            command: None,
        },
        options,
        timeouts: Timeouts::default(),
    };
    Ok(Target { profile, password })
}

fn iam(take: &mut impl FnMut(&str) -> Option<String>) -> SignIn {
    SignIn::Iam {
        aws_profile: take("aws_profile"),
        role_arn: take("role_arn"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Target {
        parse(
            text,
            &Surroundings {
                account: "me".into(),
                ..Surroundings::default()
            },
        )
        .unwrap()
    }

    #[test]
    fn options_are_kept_for_the_session() {
        let url = read("postgres://h/d?options=-c%20search_path%3Dsales");
        assert_eq!(url.profile.options.as_deref(), Some("-c search_path=sales"));
        assert_eq!(read("postgres://h/d").profile.options, None);
    }

    #[test]
    fn a_url_is_read_in_all_its_parts() {
        let target = read(
            "postgres://Ann%20O%27Neil:p%40ss@[::1]:5433/my%20db?sslmode=require&application_name=x",
        );
        assert_eq!(target.profile.user, "Ann O'Neil");
        assert_eq!(target.password.unwrap().expose(), "p@ss");
        assert_eq!(
            (target.profile.host.as_str(), target.profile.port),
            ("::1", 5433)
        );
        assert_eq!(target.profile.database, "my db");
        assert_eq!(target.profile.tls.mode, TlsMode::Require);
        assert_eq!(target.profile.sign_in, SignIn::Password);
    }

    #[test]
    fn an_rds_endpoint_without_a_password_means_iam_and_full_verification() {
        let profile = read("postgres://app@o.c9.eu-central-1.rds.amazonaws.com/orders").profile;
        assert!(matches!(profile.sign_in, SignIn::Iam { .. }));
        assert_eq!(profile.tls, Tls::default());
    }

    #[test]
    fn a_connection_string_keeps_quotes_and_backslashes() {
        let target = read(r"host=h user='a b\'c' password=x\ y dbname = d");
        assert_eq!(target.profile.user, "a b'c");
        assert_eq!(target.password.unwrap().expose(), "x y");
        assert_eq!(target.profile.database, "d");
    }

    #[test]
    fn defaults_come_last_and_a_service_before_them() {
        let around = Surroundings {
            defaults: BTreeMap::from([
                ("host".into(), "env".into()),
                ("user".into(), "env".into()),
            ]),
            service_file: "# mine\n[shop]\nhost=service\ndbname = shop\n".into(),
            account: "me".into(),
        };
        let profile = parse("service=shop port=6000", &around).unwrap().profile;
        assert_eq!(
            (
                profile.host.as_str(),
                profile.user.as_str(),
                profile.database.as_str()
            ),
            ("service", "env", "shop")
        );
        assert!(matches!(
            parse("service=none", &around),
            Err(TargetError::Service(_))
        ));
    }

    #[test]
    fn mistakes_are_named_without_the_password() {
        let around = Surroundings::default();
        let failed = |text: &str| parse(text, &around).unwrap_err().to_string();
        assert!(failed("postgres://u:s3cret@h/d?bad").contains("no value"));
        assert!(!failed("postgres://u:s3cret@h/d?bad").contains("s3cret"));
        assert!(failed("host=h hots=x").contains("hots"));
        assert!(failed("host=a,b").contains("one host"));
        assert!(failed("host=h port=x").contains("port"));
    }
}

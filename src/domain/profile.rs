//! A saved way to reach a database. No secret is ever part of it.

use super::endpoint::Endpoint;
use super::timeouts::Timeouts;

/// How the session is guarded against writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Guard {
    /// Anything goes.
    #[default]
    ReadWrite,
    /// Transactions are read-only on the server.
    ReadOnly,
}

/// How the server is told who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// A SigV4 token, signed for every attempt.
    Iam {
        /// The AWS profile whose credentials sign; `None` for the default chain.
        aws_profile: Option<String>,
        /// A role to assume first.
        role_arn: Option<String>,
    },
    /// A password, looked for in `PGPASSWORD`, the password file, else asked for.
    Password,
    /// A password from AWS Secrets Manager.
    SecretsManager {
        /// Name or ARN of the secret.
        secret: String,
    },
    /// A password that a command prints.
    Command {
        /// Run by `sh -c`; its standard output without the last line break is the password.
        command: String,
    },
    /// No password at all (trust, peer, certificates).
    None,
}

impl Default for SignIn {
    fn default() -> Self {
        Self::Iam {
            aws_profile: None,
            role_arn: None,
        }
    }
}

impl SignIn {
    /// The word in `profiles.toml`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Iam { .. } => "iam",
            Self::Password => "password",
            Self::SecretsManager { .. } => "secrets-manager",
            Self::Command { .. } => "command",
            Self::None => "none",
        }
    }
}

/// libpq's `sslmode` (PostgreSQL documentation, "SSL Support"), without `allow`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Never TLS. Impossible with IAM: a token is not sent in clear.
    Disable,
    /// TLS if the server offers it, unverified.
    Prefer,
    /// TLS, unverified.
    Require,
    /// TLS, issuer verified.
    VerifyCa,
    /// TLS, issuer and name verified.
    #[default]
    VerifyFull,
}

impl TlsMode {
    /// All modes, weakest first.
    pub const ALL: [Self; 5] = [
        Self::Disable,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    /// The word in `profiles.toml`, URLs and libpq.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// The mode that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// Which root certificates are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// The RDS roots shipped with the program.
    #[default]
    Rds,
    /// The operating system's.
    System,
    /// A PEM file.
    File(String),
}

impl Roots {
    /// The value in `profiles.toml`: `rds`, `system` or a path.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Rds => "rds",
            Self::System => "system",
            Self::File(path) => path,
        }
    }

    /// The roots that a value names; anything but the two words is a path.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "rds" => Self::Rds,
            "system" => Self::System,
            path => Self::File(path.to_owned()),
        }
    }
}

/// How the connection is encrypted and verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The mode.
    pub mode: TlsMode,
    /// The trusted roots.
    pub roots: Roots,
    /// The name the certificate must carry, where it is not the endpoint's.
    pub server_name: Option<String>,
}

/// How the server is reached, where that is not by its endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Dial this instead: `host:port` (a tunnel, a CNAME, an address).
    pub dial: Option<String>,
    /// A tunnel that we open first and close afterwards, run by `sh -c`.
    pub command: Option<String>,
}

/// A saved way to reach a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its unique name.
    pub name: String,
    /// The heading it is listed under.
    pub group: Option<String>,
    /// The endpoint: what is signed for and, unless said otherwise, dialled and verified.
    pub host: String,
    /// The endpoint's port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role to sign in as, exactly as it is spelt on the server.
    pub user: String,
    /// The AWS region to sign for, where the endpoint does not name one.
    pub region: Option<String>,
    /// Whether sessions are read-only.
    pub guard: Guard,
    /// A colour that tints the frame: `red`, `yellow`, `green`, `blue`, `magenta`, `cyan`.
    pub colour: Option<String>,
    /// How we sign in.
    pub sign_in: SignIn,
    /// Encryption and verification.
    pub tls: Tls,
    /// The way there.
    pub route: Route,
    /// What its sessions begin with, written as libpq's `options`: `-c search_path=sales`.
    pub options: Option<String>,
    /// Time-outs of its sessions; what it leaves open, the settings say.
    pub timeouts: Timeouts,
}

/// PostgreSQL's port.
pub const DEFAULT_PORT: u16 = 5432;

/// A field of the profile form, to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// [`Profile::name`].
    Name,
    /// [`Profile::group`].
    Group,
    /// [`Profile::host`].
    Host,
    /// [`Profile::port`].
    Port,
    /// [`Profile::database`].
    Database,
    /// [`Profile::user`].
    User,
    /// [`Profile::region`].
    Region,
    /// [`Profile::guard`].
    Guard,
    /// [`Profile::colour`].
    Colour,
    /// [`SignIn::method`].
    Method,
    /// The AWS profile of an IAM sign-in.
    AwsProfile,
    /// The role an IAM sign-in assumes.
    RoleArn,
    /// The command that prints the password.
    Command,
    /// The secret that holds the password.
    Secret,
    /// [`Tls::mode`].
    TlsMode,
    /// [`Tls::roots`].
    Roots,
    /// [`Tls::server_name`].
    ServerName,
    /// [`Route::dial`].
    Dial,
    /// [`Route::command`].
    RouteCommand,
    /// [`Profile::options`].
    Options,
    /// [`Timeouts::statement`].
    StatementTimeout,
    /// [`Timeouts::lock`].
    LockTimeout,
    /// [`Timeouts::idle_in_transaction`].
    IdleTimeout,
}

/// What is wrong with one field, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub field: Field,
    /// What, in one line.
    pub message: String,
}

impl Profile {
    /// What the host name says.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.host)
    }

    /// The region a token is signed for: the endpoint's name first, then the profile. There is no
    /// default: a wrong region looks exactly like a wrong password.
    #[must_use]
    pub fn signing_region(&self) -> Option<String> {
        self.endpoint().region.or_else(|| self.region.clone())
    }

    /// The name TLS verifies.
    #[must_use]
    pub fn verified_name(&self) -> &str {
        self.tls.server_name.as_deref().unwrap_or(&self.host)
    }

    /// The address that is dialled, as host and port.
    #[must_use]
    pub fn dialled(&self) -> (String, u16) {
        self.route
            .dial
            .as_deref()
            .and_then(split_address)
            .unwrap_or_else(|| (self.host.clone(), self.port))
    }
}

/// The region in a secret's ARN, `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME` (Secrets Manager
/// guide, "What's in a Secrets Manager secret?"); a name carries none.
#[must_use]
pub fn secret_region(secret: &str) -> Option<&str> {
    let mut parts = secret.strip_prefix("arn:")?.split(':').skip(1);
    let service = parts.next()?;
    let region = parts.next()?;
    (service == "secretsmanager" && !region.is_empty()).then_some(region)
}

/// Splits `host:port`, `[v6]:port`; `None` if the port is missing or not a number.
#[must_use]
pub fn split_address(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.trim().rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    if host.is_empty() {
        return None;
    }
    Some((
        host.to_owned(),
        port.parse().ok().filter(|port| *port != 0)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_its_region() {
        let arn = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:rds!db-1-aB3";
        assert_eq!(secret_region(arn), Some("cn-north-1"));
        assert_eq!(secret_region("arn:aws:rds:eu-central-1:1:db:x"), None);
        assert_eq!(secret_region("orders/app"), None);
    }
}

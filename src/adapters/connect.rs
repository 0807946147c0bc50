//! The walk through the nine stages, from a profile to a session.

mod companion;
mod opening;
mod proof;

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use native_tls::TlsConnector;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};

use super::cancel::Canceller;
use super::credentials::{self, Supplied, Wanted};
use super::dial::{self, Patience};
use super::parameters;
use super::password::{self, Surroundings};
use super::session::{self, Session};
use super::sign::{SignedFor, sign};
use super::tls::Connectors;
use super::transport::{Encryption, Transport};
use super::tunnel::Tunnel;
use super::wire_record::Record;
use super::wire_tap::WireTap;
use super::{refusal, secret};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::link::LinkFacts;
use crate::domain::profile::{Profile, SignIn, Tls, TlsMode};
use crate::domain::stage::{Evidence, Stage, StageReport, StageState};
use crate::domain::time::Timestamp;
use crate::domain::token::Token;

pub use super::parameters::Limits;
pub use companion::{Alone, Asked, Companion};
use proof::{Proof, accepted, no_password};

/// Opens sessions. Cheap to clone; TLS connectors are shared between clones.
#[derive(Debug, Clone, Default)]
pub struct Connector {
    /// How long each step may take.
    pub patience: Patience,
    /// Where passwords may be found.
    pub surroundings: Surroundings,
    /// The time to sign with, where that is not now: a test aid.
    pub frozen_clock: Option<Timestamp>,
    /// Whose time-outs its sessions have.
    pub limits: Limits,
    connectors: Connectors,
}

/// Why no session was opened, and how far the walk came.
#[derive(Debug)]
pub struct Refused {
    /// What went wrong.
    pub failure: Failure,
    /// All nine stages.
    pub reports: Vec<StageReport>,
}

impl Connector {
    /// A connector that reads `PGPASSWORD`, `PGPASSFILE` and, for tests, `PGIAM_NOW` (seconds since
    /// 1970 or an RFC 3339 moment).
    pub fn from_environment() -> Self {
        let frozen_clock = std::env::var("PGIAM_NOW")
            .ok()
            .and_then(|text| parse_moment(&text));
        Self {
            surroundings: Surroundings::from_environment(),
            frozen_clock,
            ..Self::default()
        }
    }

    /// The same, whose sessions have these time-outs.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self {
            limits,
            ..self.clone()
        }
    }

    /// The time to sign with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.frozen_clock.unwrap_or_else(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// Walks the stages. Dropping the future cancels, in every stage.
    pub async fn connect(
        &self,
        profile: &Profile,
        companion: &impl Companion,
    ) -> Result<Session, Box<Refused>> {
        let mut walk = Walk {
            connector: self,
            profile,
            companion,
            reports: Stage::ALL.map(StageReport::waiting).to_vec(),
            begun: Instant::now(),
            stage: Stage::Profile,
            evidence: Vec::new(),
        };
        match walk.walk().await {
            Ok(session) => Ok(session),
            Err(failure) => {
                walk.fail(&failure);
                Err(Box::new(Refused {
                    failure,
                    reports: walk.reports,
                }))
            }
        }
    }

    /// Builds what TLS to these profiles takes before anybody waits for it: reading root certificates
    /// is a tenth of a second of computing.
    pub fn prepare_tls(&self, profiles: &[Profile]) {
        let mut wanted: Vec<Tls> = Vec::new();
        for profile in profiles {
            if !wanted.contains(&profile.tls) {
                wanted.push(profile.tls.clone());
            }
        }
        let connectors = self.connectors.clone();
        let _building = tokio::task::spawn_blocking(move || {
            for tls in wanted {
                // What is wrong with a file is said when it is connected with.
                let _ = connectors.get(tls.mode, &tls.roots);
            }
        });
    }

    /// The credentials that would sign for a profile.
    pub async fn credentials(&self, profile: &Profile) -> Result<Supplied, Failure> {
        let (aws_profile, role_arn) = match &profile.sign_in {
            SignIn::Iam {
                aws_profile,
                role_arn,
            } => (aws_profile.as_deref(), role_arn.as_deref()),
            SignIn::Password
            | SignIn::SecretsManager { .. }
            | SignIn::Command { .. }
            | SignIn::None => (None, None),
        };
        let region = profile.signing_region();
        credentials::supply(
            Wanted {
                aws_profile,
                role_arn,
                region: region.as_deref(),
            },
            self.patience.credentials,
        )
        .await
    }

    /// The password kept in a secret of AWS Secrets Manager, read with these credentials.
    pub async fn secret(
        &self,
        profile: &Profile,
        secret: &str,
        supplied: &Supplied,
    ) -> Result<password::Found, Failure> {
        let region = profile.signing_region();
        let patience = self.patience.credentials;
        secret::fetch(secret, region.as_deref(), supplied, patience).await
    }

    /// A fresh token for a profile.
    pub fn token(&self, profile: &Profile, supplied: &Supplied) -> Result<Token, Failure> {
        let region = profile.signing_region().unwrap_or_default();
        let target = SignedFor {
            host: &profile.host,
            port: profile.port,
            user: &profile.user,
            region: &region,
        };
        sign(target, &supplied.keys, self.now())
    }
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Timestamp::from_seconds(seconds));
    }
    let moment =
        time::OffsetDateTime::parse(text.trim(), &time::format_description::well_known::Rfc3339)
            .ok()?;
    Some(Timestamp::from_seconds(moment.unix_timestamp()))
}

struct Walk<'a, C> {
    connector: &'a Connector,
    profile: &'a Profile,
    companion: &'a C,
    reports: Vec<StageReport>,
    begun: Instant,
    stage: Stage,
    evidence: Vec<Evidence>,
}

impl<C: Companion> Walk<'_, C> {
    async fn walk(&mut self) -> Result<Session, Failure> {
        self.check_profile()?;
        // Goes on while credentials and addresses are looked up.
        let (connectors, tls) = (self.connector.connectors.clone(), self.profile.tls.clone());
        let building = tokio::task::spawn_blocking(move || connectors.get(tls.mode, &tls.roots));
        let proof = self.prove().await?;
        let addresses = self.resolve().await?;
        let (tcp, peer, tunnel) = self.dial(&addresses).await?;
        let (transport, encryption) = self.secure(tcp, peer, building).await?;
        let tls = transport.tls_version();
        let (client, record, driven) = self.sign_in(transport, proof, tls).await?;
        let canceller = Canceller::new(
            client.cancel_token(),
            peer,
            encryption,
            self.connector.patience,
        );
        let facts = self.set_up(&client, tls).await?;
        Ok(Session::new(
            client, record, driven, canceller, facts, tunnel,
        ))
    }

    fn check_profile(&mut self) -> Result<(), Failure> {
        self.begin(Stage::Profile);
        let profile = self.profile;
        let wrong = |message: &str, hint: &str| {
            Failure::new(Phase::Connecting(Stage::Profile), Origin::Local, message).with_hint(hint)
        };
        if profile.host.is_empty() || profile.user.is_empty() || profile.port == 0 {
            return Err(wrong(
                "the profile lacks a host, a port or a user",
                "edit the profile",
            ));
        }
        if profile.host.starts_with('/') {
            return Err(wrong(
                "Unix sockets are not spoken here",
                "give a host name or an address",
            ));
        }
        let iam = matches!(profile.sign_in, SignIn::Iam { .. });
        if iam && profile.tls.mode == TlsMode::Disable {
            return Err(wrong(
                "a token is never sent in clear, and this profile turns TLS off",
                "set tls.mode to verify-full",
            ));
        }
        if iam && profile.signing_region().is_none() {
            return Err(wrong(
                "the endpoint's name carries no region to sign for",
                "set region to the database's region, for example eu-central-1",
            ));
        }
        let endpoint = profile.endpoint();
        self.note("endpoint", format!("{}:{}", profile.host, profile.port));
        self.note("endpoint_kind", endpoint.described().to_owned());
        self.note("user", profile.user.clone());
        self.note("database", profile.database.clone());
        self.note("sign_in", profile.sign_in.method().to_owned());
        self.done(format!(
            "{}, {}@{}",
            endpoint.described(),
            profile.user,
            profile.database
        ));
        Ok(())
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, Failure> {
        self.begin(Stage::Dns);
        let (host, port) = self.profile.dialled();
        let addresses = dial::resolve(&host, port, self.connector.patience.dns).await?;
        let listed = addresses
            .iter()
            .map(|address| address.ip().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        self.note("dialled", format!("{host}:{port}"));
        self.note("addresses", listed.clone());
        self.done(listed);
        Ok(addresses)
    }

    async fn dial(
        &mut self,
        addresses: &[SocketAddr],
    ) -> Result<(TcpStream, SocketAddr, Option<Tunnel>), Failure> {
        self.begin(Stage::Tcp);
        let patience = self.connector.patience;
        let tunnel = match (&self.profile.route.command, addresses.first()) {
            (Some(command), Some(address)) => {
                Some(Tunnel::open(command, *address, patience.tunnel).await?)
            }
            _ => None,
        };
        let (tcp, peer) = dial::open(addresses, patience.tcp).await?;
        self.note("address", peer.to_string());
        self.done(peer.to_string());
        Ok((tcp, peer, tunnel))
    }

    async fn secure(
        &mut self,
        tcp: TcpStream,
        peer: SocketAddr,
        building: JoinHandle<Result<Option<TlsConnector>, Failure>>,
    ) -> Result<(Transport, Encryption), Failure> {
        self.begin(Stage::Tls);
        let tls = self.profile.tls.clone();
        let mode = tls.mode;
        let connector = building.await.unwrap_or_else(|_| {
            Err(Failure::new(
                Phase::Connecting(Stage::Tls),
                Origin::Local,
                "TLS could not be set up",
            ))
        })?;
        let encryption = Encryption {
            mode,
            connector,
            server_name: self.profile.verified_name().to_owned(),
            roots: tls.roots.word().to_owned(),
        };
        let transport =
            Transport::secure(tcp, peer, &encryption, self.connector.patience.tls).await?;
        self.note("mode", mode.word().to_owned());
        match transport.tls_version() {
            Some(version) => {
                self.note("version", version.to_owned());
                self.note("server_name", encryption.server_name.clone());
                self.note("roots", encryption.roots.clone());
                let verified = match mode {
                    TlsMode::VerifyFull => {
                        format!("{version}, {} verified", encryption.server_name)
                    }
                    TlsMode::VerifyCa => format!("{version}, issuer verified"),
                    TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
                        format!("{version}, not verified")
                    }
                };
                self.done(verified);
            }
            None if matches!(self.profile.sign_in, SignIn::Iam { .. }) => {
                return Err(Failure::new(
                    Phase::Connecting(Stage::Tls),
                    Origin::Network,
                    "the server does not offer TLS, and a token is never sent in clear",
                )
                .with_hint("set tls.mode to verify-full and dial a server that speaks TLS"));
            }
            None => self.skip("in clear"),
        }
        Ok((transport, encryption))
    }

    async fn sign_in(
        &mut self,
        transport: Transport,
        proof: Proof,
        tls: Option<&'static str>,
    ) -> Result<(Client, Record, session::Driven), Failure> {
        self.begin(Stage::SignIn);
        let mut config = Config::new();
        let _ = config
            .user(&self.profile.user)
            .dbname(&self.profile.database)
            .application_name("pgiam")
            // TLS is ours already: the driver sees the stream inside it.
            .ssl_mode(SslMode::Disable);
        if !parameters::refuses_options(self.profile) {
            let _ = config.options(parameters::options(self.profile, self.connector.limits));
        }
        match &proof {
            Proof::Token(token) if tls.is_some() => {
                let _ = config.password(token.expose());
            }
            Proof::Password(password) => {
                let _ = config.password(password.expose());
            }
            Proof::Token(_) | Proof::Nothing => {}
        }
        let (tap, record) = WireTap::new(transport);
        let opening = timeout(
            self.connector.patience.sign_in,
            config.connect_raw(tap, NoTls),
        )
        .await;
        let opened = opening.map_err(|_| refusal::unanswered(Stage::SignIn, "the server"))?;
        let (client, connection) = opened
            .map_err(|error| {
                if refusal::is_password_missing(&error) {
                    no_password()
                } else {
                    refusal::from_driver(Phase::Connecting(Stage::SignIn), &error)
                }
            })
            .map_err(|failure| {
                if stage_of(&failure) == Stage::Database {
                    self.done(accepted(&proof));
                    self.begin(Stage::Database);
                    return Failure {
                        phase: Phase::Connecting(Stage::Database),
                        ..failure
                    };
                }
                failure
            })?;
        let driven = session::drive(connection);
        self.done(accepted(&proof));
        self.begin(Stage::Database);
        self.note("database", self.profile.database.clone());
        self.done(format!(
            "{} lets {} in",
            self.profile.database, self.profile.user
        ));
        Ok((client, record, driven))
    }

    async fn set_up(
        &mut self,
        client: &Client,
        tls: Option<&'static str>,
    ) -> Result<LinkFacts, Failure> {
        self.begin(Stage::Session);
        if parameters::refuses_options(self.profile)
            && let Some(options) = &self.profile.options
        {
            self.note(
                "options",
                format!("{options}: not sent, RDS Proxy refuses any"),
            );
        }
        let script = opening::script(self.profile, self.connector.limits);
        let asked = client.simple_query(&script);
        let messages = timeout(self.connector.patience.sign_in, asked)
            .await
            .map_err(|_| refusal::unanswered(Stage::Session, "the server"))?
            .map_err(|error| refusal::from_driver(Phase::Connecting(Stage::Session), &error))?;
        let facts = opening::facts(&messages, self.profile, tls);
        self.note("server_version", facts.version.text.clone());
        self.note("backend_pid", facts.backend_pid.to_string());
        self.done(format!(
            "PostgreSQL {}, process {}",
            facts.version.text, facts.backend_pid
        ));
        Ok(facts)
    }

    fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.begun = Instant::now();
        self.evidence.clear();
        self.report(StageState::Running, String::new());
    }

    fn note(&mut self, fact: &'static str, value: String) {
        self.evidence.push(Evidence { fact, value });
    }

    fn done(&mut self, summary: String) {
        self.report(StageState::Ok, summary);
    }

    fn skip(&mut self, summary: &str) {
        self.report(StageState::Skipped, summary.to_owned());
    }

    /// Marks the stage that broke, and the later ones as never reached.
    fn fail(&mut self, failure: &Failure) {
        if let Some(sqlstate) = &failure.sqlstate {
            self.note("sqlstate", sqlstate.clone());
        }
        self.note("message", failure.message.clone());
        self.report(StageState::Failed, failure.message.clone());
        for report in &mut self.reports {
            if report.state == StageState::Waiting {
                report.state = StageState::Skipped;
                "not reached".clone_into(&mut report.summary);
                self.companion.moved(report);
            }
        }
    }

    fn report(&mut self, state: StageState, summary: String) {
        let report = StageReport {
            stage: self.stage,
            state,
            elapsed: self.begun.elapsed(),
            summary,
            evidence: self.evidence.clone(),
        };
        self.companion.moved(&report);
        if let Some(slot) = self
            .reports
            .iter_mut()
            .find(|slot| slot.stage == report.stage)
        {
            *slot = report;
        }
    }
}

/// Which stage a refusal between the start-up message and the first prompt belongs to: what the
/// server checks after the password proves that the password or token was accepted (PostgreSQL
/// source, `postinit.c`, `InitPostgres` and `CheckMyDatabase`).
fn stage_of(failure: &Failure) -> Stage {
    match failure.sqlstate.as_deref() {
        Some("42501" | "3D000" | "55000") => Stage::Database,
        Some("53300") if failure.message.contains("for database") => Stage::Database,
        _ => Stage::SignIn,
    }
}

/// A moment as RFC 3339, to the second.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    time::OffsetDateTime::from_unix_timestamp(moment.seconds())
        .ok()
        .and_then(|moment| {
            moment
                .format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_default()
}

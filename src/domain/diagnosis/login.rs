//! Rules for the way in: from a failed stage to findings, the likeliest first.
//!
//! Judged by phase, SQLSTATE and text together: the same words mean different things at different
//! moments. What later stages prove about earlier ones is said (PostgreSQL source, `postmaster.c`,
//! `auth.c`, `postinit.c` for the order of checks).

use super::findings::{Certainty, Finding, Fix, FixKind};
use super::report::{MissingPrivilege, ObjectKind, ObjectName};
use super::token_refusal;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident;
use crate::domain::profile::{Profile, SignIn};
use crate::domain::stage::{Stage, StageReport, StageState};

/// Explains why a walk through the stages ended.
#[must_use]
pub fn findings(profile: &Profile, reports: &[StageReport], failure: &Failure) -> Vec<Finding> {
    let stage = match failure.phase {
        Phase::Connecting(stage) => stage,
        Phase::Statement | Phase::Local => reports
            .iter()
            .find(|report| report.state == StageState::Failed)
            .map_or(Stage::Session, |report| report.stage),
    };
    let case = Case {
        profile,
        failure,
        stage,
    };
    if failure.origin == Origin::Cancelled {
        return vec![case.finding("cancelled", Certainty::Certain, "the attempt was given up")];
    }
    match stage {
        Stage::Profile => vec![case.profile_problem()],
        Stage::Credentials => vec![case.credentials()],
        Stage::Token => vec![case.token()],
        Stage::Dns | Stage::Tcp => vec![case.network()],
        Stage::Tls => vec![case.tls()],
        Stage::SignIn | Stage::Database | Stage::Session => case.server(),
    }
}

/// What the role lacks, where a finding is about a privilege: asked about after a fix.
#[must_use]
pub fn missing(finding: &Finding, profile: &Profile) -> Option<MissingPrivilege> {
    let (privilege, kind, name) = match finding.id {
        "no-connect-privilege" => ("CONNECT", ObjectKind::Database, profile.database.as_str()),
        "role-cannot-log-in" => ("LOGIN", ObjectKind::Role, profile.user.as_str()),
        "role-not-in-rds-iam" | "role-missing" => ("MEMBER", ObjectKind::Role, "rds_iam"),
        _ => return None,
    };
    Some(MissingPrivilege {
        privilege: privilege.to_owned(),
        grantee: profile.user.clone(),
        object: ObjectName {
            kind,
            schema: None,
            name: name.to_owned(),
            columns: Vec::new(),
        },
    })
}

/// One refusal to explain.
pub(super) struct Case<'a> {
    pub(super) profile: &'a Profile,
    pub(super) failure: &'a Failure,
    pub(super) stage: Stage,
}

impl Case<'_> {
    pub(super) fn finding(
        &self,
        id: &'static str,
        certainty: Certainty,
        title: impl Into<String>,
    ) -> Finding {
        Finding {
            id,
            stage: self.stage,
            certainty,
            title: title.into(),
            because: Vec::new(),
            documented_only: false,
            fixes: Vec::new(),
        }
    }

    /// The failure's own hint, as something to do.
    fn hinted(&self, kind: FixKind) -> Vec<Fix> {
        self.failure
            .hint
            .iter()
            .map(|hint| fix(kind, hint.clone(), None))
            .collect()
    }

    /// What the server or the machine said, first of all evidence.
    pub(super) fn said(&self) -> String {
        let mut text = self.failure.message.clone();
        if let Some(detail) = &self.failure.detail {
            text = format!("{text} ({detail})");
        }
        match &self.failure.sqlstate {
            Some(sqlstate) => format!("the server said: {text} [{sqlstate}]"),
            None => text,
        }
    }

    fn profile_problem(&self) -> Finding {
        let mut finding = self.finding(
            "profile-incomplete",
            Certainty::Certain,
            self.failure.message.clone(),
        );
        finding.fixes = self.hinted(FixKind::Profile);
        finding
    }

    fn credentials(&self) -> Finding {
        let text = self.failure.message.to_lowercase();
        // A secret is read with AWS credentials, which may be what is missing.
        let by_aws = match self.profile.sign_in {
            SignIn::Iam { .. } => true,
            SignIn::SecretsManager { .. } => self.failure.origin == Origin::Aws,
            SignIn::Password | SignIn::Command { .. } | SignIn::None => false,
        };
        let (id, title) = if text.starts_with("secrets manager of") {
            ("no-password", "the secret could not be read")
        } else if !by_aws {
            ("no-password", "no password is known")
        } else if text.contains("expired") || text.contains("cached sso token") {
            ("credentials-expired", "the AWS session has expired")
        } else if text.contains("not defined") || text.contains("could not find") {
            ("aws-profile-unknown", "the AWS profile does not exist")
        } else if text.contains("assume") {
            ("role-not-assumed", "the role could not be assumed")
        } else {
            ("no-credentials", "no AWS credentials were found")
        };
        let mut finding = self.finding(id, Certainty::Certain, title);
        finding.because = vec![self.said(), "nothing was sent to the database".to_owned()];
        finding.fixes = self.hinted(if id == "no-password" {
            FixKind::Local
        } else {
            FixKind::Aws
        });
        finding
    }

    fn token(&self) -> Finding {
        let mut finding = self.finding(
            "token-not-signed",
            Certainty::Certain,
            self.failure.message.clone(),
        );
        finding.fixes = self.hinted(FixKind::Profile);
        finding
    }

    fn network(&self) -> Finding {
        let tunnelled = self.profile.route.dial.is_some();
        let (host, port) = self.profile.dialled();
        let (id, title) = match (self.stage, self.failure.origin) {
            (Stage::Dns, _) => ("name-not-found", format!("{host} has no address")),
            (_, Origin::TimedOut) => (
                "network-timeout",
                format!("nothing answers at {host}:{port}"),
            ),
            _ if tunnelled => (
                "tunnel-down",
                format!("nothing listens at {host}:{port}, where the tunnel should be"),
            ),
            _ => (
                "connection-refused",
                format!("{host}:{port} refuses connections"),
            ),
        };
        let mut finding = self.finding(id, Certainty::Certain, title);
        finding.because = vec![self.said()];
        if matches!(self.profile.sign_in, SignIn::Iam { .. }) {
            finding.because.push(
                "the token is signed locally, so it says nothing about the network".to_owned(),
            );
        }
        finding.fixes = if tunnelled && id == "tunnel-down" {
            vec![fix(
                FixKind::Local,
                format!("start the tunnel that listens on {host}:{port}"),
                None,
            )]
        } else {
            self.hinted(FixKind::Local)
        };
        finding
    }

    fn tls(&self) -> Finding {
        let text = self.failure.message.to_lowercase();
        let (id, title) = if self.failure.origin == Origin::TimedOut {
            ("no-answer", "the server fell silent during TLS")
        } else if text.contains("does not offer tls") {
            ("no-tls", "the server does not offer TLS")
        } else if text.contains("is not for") {
            ("wrong-name", "the certificate is for another name")
        } else if text.contains("has expired") {
            (
                "certificate-expired",
                "the server's certificate has expired",
            )
        } else if text.contains("trusted root") {
            (
                "unknown-issuer",
                "the certificate is not signed by a trusted root",
            )
        } else if self.failure.origin == Origin::Lost {
            ("connection-lost", "the connection ended during TLS")
        } else {
            ("tls-failed", "TLS cannot be used")
        };
        let mut finding = self.finding(id, Certainty::Certain, title);
        finding.because = vec![self.said(), "no token or password was sent".to_owned()];
        finding.fixes = self.hinted(FixKind::Profile);
        finding
    }

    /// What a server says between the start-up message and the first prompt.
    fn server(&self) -> Vec<Finding> {
        let iam = matches!(self.profile.sign_in, SignIn::Iam { .. });
        let text = self.failure.message.as_str();
        match self.failure.sqlstate.as_deref() {
            Some("28P01") if iam => token_refusal::by_password_rule(self),
            Some("28P01") => vec![self.wrong_password()],
            Some("28000") if text.contains("PAM") && iam => token_refusal::by_pam(self),
            Some("28000") if text.contains("PAM") => {
                vec![token_refusal::password_to_iam_role(self)]
            }
            Some("28000") if text.contains("not permitted to log in") => vec![self.nologin()],
            Some("28000") if text.contains("pg_hba.conf") => vec![self.host_rules()],
            Some("3D000") => vec![self.database_missing()],
            Some("55000") => vec![self.database_closed()],
            Some("42501") => vec![self.no_connect()],
            Some("53300") => vec![self.limit()],
            Some("57P03") => vec![self.not_ready()],
            Some(_) => vec![self.otherwise("server-refused", "the server refused the connection")],
            None if self.failure.origin == Origin::TimedOut => {
                vec![self.otherwise("no-answer", "the server did not answer in time")]
            }
            None => vec![self.otherwise("connection-lost", "the server closed the connection")],
        }
    }

    fn otherwise(&self, id: &'static str, title: &str) -> Finding {
        let mut finding = self.finding(id, Certainty::Certain, title);
        finding.because = vec![self.said()];
        finding.fixes = self.hinted(FixKind::Local);
        finding
    }

    fn wrong_password(&self) -> Finding {
        let user = &self.profile.user;
        let mut finding = self.finding(
            "wrong-password",
            Certainty::Likely,
            format!("the password of {user} was not accepted"),
        );
        finding.because = vec![
            self.said(),
            "the server says the same for a wrong, an expired and a missing password, and for a role that does not exist"
                .to_owned(),
        ];
        finding.fixes = vec![fix(
            FixKind::Local,
            "check PGPASSWORD, ~/.pgpass and the spelling of the user",
            None,
        )];
        finding
    }

    fn nologin(&self) -> Finding {
        let user = &self.profile.user;
        let mut finding = self.finding(
            "role-cannot-log-in",
            Certainty::Certain,
            format!("{user} is not permitted to log in"),
        );
        finding.because = vec![
            self.said(),
            "this is checked after the token or password, so that was accepted".to_owned(),
        ];
        let statement = format!("ALTER ROLE {} LOGIN", ident::role(user));
        finding.fixes = vec![fix(
            FixKind::Sql,
            statement,
            Some("a role with CREATEROLE that administers it"),
        )];
        finding
    }

    fn host_rules(&self) -> Finding {
        let text = self.failure.message.as_str();
        let in_clear = text.contains("no encryption") || text.contains("SSL off");
        let mut finding = if in_clear {
            self.finding(
                "tls-required",
                Certainty::Certain,
                "the server takes no unencrypted connection for this role",
            )
        } else {
            self.finding(
                "not-let-in",
                Certainty::Certain,
                "no rule of the server lets this role into this database",
            )
        };
        finding.because = vec![self.said()];
        if text.contains("rejects connection") {
            finding.because.push(
                "a rule that rejects: RDS has one for members of rds_iam that come without TLS"
                    .to_owned(),
            );
        }
        finding.fixes = if in_clear {
            vec![fix(FixKind::Profile, "set tls.mode to verify-full", None)]
        } else {
            vec![fix(
                FixKind::Profile,
                "check user and database: rdsadmin and replication are closed to everyone",
                None,
            )]
        };
        finding
    }

    fn token_proven(&self) -> String {
        match self.profile.sign_in {
            SignIn::Iam { .. } => {
                "databases are looked at after sign-in, so the token was accepted".to_owned()
            }
            _ => "databases are looked at after sign-in, so that went well".to_owned(),
        }
    }

    fn database_missing(&self) -> Finding {
        let database = &self.profile.database;
        let mut finding = self.finding(
            "database-missing",
            Certainty::Certain,
            format!("there is no database named {database}"),
        );
        finding.because = vec![self.said(), self.token_proven()];
        finding.fixes = vec![
            fix(
                FixKind::Profile,
                "correct the database's name; upper and lower case differ",
                None,
            ),
            fix(
                FixKind::Sql,
                format!("CREATE DATABASE {}", ident::quoted(database)),
                Some("a role with CREATEDB"),
            ),
        ];
        finding
    }

    fn database_closed(&self) -> Finding {
        let database = &self.profile.database;
        let mut finding = self.finding(
            "database-closed",
            Certainty::Certain,
            format!("{database} does not accept connections"),
        );
        finding.because = vec![self.said(), self.token_proven()];
        let statement = format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
            ident::quoted(database)
        );
        finding.fixes = vec![fix(FixKind::Sql, statement, Some("the database's owner"))];
        finding
    }

    fn no_connect(&self) -> Finding {
        let (user, database) = (&self.profile.user, &self.profile.database);
        let mut finding = self.finding(
            "no-connect-privilege",
            Certainty::Certain,
            format!("{user} has no CONNECT on {database}"),
        );
        finding.because = vec![
            self.said(),
            self.token_proven(),
            "GRANT rds_superuser is not needed: it opens far more, and one privilege is what is missing".to_owned(),
        ];
        let statement = format!(
            "GRANT CONNECT ON DATABASE {} TO {}",
            ident::quoted(database),
            ident::role(user)
        );
        finding.fixes = vec![fix(FixKind::Sql, statement, Some("the database's owner"))];
        finding
    }

    fn limit(&self) -> Finding {
        let text = self.failure.message.as_str();
        let (user, database) = (&self.profile.user, &self.profile.database);
        let mut finding = self.finding(
            "too-many-connections",
            Certainty::Certain,
            "a connection limit is reached",
        );
        finding.because = vec![self.said()];
        finding.fixes = if text.contains("for role") {
            vec![fix(
                FixKind::Sql,
                format!("ALTER ROLE {} CONNECTION LIMIT -1", ident::role(user)),
                Some("a role with CREATEROLE that administers it"),
            )]
        } else if text.contains("for database") {
            finding.because.push(self.token_proven());
            vec![fix(
                FixKind::Sql,
                format!(
                    "ALTER DATABASE {} CONNECTION LIMIT -1",
                    ident::quoted(database)
                ),
                Some("the database's owner"),
            )]
        } else if text.contains("reserved") || text.contains("remaining connection slots") {
            finding
                .because
                .push("the last slots are kept for administrators".to_owned());
            vec![fix(
                FixKind::Local,
                "close idle sessions, or put a pooler before the server",
                None,
            )]
        } else {
            vec![fix(
                FixKind::Aws,
                "close idle sessions, raise max_connections, or use RDS Proxy",
                None,
            )]
        };
        finding
    }

    fn not_ready(&self) -> Finding {
        let mut finding = self.finding(
            "server-not-ready",
            Certainty::Certain,
            "the server is starting, stopping or recovering",
        );
        finding.because = vec![self.said()];
        finding.fixes = vec![fix(
            FixKind::Local,
            "try again in a moment; after a failover the name may point elsewhere",
            None,
        )];
        finding
    }
}

/// One thing that would mend it.
pub(super) fn fix(kind: FixKind, text: impl Into<String>, run_as: Option<&str>) -> Fix {
    Fix {
        kind,
        text: text.into(),
        run_as: run_as.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::findings::IDS;

    fn profile(sign_in: SignIn) -> Profile {
        Profile {
            name: "p".into(),
            host: "o.c9.eu-central-1.rds.amazonaws.com".into(),
            port: 5432,
            database: "My Db".into(),
            user: "Ann O'Neil".into(),
            sign_in,
            ..Profile::default()
        }
    }

    fn explained(sign_in: SignIn, sqlstate: &str, message: &str) -> Vec<Finding> {
        let failure = Failure {
            sqlstate: Some(sqlstate.into()),
            ..Failure::new(Phase::Connecting(Stage::SignIn), Origin::Server, message)
        };
        let found = findings(&profile(sign_in), &[], &failure);
        for finding in &found {
            assert!(
                IDS.iter().any(|(id, _)| *id == finding.id),
                "{} is not listed",
                finding.id
            );
            assert!(
                !finding
                    .fixes
                    .iter()
                    .any(|fix| fix.text.contains("rds_superuser")),
                "{finding:?}"
            );
        }
        found
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn a_server_refusal_is_told_by_state_and_text() {
        let iam = SignIn::default;
        for (sign_in, sqlstate, message, id, sql) in [
            (
                iam(),
                "28P01",
                "password authentication failed for user \"x\"",
                "role-not-in-rds-iam",
                "GRANT rds_iam TO \"Ann O'Neil\"",
            ),
            (
                SignIn::Password,
                "28P01",
                "password authentication failed for user \"x\"",
                "wrong-password",
                "",
            ),
            (
                iam(),
                "28000",
                "PAM authentication failed for user \"x\"",
                "token-refused",
                "",
            ),
            (
                SignIn::Password,
                "28000",
                "PAM authentication failed for user \"x\"",
                "password-sent-to-iam-role",
                "",
            ),
            (
                iam(),
                "28000",
                "role \"x\" is not permitted to log in",
                "role-cannot-log-in",
                "ALTER ROLE \"Ann O'Neil\" LOGIN",
            ),
            (
                iam(),
                "28000",
                "no pg_hba.conf entry for host \"h\", user \"x\", database \"d\", no encryption",
                "tls-required",
                "",
            ),
            (
                iam(),
                "28000",
                "pg_hba.conf rejects connection for host \"h\", user \"x\", database \"d\", no encryption",
                "tls-required",
                "",
            ),
            (
                iam(),
                "28000",
                "no pg_hba.conf entry for host \"h\", user \"x\", database \"d\", SSL encryption",
                "not-let-in",
                "",
            ),
            (
                iam(),
                "3D000",
                "database \"d\" does not exist",
                "database-missing",
                "",
            ),
            (
                iam(),
                "55000",
                "database \"d\" is not currently accepting connections",
                "database-closed",
                "ALTER DATABASE \"My Db\" ALLOW_CONNECTIONS true",
            ),
            (
                iam(),
                "42501",
                "permission denied for database \"d\"",
                "no-connect-privilege",
                "GRANT CONNECT ON DATABASE \"My Db\" TO \"Ann O'Neil\"",
            ),
            (
                iam(),
                "53300",
                "too many connections for role \"x\"",
                "too-many-connections",
                "ALTER ROLE \"Ann O'Neil\" CONNECTION LIMIT -1",
            ),
            (
                iam(),
                "53300",
                "too many connections for database \"d\"",
                "too-many-connections",
                "ALTER DATABASE \"My Db\" CONNECTION LIMIT -1",
            ),
            (
                iam(),
                "57P03",
                "the database system is starting up",
                "server-not-ready",
                "",
            ),
        ] {
            let found = explained(sign_in, sqlstate, message);
            assert_eq!(found[0].id, id, "{message}");
            if !sql.is_empty() {
                assert_eq!(found[0].fixes[0].text, sql, "{message}");
                assert_eq!(found[0].fixes[0].kind, FixKind::Sql);
            }
        }
    }
}

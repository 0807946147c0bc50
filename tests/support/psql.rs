//! psql against the stand-in, by the way a profile would take: the endpoint's name, the front's
//! address, verified TLS and a fresh token.

use std::process::{Command, Output};

use pgiam::adapters::sign::SignedFor;
use pgiam::standin::Standin;
use pgiam::standin::sample::{DATABASE, HOST, PORT, REGION};

use super::signer::sign;

/// One attempt by psql: what to change, then what it said.
pub(crate) struct Psql<'a> {
    standin: &'a Standin,
    user: &'a str,
    password: String,
    database: &'a str,
    sslmode: &'a str,
}

impl<'a> Psql<'a> {
    pub(crate) fn with_token(standin: &'a Standin, user: &'a str) -> Self {
        let password = token(standin, user);
        Self {
            standin,
            user,
            password,
            database: DATABASE,
            sslmode: "verify-full",
        }
    }

    pub(crate) fn password(mut self, password: impl Into<String>) -> Self {
        self.password = password.into();
        self
    }

    pub(crate) fn database(mut self, database: &'a str) -> Self {
        self.database = database;
        self
    }

    pub(crate) fn sslmode(mut self, sslmode: &'a str) -> Self {
        self.sslmode = sslmode;
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-At", "-v", "VERBOSITY=verbose"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("PGHOST", HOST)
            .env("PGHOSTADDR", "127.0.0.1")
            .env("PGPORT", self.standin.dial().port().to_string())
            .env("PGUSER", self.user)
            .env("PGDATABASE", self.database)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", self.sslmode)
            .env("PGGSSENCMODE", "disable")
            .env("PGSSLROOTCERT", self.standin.root_certificate());
        command
    }

    pub(crate) fn run(&self, sql: &str) -> Output {
        self.command().args(["-c", sql]).output().unwrap()
    }

    /// What the statement printed; the test fails if it was refused.
    pub(crate) fn answer(&self, sql: &str) -> String {
        let output = self.run(sql);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// What was said in refusal; the test fails if it worked.
    pub(crate) fn refusal(&self, sql: &str) -> String {
        let output = self.run(sql);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

pub(crate) fn token(standin: &Standin, user: &str) -> String {
    sign(&standin.keys().lasting, endpoint(user), now())
}

pub(crate) fn endpoint(user: &str) -> SignedFor<'_> {
    SignedFor {
        host: HOST,
        port: PORT,
        user,
        region: REGION,
    }
}

pub(crate) fn now() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

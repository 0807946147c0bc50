//! The server both programs are measured on: a private cluster with seeded data and TLS.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pgiam::standin::Cluster;
use pgiam::standin::cluster::SUPERUSER;
use tokio_postgres::NoTls;

use crate::Options;
use crate::pty::Terminal;

/// The database with tables of many rows.
pub(crate) const ROWS: &str = "bench_rows";
/// The database with 10,000 tables.
pub(crate) const CATALOG: &str = "bench_catalog";

/// A table of this size has a first and a last row that are told by text found nowhere else:
/// the beginnings of `md5('1')` and of `md5` of the last number.
pub(crate) const FIRST_ROW: &str = "c4ca4238";

/// Memory enough that rows come from memory, and nothing that runs by itself.
const SETTINGS: [&str; 4] = [
    "ALTER SYSTEM SET shared_buffers = '1GB'",
    "ALTER SYSTEM SET max_wal_size = '8GB'",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET ssl = on",
];

/// How TLS is used; both programs use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    Unverified,
    /// Verified against the RDS bundle of 100 and more roots with the server's own added.
    Verified,
}

impl Encryption {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "disable",
            Self::Unverified => "require",
            Self::Verified => "verify-full",
        }
    }
}

/// The server, and where the two programs are.
pub(crate) struct Server {
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
    home: tempfile::TempDir,
    pgiam: PathBuf,
    psql: PathBuf,
    pub(crate) mixed_rows: u32,
    pub(crate) narrow_rows: u32,
}

impl Server {
    /// Starts and seeds a server.
    pub(crate) fn start(options: &Options) -> Self {
        let cluster = Cluster::start().unwrap();
        let data = cluster.folder().join("data");
        let owner = fs::metadata(&data).unwrap();
        let issued =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate = issued.cert.pem();
        for (name, text) in [
            ("server.crt", certificate.clone()),
            ("server.key", issued.signing_key.serialize_pem()),
            // Nobody else reaches the port of a private server on this machine's own address.
            (
                "pg_hba.conf",
                "local all all trust\nhost all all 127.0.0.1/32 trust\n".to_owned(),
            ),
        ] {
            let path = data.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        for setting in SETTINGS {
            cluster.execute("postgres", setting).unwrap();
        }
        cluster.execute("postgres", "CHECKPOINT").unwrap();
        cluster.crash();
        cluster.resume().unwrap();
        let home = tempfile::tempdir().unwrap();
        let roots = format!(
            "{}\n{certificate}",
            include_str!("../../assets/rds-roots.pem")
        );
        fs::write(home.path().join("roots.pem"), roots).unwrap();
        let server = Self {
            cluster,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            home,
            pgiam: options
                .pgiam
                .clone()
                .unwrap_or_else(|| env!("CARGO_BIN_EXE_pgiam").into()),
            psql: options.psql.clone().unwrap_or_else(psql),
            mixed_rows: options.mixed_rows,
            narrow_rows: options.narrow_rows,
        };
        server.write_profiles();
        server
    }

    /// Seeds the tables of many rows, once.
    pub(crate) fn seed_rows(&self) {
        let script = include_str!("../seed/rows.sql")
            .replace("{mixed}", &self.mixed_rows.to_string())
            .replace("{narrow}", &self.narrow_rows.to_string());
        self.seed(ROWS, [script]);
    }

    /// Seeds the 10,000 tables, once; a transaction a schema, since the server's own bookkeeping of
    /// what changed grows with a transaction.
    pub(crate) fn seed_catalog(&self) {
        let roles = include_str!("../seed/roles.sql").to_owned();
        let schemas = (0..100).map(|number| {
            include_str!("../seed/schema.sql").replace("{schema}", &number.to_string())
        });
        self.seed(CATALOG, std::iter::once(roles).chain(schemas));
    }

    fn seed(&self, database: &str, scripts: impl IntoIterator<Item = String>) {
        let create = format!("CREATE DATABASE {database}");
        if self.cluster.execute("postgres", &create).is_err() {
            return;
        }
        eprintln!("seeding {database} …");
        for script in scripts {
            self.cluster.execute(database, &script).unwrap();
        }
        self.cluster
            .execute(database, "VACUUM (ANALYZE, FREEZE)")
            .unwrap();
        self.cluster.execute(database, "CHECKPOINT").unwrap();
    }

    /// Profiles for each database and way of TLS, and as many more as make a hundred.
    fn write_profiles(&self) {
        let mut text = "version = 1\n".to_owned();
        let port = self.cluster.port();
        for database in [ROWS, CATALOG] {
            for encryption in [
                Encryption::None,
                Encryption::Unverified,
                Encryption::Verified,
            ] {
                text.push_str(&format!(
                    "\n[[profile]]\nname = \"{}\"\ngroup = \"bench\"\nhost = \"localhost\"\nport = {port}\n\
                     database = \"{database}\"\nuser = \"{SUPERUSER}\"\n\
                     [profile.sign_in]\nmethod = \"none\"\n\
                     [profile.tls]\nmode = \"{}\"\nroot_certificates = \"{}\"\n\
                     [profile.route]\ndial = \"127.0.0.1:{port}\"\n",
                    profile(database, encryption),
                    encryption.word(),
                    self.roots().display(),
                ));
            }
        }
        for number in 6..100 {
            text.push_str(&format!(
                "\n[[profile]]\nname = \"saved-{number}\"\ngroup = \"saved\"\n\
                 host = \"orders-{number}.c9xk2.eu-central-1.rds.amazonaws.com\"\nport = 5432\n\
                 database = \"orders\"\nuser = \"analyst\"\n[profile.sign_in]\nmethod = \"iam\"\n"
            ));
        }
        fs::write(self.home.path().join("profiles.toml"), text).unwrap();
    }

    fn roots(&self) -> PathBuf {
        self.home.path().join("roots.pem")
    }

    /// The folder with pgiam's files.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn pgiam_environment(&self) -> Vec<(String, String)> {
        let home = self.home.path().display().to_string();
        vec![
            ("PGIAM_CONFIG_HOME".to_owned(), home.clone()),
            ("HOME".to_owned(), home),
        ]
    }

    fn psql_environment(&self, database: &str, encryption: Encryption) -> Vec<(String, String)> {
        [
            ("PGHOST", "localhost".to_owned()),
            ("PGHOSTADDR", "127.0.0.1".to_owned()),
            ("PGPORT", self.cluster.port().to_string()),
            ("PGUSER", SUPERUSER.to_owned()),
            ("PGDATABASE", database.to_owned()),
            ("PGSSLMODE", encryption.word().to_owned()),
            // With a file of roots `require` would verify, too (libpq, "Protection Provided in
            // Different Modes").
            (
                "PGSSLROOTCERT",
                match encryption {
                    Encryption::Verified => self.roots().display().to_string(),
                    Encryption::None | Encryption::Unverified => String::new(),
                },
            ),
            ("PSQL_PAGER", "less -S".to_owned()),
            ("LESS", String::new()),
            ("HOME", self.home.path().display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// pgiam on a terminal.
    pub(crate) fn pgiam(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.pgiam, arguments, &self.pgiam_environment())
    }

    /// pgiam's workspace of a database, in clear, with its catalog read.
    pub(crate) fn workspace(&self, database: &str) -> Terminal {
        let mut terminal = self.pgiam(&["connect", &profile(database, Encryption::None)]);
        terminal.shows("idle");
        terminal.shows("other databases");
        terminal.settle(Duration::from_millis(300));
        terminal
    }

    /// psql on a terminal, not yet at its prompt.
    pub(crate) fn psql_starting(&self, database: &str, encryption: Encryption) -> Terminal {
        let environment = self.psql_environment(database, encryption);
        Terminal::start(&self.psql, &["-X"], &environment)
    }

    /// psql at its prompt.
    pub(crate) fn psql(&self, database: &str) -> Terminal {
        let mut terminal = self.psql_starting(database, Encryption::None);
        terminal.shows("=#");
        terminal
    }

    /// A command that runs pgiam.
    pub(crate) fn pgiam_command(&self, arguments: &[&str]) -> Command {
        command(&self.pgiam, arguments, self.pgiam_environment())
    }

    /// A command that runs psql on a database.
    pub(crate) fn psql_command(&self, database: &str, arguments: &[&str]) -> Command {
        let environment = self.psql_environment(database, Encryption::None);
        command(&self.psql, arguments, environment)
    }

    /// Waits until as many sessions run `statement`, and says when that was seen.
    pub(crate) fn when_running(&self, statement: &str, sessions: i64) -> Option<Instant> {
        let question = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{statement}%' \
             AND pid <> pg_backend_pid()"
        );
        let config = self.cluster.socket_config(SUPERUSER, "postgres");
        self.runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.unwrap();
            let driving = tokio::spawn(connection);
            let question = client.prepare(&question).await.unwrap();
            let until = Instant::now() + Duration::from_secs(20);
            let mut found = None;
            while found.is_none() && Instant::now() < until {
                let row = client.query_one(&question, &[]).await.unwrap();
                let now = Instant::now();
                found = (row.get::<_, i64>(0) == sessions).then_some(now);
            }
            driving.abort();
            found
        })
    }

    /// The server stops as by a crash.
    pub(crate) fn crash(&self) {
        self.cluster.crash();
    }

    /// It comes back.
    pub(crate) fn resume(&self) {
        self.cluster.resume().unwrap();
    }
}

/// psql itself: what Debian puts on `PATH` is a wrapper that looks for it for 40 ms.
fn psql() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/psql"))
        .filter(|psql| psql.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| "psql".into())
}

/// The name of the profile that reaches a database.
pub(crate) fn profile(database: &str, encryption: Encryption) -> String {
    format!("{database}-{}", encryption.word())
}

fn command(program: &Path, arguments: &[&str], environment: Vec<(String, String)>) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(environment);
    command
}

//! A private PostgreSQL: one temporary folder, one server, gone when we go.
//!
//! The server listens in two places. The socket in the private folder lets anybody in without a
//! password, because only we (and root) can reach it. The port on 127.0.0.1 asks for passwords.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::chance;
use super::keeper::Keeper;
use super::locate::{Account, LocateError, Programs};
use crate::domain::token::Password;

/// The bootstrap superuser, named as on RDS.
pub const SUPERUSER: &str = "rdsadmin";

/// How long a server may take to accept connections; a fresh one needs a tenth of a second.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How often another port is tried when somebody else was quicker.
const PORT_ATTEMPTS: u32 = 8;

/// Longest path of the socket folder. The whole socket path must fit `sun_path`: 104 bytes on
/// macOS, 108 on Linux, and `/.s.PGSQL.65535` takes 15.
const SOCKET_FOLDER_BYTES: usize = 88;

/// Durability costs time and the data lives for minutes: `fsync` and friends are off (PostgreSQL
/// documentation, "Non-Durable Settings"). `wal_level=minimal` lets the sample data skip the log.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = '32MB'
max_wal_size = '64MB'
shared_buffers = '64MB'
max_connections = 100
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
cluster_name = 'pgiam-standin'
";

/// Token or password is the front's decision; here it is known by the way a session comes.
const ADMISSION: &str = "
local all all trust
host all all 127.0.0.1/32 scram-sha-256
";

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No PostgreSQL, or nobody to run it as.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// The private folder could not be made.
    #[error("cannot prepare a temporary folder for PostgreSQL: {0}")]
    Folder(#[from] io::Error),
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Initdb(String),
    /// The server did not come up.
    #[error("PostgreSQL did not start: {0}")]
    Start(String),
    /// The server refused a statement of ours.
    #[error("PostgreSQL could not be prepared: {0}")]
    Prepare(String),
}

/// A running private PostgreSQL. Dropping it stops the server and removes the folder.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: Programs,
    account: Option<Account>,
    port: u16,
    password: Password,
    server: Mutex<Option<Child>>,
    keeper: Keeper,
}

impl Cluster {
    /// Makes a data folder and starts a server on a free port; takes about a second and a half and
    /// blocks meanwhile.
    pub fn start() -> Result<Self, ClusterError> {
        Self::of(Programs::find()?)
    }

    /// The same with the server programs of a version of choice.
    pub fn of(programs: Programs) -> Result<Self, ClusterError> {
        let account = Account::to_become()?;
        let folder = private_folder(account)?;
        let keeper = Keeper::watch(&folder)?;
        let mut cluster = Self {
            folder,
            programs,
            account,
            port: 0,
            password: Password::new(chance::word(32)?),
            server: Mutex::new(None),
            keeper,
        };
        cluster.own_folder("data")?;
        cluster.own_folder("socket")?;
        cluster.initialise()?;
        cluster.port = cluster.launch_on_a_free_port()?;
        let password = format!(
            "ALTER ROLE {SUPERUSER} PASSWORD '{}'",
            cluster.password.expose()
        );
        cluster.execute("postgres", &password)?;
        Ok(cluster)
    }

    /// The private folder; all of it disappears with the cluster.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the socket, which lets in whoever reaches it.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The server's port on 127.0.0.1, also part of its socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// PostgreSQL's major version.
    pub fn major_version(&self) -> u32 {
        self.programs.major
    }

    /// A URL that reaches `database` as the superuser over TCP, from any account of this machine.
    /// `database` must need no percent-encoding.
    pub fn superuser_url(&self, database: &str) -> String {
        format!(
            "postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}?sslmode=disable",
            self.password.expose(),
            self.port
        )
    }

    /// How to reach the server as `user` without a password, through the private socket.
    pub fn socket_config(&self, user: &str, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        let _ = config
            .host_path(self.socket_folder())
            .port(self.port)
            .user(user)
            .dbname(database)
            .application_name("pgiam-standin");
        config
    }

    /// Runs a script as the superuser and waits for it, with or without a runtime around.
    ///
    /// Outside an explicit transaction the script is one transaction (PostgreSQL documentation,
    /// "Simple Query"), so `CREATE DATABASE` must come alone.
    pub fn execute(&self, database: &str, script: &str) -> Result<(), ClusterError> {
        let config = self.socket_config(SUPERUSER, database);
        let run = async {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
            let (done, _) = futures_util::future::select(
                Box::pin(async move { client.batch_execute(script).await }),
                Box::pin(connection),
            )
            .await
            .factor_first();
            done
        };
        // A runtime of its own on a thread of its own: the caller may be inside another runtime.
        thread::scope(|scope| {
            scope
                .spawn(|| {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .map_err(ClusterError::Folder)?
                        .block_on(run)
                        .map_err(|error| ClusterError::Prepare(in_full(&error)))
                })
                .join()
                .unwrap_or_else(|_| Err(ClusterError::Prepare("the thread panicked".into())))
        })
    }

    /// Stops the server at once, as a crash would; sessions end without a word more than a warning.
    pub fn crash(&self) {
        let mut server = self.server();
        if let Some(child) = server.as_mut() {
            signal(child, rustix::process::Signal::QUIT);
            let _ = child.wait();
        }
        *server = None;
    }

    /// Starts the server again after [`Self::crash`], on the same port.
    pub fn resume(&self) -> Result<(), ClusterError> {
        self.launch(self.port)
    }

    fn server(&self) -> MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a sub-folder that only the server's account can enter.
    fn own_folder(&self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        fs::create_dir(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        if let Some(account) = self.account {
            chown(&path, Some(account.uid), Some(account.gid))?;
        }
        Ok(())
    }

    /// A command that runs a server program as the right account, deaf to our terminal's signals.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.folder.join(program));
        let _ = command
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                let _ = command.env_remove(name);
            }
        }
        if let Some(account) = self.account {
            let _ = command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn initialise(&self) -> Result<(), ClusterError> {
        let data = self.folder.join("data");
        let output = self
            .command("initdb")
            .arg("--pgdata")
            .arg(&data)
            .args(["--username", SUPERUSER, "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C"])
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(ClusterError::Initdb(last_lines(&said)));
        }
        OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))?
            .write_all(SETTINGS.as_bytes())?;
        File::create(data.join("pg_hba.conf"))?.write_all(ADMISSION.as_bytes())?;
        Ok(())
    }

    /// A port that is free now may be taken a moment later, so a lost race is run again.
    fn launch_on_a_free_port(&self) -> Result<u16, ClusterError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
                .local_addr()?
                .port();
            match self.launch(port) {
                Err(ClusterError::Start(said))
                    if attempts < PORT_ATTEMPTS && said.contains("Address already in use") => {}
                done => return done.map(|()| port),
            }
        }
    }

    fn launch(&self, port: u16) -> Result<(), ClusterError> {
        let log = self.folder.join("postgres.log");
        let mut child = self
            .command("postgres")
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(self.socket_folder())
            .args(["-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let ready = self.wait_until_ready(&mut child, &log);
        if ready.is_err() {
            let _ = child.kill();
            let _ = child.wait();
            return ready;
        }
        *self.server() = Some(child);
        Ok(())
    }

    /// The eighth line of the lock file says how far the server is (`LOCK_FILE_LINE_PM_STATUS` in
    /// PostgreSQL's `miscadmin.h`); `pg_ctl` waits in the same way.
    fn wait_until_ready(&self, child: &mut Child, log: &Path) -> Result<(), ClusterError> {
        let began = Instant::now();
        let lock = self.folder.join("data/postmaster.pid");
        let own_pid = child.id().to_string();
        loop {
            let text = fs::read_to_string(&lock).unwrap_or_default();
            let mut lines = text.lines();
            if lines.next() == Some(&own_pid) && lines.nth(6).map(str::trim) == Some("ready") {
                return Ok(());
            }
            if child.try_wait()?.is_some() || began.elapsed() > READY_WITHIN {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(ClusterError::Start(last_lines(&said)));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.keeper.release();
        // The server is our child: unless we collect it, the keeper sees a zombie as alive.
        if let Some(mut child) = self.server().take() {
            signal(&child, rustix::process::Signal::QUIT);
            let _ = child.wait();
        }
        self.keeper.join();
        // Only if somebody killed the keeper is there anything left.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Makes the private folder where the server's account can reach it and its socket path is short.
fn private_folder(account: Option<Account>) -> io::Result<PathBuf> {
    let candidates = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    let parent = candidates
        .iter()
        .find(|folder| {
            let room = folder.as_os_str().len() + "/pgiam-XXXXXXXX/socket".len();
            room <= SOCKET_FOLDER_BYTES && (account.is_none() || open_to_all(folder))
        })
        .ok_or_else(|| {
            io::Error::other("no temporary folder is short enough and open to other users")
        })?;
    let folder = tempfile::Builder::new()
        .prefix("pgiam-")
        .rand_bytes(8)
        .tempdir_in(fs::canonicalize(parent)?)?
        .keep();
    // Others may pass through to the folder they own, but not look around.
    let mode = if account.is_some() { 0o711 } else { 0o700 };
    fs::set_permissions(&folder, fs::Permissions::from_mode(mode))?;
    Ok(folder)
}

/// Whether any account may pass through `folder` and all its parents.
fn open_to_all(folder: &Path) -> bool {
    folder.ancestors().all(|step| {
        fs::metadata(step).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}

/// An error with its causes, which its own text leaves out.
fn in_full(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refusal) => refusal.to_string(),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

/// The end of a log, in one line.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let kept = lines.get(lines.len().saturating_sub(4)..).unwrap_or(&lines);
    kept.join(" · ")
}

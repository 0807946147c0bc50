//! One running stand-in: the server, its front, its credentials and everything a client must know.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::certificate::{CertificateError, Wardrobe};
use super::chance;
use super::cluster::{Cluster, ClusterError, SUPERUSER};
use super::front::Front;
use super::gate::Gate;
use super::journal::Journal;
use super::keys::Keys;
use super::misbehave::Faults;
use super::sample::{self, DATABASE, GLOBAL_HOST, HOST, PORT, REGION};
use super::verify::Instance;
use crate::domain::profile::Profile;
use crate::domain::token::Password;

/// The account the stand-in belongs to: the one of AWS's own examples.
const ACCOUNT: &str = "123456789012";

/// The stand-in's resource id, as it appears in policies.
const RESOURCE_ID: &str = "db-PGIAMDEMOORDERS4EUCENTRAL1";

/// The journal's file, named after the log that RDS can export to CloudWatch.
const JOURNAL: &str = "iam-db-auth-error.log";

/// Why there is no stand-in.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// PostgreSQL.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// TLS.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Files, the port or randomness.
    #[error("cannot start the local RDS stand-in: {0}")]
    System(#[from] io::Error),
}

/// What may differ between stand-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Rows of the large table, `web.events`.
    pub events: u32,
}

impl Default for Options {
    /// The demo: two million rows.
    fn default() -> Self {
        Self { events: 2_000_000 }
    }
}

impl Options {
    /// For tests that do not need the large table.
    pub const fn small() -> Self {
        Self { events: 1000 }
    }
}

/// A running stand-in. Dropping it stops the server and removes all its files.
#[derive(Debug)]
pub struct Standin {
    // Fields are dropped in this order: nobody is served by a server that is gone.
    _front: FrontThread,
    dial: SocketAddr,
    root: PathBuf,
    keys: Keys,
    master_password: Password,
    faults: Faults,
    journal: Arc<Journal>,
    filled: watch::Receiver<Filled>,
    cluster: Cluster,
}

/// How far the large table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    Partly,
    Wholly,
}

impl Standin {
    /// Starts everything; blocks for about two seconds. Works with or without a runtime around.
    pub fn start(options: Options) -> Result<Self, StandinError> {
        let cluster = Cluster::start()?;
        let master_password = chance::word(24)?;
        sample::furnish(&cluster, &master_password)?;
        let names = [HOST.to_owned(), GLOBAL_HOST.to_owned()];
        let (wardrobe, root_pem) = Wardrobe::make(&names, REGION)?;
        let root = cluster.folder().join("root.pem");
        fs::write(&root, root_pem)?;

        let instance = Instance {
            hosts: names.to_vec(),
            port: PORT,
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            resource_id: RESOURCE_ID.to_owned(),
        };
        let keys = Keys::make(&instance)?;
        let faults = Faults::none();
        let journal = Arc::new(Journal::begin(&cluster.folder().join(JOURNAL))?);
        let gate = Gate::new(
            cluster.socket_config(SUPERUSER, "postgres"),
            instance,
            keys.all(),
        );
        let front = front_of(&cluster, gate, wardrobe, &journal, &faults);
        let (filling, filled) = watch::channel(Filled::Partly);
        let fill = {
            let server = cluster.socket_config(SUPERUSER, DATABASE);
            async move {
                // If the server goes meanwhile, there is nothing left to fill.
                let _ = sample::fill_events(server, options.events).await;
                let _ = filling.send_replace(Filled::Wholly);
            }
        };
        let (front, dial) = FrontThread::start(front, fill)?;
        let standin = Self {
            _front: front,
            dial,
            root,
            keys,
            master_password: Password::new(master_password),
            faults,
            journal,
            filled,
            cluster,
        };
        standin.write_files()?;
        Ok(standin)
    }

    /// The address to dial instead of the endpoint.
    pub fn dial(&self) -> SocketAddr {
        self.dial
    }

    /// The PEM file of the authority that vouches for the endpoint.
    pub fn root_certificate(&self) -> &Path {
        &self.root
    }

    /// The access keys of this run.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The password of the master user.
    pub fn master_password(&self) -> &str {
        self.master_password.expose()
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What came of every token so far.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The file that says why each token was refused.
    pub fn journal_file(&self) -> PathBuf {
        self.cluster.folder().join(JOURNAL)
    }

    /// The server behind the front.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A URL that reaches the real server directly, as its superuser.
    pub fn admin_url(&self) -> String {
        self.cluster.superuser_url(DATABASE)
    }

    /// The demo's profiles, also in the `profiles.toml` that [`Self::environment`] points at.
    pub fn profiles(&self) -> Vec<Profile> {
        sample::profiles(&self.dial.to_string(), &self.root)
    }

    /// Waits until the large table is full; a few seconds after the start with two million rows.
    pub async fn wait_until_filled(&self) {
        let mut filled = self.filled.clone();
        // An error means that the front is gone, which the caller sees soon enough.
        let _ = filled.wait_for(|state| *state == Filled::Wholly).await;
    }

    /// Variables under which pgiam and AWS programs see the stand-in instead of the user's own
    /// profiles and credentials.
    ///
    /// AWS requests other than signing, which is local, go to a closed port: demo keys mean nothing
    /// to AWS and are none of its business.
    pub fn environment(&self) -> BTreeMap<&'static str, String> {
        let folder = self.cluster.folder();
        let path = |name: &str| folder.join(name).display().to_string();
        let keys = &self.keys.lasting;
        BTreeMap::from([
            ("PGIAM_CONFIG_HOME", path("config")),
            ("AWS_CONFIG_FILE", path("aws/config")),
            ("AWS_SHARED_CREDENTIALS_FILE", path("aws/credentials")),
            ("AWS_ACCESS_KEY_ID", keys.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret.clone()),
            // Long-lived keys have none; one left over from the user's own would spoil the token.
            ("AWS_SESSION_TOKEN", String::new()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned()),
            ("AWS_MAX_ATTEMPTS", "1".to_owned()),
            ("PGPASSWORD", self.master_password().to_owned()),
        ])
    }

    /// Private folders for the demo's own profiles and AWS files. No secret is written.
    fn write_files(&self) -> io::Result<()> {
        let folder = self.cluster.folder();
        for name in ["config", "aws"] {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(folder.join(name))?;
        }
        let file = |name: &str, text: &str| {
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(folder.join(name))?
                .write_all(text.as_bytes())
        };
        file("aws/config", "[default]\n")?;
        file("aws/credentials", "")?;
        file(
            "config/profiles.toml",
            &sample::profiles_file(&self.profiles()),
        )
    }
}

/// A front for `cluster`, wired to what the stand-in's owner holds.
fn front_of(
    cluster: &Cluster,
    gate: Gate,
    wardrobe: Wardrobe,
    journal: &Arc<Journal>,
    faults: &Faults,
) -> Front {
    let socket = format!(".s.PGSQL.{}", cluster.port());
    Front {
        gate,
        wardrobe,
        journal: Arc::clone(journal),
        watch: faults.watch(),
        server_port: cluster.port(),
        server_socket: cluster.socket_folder().join(socket),
        major_version: cluster.major_version(),
    }
}

/// The front on a thread and runtime of its own, so that it lives in sync and async callers alike
/// and a busy caller does not slow it.
#[derive(Debug)]
struct FrontThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FrontThread {
    /// Serves clients and runs `beside` in the background until dropped.
    fn start(
        front: Front,
        beside: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<(Self, SocketAddr)> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("standin")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("standin".into())
            .spawn(move || {
                runtime.block_on(async {
                    let listening = async {
                        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                        let address = listener.local_addr()?;
                        Ok((listener, address))
                    };
                    match listening.await {
                        Err(error) => drop(bound.send(Err(error))),
                        Ok((listener, address)) => {
                            drop(bound.send(Ok(address)));
                            drop(tokio::spawn(beside));
                            tokio::select! {
                                _ = Arc::new(front).serve(listener) => {}
                                _ = stopped => {}
                            }
                        }
                    }
                });
                runtime.shutdown_background();
            })?;
        let address = address
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the front ended before it began")))?;
        let front = Self {
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok((front, address))
    }
}

impl Drop for FrontThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

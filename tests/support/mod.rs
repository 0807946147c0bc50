//! What integration tests share: servers that are started once for a test binary, and beginnings of
//! stories that need none.
//!
//! Start a test file with `mod support;`. Statics are never dropped, so the servers are stopped by
//! their keeper when the test process ends (`src/standin/keeper.rs`).

#![allow(dead_code, reason = "every test binary uses a part")]

pub(crate) mod psql;
pub(crate) mod screen;
pub(crate) mod session;
pub(crate) mod signer;
pub(crate) mod story;
pub(crate) mod why;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pgiam::adapters::session::Session;
use pgiam::standin::{Cluster, Options, Standin};

/// A plain PostgreSQL of this test binary, without TLS and without roles of RDS.
///
/// `cluster().superuser_url("postgres")` reaches it; make a database of your own for each test.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().expect("a PostgreSQL for the tests"))
}

/// A fresh, empty database of the shared cluster.
///
/// Returns its superuser URL. `name` must be unique within the test binary and need no quoting.
pub(crate) fn database(name: &str) -> String {
    cluster()
        .execute("postgres", &format!("CREATE DATABASE {name}"))
        .expect("a database for the test");
    cluster().superuser_url(name)
}

/// A session of the superuser in a database of the shared cluster.
pub(crate) async fn superuser_session(database: &str) -> Session {
    session::superuser(cluster(), database).await
}

/// The stand-in of this test binary, with the demo's roles and data but a small large table.
///
/// Tests that set faults or change grants need one of their own: `Standin::start(Options::small())`.
pub(crate) fn standin() -> &'static Standin {
    static STANDIN: OnceLock<Standin> = OnceLock::new();
    STANDIN.get_or_init(|| Standin::start(Options::small()).expect("a stand-in for the tests"))
}

/// Asks again and again until the condition holds; fails after a minute.
pub(crate) fn wait_for(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "it never happened"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

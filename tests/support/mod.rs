//! What integration tests share: servers that are started once for a test binary.
//!
//! Start a test file with `mod support;`. Statics are never dropped, so the servers are stopped by
//! their keeper when the test process ends (`src/standin/keeper.rs`).

#![allow(dead_code, reason = "every test binary uses a part")]

use std::sync::OnceLock;

use pgiam::standin::Cluster;

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

//! The stand-in against real clients: psql and tokio-postgres.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unused_results
)]

mod support;

use std::process::Command;

use pgiam::standin::Cluster;

#[test]
fn a_cluster_answers_over_tcp_and_leaves_nothing_behind() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.superuser_url("postgres");
    let output = Command::new("psql")
        .args(["-XAtc", "SELECT current_user", &url])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "rdsadmin\n");

    let folder = cluster.folder().to_owned();
    let pid = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    drop(cluster);
    assert!(!folder.exists());
    assert!(!std::path::Path::new("/proc").join(pid).exists());
}

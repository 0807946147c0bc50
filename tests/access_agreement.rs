//! The access model against the server's own privilege functions, on randomised databases and on
//! every version of PostgreSQL this machine has.
//!
//! `PGIAM_SEED=clock` tries databases that no run had before, and prints the number that repeats it;
//! `./dev postgres` fetches versions that are not installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::match_bool,
    missing_docs,
    unused_results
)]

mod agreement;
mod support;

use agreement::answers::Answers;
use agreement::generator::Generator;
use agreement::random::{Random, seed};
use agreement::{Tally, changes, forecasts, paths};
use pgiam::adapters::access;
use pgiam::standin::Cluster;
use pgiam::standin::locate::Programs;

const DATABASE: &str = "agreement";

/// Statements about rights in a randomised database.
const STATEMENTS: usize = 900;

/// Answers compared at least.
const ENOUGH: usize = 100_000;

#[test]
fn version_13_agrees() {
    agrees(13);
}

#[test]
fn version_14_agrees() {
    agrees(14);
}

#[test]
fn version_15_agrees() {
    agrees(15);
}

#[test]
fn version_16_agrees() {
    agrees(16);
}

#[test]
fn version_17_agrees() {
    agrees(17);
}

#[test]
fn version_18_agrees() {
    agrees(18);
}

fn agrees(version: u32) {
    let every = Programs::every();
    let Some(programs) = every.into_iter().find(|one| one.major == version) else {
        println!("PostgreSQL {version} is not on this machine: not compared");
        return;
    };
    let cluster = Cluster::of(programs).unwrap();
    cluster
        .execute("postgres", &format!("CREATE DATABASE {DATABASE}"))
        .unwrap();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(compared(&cluster, seed()));
}

async fn compared(cluster: &Cluster, seed: u64) {
    println!("PGIAM_SEED={seed}");
    let session = support::session::superuser(cluster, DATABASE).await;
    let random = Random::of(seed);
    let generator = Generator::found(&session, &random, DATABASE).await;
    let taken = generator.shuffle(STATEMENTS).await;
    assert!(taken > STATEMENTS / 3, "only {taken} statements were taken");

    let rights = access::load(&session).await.unwrap();
    let (answers, mut tally) = Answers::compared(&session, &rights).await;
    tally.settle(seed, &rights);
    let asked = tally.compared;
    let mut derived = Tally::default();
    derived.add(paths::compared(&rights, &answers, &random));
    derived.settle(seed, &rights);
    derived.add(changes::compared(&session, &rights, &random, 75).await);
    derived.settle(seed, &rights);
    derived.add(forecasts::compared(&session, &rights, &answers, &random, 25).await);
    derived.settle(seed, &rights);
    tally.add(derived);
    assert!(asked >= ENOUGH, "only {asked} answers were compared");
    println!(
        "{} comparisons on PostgreSQL {} ({asked} with privilege functions), no disagreement",
        tally.compared,
        rights.version(),
    );
}

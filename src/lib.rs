//! pgiam: a terminal database explorer for Amazon RDS and Aurora PostgreSQL that signs in with
//! IAM tokens and explains refusals.
//!
//! Six rooms, imports only downward (`tests/layers.rs` enforces it):
//!
//! - [`domain`]: every rule that is true without a computer.
//! - [`app`]: what the program knows ([`app::Model`]), what can happen ([`app::Message`]), what it
//!   can ask for ([`app::Effect`]), and [`app::update()`], which turns one into the other.
//! - [`adapters`]: what leaves the process: credentials, signing, sockets, TLS, sessions, files.
//! - [`tui`]: the terminal. `tui/worker.rs` is the one place where `app` meets `adapters`.
//! - [`standin`]: a local RDS to try and test against.
//! - [`cli`]: one file a subcommand.

// Unit tests sit beside the code and may fail loudly.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        unused_results
    )
)]

pub mod adapters;
pub mod app;
pub mod cli;
pub mod domain;
pub mod standin;
pub mod tui;

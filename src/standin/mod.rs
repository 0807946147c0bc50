//! A local RDS to try and test against: a real PostgreSQL behind a TLS front that verifies tokens.
//!
//! It never sees the signer: tokens are verified by code written from the SigV4 specification.

mod chance;
pub mod cluster;
pub mod front;
mod keeper;
pub mod locate;
pub mod misbehave;
pub mod sample;
pub mod verify;

pub use cluster::{Cluster, ClusterError};

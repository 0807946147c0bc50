//! A local RDS to try and test against: a real PostgreSQL behind a TLS front that verifies tokens.
//!
//! It never sees the signer: tokens are verified by code written from the SigV4 specification.

pub mod cluster;
pub mod front;
pub mod misbehave;
pub mod sample;
pub mod verify;

//! A local RDS to try and test against: a real PostgreSQL behind a TLS front that verifies tokens.
//!
//! | Piece | Is |
//! |---|---|
//! | [`cluster`] | the real server: found, started unprivileged in one private folder, gone when we go |
//! | `front` | what clients talk to: TLS, token or password, then bytes passed both ways |
//! | [`verify`] | the token check, from the SigV4 specification; it never sees the signer |
//! | [`misbehave`] | faults on request |
//! | [`journal`] | why each token was refused, which clients are never told |
//! | [`sample`] | a small shop, roles that each miss something, profiles that show it |
//!
//! A client's connection begins at the front, which decides what RDS decides before PostgreSQL
//! does; the rest of it is a session of the real server, whose own refusals pass through unchanged.

mod certificate;
mod chance;
pub mod cluster;
mod front;
mod gate;
pub mod journal;
mod keeper;
pub mod keys;
pub mod locate;
pub mod misbehave;
pub mod policy;
pub mod rds;
mod relay;
pub mod sample;
pub mod verify;
mod wire;

pub use cluster::{Cluster, ClusterError};
pub use rds::{Options, Standin, StandinError};

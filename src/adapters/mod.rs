//! What leaves the process: credentials, signing, sockets, TLS, sessions, files.
//!
//! Decides nothing about what the person sees. Every foreign error becomes a
//! [`crate::domain::failure::Failure`] in [`refusal`], and nowhere else.

pub mod access;
pub mod cancel;
pub mod catalog;
pub mod clipboard;
pub mod connect;
pub mod credentials;
pub mod dial;
pub mod edits;
pub mod explain;
mod https;
mod parameters;
pub mod password;
pub mod refusal;
pub mod rehearsal;
pub mod remedy;
mod rows;
pub mod secret;
pub mod session;
pub mod sign;
pub mod storage;
pub mod tls;
pub mod tls_hello;
pub mod transport;
pub mod tunnel;
pub mod wire_record;
pub mod wire_tap;

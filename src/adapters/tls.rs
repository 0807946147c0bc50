//! native-tls, the RDS roots, and libpq's five modes.
//!
//! Source: PostgreSQL documentation, "SSL Support" (libpq); native-tls on OpenSSL, SChannel or
//! Secure Transport.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use native_tls::{Certificate, Protocol, TlsConnector};

use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::{Roots, TlsMode};
use crate::domain::stage::Stage;

/// The root certificates of Amazon RDS; source and date are in the file's first lines.
pub const RDS_ROOTS: &[u8] = include_bytes!("../../assets/rds-roots.pem");

/// Builds connectors once and hands them out: parsing the bundle and building one takes tens of
/// milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Connectors(Arc<Mutex<HashMap<Key, Slot>>>);

/// What a connector is built from. A file may be replaced while the program runs: when it was last
/// written is part of what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    mode: TlsMode,
    roots: String,
    written: Option<SystemTime>,
}

impl Key {
    fn of(mode: TlsMode, roots: &Roots) -> Self {
        if !verifies(mode) {
            return Self {
                mode,
                roots: String::new(),
                written: None,
            };
        }
        let written = match roots {
            Roots::Rds | Roots::System => None,
            Roots::File(path) => fs::metadata(expanded(path))
                .and_then(|metadata| metadata.modified())
                .ok(),
        };
        Self {
            mode,
            roots: roots.word().to_owned(),
            written,
        }
    }
}

const fn verifies(mode: TlsMode) -> bool {
    matches!(mode, TlsMode::VerifyCa | TlsMode::VerifyFull)
}

/// A connector, or somebody who builds it: whoever comes meanwhile waits instead of building another.
type Slot = Arc<Mutex<Option<TlsConnector>>>;

impl Connectors {
    /// The connector for a mode and its roots; `None` for [`TlsMode::Disable`]. Blocks while it is
    /// built: call it off the interface's threads.
    pub fn get(&self, mode: TlsMode, roots: &Roots) -> Result<Option<TlsConnector>, Failure> {
        if mode == TlsMode::Disable {
            return Ok(None);
        }
        let slot = Arc::clone(locked(&self.0).entry(Key::of(mode, roots)).or_default());
        let mut slot = locked(&slot);
        if let Some(known) = &*slot {
            return Ok(Some(known.clone()));
        }
        let connector = build(mode, roots)?;
        *slot = Some(connector.clone());
        Ok(Some(connector))
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn build(mode: TlsMode, roots: &Roots) -> Result<TlsConnector, Failure> {
    let mut builder = TlsConnector::builder();
    let _ = builder.min_protocol_version(Some(Protocol::Tlsv12));
    match mode {
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            let _ = builder
                .danger_accept_invalid_certs(true)
                .danger_accept_invalid_hostnames(true);
        }
        TlsMode::VerifyCa => {
            let _ = builder.danger_accept_invalid_hostnames(true);
        }
        TlsMode::VerifyFull => {}
    }
    if verifies(mode) {
        for certificate in trusted(roots)? {
            let _ = builder.add_root_certificate(certificate);
        }
        let _ = builder.disable_built_in_roots(*roots != Roots::System);
    }
    builder
        .build()
        .map_err(|error| failure(format!("TLS cannot be set up: {error}")))
}

/// The certificates of the chosen roots; empty for the system's, which TLS brings along.
fn trusted(roots: &Roots) -> Result<Vec<Certificate>, Failure> {
    let (pem, name) = match roots {
        Roots::System => return Ok(Vec::new()),
        Roots::Rds => (RDS_ROOTS.to_vec(), "the shipped RDS roots".to_owned()),
        Roots::File(path) => {
            let path = expanded(path);
            let pem = fs::read(&path).map_err(|error| {
                failure(format!("root certificates {}: {error}", path.display())).with_hint(
                    "correct tls.root_certificates: rds, system, or the path of a PEM file",
                )
            })?;
            (pem, path.display().to_string())
        }
    };
    // `Certificate::from_pem` would load the first certificate of a bundle and drop the others.
    let certificates = Certificate::stack_from_pem(&pem)
        .map_err(|error| failure(format!("{name} cannot be read: {error}")))?;
    if certificates.is_empty() {
        return Err(failure(format!("{name} holds no certificate")).with_hint(
            "the file must hold PEM blocks that begin with -----BEGIN CERTIFICATE-----",
        ));
    }
    Ok(certificates)
}

/// A leading `~/` is the home folder, as in a shell.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn failure(message: String) -> Failure {
    Failure::new(Phase::Connecting(Stage::Tls), Origin::Local, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_root_is_loaded() {
        let blocks = RDS_ROOTS
            .windows(27)
            .filter(|window| window == b"-----BEGIN CERTIFICATE-----")
            .count();
        assert!(blocks > 80, "{blocks}");
        assert_eq!(trusted(&Roots::Rds).unwrap().len(), blocks);
    }

    #[test]
    fn a_missing_file_is_named() {
        let failure = Connectors::default()
            .get(TlsMode::VerifyFull, &Roots::File("/no/such.pem".into()))
            .unwrap_err();
        assert!(
            failure.message.contains("/no/such.pem"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn an_unverified_mode_reads_no_roots() {
        let connectors = Connectors::default();
        assert!(
            connectors
                .get(TlsMode::Require, &Roots::File("/no/such.pem".into()))
                .unwrap()
                .is_some()
        );
        assert!(
            connectors
                .get(TlsMode::Disable, &Roots::Rds)
                .unwrap()
                .is_none()
        );
    }
}

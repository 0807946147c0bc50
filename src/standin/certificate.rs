//! Certificates of one run: a private authority, as RDS is one, and what it (or somebody else)
//! vouches for.

use native_tls::{Identity, Protocol, TlsAcceptor};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use super::misbehave::Presents;

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// They could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The TLS library does not take them.
    #[error("cannot use the certificate made for this run: {0}")]
    Use(#[from] native_tls::Error),
}

/// A certificate authority of this run.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - Duration::days(30);
        params.not_after = now + Duration::days(365);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            pem,
            issuer: Issuer::new(params, key),
        })
    }

    /// Vouches for a server with these names until `until`.
    fn acceptor(
        &self,
        names: &[String],
        until: OffsetDateTime,
    ) -> Result<TlsAcceptor, CertificateError> {
        let mut params = CertificateParams::new(names)?;
        if let Some(name) = names.first() {
            params
                .distinguished_name
                .push(DnType::CommonName, name.as_str());
        }
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = until - Duration::days(100);
        params.not_after = until;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let identity =
            Identity::from_pkcs8(certificate.pem().as_bytes(), key.serialize_pem().as_bytes())?;
        Ok(TlsAcceptor::builder(identity)
            .min_protocol_version(Some(Protocol::Tlsv12))
            .build()?)
    }
}

/// What the front can present, good and bad.
#[derive(Clone)]
pub(super) struct Wardrobe {
    itself: tokio_native_tls::TlsAcceptor,
    stranger: tokio_native_tls::TlsAcceptor,
    another_name: tokio_native_tls::TlsAcceptor,
    expired: tokio_native_tls::TlsAcceptor,
}

impl Wardrobe {
    /// Makes all certificates for a server with `names` in `region`. Returns the authority's own as
    /// PEM, which clients must trust.
    pub(super) fn make(names: &[String], region: &str) -> Result<(Self, String), CertificateError> {
        let now = OffsetDateTime::now_utc();
        let soon = now + Duration::days(99);
        let authority = Authority::new(&format!("pgiam demo RDS {region} Root CA"), now)?;
        let nobody = Authority::new("Nobody's Root CA", now)?;
        let other = ["payments.c9akciq32xyz.eu-west-1.rds.amazonaws.com".to_owned()];
        let wardrobe = Self {
            itself: authority.acceptor(names, soon)?.into(),
            stranger: nobody.acceptor(names, soon)?.into(),
            another_name: authority.acceptor(&other, soon)?.into(),
            expired: authority.acceptor(names, now - Duration::days(1))?.into(),
        };
        Ok((wardrobe, authority.pem))
    }

    /// What to present, or `None` where TLS is to be refused.
    pub(super) fn wear(&self, presents: Presents) -> Option<&tokio_native_tls::TlsAcceptor> {
        match presents {
            Presents::Itself => Some(&self.itself),
            Presents::NoTls => None,
            Presents::AStranger => Some(&self.stranger),
            Presents::AnotherName => Some(&self.another_name),
            Presents::AnExpiredOne => Some(&self.expired),
        }
    }
}

//! The AWS credential chain: keys, where they came from, until when they last.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::time::timeout;

use super::{https, refusal};
use crate::domain::failure::Failure;
use crate::domain::stage::Stage;
use crate::domain::time::Timestamp;

/// Which credentials are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// An AWS profile. When one is named only it counts, as with the AWS command line's `--profile`:
    /// keys in the environment must not silently win over it.
    pub aws_profile: Option<&'a str>,
    /// A role to assume with them.
    pub role_arn: Option<&'a str>,
    /// The region whose STS is asked to assume the role.
    pub region: Option<&'a str>,
}

/// Keys that can sign.
#[derive(Debug, Clone)]
pub struct Supplied {
    /// The keys.
    pub keys: Credentials,
    /// Where they came from, in words: `SSO, AWS profile work`.
    pub source: String,
    /// Until when they last; `None` for long-lived keys.
    pub expires: Option<Timestamp>,
}

impl Supplied {
    /// The access key with its middle left out: `AKIA…7Q2F`.
    #[must_use]
    pub fn masked_key(&self) -> String {
        let key = self.keys.access_key_id();
        match (
            key.get(..4),
            key.len().checked_sub(4).and_then(|at| key.get(at..)),
        ) {
            (Some(first), Some(last)) if key.len() > 8 => format!("{first}…{last}"),
            _ => "…".to_owned(),
        }
    }
}

/// Resolves credentials, assuming the role if one is wanted.
pub async fn supply(wanted: Wanted<'_>, patience: Duration) -> Result<Supplied, Failure> {
    let resolved = timeout(patience, resolve(wanted)).await;
    resolved.map_err(|_| refusal::unanswered(Stage::Credentials, "the AWS credential sources"))?
}

async fn resolve(wanted: Wanted<'_>) -> Result<Supplied, Failure> {
    let region = wanted.region.map(|region| Region::new(region.to_owned()));
    let base = base_provider(wanted.aws_profile, region.clone()).await;
    let provider = match wanted.role_arn {
        None => base,
        Some(role) => assumed(role, base, region).await,
    };
    let keys = provider
        .provide_credentials()
        .await
        .map_err(|error| refusal::from_credentials(wanted.aws_profile, &error))?;
    let expires = keys.expiry().and_then(timestamp);
    Ok(Supplied {
        source: source(&keys, wanted),
        keys,
        expires,
    })
}

async fn base_provider(profile: Option<&str>, region: Option<Region>) -> SharedCredentialsProvider {
    let configuration = ProviderConfig::without_region()
        .with_region(region.clone())
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(https::client());
    let Some(profile) = profile else {
        let chain = DefaultCredentialsChain::builder()
            .configure(configuration)
            .region(region)
            .build()
            .await;
        return SharedCredentialsProvider::new(chain);
    };
    let provider = ProfileFileCredentialsProvider::builder()
        .profile_name(profile)
        .configure(&configuration)
        .build();
    SharedCredentialsProvider::new(provider)
}

async fn assumed(
    role: &str,
    base: SharedCredentialsProvider,
    region: Option<Region>,
) -> SharedCredentialsProvider {
    let configuration: SdkConfig = aws_config::defaults(BehaviorVersion::latest())
        .region(region.unwrap_or_else(|| Region::from_static("us-east-1")))
        .credentials_provider(base.clone())
        .http_client(https::client())
        .load()
        .await;
    let provider = AssumeRoleProvider::builder(role)
        .session_name("pgiam")
        .configure(&configuration)
        .build_from_provider(base)
        .await;
    SharedCredentialsProvider::new(provider)
}

/// The SDK notes on the keys which sources had a part in them; the last says who handed them out.
fn source(keys: &Credentials, wanted: Wanted<'_>) -> String {
    let features = keys
        .get_property::<Vec<Feature>>()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let kind = features
        .iter()
        .rev()
        .find_map(word)
        .unwrap_or("AWS credential chain");
    let mut text = kind.to_owned();
    if let Some(profile) = wanted.aws_profile {
        text.push_str(", AWS profile ");
        text.push_str(profile);
    }
    if let Some(role) = wanted.role_arn {
        text = format!(
            "role {} through {text}",
            role.rsplit('/').next().unwrap_or(role)
        );
    }
    text
}

fn word(feature: &Feature) -> Option<&'static str> {
    let known = [
        (Feature::CredentialsEnvVarsStsWebIdToken, "web identity"),
        (Feature::CredentialsProfileStsWebIdToken, "web identity"),
        (Feature::CredentialsStsAssumeRoleWebId, "web identity"),
        (Feature::CredentialsEnvVars, "environment"),
        (Feature::CredentialsStsAssumeRole, "assumed role"),
        (Feature::CredentialsProfileSso, "SSO"),
        (Feature::CredentialsSso, "SSO"),
        (Feature::CredentialsProfileProcess, "credential process"),
        (Feature::CredentialsProcess, "credential process"),
        (Feature::CredentialsHttp, "container"),
        (Feature::CredentialsImds, "instance metadata"),
        (Feature::CredentialsProfile, "shared config"),
        (Feature::CredentialsProfileSourceProfile, "shared config"),
        (Feature::CredentialsProfileNamedProvider, "shared config"),
    ];
    known
        .into_iter()
        .find_map(|(known, word)| (known == *feature).then_some(word))
}

fn timestamp(moment: SystemTime) -> Option<Timestamp> {
    let since = moment.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_is_shown_in_part() {
        let supplied = |key: &str| Supplied {
            keys: Credentials::new(key, "secret", None, None, "test"),
            source: String::new(),
            expires: None,
        };
        assert_eq!(supplied("AKIAIOSFODNN7EXAMPLE").masked_key(), "AKIA…MPLE");
        assert_eq!(supplied("short").masked_key(), "…");
    }
}

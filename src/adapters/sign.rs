//! SigV4 to a token; the clock is an argument.
//!
//! Signing is local arithmetic: success says nothing about permission.
//!
//! Sources: AWS RDS guide, "Connecting to your DB instance using IAM authentication"; AWS Aurora
//! DSQL guide, "Generating an authentication token"; golden values in `tests/token.rs`.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign as sign_request,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::endpoint::{Endpoint, EndpointKind};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::stage::Stage;
use crate::domain::time::Timestamp;
use crate::domain::token::{TOKEN_LIFETIME_SECONDS, Token};

/// RFC 3986 unreserved characters stay, everything else becomes `%XX`.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Bytes of a role name that PostgreSQL keeps (`NAMEDATALEN` - 1); longer ones are cut by the server
/// before they are looked up, so a token for one could never match.
const LONGEST_ROLE_NAME: usize = 63;

/// What a token is signed for.
#[derive(Debug, Clone, Copy)]
pub struct SignedFor<'a> {
    /// The endpoint's name, in any case.
    pub host: &'a str,
    /// The endpoint's port; part of the signature, except for DSQL.
    pub port: u16,
    /// The role, exactly as it is spelt on the server.
    pub user: &'a str,
    /// The region of the credential scope.
    pub region: &'a str,
}

/// Signs a sign-in token that is valid for [`TOKEN_LIFETIME_SECONDS`] from `now`.
///
/// # Errors
/// A failure of the token stage if the host, user or region cannot be signed for.
pub fn sign(target: SignedFor<'_>, keys: &Credentials, now: Timestamp) -> Result<Token, Failure> {
    check(target)?;
    let endpoint = Endpoint::parse(target.host);
    let host = target.host.trim().trim_end_matches('.');
    let request = match endpoint.kind {
        EndpointKind::Dsql => Request {
            printed_host: host.to_owned(),
            signed_host: endpoint.host.clone(),
            query: format!("Action={}", dsql_action(target.user)),
        },
        EndpointKind::Instance
        | EndpointKind::ClusterWriter
        | EndpointKind::ClusterReader
        | EndpointKind::ClusterCustom
        | EndpointKind::ShardGroup
        | EndpointKind::GlobalWriter
        | EndpointKind::Proxy
        | EndpointKind::Plain => Request {
            printed_host: format!("{}:{}", bracketed(host), target.port),
            signed_host: signed_authority(&bracketed(&endpoint.host), target.port),
            query: format!(
                "Action=connect&DBUser={}",
                utf8_percent_encode(target.user, QUERY_VALUE)
            ),
        },
    };
    let text = request.signed(target.region, endpoint.service(), keys, now)?;
    Ok(Token::new(text, now))
}

/// The `admin` role of a DSQL cluster has an action of its own.
fn dsql_action(user: &str) -> &'static str {
    if user == "admin" {
        "DbConnectAdmin"
    } else {
        "DbConnect"
    }
}

/// An IPv6 address stands in brackets before a port (RFC 3986, section 3.2.2).
fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') && !host.starts_with('[') {
        Cow::Owned(format!("[{host}]"))
    } else {
        Cow::Borrowed(host)
    }
}

/// The `host` header that is signed: the scheme is `https`, whose default port is left out, as every
/// AWS tool but the JavaScript signer does.
fn signed_authority(host: &str, port: u16) -> String {
    if port == 443 {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

fn check(target: SignedFor<'_>) -> Result<(), Failure> {
    let host = target.host.trim();
    if host.is_empty() {
        return Err(refused(
            "there is no host to sign for",
            "give the endpoint as the AWS console shows it",
        ));
    }
    if !host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']'))
    {
        return Err(refused(
            format!("{host:?} is not a host name that can be signed for"),
            "give the endpoint without a scheme, port or path",
        ));
    }
    if target.region.is_empty()
        || !target
            .region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Err(refused(
            "no region to sign for: the endpoint's name does not carry one",
            "set the region of the database, for example eu-central-1",
        ));
    }
    if target.user.is_empty() {
        return Err(refused(
            "there is no user to sign for",
            "set the database user",
        ));
    }
    if target.user.contains('\0') {
        return Err(refused(
            "the user name contains a NUL byte",
            "PostgreSQL allows any other character",
        ));
    }
    if target.user.len() > LONGEST_ROLE_NAME {
        return Err(refused(
            format!("the user name is {} bytes long", target.user.len()),
            "PostgreSQL role names have 63 bytes at most",
        ));
    }
    Ok(())
}

fn refused(message: impl Into<String>, hint: &str) -> Failure {
    Failure::new(Phase::Connecting(Stage::Token), Origin::Local, message).with_hint(hint)
}

/// A request as it is signed: `GET https://host/?query` with an empty body.
struct Request {
    /// The host as the token shows it; botocore keeps the case that was typed.
    printed_host: String,
    /// The `host` header, in lower case.
    signed_host: String,
    /// The query before signing, encoded.
    query: String,
}

impl Request {
    fn signed(
        self,
        region: &str,
        service: &str,
        keys: &Credentials,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(TOKEN_LIFETIME_SECONDS));
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let identity: Identity = keys.clone().into();
        let seconds = u64::try_from(now.seconds()).map_err(|_| {
            refused(
                "the clock is before 1970",
                "set this machine's clock: a token carries the time it was signed at",
            )
        })?;
        let unsignable = |error: &dyn std::error::Error| {
            refused(
                format!("cannot sign: {error}"),
                "check host, port, user and region of the profile",
            )
        };
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .map_err(|error| unsignable(&error))?
            .into();
        let url = format!("https://{}/?{}", self.signed_host, self.query);
        let request = SignableRequest::new(
            "GET",
            &url,
            std::iter::once(("host", self.signed_host.as_str())),
            SignableBody::Bytes(&[]),
        )
        .map_err(|error| unsignable(&error))?;
        let (instructions, _) = sign_request(request, &parameters)
            .map_err(|error| unsignable(&error))?
            .into_parts();
        let mut text = format!("{}/?{}", self.printed_host, self.query);
        for (name, value) in instructions.params() {
            text.push('&');
            text.push_str(name);
            text.push('=');
            text.extend(utf8_percent_encode(value, QUERY_VALUE));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "secret", None, None, "test")
    }

    fn attempt(host: &str, user: &str, region: &str) -> Result<Token, Failure> {
        sign(
            SignedFor {
                host,
                port: 5432,
                user,
                region,
            },
            &keys(),
            Timestamp::from_seconds(1_768_480_496),
        )
    }

    #[test]
    fn what_cannot_be_signed_is_refused_with_a_hint() {
        let long = "x".repeat(64);
        for (host, user, region) in [
            ("", "app", "eu-west-1"),
            ("https://db.example.com", "app", "eu-west-1"),
            ("db example", "app", "eu-west-1"),
            ("db.example.com", "", "eu-west-1"),
            ("db.example.com", "a\0b", "eu-west-1"),
            ("db.example.com", long.as_str(), "eu-west-1"),
            ("db.example.com", "app", ""),
            ("db.example.com", "app", "eu west"),
        ] {
            let failure = attempt(host, user, region).unwrap_err();
            assert_eq!(
                failure.phase,
                Phase::Connecting(Stage::Token),
                "{host} {user} {region}"
            );
            assert!(failure.hint.is_some());
        }
    }

    #[test]
    fn the_secret_key_is_no_part_of_the_token() {
        let token = attempt("db.example.com", "app", "eu-west-1").unwrap();
        assert!(!token.expose().contains("secret"));
    }

    #[test]
    fn dsql_signs_for_another_service_and_names_no_user() {
        let token = attempt("abc.dsql.us-east-1.on.aws", "admin", "us-east-1").unwrap();
        assert!(
            token
                .expose()
                .starts_with("abc.dsql.us-east-1.on.aws/?Action=DbConnectAdmin&")
        );
        assert!(token.expose().contains("%2Fdsql%2Faws4_request"));
    }
}

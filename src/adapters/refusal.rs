//! Driver, TLS, DNS and AWS errors become failures; the only such place.

use std::error::Error as StdError;
use std::io;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use tokio_postgres::error::{DbError, ErrorPosition};

use crate::domain::failure::{Failure, ObjectNames, Origin, Phase, Position};
use crate::domain::run::Notice;
use crate::domain::stage::Stage;

/// What the driver says, in our words only where the server said nothing.
pub fn from_driver(phase: Phase, error: &tokio_postgres::Error) -> Failure {
    if let Some(server) = error.as_db_error() {
        return from_server(phase, server);
    }
    let origin = if error.is_closed() || has_io_cause(error) {
        Origin::Lost
    } else {
        Origin::Local
    };
    let message = match origin {
        Origin::Lost => format!("the server closed the connection: {}", chain(error)),
        Origin::Server
        | Origin::Network
        | Origin::Aws
        | Origin::Local
        | Origin::TimedOut
        | Origin::Cancelled => chain(error),
    };
    Failure::new(phase, origin, message)
}

/// Whether the server asked for a password and none was given. The driver has no kind of its own for
/// that (`connect_raw.rs`, `authenticate`).
pub fn is_password_missing(error: &tokio_postgres::Error) -> bool {
    chain(error).contains("password missing")
}

/// All fields of a server error.
pub fn from_server(phase: Phase, error: &DbError) -> Failure {
    Failure {
        severity: Some(error.parsed_severity().map_or_else(
            || error.severity().to_owned(),
            |severity| severity.to_string(),
        )),
        sqlstate: Some(error.code().code().to_owned()),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
        context: error.where_().map(str::to_owned),
        position: error.position().map(|position| match position {
            ErrorPosition::Original(at) => Position::Sent(*at),
            ErrorPosition::Internal { position, query } => Position::Generated {
                position: *position,
                query: query.clone(),
            },
        }),
        object: ObjectNames {
            schema: error.schema().map(str::to_owned),
            table: error.table().map(str::to_owned),
            column: error.column().map(str::to_owned),
            datatype: error.datatype().map(str::to_owned),
            constraint: error.constraint().map(str::to_owned),
        },
        ..Failure::new(phase, Origin::Server, error.message())
    }
}

/// A notice is an error that did not stop anything.
pub fn notice(error: &DbError) -> Notice {
    Notice {
        severity: error.parsed_severity().map_or_else(
            || error.severity().to_owned(),
            |severity| severity.to_string(),
        ),
        sqlstate: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
    }
}

/// A socket's error.
pub fn from_socket(stage: Stage, peer: &str, error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    let kind = error.kind();
    let network =
        |message: String| Failure::new(Phase::Connecting(stage), Origin::Network, message);
    if kind == Kind::ConnectionRefused {
        return network(format!("{peer} refused the connection")).with_hint(
            "nothing listens there: check the port, whether the instance runs, and whether the tunnel is up",
        );
    }
    if kind == Kind::TimedOut {
        return unanswered(stage, peer);
    }
    if [Kind::NetworkUnreachable, Kind::HostUnreachable].contains(&kind) {
        return network(format!("no route to {peer}"))
            .with_hint("connect the VPN or open a tunnel into the VPC");
    }
    if [Kind::UnexpectedEof, Kind::ConnectionReset, Kind::BrokenPipe].contains(&kind) {
        return Failure::new(
            Phase::Connecting(stage),
            Origin::Lost,
            format!("{peer} closed the connection"),
        );
    }
    network(format!("{peer}: {error}"))
}

/// Nobody answered in time.
pub fn unanswered(stage: Stage, peer: &str) -> Failure {
    let hint = match stage {
        Stage::Tcp => {
            "a security group, a network ACL or a missing route drops the packets, or the instance is stopped"
        }
        Stage::Dns => "the name server does not answer: check the network or the VPN",
        Stage::Credentials => {
            "a credential source does not answer: check the network, or name an AWS profile"
        }
        Stage::Profile
        | Stage::Token
        | Stage::Tls
        | Stage::SignIn
        | Stage::Database
        | Stage::Session => {
            "the server took the connection and then fell silent: it may be overloaded or restarting"
        }
    };
    Failure::new(
        Phase::Connecting(stage),
        Origin::TimedOut,
        format!("no answer from {peer} in time"),
    )
    .with_hint(hint)
}

/// A name that has no address.
pub fn from_lookup(host: &str, error: &io::Error) -> Failure {
    Failure::new(Phase::Connecting(Stage::Dns), Origin::Network, format!("{host} does not resolve: {error}"))
        .with_hint("check the spelling; the instance may be deleted, or the name may exist only inside the VPC")
}

/// What OpenSSL (or the system's TLS) says about a handshake.
pub fn from_handshake(name: &str, roots: &str, error: &(dyn StdError + 'static)) -> Failure {
    let text = chain(error);
    let lower = text.to_ascii_lowercase();
    let phase = Phase::Connecting(Stage::Tls);
    if lower.contains("hostname mismatch") || lower.contains("ip address mismatch") {
        return Failure::new(phase, Origin::Network, format!("the server's certificate is not for {name}: {text}"))
            .with_hint("keep the endpoint as the host and put the tunnel or alias into route.dial, or set tls.server_name");
    }
    if lower.contains("certificate has expired") {
        return Failure::new(
            phase,
            Origin::Network,
            format!("the server's certificate has expired: {text}"),
        )
        .with_hint("rotate the instance's certificate, and check this machine's clock");
    }
    if lower.contains("unable to get local issuer certificate")
        || lower.contains("self-signed")
        || lower.contains("self signed")
    {
        return Failure::new(
            phase,
            Origin::Network,
            format!("the server's certificate is not signed by a trusted root ({roots}): {text}"),
        )
        .with_hint("point tls.root_certificates at the right roots: rds, system, or a PEM file (newer RDS regions need AWS's current bundle)");
    }
    if error_chain(error).any(|cause| cause.downcast_ref::<io::Error>().is_some())
        || lower.contains("unexpected eof")
    {
        return Failure::new(
            phase,
            Origin::Lost,
            format!("the connection ended during the TLS handshake: {text}"),
        );
    }
    Failure::new(
        phase,
        Origin::Network,
        format!("TLS handshake failed: {text}"),
    )
}

/// What the AWS credential chain says; `profile` is the AWS profile that was named.
pub fn from_credentials(profile: Option<&str>, error: &(dyn StdError + 'static)) -> Failure {
    let text = chain(error);
    let lower = text.to_ascii_lowercase();
    let named = profile.map_or_else(String::new, |profile| format!(" --profile {profile}"));
    let hint = if lower.contains("sso token has expired")
        || lower.contains("cached sso token")
        || lower.contains("sso session")
    {
        format!("sign in again: aws sso login{named}")
    } else if lower.contains("login") && lower.contains("expired") {
        format!("sign in again: aws login{named}")
    } else if lower.contains("was not defined") || lower.contains("could not find source profile") {
        "check the AWS profile's name; aws configure list-profiles shows what there is".to_owned()
    } else if lower.contains("no credentials found in chain") {
        // The list of what was tried ends with instance metadata, off or not.
        format!(
            "sign in to AWS (aws sso login{named}), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an AWS profile; \
             on AWS itself give the instance, task or pod a role"
        )
    } else if lower.contains("imds") {
        "no instance role answers; in a container raise the hop limit to 2 or use a task role"
            .to_owned()
    } else if lower.contains("accessdenied") || lower.contains("not authorized") {
        "the base credentials may not assume the role: check its trust policy".to_owned()
    } else {
        format!(
            "sign in to AWS (aws sso login{named}), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an AWS profile"
        )
    };
    Failure::new(Phase::Connecting(Stage::Credentials), Origin::Aws, text).with_hint(hint)
}

/// What Secrets Manager says of a secret.
pub fn from_secrets(
    secret: &str,
    region: &str,
    error: &(impl StdError + ProvideErrorMetadata + 'static),
) -> Failure {
    let origin = match error.code() {
        Some(_) => Origin::Aws,
        None => Origin::Network,
    };
    let message = match error.message() {
        Some(message) => format!("Secrets Manager of {region} refused {secret}: {message}"),
        None => format!("Secrets Manager of {region}: {}", chain(error)),
    };
    let hint = match error.code() {
        Some("AccessDeniedException") => {
            "the AWS identity needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt on its key where \
             it has one of its own"
        }
        Some("ResourceNotFoundException") => {
            "check the secret's name and region, or name it by its ARN"
        }
        Some("DecryptionFailure") => "the AWS identity needs kms:Decrypt on the secret's key",
        Some("InvalidRequestException") => "the secret is being deleted, or RDS still makes it",
        Some(_) => "check the AWS credentials: pgiam doctor shows where they come from",
        None => {
            "the AWS endpoint cannot be reached: check the network, a proxy, or the VPC endpoint of Secrets Manager"
        }
    };
    Failure::new(Phase::Connecting(Stage::Credentials), origin, message).with_hint(hint)
}

fn error_chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error with its causes, each said once: the top line of the SDK and of the driver says little.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for cause in error_chain(error) {
        let line = cause.to_string();
        if text.contains(&line) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&line);
    }
    text
}

fn has_io_cause(error: &(dyn StdError + 'static)) -> bool {
    error_chain(error).any(|cause| cause.downcast_ref::<io::Error>().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("dispatch failure")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the SSO token has expired and cannot be refreshed")]
    struct Inner;

    #[test]
    fn the_deepest_words_decide_the_hint() {
        let failure = from_credentials(Some("work"), &Outer(Inner));
        assert_eq!(
            failure.message,
            "dispatch failure: the SSO token has expired and cannot be refreshed"
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("sign in again: aws sso login --profile work")
        );
    }

    #[test]
    fn a_chain_that_found_nothing_is_no_matter_of_instance_metadata() {
        #[derive(Debug, thiserror::Error)]
        #[error("no credentials found in chain. Attempted: Ec2InstanceMetadata: IMDS disabled")]
        struct Chain;
        let hint = from_credentials(None, &Chain).hint.unwrap_or_default();
        assert!(hint.starts_with("sign in to AWS (aws sso login)"), "{hint}");
    }

    #[test]
    fn a_refused_port_is_told_from_silence() {
        let refused = from_socket(
            Stage::Tcp,
            "10.0.0.1:5432",
            &io::Error::from(io::ErrorKind::ConnectionRefused),
        );
        assert_eq!(refused.origin, Origin::Network);
        assert_eq!(
            unanswered(Stage::Tcp, "10.0.0.1:5432").origin,
            Origin::TimedOut
        );
    }
}

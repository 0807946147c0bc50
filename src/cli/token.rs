//! `pgiam token`: a token on standard output, and nothing else.

use std::io::{self, Write};

use super::args::Token;
use super::context::{Context, Ended};
use super::exit::Exit;
use crate::domain::failure::Failure;
use crate::domain::profile::{DEFAULT_PORT, Profile, SignIn};

pub(super) async fn run(context: &mut Context, options: &Token) -> Result<Exit, Ended> {
    let profile = profile(context, options)?;
    if profile.signing_region().is_none() {
        return Err(Ended::Usage(format!(
            "{} names no region: give --region",
            profile.host
        )));
    }
    let supplied = context
        .connector
        .credentials(&profile)
        .await
        .map_err(unreachable)?;
    let token = context
        .connector
        .token(&profile, &supplied)
        .map_err(Ended::Failed)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", token.expose())?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Without credentials nobody can sign in: the same exit code as a refused connection.
fn unreachable(failure: Failure) -> Ended {
    Ended::Refused(Box::new(crate::adapters::connect::Refused {
        failure,
        reports: Vec::new(),
    }))
}

/// The target with what the flags say besides.
fn profile(context: &mut Context, options: &Token) -> Result<Profile, Ended> {
    let mut profile = match (&options.target, &options.host, &options.user) {
        (Some(target), ..) => context.target(target)?,
        (None, Some(host), Some(user)) => Profile {
            host: host.clone(),
            port: options.port.unwrap_or(DEFAULT_PORT),
            user: user.clone(),
            ..Profile::default()
        },
        _ => {
            return Err(Ended::Usage(
                "give a target, or --host and --user".to_owned(),
            ));
        }
    };
    let (mut aws_profile, mut role_arn) = match profile.sign_in {
        SignIn::Iam {
            aws_profile,
            role_arn,
        } => (aws_profile, role_arn),
        // The flags of `--host` ask for a token whatever the URL's default is.
        _ if options.target.is_none() => (None, None),
        _ => {
            return Err(Ended::Usage(format!(
                "{} signs in by {}, which needs no token",
                profile.name,
                profile.sign_in.method()
            )));
        }
    };
    aws_profile = options.aws_profile.clone().or(aws_profile);
    role_arn = options.role_arn.clone().or(role_arn);
    profile.sign_in = SignIn::Iam {
        aws_profile,
        role_arn,
    };
    if let Some(region) = &options.region {
        let named = profile.endpoint().region;
        if named.as_ref().is_some_and(|named| named != region) {
            return Err(Ended::Usage(format!(
                "--region {region}: the endpoint is in {}, and a token for another region is refused",
                named.unwrap_or_default()
            )));
        }
        profile.region = Some(region.clone());
    }
    Ok(profile)
}

//! `pgiam exec`: any libpq program with a fresh token.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use super::args::Exec;
use super::context::{Context, Ended, complain};
use super::exit::Exit;
use crate::adapters::connect::Refused;
use crate::adapters::tls::RDS_ROOTS;
use crate::domain::failure::Failure;
use crate::domain::profile::{Guard, Profile, Roots, SignIn, TlsMode};

pub(super) async fn run(context: &mut Context, options: &Exec) -> Result<Exit, Ended> {
    let profile = context.target(&options.target)?;
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(Ended::Usage("give a program after --".to_owned()));
    };
    // The file lives until the program has ended.
    let roots = roots(&profile)?;
    let mut command = Command::new(program);
    let _ = command
        .args(arguments)
        .env("PGHOST", &profile.host)
        .env("PGPORT", profile.port.to_string())
        .env("PGUSER", &profile.user)
        .env("PGDATABASE", &profile.database)
        .env("PGSSLMODE", profile.tls.mode.word())
        .envs(options_of(&profile))
        .env_remove("PGHOSTADDR")
        .env_remove("PGSERVICE");
    route(&mut command, &profile).await?;
    match &roots {
        Some(file) => drop(command.env("PGSSLROOTCERT", file.path())),
        None if profile.tls.roots == Roots::System && verifies(&profile) => {
            let _ = command.env("PGSSLROOTCERT", "system");
        }
        None => {
            if let Roots::File(path) = &profile.tls.roots {
                let _ = command.env("PGSSLROOTCERT", path);
            }
        }
    }
    if let Some(password) = secret(context, &profile).await? {
        let _ = command.env("PGPASSWORD", password);
    }
    wait(&mut command, program)
}

/// The profile's options, else those around us; a read-only profile begins read-only in other programs
/// too, which can still undo it.
fn options_of(profile: &Profile) -> Option<(&'static str, String)> {
    let around = || {
        let given = std::env::var("PGOPTIONS").ok();
        given.filter(|given| !given.is_empty())
    };
    let given = profile.options.clone().or_else(around);
    let guard = (profile.guard == Guard::ReadOnly)
        .then(|| "-c default_transaction_read_only=on".to_owned());
    let options: Vec<String> = given.into_iter().chain(guard).collect();
    (!options.is_empty()).then(|| ("PGOPTIONS", options.join(" ")))
}

const fn verifies(profile: &Profile) -> bool {
    matches!(profile.tls.mode, TlsMode::VerifyCa | TlsMode::VerifyFull)
}

/// libpq reads roots from a file only.
fn roots(profile: &Profile) -> Result<Option<tempfile::NamedTempFile>, Ended> {
    if profile.tls.roots != Roots::Rds || !verifies(profile) {
        return Ok(None);
    }
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(RDS_ROOTS)?;
    Ok(Some(file))
}

/// Dials what the profile dials, while the name that is verified stays the endpoint's.
async fn route(command: &mut Command, profile: &Profile) -> Result<(), Ended> {
    if profile.route.dial.is_none() {
        return Ok(());
    }
    if profile.route.command.is_some() {
        complain("route.command is not run here: the tunnel must be open already");
    }
    let (host, port) = profile.dialled();
    let patience = crate::adapters::dial::Patience::default().dns;
    let addresses = crate::adapters::dial::resolve(&host, port, patience)
        .await
        .map_err(Ended::Failed)?;
    if let Some(address) = addresses.first() {
        let _ = command
            .env("PGHOSTADDR", address.ip().to_string())
            .env("PGPORT", port.to_string());
    }
    Ok(())
}

/// What the program signs in with.
async fn secret(context: &Context, profile: &Profile) -> Result<Option<String>, Ended> {
    let refused = |failure: Failure| {
        Ended::Refused(Box::new(Refused {
            failure,
            reports: Vec::new(),
        }))
    };
    match &profile.sign_in {
        SignIn::Iam { .. } => {
            if profile.tls.mode == TlsMode::Disable || profile.tls.mode == TlsMode::Prefer {
                return Err(Ended::Usage(
                    "a token is never sent in clear: set tls.mode to verify-full".to_owned(),
                ));
            }
            let supplied = context
                .connector
                .credentials(profile)
                .await
                .map_err(refused)?;
            let token = context
                .connector
                .token(profile, &supplied)
                .map_err(refused)?;
            Ok(Some(token.expose().to_owned()))
        }
        SignIn::Command { command } => {
            let patience = context.connector.patience.credentials;
            let found = crate::adapters::password::from_command(command, profile, patience)
                .await
                .map_err(refused)?;
            Ok(Some(found.password.expose().to_owned()))
        }
        SignIn::Password => {
            let found = context
                .connector
                .surroundings
                .look_up(profile)
                .map_err(refused)?;
            // Where none is known, the program asks by itself.
            Ok(found.map(|found| found.password.expose().to_owned()))
        }
        SignIn::SecretsManager { secret } => {
            let connector = &context.connector;
            if let Some(found) = connector.surroundings.look_up(profile).map_err(refused)? {
                return Ok(Some(found.password.expose().to_owned()));
            }
            let supplied = connector.credentials(profile).await.map_err(refused)?;
            let found = connector
                .secret(profile, secret, &supplied)
                .await
                .map_err(refused)?;
            Ok(Some(found.password.expose().to_owned()))
        }
        SignIn::None => Ok(None),
    }
}

/// Runs the program with our terminal and hands its exit code on.
fn wait(command: &mut Command, program: &str) -> Result<Exit, Ended> {
    let _ = command
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    let status = command
        .status()
        .map_err(|error| Ended::Usage(format!("{program} cannot be run: {error}")))?;
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(Exit::Child(u8::try_from(code).unwrap_or(1)))
}

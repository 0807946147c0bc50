//! Where passwords come from: `PGPASSWORD`, the password file, a command, the person.
//!
//! Source: PostgreSQL documentation, "The Password File" (libpq).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::refusal;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::Profile;
use crate::domain::stage::Stage;
use crate::domain::token::Password;

/// A password and where it was found.
#[derive(Debug)]
pub struct Found {
    /// The password.
    pub password: Password,
    /// `PGPASSWORD`, `password file …`, `command`.
    pub source: String,
}

/// The environment variables that name a password, read once by the caller.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `PGPASSWORD`.
    pub password: Option<Password>,
    /// `PGPASSFILE`, else `~/.pgpass`.
    pub file: Option<PathBuf>,
}

impl Surroundings {
    /// Reads the process's environment.
    pub fn from_environment() -> Self {
        let file = std::env::var_os("PGPASSFILE")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".pgpass")));
        Self {
            password: std::env::var("PGPASSWORD").ok().map(Password::new),
            file,
        }
    }

    /// The password of a profile, if the environment or the password file has one.
    pub fn look_up(&self, profile: &Profile) -> Result<Option<Found>, Failure> {
        if let Some(password) = &self.password {
            return Ok(Some(Found {
                password: password.clone(),
                source: "PGPASSWORD".into(),
            }));
        }
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let Ok(metadata) = fs::metadata(path) else {
            return Ok(None);
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            // libpq ignores such a file with a warning; saying why nothing was found is kinder.
            return Err(failure(format!(
                "{} may be read by others, so it is not used",
                path.display()
            ))
            .with_hint(format!("chmod 600 {}", path.display())));
        }
        let text = fs::read_to_string(path)
            .map_err(|error| failure(format!("{}: {error}", path.display())))?;
        Ok(entry(&text, profile).map(|password| Found {
            password,
            source: format!("password file {}", path.display()),
        }))
    }
}

/// The first entry of a password file that fits: `host:port:database:user:password`, `*` for any,
/// backslash before a colon or backslash.
fn entry(text: &str, profile: &Profile) -> Option<Password> {
    let port = profile.port.to_string();
    let wanted = [
        profile.host.as_str(),
        port.as_str(),
        profile.database.as_str(),
        profile.user.as_str(),
    ];
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let [keys @ .., password] = fields.as_slice() else {
                return None;
            };
            (keys.len() == wanted.len()
                && keys
                    .iter()
                    .zip(wanted)
                    .all(|(key, value)| key == "*" || key == value))
            .then(|| Password::new(password.clone()))
        })
}

/// Splits a line at its first four unescaped colons; the rest is the password.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let count = fields.len();
        let Some(field) = fields.last_mut() else {
            break;
        };
        match character {
            '\\' => field.extend(characters.next()),
            ':' if count < 5 => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}

/// Runs a command that prints a password; its last line break is not part of it.
pub async fn from_command(
    command: &str,
    profile: &Profile,
    patience: Duration,
) -> Result<Found, Failure> {
    let running = Command::new("sh")
        .arg("-c")
        .arg(command)
        .env("PGHOST", &profile.host)
        .env("PGPORT", profile.port.to_string())
        .env("PGUSER", &profile.user)
        .env("PGDATABASE", &profile.database)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(patience, running)
        .await
        .map_err(|_| refusal::unanswered(Stage::Credentials, "the password command"))?
        .map_err(|error| {
            failure(format!(
                "the password command could not be started: {error}"
            ))
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failure(format!(
            "the password command failed ({}): {}",
            output.status,
            said.trim()
        ))
        .with_hint("run sign_in.command in a shell to see what it says"));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| {
        failure("the password command printed something that is not UTF-8".to_owned())
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(failure("the password command printed nothing".to_owned())
            .with_hint("it must print the password on standard output"));
    }
    Ok(Found {
        password: Password::new(text.to_owned()),
        source: "command".into(),
    })
}

/// What is said where a password cannot be had.
pub(super) fn failure(message: String) -> Failure {
    Failure::new(
        Phase::Connecting(Stage::Credentials),
        Origin::Local,
        message,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            host: "db.example.com".into(),
            port: 5432,
            database: "orders".into(),
            user: "app".into(),
            ..Profile::default()
        }
    }

    fn found(text: &str) -> Option<String> {
        entry(text, &profile()).map(|password| password.expose().to_owned())
    }

    #[test]
    fn the_first_entry_that_fits_wins() {
        let text = "# comment\nother:5432:*:app:no\n*:*:orders:app:first\ndb.example.com:5432:orders:app:second\n";
        assert_eq!(found(text).as_deref(), Some("first"));
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        assert_eq!(
            found(r"db.example.com:5432:orders:app:a\:b\\c:d").as_deref(),
            Some(r"a:b\c:d")
        );
    }

    #[test]
    fn nothing_fits_another_user() {
        assert_eq!(found("db.example.com:5432:orders:root:x"), None);
        assert_eq!(found("garbage"), None);
    }
}

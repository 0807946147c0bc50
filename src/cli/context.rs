//! What every subcommand needs: files, targets, a connector, words on standard error.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use super::args::Script;
use super::exit::Exit;
use crate::adapters::connect::{Asked, Companion, Connector, Refused};
use crate::adapters::session::Session;
use crate::adapters::storage::directories::Directories;
use crate::adapters::storage::profiles::ProfileFile;
use crate::domain::failure::{Failure, Position};
use crate::domain::profile::Profile;
use crate::domain::rows::cell::{safe_lines, wrapped};
use crate::domain::stage::StageReport;
use crate::domain::target::{self, Surroundings};

/// libpq's environment variables and the keywords they stand for.
const VARIABLES: [(&str, &str); 9] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSERVICE", "service"),
    ("PGOPTIONS", "options"),
];

/// What every subcommand needs.
#[derive(Debug)]
pub struct Context {
    /// Where files live.
    pub directories: Directories,
    /// Opens sessions.
    pub connector: Connector,
}

impl Context {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        Self {
            directories: Directories::from_environment(),
            connector: Connector::from_environment(),
        }
    }

    /// The file of saved profiles.
    #[must_use]
    pub fn profile_file(&self) -> ProfileFile {
        ProfileFile::at(self.directories.profiles())
    }

    /// The saved profile of that name; near names help where it is misspelt.
    pub fn profile(&self, name: &str) -> Result<Profile, Ended> {
        let profiles = self.profile_file().read().map_err(Ended::Failed)?;
        if let Some(profile) = profiles.iter().find(|profile| profile.name == name) {
            return Ok(profile.clone());
        }
        let near: Vec<&str> = profiles
            .iter()
            .map(|profile| profile.name.as_str())
            .filter(|known| is_near(known, name))
            .collect();
        let hint = match (near.as_slice(), profiles.is_empty()) {
            (_, true) => "no profile is saved yet: pgiam profile add, or pgiam demo".to_owned(),
            ([], false) => "pgiam profile list shows what there is".to_owned(),
            (near, false) => format!("did you mean {}?", near.join(" or ")),
        };
        Err(Ended::Usage(format!(
            "there is no profile named {name}; {hint}"
        )))
    }

    /// What a TARGET means; a password that came with it is remembered in the connector.
    pub fn target(&mut self, text: &str) -> Result<Profile, Ended> {
        if !target::is_connection_string(text) {
            return self.profile(text);
        }
        let target = target::parse(text, &surroundings())
            .map_err(|error| Ended::Usage(error.to_string()))?;
        if target.password.is_some() {
            self.connector.surroundings.password = target.password;
        }
        Ok(target.profile)
    }

    /// A session with a target.
    pub async fn connect(&self, profile: &Profile) -> Result<Session, Ended> {
        self.connector
            .connect(profile, &AtTerminal)
            .await
            .map_err(Ended::Refused)
    }
}

fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let defaults: BTreeMap<String, String> = VARIABLES
        .iter()
        .filter_map(|(name, keyword)| variable(name).map(|value| ((*keyword).to_owned(), value)))
        .collect();
    let service_file = variable("PGSERVICEFILE")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pg_service.conf")))
        .and_then(|path| std::fs::read_to_string(path).ok())
        .or_else(|| {
            std::fs::read_to_string(
                PathBuf::from(variable("PGSYSCONFDIR")?).join("pg_service.conf"),
            )
            .ok()
        })
        .unwrap_or_default();
    let account = variable("USER")
        .or_else(|| variable("LOGNAME"))
        .unwrap_or_else(|| "postgres".to_owned());
    Surroundings {
        defaults,
        service_file,
        account,
    }
}

/// Whether one name is probably a slip of the other: one contains the other, or they share most of
/// their beginning.
fn is_near(known: &str, typed: &str) -> bool {
    let common = known
        .chars()
        .zip(typed.chars())
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    known.contains(typed) || typed.contains(known) || common >= 3.max(typed.chars().count() / 2)
}

/// Why a subcommand ends early.
#[derive(Debug)]
pub enum Ended {
    /// It was used wrongly.
    Usage(String),
    /// The server could not be reached, or said no at the door.
    Refused(Box<Refused>),
    /// Something failed.
    Failed(Failure),
    /// Standard output is closed: nobody reads on.
    Unheard,
}

impl Ended {
    /// Says it on standard error, and the exit code it means.
    #[must_use]
    pub fn tell(&self) -> Exit {
        match self {
            Self::Usage(text) => {
                complain(text);
                Exit::Usage
            }
            Self::Refused(refused) => {
                tell_failure(&refused.failure);
                Exit::Unreachable
            }
            Self::Failed(failure) => {
                tell_failure(failure);
                Exit::Failed
            }
            Self::Unheard => Exit::Done,
        }
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unheard;
        }
        let failure = Failure::local(format!("cannot write: {error}"));
        Self::Failed(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.with_hint("the disk is full; no part of a file given with -o was kept")
            }
            _ => failure,
        })
    }
}

/// Says something on standard error, control characters made visible.
pub fn complain(text: &str) {
    let mut out = io::stderr().lock();
    for (at, line) in safe_lines(text).iter().enumerate() {
        // Nobody is left to tell if standard error is closed.
        let _ = if at == 0 {
            writeln!(out, "pgiam: {line}")
        } else {
            writeln!(out, "  {line}")
        };
    }
}

/// A failure with all the server said.
pub fn tell_failure(failure: &Failure) {
    let mut text = match (&failure.severity, &failure.sqlstate) {
        (Some(severity), Some(sqlstate)) => format!("{severity} {sqlstate}: {}", failure.message),
        _ => failure.message.clone(),
    };
    for (label, value) in [
        ("DETAIL", &failure.detail),
        ("HINT", &failure.hint),
        ("CONTEXT", &failure.context),
    ] {
        if let Some(value) = value {
            text = format!("{text}\n{label}: {value}");
        }
    }
    complain(&text);
}

/// The line of a statement that a failure points at, with a caret below.
pub fn tell_position(statement: &str, failure: &Failure) {
    let Some(Position::Sent(at)) = failure.position else {
        return;
    };
    let at = usize::try_from(at).unwrap_or(1).saturating_sub(1);
    let before: String = statement.chars().take(at).collect();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let number = before.matches('\n').count() + 1;
    let line = statement
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let column = before
        .get(line_start..)
        .map_or(0, |text| text.chars().count());
    complain(&format!(
        "LINE {number}: {line}\n{}^",
        " ".repeat(column + format!("LINE {number}: ").len() + 5)
    ));
}

/// Asks for a password on the terminal, where there is one.
struct AtTerminal;

impl Companion for AtTerminal {
    fn moved(&self, _report: &StageReport) {}

    async fn ask_password(&self, prompt: String) -> Asked {
        if !io::stdin().is_terminal() {
            return Asked::Nobody;
        }
        tokio::task::spawn_blocking(move || {
            super::ask::password(&format!("Password of {prompt}: "))
        })
        .await
        .ok()
        .flatten()
        .map_or(Asked::GivenUp, Asked::Typed)
    }
}

/// The SQL of `-c`, `-f` or standard input.
pub fn script(script: &Script) -> Result<String, Ended> {
    if !script.commands.is_empty() {
        return Ok(script.commands.join(";\n"));
    }
    let from_input = || {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    };
    let read = match &script.file {
        Some(path) if path.as_os_str() != "-" => std::fs::read_to_string(path)
            .map_err(|error| Ended::Usage(format!("cannot read {}: {error}", path.display())))?,
        Some(_) => from_input()?,
        None if io::stdin().is_terminal() => {
            return Err(Ended::Usage(
                "give SQL with -c, -f or on standard input".to_owned(),
            ));
        }
        None => from_input()?,
    };
    // A mark that editors put first, as psql does without it.
    Ok(match read.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => read,
    })
}

/// Columns that text for a person is wrapped to.
const COLUMNS: usize = 96;

/// A paragraph: the first line begins with `first`, the others are indented as far. Server text
/// goes through the same escapes as on the screen.
pub fn wrapped_lines(out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
    let indent = " ".repeat(first.trim_start_matches('\n').chars().count());
    for (at, line) in wrapped(text, COLUMNS - indent.len()).iter().enumerate() {
        writeln!(out, "{}{line}", if at == 0 { first } else { &indent })?;
    }
    Ok(())
}

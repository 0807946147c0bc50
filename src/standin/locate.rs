//! Finds the PostgreSQL server programs of this machine, and the account to run them as.
//!
//! Packagers put `initdb` and `postgres` outside `PATH` (Debian: one folder a version), so the
//! usual folders are searched too, newest version first. Tests that run on every version ask for all.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest major version the stand-in is tried with.
const OLDEST: u32 = 13;

/// Names a folder of server programs; nothing else is looked at when it is set.
pub const OVERRIDE: &str = "PGIAM_POSTGRES_BIN";

/// Names more folders of server programs, as `PATH` does; only [`Programs::every`] looks there.
pub const MORE: &str = "PGIAM_POSTGRES_FOLDERS";

/// Where `./dev postgres` keeps the versions it fetches, as root and as anybody else.
const FETCHED: [&str; 2] = [
    "/var/cache/pgiam/postgres/*/bin",
    "~/.cache/pgiam/postgres/*/bin",
];

/// Folders in which distributions keep one version each; `*` stands for the version.
const USUAL: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
];

/// Why no PostgreSQL can be used.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// There is none, or none new enough.
    #[error(
        "PostgreSQL {OLDEST} or newer is not installed (no initdb and postgres on PATH, in `pg_config --bindir` or the usual folders); \
         get it with `apt install postgresql`, `dnf install postgresql-server` or `brew install postgresql@17`, or name its folder in {OVERRIDE}"
    )]
    NotFound,
    /// The folder named by [`OVERRIDE`] is of no use.
    #[error("{OVERRIDE}={0} does not hold an initdb and a postgres of version {OLDEST} or newer")]
    Override(String),
    /// We are root, and there is nobody else to be.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd knows neither postgres nor nobody; run as another user"
    )]
    NoAccount,
}

/// A folder of server programs that work together.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The folder.
    pub folder: PathBuf,
    /// The major version, 13 or more.
    pub major: u32,
}

impl Programs {
    /// The newest usable programs of the first place that has any.
    pub fn find() -> Result<Self, LocateError> {
        if let Some(folder) = env::var_os(OVERRIDE) {
            return Self::at(Path::new(&folder))
                .ok_or_else(|| LocateError::Override(folder.to_string_lossy().into_owned()));
        }
        let on_path = env::var_os("PATH").map_or_else(Vec::new, |path| split(&path));
        let mut first_choice = on_path.into_iter().chain(configured());
        if let Some(found) = first_choice.find_map(|folder| Self::at(&folder)) {
            return Ok(found);
        }
        USUAL
            .iter()
            .flat_map(|pattern| expand(pattern))
            .filter_map(|folder| Self::at(&folder))
            .max_by_key(|programs| programs.major)
            .ok_or(LocateError::NotFound)
    }

    /// One of each major version on this machine, oldest first: those of [`OVERRIDE`] alone where
    /// it is set, else of [`MORE`], `PATH`, the usual folders and the fetched ones.
    #[must_use]
    pub fn every() -> Vec<Self> {
        let listed = |name| env::var_os(name).map_or_else(Vec::new, |list| split(&list));
        let folders = match env::var_os(OVERRIDE) {
            Some(folder) => vec![PathBuf::from(folder)],
            None => listed(MORE)
                .into_iter()
                .chain(listed("PATH"))
                .chain(configured())
                .chain(USUAL.iter().flat_map(|pattern| expand(pattern)))
                .chain(FETCHED.iter().flat_map(|pattern| expand(&at_home(pattern))))
                .collect(),
        };
        let mut found: Vec<Self> = Vec::new();
        for programs in folders.iter().filter_map(|folder| Self::at(folder)) {
            if found.iter().all(|known| known.major != programs.major) {
                found.push(programs);
            }
        }
        found.sort_unstable_by_key(|programs| programs.major);
        found
    }

    /// The programs in `folder`, if both are there and new enough.
    fn at(folder: &Path) -> Option<Self> {
        // A link on PATH may point into the true folder, where `initdb` looks for its neighbours.
        let server = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = server.parent()?.to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let said = first_line(Command::new(&server).arg("--version"))?;
        let major = major_version(&said)?;
        (major >= OLDEST).then_some(Self { folder, major })
    }
}

fn split(list: &std::ffi::OsStr) -> Vec<PathBuf> {
    env::split_paths(list)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect()
}

/// The pattern with the caller's cache folder in place of `~/.cache`.
fn at_home(pattern: &str) -> String {
    let Some(inside) = pattern.strip_prefix("~/.cache") else {
        return pattern.to_owned();
    };
    let cache = env::var("XDG_CACHE_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cache")))
        .unwrap_or_default();
    format!("{cache}{inside}")
}

/// What `pg_config` of the PATH says; it belongs to the newest client library, not always to a server.
fn configured() -> Option<PathBuf> {
    first_line(Command::new("pg_config").arg("--bindir")).map(PathBuf::from)
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// `17` of `postgres (PostgreSQL) 17.2 (Debian 17.2-1)` and of `postgres (PostgreSQL) 17beta1`.
fn major_version(said: &str) -> Option<u32> {
    let number = said.split_whitespace().nth(2)?;
    let end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// The folders that match a pattern with at most one `*` in one of its components.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

/// An unprivileged account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User number.
    pub uid: u32,
    /// Number of its primary group.
    pub gid: u32,
}

impl Account {
    /// Whom to become before starting PostgreSQL, which refuses to run as root: `None` if we are
    /// not root, else `postgres` or `nobody`.
    pub fn to_become() -> Result<Option<Self>, LocateError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Self::named(name, &accounts))
            .map(Some)
            .ok_or(LocateError::NoAccount)
    }

    /// Reads `name`'s line of a password file (`passwd(5)`); root is never returned.
    fn named(name: &str, accounts: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_spelling() {
        for (said, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
            ("postgres (PostgreSQL) 18beta2", 18),
            ("postgres (PostgreSQL) 9.6.24", 9),
        ] {
            assert_eq!(major_version(said), Some(major), "{said}");
        }
        assert_eq!(major_version("no such thing"), None);
    }

    #[test]
    fn accounts_are_read_by_name_and_never_root() {
        let accounts =
            "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:,,,:/v:/b\nnobody:x:0:0::/:\n";
        assert_eq!(
            Account::named("postgres", accounts),
            Some(Account { uid: 101, gid: 104 })
        );
        assert_eq!(Account::named("nobody", accounts), None);
        assert_eq!(Account::named("root", accounts), None);
    }
}

//! profiles.toml, with comments and order kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::atomic;
use crate::domain::failure::Failure;
use crate::domain::profile::{DEFAULT_PORT, Guard, Profile, Roots, Route, SignIn, Tls, TlsMode};
use crate::domain::timeouts::{self, Timeouts};

/// The version this program writes, and the newest it reads.
const VERSION: i64 = 1;

/// The file of saved profiles.
#[derive(Debug, Clone)]
pub struct ProfileFile {
    path: PathBuf,
}

impl ProfileFile {
    /// The file at `path`, which need not exist.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its profiles, in order.
    pub fn read(&self) -> Result<Vec<Profile>, Failure> {
        let document = self.document()?;
        let Some(tables) = document.get("profile").and_then(Item::as_array_of_tables) else {
            return Ok(Vec::new());
        };
        tables
            .iter()
            .enumerate()
            .map(|(at, table)| self.profile(at, table))
            .collect()
    }

    /// Appends a profile.
    pub fn add(&self, profile: &Profile) -> Result<Vec<Profile>, Failure> {
        self.change(|tables| {
            if position(tables, &profile.name).is_some() {
                return Err(Failure::local(format!(
                    "there is a profile named {} already",
                    profile.name
                )));
            }
            let mut table = Table::new();
            fill(&mut table, profile);
            tables.push(table);
            Ok(())
        })
    }

    /// Replaces the profile of that name; what the file says besides stays.
    pub fn replace(&self, name: &str, profile: &Profile) -> Result<Vec<Profile>, Failure> {
        self.change(|tables| {
            if profile.name != name && position(tables, &profile.name).is_some() {
                return Err(Failure::local(format!(
                    "there is a profile named {} already",
                    profile.name
                )));
            }
            let table = position(tables, name)
                .and_then(|at| tables.get_mut(at))
                .ok_or_else(|| unknown(name))?;
            fill(table, profile);
            Ok(())
        })
    }

    /// Takes out the profile of that name.
    pub fn remove(&self, name: &str) -> Result<Vec<Profile>, Failure> {
        self.change(|tables| {
            let at = position(tables, name).ok_or_else(|| unknown(name))?;
            let _ = tables.remove(at);
            Ok(())
        })
    }

    /// Reads the file afresh, so that an edit made elsewhere meanwhile is kept, and writes it.
    fn change(
        &self,
        edit: impl FnOnce(&mut ArrayOfTables) -> Result<(), Failure>,
    ) -> Result<Vec<Profile>, Failure> {
        let mut document = self.document()?;
        if document.get("version").is_none() {
            let _ = document.insert("version", value(VERSION));
        }
        let item = document
            .entry("profile")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let tables = item.as_array_of_tables_mut().ok_or_else(|| {
            Failure::local(format!(
                "{}: profile is not a list of [[profile]] tables",
                self.path.display()
            ))
        })?;
        edit(tables)?;
        atomic::write(&self.path, &document.to_string())?;
        self.read()
    }

    fn document(&self) -> Result<DocumentMut, Failure> {
        let text = atomic::read(&self.path)?.unwrap_or_default();
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let (line, column) = error.span().map_or((1, 1), |span| place(&text, span.start));
            Failure::local(format!(
                "{}:{line}:{column}: {}",
                self.path.display(),
                error.message()
            ))
            .with_hint("correct the file by hand; it is not overwritten")
        })?;
        match document.get("version").map(Item::as_integer) {
            None | Some(Some(VERSION)) => Ok(document),
            Some(version) => {
                let version = version.map_or_else(
                    || "that is no number".to_owned(),
                    |number| number.to_string(),
                );
                Err(Failure::local(format!(
                    "{}: version {version} is not known to this pgiam",
                    self.path.display()
                ))
                .with_hint("use the pgiam that wrote the file"))
            }
        }
    }

    fn profile(&self, at: usize, table: &Table) -> Result<Profile, Failure> {
        let reader = Reader {
            table,
            path: &self.path,
            name: format!("[[profile]] number {}", at + 1),
        };
        reader.refuse_secrets()?;
        let sign_in = reader.section("sign_in")?;
        let tls = reader.section("tls")?;
        let route = reader.section("route")?;
        let limits = reader.section("timeouts")?;
        sign_in.refuse_secrets()?;
        Ok(Profile {
            name: reader
                .text("name")?
                .ok_or_else(|| reader.wrong("name", "is missing"))?,
            group: reader.text("group")?,
            host: reader.text("host")?.unwrap_or_default(),
            port: reader.port()?,
            database: reader.text("database")?.unwrap_or_default(),
            user: reader.text("user")?.unwrap_or_default(),
            region: reader.text("region")?,
            guard: if reader.flag("read_only")? {
                Guard::ReadOnly
            } else {
                Guard::ReadWrite
            },
            colour: reader.text("colour")?,
            sign_in: method(&sign_in)?,
            tls: Tls {
                mode: match tls.text("mode")? {
                    None => TlsMode::default(),
                    Some(word) => TlsMode::from_word(&word).ok_or_else(|| {
                        tls.wrong(
                            "mode",
                            "must be disable, prefer, require, verify-ca or verify-full",
                        )
                    })?,
                },
                roots: tls
                    .text("root_certificates")?
                    .map_or(Roots::Rds, |word| Roots::from_word(&word)),
                server_name: tls.text("server_name")?,
            },
            route: Route {
                dial: route.text("dial")?,
                command: route.text("command")?,
            },
            options: reader.text("options")?,
            timeouts: Timeouts {
                statement: limits.span("statement")?,
                lock: limits.span("lock")?,
                idle_in_transaction: limits.span("idle_in_transaction")?,
            },
        })
    }
}

/// Line and column, from 1, of a byte of the text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    (line, column)
}

fn position(tables: &ArrayOfTables, name: &str) -> Option<usize> {
    tables
        .iter()
        .position(|table| table.get("name").and_then(Item::as_str) == Some(name))
}

fn unknown(name: &str) -> Failure {
    Failure::local(format!("there is no profile named {name}"))
}

fn method(section: &Reader<'_>) -> Result<SignIn, Failure> {
    let needed = |key: &str| {
        section
            .text(key)?
            .ok_or_else(|| section.wrong(key, "is missing"))
    };
    match section.text("method")?.as_deref() {
        None | Some("iam") => Ok(SignIn::Iam {
            aws_profile: section.text("aws_profile")?,
            role_arn: section.text("role_arn")?,
        }),
        Some("password") => Ok(SignIn::Password),
        Some("secrets-manager") => Ok(SignIn::SecretsManager {
            secret: needed("secret")?,
        }),
        Some("command") => Ok(SignIn::Command {
            command: needed("command")?,
        }),
        Some("none") => Ok(SignIn::None),
        Some(_) => Err(section.wrong(
            "method",
            "must be iam, password, secrets-manager, command or none",
        )),
    }
}

/// One table of the file, with words for its errors.
struct Reader<'a> {
    table: &'a Table,
    path: &'a Path,
    name: String,
}

impl Reader<'_> {
    fn wrong(&self, key: &str, what: &str) -> Failure {
        Failure::local(format!(
            "{}: {}: {key} {what}",
            self.path.display(),
            self.name
        ))
        .with_hint("correct the file by hand; it is not overwritten")
    }

    fn text(&self, key: &str) -> Result<Option<String>, Failure> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(self.wrong(key, "must be a string")),
            },
        }
    }

    fn flag(&self, key: &str) -> Result<bool, Failure> {
        match self.table.get(key) {
            None => Ok(false),
            Some(item) => item
                .as_bool()
                .ok_or_else(|| self.wrong(key, "must be true or false")),
        }
    }

    fn span(&self, key: &str) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        match timeouts::parse(&text) {
            Some(span) => Ok(Some(span)),
            None => Err(self.wrong(key, "must be a time like \"500ms\", \"30s\" or \"5min\"")),
        }
    }

    fn port(&self) -> Result<u16, Failure> {
        match self.table.get("port") {
            None => Ok(DEFAULT_PORT),
            Some(item) => item
                .as_integer()
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port != 0)
                .ok_or_else(|| self.wrong("port", "must be a number from 1 to 65535")),
        }
    }

    fn section(&self, key: &str) -> Result<Self, Failure> {
        static EMPTY: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
        let table = match self.table.get(key) {
            None => EMPTY.get_or_init(Table::new),
            Some(item) => item
                .as_table()
                .ok_or_else(|| self.wrong(key, "must be a table [profile.…]"))?,
        };
        Ok(Self {
            table,
            path: self.path,
            name: format!("{} {key}", self.name),
        })
    }

    /// A password is never a field: one that stands in the file has leaked already.
    fn refuse_secrets(&self) -> Result<(), Failure> {
        match ["password", "secret_access_key", "token"]
            .into_iter()
            .find(|key| self.table.contains_key(key))
        {
            None => Ok(()),
            Some(key) => Err(self.wrong(key, "has no place in this file").with_hint(
                "take it out and change it; sign_in.method = \"password\" asks, or reads ~/.pgpass",
            )),
        }
    }
}

/// Writes a profile's fields into its table; comments, order and unknown keys stay.
fn fill(table: &mut Table, profile: &Profile) {
    let port = (profile.port != DEFAULT_PORT || table.contains_key("port"))
        .then(|| i64::from(profile.port));
    set(table, "name", Some(profile.name.as_str()));
    set(table, "group", profile.group.as_deref());
    set(table, "host", Some(profile.host.as_str()));
    set(table, "port", port);
    set(table, "database", Some(profile.database.as_str()));
    set(table, "user", Some(profile.user.as_str()));
    set(table, "region", profile.region.as_deref());
    set(
        table,
        "read_only",
        (profile.guard == Guard::ReadOnly).then_some(true),
    );
    set(table, "colour", profile.colour.as_deref());
    set(table, "options", profile.options.as_deref());

    let (mut aws_profile, mut role_arn, mut secret, mut command) = (None, None, None, None);
    match &profile.sign_in {
        SignIn::Iam {
            aws_profile: named,
            role_arn: role,
        } => (aws_profile, role_arn) = (named.as_deref(), role.as_deref()),
        SignIn::SecretsManager { secret: name } => secret = Some(name.as_str()),
        SignIn::Command { command: line } => command = Some(line.as_str()),
        SignIn::Password | SignIn::None => {}
    }
    let sign_in = section(table, "sign_in");
    set(sign_in, "method", Some(profile.sign_in.method()));
    set(sign_in, "aws_profile", aws_profile);
    set(sign_in, "role_arn", role_arn);
    set(sign_in, "secret", secret);
    set(sign_in, "command", command);

    let tls = section(table, "tls");
    set(tls, "mode", Some(profile.tls.mode.word()));
    set(tls, "root_certificates", Some(profile.tls.roots.word()));
    set(tls, "server_name", profile.tls.server_name.as_deref());

    if profile.route != Route::default() || table.contains_key("route") {
        let route = section(table, "route");
        set(route, "dial", profile.route.dial.as_deref());
        set(route, "command", profile.route.command.as_deref());
        if route.is_empty() {
            let _ = table.remove("route");
        }
    }
    fill_timeouts(table, profile.timeouts);
}

fn fill_timeouts(table: &mut Table, timeouts: Timeouts) {
    if timeouts == Timeouts::default() && !table.contains_key("timeouts") {
        return;
    }
    let limits = section(table, "timeouts");
    let written = |span: Option<Duration>| span.map(timeouts::written);
    set(limits, "statement", written(timeouts.statement));
    set(limits, "lock", written(timeouts.lock));
    set(
        limits,
        "idle_in_transaction",
        written(timeouts.idle_in_transaction),
    );
    if limits.is_empty() {
        let _ = table.remove("timeouts");
    }
}

/// The sub-table of that name, made if there is none.
fn section<'a>(table: &'a mut Table, key: &str) -> &'a mut Table {
    let item = table
        .entry(key)
        .or_insert_with(|| Item::Table(Table::new()));
    if !item.is_table() {
        *item = Item::Table(Table::new());
    }
    #[expect(
        clippy::expect_used,
        reason = "the item was made a table on the line before"
    )]
    item.as_table_mut().expect("a table")
}

/// Sets a key to a value, keeping the comment behind it, or takes it out. A value that stays the
/// same is not touched.
fn set<V: Into<toml_edit::Value>>(table: &mut Table, key: &str, new: Option<V>) {
    let Some(new) = new else {
        let _ = table.remove(key);
        return;
    };
    let mut new: toml_edit::Value = new.into();
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if old.to_string().trim() != new.to_string().trim() {
                *new.decor_mut() = old.decor().clone();
                *old = new;
            }
        }
        _ => {
            let _ = table.insert(key, value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\nversion = 1\n\n# the important one\n[[profile]]\nname = \"orders\" # short\nhost = \"o.c9.eu-central-1.rds.amazonaws.com\"\ndatabase = \"orders\"\nuser = \"analyst\"\nfuture = 1\n\n[profile.sign_in]\nmethod = \"iam\"\naws_profile = \"work\"   # SSO\n\n[[profile]]\nname = \"second\"\nhost = \"h\"\n";

    fn file(text: &str) -> (tempfile::TempDir, ProfileFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        std::fs::write(&path, text).unwrap();
        (folder, ProfileFile::at(path))
    }

    #[test]
    fn an_edit_keeps_comments_order_and_unknown_keys() {
        let (_folder, file) = file(FILE);
        let mut profile = file.read().unwrap().remove(0);
        profile.database = "billing".into();
        let _ = file.replace("orders", &profile).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        for kept in [
            "# mine",
            "# the important one",
            "\"orders\" # short",
            "future = 1",
            "\"work\"   # SSO",
        ] {
            assert!(text.contains(kept), "{kept} is gone from\n{text}");
        }
        assert!(text.contains("database = \"billing\""));
        assert!(text.find("\"orders\" #").unwrap() < text.find("\"second\"").unwrap());
        assert_eq!(file.read().unwrap()[0], profile);
    }

    #[test]
    fn every_kind_of_profile_survives_the_file() {
        let (_folder, file) = file("");
        let base = Profile {
            host: "h".into(),
            port: 5432,
            database: "d".into(),
            user: "u".into(),
            ..Profile::default()
        };
        let methods = [
            SignIn::Iam {
                aws_profile: Some("work".into()),
                role_arn: Some("arn:aws:iam::123456789012:role/a".into()),
            },
            SignIn::Password,
            SignIn::SecretsManager { secret: "s".into() },
            SignIn::Command {
                command: "echo \"x\"".into(),
            },
            SignIn::None,
        ];
        for (at, sign_in) in methods.into_iter().enumerate() {
            let profile = Profile {
                name: format!("p{at}"),
                sign_in,
                port: 5432 + u16::try_from(at).unwrap(),
                guard: Guard::ReadOnly,
                route: Route {
                    dial: Some("127.0.0.1:15432".into()),
                    command: None,
                },
                timeouts: Timeouts {
                    statement: timeouts::parse("30s"),
                    lock: Some(Duration::ZERO),
                    idle_in_transaction: None,
                },
                ..base.clone()
            };
            assert_eq!(file.add(&profile).unwrap().last(), Some(&profile));
        }
        assert_eq!(file.remove("p2").unwrap().len(), 4);
    }

    #[test]
    fn a_broken_file_is_named_with_its_place_and_kept() {
        let broken = "version = 1\n[[profile]]\nname = \n";
        let (_folder, file) = file(broken);
        let failure = file.add(&Profile::default()).unwrap_err();
        assert!(
            failure.message.contains("profiles.toml:3:"),
            "{}",
            failure.message
        );
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), broken);
    }

    #[test]
    fn a_password_in_the_file_is_refused() {
        let (_folder, file) =
            file("[[profile]]\nname = \"a\"\n[profile.sign_in]\npassword = \"hunter2\"\n");
        let failure = file.read().unwrap_err();
        assert!(!failure.message.contains("hunter2"));
        assert!(failure.message.contains("password"));
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let (_folder, file) = file("version = 2\n");
        assert!(file.read().is_err());
    }
}

//! settings.toml.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::atomic;
use crate::domain::failure::Failure;
use crate::domain::timeouts::{self, Timeouts};

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// What the terminal says of itself.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light one.
    Light,
}

/// What rows may take up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowSettings {
    /// `memory_mib = 256`: MiB of memory for the rows of all results together.
    pub memory_mib: u32,
    /// `spill = true`: whether rows beyond that go to a file; a query is stopped there if not.
    pub spill: bool,
    /// `folder = "/var/tmp"`: where that file is, instead of `$TMPDIR`.
    pub folder: Option<PathBuf>,
}

impl Default for RowSettings {
    fn default() -> Self {
        Self {
            memory_mib: 256,
            spill: true,
            folder: None,
        }
    }
}

impl RowSettings {
    /// The budget in bytes.
    #[must_use]
    pub const fn budget(&self) -> usize {
        (self.memory_mib as usize) << 20
    }
}

/// What a person set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `theme = "auto" | "dark" | "light"`.
    pub theme: ThemeChoice,
    /// `[timeouts]`: what sessions are opened with where a profile says nothing else.
    pub timeouts: TimeoutSettings,
    /// `[keys]`: a command's name and its keys: `run = ["ctrl-e"]`.
    pub keys: BTreeMap<String, Vec<String>>,
    /// `[rows]`: what rows may take up.
    pub rows: RowSettings,
}

/// `statement`, `lock` and `idle_in_transaction`, each a time like `"30s"`; `"0"` turns one off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutSettings {
    /// How long a statement may take.
    #[serde(deserialize_with = "span")]
    pub statement: Option<Duration>,
    /// How long a statement may wait for a lock.
    #[serde(deserialize_with = "span")]
    pub lock: Option<Duration>,
    /// How long a transaction may wait for us.
    #[serde(deserialize_with = "span")]
    pub idle_in_transaction: Option<Duration>,
}

impl From<TimeoutSettings> for Timeouts {
    fn from(settings: TimeoutSettings) -> Self {
        Self {
            statement: settings.statement,
            lock: settings.lock,
            idle_in_transaction: settings.idle_in_transaction,
        }
    }
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    timeouts::parse(&text).map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "{text:?} is no time: write it like \"500ms\", \"30s\" or \"5min\""
        ))
    })
}

/// Reads the file; the defaults if there is none.
pub fn read(path: &Path) -> Result<Settings, Failure> {
    let Some(text) = atomic::read(path)? else {
        return Ok(Settings::default());
    };
    toml::from_str(&text).map_err(|error| {
        Failure::local(format!("{}: {}", path.display(), error.to_string().trim()))
            .with_hint("correct the file by hand; the defaults are used until then")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_theme_are_read_and_nonsense_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        assert_eq!(read(&path).unwrap(), Settings::default());
        std::fs::write(&path, "theme = \"light\"\n[keys]\nrun = [\"ctrl-e\"]\n").unwrap();
        assert_eq!(read(&path).unwrap().theme, ThemeChoice::Light);
        std::fs::write(&path, "[timeouts]\nstatement = \"30s\"\nlock = \"0\"\n").unwrap();
        let timeouts = Timeouts::from(read(&path).unwrap().timeouts);
        assert_eq!(timeouts.statement, Some(Duration::from_secs(30)));
        assert_eq!(timeouts.lock, Some(Duration::ZERO));
        assert_eq!(timeouts.idle_in_transaction, None);
        std::fs::write(&path, "[timeouts]\nstatement = \"30\"\n").unwrap();
        assert!(read(&path).unwrap_err().message.contains("30s"));
        std::fs::write(&path, "[rows]\nmemory_mib = 64\n").unwrap();
        let rows = read(&path).unwrap().rows;
        assert_eq!((rows.memory_mib, rows.spill), (64, true));
        std::fs::write(&path, "thme = \"light\"\n").unwrap();
        assert!(read(&path).unwrap_err().message.contains("thme"));
    }
}

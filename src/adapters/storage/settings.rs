//! settings.toml.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::atomic;
use crate::domain::failure::Failure;

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

/// What a person set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `theme = "auto" | "dark" | "light"`.
    pub theme: ThemeChoice,
    /// `[keys]`: a command's name and its keys: `run = ["ctrl-e"]`.
    pub keys: BTreeMap<String, Vec<String>>,
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
        std::fs::write(&path, "thme = \"light\"\n").unwrap();
        assert!(read(&path).unwrap_err().message.contains("thme"));
    }
}

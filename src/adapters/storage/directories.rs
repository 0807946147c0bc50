//! Where files live: the XDG directories, or one folder that tests name.

use std::path::PathBuf;

/// Where the person's files live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    /// Profiles, settings, saved queries: `$XDG_CONFIG_HOME/pgiam`.
    pub config: PathBuf,
    /// History, drafts, log: `$XDG_STATE_HOME/pgiam`.
    pub state: PathBuf,
}

impl Directories {
    /// Reads `PGIAM_CONFIG_HOME`, which holds everything where it is set, then the XDG variables.
    pub fn from_environment() -> Self {
        let path = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        if let Some(one) = path("PGIAM_CONFIG_HOME") {
            return Self {
                config: one.clone(),
                state: one,
            };
        }
        let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("."));
        // The specification says that relative paths in the variables are to be ignored.
        let base = |name: &str, default: &str| {
            path(name)
                .filter(|p| p.is_absolute())
                .unwrap_or_else(|| home.join(default))
        };
        Self {
            config: base("XDG_CONFIG_HOME", ".config").join("pgiam"),
            state: base("XDG_STATE_HOME", ".local/state").join("pgiam"),
        }
    }

    /// `profiles.toml`.
    #[must_use]
    pub fn profiles(&self) -> PathBuf {
        self.config.join("profiles.toml")
    }

    /// `settings.toml`.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// `history`.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.state.join("history")
    }

    /// `drafts/`.
    #[must_use]
    pub fn drafts(&self) -> PathBuf {
        self.state.join("drafts")
    }
}

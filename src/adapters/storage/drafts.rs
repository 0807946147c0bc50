//! Unsaved editor text, one file a profile.

use std::path::PathBuf;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::atomic;
use crate::domain::failure::Failure;

/// The folder of unsaved texts.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// The drafts in `folder`, which need not exist.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, profile: &str) -> PathBuf {
        // Profile names may hold slashes and dots; a file name may not mean another folder.
        self.folder.join(format!(
            "{}.json",
            utf8_percent_encode(profile, NON_ALPHANUMERIC)
        ))
    }

    /// The texts of a profile's tabs; none if there is no file. A file that cannot be read is
    /// reported, never overwritten silently: the next save goes beside it.
    pub fn read(&self, profile: &str) -> Result<Vec<String>, Failure> {
        let path = self.path(profile);
        let Some(text) = atomic::read(&path)? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&text).map_err(|error| {
            let aside = path.with_extension("broken");
            let _ = std::fs::rename(&path, &aside);
            Failure::local(format!(
                "the draft {} cannot be read: {error}",
                path.display()
            ))
            .with_hint(format!("it is kept as {}", aside.display()))
        })
    }

    /// Saves the texts of a profile's tabs.
    pub fn write(&self, profile: &str, tabs: &[impl Serialize]) -> Result<(), Failure> {
        let text = serde_json::to_string(tabs).unwrap_or_default();
        atomic::write(&self.path(profile), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_profile_name_is_a_file_name() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::at(folder.path().join("drafts"));
        for name in ["orders", "../../etc", "a/b", "ü"] {
            drafts
                .write(name, &["select 1".into(), String::new()])
                .unwrap();
            assert_eq!(drafts.read(name).unwrap(), ["select 1", ""]);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

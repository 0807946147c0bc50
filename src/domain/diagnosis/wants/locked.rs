//! LOCK, and the privileges of which any allows a mode.
//!
//! Source: PostgreSQL source, `lockcmds.c`, `LockTableAclCheck`.

use super::Reader;

/// How strongly a relation is locked, as far as privileges tell modes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// ACCESS SHARE.
    AccessShare,
    /// ROW SHARE.
    RowShare,
    /// ROW EXCLUSIVE.
    RowExclusive,
    /// All others.
    Stronger,
}

impl LockMode {
    /// The privileges on the whole relation of which any will do, the least of them first.
    #[must_use]
    pub fn enough(self, major: u32) -> Vec<&'static str> {
        let mut enough = match self {
            // Before 16 the weakest mode took this and nothing else.
            Self::AccessShare if major < 16 => return vec!["SELECT"],
            Self::AccessShare => vec!["SELECT", "INSERT"],
            Self::RowExclusive => vec!["INSERT"],
            Self::RowShare if major >= 16 => vec!["INSERT"],
            Self::RowShare | Self::Stronger => Vec::new(),
        };
        if major >= 17 {
            enough.push("MAINTAIN");
        }
        enough.extend(["UPDATE", "DELETE", "TRUNCATE"]);
        enough
    }
}

impl Reader<'_> {
    /// The relations of a LOCK.
    pub(super) fn locked(&self) -> Vec<(Vec<String>, LockMode)> {
        let mut found = Vec::new();
        let mut at = 1;
        while self.words.is(0, "lock")
            && let Some((name, behind)) = self.name(at)
        {
            found.push((name, self.mode()));
            // All that inherit from it, which goes without saying.
            let behind = behind + usize::from(self.words.is(behind, "*"));
            if !self.words.is(behind, ",") {
                break;
            }
            at = behind + 1;
        }
        found
    }

    /// The mode that LOCK names; ACCESS EXCLUSIVE where it names none.
    fn mode(&self) -> LockMode {
        let words = |from: usize, to: usize| -> Vec<String> {
            (from..to).map(|at| self.words.lower(at)).collect()
        };
        let named = (1..self.words.len())
            .rev()
            .find(|at| self.words.is(*at, "mode"))
            .and_then(|end| {
                let start = (1..end).rev().find(|at| self.words.is(*at, "in"))?;
                Some(words(start + 1, end).join(" "))
            });
        match named.as_deref() {
            Some("access share") => LockMode::AccessShare,
            Some("row share") => LockMode::RowShare,
            Some("row exclusive") => LockMode::RowExclusive,
            _ => LockMode::Stronger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::wants::wants;

    #[test]
    fn modes_are_told_by_what_they_take() {
        let told = |sql: &str| -> Vec<String> {
            wants(sql)
                .locked
                .into_iter()
                .map(|(name, mode)| format!("{mode:?} {}", name.join(".")))
                .collect()
        };
        assert_eq!(
            told("lock table s.t, only u in access share mode nowait"),
            ["AccessShare s.t", "AccessShare u"]
        );
        assert_eq!(told("lock t * in row share mode"), ["RowShare t"]);
        assert_eq!(told("lock t in row exclusive mode"), ["RowExclusive t"]);
        assert_eq!(told("lock t in share row exclusive mode"), ["Stronger t"]);
        assert_eq!(told("lock mode"), ["Stronger mode"]);
        assert!(told("select a from s.t for update").is_empty());
    }

    #[test]
    fn versions_differ_in_what_is_enough() {
        assert_eq!(LockMode::AccessShare.enough(15), ["SELECT"]);
        assert_eq!(LockMode::RowShare.enough(15).first(), Some(&"UPDATE"));
        assert_eq!(LockMode::RowShare.enough(16).first(), Some(&"INSERT"));
        assert_eq!(LockMode::Stronger.enough(17).first(), Some(&"MAINTAIN"));
    }
}

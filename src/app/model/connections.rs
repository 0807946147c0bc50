//! The connections screen: profiles in groups, a filter, and how the last attempts went.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Line;
use crate::app::message::Ticket;
use crate::domain::diagnosis::Finding;
use crate::domain::failure::Failure;
use crate::domain::profile::Profile;
use crate::domain::stage::StageReport;
use crate::domain::time::Timestamp;

/// Whether keys go into the filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FilterFocus {
    /// Keys move in the list.
    #[default]
    List,
    /// Keys are typed into the filter.
    Typing,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum AttemptOutcome {
    /// It goes on.
    Running(Ticket),
    /// It led to a session.
    Stood,
    /// It was given up.
    Cancelled,
    /// It was refused.
    Refused {
        /// What went wrong.
        failure: Failure,
        /// Why, with fixes.
        findings: Vec<Finding>,
    },
}

/// The last attempt to reach a profile.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// Its stages.
    pub reports: Vec<StageReport>,
    /// How it ended.
    pub outcome: AttemptOutcome,
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A group's heading.
    Group {
        /// Its name; empty for profiles without one.
        name: &'a str,
        /// Whether its profiles are hidden.
        folding: Folding,
        /// How many profiles it has.
        profiles: usize,
    },
    /// A profile.
    Profile(&'a Profile),
}

/// Whether a group shows its profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// It does.
    Open,
    /// It does not.
    Folded,
}

/// All the connections screen knows.
#[derive(Debug, Default)]
pub struct Connections {
    /// The profiles, in the file's order.
    pub profiles: Vec<Profile>,
    /// Why the profile file could not be read.
    pub unreadable: Option<Failure>,
    /// What profiles must contain to be shown.
    pub filter: Line,
    /// Where keys go.
    pub filter_focus: FilterFocus,
    /// Groups whose profiles are hidden.
    pub folded: BTreeSet<String>,
    /// Which line of the list is selected.
    pub selected: usize,
    /// The last attempt by profile name.
    pub attempts: BTreeMap<String, Attempt>,
    /// How far the details are scrolled, in lines.
    pub details_scroll: usize,
}

impl Connections {
    /// The lines of the list: groups in the order they first appear, profiles that fit the filter.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let needle = self.filter.text().to_lowercase();
        let mut groups: Vec<&str> = Vec::new();
        for profile in &self.profiles {
            let group = profile.group.as_deref().unwrap_or_default();
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let mut entries = Vec::new();
        for group in groups {
            let members: Vec<&Profile> = self
                .profiles
                .iter()
                .filter(|profile| {
                    profile.group.as_deref().unwrap_or_default() == group && fits(profile, &needle)
                })
                .collect();
            if members.is_empty() {
                continue;
            }
            // A filter shows what it finds, folded or not.
            let folded = self.folded.contains(group) && needle.is_empty();
            let folding = if folded {
                Folding::Folded
            } else {
                Folding::Open
            };
            if !group.is_empty() {
                entries.push(Entry::Group {
                    name: group,
                    folding,
                    profiles: members.len(),
                });
            }
            if !folded {
                entries.extend(members.into_iter().map(Entry::Profile));
            }
        }
        entries
    }

    /// The selected profile.
    #[must_use]
    pub fn current(&self) -> Option<&Profile> {
        match self.entries().get(self.selected) {
            Some(Entry::Profile(profile)) => Some(profile),
            _ => None,
        }
    }

    /// Selects the profile of that name, or the first profile.
    pub fn select(&mut self, name: &str) {
        let entries = self.entries();
        let named =
            |entry: &Entry<'_>| matches!(entry, Entry::Profile(profile) if profile.name == name);
        let any = |entry: &Entry<'_>| matches!(entry, Entry::Profile(_));
        let at = entries
            .iter()
            .position(named)
            .or_else(|| entries.iter().position(any));
        self.selected = at.unwrap_or(0);
    }
}

/// Whether every word of the filter is found in the profile's name, user, host or database.
fn fits(profile: &Profile, needle: &str) -> bool {
    let text = format!(
        "{} {} {} {} {} {}",
        profile.name,
        profile.user,
        profile.host,
        profile.database,
        profile.group.as_deref().unwrap_or_default(),
        profile.region.as_deref().unwrap_or_default()
    )
    .to_lowercase();
    needle.split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> Connections {
        let profile = |name: &str, group: Option<&str>| Profile {
            name: name.into(),
            group: group.map(str::to_owned),
            ..Profile::default()
        };
        Connections {
            profiles: vec![
                profile("orders", Some("production")),
                profile("scratch", None),
                profile("billing", Some("production")),
            ],
            ..Connections::default()
        }
    }

    fn names(connections: &Connections) -> Vec<String> {
        connections
            .entries()
            .iter()
            .map(|entry| match entry {
                Entry::Group { name, .. } => format!("[{name}]"),
                Entry::Profile(profile) => profile.name.clone(),
            })
            .collect()
    }

    #[test]
    fn groups_stand_where_they_first_appear() {
        assert_eq!(
            names(&connections()),
            ["[production]", "orders", "billing", "scratch"]
        );
    }

    #[test]
    fn a_folded_group_opens_for_the_filter() {
        let mut connections = connections();
        assert!(connections.folded.insert("production".into()));
        assert_eq!(names(&connections), ["[production]", "scratch"]);
        connections.filter.insert("bil");
        assert_eq!(names(&connections), ["[production]", "billing"]);
    }
}

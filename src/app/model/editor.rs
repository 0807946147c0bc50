//! The editor pane: query tabs, what is visible of them, what is not saved yet.

mod tab;

use std::time::Duration;

use super::line::Line;
use crate::domain::sql::complete::Candidate;
use crate::domain::text::Held;
use crate::domain::time::Timestamp;

pub use tab::Tab;

/// How long a change waits to be saved, so that a burst of keys is saved once.
pub const SAVE_AFTER: Duration = Duration::from_millis(500);

/// Whether the drafts on disk hold what was typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Saving {
    /// They do.
    #[default]
    Saved,
    /// They have not since then.
    Wanted {
        /// When the first change was made that is not saved.
        since: Timestamp,
    },
}

/// Names offered for the place under the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where the word to replace begins, in characters.
    pub from: usize,
    /// What is offered, the best first.
    pub candidates: Vec<Candidate>,
    /// Which of them is highlighted; none until the person asks.
    pub highlighted: Option<usize>,
}

/// The editor pane.
#[derive(Debug)]
pub struct Editor {
    /// The tabs; never empty.
    tabs: Vec<Tab>,
    current: usize,
    /// The profile whose drafts these are.
    pub profile: Option<String>,
    /// Whether the drafts hold what was typed.
    pub saving: Saving,
    /// Names offered, if any are.
    pub completion: Option<Completion>,
    /// What is looked for, while its field is open.
    pub find: Option<Line>,
    /// Texts of closed tabs, the last closed last.
    closed: Vec<String>,
}

impl Default for Editor {
    fn default() -> Self {
        Self {
            tabs: vec![Tab::default()],
            current: 0,
            profile: None,
            saving: Saving::Saved,
            completion: None,
            find: None,
            closed: Vec::new(),
        }
    }
}

impl Editor {
    /// An empty editor for a profile.
    #[must_use]
    pub fn of(profile: &str) -> Self {
        Self {
            profile: Some(profile.to_owned()),
            ..Self::default()
        }
    }

    /// How long until unsaved text should be saved; `None` if all is saved.
    #[must_use]
    pub const fn next_save(&self) -> Option<Duration> {
        match self.saving {
            Saving::Saved => None,
            Saving::Wanted { .. } => Some(SAVE_AFTER),
        }
    }

    /// The tabs, left to right.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The place of the tab that shows.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current
    }

    /// The tab that shows.
    #[must_use]
    pub fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.current)
    }

    /// The tab that shows, to change it.
    pub fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.current)
    }

    /// What all tabs hold, for the drafts.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.tabs.iter().map(|tab| tab.text.held()).collect()
    }

    /// Opens a tab that holds `text`, in the place of the current one if that is empty.
    pub fn open(&mut self, text: &str) {
        let tab = Tab::new(text);
        match self
            .tabs
            .get_mut(self.current)
            .filter(|tab| tab.text.is_empty())
        {
            Some(empty) if !text.is_empty() => *empty = tab,
            _ => {
                self.tabs.push(tab);
                self.current = self.tabs.len() - 1;
            }
        }
    }

    /// Closes the current tab; its text can be had back.
    pub fn close(&mut self) {
        if self.current < self.tabs.len() {
            let tab = self.tabs.remove(self.current);
            if !tab.text.is_empty() {
                self.closed.push(tab.text.to_string());
            }
        }
        if self.tabs.is_empty() {
            self.tabs.push(Tab::default());
        }
        self.current = self.current.min(self.tabs.len() - 1);
    }

    /// Opens the tab closed last; `None` if none was closed.
    pub fn reopen(&mut self) -> Option<()> {
        let text = self.closed.pop()?;
        self.open(&text);
        Some(())
    }

    /// Shows the tab that many places further on, round and round.
    pub fn step(&mut self, places: isize) {
        let count = self.tabs.len().cast_signed().max(1);
        self.current = (self.current.cast_signed() + places)
            .rem_euclid(count)
            .cast_unsigned();
    }

    /// Takes in the drafts of a profile: before what was typed meanwhile.
    pub fn restore(&mut self, texts: &[String]) {
        let typed: Vec<Tab> = self
            .tabs
            .drain(..)
            .filter(|tab| !tab.text.is_empty())
            .collect();
        let kept = typed.len();
        self.tabs = texts
            .iter()
            .map(|text| Tab::new(text))
            .chain(typed)
            .collect();
        if self.tabs.is_empty() {
            self.tabs.push(Tab::default());
        }
        self.current = if kept > 0 { self.tabs.len() - 1 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(editor: &Editor) -> Vec<String> {
        editor.held().iter().map(Held::to_string).collect()
    }

    #[test]
    fn drafts_never_replace_what_was_typed() {
        let mut editor = Editor::default();
        editor.open("typed early");
        editor.restore(&["draft".into(), String::new()]);
        assert_eq!(texts(&editor), ["draft", "", "typed early"]);
        assert_eq!(editor.current(), 2);
    }

    #[test]
    fn a_closed_tab_comes_back() {
        let mut editor = Editor::default();
        editor.open("select 1");
        editor.close();
        assert_eq!(texts(&editor), [""]);
        assert_eq!(editor.reopen(), Some(()));
        assert_eq!(texts(&editor), ["select 1"]);
        assert_eq!(editor.reopen(), None);
    }
}

//! Chords to commands, overrides, conflicts.

use std::collections::HashMap;

use super::command::{COMMANDS, Command, Scope};
use super::key::{Key, KeyCode};

/// Keys to verbs, per scope.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: HashMap<(Scope, Key), Command>,
    shown: HashMap<Command, String>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::with_overrides(&[]).0
    }
}

impl Keymap {
    /// The table's keys with some verbs bound otherwise: `("run", ["ctrl-e"])`. Also says what of
    /// the overrides could not be understood, one line each.
    #[must_use]
    pub fn with_overrides(overrides: &[(String, Vec<String>)]) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        for (name, _) in overrides {
            if !COMMANDS.iter().any(|entry| entry.name == name) {
                problems.push(format!("keys.{name}: there is no such command"));
            }
        }
        let mut keymap = Self {
            bindings: HashMap::new(),
            shown: HashMap::new(),
        };
        for entry in COMMANDS {
            let chosen = overrides.iter().find(|(name, _)| name == entry.name);
            let keys: Vec<&str> = match chosen {
                Some((_, keys)) => keys.iter().map(String::as_str).collect(),
                None => entry.keys.to_vec(),
            };
            for text in keys {
                let Some(key) = parse(text) else {
                    problems.push(format!("keys.{}: {text:?} is not a key", entry.name));
                    continue;
                };
                if let Some(other) = keymap.bindings.insert((entry.scope, key), entry.command) {
                    problems.push(format!(
                        "{text:?} means both {other:?} and {:?}",
                        entry.command
                    ));
                }
                let _ = keymap
                    .shown
                    .entry(entry.command)
                    .or_insert_with(|| shown(text));
            }
        }
        (keymap, problems)
    }

    /// The verb of a key in the nearest of the scopes.
    #[must_use]
    pub fn lookup(&self, scopes: &[Scope], key: Key) -> Option<Command> {
        scopes
            .iter()
            .find_map(|scope| self.bindings.get(&(*scope, key)).copied())
    }

    /// The key to show for a verb: `Ctrl+Enter`.
    #[must_use]
    pub fn key_of(&self, command: Command) -> Option<&str> {
        self.shown.get(&command).map(String::as_str)
    }
}

/// Reads `ctrl-shift-f5`, `alt-enter`, `D`, `/`.
#[must_use]
pub fn parse(text: &str) -> Option<Key> {
    let mut key = Key::plain(KeyCode::Escape);
    let mut rest = text;
    while let Some((modifier, after)) = rest
        .split_once('-')
        .filter(|(modifier, _)| !modifier.is_empty())
    {
        match modifier {
            "ctrl" => key.ctrl = true,
            "alt" => key.alt = true,
            "shift" => key.shift = true,
            _ => return None,
        }
        rest = after;
    }
    key.code = match rest {
        "enter" => KeyCode::Enter,
        "escape" | "esc" => KeyCode::Escape,
        "tab" if key.shift => {
            key.shift = false;
            KeyCode::BackTab
        }
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "insert" => KeyCode::Insert,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        other => {
            let mut characters = other.chars();
            match (characters.next(), characters.as_str()) {
                // A terminal sends the capital and tells no Shift beside it; with Control, neither.
                (Some(letter), "") if key.shift && letter.is_ascii_lowercase() => {
                    key.shift = false;
                    let arrives = if key.ctrl {
                        letter
                    } else {
                        letter.to_ascii_uppercase()
                    };
                    KeyCode::Char(arrives)
                }
                (Some(character), "") => KeyCode::Char(character),
                (Some('f'), number) => {
                    KeyCode::F(number.parse().ok().filter(|n| (1..=24).contains(n))?)
                }
                _ => return None,
            }
        }
    };
    Some(key)
}

/// A chord as people write it: `ctrl-enter` becomes `Ctrl+Enter`.
#[must_use]
pub fn shown(text: &str) -> String {
    let Some(key) = parse(text) else {
        return text.to_owned();
    };
    let mut shown = String::new();
    if key.ctrl {
        shown.push_str("Ctrl+");
    }
    if key.alt {
        shown.push_str("Alt+");
    }
    let capital = matches!(key.code, KeyCode::Char(letter) if letter.is_ascii_uppercase());
    if key.shift || key.code == KeyCode::BackTab || (capital && (key.ctrl || key.alt)) {
        shown.push_str("Shift+");
    }
    match key.code {
        KeyCode::Char(' ') => shown.push_str("Space"),
        KeyCode::Char(character) if key.ctrl || key.alt => shown.extend(character.to_uppercase()),
        KeyCode::Char(character) => shown.push(character),
        KeyCode::F(number) => shown = format!("{shown}F{number}"),
        KeyCode::Enter => shown.push_str("Enter"),
        KeyCode::Escape => shown.push_str("Esc"),
        KeyCode::Tab | KeyCode::BackTab => shown.push_str("Tab"),
        KeyCode::Backspace => shown.push_str("Backspace"),
        KeyCode::Delete => shown.push_str("Del"),
        KeyCode::Insert => shown.push_str("Ins"),
        KeyCode::Left => shown.push('←'),
        KeyCode::Right => shown.push('→'),
        KeyCode::Up => shown.push('↑'),
        KeyCode::Down => shown.push('↓'),
        KeyCode::Home => shown.push_str("Home"),
        KeyCode::End => shown.push_str("End"),
        KeyCode::PageUp => shown.push_str("PgUp"),
        KeyCode::PageDown => shown.push_str("PgDn"),
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_conflicts() {
        let (_, problems) = Keymap::with_overrides(&[]);
        assert!(problems.is_empty(), "{problems:#?}");
    }

    #[test]
    fn settings_can_move_a_verb() {
        let (keymap, problems) = Keymap::with_overrides(&[("run".into(), vec!["ctrl-e".into()])]);
        assert!(problems.is_empty());
        let scopes = [Scope::Editor, Scope::Workspace];
        assert_eq!(
            keymap.lookup(&scopes, Key::ctrl(KeyCode::Char('e'))),
            Some(Command::Run)
        );
        assert_eq!(keymap.lookup(&scopes, Key::plain(KeyCode::F(5))), None);
        assert_eq!(keymap.key_of(Command::Run), Some("Ctrl+E"));
    }

    #[test]
    fn nonsense_is_reported_not_obeyed() {
        let (_, problems) = Keymap::with_overrides(&[
            ("run".into(), vec!["hyper-x".into()]),
            ("fly".into(), Vec::new()),
        ]);
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn chords_read_like_speech() {
        assert_eq!(shown("ctrl-enter"), "Ctrl+Enter");
        assert_eq!(shown("shift-tab"), "Shift+Tab");
        assert_eq!(shown("D"), "D");
        assert_eq!(shown("ctrl-p"), "Ctrl+P");
        assert_eq!(shown("alt-shift-z"), "Alt+Shift+Z");
    }

    #[test]
    fn a_shifted_letter_is_the_capital_that_arrives() {
        let key = Key {
            alt: true,
            ..Key::plain(KeyCode::Char('Z'))
        };
        assert_eq!(parse("alt-shift-z"), Some(key));
    }
}

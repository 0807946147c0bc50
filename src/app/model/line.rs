//! A one-line text field.

use tui_input::{Input, InputRequest};

use crate::app::key::{Key, KeyCode};

/// Whether a field took a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It did.
    Yes,
    /// The key means something else.
    No,
}

/// A one-line text field with a cursor.
#[derive(Debug, Clone, Default)]
pub struct Line(Input);

impl Line {
    /// A field that holds `text`, the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// The cursor, in cells from the field's left edge when `width` cells are visible, and how many
    /// cells are scrolled away.
    #[must_use]
    pub fn view(&self, width: usize) -> (usize, usize) {
        let scroll = self.0.visual_scroll(width);
        (self.0.visual_cursor().saturating_sub(scroll), scroll)
    }

    /// Inserts text at the cursor; line breaks become spaces.
    pub fn insert(&mut self, text: &str) {
        for character in text
            .trim_end_matches(['\r', '\n'])
            .chars()
            .filter(|c| *c != '\r')
        {
            let character = if character.is_control() {
                ' '
            } else {
                character
            };
            let _ = self.0.handle(InputRequest::InsertChar(character));
        }
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Edits with a key, where the key edits.
    pub fn key(&mut self, key: Key) -> Taken {
        let word = key.ctrl || key.alt;
        let request = match key.code {
            KeyCode::Char(character) if !word => InputRequest::InsertChar(character),
            KeyCode::Char('a') if key.ctrl => InputRequest::GoToStart,
            KeyCode::Char('e') if key.ctrl => InputRequest::GoToEnd,
            KeyCode::Char('u') if key.ctrl => InputRequest::DeleteFromStart,
            KeyCode::Char('k') if key.ctrl => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if key.ctrl => InputRequest::DeletePrevWord,
            KeyCode::Backspace if word => InputRequest::DeletePrevWord,
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete if word => InputRequest::DeleteNextWord,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left if word => InputRequest::GoToPrevWord,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right if word => InputRequest::GoToNextWord,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            KeyCode::Char(_)
            | KeyCode::F(_)
            | KeyCode::Enter
            | KeyCode::Escape
            | KeyCode::Tab
            | KeyCode::BackTab
            | KeyCode::Insert
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::PageUp
            | KeyCode::PageDown => return Taken::No,
        };
        let _ = self.0.handle(request);
        Taken::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_of_several_lines_stays_one_line() {
        let mut line = Line::default();
        line.insert("a\r\nb\n");
        assert_eq!(line.text(), "a b");
    }

    #[test]
    fn keys_that_do_not_edit_are_left_alone() {
        let mut line = Line::new("abc");
        assert_eq!(line.key(Key::plain(KeyCode::Backspace)), Taken::Yes);
        assert_eq!(line.key(Key::plain(KeyCode::Enter)), Taken::No);
        assert_eq!(line.text(), "ab");
    }
}

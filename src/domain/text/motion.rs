//! Moving the cursor.

use super::{Place, Text};

/// A way to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One grapheme back.
    Left,
    /// One grapheme on.
    Right,
    /// That many lines up, keeping the column where lines are long enough; beyond the first
    /// line to its beginning.
    Up(usize),
    /// That many lines down; beyond the last line to its end.
    Down(usize),
    /// To the beginning of the word, or of the one before.
    WordLeft,
    /// Behind the word, or behind the next one.
    WordRight,
    /// To the first character of the line that is not white space; from there to its beginning.
    LineStart,
    /// To the end of the line.
    LineEnd,
    /// To the beginning of the text.
    Start,
    /// To the end of the text.
    End,
    /// To a place of the text, in characters.
    To(usize),
}

/// What a motion does to the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selecting {
    /// It ends it.
    No,
    /// It begins or extends it.
    Yes,
}

impl Text {
    /// Moves the cursor.
    pub fn go(&mut self, motion: Motion, selecting: Selecting) {
        let selected = self.selection();
        match selecting {
            Selecting::Yes => self.anchor = Some(self.anchor.unwrap_or(self.cursor)),
            Selecting::No => self.anchor = None,
        }
        let goal = self.goal.take();
        self.cursor = match (motion, selected.filter(|_| selecting == Selecting::No)) {
            // Left and right leave a selection at its edges.
            (Motion::Left, Some(range)) => range.start,
            (Motion::Right, Some(range)) => range.end,
            (Motion::Up(lines), _) => self.vertically(goal, 0, |line| {
                (line > 0).then(|| line.saturating_sub(lines))
            }),
            (Motion::Down(lines), _) => {
                let last = self.lines().saturating_sub(1);
                self.vertically(goal, self.len(), |line| {
                    (line < last).then_some((line + lines).min(last))
                })
            }
            (motion, _) => self.reach(motion),
        };
        self.past.pause();
    }

    /// Selects the whole text.
    pub fn select_all(&mut self) {
        self.select(0..self.len());
    }

    /// Selects a range, with the cursor at its end.
    pub fn select(&mut self, range: std::ops::Range<usize>) {
        self.anchor = Some(range.start.min(self.len()));
        self.cursor = range.end.min(self.len());
        self.goal = None;
        self.past.pause();
    }

    /// Selects the word around a place.
    pub fn select_word(&mut self, at: usize) {
        let from = self.word_start(at);
        let mut to = at;
        while self.kind(to) == Kind::Word {
            to += 1;
        }
        self.select(from..to.max(from));
    }

    /// Where the word that ends or stands at a place begins.
    #[must_use]
    pub fn word_start(&self, at: usize) -> usize {
        let mut from = at.min(self.len());
        while from > 0 && self.kind(from - 1) == Kind::Word {
            from -= 1;
        }
        from
    }

    pub(super) fn reach(&self, motion: Motion) -> usize {
        let line = self.line_of(self.cursor);
        match motion {
            Motion::Left => self.previous_edge(self.cursor),
            Motion::Right => self.next_edge(self.cursor),
            Motion::WordLeft => self.word_left(),
            Motion::WordRight => self.word_right(),
            Motion::LineStart => {
                let start = self.start_of(line);
                let indent = start + self.indentation(line).chars().count();
                if self.cursor == indent { start } else { indent }
            }
            Motion::LineEnd => self.end_of(line),
            Motion::Start => 0,
            Motion::End => self.len(),
            Motion::To(at) => at.min(self.len()),
            Motion::Up(_) | Motion::Down(_) => self.cursor,
        }
    }

    /// White space a line begins with.
    pub(super) fn indentation(&self, line: usize) -> String {
        let text = self.line(line);
        text.chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect()
    }

    /// Another line, at the goal column. Beyond the first or last line: the text's edge.
    fn vertically(
        &mut self,
        goal: Option<usize>,
        beyond: usize,
        to: impl Fn(usize) -> Option<usize>,
    ) -> usize {
        let place = self.place(self.cursor);
        let column = goal.unwrap_or(place.column);
        self.goal = Some(column);
        match to(place.line) {
            Some(line) => self.at(Place { line, column }),
            None => beyond,
        }
    }

    fn word_left(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.kind(at - 1) == Kind::Space {
            at -= 1;
        }
        let Some(kind) = at.checked_sub(1).map(|before| self.kind(before)) else {
            return at;
        };
        while at > 0 && self.kind(at - 1) == kind {
            at -= 1;
        }
        at
    }

    fn word_right(&self) -> usize {
        let mut at = self.cursor;
        while self.kind(at) == Kind::Space {
            at += 1;
        }
        let kind = self.kind(at);
        while kind != Kind::End && self.kind(at) == kind {
            at += 1;
        }
        at
    }

    fn kind(&self, at: usize) -> Kind {
        match self.rope.get_char(at) {
            None => Kind::End,
            Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => Kind::Word,
            Some(c) if c.is_whitespace() => Kind::Space,
            Some(_) => Kind::Other,
        }
    }
}

/// What word motions tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Space,
    Other,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, motions: &[Motion]) -> usize {
        let mut text = Text::new(text);
        for motion in motions {
            text.go(*motion, Selecting::No);
        }
        text.cursor()
    }

    #[test]
    fn the_cursor_never_splits_a_grapheme() {
        let flag = "🇩🇪e\u{301}x";
        assert_eq!(after(flag, &[Motion::Right]), 2);
        assert_eq!(after(flag, &[Motion::Right, Motion::Right]), 4);
        assert_eq!(after(flag, &[Motion::End, Motion::Left, Motion::Left]), 2);
    }

    #[test]
    fn up_and_down_keep_the_column() {
        let text = "long line\nab\nlong line";
        assert_eq!(
            after(text, &[Motion::LineEnd, Motion::Down(1), Motion::Down(1)]),
            text.len()
        );
        assert_eq!(after(text, &[Motion::Right, Motion::Up(1)]), 0);
        assert_eq!(after(text, &[Motion::Down(99)]), 13);
        assert_eq!(
            after(text, &[Motion::End, Motion::Left, Motion::Down(1)]),
            text.len()
        );
    }

    #[test]
    fn words_end_at_punctuation() {
        assert_eq!(after("select a.b", &[Motion::WordRight]), 6);
        assert_eq!(
            after("select a.b", &[Motion::WordRight, Motion::WordRight]),
            8
        );
        assert_eq!(
            after(
                "select a.b",
                &[Motion::End, Motion::WordLeft, Motion::WordLeft]
            ),
            8
        );
    }

    #[test]
    fn home_goes_to_the_text_first() {
        assert_eq!(after("  ab", &[Motion::End, Motion::LineStart]), 2);
        assert_eq!(
            after("  ab", &[Motion::End, Motion::LineStart, Motion::LineStart]),
            0
        );
    }
}

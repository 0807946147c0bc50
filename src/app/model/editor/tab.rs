//! One query tab: its text, and what is known of it for drawing.

use std::ops::Range;

use crate::domain::sql::guard::{self, Surroundings, Warning};
use crate::domain::sql::lexer::{self, State, Token};
use crate::domain::sql::split;
use crate::domain::text::Text;

/// Bytes up to which the whole text is split to mark the statement under the cursor; in a longer one
/// only its surroundings are, so that a key costs the same in any script.
const MARKED_WHOLE: usize = 64 * 1024;

/// Lines looked at around the cursor in a longer text.
const SURROUNDINGS: usize = 400;

/// One query tab.
#[derive(Debug, Default)]
pub struct Tab {
    /// The text.
    pub text: Text,
    /// The first line that shows.
    pub top: usize,
    /// Cells scrolled away on the left.
    pub left: usize,
    /// What is open where each line begins, as far as it was looked at.
    states: Vec<State>,
    /// Lines of the statement under the cursor.
    pub marked: Option<Range<usize>>,
    /// What the statement under the cursor does that its writer may not expect.
    pub warning: Option<Warning>,
    /// Lines of all statements in sight that do such a thing.
    pub warned: Vec<Range<usize>>,
}

/// The statements around the cursor.
struct Surrounding {
    /// The text that they are read from.
    text: String,
    /// Where it begins, in bytes of the whole.
    offset: usize,
    /// The statements, in bytes of `text`.
    statements: Vec<Range<usize>>,
}

impl Tab {
    /// A tab that holds `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: Text::new(text),
            ..Self::default()
        }
    }

    /// Its first words, for the strip of tabs; empty for an empty tab.
    #[must_use]
    pub fn title(&self) -> String {
        let line =
            (0..self.text.lines().min(20)).map(|line| self.text.line(line).trim().to_owned());
        let mut first = line
            .into_iter()
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        if let Some((at, _)) = first.char_indices().nth(16) {
            first.truncate(at);
            first.push('…');
        }
        first
    }

    /// Columns left of the text: line numbers, the mark, a space.
    #[must_use]
    pub fn gutter(&self) -> usize {
        self.text.lines().max(10).ilog10() as usize + 3
    }

    /// Makes ready to be drawn on `rows` rows of `columns` cells: the cursor is visible, the
    /// visible lines can be coloured, the statement under the cursor is marked, and those in sight are
    /// judged.
    pub fn settle(&mut self, rows: usize, columns: usize, around: Option<Surroundings<'_>>) {
        let surrounding = self.surrounding();
        let judged = |statement: &Range<usize>| {
            let text = surrounding.text.get(statement.clone())?;
            let around = around.filter(|_| guard::concerns(text))?;
            guard::warning(text, around)
        };
        let cursor = self.text.to_byte(self.text.cursor());
        let found = cursor
            .checked_sub(surrounding.offset)
            .and_then(|at| split::nearest(&surrounding.text, &surrounding.statements, at));
        self.warning = found.as_ref().and_then(judged);
        self.marked = found.map(|statement| self.lines_of(&surrounding, &statement));
        let place = self.text.place(self.text.cursor());
        let rows = rows.saturating_sub(self.warning_rows(rows)).max(1);
        self.top = self
            .top
            .clamp((place.line + 1).saturating_sub(rows), place.line);
        let width = columns.saturating_sub(self.gutter()).max(1);
        self.left = self
            .left
            .clamp((place.column + 1).saturating_sub(width), place.column);
        // A line that fits is shown from its beginning, whatever was here before.
        if self.left > 0 && self.text.place(self.text.end_of(place.line)).column < width {
            self.left = 0;
        }
        let byte = |line: usize| self.text.to_byte(self.text.start_of(line));
        let visible = byte(self.top)..byte(self.top + rows);
        let in_sight = |statement: &&Range<usize>| {
            surrounding.offset + statement.start < visible.end
                && visible.start <= surrounding.offset + statement.end
        };
        self.warned = surrounding
            .statements
            .iter()
            .filter(in_sight)
            .filter(|statement| judged(statement).is_some())
            .map(|statement| self.lines_of(&surrounding, statement))
            .collect();
        self.colour_to(self.top + rows);
    }

    /// Rows at the bottom of a pane that the warning takes.
    #[must_use]
    pub const fn warning_rows(&self, rows: usize) -> usize {
        match (&self.warning, rows) {
            (None, _) | (_, 0..=1) => 0,
            (Some(_), 2..=4) => 1,
            (Some(_), _) => 2,
        }
    }

    /// Looks at the lines up to `line` where that was not done or they changed since.
    pub fn colour_to(&mut self, line: usize) {
        if let Some(changed) = self.text.take_changed_from() {
            self.states.truncate(changed + 1);
        }
        if self.states.is_empty() {
            self.states.push(State::Plain);
        }
        let end = line.min(self.text.lines());
        while self.states.len() < end {
            let last = self.states.len() - 1;
            let state = self.states.get(last).cloned().unwrap_or_default();
            // The line break belongs to the line: it ends a comment.
            let text = format!("{}\n", self.text.line(last));
            let (_, state) = lexer::resume(&text, state);
            self.states.push(state);
        }
    }

    /// The tokens of a line, in bytes of the line.
    #[must_use]
    pub fn tokens(&self, line: usize) -> Vec<Token> {
        let state = self.states.get(line).cloned().unwrap_or_default();
        lexer::resume(&self.text.line(line), state).0
    }

    /// The statement under the cursor, in bytes of the text, exactly as it will run.
    #[must_use]
    pub fn statement(&self) -> Option<Range<usize>> {
        split::statement_at(
            &self.text.to_string(),
            self.text.to_byte(self.text.cursor()),
        )
    }

    /// The statements of the text; of a long one those around the cursor.
    fn surrounding(&self) -> Surrounding {
        let (text, offset) = if self.text.bytes() <= MARKED_WHOLE {
            (self.text.to_string(), 0)
        } else {
            let line = self.text.line_of(self.text.cursor());
            let first = self.quiet_line(line.saturating_sub(SURROUNDINGS)..line);
            let last = (line + SURROUNDINGS).min(self.text.lines());
            let range = self.text.start_of(first)..self.text.start_of(last);
            (
                self.text.slice(range.clone()),
                self.text.to_byte(range.start),
            )
        };
        let statements = split::statements(&text);
        Surrounding {
            text,
            offset,
            statements,
        }
    }

    /// The lines of a statement.
    fn lines_of(&self, around: &Surrounding, statement: &Range<usize>) -> Range<usize> {
        let line = |byte: usize| self.text.line_of(self.text.from_byte(around.offset + byte));
        line(statement.start)..line(statement.end) + 1
    }

    /// The first of the lines that follows one ending a statement, else the first where nothing is
    /// open.
    fn quiet_line(&self, lines: Range<usize>) -> usize {
        let plain = |line: &usize| self.states.get(*line) == Some(&State::Plain);
        let ended = |line: &usize| {
            line.checked_sub(1)
                .is_none_or(|before| self.text.line(before).trim_end().ends_with(';'))
        };
        lines
            .clone()
            .filter(plain)
            .find(ended)
            .or_else(|| lines.clone().find(plain))
            .unwrap_or(lines.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sql::lexer::TokenKind;
    use crate::domain::text::{Motion, Selecting};

    #[test]
    fn a_line_knows_what_is_open_above_it() {
        let mut tab = Tab::new("select 'a\nc' from\nt");
        tab.settle(10, 80, None);
        assert_eq!(tab.tokens(1)[0].kind, TokenKind::String);
        assert_eq!(tab.tokens(1)[1].kind, TokenKind::Keyword);
        tab.text.go(Motion::To(8), Selecting::No);
        tab.text.type_character('\'');
        tab.settle(10, 80, None);
        assert_eq!(
            tab.tokens(1)[0].kind,
            TokenKind::Identifier,
            "the string is closed above now"
        );
    }

    #[test]
    fn a_line_comment_ends_with_its_line() {
        let mut tab = Tab::new("-- a\nselect");
        tab.settle(10, 80, None);
        assert_eq!(tab.tokens(1)[0].kind, TokenKind::Keyword);
    }

    #[test]
    fn the_cursor_stays_visible() {
        let mut tab = Tab::new(&"line\n".repeat(100));
        tab.text.go(Motion::End, Selecting::No);
        tab.settle(10, 40, None);
        assert_eq!(tab.top, 91);
        tab.text.go(Motion::Start, Selecting::No);
        tab.settle(10, 40, None);
        assert_eq!(tab.top, 0);
        tab.settle(0, 0, None);
    }

    #[test]
    fn a_line_that_fits_is_shown_from_its_beginning() {
        let mut tab = Tab::new(&"x".repeat(100));
        tab.text.go(Motion::End, Selecting::No);
        tab.settle(10, 40, None);
        assert!(tab.left > 60);
        tab.text.replace(0..100, "select 1");
        tab.settle(10, 40, None);
        assert_eq!(tab.left, 0);
    }

    #[test]
    fn the_mark_is_the_same_in_a_long_script() {
        let mut tab = Tab::new(&"select 1,\n  ';';\n".repeat(20_000));
        tab.text
            .go(Motion::To(tab.text.start_of(20_001)), Selecting::No);
        tab.settle(30, 80, None);
        assert_eq!(tab.marked, Some(20_000..20_002));
        let exact = tab.statement().unwrap();
        assert_eq!(tab.text.line_of(tab.text.from_byte(exact.start)), 20_000);
    }
    #[test]
    fn every_statement_in_sight_that_opens_more_than_it_seems_is_marked() {
        let around = Surroundings {
            major: 16,
            user: "master",
            roles: &[],
        };
        let mut tab = Tab::new(
            "GRANT ALL ON t TO PUBLIC;\nGRANT SELECT ON t TO a;\n\n\
             GRANT\n rds_superuser TO a;\nselect 1",
        );
        tab.text.go(Motion::End, Selecting::No);
        tab.settle(10, 80, Some(around));
        assert_eq!(tab.warned, [0..1, 3..5]);
        assert_eq!(tab.warning, None, "the cursor is on another");
        tab.settle(2, 80, Some(around));
        assert_eq!(tab.warned.len(), 1, "what is out of sight is not judged");
    }
}

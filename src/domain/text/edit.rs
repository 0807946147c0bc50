//! Changing the text.

use std::ops::Range;

use super::past::{Change, Joining};
use super::{Motion, Selecting, TAB_STOP, Text, line_breaks};

impl Text {
    /// Puts a typed character in, in the place of the selection.
    pub fn type_character(&mut self, character: char) {
        let mut buffer = [0; 4];
        let range = self.selection().unwrap_or(self.cursor..self.cursor);
        // A word is one step to undo, and so is the space behind it.
        if character.is_whitespace() {
            self.past.pause();
        }
        self.replace_as(range, character.encode_utf8(&mut buffer), Joining::Typing);
    }

    /// Puts text in, in the place of the selection; the cursor goes behind it.
    pub fn insert(&mut self, text: &str) {
        let range = self.selection().unwrap_or(self.cursor..self.cursor);
        self.replace(range, text);
    }

    /// Breaks the line; the new one is indented as the one before.
    pub fn break_line(&mut self) {
        let line = self.line_of(self.cursor);
        let column = self.cursor - self.start_of(line);
        let indentation: String = self.indentation(line).chars().take(column).collect();
        self.insert(&format!("\n{indentation}"));
    }

    /// Replaces a range of characters; the cursor goes behind the new text.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        self.replace_as(range, text, Joining::Never);
    }

    /// Takes away the selection, or else what lies between the cursor and where the motion leads.
    pub fn delete(&mut self, motion: Motion) {
        let (range, joining) = if let Some(selected) = self.selection() {
            (selected, Joining::Never)
        } else {
            let to = self.reach(motion);
            (self.cursor.min(to)..self.cursor.max(to), Joining::Deleting)
        };
        if !range.is_empty() {
            self.replace_as(range, "", joining);
        }
    }

    /// Takes the selected text out; without a selection the whole line.
    pub fn cut(&mut self) -> String {
        let range = self.selection().unwrap_or_else(|| {
            let line = self.line_of(self.cursor);
            self.start_of(line)..self.start_of(line + 1)
        });
        let text = self.slice(range.clone());
        self.replace(range, "");
        text
    }

    /// Takes the lines of the selection or the cursor out.
    pub fn delete_lines(&mut self) {
        let lines = self.touched_lines();
        let range = self.start_of(lines.start)..self.start_of(lines.end);
        self.replace(range, "");
    }

    /// Writes the lines of the selection or the cursor once more below.
    pub fn duplicate_lines(&mut self) {
        let lines = self.touched_lines();
        let end = self.end_of(lines.end.saturating_sub(1));
        let copy = self.slice(self.start_of(lines.start)..end);
        let cursor = self.cursor + copy.chars().count() + 1;
        self.replace(end..end, &format!("\n{copy}"));
        self.cursor = cursor;
    }

    /// Moves the selected lines one tab stop to the right; without a selection spaces are put in up
    /// to the next stop.
    pub fn indent(&mut self) {
        if self.selection().is_some() {
            self.each_line(|line| {
                (!line.is_empty()).then(|| format!("{}{line}", " ".repeat(TAB_STOP)))
            });
        } else {
            let column = self.place(self.cursor).column;
            self.insert(&" ".repeat(TAB_STOP - column % TAB_STOP));
        }
    }

    /// Moves the lines one tab stop to the left.
    pub fn outdent(&mut self) {
        self.each_line(|line| {
            if let Some(rest) = line.strip_prefix('\t') {
                return Some(rest.to_owned());
            }
            let spaces = line
                .bytes()
                .take(TAB_STOP)
                .take_while(|byte| *byte == b' ')
                .count();
            line.get(spaces..).filter(|_| spaces > 0).map(str::to_owned)
        });
    }

    /// Comments the lines with `--`, or uncomments them if all are comments.
    pub fn toggle_comment(&mut self) {
        let all = self.touched_lines().all(|line| {
            let text = self.line(line);
            let text = text.trim();
            text.is_empty() || text.starts_with("--")
        });
        self.each_line(|line| {
            let indent = line.len() - line.trim_start().len();
            let (before, rest) = line.split_at_checked(indent)?;
            if rest.is_empty() {
                None
            } else if all {
                let bare = rest
                    .strip_prefix("-- ")
                    .or_else(|| rest.strip_prefix("--"))?;
                Some(format!("{before}{bare}"))
            } else {
                Some(format!("{before}-- {rest}"))
            }
        });
    }

    /// Undoes the last step.
    pub fn undo(&mut self) {
        let Some(step) = self.past.undo() else { return };
        for change in step.changes.iter().rev() {
            let end = change.at + change.inserted.chars().count();
            self.put(change.at..end, &change.removed);
        }
        self.settle(step.cursor);
    }

    /// Does again what was undone.
    pub fn redo(&mut self) {
        let Some(step) = self.past.redo() else { return };
        let mut cursor = self.cursor;
        for change in &step.changes {
            let end = change.at + change.removed.chars().count();
            self.put(change.at..end, &change.inserted);
            cursor = change.at + change.inserted.chars().count();
        }
        self.settle(cursor);
    }

    fn settle(&mut self, cursor: usize) {
        self.cursor = cursor.min(self.len());
        self.anchor = None;
        self.goal = None;
    }

    /// The lines the selection touches, else the cursor's. A line of which only the beginning is
    /// reached is left out.
    fn touched_lines(&self) -> Range<usize> {
        let range = self.selection().unwrap_or(self.cursor..self.cursor);
        let first = self.line_of(range.start);
        let mut last = self.line_of(range.end);
        if last > first && self.start_of(last) == range.end {
            last -= 1;
        }
        first..last + 1
    }

    /// Replaces lines in one step; `None` leaves a line alone.
    fn each_line(&mut self, change: impl Fn(&str) -> Option<String>) {
        let lines = self.touched_lines();
        let selected = self.selection().is_some();
        let (start, cursor) = (self.start_of(lines.start), self.cursor);
        let line = self.line_of(cursor);
        let from_end = self.end_of(line).saturating_sub(cursor);
        let old: Vec<String> = lines
            .clone()
            .map(|line| self.line(line).into_owned())
            .collect();
        let new: Vec<String> = old
            .iter()
            .map(|line| change(line).unwrap_or_else(|| line.clone()))
            .collect();
        if old == new {
            return;
        }
        let end = self.end_of(lines.end.saturating_sub(1));
        let new = new.join("\n");
        let length = new.chars().count();
        self.replace(start..end, &new);
        if selected {
            self.select(start..start + length);
        } else {
            self.go(
                Motion::To(self.end_of(line).saturating_sub(from_end).max(start)),
                Selecting::No,
            );
        }
    }

    fn replace_as(&mut self, range: Range<usize>, text: &str, joining: Joining) {
        let text = line_breaks(text);
        let range = range.start.min(self.len())..range.end.min(self.len());
        let change = Change {
            at: range.start,
            removed: self.slice(range.clone()),
            inserted: text.clone().into_owned(),
        };
        if change.removed.is_empty() && change.inserted.is_empty() {
            return;
        }
        let cursor = self.cursor;
        self.past.push(change, cursor, joining);
        let behind = range.start + text.chars().count();
        self.put(range, &text);
        self.settle(behind);
    }

    /// The one place where the rope changes. The range lies inside the text.
    fn put(&mut self, range: Range<usize>, text: &str) {
        let line = self.line_of(range.start);
        self.changed_from = Some(self.changed_from.map_or(line, |earlier| earlier.min(line)));
        self.revision += 1;
        let start = range.start;
        let _ = self.rope.try_remove(range);
        let _ = self.rope.try_insert(start, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Text {
        let mut text = Text::default();
        for character in keys.chars() {
            text.type_character(character);
        }
        text
    }

    #[test]
    fn words_are_undone_one_at_a_time() {
        let mut text = typed("select one two");
        text.undo();
        assert_eq!(text.to_string(), "select one");
        text.undo();
        assert_eq!(text.to_string(), "select");
        text.redo();
        text.redo();
        assert_eq!(text.to_string(), "select one two");
        assert_eq!(text.cursor(), 14);
    }

    #[test]
    fn letters_taken_away_come_back_together() {
        let mut text = typed("abc");
        text.delete(Motion::Left);
        text.delete(Motion::Left);
        assert_eq!(text.to_string(), "a");
        text.undo();
        assert_eq!(text.to_string(), "abc");
    }

    #[test]
    fn a_paste_replaces_the_selection_in_one_step() {
        let mut text = Text::new("select old");
        text.select(7..10);
        text.insert("a,\r\nb");
        assert_eq!(text.to_string(), "select a,\nb");
        text.undo();
        assert_eq!(text.to_string(), "select old");
    }

    #[test]
    fn a_new_line_keeps_the_indentation() {
        let mut text = Text::new("  a");
        text.go(Motion::End, Selecting::No);
        text.break_line();
        assert_eq!(text.to_string(), "  a\n  ");
    }

    #[test]
    fn lines_are_commented_and_uncommented() {
        let mut text = Text::new("a\n  b\n\nc");
        text.select(0..6);
        text.toggle_comment();
        assert_eq!(text.to_string(), "-- a\n  -- b\n\nc");
        text.toggle_comment();
        assert_eq!(text.to_string(), "a\n  b\n\nc");
    }

    #[test]
    fn lines_are_duplicated_moved_and_cut() {
        let mut text = Text::new("a\nb");
        text.duplicate_lines();
        assert_eq!(text.to_string(), "a\na\nb");
        text.select_all();
        text.indent();
        assert_eq!(text.to_string(), "    a\n    a\n    b");
        text.outdent();
        assert_eq!(text.to_string(), "a\na\nb");
        text.go(Motion::Start, Selecting::No);
        assert_eq!(text.cut(), "a\n");
        text.delete_lines();
        assert_eq!(text.to_string(), "b");
    }

    #[test]
    fn a_long_script_is_edited_in_its_middle() {
        let mut text = Text::new(&"select 1;\n".repeat(100_000));
        text.go(Motion::To(500_000), Selecting::No);
        text.type_character('x');
        assert_eq!(text.line(50_000), "xselect 1;");
        assert_eq!(text.take_changed_from(), Some(50_000));
        assert_eq!(text.take_changed_from(), None);
    }
}

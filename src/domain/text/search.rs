//! Finding text.

use std::ops::Range;

use super::Text;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Behind the cursor, then from the beginning.
    Forward,
    /// Before the cursor, then from the end.
    Backward,
}

impl Text {
    /// The next place that holds `needle`, round and round. Upper case in the needle makes case
    /// matter; for other letters than ASCII it always does.
    #[must_use]
    pub fn find(&self, needle: &str, from: usize, direction: Direction) -> Option<Range<usize>> {
        if needle.is_empty() {
            return None;
        }
        let mut haystack = self.to_string();
        let exact = needle.bytes().any(|byte| byte.is_ascii_uppercase());
        if !exact {
            haystack.make_ascii_lowercase();
        }
        let from = self.to_byte(from);
        let (before, behind) = haystack.split_at_checked(from)?;
        let start = match direction {
            Direction::Forward => behind
                .find(needle)
                .map(|at| from + at)
                .or_else(|| haystack.find(needle)),
            Direction::Backward => before.rfind(needle).or_else(|| haystack.rfind(needle)),
        }?;
        Some(self.from_byte(start)..self.from_byte(start + needle.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_round() {
        let text = Text::new("é Select one select two");
        assert_eq!(text.find("select", 0, Direction::Forward), Some(2..8));
        assert_eq!(text.find("select", 3, Direction::Forward), Some(13..19));
        assert_eq!(text.find("select", 14, Direction::Forward), Some(2..8));
        assert_eq!(text.find("select", 2, Direction::Backward), Some(13..19));
        assert_eq!(text.find("Select", 3, Direction::Forward), Some(2..8));
        assert_eq!(text.find("", 0, Direction::Forward), None);
    }
}

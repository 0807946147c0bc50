//! A value made safe for the eye: the only way server text reaches the terminal.
//!
//! Control characters could move the cursor, ring, or answer for the person; bidi marks could make
//! a value read as another. Both become visible signs.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::stray;

/// Bytes of one line that are looked at, at most: a value may have 1 GB.
const LONGEST_LINE: usize = 4096;

/// Bytes looked at for each cell shown: room for an emoji family or a full pile of marks, while a
/// pile without end, one single grapheme, is not walked.
const BYTES_PER_CELL: usize = 64;

/// What stands for what was cut.
const ELLIPSIS: &str = "…";

/// A character that must not reach the terminal, and what is shown instead.
fn sign(character: char) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match character {
        '\n' => "↵",
        '\r' => "␍",
        '\t' => "⇥",
        '\u{7f}' => "␡",
        '\u{0}'..='\u{1f}' => {
            let picture = char::from_u32(0x2400 + u32::from(character))?;
            return Some(Cow::Owned(picture.to_string()));
        }
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => {
            return Some(Cow::Owned(format!("<{:04X}>", u32::from(character))));
        }
        // A byte that is no text.
        _ => {
            let byte = stray::byte(character)?;
            return Some(Cow::Owned(format!("<{byte:02X}>")));
        }
    }))
}

/// Cells that a safe text takes up.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// The text as one safe line of at most `columns` cells, with `…` where it was cut. Looks no
/// further into the text than it must.
#[must_use]
pub fn clipped(text: &str, columns: usize) -> Cow<'_, str> {
    let fits = text.len() <= columns;
    if fits && text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut shown = String::with_capacity(columns.min(LONGEST_LINE) + 4);
    let mut used = 0;
    // Where to cut if one more cell than fits turns up: the sign of the cut takes a cell itself.
    let mut cut = 0;
    let looked_at =
        text.floor_char_boundary(columns.saturating_add(1).saturating_mul(BYTES_PER_CELL));
    let (near, far) = text.split_at_checked(looked_at).unwrap_or((text, ""));
    for piece in near.graphemes(true) {
        let piece = safe_piece(piece);
        let cells = width(&piece);
        if used + cells > columns {
            shown.truncate(cut);
            shown.push_str(ELLIPSIS);
            return Cow::Owned(shown);
        }
        used += cells;
        shown.push_str(&piece);
        if used < columns {
            cut = shown.len();
        }
    }
    if !far.is_empty() {
        shown.truncate(cut);
        shown.push_str(ELLIPSIS);
    }
    Cow::Owned(shown)
}

/// A grapheme with its unsafe characters made visible; a pile of combining marks is cut.
fn safe_piece(piece: &str) -> Cow<'_, str> {
    const TALLEST_PILE: usize = 8;
    let mut characters = piece.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return sign(only).unwrap_or(Cow::Borrowed(piece));
    }
    let needs_care =
        piece.chars().nth(TALLEST_PILE).is_some() || piece.chars().any(|c| sign(c).is_some());
    if !needs_care {
        return Cow::Borrowed(piece);
    }
    let mut safe = String::new();
    for character in piece.chars().take(TALLEST_PILE) {
        match sign(character) {
            Some(sign) => safe.push_str(&sign),
            None => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// The text as one safe line, for messages and titles; cut after 4 KiB.
#[must_use]
pub fn safe_line(text: &str) -> Cow<'_, str> {
    clipped(text, LONGEST_LINE)
}

/// The text as safe lines, for viewers: its own line breaks break, tabs become spaces.
#[must_use]
pub fn safe_lines(text: &str) -> Vec<String> {
    text.split('\n')
        .map(|line| {
            let line = line
                .strip_suffix('\r')
                .unwrap_or(line)
                .replace('\t', "    ");
            safe_text(&line)
        })
        .collect()
}

/// A piece of text made safe, whatever its length; line breaks become signs.
#[must_use]
pub fn safe_whole(text: &str) -> Cow<'_, str> {
    if text.chars().any(|character| sign(character).is_some()) {
        Cow::Owned(safe_text(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// Where to break a safe line so that each part takes at most `columns` cells, and those after the
/// first `hanging` cells less: at spaces where there are some.
#[must_use]
pub fn breaks(text: &str, columns: usize, hanging: usize) -> Vec<std::ops::Range<usize>> {
    let columns = columns.max(1);
    let hanging = hanging.min(columns / 2);
    let mut parts = Vec::new();
    let (mut start, mut used, mut room) = (0, 0, columns);
    // Behind the last space of the part, and the cells up to there.
    let mut space: Option<(usize, usize)> = None;
    for (at, piece) in text.grapheme_indices(true) {
        let cells = width(piece);
        if used + cells > room && at > start {
            let (end, taken) = space.filter(|(end, _)| *end > start).unwrap_or((at, used));
            parts.push(start..end);
            start = end;
            used -= taken;
            room = columns - hanging;
            space = None;
        }
        used += cells;
        if piece == " "
            && text
                .get(start..at)
                .is_some_and(|part| !part.trim().is_empty())
        {
            space = Some((at + piece.len(), used));
        }
    }
    parts.push(start..text.len());
    parts
}

/// A whole line made safe, whatever its length.
fn safe_text(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for character in line.chars() {
        match sign(character) {
            Some(sign) => safe.push_str(&sign),
            None => safe.push(character),
        }
    }
    safe
}

/// Breaks a safe text into lines of at most `columns` cells, at spaces where there are some.
#[must_use]
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for line in safe_lines(text) {
        let indent: String = line
            .chars()
            .take_while(|c| *c == ' ')
            .take(columns / 2)
            .collect();
        let mut current = String::new();
        for word in line.split_inclusive(' ') {
            let fits = width(&current) + width(word.trim_end()) <= columns;
            if !fits && !current.trim().is_empty() {
                lines.push(
                    std::mem::replace(&mut current, indent.clone())
                        .trim_end()
                        .to_owned(),
                );
            }
            current.push_str(word);
            // A word longer than a line is broken wherever the line ends.
            while width(current.trim_end()) > columns {
                let head: String = take_cells(&current, columns);
                let rest = current.get(head.len()..).unwrap_or_default().to_owned();
                if head.is_empty() {
                    break;
                }
                lines.push(head);
                current = rest;
            }
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}

fn take_cells(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|piece| {
            used += width(piece);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clipped("hello", 10), Cow::Borrowed("hello")));
    }

    #[test]
    fn what_would_command_the_terminal_is_shown_instead() {
        assert_eq!(clipped("\u{1b}[2J\u{7}", 20), "␛[2J␇");
        assert_eq!(clipped("a\u{202e}b", 20), "a<202E>b");
        assert_eq!(clipped("\u{9b}31m", 20), "<009B>31m");
        assert_eq!(clipped("two\nlines\tx", 20), "two↵lines⇥x");
        assert_eq!(clipped(&stray::kept(b"caf\xe9"), 20), "caf<E9>");
    }

    #[test]
    fn wide_characters_are_never_halved() {
        assert_eq!(clipped("日本語", 6), "日本語");
        assert_eq!(clipped("日本語", 5), "日本…");
        assert_eq!(clipped("日本語", 4), "日…");
        assert_eq!(clipped("abc", 2), "a…");
        assert_eq!(clipped("abc", 0), "");
    }

    #[test]
    fn a_huge_value_costs_no_more_than_what_is_shown() {
        let huge = "x".repeat(50_000_000);
        assert_eq!(clipped(&huge, 5), "xxxx…");
    }

    #[test]
    fn a_huge_pile_of_marks_is_not_walked() {
        let huge = format!("e{}", "\u{301}".repeat(50_000_000));
        let shown = clipped(&huge, 5);
        assert!(shown.len() < 64, "{}", shown.len());
        assert!(shown.ends_with('…'), "{shown}");
    }

    #[test]
    fn characters_nobody_sees_are_shown() {
        for unseen in [
            '\u{34f}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{3164}', '\u{ffa0}',
        ] {
            let shown = clipped(&format!("a{unseen}b"), 20).into_owned();
            assert_eq!(shown, format!("a<{:04X}>b", u32::from(unseen)));
        }
    }

    #[test]
    fn lines_wrap_at_words_and_break_long_ones() {
        assert_eq!(
            wrapped("the quick brown fox", 9),
            ["the quick", "brown fox"]
        );
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("a\n\nb", 5), ["a", "", "b"]);
    }

    #[test]
    fn a_line_is_broken_into_ranges() {
        let parts = |text: &str, columns, hanging| -> Vec<String> {
            breaks(text, columns, hanging)
                .into_iter()
                .map(|range| text[range].to_owned())
                .collect()
        };
        assert_eq!(
            parts("the quick brown fox", 10, 2),
            ["the quick ", "brown ", "fox"]
        );
        assert_eq!(parts("日本語日本語", 5, 0), ["日本", "語日", "本語"]);
        assert_eq!(parts("    abcdefgh", 6, 0), ["    ab", "cdefgh"]);
        assert_eq!(parts("", 6, 0), [""]);
    }

    proptest! {
        #[test]
        fn broken_lines_lose_nothing(text in "[a-z 日é]{0,60}", columns in 1usize..20, hanging in 0usize..8) {
            let parts = breaks(&text, columns, hanging);
            let joined: String = parts.iter().map(|range| &text[range.clone()]).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn nothing_unsafe_gets_through(text in any::<String>(), columns in 0usize..40) {
            let shown = clipped(&text, columns).into_owned();
            prop_assert!(width(&shown) <= columns, "{shown:?}");
            prop_assert!(shown.chars().all(|c| sign(c).is_none()), "{shown:?}");
            for line in wrapped(&text, columns) {
                prop_assert!(line.chars().all(|c| sign(c).is_none()));
            }
        }
    }
}

//! A value as one line of a grid: what it is must be plain at a glance, with and without colours.

use std::borrow::Cow;

use super::batch::Cell;
use super::cell;
use super::kind::Kind;
use super::width::{NARROWEST, WIDEST};

/// What a shown value is, for its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary text.
    Text,
    /// NULL.
    Null,
    /// True.
    True,
    /// False.
    False,
    /// JSON.
    Json,
    /// Bytes.
    Bytes,
    /// An array.
    Array,
}

/// A value as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance<'a> {
    /// The text, safe to show.
    pub text: Cow<'a, str>,
    /// What it is.
    pub ink: Ink,
    /// What does not show of a long value: its size, or its lines. Stands at the right edge.
    pub tail: Option<String>,
}

/// The sign of NULL. An empty string is blank, and blanks alone are signs of their own.
pub const NULL: &str = "∅";

/// Bytes from which a value that does not fit says how large it is.
const LONG: usize = 200;

/// Bytes of a value in which its lines are counted.
const COUNTED: usize = 16 << 10;

/// Cells a value leaves for itself beside its tail, at least.
const BESIDE_TAIL: usize = 8;

/// The value in at most `room` cells. Looks no further into it than that takes.
#[must_use]
pub fn glance(kind: Kind, value: Cell<'_>, room: usize) -> Glance<'_> {
    beginning(kind, value, value.text().map_or(0, str::len), room)
}

/// As [`glance`], of a value of `whole` bytes of which perhaps only the beginning is here.
#[must_use]
pub fn beginning(kind: Kind, value: Cell<'_>, whole: usize, room: usize) -> Glance<'_> {
    let Cell::Text(text) = value else {
        return Glance {
            text: Cow::Borrowed(NULL),
            ink: Ink::Null,
            tail: None,
        };
    };
    let plain = |text, ink| Glance {
        text,
        ink,
        tail: None,
    };
    match (kind, text) {
        (Kind::Boolean, "t") => return plain(cell::clipped("● true", room), Ink::True),
        (Kind::Boolean, "f") => return plain(cell::clipped("○ false", room), Ink::False),
        _ => {}
    }
    let ink = match kind {
        Kind::Json => Ink::Json,
        Kind::Bytes => Ink::Bytes,
        Kind::Array => Ink::Array,
        _ => Ink::Text,
    };
    if !text.is_empty() && text.len() <= room && text.bytes().all(|byte| byte == b' ') {
        return plain(Cow::Owned("␣".repeat(text.len())), ink);
    }
    match tail(kind, text, whole, room) {
        Some(tail) => {
            let beside = room.saturating_sub(cell::width(&tail) + 1);
            Glance {
                text: cell::clipped(text, beside),
                ink,
                tail: Some(tail),
            }
        }
        None => plain(cell::clipped(text, room), ink),
    }
}

/// What to say of the part of a value that does not show, where there is room to say it.
fn tail(kind: Kind, text: &str, whole: usize, room: usize) -> Option<String> {
    let tail = match kind {
        Kind::Bytes => {
            let digits = text.strip_prefix("\\x")?.len() + whole - text.len();
            bytes(digits / 2)
        }
        _ if whole > COUNTED => bytes(whole),
        _ => {
            // A value that shows whole needs no words: every byte takes at least one cell or is
            // part of a character that does, apart from marks.
            let lines = text.bytes().filter(|byte| *byte == b'\n').count();
            if text.len() <= room || (lines == 0 && text.len() <= LONG) {
                return None;
            }
            if lines > 0 {
                format!("↵{}", lines + 1)
            } else {
                bytes(text.len())
            }
        }
    };
    (cell::width(&tail) + 1 + BESIDE_TAIL <= room).then_some(tail)
}

/// An amount of bytes as a person says it: `5 B`, `1.5 KiB`.
#[must_use]
pub fn bytes(count: usize) -> String {
    const UNITS: [(usize, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if count >= size {
            return format!("{}.{} {unit}", count / size, count % size * 10 / size);
        }
    }
    format!("{count} B")
}

/// A number with its digits in groups of three: `48 213`.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// Cells a value asks for in a column that sizes itself.
#[must_use]
pub fn width(kind: Kind, value: Cell<'_>) -> u16 {
    width_up_to(kind, value, WIDEST)
}

/// Cells a value asks for, up to a bound.
#[must_use]
pub fn width_up_to(kind: Kind, value: Cell<'_>, bound: u16) -> u16 {
    let shown = glance(kind, value, usize::from(bound));
    let tail = shown
        .tail
        .as_deref()
        .map_or(0, |tail| cell::width(tail) + 1);
    u16::try_from(cell::width(&shown.text) + tail)
        .unwrap_or(bound)
        .clamp(NARROWEST, bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, text: &str, room: usize) -> String {
        let Glance { text, tail, .. } = glance(kind, Cell::Text(text), room);
        match tail {
            Some(tail) => format!("{text} {tail}"),
            None => text.into_owned(),
        }
    }

    #[test]
    fn a_value_of_which_the_beginning_is_here_says_its_whole_size() {
        let text = "x".repeat(300);
        let seen = beginning(Kind::Text, Cell::Text(&text), 3 << 20, 40);
        assert_eq!(seen.tail.as_deref(), Some("3.0 MiB"));
        let digits = format!("\\x{}", "00".repeat(300));
        let seen = beginning(Kind::Bytes, Cell::Text(&digits), 2 + (2 << 20), 40);
        assert_eq!(seen.tail.as_deref(), Some("1.0 MiB"));
    }

    #[test]
    fn null_empty_and_blank_differ() {
        assert_eq!(glance(Kind::Text, Cell::Null, 9).text, NULL);
        assert_eq!(shown(Kind::Text, "", 9), "");
        assert_eq!(shown(Kind::Text, "  ", 9), "␣␣");
        assert_eq!(shown(Kind::Text, "NULL", 9), "NULL");
    }

    #[test]
    fn what_does_not_show_is_told() {
        assert_eq!(shown(Kind::Bytes, "\\x48690a", 20), "\\x48690a 3 B");
        assert_eq!(shown(Kind::Text, "one\ntwo\nthree", 30), "one↵two↵three");
        assert_eq!(shown(Kind::Text, "one\ntwo\nthree", 12), "one↵two↵… ↵3");
        assert_eq!(
            shown(Kind::Text, &"x".repeat(5 << 20), 20),
            "xxxxxxxxxxx… 5.0 MiB"
        );
        assert_eq!(shown(Kind::Text, &"x".repeat(5 << 20), 5), "xxxx…");
        assert_eq!(shown(Kind::Boolean, "t", 9), "● true");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(48_213), "48 213");
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(bytes(1536), "1.5 KiB");
    }

    #[test]
    fn columns_size_themselves_within_bounds() {
        assert_eq!(width(Kind::Text, Cell::Text("")), NARROWEST);
        assert_eq!(width(Kind::Text, Cell::Text("日本語")), 6);
        assert_eq!(
            width(Kind::Text, Cell::Text(&"x".repeat(1_000_000))),
            WIDEST
        );
    }
}

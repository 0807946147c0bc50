//! One value in full, laid out for reading: JSON indented, bytes as a dump, arrays as lists.
//!
//! Nothing is parsed into numbers or maps: what is shown is the server's text with other line
//! breaks, so no digit and no duplicate key is lost.

use std::fmt::Write as _;

use super::array::{self, Element};

/// Bytes of a value that are laid out; saving and copying take all of it.
pub const LAID_OUT: usize = 1 << 20;

/// How a value is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As it is.
    Text,
    /// JSON, indented.
    Json,
    /// Bytes, in hexadecimal and as text.
    Bytes,
    /// An array, an element a line.
    Array,
}

impl Layout {
    /// The word for a title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Bytes => "bytes",
            Self::Array => "array",
        }
    }
}

/// The layout that suits a type, by its OID (`pg_type.dat`: json, jsonb, bytea), else the text.
#[must_use]
pub fn layout(type_oid: u32, text: &str) -> Layout {
    match type_oid {
        114 | 3802 => Layout::Json,
        17 if text.starts_with("\\x") => Layout::Bytes,
        _ if text.starts_with('{') && text.len() < LAID_OUT && array::elements(text).is_some() => {
            Layout::Array
        }
        _ => Layout::Text,
    }
}

/// The value laid out, not yet safe to show: the first [`LAID_OUT`] bytes of it.
#[must_use]
pub fn laid_out(text: &str, layout: Layout) -> String {
    let text = beginning(text, LAID_OUT);
    match layout {
        Layout::Text => text.to_owned(),
        Layout::Json => json(text),
        Layout::Bytes => bytes(text),
        Layout::Array => {
            array::elements(text).map_or_else(|| text.to_owned(), |elements| list(&elements, 0))
        }
    }
}

/// At most that many bytes of a text, cut between characters.
#[must_use]
pub fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut characters = text.chars().filter({
        // Blanks between tokens go; those in strings stay.
        let (mut quoted, mut escaped) = (false, false);
        move |&character: &char| {
            let kept = quoted || !character.is_ascii_whitespace();
            match character {
                '"' if !escaped => quoted = !quoted,
                _ => {}
            }
            escaped = quoted && character == '\\' && !escaped;
            kept
        }
    });
    let (mut quoted, mut escaped) = (false, false);
    let mut next = characters.next();
    while let Some(character) = next {
        next = characters.next();
        if quoted {
            shown.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' if matches!(next, Some('}' | ']')) => {
                shown.push(character);
                shown.extend(next);
                next = characters.next();
            }
            '{' | '[' => {
                depth += 1;
                shown.push(character);
                break_line(&mut shown, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut shown, depth);
                shown.push(character);
            }
            ',' => {
                shown.push(',');
                break_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            plain => {
                quoted = plain == '"';
                shown.push(plain);
            }
        }
    }
    shown
}

/// Deepest indentation shown; deeper levels stay there, or a hostile value would be all blanks.
const DEEPEST: usize = 40;

fn break_line(shown: &mut String, depth: usize) {
    shown.push('\n');
    shown.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

/// Bytes a line of a dump.
const DUMPED: usize = 16;

fn bytes(text: &str) -> String {
    let digits = text.strip_prefix("\\x").unwrap_or(text).as_bytes();
    let mut shown = String::with_capacity(digits.len() * 3);
    for (number, line) in digits.chunks(DUMPED * 2).enumerate() {
        let mut plain = String::new();
        let _ = write!(shown, "{:08x}  ", number * DUMPED);
        for pair in line.chunks(2) {
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            let byte = u8::from_str_radix(pair, 16).unwrap_or_default();
            let _ = write!(shown, "{pair} ");
            plain.push(if byte.is_ascii_graphic() || byte == b' ' {
                char::from(byte)
            } else {
                '·'
            });
        }
        let missing = DUMPED.saturating_sub(line.len() / 2);
        shown.extend(std::iter::repeat_n("   ", missing));
        let _ = writeln!(shown, " {plain}");
    }
    shown
}

fn list(elements: &[Element], depth: usize) -> String {
    let mut shown = String::new();
    for (number, element) in elements.iter().enumerate() {
        let indent = "  ".repeat(depth);
        let _ = match element {
            Element::Null => writeln!(shown, "{indent}{}  NULL", number + 1),
            Element::Text(text) => writeln!(shown, "{indent}{}  {text}", number + 1),
            Element::Nested(inner) => {
                write!(shown, "{indent}{}\n{}", number + 1, list(inner, depth + 1))
            }
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_nothing_else() {
        let text = r#"{"a": 1.00, "a":[ ],"b":{"c":"x: {\"y\", \\"},"n":12345678901234567890}"#;
        assert_eq!(
            laid_out(text, Layout::Json),
            "{\n  \"a\": 1.00,\n  \"a\": [],\n  \"b\": {\n    \"c\": \"x: {\\\"y\\\", \\\\\"\n  },\n  \"n\": 12345678901234567890\n}"
        );
    }

    #[test]
    fn bytes_are_dumped() {
        assert_eq!(
            laid_out("\\x4869000a", Layout::Bytes),
            format!("00000000  48 69 00 0a {} Hi··\n", "   ".repeat(12))
        );
    }

    #[test]
    fn arrays_become_lists() {
        assert_eq!(layout(1009, "{a,NULL}"), Layout::Array);
        assert_eq!(
            laid_out("{a,NULL,{b}}", Layout::Array),
            "1  a\n2  NULL\n3\n  1  b\n"
        );
        assert_eq!(layout(25, "{not an array"), Layout::Text);
    }

    #[test]
    fn only_the_beginning_of_a_huge_value_is_laid_out() {
        let huge = "é".repeat(LAID_OUT);
        assert!(laid_out(&huge, Layout::Text).len() <= LAID_OUT);
    }
}

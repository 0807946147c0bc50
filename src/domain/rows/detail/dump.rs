//! Bytes, sixteen a line, in hexadecimal and as text.

use std::fmt::Write as _;

use super::{Line, Tone};

/// Bytes a line of a dump.
const DUMPED: usize = 16;

/// Bytes of the `\x` before the digits.
const PREFIX: usize = 2;

/// The lines of a `bytea` as the server writes it with `bytea_output` hex.
pub(super) fn lines(text: &str) -> Vec<Line> {
    later(text.strip_prefix("\\x").unwrap_or(text), PREFIX)
}

/// The lines of what of it stands behind `from` bytes.
pub(super) fn later(text: &str, from: usize) -> Vec<Line> {
    let before = from.saturating_sub(PREFIX) / 2;
    text.as_bytes()
        .chunks(DUMPED * 2)
        .enumerate()
        .map(|(number, bytes)| line(before + number * DUMPED, bytes))
        .collect()
}

fn line(offset: usize, digits: &[u8]) -> Line {
    let (mut shown, mut plain) = (String::new(), String::new());
    for (place, pair) in digits.chunks(2).enumerate() {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        let byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        let gap = if place == DUMPED / 2 { " " } else { "" };
        let _ = write!(shown, "{gap}{pair} ");
        plain.push(if byte.is_ascii_graphic() || byte == b' ' {
            char::from(byte)
        } else {
            '·'
        });
    }
    let mut line = Line::default();
    line.push(Tone::Quiet, &format!("{offset:08x}  "));
    line.push(Tone::Plain, &format!("{shown:<49} "));
    line.push(Tone::Text, &plain);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_dumped() {
        let shown = lines("\\x4869000a");
        assert_eq!(shown.len(), 1);
        assert_eq!(
            shown[0].text,
            format!("00000000  48 69 00 0a {} Hi··", " ".repeat(37))
        );
        assert_eq!(lines(&format!("\\x{}", "ff".repeat(17))).len(), 2);
        assert!(lines("\\x").is_empty());
    }
}

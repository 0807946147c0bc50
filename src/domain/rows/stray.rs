//! Bytes that are no UTF-8, kept within text.
//!
//! A database in `SQL_ASCII` sends what it was once given, in whatever encoding (PostgreSQL documentation,
//! "Supported Character Sets"). Each byte that is no part of a character becomes one of the last 128
//! characters of the private use area, U+10FF80 to U+10FFFF, by which it is found again, as PEP 383
//! does with lone surrogates, which Rust's texts cannot hold. Those characters themselves are taken
//! apart into their bytes likewise: so what arrived can always be had back, byte for byte.

use std::borrow::Cow;

/// The character of the byte 0: only those of bytes from 0x80 on occur.
const BASE: u32 = 0x10_ff00;

/// What every stand-in, and few other characters, begin with as UTF-8.
const FIRST: u8 = 0xf4;

/// The byte a character stands for.
#[must_use]
pub fn byte(character: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(character).checked_sub(BASE)?).ok()?;
    (byte >= 0x80).then_some(byte)
}

/// Whether a text has bytes that are no UTF-8, or what stands for them.
#[must_use]
pub fn is_in(text: &str) -> bool {
    text.as_bytes().contains(&FIRST) && text.chars().any(|character| byte(character).is_some())
}

/// Bytes as a text that keeps all of them.
#[must_use]
pub fn kept(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !is_in(text)
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte(character).is_some() {
                let mut four = [0; 4];
                text.extend(
                    character
                        .encode_utf8(&mut four)
                        .bytes()
                        .filter_map(stand_in),
                );
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    Cow::Owned(text)
}

fn stand_in(byte: u8) -> Option<char> {
    char::from_u32(BASE + u32::from(byte))
}

/// The bytes a text was made of.
#[must_use]
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !is_in(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// The text for readers that take nothing but UTF-8: U+FFFD for what is none.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    match bytes(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_text_is_kept_and_found_again() {
        let text = kept(b"caf\xe9 \xe2\x82");
        assert_eq!(text, "caf\u{10ffe9} \u{10ffe2}\u{10ff82}");
        assert_eq!(*bytes(&text), *b"caf\xe9 \xe2\x82");
        assert_eq!(readable(&text), "caf\u{fffd} \u{fffd}");
    }

    #[test]
    fn the_stand_ins_themselves_come_back() {
        let text = kept("a\u{10fffd}é".as_bytes());
        assert_ne!(text, "a\u{10fffd}é");
        assert_eq!(readable(&text), "a\u{10fffd}é");
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(
            kept("日本 \u{10ff7f}".as_bytes()),
            Cow::Borrowed(_)
        ));
        assert!(matches!(bytes("日本"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn every_byte_comes_back(raw in proptest::collection::vec(any::<u8>(), 0..60)) {
            let text = kept(&raw).into_owned();
            prop_assert_eq!(&*bytes(&text), raw.as_slice());
        }

        #[test]
        fn every_text_comes_back(text in "[a\u{10ff70}-\u{10ffff}é]{0,20}") {
            let text_kept = kept(text.as_bytes()).into_owned();
            prop_assert_eq!(readable(&text_kept), text);
        }
    }
}

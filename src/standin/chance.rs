//! Randomness of the operating system, for the secrets of one run.

use std::fs::File;
use std::io::{self, Read};

/// Letters and digits that need no quoting in URLs, SQL, shells and TOML. 64 of them would be
/// even; with 62, four residues of a byte come up a little more often, which costs less than a
/// hundredth of a bit a character.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A random word of `length` letters and digits.
pub(super) fn word(length: usize) -> io::Result<String> {
    let mut bytes = vec![0_u8; length];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|letter| char::from(*letter))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_length_and_differ() {
        let (one, other) = (word(40).unwrap(), word(40).unwrap());
        assert_eq!(one.len(), 40);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, other);
    }
}

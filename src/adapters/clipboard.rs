//! The system clipboard by OSC 52: the terminal puts the text on the clipboard of the machine the
//! person sits at, over ssh and tmux too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The control sequence that copies `text` (xterm control sequences, "Operating System Commands").
/// Inside tmux, which needs `set -g set-clipboard on`, it passes as it is.
#[must_use]
pub fn sequence(text: &str) -> String {
    format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_travels_as_base64() {
        assert_eq!(sequence("é\n"), "\u{1b}]52;c;w6kK\u{7}");
    }
}

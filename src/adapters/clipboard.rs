//! The clipboard, two ways: by OSC 52 the terminal puts a text on the clipboard of the machine the
//! person sits at, over ssh and tmux too; and where the system has a clipboard, a program of it does.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::domain::failure::Failure;

/// The control sequence that copies `text` (xterm control sequences, "Operating System Commands").
/// Inside tmux, which needs `set -g set-clipboard on`, it passes as it is.
#[must_use]
pub fn sequence(text: &str) -> String {
    format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))
}

/// A program that takes a text for the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Program {
    name: &'static str,
    arguments: &'static [&'static str],
    /// The variable without which it cannot reach a clipboard; empty if it needs none.
    needs: &'static str,
}

/// The programs, the surer ones first.
const PROGRAMS: [Program; 4] = [
    Program {
        name: "pbcopy",
        arguments: &[],
        needs: "",
    },
    Program {
        name: "wl-copy",
        arguments: &[],
        needs: "WAYLAND_DISPLAY",
    },
    Program {
        name: "xclip",
        arguments: &["-selection", "clipboard", "-in"],
        needs: "DISPLAY",
    },
    Program {
        name: "xsel",
        arguments: &["--clipboard", "--input"],
        needs: "DISPLAY",
    },
];

/// How long a program may take; it stays in the background only to serve what it was given.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hands a text to the system's clipboard program; gives the program's name, or `None` where there
/// is none.
///
/// # Errors
/// The program fails, or does not take the text in time.
pub async fn by_program(text: &str) -> Result<Option<String>, Failure> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths: Vec<PathBuf> = std::env::split_paths(&paths).collect();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let found = PROGRAMS.iter().find_map(|program| {
        let reaches = program.needs.is_empty() || set(program.needs);
        let path = paths
            .iter()
            .map(|folder| folder.join(program.name))
            .find(|path| path.is_file());
        Some((program, path.filter(|_| reaches)?))
    });
    let Some((program, path)) = found else {
        return Ok(None);
    };
    let failed = |why: &dyn std::fmt::Display| {
        Failure::local(format!("{} did not take the text: {why}", program.name))
    };
    let given = async {
        let mut child = Command::new(path)
            .args(program.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).await?;
            input.shutdown().await?;
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, given).await {
        Ok(Ok(status)) if status.success() => Ok(Some(program.name.to_owned())),
        Ok(Ok(status)) => Err(failed(&status)),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&"it did not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_travels_as_base64() {
        assert_eq!(sequence("é\n"), "\u{1b}]52;c;w6kK\u{7}");
    }
}

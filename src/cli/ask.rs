//! A password typed at the terminal, not shown.

use std::io::{self, BufRead, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::domain::token::Password;

/// Asks on standard error and reads from standard input with the echo off; `None` if that is not
/// possible or nothing was typed.
#[must_use]
pub(super) fn password(prompt: &str) -> Option<Password> {
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).ok()?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).ok()?;
    let mut out = io::stderr();
    let _ = write!(out, "{prompt}").and_then(|()| out.flush());
    let mut line = String::new();
    let read = terminal.lock().read_line(&mut line);
    let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
    let _ = writeln!(out);
    let typed = line.trim_end_matches(['\r', '\n']);
    (read.is_ok() && !typed.is_empty()).then(|| Password::new(typed.to_owned()))
}

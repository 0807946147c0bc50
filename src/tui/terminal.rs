//! Raw mode as a guard; panic hook; suspend.
//!
//! Whatever way the program ends, the terminal is handed back as it was found.

use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::layout::Size;
use rustix::process::{Signal, getpid, kill_process};

use super::canvas::Canvas;

/// The terminal we draw on.
pub type Screen = Terminal<Canvas<io::Stdout>>;

/// Whether the terminal is ours now: the panic hook and the guard must not both give it back.
static TAKEN: AtomicBool = AtomicBool::new(false);

static HOOK: Once = Once::new();

/// Holds the terminal; dropping it gives it back.
#[derive(Debug)]
pub struct Guard {
    /// What is drawn on.
    pub screen: Screen,
}

impl Guard {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                usual(panic);
            }));
        });
        enter()?;
        let screen = screen().inspect_err(|_| give_back())?;
        Ok(Self { screen })
    }

    /// Stops the process as Ctrl+Z does, and takes the terminal again when it goes on.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The stop signal is delivered before this returns.
        kill_process(getpid(), Signal::TSTP)?;
        enter()?;
        self.redraw()
    }

    /// Forgets what is on the terminal: the next frame is drawn whole. After a resize terminals have
    /// cut or reflowed what was there, even when the size is the old one again.
    ///
    /// `Terminal::clear` would ask the terminal for its cursor and race with the keys for the answer.
    pub fn redraw(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.screen = screen()?;
        Ok(())
    }

    /// Puts text on the clipboard of the person's own machine (xterm control sequences, OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(crate::adapters::clipboard::sequence(text).as_bytes())?;
        out.flush()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

fn screen() -> io::Result<Screen> {
    let extent = || crossterm::terminal::size().map(|(width, height)| Size { width, height });
    Terminal::new(Canvas::new(io::stdout(), extent)?)
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableMouseCapture,
        EnableBracketedPaste,
        // Terminals that do not know the flags ignore them.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
        SetTitle("pgiam"),
    )
    .inspect_err(|_| give_back())
}

/// Gives the terminal back, once. Errors are ignored: a terminal that hung up takes nothing more.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(
        io::stdout(),
        PopKeyboardEnhancementFlags,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        Show,
    );
    let _ = disable_raw_mode();
}

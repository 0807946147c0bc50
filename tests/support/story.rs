//! What stories of the interface begin with and look at: a model, keys, a picture. No server, no
//! terminal.

use pgiam::app::key::{Key, KeyCode};
use pgiam::app::model::link::{Link, Up};
use pgiam::app::model::{Model, Screen, Size};
use pgiam::app::{Effect, Message, Ticket, update};
use pgiam::domain::link::{LinkFacts, Recovery, ServerVersion};
use pgiam::domain::profile::{Guard, Profile};
use pgiam::domain::run::TransactionState;
use pgiam::tui::theme::Theme;
use pgiam::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// What a server said of itself: version 16, `analyst` in `orders`.
pub(crate) fn facts(guard: Guard) -> LinkFacts {
    LinkFacts {
        version: ServerVersion {
            number: 160_004,
            text: "16.4".into(),
        },
        user: "analyst".into(),
        database: "orders".into(),
        tls: Some("TLS 1.3".into()),
        backend_pid: 7,
        recovery: Recovery::Primary,
        guard,
    }
}

/// A workspace connected to [`facts`], nothing read of it yet.
pub(crate) fn connected(ticket: Ticket, columns: u16, rows: u16) -> Model {
    Model {
        size: Size { columns, rows },
        screen: Screen::Workspace,
        link: Link::Up(Up {
            ticket,
            profile: Box::new(Profile {
                name: "orders".into(),
                database: "orders".into(),
                user: "analyst".into(),
                ..Profile::default()
            }),
            facts: facts(Guard::ReadWrite),
            transaction: TransactionState::Idle,
        }),
        ..Model::default()
    }
}

/// Presses keys: characters as they are, line ends as Enter, and Tab and Escape.
pub(crate) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for character in keys.chars() {
        let code = match character {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Escape,
            plain => KeyCode::Char(plain),
        };
        effects.extend(update(model, Message::Key(Key::plain(code))));
    }
    effects
}

/// The whole screen as it is.
pub(crate) fn screen(model: &Model) -> String {
    let Size { columns, rows } = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| view(model, Theme::plain(), frame))
        .unwrap();
    terminal.backend().to_string()
}

/// The screen at a size, without what is blank at the ends of lines.
pub(crate) fn drawn(model: &mut Model, columns: u16, rows: u16) -> String {
    let _ = update(model, Message::Resized { columns, rows });
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| view(model, Theme::plain(), frame))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..rows {
        let line: String = (0..columns).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

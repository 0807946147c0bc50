//! Terminal events become keys.

use crossterm::event::{
    Event, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};

use crate::app::Message;
use crate::app::key::{Key, KeyCode, Mouse, MouseAction};

/// The message that a terminal event is, if it is one for us.
#[must_use]
pub fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(event) => key(event).map(Message::Key),
        Event::Mouse(event) => mouse(event).map(Message::Mouse),
        Event::Paste(text) => Some(Message::Pasted(text)),
        Event::Resize(columns, rows) => Some(Message::Resized { columns, rows }),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event
        .modifiers
        .intersects(KeyModifiers::ALT | KeyModifiers::META);
    let shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        // Terminals differ in the case of letters with Control; the chord is the same.
        Code::Char(character) if ctrl => KeyCode::Char(character.to_ascii_lowercase()),
        Code::Char(character) => KeyCode::Char(character),
        Code::F(number) => KeyCode::F(number),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Escape,
        Code::Tab if shift => KeyCode::BackTab,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Insert => KeyCode::Insert,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        _ => return None,
    };
    let shift = shift && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    Some(Key {
        code,
        ctrl,
        alt,
        shift,
    })
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let action = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseAction::Press,
        MouseEventKind::Up(MouseButton::Left) => MouseAction::Release,
        MouseEventKind::Drag(MouseButton::Left) => MouseAction::Drag,
        MouseEventKind::ScrollUp => MouseAction::ScrollUp,
        MouseEventKind::ScrollDown => MouseAction::ScrollDown,
        MouseEventKind::ScrollLeft => MouseAction::ScrollLeft,
        MouseEventKind::ScrollRight => MouseAction::ScrollRight,
        _ => return None,
    };
    Some(Mouse {
        action,
        column: event.column,
        row: event.row,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: Code, modifiers: KeyModifiers) -> Option<Key> {
        key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn the_case_of_a_control_chord_does_not_matter() {
        let lower = pressed(Code::Char('r'), KeyModifiers::CONTROL);
        let upper = pressed(Code::Char('R'), KeyModifiers::CONTROL | KeyModifiers::SHIFT);
        assert_eq!(lower, upper);
    }

    #[test]
    fn a_typed_capital_needs_no_shift() {
        assert_eq!(
            pressed(Code::Char('D'), KeyModifiers::SHIFT),
            Some(Key::plain(KeyCode::Char('D')))
        );
    }

    #[test]
    fn releases_are_no_keys() {
        let release = KeyEvent {
            kind: KeyEventKind::Release,
            ..KeyEvent::from(Code::Enter)
        };
        assert_eq!(key(release), None);
    }
}

use std::num::NonZero;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::*;

const SIZE: Size = Size {
    width: 24,
    height: 14,
};

#[allow(
    clippy::unnecessary_wraps,
    reason = "a real terminal may not say its size"
)]
fn extent() -> io::Result<Size> {
    Ok(SIZE)
}

/// A canvas, and a terminal that gets its bytes.
struct Pair {
    screen: Terminal<Canvas<Vec<u8>>>,
    terminal: vt100::Parser,
}

impl Pair {
    fn new() -> Self {
        let cells = |count| NonZero::new(count).unwrap();
        Self {
            screen: Terminal::new(Canvas::new(Vec::new(), extent).unwrap()).unwrap(),
            terminal: vt100::Parser::new(cells(SIZE.height), cells(SIZE.width), 0),
        }
    }

    /// Draws a frame; the bytes that took.
    fn draw(&mut self, draw: impl Fn(&mut Buffer)) -> Vec<u8> {
        let _ = self.screen.draw(|frame| draw(frame.buffer_mut())).unwrap();
        let bytes = std::mem::take(&mut self.screen.backend_mut().out);
        self.terminal.process(&bytes);
        bytes
    }

    /// The terminal shows what was drawn, style by style.
    fn assert_shows(&self, draw: impl Fn(&mut Buffer)) {
        let mut wanted = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
        draw(&mut wanted);
        let screen = self.terminal.screen();
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let cell = screen.cell(y, x).unwrap();
                let want = &wanted[(x, y)];
                if cell.is_wide_continuation() {
                    continue;
                }
                let shown = if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                };
                assert_eq!(shown, want.symbol(), "at {x},{y}");
                assert_eq!(cell.fgcolor(), colour(want.fg), "text at {x},{y}");
                assert_eq!(cell.bgcolor(), colour(want.bg), "ground at {x},{y}");
                let modifier = [
                    (cell.bold(), Modifier::BOLD),
                    (cell.dim(), Modifier::DIM),
                    (cell.italic(), Modifier::ITALIC),
                    (cell.underline(), Modifier::UNDERLINED),
                    (cell.inverse(), Modifier::REVERSED),
                ];
                for (on, modifier) in modifier {
                    assert_eq!(
                        on,
                        want.modifier.contains(modifier),
                        "{modifier:?} at {x},{y}"
                    );
                }
            }
        }
    }
}

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        _ => vt100::Color::Default,
    }
}

const STYLES: [Style; 7] = [
    Style::new(),
    Style::new().fg(Color::Red),
    Style::new()
        .fg(Color::LightBlue)
        .add_modifier(Modifier::BOLD),
    Style::new()
        .bg(Color::Indexed(200))
        .add_modifier(Modifier::DIM),
    Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(4, 5, 6)),
    Style::new().add_modifier(Modifier::ITALIC.union(Modifier::UNDERLINED)),
    Style::new().add_modifier(Modifier::REVERSED.union(Modifier::BOLD)),
];

const TEXTS: [&str; 8] = [
    "plain",
    "日本語",
    "a",
    "größer",
    "│",
    "1234567890",
    "     ",
    "e\u{301}x",
];

/// Something written somewhere.
#[derive(Debug, Clone)]
struct Stroke {
    x: u16,
    y: u16,
    text: usize,
    style: usize,
}

fn write(strokes: &[Stroke]) -> impl Fn(&mut Buffer) + '_ {
    move |buffer| {
        for stroke in strokes {
            // The emulator knows bold or dim, not both: styles must not add up.
            let line = Rect::new(0, stroke.y, SIZE.width, 1);
            buffer.set_style(line, Style::reset());
            buffer.set_string(stroke.x, stroke.y, TEXTS[stroke.text], STYLES[stroke.style]);
        }
        blank_halves(buffer);
    }
}

prop_compose! {
    fn stroke()(
        x in 0..SIZE.width,
        y in 0..SIZE.height,
        text in 0..TEXTS.len(),
        style in 0..STYLES.len(),
    ) -> Stroke {
        Stroke { x, y, text, style }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_terminal_shows_what_was_drawn(frames in prop::collection::vec(
        prop::collection::vec(stroke(), 0..40), 1..6)
    ) {
        let mut pair = Pair::new();
        for frame in &frames {
            let _ = pair.draw(write(frame));
            pair.assert_shows(write(frame));
        }
    }
}

/// A table between two lines that stay, with a list on its left that stays too.
fn table(top: usize) -> impl Fn(&mut Buffer) {
    move |buffer| {
        buffer.set_string(0, 0, "title", STYLES[2]);
        for y in 1..SIZE.height - 1 {
            let row = top + usize::from(y);
            buffer.set_string(0, y, format!("t{y:02}│"), STYLES[0]);
            let text = format!(
                "{:08x} {:08x} 日",
                row * 2_654_435_761 % (1 << 32),
                row * 40_503
            );
            buffer.set_string(4, y, text, STYLES[row % STYLES.len()]);
        }
        buffer.set_string(0, SIZE.height - 1, format!("row {top}"), STYLES[1]);
    }
}

#[test]
fn a_table_that_moves_by_a_line_is_moved_by_the_terminal() {
    let mut pair = Pair::new();
    let whole = pair.draw(table(100)).len();
    for (top, moved) in [
        (101, "\x1b[M"),
        (100, "\x1b[L"),
        (103, "\x1b[3M"),
        (100, "\x1b[3L"),
    ] {
        let bytes = pair.draw(table(top));
        pair.assert_shows(table(top));
        assert!(String::from_utf8_lossy(&bytes).contains(moved), "{top}");
        assert!(bytes.len() * 2 < whole, "{} of {whole}", bytes.len());
    }
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let mut pair = Pair::new();
    let _ = pair.draw(table(1));
    assert!(pair.draw(table(1)).is_empty());
}

#[test]
fn a_frame_is_one_piece() {
    let mut pair = Pair::new();
    let bytes = pair.draw(table(1));
    assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
    let small = pair.draw(|buffer| {
        table(1)(buffer);
        buffer.set_string(10, 0, "x", STYLES[0]);
    });
    assert_eq!(String::from_utf8_lossy(&small), "\x1b[1;11Hx");
}

//! The terminal's present style, and the shortest way to another one (ECMA-48, "SGR").

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What the terminal writes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen {
    text: Color,
    ground: Color,
    modifier: Modifier,
}

impl Default for Pen {
    fn default() -> Self {
        Self {
            text: Color::Reset,
            ground: Color::Reset,
            modifier: Modifier::empty(),
        }
    }
}

/// What a style turns on, with what, and with what it is turned off: bold and dim share theirs.
const SWITCHES: [(Modifier, &str, &str); 6] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self {
            text: cell.fg,
            ground: cell.bg,
            modifier: cell.modifier,
        }
    }

    /// Whether a cell can be written as it is.
    pub(super) fn draws(self, cell: &Cell) -> bool {
        self == Self::of(cell)
    }

    /// Takes up the style of a cell.
    pub(super) fn take(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        self.change_to(Self::of(cell), out);
    }

    /// Back to plain text.
    pub(super) fn reset(&mut self, out: &mut Vec<u8>) {
        self.change_to(Self::default(), out);
    }

    fn change_to(&mut self, wanted: Self, out: &mut Vec<u8>) {
        if *self == wanted {
            return;
        }
        let step = Codes::between(*self, wanted);
        let afresh = Codes::between(Self::default(), wanted);
        out.extend_from_slice(b"\x1b[");
        if afresh.0.is_empty() {
            // Without a parameter everything is turned off.
        } else if afresh.0.len() + 2 <= step.0.len() {
            out.extend_from_slice(b"0;");
            out.extend_from_slice(&afresh.0);
        } else {
            out.extend_from_slice(&step.0);
        }
        out.push(b'm');
        *self = wanted;
    }
}

/// Parameters, with semicolons between them.
#[derive(Default)]
struct Codes(Vec<u8>);

impl Codes {
    fn between(from: Pen, to: Pen) -> Self {
        let mut codes = Self::default();
        let gone = from.modifier - to.modifier;
        let mut come = to.modifier - from.modifier;
        let mut last_off = "";
        for (modifier, _, off) in SWITCHES {
            if gone.contains(modifier) && off != last_off {
                codes.push(off);
                last_off = off;
                if off == "22" {
                    // Turning either off turns both off.
                    come |= to.modifier & (Modifier::BOLD | Modifier::DIM);
                }
            }
        }
        for (modifier, on, _) in SWITCHES {
            if come.contains(modifier) {
                codes.push(on);
            }
        }
        if from.text != to.text {
            codes.colour(to.text, Layer::Text);
        }
        if from.ground != to.ground {
            codes.colour(to.ground, Layer::Ground);
        }
        codes
    }

    fn push(&mut self, code: &str) {
        if !self.0.is_empty() {
            self.0.push(b';');
        }
        self.0.extend_from_slice(code.as_bytes());
    }

    fn colour(&mut self, colour: Color, layer: Layer) {
        let (normal, bright, any, none) = match layer {
            Layer::Text => (30, 90, "38", "39"),
            Layer::Ground => (40, 100, "48", "49"),
        };
        let place = match colour {
            Color::Reset => return self.push(none),
            Color::Indexed(index) => {
                self.push(any);
                self.push("5");
                return self.push(&index.to_string());
            }
            Color::Rgb(red, green, blue) => {
                self.push(any);
                self.push("2");
                return self.push(&format!("{red};{green};{blue}"));
            }
            Color::Black => normal,
            Color::Red => normal + 1,
            Color::Green => normal + 2,
            Color::Yellow => normal + 3,
            Color::Blue => normal + 4,
            Color::Magenta => normal + 5,
            Color::Cyan => normal + 6,
            Color::Gray => normal + 7,
            Color::DarkGray => bright,
            Color::LightRed => bright + 1,
            Color::LightGreen => bright + 2,
            Color::LightYellow => bright + 3,
            Color::LightBlue => bright + 4,
            Color::LightMagenta => bright + 5,
            Color::LightCyan => bright + 6,
            Color::White => bright + 7,
        };
        self.push(&place.to_string());
    }
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Text,
    Ground,
}

/// Writes a number.
pub(super) fn number(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(number.to_string().as_bytes());
}

//! Roles to styles. Colour carries meaning and never alone: a glyph or word says the same.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, or a dumb terminal.
    Plain,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    /// All.
    True,
}

/// Whether the background is dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ground {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Text that steps back: labels, units, row numbers.
    Quiet,
    /// A heading, a name.
    Strong,
    /// The title line.
    Title,
    /// A pane's border.
    Border,
    /// The border of the pane that has the keys.
    Focus,
    /// The selected line.
    Selected,
    /// A key in the hint line.
    Key,
    /// Something went well.
    Good,
    /// Something to know.
    Warning,
    /// Something went wrong.
    Bad,
    /// Something under way.
    Busy,
    /// A keyword of SQL.
    Keyword,
    /// A string of SQL.
    String,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A variable, parameter or quoted name.
    Name,
    /// NULL.
    Null,
    /// What a search found.
    Match,
    /// Selected text or cells.
    Marked,
}

/// Styles for every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours there are.
    pub depth: Depth,
    /// Whether the background is dark.
    pub ground: Ground,
}

impl Theme {
    /// No colours at all: what `NO_COLOR` asks for, and tests compare.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            depth: Depth::Plain,
            ground: Ground::Dark,
        }
    }

    /// What the environment says: `NO_COLOR`, `TERM`, `COLORTERM`, `COLORFGBG`.
    #[must_use]
    pub fn from_environment() -> Self {
        let value = |name: &str| std::env::var(name).unwrap_or_default();
        let depth = if !value("NO_COLOR").is_empty() || value("TERM") == "dumb" {
            Depth::Plain
        } else if ["truecolor", "24bit"].contains(&value("COLORTERM").as_str()) {
            Depth::True
        } else {
            Depth::Sixteen
        };
        // `COLORFGBG` is "foreground;background" in the sixteen colours; 7 and 9 to 15 are light.
        let background = value("COLORFGBG")
            .rsplit(';')
            .next()
            .and_then(|number| number.parse::<u8>().ok());
        let ground = match background {
            Some(7 | 9..=15) => Ground::Light,
            _ => Ground::Dark,
        };
        Self { depth, ground }
    }

    /// The same on a background that a person named.
    #[must_use]
    pub fn on(self, ground: Option<Ground>) -> Self {
        Self {
            ground: ground.unwrap_or(self.ground),
            ..self
        }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let style = match self.depth {
            Depth::Plain => Style::new(),
            Depth::Sixteen => Style::new().fg(sixteen(role)),
            Depth::True => Style::new().fg(rich(role, self.ground)),
        };
        match role {
            Role::Strong | Role::Title | Role::Key | Role::Keyword => {
                style.add_modifier(Modifier::BOLD)
            }
            Role::Selected => self.selected(style),
            Role::Marked => self.marked(style),
            Role::Match => style.add_modifier(Modifier::REVERSED),
            Role::Null | Role::Comment => style.add_modifier(Modifier::ITALIC),
            Role::Quiet | Role::Border if self.depth == Depth::Plain => {
                style.add_modifier(Modifier::DIM)
            }
            Role::Bad if self.depth == Depth::Plain => style.add_modifier(Modifier::BOLD),
            _ => style,
        }
    }

    fn selected(self, style: Style) -> Style {
        match (self.depth, self.ground) {
            (Depth::True, Ground::Dark) => style
                .bg(Color::Rgb(44, 56, 78))
                .add_modifier(Modifier::BOLD),
            (Depth::True, Ground::Light) => style
                .bg(Color::Rgb(214, 226, 244))
                .add_modifier(Modifier::BOLD),
            _ => style.add_modifier(Modifier::REVERSED),
        }
    }

    fn marked(self, style: Style) -> Style {
        match (self.depth, self.ground) {
            (Depth::True, Ground::Dark) => style.bg(Color::Rgb(58, 64, 92)),
            (Depth::True, Ground::Light) => style.bg(Color::Rgb(224, 218, 244)),
            _ => style.add_modifier(Modifier::REVERSED),
        }
    }

    /// The style of a profile's colour, for the frame.
    #[must_use]
    pub fn tint(self, colour: &str) -> Style {
        if self.depth == Depth::Plain {
            return Style::new().add_modifier(Modifier::BOLD);
        }
        Style::new().fg(match colour {
            "red" => Color::LightRed,
            "yellow" => Color::Yellow,
            "green" => Color::Green,
            "blue" => Color::LightBlue,
            "magenta" => Color::Magenta,
            _ => Color::Cyan,
        })
    }
}

const fn sixteen(role: Role) -> Color {
    match role {
        Role::Text | Role::Strong | Role::Selected | Role::Marked | Role::Match => Color::Reset,
        Role::Quiet | Role::Border | Role::Comment | Role::Null => Color::DarkGray,
        Role::Title | Role::Focus | Role::Key | Role::Keyword => Color::Cyan,
        Role::Good | Role::String => Color::Green,
        Role::Warning | Role::Number => Color::Yellow,
        Role::Bad => Color::Red,
        Role::Busy | Role::Name => Color::Magenta,
    }
}

const fn rich(role: Role, ground: Ground) -> Color {
    match (role, ground) {
        (Role::Text | Role::Strong, Ground::Dark) => Color::Rgb(214, 219, 228),
        (Role::Text | Role::Strong, Ground::Light) => Color::Rgb(38, 44, 56),
        (Role::Selected | Role::Marked | Role::Match, Ground::Dark) => Color::Rgb(238, 242, 250),
        (Role::Selected | Role::Marked | Role::Match, Ground::Light) => Color::Rgb(20, 24, 34),
        (Role::Quiet | Role::Comment | Role::Null, Ground::Dark) => Color::Rgb(124, 134, 152),
        (Role::Quiet | Role::Comment | Role::Null, Ground::Light) => Color::Rgb(104, 112, 128),
        (Role::Border, Ground::Dark) => Color::Rgb(70, 80, 98),
        (Role::Border, Ground::Light) => Color::Rgb(176, 184, 198),
        (Role::Title | Role::Focus | Role::Key, Ground::Dark) => Color::Rgb(122, 184, 245),
        (Role::Title | Role::Focus | Role::Key, Ground::Light) => Color::Rgb(20, 98, 176),
        (Role::Keyword, Ground::Dark) => Color::Rgb(146, 170, 250),
        (Role::Keyword, Ground::Light) => Color::Rgb(46, 62, 176),
        (Role::Good | Role::String, Ground::Dark) => Color::Rgb(142, 202, 136),
        (Role::Good | Role::String, Ground::Light) => Color::Rgb(36, 120, 52),
        (Role::Warning | Role::Number, Ground::Dark) => Color::Rgb(232, 190, 110),
        (Role::Warning | Role::Number, Ground::Light) => Color::Rgb(150, 96, 10),
        (Role::Bad, Ground::Dark) => Color::Rgb(242, 118, 118),
        (Role::Bad, Ground::Light) => Color::Rgb(184, 32, 40),
        (Role::Busy | Role::Name, Ground::Dark) => Color::Rgb(206, 160, 236),
        (Role::Busy | Role::Name, Ground::Light) => Color::Rgb(122, 58, 160),
    }
}

//! The list of profiles in their groups.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::paint::{boxed, heading, line, lines, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::connections::{AttemptOutcome, Entry, FilterFocus, Folding};
use crate::domain::profile::Profile;
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// The list, its filter on the first line.
pub fn connections(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let title = heading(theme, Role::Strong, "profiles");
    let inner = boxed(frame, area, title, theme, theme.style(Role::Focus));
    let (top, rest) = inner.split_top(1);
    filter(frame, top, model, theme);
    let entries = model.connections.entries();
    if entries.is_empty() {
        lines(frame, rest, empty(model, theme), 0);
        return;
    }
    let first = first_visible(model.connections.selected, usize::from(rest.height));
    let shown = entries
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(rest.height))
        .map(|(at, entry)| {
            let selected = at == model.connections.selected;
            let drawn = match entry {
                Entry::Group {
                    name,
                    folding,
                    profiles,
                } => group(name, *folding, *profiles, theme),
                Entry::Profile(profile) => self::profile(profile, model, theme, rest.width.into()),
            };
            if selected {
                highlighted(&drawn, theme, rest.width.into())
            } else {
                drawn
            }
        })
        .collect();
    lines(frame, rest, shown, 0);
}

/// The selected line, marked by a bar too: colour never stands alone.
fn highlighted(drawn: &Line<'static>, theme: Theme, columns: usize) -> Line<'static> {
    let style = theme.style(Role::Selected);
    let mut text: String = drawn
        .spans
        .iter()
        .map(|span| span.content.as_ref())
        .collect();
    if text.starts_with(' ') {
        text.replace_range(..1, "▌");
    }
    let gap = columns.saturating_sub(cell::width(&text));
    Line::from(Span::styled(format!("{text}{}", " ".repeat(gap)), style))
}

fn filter(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let field = &model.connections.filter;
    let typing = model.connections.filter_focus == FilterFocus::Typing;
    let mut spans = vec![word(theme, Role::Key, " / ")];
    if field.text().is_empty() && !typing {
        spans.push(word(theme, Role::Quiet, "filter"));
    } else {
        spans.push(word(
            theme,
            Role::Text,
            cell::safe_line(field.text()).into_owned(),
        ));
    }
    lines(frame, area, vec![Line::from(spans)], 0);
    if typing && area.height > 0 && area.width > 3 {
        let (cursor, _) = field.view(usize::from(area.width).saturating_sub(4));
        let x = area.x + 3 + u16::try_from(cursor).unwrap_or(0).min(area.width - 4);
        frame.set_cursor_position(Position { x, y: area.y });
    }
}

fn group(name: &str, folding: Folding, profiles: usize, theme: Theme) -> Line<'static> {
    let (sign, count) = match folding {
        Folding::Open => ("▾", String::new()),
        Folding::Folded => ("▸", format!("  {profiles}")),
    };
    Line::from(vec![
        word(theme, Role::Quiet, format!(" {sign} ")),
        word(theme, Role::Strong, cell::safe_line(name).into_owned()),
        word(theme, Role::Quiet, count),
    ])
}

fn profile(profile: &Profile, model: &Model, theme: Theme, columns: usize) -> Line<'static> {
    let (sign, role) = match model
        .connections
        .attempts
        .get(&profile.name)
        .map(|attempt| &attempt.outcome)
    {
        Some(AttemptOutcome::Running(_)) => ("…", Role::Busy),
        Some(AttemptOutcome::Stood) => ("✓", Role::Good),
        Some(AttemptOutcome::Refused { .. }) => ("✗", Role::Bad),
        Some(AttemptOutcome::Cancelled) | None => (" ", Role::Quiet),
    };
    let region = profile.signing_region().unwrap_or_default();
    let room = columns.saturating_sub(4 + 2);
    // The name is what people look for; the region gives way first, then the user.
    let name_width = (room * 2 / 5).clamp(12, 28).min(room);
    let region_width = if room > name_width + 22 { 14 } else { 0 };
    let user_width = room.saturating_sub(name_width + region_width + 2);
    let pad = |text: &str, width: usize| {
        let text = cell::clipped(text, width).into_owned();
        let gap = width.saturating_sub(cell::width(&text));
        format!("{text}{}", " ".repeat(gap))
    };
    let tint = profile
        .colour
        .as_deref()
        .map_or_else(|| theme.style(Role::Text), |colour| theme.tint(colour));
    Line::from(vec![
        word(theme, role, format!("  {sign} ")),
        Span::styled(pad(&profile.name, name_width), tint),
        word(
            theme,
            Role::Quiet,
            format!(" {} ", pad(&profile.user, user_width)),
        ),
        word(theme, Role::Quiet, pad(&region, region_width)),
    ])
}

/// What to do when there is nothing to select.
fn empty(model: &Model, theme: Theme) -> Vec<Line<'static>> {
    if !model.connections.profiles.is_empty() {
        return vec![
            Line::default(),
            line(theme, Role::Quiet, "   no profile contains these words"),
            line(theme, Role::Quiet, "   Escape shows all again"),
        ];
    }
    vec![
        Line::default(),
        line(theme, Role::Text, "   No profiles yet."),
        Line::default(),
        Line::from(vec![
            word(theme, Role::Key, "   n"),
            word(theme, Role::Quiet, "  writes the first one"),
        ]),
        Line::default(),
        line(theme, Role::Quiet, "   pgiam demo  tries it all on a"),
        line(theme, Role::Quiet, "   stand-in for RDS, without AWS"),
    ]
}

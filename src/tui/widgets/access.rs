//! The access screen: the list of what is asked, and what is known about the line under the cursor.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::access_grid;
use super::paint::{boxed, heading, line, lines, paragraph, rect, spinner, word};
use crate::app::layout::{self, AccessAreas, Area};
use crate::app::model::Model;
use crate::app::model::access::detail::Kind;
use crate::app::model::access::items::Fold;
use crate::app::model::access::{
    AccessScreen, Item, Kinds, Known, Part, Reading, SystemParts, Typing, View,
};
use crate::domain::access::{
    Attribute, Difference, ObjectId, RoleId, Snapshot, Standing, Tone, Trait,
};
use crate::domain::rows::cell;
use crate::domain::time::spoken;
use crate::tui::theme::{Role, Theme};

/// Cells of the letters in lists.
const LETTERS: usize = 12;

/// What the signs between the letters mean.
const LEGEND: &str =
    "* may grant  ~ some columns  [] after SET ROLE  o owner  # superuser  ! no USAGE";

/// Both parts of the screen, as far as there is room.
pub fn access(frame: &mut Frame<'_>, model: &Model, theme: Theme) {
    let areas = layout::access(model);
    let screen = &model.access;
    let border = |part| {
        let role = if screen.part == part {
            Role::Focus
        } else {
            Role::Border
        };
        theme.style(role)
    };
    if let Some(area) = areas.list {
        let title = title(model, theme);
        let _ = boxed(frame, area, title, theme, border(Part::List));
        list(frame.buffer_mut(), areas, model, theme);
        legend(frame.buffer_mut(), rect(area), theme);
    }
    if let Some(area) = areas.detail {
        let title = heading(theme, Role::Strong, "paths");
        let inner = boxed(frame, area, title, theme, border(Part::Detail));
        detail(frame, inner, screen, theme);
    }
}

/// What the signs mean, on the lower border.
fn legend(buf: &mut Buffer, area: Rect, theme: Theme) {
    let room = usize::from(area.width).saturating_sub(4);
    let text = format!(" {LEGEND} ");
    let shown = cell::clipped(&text, room);
    if area.height > 3 && room > 0 {
        let y = area.bottom() - 1;
        let _ = buf.set_stringn(area.x + 2, y, &shown, room, theme.style(Role::Quiet));
    }
}

fn title(model: &Model, theme: Theme) -> Line<'static> {
    let screen = &model.access;
    let mut title = heading(theme, Role::Title, &screen.question());
    let (role, text) = match &screen.reading {
        Reading::Asked { since, .. } => (
            Role::Busy,
            format!(
                "· {} reading {} ",
                spinner(model.now.0),
                spoken(model.now.since(*since))
            ),
        ),
        Reading::Failed(_) if screen.known.is_some() => {
            (Role::Bad, "· ✗ not read again ".to_owned())
        }
        _ if screen.known.is_none() => (Role::Quiet, String::new()),
        Reading::Never | Reading::Done | Reading::Failed(_) => {
            (Role::Quiet, format!("· {} ", screen.count()))
        }
    };
    title.push_span(word(theme, role, text));
    title
}

fn list(buf: &mut Buffer, areas: AccessAreas, model: &Model, theme: Theme) {
    let screen = &model.access;
    filter(buf, rect(areas.filter()), screen, theme);
    let rows = rect(areas.rows());
    let Some(known) = &screen.known else {
        emptiness(buf, rows, model, theme);
        return;
    };
    if screen.items.is_empty() {
        emptiness(buf, rows, model, theme);
        return;
    }
    if screen.view == View::Matrix {
        access_grid::grid(buf, areas, screen, known, theme);
        return;
    }
    let shown = screen.items.iter().enumerate().skip(screen.top);
    for (row, (at, item)) in rows.rows().zip(shown) {
        let style = cursor(buf, row, at == screen.selected, screen.part, theme);
        entry(buf, row, (item, style), screen, known, theme);
    }
}

/// The style of the line under the cursor; `None` elsewhere.
pub(super) fn cursor(
    buf: &mut Buffer,
    row: Rect,
    selected: bool,
    part: Part,
    theme: Theme,
) -> Option<Style> {
    let role = match part {
        Part::List => Role::Selected,
        Part::Detail => Role::Marked,
    };
    let style = theme.style(role);
    if selected {
        buf.set_style(row, style);
    }
    selected.then_some(style)
}

/// Writes a safe text into a part of a row.
pub(super) fn put(buf: &mut Buffer, row: Rect, from: usize, (text, style): (&str, Style)) -> usize {
    let width = usize::from(row.width);
    let room = width.saturating_sub(from);
    if room == 0 || row.is_empty() {
        return from;
    }
    let shown = cell::clipped(text, room);
    let x = row.x + u16::try_from(from).unwrap_or(row.width);
    let _ = buf.set_stringn(x, row.y, &shown, room, style);
    from + cell::width(&shown)
}

/// Writes at the right edge, where that leaves room for `used` cells.
fn put_right(buf: &mut Buffer, row: Rect, used: usize, (text, style): (&str, Style)) {
    let width = usize::from(row.width);
    let wide = cell::width(&cell::safe_line(text));
    if used + wide < width {
        let _ = put(buf, row, width - wide, (text, style));
    }
}

/// What narrows the list, on one line.
fn filter(buf: &mut Buffer, row: Rect, screen: &AccessScreen, theme: Theme) {
    let filters = &screen.filters;
    let quiet = theme.style(Role::Quiet);
    let mut at = put(buf, row, 0, ("/ ", theme.style(Role::Text)));
    if filters.typing == Typing::Yes {
        let (cursor, scroll) = filters.words.view(usize::from(row.width).saturating_sub(4));
        let shown: String = filters.words.text().chars().skip(scroll).collect();
        let _ = put(buf, row, at, (&shown, theme.style(Role::Text)));
        let x = row.x + u16::try_from(at + cursor).unwrap_or(row.width);
        if x < row.right() && !row.is_empty() {
            buf.set_style(Rect::new(x, row.y, 1, 1), theme.style(Role::Selected));
        }
        return;
    }
    at = match filters.words.text().trim() {
        "" => put(buf, row, at, ("words @roles", quiet)),
        words => put(buf, row, at, (words, theme.style(Role::Match))),
    };
    let mut parts = Vec::new();
    if filters.kinds != Kinds::All {
        parts.push(filters.kinds.word().to_owned());
    }
    if let Some(privilege) = filters.privilege {
        parts.push(privilege.keyword().to_owned());
    }
    if let (Some(schema), Some(known)) = (filters.schema, &screen.known) {
        parts.push(format!("schema {}", known.rights.object_name(schema)));
    }
    if filters.system_parts == SystemParts::Shown {
        parts.push("with system parts".to_owned());
    }
    for part in parts {
        at = put(buf, row, at, ("  ", quiet));
        at = put(buf, row, at, (&part, theme.style(Role::Match)));
    }
    if let (Some(aside), Some(known)) = (screen.aside, &screen.known) {
        let text = format!("  = {}", known.rights.role_name(aside));
        let _ = put(buf, row, at, (&text, theme.style(Role::Warning)));
    }
}

fn emptiness(buf: &mut Buffer, area: Rect, model: &Model, theme: Theme) {
    let screen = &model.access;
    let (role, text) = match &screen.reading {
        Reading::Failed(why) => (Role::Bad, format!("✗ {why}")),
        Reading::Asked { .. } if screen.known.is_none() => (
            Role::Busy,
            "reading who may do what … Ctrl+C gives up".to_owned(),
        ),
        _ if screen.known.is_none() => (Role::Quiet, "not read yet: r reads it".to_owned()),
        _ if screen.filters.is_narrow() => (
            Role::Quiet,
            if screen.filters.system_parts == SystemParts::Hidden {
                "nothing fits the filters: x clears them, . shows the server's own parts".to_owned()
            } else {
                "nothing fits the filters: x clears them".to_owned()
            },
        ),
        _ => match screen.view {
            View::Role(_) => (
                Role::Quiet,
                "it can do nothing here that not everybody can".to_owned(),
            ),
            View::Object(_) => (Role::Quiet, "nobody can".to_owned()),
            View::Compare(..) => (Role::Good, "on objects they can do the same".to_owned()),
            View::Matrix | View::Roles => (Role::Quiet, "nothing to show".to_owned()),
        },
    };
    for (row, text) in area
        .rows()
        .zip(cell::wrapped(&text, usize::from(area.width)))
    {
        let _ = put(buf, row, 0, (&text, theme.style(role)));
    }
}

/// The role a standing is drawn in.
pub(super) fn standing_role(standing: Standing) -> Role {
    use crate::domain::access::{Gate, Power};
    match (standing.power, standing.gate) {
        (Power::Superuser, _) => Role::Warning,
        (_, Gate::Shut(_)) => Role::Quiet,
        _ if standing.now.held.is_empty() && standing.columns.is_empty() => Role::Busy,
        _ => Role::Text,
    }
}

fn entry(
    buf: &mut Buffer,
    row: Rect,
    (item, selected): (&Item, Option<Style>),
    screen: &AccessScreen,
    known: &Known,
    theme: Theme,
) {
    let rights = &*known.rights;
    let style = |role: Role| selected.unwrap_or_else(|| theme.style(role));
    match item {
        Item::Held(held) => {
            let letters = held.standing.letters();
            let role = standing_role(held.standing);
            let _ = put(
                buf,
                row,
                0,
                (&cell::clipped(&letters, LETTERS), style(role)),
            );
            let name = rights.object_name(held.object);
            let used = put(buf, row, LETTERS + 1, (&name, style(Role::Text)));
            let note = object_note(rights, held.object);
            put_right(buf, row, used + 1, (&note, style(Role::Quiet)));
        }
        Item::Holder(holding) => {
            let letters = holding.standing.letters();
            let role = standing_role(holding.standing);
            let _ = put(
                buf,
                row,
                0,
                (&cell::clipped(&letters, LETTERS), style(role)),
            );
            let name = rights.role_name(holding.role);
            let used = put(buf, row, LETTERS + 1, (name, style(Role::Text)));
            let note = role_note(rights, holding.role);
            put_right(buf, row, used + 1, (&note, style(Role::Quiet)));
        }
        Item::Node(node) => {
            let marker = match node.fold {
                Fold::Open => "▾ ",
                Fold::Closed => "▸ ",
                Fold::Leaf => "  ",
            };
            let depth = (node.branch.len().saturating_sub(1) * 2).min(usize::from(row.width) / 2);
            let at = put(buf, row, depth, (marker, style(Role::Quiet)));
            let used = put(
                buf,
                row,
                at,
                (rights.role_name(node.role), style(Role::Text)),
            );
            let beside = match node.options {
                Some(options) => options.words(),
                None => role_note(rights, node.role),
            };
            put_right(buf, row, used + 1, (&beside, style(Role::Quiet)));
        }
        Item::Difference(difference) => {
            differing(buf, row, (*difference, selected), screen, known, theme);
        }
        Item::Object(_) => {}
    }
}

/// A line of a comparison: the object, and what only either has.
fn differing(
    buf: &mut Buffer,
    row: Rect,
    (difference, selected): (Difference, Option<Style>),
    screen: &AccessScreen,
    known: &Known,
    theme: Theme,
) {
    let View::Compare(first, second) = screen.view else {
        return;
    };
    let style = |role: Role| selected.unwrap_or_else(|| theme.style(role));
    let name = known.rights.object_name(difference.object);
    let width = usize::from(row.width);
    let half = Rect {
        width: u16::try_from(width / 2).unwrap_or(row.width),
        ..row
    };
    let _ = put(buf, half, 0, (&name, style(Role::Text)));
    let mut at = width / 2 + 1;
    for (role, only) in [
        (first, difference.only_first),
        (second, difference.only_second),
    ] {
        if !only.is_empty() {
            let text = format!(
                "{} +{}  ",
                known.rights.role_name(role),
                only.held.letters()
            );
            at = put(buf, row, at, (&text, style(Role::Text)));
        }
    }
}

/// What an object is, and whether policies guard its rows.
pub(super) fn object_note(rights: &Snapshot, object: ObjectId) -> String {
    let Some(known) = rights.object(object) else {
        return String::new();
    };
    let noun = known.kind.noun();
    if known.traits.has(Trait::RowSecurity) {
        format!("{noun}, row security")
    } else if known.traits.has(Trait::SecurityInvoker) {
        format!("{noun}, security_invoker")
    } else if known.traits.has(Trait::SecurityDefiner) {
        format!("{noun}, security definer")
    } else {
        noun.to_owned()
    }
}

/// What matters about a role besides its name.
fn role_note(rights: &Snapshot, role: RoleId) -> String {
    let has = |attribute| rights.has_attribute(role, attribute);
    let mut notes = Vec::new();
    if has(Attribute::Superuser) {
        notes.push("superuser");
    }
    if has(Attribute::BypassRls) && !has(Attribute::Superuser) {
        notes.push("bypasses row security");
    }
    if has(Attribute::CreateRole) && !has(Attribute::Superuser) {
        notes.push("creates roles");
    }
    if !has(Attribute::Login) {
        notes.push("no login");
    }
    notes.join(", ")
}

fn detail(frame: &mut Frame<'_>, area: Area, screen: &AccessScreen, theme: Theme) {
    let columns = usize::from(area.width).saturating_sub(1);
    let mut text = Vec::new();
    if let (Reading::Failed(why), Some(_)) = (&screen.reading, &screen.known) {
        let lead = word(theme, Role::Bad, " ✗ ");
        paragraph(&mut text, theme, &lead, (Role::Text, why), columns);
    }
    for (at, told) in screen.detail.iter().enumerate() {
        let (sign, role) = match told.kind {
            Kind::Heading => (Role::Strong, Role::Strong),
            Kind::Told(Tone::Held) => (Role::Good, Role::Text),
            Kind::Told(Tone::Later) => (Role::Busy, Role::Text),
            Kind::Told(Tone::Lacking) => (Role::Bad, Role::Text),
            Kind::Told(Tone::Remark) => (Role::Quiet, Role::Quiet),
            Kind::Statement => (Role::Quiet, Role::Keyword),
        };
        if told.kind == Kind::Heading && at > 0 {
            text.push(Line::default());
        }
        // In a narrow pane a column of privileges would leave no room for the paths.
        let lead = format!(" {}", told.lead);
        if cell::width(&lead) * 3 > columns {
            let whole = format!("{}{}", told.lead, told.text);
            let lead = word(theme, sign, " ");
            paragraph(&mut text, theme, &lead, (role, &whole), columns);
        } else {
            paragraph(
                &mut text,
                theme,
                &word(theme, sign, lead),
                (role, &told.text),
                columns,
            );
        }
    }
    if !screen.detail.is_empty() && screen.view != View::Roles {
        text.push(Line::default());
        let lead = word(theme, Role::Quiet, " ");
        paragraph(
            &mut text,
            theme,
            &lead,
            (
                Role::Quiet,
                &packed(LETTERS_LEGEND, columns.saturating_sub(1)),
            ),
            columns,
        );
    }
    if text.is_empty() {
        text.push(line(theme, Role::Quiet, " nothing is selected"));
    }
    lines(frame, area, text, screen.scroll);
}

/// The letters of privileges, as psql's `\dp` has them.
const LETTERS_LEGEND: [&str; 15] = [
    "r SELECT",
    "a INSERT",
    "w UPDATE",
    "d DELETE",
    "D TRUNCATE",
    "x REFERENCES",
    "t TRIGGER",
    "m MAINTAIN",
    "X EXECUTE",
    "U USAGE",
    "C CREATE",
    "c CONNECT",
    "T TEMPORARY",
    "s SET",
    "A ALTER SYSTEM",
];

/// Lines of whole items: a letter stays with what it stands for.
fn packed(items: [&str; 15], columns: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    for item in items {
        let wide = cell::width(item);
        if used > 0 && used + 2 + wide > columns {
            text.push('\n');
            used = 0;
        } else if used > 0 {
            text.push_str("  ");
            used += 2;
        }
        text.push_str(item);
        used += wide;
    }
    text
}

//! Roles × objects. Only the cells that show are asked for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::access::{cursor, object_note, put, standing_role};
use super::paint::rect;
use crate::app::layout::AccessAreas;
use crate::app::model::access::{AccessScreen, GAP, Item, Known, Part};
use crate::domain::access::{ObjectId, RoleId};
use crate::domain::rows::cell;
use crate::tui::theme::{Role, Theme};

/// A column that shows: whose it is and where.
struct Column {
    place: usize,
    role: RoleId,
    from: usize,
    width: usize,
}

/// The grid of the matrix.
pub(super) fn grid(
    buf: &mut Buffer,
    areas: AccessAreas,
    screen: &AccessScreen,
    known: &Known,
    theme: Theme,
) {
    let rows = rect(areas.rows());
    let names = usize::from(areas.names());
    let columns = columns(screen, names, usize::from(rows.width));
    head(buf, rect(areas.heading()), &columns, (screen, known), theme);
    let shown = screen.items.iter().enumerate().skip(screen.top);
    for (row, (at, item)) in rows.rows().zip(shown) {
        let Item::Object(object) = item else {
            continue;
        };
        let selected = at == screen.selected;
        let style = cursor(buf, row, selected, screen.part, theme);
        let label = Rect {
            width: u16::try_from(names.saturating_sub(GAP)).unwrap_or(row.width),
            ..row
        };
        name(buf, label, *object, known, |role| {
            style.unwrap_or_else(|| theme.style(role))
        });
        for column in &columns {
            let standing =
                known
                    .rights
                    .standing(column.role, *object, known.becoming.roles(column.role));
            let wanted = screen.filters.privilege;
            let (text, role) = if standing.is_empty() || !standing.concerns(wanted) {
                ("·".to_owned(), Role::Quiet)
            } else {
                (standing.letters(), standing_role(standing))
            };
            let here = selected && column.place == screen.column;
            let text = cell::clipped(&text, column.width);
            let style = match (here, style) {
                (true, _) => theme.style(Role::Match),
                (false, Some(style)) => style,
                (false, None) => theme.style(role),
            };
            let text = if here {
                format!("{text:<width$}", width = column.width)
            } else {
                text.into_owned()
            };
            let _ = put(buf, row, column.from, (&text, style));
        }
    }
}

/// The columns that fit, the last one cut where it must be.
fn columns(screen: &AccessScreen, names: usize, width: usize) -> Vec<Column> {
    let mut from = names;
    let mut columns = Vec::new();
    for (place, role) in screen.columns.iter().enumerate().skip(screen.left) {
        let room = width.saturating_sub(from);
        if room == 0 {
            break;
        }
        let wide = screen.width(*role);
        columns.push(Column {
            place,
            role: *role,
            from,
            width: wide.min(room),
        });
        from += wide + GAP;
    }
    columns
}

fn head(
    buf: &mut Buffer,
    row: Rect,
    columns: &[Column],
    (screen, known): (&AccessScreen, &Known),
    theme: Theme,
) {
    if row.is_empty() {
        return;
    }
    for column in columns {
        let name = known.rights.role_name(column.role);
        let role = match (column.place == screen.column, screen.part) {
            (true, Part::List) => Role::Selected,
            (true, Part::Detail) => Role::Marked,
            (false, _) => Role::Strong,
        };
        let shown = cell::clipped(name, column.width);
        let _ = put(buf, row, column.from, (&shown, theme.style(role)));
    }
}

/// An object's name; what it is stands at the right, where there is room.
fn name(
    buf: &mut Buffer,
    row: Rect,
    object: ObjectId,
    known: &Known,
    style: impl Fn(Role) -> ratatui::style::Style,
) {
    let rights = &*known.rights;
    let used = put(
        buf,
        row,
        0,
        (&rights.object_name(object), style(Role::Text)),
    );
    let note = object_note(rights, object);
    let wide = cell::width(&note);
    let width = usize::from(row.width);
    if used + 1 + wide <= width {
        let _ = put(buf, row, width - wide, (&note, style(Role::Quiet)));
    }
}

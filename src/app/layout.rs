//! Model and size to areas and page sizes.
//!
//! A pure function, so that paging and the mouse know the geometry without anything being drawn.

use super::model::access::{Part, View};
use super::model::grid::Zoom;
use super::model::{Model, Pane, Screen, Size};

/// A rectangle of the screen, in cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Area {
    /// Left column, from 0.
    pub x: u16,
    /// Top row, from 0.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell lies in it.
    #[must_use]
    pub const fn contains(self, column: u16, row: u16) -> bool {
        column >= self.x
            && column < self.x + self.width
            && row >= self.y
            && row < self.y + self.height
    }

    /// The area inside a border.
    #[must_use]
    pub const fn inner(self) -> Self {
        Self {
            x: self.x + if self.width > 0 { 1 } else { 0 },
            y: self.y + if self.height > 0 { 1 } else { 0 },
            width: self.width.saturating_sub(2),
            height: self.height.saturating_sub(2),
        }
    }

    /// The left `width` columns and the rest.
    #[must_use]
    pub fn split_left(self, width: u16) -> (Self, Self) {
        let width = width.min(self.width);
        (
            Self { width, ..self },
            Self {
                x: self.x + width,
                width: self.width - width,
                ..self
            },
        )
    }

    /// The top `height` rows and the rest.
    #[must_use]
    pub fn split_top(self, height: u16) -> (Self, Self) {
        let height = height.min(self.height);
        (
            Self { height, ..self },
            Self {
                y: self.y + height,
                height: self.height - height,
                ..self
            },
        )
    }

    /// A box of at most that size in its middle.
    #[must_use]
    pub fn centred(self, width: u16, height: u16) -> Self {
        let (width, height) = (width.min(self.width), height.min(self.height));
        Self {
            x: self.x + (self.width - width) / 2,
            y: self.y + (self.height - height) / 2,
            width,
            height,
        }
    }
}

/// Columns below which one pane shows at a time.
const NARROW: u16 = 100;

/// Rows below which the title or hint line gives way.
const LOW: u16 = 4;

/// The lines every screen has, and what is left for its body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frame {
    /// Where am I, as whom.
    pub title: Area,
    /// The screen's own.
    pub body: Area,
    /// What goes on.
    pub status: Area,
    /// The keys that work here.
    pub hints: Area,
}

/// Areas of the workspace; a pane that is folded away has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Panes {
    /// The catalog.
    pub tree: Option<Area>,
    /// The editor.
    pub editor: Option<Area>,
    /// The result.
    pub result: Option<Area>,
    /// The diagnostics panel.
    pub diagnostics: Option<Area>,
}

/// Title, body, status and hint line.
#[must_use]
pub fn frame(size: Size) -> Frame {
    let whole = Area {
        x: 0,
        y: 0,
        width: size.columns,
        height: size.rows,
    };
    if size.rows < LOW {
        return Frame {
            body: whole,
            ..Frame::default()
        };
    }
    let (title, rest) = whole.split_top(1);
    let (body, foot) = rest.split_top(rest.height - 2);
    let (status, hints) = foot.split_top(1);
    Frame {
        title,
        body,
        status,
        hints,
    }
}

/// The connections screen: the list and, where there is room, the details.
#[must_use]
pub fn connections(size: Size) -> (Area, Option<Area>) {
    let body = frame(size).body;
    if body.width < 72 {
        // The details go below the list when the terminal is narrow but high.
        if body.height >= 20 {
            let (list, details) = body.split_top(body.height / 2);
            return (list, Some(details));
        }
        return (body, None);
    }
    let (list, details) = body.split_left((body.width * 3 / 8).clamp(34, 60));
    (list, Some(details))
}

/// Areas of the access screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessAreas {
    /// The lines, border included; none where only the details show.
    pub list: Option<Area>,
    /// What is known about one of them, border included.
    pub detail: Option<Area>,
    /// Rows above the lines: the filter, and in the grid the roles.
    heads: u16,
}

impl AccessAreas {
    fn inner(self) -> Area {
        self.list.unwrap_or_default().inner()
    }

    /// The line of the filter.
    #[must_use]
    pub fn filter(self) -> Area {
        self.inner().split_top(1).0
    }

    /// The line of the roles, empty where there is no grid.
    #[must_use]
    pub fn heading(self) -> Area {
        let below = self.inner().split_top(1).1;
        below.split_top(self.heads.saturating_sub(1)).0
    }

    /// The lines.
    #[must_use]
    pub fn rows(self) -> Area {
        self.inner().split_top(self.heads).1
    }

    /// Cells that names of objects take up at the left of the grid, with a gap.
    #[must_use]
    pub fn names(self) -> u16 {
        let width = self.inner().width;
        (width * 2 / 5).clamp(width.min(12), 46)
    }
}

/// The access screen: list and details beside each other, below each other, or one at a time.
#[must_use]
pub fn access(model: &Model) -> AccessAreas {
    let body = frame(model.size).body;
    let heads = match model.access.view {
        View::Matrix => 2,
        View::Roles | View::Role(_) | View::Object(_) | View::Compare(..) => 1,
    };
    let (list, detail) = if body.width >= NARROW && body.height >= 8 {
        let (list, detail) = body.split_left(body.width - (body.width * 2 / 5).min(90));
        (Some(list), Some(detail))
    } else if body.height >= 18 {
        let (list, detail) = body.split_top(body.height * 11 / 20);
        (Some(list), Some(detail))
    } else if model.access.part == Part::List {
        (Some(body), None)
    } else {
        (None, Some(body))
    };
    AccessAreas {
        list,
        detail,
        heads,
    }
}

/// The panes of the workspace.
#[must_use]
pub fn panes(model: &Model) -> Panes {
    let body = frame(model.size).body;
    if model.focus == Pane::Result && model.grid.zoom == Zoom::Whole {
        return Panes {
            result: Some(body),
            ..Panes::default()
        };
    }
    let explained = model.diagnostics.subject.is_some();
    if body.width < NARROW || body.height < 12 {
        return folded(model, body);
    }
    let (tree, right) = body.split_left((body.width / 4).clamp(28, 44));
    let (editor, below) = right.split_top((right.height * 2 / 5).max(6));
    let (result, diagnostics) = if explained {
        let share = (below.width / 2).clamp(40, 84);
        let (result, diagnostics) = below.split_left(below.width - share);
        (result, Some(diagnostics))
    } else {
        (below, None)
    };
    Panes {
        tree: Some(tree),
        editor: Some(editor),
        result: Some(result),
        diagnostics,
    }
}

/// One pane at a time; the editor and the result share the screen when it is high enough.
fn folded(model: &Model, body: Area) -> Panes {
    let mut panes = Panes::default();
    match model.focus {
        Pane::Tree => panes.tree = Some(body),
        Pane::Diagnostics => panes.diagnostics = Some(body),
        Pane::Editor | Pane::Result if body.height >= 14 => {
            let (editor, result) = body.split_top(body.height * 2 / 5);
            panes.editor = Some(editor);
            panes.result = Some(result);
        }
        Pane::Editor => panes.editor = Some(body),
        Pane::Result => panes.result = Some(body),
    }
    panes
}

/// The area of one pane, if it is shown.
#[must_use]
pub fn pane(model: &Model, pane: Pane) -> Option<Area> {
    let panes = panes(model);
    match pane {
        Pane::Tree => panes.tree,
        Pane::Editor => panes.editor,
        Pane::Result => panes.result,
        Pane::Diagnostics => panes.diagnostics,
    }
}

/// The pane under a cell of the screen.
#[must_use]
pub fn pane_at(model: &Model, column: u16, row: u16) -> Option<Pane> {
    if model.screen != Screen::Workspace {
        return None;
    }
    [Pane::Tree, Pane::Editor, Pane::Result, Pane::Diagnostics]
        .into_iter()
        .find(|which| pane(model, *which).is_some_and(|area| area.contains(column, row)))
}

/// Rows that fit into a pane without its border; at least one.
#[must_use]
pub fn page(model: &Model, which: Pane) -> usize {
    pane(model, which).map_or(1, |area| usize::from(area.inner().height).max(1))
}

/// The first line to show of a list whose selected line is `selected`, where `visible` lines fit:
/// the list moves only as far as it must, and the same model always shows the same lines.
#[must_use]
pub const fn first_visible(selected: usize, visible: usize) -> usize {
    if visible == 0 || selected < visible {
        0
    } else {
        selected + 1 - visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_stay_inside_any_terminal() {
        for columns in 0..220 {
            for rows in 0..60 {
                let size = Size { columns, rows };
                let mut model = Model {
                    size,
                    screen: Screen::Workspace,
                    ..Model::default()
                };
                for focus in [Pane::Tree, Pane::Editor, Pane::Result, Pane::Diagnostics] {
                    model.focus = focus;
                    let panes = panes(&model);
                    let all = [panes.tree, panes.editor, panes.result, panes.diagnostics];
                    for area in all.into_iter().flatten().chain([connections(size).0]) {
                        assert!(
                            area.x + area.width <= columns && area.y + area.height <= rows,
                            "{size:?} {area:?}"
                        );
                    }
                    assert!(pane(&model, focus).is_some() || focus == Pane::Diagnostics);
                }
            }
        }
    }

    #[test]
    fn a_narrow_terminal_shows_the_focused_pane() {
        let mut model = Model {
            size: Size {
                columns: 80,
                rows: 24,
            },
            screen: Screen::Workspace,
            ..Model::default()
        };
        model.focus = Pane::Tree;
        assert!(panes(&model).editor.is_none());
        model.focus = Pane::Editor;
        assert!(panes(&model).result.is_some());
    }
}

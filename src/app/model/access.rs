//! The access screen: one snapshot of a database's rights, asked from several sides.

pub mod detail;
pub mod filters;
pub mod items;
mod sought;

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::message::Ticket;
use crate::domain::access::{Becoming, ObjectId, RoleId, Snapshot};
use crate::domain::time::Timestamp;

pub use detail::Detail;
pub use filters::{Filters, Kinds, SystemParts, Typing};
pub use items::{Branch, Item};
pub use sought::{Sought, SoughtObject};

/// How far the rights are. Those read before stay on the screen meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reading {
    /// They were not asked for.
    #[default]
    Never,
    /// They are on their way.
    Asked {
        /// Which request.
        ticket: Ticket,
        /// Since when.
        since: Timestamp,
    },
    /// They could not be read: why, and what to do.
    Failed(String),
    /// They are here.
    Done,
}

/// Rights that were read. Two are the same only if they are one.
#[derive(Debug, Clone)]
pub struct Known {
    /// The snapshot.
    pub rights: Arc<Snapshot>,
    /// What each role has only after SET ROLE.
    pub becoming: Arc<Becoming>,
}

impl Known {
    /// Rights that have just arrived.
    #[must_use]
    pub fn new(rights: Snapshot) -> Self {
        Self {
            becoming: Arc::new(Becoming::of(&rights)),
            rights: Arc::new(rights),
        }
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rights, &other.rights)
    }
}

impl Eq for Known {}

/// What is asked of the rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// Which role may do what to which object: letters in a grid.
    #[default]
    Matrix,
    /// The roles with the roles they are members of, or that are members of them.
    Roles,
    /// What one role can do.
    Role(RoleId),
    /// Who can do something to one object.
    Object(ObjectId),
    /// How two roles differ.
    Compare(RoleId, RoleId),
}

/// Which way the role tree grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Growth {
    /// Below a role the roles it is a member of.
    #[default]
    Groups,
    /// Below a role its members.
    Members,
}

/// The part of the screen that has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// The lines.
    #[default]
    List,
    /// What is known about the one under the cursor.
    Detail,
}

/// A view that was left, and where its cursor was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    view: View,
    selected: usize,
    column: usize,
}

/// How many lines and columns of the grid fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Lines.
    pub lines: usize,
    /// Cells for the columns of the grid.
    pub cells: usize,
}

/// The screen.
#[derive(Debug, Default)]
pub struct AccessScreen {
    /// How far the rights are.
    pub reading: Reading,
    /// The rights that were read last.
    pub known: Option<Known>,
    /// What is asked.
    pub view: View,
    /// What was asked before, the latest last.
    before: Vec<Left>,
    /// What shows.
    pub filters: Filters,
    /// Which part has the keys.
    pub part: Part,
    /// The lines.
    pub items: Vec<Item>,
    /// Objects that are not among the lines because everybody can use them by default.
    pub common: usize,
    /// The roles of the grid's columns.
    pub columns: Vec<RoleId>,
    /// The line under the cursor.
    pub selected: usize,
    /// The column under the cursor, in the grid.
    pub column: usize,
    /// The first line that shows.
    pub top: usize,
    /// The first column that shows.
    pub left: usize,
    /// Which way the role tree grows.
    pub growth: Growth,
    /// Open branches of the role tree, each as the roles from its root.
    open: HashSet<Branch>,
    /// A role put aside to be compared with another.
    pub aside: Option<RoleId>,
    /// What is known about what the cursor is on.
    pub detail: Vec<Detail>,
    /// Lines of it that are scrolled away.
    pub scroll: usize,
    /// What it was opened for, until the rights are here.
    pub sought: Option<Sought>,
}

/// Narrowest and widest column of the grid, without the gap.
const NARROWEST: usize = 8;
/// See [`NARROWEST`].
const WIDEST: usize = 16;

/// Cells between two columns of the grid.
pub const GAP: usize = 1;

impl AccessScreen {
    /// The line under the cursor.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.items.get(self.selected)
    }

    /// The role that the cursor is on.
    #[must_use]
    pub fn role(&self) -> Option<RoleId> {
        match (self.view, self.item()) {
            (_, Some(Item::Holder(holding))) => Some(holding.role),
            (_, Some(Item::Node(node))) => Some(node.role),
            (View::Matrix, _) => self.columns.get(self.column).copied(),
            (View::Role(role) | View::Compare(role, _), _) => Some(role),
            (View::Object(_) | View::Roles, _) => None,
        }
    }

    /// The object that the cursor is on.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
        match (self.view, self.item()) {
            (_, Some(Item::Object(object))) => Some(*object),
            (_, Some(Item::Held(held))) => Some(held.object),
            (_, Some(Item::Difference(difference))) => Some(difference.object),
            (View::Object(object), _) => Some(object),
            _ => None,
        }
    }

    /// Cells that a column of the grid takes, without the gap.
    #[must_use]
    pub fn width(&self, role: RoleId) -> usize {
        self.known.as_ref().map_or(NARROWEST, |known| {
            crate::domain::rows::cell::width(known.rights.role_name(role)).clamp(NARROWEST, WIDEST)
        })
    }

    /// Asks something else, remembering what was asked.
    pub fn go(&mut self, view: View) {
        if self.view != view {
            self.before.push(Left {
                view: self.view,
                selected: self.selected,
                column: self.column,
            });
            self.view = view;
        }
        self.selected = 0;
        self.top = 0;
        self.part = Part::List;
        self.refresh();
    }

    /// Whether there is something to go back to.
    #[must_use]
    pub fn has_before(&self) -> bool {
        !self.before.is_empty()
    }

    /// Asks again what was asked before.
    pub fn back(&mut self) {
        if let Some(left) = self.before.pop() {
            self.view = left.view;
            self.refresh();
            self.column = left.column;
            self.select(left.selected);
        }
    }

    /// Takes rights that arrived. What was asked is asked of them, as far as it is still there; says
    /// what was sought and is not.
    pub fn arrived(&mut self, known: Known) -> Option<&'static str> {
        self.reading = Reading::Done;
        let of = |view, old: &Snapshot| sought::moved(view, old, &known.rights);
        if let Some(old) = self.known.take() {
            self.view = of(self.view, &old.rights).unwrap_or_default();
            self.before
                .retain_mut(|left| match of(left.view, &old.rights) {
                    Some(view) => {
                        left.view = view;
                        true
                    }
                    None => false,
                });
            self.filters.schema = self
                .filters
                .schema
                .and_then(|schema| sought::object_in(schema, &old.rights, &known.rights));
        }
        self.aside = None;
        self.open.clear();
        self.known = Some(known);
        if self.sought.is_some() {
            return self.seek();
        }
        self.refresh();
        None
    }

    /// Moves the cursor by lines.
    pub fn move_by(&mut self, lines: isize) {
        self.select(self.selected.saturating_add_signed(lines));
    }

    /// Moves the cursor by columns of the grid.
    pub fn move_across(&mut self, columns: isize) {
        let last = self.columns.len().saturating_sub(1);
        self.column = self.column.saturating_add_signed(columns).min(last);
        self.look();
    }

    /// Puts the cursor on a line.
    pub fn select(&mut self, line: usize) {
        self.selected = line.min(self.items.len().saturating_sub(1));
        self.look();
    }

    /// Scrolls so that the cursor shows.
    pub fn keep_in_sight(&mut self, room: Room) {
        let lines = room.lines.max(1);
        self.top = self
            .top
            .min(self.items.len().saturating_sub(lines))
            .clamp((self.selected + 1).saturating_sub(lines), self.selected);
        self.left = self.left.min(self.column);
        // As many columns to the left of the cursor's as fit may stay.
        let wide = |place: usize| {
            self.columns
                .get(place)
                .map_or(0, |role| self.width(*role) + GAP)
        };
        let mut used = wide(self.column);
        let mut first = self.column;
        while let Some(before) = first.checked_sub(1) {
            used += wide(before);
            if used > room.cells || before < self.left {
                break;
            }
            first = before;
        }
        self.left = self.left.max(first);
    }

    /// Makes the lines anew; the cursor stays on the same line as far as there are so many.
    pub fn refresh(&mut self) {
        let Some(known) = self.known.clone() else {
            self.items.clear();
            self.columns.clear();
            self.detail.clear();
            return;
        };
        self.columns = items::columns(&known.rights, &self.filters);
        let made = items::items(&known, self);
        self.items = made.items;
        self.common = made.common;
        self.selected = self.selected.min(self.items.len().saturating_sub(1));
        self.column = self.column.min(self.columns.len().saturating_sub(1));
        self.look();
    }

    /// Looks at what the cursor is on.
    fn look(&mut self) {
        self.scroll = 0;
        self.detail = self
            .known
            .as_ref()
            .map(|known| detail::detail(&known.rights, self))
            .unwrap_or_default();
    }

    /// Whether a branch of the role tree is open.
    pub(crate) fn is_open(&self, branch: &Branch) -> bool {
        self.open.contains(branch)
    }

    /// Opens the branch of the role tree under the cursor, or closes it.
    pub fn toggle(&mut self) {
        let Some(Item::Node(node)) = self.item().cloned() else {
            return;
        };
        if !self.open.remove(&node.branch) {
            let _ = self.open.insert(node.branch);
        }
        self.refresh();
    }

    /// Turns the role tree.
    pub fn turn(&mut self) {
        self.growth = match self.growth {
            Growth::Groups => Growth::Members,
            Growth::Members => Growth::Groups,
        };
        self.open.clear();
        self.refresh();
    }

    /// Shows the next of the kinds.
    pub fn next_kinds(&mut self) {
        self.filters.kinds = self.filters.kinds.next();
        self.refresh();
    }

    /// Filters by the next of the privileges.
    pub fn next_privilege(&mut self) {
        self.filters.next_privilege();
        self.refresh();
    }

    /// Keeps to the schema of the object under the cursor, or to none.
    pub fn toggle_schema(&mut self) {
        let around = |object: ObjectId| {
            let rights = &self.known.as_ref()?.rights;
            let known = rights.object(object)?;
            known.schema.or_else(|| {
                (known.kind.realm() == crate::domain::access::Realm::Schema).then_some(object)
            })
        };
        self.filters.schema = match self.filters.schema {
            Some(_) => None,
            None => self.object().and_then(around),
        };
        self.refresh();
    }

    /// Shows or hides what belongs to the server itself.
    pub fn toggle_system_parts(&mut self) {
        self.filters.system_parts = match self.filters.system_parts {
            SystemParts::Hidden => SystemParts::Shown,
            SystemParts::Shown => SystemParts::Hidden,
        };
        self.refresh();
    }

    /// Shows everything again.
    pub fn clear_filters(&mut self) {
        self.filters = Filters::default();
        self.refresh();
    }

    /// Puts the role under the cursor aside, or compares it with the one put aside before.
    pub fn compare(&mut self) -> Option<RoleId> {
        let role = self.role()?;
        match self.aside.take() {
            Some(first) if first != role => self.go(View::Compare(first, role)),
            Some(_) => {}
            None => self.aside = Some(role),
        }
        Some(role)
    }
}

#[cfg(test)]
mod tests;

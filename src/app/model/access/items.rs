//! The lines of the access screen.

use super::filters::Words;
use super::{AccessScreen, Filters, Growth, Kinds, Known, View};
use crate::domain::access::{
    Difference, Filter, Held, Holding, MembershipOptions, ObjectId, Power, RoleId, Snapshot,
};

/// A branch of the role tree: the roles from its root.
pub type Branch = Vec<RoleId>;

/// Whether a role of the tree has more below it, and whether that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Nothing below.
    Leaf,
    /// Something below that does not show.
    Closed,
    /// What is below shows.
    Open,
}

/// A role of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The role.
    pub role: RoleId,
    /// The roles from the root, itself last.
    pub branch: Branch,
    /// What the membership that led here allows; `None` at the root.
    pub options: Option<MembershipOptions>,
    /// What is below.
    pub fold: Fold,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An object of the grid; its letters are asked for when it shows.
    Object(ObjectId),
    /// An object that the role can do something to.
    Held(Held),
    /// A role that can do something to the object.
    Holder(Holding),
    /// A role of the tree.
    Node(Node),
    /// An object on which two roles differ.
    Difference(Difference),
}

/// The lines of a view, and how many were left out because they say nothing of the role.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) items: Vec<Item>,
    pub(super) common: usize,
}

/// The roles of the grid's columns.
pub(super) fn columns(rights: &Snapshot, filters: &Filters) -> Vec<RoleId> {
    let words = filters.parted();
    rights
        .roles()
        .filter(|(_, role)| filters.takes_role(&role.name, &words.roles))
        .map(|(role, _)| role)
        .collect()
}

/// The lines of a view.
pub(super) fn items(known: &Known, screen: &AccessScreen) -> Made {
    let filters = &screen.filters;
    let words = filters.parted();
    let rights = &*known.rights;
    let items = match screen.view {
        View::Matrix => rights
            .objects()
            .filter(|(id, object)| filters.takes_object(rights, *id, object, &words))
            .map(|(id, _)| Item::Object(id))
            .collect(),
        View::Role(role) => return held(known, role, filters, &words),
        View::Compare(first, second) => rights
            .compare(first, second, &filters.for_objects())
            .objects
            .into_iter()
            .filter(|difference| takes(rights, difference.object, filters, &words))
            .map(Item::Difference)
            .collect(),
        View::Object(object) => {
            let all = words.for_roles_alone();
            rights
                .holders(object, filters.privilege, &known.becoming)
                .into_iter()
                .filter(|holding| filters.takes_role(rights.role_name(holding.role), &all))
                .map(Item::Holder)
                .collect()
        }
        View::Roles => tree(rights, screen, &words.for_roles_alone()),
    };
    Made { items, common: 0 }
}

fn takes(rights: &Snapshot, id: ObjectId, filters: &Filters, words: &Words) -> bool {
    rights
        .object(id)
        .is_some_and(|object| filters.takes_object(rights, id, object, words))
}

impl Filters {
    /// What of them is about objects and privileges.
    #[must_use]
    pub fn for_objects(&self) -> Filter {
        Filter {
            schema: self.schema,
            kinds: self.kinds.kinds(),
            privilege: self.privilege,
        }
    }
}

/// What a role can do. What everybody can do by default is counted instead: there are hundreds of
/// types and functions in any database.
fn held(known: &Known, role: RoleId, filters: &Filters, words: &Words) -> Made {
    let rights = &*known.rights;
    let narrowed = filters.kinds != Kinds::All || filters.privilege.is_some();
    let filter = filters.for_objects();
    let mut made = Made::default();
    for held in rights.held_by(role, &filter, known.becoming.roles(role)) {
        if !takes(rights, held.object, filters, words) {
            continue;
        }
        let standing = held.standing;
        let everybody = !narrowed
            && standing.power == Power::Ordinary
            && standing.later.is_empty()
            && standing.columns.is_empty()
            && rights.is_hard_wired(held.object)
            && rights.public_rights(held.object) == standing.now;
        if everybody {
            made.common += 1;
        } else {
            made.items.push(Item::Held(held));
        }
    }
    made
}

/// The roles, and below each that is open those that follow.
fn tree(rights: &Snapshot, screen: &AccessScreen, words: &[String]) -> Vec<Item> {
    let mut items = Vec::new();
    for (role, known) in rights.roles() {
        if screen.filters.takes_role(&known.name, words) {
            let mut branch = Vec::new();
            grow(rights, screen, (role, None), &mut branch, &mut items);
        }
    }
    items
}

fn grow(
    rights: &Snapshot,
    screen: &AccessScreen,
    (role, options): (RoleId, Option<MembershipOptions>),
    branch: &mut Branch,
    items: &mut Vec<Item>,
) {
    // A circle, which only a server before 16 may have, ends where it closes.
    let closes = branch.contains(&role);
    branch.push(role);
    let below = if closes {
        Vec::new()
    } else {
        following(rights, screen.growth, role)
    };
    let fold = match (below.is_empty(), screen.is_open(branch)) {
        (true, _) => Fold::Leaf,
        (false, true) => Fold::Open,
        (false, false) => Fold::Closed,
    };
    items.push(Item::Node(Node {
        role,
        branch: branch.clone(),
        options,
        fold,
    }));
    if fold == Fold::Open {
        for next in below {
            grow(rights, screen, next, branch, items);
        }
    }
    let _ = branch.pop();
}

fn following(
    rights: &Snapshot,
    growth: Growth,
    role: RoleId,
) -> Vec<(RoleId, Option<MembershipOptions>)> {
    match growth {
        Growth::Groups => rights
            .groups_of(role)
            .map(|membership| (membership.role, Some(membership.options)))
            .collect(),
        Growth::Members => rights
            .members_of(role)
            .map(|membership| (membership.member, Some(membership.options)))
            .collect(),
    }
}

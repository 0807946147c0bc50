//! What a role really has: ACLs, ownership, memberships, PUBLIC, predefined roles, superuser.

use std::sync::Arc;

use super::acl::{AclItem, Grantee, HardWired, Privilege, Privileges, Rights};
use super::model::{AclPlace, Snapshot};
use super::object::{Object, ObjectId, ObjectKind, Realm};
use super::role::{Attribute, Membership, MembershipOption, Predefined, RoleId};

/// What a walk along memberships asks of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Nothing: every membership counts.
    Member,
    /// INHERIT: the rights come without further ado.
    Inherit,
    /// SET: `SET ROLE` works.
    Set,
}

impl Walk {
    const fn takes(self, membership: &Membership) -> bool {
        match self {
            Self::Member => true,
            Self::Inherit => membership.options.has(MembershipOption::Inherit),
            Self::Set => membership.options.has(MembershipOption::Set),
        }
    }
}

impl Snapshot {
    /// What a role may do to an object, without SET ROLE. A column's includes what its table gives.
    #[must_use]
    pub fn privileges(&self, role: RoleId, object: ObjectId) -> Rights {
        let Some(known) = self.object(object) else {
            return Rights::NONE;
        };
        let applicable = Privileges::applicable(known.kind, self.version);
        if self.has_attribute(role, Attribute::Superuser) {
            return Rights {
                held: applicable,
                grantable: applicable,
            };
        }
        let of_table = match (known.kind, known.parent) {
            (ObjectKind::Column, Some(table)) => self.privileges(role, table),
            _ => Rights::NONE,
        };
        self.by_acl(role, object)
            .and(self.by_ownership(role, known))
            .and(of_table)
            .and(self.by_predefined(role, known))
            .within(applicable)
    }

    /// What a role may do to a relation as a whole or to at least one of its columns
    /// (`has_any_column_privilege`).
    #[must_use]
    pub fn privileges_on_any_column(&self, role: RoleId, relation: ObjectId) -> Rights {
        let whole = self.privileges(role, relation);
        self.columns_of(relation)
            .iter()
            // The server looks at no system columns here.
            .filter(|column| self.object(**column).is_some_and(|known| known.number > 0))
            .fold(whole, |rights, column| {
                rights.and(self.privileges(role, *column))
            })
    }

    /// What everybody may do to an object.
    #[must_use]
    pub fn public_rights(&self, object: ObjectId) -> Rights {
        self.acl_items(object)
            .filter(|item| item.grantee == Grantee::Public)
            .fold(Rights::NONE, |rights, item| rights.and(item.rights))
    }

    /// Whether the role has what owners have: it owns the object, or has the owner's rights, or is
    /// a superuser.
    #[must_use]
    pub fn owns(&self, role: RoleId, object: ObjectId) -> bool {
        self.object(object)
            .and_then(|known| known.owner)
            .is_some_and(|owner| self.has_rights_of(role, owner))
            || self.has_attribute(role, Attribute::Superuser)
    }

    fn by_acl(&self, role: RoleId, object: ObjectId) -> Rights {
        let mine = self.inherited(role);
        self.acl_items(object)
            .filter(|item| match item.grantee {
                Grantee::Public => true,
                Grantee::Role(grantee) => mine.binary_search(&grantee).is_ok(),
            })
            .fold(Rights::NONE, |rights, item| rights.and(item.rights))
    }

    /// An owner may always grant, even what it took from itself.
    fn by_ownership(&self, role: RoleId, object: &Object) -> Rights {
        let grantable = match object.owner {
            Some(owner) if self.has_rights_of(role, owner) => {
                Privileges::applicable(object.kind, self.version)
            }
            _ => Privileges::NONE,
        };
        Rights {
            held: Privileges::NONE,
            grantable,
        }
    }

    fn by_predefined(&self, role: RoleId, object: &Object) -> Rights {
        let held = predefined_privileges(object.kind)
            .iter()
            .filter(|(predefined, _)| {
                self.predefined(*predefined)
                    .is_some_and(|group| self.has_rights_of(role, group))
            })
            .fold(Privileges::NONE, |held, (_, privileges)| {
                held.and(*privileges)
            });
        Rights {
            held,
            grantable: Privileges::NONE,
        }
    }

    /// The items of an object's ACL, the hard-wired ones where it was never written.
    pub(super) fn acl_items(&self, object: ObjectId) -> impl Iterator<Item = AclItem> {
        let place = self.acls.get(object.index());
        let stored = match place {
            Some(AclPlace::Stored(place)) => self.store.get(*place as usize),
            _ => None,
        };
        let hard_wired = match place {
            Some(AclPlace::HardWired) => self.object(object).and_then(|known| {
                let hard_wired = HardWired::of(known.kind, self.version);
                Some(hard_wired.items(known.owner?))
            }),
            _ => None,
        };
        stored
            .into_iter()
            .flat_map(|items| items.iter().copied())
            .chain(hard_wired.into_iter().flatten())
    }

    /// Whether the role has the other's rights without further ado (`pg_has_role` with USAGE).
    #[must_use]
    pub fn has_rights_of(&self, role: RoleId, other: RoleId) -> bool {
        self.has_attribute(role, Attribute::Superuser)
            || self.inherited(role).binary_search(&other).is_ok()
    }

    /// Whether the role is a member of the other, however far (`pg_has_role` with MEMBER).
    #[must_use]
    pub fn is_member(&self, role: RoleId, other: RoleId) -> bool {
        self.has_attribute(role, Attribute::Superuser)
            || self.reached(role, Walk::Member).contains(&other)
    }

    /// Whether the role may `SET ROLE` to the other (from 16 `pg_has_role` with SET).
    #[must_use]
    pub fn may_set_role(&self, role: RoleId, other: RoleId) -> bool {
        self.has_attribute(role, Attribute::Superuser)
            || self.reached(role, Walk::Set).contains(&other)
    }

    /// Whether the role may grant membership in the other (`pg_has_role` … WITH ADMIN OPTION).
    #[must_use]
    pub fn administers(&self, role: RoleId, other: RoleId) -> bool {
        if self.has_attribute(role, Attribute::Superuser) {
            return true;
        }
        // A role does not administer itself, and ADMIN reaches through memberships of any kind.
        role != other
            && self.reached(role, Walk::Member).iter().any(|via| {
                self.groups_of(*via).any(|membership| {
                    membership.role == other && membership.options.has(MembershipOption::Admin)
                })
            })
    }

    /// The roles whose rights a role has without further ado, itself included, in order; what being
    /// a superuser gives is not in it.
    #[must_use]
    pub fn inherited(&self, role: RoleId) -> &[RoleId] {
        self.closures.get(role.index()).map_or(&[], |closure| {
            closure.get_or_init(|| {
                let mut reached = self.reached(role, Walk::Inherit);
                reached.sort_unstable();
                Arc::from(reached)
            })
        })
    }

    /// The roles a walk reaches, nearest first, beginning with the role itself.
    pub(super) fn reached(&self, role: RoleId, walk: Walk) -> Vec<RoleId> {
        let mut reached = vec![role];
        let mut seen = vec![false; self.census.roles.len()];
        if let Some(first) = seen.get_mut(role.index()) {
            *first = true;
        }
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for group in self.steps(at, walk) {
                if let Some(known) = seen.get_mut(group.index())
                    && !*known
                {
                    *known = true;
                    reached.push(group);
                }
            }
        }
        reached
    }

    /// The roles one step of a walk leads to.
    fn steps(&self, from: RoleId, walk: Walk) -> impl Iterator<Item = RoleId> {
        self.groups_of(from)
            .filter(move |membership| walk.takes(membership))
            .map(|membership| membership.role)
            .chain(self.implicit_group(from, walk))
    }

    /// From 14 the owner of the database is a member of `pg_database_owner` without a membership;
    /// before 16 a NOINHERIT owner has to SET ROLE for it.
    pub(super) fn implicit_group(&self, member: RoleId, walk: Walk) -> Option<RoleId> {
        if self.database_owner() != Some(member) {
            return None;
        }
        if self.version < 16
            && walk == Walk::Inherit
            && !self.has_attribute(member, Attribute::Inherit)
        {
            return None;
        }
        self.predefined(Predefined::DatabaseOwner)
    }

    /// The owner of the database the snapshot is of.
    #[must_use]
    pub fn database_owner(&self) -> Option<RoleId> {
        self.object(self.current_database?)?.owner
    }
}

/// What predefined roles give on a kind of object without any ACL item. Roles that a version does
/// not have give nothing.
pub(super) fn predefined_privileges(kind: ObjectKind) -> &'static [(Predefined, Privileges)] {
    const RELATION: &[(Predefined, Privileges)] = &[
        (
            Predefined::ReadAllData,
            Privileges::of(&[Privilege::Select]),
        ),
        (
            Predefined::WriteAllData,
            Privileges::of(&[Privilege::Insert, Privilege::Update, Privilege::Delete]),
        ),
        (Predefined::Maintain, Privileges::of(&[Privilege::Maintain])),
    ];
    const SCHEMA: &[(Predefined, Privileges)] = &[
        (Predefined::ReadAllData, Privileges::of(&[Privilege::Usage])),
        (
            Predefined::WriteAllData,
            Privileges::of(&[Privilege::Usage]),
        ),
    ];
    match kind.realm() {
        Realm::Relation => RELATION,
        Realm::Schema => SCHEMA,
        _ => &[],
    }
}

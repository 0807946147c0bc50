//! What a role really has: ACLs, ownership, memberships, PUBLIC, predefined roles, superuser.

use std::sync::Arc;

use super::acl::{AclItem, Grantee, HardWired, Privilege, Privileges, Rights};
use super::model::{AclPlace, Snapshot};
use super::object::{Object, ObjectId, ObjectKind, Realm, Trait};
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
        let rights = self
            .by_acl(role, object)
            .and(self.by_ownership(role, known))
            .and(of_table)
            .and(self.by_predefined(role, known))
            .within(applicable);
        Rights {
            held: rights.held.without(self.closed(object)),
            ..rights
        }
    }

    /// What no ACL gives to anyone but superusers (`pg_class_aclmask_ext`).
    fn closed(&self, object: ObjectId) -> Privileges {
        const WRITING: Privileges = Privileges::of(&[
            Privilege::Insert,
            Privilege::Update,
            Privilege::Delete,
            Privilege::Truncate,
        ]);
        let is_catalog = |known: &Object| known.traits.has(Trait::System);
        if self.object(object).is_some_and(is_catalog) {
            WRITING
        } else {
            Privileges::NONE
        }
    }

    /// Whether holding the privilege is worth anything to others than superusers.
    pub(super) fn is_open(&self, object: ObjectId, privilege: Privilege) -> bool {
        !self.closed(object).has(privilege)
    }

    /// What a role may do to a relation as a whole or to at least one of its columns
    /// (`has_any_column_privilege`).
    #[must_use]
    pub fn privileges_on_any_column(&self, role: RoleId, relation: ObjectId) -> Rights {
        let whole = self.privileges(role, relation);
        self.user_columns(relation).fold(whole, |rights, column| {
            rights.and(self.privileges(role, column))
        })
    }

    /// What a role may do to a column of a relation, also to one that has no ACL of its own.
    #[must_use]
    pub fn column_privileges(&self, role: RoleId, relation: ObjectId, number: i16) -> Rights {
        let target = self.column_numbered(relation, number).unwrap_or(relation);
        let applicable = Privileges::applicable(ObjectKind::Column, self.version);
        self.privileges(role, target).within(applicable)
    }

    /// What everybody may do to a column of a relation.
    #[must_use]
    pub fn public_column_rights(&self, relation: ObjectId, number: i16) -> Rights {
        let whole = self.public_rights(relation);
        let applicable = Privileges::applicable(ObjectKind::Column, self.version);
        self.column_numbered(relation, number)
            .map_or(whole, |column| whole.and(self.public_rights(column)))
            .within(applicable)
    }

    /// What everybody may do to a relation as a whole or to at least one of its columns.
    #[must_use]
    pub fn public_rights_on_any_column(&self, relation: ObjectId) -> Rights {
        self.user_columns(relation)
            .fold(self.public_rights(relation), |rights, column| {
                rights.and(self.public_rights(column))
            })
    }

    /// The column of that number, where it has an ACL of its own.
    #[must_use]
    pub fn column_numbered(&self, relation: ObjectId, number: i16) -> Option<ObjectId> {
        let numbered = |column: &ObjectId| {
            self.object(*column)
                .is_some_and(|known| known.number == number)
        };
        self.columns_of(relation).iter().copied().find(numbered)
    }

    /// Columns with an ACL, without system columns: `has_any_column_privilege` does not look at those.
    fn user_columns(&self, relation: ObjectId) -> impl Iterator<Item = ObjectId> {
        self.columns_of(relation)
            .iter()
            .copied()
            .filter(|column| self.object(*column).is_some_and(|known| known.number > 0))
    }

    /// What everybody may do to an object.
    #[must_use]
    pub fn public_rights(&self, object: ObjectId) -> Rights {
        let rights = self
            .acl_items(object)
            .filter(|item| item.grantee == Grantee::Public)
            .fold(Rights::NONE, |rights, item| rights.and(item.rights));
        Rights {
            held: rights.held.without(self.closed(object)),
            ..rights
        }
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

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role boss superuser
        role readers
        role analyst
        role lazy noinherit
        role pg_read_all_data
        role pg_maintain
        role pg_database_owner
        member analyst readers dba
        member lazy readers dba
        member boss_friend boss dba
        schema - app dba {dba=UC/dba,readers=U/dba}
        table app orders dba {dba=w/dba,readers=r*/dba,=x/dba}
        column orders total dba {lazy=w/dba}
        function app f dba -
    ";

    fn letters(rights: &Snapshot, who: &str, table: &str) -> String {
        let found = rights.privileges(role(rights, who), relation(rights, table));
        format!("{}/{}", found.held.letters(), found.grantable.letters())
    }

    #[test]
    fn rights_come_from_groups_owners_and_public() {
        let rights = scene(15, SHOP);
        assert_eq!(letters(&rights, "analyst", "app.orders"), "rx/r");
        assert_eq!(letters(&rights, "lazy", "app.orders"), "x/");
        // The owner took all but UPDATE from itself and may still grant everything.
        assert_eq!(letters(&rights, "dba", "app.orders"), "wx/rawdDxt");
        assert_eq!(letters(&rights, "boss", "app.orders"), "rawdDxt/rawdDxt");
    }

    #[test]
    fn a_column_has_its_own_rights_and_its_tables() {
        let rights = scene(15, SHOP);
        let orders = relation(&rights, "app.orders");
        let total = rights.columns_of(orders)[0];
        let of = |who| rights.privileges(role(&rights, who), total).held.letters();
        assert_eq!((of("analyst"), of("lazy")), ("rx".into(), "wx".into()));
        let any = rights.privileges_on_any_column(role(&rights, "lazy"), orders);
        assert_eq!(any.held.letters(), "wx");
    }

    #[test]
    fn what_was_never_granted_is_hard_wired() {
        let rights = scene(15, SHOP);
        let function = rights
            .objects_named(Realm::Function, rights.schema_named("app"), "f")
            .next()
            .unwrap();
        assert!(rights.is_hard_wired(function));
        assert!(
            rights
                .privileges(role(&rights, "lazy"), function)
                .held
                .has(Privilege::Execute)
        );
    }

    #[test]
    fn predefined_roles_count_from_their_version_on() {
        let facts = format!(
            "{SHOP}
            member analyst pg_read_all_data dba
            member analyst pg_maintain dba"
        );
        for (version, expected) in [(13, "rx/r"), (15, "rx/r"), (17, "rmx/r")] {
            let rights = scene(version, &facts);
            let found = letters(&rights, "analyst", "app.orders");
            let sorted = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            assert_eq!(sorted(&found), sorted(expected), "{version}");
        }
        let reads_all = |version| {
            let rights = scene(version, &facts.replace("readers=r*", "readers=a"));
            letters(&rights, "analyst", "app.orders").starts_with('r')
        };
        assert!(!reads_all(13) && reads_all(14));
    }

    #[test]
    fn the_database_owner_is_in_a_group_of_its_own() {
        let in_group = |version| {
            let rights = scene(version, SHOP);
            rights.has_rights_of(role(&rights, "dba"), role(&rights, "pg_database_owner"))
        };
        assert!(!in_group(13) && in_group(14));
    }

    #[test]
    fn membership_options_say_what_a_member_gets() {
        let rights = scene(
            16,
            "
            role dba
            role group
            role only_inherits
            role only_sets
            role nothing
            role manager
            member only_inherits group dba noset
            member only_sets group dba noinherit
            member nothing group dba noset noinherit
            member manager group dba admin noset noinherit
            ",
        );
        let group = role(&rights, "group");
        let of = |name| {
            let who = role(&rights, name);
            [
                rights.is_member(who, group),
                rights.has_rights_of(who, group),
                rights.may_set_role(who, group),
                rights.administers(who, group),
            ]
        };
        assert_eq!(of("only_inherits"), [true, true, false, false]);
        assert_eq!(of("only_sets"), [true, false, true, false]);
        assert_eq!(of("nothing"), [true, false, false, false]);
        assert_eq!(of("manager"), [true, false, false, true]);
        assert_eq!(of("group"), [true, true, true, false]);
    }
}

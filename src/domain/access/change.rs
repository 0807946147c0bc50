//! What would change if something were granted or revoked.
//!
//! `granting` follows ACLs, `joining` memberships.

mod granting;
mod joining;

use std::sync::Arc;

use super::acl::{AclItem, Grantee, Privileges, Rights};
use super::effective::Walk;
use super::model::{AclPlace, Snapshot};
use super::object::ObjectId;
use super::role::{MembershipOptions, RoleId};

pub(super) use granting::add;

/// Whether grantees may grant on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GrantOption {
    /// They may not.
    #[default]
    Without,
    /// `WITH GRANT OPTION`.
    With,
}

/// What a REVOKE takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// `GRANT OPTION FOR`, `ADMIN OPTION FOR`: only the right to pass it on.
    PassingOn,
    /// From 16 `INHERIT OPTION FOR`: the membership stays, its rights no longer come by themselves.
    Inheriting,
    /// From 16 `SET OPTION FOR`: the membership stays, without SET ROLE.
    SettingRole,
}

/// A statement that changes rights, in terms of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// `GRANT … ON object TO grantee`.
    Grant {
        /// On what.
        object: ObjectId,
        /// Which privileges.
        privileges: Privileges,
        /// To whom.
        grantee: Grantee,
        /// Whether to be granted on.
        option: GrantOption,
        /// In whose name; `None` is the owner's, as for whoever acts for the owner.
        grantor: Option<RoleId>,
    },
    /// `REVOKE … ON object FROM grantee CASCADE`; what the grantee granted on goes too. Without
    /// CASCADE the server refuses where there is such.
    Revoke {
        /// On what.
        object: ObjectId,
        /// Which privileges.
        privileges: Privileges,
        /// From whom.
        grantee: Grantee,
        /// How much of it.
        extent: Extent,
        /// In whose name; only what that role granted goes. `None` is the owner's.
        grantor: Option<RoleId>,
    },
    /// `GRANT role TO member`.
    Join {
        /// The group.
        role: RoleId,
        /// Who comes in.
        member: RoleId,
        /// With what; before 16 only ADMIN counts.
        options: MembershipOptions,
        /// In whose name; `None` where it does not matter.
        grantor: Option<RoleId>,
    },
    /// `REVOKE role FROM member CASCADE`.
    Leave {
        /// The group.
        role: RoleId,
        /// Who goes.
        member: RoleId,
        /// How much of it.
        extent: Extent,
        /// In whose name; `None` is whoever granted it.
        grantor: Option<RoleId>,
    },
}

/// Why the server would refuse a change, whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The object or role is not of this snapshot.
    #[error("there is no such object or role")]
    Unknown,
    /// An object of that kind does not have the privilege.
    #[error("an object of that kind has no such privilege")]
    NotApplicable,
    /// PUBLIC cannot grant on.
    #[error("grant options can only be granted to roles, not to PUBLIC")]
    PublicCannotGrant,
    /// A role would be a member of itself.
    #[error("the role would become a member of itself")]
    Circle,
    /// The grantor has it from the grantee, and would lose it if that one did.
    #[error("the right to grant on cannot be given back to those it comes from")]
    BackToGrantor,
    /// Nobody can be put into `pg_database_owner`, and it is in no group.
    #[error("pg_database_owner has no members but the owner of the database, and is in no group")]
    DatabaseOwnerGroup,
    /// Memberships do not have that option before 16, and privileges never.
    #[error("there is no such option to revoke")]
    NoSuchOption,
}

/// Roles that came and went from a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shift {
    /// There after, not before.
    pub gained: Vec<RoleId>,
    /// There before, not after.
    pub lost: Vec<RoleId>,
}

impl Shift {
    /// Whether nothing moved.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }

    fn between(before: &[RoleId], after: &[RoleId]) -> Self {
        let missing = |from: &[RoleId], there: &[RoleId]| {
            from.iter()
                .copied()
                .filter(|role| there.binary_search(role).is_err())
                .collect()
        };
        Self {
            gained: missing(after, before),
            lost: missing(before, after),
        }
    }
}

/// A role whose memberships, its own or those above it, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleShift {
    /// The role.
    pub role: RoleId,
    /// Roles whose rights it has without further ado.
    pub rights_of: Shift,
    /// Roles it may SET ROLE to.
    pub set_role: Shift,
}

/// What a role gained and lost on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impact {
    /// Who.
    pub role: RoleId,
    /// On what.
    pub object: ObjectId,
    /// Has after, had not before.
    pub gained: Rights,
    /// Had before, has not after.
    pub lost: Rights,
}

impl Snapshot {
    /// The same database after a change; this one stays as it is.
    ///
    /// A column that has no ACL of its own yet is in the snapshot only where it was asked for.
    pub fn with_change(&self, change: &Change) -> Result<Self, ChangeError> {
        let mut after = self.clone();
        match *change {
            Change::Grant {
                object,
                privileges,
                grantee,
                option,
                grantor,
            } => {
                let grantor = after.acting(object, privileges, grantor)?;
                let rights = Rights {
                    held: privileges,
                    grantable: match option {
                        GrantOption::With => privileges,
                        GrantOption::Without => Privileges::NONE,
                    },
                };
                if grantee == Grantee::Public && option == GrantOption::With {
                    return Err(ChangeError::PublicCannotGrant);
                }
                after.known_grantee(grantee)?;
                after.not_back_to_grantor(object, grantee, grantor, rights)?;
                after.grant(object, grantee, grantor, rights);
            }
            Change::Revoke {
                object,
                privileges,
                grantee,
                extent,
                grantor,
            } => {
                let named = after.acting(object, privileges, grantor)?;
                if matches!(extent, Extent::Inheriting | Extent::SettingRole) {
                    return Err(ChangeError::NoSuchOption);
                }
                let columns = after.columns_of(object).to_vec();
                after.revoke(object, grantee, named, privileges, extent);
                // A REVOKE on a table also takes what was granted on its columns (ExecGrant_Relation).
                for column in columns {
                    after.revoke(column, grantee, named, privileges, extent);
                }
            }
            Change::Join {
                role,
                member,
                options,
                grantor,
            } => after.join(role, member, options, grantor)?,
            Change::Leave {
                role,
                member,
                extent,
                grantor,
            } => {
                let _ = self.role(role).ok_or(ChangeError::Unknown)?;
                let _ = self.role(member).ok_or(ChangeError::Unknown)?;
                let newer = matches!(extent, Extent::Inheriting | Extent::SettingRole);
                if newer && self.version < 16 {
                    return Err(ChangeError::NoSuchOption);
                }
                after.leave(role, member, extent, grantor);
            }
        }
        Ok(after)
    }

    /// Whose memberships, direct or not, differ between two states of one database.
    #[must_use]
    pub fn role_shifts(&self, after: &Self) -> Vec<RoleShift> {
        if Arc::ptr_eq(&self.memberships, &after.memberships) {
            return Vec::new();
        }
        let settable = |rights: &Self, role| {
            let mut reached = rights.reached(role, Walk::Set);
            reached.sort_unstable();
            reached
        };
        self.roles()
            .map(|(role, _)| RoleShift {
                role,
                rights_of: Shift::between(self.inherited(role), after.inherited(role)),
                set_role: Shift::between(&settable(self, role), &settable(after, role)),
            })
            .filter(|shift| !shift.rights_of.is_empty() || !shift.set_role.is_empty())
            .collect()
    }

    /// Objects whose ACLs differ between two states of one database.
    #[must_use]
    pub fn changed_objects(&self, after: &Self) -> Vec<ObjectId> {
        let differs = |place: usize| self.stored(place) != after.stored(place);
        self.objects()
            .map(|(object, _)| object)
            .filter(|object| differs(object.index()))
            .collect()
    }

    /// What a role gained and lost between two states of one database, object by object.
    #[must_use]
    pub fn impact_for(&self, after: &Self, role: RoleId) -> Vec<Impact> {
        self.objects()
            .filter_map(|(object, _)| self.impact(after, role, object))
            .collect()
    }

    /// Who gained and lost on an object between two states of one database.
    #[must_use]
    pub fn impact_on(&self, after: &Self, object: ObjectId) -> Vec<Impact> {
        self.roles()
            .filter_map(|(role, _)| self.impact(after, role, object))
            .collect()
    }

    fn impact(&self, after: &Self, role: RoleId, object: ObjectId) -> Option<Impact> {
        let (had, has) = (
            self.privileges(role, object),
            after.privileges(role, object),
        );
        (had != has).then(|| Impact {
            role,
            object,
            gained: has.without(had),
            lost: had.without(has),
        })
    }

    fn stored(&self, place: usize) -> Option<&[AclItem]> {
        match self.acls.get(place)? {
            AclPlace::Stored(at) => self.store.get(*at as usize).map(|items| &**items),
            AclPlace::HardWired => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Privilege;
    use super::super::role::MembershipOption;
    use super::super::scene::{relation, role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role readers
        role analyst
        role other
        member analyst readers dba
        schema - app dba -
        table app orders dba {dba=rw/dba,readers=r*/dba,other=r/readers}
        column orders total dba {readers=r/dba}
        table app fresh dba -
    ";

    const SELECT: Privileges = Privileges::of(&[Privilege::Select]);

    fn select(rights: &Snapshot, who: &str, table: &str) -> bool {
        rights
            .privileges(role(rights, who), relation(rights, table))
            .held
            .has(Privilege::Select)
    }

    #[test]
    fn a_grant_on_a_fresh_table_keeps_the_owners_rights() {
        let before = scene(16, SHOP);
        let fresh = relation(&before, "app.fresh");
        let after = before
            .with_change(&Change::Grant {
                object: fresh,
                privileges: SELECT,
                grantee: Grantee::Role(role(&before, "readers")),
                option: GrantOption::Without,
                grantor: None,
            })
            .unwrap();
        assert!(select(&after, "dba", "app.fresh") && select(&after, "analyst", "app.fresh"));
        assert!(!select(&before, "analyst", "app.fresh"));
        assert_eq!(before.changed_objects(&after), [fresh]);
        let who: Vec<_> = before
            .impact_on(&after, fresh)
            .iter()
            .map(|impact| before.role_name(impact.role))
            .collect();
        assert_eq!(who, ["analyst", "readers"]);
    }

    #[test]
    fn a_revoke_takes_what_was_passed_on_and_the_columns() {
        let before = scene(16, SHOP);
        let orders = relation(&before, "app.orders");
        let after = before
            .with_change(&Change::Revoke {
                object: orders,
                privileges: SELECT,
                grantee: Grantee::Role(role(&before, "readers")),
                extent: Extent::Whole,
                grantor: None,
            })
            .unwrap();
        assert!(!select(&after, "readers", "app.orders"));
        assert!(!select(&after, "other", "app.orders"));
        assert!(select(&after, "dba", "app.orders"));
        let column = after.columns_of(orders)[0];
        assert_eq!(after.acl(column).count(), 0);
    }

    #[test]
    fn taking_the_grant_option_leaves_the_privilege() {
        let before = scene(16, SHOP);
        let after = before
            .with_change(&Change::Revoke {
                object: relation(&before, "app.orders"),
                privileges: SELECT,
                grantee: Grantee::Role(role(&before, "readers")),
                extent: Extent::PassingOn,
                grantor: None,
            })
            .unwrap();
        assert!(select(&after, "readers", "app.orders"));
        assert!(!select(&after, "other", "app.orders"));
    }

    #[test]
    fn joining_and_leaving_move_rights() {
        let before = scene(16, SHOP);
        let (readers, other) = (role(&before, "readers"), role(&before, "other"));
        let joined = before
            .with_change(&Change::Join {
                role: readers,
                member: other,
                options: [MembershipOption::Set].into_iter().collect(),
                grantor: None,
            })
            .unwrap();
        let shifts = before.role_shifts(&joined);
        assert_eq!(shifts.len(), 1);
        assert!(shifts[0].rights_of.is_empty());
        assert_eq!(shifts[0].set_role.gained, [readers]);

        let left = before
            .with_change(&Change::Leave {
                role: readers,
                member: role(&before, "analyst"),
                extent: Extent::Whole,
                grantor: None,
            })
            .unwrap();
        assert!(!select(&left, "analyst", "app.orders"));
        assert_eq!(
            before.impact_for(&left, role(&before, "analyst")).len(),
            2,
            "the table and its column"
        );
    }

    #[test]
    fn what_the_server_would_refuse_is_refused() {
        let rights = scene(16, SHOP);
        let (readers, analyst) = (role(&rights, "readers"), role(&rights, "analyst"));
        let circle = Change::Join {
            role: analyst,
            member: readers,
            options: MembershipOptions::default(),
            grantor: None,
        };
        assert_eq!(rights.with_change(&circle).err(), Some(ChangeError::Circle));
        let grant = |privilege, grantee| Change::Grant {
            object: relation(&rights, "app.orders"),
            privileges: Privileges::of(&[privilege]),
            grantee,
            option: GrantOption::With,
            grantor: None,
        };
        for (change, error) in [
            (
                grant(Privilege::Execute, Grantee::Role(analyst)),
                ChangeError::NotApplicable,
            ),
            (
                grant(Privilege::Select, Grantee::Public),
                ChangeError::PublicCannotGrant,
            ),
        ] {
            assert_eq!(rights.with_change(&change).err(), Some(error));
        }
    }
}

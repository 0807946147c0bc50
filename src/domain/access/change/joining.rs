//! Memberships as GRANT and REVOKE of roles leave them.
//!
//! Source: PostgreSQL source, `user.c` (`AddRoleMems`, `DelRoleMems`, `plan_recursive_revoke`).

use std::sync::{Arc, OnceLock};

use super::{ChangeError, Extent};
use crate::domain::access::effective::Walk;
use crate::domain::access::model::{Memberships, Snapshot};
use crate::domain::access::role::{
    Membership, MembershipOption, MembershipOptions, Predefined, RoleId, before_16,
};

/// OID of the superuser that `initdb` made (`BOOTSTRAP_SUPERUSERID`).
const BOOTSTRAP: u32 = 10;

/// A member that goes.
#[derive(Debug, Clone, Copy)]
struct Departure {
    member: RoleId,
    grantor: Option<RoleId>,
    extent: Extent,
}

impl Extent {
    /// What is left of a membership's options.
    const fn leaves(self, options: MembershipOptions) -> MembershipOptions {
        match self {
            Self::Whole | Self::PassingOn => options.without(MembershipOption::Admin),
            Self::Inheriting => options.without(MembershipOption::Inherit),
            Self::SettingRole => options.without(MembershipOption::Set),
        }
    }
}

impl Snapshot {
    pub(super) fn join(
        &mut self,
        role: RoleId,
        member: RoleId,
        options: MembershipOptions,
        grantor: Option<RoleId>,
    ) -> Result<(), ChangeError> {
        if self.role(role).is_none() || self.role(member).is_none() {
            return Err(ChangeError::Unknown);
        }
        let group = self.predefined(Predefined::DatabaseOwner);
        if group.is_some_and(|group| group == role || group == member) {
            return Err(ChangeError::DatabaseOwnerGroup);
        }
        if self.reached(role, Walk::Member).contains(&member) {
            return Err(ChangeError::Circle);
        }
        if options.has(MembershipOption::Admin) {
            self.not_back_to_administrator(role, member, grantor)?;
        }
        let options = if self.version < 16 {
            before_16(self.census.attributes(member), options)
        } else {
            options
        };
        let mut list = self.memberships.list.clone();
        let mut joined = Membership {
            role,
            member,
            grantor,
            options,
        };
        // Before 16 there is one membership a pair, and ADMIN stays once it is given.
        list.retain(|known| {
            let same = known.role == role
                && known.member == member
                && (self.version < 16 || known.grantor == grantor);
            if same && self.version < 16 && known.options.has(MembershipOption::Admin) {
                joined.options = joined.options.with(MembershipOption::Admin);
            }
            !same
        });
        list.push(joined);
        self.set_memberships(list);
        Ok(())
    }

    /// From 16 the right to grant a role forms no circles either (`AddRoleMems`).
    fn not_back_to_administrator(
        &self,
        role: RoleId,
        member: RoleId,
        grantor: Option<RoleId>,
    ) -> Result<(), ChangeError> {
        let Some(grantor) = grantor.filter(|_| self.version >= 16) else {
            return Ok(());
        };
        let bootstrap = |role: RoleId| self.role(role).is_some_and(|known| known.oid == BOOTSTRAP);
        // The bootstrap superuser needs no membership to grant, and so stands before every grantor.
        if bootstrap(grantor) {
            return Ok(());
        }
        if bootstrap(member) {
            return Err(ChangeError::BackToGrantor);
        }
        let mut list = self.memberships.list.clone();
        let departure = Departure {
            member,
            grantor: None,
            extent: Extent::Whole,
        };
        self.depart(&mut list, role, departure);
        let still = list.iter().any(|known| {
            known.role == role
                && known.member == grantor
                && known.options.has(MembershipOption::Admin)
        });
        if still {
            Ok(())
        } else {
            Err(ChangeError::BackToGrantor)
        }
    }

    pub(super) fn leave(
        &mut self,
        role: RoleId,
        member: RoleId,
        extent: Extent,
        grantor: Option<RoleId>,
    ) {
        let mut list = self.memberships.list.clone();
        let departure = Departure {
            member,
            grantor,
            extent,
        };
        self.depart(&mut list, role, departure);
        self.set_memberships(list);
    }

    /// Takes memberships away, and those that were granted by whoever may no longer grant.
    fn depart(&self, list: &mut Vec<Membership>, role: RoleId, first: Departure) {
        let mut leaving = vec![first];
        while let Some(departure) = leaving.pop() {
            let mut lost_admin = false;
            list.retain_mut(|known| {
                let meant = known.role == role
                    && known.member == departure.member
                    && (departure.grantor.is_none() || known.grantor == departure.grantor);
                if meant {
                    let before = known.options;
                    known.options = departure.extent.leaves(before);
                    lost_admin |= before.has(MembershipOption::Admin)
                        && !known.options.has(MembershipOption::Admin);
                }
                !meant || departure.extent != Extent::Whole
            });
            let still_admin = list.iter().any(|known| {
                known.role == role
                    && known.member == departure.member
                    && known.options.has(MembershipOption::Admin)
            });
            // Before 16 nothing depended on the grantor.
            if lost_admin && !still_admin && self.version >= 16 {
                let orphaned = list
                    .iter()
                    .filter(|known| known.role == role && known.grantor == Some(departure.member));
                leaving.extend(orphaned.map(|known| Departure {
                    member: known.member,
                    grantor: known.grantor,
                    extent: Extent::Whole,
                }));
            }
        }
    }

    fn set_memberships(&mut self, list: Vec<Membership>) {
        let roles = self.census.roles.len();
        self.memberships = Arc::new(Memberships::new(list, roles));
        self.closures = vec![OnceLock::new(); roles];
    }
}

//! ACLs as GRANT and REVOKE leave them.
//!
//! Source: PostgreSQL source, `acl.c` (`aclupdate`, `recursive_revoke`, `check_circularity`).

use super::{ChangeError, Extent};
use crate::domain::access::acl::{AclItem, Grantee, Privileges, Rights};
use crate::domain::access::model::{AclPlace, Snapshot};
use crate::domain::access::object::ObjectId;
use crate::domain::access::role::RoleId;

/// What a grantee loses.
#[derive(Debug, Clone, Copy)]
struct Loss {
    grantee: Grantee,
    grantor: RoleId,
    privileges: Privileges,
    extent: Extent,
}

impl Snapshot {
    /// In whose name a statement on the object acts, if it may be written at all.
    pub(super) fn acting(
        &self,
        object: ObjectId,
        privileges: Privileges,
        grantor: Option<RoleId>,
    ) -> Result<RoleId, ChangeError> {
        let known = self.object(object).ok_or(ChangeError::Unknown)?;
        if !Privileges::applicable(known.kind, self.version).contains(privileges) {
            return Err(ChangeError::NotApplicable);
        }
        let grantor = grantor.or(known.owner).ok_or(ChangeError::Unknown)?;
        self.role(grantor)
            .map(|_| grantor)
            .ok_or(ChangeError::Unknown)
    }

    pub(super) fn known_grantee(&self, grantee: Grantee) -> Result<(), ChangeError> {
        match grantee {
            Grantee::Public => Ok(()),
            Grantee::Role(role) => self.role(role).map(|_| ()).ok_or(ChangeError::Unknown),
        }
    }

    pub(super) fn grant(
        &mut self,
        object: ObjectId,
        grantee: Grantee,
        grantor: RoleId,
        rights: Rights,
    ) {
        let mut items: Vec<AclItem> = self.acl_items(object).collect();
        add(
            &mut items,
            AclItem {
                grantee,
                grantor,
                rights,
            },
        );
        self.store_acl(object, items);
    }

    pub(super) fn revoke(
        &mut self,
        object: ObjectId,
        grantee: Grantee,
        grantor: RoleId,
        privileges: Privileges,
        extent: Extent,
    ) {
        let before: Vec<AclItem> = self.acl_items(object).collect();
        let mut items = before.clone();
        let loss = Loss {
            grantee,
            grantor,
            privileges,
            extent,
        };
        self.take_all(object, &mut items, loss);
        if items != before {
            self.store_acl(object, items);
        }
    }

    fn take_all(&self, object: ObjectId, items: &mut Vec<AclItem>, first: Loss) {
        let mut orphans = vec![first];
        while let Some(loss) = orphans.pop() {
            orphans.extend(self.take(object, items, loss));
        }
    }

    /// Grant options form no circles: without what depends on the grantee, the grantor must still
    /// have what it grants on (`check_circularity`).
    pub(super) fn not_back_to_grantor(
        &self,
        object: ObjectId,
        grantee: Grantee,
        grantor: RoleId,
        rights: Rights,
    ) -> Result<(), ChangeError> {
        let owner = self.object(object).and_then(|known| known.owner);
        if owner == Some(grantor) || rights.grantable.is_empty() {
            return Ok(());
        }
        let mut items: Vec<AclItem> = self.acl_items(object).collect();
        let of_grantee =
            |item: &&AclItem| item.grantee == grantee && !item.rights.grantable.is_empty();
        while let Some(item) = items.iter().find(of_grantee).copied() {
            let loss = Loss {
                grantee,
                grantor: item.grantor,
                privileges: item.rights.held.and(item.rights.grantable),
                extent: Extent::Whole,
            };
            self.take_all(object, &mut items, loss);
        }
        let left = self.grantable_by(object, grantor, &items);
        if left.contains(rights.grantable) {
            Ok(())
        } else {
            Err(ChangeError::BackToGrantor)
        }
    }

    /// What a role may grant on, going by an ACL's items and by ownership.
    fn grantable_by(&self, object: ObjectId, role: RoleId, items: &[AclItem]) -> Privileges {
        let known = self.object(object);
        if let Some(object) = known
            && object
                .owner
                .is_some_and(|owner| self.has_rights_of(role, owner))
        {
            return Privileges::applicable(object.kind, self.version);
        }
        items
            .iter()
            .filter(|item| match item.grantee {
                Grantee::Public => true,
                Grantee::Role(other) => self.has_rights_of(role, other),
            })
            .fold(Privileges::NONE, |given, item| {
                given.and(item.rights.grantable)
            })
    }

    /// Takes something from a grantee; returns what others lose for it.
    fn take(&self, object: ObjectId, items: &mut Vec<AclItem>, loss: Loss) -> Vec<Loss> {
        let Some(item) = items
            .iter_mut()
            .find(|item| item.grantee == loss.grantee && item.grantor == loss.grantor)
        else {
            return Vec::new();
        };
        let was_grantable = item.rights.grantable;
        if loss.extent == Extent::Whole {
            item.rights.held = item.rights.held.without(loss.privileges);
        }
        item.rights.grantable = item.rights.grantable.without(loss.privileges);
        let ended = was_grantable.without(item.rights.grantable);
        items.retain(|item| !item.rights.is_empty());
        let Grantee::Role(former) = loss.grantee else {
            return Vec::new();
        };
        let ended = ended.without(self.grantable_by(object, former, items));
        items
            .iter()
            .filter(|item| item.grantor == former && !item.rights.held.within(ended).is_empty())
            .map(|item| Loss {
                grantee: item.grantee,
                grantor: former,
                privileges: ended,
                extent: Extent::Whole,
            })
            .collect()
    }

    fn store_acl(&mut self, object: ObjectId, items: Vec<AclItem>) {
        let place = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        self.store.push(items.into());
        if let Some(acl) = self.acls.get_mut(object.index()) {
            *acl = AclPlace::Stored(place);
        }
    }
}

/// Adds an item, to one of the same grantee and grantor if there is one.
pub(in crate::domain::access) fn add(items: &mut Vec<AclItem>, added: AclItem) {
    match items
        .iter_mut()
        .find(|item| item.grantee == added.grantee && item.grantor == added.grantor)
    {
        Some(item) => item.rights = item.rights.and(added.rights),
        None => items.push(added),
    }
}

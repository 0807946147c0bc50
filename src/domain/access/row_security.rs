//! Whether policies stand between a role and a table's rows.
//!
//! Source: PostgreSQL source, `rls.c` (`check_enable_rls`), `rowsecurity.c`
//! (`check_role_for_policy`).

use super::acl::Grantee;
use super::model::Snapshot;
use super::object::{ObjectId, Policy, Trait};
use super::role::{Attribute, RoleId};

/// Why policies do not count for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bypass {
    /// It is a superuser.
    Superuser,
    /// It has BYPASSRLS.
    Attribute,
    /// It has the owner's rights, and row security is not forced.
    Owner,
}

/// What row-level security means for a role on a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSecurity<'a> {
    /// It is off.
    Off,
    /// It is on, but not for this role.
    Bypassed(Bypass),
    /// Only rows that these policies let pass; without any permissive one, none.
    Applies(Vec<&'a Policy>),
}

impl Snapshot {
    /// What row-level security means for a role on a table.
    #[must_use]
    pub fn row_security(&self, role: RoleId, relation: ObjectId) -> RowSecurity<'_> {
        let Some(table) = self.object(relation) else {
            return RowSecurity::Off;
        };
        if !table.traits.has(Trait::RowSecurity) {
            return RowSecurity::Off;
        }
        if self.has_attribute(role, Attribute::Superuser) {
            return RowSecurity::Bypassed(Bypass::Superuser);
        }
        if self.has_attribute(role, Attribute::BypassRls) {
            return RowSecurity::Bypassed(Bypass::Attribute);
        }
        if self.owns(role, relation) && !table.traits.has(Trait::ForcedRowSecurity) {
            return RowSecurity::Bypassed(Bypass::Owner);
        }
        RowSecurity::Applies(
            self.policies_of(relation)
                .filter(|policy| self.is_for(policy, role))
                .collect(),
        )
    }

    /// Whether a policy speaks of a role.
    #[must_use]
    pub fn is_for(&self, policy: &Policy, role: RoleId) -> bool {
        policy.grantees.iter().any(|grantee| match grantee {
            Grantee::Public => true,
            Grantee::Role(named) => self.has_rights_of(role, *named),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role boss superuser
        role batch bypassrls
        role tenants
        role acme
        role stranger
        member acme tenants dba
        schema - app dba -
        table app guarded dba - r
        table app forced dba - rf
        table app open dba -
        policy guarded own_rows tenants
    ";

    #[test]
    fn policies_bind_whom_they_must() {
        let rights = scene(16, SHOP);
        let on = |who: &str, table: &str| {
            rights.row_security(role(&rights, who), relation(&rights, table))
        };
        assert_eq!(on("acme", "app.open"), RowSecurity::Off);
        for (who, why) in [
            ("boss", Bypass::Superuser),
            ("batch", Bypass::Attribute),
            ("dba", Bypass::Owner),
        ] {
            assert_eq!(on(who, "app.guarded"), RowSecurity::Bypassed(why));
        }
        assert_eq!(on("dba", "app.forced"), RowSecurity::Applies(Vec::new()));
        assert!(
            matches!(on("acme", "app.guarded"), RowSecurity::Applies(found) if found.len() == 1)
        );
        assert!(
            matches!(on("stranger", "app.guarded"), RowSecurity::Applies(found) if found.is_empty())
        );
    }
}

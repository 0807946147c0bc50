//! What decides besides grants: superusers, owners, row-level security, views and functions that run
//! as somebody else.

use super::model::Snapshot;
use super::object::{ObjectId, ObjectKind, Policy, PolicyKind, Trait};
use super::role::RoleId;
use super::row_security::{Bypass, RowSecurity};
use super::standing::{Power, Standing};

/// Policies named in one remark; more are counted.
const NAMED: usize = 8;

/// What decides besides grants. Names are as they are, so its words are untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// No privilege is checked.
    Superuser,
    /// It owns the object, through that role where it is not the owner itself.
    Owner(Option<RoleId>),
    /// Row-level security does not hold for it.
    RowsUnlimited(Bypass),
    /// Only rows that these policies let pass.
    RowsLimited(Vec<String>),
    /// Row-level security is on, and no policy lets a row pass.
    NoRows,
    /// A view: the tables behind it are read with the rights of its owner.
    RunsAsOwner(Option<RoleId>),
    /// A view or function: whoever calls it needs the rights on what is behind it.
    RunsAsCaller,
    /// A function that runs with the rights of its owner.
    SecurityDefiner(Option<RoleId>),
    /// A partition: through its parent, the parent's rights decide.
    Partition(ObjectId),
}

impl Remark {
    /// In words.
    #[must_use]
    pub fn words(&self, rights: &Snapshot) -> String {
        let owner = |role: &Option<RoleId>| {
            role.map_or("its owner".to_owned(), |role| {
                format!("its owner {}", rights.role_name(role))
            })
        };
        match self {
            Self::Superuser => "superuser: no privilege is checked".to_owned(),
            Self::Owner(None) => "owner: may also alter and drop it, and grant on it".to_owned(),
            Self::Owner(Some(through)) => format!(
                "has the rights of its owner {}: may also alter and drop it, and grant on it",
                rights.role_name(*through)
            ),
            Self::RowsUnlimited(bypass) => format!(
                "row-level security does not hold for it: {}",
                match bypass {
                    Bypass::Superuser => "superuser",
                    Bypass::Attribute => "it has BYPASSRLS",
                    Bypass::Owner => "it owns the table, and row security is not forced",
                }
            ),
            Self::RowsLimited(policies) => {
                let named = policies.iter().take(NAMED).cloned().collect::<Vec<_>>();
                let more = policies.len().saturating_sub(NAMED);
                let more = if more == 0 {
                    String::new()
                } else {
                    format!(" and {more} more")
                };
                format!("rows limited by policies {}{more}", named.join(", "))
            }
            Self::NoRows => {
                "row-level security is on and no policy lets it see or write a row".to_owned()
            }
            Self::RunsAsOwner(role) => format!(
                "a view: the tables behind it are used with the rights of {}",
                owner(role)
            ),
            Self::RunsAsCaller => {
                "security_invoker: the role also needs rights on the tables behind the view"
                    .to_owned()
            }
            Self::SecurityDefiner(role) => {
                format!(
                    "SECURITY DEFINER: it runs with the rights of {}",
                    owner(role)
                )
            }
            Self::Partition(parent) => format!(
                "a partition: through {} the rights on that table decide",
                rights.object_name(*parent)
            ),
        }
    }
}

impl Snapshot {
    /// What decides besides grants on what a role may do to an object.
    pub(super) fn remarks(
        &self,
        role: RoleId,
        object: ObjectId,
        standing: Standing,
    ) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let Some(known) = self.object(object) else {
            return remarks;
        };
        match standing.power {
            Power::Superuser => remarks.push(Remark::Superuser),
            Power::Owner => {
                remarks.push(Remark::Owner(known.owner.filter(|owner| *owner != role)));
            }
            Power::Ordinary => {}
        }
        let table = match known.kind {
            ObjectKind::Column => known.parent.unwrap_or(object),
            _ => object,
        };
        match self.row_security(standing.through.unwrap_or(role), table) {
            RowSecurity::Off => {}
            RowSecurity::Bypassed(bypass) => remarks.push(Remark::RowsUnlimited(bypass)),
            RowSecurity::Applies(policies) => remarks.push(limits(&policies)),
        }
        match known.kind {
            ObjectKind::View if known.traits.has(Trait::SecurityInvoker) => {
                remarks.push(Remark::RunsAsCaller);
            }
            ObjectKind::View | ObjectKind::MaterializedView => {
                remarks.push(Remark::RunsAsOwner(known.owner));
            }
            _ if known.traits.has(Trait::SecurityDefiner) => {
                remarks.push(Remark::SecurityDefiner(known.owner));
            }
            _ => {}
        }
        if let (true, Some(parent)) = (known.traits.has(Trait::Partition), known.parent) {
            remarks.push(Remark::Partition(parent));
        }
        remarks
    }
}

/// What policies leave of a table: restrictive ones alone let nothing pass (PostgreSQL
/// documentation, "Row Security Policies").
fn limits(policies: &[&Policy]) -> Remark {
    let permissive = policies
        .iter()
        .any(|policy| policy.kind == PolicyKind::Permissive);
    if !permissive {
        return Remark::NoRows;
    }
    Remark::RowsLimited(
        policies
            .iter()
            .map(|policy| format!("{} ({})", policy.name, policy.command.keyword()))
            .collect(),
    )
}

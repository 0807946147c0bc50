//! All that can be said of one role and one object: each privilege with its paths, what is lacking,
//! and what else decides.

use std::collections::HashMap;

use super::acl::{Privilege, Privileges};
use super::explain::{Path, Wish};
use super::model::{AclPlace, Snapshot};
use super::object::{ObjectId, ObjectKind};
use super::remark::Remark;
use super::role::RoleId;
use super::standing::{Gate, Standing};
use super::ways::Ways;

/// A privilege that a role has, with every path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What.
    pub privilege: Privilege,
    /// The columns it is for; empty for the whole object.
    pub columns: Vec<ObjectId>,
    /// By which paths, those that work at once first; for columns, those of the first one.
    pub paths: Vec<Path>,
    /// How many more there are.
    pub paths_left_out: u64,
}

/// All that can be said of one role and one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The role.
    pub role: RoleId,
    /// The object.
    pub object: ObjectId,
    /// In short.
    pub standing: Standing,
    /// What it may do, and why.
    pub claims: Vec<Claim>,
    /// What it may do to no part of the object, not even after SET ROLE.
    pub lacking: Privileges,
    /// What else decides.
    pub remarks: Vec<Remark>,
}

impl Account {
    /// Whether the privilege is held on the whole object without SET ROLE, and the object can be
    /// named; without a privilege, whether any is.
    #[must_use]
    pub fn allows(&self, privilege: Option<Privilege>) -> bool {
        let held = self.standing.now.held;
        self.standing.gate == Gate::Open
            && privilege.map_or(!held.is_empty(), |wanted| held.has(wanted))
    }
}

/// Objects that give the same privileges to the same roles: the paths to them are the same too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Alike {
    /// The place of the ACL; `None` is the hard-wired one.
    acl: Option<u32>,
    owner: Option<RoleId>,
    kind: ObjectKind,
    privilege: Privilege,
}

/// The paths that are told, and how many are not.
#[derive(Debug, Clone, Default)]
struct Found {
    paths: Vec<Path>,
    left_out: u64,
}

/// How many paths are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The one a person would tell first: for long lists.
    Best,
    /// All of them, as far as [`Snapshot::paths`] goes.
    All,
}

/// Accounts of one role on many objects. Paths are searched once for objects that are alike, and
/// most tables of a database are.
#[derive(Debug)]
pub struct Accounts<'a> {
    rights: &'a Snapshot,
    role: RoleId,
    search: Search,
    becoming: Vec<RoleId>,
    ways: Ways,
    known: HashMap<Alike, Found>,
}

impl<'a> Accounts<'a> {
    /// Accounts of that role.
    #[must_use]
    pub fn of(rights: &'a Snapshot, role: RoleId, search: Search) -> Self {
        Self {
            rights,
            role,
            search,
            becoming: rights.worth_becoming(role),
            ways: Ways::of(rights, role),
            known: HashMap::new(),
        }
    }

    /// The roles it may have to become first.
    #[must_use]
    pub fn becoming(&self) -> &[RoleId] {
        &self.becoming
    }

    /// All that can be said of the role and an object; `privilege` narrows it to one.
    #[must_use]
    pub fn account(&mut self, object: ObjectId, privilege: Option<Privilege>) -> Account {
        let rights = self.rights;
        let standing = rights.standing(self.role, object, &self.becoming);
        let mut claims = Vec::new();
        let mut lacking = Privileges::NONE;
        for wanted in rights.applicable(object).iter() {
            if privilege.is_some_and(|only| only != wanted) {
                continue;
            }
            let Found { paths, left_out } = self.paths(object, wanted);
            let on_columns = self.columns_with(object, wanted, standing);
            if paths.is_empty() && on_columns.is_empty() {
                lacking = lacking.and(Privileges::of(&[wanted]));
            }
            if !paths.is_empty() {
                claims.push(Claim {
                    privilege: wanted,
                    columns: Vec::new(),
                    paths,
                    paths_left_out: left_out,
                });
            }
            if let Some(first) = on_columns.first().copied() {
                let Found { paths, left_out } = self.searched(first, wanted);
                claims.push(Claim {
                    privilege: wanted,
                    paths,
                    paths_left_out: left_out,
                    columns: on_columns,
                });
            }
        }
        Account {
            role: self.role,
            object,
            standing,
            claims,
            lacking,
            remarks: rights.remarks(self.role, object, standing),
        }
    }

    fn paths(&mut self, object: ObjectId, privilege: Privilege) -> Found {
        let rights = self.rights;
        let Some(known) = rights.object(object) else {
            return Found::default();
        };
        // A column's paths are also those of its table.
        if known.kind == ObjectKind::Column {
            return self.searched(object, privilege);
        }
        let alike = Alike {
            acl: match rights.acls.get(object.index()) {
                Some(AclPlace::Stored(place)) => Some(*place),
                Some(AclPlace::HardWired) | None => None,
            },
            owner: known.owner,
            kind: known.kind,
            privilege,
        };
        if !self.known.contains_key(&alike) {
            let searched = self.searched(object, privilege);
            drop(self.known.insert(alike, searched));
        }
        let mut found = self.known.get(&alike).cloned().unwrap_or_default();
        for path in &mut found.paths {
            path.object = object;
        }
        found
    }

    fn searched(&self, object: ObjectId, privilege: Privilege) -> Found {
        let springs = self.rights.springs(object, privilege, Wish::Use);
        let paths = match self.search {
            Search::All => self.rights.all_paths(self.role, privilege, &springs),
            Search::Best => self
                .ways
                .best_path(privilege, &springs)
                .into_iter()
                .collect(),
        };
        let told = u64::try_from(paths.len()).unwrap_or(u64::MAX);
        Found {
            left_out: self.ways.count(&springs).saturating_sub(told),
            paths,
        }
    }

    /// Columns on which the role has a privilege that it lacks on the table.
    fn columns_with(
        &self,
        table: ObjectId,
        privilege: Privilege,
        standing: Standing,
    ) -> Vec<ObjectId> {
        if standing.now.held.has(privilege) {
            return Vec::new();
        }
        let rights = self.rights;
        rights
            .columns_of(table)
            .iter()
            .copied()
            .filter(|column| rights.object(*column).is_some_and(|known| known.number > 0))
            .filter(|column| rights.privileges(self.role, *column).held.has(privilege))
            .collect()
    }
}

impl Snapshot {
    /// All that can be said of one role and one object; `privilege` narrows it to one.
    #[must_use]
    pub fn account(&self, role: RoleId, object: ObjectId, privilege: Option<Privilege>) -> Account {
        Accounts::of(self, role, Search::All).account(object, privilege)
    }

    /// The privileges that mean something on an object.
    #[must_use]
    pub fn applicable(&self, object: ObjectId) -> Privileges {
        self.object(object).map_or(Privileges::NONE, |known| {
            Privileges::applicable(known.kind, self.version())
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
        role readers
        role analyst
        role clerk
        role stranger
        member analyst readers dba
        schema - app dba {dba=UC/dba,readers=U/dba,clerk=U/dba}
        table app tickets dba {dba=arwd/dba,readers=r/dba} r
        column tickets total dba {clerk=rw/dba}
        policy tickets own_rows readers
        view app sums dba {readers=r/dba}
        view app asked dba {readers=r/dba} i
    ";

    fn account(who: &str, what: &str) -> (Snapshot, Account) {
        let rights = scene(16, SHOP);
        let account = rights.account(role(&rights, who), relation(&rights, what), None);
        (rights, account)
    }

    fn remarks(who: &str, what: &str) -> Vec<String> {
        let (rights, account) = account(who, what);
        account
            .remarks
            .iter()
            .map(|remark| remark.words(&rights))
            .collect()
    }

    #[test]
    fn policies_owners_and_views_are_remarked_upon() {
        assert_eq!(
            remarks("analyst", "app.tickets"),
            ["rows limited by policies own_rows (ALL)"]
        );
        assert!(remarks("clerk", "app.tickets")[0].contains("no policy lets it"));
        assert!(remarks("dba", "app.tickets")[1].contains("it owns the table"));
        assert_eq!(
            remarks("boss", "app.sums")[0],
            "superuser: no privilege is checked"
        );
        assert!(remarks("analyst", "app.sums")[0].contains("with the rights of its owner dba"));
        assert!(remarks("analyst", "app.asked")[0].starts_with("security_invoker"));
    }

    #[test]
    fn what_holds_for_some_columns_names_them() {
        let (rights, account) = account("clerk", "app.tickets");
        let claims: Vec<_> = account
            .claims
            .iter()
            .map(|claim| (claim.privilege, rights.object_name(claim.columns[0])))
            .collect();
        let total = || "app.tickets.total".to_owned();
        assert_eq!(
            claims,
            [(Privilege::Select, total()), (Privilege::Update, total())]
        );
        assert!(account.lacking.has(Privilege::Insert) && !account.lacking.has(Privilege::Select));
        assert!(!account.allows(Some(Privilege::Select)));
    }

    #[test]
    fn statements_give_and_take() {
        let (rights, account) = account("analyst", "app.tickets");
        let stranger = role(&rights, "stranger");
        assert_eq!(
            rights.giving(stranger, account.object, Privilege::Select),
            [
                "GRANT USAGE ON SCHEMA app TO stranger",
                "GRANT SELECT ON TABLE app.tickets TO stranger"
            ]
        );
        assert_eq!(
            rights.taking(&account.claims[0]),
            ["REVOKE SELECT ON TABLE app.tickets FROM readers"]
        );
        assert!(account.allows(Some(Privilege::Select)));
    }
}

//! By which paths a role may do something, and who may.

use super::acl::{AclItem, Grantee, Privilege};
use super::model::Snapshot;
use super::object::ObjectId;
use super::role::{Attribute, Predefined, RoleId};

/// What is asked of a privilege.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// To use it.
    Use,
    /// To grant it to others.
    PassOn,
}

/// How a role gets at the rights of a group it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carry {
    /// At once.
    Inherits,
    /// Only after `SET ROLE`.
    SetRole,
}

/// Why a role is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bond {
    /// Somebody granted it; `None` where that role is gone.
    GrantedBy(Option<RoleId>),
    /// It owns the database, which makes it a member of `pg_database_owner`.
    OwnsDatabase,
}

/// A step from a role to a group it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hop {
    /// The group.
    pub role: RoleId,
    /// Why it is in it.
    pub bond: Bond,
    /// How it gets at the group's rights.
    pub carry: Carry,
}

/// What gives the privilege at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Nothing is checked. Members of a superuser do not inherit that.
    Superuser,
    /// The owner may grant whatever it likes.
    Owner,
    /// An ACL item.
    Granted(AclItem),
    /// The ACL was never written, and so the owner or everybody has it.
    HardWired(Grantee),
    /// A predefined role gives it on everything of its kind.
    Predefined(Predefined),
}

/// One way in which a role has a privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The role.
    pub role: RoleId,
    /// From group to group.
    pub hops: Vec<Hop>,
    /// What the last of them has.
    pub source: Source,
    /// Where it has it: the table, if a column was asked about and the table gives it.
    pub object: ObjectId,
    /// What.
    pub privilege: Privilege,
}

impl Path {
    /// The role to become first, if the path does not work at once.
    #[must_use]
    pub fn set_role(&self) -> Option<RoleId> {
        self.hops
            .iter()
            .rev()
            .find(|hop| hop.carry == Carry::SetRole)
            .map(|hop| hop.role)
    }

    /// The role that has the privilege: the last of the path.
    #[must_use]
    pub fn holder(&self) -> RoleId {
        self.hops.last().map_or(self.role, |hop| hop.role)
    }

    /// The path in words: `analyst → member of readers (inherits) → SELECT granted by dba`. Names are
    /// as they are, so the text is untrusted.
    #[must_use]
    pub fn words(&self, rights: &Snapshot) -> String {
        let mut words = vec![rights.role_name(self.role).to_owned()];
        for hop in &self.hops {
            let name = rights.role_name(hop.role);
            words.push(match (hop.bond, hop.carry) {
                (Bond::GrantedBy(_), Carry::Inherits) => format!("member of {name} (inherits)"),
                (Bond::GrantedBy(_), Carry::SetRole) => {
                    format!("member of {name} (only after SET ROLE)")
                }
                (Bond::OwnsDatabase, Carry::Inherits) => {
                    format!("owner of the database, so in {name}")
                }
                (Bond::OwnsDatabase, Carry::SetRole) => {
                    format!("owner of the database, so in {name} (only after SET ROLE)")
                }
            });
        }
        words.push(self.source_words(rights));
        words.join(" → ")
    }

    fn source_words(&self, rights: &Snapshot) -> String {
        let privilege = self.privilege.keyword();
        match self.source {
            Source::Superuser => "superuser".to_owned(),
            Source::Owner => format!("owner, who may always grant {privilege}"),
            Source::HardWired(Grantee::Public) => format!("{privilege} for PUBLIC by default"),
            Source::HardWired(Grantee::Role(_)) => format!("owner, who has {privilege} by default"),
            Source::Predefined(role) => format!("{privilege} by being {}", role.name()),
            Source::Granted(item) => {
                let to = match item.grantee {
                    Grantee::Public => " to PUBLIC",
                    Grantee::Role(_) => "",
                };
                let option = if item.rights.grantable.has(self.privilege) {
                    " with grant option"
                } else {
                    ""
                };
                let grantor = rights.role_name(item.grantor);
                format!("{privilege} granted{to} by {grantor}{option}")
            }
        }
    }
}

/// A role that may do something, with the path a person would tell first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The role.
    pub role: RoleId,
    /// Its best path: at once before after SET ROLE, short before long.
    pub path: Path,
}

impl Snapshot {
    /// Every path by which a role may use a privilege on an object, those that work at once first,
    /// then short before long; 64 of each sort at most.
    #[must_use]
    pub fn paths(&self, role: RoleId, object: ObjectId, privilege: Privilege) -> Vec<Path> {
        self.paths_for(role, object, privilege, Wish::Use)
    }

    /// The same for using a privilege or granting it to others.
    #[must_use]
    pub fn paths_for(
        &self,
        role: RoleId,
        object: ObjectId,
        privilege: Privilege,
        wish: Wish,
    ) -> Vec<Path> {
        let springs = self.springs(object, privilege, wish);
        self.all_paths(role, privilege, &springs)
    }

    /// Who may use a privilege on an object, each with its best path, by name. Whoever may only
    /// after SET ROLE is among them, and so are superusers.
    #[must_use]
    pub fn who_can(&self, object: ObjectId, privilege: Privilege) -> Vec<Holder> {
        self.who_can_for(object, privilege, Wish::Use)
    }

    /// The same for using a privilege or granting it to others.
    #[must_use]
    pub fn who_can_for(&self, object: ObjectId, privilege: Privilege, wish: Wish) -> Vec<Holder> {
        let springs = self.springs(object, privilege, wish);
        let routes = self.routes(&springs);
        self.roles()
            .filter_map(|(role, _)| {
                let path = self.best(role, privilege, &springs, &routes)?;
                Some(Holder { role, path })
            })
            .collect()
    }

    /// The path a person would tell first.
    #[must_use]
    pub fn best_path(&self, role: RoleId, object: ObjectId, privilege: Privilege) -> Option<Path> {
        let springs = self.springs(object, privilege, Wish::Use);
        let routes = self.routes(&springs);
        self.best(role, privilege, &springs, &routes)
    }

    /// Whether the role is a superuser; for those who only want to know that.
    #[must_use]
    pub fn is_superuser(&self, role: RoleId) -> bool {
        self.has_attribute(role, Attribute::Superuser)
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
        role staff
        role analyst
        role intern
        role stranger
        role pg_read_all_data
        member analyst readers dba
        member staff readers dba noinherit
        member intern staff dba
        member intern pg_read_all_data dba noset noinherit
        schema - app dba {dba=UC/dba}
        table app orders dba {dba=r/dba,readers=r*/dba}
        table app fresh dba -
    ";

    fn worded(paths: &[Path], rights: &Snapshot) -> Vec<String> {
        paths.iter().map(|path| path.words(rights)).collect()
    }

    #[test]
    fn a_path_reads_as_a_person_would_tell_it() {
        let rights = scene(16, SHOP);
        let orders = relation(&rights, "app.orders");
        let paths = rights.paths(role(&rights, "analyst"), orders, Privilege::Select);
        assert_eq!(
            worded(&paths, &rights),
            ["analyst → member of readers (inherits) → SELECT granted by dba with grant option"]
        );
        assert_eq!(paths[0].set_role(), None);
    }

    #[test]
    fn a_path_after_set_role_says_so_and_names_the_role() {
        let rights = scene(16, SHOP);
        let orders = relation(&rights, "app.orders");
        let paths = rights.paths(role(&rights, "intern"), orders, Privilege::Select);
        assert_eq!(
            worded(&paths, &rights),
            [
                "intern → member of staff (only after SET ROLE) → member of readers (only after SET \
                 ROLE) → SELECT granted by dba with grant option"
            ]
        );
        assert_eq!(paths[0].set_role(), Some(role(&rights, "readers")));
        assert_eq!(paths[0].holder(), role(&rights, "readers"));
    }

    #[test]
    fn what_cannot_be_set_leads_nowhere() {
        let rights = scene(
            16,
            &SHOP.replace("intern staff dba", "intern staff dba noset"),
        );
        let orders = relation(&rights, "app.orders");
        let intern = role(&rights, "intern");
        assert!(rights.paths(intern, orders, Privilege::Select).is_empty());
        assert_eq!(rights.best_path(intern, orders, Privilege::Select), None);
    }

    #[test]
    fn who_can_names_each_with_its_best_path() {
        let rights = scene(16, SHOP);
        let orders = relation(&rights, "app.orders");
        let who: Vec<_> = rights
            .who_can(orders, Privilege::Select)
            .into_iter()
            .map(|holder| holder.path.words(&rights))
            .collect();
        assert_eq!(
            who,
            [
                "analyst → member of readers (inherits) → SELECT granted by dba with grant option",
                "boss → superuser",
                "dba → SELECT granted by dba",
                "intern → member of staff (only after SET ROLE) → member of readers (only after SET \
                 ROLE) → SELECT granted by dba with grant option",
                "pg_read_all_data → SELECT by being pg_read_all_data",
                "readers → SELECT granted by dba with grant option",
                "staff → member of readers (only after SET ROLE) → SELECT granted by dba with grant \
                 option",
            ]
        );
        let grantors: Vec<_> = rights
            .who_can_for(orders, Privilege::Delete, Wish::PassOn)
            .into_iter()
            .map(|holder| rights.role_name(holder.role).to_owned())
            .collect();
        assert_eq!(grantors, ["boss", "dba"]);
    }

    #[test]
    fn a_superuser_is_become_not_inherited_from() {
        let facts = format!("{SHOP}\nrole friend\nmember friend boss dba");
        let rights = scene(16, &facts);
        let orders = relation(&rights, "app.orders");
        let friend = role(&rights, "friend");
        let words = ["friend → member of boss (only after SET ROLE) → superuser"];
        let paths = rights.paths(friend, orders, Privilege::Delete);
        assert_eq!(worded(&paths, &rights), words);
        let best = rights.best_path(friend, orders, Privilege::Delete);
        assert_eq!(worded(&[best.unwrap()], &rights), words);
        assert!(
            !rights
                .privileges(friend, orders)
                .held
                .has(Privilege::Delete)
        );
    }

    #[test]
    fn an_acl_never_written_is_told_as_a_default() {
        let rights = scene(16, SHOP);
        let fresh = relation(&rights, "app.fresh");
        let path = rights.best_path(role(&rights, "dba"), fresh, Privilege::Select);
        assert_eq!(
            path.unwrap().words(&rights),
            "dba → owner, who has SELECT by default"
        );
    }

    #[test]
    fn a_diamond_has_a_path_along_each_side() {
        let rights = scene(
            16,
            "
            role dba
            role left
            role right
            role top
            role me
            member left top dba
            member right top dba
            member me left dba
            member me right dba
            schema - app dba -
            table app orders dba {top=r/dba}
            ",
        );
        let orders = relation(&rights, "app.orders");
        let paths = rights.paths(role(&rights, "me"), orders, Privilege::Select);
        let first: Vec<_> = paths
            .iter()
            .map(|path| rights.role_name(path.hops[0].role))
            .collect();
        assert_eq!(first, ["left", "right"]);
    }
}

//! By which paths a role may do something, and who may.

use std::collections::{HashMap, VecDeque};

use super::acl::{AclItem, Grantee, Privilege};
use super::effective::predefined_privileges;
use super::model::Snapshot;
use super::object::{ObjectId, ObjectKind};
use super::role::{Attribute, MembershipOption, Predefined, RoleId};

/// Paths returned at most, each for those that work at once and those that need SET ROLE: diamonds
/// of memberships multiply.
const MOST_PATHS: usize = 64;

/// Partial paths looked at before the search is given up.
const MOST_STEPS: usize = 20_000;

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
    /// Nothing is checked.
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

/// A source and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spring {
    pub(super) source: Source,
    pub(super) object: ObjectId,
}

/// What gives a privilege, to whom: the start of every path, seen from its end.
#[derive(Debug, Default)]
pub(super) struct Springs {
    /// By role, best first.
    of_role: HashMap<RoleId, Vec<Spring>>,
    /// For everybody.
    of_public: Vec<Spring>,
}

impl Springs {
    fn add(&mut self, grantee: Grantee, spring: Spring) {
        match grantee {
            Grantee::Public => self.of_public.push(spring),
            Grantee::Role(role) => self.of_role.entry(role).or_default().push(spring),
        }
    }

    /// What a role has by itself, best first.
    fn at(&self, role: RoleId) -> impl Iterator<Item = Spring> {
        self.of_role.get(&role).into_iter().flatten().copied()
    }
}

/// The next hop towards the privilege.
#[derive(Debug, Clone, Copy)]
enum Next {
    Here(Spring),
    Hop(Hop),
}

/// For every role the shortest way: at once, and with SET ROLE first.
struct Routes {
    at_once: Vec<Option<Next>>,
    after_set: Vec<Option<Next>>,
}

/// Objects and ACLs as they are, or as they would be (`super::default`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) object: ObjectId,
    pub(super) kind: ObjectKind,
    pub(super) owner: Option<RoleId>,
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

    fn springs(&self, object: ObjectId, privilege: Privilege, wish: Wish) -> Springs {
        let mut springs = Springs::default();
        let Some(known) = self.object(object) else {
            return springs;
        };
        let mut subjects = vec![(object, known)];
        if let (ObjectKind::Column, Some(table)) = (known.kind, known.parent)
            && let Some(whole) = self.object(table)
        {
            subjects.push((table, whole));
        }
        self.superusers(&mut springs, object);
        for (object, known) in subjects {
            let subject = Subject {
                object,
                kind: known.kind,
                owner: known.owner,
            };
            let items: Vec<AclItem> = self.acl_items(object).collect();
            let hard_wired = self.is_hard_wired(object);
            self.springs_of(&mut springs, subject, privilege, wish, &items);
            if hard_wired {
                springs.as_hard_wired(object);
            }
        }
        springs
    }

    pub(super) fn superusers(&self, springs: &mut Springs, object: ObjectId) {
        for (role, known) in self.roles() {
            if known.is_superuser() {
                let source = Source::Superuser;
                springs.add(Grantee::Role(role), Spring { source, object });
            }
        }
    }

    /// What an object gives, be it there or only imagined.
    pub(super) fn springs_of(
        &self,
        springs: &mut Springs,
        subject: Subject,
        privilege: Privilege,
        wish: Wish,
        items: &[AclItem],
    ) {
        let Subject {
            object,
            kind,
            owner,
        } = subject;
        for item in items {
            let given = match wish {
                Wish::Use => item.rights.held,
                Wish::PassOn => item.rights.grantable,
            };
            if given.has(privilege) {
                let source = Source::Granted(*item);
                springs.add(item.grantee, Spring { source, object });
            }
        }
        match (wish, owner) {
            (Wish::PassOn, Some(owner)) => {
                let source = Source::Owner;
                springs.add(Grantee::Role(owner), Spring { source, object });
            }
            (Wish::PassOn, None) => {}
            (Wish::Use, _) => {
                for (predefined, given) in predefined_privileges(kind) {
                    if let Some(role) = self.predefined(*predefined)
                        && given.has(privilege)
                    {
                        let source = Source::Predefined(*predefined);
                        springs.add(Grantee::Role(role), Spring { source, object });
                    }
                }
            }
        }
    }

    /// One walk from the holders back to everybody who can reach them.
    fn routes(&self, springs: &Springs) -> Routes {
        let count = self.census.roles.len();
        let mut at_once: Vec<Option<Next>> = vec![None; count];
        let mut waiting = VecDeque::new();
        let mut holders: Vec<&RoleId> = springs.of_role.keys().collect();
        holders.sort_unstable();
        for holder in holders {
            if let (Some(place), Some(spring)) =
                (at_once.get_mut(holder.index()), springs.at(*holder).next())
            {
                *place = Some(Next::Here(spring));
                waiting.push_back(*holder);
            }
        }
        self.spread(&mut at_once, waiting, Carry::Inherits);
        // Whoever may become a role that can do it at once.
        let mut after_set: Vec<Option<Next>> = vec![None; count];
        let able: VecDeque<RoleId> = self
            .roles()
            .map(|(role, _)| role)
            .filter(|role| at_once.get(role.index()).is_some_and(Option::is_some))
            .collect();
        self.spread(&mut after_set, able, Carry::SetRole);
        Routes { at_once, after_set }
    }

    /// Tells the members of each role that waits, and theirs, which way to go.
    fn spread(&self, next: &mut [Option<Next>], mut waiting: VecDeque<RoleId>, carry: Carry) {
        while let Some(group) = waiting.pop_front() {
            for (member, bond) in self.members_by(group, carry) {
                if let Some(place) = next.get_mut(member.index())
                    && place.is_none()
                {
                    *place = Some(Next::Hop(Hop {
                        role: group,
                        bond,
                        carry,
                    }));
                    waiting.push_back(member);
                }
            }
        }
    }

    /// Members of a group that get at its rights in that way.
    fn members_by(&self, group: RoleId, carry: Carry) -> Vec<(RoleId, Bond)> {
        let option = match carry {
            Carry::Inherits => MembershipOption::Inherit,
            Carry::SetRole => MembershipOption::Set,
        };
        let granted = self
            .members_of(group)
            .filter(|membership| membership.options.has(option))
            .map(|membership| (membership.member, Bond::GrantedBy(membership.grantor)));
        let implicit = self
            .database_owner()
            .filter(|owner| self.implicit_group(*owner, carry.walk()) == Some(group))
            .map(|owner| (owner, Bond::OwnsDatabase));
        granted.chain(implicit).collect()
    }

    fn best(
        &self,
        role: RoleId,
        privilege: Privilege,
        springs: &Springs,
        routes: &Routes,
    ) -> Option<Path> {
        let next_at = |list: &[Option<Next>], role: RoleId| list.get(role.index()).copied()?;
        let mut hops = Vec::new();
        let mut at = role;
        let everybody = springs.of_public.first().copied();
        // A role passes each list once, so twice their number bounds the walk.
        for _ in 0..=2 * self.census.roles.len() {
            let at_once = next_at(&routes.at_once, at);
            let spring = match at_once {
                Some(Next::Here(spring)) => Some(spring),
                // PUBLIC is nearer than any group.
                _ => everybody,
            };
            if let Some(spring) = spring {
                return Some(Path {
                    role,
                    hops,
                    source: spring.source,
                    object: spring.object,
                    privilege,
                });
            }
            match at_once.or_else(|| next_at(&routes.after_set, at))? {
                Next::Hop(hop) => {
                    hops.push(hop);
                    at = hop.role;
                }
                Next::Here(_) => return None,
            }
        }
        None
    }

    pub(super) fn best_of(
        &self,
        role: RoleId,
        privilege: Privilege,
        springs: &Springs,
    ) -> Option<Path> {
        self.best(role, privilege, springs, &self.routes(springs))
    }

    fn all_paths(&self, role: RoleId, privilege: Privilege, springs: &Springs) -> Vec<Path> {
        let leads = self.leading_to(springs);
        let mut search = Search {
            trail: vec![Trail {
                at: role,
                from: None,
                hop: None,
                settable: 0,
                needs_set: 0,
                length: 0,
            }],
        };
        let path = |hops, spring: Spring| Path {
            role,
            hops,
            source: spring.source,
            object: spring.object,
            privilege,
        };
        let mut at_once: Vec<Path> = Vec::new();
        let mut after_set: Vec<Path> = Vec::new();
        let mut next = 0;
        while let Some(trail) = search.trail.get(next).copied() {
            for spring in springs.at(trail.at) {
                let found = path(search.hops(next), spring);
                let kept = match trail.needs_set {
                    0 => &mut at_once,
                    _ => &mut after_set,
                };
                if kept.len() < MOST_PATHS {
                    kept.push(found);
                }
            }
            if next == 0 {
                at_once.extend(
                    springs
                        .of_public
                        .iter()
                        .map(|spring| path(Vec::new(), *spring)),
                );
            }
            if search.trail.len() < MOST_STEPS {
                self.extend(&mut search, next, &leads);
            }
            next += 1;
        }
        at_once.extend(after_set);
        at_once
    }

    /// Adds every step onwards from a partial path that can still lead somewhere.
    fn extend(&self, search: &mut Search, from: usize, leads: &[bool]) {
        let Some(trail) = search.trail.get(from).copied() else {
            return;
        };
        let granted = self.groups_of(trail.at).map(|membership| Edge {
            role: membership.role,
            bond: Bond::GrantedBy(membership.grantor),
            inherits: membership.options.has(MembershipOption::Inherit),
            settable: membership.options.has(MembershipOption::Set),
        });
        let implicit = |carry: Carry| self.implicit_group(trail.at, carry.walk());
        let implicit = implicit(Carry::SetRole).map(|role| Edge {
            role,
            bond: Bond::OwnsDatabase,
            inherits: implicit(Carry::Inherits).is_some(),
            settable: true,
        });
        let edges: Vec<Edge> = granted
            .chain(implicit)
            .filter(|edge| leads.get(edge.role.index()).is_some_and(|leads| *leads))
            .collect();
        for edge in edges {
            let length = trail.length + 1;
            let settable = if edge.settable && trail.settable == trail.length {
                length
            } else {
                trail.settable
            };
            let needs_set = if edge.inherits {
                trail.needs_set
            } else {
                length
            };
            // One becomes a role first and inherits from there on, never the other way round.
            if needs_set <= settable && !search.visits(from, edge.role) {
                search.trail.push(Trail {
                    at: edge.role,
                    from: Some(from),
                    hop: Some(edge),
                    settable,
                    needs_set,
                    length,
                });
            }
        }
    }

    /// Roles from which memberships of any kind lead to a source.
    fn leading_to(&self, springs: &Springs) -> Vec<bool> {
        let mut leads = vec![false; self.census.roles.len()];
        let mut waiting: Vec<RoleId> = springs.of_role.keys().copied().collect();
        while let Some(role) = waiting.pop() {
            if let Some(known) = leads.get_mut(role.index())
                && !std::mem::replace(known, true)
            {
                waiting.extend(self.members_of(role).map(|membership| membership.member));
                waiting.extend(
                    self.database_owner()
                        .filter(|_| self.predefined(Predefined::DatabaseOwner) == Some(role)),
                );
            }
        }
        leads
    }

    /// Whether the role is a superuser; for those who only want to know that.
    #[must_use]
    pub fn is_superuser(&self, role: RoleId) -> bool {
        self.has_attribute(role, Attribute::Superuser)
    }
}

impl Springs {
    /// What was granted by nobody, because the ACL was never written.
    fn as_hard_wired(&mut self, object: ObjectId) {
        let all = self.of_role.values_mut().flatten();
        for spring in all.chain(&mut self.of_public) {
            if let Source::Granted(item) = spring.source
                && spring.object == object
            {
                spring.source = Source::HardWired(item.grantee);
            }
        }
    }
}

impl Carry {
    const fn walk(self) -> super::effective::Walk {
        match self {
            Self::Inherits => super::effective::Walk::Inherit,
            Self::SetRole => super::effective::Walk::Set,
        }
    }
}

/// A step a role could take.
#[derive(Debug, Clone, Copy)]
struct Edge {
    role: RoleId,
    bond: Bond,
    inherits: bool,
    settable: bool,
}

/// A partial path, as the last of its steps.
#[derive(Debug, Clone, Copy)]
struct Trail {
    at: RoleId,
    from: Option<usize>,
    hop: Option<Edge>,
    /// How many of the first steps may all be gone by SET ROLE.
    settable: usize,
    /// The last step that is not inherited: so many must be gone by SET ROLE.
    needs_set: usize,
    length: usize,
}

/// Partial paths, each with the place of the one it extends.
struct Search {
    trail: Vec<Trail>,
}

impl Search {
    fn back(&self, from: usize) -> impl Iterator<Item = &Trail> {
        std::iter::successors(self.trail.get(from), |trail| self.trail.get(trail.from?))
    }

    fn visits(&self, from: usize, role: RoleId) -> bool {
        self.back(from).any(|trail| trail.at == role)
    }

    fn hops(&self, from: usize) -> Vec<Hop> {
        let needs_set = self.trail.get(from).map_or(0, |trail| trail.needs_set);
        let mut hops: Vec<Hop> = self
            .back(from)
            .filter_map(|trail| {
                let edge = trail.hop?;
                Some(Hop {
                    role: edge.role,
                    bond: edge.bond,
                    carry: if trail.length <= needs_set {
                        Carry::SetRole
                    } else {
                        Carry::Inherits
                    },
                })
            })
            .collect();
        hops.reverse();
        hops
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

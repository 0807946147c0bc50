//! Where a privilege springs from, and everybody's shortest way to it.

use std::collections::{HashMap, VecDeque};

use super::acl::{AclItem, Grantee, Privilege};
use super::effective::{Walk, predefined_privileges};
use super::explain::{Bond, Carry, Hop, Path, Source, Wish};
use super::model::Snapshot;
use super::object::{ObjectId, ObjectKind};
use super::role::{MembershipOption, RoleId};

/// A source and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spring {
    pub(super) source: Source,
    pub(super) object: ObjectId,
}

/// What gives a privilege, to whom: the start of every path, seen from its end.
#[derive(Debug, Default)]
pub(super) struct Springs {
    /// By role, best first; its members may share it.
    by_role: HashMap<RoleId, Vec<Spring>>,
    /// For everybody, best first.
    pub(super) public: Vec<Spring>,
    /// For every superuser; only who is one, or becomes one by SET ROLE, has it.
    pub(super) superusers: Option<Spring>,
}

impl Springs {
    fn add(&mut self, grantee: Grantee, spring: Spring) {
        match grantee {
            Grantee::Public => self.public.push(spring),
            Grantee::Role(role) => self.by_role.entry(role).or_default().push(spring),
        }
    }

    /// What a role shares with its members, best first.
    pub(super) fn at(&self, role: RoleId) -> impl Iterator<Item = Spring> {
        self.by_role.get(&role).into_iter().flatten().copied()
    }

    /// Roles that share something with their members.
    pub(super) fn holders(&self) -> impl Iterator<Item = RoleId> {
        self.by_role.keys().copied()
    }

    /// What was granted by nobody, because the ACL was never written.
    fn as_hard_wired(&mut self, object: ObjectId) {
        let all = self.by_role.values_mut().flatten();
        for spring in all.chain(&mut self.public) {
            if let Source::Granted(item) = spring.source
                && spring.object == object
            {
                spring.source = Source::HardWired(item.grantee);
            }
        }
    }
}

/// The next hop towards the privilege.
#[derive(Debug, Clone, Copy)]
enum Next {
    Here(Spring),
    Hop(Hop),
}

/// For every role the shortest way: at once, and with SET ROLE first.
pub(super) struct Routes {
    at_once: Vec<Option<Next>>,
    after_set: Vec<Option<Next>>,
}

/// Objects as they are, or as they would be (`super::default`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) object: ObjectId,
    pub(super) kind: ObjectKind,
    pub(super) owner: Option<RoleId>,
}

impl Snapshot {
    pub(super) fn springs(&self, object: ObjectId, privilege: Privilege, wish: Wish) -> Springs {
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
        springs.superusers = Some(Spring {
            source: Source::Superuser,
            object,
        });
        for (object, known) in subjects {
            let subject = Subject {
                object,
                kind: known.kind,
                owner: known.owner,
            };
            let items: Vec<AclItem> = self.acl(object).collect();
            self.springs_of(&mut springs, subject, privilege, wish, &items);
            if self.is_hard_wired(object) {
                springs.as_hard_wired(object);
            }
        }
        springs
    }

    /// The same for an object that is not there yet.
    pub(super) fn imagined_springs(
        &self,
        subject: Subject,
        privilege: Privilege,
        items: &[AclItem],
    ) -> Springs {
        let mut springs = Springs {
            superusers: Some(Spring {
                source: Source::Superuser,
                object: subject.object,
            }),
            ..Springs::default()
        };
        self.springs_of(&mut springs, subject, privilege, Wish::Use, items);
        springs
    }

    fn springs_of(
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
            let useful = wish == Wish::PassOn || self.is_open(object, privilege);
            if given.has(privilege) && useful {
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
                        && self.is_open(object, privilege)
                    {
                        let source = Source::Predefined(*predefined);
                        springs.add(Grantee::Role(role), Spring { source, object });
                    }
                }
            }
        }
    }

    /// What the role has of its own or by being a superuser.
    pub(super) fn superuser_spring(&self, role: RoleId, springs: &Springs) -> Option<Spring> {
        springs.superusers.filter(|_| self.is_superuser(role))
    }

    /// One walk from the holders back to everybody who can reach them.
    pub(super) fn routes(&self, springs: &Springs) -> Routes {
        let count = self.census.roles.len();
        let mut at_once: Vec<Option<Next>> = vec![None; count];
        let mut waiting = VecDeque::new();
        let mut holders: Vec<RoleId> = springs.holders().collect();
        holders.sort_unstable();
        for holder in holders {
            if let (Some(place), Some(spring)) =
                (at_once.get_mut(holder.index()), springs.at(holder).next())
            {
                *place = Some(Next::Here(spring));
                waiting.push_back(holder);
            }
        }
        self.spread(&mut at_once, waiting, Carry::Inherits);
        // Whoever may become a role that can do it at once.
        let mut after_set: Vec<Option<Next>> = vec![None; count];
        let able: VecDeque<RoleId> = self
            .roles()
            .map(|(role, _)| role)
            .filter(|role| {
                at_once.get(role.index()).is_some_and(Option::is_some)
                    || self.superuser_spring(*role, springs).is_some()
            })
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
    fn members_by(&self, group: RoleId, carry: Carry) -> impl Iterator<Item = (RoleId, Bond)> {
        let granted = self
            .members_of(group)
            .filter(move |membership| membership.options.has(carry.option()))
            .map(|membership| (membership.member, Bond::GrantedBy(membership.grantor)));
        let implicit = self
            .database_owner()
            .filter(|owner| self.implicit_group(*owner, carry.walk()) == Some(group))
            .map(|owner| (owner, Bond::OwnsDatabase));
        granted.chain(implicit)
    }

    pub(super) fn best(
        &self,
        role: RoleId,
        privilege: Privilege,
        springs: &Springs,
        routes: &Routes,
    ) -> Option<Path> {
        let next_at = |list: &[Option<Next>], role: RoleId| list.get(role.index()).copied()?;
        let mut hops: Vec<Hop> = Vec::new();
        let mut at = role;
        let everybody = springs.public.first().copied();
        // A role passes each list once, so twice their number bounds the walk.
        for _ in 0..=2 * self.census.roles.len() {
            let inherited = hops.last().is_some_and(|hop| hop.carry == Carry::Inherits);
            let at_once = next_at(&routes.at_once, at);
            let spring = match at_once {
                // Superusers are not inherited from, only become.
                _ if !inherited && self.is_superuser(at) => springs.superusers,
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

    /// Every role that SET ROLE leads to, nearest first, with the memberships that lead there.
    pub(super) fn becoming(&self, role: RoleId) -> Vec<Vec<Hop>> {
        let mut known = vec![role];
        let mut ways: Vec<Vec<Hop>> = vec![Vec::new()];
        let mut next = 0;
        while let Some(way) = ways.get(next).cloned() {
            next += 1;
            let at = way.last().map_or(role, |hop| hop.role);
            let granted = self
                .groups_of(at)
                .filter(|membership| membership.options.has(MembershipOption::Set))
                .map(|membership| (membership.role, Bond::GrantedBy(membership.grantor)));
            let implicit = self.implicit_group(at, Walk::Set);
            for (group, bond) in granted.chain(implicit.map(|group| (group, Bond::OwnsDatabase))) {
                if !known.contains(&group) {
                    known.push(group);
                    let mut further = way.clone();
                    further.push(Hop {
                        role: group,
                        bond,
                        carry: Carry::SetRole,
                    });
                    ways.push(further);
                }
            }
        }
        let _ = ways.remove(0);
        ways
    }
}

impl Carry {
    pub(super) const fn walk(self) -> Walk {
        match self {
            Self::Inherits => Walk::Inherit,
            Self::SetRole => Walk::Set,
        }
    }

    const fn option(self) -> MembershipOption {
        match self {
            Self::Inherits => MembershipOption::Inherit,
            Self::SetRole => MembershipOption::Set,
        }
    }
}

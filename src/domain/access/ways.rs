//! Where the memberships of one role lead: by which way, and by how many. No object matters to that,
//! so that it is found once for all objects the role is asked about.

use std::collections::VecDeque;

use super::acl::Privilege;
use super::effective::Walk;
use super::explain::{Carry, Hop, Path};
use super::model::Snapshot;
use super::role::RoleId;
use super::route::{Spring, Springs};
use super::search::Edge;

/// Where the memberships of one role lead.
#[derive(Debug)]
pub(super) struct Ways {
    role: RoleId,
    /// For each role whose rights it gets at, the way with the fewest SET ROLE, then the shortest.
    best: Vec<Option<Vec<Hop>>>,
    /// For each role the number of ways to it.
    counts: Vec<Count>,
    /// Superusers it is or may become, nearest first, each with the memberships that lead there.
    superusers: Vec<(RoleId, Vec<Hop>)>,
}

/// Ways to a role, by what may follow. One becomes a role first and inherits from there on, never
/// the other way round.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// Every step is inherited and can be gone by SET ROLE.
    either: u64,
    /// Every step is inherited, and one cannot be gone by SET ROLE.
    inherited: u64,
    /// Every step can be gone by SET ROLE, and one must.
    set: u64,
    /// SET ROLE first, then inherited steps of which one cannot be gone by SET ROLE.
    set_then_inherited: u64,
}

impl Count {
    fn to_share(self) -> u64 {
        self.to_become()
            .saturating_add(self.inherited)
            .saturating_add(self.set_then_inherited)
    }

    /// A superuser's power is not inherited.
    const fn to_become(self) -> u64 {
        self.either.saturating_add(self.set)
    }

    /// The ways that lead on along an edge.
    const fn along(self, edge: Edge) -> Self {
        let mut onward = Self {
            either: 0,
            inherited: 0,
            set: 0,
            set_then_inherited: 0,
        };
        match (edge.inherits, edge.settable) {
            (true, true) => return self,
            (true, false) => {
                onward.inherited = self.either.saturating_add(self.inherited);
                onward.set_then_inherited = self.set.saturating_add(self.set_then_inherited);
            }
            (false, true) => onward.set = self.to_become(),
            (false, false) => {}
        }
        onward
    }

    const fn and(self, other: Self) -> Self {
        Self {
            either: self.either.saturating_add(other.either),
            inherited: self.inherited.saturating_add(other.inherited),
            set: self.set.saturating_add(other.set),
            set_then_inherited: self
                .set_then_inherited
                .saturating_add(other.set_then_inherited),
        }
    }
}

impl Ways {
    pub(super) fn of(rights: &Snapshot, role: RoleId) -> Self {
        let becoming = rights.becoming(role);
        let superusers = std::iter::once((role, Vec::new()))
            .chain(
                becoming
                    .iter()
                    .filter_map(|hops| Some((hops.last()?.role, hops.clone()))),
            )
            .filter(|(role, _)| rights.is_superuser(*role))
            .collect();
        Self {
            role,
            best: best(rights, role, &becoming),
            counts: counts(rights, role),
            superusers,
        }
    }

    /// The path a person would tell first: at once before after SET ROLE, short before long.
    pub(super) fn best_path(&self, privilege: Privilege, springs: &Springs) -> Option<Path> {
        let path = |hops: &[Hop], spring: Spring| Path {
            role: self.role,
            hops: hops.to_vec(),
            source: spring.source,
            object: spring.object,
            privilege,
        };
        let power = self
            .superusers
            .first()
            .and_then(|(role, hops)| Some((*role, hops, springs.superusers?)));
        let itself = power
            .filter(|(role, ..)| *role == self.role)
            .map(|(.., spring)| spring)
            .or_else(|| springs.at(self.role).next())
            // PUBLIC is nearer than any group.
            .or_else(|| springs.public.first().copied());
        if let Some(spring) = itself {
            return Some(path(&[], spring));
        }
        let shared = springs.holders().filter_map(|holder| {
            let hops = self.best.get(holder.index())?.as_ref()?;
            Some((holder, hops, springs.at(holder).next()?))
        });
        let effort = |hops: &[Hop]| {
            let set = hops.iter().filter(|hop| hop.carry == Carry::SetRole);
            (set.count(), hops.len())
        };
        shared
            .chain(power)
            .min_by_key(|(holder, hops, _)| (effort(hops), *holder))
            .map(|(_, hops, spring)| path(hops, spring))
    }

    /// How many paths there are.
    pub(super) fn count(&self, springs: &Springs) -> u64 {
        let count = |role: RoleId| self.counts.get(role.index()).copied().unwrap_or_default();
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let powers = self
            .superusers
            .iter()
            .filter(|_| springs.superusers.is_some())
            .map(|(role, _)| count(*role).to_become());
        springs
            .holders()
            .map(|holder| {
                let sources = number(springs.at(holder).count());
                count(holder).to_share().saturating_mul(sources)
            })
            .chain(powers)
            .fold(number(springs.public.len()), u64::saturating_add)
    }
}

/// Inherits as far as it goes, then from every role that one SET ROLE leads to, then two, and so on.
fn best(rights: &Snapshot, role: RoleId, becoming: &[Vec<Hop>]) -> Vec<Option<Vec<Hop>>> {
    let mut best: Vec<Option<Vec<Hop>>> = vec![None; rights.census.roles.len()];
    let mut waiting = VecDeque::new();
    arrive(&mut best, &mut waiting, role, Vec::new());
    inherit(rights, &mut best, &mut waiting);
    for equally_far in becoming.chunk_by(|one, other| one.len() == other.len()) {
        for hops in equally_far {
            if let Some(last) = hops.last() {
                arrive(&mut best, &mut waiting, last.role, hops.clone());
            }
        }
        inherit(rights, &mut best, &mut waiting);
    }
    best
}

fn arrive(
    best: &mut [Option<Vec<Hop>>],
    waiting: &mut VecDeque<RoleId>,
    at: RoleId,
    hops: Vec<Hop>,
) {
    if let Some(place) = best.get_mut(at.index())
        && place.is_none()
    {
        *place = Some(hops);
        waiting.push_back(at);
    }
}

fn inherit(rights: &Snapshot, best: &mut [Option<Vec<Hop>>], waiting: &mut VecDeque<RoleId>) {
    while let Some(at) = waiting.pop_front() {
        let so_far = best.get(at.index()).cloned().flatten().unwrap_or_default();
        for edge in rights.edges(at).filter(|edge| edge.inherits) {
            let mut hops = so_far.clone();
            hops.push(Hop {
                role: edge.role,
                bond: edge.bond,
                carry: Carry::Inherits,
            });
            arrive(best, waiting, edge.role, hops);
        }
    }
}

/// A role is counted when all that leads to it is; the server lets no memberships form a circle
/// (`AddRoleMems`).
fn counts(rights: &Snapshot, role: RoleId) -> Vec<Count> {
    let size = rights.census.roles.len();
    let mut counts = vec![Count::default(); size];
    let mut arriving = vec![0_usize; size];
    for edge in rights
        .reached(role, Walk::Member)
        .into_iter()
        .flat_map(|at| rights.edges(at))
    {
        if let Some(edges) = arriving.get_mut(edge.role.index()) {
            *edges += 1;
        }
    }
    if let Some(start) = counts.get_mut(role.index()) {
        start.either = 1;
    }
    let mut waiting = vec![role];
    while let Some(at) = waiting.pop() {
        let here = counts.get(at.index()).copied().unwrap_or_default();
        for edge in rights.edges(at) {
            let place = edge.role.index();
            if let (Some(count), Some(edges)) = (counts.get_mut(place), arriving.get_mut(place)) {
                *count = count.and(here.along(edge));
                *edges = edges.saturating_sub(1);
                if *edges == 0 {
                    waiting.push(edge.role);
                }
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::account::{Accounts, Search};
    use super::super::model::Snapshot;
    use super::super::scene::{relation, role, scene};
    use super::super::{ObjectId, Path, Privilege};

    /// Every kind of step after every other.
    const STAIRS: &str = "
        role dba
        role boss superuser
        role top
        role left
        role right
        role far
        role deep
        role me
        member left top dba
        member right top dba noinherit
        member right top boss noset
        member far right dba noset
        member deep far dba noinherit
        member deep boss dba noinherit
        member left boss dba
        member me left dba
        member me right dba noset
        member me far dba noinherit
        member me deep dba
        schema - app dba -
        table app orders dba {top=r/dba,left=rw/dba,=a/dba,me=a/dba}
        table app lines dba {top=w/dba,deep=w/dba}
    ";

    fn told(
        rights: &Snapshot,
        who: &str,
        object: ObjectId,
        search: Search,
    ) -> Vec<(Vec<Path>, u64)> {
        let mut accounts = Accounts::of(rights, role(rights, who), search);
        let account = accounts.account(object, None);
        account
            .claims
            .into_iter()
            .map(|claim| (claim.paths, claim.paths_left_out))
            .collect()
    }

    fn effort(path: &Path) -> (bool, usize) {
        (path.set_role().is_some(), path.hops.len())
    }

    #[test]
    fn the_best_way_and_their_number_are_those_of_a_search_of_all() {
        let rights = scene(16, STAIRS);
        for who in ["me", "left", "right", "far", "deep", "top", "boss", "dba"] {
            for table in ["app.orders", "app.lines"] {
                let table = relation(&rights, table);
                let all = told(&rights, who, table, Search::All);
                let best = told(&rights, who, table, Search::Best);
                assert_eq!(all.len(), best.len(), "{who}");
                for ((all, none), (one, others)) in all.iter().zip(&best) {
                    assert_eq!(*none, 0, "{who}");
                    assert_eq!(all.len() as u64, others + 1, "{who}: {all:#?}");
                    assert!(all.contains(&one[0]), "{who}: {one:#?} not in {all:#?}");
                    let least = all.iter().map(effort).min();
                    if !effort(&one[0]).0 {
                        assert_eq!(Some(effort(&one[0])), least, "{who}");
                    }
                    assert_eq!(Some(effort(&one[0]).0), least.map(|least| least.0), "{who}");
                }
            }
        }
    }

    #[test]
    fn what_no_search_could_list_is_counted() {
        // Forty diamonds on top of each other: 2 to the power of 40 paths.
        let mut facts = "role dba\nrole g0\n".to_owned();
        for level in 1..=40 {
            let below = level - 1;
            write!(
                facts,
                "role a{level}\nrole b{level}\nrole g{level}\nmember g{below} a{level} dba\n\
                 member g{below} b{level} dba\nmember a{level} g{level} dba\n\
                 member b{level} g{level} dba\n"
            )
            .unwrap();
        }
        facts.push_str("schema - app dba -\ntable app orders dba {g40=r/dba}\n");
        let rights = scene(16, &facts);
        let orders = relation(&rights, "app.orders");
        let claims = told(&rights, "g0", orders, Search::Best);
        let [(paths, left_out)] = claims.as_slice() else {
            panic!("{claims:?}")
        };
        assert_eq!(paths[0].hops.len(), 80);
        assert_eq!(*left_out, (1 << 40) - 1);
        assert!(rights.role(role(&rights, "g0")).is_some());
        assert_eq!(
            rights
                .best_path(role(&rights, "g0"), orders, Privilege::Select)
                .map(|path| path.hops.len()),
            Some(80)
        );
    }
}

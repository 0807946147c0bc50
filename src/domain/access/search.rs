//! Every path by which a role may do something.

use super::acl::Privilege;
use super::effective::Walk;
use super::explain::{Bond, Carry, Hop, Path};
use super::model::Snapshot;
use super::role::{MembershipOption, Predefined, RoleId};
use super::route::{Spring, Springs};

/// Paths returned at most, each for those that work at once and those that need SET ROLE: diamonds
/// of memberships multiply.
const MOST_PATHS: usize = 64;

/// Partial paths looked at before the search is given up.
const MOST_STEPS: usize = 20_000;

/// A step a role could take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) role: RoleId,
    pub(super) bond: Bond,
    pub(super) inherits: bool,
    pub(super) settable: bool,
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

    /// The steps so far, the first `needs_set` of them gone by SET ROLE.
    fn hops(&self, from: usize, needs_set: usize) -> Vec<Hop> {
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

impl Snapshot {
    pub(super) fn all_paths(
        &self,
        role: RoleId,
        privilege: Privilege,
        springs: &Springs,
    ) -> Vec<Path> {
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
            // A superuser's power is not inherited: every step to it is a SET ROLE.
            let becomes = trail.settable == trail.length;
            let power = self
                .superuser_spring(trail.at, springs)
                .filter(|_| becomes)
                .map(|spring| (spring, trail.length));
            let shared = springs.at(trail.at).map(|spring| (spring, trail.needs_set));
            for (spring, needs_set) in power.into_iter().chain(shared) {
                let kept = match needs_set {
                    0 => &mut at_once,
                    _ => &mut after_set,
                };
                if kept.len() < MOST_PATHS {
                    kept.push(path(search.hops(next, needs_set), spring));
                }
            }
            if next == 0 {
                at_once.extend(
                    springs
                        .public
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
        let edges: Vec<Edge> = self
            .edges(trail.at)
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

    /// Every step from a role to a group it is in.
    pub(super) fn edges(&self, at: RoleId) -> impl Iterator<Item = Edge> {
        let granted = self.groups_of(at).map(|membership| Edge {
            role: membership.role,
            bond: Bond::GrantedBy(membership.grantor),
            inherits: membership.options.has(MembershipOption::Inherit),
            settable: membership.options.has(MembershipOption::Set),
        });
        let implicit = self.implicit_group(at, Walk::Set).map(|role| Edge {
            role,
            bond: Bond::OwnsDatabase,
            inherits: self.implicit_group(at, Walk::Inherit).is_some(),
            settable: true,
        });
        granted.chain(implicit)
    }

    /// Roles from which memberships of any kind lead to a source.
    fn leading_to(&self, springs: &Springs) -> Vec<bool> {
        let mut leads = vec![false; self.census.roles.len()];
        let superusers = self
            .roles()
            .filter(|(_, known)| known.is_superuser())
            .map(|(role, _)| role);
        let mut waiting: Vec<RoleId> = springs.holders().chain(superusers).collect();
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
}

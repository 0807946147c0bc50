//! Who is in a role, however far, and what comes of it.

use std::collections::VecDeque;

use super::model::Snapshot;
use super::role::{Membership, MembershipOption, MembershipOptions, RoleId};

/// A role that is in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// The member.
    pub role: RoleId,
    /// From it to the group, one membership after another: those that inherit all the way if there
    /// are such, else those that allow SET ROLE all the way, else any.
    pub path: Vec<Membership>,
    /// What it has of the group: `Inherit` its rights at once, `Set` the way to become it, `Admin`
    /// the right to grant it.
    pub options: MembershipOptions,
}

impl Belonging {
    /// `analyst → member of staff (inherits, SET) → member of readers (inherits, SET)`. Names are as
    /// they are, so the text is untrusted.
    #[must_use]
    pub fn words(&self, rights: &Snapshot) -> String {
        let mut words = vec![rights.role_name(self.role).to_owned()];
        words.extend(self.path.iter().map(|membership| {
            let group = rights.role_name(membership.role);
            format!("member of {group} ({})", membership.options.words())
        }));
        words.join(" → ")
    }
}

impl MembershipOptions {
    /// What a membership allows, in words: `inherits, SET, admin`.
    #[must_use]
    pub fn words(self) -> String {
        let mut words = Vec::new();
        if self.has(MembershipOption::Inherit) {
            words.push("inherits");
        }
        if self.has(MembershipOption::Set) {
            words.push("SET");
        }
        if self.has(MembershipOption::Admin) {
            words.push("admin");
        }
        match (words.is_empty(), self.has(MembershipOption::Inherit)) {
            (true, _) => "neither inherits nor SET".to_owned(),
            (false, true) => words.join(", "),
            (false, false) => format!("does not inherit, {}", words.join(", ")),
        }
    }
}

impl Snapshot {
    /// The roles that are in a group, however far, by name; superusers, who need not be, are not
    /// counted in.
    #[must_use]
    pub fn belonging_to(&self, group: RoleId) -> Vec<Belonging> {
        let inherits = |options: MembershipOptions| options.has(MembershipOption::Inherit);
        let sets = |options: MembershipOptions| options.has(MembershipOption::Set);
        let ways = [
            self.next_towards(group, &inherits),
            self.next_towards(group, &sets),
            self.next_towards(group, &|_| true),
        ];
        self.roles()
            .map(|(role, _)| role)
            .filter(|role| *role != group)
            .filter_map(|role| {
                let way = ways
                    .iter()
                    .find(|way| way.get(role.index()).is_some_and(Option::is_some))?;
                Some(Belonging {
                    role,
                    path: self.followed(role, group, way),
                    options: [
                        (MembershipOption::Inherit, self.has_rights_of(role, group)),
                        (MembershipOption::Set, self.may_set_role(role, group)),
                        (MembershipOption::Admin, self.administers(role, group)),
                    ]
                    .into_iter()
                    .filter_map(|(option, on)| on.then_some(option))
                    .collect(),
                })
            })
            .collect()
    }

    /// For every role the next membership on the shortest way to a group.
    fn next_towards(
        &self,
        group: RoleId,
        takes: &dyn Fn(MembershipOptions) -> bool,
    ) -> Vec<Option<Membership>> {
        let mut next = vec![None; self.roles().len()];
        let mut waiting = VecDeque::from([group]);
        while let Some(at) = waiting.pop_front() {
            for membership in self.members_of(at).filter(|known| takes(known.options)) {
                let member = membership.member;
                if let Some(place) = next.get_mut(member.index())
                    && place.is_none()
                    && member != group
                {
                    *place = Some(*membership);
                    waiting.push_back(member);
                }
            }
        }
        next
    }

    fn followed(&self, from: RoleId, group: RoleId, way: &[Option<Membership>]) -> Vec<Membership> {
        let mut path = Vec::new();
        let mut at = from;
        while let Some(Some(membership)) = way.get(at.index()) {
            path.push(*membership);
            at = membership.role;
            if at == group || path.len() > self.roles().len() {
                break;
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{role, scene};

    #[test]
    fn members_of_members_are_in_it_too() {
        let rights = scene(
            16,
            "
            role dba
            role readers
            role staff
            role analyst
            role intern
            role manager
            role stranger
            member staff readers dba
            member analyst staff dba
            member intern staff dba noinherit
            member manager readers dba admin noinherit noset
            ",
        );
        let words: Vec<String> = rights
            .belonging_to(role(&rights, "readers"))
            .iter()
            .map(|belonging| {
                format!(
                    "{} = {}",
                    belonging.words(&rights),
                    belonging.options.words()
                )
            })
            .collect();
        assert_eq!(
            words,
            [
                "analyst → member of staff (inherits, SET) → member of readers (inherits, SET) = \
                 inherits, SET",
                "intern → member of staff (does not inherit, SET) → member of readers (inherits, \
                 SET) = does not inherit, SET",
                "manager → member of readers (does not inherit, admin) = does not inherit, admin",
                "staff → member of readers (inherits, SET) = inherits, SET",
            ]
        );
    }
}

//! Paths hold what they promise, and nobody has a right without one.

use std::collections::HashMap;

use pgiam::domain::access::{
    Bond, Carry, Filter, MembershipOption, ObjectId, Path, Privilege, Rights, RoleId, Snapshot,
    Source, Wish,
};

use super::Tally;
use super::answers::Answers;
use super::random::Random;

/// Compares who can, and by which paths, with what the server said of everybody.
pub(crate) fn compared(rights: &Snapshot, answers: &Answers, random: &Random) -> Tally {
    let mut tally = Tally::default();
    let mut asked: Vec<ObjectId> = answers.rights.keys().map(|(_, object)| *object).collect();
    asked.sort_unstable();
    asked.dedup();
    for object in asked {
        for privilege in privileges_of(rights, object) {
            for wish in [Wish::Use, Wish::PassOn] {
                let question = Question {
                    rights,
                    answers,
                    object,
                    privilege,
                    wish,
                };
                if random.percent(50) {
                    question.who_can(&mut tally);
                }
                if random.percent(5) {
                    question.paths(&mut tally);
                }
            }
        }
    }
    for _ in 0..20 {
        let roles: Vec<RoleId> = rights.roles().map(|(role, _)| role).collect();
        compare_two(
            rights,
            answers,
            *random.of_all(&roles),
            *random.of_all(&roles),
            &mut tally,
        );
    }
    tally
}

fn privileges_of(rights: &Snapshot, object: ObjectId) -> impl Iterator<Item = Privilege> {
    let kind = rights.object(object).unwrap().kind;
    pgiam::domain::access::Privileges::applicable(kind, rights.version()).iter()
}

/// What is asked of one object.
struct Question<'a> {
    rights: &'a Snapshot,
    answers: &'a Answers,
    object: ObjectId,
    privilege: Privilege,
    wish: Wish,
}

impl Question<'_> {
    fn given(&self, role: RoleId) -> bool {
        let rights = self.answers.rights[&(role, self.object)];
        match self.wish {
            Wish::Use => rights.held.has(self.privilege),
            Wish::PassOn => rights.grantable.has(self.privilege),
        }
    }

    fn after_set_role(&self, role: RoleId) -> bool {
        let settable = self.answers.settable.get(&role);
        settable
            .into_iter()
            .flatten()
            .any(|other| self.given(*other))
    }

    fn told(&self, role: RoleId, about: &str) -> String {
        format!(
            "{about} {:?} {} on {} by {}",
            self.wish,
            self.privilege.keyword(),
            self.rights.object_name(self.object),
            self.rights.role_name(role)
        )
    }

    fn who_can(&self, tally: &mut Tally) {
        let holders: HashMap<RoleId, Path> = self
            .rights
            .who_can_for(self.object, self.privilege, self.wish)
            .into_iter()
            .map(|holder| (holder.role, holder.path))
            .collect();
        for (role, _) in self.rights.roles() {
            let path = holders.get(&role);
            let model = path.map(|path| path.set_role().is_some());
            let server = if self.given(role) {
                Some(false)
            } else {
                self.after_set_role(role).then_some(true)
            };
            tally.compare(&model, &server, || {
                self.told(role, "best path (after SET ROLE?)")
            });
            if let Some(path) = path {
                self.holds(path, tally);
            }
        }
    }

    fn paths(&self, tally: &mut Tally) {
        for (role, _) in self.rights.roles() {
            let paths = self
                .rights
                .paths_for(role, self.object, self.privilege, self.wish);
            let at_once = paths.iter().any(|path| path.set_role().is_none());
            tally.compare(&at_once, &self.given(role), || self.told(role, "path"));
            let possible = self.given(role) || self.after_set_role(role);
            tally.compare(&!paths.is_empty(), &possible, || {
                self.told(role, "path, also after SET ROLE")
            });
            for (at, path) in paths.iter().enumerate() {
                self.holds(path, tally);
                let twice = paths[..at].contains(path);
                tally.compare(&twice, &false, || self.told(role, "the same path twice"));
            }
        }
    }

    /// Each hop is a membership of that sort, what follows SET ROLE works at once for the role
    /// played, and the last has what the path ends with.
    fn holds(&self, path: &Path, tally: &mut Tally) {
        let played = path.set_role().unwrap_or(path.role);
        tally.compare(&true, &self.given(played), || {
            self.told(played, &format!("{} for", path.words(self.rights)))
        });
        if let Some(played) = path.set_role() {
            let settable = self.answers.settable.get(&path.role);
            let known = settable.is_some_and(|roles| roles.contains(&played));
            tally.compare(&true, &known, || self.told(path.role, "SET ROLE for"));
        }
        let mut at = path.role;
        for hop in &path.hops {
            let option = match hop.carry {
                Carry::Inherits => MembershipOption::Inherit,
                Carry::SetRole => MembershipOption::Set,
            };
            let there = match hop.bond {
                Bond::OwnsDatabase => self.rights.database_owner() == Some(at),
                Bond::GrantedBy(grantor) => self.rights.groups_of(at).any(|membership| {
                    membership.role == hop.role
                        && membership.grantor == grantor
                        && membership.options.has(option)
                }),
            };
            tally.compare(&there, &true, || self.told(path.role, "membership for"));
            at = hop.role;
        }
        tally.compare(&self.ends(path), &true, || {
            self.told(path.role, &format!("{} for", path.words(self.rights)))
        });
    }

    fn ends(&self, path: &Path) -> bool {
        let holder = path.holder();
        match path.source {
            Source::Superuser => self.rights.is_superuser(holder),
            Source::Owner => self.rights.object(path.object).unwrap().owner == Some(holder),
            Source::Granted(item) => self.rights.acl(path.object).any(|known| known == item),
            Source::HardWired(_) => self.rights.is_hard_wired(path.object),
            Source::Predefined(role) => self.rights.predefined(role) == Some(holder),
        }
    }
}

/// What two roles differ in is what the server says of one and not of the other.
fn compare_two(
    rights: &Snapshot,
    answers: &Answers,
    first: RoleId,
    second: RoleId,
    tally: &mut Tally,
) {
    let comparison = rights.compare(first, second, &Filter::default());
    let found: HashMap<ObjectId, (Rights, Rights)> = comparison
        .objects
        .iter()
        .map(|one| (one.object, (one.only_first, one.only_second)))
        .collect();
    for (object, _) in rights.objects() {
        let (Some(of_first), Some(of_second)) = (
            answers.rights.get(&(first, object)),
            answers.rights.get(&(second, object)),
        ) else {
            continue;
        };
        let server = (of_first.without(*of_second), of_second.without(*of_first));
        let model = found.get(&object).copied().unwrap_or_default();
        tally.compare(&model, &server, || {
            format!(
                "{} against {} on {}",
                rights.role_name(first),
                rights.role_name(second),
                rights.object_name(object)
            )
        });
    }
}

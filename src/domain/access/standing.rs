//! How a role stands to an object: what it may do at once, what only after SET ROLE, and whether it
//! gets as far as the object at all.

use super::acl::{Privilege, Privileges, Rights};
use super::effective::Walk;
use super::model::Snapshot;
use super::object::{ObjectId, Realm};
use super::reach::Filter;
use super::role::RoleId;

/// For each role of a snapshot the roles that give it something only after SET ROLE.
#[derive(Debug, Clone, Default)]
pub struct Becoming(Vec<Vec<RoleId>>);

impl Becoming {
    /// Asks a snapshot for all of its roles.
    #[must_use]
    pub fn of(rights: &Snapshot) -> Self {
        Self(
            rights
                .roles()
                .map(|(role, _)| rights.worth_becoming(role))
                .collect(),
        )
    }

    /// Those of one role, empty for most.
    #[must_use]
    pub fn roles(&self, role: RoleId) -> &[RoleId] {
        self.0.get(role.index()).map_or(&[], Vec::as_slice)
    }
}

/// Whether a role may look into the schema of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may, or the object is in no schema.
    Open,
    /// It lacks USAGE on this schema, so that no privilege on the object is of use.
    Shut(ObjectId),
}

/// What makes checks pass whatever was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Nothing.
    Ordinary,
    /// The role owns the object, or has the rights of its owner.
    Owner,
    /// The role is a superuser.
    Superuser,
}

/// How a role stands to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it may do at once.
    pub now: Rights,
    /// What it may do only after SET ROLE.
    pub later: Privileges,
    /// What it may do at once to some of the columns of a relation, but not to all.
    pub columns: Privileges,
    /// The role it must become to do anything at all; `None` where it can do something at once.
    pub through: Option<RoleId>,
    /// Whether it, or the role it must become, gets there.
    pub gate: Gate,
    /// What it has besides grants.
    pub power: Power,
}

impl Standing {
    /// Whether there is nothing it may do.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.now.is_empty() && self.later.is_empty() && self.columns.is_empty()
    }

    /// Whether it may use the privilege, now or later, on all or some; any one if none is named.
    #[must_use]
    pub fn concerns(self, privilege: Option<Privilege>) -> bool {
        match privilege {
            None => !self.is_empty(),
            Some(privilege) => self
                .now
                .held
                .and(self.later)
                .and(self.columns)
                .has(privilege),
        }
    }

    /// In letters, as psql's `\dp` writes them: `r*` may be granted on, `~w` is for some columns,
    /// `[a]` only after SET ROLE; `o` stands before an owner's, who may always grant; `#` alone is a
    /// superuser's; `!` says that the schema is shut.
    #[must_use]
    pub fn letters(self) -> String {
        let mut text = String::new();
        match self.power {
            Power::Superuser => return "#".to_owned(),
            Power::Owner => text.push('o'),
            Power::Ordinary if self.is_empty() => return text,
            Power::Ordinary => {}
        }
        if matches!(self.gate, Gate::Shut(_)) {
            text.insert(0, '!');
        }
        for privilege in self.now.held.iter() {
            text.push(privilege.letter());
            if self.power == Power::Ordinary && self.now.grantable.has(privilege) {
                text.push('*');
            }
        }
        if !self.columns.is_empty() {
            text.push('~');
            text.push_str(&self.columns.letters());
        }
        if !self.later.is_empty() {
            text.push('[');
            text.push_str(&self.later.letters());
            text.push(']');
        }
        text
    }
}

/// A role that may do something to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The role.
    pub role: RoleId,
    /// How it stands to the object.
    pub standing: Standing,
}

/// An object to which a role may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The object.
    pub object: ObjectId,
    /// How the role stands to it.
    pub standing: Standing,
}

impl Snapshot {
    /// The roles whose rights a role gets at only by SET ROLE; of those that include each other only
    /// the largest.
    #[must_use]
    pub fn worth_becoming(&self, role: RoleId) -> Vec<RoleId> {
        if self.is_superuser(role) {
            return Vec::new();
        }
        let settable = self.reached(role, Walk::Set);
        // A superuser's powers are not inherited, so one already inherited from is worth it too.
        if let Some(superuser) = settable.iter().find(|other| self.is_superuser(**other)) {
            return vec![*superuser];
        }
        let mine = self.inherited(role);
        let new: Vec<RoleId> = settable
            .into_iter()
            .filter(|other| mine.binary_search(other).is_err())
            .collect();
        let within = |small: RoleId, large: RoleId| {
            small != large && self.inherited(large).binary_search(&small).is_ok()
        };
        new.iter()
            .copied()
            .filter(|small| !new.iter().any(|large| within(*small, *large)))
            .collect()
    }

    /// How a role stands to an object. `becoming` is what [`Self::worth_becoming`] says of it.
    #[must_use]
    pub fn standing(&self, role: RoleId, object: ObjectId, becoming: &[RoleId]) -> Standing {
        let now = self.privileges(role, object);
        let later = becoming
            .iter()
            .map(|other| self.privileges(*other, object).held)
            .fold(Privileges::NONE, Privileges::and)
            .without(now.held);
        let columns = if self.columns_of(object).is_empty() {
            Privileges::NONE
        } else {
            let any = self.privileges_on_any_column(role, object).held;
            any.without(now.held)
        };
        let through = if now.held.and(columns).is_empty() {
            becoming
                .iter()
                .copied()
                .find(|other| !self.privileges(*other, object).held.is_empty())
        } else {
            None
        };
        let power = if self.is_superuser(role) {
            Power::Superuser
        } else if self.owns(role, object) {
            Power::Owner
        } else {
            Power::Ordinary
        };
        Standing {
            now,
            later,
            columns,
            through,
            gate: self.gate(through.unwrap_or(role), object),
            power,
        }
    }

    /// Whether a role may look into the schema of an object.
    #[must_use]
    pub fn gate(&self, role: RoleId, object: ObjectId) -> Gate {
        if self.is_within_reach(role, object) {
            return Gate::Open;
        }
        self.object(object)
            .and_then(|known| known.schema)
            .map_or(Gate::Open, Gate::Shut)
    }

    /// The roles that may do something to an object, or that one thing: those who can at once, then
    /// those who must SET ROLE first, superusers last.
    #[must_use]
    pub fn holders(
        &self,
        object: ObjectId,
        privilege: Option<Privilege>,
        becoming: &Becoming,
    ) -> Vec<Holding> {
        let mut holders: Vec<Holding> = self
            .roles()
            .map(|(role, _)| Holding {
                role,
                standing: self.standing(role, object, becoming.roles(role)),
            })
            .filter(|holding| holding.standing.concerns(privilege))
            .collect();
        holders.sort_by_key(|holding| {
            let standing = holding.standing;
            let at_once = standing.now.held.and(standing.columns);
            let usable = privilege.map_or(!at_once.is_empty(), |wanted| at_once.has(wanted));
            (standing.power == Power::Superuser, !usable)
        });
        holders
    }

    /// The objects a role may do something to, in the order of the tree. A relation's columns come
    /// with their relation.
    pub fn held_by<'a>(
        &'a self,
        role: RoleId,
        filter: &'a Filter,
        becoming: &'a [RoleId],
    ) -> impl Iterator<Item = Held> + 'a {
        let columns_wanted = filter.kinds.contains(&super::object::ObjectKind::Column);
        self.objects()
            .filter(move |(id, object)| {
                filter.takes(*id, object)
                    && (columns_wanted || object.kind.realm() != Realm::Column)
            })
            .map(move |(object, _)| Held {
                object,
                standing: self.standing(role, object, becoming),
            })
            .filter(move |held| held.standing.concerns(filter.privilege))
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
        role writers
        role analyst
        role intern
        role clerk
        role climber noinherit
        member analyst readers dba
        member intern readers dba noinherit
        member intern writers dba noinherit
        member writers readers dba
        member climber boss dba noinherit
        schema - app dba {dba=UC/dba,readers=U/dba}
        table app orders dba {dba=arwd/dba,readers=r*/dba,writers=aw/dba,clerk=r/dba}
        column orders total dba {analyst=w/dba}
    ";

    fn letters(who: &str) -> String {
        let rights = scene(16, SHOP);
        let becoming = Becoming::of(&rights);
        let role = role(&rights, who);
        rights
            .standing(role, relation(&rights, "app.orders"), becoming.roles(role))
            .letters()
    }

    #[test]
    fn letters_tell_now_from_later_and_all_from_some() {
        assert_eq!(letters("boss"), "#");
        assert_eq!(letters("dba"), "orawd");
        assert_eq!(letters("analyst"), "r*~w");
        assert_eq!(letters("intern"), "[raw]");
        assert_eq!(letters("clerk"), "!r");
        assert_eq!(letters("climber"), "[rawdDxt]");
    }

    #[test]
    fn only_the_largest_roles_are_worth_becoming() {
        let rights = scene(16, SHOP);
        let names = |who| -> Vec<String> {
            rights
                .worth_becoming(role(&rights, who))
                .into_iter()
                .map(|other| rights.role_name(other).to_owned())
                .collect()
        };
        assert_eq!(names("intern"), ["writers"]);
        assert_eq!(names("climber"), ["boss"]);
        assert!(names("analyst").is_empty() && names("boss").is_empty());
    }

    #[test]
    fn holders_who_can_at_once_come_first() {
        let rights = scene(16, SHOP);
        let becoming = Becoming::of(&rights);
        let orders = relation(&rights, "app.orders");
        let names = |privilege| -> Vec<&str> {
            rights
                .holders(orders, privilege, &becoming)
                .into_iter()
                .map(|holding| rights.role_name(holding.role))
                .collect()
        };
        assert_eq!(
            names(Some(Privilege::Insert)),
            ["dba", "writers", "climber", "intern", "boss"]
        );
        assert_eq!(names(Some(Privilege::Delete)), ["dba", "climber", "boss"]);
    }

    #[test]
    fn what_a_role_holds_can_be_narrowed() {
        let rights = scene(16, SHOP);
        let becoming = Becoming::of(&rights);
        let clerk = role(&rights, "clerk");
        let filter = Filter {
            privilege: Some(Privilege::Select),
            ..Filter::default()
        };
        let held: Vec<_> = rights
            .held_by(clerk, &filter, becoming.roles(clerk))
            .map(|held| rights.object_name(held.object))
            .collect();
        assert_eq!(held, ["app.orders"]);
    }
}

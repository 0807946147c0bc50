//! What a role can get at, and how two roles differ.

use super::acl::{Privilege, Rights};
use super::model::Snapshot;
use super::object::{Object, ObjectId, ObjectKind};
use super::role::{Attributes, RoleId};

/// Which objects to look at. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what is in this schema, and the schema itself.
    pub schema: Option<ObjectId>,
    /// Only these kinds; empty is all.
    pub kinds: Vec<ObjectKind>,
    /// Only where this privilege is held.
    pub privilege: Option<Privilege>,
}

impl Filter {
    /// Whether an object is looked at, whatever the rights on it.
    #[must_use]
    pub fn takes(&self, id: ObjectId, object: &Object) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&object.kind))
            && self
                .schema
                .is_none_or(|schema| object.schema == Some(schema) || id == schema)
    }
}

/// An object a role has rights on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The object.
    pub object: ObjectId,
    /// What it may do to it.
    pub rights: Rights,
}

/// An object on which two roles have different rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The object.
    pub object: ObjectId,
    /// What only the first has.
    pub only_first: Rights,
    /// What only the second has.
    pub only_second: Rights,
}

/// What one role has and another has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surplus {
    /// Attributes.
    pub attributes: Attributes,
    /// Roles whose rights it has; neither of the two is among them.
    pub groups: Vec<RoleId>,
}

/// How two roles differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What only the first has.
    pub only_first: Surplus,
    /// What only the second has.
    pub only_second: Surplus,
    /// Objects on which they differ, in the order of the tree.
    pub objects: Vec<Difference>,
}

impl Comparison {
    /// Whether the two can do the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Snapshot {
    /// The objects a role has rights on, in the order of the tree. Whether it also has USAGE on the
    /// schema is a question of its own: [`Self::is_within_reach`].
    #[must_use]
    pub fn reach(&self, role: RoleId, filter: &Filter) -> Vec<Reached> {
        self.objects()
            .filter(|(id, object)| filter.takes(*id, object))
            .map(|(object, _)| Reached {
                object,
                rights: self.privileges(role, object),
            })
            .filter(|reached| match filter.privilege {
                Some(privilege) => reached.rights.held.has(privilege),
                None => !reached.rights.is_empty(),
            })
            .collect()
    }

    /// Whether a role may name the object at all: USAGE on its schema, or there is none.
    #[must_use]
    pub fn is_within_reach(&self, role: RoleId, object: ObjectId) -> bool {
        self.object(object)
            .and_then(|known| known.schema)
            .is_none_or(|schema| self.privileges(role, schema).held.has(Privilege::Usage))
    }

    /// How two roles differ in what they have without SET ROLE.
    #[must_use]
    pub fn compare(&self, first: RoleId, second: RoleId, filter: &Filter) -> Comparison {
        let attributes = |role| {
            self.role(role)
                .map(|role| role.attributes)
                .unwrap_or_default()
        };
        let surplus = |of: RoleId, over: RoleId| Surplus {
            attributes: attributes(of).without(attributes(over)),
            groups: self
                .inherited(of)
                .iter()
                .copied()
                .filter(|group| *group != of && *group != over)
                .filter(|group| self.inherited(over).binary_search(group).is_err())
                .collect(),
        };
        Comparison {
            only_first: surplus(first, second),
            only_second: surplus(second, first),
            objects: self
                .objects()
                .filter(|(id, object)| filter.takes(*id, object))
                .filter_map(|(object, _)| {
                    let (of_first, of_second) = (
                        self.privileges(first, object),
                        self.privileges(second, object),
                    );
                    let only_first = of_first.without(of_second);
                    let only_second = of_second.without(of_first);
                    let concerns = |rights: Rights| match filter.privilege {
                        Some(privilege) => {
                            rights.held.has(privilege) || rights.grantable.has(privilege)
                        }
                        None => !rights.is_empty(),
                    };
                    (concerns(only_first) || concerns(only_second)).then_some(Difference {
                        object,
                        only_first,
                        only_second,
                    })
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role readers
        role writers
        role ana
        role ben bypassrls
        member ana readers dba
        member ben readers dba
        member ben writers dba
        schema - app dba {dba=UC/dba,readers=U/dba}
        schema - hr dba -
        table app orders dba {dba=arw/dba,readers=r/dba,writers=a/dba}
        table hr pay dba {readers=r/dba}
    ";

    #[test]
    fn reach_is_filtered_by_schema_kind_and_privilege() {
        let rights = scene(16, SHOP);
        let ana = role(&rights, "ana");
        let names = |filter: &Filter| -> Vec<String> {
            let found = rights.reach(ana, filter);
            found
                .iter()
                .map(|reached| rights.object_name(reached.object))
                .collect()
        };
        assert_eq!(
            names(&Filter::default()),
            ["shop", "app", "app.orders", "hr.pay"]
        );
        let app = Filter {
            schema: rights.schema_named("app"),
            ..Filter::default()
        };
        assert_eq!(names(&app), ["app", "app.orders"]);
        let readable = Filter {
            kinds: vec![ObjectKind::Table],
            privilege: Some(Privilege::Select),
            ..Filter::default()
        };
        assert_eq!(names(&readable), ["app.orders", "hr.pay"]);
        assert!(rights.is_within_reach(ana, relation(&rights, "app.orders")));
        assert!(!rights.is_within_reach(ana, relation(&rights, "hr.pay")));
    }

    #[test]
    fn two_roles_differ_in_groups_attributes_and_objects() {
        let rights = scene(16, SHOP);
        let found = rights.compare(
            role(&rights, "ana"),
            role(&rights, "ben"),
            &Filter::default(),
        );
        assert_eq!(found.only_first, Surplus::default());
        assert_eq!(found.only_second.groups, [role(&rights, "writers")]);
        assert_eq!(found.only_second.attributes.iter().count(), 1);
        assert_eq!(found.objects.len(), 1);
        assert_eq!(found.objects[0].only_second.held.letters(), "a");
    }
}

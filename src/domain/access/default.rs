//! What the next object will get: default privileges.
//!
//! Source: PostgreSQL documentation, ALTER DEFAULT PRIVILEGES; PostgreSQL source, `aclchk.c`
//! (`get_user_default_acl`).

use super::acl::{AclItem, HardWired, Privilege};
use super::change::add;
use super::explain::{Path, Springs, Subject, Wish};
use super::model::{DefaultKind, Snapshot};
use super::object::ObjectId;
use super::role::RoleId;

/// A question about an object that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// What will be made.
    pub kind: DefaultKind,
    /// Who will make it, and so own it.
    pub creator: RoleId,
    /// Where; `None` for what is in no schema.
    pub schema: Option<ObjectId>,
    /// What it is wanted for.
    pub privilege: Privilege,
    /// By whom.
    pub reader: RoleId,
}

/// Why the reader will not get at it, or not without more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The creator may not make anything in that schema, so it will not come to it.
    CreatorMayNotCreate,
    /// The reader has no USAGE on the schema.
    NoUsageOnSchema,
    /// Nothing the creator's objects get by default gives it to the reader.
    NotByDefault,
    /// Other roles' default privileges would give it, but they hold only for what those roles make.
    OnlyForOtherCreators(Vec<RoleId>),
    /// The creator's default privileges give it in other schemas only.
    OnlyInOtherSchemas(Vec<ObjectId>),
}

/// How far the reader will get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outlook {
    /// It will work.
    Works,
    /// Only after SET ROLE.
    AfterSetRole,
    /// It will be refused.
    Refused,
}

/// What can be said of an object that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// In a word.
    pub outlook: Outlook,
    /// By which path the reader has the privilege, if it has; its object is the schema.
    pub path: Option<Path>,
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
    /// The ACL the object will have.
    pub items: Vec<AclItem>,
}

impl Snapshot {
    /// Whether the next table that `creator` makes in `schema` can be read by `reader`, and if not,
    /// why.
    #[must_use]
    pub fn next_table(&self, creator: RoleId, schema: ObjectId, reader: RoleId) -> Forecast {
        self.forecast(&Next {
            kind: DefaultKind::Tables,
            creator,
            schema: Some(schema),
            privilege: Privilege::Select,
            reader,
        })
    }

    /// The same for any kind of object and privilege.
    #[must_use]
    pub fn forecast(&self, next: &Next) -> Forecast {
        let items = self.next_acl(next.kind, next.creator, next.schema);
        let path = self.imagined_path(next, next.creator, &items);
        let mut obstacles = Vec::new();
        let lacks = |role, privilege| {
            next.schema
                .is_some_and(|schema| !self.privileges(role, schema).held.has(privilege))
        };
        if lacks(next.creator, Privilege::Create) {
            obstacles.push(Obstacle::CreatorMayNotCreate);
        }
        if path.is_none() {
            obstacles.extend(self.near_misses(next));
        }
        // After SET ROLE it is the other role that looks up the schema.
        let looks = path
            .as_ref()
            .and_then(Path::set_role)
            .unwrap_or(next.reader);
        if lacks(looks, Privilege::Usage) {
            obstacles.push(Obstacle::NoUsageOnSchema);
        }
        let outlook = match &path {
            Some(path) if obstacles.is_empty() => match path.set_role() {
                None => Outlook::Works,
                Some(_) => Outlook::AfterSetRole,
            },
            _ => Outlook::Refused,
        };
        Forecast {
            outlook,
            path,
            obstacles,
            items,
        }
    }

    /// The ACL a new object will have: the creator's defaults for all schemas, or the hard-wired ones
    /// where there are none, and those for the schema on top.
    #[must_use]
    pub fn next_acl(
        &self,
        kind: DefaultKind,
        creator: RoleId,
        schema: Option<ObjectId>,
    ) -> Vec<AclItem> {
        let entry = |wanted: Option<ObjectId>| {
            self.defaults.iter().find(|entry| {
                entry.creator == creator && entry.kind == kind && entry.schema == wanted
            })
        };
        let mut items = entry(None).map_or_else(
            || {
                HardWired::of(kind.object_kind(), self.version)
                    .items(creator)
                    .collect()
            },
            |everywhere| everywhere.items.clone(),
        );
        let here = schema.and_then(|schema| entry(Some(schema)));
        for item in here.iter().flat_map(|entry| &entry.items) {
            add(&mut items, *item);
        }
        items
    }

    fn imagined_path(&self, next: &Next, owner: RoleId, items: &[AclItem]) -> Option<Path> {
        // The path needs an object to speak of, and the new one has no place yet.
        let object = next.schema.or_else(|| self.current_database())?;
        let mut springs = Springs::default();
        self.superusers(&mut springs, object);
        let subject = Subject {
            object,
            kind: next.kind.object_kind(),
            owner: Some(owner),
        };
        self.springs_of(&mut springs, subject, next.privilege, Wish::Use, items);
        self.best_of(next.reader, next.privilege, &springs)
    }

    /// Default privileges that would have done, for another creator or in another schema.
    fn near_misses(&self, next: &Next) -> Vec<Obstacle> {
        let mut creators = Vec::new();
        let mut schemas = Vec::new();
        for entry in self.defaults.iter().filter(|entry| entry.kind == next.kind) {
            let here = entry.schema.is_none() || entry.schema == next.schema;
            if self
                .imagined_path(next, entry.creator, &entry.items)
                .is_none()
            {
                continue;
            }
            if here && entry.creator != next.creator && entry.creator != next.reader {
                creators.push(entry.creator);
            } else if let (false, true, Some(schema)) =
                (here, entry.creator == next.creator, entry.schema)
            {
                schemas.push(schema);
            }
        }
        creators.sort_unstable();
        creators.dedup();
        if creators.is_empty() && schemas.is_empty() {
            return vec![Obstacle::NotByDefault];
        }
        [
            (!creators.is_empty()).then_some(Obstacle::OnlyForOtherCreators(creators)),
            (!schemas.is_empty()).then_some(Obstacle::OnlyInOtherSchemas(schemas)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role owner
        role deployer
        role readers
        role analyst
        role outsider
        member analyst readers dba
        schema - app owner {owner=UC/owner,deployer=UC/owner,readers=U/owner}
        schema - lab owner {owner=UC/owner,deployer=UC/owner,readers=U/owner,outsider=U/owner}
        default owner app {readers=r/owner}
    ";

    fn forecast(facts: &str, creator: &str, schema: &str, reader: &str) -> Forecast {
        let rights = scene(16, facts);
        let schema = rights.schema_named(schema).unwrap();
        rights.next_table(role(&rights, creator), schema, role(&rights, reader))
    }

    #[test]
    fn a_default_for_the_schema_adds_to_the_hard_wired_rights() {
        let found = forecast(SHOP, "owner", "app", "analyst");
        assert_eq!(found.outlook, Outlook::Works);
        assert_eq!(found.items.len(), 2);
        assert_eq!(found.obstacles, []);
        assert_eq!(
            forecast(SHOP, "owner", "app", "owner").outlook,
            Outlook::Works
        );
    }

    #[test]
    fn a_default_of_another_creator_does_not_help() {
        let found = forecast(SHOP, "deployer", "app", "analyst");
        let rights = scene(16, SHOP);
        assert_eq!(found.outlook, Outlook::Refused);
        assert_eq!(
            found.obstacles,
            [Obstacle::OnlyForOtherCreators(vec![role(&rights, "owner")])]
        );
    }

    #[test]
    fn a_default_in_another_schema_does_not_help() {
        let rights = scene(16, SHOP);
        let found = forecast(SHOP, "owner", "lab", "analyst");
        let app = rights.schema_named("app").unwrap();
        assert_eq!(found.obstacles, [Obstacle::OnlyInOtherSchemas(vec![app])]);
        assert_eq!(
            forecast(SHOP, "owner", "lab", "outsider").obstacles,
            [Obstacle::NotByDefault]
        );
    }

    #[test]
    fn the_schema_must_be_open_too() {
        let facts = format!("{SHOP}\ndefault owner - {{owner=arwdDxt/owner,outsider=r/owner}}");
        let found = forecast(&facts, "owner", "app", "outsider");
        assert!(found.path.is_some());
        assert_eq!(found.obstacles, [Obstacle::NoUsageOnSchema]);
        assert_eq!(found.outlook, Outlook::Refused);
    }

    #[test]
    fn a_global_entry_replaces_the_hard_wired_rights() {
        let facts = format!("{SHOP}\ndefault owner - {{readers=r/owner}}");
        let found = forecast(&facts, "owner", "lab", "owner");
        assert_eq!(found.outlook, Outlook::Refused);
        assert_eq!(found.items.len(), 1);
    }

    #[test]
    fn a_creator_without_create_makes_nothing() {
        let found = forecast(SHOP, "readers", "app", "readers");
        assert_eq!(found.obstacles, [Obstacle::CreatorMayNotCreate]);
    }
}

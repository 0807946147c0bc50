//! What the next object will get: default privileges.
//!
//! Source: PostgreSQL documentation, ALTER DEFAULT PRIVILEGES; PostgreSQL source, `aclchk.c`
//! (`get_user_default_acl`).

use super::acl::{AclItem, HardWired, Privilege};
use super::change::add;
use super::explain::Path;
use super::model::{DefaultKind, Snapshot};
use super::object::ObjectId;
use super::role::RoleId;
use super::route::{Springs, Subject};

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
        let mut obstacles = Vec::new();
        if !self.may_create(next) {
            obstacles.push(Obstacle::CreatorMayNotCreate);
        }
        let springs = self.springs_of_next(next, next.creator, &items);
        let (path, reached) = self.way(next, &springs);
        if reached == Outlook::Refused {
            if path.is_none() {
                obstacles.extend(self.near_misses(next));
            }
            // After SET ROLE it is the other role that looks up the schema.
            let looks = path.as_ref().and_then(Path::set_role);
            if !self.may_look(looks.unwrap_or(next.reader), next.schema) {
                obstacles.push(Obstacle::NoUsageOnSchema);
            }
        }
        let outlook = if obstacles.is_empty() {
            reached
        } else {
            Outlook::Refused
        };
        Forecast {
            outlook,
            path,
            obstacles,
            items,
        }
    }

    /// The reader's way to the privilege, and whether it also leads through the schema: of itself, as
    /// another role, or not, whatever is on the way to either.
    fn way(&self, next: &Next, springs: &Springs) -> (Option<Path>, Outlook) {
        let routes = self.routes(springs);
        let path_of = |role| self.best(role, next.privilege, springs, &routes);
        let at_once = |role| {
            path_of(role)
                .filter(|path| path.set_role().is_none() && self.may_look(role, next.schema))
        };
        if let Some(path) = at_once(next.reader) {
            return (Some(path), Outlook::Works);
        }
        let as_another = self.becoming(next.reader).into_iter().find_map(|mut way| {
            let path = at_once(way.last()?.role)?;
            way.extend(&path.hops);
            Some(Path {
                role: next.reader,
                hops: way,
                ..path
            })
        });
        match as_another {
            Some(path) => (Some(path), Outlook::AfterSetRole),
            None => (path_of(next.reader), Outlook::Refused),
        }
    }

    /// CREATE on the schema; for schemas on the database. Large objects are free to make.
    fn may_create(&self, next: &Next) -> bool {
        let place = match next.kind {
            DefaultKind::Schemas => self.current_database(),
            DefaultKind::LargeObjects => None,
            _ => next.schema,
        };
        place.is_none_or(|place| {
            let rights = self.privileges(next.creator, place);
            rights.held.has(Privilege::Create)
        })
    }

    fn may_look(&self, role: RoleId, schema: Option<ObjectId>) -> bool {
        schema.is_none_or(|schema| self.privileges(role, schema).held.has(Privilege::Usage))
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
        let hard_wired = || {
            let rights = HardWired::of(kind.object_kind(), self.version);
            rights.items(creator).collect()
        };
        let mut items = entry(None).map_or_else(hard_wired, |everywhere| everywhere.items.clone());
        let here = schema.and_then(|schema| entry(Some(schema)));
        for item in here.iter().flat_map(|entry| &entry.items) {
            add(&mut items, *item);
        }
        // Nothing merged with nothing is no ACL at all, and so the hard-wired rights (`aclmerge`).
        if items.is_empty() {
            return hard_wired();
        }
        items
    }

    fn springs_of_next(&self, next: &Next, owner: RoleId, items: &[AclItem]) -> Springs {
        // The path needs an object to speak of, and the new one has no place yet.
        let Some(object) = next.schema.or_else(|| self.current_database()) else {
            return Springs::default();
        };
        let subject = Subject {
            object,
            kind: next.kind.object_kind(),
            owner: Some(owner),
        };
        self.imagined_springs(subject, next.privilege, items)
    }

    fn would_do(&self, next: &Next, owner: RoleId, items: &[AclItem]) -> bool {
        let springs = self.springs_of_next(next, owner, items);
        let routes = self.routes(&springs);
        self.best(next.reader, next.privilege, &springs, &routes)
            .is_some()
    }

    /// Default privileges that would have done, for another creator or in another schema.
    fn near_misses(&self, next: &Next) -> Vec<Obstacle> {
        let mut creators = Vec::new();
        let mut schemas = Vec::new();
        for entry in self.defaults.iter().filter(|entry| entry.kind == next.kind) {
            let here = entry.schema.is_none() || entry.schema == next.schema;
            if !self.would_do(next, entry.creator, &entry.items) {
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
    fn another_role_may_be_the_only_one_that_sees_the_schema() {
        // The privilege is there at once, but only `owner` may also look into the schema.
        let facts = format!(
            "{SHOP}
            role late
            member late readers owner
            member late owner owner noinherit"
        );
        let facts = facts.replace("deployer=UC/owner,readers=U/owner}", "deployer=UC/owner}");
        let found = forecast(&facts, "owner", "app", "late");
        assert_eq!(found.outlook, Outlook::AfterSetRole);
        let rights = scene(16, &facts);
        let path = found.path.unwrap();
        assert_eq!(path.set_role(), Some(role(&rights, "owner")));
    }

    #[test]
    fn a_global_entry_replaces_the_hard_wired_rights() {
        let facts = format!("{SHOP}\ndefault owner - {{readers=r/owner}}");
        let found = forecast(&facts, "owner", "lab", "owner");
        assert_eq!(found.outlook, Outlook::Refused);
        assert_eq!(found.items.len(), 1);
    }

    #[test]
    fn a_global_entry_that_takes_everything_leaves_the_hard_wired_rights() {
        let facts = format!("{SHOP}\ndefault owner - {{}}");
        let found = forecast(&facts, "owner", "lab", "owner");
        assert_eq!(found.outlook, Outlook::Works);
        let found = forecast(&facts, "owner", "app", "owner");
        assert_eq!(found.outlook, Outlook::Refused);
    }

    #[test]
    fn a_creator_without_create_makes_nothing() {
        let found = forecast(SHOP, "readers", "app", "readers");
        assert_eq!(found.obstacles, [Obstacle::CreatorMayNotCreate]);
    }
}

//! How a snapshot is put together from what the catalogs say.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::acl::{self, AclItem, Grantee};
use super::model::{
    AclPlace, AclStore, Census, Completeness, DefaultAcl, DefaultKind, Inventory, LeftOut,
    Memberships, Snapshot,
};
use super::object::{
    Expression, Object, ObjectId, ObjectKind, Policy, PolicyCommand, PolicyKind, Realm, Trait,
};
use super::role::{Membership, MembershipOptions, Predefined, Role, RoleId, before_16};
use crate::domain::rows::array;

/// A row of `pg_auth_members`.
#[derive(Debug, Clone, Copy)]
pub struct MembershipRecord {
    /// OID of the group.
    pub role: u32,
    /// OID of the member.
    pub member: u32,
    /// OID of the grantor.
    pub grantor: u32,
    /// The options stored; before 16 only ADMIN counts, the rest is derived.
    pub options: MembershipOptions,
}

/// An object as a catalog describes it.
#[derive(Debug, Clone)]
pub struct ObjectRecord<'a> {
    /// What kind.
    pub kind: ObjectKind,
    /// Its OID; a column's is its relation's.
    pub oid: u32,
    /// OID of its schema; 0 if it is in none.
    pub schema: u32,
    /// OID of the table it is a partition of or inherits from; 0 if none.
    pub parent: u32,
    /// A column's number; 0 for all else.
    pub number: i16,
    /// Its name.
    pub name: &'a str,
    /// A function's identity arguments.
    pub arguments: &'a str,
    /// OID of its owner.
    pub owner: u32,
    /// Its ACL as the server prints it; `None` if it was never written.
    pub acl: Option<&'a str>,
    /// A letter a trait: `i` security invoker, `d` security definer, `t` trusted, `r` row security,
    /// `f` forced, `p` partition, `h` inheritance, `s` system catalog.
    pub traits: &'a str,
}

/// A row of `pg_default_acl`.
#[derive(Debug, Clone, Copy)]
pub struct DefaultRecord<'a> {
    /// OID of the role whose new objects it concerns.
    pub creator: u32,
    /// OID of the schema; 0 for all.
    pub schema: u32,
    /// Which objects.
    pub kind: DefaultKind,
    /// What they get, as the server prints it.
    pub acl: &'a str,
}

/// A row of `pg_policy`.
#[derive(Debug, Clone)]
pub struct PolicyRecord<'a> {
    /// Its OID.
    pub oid: u32,
    /// OID of its table.
    pub relation: u32,
    /// Its name.
    pub name: &'a str,
    /// For which commands.
    pub command: PolicyCommand,
    /// How it counts.
    pub kind: PolicyKind,
    /// OIDs of the roles it is for, 0 for PUBLIC, as an array literal.
    pub roles: &'a str,
    /// Which rows are there for the command.
    pub using: Expression,
    /// Which rows may be written.
    pub check: Expression,
}

/// Collects what the catalogs say; the order of calls does not matter.
#[derive(Debug)]
pub struct Builder {
    database: String,
    version: u32,
    census: Census,
    memberships: Vec<Membership>,
    /// Objects with their schema's and parent's OID, not yet resolved.
    found: Vec<Found>,
    store: AclStore,
    /// Where an ACL of that text is stored.
    known_acls: HashMap<String, u32>,
    defaults: Vec<FoundDefault>,
    policies: Vec<FoundPolicy>,
    left_out: LeftOut,
}

#[derive(Debug)]
struct Found {
    object: Object,
    acl: AclPlace,
    schema: u32,
    parent: u32,
}

#[derive(Debug)]
struct FoundDefault {
    creator: RoleId,
    schema: u32,
    kind: DefaultKind,
    items: Vec<AclItem>,
}

#[derive(Debug)]
struct FoundPolicy {
    relation: u32,
    policy: Policy,
}

impl Builder {
    /// Begins a snapshot of `database` on a server of major version `version`, with all roles of the
    /// cluster.
    #[must_use]
    pub fn new(database: &str, version: u32, mut roles: Vec<Role>) -> Self {
        roles.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let ids = || (0..).map(RoleId);
        let by_oid = roles.iter().map(|role| role.oid).zip(ids()).collect();
        let by_name = roles
            .iter()
            .map(|role| role.name.clone())
            .zip(ids())
            .collect();
        let predefined = roles
            .iter()
            .zip(ids())
            .filter_map(|(role, id)| Some((role.predefined()?, id)))
            .filter(|(role, _): &(Predefined, RoleId)| role.since() <= version)
            .collect();
        Self {
            database: database.to_owned(),
            version,
            census: Census {
                roles,
                by_oid,
                by_name,
                predefined,
            },
            memberships: Vec::new(),
            found: Vec::new(),
            store: AclStore::new(),
            known_acls: HashMap::new(),
            defaults: Vec::new(),
            policies: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Adds a membership; one of a role that is gone is no membership.
    pub fn membership(&mut self, record: &MembershipRecord) {
        let role_of = |oid: u32| self.census.by_oid.get(&oid).copied();
        let (Some(role), Some(member)) = (role_of(record.role), role_of(record.member)) else {
            return;
        };
        self.memberships.push(Membership {
            role,
            member,
            grantor: role_of(record.grantor),
            options: if self.version < 16 {
                before_16(self.census.attributes(member), record.options)
            } else {
                record.options
            },
        });
    }

    /// Adds an object.
    pub fn object(&mut self, record: &ObjectRecord<'_>) {
        let acl = match record.acl {
            None => AclPlace::HardWired,
            Some(text) => AclPlace::Stored(self.acl(text)),
        };
        self.found.push(Found {
            object: Object {
                kind: record.kind,
                oid: record.oid,
                number: record.number,
                name: record.name.to_owned(),
                arguments: record.arguments.to_owned(),
                schema: None,
                parent: None,
                owner: self.census.by_oid.get(&record.owner).copied(),
                traits: record.traits.chars().filter_map(Trait::of_letter).collect(),
            },
            acl,
            schema: record.schema,
            parent: record.parent,
        });
    }

    /// Where the ACL is stored: most objects of a database share a few.
    fn acl(&mut self, text: &str) -> u32 {
        if let Some(place) = self.known_acls.get(text) {
            return *place;
        }
        let items = self.items(text);
        let place = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        self.store.push(items.into());
        let _ = self.known_acls.insert(text.to_owned(), place);
        place
    }

    fn items(&self, text: &str) -> Vec<AclItem> {
        array::texts(text)
            .iter()
            .filter_map(|item| acl::item(item, |name| self.census.by_name.get(name).copied()))
            .collect()
    }

    /// Adds default privileges.
    pub fn default_acl(&mut self, record: &DefaultRecord<'_>) {
        let Some(creator) = self.census.by_oid.get(&record.creator).copied() else {
            return;
        };
        let items = self.items(record.acl);
        self.defaults.push(FoundDefault {
            creator,
            schema: record.schema,
            kind: record.kind,
            items,
        });
    }

    /// Adds a policy.
    pub fn policy(&mut self, record: PolicyRecord<'_>) {
        let grantees = array::texts(record.roles)
            .iter()
            .filter_map(|oid| oid.parse::<u32>().ok())
            .filter_map(|oid| match oid {
                0 => Some(Grantee::Public),
                oid => self.census.by_oid.get(&oid).copied().map(Grantee::Role),
            })
            .collect();
        self.policies.push(FoundPolicy {
            relation: record.relation,
            policy: Policy {
                oid: record.oid,
                relation: ObjectId(0),
                name: record.name.to_owned(),
                command: record.command,
                kind: record.kind,
                grantees,
                using: record.using,
                check: record.check,
            },
        });
    }

    /// Says that not all large objects were added.
    pub fn large_objects_were_cut(&mut self) {
        self.left_out.large_objects = Completeness::Cut;
    }

    /// Puts it together.
    #[must_use]
    pub fn finish(self) -> Snapshot {
        let (objects, acls) = resolved(self.found);
        let ids = || (0..).map(ObjectId);
        let by_oid: HashMap<(Realm, u32), ObjectId> = objects
            .iter()
            .zip(ids())
            .filter(|(object, _)| object.kind != ObjectKind::Column)
            .map(|(object, id)| ((object.kind.realm(), object.oid), id))
            .collect();
        let mut columns: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
        for (object, id) in objects.iter().zip(ids()) {
            if let (ObjectKind::Column, Some(relation)) = (object.kind, object.parent) {
                columns.entry(relation).or_default().push(id);
            }
        }
        let schema_of = |oid: u32| by_oid.get(&(Realm::Schema, oid)).copied();
        let defaults = self
            .defaults
            .into_iter()
            .filter(|found| found.schema == 0 || schema_of(found.schema).is_some())
            .map(|found| DefaultAcl {
                creator: found.creator,
                schema: schema_of(found.schema),
                kind: found.kind,
                items: found.items,
            })
            .collect();
        let mut policies = Vec::new();
        let mut policies_of: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        for mut found in self.policies {
            if let Some(relation) = by_oid.get(&(Realm::Relation, found.relation)) {
                found.policy.relation = *relation;
                policies_of
                    .entry(*relation)
                    .or_default()
                    .push(policies.len());
                policies.push(found.policy);
            }
        }
        let roles = self.census.roles.len();
        let current_database = objects
            .iter()
            .position(|object| object.kind == ObjectKind::Database && object.name == self.database)
            .and_then(|place| u32::try_from(place).ok())
            .map(ObjectId);
        Snapshot {
            current_database,
            database: self.database.into(),
            version: self.version,
            census: Arc::new(self.census),
            inventory: Arc::new(Inventory {
                objects,
                by_oid,
                columns,
                policies,
                policies_of,
            }),
            memberships: Arc::new(Memberships::new(self.memberships, roles)),
            acls,
            store: self.store,
            defaults: Arc::new(defaults),
            closures: vec![OnceLock::new(); roles],
            left_out: self.left_out,
        }
    }
}

/// Sorts objects into the order of the tree and replaces OIDs by places. Columns of relations that
/// are left out are left out too.
fn resolved(mut found: Vec<Found>) -> (Vec<Object>, Vec<AclPlace>) {
    let mut names: HashMap<(Realm, u32), (u32, String)> = HashMap::new();
    for one in &found {
        if matches!(one.object.kind.realm(), Realm::Schema | Realm::Relation) {
            let key = (one.object.kind.realm(), one.object.oid);
            let _ = names.insert(key, (one.schema, one.object.name.clone()));
        }
    }
    found.retain_mut(|one| {
        if one.object.kind != ObjectKind::Column {
            return true;
        }
        one.parent = one.object.oid;
        names
            .get(&(Realm::Relation, one.object.oid))
            .is_some_and(|(schema, _)| {
                one.schema = *schema;
                true
            })
    });
    let name_of = |realm, oid: u32| names.get(&(realm, oid)).map_or("", |(_, name)| name);
    let key = |one: &Found| {
        let (first, second) = match one.object.kind {
            ObjectKind::Column => (name_of(Realm::Relation, one.object.oid), ""),
            _ => (one.object.name.as_str(), one.object.arguments.as_str()),
        };
        let schema = (one.schema != 0).then(|| name_of(Realm::Schema, one.schema));
        // Names alone decide on the place; OIDs keep the order total.
        (
            one.object.kind.realm(),
            schema.map(str::to_owned),
            first.to_owned(),
            second.to_owned(),
            one.object.number,
            one.object.oid,
        )
    };
    found.sort_by_cached_key(key);
    let mut places: HashMap<(Realm, u32), ObjectId> = HashMap::with_capacity(found.len());
    for (one, id) in found.iter().zip((0..).map(ObjectId)) {
        if matches!(one.object.kind.realm(), Realm::Schema | Realm::Relation) {
            let _ = places.insert((one.object.kind.realm(), one.object.oid), id);
        }
    }
    let mut objects = Vec::with_capacity(found.len());
    let mut acls = Vec::with_capacity(found.len());
    for one in found {
        let mut object = one.object;
        object.schema = places.get(&(Realm::Schema, one.schema)).copied();
        object.parent = places.get(&(Realm::Relation, one.parent)).copied();
        acls.push(one.acl);
        objects.push(object);
    }
    (objects, acls)
}

//! The snapshot: one database's rights at one instant, built once and asked often.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::acl::AclItem;
use super::object::{Object, ObjectId, ObjectKind, Policy, Realm};
use super::role::{Attribute, Attributes, Membership, Predefined, Role, RoleId};

/// Kinds of objects that default privileges exist for (`pg_default_acl.defaclobjtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultKind {
    /// Tables, views and whatever else is asked like them.
    Tables,
    /// Sequences.
    Sequences,
    /// Functions and procedures.
    Functions,
    /// Types and domains.
    Types,
    /// Schemas.
    Schemas,
    /// From 18: large objects.
    LargeObjects,
}

impl DefaultKind {
    /// The word of `ALTER DEFAULT PRIVILEGES … ON`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Tables => "TABLES",
            Self::Sequences => "SEQUENCES",
            Self::Functions => "FUNCTIONS",
            Self::Types => "TYPES",
            Self::Schemas => "SCHEMAS",
            Self::LargeObjects => "LARGE OBJECTS",
        }
    }

    /// The kind of object whose hard-wired rights these would replace.
    #[must_use]
    pub const fn object_kind(self) -> ObjectKind {
        match self {
            Self::Tables => ObjectKind::Table,
            Self::Sequences => ObjectKind::Sequence,
            Self::Functions => ObjectKind::Function,
            Self::Types => ObjectKind::Type,
            Self::Schemas => ObjectKind::Schema,
            Self::LargeObjects => ObjectKind::LargeObject,
        }
    }

    /// The kind with that letter of the catalog.
    #[must_use]
    pub fn of_letter(letter: &str) -> Option<Self> {
        Some(match letter {
            "r" => Self::Tables,
            "S" => Self::Sequences,
            "f" => Self::Functions,
            "T" => Self::Types,
            "n" => Self::Schemas,
            "L" => Self::LargeObjects,
            _ => return None,
        })
    }
}

/// An entry of `pg_default_acl`: what a role's new objects get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultAcl {
    /// Whose new objects.
    pub creator: RoleId,
    /// In which schema; `None` for all, and then it replaces the hard-wired rights instead of
    /// adding to them.
    pub schema: Option<ObjectId>,
    /// Which objects.
    pub kind: DefaultKind,
    /// What they get.
    pub items: Vec<AclItem>,
}

/// Objects that are there but not in the snapshot, so that it stays bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Whether there were more large objects than were read.
    pub large_objects: Completeness,
}

/// Whether all of something was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Completeness {
    /// All.
    #[default]
    Whole,
    /// Only the first; there are more.
    Cut,
}

/// Where an object's ACL is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AclPlace {
    /// It was never written: the hard-wired rights of its kind hold.
    HardWired,
    /// In the store, which keeps equal ACLs once.
    Stored(u32),
}

/// Distinct ACLs.
pub(super) type AclStore = Vec<Arc<[AclItem]>>;

/// Everything that does not change when rights do.
#[derive(Debug)]
pub(super) struct Inventory {
    /// Sorted by realm, schema, name and arguments; columns by relation and number.
    pub(super) objects: Vec<Object>,
    pub(super) by_oid: HashMap<(Realm, u32), ObjectId>,
    /// Columns with ACLs by relation, where there are any.
    pub(super) columns: HashMap<ObjectId, Vec<ObjectId>>,
    pub(super) policies: Vec<Policy>,
    pub(super) policies_of: HashMap<ObjectId, Vec<usize>>,
}

/// Roles and how to find them.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) roles: Vec<Role>,
    pub(super) by_oid: HashMap<u32, RoleId>,
    pub(super) by_name: HashMap<String, RoleId>,
    pub(super) predefined: HashMap<Predefined, RoleId>,
}

impl Census {
    pub(super) fn attributes(&self, role: RoleId) -> Attributes {
        self.roles
            .get(role.index())
            .map(|role| role.attributes)
            .unwrap_or_default()
    }
}

/// Memberships, from the member's side and from the group's.
#[derive(Debug, Clone, Default)]
pub(super) struct Memberships {
    pub(super) list: Vec<Membership>,
    /// By member: places in `list`.
    pub(super) groups_of: Vec<Vec<u32>>,
    /// By group: places in `list`.
    pub(super) members_of: Vec<Vec<u32>>,
}

impl Memberships {
    pub(super) fn new(list: Vec<Membership>, roles: usize) -> Self {
        let mut groups_of = vec![Vec::new(); roles];
        let mut members_of = vec![Vec::new(); roles];
        for (place, membership) in (0u32..).zip(&list) {
            if let Some(groups) = groups_of.get_mut(membership.member.index()) {
                groups.push(place);
            }
            if let Some(members) = members_of.get_mut(membership.role.index()) {
                members.push(place);
            }
        }
        Self {
            list,
            groups_of,
            members_of,
        }
    }
}

/// One database's rights at one instant, with the roles of its cluster.
///
/// Answers offline. Cloning is cheap: what does not change is shared.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) database: Arc<str>,
    pub(super) version: u32,
    pub(super) current_database: Option<ObjectId>,
    pub(super) census: Arc<Census>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) memberships: Arc<Memberships>,
    pub(super) acls: Vec<AclPlace>,
    pub(super) store: AclStore,
    pub(super) defaults: Arc<Vec<DefaultAcl>>,
    /// Whose rights each role has; filled when first asked.
    pub(super) closures: Vec<OnceLock<Arc<[RoleId]>>>,
    pub(super) left_out: LeftOut,
}

impl Snapshot {
    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The server's major version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What was left out of it for size.
    #[must_use]
    pub const fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// All roles with their ids, by name.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = (RoleId, &Role)> {
        let mut place = 0;
        self.census.roles.iter().map(move |role| {
            place += 1;
            (RoleId(place - 1), role)
        })
    }

    /// A role; `None` only for an id of another snapshot.
    #[must_use]
    pub fn role(&self, role: RoleId) -> Option<&Role> {
        self.census.roles.get(role.index())
    }

    /// A role's name; empty for an id of another snapshot.
    #[must_use]
    pub fn role_name(&self, role: RoleId) -> &str {
        self.role(role).map_or("", |role| &role.name)
    }

    /// The role of that name, exactly.
    #[must_use]
    pub fn role_named(&self, name: &str) -> Option<RoleId> {
        self.census.by_name.get(name).copied()
    }

    /// The role with that OID.
    #[must_use]
    pub fn role_by_oid(&self, oid: u32) -> Option<RoleId> {
        self.census.by_oid.get(&oid).copied()
    }

    /// A predefined role, where this version has it.
    #[must_use]
    pub fn predefined(&self, role: Predefined) -> Option<RoleId> {
        self.census.predefined.get(&role).copied()
    }

    /// Memberships in which the role is the member.
    pub fn groups_of(&self, member: RoleId) -> impl Iterator<Item = &Membership> {
        self.memberships_at(self.memberships.groups_of.get(member.index()))
    }

    /// Memberships in which the role is the group.
    pub fn members_of(&self, role: RoleId) -> impl Iterator<Item = &Membership> {
        self.memberships_at(self.memberships.members_of.get(role.index()))
    }

    fn memberships_at<'a>(
        &'a self,
        places: Option<&'a Vec<u32>>,
    ) -> impl Iterator<Item = &'a Membership> {
        places
            .into_iter()
            .flatten()
            .filter_map(|place| self.memberships.list.get(*place as usize))
    }

    /// All objects with their ids, in the order of the tree: by kind's realm, schema, name.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = (ObjectId, &Object)> {
        let mut place = 0;
        self.inventory.objects.iter().map(move |object| {
            place += 1;
            (ObjectId(place - 1), object)
        })
    }

    /// An object; `None` only for an id of another snapshot.
    #[must_use]
    pub fn object(&self, object: ObjectId) -> Option<&Object> {
        self.inventory.objects.get(object.index())
    }

    /// The object with that OID in its realm; columns have [`Self::columns_of`].
    #[must_use]
    pub fn object_by_oid(&self, realm: Realm, oid: u32) -> Option<ObjectId> {
        self.inventory.by_oid.get(&(realm, oid)).copied()
    }

    /// Objects of that name: one, except functions, which may differ in their arguments. `schema` is
    /// `None` for what is in no schema. A search of some fifteen steps; columns are found through
    /// [`Self::columns_of`] instead.
    pub fn objects_named(
        &self,
        realm: Realm,
        schema: Option<ObjectId>,
        name: &str,
    ) -> impl Iterator<Item = ObjectId> + use<> {
        fn key(object: &Object) -> (Realm, Option<ObjectId>, &str) {
            (object.kind.realm(), object.schema, &object.name)
        }
        let sought = (realm, schema, name);
        let objects = &self.inventory.objects;
        let from = objects.partition_point(|object| key(object) < sought);
        let until = match realm {
            Realm::Column => from,
            _ => objects.partition_point(|object| key(object) <= sought),
        };
        (from..until)
            .filter_map(|place| u32::try_from(place).ok())
            .map(ObjectId)
    }

    /// The schema of that name.
    #[must_use]
    pub fn schema_named(&self, name: &str) -> Option<ObjectId> {
        self.objects_named(Realm::Schema, None, name).next()
    }

    /// The database the snapshot is of, as an object.
    #[must_use]
    pub const fn current_database(&self) -> Option<ObjectId> {
        self.current_database
    }

    /// The columns of a relation that have an ACL of their own, by number.
    #[must_use]
    pub fn columns_of(&self, relation: ObjectId) -> &[ObjectId] {
        self.inventory
            .columns
            .get(&relation)
            .map_or(&[], Vec::as_slice)
    }

    /// An object's ACL, item by item; the hard-wired one where none was ever written.
    pub fn acl(&self, object: ObjectId) -> impl Iterator<Item = AclItem> {
        self.acl_items(object)
    }

    /// Whether the object's ACL was never written.
    #[must_use]
    pub fn is_hard_wired(&self, object: ObjectId) -> bool {
        matches!(self.acls.get(object.index()), Some(AclPlace::HardWired))
    }

    /// The policies of a relation.
    pub fn policies_of(&self, relation: ObjectId) -> impl Iterator<Item = &Policy> {
        self.inventory
            .policies_of
            .get(&relation)
            .into_iter()
            .flatten()
            .filter_map(|place| self.inventory.policies.get(*place))
    }

    /// All default privileges.
    #[must_use]
    pub fn default_acls(&self) -> &[DefaultAcl] {
        &self.defaults
    }

    /// `schema.name`, or what else identifies the object in SQL; a column as `schema.table.column`.
    #[must_use]
    pub fn object_name(&self, object: ObjectId) -> String {
        let Some(known) = self.object(object) else {
            return String::new();
        };
        let own = known.sql_name();
        let around = match known.kind {
            ObjectKind::Column => known.parent,
            _ => known.schema,
        };
        around.map_or_else(
            || own.to_string(),
            |around| format!("{}.{own}", self.object_name(around)),
        )
    }

    /// Whether the role has the attribute itself; attributes are not inherited.
    #[must_use]
    pub fn has_attribute(&self, role: RoleId, attribute: Attribute) -> bool {
        self.census.attributes(role).has(attribute)
    }
}

//! What the access screen was opened for, in words that a snapshot yet to come will know; and the
//! same things in another snapshot.

use super::filters::is_system_part;
use super::{AccessScreen, SystemParts, View};
use crate::domain::access::{ObjectId, Realm, RoleId, Snapshot};

/// What the screen was opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Everything.
    Everything,
    /// The tree of roles.
    Roles,
    /// Who can do something to an object.
    Object(SoughtObject),
    /// What a role can do.
    Role(String),
    /// One role and one object, in the grid.
    Pair {
        /// The role.
        role: String,
        /// The object.
        object: SoughtObject,
    },
}

/// An object in words that any snapshot knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoughtObject {
    /// By its OID.
    Oid {
        /// Where it is catalogued.
        realm: Realm,
        /// Its OID.
        oid: u32,
    },
    /// A column of the relation with that OID; the relation where the column has no ACL.
    Column {
        /// The relation's OID.
        relation: u32,
        /// The column's name.
        name: String,
    },
    /// By its name, and its schema where it is in one.
    Named {
        /// Where it is catalogued.
        realm: Realm,
        /// Its schema.
        schema: Option<String>,
        /// Its name.
        name: String,
    },
}

impl SoughtObject {
    fn find(&self, rights: &Snapshot) -> Option<ObjectId> {
        match self {
            Self::Oid { realm, oid } => rights.object_by_oid(*realm, *oid),
            Self::Column { relation, name } => {
                let table = rights.object_by_oid(Realm::Relation, *relation)?;
                let column = rights.columns_of(table).iter().find(|column| {
                    rights
                        .object(**column)
                        .is_some_and(|known| known.name == *name)
                });
                Some(column.copied().unwrap_or(table))
            }
            Self::Named {
                realm,
                schema,
                name,
            } => {
                let around = match schema {
                    Some(schema) => Some(rights.schema_named(schema)?),
                    None => None,
                };
                // A function's name comes with its arguments.
                let bare = name.split('(').next().unwrap_or(name);
                let mut found = rights.objects_named(*realm, around, bare);
                let exact = rights.objects_named(*realm, around, bare).find(|object| {
                    rights
                        .object(*object)
                        .is_some_and(|known| known.sql_name() == *name)
                });
                exact.or_else(|| found.next())
            }
        }
    }
}

impl AccessScreen {
    /// Goes to what was sought, as far as it is known; says what is not there.
    pub fn seek(&mut self) -> Option<&'static str> {
        let rights = self.known.as_ref()?.rights.clone();
        let missing = Some("it is not among the rights that were read: reload with r");
        match self.sought.take() {
            None | Some(Sought::Everything) => self.refresh(),
            Some(Sought::Roles) => self.go(View::Roles),
            Some(Sought::Role(name)) => match rights.role_named(&name) {
                Some(role) => self.go(View::Role(role)),
                None => return missing,
            },
            Some(Sought::Object(object)) => match object.find(&rights) {
                Some(object) => self.go(View::Object(object)),
                None => return missing,
            },
            Some(Sought::Pair { role, object }) => {
                match (rights.role_named(&role), object.find(&rights)) {
                    (Some(role), Some(object)) => self.go_to_pair(role, object),
                    _ => return missing,
                }
            }
        }
        None
    }

    /// Puts the cursor of the grid on a role and an object.
    pub fn go_to_pair(&mut self, role: RoleId, object: ObjectId) {
        self.filters = super::Filters::default();
        let is_own = self.known.as_ref().is_some_and(|known| {
            let rights = &known.rights;
            rights.role_name(role).starts_with("pg_")
                || rights
                    .object(object)
                    .is_some_and(|object| is_system_part(rights, object))
        });
        if is_own {
            self.filters.system_parts = SystemParts::Shown;
        }
        self.go(View::Matrix);
        let column = self.columns.iter().position(|known| *known == role);
        self.column = column.unwrap_or(0);
        let line = self
            .items
            .iter()
            .position(|item| *item == super::Item::Object(object));
        self.select(line.unwrap_or(0));
    }
}

/// The same role in another snapshot.
fn role_in(role: RoleId, old: &Snapshot, new: &Snapshot) -> Option<RoleId> {
    new.role_by_oid(old.role(role)?.oid)
}

/// The same object in another snapshot.
pub(super) fn object_in(object: ObjectId, old: &Snapshot, new: &Snapshot) -> Option<ObjectId> {
    let known = old.object(object)?;
    let realm = known.kind.realm();
    if realm == Realm::Column {
        let table = new.object_by_oid(Realm::Relation, known.oid)?;
        return new.columns_of(table).iter().copied().find(|column| {
            new.object(*column)
                .is_some_and(|other| other.number == known.number)
        });
    }
    new.object_by_oid(realm, known.oid)
}

/// The same question to another snapshot.
pub(super) fn moved(view: View, old: &Snapshot, new: &Snapshot) -> Option<View> {
    Some(match view {
        View::Matrix => View::Matrix,
        View::Roles => View::Roles,
        View::Role(role) => View::Role(role_in(role, old, new)?),
        View::Object(object) => View::Object(object_in(object, old, new)?),
        View::Compare(first, second) => {
            View::Compare(role_in(first, old, new)?, role_in(second, old, new)?)
        }
    })
}

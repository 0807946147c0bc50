//! What a database holds: schemas, relations, columns, functions, roles; built for 10,000 relations.

use std::collections::{HashMap, HashSet};

/// Whether the role that looked may use something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// It may.
    #[default]
    Usable,
    /// It may not: marked `locked` in the tree.
    Locked,
}

/// A database of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Whether the role has CONNECT.
    pub access: Access,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Whether the role has USAGE.
    pub access: Access,
}

/// What kind of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RelationKind {
    /// A table.
    Table,
    /// A partitioned table.
    PartitionedTable,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A sequence.
    Sequence,
}

/// A table, view, sequence …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its OID.
    pub oid: u32,
    /// Its schema, by position in [`Catalog::schemas`].
    pub schema: usize,
    /// Its name.
    pub name: String,
    /// What kind.
    pub kind: RelationKind,
    /// Estimated rows (`pg_class.reltuples`); `None` if never analysed or meaningless.
    pub estimated_rows: Option<u64>,
    /// Whether the role may read it (any column).
    pub access: Access,
}

/// What part a column has in keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Key {
    /// None.
    #[default]
    None,
    /// Of the primary key.
    Primary,
    /// Of a foreign key.
    Foreign,
    /// Of a unique constraint.
    Unique,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogColumn {
    /// Its number in the relation, from 1.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// Its type, as `format_type` words it.
    pub type_name: String,
    /// Whether NULL is forbidden.
    pub nullability: Nullability,
    /// Its part in keys.
    pub key: Key,
    /// Whether the role may read it.
    pub access: Access,
}

/// Whether a column takes NULL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nullability {
    /// It does.
    #[default]
    Nullable,
    /// It does not.
    NotNull,
}

/// A function, procedure or aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its OID.
    pub oid: u32,
    /// Its schema, by position in [`Catalog::schemas`].
    pub schema: usize,
    /// Its name.
    pub name: String,
    /// Its identity arguments, as `pg_get_function_identity_arguments` words them.
    pub arguments: String,
    /// Its result type; empty for procedures.
    pub result: String,
    /// Whether the role has EXECUTE.
    pub access: Access,
}

/// A role, for the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleEntry {
    /// Its name.
    pub name: String,
    /// Its attributes in words: `login, createdb`.
    pub attributes: String,
    /// Roles it is a member of.
    pub member_of: Vec<String>,
}

/// What is known about the database of a session. Filled in parts, in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The database the session is in.
    pub database: String,
    /// All databases, by name.
    pub databases: Vec<Database>,
    /// Schemas, by name; system schemas last.
    pub schemas: Vec<Schema>,
    /// Relations, by schema and name.
    pub relations: Vec<Relation>,
    /// Columns of each relation, in the order of `relations`; empty until loaded.
    pub columns: Vec<Vec<CatalogColumn>>,
    /// Functions, by schema, name and arguments.
    pub functions: Vec<Function>,
    /// Roles, by name.
    pub roles: Vec<RoleEntry>,
    /// The session's effective search path.
    pub search_path: Vec<String>,
}

/// A part of the catalog, as it arrives: first what the tree shows, then what completion needs.
#[derive(Debug, Clone)]
pub enum CatalogPart {
    /// Databases, schemas and relations: the tree can be shown. Whether relations may be read is not
    /// known yet: asking takes the server longer than all the rest of the outline.
    Outline(Catalog),
    /// OIDs of the relations that the role may not read.
    Locked(HashSet<u32>),
    /// Columns, in the order of the outline's relations.
    Columns(Vec<Vec<CatalogColumn>>),
    /// Functions.
    Functions(Vec<Function>),
    /// Roles.
    Roles(Vec<RoleEntry>),
}

impl Catalog {
    /// Takes in a part that arrived. An outline replaces everything but what arrives later, which
    /// stays until its own part replaces it where it still fits.
    pub fn take(&mut self, part: CatalogPart) {
        match part {
            CatalogPart::Outline(outline) => {
                let earlier = std::mem::replace(self, outline);
                self.roles = earlier.roles;
                if earlier.database != self.database {
                    self.roles.clear();
                    return;
                }
                let locked: HashSet<u32> = earlier
                    .relations
                    .iter()
                    .filter(|relation| relation.access == Access::Locked)
                    .map(|relation| relation.oid)
                    .collect();
                for relation in &mut self.relations {
                    if locked.contains(&relation.oid) {
                        relation.access = Access::Locked;
                    }
                }
                self.columns = same_columns(&earlier.relations, earlier.columns, &self.relations);
                if earlier.schemas.len() == self.schemas.len()
                    && earlier
                        .schemas
                        .iter()
                        .zip(&self.schemas)
                        .all(|(a, b)| a.name == b.name)
                {
                    self.functions = earlier.functions;
                }
            }
            CatalogPart::Locked(locked) => {
                for relation in &mut self.relations {
                    relation.access = if locked.contains(&relation.oid) {
                        Access::Locked
                    } else {
                        Access::Usable
                    };
                }
            }
            CatalogPart::Columns(columns) => self.columns = columns,
            CatalogPart::Functions(functions) => self.functions = functions,
            CatalogPart::Roles(roles) => self.roles = roles,
        }
    }

    /// The columns of the relation at that place in `relations`; empty until they are loaded.
    #[must_use]
    pub fn columns_of(&self, relation: usize) -> &[CatalogColumn] {
        self.columns.get(relation).map_or(&[], Vec::as_slice)
    }

    /// The relation of that name, as the server would find it: in the named schema, else in the first
    /// schema of the search path that has it.
    #[must_use]
    pub fn find(&self, name: &[String]) -> Option<&Relation> {
        let (name, schema) = name.split_last()?;
        let named: Vec<&String> = match schema.last() {
            Some(schema) => vec![schema],
            None => self.search_path.iter().collect(),
        };
        named.into_iter().find_map(|schema| {
            let at = self
                .schemas
                .iter()
                .position(|known| known.name == *schema)?;
            self.relations
                .get(self.relations_of(at))?
                .iter()
                .find(|relation| relation.name == *name)
        })
    }

    /// The places in `relations` of the relations of a schema: a search, not a walk.
    #[must_use]
    pub fn relations_of(&self, schema: usize) -> std::ops::Range<usize> {
        self.relations
            .partition_point(|relation| relation.schema < schema)
            ..self
                .relations
                .partition_point(|relation| relation.schema <= schema)
    }

    /// The places in `functions` of the functions of a schema.
    #[must_use]
    pub fn functions_of(&self, schema: usize) -> std::ops::Range<usize> {
        self.functions
            .partition_point(|function| function.schema < schema)
            ..self
                .functions
                .partition_point(|function| function.schema <= schema)
    }
}

/// Keeps the columns of relations that are still there, so that a quiet reload does not empty an
/// open table while its columns are on their way.
fn same_columns(
    earlier: &[Relation],
    columns: Vec<Vec<CatalogColumn>>,
    now: &[Relation],
) -> Vec<Vec<CatalogColumn>> {
    if columns.is_empty() {
        return columns;
    }
    let mut known: HashMap<u32, Vec<CatalogColumn>> = earlier
        .iter()
        .map(|relation| relation.oid)
        .zip(columns)
        .collect();
    now.iter()
        .map(|relation| known.remove(&relation.oid).unwrap_or_default())
        .collect()
}

/// A number of rows as a person says it: `950`, `48 k`, `1.2 M`.
#[must_use]
pub fn spoken_count(rows: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    for (step, letter) in STEPS {
        if rows >= step {
            let (whole, tenth) = (rows / step, rows % step * 10 / step);
            return if whole < 10 {
                format!("{whole}.{tenth} {letter}")
            } else {
                format!("{whole} {letter}")
            };
        }
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(oids: &[u32]) -> Catalog {
        Catalog {
            database: "shop".into(),
            relations: oids
                .iter()
                .map(|oid| Relation {
                    oid: *oid,
                    schema: 0,
                    name: format!("t{oid}"),
                    kind: RelationKind::Table,
                    estimated_rows: None,
                    access: Access::Usable,
                })
                .collect(),
            ..Catalog::default()
        }
    }

    fn column(name: &str) -> CatalogColumn {
        CatalogColumn {
            number: 1,
            name: name.into(),
            type_name: "int".into(),
            nullability: Nullability::Nullable,
            key: Key::None,
            access: Access::Usable,
        }
    }

    #[test]
    fn a_reload_keeps_columns_with_their_tables() {
        let mut catalog = outline(&[1, 3]);
        catalog.take(CatalogPart::Columns(vec![
            vec![column("one")],
            vec![column("three")],
        ]));
        catalog.take(CatalogPart::Outline(outline(&[1, 2, 3])));
        let names: Vec<_> = (0..3)
            .map(|place| {
                catalog
                    .columns_of(place)
                    .first()
                    .map(|column| column.name.clone())
            })
            .collect();
        assert_eq!(names, [Some("one".into()), None, Some("three".into())]);
    }

    #[test]
    fn a_reload_keeps_locks_until_they_are_read_again() {
        let mut catalog = outline(&[1, 3]);
        catalog.take(CatalogPart::Locked(HashSet::from([3])));
        let locked = |catalog: &Catalog| -> Vec<u32> {
            let relations = catalog.relations.iter();
            let locked = relations.filter(|relation| relation.access == Access::Locked);
            locked.map(|relation| relation.oid).collect()
        };
        catalog.take(CatalogPart::Outline(outline(&[1, 2, 3])));
        assert_eq!(locked(&catalog), [3]);
        catalog.take(CatalogPart::Locked(HashSet::from([2])));
        assert_eq!(locked(&catalog), [2]);
    }

    #[test]
    fn counts_read_like_speech() {
        let spoken: Vec<_> = [0, 999, 1_000, 48_213, 1_234_567, 4_800_000_000]
            .into_iter()
            .map(spoken_count)
            .collect();
        assert_eq!(spoken, ["0", "999", "1.0 k", "48 k", "1.2 M", "4.8 G"]);
    }
}

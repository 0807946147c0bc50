//! What a database holds: schemas, relations, columns, functions, roles; built for 10,000 relations.

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
    /// Databases, schemas and relations: the tree can be shown.
    Outline(Catalog),
    /// Columns, in the order of the outline's relations.
    Columns(Vec<Vec<CatalogColumn>>),
    /// Functions.
    Functions(Vec<Function>),
    /// Roles.
    Roles(Vec<RoleEntry>),
}

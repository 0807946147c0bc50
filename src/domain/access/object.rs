//! What rights can be held on.

use std::borrow::Cow;

use super::acl::Grantee;
use super::role::RoleId;
use crate::domain::ident;

/// An object of a [`super::Snapshot`], by its place there. Means nothing in another snapshot,
/// except one made from it by [`super::Snapshot::with_change`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub(super) u32);

impl ObjectId {
    /// Its place among [`super::Snapshot::objects`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A database of the cluster.
    Database,
    /// A schema.
    Schema,
    /// A table; also a partition that has rows.
    Table,
    /// A table without rows of its own; may itself be a partition.
    PartitionedTable,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A foreign table; also a partition.
    ForeignTable,
    /// A column with an ACL of its own; the others have only their table's.
    Column,
    /// A function, window functions included.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A base, enumerated, range or composite type.
    Type,
    /// A domain.
    Domain,
    /// A procedural language.
    Language,
    /// A foreign-data wrapper.
    ForeignDataWrapper,
    /// A foreign server.
    ForeignServer,
    /// A tablespace.
    Tablespace,
    /// A large object.
    LargeObject,
    /// From 15: a configuration parameter on which something was granted.
    Parameter,
}

/// Kinds that share a catalog: their OIDs are unique among themselves, and so are their names (of
/// functions: with arguments).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    /// `pg_database`.
    Database,
    /// `pg_namespace`.
    Schema,
    /// `pg_class`.
    Relation,
    /// `pg_attribute`; the OID is the relation's.
    Column,
    /// `pg_proc`.
    Function,
    /// `pg_type`.
    Type,
    /// `pg_language`.
    Language,
    /// `pg_foreign_data_wrapper`.
    ForeignDataWrapper,
    /// `pg_foreign_server`.
    ForeignServer,
    /// `pg_tablespace`.
    Tablespace,
    /// `pg_largeobject_metadata`.
    LargeObject,
    /// `pg_parameter_acl`.
    Parameter,
}

impl ObjectKind {
    /// All of them, in the order of the tree.
    pub const ALL: [Self; 20] = [
        Self::Database,
        Self::Schema,
        Self::Table,
        Self::PartitionedTable,
        Self::View,
        Self::MaterializedView,
        Self::Sequence,
        Self::ForeignTable,
        Self::Column,
        Self::Function,
        Self::Procedure,
        Self::Aggregate,
        Self::Type,
        Self::Domain,
        Self::Language,
        Self::ForeignDataWrapper,
        Self::ForeignServer,
        Self::Tablespace,
        Self::LargeObject,
        Self::Parameter,
    ];

    /// Its name in prose.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Sequence => "sequence",
            Self::ForeignTable => "foreign table",
            Self::Column => "column",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Aggregate => "aggregate",
            Self::Type => "type",
            Self::Domain => "domain",
            Self::Language => "language",
            Self::ForeignDataWrapper => "foreign-data wrapper",
            Self::ForeignServer => "foreign server",
            Self::Tablespace => "tablespace",
            Self::LargeObject => "large object",
            Self::Parameter => "parameter",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of_noun(noun: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.noun() == noun)
    }

    /// Where it is catalogued.
    #[must_use]
    pub const fn realm(self) -> Realm {
        match self {
            Self::Database => Realm::Database,
            Self::Schema => Realm::Schema,
            Self::Table
            | Self::PartitionedTable
            | Self::View
            | Self::MaterializedView
            | Self::Sequence
            | Self::ForeignTable => Realm::Relation,
            Self::Column => Realm::Column,
            Self::Function | Self::Procedure | Self::Aggregate => Realm::Function,
            Self::Type | Self::Domain => Realm::Type,
            Self::Language => Realm::Language,
            Self::ForeignDataWrapper => Realm::ForeignDataWrapper,
            Self::ForeignServer => Realm::ForeignServer,
            Self::Tablespace => Realm::Tablespace,
            Self::LargeObject => Realm::LargeObject,
            Self::Parameter => Realm::Parameter,
        }
    }

    /// The words between `ON` and the name in a GRANT.
    #[must_use]
    pub const fn grant_word(self) -> &'static str {
        match self {
            Self::Database => "DATABASE",
            Self::Schema => "SCHEMA",
            Self::Table
            | Self::PartitionedTable
            | Self::View
            | Self::MaterializedView
            | Self::ForeignTable
            | Self::Column => "TABLE",
            Self::Sequence => "SEQUENCE",
            Self::Function | Self::Aggregate => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Type => "TYPE",
            Self::Domain => "DOMAIN",
            Self::Language => "LANGUAGE",
            Self::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
            Self::ForeignServer => "FOREIGN SERVER",
            Self::Tablespace => "TABLESPACE",
            Self::LargeObject => "LARGE OBJECT",
            Self::Parameter => "PARAMETER",
        }
    }
}

/// What matters about an object besides its ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trait {
    /// A view whose tables are checked against the caller's rights, not its owner's (from 15).
    SecurityInvoker,
    /// A function that runs with its owner's rights.
    SecurityDefiner,
    /// A language any role with USAGE may write functions in.
    Trusted,
    /// Row-level security is on.
    RowSecurity,
    /// Row-level security holds for the owner too.
    ForcedRowSecurity,
    /// A partition.
    Partition,
    /// A table that others inherit from, or that inherits.
    Inherited,
    /// A catalog of the system, which only superusers write to, whatever was granted.
    System,
}

impl Trait {
    /// The letter the loader's queries write for it.
    pub(super) fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'i' => Self::SecurityInvoker,
            'd' => Self::SecurityDefiner,
            't' => Self::Trusted,
            'r' => Self::RowSecurity,
            'f' => Self::ForcedRowSecurity,
            'p' => Self::Partition,
            'h' => Self::Inherited,
            's' => Self::System,
            _ => return None,
        })
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of traits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Traits(u8);

impl Traits {
    /// Whether the trait is among them.
    #[must_use]
    pub const fn has(self, which: Trait) -> bool {
        self.0 & which.bit() != 0
    }
}

impl FromIterator<Trait> for Traits {
    fn from_iter<I: IntoIterator<Item = Trait>>(traits: I) -> Self {
        Self(traits.into_iter().fold(0, |bits, which| bits | which.bit()))
    }
}

/// An object with rights. Its ACL is asked of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What kind.
    pub kind: ObjectKind,
    /// Its OID; a column's is its relation's, a parameter's that of its `pg_parameter_acl` row.
    pub oid: u32,
    /// A column's number; 0 for all else, negative for system columns.
    pub number: i16,
    /// Its name; a large object's is its OID.
    pub name: String,
    /// A function's identity arguments, as `pg_get_function_identity_arguments` words them; empty
    /// for all else.
    pub arguments: String,
    /// Its schema; a column's is its relation's.
    pub schema: Option<ObjectId>,
    /// The relation of a column; the parent of a partition or of an inheriting table (the first).
    pub parent: Option<ObjectId>,
    /// Its owner; a column's is its relation's. `None` only where the server names a role that is
    /// gone.
    pub owner: Option<RoleId>,
    /// What else matters.
    pub traits: Traits,
}

impl Object {
    /// Its own name as SQL writes it, without its schema: `"Order"`, `twice(n integer)`.
    #[must_use]
    pub fn sql_name(&self) -> Cow<'_, str> {
        match self.kind {
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                Cow::Owned(format!("{}({})", ident::quoted(&self.name), self.arguments))
            }
            // Parameter names may be dotted and take no quotes.
            ObjectKind::LargeObject | ObjectKind::Parameter => Cow::Borrowed(&self.name),
            _ => ident::quoted(&self.name),
        }
    }
}

/// Which commands a policy is for (`pg_policy.polcmd`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyCommand {
    /// All.
    All,
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl PolicyCommand {
    /// The word of `CREATE POLICY … FOR`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// How a policy counts among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// A row passes if any of these lets it.
    Permissive,
    /// A row must pass each of these as well.
    Restrictive,
}

/// A policy's expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expression {
    /// There is none.
    #[default]
    Absent,
    /// In SQL; untrusted text.
    Text(String),
    /// There is one, but it could not be read: someone holds a lock on the table, or the session is
    /// in a transaction of its user's.
    Unread,
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its OID.
    pub oid: u32,
    /// Its table.
    pub relation: ObjectId,
    /// Its name.
    pub name: String,
    /// For which commands.
    pub command: PolicyCommand,
    /// How it counts.
    pub kind: PolicyKind,
    /// For whom.
    pub grantees: Vec<Grantee>,
    /// Which rows are there for the command.
    pub using: Expression,
    /// Which rows may be written.
    pub check: Expression,
}

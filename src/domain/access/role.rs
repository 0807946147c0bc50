//! Roles, their attributes, and memberships with their options.

/// A role of a [`super::Snapshot`], by its place there. Means nothing in another snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub(super) u32);

impl RoleId {
    /// Its place among [`super::Snapshot::roles`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An attribute of a role (PostgreSQL documentation, "Role Attributes"). None is inherited by
/// members, superuser included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// Passes every check but the right to log in.
    Superuser,
    /// Uses the rights of the roles it is a member of; from 16 on only the default for new
    /// memberships.
    Inherit,
    /// May make and change roles; from 16 on only those it administers.
    CreateRole,
    /// May make databases.
    CreateDb,
    /// May log in.
    Login,
    /// May stream the write-ahead log.
    Replication,
    /// Row-level security does not apply to it.
    BypassRls,
}

impl Attribute {
    /// All of them, in the order `\du` shows them.
    pub const ALL: [Self; 7] = [
        Self::Superuser,
        Self::CreateRole,
        Self::CreateDb,
        Self::Login,
        Self::Replication,
        Self::BypassRls,
        Self::Inherit,
    ];

    /// The word of `CREATE ROLE`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Superuser => "SUPERUSER",
            Self::Inherit => "INHERIT",
            Self::CreateRole => "CREATEROLE",
            Self::CreateDb => "CREATEDB",
            Self::Login => "LOGIN",
            Self::Replication => "REPLICATION",
            Self::BypassRls => "BYPASSRLS",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attributes(u8);

impl Attributes {
    /// Whether the attribute is among them.
    #[must_use]
    pub const fn has(self, attribute: Attribute) -> bool {
        self.0 & attribute.bit() != 0
    }

    /// Those that are here and not there.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are there, in the order of [`Attribute::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL
            .into_iter()
            .filter(move |attribute| self.has(*attribute))
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        Self(
            attributes
                .into_iter()
                .fold(0, |bits, attribute| bits | attribute.bit()),
        )
    }
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// `pg_roles.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// What it may do besides privileges.
    pub attributes: Attributes,
    /// Most sessions at once; `None` is without limit.
    pub connection_limit: Option<u32>,
    /// Until when its password works, as the server words it; `None` is for ever.
    pub valid_until: Option<String>,
}

impl Role {
    /// Which predefined role it is, if one. Names that begin with `pg_` are the server's own
    /// (PostgreSQL documentation, "Predefined Roles").
    #[must_use]
    pub fn predefined(&self) -> Option<Predefined> {
        Predefined::named(&self.name)
    }

    /// Whether it is a superuser.
    #[must_use]
    pub const fn is_superuser(&self) -> bool {
        self.attributes.has(Attribute::Superuser)
    }
}

/// An option of a membership. Until 15 only ADMIN is stored: INHERIT is the member's attribute and
/// SET always holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MembershipOption {
    /// The member may grant and revoke the role.
    Admin,
    /// The member has the role's rights without further ado.
    Inherit,
    /// The member may `SET ROLE` to the role.
    Set,
}

impl MembershipOption {
    /// The word of `GRANT role TO member WITH`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Inherit => "INHERIT",
            Self::Set => "SET",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of membership options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MembershipOptions(u8);

impl MembershipOptions {
    /// Whether the option is on.
    #[must_use]
    pub const fn has(self, option: MembershipOption) -> bool {
        self.0 & option.bit() != 0
    }

    /// The same with an option switched on.
    #[must_use]
    pub const fn with(self, option: MembershipOption) -> Self {
        Self(self.0 | option.bit())
    }

    /// The same with an option switched off.
    #[must_use]
    pub const fn without(self, option: MembershipOption) -> Self {
        Self(self.0 & !option.bit())
    }
}

impl FromIterator<MembershipOption> for MembershipOptions {
    fn from_iter<I: IntoIterator<Item = MembershipOption>>(options: I) -> Self {
        Self(
            options
                .into_iter()
                .fold(0, |bits, option| bits | option.bit()),
        )
    }
}

/// What a membership allows before 16: the member's own attribute decides on inheritance, and SET
/// ROLE always works.
pub(super) fn before_16(member: Attributes, stored: MembershipOptions) -> MembershipOptions {
    let options = stored.with(MembershipOption::Set);
    if member.has(Attribute::Inherit) {
        options.with(MembershipOption::Inherit)
    } else {
        options.without(MembershipOption::Inherit)
    }
}

/// That a role is a member of another. From 16 on there may be one a grantor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The group.
    pub role: RoleId,
    /// Who is in it.
    pub member: RoleId,
    /// Who granted it; `None` where that role is gone, which happens until 15.
    pub grantor: Option<RoleId>,
    /// What it allows.
    pub options: MembershipOptions,
}

/// A role the server brings along, with what cannot be seen in any ACL.
///
/// Source: PostgreSQL documentation 13 to 18, "Predefined Roles".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Predefined {
    /// From 14: the owner of the current database is a member without being one.
    DatabaseOwner,
    /// From 14: SELECT on every table, view and sequence, USAGE on every schema.
    ReadAllData,
    /// From 14: INSERT, UPDATE and DELETE on every table, view and sequence, USAGE on every schema.
    WriteAllData,
    /// From 17: MAINTAIN on every relation.
    Maintain,
    /// Sees all settings.
    ReadAllSettings,
    /// Sees all statistics views in full.
    ReadAllStats,
    /// Runs monitoring functions that lock tables.
    StatScanTables,
    /// Member of the three above.
    Monitor,
    /// Cancels and ends other sessions, superusers' excepted.
    SignalBackend,
    /// Reads files of the server's machine.
    ReadServerFiles,
    /// Writes files of the server's machine.
    WriteServerFiles,
    /// Runs programs on the server's machine.
    ExecuteServerProgram,
    /// From 15: CHECKPOINT.
    Checkpoint,
    /// From 16: the connections kept back by `reserved_connections`.
    UseReservedConnections,
    /// From 16: CREATE SUBSCRIPTION, with CREATE on the database.
    CreateSubscription,
    /// From 18: ends autovacuum workers.
    SignalAutovacuumWorker,
}

/// Each with its name, the version it came with, and what it gives.
const PREDEFINED: [(Predefined, &str, u32, &str); 16] = [
    (
        Predefined::DatabaseOwner,
        "pg_database_owner",
        14,
        "whatever is granted to it, for the owner of the current database",
    ),
    (
        Predefined::ReadAllData,
        "pg_read_all_data",
        14,
        "SELECT on every table, view and sequence, USAGE on every schema",
    ),
    (
        Predefined::WriteAllData,
        "pg_write_all_data",
        14,
        "INSERT, UPDATE, DELETE on every table, view and sequence, USAGE on every schema",
    ),
    (
        Predefined::Maintain,
        "pg_maintain",
        17,
        "MAINTAIN on every relation: VACUUM, ANALYZE, CLUSTER, REFRESH, REINDEX, LOCK",
    ),
    (
        Predefined::ReadAllSettings,
        "pg_read_all_settings",
        13,
        "every setting, also those only superusers see",
    ),
    (
        Predefined::ReadAllStats,
        "pg_read_all_stats",
        13,
        "every pg_stat view in full",
    ),
    (
        Predefined::StatScanTables,
        "pg_stat_scan_tables",
        13,
        "monitoring functions that may lock tables for long",
    ),
    (
        Predefined::Monitor,
        "pg_monitor",
        13,
        "all settings and statistics views, through its memberships",
    ),
    (
        Predefined::SignalBackend,
        "pg_signal_backend",
        13,
        "cancelling and ending sessions of roles that are not superusers",
    ),
    (
        Predefined::ReadServerFiles,
        "pg_read_server_files",
        13,
        "reading files of the server's machine: as good as superuser",
    ),
    (
        Predefined::WriteServerFiles,
        "pg_write_server_files",
        13,
        "writing files of the server's machine: as good as superuser",
    ),
    (
        Predefined::ExecuteServerProgram,
        "pg_execute_server_program",
        13,
        "running programs on the server's machine: as good as superuser",
    ),
    (Predefined::Checkpoint, "pg_checkpoint", 15, "CHECKPOINT"),
    (
        Predefined::UseReservedConnections,
        "pg_use_reserved_connections",
        16,
        "connections kept back by reserved_connections",
    ),
    (
        Predefined::CreateSubscription,
        "pg_create_subscription",
        16,
        "CREATE SUBSCRIPTION, with CREATE on the database",
    ),
    (
        Predefined::SignalAutovacuumWorker,
        "pg_signal_autovacuum_worker",
        18,
        "ending autovacuum workers",
    ),
];

impl Predefined {
    /// The predefined role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PREDEFINED
            .iter()
            .find(|(_, known, _, _)| *known == name)
            .map(|(role, _, _, _)| *role)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |(_, name, _, _)| name)
    }

    /// The major version it came with; 13 stands for 13 and earlier.
    #[must_use]
    pub fn since(self) -> u32 {
        self.entry().map_or(0, |(_, _, since, _)| *since)
    }

    /// What it gives, in a phrase.
    #[must_use]
    pub fn gives(self) -> &'static str {
        self.entry().map_or("", |(_, _, _, gives)| gives)
    }

    fn entry(self) -> Option<&'static (Self, &'static str, u32, &'static str)> {
        PREDEFINED.iter().find(|(role, _, _, _)| *role == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predefined_roles_are_known_by_name() {
        for (role, name, _, _) in PREDEFINED {
            assert_eq!(Predefined::named(name), Some(role));
            assert_eq!(role.name(), name);
        }
        assert_eq!(Predefined::named("postgres"), None);
        assert_eq!(Predefined::Maintain.since(), 17);
    }

    #[test]
    fn attributes_are_a_set() {
        let some: Attributes = [Attribute::Login, Attribute::CreateDb]
            .into_iter()
            .collect();
        assert!(some.has(Attribute::Login) && !some.has(Attribute::Superuser));
        let words: Vec<_> = some.iter().map(Attribute::keyword).collect();
        assert_eq!(words, ["CREATEDB", "LOGIN"]);
    }
}

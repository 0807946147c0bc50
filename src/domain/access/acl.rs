//! Privileges, ACL items, and what holds where no ACL was ever written.
//!
//! Source: PostgreSQL documentation, "Privileges"; PostgreSQL source, `acl.h`, `acl.c`
//! (`acldefault`, `aclitemout`).

use super::object::{ObjectKind, Realm};
use super::role::RoleId;

/// A privilege that can be granted on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// Read rows, or a large object.
    Select,
    /// Add rows.
    Insert,
    /// Change rows, or a large object.
    Update,
    /// Remove rows.
    Delete,
    /// Empty a table.
    Truncate,
    /// Point a foreign key at it.
    References,
    /// Put a trigger on it.
    Trigger,
    /// From 17: VACUUM, ANALYZE, CLUSTER, REFRESH MATERIALIZED VIEW, REINDEX, LOCK TABLE.
    Maintain,
    /// Reach what is in a schema; use a sequence, type, language, wrapper or server.
    Usage,
    /// Make things in a database, schema or tablespace.
    Create,
    /// Open sessions.
    Connect,
    /// Make temporary tables.
    Temporary,
    /// Call.
    Execute,
    /// From 15: set a parameter.
    Set,
    /// From 15: set a parameter for the whole server.
    AlterSystem,
}

impl Privilege {
    /// All of them, in the order the server prints them.
    pub const ALL: [Self; 15] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Truncate,
        Self::References,
        Self::Trigger,
        Self::Maintain,
        Self::Usage,
        Self::Create,
        Self::Connect,
        Self::Temporary,
        Self::Execute,
        Self::Set,
        Self::AlterSystem,
    ];

    /// The word of GRANT.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
            Self::Maintain => "MAINTAIN",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::Connect => "CONNECT",
            Self::Temporary => "TEMPORARY",
            Self::Execute => "EXECUTE",
            Self::Set => "SET",
            Self::AlterSystem => "ALTER SYSTEM",
        }
    }

    /// The letter of an ACL item.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Select => 'r',
            Self::Insert => 'a',
            Self::Update => 'w',
            Self::Delete => 'd',
            Self::Truncate => 'D',
            Self::References => 'x',
            Self::Trigger => 't',
            Self::Maintain => 'm',
            Self::Usage => 'U',
            Self::Create => 'C',
            Self::Connect => 'c',
            Self::Temporary => 'T',
            Self::Execute => 'X',
            Self::Set => 's',
            Self::AlterSystem => 'A',
        }
    }

    /// The privilege with that letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|privilege| privilege.letter() == letter)
    }

    /// The privilege with that word, in any case; `TEMP` is short for `TEMPORARY`.
    #[must_use]
    pub fn of_keyword(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("TEMP") {
            return Some(Self::Temporary);
        }
        Self::ALL
            .into_iter()
            .find(|privilege| privilege.keyword().eq_ignore_ascii_case(word))
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of privileges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Privileges(u16);

impl Privileges {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(privileges: &[Privilege]) -> Self {
        let (mut bits, mut rest) = (0, privileges);
        while let [first, others @ ..] = rest {
            bits |= first.bit();
            rest = others;
        }
        Self(bits)
    }

    /// All that mean something on an object of that kind, in that major version.
    #[must_use]
    pub const fn applicable(kind: ObjectKind, version: u32) -> Self {
        use Privilege as P;
        let all = match kind.realm() {
            Realm::Relation if matches!(kind, ObjectKind::Sequence) => {
                Self::of(&[P::Select, P::Update, P::Usage])
            }
            Realm::Relation => Self::of(&[
                P::Select,
                P::Insert,
                P::Update,
                P::Delete,
                P::Truncate,
                P::References,
                P::Trigger,
                P::Maintain,
            ]),
            Realm::Column => Self::of(&[P::Select, P::Insert, P::Update, P::References]),
            Realm::Database => Self::of(&[P::Create, P::Connect, P::Temporary]),
            Realm::Schema => Self::of(&[P::Usage, P::Create]),
            Realm::Function => Self::of(&[P::Execute]),
            Realm::Type | Realm::Language | Realm::ForeignDataWrapper | Realm::ForeignServer => {
                Self::of(&[P::Usage])
            }
            Realm::Tablespace => Self::of(&[P::Create]),
            Realm::LargeObject => Self::of(&[P::Select, P::Update]),
            Realm::Parameter => Self::of(&[P::Set, P::AlterSystem]),
        };
        if version < 17 {
            all.without(Self::of(&[P::Maintain]))
        } else {
            all
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the privilege is among them.
    #[must_use]
    pub const fn has(self, privilege: Privilege) -> bool {
        self.0 & privilege.bit() != 0
    }

    /// Whether all of the others are among them.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those here and not there.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One after another, in the order of [`Privilege::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL
            .into_iter()
            .filter(move |privilege| self.has(*privilege))
    }

    /// The letters of an ACL item: `arw` reads as INSERT, SELECT, UPDATE, here in the order of
    /// [`Privilege::ALL`].
    #[must_use]
    pub fn letters(self) -> String {
        self.iter().map(Privilege::letter).collect()
    }
}

impl FromIterator<Privilege> for Privileges {
    fn from_iter<I: IntoIterator<Item = Privilege>>(privileges: I) -> Self {
        Self(
            privileges
                .into_iter()
                .fold(0, |bits, privilege| bits | privilege.bit()),
        )
    }
}

/// Privileges, and those that may be passed on. An owner who revoked a privilege from itself may
/// still pass it on, so neither set is within the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rights {
    /// What may be done.
    pub held: Privileges,
    /// What may be granted to others.
    pub grantable: Privileges,
}

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self {
        held: Privileges::NONE,
        grantable: Privileges::NONE,
    };

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.held.is_empty() && self.grantable.is_empty()
    }

    /// Those in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            held: self.held.and(other.held),
            grantable: self.grantable.and(other.grantable),
        }
    }

    /// Those here and not there.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self {
            held: self.held.without(other.held),
            grantable: self.grantable.without(other.grantable),
        }
    }

    /// Only what concerns these privileges.
    #[must_use]
    pub const fn within(self, privileges: Privileges) -> Self {
        Self {
            held: self.held.within(privileges),
            grantable: self.grantable.within(privileges),
        }
    }
}

/// Whom an ACL item or a policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Every role, also those that do not exist yet.
    Public,
    /// One role and those that have its rights.
    Role(RoleId),
}

/// One entry of an ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AclItem {
    /// Who has it.
    pub grantee: Grantee,
    /// Who gave it.
    pub grantor: RoleId,
    /// What.
    pub rights: Rights,
}

/// What an object has whose ACL was never written (`acldefault`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HardWired {
    /// What everybody has.
    pub public: Privileges,
    /// What the owner has.
    pub owner: Privileges,
}

impl HardWired {
    /// That of a kind of object, in that major version.
    #[must_use]
    pub const fn of(kind: ObjectKind, version: u32) -> Self {
        let public = match kind.realm() {
            Realm::Database => Privileges::of(&[Privilege::Connect, Privilege::Temporary]),
            Realm::Function => Privileges::of(&[Privilege::Execute]),
            Realm::Type | Realm::Language => Privileges::of(&[Privilege::Usage]),
            Realm::Relation
            | Realm::Column
            | Realm::Schema
            | Realm::ForeignDataWrapper
            | Realm::ForeignServer
            | Realm::Tablespace
            | Realm::LargeObject
            | Realm::Parameter => Privileges::NONE,
        };
        let owner = match kind.realm() {
            Realm::Column => Privileges::NONE,
            _ => Privileges::applicable(kind, version),
        };
        Self { public, owner }
    }

    /// The ACL items it amounts to.
    pub fn items(self, owner: RoleId) -> impl Iterator<Item = AclItem> {
        let item = move |grantee, held: Privileges| AclItem {
            grantee,
            grantor: owner,
            rights: Rights {
                held,
                grantable: Privileges::NONE,
            },
        };
        [
            item(Grantee::Public, self.public),
            item(Grantee::Role(owner), self.owner),
        ]
        .into_iter()
        .filter(|item| !item.rights.is_empty())
    }
}

/// Reads one ACL item as the server prints it: `readers=r*w/dba`, names quoted where they are not
/// plain. `role` finds a role by its name, or says `None` for one that is gone: then there is no
/// item, since nobody can have it.
#[must_use]
pub(super) fn item(text: &str, role: impl Fn(&str) -> Option<RoleId>) -> Option<AclItem> {
    let (grantee, rest) = name(text)?;
    let (letters, grantor) = rest.strip_prefix('=')?.split_once('/')?;
    let (grantor, _) = name(grantor)?;
    let mut rights = Rights::NONE;
    let mut last = None;
    for letter in letters.chars() {
        if letter == '*' {
            rights.grantable = rights.grantable.and(Privileges::from_iter(last));
        } else {
            last = Privilege::of_letter(letter);
            rights.held = rights.held.and(Privileges::from_iter(last));
        }
    }
    Some(AclItem {
        grantee: if grantee.is_empty() {
            Grantee::Public
        } else {
            Grantee::Role(role(&grantee)?)
        },
        grantor: role(&grantor)?,
        rights,
    })
}

/// The name at the start of an ACL item and what follows it. In quotes, two quotes are one.
fn name(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['=', '/']).unwrap_or(text.len());
        let (bare, rest) = text.split_at_checked(end)?;
        return Some((bare.to_owned(), rest));
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Option<RoleId> {
        ["dba", "readers", "odd \"=/ name"]
            .iter()
            .position(|known| *known == name)
            .and_then(|at| u32::try_from(at).ok())
            .map(RoleId)
    }

    #[test]
    fn items_are_read_as_the_server_prints_them() {
        let read = item("readers=r*w/dba", role).unwrap();
        assert_eq!(read.grantee, Grantee::Role(RoleId(1)));
        assert_eq!(read.grantor, RoleId(0));
        assert_eq!(read.rights.held.letters(), "rw");
        assert_eq!(read.rights.grantable.letters(), "r");

        let public = item("=U/dba", role).unwrap();
        assert_eq!(public.grantee, Grantee::Public);

        let odd = item("\"odd \"\"=/ name\"=X/\"odd \"\"=/ name\"", role).unwrap();
        assert_eq!(
            (odd.grantee, odd.grantor),
            (Grantee::Role(RoleId(2)), RoleId(2))
        );
    }

    #[test]
    fn items_of_roles_that_are_gone_are_nobodys() {
        for text in [
            "16999=r/dba",
            "readers=r/16999",
            "nonsense",
            "\"open=r/dba",
            "",
        ] {
            assert_eq!(item(text, role), None, "{text}");
        }
    }

    #[test]
    fn every_privilege_is_known_by_letter_and_word() {
        for privilege in Privilege::ALL {
            assert_eq!(Privilege::of_letter(privilege.letter()), Some(privilege));
            assert_eq!(
                Privilege::of_keyword(&privilege.keyword().to_lowercase()),
                Some(privilege)
            );
        }
    }

    #[test]
    fn maintain_means_nothing_before_17() {
        let of =
            |version| Privileges::applicable(ObjectKind::Table, version).has(Privilege::Maintain);
        assert!(!of(16) && of(17));
    }
}

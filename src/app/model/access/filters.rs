//! What narrows the access screen.

use crate::app::model::line::Line;
use crate::domain::access::{Object, ObjectId, ObjectKind, Privilege, Privileges, Realm, Snapshot};

/// Which kinds of objects show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// Tables, views and whatever else holds rows.
    Relations,
    /// Columns with rights of their own.
    Columns,
    /// Sequences.
    Sequences,
    /// Functions, procedures, aggregates.
    Routines,
    /// Schemas and databases.
    Containers,
    /// Types, languages, servers, and the rest.
    Others,
}

impl Kinds {
    const ALL: [Self; 7] = [
        Self::All,
        Self::Relations,
        Self::Columns,
        Self::Sequences,
        Self::Routines,
        Self::Containers,
        Self::Others,
    ];

    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all kinds",
            Self::Relations => "tables and views",
            Self::Columns => "columns",
            Self::Sequences => "sequences",
            Self::Routines => "functions",
            Self::Containers => "schemas and databases",
            Self::Others => "other kinds",
        }
    }

    fn of(kind: ObjectKind) -> Self {
        match kind.realm() {
            Realm::Relation if kind == ObjectKind::Sequence => Self::Sequences,
            Realm::Relation => Self::Relations,
            Realm::Column => Self::Columns,
            Realm::Function => Self::Routines,
            Realm::Database | Realm::Schema => Self::Containers,
            Realm::Type
            | Realm::Language
            | Realm::ForeignDataWrapper
            | Realm::ForeignServer
            | Realm::Tablespace
            | Realm::LargeObject
            | Realm::Parameter => Self::Others,
        }
    }

    /// The kinds of objects it stands for; empty is all.
    #[must_use]
    pub fn kinds(self) -> Vec<ObjectKind> {
        match self {
            Self::All => Vec::new(),
            one => ObjectKind::ALL
                .into_iter()
                .filter(|kind| Self::of(*kind) == one)
                .collect(),
        }
    }

    /// The next of them, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|kinds| *kinds == self);
        at.and_then(|at| Self::ALL.get(at + 1).copied())
            .unwrap_or_default()
    }
}

/// Whether what belongs to the server itself shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SystemParts {
    /// Roles whose names begin with `pg_` are left out, and so are the system's schemas and what is in
    /// `information_schema`: views of it are open to everybody. What the snapshot holds of `pg_catalog`
    /// shows: somebody opened it, or not everybody may read it.
    #[default]
    Hidden,
    /// They show like others.
    Shown,
}

/// Whether keys go into the words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Typing {
    /// They do not.
    #[default]
    No,
    /// They do.
    Yes,
}

/// Narrows what shows.
#[derive(Debug, Default)]
pub struct Filters {
    /// Words that names must contain; those behind `@` are for roles.
    pub words: Line,
    /// Whether they are being typed.
    pub typing: Typing,
    /// Which kinds.
    pub kinds: Kinds,
    /// Only where this privilege is held.
    pub privilege: Option<Privilege>,
    /// Only in this schema.
    pub schema: Option<ObjectId>,
    /// What belongs to the server itself.
    pub system_parts: SystemParts,
}

/// Words in lower case, taken apart once.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) objects: Vec<String>,
    pub(super) roles: Vec<String>,
}

impl Words {
    /// All of them, where only roles are listed.
    pub(super) fn for_roles_alone(&self) -> Vec<String> {
        self.objects.iter().chain(&self.roles).cloned().collect()
    }
}

/// Whether `text` has every word in it. Names are nearly always plain ASCII in lower case, which
/// costs no copy.
pub(super) fn says(text: &str, words: &[String]) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if plain {
        return words.iter().all(|word| text.contains(word.as_str()));
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

impl Filters {
    pub(super) fn parted(&self) -> Words {
        let text = self.words.text().to_lowercase();
        let mut words = Words::default();
        for word in text.split_whitespace() {
            match word.strip_prefix('@') {
                Some(role) => words.roles.push(role.to_owned()),
                None => words.objects.push(word.to_owned()),
            }
        }
        words
    }

    pub(super) fn takes_role(&self, name: &str, words: &[String]) -> bool {
        let own = name.starts_with("pg_") && self.system_parts == SystemParts::Hidden;
        !own && says(name, words)
    }

    pub(super) fn takes_object(
        &self,
        rights: &Snapshot,
        id: ObjectId,
        object: &Object,
        words: &Words,
    ) -> bool {
        let in_schema = self
            .schema
            .is_none_or(|schema| object.schema == Some(schema) || id == schema);
        let of_kind = self.kinds == Kinds::All || self.kinds == Kinds::of(object.kind);
        let has_privilege = self.privilege.is_none_or(|privilege| {
            Privileges::applicable(object.kind, rights.version()).has(privilege)
        });
        let own = self.system_parts == SystemParts::Hidden && is_system_part(rights, object);
        in_schema
            && !own
            && of_kind
            && has_privilege
            && (words.objects.is_empty() || says(&rights.object_name(id), &words.objects))
    }

    /// Filters by the next of the privileges people ask about, round and round.
    pub fn next_privilege(&mut self) {
        const ASKED: [Privilege; 9] = [
            Privilege::Select,
            Privilege::Insert,
            Privilege::Update,
            Privilege::Delete,
            Privilege::Truncate,
            Privilege::Execute,
            Privilege::Usage,
            Privilege::Create,
            Privilege::Connect,
        ];
        self.privilege = match self.privilege {
            None => ASKED.first().copied(),
            Some(privilege) => {
                let at = ASKED.iter().position(|known| *known == privilege);
                at.and_then(|at| ASKED.get(at + 1).copied())
            }
        };
    }

    /// Whether anything is narrowed.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        !self.words.text().trim().is_empty()
            || self.kinds != Kinds::All
            || self.privilege.is_some()
            || self.schema.is_some()
    }
}

/// Whether an object is in a schema of the server's own, or is one.
pub(super) fn is_system_part(rights: &Snapshot, object: &Object) -> bool {
    let schema = match object.kind {
        ObjectKind::Schema => Some(object),
        _ => object.schema.and_then(|schema| rights.object(schema)),
    };
    schema
        .is_some_and(|schema| ["pg_catalog", "information_schema"].contains(&schema.name.as_str()))
}

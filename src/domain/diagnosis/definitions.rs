//! What CREATE, ALTER, DROP, COMMENT, GRANT and their kin demand, read from their words: for when
//! they cannot be tried.
//!
//! Source: PostgreSQL documentation, the "Description" and "Notes" of the commands; `aclchk.c`.

mod altered;
mod created;

use super::denial::Denial;
use super::granting::{Given, given};
use super::report::ObjectKind;
use super::trial::word_at;
use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::Words;

/// One demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demanded {
    /// CREATE on the schema of a new object of that name; of one part where the path decides.
    CreateIn(Vec<String>),
    /// CREATE on the schema that a thing is in, or the database, for a role; nobody for who runs it.
    CreateBeside {
        /// The server's word for its kind.
        kind: &'static str,
        /// Its name.
        name: Vec<String>,
        /// The role.
        role: Option<String>,
    },
    /// To own a relation.
    OwnRelation(Vec<String>),
    /// USAGE of the foreign-data wrapper that a server is of, for a role.
    WrapperOf {
        /// The server.
        server: String,
        /// The role.
        role: String,
    },
    /// The same for what DROP … IF EXISTS takes off it, where there is such.
    OwnIfThere {
        /// `policy`, `rule` or `trigger`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The relation.
        of: Vec<String>,
    },
    /// To own a view of that name, where there is one.
    ReplaceView(Vec<String>),
    /// To own the routine of that name, where there is one alone: of several the arguments decide.
    ReplaceRoutine(Vec<String>),
    /// USAGE on the schema of a new table, which is looked for by its name once it is made.
    LookFor(Vec<String>),
    /// TRIGGER on a table.
    Trigger(Vec<String>),
    /// SELECT on the whole of a relation whose columns are copied.
    Like(Vec<String>),
    /// EXECUTE on a function that a definition names without its arguments.
    Execute(Vec<String>),
    /// Maintenance of a relation: ownership, from 17 on MAINTAIN.
    Maintain(Vec<String>),
    /// The grant option on all objects of a kind in a schema.
    GrantOptionOnAll {
        /// The word behind ALL: `tables`, `sequences`, `functions` …
        kind: String,
        /// The schema.
        schema: String,
        /// The privileges given away.
        privileges: Vec<Given>,
    },
    /// The grant option for some privileges on an object.
    GrantOption {
        /// The object.
        name: Vec<String>,
        /// The privileges given away.
        privileges: Vec<Given>,
    },
    /// To have an attribute oneself: before 16 CREATEDB comes with CREATEROLE, and the others take a
    /// superuser (PostgreSQL source, `user.c`, `CreateRole`, `AlterRole`).
    Attribute(&'static str),
    /// To manage oneself beyond one's password: before 16 CREATEROLE is enough, since then nobody can have
    /// ADMIN on oneself.
    ManageOneself,
    /// What a refusal in these words would be about.
    Refused(Denial),
}

/// Reads a statement, for the role that would run it; nothing where it is of another kind.
#[must_use]
pub fn demanded(sql: &str, role: &str) -> Vec<Demanded> {
    let reader = Reader(Words::of(sql));
    match reader.text(0).to_lowercase().as_str() {
        "create" => reader.created(role),
        "alter" if reader.is(1, "default") => reader.acting("for"),
        "alter" => reader.altered(role),
        "drop" if reader.is(1, "owned") => reader.acting("by"),
        "drop" => reader.dropped(role),
        "comment" | "security" => match reader.find("on") {
            Some(on) => reader.owned(on + 1, role).0,
            None => Vec::new(),
        },
        "reassign" => [reader.acting("by"), reader.acting("to")].concat(),
        "grant" | "revoke" => reader.granted(),
        "refresh" => {
            let at = if reader.is(3, "concurrently") { 4 } else { 3 };
            let name = reader.name(at).map(|(name, _)| Demanded::Maintain(name));
            name.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a statement drops what lies in a schema, whose owner may drop it too; policies, rules and
/// triggers lie on tables (PostgreSQL source, `dropcmds.c`, `RemoveObjects`; `tablecmds.c`,
/// `RangeVarCallbackForDropRelation`).
#[must_use]
pub fn drops_from_schema(sql: &str) -> bool {
    let on_tables = ["policy", "rule", "trigger"];
    word_at(sql, 0) == "drop" && !on_tables.contains(&word_at(sql, 1).as_str())
}

struct Reader<'a>(Words<'a>);

/// Kinds by the words of ALTER and DROP, the longest first, and the server's word for each.
const KINDS: [(&str, &str); 25] = [
    ("text search configuration", "text search configuration"),
    ("text search dictionary", "text search dictionary"),
    ("foreign data wrapper", "foreign-data wrapper"),
    ("event trigger", "event trigger"),
    ("large object", "large object"),
    ("operator class", "operator class"),
    ("operator family", "operator family"),
    ("materialized view", "relation"),
    ("foreign table", "relation"),
    ("table", "relation"),
    ("view", "relation"),
    ("index", "relation"),
    ("sequence", "relation"),
    ("schema", "schema"),
    ("database", "database"),
    ("tablespace", "tablespace"),
    ("extension", "extension"),
    ("language", "language"),
    ("publication", "publication"),
    ("subscription", "subscription"),
    ("server", "foreign server"),
    ("collation", "collation"),
    ("conversion", "conversion"),
    ("statistics", "statistics object"),
    ("operator", "operator"),
];

/// The server's words for kinds that are looked for in schemas, besides relations.
pub const IN_SCHEMAS: [&str; 10] = [
    "function",
    "type",
    "collation",
    "conversion",
    "statistics object",
    "operator",
    "operator class",
    "operator family",
    "text search dictionary",
    "text search configuration",
];

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.0.text(at)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.0.is(at, word)
    }

    fn find(&self, word: &str) -> Option<usize> {
        self.0.find(word)
    }

    /// The place behind some words, if they stand there.
    fn behind(&self, at: usize, words: &str) -> Option<usize> {
        let mut next = at;
        for word in words.split(' ') {
            if !self.is(next, word) {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    /// The dotted name at a word, and the place behind it.
    fn name(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let mut at = ["if not exists", "if exists", "concurrently", "only"]
            .into_iter()
            .fold(at, |at, skipped| self.behind(at, skipped).unwrap_or(at));
        let mut name = self.part(at)?;
        while self.is(at + 1, ".") {
            at += 2;
            name.extend(self.part(at)?);
        }
        Some((name, at + 1))
    }

    /// One part of a name; that of an operator is its sign.
    fn part(&self, at: usize) -> Option<Vec<String>> {
        let text = self.text(at);
        let is_operator = self
            .0
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Operator);
        if is_operator {
            Some(vec![text.to_owned()])
        } else {
            ident::parts(text)
        }
    }

    /// The names behind a word, and so on behind commas.
    fn names(&self, mut at: usize) -> (Vec<Vec<String>>, usize) {
        let mut names = Vec::new();
        while let Some((name, behind)) = self.name(at) {
            names.push(name);
            at = behind;
            // Argument types of a routine.
            if self.is(at, "(") {
                while at < self.0.len() && !self.is(at, ")") {
                    at += 1;
                }
                at += 1;
            }
            // The access method of an operator class.
            if self.is(at, "using") {
                at += 2;
            }
            if !self.is(at, ",") {
                break;
            }
            at += 1;
        }
        (names, at)
    }

    /// What DROP demands.
    fn dropped(&self, role: &str) -> Vec<Demanded> {
        let parts = ["policy", "rule", "trigger"];
        let part = parts
            .into_iter()
            .find_map(|kind| Some((kind, self.behind(1, kind)?)));
        if let Some((kind, at)) = part
            && self.behind(at, "if exists").is_some()
            && let Some((mut name, on)) = self.name(at)
            && let Some((of, _)) = self.name(on + 1)
            && let Some(name) = name.pop()
        {
            return vec![Demanded::OwnIfThere { kind, name, of }];
        }
        self.owned(1, role).0
    }

    /// The attributes that a role is given, or that are taken from it by a prefix.
    fn attributes(&self, from: usize, prefix: &str) -> Vec<Demanded> {
        let named = |word: &str| {
            (from..self.0.len())
                .any(|at| self.is(at, word) || self.is(at, &format!("{prefix}{word}")))
        };
        let mut found = Vec::new();
        if named("superuser") {
            found.push(Demanded::Refused(Denial::Superuser));
        }
        for (word, attribute) in [
            ("createdb", "CREATEDB"),
            ("replication", "REPLICATION"),
            ("bypassrls", "BYPASSRLS"),
        ] {
            if named(word) {
                found.push(Demanded::Attribute(attribute));
            }
        }
        found
    }

    /// USAGE on what stands behind a word.
    fn using(&self, kind: ObjectKind, word: &str) -> Vec<Demanded> {
        let name = self.find(word).and_then(|at| self.name(at + 1));
        name.map(|(name, _)| {
            let name = name.join(".");
            Demanded::Refused(Denial::Privilege { kind, name })
        })
        .into_iter()
        .collect()
    }

    /// What must be owned or administered to change, drop or describe what is named at a word; the
    /// place behind it.
    fn owned(&self, at: usize, role: &str) -> (Vec<Demanded>, usize) {
        let first = self.text(at).to_lowercase();
        if ["role", "user", "group"].contains(&first.as_str()) && !self.is(at + 1, "mapping") {
            let (names, behind) = self.names(at + 1);
            let oneself = ["current_user", "current_role", "session_user"];
            let others = names
                .iter()
                .filter_map(|name| name.last())
                .any(|name| name != role && !oneself.contains(&name.as_str()));
            let denial = Demanded::Refused(Denial::RoleManagement(None));
            return (others.then_some(denial).into_iter().collect(), behind);
        }
        if let Some(rare) = self.rare(at, role) {
            return rare;
        }
        if ["trigger", "policy", "rule", "constraint"].contains(&first.as_str()) {
            let on = (at..self.0.len()).find(|at| self.is(*at, "on"));
            let table = on.and_then(|on| self.name(on + 1));
            let behind = table.as_ref().map_or(at, |(_, behind)| *behind);
            let owned = table.map(|(name, _)| Demanded::OwnRelation(name));
            return (owned.into_iter().collect(), behind);
        }
        if first == "column" {
            let table = self
                .name(at + 1)
                .and_then(|(mut name, _)| name.pop().map(|_| Demanded::OwnRelation(name)));
            return (table.into_iter().collect(), at);
        }
        for (kind, word) in [
            ("function", "function"),
            ("procedure", "function"),
            ("aggregate", "function"),
            ("routine", "function"),
            ("type", "type"),
            ("domain", "type"),
        ]
        .iter()
        .chain(KINDS.iter())
        {
            let Some(behind) = self.behind(at, kind) else {
                continue;
            };
            let (names, behind) = self.names(behind);
            let of = |name: Vec<String>| {
                if *word == "relation" {
                    return Demanded::OwnRelation(name);
                }
                Demanded::Refused(Denial::Ownership {
                    kind: (*word).to_owned(),
                    name: name.join("."),
                })
            };
            return (names.into_iter().map(of).collect(), behind);
        }
        (Vec::new(), at)
    }

    /// Kinds that are owned in their own way: a cast by who owns one of its types, a transform by who
    /// owns its type, what only superusers make by nobody else (PostgreSQL source, `aclchk.c` and
    /// `objectaddress.c`, `check_object_ownership`).
    fn rare(&self, at: usize, role: &str) -> Option<(Vec<Demanded>, usize)> {
        let owned = |kind: &str, name: String, behind: usize| {
            let kind = kind.to_owned();
            let demanded = Demanded::Refused(Denial::Ownership { kind, name });
            (vec![demanded], behind)
        };
        let superusers = [
            "access method",
            "text search parser",
            "text search template",
        ];
        if superusers
            .iter()
            .any(|kind| self.behind(at, kind).is_some())
        {
            return Some((vec![Demanded::Refused(Denial::Superuser)], at));
        }
        if self.behind(at, "user mapping").is_some() {
            return Some((self.mapping(role)?, at));
        }
        if let Some(behind) = self.behind(at, "large object") {
            let name = self.text(behind).to_owned();
            return Some(owned("large object", name, behind + 1));
        }
        if let Some(behind) = self.behind(at, "procedural language") {
            let (name, behind) = self.name(behind)?;
            return Some(owned("language", name.join("."), behind));
        }
        if let Some(behind) = self.behind(at, "transform for") {
            let (name, behind) = self.name(behind)?;
            return Some(owned("type", name.join("."), behind));
        }
        if let Some(behind) = self.behind(at, "cast (") {
            let (from, as_at) = self.name(behind)?;
            let (to, behind) = self.name(as_at + 1)?;
            let name = format!("{} or type {}", from.join("."), to.join("."));
            return Some(owned("type", name, behind));
        }
        let domain = (at..self.0.len())
            .find(|at| self.is(*at, "on") && self.is(at + 1, "domain"))
            .filter(|_| self.is(at, "constraint"))?;
        let (name, behind) = self.name(domain + 2)?;
        Some(owned("type", name.join("."), behind))
    }

    /// The roles behind a word as which the statement acts.
    fn acting(&self, word: &str) -> Vec<Demanded> {
        let Some(mut at) = self.find(word) else {
            return Vec::new();
        };
        at += 1;
        if self.is(at, "role") || self.is(at, "user") {
            at += 1;
        }
        let (names, _) = self.names(at);
        names
            .into_iter()
            .filter_map(|mut name| name.pop())
            .map(|name| Demanded::Refused(Denial::Acting(Some(name))))
            .collect()
    }

    fn granted(&self) -> Vec<Demanded> {
        let Some(on) = self.find("on") else {
            let (roles, _) = self.names(1);
            return roles
                .into_iter()
                .filter_map(|mut name| name.pop())
                .map(|name| Demanded::Refused(Denial::Administration(Some(name))))
                .collect();
        };
        let privileges = given(self.0.sql);
        if self.is(on + 1, "all") {
            let (schemas, _) = self.names(on + 5);
            let kind = self.text(on + 2).to_lowercase();
            return schemas
                .into_iter()
                .filter_map(|mut name| name.pop())
                .map(|schema| Demanded::GrantOptionOnAll {
                    kind: kind.clone(),
                    schema,
                    privileges: privileges.clone(),
                })
                .collect();
        }
        let kinds = ["foreign data wrapper", "foreign server", "large object"];
        let single = [
            "table",
            "schema",
            "database",
            "sequence",
            "function",
            "procedure",
            "routine",
            "type",
            "domain",
            "language",
            "tablespace",
            "parameter",
        ];
        let at = kinds
            .into_iter()
            .chain(single)
            .find_map(|kind| self.behind(on + 1, kind))
            .unwrap_or(on + 1);
        let names = if self.behind(on + 1, "large object").is_some() {
            vec![vec![self.text(at).to_owned()]]
        } else {
            self.names(at).0
        };
        names
            .into_iter()
            .map(|name| Demanded::GrantOption {
                name,
                privileges: privileges.clone(),
            })
            .collect()
    }
}

/// CREATE beside the thing that must be owned, for a kind that lies in a schema.
fn beside(owned: &[Demanded], role: Option<String>) -> Option<Demanded> {
    let (kind, name) = match owned.first()? {
        Demanded::OwnRelation(name) => ("relation", name.clone()),
        Demanded::Refused(Denial::Ownership { kind, name }) => {
            let kind = IN_SCHEMAS.into_iter().find(|known| known == kind)?;
            (kind, name.split('.').map(str::to_owned).collect())
        }
        _ => return None,
    };
    Some(Demanded::CreateBeside { kind, name, role })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(kind: &str, name: &str) -> Demanded {
        Demanded::Refused(Denial::Ownership {
            kind: kind.into(),
            name: name.into(),
        })
    }

    fn parts(name: &str) -> Vec<String> {
        name.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn what_superusers_alone_make_is_told() {
        for sql in [
            "create publication p for table a, tables in schema s",
            "create operator family s.of using btree",
            "create or replace function s.f() returns int language c as 'x', 'y'",
        ] {
            let barred = Demanded::Refused(Denial::Superuser);
            assert_eq!(demanded(sql, "me"), [barred], "{sql}");
        }
    }

    #[test]
    fn what_things_are_made_like_and_of_is_demanded() {
        for (sql, found) in [
            (
                "create table t (like s.u, b int) inherits (s.p, q)",
                vec![
                    Demanded::CreateIn(parts("t")),
                    Demanded::Like(parts("s.u")),
                    Demanded::OwnRelation(parts("s.p")),
                    Demanded::OwnRelation(parts("q")),
                ],
            ),
            (
                "create statistics s.st on a, b from s.t",
                vec![
                    Demanded::CreateIn(parts("s.st")),
                    Demanded::OwnRelation(parts("s.t")),
                ],
            ),
            (
                "create aggregate s.a (int) (sfunc = s.f, stype = int)",
                vec![
                    Demanded::CreateIn(parts("s.a")),
                    Demanded::Execute(parts("s.f")),
                ],
            ),
        ] {
            assert_eq!(demanded(sql, "me"), found, "{sql}");
        }
    }

    #[test]
    fn giving_away_and_renaming_demand_a_place() {
        for (sql, found) in [
            (
                "alter view s.v owner to \"New Owner\"",
                vec![
                    Demanded::OwnRelation(parts("s.v")),
                    Demanded::Refused(Denial::Becoming("New Owner".into())),
                    Demanded::CreateBeside {
                        kind: "relation",
                        name: parts("s.v"),
                        role: Some("New Owner".into()),
                    },
                ],
            ),
            ("drop function s.f(int)", vec![owned("function", "s.f")]),
            (
                "alter function s.f(int) owner to x",
                vec![
                    owned("function", "s.f"),
                    Demanded::Refused(Denial::Becoming("x".into())),
                    Demanded::CreateBeside {
                        kind: "function",
                        name: parts("s.f"),
                        role: Some("x".into()),
                    },
                ],
            ),
            (
                "alter database d rename to e",
                vec![
                    owned("database", "d"),
                    Demanded::Refused(Denial::Attribute("CREATEDB")),
                ],
            ),
        ] {
            assert_eq!(demanded(sql, "me"), found, "{sql}");
        }
    }

    #[test]
    fn definitions_tell_what_they_demand() {
        for (sql, found) in [
            (
                "create unlogged table if not exists s.t (a int)",
                vec![Demanded::CreateIn(parts("s.t"))],
            ),
            (
                "create unique index i on only s.t (a)",
                vec![
                    Demanded::OwnRelation(parts("s.t")),
                    Demanded::CreateBeside {
                        kind: "relation",
                        name: parts("s.t"),
                        role: None,
                    },
                ],
            ),
            (
                "create trigger x before insert on s.t execute function f()",
                vec![Demanded::Trigger(parts("s.t"))],
            ),
            (
                "drop table if exists a, s.b cascade",
                vec![
                    Demanded::OwnRelation(parts("a")),
                    Demanded::OwnRelation(parts("s.b")),
                ],
            ),
            (
                "comment on column s.t.a is 'x'",
                vec![Demanded::OwnRelation(parts("s.t"))],
            ),
            (
                "drop policy p on t",
                vec![Demanded::OwnRelation(parts("t"))],
            ),
            (
                "grant select, insert on s.t to x",
                vec![Demanded::GrantOption {
                    name: parts("s.t"),
                    privileges: ["SELECT", "INSERT"]
                        .map(|privilege| Given {
                            privilege: privilege.into(),
                            columns: Vec::new(),
                        })
                        .to_vec(),
                }],
            ),
            (
                "grant g, h to x",
                ["g", "h"]
                    .map(|role| Demanded::Refused(Denial::Administration(Some(role.into()))))
                    .to_vec(),
            ),
            (
                "refresh materialized view concurrently s.m",
                vec![Demanded::Maintain(parts("s.m"))],
            ),
            ("alter role me password 'x'", Vec::new()),
            (
                "create role x createdb login in role g",
                vec![
                    Demanded::Refused(Denial::Attribute("CREATEROLE")),
                    Demanded::Attribute("CREATEDB"),
                    Demanded::Refused(Denial::Administration(Some("g".into()))),
                ],
            ),
            (
                "alter role x nobypassrls",
                vec![
                    Demanded::Refused(Denial::RoleManagement(None)),
                    Demanded::Attribute("BYPASSRLS"),
                ],
            ),
            (
                "alter role me createdb",
                vec![Demanded::Attribute("CREATEDB"), Demanded::ManageOneself],
            ),
            ("alter role me set search_path = s", Vec::new()),
            (
                "comment on cast (s.a as integer) is 'x'",
                vec![owned("type", "s.a or type integer")],
            ),
            (
                "comment on constraint c on domain s.d is 'x'",
                vec![owned("type", "s.d")],
            ),
            (
                "comment on large object 42 is 'x'",
                vec![owned("large object", "42")],
            ),
            ("select 1", Vec::new()),
        ] {
            assert_eq!(demanded(sql, "me"), found, "{sql}");
        }
    }
}

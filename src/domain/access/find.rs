//! From how a person writes an object to the object: `sales.orders`, `orders`, `schema crm`,
//! `sales.total(integer)`, `role readers`.
//!
//! Nothing is guessed: what could mean several things is answered by all of them.

use super::model::Snapshot;
use super::object::{Object, ObjectId, ObjectKind, Realm};
use super::role::RoleId;
use crate::domain::ident;

/// Candidates told at most.
const TOLD: usize = 8;

/// What a spelling means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An object.
    Object(ObjectId),
    /// A role, as something one can be a member of.
    Role(RoleId),
    /// A column without an ACL of its own, if the table has such a column: only what is granted on
    /// the table counts.
    PlainColumn {
        /// The table.
        table: ObjectId,
        /// The column's name.
        column: String,
    },
}

/// Why a spelling means nothing, or too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// It is not how SQL writes a name.
    #[error(
        "{0} is not a name: write schema.table, \"Quoted Name\", or a kind first, as in: schema sales"
    )]
    NotAName(String),
    /// There is nothing of that name.
    #[error("there is no {what}{}", hinted(.near))]
    Unknown {
        /// What was sought.
        what: String,
        /// What is spelt nearly so, as it would have to be written.
        near: Vec<String>,
    },
    /// There are several.
    #[error("{what} could be {}: write it as one of these", .candidates.join(", "))]
    Ambiguous {
        /// What was sought.
        what: String,
        /// What it could mean, each as it would have to be written.
        candidates: Vec<String>,
    },
}

fn hinted(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(" or "))
    }
}

/// What a word before a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Nothing: any kind will do.
    Any,
    /// Only roles.
    Role,
    /// Only what is catalogued there.
    In(Realm),
}

/// Words before a name, longest first where one begins another.
const KINDS: [(&str, Wanted); 31] = [
    ("role", Wanted::Role),
    ("user", Wanted::Role),
    ("group", Wanted::Role),
    ("database", Wanted::In(Realm::Database)),
    ("schema", Wanted::In(Realm::Schema)),
    ("partitioned table", Wanted::In(Realm::Relation)),
    ("foreign table", Wanted::In(Realm::Relation)),
    ("table", Wanted::In(Realm::Relation)),
    ("materialized view", Wanted::In(Realm::Relation)),
    ("materialised view", Wanted::In(Realm::Relation)),
    ("view", Wanted::In(Realm::Relation)),
    ("sequence", Wanted::In(Realm::Relation)),
    ("relation", Wanted::In(Realm::Relation)),
    ("column", Wanted::In(Realm::Column)),
    ("function", Wanted::In(Realm::Function)),
    ("procedure", Wanted::In(Realm::Function)),
    ("routine", Wanted::In(Realm::Function)),
    ("aggregate", Wanted::In(Realm::Function)),
    ("type", Wanted::In(Realm::Type)),
    ("domain", Wanted::In(Realm::Type)),
    ("language", Wanted::In(Realm::Language)),
    (
        "foreign-data wrapper",
        Wanted::In(Realm::ForeignDataWrapper),
    ),
    (
        "foreign data wrapper",
        Wanted::In(Realm::ForeignDataWrapper),
    ),
    ("fdw", Wanted::In(Realm::ForeignDataWrapper)),
    ("foreign server", Wanted::In(Realm::ForeignServer)),
    ("server", Wanted::In(Realm::ForeignServer)),
    ("tablespace", Wanted::In(Realm::Tablespace)),
    ("large object", Wanted::In(Realm::LargeObject)),
    ("largeobject", Wanted::In(Realm::LargeObject)),
    ("parameter", Wanted::In(Realm::Parameter)),
    ("setting", Wanted::In(Realm::Parameter)),
];

/// Realms whose objects are in a schema and found through the search path.
const IN_SCHEMAS: [Realm; 3] = [Realm::Relation, Realm::Function, Realm::Type];

/// Realms whose objects are in none.
const ELSEWHERE: [Realm; 7] = [
    Realm::Schema,
    Realm::Database,
    Realm::Language,
    Realm::ForeignServer,
    Realm::ForeignDataWrapper,
    Realm::Tablespace,
    Realm::Parameter,
];

impl Snapshot {
    /// What a spelling means; a bare name is sought along `search_path`.
    pub fn find(&self, spelling: &str, search_path: &[String]) -> Result<Found, FindError> {
        let spelling = spelling.trim();
        let (wanted, name) = without_kind(spelling);
        match wanted {
            Wanted::Role => self.find_role(name).map(Found::Role),
            Wanted::In(Realm::LargeObject | Realm::Parameter) => {
                let realm = match wanted {
                    Wanted::In(realm) => realm,
                    _ => Realm::Parameter,
                };
                self.objects_named(realm, None, &name.to_lowercase())
                    .next()
                    .map(Found::Object)
                    .ok_or_else(|| FindError::Unknown {
                        what: format!("right granted on {spelling}"),
                        near: Vec::new(),
                    })
            }
            Wanted::In(realm) => self.find_in(&[realm], (spelling, name), search_path),
            Wanted::Any => {
                let mut realms = IN_SCHEMAS.to_vec();
                realms.extend(ELSEWHERE);
                realms.push(Realm::Column);
                self.find_in(&realms, (spelling, name), search_path)
            }
        }
    }

    /// The role of that name: exactly, or as SQL would read it.
    pub fn find_role(&self, spelling: &str) -> Result<RoleId, FindError> {
        let folded = ident::parts(spelling).filter(|parts| parts.len() == 1);
        let folded = folded.and_then(|mut parts| parts.pop());
        if let Some(role) = self
            .role_named(spelling)
            .or_else(|| self.role_named(&folded.unwrap_or_default()))
        {
            return Ok(role);
        }
        let sought = spelling.to_lowercase();
        let near = self
            .roles()
            .map(|(_, role)| role.name.as_str())
            .filter(|name| is_near(name, &sought))
            .take(TOLD)
            .map(|name| ident::quoted(name).into_owned())
            .collect();
        Err(FindError::Unknown {
            what: format!("role {spelling}"),
            near,
        })
    }

    /// The schema of that name: exactly, or as SQL would read it.
    pub fn find_schema(&self, spelling: &str) -> Result<ObjectId, FindError> {
        if let Some(schema) = self.schema_named(spelling) {
            return Ok(schema);
        }
        match self.find(&format!("schema {spelling}"), &[])? {
            Found::Object(schema) => Ok(schema),
            Found::Role(_) | Found::PlainColumn { .. } => Err(FindError::NotAName(spelling.into())),
        }
    }

    fn find_in(
        &self,
        realms: &[Realm],
        (spelling, name): (&str, &str),
        search_path: &[String],
    ) -> Result<Found, FindError> {
        let (bare, arguments) = without_arguments(name);
        let parts = ident::parts(bare).ok_or_else(|| FindError::NotAName(spelling.to_owned()))?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut found = match parts.as_slice() {
            [name] => self.bare(realms, name, search_path),
            [schema, name] => self.qualified(realms, schema, name),
            _ => Vec::new(),
        };
        if let Some(arguments) = arguments {
            found.retain(|object| {
                self.object(*object)
                    .is_some_and(|known| takes_arguments(known, arguments))
            });
        }
        let is_any = realms.len() > 1;
        let role = match parts.as_slice() {
            [name] if is_any && arguments.is_none() => self.role_named(name),
            _ => None,
        };
        match (found.as_slice(), role) {
            ([only], None) => return Ok(Found::Object(*only)),
            ([], Some(role)) => return Ok(Found::Role(role)),
            ([], None) => {}
            (several, role) => {
                let mut candidates: Vec<String> = several
                    .iter()
                    .map(|object| self.described(*object))
                    .collect();
                candidates.extend(role.map(|role| format!("role {}", self.role_name(role))));
                candidates.truncate(TOLD);
                return Err(FindError::Ambiguous {
                    what: spelling.to_owned(),
                    candidates,
                });
            }
        }
        if realms.contains(&Realm::Column)
            && let Some(column) = self.column(&parts, search_path)
        {
            return Ok(column);
        }
        Err(FindError::Unknown {
            what: if is_any {
                format!("object {spelling}")
            } else {
                spelling.to_owned()
            },
            near: self.near(realms, &parts),
        })
    }

    fn bare(&self, realms: &[Realm], name: &str, search_path: &[String]) -> Vec<ObjectId> {
        let mut found = Vec::new();
        for realm in realms {
            if IN_SCHEMAS.contains(realm) {
                // The first schema that has one hides the others.
                found.extend(
                    search_path
                        .iter()
                        .filter_map(|schema| self.schema_named(schema))
                        .map(|schema| -> Vec<ObjectId> {
                            self.objects_named(*realm, Some(schema), name).collect()
                        })
                        .find(|here| !here.is_empty())
                        .unwrap_or_default(),
                );
            } else if *realm != Realm::Column {
                found.extend(self.objects_named(*realm, None, name));
            }
        }
        found
    }

    fn qualified(&self, realms: &[Realm], schema: &str, name: &str) -> Vec<ObjectId> {
        let Some(schema) = self.schema_named(schema) else {
            return Vec::new();
        };
        realms
            .iter()
            .filter(|realm| IN_SCHEMAS.contains(realm))
            .flat_map(|realm| self.objects_named(*realm, Some(schema), name))
            .collect()
    }

    /// `schema.table.column` or `table.column`.
    fn column(&self, parts: &[&str], search_path: &[String]) -> Option<Found> {
        let (column, table) = match parts {
            [schema, table, column] => (column, self.qualified(&[Realm::Relation], schema, table)),
            [table, column] => (column, self.bare(&[Realm::Relation], table, search_path)),
            _ => return None,
        };
        let table = *table.first()?;
        let own = self.columns_of(table).iter().find(|id| {
            self.object(**id)
                .is_some_and(|known| known.name == **column)
        });
        Some(own.map_or_else(
            || Found::PlainColumn {
                table,
                column: (*column).to_owned(),
            },
            |own| Found::Object(*own),
        ))
    }

    /// What is spelt nearly so, those of the same name elsewhere first.
    fn near(&self, realms: &[Realm], parts: &[&str]) -> Vec<String> {
        let Some(sought) = parts.last().map(|name| name.to_lowercase()) else {
            return Vec::new();
        };
        let in_realm = |object: &Object| realms.contains(&object.kind.realm());
        let same = self
            .objects()
            .filter(|(_, object)| in_realm(object) && object.name.to_lowercase() == sought);
        let alike = self
            .objects()
            .filter(|(_, object)| in_realm(object) && object.kind != ObjectKind::Column)
            .filter(|(_, object)| object.name != sought && is_near(&object.name, &sought));
        same.chain(alike)
            .take(TOLD / 2)
            .map(|(id, _)| self.described(id))
            .collect()
    }
}

/// The kind that stands first, and the rest.
fn without_kind(spelling: &str) -> (Wanted, &str) {
    for (word, wanted) in KINDS {
        let Some((first, rest)) = spelling.split_at_checked(word.len()) else {
            continue;
        };
        if first.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace) {
            return (wanted, rest.trim_start());
        }
    }
    (Wanted::Any, spelling)
}

/// A function's name and what stands in its parentheses; quotes may hold parentheses too.
fn without_arguments(name: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, character) in name.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => {
                let (bare, rest) = name.split_at_checked(at).unwrap_or((name, ""));
                let inside = rest.trim_start_matches('(').trim_end();
                return (
                    bare.trim_end(),
                    Some(inside.strip_suffix(')').unwrap_or(inside)),
                );
            }
            _ => {}
        }
    }
    (name, None)
}

/// Whether a function's arguments are the ones written: with their names or types alone, types
/// also by their short names.
fn takes_arguments(function: &Object, written: &str) -> bool {
    let known = split_arguments(&function.arguments);
    let written = split_arguments(written);
    let input: Vec<&String> = known
        .iter()
        .filter(|argument| !argument.starts_with("out "))
        .collect();
    function.kind.realm() == Realm::Function
        && input.len() == written.len()
        && input.iter().zip(&written).all(|(known, written)| {
            let long = long_type(written);
            **known == *written
                || **known == long
                || known
                    .strip_suffix(long.as_str())
                    .is_some_and(|before| before.ends_with(' '))
        })
}

/// Arguments one by one, in lower case and with single spaces.
fn split_arguments(text: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut arguments = vec![String::new()];
    for character in text.chars() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            arguments.push(String::new());
        } else if let Some(last) = arguments.last_mut() {
            last.extend(character.to_lowercase());
        }
    }
    arguments
        .iter()
        .map(|argument| argument.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|argument| !argument.is_empty())
        .collect()
}

/// A type as `format_type` names it (PostgreSQL documentation, "Data Types", aliases).
fn long_type(written: &str) -> String {
    const ALIASES: [(&str, &str); 14] = [
        ("int", "integer"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("int2", "smallint"),
        ("bool", "boolean"),
        ("float8", "double precision"),
        ("float4", "real"),
        ("decimal", "numeric"),
        ("varchar", "character varying"),
        ("char", "character"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp", "timestamp without time zone"),
        ("timetz", "time with time zone"),
        ("varbit", "bit varying"),
    ];
    let (bare, array) = match written.strip_suffix("[]") {
        Some(bare) => (bare, "[]"),
        None => (written, ""),
    };
    let long = ALIASES
        .iter()
        .find(|(alias, _)| *alias == bare)
        .map_or(bare, |(_, long)| *long);
    format!("{long}{array}")
}

/// Whether a name is probably what was meant: one has the other in it, or all but the case or one
/// letter is the same. `sought` is in lower case.
fn is_near(name: &str, sought: &str) -> bool {
    let name = name.to_lowercase();
    if sought.len() < 3 {
        return name == sought;
    }
    name.contains(sought) || (name.len() > 3 && sought.contains(&name)) || is_one_off(&name, sought)
}

/// Whether one letter was left out, added or replaced.
fn is_one_off(name: &str, sought: &str) -> bool {
    let (name, sought): (Vec<char>, Vec<char>) = (name.chars().collect(), sought.chars().collect());
    if name.len().abs_diff(sought.len()) > 1 {
        return false;
    }
    let common = |a: &mut dyn Iterator<Item = (char, char)>| a.take_while(|(x, y)| x == y).count();
    let before = common(&mut name.iter().copied().zip(sought.iter().copied()));
    let behind = common(&mut name.iter().rev().copied().zip(sought.iter().rev().copied()));
    before + behind + 1 >= name.len().max(sought.len())
}

#[cfg(test)]
mod tests {
    use super::super::scene::scene;
    use super::*;

    const SHOP: &str = "
        role dba
        role readers
        role Ann
        schema - app dba -
        schema - lab dba -
        table app orders dba -
        table lab orders dba -
        table lab tests dba -
        table lab readers dba -
        column orders total dba {readers=r/dba}
        function app twice dba -
    ";

    fn find(spelling: &str) -> Result<String, String> {
        let rights = scene(16, SHOP);
        let path = ["app".to_owned(), "lab".to_owned()];
        match rights.find(spelling, &path) {
            Ok(Found::Object(object)) => Ok(rights.described(object)),
            Ok(Found::Role(role)) => Ok(format!("role {}", rights.role_name(role))),
            Ok(Found::PlainColumn { table, column }) => {
                Ok(format!("{} / {column}", rights.described(table)))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn names_are_found_as_sql_finds_them() {
        for (spelling, object) in [
            ("orders", "table app.orders"),
            ("LAB.Orders", "table lab.orders"),
            ("tests", "table lab.tests"),
            ("table lab.tests", "table lab.tests"),
            ("Schema app", "schema app"),
            ("app", "schema app"),
            ("shop", "database shop"),
            ("role readers", "role readers"),
            ("dba", "role dba"),
            ("app.twice()", "function app.twice()"),
            ("function twice", "function app.twice()"),
            ("lab.orders.total", "column lab.orders.total"),
            ("app.orders.id", "table app.orders / id"),
        ] {
            assert_eq!(find(spelling).as_deref(), Ok(object), "{spelling}");
        }
    }

    #[test]
    fn what_means_several_things_is_answered_by_all() {
        let error = find("readers").unwrap_err();
        assert!(error.contains("table lab.readers, role readers"), "{error}");
        for (spelling, said) in [
            ("app.tests", "did you mean table lab.tests?"),
            ("schema lap", "did you mean schema lab?"),
            ("role reader", "did you mean readers?"),
            ("twice(int)", "there is no object twice(int)"),
            ("a b", "is not a name"),
        ] {
            let error = find(spelling).unwrap_err();
            assert!(error.contains(said), "{spelling}: {error}");
        }
        let rights = scene(16, SHOP);
        assert!(rights.find_role("Ann").is_ok() && rights.find_role("\"Ann\"").is_ok());
    }

    #[test]
    fn functions_are_told_apart_by_their_arguments() {
        let takes = |known: &str, written: &str| {
            let rights = scene(16, SHOP);
            let mut function = rights
                .objects()
                .find(|(_, object)| object.kind == ObjectKind::Function)
                .map(|(_, object)| object.clone())
                .unwrap();
            known.clone_into(&mut function.arguments);
            takes_arguments(&function, written)
        };
        for (known, written) in [
            ("n integer, OUT total numeric", "int"),
            ("n integer, note text", "n integer, note text"),
            ("double precision", "float8"),
            ("VARIADIC items integer[]", "int[]"),
            ("price numeric(10,2)", "numeric(10,2)"),
            ("", ""),
        ] {
            assert!(takes(known, written), "{known} / {written}");
        }
        assert!(!takes("n integer", "text") && !takes("n integer", ""));
    }
}

//! Ranked completion candidates.

use super::cursor::{Place, Source, Want};
use super::keywords;
use crate::domain::catalog::{Access, Catalog};
use crate::domain::ident;

/// How many candidates are offered at most.
const OFFERED: usize = 50;

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CandidateKind {
    /// A column.
    Column,
    /// A table, view or sequence; or what `WITH` names.
    Relation,
    /// A schema.
    Schema,
    /// A role.
    Role,
    /// A type.
    Type,
    /// A function.
    Function,
    /// A key word.
    Keyword,
}

impl CandidateKind {
    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Relation => "relation",
            Self::Schema => "schema",
            Self::Role => "role",
            Self::Type => "type",
            Self::Function => "function",
            Self::Keyword => "keyword",
        }
    }
}

/// Something to put in the place of what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is put in: names are quoted where they must be.
    pub text: String,
    /// What it is.
    pub kind: CandidateKind,
    /// A word more about it: a column's type, a relation's schema. Untrusted text.
    pub detail: String,
}

/// The built-in types people write.
const TYPES: [&str; 26] = [
    "bigint",
    "boolean",
    "bytea",
    "char",
    "cidr",
    "date",
    "double precision",
    "inet",
    "integer",
    "interval",
    "json",
    "jsonb",
    "macaddr",
    "money",
    "numeric",
    "oid",
    "real",
    "regclass",
    "regrole",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
];

/// Key words that begin a statement.
const VERBS: [&str; 28] = [
    "select",
    "insert",
    "update",
    "delete",
    "with",
    "create",
    "alter",
    "drop",
    "grant",
    "revoke",
    "explain",
    "begin",
    "commit",
    "rollback",
    "set",
    "show",
    "truncate",
    "copy",
    "values",
    "table",
    "vacuum",
    "analyze",
    "merge",
    "call",
    "comment",
    "refresh",
    "reset",
    "savepoint",
];

/// Candidates for a place, the best first: those that begin with what is typed, before those that
/// contain it; the usable before the locked, the short before the long.
#[must_use]
pub fn candidates(catalog: &Catalog, sql: &str, place: &Place) -> Vec<Candidate> {
    let typed = sql.get(place.word.clone()).unwrap_or_default();
    let mut offer = Offer::new(typed);
    match &place.want {
        Want::Nothing => {}
        Want::Statement => offer.words(VERBS),
        Want::Relation => relations(catalog, place, &mut offer),
        Want::Schema => schemas(catalog, &mut offer),
        Want::Role => roles(catalog, &mut offer),
        Want::Type => TYPES
            .iter()
            .for_each(|name| offer.word(name, CandidateKind::Type)),
        Want::Member(owner) => members(catalog, place, owner, &mut offer),
        Want::Expression => expression(catalog, place, &mut offer),
    }
    offer.ranked()
}

fn relations<'a>(catalog: &'a Catalog, place: &'a Place, offer: &mut Offer<'a>) {
    for name in &place.with {
        offer.name(name, CandidateKind::Relation, "with", Access::Usable);
    }
    for (place, schema) in catalog.schemas.iter().enumerate() {
        let near = catalog.search_path.contains(&schema.name);
        if !near && is_system(&schema.name) {
            continue;
        }
        let relations = catalog.relations.get(catalog.relations_of(place));
        for relation in relations.unwrap_or_default() {
            if near {
                offer.name(
                    &relation.name,
                    CandidateKind::Relation,
                    &schema.name,
                    relation.access,
                );
            } else {
                offer.qualified(&schema.name, &relation.name, relation.access);
            }
        }
    }
    schemas(catalog, offer);
}

fn schemas<'a>(catalog: &'a Catalog, offer: &mut Offer<'a>) {
    for schema in &catalog.schemas {
        offer.name(&schema.name, CandidateKind::Schema, "", schema.access);
    }
}

fn roles<'a>(catalog: &'a Catalog, offer: &mut Offer<'a>) {
    for role in &catalog.roles {
        offer.name(
            &role.name,
            CandidateKind::Role,
            &role.attributes,
            Access::Usable,
        );
    }
    offer.word("public", CandidateKind::Role);
    offer.word("current_user", CandidateKind::Role);
}

/// Behind a dot: columns of a source with that alias, else what is in the schema of that name.
fn members<'a>(catalog: &'a Catalog, place: &Place, owner: &str, offer: &mut Offer<'a>) {
    if let Some(source) = place.sources.iter().find(|source| source.alias == owner) {
        columns(catalog, source, offer);
    }
    if let Some(schema) = catalog
        .schemas
        .iter()
        .position(|schema| schema.name == owner)
    {
        for relation in catalog
            .relations
            .get(catalog.relations_of(schema))
            .unwrap_or_default()
        {
            offer.name(&relation.name, CandidateKind::Relation, "", relation.access);
        }
        for function in catalog
            .functions
            .get(catalog.functions_of(schema))
            .unwrap_or_default()
        {
            offer.name(
                &function.name,
                CandidateKind::Function,
                &function.arguments,
                function.access,
            );
        }
    }
}

fn expression<'a>(catalog: &'a Catalog, place: &'a Place, offer: &mut Offer<'a>) {
    for source in &place.sources {
        columns(catalog, source, offer);
        offer.name(&source.alias, CandidateKind::Relation, "", Access::Usable);
    }
    // Thousands of functions help nobody who has typed nothing.
    if offer.typed.is_empty() {
        return;
    }
    for function in &catalog.functions {
        let schema = schema_name(catalog, function.schema);
        if schema == "pg_catalog" || catalog.search_path.iter().any(|path| path == schema) {
            offer.name(
                &function.name,
                CandidateKind::Function,
                &function.arguments,
                function.access,
            );
        }
    }
    offer.words(keywords::all());
}

fn columns<'a>(catalog: &'a Catalog, source: &Source, offer: &mut Offer<'a>) {
    let in_schema = |schema: usize, name: &str| {
        let relations = catalog.relations_of(schema);
        let start = relations.start;
        let names = catalog.relations.get(relations)?;
        names
            .iter()
            .position(|relation| relation.name == name)
            .map(|at| start + at)
    };
    let by_name = |name: &str| {
        catalog
            .schemas
            .iter()
            .position(|schema| schema.name == name)
    };
    let relation = match &source.schema {
        Some(schema) => by_name(schema).and_then(|schema| in_schema(schema, &source.name)),
        None => catalog
            .search_path
            .iter()
            .filter_map(|path| by_name(path))
            .find_map(|schema| in_schema(schema, &source.name)),
    };
    let Some(relation) = relation else { return };
    for column in catalog.columns_of(relation) {
        offer.name(
            &column.name,
            CandidateKind::Column,
            &column.type_name,
            column.access,
        );
    }
}

fn schema_name(catalog: &Catalog, schema: usize) -> &str {
    catalog
        .schemas
        .get(schema)
        .map_or("", |schema| schema.name.as_str())
}

fn is_system(schema: &str) -> bool {
    schema == "information_schema" || schema.starts_with("pg_")
}

/// How well a name fits; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// 0 where the name begins with what is typed, 1 where it contains it.
    fit: u8,
    kind: CandidateKind,
    /// 1 for what the role may not use.
    locked: u8,
    length: usize,
}

impl Rank {
    fn of(fit: u8, kind: CandidateKind, access: Access, length: usize) -> Self {
        Self {
            fit,
            kind,
            locked: u8::from(access == Access::Locked),
            length,
        }
    }
}

/// How a name is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form<'a> {
    /// A word of the language, never quoted.
    Word,
    /// A name alone.
    Bare,
    /// A name behind its schema's.
    Qualified(&'a str),
}

/// A name that fits. Its text is made only if it is offered: one letter fits thousands.
#[derive(Debug, Clone, Copy)]
struct Fitting<'a> {
    rank: Rank,
    form: Form<'a>,
    name: &'a str,
    detail: &'a str,
}

struct Offer<'a> {
    /// In lower case, without an opening quote.
    typed: String,
    upper: bool,
    found: Vec<Fitting<'a>>,
}

impl<'a> Offer<'a> {
    fn new(typed: &str) -> Self {
        let bare = typed.trim_matches('"');
        Self {
            typed: bare.to_lowercase(),
            upper: bare.len() > 1 && bare.bytes().all(|byte| byte.is_ascii_uppercase()),
            found: Vec::new(),
        }
    }

    fn fit(&self, name: &str) -> Option<u8> {
        let (name, typed) = (name.as_bytes(), self.typed.as_bytes());
        let Some((first, rest)) = typed.split_first() else {
            return Some(0);
        };
        let last = name.len().checked_sub(typed.len())?;
        let at = (0..=last).find(|at| {
            name.get(*at)
                .is_some_and(|byte| byte.eq_ignore_ascii_case(first))
                && name
                    .get(at + 1..at + typed.len())
                    .is_some_and(|part| part.eq_ignore_ascii_case(rest))
        });
        at.map(|at| u8::from(at > 0))
    }

    fn name(&mut self, name: &'a str, kind: CandidateKind, detail: &'a str, access: Access) {
        if let Some(fit) = self.fit(name) {
            let rank = Rank::of(fit, kind, access, name.len());
            self.found.push(Fitting {
                rank,
                form: Form::Bare,
                name,
                detail,
            });
        }
    }

    fn qualified(&mut self, schema: &'a str, name: &'a str, access: Access) {
        if let Some(fit) = self.fit(name) {
            let length = schema.len() + 1 + name.len();
            self.found.push(Fitting {
                rank: Rank::of(fit, CandidateKind::Relation, access, length),
                form: Form::Qualified(schema),
                name,
                detail: "",
            });
        }
    }

    fn words(&mut self, words: impl IntoIterator<Item = &'static str>) {
        for word in words {
            self.word(word, CandidateKind::Keyword);
        }
    }

    fn word(&mut self, word: &'static str, kind: CandidateKind) {
        if let Some(fit @ 0) = self.fit(word) {
            self.found.push(Fitting {
                rank: Rank::of(fit, kind, Access::Usable, word.len()),
                form: Form::Word,
                name: word,
                detail: "",
            });
        }
    }

    fn ranked(mut self) -> Vec<Candidate> {
        let order = |a: &Fitting<'_>, b: &Fitting<'_>| {
            (a.rank, a.name, a.form).cmp(&(b.rank, b.name, b.form))
        };
        if self.found.len() > OFFERED * 4 {
            let _ = self.found.select_nth_unstable_by(OFFERED * 4, order);
            self.found.truncate(OFFERED * 4);
        }
        self.found.sort_unstable_by(order);
        let mut offered: Vec<Candidate> = Vec::new();
        for fitting in &self.found {
            let candidate = fitting.candidate(self.upper);
            // What is typed already helps nobody.
            let known = candidate.text == self.typed
                || offered.iter().any(|other| other.text == candidate.text);
            if !known {
                offered.push(candidate);
            }
            if offered.len() == OFFERED {
                break;
            }
        }
        offered
    }
}

impl Fitting<'_> {
    /// What is put in for it.
    fn candidate(&self, upper: bool) -> Candidate {
        let text = match (self.form, self.rank.kind) {
            (Form::Word, _) if upper => self.name.to_ascii_uppercase(),
            (Form::Word, _) => self.name.to_owned(),
            (Form::Qualified(schema), _) => ident::qualified(schema, self.name),
            (Form::Bare, CandidateKind::Role) => ident::role(self.name).into_owned(),
            (Form::Bare, _) => ident::quoted(self.name).into_owned(),
        };
        Candidate {
            text,
            kind: self.rank.kind,
            detail: self.detail.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cursor;
    use super::*;
    use crate::domain::catalog::{CatalogColumn, Relation, RelationKind, RoleEntry, Schema};

    fn catalog() -> Catalog {
        let schema = |name: &str| Schema {
            name: name.into(),
            owner: "o".into(),
            access: Access::Usable,
        };
        let relation = |schema, name: &str| Relation {
            oid: 1,
            schema,
            name: name.into(),
            kind: RelationKind::Table,
            estimated_rows: None,
            access: Access::Usable,
        };
        let column = |name: &str| CatalogColumn {
            name: name.into(),
            type_name: "int".into(),
            ..blank()
        };
        Catalog {
            schemas: vec![schema("public"), schema("sales")],
            relations: vec![
                relation(0, "Order Items"),
                relation(0, "orders"),
                relation(1, "orders_old"),
            ],
            columns: vec![
                vec![],
                vec![column("id"), column("total")],
                vec![column("gone")],
            ],
            roles: vec![RoleEntry {
                name: "Ann O'Neil".into(),
                attributes: String::new(),
                member_of: vec![],
            }],
            search_path: vec!["public".into()],
            ..Catalog::default()
        }
    }

    fn blank() -> CatalogColumn {
        CatalogColumn {
            number: 1,
            name: String::new(),
            type_name: String::new(),
            nullability: crate::domain::catalog::Nullability::Nullable,
            key: crate::domain::catalog::Key::None,
            access: Access::Usable,
        }
    }

    fn offered(marked: &str) -> Vec<String> {
        let at = marked.find('|').unwrap();
        let sql = marked.replace('|', "");
        let place = cursor::place(&sql, at);
        candidates(&catalog(), &sql, &place)
            .into_iter()
            .map(|candidate| candidate.text)
            .collect()
    }

    #[test]
    fn relations_are_written_as_they_must_be() {
        assert_eq!(
            offered("select * from ord|"),
            ["orders", "\"Order Items\"", "sales.orders_old"]
        );
    }

    #[test]
    fn columns_come_from_the_sources() {
        assert_eq!(offered("select o.| from orders o"), ["id", "total"]);
        assert_eq!(
            offered("select * from sales.orders_old where go|")
                .first()
                .unwrap(),
            "gone"
        );
        assert_eq!(offered("select * from sales.|"), ["orders_old"]);
    }

    #[test]
    fn roles_are_quoted() {
        assert_eq!(
            offered("grant select on orders to ann|"),
            ["\"Ann O'Neil\""]
        );
    }

    #[test]
    fn key_words_follow_the_case_of_what_is_typed() {
        assert_eq!(offered("SEL|"), ["SELECT"]);
        assert!(offered("select 'sel|").is_empty());
    }
}

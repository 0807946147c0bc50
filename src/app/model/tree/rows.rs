//! From the catalog, the open branches and the filter to the rows of the tree.

use super::{Branch, Fold, Label, Node, Row, Tree};
use crate::domain::catalog::{Catalog, RelationKind};

/// Who made a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    People,
    System,
}

fn origin(schema: &str) -> Origin {
    if schema.starts_with("pg_") || schema == "information_schema" {
        Origin::System
    } else {
        Origin::People
    }
}

/// The schema to open at first: the first of the search path that has anything in it.
pub(super) fn interesting_schema(outline: &Catalog) -> Option<&str> {
    outline
        .search_path
        .iter()
        .filter(|name| origin(name) == Origin::People)
        .find(|name| {
            let place = outline
                .schemas
                .iter()
                .position(|schema| schema.name == **name);
            place.is_some_and(|place| !outline.relations_of(place).is_empty())
        })
        .map(String::as_str)
}

/// What a filter asks for, in lower case.
#[derive(Debug, Clone)]
struct Wanted {
    schema: String,
    name: String,
}

impl Wanted {
    fn new(filter: &str) -> Option<Self> {
        let filter = filter.trim().to_lowercase();
        if filter.is_empty() {
            return None;
        }
        let (schema, name) = filter.split_once('.').unwrap_or(("", &filter));
        Some(Self {
            schema: schema.to_owned(),
            name: name.to_owned(),
        })
    }

    fn name(&self, name: &str) -> bool {
        contains(name, &self.name)
    }

    fn schema(&self, schema: &str) -> bool {
        contains(schema, &self.schema)
    }
}

/// Whether `text` has `part` in it, which is in lower case. Names are nearly always plain ASCII in
/// lower case, which costs no copy.
fn contains(text: &str, part: &str) -> bool {
    text.contains(part)
        || (text
            .bytes()
            .any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
            && text.to_lowercase().contains(part))
}

/// What the flattening works on.
struct Flattening<'a> {
    tree: &'a Tree,
    wanted: Option<Wanted>,
    rows: Vec<Row>,
}

impl Tree {
    pub(super) fn schemas(&self, of: Origin) -> impl Iterator<Item = usize> {
        let schemas = self.catalog.schemas.iter().enumerate();
        schemas
            .filter(move |(_, schema)| origin(&schema.name) == of)
            .map(|(place, _)| place)
    }

    pub(super) fn sequences(&self, schema: usize) -> impl Iterator<Item = usize> {
        self.relations(schema, |kind| kind == RelationKind::Sequence)
    }

    fn relations(
        &self,
        schema: usize,
        kind: impl Fn(RelationKind) -> bool,
    ) -> impl Iterator<Item = usize> {
        self.catalog.relations_of(schema).filter(move |at| {
            self.catalog
                .relations
                .get(*at)
                .is_some_and(|relation| kind(relation.kind))
        })
    }

    pub(super) fn other_databases(&self) -> impl Iterator<Item = usize> {
        let databases = self.catalog.databases.iter().enumerate();
        databases
            .filter(|(_, database)| database.name != self.catalog.database)
            .map(|(place, _)| place)
    }

    pub(super) fn branch(&self, node: Node) -> Option<Branch> {
        let schema = |at: usize| {
            self.catalog
                .schemas
                .get(at)
                .map(|schema| schema.name.clone())
        };
        match node {
            Node::Here => Some(Branch::Here),
            Node::Schema(at) => schema(at).map(Branch::Schema),
            Node::Sequences(at) => schema(at).map(Branch::Sequences),
            Node::Functions(at) => schema(at).map(Branch::Functions),
            Node::Relation(at) => {
                let relation = self.catalog.relations.get(at)?;
                (relation.kind != RelationKind::Sequence).then_some(Branch::Relation(relation.oid))
            }
            Node::System => Some(Branch::System),
            Node::Roles => Some(Branch::Roles),
            Node::Databases => Some(Branch::Databases),
            Node::Column { .. } | Node::Function(_) | Node::Role(_) | Node::Database(_) => None,
        }
    }

    /// What the selection is on, in words that survive a reload.
    pub(super) fn anchor(&self) -> Option<(Option<Branch>, Label)> {
        let node = self.selected_node()?;
        Some((self.branch(node), self.label(node)))
    }

    pub(super) fn flatten(&mut self, anchor: Option<&(Option<Branch>, Label)>) {
        let mut flattening = Flattening {
            tree: self,
            wanted: Wanted::new(&self.filter),
            rows: Vec::with_capacity(self.rows.len()),
        };
        flattening.everything();
        self.rows = flattening.rows;
        self.select(self.selected);
        let Some((branch, label)) = anchor else {
            return;
        };
        let found = self.rows.iter().position(|row| {
            let here = self.branch(row.node);
            here == *branch && (here.is_some() || self.label(row.node).name == label.name)
        });
        self.selected = found.unwrap_or(self.selected);
    }
}

impl Flattening<'_> {
    fn push(&mut self, node: Node, depth: u16, fold: Fold) {
        self.rows.push(Row { node, depth, fold });
    }

    /// Whether a branch shows what is below it. A filter opens everything that can hold a hit.
    fn fold(&self, node: Node) -> Fold {
        let open = self
            .tree
            .branch(node)
            .is_some_and(|branch| self.tree.open.contains(&branch));
        let forced = self.wanted.is_some() && !matches!(node, Node::Relation(_));
        if open || forced {
            Fold::Open
        } else {
            Fold::Closed
        }
    }

    fn everything(&mut self) {
        let tree = self.tree;
        if tree.catalog.database.is_empty() {
            return;
        }
        let here = self.fold(Node::Here);
        self.push(Node::Here, 0, here);
        if here == Fold::Open {
            for schema in tree.schemas(Origin::People) {
                self.schema(schema, 1);
            }
            self.folder(Node::System, 1, |flat| {
                for schema in tree.schemas(Origin::System) {
                    flat.schema(schema, 2);
                }
            });
            self.folder(Node::Roles, 1, |flat| {
                for (place, role) in tree.catalog.roles.iter().enumerate() {
                    if flat
                        .lets_through(|wanted| wanted.schema.is_empty() && wanted.name(&role.name))
                    {
                        flat.push(Node::Role(place), 2, Fold::Leaf);
                    }
                }
            });
        }
        if tree.other_databases().next().is_some() {
            self.folder(Node::Databases, 0, |flat| {
                for place in tree.other_databases() {
                    let name = tree
                        .catalog
                        .databases
                        .get(place)
                        .map_or("", |found| &found.name);
                    if flat.lets_through(|wanted| wanted.schema.is_empty() && wanted.name(name)) {
                        flat.push(Node::Database(place), 1, Fold::Leaf);
                    }
                }
            });
        }
    }

    fn lets_through(&self, hit: impl FnOnce(&Wanted) -> bool) -> bool {
        self.wanted.as_ref().is_none_or(hit)
    }

    /// A branch and, if it is open, what `below` pushes. With a filter, a branch without a hit goes.
    fn folder(&mut self, node: Node, depth: u16, below: impl FnOnce(&mut Self)) {
        let fold = self.fold(node);
        self.push(node, depth, fold);
        let before = self.rows.len();
        if fold == Fold::Open {
            below(self);
        }
        if self.wanted.is_some() && self.rows.len() == before {
            let _ = self.rows.pop();
        }
    }

    fn schema(&mut self, schema: usize, depth: u16) {
        let tree = self.tree;
        let name = tree
            .catalog
            .schemas
            .get(schema)
            .map_or("", |found| &found.name);
        // A schema whose own name is the hit is shown whole, closed unless it was opened.
        let whole = self
            .wanted
            .as_ref()
            .is_some_and(|wanted| wanted.schema.is_empty() && wanted.name(name));
        if !self.lets_through(|wanted| whole || wanted.schema(name)) {
            return;
        }
        let outer = if whole { self.wanted.take() } else { None };
        self.folder(Node::Schema(schema), depth, |flat| {
            flat.inside(schema, depth + 1);
        });
        if outer.is_some() {
            self.wanted = outer;
        }
    }

    fn inside(&mut self, schema: usize, depth: u16) {
        let tree = self.tree;
        for at in tree.relations(schema, |kind| kind != RelationKind::Sequence) {
            let name = tree
                .catalog
                .relations
                .get(at)
                .map_or("", |found| &found.name);
            if self.lets_through(|wanted| wanted.name(name)) {
                self.relation(at, depth);
            }
        }
        if tree.sequences(schema).next().is_some() {
            self.folder(Node::Sequences(schema), depth, |flat| {
                for at in tree.sequences(schema) {
                    let name = tree
                        .catalog
                        .relations
                        .get(at)
                        .map_or("", |found| &found.name);
                    if flat.lets_through(|wanted| wanted.name(name)) {
                        flat.push(Node::Relation(at), depth + 1, Fold::Leaf);
                    }
                }
            });
        }
        let functions = tree.catalog.functions_of(schema);
        if !functions.is_empty() {
            self.folder(Node::Functions(schema), depth, |flat| {
                for at in functions {
                    let name = tree
                        .catalog
                        .functions
                        .get(at)
                        .map_or("", |found| &found.name);
                    if flat.lets_through(|wanted| wanted.name(name)) {
                        flat.push(Node::Function(at), depth + 1, Fold::Leaf);
                    }
                }
            });
        }
    }

    fn relation(&mut self, at: usize, depth: u16) {
        let fold = self.fold(Node::Relation(at));
        self.push(Node::Relation(at), depth, fold);
        if fold == Fold::Open {
            for column in 0..self.tree.catalog.columns_of(at).len() {
                let node = Node::Column {
                    relation: at,
                    column,
                };
                self.push(node, depth + 1, Fold::Leaf);
            }
        }
    }
}

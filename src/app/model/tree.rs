//! The catalog pane: which branches are open, what the filter lets through, and the rows that
//! follow from both.
//!
//! The rows are flattened when something changes, not when they are drawn: scrolling over 50,000
//! objects costs what the screen shows.

mod rows;

use std::collections::HashSet;

use rows::{Origin, interesting_schema};

use super::line::Line;
use crate::app::message::Ticket;
use crate::domain::catalog::{Access, Catalog, CatalogPart, Key, RelationKind, spoken_count};

/// What a row of the tree stands for. Numbers are places in the [`Catalog`]'s lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// The database the session is in.
    Here,
    /// A schema.
    Schema(usize),
    /// A table, view …
    Relation(usize),
    /// A column of a relation.
    Column {
        /// The relation.
        relation: usize,
        /// The column's place in it.
        column: usize,
    },
    /// All sequences of a schema.
    Sequences(usize),
    /// All functions of a schema.
    Functions(usize),
    /// A function.
    Function(usize),
    /// The schemas of the system.
    System,
    /// All roles.
    Roles,
    /// A role.
    Role(usize),
    /// The other databases.
    Databases,
    /// Another database.
    Database(usize),
}

/// An object to select, in words that any catalog knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A relation by its OID.
    Relation(u32),
    /// A function by its OID.
    Function(u32),
    /// A schema by its name.
    Schema(String),
    /// A role by its name.
    Role(String),
}

/// A branch in words that survive a reload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Branch {
    Here,
    Schema(String),
    Relation(u32),
    Sequences(String),
    Functions(String),
    System,
    Roles,
    Databases,
}

/// Whether a row has rows below it, and whether they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Nothing below.
    Leaf,
    /// Something below that does not show.
    Closed,
    /// What is below shows.
    Open,
}

/// One line of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it stands for.
    pub node: Node,
    /// How deep it is, from 0.
    pub depth: u16,
    /// Whether it is open.
    pub fold: Fold,
}

/// What a row says. All of it is the server's text: untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// What stands beside it: a type, a number of rows, a count.
    pub note: String,
    /// Its part in keys; of a column only.
    pub key: Key,
    /// Whether the role may use it.
    pub access: Access,
}

/// How far the catalog is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Loading {
    /// Nothing was asked for yet.
    #[default]
    Never,
    /// It is on its way. What was known before stays on the screen.
    Asked(Ticket),
    /// It is all here.
    Done,
    /// It could not be read to its end.
    Failed(String),
}

/// The catalog pane.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    catalog: Catalog,
    loading: Loading,
    open: HashSet<Branch>,
    filter: String,
    rows: Vec<Row>,
    selected: usize,
    /// The filter while it is being typed.
    pub field: Option<Line>,
}

impl Tree {
    /// What is known.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How far the catalog is.
    #[must_use]
    pub const fn loading(&self) -> &Loading {
        &self.loading
    }

    /// The filter; empty if there is none.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// All rows that show, top to bottom.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The place of the selected row in [`Self::rows`].
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// What the selected row stands for.
    #[must_use]
    pub fn selected_node(&self) -> Option<Node> {
        self.rows.get(self.selected).map(|row| row.node)
    }

    /// The first row to show so that the selected one is in sight in `height` rows, near the
    /// middle where there are more.
    #[must_use]
    pub fn top(&self, height: usize) -> usize {
        self.selected
            .saturating_sub(height / 2)
            .min(self.rows.len().saturating_sub(height))
    }

    /// Remembers that the catalog was asked for.
    pub fn asked(&mut self, ticket: Ticket) {
        self.loading = Loading::Asked(ticket);
    }

    /// Takes in a part that was asked for with `ticket`; any other is dropped. Functions come last.
    pub fn take(&mut self, ticket: Ticket, part: CatalogPart) {
        if self.loading != Loading::Asked(ticket) {
            return;
        }
        match &part {
            CatalogPart::Outline(outline) if outline.database != self.catalog.database => {
                self.open = HashSet::from([Branch::Here]);
                self.open.extend(
                    interesting_schema(outline).map(|schema| Branch::Schema(schema.to_owned())),
                );
            }
            CatalogPart::Functions(_) => self.loading = Loading::Done,
            CatalogPart::Outline(_)
            | CatalogPart::Locked(_)
            | CatalogPart::Columns(_)
            | CatalogPart::Roles(_) => {}
        }
        let anchor = self.anchor();
        self.catalog.take(part);
        self.flatten(anchor.as_ref());
    }

    /// Remembers that the catalog could not be read, in the server's words.
    pub fn failed(&mut self, ticket: Ticket, message: String) {
        if self.loading == Loading::Asked(ticket) {
            self.loading = Loading::Failed(message);
        }
    }

    /// The connection ended: what was asked for will not come.
    pub fn lost(&mut self) {
        if let Loading::Asked(_) = self.loading {
            self.loading = Loading::Failed("the connection ended".to_owned());
        }
    }

    /// Moves the selection by that many rows, as far as there are any.
    pub fn move_by(&mut self, rows: isize) {
        self.select(self.selected.saturating_add_signed(rows));
    }

    /// Selects a row, the last one if there are fewer.
    pub fn select(&mut self, row: usize) {
        self.selected = row.min(self.rows.len().saturating_sub(1));
    }

    /// Opens the selected row, or goes to its first child if it is open.
    pub fn expand(&mut self) {
        match self.rows.get(self.selected).map(|row| row.fold) {
            Some(Fold::Closed) => self.toggle(),
            Some(Fold::Open) => self.move_by(1),
            Some(Fold::Leaf) | None => {}
        }
    }

    /// Closes the selected row, or goes to the row it is under.
    pub fn collapse(&mut self) {
        let Some(row) = self.rows.get(self.selected).copied() else {
            return;
        };
        if row.fold == Fold::Open {
            self.toggle();
            return;
        }
        let above = self
            .rows
            .iter()
            .take(self.selected)
            .rposition(|other| other.depth < row.depth);
        self.selected = above.unwrap_or(self.selected);
    }

    /// Opens the selected row if it is closed, closes it if it is open.
    pub fn toggle(&mut self) {
        let Some(branch) = self.selected_node().and_then(|node| self.branch(node)) else {
            return;
        };
        if !self.open.remove(&branch) {
            let _ = self.open.insert(branch);
        }
        let anchor = self.anchor();
        self.flatten(anchor.as_ref());
    }

    /// Selects an object, opening the way to it; says whether it is there.
    pub fn reveal(&mut self, place: &Place) -> bool {
        let catalog = &self.catalog;
        let schema_of = |at: usize| catalog.schemas.get(at).map(|schema| schema.name.clone());
        let found = match place {
            Place::Relation(oid) => catalog
                .relations
                .iter()
                .position(|relation| relation.oid == *oid)
                .map(Node::Relation),
            Place::Function(oid) => catalog
                .functions
                .iter()
                .position(|function| function.oid == *oid)
                .map(Node::Function),
            Place::Schema(name) => catalog
                .schemas
                .iter()
                .position(|schema| schema.name == *name)
                .map(Node::Schema),
            Place::Role(name) => catalog
                .roles
                .iter()
                .position(|role| role.name == *name)
                .map(Node::Role),
        };
        let Some(node) = found else {
            return false;
        };
        let mut way = vec![Branch::Here, Branch::System];
        match node {
            Node::Relation(at) => {
                let relation = catalog.relations.get(at);
                if let Some(schema) = relation.and_then(|relation| schema_of(relation.schema)) {
                    way.push(Branch::Sequences(schema.clone()));
                    way.push(Branch::Schema(schema));
                }
            }
            Node::Function(at) => {
                let function = catalog.functions.get(at);
                if let Some(schema) = function.and_then(|function| schema_of(function.schema)) {
                    way.push(Branch::Functions(schema.clone()));
                    way.push(Branch::Schema(schema));
                }
            }
            Node::Role(_) => way.push(Branch::Roles),
            _ => {}
        }
        // Only what leads there is opened: branches that others are not in stay as they are.
        let plain = !matches!(
            node,
            Node::Relation(at) if catalog.relations.get(at).is_some_and(|relation| relation.kind == RelationKind::Sequence)
        );
        way.retain(|branch| !(plain && matches!(branch, Branch::Sequences(_))));
        self.filter.clear();
        self.field = None;
        self.open.extend(way);
        self.flatten(None);
        let row = self.rows.iter().position(|row| row.node == node);
        self.select(row.unwrap_or(self.selected));
        row.is_some()
    }

    /// Shows only what has `filter` in its name, with what it is under; upper and lower case are
    /// one. `sales.ord` looks for `ord` in schemas with `sales` in their name. The first hit is
    /// selected.
    pub fn set_filter(&mut self, filter: String) {
        let anchor = self.anchor();
        self.filter = filter;
        self.flatten(anchor.as_ref());
        if !self.filter.is_empty() {
            let hit = self.rows.iter().position(|row| {
                matches!(
                    row.node,
                    Node::Relation(_) | Node::Function(_) | Node::Role(_)
                )
            });
            self.selected = hit.unwrap_or(0);
        }
    }

    /// What a row says.
    #[must_use]
    pub fn label(&self, node: Node) -> Label {
        let catalog = &self.catalog;
        let plain = |name: &str, note: String, access: Access| Label {
            name: name.to_owned(),
            note,
            key: Key::None,
            access,
        };
        let folder = |name: &str, count: usize| plain(name, format!("({count})"), Access::Usable);
        let missing = || plain("", String::new(), Access::Usable);
        match node {
            Node::Here => plain(&catalog.database, String::new(), Access::Usable),
            Node::Schema(at) => catalog.schemas.get(at).map_or_else(missing, |schema| {
                plain(&schema.name, String::new(), schema.access)
            }),
            Node::Relation(at) => catalog.relations.get(at).map_or_else(missing, |relation| {
                let rows = relation
                    .estimated_rows
                    .map(spoken_count)
                    .unwrap_or_default();
                let beside = match kind_word(relation.kind) {
                    "" => rows,
                    word if rows.is_empty() => word.to_owned(),
                    word => format!("{word} {rows}"),
                };
                plain(&relation.name, beside, relation.access)
            }),
            Node::Column { relation, column } => catalog
                .columns_of(relation)
                .get(column)
                .map_or_else(missing, |column| Label {
                    name: column.name.clone(),
                    note: column.type_name.clone(),
                    key: column.key,
                    access: column.access,
                }),
            Node::Sequences(schema) => folder("sequences", self.sequences(schema).count()),
            Node::Functions(schema) => folder("functions", catalog.functions_of(schema).len()),
            Node::Function(at) => catalog.functions.get(at).map_or_else(missing, |function| {
                let name = format!("{}({})", function.name, function.arguments);
                plain(&name, function.result.clone(), function.access)
            }),
            Node::System => folder("system schemas", self.schemas(Origin::System).count()),
            Node::Roles => folder("roles", catalog.roles.len()),
            Node::Role(at) => catalog.roles.get(at).map_or_else(missing, |role| {
                plain(&role.name, role.attributes.clone(), Access::Usable)
            }),
            Node::Databases => folder("other databases", self.other_databases().count()),
            Node::Database(at) => catalog.databases.get(at).map_or_else(missing, |database| {
                plain(&database.name, String::new(), database.access)
            }),
        }
    }
}

/// The words that say what a relation is, where it is not a table.
const fn kind_word(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table | RelationKind::Sequence => "",
        RelationKind::PartitionedTable => "partitioned",
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialised",
        RelationKind::ForeignTable => "foreign",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::{
        CatalogColumn, Database, Function, Nullability, Relation, RoleEntry, Schema,
    };

    fn relation(oid: u32, schema: usize, name: &str, kind: RelationKind) -> Relation {
        Relation {
            oid,
            schema,
            name: name.into(),
            kind,
            estimated_rows: Some(1_200_000),
            access: Access::Usable,
        }
    }

    fn outline() -> Catalog {
        let schema = |name: &str, access| Schema {
            name: name.into(),
            owner: "owner".into(),
            access,
        };
        let database = |name: &str| Database {
            name: name.into(),
            access: Access::Usable,
        };
        Catalog {
            database: "shop".into(),
            databases: vec![database("other"), database("shop")],
            schemas: vec![
                schema("crm", Access::Locked),
                schema("sales", Access::Usable),
                schema("pg_catalog", Access::Usable),
            ],
            relations: vec![
                relation(1, 0, "customers", RelationKind::Table),
                relation(2, 1, "order_lines", RelationKind::Table),
                relation(3, 1, "Orders", RelationKind::View),
                relation(4, 1, "orders_id_seq", RelationKind::Sequence),
                relation(5, 2, "pg_class", RelationKind::Table),
            ],
            search_path: vec!["pg_catalog".into(), "sales".into()],
            ..Catalog::default()
        }
    }

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.asked(Ticket(1));
        tree.take(Ticket(1), CatalogPart::Outline(outline()));
        tree
    }

    /// The rows as indented names.
    fn picture(tree: &Tree) -> Vec<String> {
        let line = |row: &Row| {
            let label = tree.label(row.node);
            format!("{}{}", " ".repeat(row.depth.into()), label.name)
        };
        tree.rows().iter().map(line).collect()
    }

    #[test]
    fn the_search_path_opens_its_schema() {
        assert_eq!(
            picture(&tree()),
            [
                "shop",
                " crm",
                " sales",
                "  order_lines",
                "  Orders",
                "  sequences",
                " system schemas",
                " roles",
                "other databases",
            ]
        );
    }

    #[test]
    fn a_filter_finds_tables_anywhere_and_keeps_what_they_are_under() {
        let mut tree = tree();
        tree.set_filter("ORDERS".into());
        assert_eq!(
            picture(&tree),
            [
                "shop",
                " sales",
                "  Orders",
                "  sequences",
                "   orders_id_seq"
            ]
        );
        assert_eq!(tree.selected_node(), Some(Node::Relation(2)));
        tree.set_filter("crm.cust".into());
        assert_eq!(picture(&tree), ["shop", " crm", "  customers"]);
        tree.set_filter("pg_cl".into());
        assert_eq!(
            picture(&tree),
            ["shop", " system schemas", "  pg_catalog", "   pg_class"]
        );
        tree.set_filter("zzz".into());
        assert_eq!(picture(&tree), ["shop"]);
        tree.set_filter(String::new());
        assert_eq!(picture(&tree).len(), 9);
    }

    #[test]
    fn columns_appear_when_they_arrive_and_the_selection_stays() {
        let mut tree = tree();
        tree.select(4);
        tree.toggle();
        assert_eq!(tree.selected_node(), Some(Node::Relation(2)));
        let column = |name: &str| CatalogColumn {
            number: 1,
            name: name.into(),
            type_name: "bigint".into(),
            nullability: Nullability::NotNull,
            key: Key::Primary,
            access: Access::Usable,
        };
        let columns = vec![
            Vec::new(),
            vec![column("x")],
            vec![column("id")],
            Vec::new(),
            Vec::new(),
        ];
        tree.take(Ticket(1), CatalogPart::Columns(columns));
        assert_eq!(picture(&tree)[5], "   id");
        tree.expand();
        assert_eq!(tree.label(tree.selected_node().unwrap()).note, "bigint");
        tree.collapse();
        assert_eq!(tree.selected_node(), Some(Node::Relation(2)));
        tree.collapse();
        assert_eq!(tree.rows()[4].fold, Fold::Closed);
    }

    #[test]
    fn parts_of_an_abandoned_request_are_dropped() {
        let mut tree = tree();
        tree.asked(Ticket(2));
        tree.take(
            Ticket(1),
            CatalogPart::Roles(vec![RoleEntry {
                name: "late".into(),
                attributes: String::new(),
                member_of: Vec::new(),
            }]),
        );
        assert!(tree.catalog().roles.is_empty());
        tree.take(Ticket(2), CatalogPart::Functions(Vec::<Function>::new()));
        assert_eq!(*tree.loading(), Loading::Done);
    }
}

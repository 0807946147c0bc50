//! The catalog pane.

use super::{access, caution, editor, focus, query};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode, Mouse, MouseAction};
use crate::app::layout;
use crate::app::message::Ticket;
use crate::app::model::access::{Sought, SoughtObject};
use crate::app::model::line::{Line, Taken};
use crate::app::model::overlay::{Confirm, Consent, Overlay};
pub(super) use crate::app::model::tree::Place;
use crate::app::model::tree::{Node, Tree};
use crate::app::model::{Model, Pane};
use crate::domain::access::Realm;
use crate::domain::catalog::{Access, Catalog, CatalogPart, RelationKind};
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::rows::cell;

/// Rows of the screen above the tree: the filter.
const FILTER_LINE: u16 = 1;

/// Rows a turn of the wheel moves.
const WHEEL: isize = 3;

/// Rows a person gets to see of a table unasked for more.
const FIRST_ROWS: usize = 100;

pub(super) fn is_typing(model: &Model) -> bool {
    model.tree.field.is_some()
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::TreeOpen => return open(model),
        Command::TreeClose => model.tree.collapse(),
        Command::TreeRows => return first_rows(model),
        Command::TreeDefinition => return definition(model),
        Command::TreeInsert => {
            if let Some(name) = selected_name(model) {
                focus(model, Pane::Editor);
                return editor::pasted(model, &name);
            }
        }
        Command::TreeCopy => {
            if let Some(text) = selected_name(model) {
                model.tell(format!("copied {text}"));
                return vec![Effect::Copy { text }];
            }
        }
        Command::TreeFilter => model.tree.field = Some(Line::new(model.tree.filter())),
        Command::TreeWho => return who(model),
        Command::TreeReload => {
            if model.link.up().is_some() {
                return reload(model);
            }
            model.tell("the connection is down: reconnect first");
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(mut field) = model.tree.field.take() {
        match key.code {
            KeyCode::Escape => model.tree.set_filter(String::new()),
            KeyCode::Enter | KeyCode::Tab => {}
            KeyCode::Up | KeyCode::Down => {
                model
                    .tree
                    .move_by(if key.code == KeyCode::Up { -1 } else { 1 });
                model.tree.field = Some(field);
            }
            _ => {
                if field.key(key) == Taken::Yes {
                    model.tree.set_filter(field.text().to_owned());
                }
                model.tree.field = Some(field);
            }
        }
        return Vec::new();
    }
    let page = page(model);
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => model.tree.move_by(-1),
        KeyCode::Down | KeyCode::Char('j') => model.tree.move_by(1),
        KeyCode::PageUp => model.tree.move_by(-page),
        KeyCode::PageDown => model.tree.move_by(page),
        KeyCode::Home | KeyCode::Char('g') => model.tree.select(0),
        KeyCode::End | KeyCode::Char('G') => model.tree.select(usize::MAX),
        KeyCode::Char(' ') => model.tree.toggle(),
        KeyCode::Escape => model.tree.set_filter(String::new()),
        _ => {}
    }
    Vec::new()
}

fn page(model: &Model) -> isize {
    isize::try_from(rows_shown(model))
        .unwrap_or(isize::MAX)
        .max(1)
}

/// Rows of the tree that fit.
fn rows_shown(model: &Model) -> usize {
    layout::page(model, Pane::Tree).saturating_sub(usize::from(FILTER_LINE))
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(field) = &mut model.tree.field {
        field.insert(text);
        let filter = field.text().to_owned();
        model.tree.set_filter(filter);
    }
    Vec::new()
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse.action {
        MouseAction::ScrollUp => model.tree.move_by(-WHEEL),
        MouseAction::ScrollDown => model.tree.move_by(WHEEL),
        MouseAction::Press => return press(model, mouse),
        MouseAction::Release
        | MouseAction::Drag
        | MouseAction::ScrollLeft
        | MouseAction::ScrollRight => {}
    }
    Vec::new()
}

/// A press selects; a press on what is selected opens or closes it.
fn press(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let Some(area) = layout::pane(model, Pane::Tree).map(layout::Area::inner) else {
        return Vec::new();
    };
    if !area.contains(mouse.column, mouse.row) {
        return Vec::new();
    }
    if mouse.row < area.y + FILTER_LINE {
        return perform(model, Command::TreeFilter);
    }
    let below = usize::from(mouse.row - area.y - FILTER_LINE);
    let row = model.tree.top(rows_shown(model)) + below;
    if row >= model.tree.rows().len() {
        return Vec::new();
    }
    let again = model.tree.selected() == row;
    model.tree.select(row);
    if again {
        model.tree.toggle();
    }
    Vec::new()
}

/// Who can reach the selected object, or what the selected role can reach.
fn who(model: &mut Model) -> Vec<Effect> {
    let catalog = model.tree.catalog();
    let named = |realm, name: &str| {
        Sought::Object(SoughtObject::Named {
            realm,
            schema: None,
            name: name.to_owned(),
        })
    };
    let by_oid = |realm, oid| Sought::Object(SoughtObject::Oid { realm, oid });
    let sought = model.tree.selected_node().and_then(|node| {
        Some(match node {
            Node::Here => named(Realm::Database, &catalog.database),
            Node::Database(at) => named(Realm::Database, &catalog.databases.get(at)?.name),
            Node::Schema(at) | Node::Sequences(at) | Node::Functions(at) => {
                named(Realm::Schema, &catalog.schemas.get(at)?.name)
            }
            Node::Relation(at) => by_oid(Realm::Relation, catalog.relations.get(at)?.oid),
            Node::Column { relation, column } => Sought::Object(SoughtObject::Column {
                relation: catalog.relations.get(relation)?.oid,
                name: catalog.columns_of(relation).get(column)?.name.clone(),
            }),
            Node::Function(at) => by_oid(Realm::Function, catalog.functions.get(at)?.oid),
            Node::Role(at) => Sought::Role(catalog.roles.get(at)?.name.clone()),
            Node::Roles => Sought::Roles,
            Node::System | Node::Databases => Sought::Everything,
        })
    });
    access::open(model, sought.unwrap_or(Sought::Everything))
}

/// Selects an object of the catalog, opening the way to it; says whether it is there.
pub(super) fn reveal(model: &mut Model, place: &Place) -> bool {
    let found = model.tree.reveal(place);
    if found {
        focus(model, Pane::Tree);
    }
    found
}

/// Unfolds; what has nothing below it is shown in its own way.
fn open(model: &mut Model) -> Vec<Effect> {
    match model.tree.selected_node() {
        Some(Node::Database(at)) => ask_to_open(model, at),
        Some(Node::Function(_)) => definition(model),
        Some(Node::Column { .. }) => perform(model, Command::TreeInsert),
        Some(_) => {
            model.tree.expand();
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Another database is another connection: asked first.
fn ask_to_open(model: &mut Model, at: usize) -> Vec<Effect> {
    let Some(database) = model.tree.catalog().databases.get(at).cloned() else {
        return Vec::new();
    };
    let Some(mut profile) = model.link.profile().cloned() else {
        return Vec::new();
    };
    profile.database.clone_from(&database.name);
    let mut body = vec![format!(
        "Sign in to {} as {}; this connection is closed.",
        database.name, profile.user
    )];
    if database.access == Access::Locked {
        body.push("The role has no CONNECT there: the server will refuse.".to_owned());
    }
    body.extend(caution::before_leaving(model));
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "open another database?".to_owned(),
        body,
        yes: Consent::Dial(Box::new(profile)),
        verb: "connect",
    }));
    Vec::new()
}

/// Puts a statement that reads the first rows into a tab, and runs it.
fn first_rows(model: &mut Model) -> Vec<Effect> {
    let node = model.tree.selected_node();
    let Some(Node::Relation(at) | Node::Column { relation: at, .. }) = node else {
        model.tell("select a table or a view first");
        return Vec::new();
    };
    match select_rows(model.tree.catalog(), at) {
        Some(statement) => in_a_tab(model, statement),
        None => Vec::new(),
    }
}

/// `SELECT * …`, or the columns the role may read where that is not all of them.
fn select_rows(catalog: &Catalog, at: usize) -> Option<String> {
    let name = relation_name(catalog, at)?;
    let columns = catalog.columns_of(at);
    let readable: Vec<&str> = columns
        .iter()
        .filter(|column| column.access == Access::Usable)
        .map(|column| column.name.as_str())
        .collect();
    let wanted = if readable.is_empty() || readable.len() == columns.len() {
        "*".to_owned()
    } else {
        ident::list(&readable)
    };
    Some(format!("SELECT {wanted} FROM {name} LIMIT {FIRST_ROWS};"))
}

/// Asks the server how the selected object is defined, with a statement a person can read.
fn definition(model: &mut Model) -> Vec<Effect> {
    let catalog = model.tree.catalog();
    let statement = match model.tree.selected_node() {
        Some(Node::Relation(at) | Node::Column { relation: at, .. }) => {
            relation_definition(catalog, at)
        }
        Some(Node::Function(at)) => catalog.functions.get(at).map(|function| {
            // By number: overloaded functions share a name, and argument names are not types.
            format!(
                "-- {}\nSELECT pg_get_functiondef({}) AS definition;",
                cell::safe_line(&format!("{}({})", function.name, function.arguments)),
                function.oid
            )
        }),
        _ => None,
    };
    if let Some(statement) = statement {
        return in_a_tab(model, statement);
    }
    model.tell("select a table, a view or a function first");
    Vec::new()
}

fn relation_definition(catalog: &Catalog, at: usize) -> Option<String> {
    let relation = catalog.relations.get(at)?;
    let name = ident::literal(&relation_name(catalog, at)?);
    Some(match relation.kind {
        RelationKind::View | RelationKind::MaterializedView => {
            format!("SELECT pg_get_viewdef({name}::regclass, true) AS definition;")
        }
        RelationKind::Sequence => {
            let schema = ident::literal(&catalog.schemas.get(relation.schema)?.name);
            let sequence = ident::literal(&relation.name);
            format!(
                "SELECT * FROM pg_sequences\nWHERE schemaname = {schema} AND sequencename = {sequence};"
            )
        }
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => {
            format!(
                "SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,\n       \
             NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS default,\n       \
             col_description(a.attrelid, a.attnum) AS comment\n\
             FROM pg_attribute a\n\
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum\n\
             WHERE a.attrelid = {name}::regclass AND a.attnum > 0 AND NOT a.attisdropped\n\
             ORDER BY a.attnum;"
            )
        }
    })
}

fn in_a_tab(model: &mut Model, statement: String) -> Vec<Effect> {
    let mut effects = editor::open_tab(model, &statement);
    if let Some(reason) = Command::Run.unavailable(model) {
        model.tell(reason);
        return effects;
    }
    effects.extend(query::run(model, vec![statement]));
    effects
}

fn relation_name(catalog: &Catalog, at: usize) -> Option<String> {
    let relation = catalog.relations.get(at)?;
    let schema = catalog.schemas.get(relation.schema)?;
    Some(ident::qualified(&schema.name, &relation.name))
}

/// The selected object's name as SQL writes it.
fn selected_name(model: &Model) -> Option<String> {
    let catalog = model.tree.catalog();
    match model.tree.selected_node()? {
        Node::Relation(at) => relation_name(catalog, at),
        Node::Column { relation, column } => {
            let column = catalog.columns_of(relation).get(column)?;
            Some(ident::quoted(&column.name).into_owned())
        }
        Node::Function(at) => {
            let function = catalog.functions.get(at)?;
            let schema = catalog.schemas.get(function.schema)?;
            Some(ident::qualified(&schema.name, &function.name))
        }
        Node::Role(at) => Some(ident::role(&catalog.roles.get(at)?.name).into_owned()),
        Node::Database(at) => Some(ident::quoted(&catalog.databases.get(at)?.name).into_owned()),
        Node::Here => Some(ident::quoted(&catalog.database).into_owned()),
        Node::Schema(at) | Node::Sequences(at) | Node::Functions(at) => {
            Some(ident::quoted(&catalog.schemas.get(at)?.name).into_owned())
        }
        Node::System | Node::Roles | Node::Databases => None,
    }
}

/// Asks for the catalog of the linked database.
pub(super) fn reload(model: &mut Model) -> Vec<Effect> {
    let ticket = model.next_ticket();
    model.tree.asked(ticket);
    vec![Effect::LoadCatalog { ticket }]
}

pub(super) fn arrived(model: &mut Model, ticket: Ticket, part: CatalogPart) -> Vec<Effect> {
    model.tree.take(ticket, part);
    Vec::new()
}

pub(super) fn failed(model: &mut Model, ticket: Ticket, failure: Failure) -> Vec<Effect> {
    model.tree.failed(ticket, failure.message);
    Vec::new()
}

/// The connection ended: a request under way gets no answer.
pub(super) fn link_lost(model: &mut Model) {
    model.tree.lost();
}

/// The workspace was left: the catalog is forgotten.
pub(super) fn hung_up(model: &mut Model) {
    model.tree = Tree::default();
}

//! The access screen: opening, asking, filtering, and the ways out of it.

mod mouse;

pub(super) use mouse::mouse;

use super::{editor, tree};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout;
use crate::app::message::Ticket;
use crate::app::model::access::{
    AccessScreen, Item, Known, Part, Reading, Room, Sought, Typing, View, detail,
};
use crate::app::model::diagnostics::{Diagnostics, Subject};
use crate::app::model::grid::Save;
use crate::app::model::line::{Line, Taken};
use crate::app::model::overlay::Overlay;
use crate::app::model::{Model, Screen};
use crate::domain::access::{ObjectId, Objects, Privilege, Realm, Report, RoleId, Snapshot};
use crate::domain::export::Format;
use crate::domain::failure::Failure;

/// Opens the screen on something. What was read before shows at once, and is read again: a grant may
/// have changed it since.
pub(super) fn open(model: &mut Model, sought: Sought) -> Vec<Effect> {
    model.screen = Screen::Access;
    model.access.sought = Some(sought);
    if model.access.known.is_some() {
        seek(model);
    }
    let effects = reload(model);
    keep_in_sight(model);
    effects
}

fn seek(model: &mut Model) {
    if let Some(missing) = model.access.seek() {
        model.tell(missing);
    }
}

/// Asks for the rights of the linked database.
pub(super) fn reload(model: &mut Model) -> Vec<Effect> {
    if model.link.up().is_none() {
        model.access.reading =
            Reading::Failed("the connection is down: reconnect, then reload".to_owned());
        return Vec::new();
    }
    if let Reading::Asked { .. } = model.access.reading {
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let since = model.now;
    model.access.reading = Reading::Asked { ticket, since };
    vec![Effect::LoadRights { ticket }]
}

pub(super) fn arrived(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Box<Snapshot>, Failure>,
) -> Vec<Effect> {
    match model.access.reading {
        Reading::Asked { ticket: asked, .. } if asked == ticket => {}
        _ => return Vec::new(),
    }
    match outcome {
        Ok(rights) => {
            let sought = model.access.sought.is_some();
            if let Some(missing) = model.access.arrived(Known::new(*rights)).filter(|_| sought) {
                model.tell(missing);
            }
        }
        Err(failure) => {
            let next = failure
                .hint
                .unwrap_or_else(|| "r reads them again".to_owned());
            model.access.reading = Reading::Failed(format!("{}: {next}", failure.message));
        }
    }
    keep_in_sight(model);
    Vec::new()
}

/// The reading under way, given up.
pub(super) fn cancelling(model: &mut Model) -> Option<Ticket> {
    let Reading::Asked { ticket, .. } = model.access.reading else {
        return None;
    };
    model.access.reading = Reading::Failed("given up: r reads them again".to_owned());
    Some(ticket)
}

/// The connection ended: a request under way gets no answer.
pub(super) fn link_lost(model: &mut Model) {
    if let Reading::Asked { .. } = model.access.reading {
        model.access.reading =
            Reading::Failed("the connection ended: reconnect, then reload".to_owned());
    }
}

/// The workspace was left: rights of another database mean nothing.
pub(super) fn hung_up(model: &mut Model) {
    model.access = AccessScreen::default();
}

pub(super) const fn is_typing(model: &Model) -> bool {
    matches!(model.access.filters.typing, Typing::Yes)
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    let effects = match command {
        Command::AccessBack if model.access.has_before() => {
            model.access.back();
            Vec::new()
        }
        Command::AccessBack | Command::AccessClose => leave(model),
        Command::AccessReload => {
            if model.link.up().is_none() {
                model.tell("the connection is down: reconnect first");
                Vec::new()
            } else {
                reload(model)
            }
        }
        Command::AccessExport => export(model),
        Command::AccessCopy => {
            let text = model.access.detail_text();
            model.tell("copied what is told of it");
            vec![Effect::Copy { text }]
        }
        Command::AccessGrant => grant(model),
        Command::AccessRevoke => revoke(model),
        Command::AccessInCatalog => in_catalog(model),
        Command::AccessWhy => why(model),
        _ => {
            ask(model, command);
            Vec::new()
        }
    };
    keep_in_sight(model);
    effects
}

/// Verbs that only change what shows.
fn ask(model: &mut Model, command: Command) {
    let screen = &mut model.access;
    let (role, object) = (screen.role(), screen.object());
    match command {
        Command::AccessOpen => look_closer(model),
        Command::AccessMatrix => {
            if let (Some(role), Some(object)) = (role, object) {
                screen.go_to_pair(role, object);
            } else {
                screen.go(View::Matrix);
            }
        }
        Command::AccessRoles => screen.go(View::Roles),
        Command::AccessWho => match object {
            Some(object) => screen.go(View::Object(object)),
            None => model.tell("put the cursor on an object first"),
        },
        Command::AccessReach => match role {
            Some(role) => screen.go(View::Role(role)),
            None => model.tell("put the cursor on a role first"),
        },
        Command::AccessCompare => compare(model),
        Command::AccessTurn => {
            if screen.view != View::Roles {
                screen.go(View::Roles);
            }
            screen.turn();
        }
        Command::AccessPart => {
            screen.part = match screen.part {
                Part::List => Part::Detail,
                Part::Detail => Part::List,
            };
        }
        Command::AccessFilter => screen.filters.typing = Typing::Yes,
        Command::AccessKinds => screen.next_kinds(),
        Command::AccessPrivilege => screen.next_privilege(),
        Command::AccessSchema => screen.toggle_schema(),
        Command::AccessSystemParts => screen.toggle_system_parts(),
        Command::AccessClear => screen.clear_filters(),
        _ => {}
    }
}

/// From a role to what it can do, from an object to who can do it.
fn look_closer(model: &mut Model) {
    let screen = &mut model.access;
    match (screen.view, screen.item().cloned()) {
        (View::Matrix | View::Role(_) | View::Compare(..), _) => {
            if let Some(object) = screen.object() {
                screen.go(View::Object(object));
            }
        }
        (View::Object(_) | View::Roles, Some(Item::Holder(_) | Item::Node(_))) => {
            if let Some(role) = screen.role() {
                screen.go(View::Role(role));
            }
        }
        (View::Object(_) | View::Roles, _) => {}
    }
}

fn compare(model: &mut Model) {
    let key = model
        .keymap
        .key_of(Command::AccessCompare)
        .unwrap_or("access-compare")
        .to_owned();
    let Some(role) = model.access.compare() else {
        model.tell("put the cursor on a role first");
        return;
    };
    if model.access.aside == Some(role) {
        let name = model
            .access
            .known
            .as_ref()
            .map_or("", |known| known.rights.role_name(role));
        let text = format!("{name} is put aside: {key} on another role compares the two");
        model.tell(text);
    }
}

fn leave(model: &mut Model) -> Vec<Effect> {
    model.screen = Screen::Workspace;
    Vec::new()
}

/// Puts statements into a tab of the editor; nothing runs.
fn into_editor(model: &mut Model, statements: &[String]) -> Vec<Effect> {
    let script = statements.iter().fold(String::new(), |script, statement| {
        script + statement + ";\n"
    });
    model.screen = Screen::Workspace;
    super::focus(model, crate::app::model::Pane::Editor);
    editor::open_tab(model, &script)
}

fn grant(model: &mut Model) -> Vec<Effect> {
    let statements = model.access.account().and_then(|account| {
        let wanted = detail::wanted(&model.access, &account)?;
        let rights = &model.access.known.as_ref()?.rights;
        Some(rights.giving(account.role, account.object, wanted))
    });
    match statements {
        Some(statements) if !statements.is_empty() => into_editor(model, &statements),
        Some(_) => {
            model.tell("it has that already");
            Vec::new()
        }
        None => {
            model.tell("put the cursor where a role lacks something on an object");
            Vec::new()
        }
    }
}

fn revoke(model: &mut Model) -> Vec<Effect> {
    let wanted = model.access.filters.privilege;
    let statements: Vec<String> = model
        .access
        .account()
        .zip(model.access.known.as_ref())
        .map(|(account, known)| {
            account
                .claims
                .iter()
                .filter(|claim| wanted.is_none_or(|wanted| wanted == claim.privilege))
                .flat_map(|claim| known.rights.taking(claim))
                .collect()
        })
        .unwrap_or_default();
    if statements.is_empty() {
        model
            .tell("no grant gives it that: owners, superusers and predefined roles have it anyway");
        return Vec::new();
    }
    into_editor(model, &statements)
}

/// Back to the catalog, the object or role selected.
fn in_catalog(model: &mut Model) -> Vec<Effect> {
    let Some(known) = model.access.known.clone() else {
        return Vec::new();
    };
    let rights = &known.rights;
    let role_first = matches!(model.access.view, View::Roles);
    let role = || {
        model
            .access
            .role()
            .map(|role| rights.role_name(role).to_owned())
    };
    let place = match model.access.object().filter(|_| !role_first) {
        Some(object) => place_of(rights, object),
        None => role().map(tree::Place::Role),
    };
    let found = place.is_some_and(|place| tree::reveal(model, &place));
    if found {
        return leave(model);
    }
    model.tell("the catalog tree has no such object");
    Vec::new()
}

fn place_of(rights: &Snapshot, object: ObjectId) -> Option<tree::Place> {
    let known = rights.object(object)?;
    Some(match known.kind.realm() {
        Realm::Relation | Realm::Column => tree::Place::Relation(known.oid),
        Realm::Function => tree::Place::Function(known.oid),
        Realm::Schema => tree::Place::Schema(known.name.clone()),
        _ => return None,
    })
}

/// Asks the server why a role cannot do the first thing it lacks.
fn why(model: &mut Model) -> Vec<Effect> {
    let Some(Asked { role, statement }) = asked(model) else {
        model.tell("no statement needs only that; what is told here holds");
        return Vec::new();
    };
    if model.link.up().is_none() {
        model.tell("the connection is down: reconnect first");
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let failure = Failure::local(match &statement {
        Some(statement) => format!("may {role} run {statement}?"),
        None => format!("may {role} connect?"),
    });
    model.diagnostics = Diagnostics::about(Subject::Asking {
        ticket,
        failure,
        answer: None,
    });
    model.overlays.push(Overlay::Diagnosis);
    vec![Effect::AskWhyOf {
        ticket,
        role,
        statement,
    }]
}

/// What to ask the server about the role and the object that are chosen.
fn asked(model: &Model) -> Option<Asked> {
    let account = model.access.account()?;
    let rights = &model.access.known.as_ref()?.rights;
    let wanted = detail::wanted(&model.access, &account)?;
    let role = rights.role_name(account.role).to_owned();
    if wanted == Privilege::Connect && rights.current_database() == Some(account.object) {
        return Some(Asked {
            role,
            statement: None,
        });
    }
    let oid = rights.object(account.object)?.oid;
    let catalog = model.tree.catalog();
    let place = catalog
        .relations
        .iter()
        .position(|relation| relation.oid == oid);
    let column = place
        .and_then(|place| catalog.columns_of(place).first())
        .map(|column| column.name.as_str());
    let statement = rights.plainest_statement(account.object, wanted, column)?;
    Some(Asked {
        role,
        statement: Some(statement),
    })
}

/// May this role do that?
struct Asked {
    role: String,
    /// `None` for connecting.
    statement: Option<String>,
}

/// What would be written to a file: what shows, a row for each role, object and privilege.
fn report(screen: &AccessScreen) -> Option<Report> {
    let known = screen.known.as_ref()?;
    let filter = screen.filters.for_objects();
    let objects = || {
        let objects = screen.items.iter().filter_map(|item| match item {
            Item::Object(object) => Some(*object),
            Item::Held(held) => Some(held.object),
            Item::Difference(difference) => Some(difference.object),
            Item::Holder(_) | Item::Node(_) => None,
        });
        Objects::These(objects.collect())
    };
    let roles = screen.items.iter().filter_map(|item| match item {
        Item::Holder(holding) => Some(holding.role),
        Item::Node(node) if node.branch.len() == 1 => Some(node.role),
        _ => None,
    });
    Some(match screen.view {
        View::Matrix => Report {
            roles: screen.columns.clone(),
            objects: objects(),
            filter,
        },
        View::Role(role) => Report {
            roles: vec![role],
            objects: objects(),
            filter,
        },
        View::Compare(first, second) => Report {
            roles: vec![first, second],
            objects: objects(),
            filter,
        },
        View::Object(object) => Report {
            roles: roles.collect(),
            objects: Objects::These(vec![object]),
            filter,
        },
        View::Roles => {
            let every = known.rights.roles().map(|(role, _)| role);
            let shown: Vec<RoleId> = roles.collect();
            Report {
                roles: every.filter(|role| shown.contains(role)).collect(),
                objects: Objects::All,
                filter,
            }
        }
    })
}

/// Asks where and in which form what shows is written.
fn export(model: &mut Model) -> Vec<Effect> {
    model.overlays.push(Overlay::Save(Save {
        format: Format::Csv,
        path: Line::new("access.csv"),
        ..Save::default()
    }));
    Vec::new()
}

/// Writes what shows to a file.
pub(super) fn save(model: &mut Model, format: Format, path: String) -> Vec<Effect> {
    let Some((known, report)) = model.access.known.clone().zip(report(&model.access)) else {
        model.tell("the rights are not here yet");
        return Vec::new();
    };
    model.tell(format!("writing {path}…"));
    vec![Effect::SaveRights {
        known,
        report: Box::new(report),
        format,
        path,
    }]
}

/// A key while the words of the filter are typed.
pub(super) fn filter_key(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Escape => {
            model.access.filters.words.clear();
            model.access.filters.typing = Typing::No;
            model.access.refresh();
        }
        KeyCode::Enter | KeyCode::Tab => model.access.filters.typing = Typing::No,
        KeyCode::Up => model.access.move_by(-1),
        KeyCode::Down => model.access.move_by(1),
        _ => {
            if model.access.filters.words.key(key) == Taken::Yes {
                model.access.refresh();
            }
        }
    }
    keep_in_sight(model);
    Vec::new()
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if is_typing(model) {
        model.access.filters.words.insert(text);
        model.access.refresh();
        keep_in_sight(model);
    }
    Vec::new()
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = page(model);
    let screen = &mut model.access;
    if screen.part == Part::Detail && scrolled(screen, key, page) {
        return Vec::new();
    }
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => screen.move_by(-1),
        KeyCode::Down | KeyCode::Char('j') => screen.move_by(1),
        KeyCode::PageUp => screen.move_by(-page),
        KeyCode::PageDown => screen.move_by(page),
        KeyCode::Home | KeyCode::Char('g') => screen.select(0),
        KeyCode::End | KeyCode::Char('G') => screen.select(usize::MAX),
        KeyCode::Left | KeyCode::Char('h') => sideways(screen, -1),
        KeyCode::Right | KeyCode::Char('l') => sideways(screen, 1),
        KeyCode::Char(' ') => screen.toggle(),
        KeyCode::Char('?') => model.overlays.push(Overlay::Help { scroll: 0 }),
        _ => {}
    }
    keep_in_sight(model);
    Vec::new()
}

/// Left and right: along the grid, or into and out of the branches of the role tree.
fn sideways(screen: &mut AccessScreen, step: isize) {
    use crate::app::model::access::items::Fold;
    match (screen.view, screen.item().cloned()) {
        (View::Matrix, _) => screen.move_across(step),
        (View::Roles, Some(Item::Node(node))) => match (node.fold, step > 0) {
            (Fold::Closed, true) | (Fold::Open, false) => screen.toggle(),
            (Fold::Open, true) => screen.move_by(1),
            (Fold::Leaf, true) => {}
            (Fold::Closed | Fold::Leaf, false) => {
                let above = screen.items.iter().take(screen.selected).rposition(|item| {
                    matches!(item, Item::Node(other) if other.branch.len() < node.branch.len())
                });
                screen.select(above.unwrap_or(screen.selected));
            }
        },
        _ => {}
    }
}

fn scrolled(screen: &mut AccessScreen, key: Key, page: isize) -> bool {
    let last = screen.detail.len();
    let to = match key.code {
        KeyCode::Up | KeyCode::Char('k') => screen.scroll.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => screen.scroll + 1,
        KeyCode::PageUp => screen.scroll.saturating_sub(page.unsigned_abs()),
        KeyCode::PageDown | KeyCode::Char(' ') => screen.scroll + page.unsigned_abs(),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => return false,
    };
    screen.scroll = to.min(last);
    true
}

fn page(model: &Model) -> isize {
    isize::try_from(room(model).lines)
        .unwrap_or(isize::MAX)
        .max(1)
}

fn room(model: &Model) -> Room {
    let areas = layout::access(model);
    let rows = areas.rows();
    Room {
        lines: usize::from(rows.height),
        cells: usize::from(rows.width).saturating_sub(usize::from(areas.names())),
    }
}

/// The cursor shows, whatever moved it or the terminal.
pub(super) fn keep_in_sight(model: &mut Model) {
    let room = room(model);
    model.access.keep_in_sight(room);
}

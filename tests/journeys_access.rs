//! Stories of the access screen: keys and rights in, effects and pictures out. No terminal, no server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::app::key::{Key, KeyCode, Mouse, MouseAction};
use pgiam::app::layout;
use pgiam::app::model::access::{Reading, View};
use pgiam::app::model::diagnostics::{Diagnostics, Subject};
use pgiam::app::model::overlay::Overlay;
use pgiam::app::model::{Model, Pane, Screen};
use pgiam::app::{Effect, Message, Ticket, update};
use pgiam::domain::access::{
    Attribute, Builder, MembershipOption, MembershipRecord, ObjectKind, ObjectRecord,
    PolicyCommand, PolicyKind, PolicyRecord, Privilege, Role, Snapshot,
};
use pgiam::domain::catalog::{Access, Catalog, CatalogPart, Relation, RelationKind, Schema};
use pgiam::domain::diagnosis::{MissingPrivilege, ObjectName, WhyReport};
use pgiam::domain::failure::{Failure, Origin, Phase};
use pgiam::domain::time::Timestamp;
use support::story::{connected, drawn, press};

const TABLE: ObjectRecord<'static> = ObjectRecord {
    kind: ObjectKind::Table,
    oid: 0,
    schema: 100,
    parent: 0,
    number: 0,
    name: "",
    arguments: "",
    owner: 10,
    acl: None,
    traits: "",
};

fn role(oid: u32, name: &str, attributes: &[Attribute]) -> Role {
    Role {
        oid,
        name: name.into(),
        attributes: attributes.iter().copied().collect(),
        ..Role::default()
    }
}

/// A payroll with an owner, readers, one who must SET ROLE, one shut out, and a superuser.
fn rights() -> Snapshot {
    hr().finish()
}

fn hr() -> Builder {
    use Attribute::{Inherit, Login, Superuser};
    let roles = vec![
        role(10, "hr_owner", &[Inherit]),
        role(11, "readers", &[Inherit]),
        role(12, "analyst", &[Inherit, Login]),
        role(13, "auditor", &[Inherit, Login]),
        role(14, "intern", &[Inherit, Login]),
        role(15, "postgres", &[Inherit, Login, Superuser]),
    ];
    let mut builder = Builder::new("orders", 16, roles);
    for (member, inherits) in [(12, true), (13, false)] {
        builder.membership(&MembershipRecord {
            member,
            role: 11,
            grantor: 15,
            options: [MembershipOption::Set]
                .into_iter()
                .chain(inherits.then_some(MembershipOption::Inherit))
                .collect(),
        });
    }
    let hr = ObjectRecord {
        kind: ObjectKind::Schema,
        oid: 100,
        schema: 0,
        name: "hr",
        acl: Some("{hr_owner=UC/hr_owner,readers=U/hr_owner}"),
        ..TABLE
    };
    builder.object(&hr);
    builder.object(&ObjectRecord {
        oid: 101,
        name: "payroll",
        acl: Some("{hr_owner=arwd/hr_owner,readers=r*/hr_owner,intern=r/hr_owner}"),
        traits: "r",
        ..TABLE
    });
    builder.object(&ObjectRecord {
        oid: 102,
        name: "Staff",
        acl: Some("{hr_owner=arwd/hr_owner}"),
        ..TABLE
    });
    builder.policy(PolicyRecord {
        oid: 500,
        relation: 101,
        name: "own_department",
        command: PolicyCommand::Select,
        kind: PolicyKind::Permissive,
        roles: "{11}",
        using: pgiam::domain::access::Expression::Text("true".into()),
        check: pgiam::domain::access::Expression::Absent,
    });
    builder
}

fn linked(columns: u16, rows: u16) -> Model {
    let mut model = connected(Ticket(0), columns, rows);
    model.now = Timestamp(120_000);
    model.focus = Pane::Tree;
    let effects = press(&mut model, "r");
    let [Effect::LoadCatalog { ticket }] = effects[..] else {
        panic!("{effects:?}");
    };
    let outline = Catalog {
        database: "orders".into(),
        schemas: vec![Schema {
            name: "hr".into(),
            owner: "hr_owner".into(),
            access: Access::Usable,
        }],
        relations: [(102, "Staff"), (101, "payroll")]
            .map(|(oid, name)| Relation {
                oid,
                schema: 0,
                name: name.into(),
                kind: RelationKind::Table,
                estimated_rows: None,
                access: Access::Usable,
            })
            .to_vec(),
        search_path: vec!["hr".into()],
        ..Catalog::default()
    };
    for part in [
        CatalogPart::Outline(outline),
        CatalogPart::Columns(vec![Vec::new(), Vec::new()]),
        CatalogPart::Roles(Vec::new()),
        CatalogPart::Functions(Vec::new()),
    ] {
        let _ = update(&mut model, Message::CatalogArrived { ticket, part });
    }
    model
}

/// Answers the request for rights among the effects.
fn answer(model: &mut Model, effects: &[Effect], outcome: Result<Box<Snapshot>, Failure>) {
    let ticket = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::LoadRights { ticket } => Some(*ticket),
            _ => None,
        })
        .expect("rights were asked for");
    let _ = update(model, Message::RightsArrived { ticket, outcome });
}

/// The screen with rights, the cursor of the grid on payroll.
fn opened(columns: u16, rows: u16) -> Model {
    let mut model = linked(columns, rows);
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(3))));
    answer(&mut model, &effects, Ok(Box::new(rights())));
    press(&mut model, "jj");
    model
}

fn question(model: &Model) -> String {
    model.access.question()
}

#[test]
fn screens_look_as_reviewed() {
    for (name, keys) in [
        ("matrix", ""),
        ("who_can", "w"),
        ("what_can", "c"),
        ("roles", "t "),
        ("compare", "tj=jj="),
        ("filtered", "/pay @i\np"),
    ] {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut model = opened(columns, rows);
            press(&mut model, keys);
            let picture = drawn(&mut model, columns, rows);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), picture);
        }
    }
    let mut model = linked(80, 24);
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(3))));
    insta::assert_snapshot!("reading_80x24", drawn(&mut model, 80, 24));
    let failure = Failure::new(
        Phase::Statement,
        Origin::Server,
        "canceling statement \u{1b}[31m",
    );
    answer(&mut model, &effects, Err(failure));
    insta::assert_snapshot!("failed_80x24", drawn(&mut model, 80, 24));
}

#[test]
fn no_size_breaks_the_screen() {
    for keys in ["", "w", "c", "t ", "tj=jj=", "/pay", "\t"] {
        let mut model = opened(80, 24);
        press(&mut model, keys);
        for columns in (1..=200).step_by(9) {
            for rows in (1..=60).step_by(5) {
                drawn(&mut model, columns, rows);
            }
        }
        drawn(&mut model, 1, 1);
        drawn(&mut model, 1, 24);
        drawn(&mut model, 80, 1);
        press(&mut model, "lllljjjjGgkh");
    }
}

#[test]
fn an_auditor_finds_out_who_can_read_payroll() {
    let mut model = opened(120, 40);
    press(&mut model, "wp");
    assert_eq!(question(&model), "who can SELECT on table hr.payroll");
    let picture = drawn(&mut model, 120, 40);
    for line in [
        "r*           analyst",
        "orawd        hr_owner",
        "!r           intern",
        "[r]          auditor",
        "#            postgres",
    ] {
        assert!(picture.contains(line), "{line}\n{picture}");
    }
    // From the role to all it can do, and back, step by step, to the workspace.
    press(&mut model, "\n");
    assert_eq!(question(&model), "what analyst can do");
    press(&mut model, "\u{1b}\u{1b}");
    assert_eq!(model.access.view, View::Matrix);
    press(&mut model, "\u{1b}");
    assert_eq!(model.screen, Screen::Workspace);
}

#[test]
fn from_the_catalog_to_who_can_and_back_to_the_catalog() {
    let mut model = linked(120, 40);
    press(&mut model, "/pay\n");
    let effects = press(&mut model, "w");
    assert_eq!(model.screen, Screen::Access);
    answer(&mut model, &effects, Ok(Box::new(rights())));
    assert_eq!(question(&model), "who can do what to table hr.payroll");
    press(&mut model, "i");
    assert_eq!((model.screen, model.focus), (Screen::Workspace, Pane::Tree));
    let node = model.tree.selected_node().unwrap();
    assert_eq!(model.tree.label(node).name, "payroll");
}

#[test]
fn grants_and_revokes_go_into_the_editor_and_nothing_runs() {
    let mut model = opened(120, 40);
    // The second column is the auditor's.
    press(&mut model, "l");
    let effects = press(&mut model, "e");
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Run { .. }))
    );
    assert_eq!(
        (model.screen, model.focus),
        (Screen::Workspace, Pane::Editor)
    );
    assert!(
        drawn(&mut model, 120, 40).contains("GRANT INSERT ON TABLE hr.payroll TO auditor;"),
        "{}",
        drawn(&mut model, 120, 40)
    );
    let mut model = opened(120, 40);
    press(&mut model, "v");
    assert!(drawn(&mut model, 120, 40).contains("REVOKE SELECT ON TABLE hr.payroll FROM readers;"));
}

#[test]
fn a_refusal_leads_to_the_role_and_the_object() {
    let mut model = linked(120, 40);
    let mut report = WhyReport::about("intern", Some("select 1".into()), "analyst");
    report.missing = vec![MissingPrivilege {
        privilege: "INSERT".into(),
        grantee: "intern".into(),
        object: ObjectName {
            kind: pgiam::domain::diagnosis::ObjectKind::Table,
            schema: Some("hr".into()),
            name: "payroll".into(),
            columns: Vec::new(),
        },
    }];
    model.diagnostics = Diagnostics::about(Subject::Why(Box::new(report)));
    model.focus = Pane::Diagnostics;
    let effects = press(&mut model, "w");
    answer(&mut model, &effects, Ok(Box::new(rights())));
    let picture = drawn(&mut model, 120, 40);
    assert!(picture.contains("intern on table hr.payroll"), "{picture}");
    // And from there to why, as the role that was refused.
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(8))));
    assert!(
        matches!(&effects[..], [Effect::AskWhyOf { role, statement, .. }]
            if role == "intern" && statement.as_deref() == Some("INSERT INTO hr.payroll DEFAULT VALUES")),
        "{effects:?}"
    );
    assert!(matches!(model.overlays.last(), Some(Overlay::Diagnosis)));
}

#[test]
fn why_a_role_may_not_connect_is_asked_without_a_statement() {
    let mut model = linked(120, 40);
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(3))));
    let mut known = hr();
    known.object(&ObjectRecord {
        kind: ObjectKind::Database,
        oid: 90,
        schema: 0,
        name: "orders",
        acl: Some("{hr_owner=CTc/hr_owner}"),
        ..TABLE
    });
    answer(&mut model, &effects, Ok(Box::new(known.finish())));
    press(&mut model, "/orders\nl");
    let picture = drawn(&mut model, 120, 40);
    assert!(picture.contains("database orders"), "{picture}");
    // CONNECT is not the first of what a database gives: the filter asks for it.
    for _ in 0..30 {
        if model.access.filters.privilege == Some(Privilege::Connect) {
            break;
        }
        press(&mut model, "p");
    }
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(8))));
    assert!(
        matches!(&effects[..], [Effect::AskWhyOf { role, statement: None, .. }] if role == "auditor"),
        "{effects:?}"
    );
    let picture = drawn(&mut model, 120, 40);
    assert!(picture.contains("may auditor connect?"), "{picture}");
}

#[test]
fn reading_is_given_up_failed_and_repeated() {
    let mut model = linked(120, 40);
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(3))));
    assert!(model.is_busy());
    let cancelled = update(&mut model, Message::Key(Key::ctrl(KeyCode::Char('c'))));
    assert!(
        matches!(cancelled[..], [Effect::Cancel { .. }]),
        "{cancelled:?}"
    );
    assert!(!model.is_busy());
    // An answer that nobody waits for any more changes nothing.
    answer(&mut model, &effects, Ok(Box::new(rights())));
    assert!(model.access.known.is_none());
    let again = press(&mut model, "r");
    answer(&mut model, &again, Ok(Box::new(rights())));
    assert_eq!(model.access.reading, Reading::Done);
    // What was read stays when it cannot be read again.
    let again = press(&mut model, "r");
    let failure = Failure::new(Phase::Statement, Origin::Server, "too slow");
    answer(&mut model, &again, Err(failure));
    let picture = drawn(&mut model, 120, 40);
    assert!(
        picture.contains("hr.payroll") && picture.contains("too slow"),
        "{picture}"
    );
}

#[test]
fn what_shows_is_written_to_a_file() {
    let mut model = opened(120, 40);
    press(&mut model, "ws");
    assert!(matches!(model.overlays.last(), Some(Overlay::Save(_))));
    let effects = press(&mut model, "\n");
    let [Effect::SaveRights { report, path, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((path.as_str(), report.roles.len()), ("access.csv", 6));
}

#[test]
fn the_mouse_selects_looks_closer_and_scrolls() {
    let mut model = opened(120, 40);
    let areas = layout::access(&model);
    let at = |action, column, row| {
        Message::Mouse(Mouse {
            action,
            column,
            row,
        })
    };
    let rows = areas.rows();
    let (x, y) = (rows.x + areas.names() + 10, rows.y + 2);
    let _ = update(&mut model, at(MouseAction::Press, x, y));
    assert_eq!((model.access.selected, model.access.column), (2, 1));
    let _ = update(&mut model, at(MouseAction::Press, x, y));
    assert!(matches!(model.access.view, View::Object(_)));
    let _ = update(&mut model, at(MouseAction::ScrollDown, x, y));
    assert_eq!(model.access.selected, 3);
    let detail = areas.detail.unwrap();
    let _ = update(
        &mut model,
        at(MouseAction::ScrollDown, detail.x + 2, detail.y + 2),
    );
    assert!(model.access.scroll > 0);
}

#[test]
fn what_belongs_to_the_workspace_waits_there() {
    let mut model = opened(120, 40);
    let effects = update(&mut model, Message::Key(Key::plain(KeyCode::F(5))));
    assert!(effects.is_empty());
    assert_eq!(
        model.told.as_ref().unwrap().text,
        "go back to the workspace first"
    );
    let picture = drawn(&mut model, 120, 40);
    assert!(!picture.contains("F5"), "{picture}");
}

//! Stories of the workspace: keys and answers in, effects and screens out. No terminal, no server.

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

use std::sync::Arc;
use std::time::Duration;

use pgiam::app::key::{Key, KeyCode};
use pgiam::app::layout::{self, Area};
use pgiam::app::model::query::Standing;
use pgiam::app::model::{Model, Pane, Size};
use pgiam::app::{Effect, Message, Ticket, update};
use pgiam::domain::catalog::{
    Access, Catalog, CatalogColumn, CatalogPart, Key as ColumnKey, Nullability, Relation,
    RelationKind, Schema,
};
use pgiam::domain::failure::{Failure, Origin, Phase, Position};
use pgiam::domain::rows::RowBatchBuilder;
use pgiam::domain::run::{Column, Completed, RunEvent, TransactionState};
use pgiam::tui::theme::Theme;
use pgiam::tui::widgets::grid::ResultPane;
use pgiam::tui::widgets::status;
use pgiam::tui::widgets::tree::{Attention, TreePane};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use support::story::{connected, press};

fn schema(name: &str, access: Access) -> Schema {
    Schema {
        name: name.into(),
        owner: "owner".into(),
        access,
    }
}

fn relation(oid: u32, schema: usize, name: &str, access: Access) -> Relation {
    Relation {
        oid,
        schema,
        name: name.into(),
        kind: RelationKind::Table,
        estimated_rows: Some(1_234_567),
        access,
    }
}

fn column(name: &str, type_name: &str, key: ColumnKey, access: Access) -> CatalogColumn {
    CatalogColumn {
        number: 1,
        name: name.into(),
        type_name: type_name.into(),
        nullability: Nullability::NotNull,
        key,
        access,
    }
}

/// A workspace whose catalog has arrived, the tree focused.
fn workspace(columns: u16, rows: u16) -> Model {
    let mut model = connected(Ticket(0), columns, rows);
    model.focus = Pane::Tree;
    let effects = press(&mut model, "r");
    let [Effect::LoadCatalog { ticket }] = effects[..] else {
        panic!("{effects:?}");
    };
    let outline = Catalog {
        database: "orders".into(),
        schemas: vec![
            schema("crm", Access::Locked),
            schema("sales", Access::Usable),
        ],
        relations: vec![
            relation(1, 0, "customers", Access::Locked),
            relation(2, 1, "Order Lines", Access::Usable),
            relation(3, 1, "orders", Access::Usable),
        ],
        search_path: vec!["sales".into()],
        ..Catalog::default()
    };
    let columns = vec![
        Vec::new(),
        vec![
            column("id", "bigint", ColumnKey::Primary, Access::Usable),
            column("Cost", "numeric", ColumnKey::None, Access::Locked),
        ],
        vec![column("id", "bigint", ColumnKey::Primary, Access::Usable)],
    ];
    for part in [
        CatalogPart::Outline(outline),
        CatalogPart::Columns(columns),
        CatalogPart::Roles(Vec::new()),
        CatalogPart::Functions(Vec::new()),
    ] {
        let _ = update(&mut model, Message::CatalogArrived { ticket, part });
    }
    model
}

fn answer(model: &mut Model, ticket: Ticket, events: Vec<RunEvent>) -> Vec<Effect> {
    let each = |event| update(model, Message::Ran { ticket, event });
    events.into_iter().flat_map(each).collect()
}

fn rows(count: usize) -> RunEvent {
    let mut builder = RowBatchBuilder::new(3);
    for row in 0..count {
        let number = (row * 10).to_string();
        let note = if row == 1 {
            "two\nlines \u{1b}[31m"
        } else {
            "plain"
        };
        builder.push_row([
            Some(number.as_str()),
            if row == 2 { None } else { Some("") },
            Some(note),
        ]);
    }
    RunEvent::Rows(Arc::new(builder.take()))
}

fn columns() -> RunEvent {
    RunEvent::Columns(Arc::from([
        Column::computed("id", 20, "int8"),
        Column::computed("empty", 25, "text"),
        Column::computed("note", 25, "text"),
    ]))
}

fn done(tag: &str) -> RunEvent {
    RunEvent::Completed(Completed {
        tag: tag.into(),
        elapsed: Duration::from_millis(41),
    })
}

/// Runs the first rows of the table found by a filter; its rows have arrived.
fn with_rows(columns_of_screen: u16, rows_of_screen: u16) -> Model {
    let mut model = workspace(columns_of_screen, rows_of_screen);
    let effects = press(&mut model, "/orders\ns");
    let [Effect::Run { ticket, statements }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(statements, &["SELECT * FROM sales.orders LIMIT 100;"]);
    let events = vec![
        RunEvent::Started { index: 0 },
        columns(),
        rows(60),
        done("SELECT 60"),
        RunEvent::Finished,
    ];
    answer(&mut model, *ticket, events);
    model.focus = Pane::Result;
    model
}

fn hint_line(model: &Model) -> String {
    let width = model.size.columns;
    let mut terminal = Terminal::new(TestBackend::new(width, 1)).unwrap();
    let area = Area {
        x: 0,
        y: 0,
        width,
        height: 1,
    };
    terminal
        .draw(|frame| status::hints(frame, area, model, Theme::plain()))
        .unwrap();
    let cells = terminal.backend().buffer().content();
    cells.iter().map(ratatui::buffer::Cell::symbol).collect()
}

/// The panes of this story as text.
fn picture(model: &Model) -> String {
    let Size { columns, rows } = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let rect = |area: Area| Rect::new(area.x, area.y, area.width, area.height);
    terminal
        .draw(|frame| {
            let theme = Theme::plain();
            if let Some(area) = layout::pane(model, Pane::Tree) {
                let pane = TreePane {
                    tree: &model.tree,
                    attention: Attention::Here,
                    theme,
                };
                frame.render_widget(pane, rect(area.inner()));
            }
            if let Some(area) = layout::pane(model, Pane::Result) {
                let pane = ResultPane {
                    model,
                    attention: Attention::Here,
                    theme,
                };
                frame.render_widget(pane, rect(area.inner()));
            }
        })
        .unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_table_is_found_and_its_readable_columns_selected() {
    let mut model = workspace(120, 35);
    let effects = press(&mut model, "/lines\ns");
    let [Effect::Run { statements, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        statements,
        &["SELECT id FROM sales.\"Order Lines\" LIMIT 100;"]
    );
}

#[test]
fn a_result_is_saved_to_a_file() {
    let mut model = with_rows(120, 35);
    press(&mut model, "s");
    let _ = update(&mut model, Message::Key(Key::plain(KeyCode::Down)));
    let effects = press(&mut model, "\n");
    let [Effect::SaveRows { path, rows, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((path.as_str(), rows.rows()), ("result.tsv", 60));
}

#[test]
fn hostile_text_never_reaches_the_screen_and_null_is_not_empty() {
    let mut model = with_rows(120, 35);
    model.focus = Pane::Tree;
    press(&mut model, "\u{1b}");
    let shown = picture(&model);
    assert!(shown.contains("two↵lines ␛[31m"), "{shown}");
    assert!(!shown.contains('\u{1b}'));
    assert_eq!(shown.matches('∅').count(), 1, "{shown}");
    assert!(shown.contains("locked"), "{shown}");
    assert!(shown.contains("1.2 M"), "{shown}");
}

#[test]
fn every_size_can_be_drawn() {
    let mut model = with_rows(120, 35);
    press(&mut model, "\u{1b}");
    for columns in 1..60 {
        for rows in 1..20 {
            let _ = update(&mut model, Message::Resized { columns, rows });
            for focus in [Pane::Tree, Pane::Result] {
                model.focus = focus;
                picture(&model);
            }
        }
    }
}

#[test]
fn a_refusal_is_shown_whole_asks_why_and_stops_the_run() {
    let mut model = workspace(120, 35);
    let effects = press(&mut model, "/orders\ns");
    let [Effect::Run { ticket, .. }] = effects[..] else {
        panic!("{effects:?}");
    };
    let refusal = Failure {
        severity: Some("ERROR".into()),
        sqlstate: Some("42501".into()),
        hint: Some("ask the owner".into()),
        position: Some(Position::Sent(15)),
        ..Failure::new(
            Phase::Statement,
            Origin::Server,
            "permission denied for table orders",
        )
    };
    let effects = answer(
        &mut model,
        ticket,
        vec![
            RunEvent::Started { index: 0 },
            RunEvent::Failed(refusal),
            RunEvent::Finished,
        ],
    );
    assert!(effects.iter().any(|effect| matches!(effect, Effect::AskWhy { statement, .. } if statement.contains("sales.orders"))));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Remember(_)))
    );
    assert!(matches!(
        model.query.run().unwrap().outcomes[0].standing,
        Standing::Failed(_)
    ));
    model.size = Size {
        columns: 200,
        rows: 50,
    };
    let shown = picture(&model);
    for part in [
        "ERROR 42501: permission denied",
        "LINE 1: SELECT * FROM sales.orders",
        "^",
        "HINT: ask the owner",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    // Where few keys fit, the one that explains is among them.
    model.size = Size {
        columns: 40,
        rows: 10,
    };
    model.focus = Pane::Editor;
    assert!(hint_line(&model).starts_with(" F8 why"));
}

#[test]
fn a_change_of_the_catalog_reloads_it_once_the_transaction_is_over() {
    let mut model = workspace(120, 35);
    let effects = press(&mut model, "/orders\ns");
    let [Effect::Run { ticket, .. }] = effects[..] else {
        panic!("{effects:?}");
    };
    let effects = answer(
        &mut model,
        ticket,
        vec![
            RunEvent::Started { index: 0 },
            done("CREATE TABLE"),
            RunEvent::Transaction(TransactionState::Open),
            RunEvent::Finished,
        ],
    );
    let reloads = |effects: &[Effect]| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoadCatalog { .. }))
    };
    assert!(!reloads(&effects), "others cannot see it yet");
    model.focus = Pane::Tree;
    let effects = press(&mut model, "s");
    let [Effect::Run { ticket, .. }] = effects[..] else {
        panic!("{effects:?}");
    };
    let effects = answer(
        &mut model,
        ticket,
        vec![
            RunEvent::Started { index: 0 },
            done("COMMIT"),
            RunEvent::Transaction(TransactionState::Idle),
            RunEvent::Finished,
        ],
    );
    assert!(reloads(&effects));
}

#[test]
fn the_panes_look_as_reviewed() {
    for (columns, rows) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = with_rows(columns, rows);
        model.focus = Pane::Tree;
        press(&mut model, "\u{1b}");
        model.focus = Pane::Result;
        press(&mut model, "jjlv");
        insta::assert_snapshot!(format!("workspace_panes_{columns}x{rows}"), picture(&model));
    }
}

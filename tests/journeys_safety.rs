//! Stories of what must not be lost: transactions, cautions, cut connections. No terminal, no server.

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
use pgiam::app::model::editor::Editor;
use pgiam::app::model::link::Link;
use pgiam::app::model::overlay::Overlay;
use pgiam::app::model::{Model, Pane};
use pgiam::app::{Effect, Message, Ticket, update};
use pgiam::domain::catalog::{Access, Catalog, CatalogPart, Relation, RelationKind, Schema};
use pgiam::domain::edit::{Ending, Made, NewValue, Spot, Unmade};
use pgiam::domain::failure::{Failure, Origin, Phase};
use pgiam::domain::profile::Guard;
use pgiam::domain::rows::RowBatchBuilder;
use pgiam::domain::run::{Column, Completed, RunEvent, TransactionState};
use pgiam::domain::sql::explain::Depth;
use pgiam::domain::time::Timestamp;
use support::story::{connected, screen};

const LINK: Ticket = Ticket(7_000);

fn workspace() -> Model {
    let mut model = connected(LINK, 120, 35);
    model.focus = Pane::Editor;
    model.editor = Editor::of("orders");
    model
}

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(Key::plain(code)))
}

fn alt(model: &mut Model, character: char) -> Vec<Effect> {
    let mut key = Key::plain(KeyCode::Char(character));
    key.alt = true;
    update(model, Message::Key(key))
}

/// Types a statement into an empty tab and runs it.
fn run(model: &mut Model, sql: &str) -> Vec<Effect> {
    typed(model, sql);
    key(model, KeyCode::F(5))
}

fn typed(model: &mut Model, sql: &str) {
    model.focus = Pane::Editor;
    drop(update(model, Message::Key(Key::ctrl(KeyCode::Char('t')))));
    drop(update(model, Message::Pasted(sql.into())));
}

fn sent(effects: &[Effect]) -> (Ticket, Vec<String>) {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Run { ticket, statements } => Some((*ticket, statements.clone())),
            _ => None,
        })
        .expect("statements are sent")
}

fn happens(model: &mut Model, ticket: Ticket, event: RunEvent) -> Vec<Effect> {
    update(model, Message::Ran { ticket, event })
}

/// The statements end well, one after another, in these states.
fn ends(model: &mut Model, ticket: Ticket, states: &[TransactionState]) {
    for (index, state) in states.iter().enumerate() {
        happens(model, ticket, RunEvent::Started { index });
        let completed = Completed {
            tag: "OK".into(),
            elapsed: Duration::from_millis(1),
        };
        happens(model, ticket, RunEvent::Completed(completed));
        happens(model, ticket, RunEvent::Transaction(*state));
    }
    happens(model, ticket, RunEvent::Finished);
}

fn in_transaction() -> Model {
    let mut model = workspace();
    let (ticket, _) = sent(&run(&mut model, "begin"));
    ends(&mut model, ticket, &[TransactionState::Open]);
    model
}

fn shows(model: &Model, text: &str) {
    let screen = screen(model);
    assert!(screen.contains(text), "{text} is not on\n{screen}");
}

fn cut(model: &mut Model) -> Vec<Effect> {
    let failure = Failure::new(Phase::Statement, Origin::Lost, "the server is gone");
    update(
        model,
        Message::LinkLost {
            ticket: LINK,
            failure,
        },
    )
}

#[test]
fn a_transaction_says_its_age_and_how_much_is_in_it() {
    let mut model = in_transaction();
    let (ticket, _) = sent(&run(&mut model, "insert into t values (1)"));
    ends(&mut model, ticket, &[TransactionState::Open]);
    let _ = update(
        &mut model,
        Message::Ticked {
            now: Timestamp(12_000),
        },
    );
    shows(&model, "in transaction 12 s · 1 statement");
    assert_eq!(
        model.next_frame(Duration::from_millis(100)),
        Some(Duration::from_secs(1)),
        "the age must go on"
    );
    assert_eq!(sent(&key(&mut model, KeyCode::F(9))).1, ["COMMIT"]);
}

#[test]
fn autocommit_off_begins_a_transaction_and_asks_before_losing_it() {
    let mut model = workspace();
    alt(&mut model, 'a');
    shows(&model, "autocommit off");
    let (ticket, statements) = sent(&run(&mut model, "insert into t values (1)"));
    assert_eq!(statements, ["BEGIN", "insert into t values (1)"]);
    ends(
        &mut model,
        ticket,
        &[TransactionState::Open, TransactionState::Open],
    );
    let (ticket, statements) = sent(&run(&mut model, "select 1"));
    assert_eq!(statements, ["select 1"], "one BEGIN is enough");
    ends(&mut model, ticket, &[TransactionState::Open]);

    for leaving in [KeyCode::F(10), KeyCode::Char('q')] {
        let effects = match leaving {
            KeyCode::F(_) => key(&mut model, leaving),
            _ => update(&mut model, Message::Key(Key::ctrl(leaving))),
        };
        assert!(effects.is_empty(), "{effects:?}");
        shows(&model, "leaving rolls it back");
        key(&mut model, KeyCode::Escape);
    }
    assert_eq!(sent(&alt(&mut model, 'r')).1, ["ROLLBACK"]);
}

#[test]
fn a_failed_transaction_offers_its_end_and_sends_nothing_else() {
    let mut model = in_transaction();
    let (ticket, _) = sent(&run(&mut model, "select 1 / 0"));
    happens(&mut model, ticket, RunEvent::Started { index: 0 });
    let failure = Failure {
        sqlstate: Some("22012".into()),
        ..Failure::new(Phase::Statement, Origin::Server, "division by zero")
    };
    happens(&mut model, ticket, RunEvent::Failed(failure));
    happens(
        &mut model,
        ticket,
        RunEvent::Transaction(TransactionState::Failed),
    );
    happens(&mut model, ticket, RunEvent::Finished);
    shows(&model, "transaction failed");
    assert!(run(&mut model, "select 1").is_empty());
    shows(&model, "the transaction has failed");
    assert_eq!(sent(&key(&mut model, KeyCode::Enter)).1, ["ROLLBACK"]);
}

#[test]
fn what_takes_rows_away_is_asked_about_with_their_number() {
    let mut model = workspace();
    model.focus = Pane::Tree;
    let effects = key(&mut model, KeyCode::Char('r'));
    let [Effect::LoadCatalog { ticket }] = effects[..] else {
        panic!("{effects:?}")
    };
    let outline = Catalog {
        database: "orders".into(),
        schemas: vec![Schema {
            name: "sales".into(),
            owner: "owner".into(),
            access: Access::Usable,
        }],
        relations: vec![Relation {
            oid: 1,
            schema: 0,
            name: "orders".into(),
            kind: RelationKind::Table,
            estimated_rows: Some(1_234_567),
            access: Access::Usable,
        }],
        search_path: vec!["sales".into()],
        ..Catalog::default()
    };
    let part = CatalogPart::Outline(outline);
    drop(update(&mut model, Message::CatalogArrived { ticket, part }));
    for (sql, words) in [
        ("delete from orders", "deletes every row"),
        ("truncate sales.orders", "empties the table"),
        ("drop table orders cascade", "everything that depends on it"),
        (
            "do $$ begin update orders set a = 1; end $$",
            "changes every row",
        ),
    ] {
        let asked = run(&mut model, sql);
        assert!(
            asked
                .iter()
                .all(|effect| matches!(effect, Effect::Look { .. })),
            "{sql} was sent unasked"
        );
        if let [Effect::Look { ticket, .. }] = asked[..] {
            let cell = |text: &str| Some(text.to_owned());
            let rows = vec![vec![cell("view"), cell("2"), cell("sales.a, sales.b")]];
            let outcome = Ok(rows);
            drop(update(&mut model, Message::Looked { ticket, outcome }));
            shows(&model, "CASCADE drops 2 views too: sales.a, sales.b");
        }
        assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
        shows(&model, words);
        shows(&model, "sales.orders: about 1.2 M rows");
        key(&mut model, KeyCode::Escape);
    }
    assert!(!run(&mut model, "delete from orders where id = 1").is_empty());
}

#[test]
fn a_lost_connection_says_what_became_of_the_work() {
    let mut model = workspace();
    cut(&mut model);
    shows(&model, "nothing lost");

    let mut model = in_transaction();
    cut(&mut model);
    shows(&model, "open transaction rolled back");

    let mut model = workspace();
    let (ticket, _) = sent(&run(&mut model, "insert into t values (1)"));
    happens(&mut model, ticket, RunEvent::Started { index: 0 });
    cut(&mut model);
    shows(&model, "it committed is unknown");
    shows(&model, "insert into t values (1)");
}

#[test]
fn a_commit_that_was_cut_off_is_asked_about_after_reconnecting() {
    let mut model = in_transaction();
    let (ticket, _) = sent(&run(&mut model, "commit"));
    happens(&mut model, ticket, RunEvent::Started { index: 0 });
    let transaction = "741".to_owned();
    happens(&mut model, ticket, RunEvent::Committing { transaction });
    // The statement fails first, then the loss is noticed: the order of the adapters.
    let failure = Failure::new(Phase::Statement, Origin::Lost, "the server is gone");
    happens(&mut model, ticket, RunEvent::Failed(failure));
    happens(
        &mut model,
        ticket,
        RunEvent::Transaction(TransactionState::Open),
    );
    happens(&mut model, ticket, RunEvent::Finished);
    let Link::Up(up) = &model.link else {
        unreachable!()
    };
    let facts = up.facts.clone();
    cut(&mut model);
    shows(&model, "it committed is unknown");

    let effects = key(&mut model, KeyCode::F(4));
    let [Effect::Dial { ticket, .. }] = effects[..] else {
        panic!("{effects:?}")
    };
    let effects = update(&mut model, Message::LinkUp { ticket, facts });
    let (ticket, statement) = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Look {
                ticket, statement, ..
            } => Some((*ticket, statement.clone())),
            _ => None,
        })
        .expect("the server is asked");
    assert!(statement.contains("pg_xact_status('741'"), "{statement}");
    let outcome = Ok(vec![vec![Some("committed".to_owned())]]);
    drop(update(&mut model, Message::Looked { ticket, outcome }));
    shows(&model, "Transaction 741 was committed");
}

const PLAN: &str = r#"[{"Plan": {"Node Type": "Sort", "Startup Cost": 10.0, "Total Cost": 20.0,
    "Plan Rows": 10, "Plan Width": 8, "Actual Startup Time": 9.0, "Actual Total Time": 10.0,
    "Actual Rows": 5000, "Actual Loops": 1, "Sort Key": ["total DESC"], "Sort Method": "quicksort",
    "Plans": [{"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "o", "Startup Cost": 0.0,
      "Total Cost": 9.0, "Plan Rows": 10, "Plan Width": 8, "Actual Startup Time": 0.1,
      "Actual Total Time": 8.0, "Actual Rows": 5000, "Actual Loops": 1, "Filter": "(total > 5)",
      "Shared Hit Blocks": 120, "Shared Read Blocks": 30}]},
    "Planning Time": 0.2, "Execution Time": 10.5}]"#;

fn asked(effects: &[Effect]) -> (Ticket, Depth) {
    match effects {
        [Effect::Explain { ticket, depth, .. }] => (*ticket, *depth),
        other => panic!("{other:?}"),
    }
}

fn answered(model: &mut Model, ticket: Ticket) {
    let outcome = Ok(PLAN.to_owned());
    drop(update(model, Message::Explained { ticket, outcome }));
}

#[test]
fn a_plan_shows_where_the_time_goes_and_can_be_walked() {
    for size in [(80, 24), (120, 35), (200, 50)] {
        let mut model = workspace();
        (model.size.columns, model.size.rows) = size;
        typed(
            &mut model,
            "select * from orders o where total > 5 order by total desc",
        );
        let (ticket, depth) = asked(&key(&mut model, KeyCode::F(7)));
        assert_eq!(depth, Depth::Planned);
        shows(&model, "asking for the plan");
        answered(&mut model, ticket);
        shows(&model, "Seq Scan orders o");
        shows(&model, "▲×500");
        shows(&model, "Filter: (total > 5)");
        insta::assert_snapshot!(format!("plan_{}x{}", size.0, size.1), screen(&model));
        key(&mut model, KeyCode::Up);
        key(&mut model, KeyCode::Left);
        assert!(!screen(&model).contains("Filter:"), "folded");
        key(&mut model, KeyCode::Char('c'));
        shows(&model, "Filter: (total > 5)");
        key(&mut model, KeyCode::Char('t'));
        shows(&model, "->  Seq Scan on orders o");
        let copied = key(&mut model, KeyCode::Char('y'));
        assert!(matches!(&copied[..], [Effect::Copy { text }] if text.contains("Sort Key")));
    }
}

#[test]
fn a_read_is_measured_when_chosen_and_a_write_only_after_a_yes() {
    let mut model = workspace();
    typed(&mut model, "select 1");
    let (ticket, _) = asked(&key(&mut model, KeyCode::F(7)));
    answered(&mut model, ticket);
    let (ticket, depth) = asked(&key(&mut model, KeyCode::Char('a')));
    assert_eq!(depth, Depth::Measured);
    answered(&mut model, ticket);
    key(&mut model, KeyCode::Escape);

    typed(&mut model, "delete from orders");
    let (ticket, depth) = asked(&key(&mut model, KeyCode::F(7)));
    assert_eq!(depth, Depth::Planned);
    answered(&mut model, ticket);
    assert!(key(&mut model, KeyCode::Char('a')).is_empty());
    shows(&model, "rolled back");
    let (_, depth) = asked(&key(&mut model, KeyCode::Enter));
    assert_eq!(depth, Depth::Measured);
}

#[test]
fn a_plan_on_its_way_can_be_given_up_and_what_has_none_says_so() {
    let mut model = workspace();
    typed(&mut model, "vacuum orders");
    assert!(key(&mut model, KeyCode::F(7)).is_empty());
    shows(&model, "VACUUM has no plan");
    typed(&mut model, "select 1");
    let (ticket, _) = asked(&key(&mut model, KeyCode::F(7)));
    assert_eq!(
        key(&mut model, KeyCode::Escape),
        [Effect::Cancel { ticket }]
    );
    let outcome = Err(Failure::new(
        Phase::Statement,
        Origin::Server,
        "canceling statement due to user request",
    ));
    drop(update(&mut model, Message::Explained { ticket, outcome }));
    shows(&model, "canceling statement");
    key(&mut model, KeyCode::Escape);
    assert!(model.overlays.is_empty());
}

fn of_table(name: &str, attribute: i16) -> Column {
    Column {
        name: name.into(),
        type_oid: 25,
        type_name: "text".into(),
        type_modifier: -1,
        table_oid: 41,
        attribute,
    }
}

/// A result of two rows of `sales.orders`, the result pane focused.
fn with_rows() -> Model {
    let mut model = workspace();
    let (ticket, _) = sent(&run(&mut model, "select id, note from sales.orders"));
    happens(&mut model, ticket, RunEvent::Started { index: 0 });
    let columns = RunEvent::Columns([of_table("id", 1), of_table("note", 2)].into());
    happens(&mut model, ticket, columns);
    let mut builder = RowBatchBuilder::new(2);
    builder.push_row([Some("7"), Some("old")]);
    builder.push_row([Some("8"), None]);
    happens(&mut model, ticket, RunEvent::Rows(Arc::new(builder.take())));
    let completed = Completed {
        tag: "SELECT 2".into(),
        elapsed: Duration::from_millis(1),
    };
    happens(&mut model, ticket, RunEvent::Completed(completed));
    happens(&mut model, ticket, RunEvent::Finished);
    model.focus = Pane::Result;
    model
}

fn table_answer(key: &str) -> Vec<Vec<Option<String>>> {
    let row = |number: &str, name: &str, type_name: &str| {
        let primary = if name == key { "t" } else { "f" };
        [
            "r", "sales", "orders", number, name, type_name, "f", "f", "t", primary,
        ]
        .iter()
        .map(|text| Some((*text).to_owned()))
        .collect()
    };
    vec![row("1", "id", "bigint"), row("2", "note", "text")]
}

fn looked(model: &mut Model, effects: &[Effect], rows: Vec<Vec<Option<String>>>) {
    let [Effect::Look { ticket, .. }] = effects else {
        panic!("{effects:?}")
    };
    let (ticket, outcome) = (*ticket, Ok(rows));
    drop(update(model, Message::Looked { ticket, outcome }));
}

fn letters(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

#[test]
fn edits_gather_are_shown_as_statements_and_made_together() {
    let mut model = with_rows();
    key(&mut model, KeyCode::Right);
    let effects = key(&mut model, KeyCode::Char('e'));
    looked(&mut model, &effects, table_answer("id"));
    shows(&model, "edit note · text");
    letters(&mut model, "er");
    key(&mut model, KeyCode::Enter);
    shows(&model, "*older");
    key(&mut model, KeyCode::Down);
    assert!(key(&mut model, KeyCode::Delete).is_empty());
    shows(&model, "2 changes planned");
    key(&mut model, KeyCode::Char('o'));
    letters(&mut model, "9");
    key(&mut model, KeyCode::Enter);

    // A run would lose them: it asks.
    assert!(run(&mut model, "select 1").is_empty());
    shows(&model, "3 changes of sales.orders are planned");
    key(&mut model, KeyCode::Escape);
    model.focus = Pane::Result;
    drop(update(
        &mut model,
        Message::Key(Key::ctrl(KeyCode::Char('q'))),
    ));
    shows(&model, "they would be lost");
    key(&mut model, KeyCode::Escape);

    drop(update(
        &mut model,
        Message::Key(Key::ctrl(KeyCode::Char('s'))),
    ));
    shows(
        &model,
        "UPDATE sales.orders SET note = 'older' WHERE id = 7 AND note = 'old'::text",
    );
    insta::assert_snapshot!("edit_review", screen(&model));
    let effects = key(&mut model, KeyCode::Enter);
    let [
        Effect::MakeEdits {
            ticket,
            changes,
            ending: Ending::Commit,
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(changes.len(), 3);
    assert!(changes[0].sql.starts_with("DELETE"));
    let made = Made {
        rows: vec![
            vec![],
            vec![Some("7".into()), Some("older".into())],
            vec![Some("9".into()), None],
        ],
        state: TransactionState::Idle,
    };
    let message = Message::EditsMade {
        ticket: *ticket,
        outcome: Ok(made),
    };
    drop(update(&mut model, message));
    shows(&model, "made 3 changes");
    shows(&model, "✓older");
    shows(&model, "⊘8");
    assert!(!model.plans_edits());
    assert_eq!(
        model.query.shown().unwrap().0.rows(),
        3,
        "the new row is there"
    );
}

#[test]
fn a_conflict_names_its_row_and_keeps_the_plan() {
    let mut model = with_rows();
    key(&mut model, KeyCode::Right);
    let effects = key(&mut model, KeyCode::Char('e'));
    looked(&mut model, &effects, table_answer("id"));
    drop(update(
        &mut model,
        Message::Key(Key::ctrl(KeyCode::Char('n'))),
    ));
    key(&mut model, KeyCode::Enter);
    let planned = &model.edits.as_ref().unwrap().pending.cells;
    assert_eq!(planned[&Spot { row: 0, column: 1 }], NewValue::Null);
    drop(update(
        &mut model,
        Message::Key(Key::ctrl(KeyCode::Char('s'))),
    ));
    let effects = key(&mut model, KeyCode::Enter);
    let [Effect::MakeEdits { ticket, .. }] = effects[..] else {
        panic!("{effects:?}")
    };
    let unmade = Unmade {
        place: Some(0),
        failure: Failure::new(
            Phase::Statement,
            Origin::Local,
            "the row has changed or gone since it was read: the server answered UPDATE 0",
        ),
        state: TransactionState::Idle,
        transaction: None,
    };
    let outcome = Err(Box::new(unmade));
    drop(update(&mut model, Message::EditsMade { ticket, outcome }));
    shows(&model, "the row has changed or gone");
    shows(&model, "Nothing was changed");
    key(&mut model, KeyCode::Escape);
    assert!(model.plans_edits(), "the plan is kept");
    key(&mut model, KeyCode::Char('u'));
    assert!(!model.plans_edits());
}

#[test]
fn what_cannot_be_edited_says_why() {
    let mut model = with_rows();
    let effects = key(&mut model, KeyCode::Char('e'));
    looked(&mut model, &effects, table_answer("nothing"));
    shows(&model, "has no primary key");
    let Link::Up(up) = &mut model.link else {
        unreachable!()
    };
    up.facts.guard = Guard::ReadOnly;
    assert!(key(&mut model, KeyCode::Char('e')).is_empty());
    shows(&model, "the profile is read-only");
}

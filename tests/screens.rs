//! What the screens look like: reviewed pictures in words, and no size that breaks them.
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

use std::time::Duration;

use pgiam::app::key::{Key, KeyCode};
use pgiam::app::model::connections::{Attempt, AttemptOutcome};
use pgiam::app::model::diagnostics::{Diagnostics, Subject};
use pgiam::app::model::link::{Link, Up};
use pgiam::app::model::{Pane, Screen};
use pgiam::app::{Message, Model, update};
use pgiam::domain::aftermath::aftermath;
use pgiam::domain::diagnosis::{Avoid, Breadth, Mark, Outcome, Reason, Remedy, Verdict, WhyReport};
use pgiam::domain::failure::{Failure, Origin, Phase};
use pgiam::domain::profile::{Guard, Profile};
use pgiam::domain::run::TransactionState;
use pgiam::domain::stage::{Stage, StageReport, StageState};
use pgiam::domain::time::Timestamp;
use support::story::{drawn, facts};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

fn profile(name: &str, group: &str, user: &str) -> Profile {
    Profile {
        name: name.into(),
        group: Some(group.into()),
        host: "orders.cluster-c9xk2.eu-central-1.rds.amazonaws.com".into(),
        port: 5432,
        database: "orders".into(),
        user: user.into(),
        guard: Guard::ReadOnly,
        ..Profile::default()
    }
}

fn key(model: &mut Model, code: KeyCode) {
    let _ = update(model, Message::Key(Key::plain(code)));
}

fn with_profiles() -> Model {
    let mut model = Model {
        now: Timestamp(120_000),
        ..Model::default()
    };
    model.connections.profiles = vec![
        profile("orders-prod", "production", "analyst"),
        profile("orders-stg", "staging", "admin"),
    ];
    model.connections.select("orders-prod");
    model
}

fn refused_at_database() -> Model {
    let mut model = with_profiles();
    let reports = Stage::ALL
        .into_iter()
        .map(|stage| StageReport {
            state: match stage {
                Stage::Database => StageState::Failed,
                Stage::Session => StageState::Skipped,
                _ => StageState::Ok,
            },
            elapsed: Duration::from_millis(38),
            ..StageReport::waiting(stage)
        })
        .collect();
    let attempt = Attempt {
        at: Timestamp(0),
        reports,
        outcome: AttemptOutcome::Refused {
            failure: Failure::new(
                Phase::Connecting(Stage::Database),
                Origin::Server,
                "permission denied for database \"orders\"",
            ),
            findings: Vec::new(),
        },
    };
    model
        .connections
        .attempts
        .insert("orders-prod".into(), attempt);
    model
}

fn workspace() -> Model {
    let mut model = with_profiles();
    model.screen = Screen::Workspace;
    model.link = Link::Up(Up {
        ticket: model.next_ticket(),
        profile: Box::new(profile("orders-prod", "production", "analyst")),
        facts: facts(Guard::ReadOnly),
        transaction: TransactionState::Open,
    });
    model
}

fn explained() -> Model {
    let mut model = workspace();
    model.focus = Pane::Diagnostics;
    model.diagnostics = Diagnostics::about(Subject::Why(Box::new(WhyReport {
        role: "analyst".into(),
        statement: Some("select id from crm.customers".into()),
        looked_as: "analyst".into(),
        outcome: Outcome::Refused,
        verdict: Verdict::Proven,
        refusal: Some(Failure::new(
            Phase::Statement,
            Origin::Server,
            "permission denied for schema crm",
        )),
        headline: "analyst lacks USAGE on schema crm".into(),
        because: vec![Reason {
            mark: Mark::Measured,
            text: "has_schema_privilege('analyst', 'crm', 'USAGE') is false".into(),
        }],
        missing: Vec::new(),
        fixes: vec![Remedy {
            statements: vec!["GRANT USAGE ON SCHEMA crm TO analyst".into()],
            verdict: Verdict::Proven,
            breadth: Breadth::Schema,
            run_as: vec!["crm_owner".into()],
            opens: "names in one schema".into(),
            notes: Vec::new(),
        }],
        not_by_grant: None,
        avoid: vec![Avoid {
            statement: "GRANT rds_superuser TO analyst".into(),
            because: "it opens every database of the server".into(),
        }],
    })));
    model
}

fn lost() -> Model {
    let mut model = workspace();
    let Link::Up(up) = std::mem::take(&mut model.link) else {
        unreachable!()
    };
    model.link = Link::Lost {
        profile: up.profile,
        facts: up.facts,
        failure: Failure::new(
            Phase::Statement,
            Origin::Lost,
            "the server closed the connection",
        ),
        aftermath: aftermath(up.transaction, None, None),
    };
    model
}

fn pressed(code: KeyCode) -> Model {
    let mut model = with_profiles();
    key(&mut model, code);
    model
}

/// A screen's name and how to come to it.
type Case = (&'static str, fn() -> Model);

const CASES: [Case; 10] = [
    ("none", Model::default),
    ("profiles", with_profiles),
    ("refused", refused_at_database),
    ("workspace", workspace),
    ("explained", explained),
    ("lost", lost),
    ("form", || pressed(KeyCode::Char('n'))),
    ("help", || pressed(KeyCode::F(1))),
    ("palette", || pressed(KeyCode::F(12))),
    ("delete", || pressed(KeyCode::Char('x'))),
];

#[test]
fn screens_look_as_reviewed() {
    for (name, case) in CASES {
        for (columns, rows) in SIZES {
            let picture = drawn(&mut case(), columns, rows);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), picture);
        }
    }
}

#[test]
fn no_size_breaks_a_screen() {
    for (_, case) in CASES {
        let mut model = case();
        for columns in (1..=200).step_by(7) {
            for rows in (1..=60).step_by(3) {
                drawn(&mut model, columns, rows);
            }
        }
        drawn(&mut model, 1, 1);
    }
}

#[test]
fn a_lost_connection_names_the_key_that_mends_it() {
    let picture = drawn(&mut lost(), 80, 24);
    assert!(picture.contains("F4 reconnects"), "{picture}");
    assert!(picture.contains("the server closed"), "{picture}");
    assert!(picture.contains("connection lost"), "{picture}");
}

#[test]
fn control_characters_of_the_server_are_not_drawn() {
    let mut model = lost();
    if let Link::Lost { failure, .. } = &mut model.link {
        failure.message = "bad \u{1b}[31m\u{202e}news".into();
    }
    let picture = drawn(&mut model, 120, 40);
    assert!(!picture.contains(['\u{1b}', '\u{202e}']), "{picture}");
}

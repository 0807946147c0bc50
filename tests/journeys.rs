//! Stories without a terminal, a server or a clock: keys in, effects and model out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::app::effect::ProfileChange;
use pgiam::app::key::{Key, KeyCode};
use pgiam::app::keymap::parse;
use pgiam::app::model::diagnostics::{Applying, Diagnostics, Subject};
use pgiam::app::model::link::Link;
use pgiam::app::model::overlay::Overlay;
use pgiam::app::model::{Pane, Screen, Size};
use pgiam::app::{Effect, Message, Model, Ticket, update};
use pgiam::domain::diagnosis::{Applied, Check, CheckAnswer, WhyReport, login};
use pgiam::domain::failure::{Failure, Origin, Phase};
use pgiam::domain::profile::{Field, Guard, Profile};
use pgiam::domain::run::{RunEvent, TransactionState};
use pgiam::domain::stage::Stage;

const HOST: &str = "orders.c9xk2.eu-central-1.rds.amazonaws.com";
use support::story::facts;

fn profile(name: &str, user: &str) -> Profile {
    Profile {
        name: name.into(),
        host: HOST.into(),
        port: 5432,
        database: "orders".into(),
        user: user.into(),
        ..Profile::default()
    }
}

fn connections() -> Model {
    let mut model = Model {
        size: Size {
            columns: 120,
            rows: 35,
        },
        ..Model::default()
    };
    let profiles = vec![
        profile("orders", "analyst"),
        profile("billing", "intern"),
        profile("owner", "master"),
    ];
    let _ = update(&mut model, Message::ProfilesRead(Ok(profiles)));
    model
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ')
        .flat_map(|key| update(model, Message::Key(parse(key).expect(key))))
        .collect()
}

fn type_text(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars()
        .flat_map(|character| update(model, Message::Key(Key::plain(KeyCode::Char(character)))))
        .collect()
}

fn dialled(effects: &[Effect]) -> Ticket {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Dial { ticket, .. } => Some(*ticket),
        _ => None,
    });
    found.expect("a dial")
}

fn workspace() -> (Model, Ticket) {
    let mut model = connections();
    let ticket = dialled(&press(&mut model, "enter"));
    let _ = update(
        &mut model,
        Message::LinkUp {
            ticket,
            facts: facts(Guard::ReadWrite),
        },
    );
    assert_eq!(model.screen, Screen::Workspace);
    (model, ticket)
}

fn running(model: &mut Model, sql: &str) -> Ticket {
    type_text(model, sql);
    let effects = press(model, "f5");
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Run { ticket, .. } => Some(*ticket),
        _ => None,
    });
    found.expect("a run")
}

fn refusal() -> Failure {
    Failure {
        sqlstate: Some("42501".into()),
        severity: Some("ERROR".into()),
        ..Failure::new(
            Phase::Statement,
            Origin::Server,
            "permission denied for schema crm",
        )
    }
}

#[test]
fn three_keys_to_a_session() {
    let mut model = connections();
    let effects = press(&mut model, "/ b i l enter enter");
    let [Effect::Dial { profile, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(profile.name, "billing");
}

#[test]
fn an_attempt_is_given_up_in_any_stage() {
    let mut model = connections();
    let ticket = dialled(&press(&mut model, "enter"));
    assert_eq!(press(&mut model, "escape"), [Effect::Cancel { ticket }]);
    let late = update(
        &mut model,
        Message::LinkUp {
            ticket,
            facts: facts(Guard::ReadWrite),
        },
    );
    assert!(
        late.is_empty() && model.screen == Screen::Connections,
        "a late answer is dropped"
    );
}

#[test]
fn a_form_judges_as_it_is_typed_and_fills_the_region() {
    let mut model = connections();
    press(&mut model, "n");
    type_text(&mut model, "orders");
    let Some(Overlay::Form(form)) = model.overlays.last() else {
        panic!()
    };
    assert!(form.problem(Field::Name).is_some(), "the name is taken");
    type_text(&mut model, "-2");
    press(&mut model, "tab tab");
    let _ = update(&mut model, Message::Pasted(HOST.into()));
    let Some(Overlay::Form(form)) = model.overlays.last() else {
        panic!()
    };
    assert_eq!(form.text(Field::Region), "eu-central-1");
    assert!(form.problem(Field::Name).is_none());
    press(&mut model, "ctrl-s");
    let Some(Overlay::Form(form)) = model.overlays.last() else {
        panic!()
    };
    assert_eq!(
        form.focused(),
        Field::Database,
        "the first problem is pointed at"
    );
    type_text(&mut model, "d");
    press(&mut model, "tab");
    type_text(&mut model, "u");
    let effects = press(&mut model, "ctrl-s");
    assert!(
        matches!(
            &effects[..],
            [Effect::WriteProfiles {
                change: ProfileChange::Add(_),
                ..
            }]
        ),
        "{effects:?}"
    );
}

#[test]
fn nothing_is_deleted_unasked() {
    let mut model = connections();
    assert!(press(&mut model, "x").is_empty());
    assert!(press(&mut model, "n").is_empty());
    press(&mut model, "x");
    let effects = press(&mut model, "y");
    let [
        Effect::WriteProfiles {
            change: ProfileChange::Remove { name },
            ..
        },
    ] = &effects[..]
    else {
        panic!()
    };
    assert_eq!(name, "orders");
}

#[test]
fn a_refused_sign_in_opens_the_panel_and_is_applied_through_another_profile() {
    let mut model = connections();
    let ticket = dialled(&press(&mut model, "enter"));
    let failure = Failure {
        sqlstate: Some("42501".into()),
        ..Failure::new(
            Phase::Connecting(Stage::Database),
            Origin::Server,
            "permission denied for database \"orders\"",
        )
    };
    let findings = login::findings(&profile("orders", "analyst"), &[], &failure);
    let _ = update(
        &mut model,
        Message::LinkRefused {
            ticket,
            failure,
            findings,
        },
    );
    assert!(matches!(
        model.diagnostics.subject,
        Some(Subject::SignIn { .. })
    ));
    press(&mut model, "a enter");
    let Some(Overlay::Confirm(confirm)) = model.overlays.last() else {
        panic!()
    };
    assert!(
        confirm
            .body
            .iter()
            .any(|line| line == "GRANT CONNECT ON DATABASE orders TO analyst;"),
        "{confirm:?}"
    );
    let effects = press(&mut model, "enter");
    let [
        Effect::ApplyFix {
            ticket,
            through,
            missing,
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (through.name.as_str(), missing[0].privilege.as_str()),
        ("owner", "CONNECT")
    );
    let check = Check {
        question: "analyst has CONNECT".into(),
        answer: CheckAnswer::NotTaken,
    };
    let outcome = Ok(Applied {
        log: vec!["GRANT".into()],
        checks: vec![check],
    });
    let _ = update(
        &mut model,
        Message::FixApplied {
            ticket: *ticket,
            outcome,
        },
    );
    let Applying::Done(applied) = &model.diagnostics.applying else {
        panic!()
    };
    assert_eq!(
        applied.checks[0].answer,
        CheckAnswer::NotTaken,
        "a GRANT that only warned is not done"
    );
}

#[test]
fn a_refused_statement_asks_why_by_itself() {
    let (mut model, _) = workspace();
    let ticket = running(&mut model, "select 1");
    let _ = update(
        &mut model,
        Message::Ran {
            ticket,
            event: RunEvent::Started { index: 0 },
        },
    );
    let mut effects = update(
        &mut model,
        Message::Ran {
            ticket,
            event: RunEvent::Failed(refusal()),
        },
    );
    effects.extend(update(
        &mut model,
        Message::Ran {
            ticket,
            event: RunEvent::Finished,
        },
    ));
    let asked = effects.iter().any(
        |effect| matches!(effect, Effect::AskWhy { statement, .. } if statement == "select 1"),
    );
    assert!(asked, "{effects:?}");
    assert!(matches!(
        model.diagnostics.subject,
        Some(Subject::Asking { .. })
    ));
}

#[test]
fn a_fix_is_proven_through_a_profile_of_the_same_server() {
    let (mut model, _) = workspace();
    model.connections.profiles.push(Profile {
        host: "elsewhere.example.com".into(),
        ..profile("elsewhere", "postgres")
    });
    let mut report = WhyReport::about("analyst", Some("select 1".into()), "analyst");
    report.refusal = Some(refusal());
    model.diagnostics = Diagnostics::about(Subject::Why(Box::new(report.clone())));
    press(&mut model, "f8 v");
    let Some(Overlay::Through(picker)) = model.overlays.last() else {
        panic!("{:?}", model.overlays)
    };
    let offered: Vec<&str> = picker
        .choices
        .iter()
        .map(|at| model.connections.profiles[*at].name.as_str())
        .collect();
    assert_eq!(offered, ["owner", "billing"], "the likeliest first");
    assert!(press(&mut model, "enter").is_empty(), "asked first");
    let effects = press(&mut model, "y");
    let [
        Effect::ProveFix {
            ticket,
            through,
            role,
            statement,
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (through.user.as_str(), role.as_str(), statement.as_str()),
        ("master", "analyst", "select 1")
    );
    // What was known stays while the answer is on its way, and when none comes.
    let ticket = *ticket;
    assert!(matches!(
        &model.diagnostics.subject,
        Some(Subject::Asking {
            answer: Some(_),
            ..
        })
    ));
    report.looked_as = "master".into();
    let outcome = Ok(Box::new(report));
    let _ = update(&mut model, Message::WhyAnswered { ticket, outcome });
    let Some(Subject::Why(report)) = &model.diagnostics.subject else {
        panic!("{:?}", model.diagnostics.subject)
    };
    assert_eq!(report.looked_as, "master");
}

#[test]
fn control_c_cancels_and_never_quits() {
    let (mut model, _) = workspace();
    let ticket = running(&mut model, "select pg_sleep(9)");
    assert_eq!(press(&mut model, "ctrl-c"), [Effect::Cancel { ticket }]);
    let _ = update(
        &mut model,
        Message::Ran {
            ticket,
            event: RunEvent::Finished,
        },
    );
    assert!(!press(&mut model, "ctrl-c").contains(&Effect::Quit));
}

#[test]
fn escape_and_a_chord_that_arrive_together_are_both_meant() {
    let (mut model, _) = workspace();
    let ticket = running(&mut model, "select pg_sleep(9)");
    press(&mut model, "f1");
    assert_eq!(model.overlays.len(), 1);
    assert_eq!(press(&mut model, "ctrl-alt-c"), [Effect::Cancel { ticket }]);
    assert!(model.overlays.is_empty());
}

#[test]
fn leaving_asks_while_a_transaction_is_open() {
    let (mut model, _) = workspace();
    let ticket = running(&mut model, "begin");
    for event in [
        RunEvent::Started { index: 0 },
        RunEvent::Transaction(TransactionState::Open),
        RunEvent::Finished,
    ] {
        let _ = update(&mut model, Message::Ran { ticket, event });
    }
    assert!(!press(&mut model, "ctrl-q").contains(&Effect::Quit));
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    assert!(press(&mut model, "y").contains(&Effect::Quit));
}

#[test]
fn a_lost_server_takes_no_text_and_reconnects_on_request() {
    let (mut model, ticket) = workspace();
    type_text(&mut model, "select 'precious'");
    let failure = Failure::new(
        Phase::Statement,
        Origin::Lost,
        "the server closed the connection",
    );
    let _ = update(&mut model, Message::LinkLost { ticket, failure });
    assert!(matches!(model.link, Link::Lost { .. }));
    assert_eq!(model.editor.held(), ["select 'precious'".into()]);
    let again = dialled(&press(&mut model, "f4"));
    assert_ne!(again, ticket);
    let _ = update(
        &mut model,
        Message::LinkUp {
            ticket: again,
            facts: facts(Guard::ReadWrite),
        },
    );
    assert_eq!(model.editor.held(), ["select 'precious'".into()]);
}

#[test]
fn the_palette_reaches_every_verb() {
    let (mut model, _) = workspace();
    press(&mut model, "ctrl-p");
    type_text(&mut model, "next-pane");
    press(&mut model, "enter");
    assert_eq!(model.focus, Pane::Result);
}

#[test]
fn no_effect_shows_a_password() {
    let mut model = connections();
    let ticket = dialled(&press(&mut model, "enter"));
    let _ = update(
        &mut model,
        Message::PasswordWanted {
            ticket,
            prompt: "analyst".into(),
        },
    );
    type_text(&mut model, "hunter2");
    let effects = press(&mut model, "enter");
    assert!(matches!(&effects[..], [Effect::AnswerPassword { .. }]));
    assert!(!format!("{effects:?}").contains("hunter2"));
}

#[test]
fn a_statement_that_takes_every_row_is_asked_about() {
    let (mut model, _) = workspace();
    type_text(&mut model, "delete from orders");
    assert!(press(&mut model, "f5").is_empty());
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    let effects = press(&mut model, "y");
    assert!(matches!(&effects[..], [Effect::Run { .. }]), "{effects:?}");
}

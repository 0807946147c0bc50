use super::*;
use crate::app::model::{Screen, Size};
use crate::domain::text::Held;
use crate::domain::time::Timestamp;

fn model() -> Model {
    let mut model = Model {
        screen: Screen::Workspace,
        ..Model::default()
    };
    model.size = Size {
        columns: 120,
        rows: 40,
    };
    model.editor.profile = Some("orders".into());
    model
}

fn press(model: &mut Model, keys: &str) {
    for character in keys.chars() {
        drop(key(model, Key::plain(KeyCode::Char(character))));
    }
}

fn texts(model: &Model) -> Vec<String> {
    model.editor.held().iter().map(Held::to_string).collect()
}

#[test]
fn what_was_typed_is_saved_within_a_second_and_on_leaving() {
    let mut model = model();
    press(&mut model, "select 1");
    assert!(ticked(&mut model).is_empty());
    model.now = Timestamp(600);
    let saved = vec![Effect::SaveDrafts {
        profile: "orders".into(),
        tabs: vec!["select 1".into()],
    }];
    assert_eq!(ticked(&mut model), saved);
    assert!(ticked(&mut model).is_empty(), "once is enough");
    press(&mut model, ";");
    assert_eq!(leave(&mut model, vec![Effect::Quit]).len(), 2);
}

#[test]
fn an_offer_takes_a_key_only_when_highlighted() {
    let mut model = model();
    press(&mut model, "sel");
    assert!(model.editor.completion.is_some());
    drop(key(&mut model, Key::plain(KeyCode::Enter)));
    assert_eq!(texts(&model), ["sel\n"]);
    press(&mut model, "sel");
    drop(key(&mut model, Key::plain(KeyCode::Down)));
    drop(key(&mut model, Key::plain(KeyCode::Enter)));
    assert_eq!(texts(&model), ["sel\nselect"]);
}

#[test]
fn the_statement_under_the_cursor_knows_where_it_stands() {
    let mut model = model();
    drop(pasted(&mut model, "select 1;\r\nselect 2;"));
    let chosen = chosen(&model);
    assert_eq!(
        (chosen[0].text.as_str(), chosen[0].offset),
        ("select 2", Some(10))
    );
    assert_eq!(all(&model).len(), 2);
}

#[test]
fn a_cut_goes_to_the_clipboard_and_comes_back_by_undo() {
    let mut model = model();
    press(&mut model, "select 1");
    drop(perform(&mut model, Command::SelectAll));
    assert_eq!(
        perform(&mut model, Command::CutText),
        [Effect::Copy {
            text: "select 1".into()
        }]
    );
    drop(perform(&mut model, Command::Undo));
    assert_eq!(texts(&model), ["select 1"]);
}

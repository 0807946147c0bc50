//! Stories of the result grid: keys and answers in, effects and screens out. Work on all rows is
//! done where it is asked for; there is no terminal and no server.

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

use pgiam::app::key::{Key, KeyCode, Mouse, MouseAction};
use pgiam::app::layout;
use pgiam::app::model::overlay::Overlay;
use pgiam::app::model::query::Sent;
use pgiam::app::model::summary::Finding;
use pgiam::app::model::window::{Place, Window};
use pgiam::app::model::{Model, Pane, Screen, Size};
use pgiam::app::{Effect, Message, Ticket, result_layout, update};
use pgiam::domain::rows::RowBatchBuilder;
use pgiam::domain::rows::scan::{Distinct, Ended, Going};
use pgiam::domain::run::{Column, Completed, RunEvent};
use pgiam::domain::time::Timestamp;
use support::story::{self, screen};

const RUN: Ticket = Ticket(500);

/// Does what effects ask for that needs no world, until nothing is left; gives the others.
fn settle(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    let mut left = Vec::new();
    let mut waiting = effects;
    while !waiting.is_empty() {
        for effect in std::mem::take(&mut waiting) {
            if let Effect::ReadPart {
                ticket,
                rows,
                value,
                range,
            } = effect
            {
                let outcome = rows.part(value, range.start, range.len());
                waiting.extend(update(model, Message::PartRead { ticket, outcome }));
                continue;
            }
            let Effect::Scan { ticket, rows, job } = effect else {
                left.push(effect);
                continue;
            };
            let mut reports = Vec::new();
            let outcome = job.run(&rows, &mut |report| {
                reports.push(report);
                Going::On
            });
            for report in reports {
                waiting.extend(update(model, Message::Scanning { ticket, report }));
            }
            let outcome = outcome.map_err(|ended| match ended {
                Ended::Failed(failure) => failure,
                Ended::Stopped => panic!("nobody stopped it"),
            });
            waiting.extend(update(model, Message::Scanned { ticket, outcome }));
        }
    }
    left
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut left = Vec::new();
    for key in keys.chars() {
        let effects = story::press(model, &key.to_string());
        left.extend(settle(model, effects));
    }
    left
}

fn code(model: &mut Model, key: Key) -> Vec<Effect> {
    let effects = update(model, Message::Key(key));
    settle(model, effects)
}

fn ran(model: &mut Model, event: RunEvent) -> Vec<Effect> {
    let effects = update(model, Message::Ran { ticket: RUN, event });
    settle(model, effects)
}

fn columns() -> Vec<Column> {
    vec![
        Column::computed("id", 20, "int8"),
        Column::computed("name", 25, "text"),
        Column::computed("paid", 16, "bool"),
        Column::computed("at", 1184, "timestamptz"),
        Column::computed("data", 3802, "jsonb"),
        Column::computed("tags", 1009, "_text"),
        Column::computed("raw", 17, "bytea"),
        Column::computed("span", 1186, "interval"),
    ]
}

type Row = [Option<&'static str>; 8];

const ROWS: [Row; 6] = [
    [
        Some("3"),
        Some("Lindqvist"),
        Some("t"),
        Some("2026-01-01 12:00:00+00"),
        Some(r#"{"a": {"b": [1, 2]}, "c": null}"#),
        Some("{red,NULL}"),
        Some("\\x4869000a"),
        Some("1 day"),
    ],
    [
        Some("20"),
        Some(""),
        Some("f"),
        Some("2025-01-01 12:00:00+02"),
        Some("[]"),
        Some("{}"),
        Some("\\x"),
        Some("01:00:00"),
    ],
    [None; 8],
    [
        Some("100"),
        Some("two\nlines \u{1b}[31m"),
        None,
        None,
        None,
        None,
        None,
        None,
    ],
    [
        Some("-7"),
        Some("日本語 👩‍👩‍👧 e\u{301}"),
        Some("t"),
        Some("infinity"),
        Some("\"text\""),
        Some("{{1,2},{3,4}}"),
        Some("\\xff"),
        Some("1 mon"),
    ],
    [
        Some("4"),
        Some("   "),
        Some("t"),
        Some("2026-06-01 00:00:00+00"),
        Some("12"),
        Some("{x}"),
        Some("\\x00"),
        Some("-1 days"),
    ],
];

fn batch(rows: &[Row]) -> RunEvent {
    let mut builder = RowBatchBuilder::new(8);
    for row in rows {
        builder.push_row(*row);
    }
    RunEvent::Rows(Arc::new(builder.take()))
}

fn workspace(columns: u16, rows: u16) -> Model {
    let mut model = Model {
        size: Size { columns, rows },
        screen: Screen::Workspace,
        focus: Pane::Result,
        now: Timestamp(1_772_000_000_000),
        ..Model::default()
    };
    let sent = Sent {
        text: "select * from t".into(),
        offset: None,
    };
    model.query.begin(RUN, vec![sent], model.now);
    ran(&mut model, RunEvent::Started { index: 0 });
    model
}

fn done(model: &mut Model) {
    let completed = Completed {
        tag: "SELECT".into(),
        elapsed: Duration::from_millis(41),
    };
    ran(model, RunEvent::Completed(completed));
    ran(model, RunEvent::Finished);
}

fn grid(width: u16, height: u16) -> Model {
    let mut model = workspace(width, height);
    ran(&mut model, RunEvent::Columns(columns().into()));
    ran(&mut model, batch(&ROWS));
    done(&mut model);
    press(&mut model, "z");
    model
}

/// A result of one column of numbers.
fn numbers(count: usize) -> Model {
    let mut model = workspace(100, 30);
    let column = Column::computed("n", 20, "int8");
    ran(&mut model, RunEvent::Columns([column].into()));
    let mut builder = RowBatchBuilder::new(1);
    for number in 0..count {
        builder.push_row([Some(number.to_string().as_str())]);
    }
    ran(&mut model, RunEvent::Rows(Arc::new(builder.take())));
    done(&mut model);
    model
}

fn window(model: &Model) -> &Window {
    &model.query.shown().unwrap().0.window
}

/// The numbers of the rows that show, from 1.
fn shown(model: &Model) -> Vec<usize> {
    let (outcome, _) = model.query.shown().unwrap();
    let window = &outcome.window;
    (0..window.rows(outcome.result.as_ref().unwrap()))
        .map(|spot| window.row(spot) + 1)
        .collect()
}

fn told(model: &Model) -> &str {
    model.told.as_ref().map_or("", |told| &told.text)
}

fn copied(effects: &[Effect]) -> &str {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Copy { text } => Some(text.as_str()),
            _ => None,
        })
        .unwrap()
}

#[test]
fn rows_behind_the_last_line_are_told_from_those_that_show() {
    let mut model = workspace(100, 30);
    let column = Column::computed("n", 20, "int8");
    ran(&mut model, RunEvent::Columns([column].into()));
    let arrive = |model: &mut Model, count: usize| {
        let mut builder = RowBatchBuilder::new(1);
        for _ in 0..count {
            builder.push_row([Some("1")]);
        }
        ran(model, RunEvent::Rows(Arc::new(builder.take())));
    };
    assert!(!model.rows_arrive_unseen());
    arrive(&mut model, 3);
    assert!(!model.rows_arrive_unseen());
    arrive(&mut model, 100);
    assert!(model.rows_arrive_unseen());
    done(&mut model);
    let sent = Sent {
        text: "select * from t".into(),
        offset: None,
    };
    model.query.begin(Ticket(501), vec![sent], model.now);
    assert!(!model.rows_arrive_unseen(), "the old result shows still");
}

#[test]
fn rows_are_sorted_by_type_and_back() {
    let mut model = grid(120, 35);
    press(&mut model, "S");
    assert_eq!(shown(&model), [5, 1, 6, 2, 4, 3]);
    assert!(screen(&model).contains("sorted by id ▲"));
    press(&mut model, "S");
    assert_eq!(shown(&model), [4, 2, 6, 1, 5, 3]);
    press(&mut model, "S");
    assert_eq!(shown(&model), [1, 2, 3, 4, 5, 6]);
    press(&mut model, "lllS");
    assert_eq!(shown(&model), [2, 1, 6, 5, 3, 4], "moments, infinity last");
    press(&mut model, "llllS");
    assert_eq!(shown(&model), [6, 2, 1, 5, 3, 4], "spans of time");
    press(&mut model, "U");
    assert_eq!(shown(&model), [1, 2, 3, 4, 5, 6]);
    press(&mut model, "U");
    assert_eq!(told(&model), "all rows show");
}

#[test]
fn a_second_column_orders_rows_that_are_alike() {
    let mut model = grid(120, 35);
    press(&mut model, "llShhA");
    assert_eq!(shown(&model), [2, 5, 1, 6, 4, 3]);
    assert!(
        screen(&model).contains("sorted by paid ▲, id ▲"),
        "{}",
        screen(&model)
    );
}

#[test]
fn rows_are_filtered_and_the_cursor_stays_on_its_row() {
    let mut model = grid(120, 35);
    press(&mut model, "jf> 3\n");
    assert_eq!(shown(&model), [2, 4, 6]);
    assert_eq!(window(&model).row(window(&model).cursor().row), 1);
    let title = screen(&model);
    assert!(title.contains("filtered 3 of 6: id > 3"), "{title}");
    press(&mut model, "lllS");
    assert_eq!(shown(&model), [2, 6, 4]);
    press(&mut model, "U");
    assert_eq!(shown(&model).len(), 6);
    press(&mut model, "Flind\n");
    assert_eq!(shown(&model), [1]);
    press(&mut model, "Uf~ (\n");
    assert!(screen(&model).contains("unclosed group"));
    press(&mut model, "\u{1b}");
    assert_eq!(shown(&model).len(), 6);
}

#[test]
fn rows_like_the_cell_are_kept_or_dropped() {
    let mut model = grid(120, 35);
    press(&mut model, "ll=");
    assert_eq!(shown(&model), [1, 5, 6]);
    press(&mut model, "U!");
    assert_eq!(shown(&model), [2]);
    press(&mut model, "Ujj=");
    assert_eq!(shown(&model).len(), 6 - 4, "rows without a value");
}

#[test]
fn a_search_highlights_and_walks_from_match_to_match() {
    let mut model = grid(120, 35);
    press(&mut model, "/2026\n");
    assert_eq!(window(&model).cursor(), Place { row: 0, column: 3 });
    press(&mut model, "n");
    assert_eq!(window(&model).cursor(), Place { row: 5, column: 3 });
    press(&mut model, "n");
    assert_eq!(window(&model).cursor(), Place { row: 0, column: 3 });
    assert_eq!(told(&model), "on from the first row");
    press(&mut model, "N");
    assert_eq!(window(&model).cursor().row, 5);
    assert!(screen(&model).contains("/2026: 2 rows"));
    press(&mut model, "/\t^x\n");
    assert_eq!(told(&model), "no row has ^x");
    press(&mut model, "\u{1b}n");
    assert_eq!(told(&model), "search first");
}

#[test]
fn a_search_waits_for_rows_and_can_be_stopped() {
    let mut model = grid(120, 35);
    let effects = story::press(&mut model, "/lines\n");
    let [Effect::Scan { ticket, .. }] = effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(window(&model).cursor().row, 0, "nothing is found yet");
    assert!(screen(&model).contains("so far, 0 %"));
    let effects = story::press(&mut model, "\u{1b}");
    assert_eq!(effects, [Effect::Cancel { ticket }]);
    let late = pgiam::domain::rows::scan::Report {
        found: vec![3],
        ..Default::default()
    };
    let _ = update(
        &mut model,
        Message::Scanning {
            ticket,
            report: late,
        },
    );
    assert_eq!(window(&model).cursor().row, 0, "a late report is dropped");
}

#[test]
fn rows_that_arrive_later_are_searched_and_ordered_too() {
    let mut model = workspace(120, 35);
    ran(&mut model, RunEvent::Columns(columns().into()));
    ran(&mut model, batch(&ROWS[..2]));
    press(&mut model, "/lines\nS");
    assert_eq!(shown(&model), [1, 2]);
    ran(&mut model, batch(&ROWS[2..4]));
    assert_eq!(shown(&model), [1, 2, 4, 3], "twice as many: ordered again");
    ran(&mut model, batch(&ROWS[4..5]));
    assert_eq!(shown(&model), [1, 2, 4, 3]);
    assert!(screen(&model).contains("(the first 4 rows)"));
    done(&mut model);
    assert_eq!(shown(&model), [5, 1, 2, 4, 3]);
    press(&mut model, "n");
    assert_eq!(window(&model).row(window(&model).cursor().row), 3);
}

#[test]
fn columns_are_hidden_moved_frozen_and_found_by_name() {
    let mut model = grid(80, 24);
    press(&mut model, "l-");
    assert_eq!(told(&model), "hid name; + shows hidden columns again");
    press(&mut model, "cspan\n");
    assert_eq!(window(&model).cursor().column, 7);
    press(&mut model, "p");
    let picture_of = screen(&model);
    let header = picture_of
        .lines()
        .find(|line| line.contains("span"))
        .unwrap();
    assert!(
        header.find("span").unwrap() < header.find("id").unwrap_or(usize::MAX),
        "{header}"
    );
    press(&mut model, "+");
    assert_eq!(window(&model).columns().hidden(), 0);
    press(&mut model, "pHH");
    assert_eq!(window(&model).columns().order()[0], 7);
    press(&mut model, "c");
    assert!(matches!(model.overlays.last(), Some(Overlay::Columns(_))));
    press(&mut model, "raw");
    code(&mut model, Key::plain(KeyCode::Tab));
    press(&mut model, "\u{1b}");
    assert_eq!(window(&model).columns().hidden(), 1);
}

#[test]
fn selections_are_copied_in_every_form() {
    let mut model = grid(120, 35);
    let effects = press(&mut model, "y");
    assert_eq!(copied(&effects), "3");
    assert!(effects.contains(&Effect::CopyWith { text: "3".into() }));
    press(&mut model, "vjl");
    assert_eq!(copied(&press(&mut model, "y")), "3\tLindqvist\n20\t");
    press(&mut model, "0|");
    assert_eq!(
        copied(&press(&mut model, "Yn")),
        "(3, 20, NULL, 100, -7, 4)"
    );
    press(&mut model, "gVl");
    let markdown = press(&mut model, "Ym");
    assert!(copied(&markdown).starts_with("| id | name | paid |"));
    code(&mut model, Key::ctrl(KeyCode::Char('a')));
    assert_eq!(copied(&press(&mut model, "Yc")).lines().count(), 8);
    assert!(
        told(&model).starts_with("copied 6 rows of 8 columns"),
        "{}",
        told(&model)
    );
}

#[test]
fn what_is_sorted_is_copied_as_it_shows() {
    let mut model = grid(120, 35);
    press(&mut model, "S|");
    assert_eq!(copied(&press(&mut model, "y")), "-7\n3\n4\n20\n100\n");
}

#[test]
fn a_big_copy_says_what_terminals_may_not_take() {
    let mut model = numbers(20_000);
    press(&mut model, "|");
    let effects = press(&mut model, "y");
    assert_eq!(effects.len(), 2);
    let _ = update(&mut model, Message::Clipped(Ok(None)));
    assert!(
        told(&model).contains("some terminals take less"),
        "{}",
        told(&model)
    );
    press(&mut model, "|");
    press(&mut model, "y");
    let _ = update(&mut model, Message::Clipped(Ok(Some("xclip".into()))));
    assert!(told(&model).ends_with("by xclip"), "{}", told(&model));
}

#[test]
fn rows_are_gone_to_by_number() {
    let mut model = numbers(1000);
    for (typed, row) in [
        (":500\n", 499),
        (":-1\n", 999),
        (":50%\n", 499),
        (":1 000\n", 999),
    ] {
        press(&mut model, typed);
        assert_eq!(window(&model).cursor().row, row, "{typed}");
    }
    press(&mut model, ":x\n");
    assert!(screen(&model).contains("a row's number, from 1"));
    press(&mut model, "\u{1b}f> 500\n:3\n");
    assert!(screen(&model).contains("row 3 is filtered out"));
}

#[test]
fn a_column_is_described_and_drawn() {
    let mut model = grid(120, 35);
    press(&mut model, "I");
    let Some(Overlay::Statistics(statistics)) = model.overlays.last() else {
        panic!("no statistics");
    };
    let Finding::Here(summary) = &statistics.finding else {
        panic!("{statistics:?}");
    };
    assert_eq!(summary.distinct, Distinct::Exactly(5));
    let shown = screen(&model);
    for part in [
        "min         -7",
        "max         100",
        "nulls       1",
        "distribution",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    press(&mut model, "\u{1b}P");
    assert!(screen(&model).contains("id by row · line"));
    press(&mut model, "\t\t");
    assert!(screen(&model).contains("rows by id · bars"));
    press(&mut model, "\u{1b}llvhhP");
    assert!(
        screen(&model).contains("sum of id by name · bars"),
        "{}",
        screen(&model)
    );
}

#[test]
fn json_is_folded_searched_and_copied_in_part() {
    let mut model = grid(120, 35);
    press(&mut model, "llll\n");
    let whole = screen(&model);
    assert!(whole.contains("\"b\": ["), "{whole}");
    press(&mut model, "jz");
    let folded = screen(&model);
    assert!(folded.contains("… 1 entry"), "{folded}");
    press(&mut model, "/b\n");
    assert!(screen(&model).contains("\"b\": ["));
    assert_eq!(copied(&press(&mut model, "Y")), "[1, 2]");
    assert_eq!(
        copied(&press(&mut model, "y")),
        r#"{"a": {"b": [1, 2]}, "c": null}"#
    );
}

#[test]
fn values_are_read_as_what_they_are() {
    let mut model = grid(120, 35);
    press(&mut model, "lll\n");
    let time = screen(&model);
    for part in [
        "in UTC    2026-01-01 12:00:00",
        "zone      UTC+00:00",
        "ago",
        "Thursday",
    ] {
        assert!(time.contains(part), "{part}\n{time}");
    }
    press(&mut model, "ll");
    assert!(screen(&model).contains("2  NULL"));
    press(&mut model, "l");
    let bytes = screen(&model);
    assert!(
        bytes.contains("48 69 00 0a") && bytes.contains("Hi··"),
        "{bytes}"
    );
    press(&mut model, "]");
    assert!(
        screen(&model).contains("raw · row 2 · bytea"),
        "{}",
        screen(&model)
    );
    assert_eq!(window(&model).cursor().row, 1);
}

#[test]
fn a_long_value_is_read_on_in_and_saved() {
    let mut model = workspace(120, 40);
    let ticket = RUN;
    let event = RunEvent::Columns(Arc::from([Column::computed("note", 25, "text")]));
    drop(update(&mut model, Message::Ran { ticket, event }));
    let mut builder = RowBatchBuilder::new(1);
    let lines: Vec<String> = (0..400_000).map(|line| format!("{line:07}\n")).collect();
    let text = lines.concat();
    builder.push_row([Some(text.as_str())]);
    ran(&mut model, RunEvent::Rows(Arc::new(builder.take())));
    done(&mut model);
    press(&mut model, "\n");
    let shown = screen(&model);
    assert!(shown.contains("first 1.0 MiB of 3.0 MiB"), "{shown}");
    assert!(shown.contains("0000000"), "{shown}");
    press(&mut model, ">");
    let shown = screen(&model);
    // Eight bytes a line: the second part begins behind 1 MiB of them.
    assert!(shown.contains("0131072"), "{shown}");
    assert!(shown.contains("1.0 MiB to 1.2 MiB of 3.0 MiB"), "{shown}");
    press(&mut model, ">>>>>>>>>");
    press(&mut model, "G");
    let shown = screen(&model);
    assert!(
        shown.contains("0399999") && shown.contains("(the end of the value)"),
        "{shown}"
    );
    press(&mut model, "<<<<<<<<<<<<<<");
    assert!(screen(&model).contains("first 1.0 MiB of 3.0 MiB"));
    press(&mut model, "s");
    let shown = screen(&model);
    assert!(
        shown.contains("note-1.txt") && !shown.contains("CSV"),
        "{shown}"
    );
    let effects = press(&mut model, "\n");
    let [
        Effect::SaveValue {
            value: (0, 0),
            path,
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(path, "note-1.txt");
}

#[test]
fn a_record_is_walked_from_row_to_row_and_opens_its_values() {
    let mut model = grid(120, 35);
    press(&mut model, "lr");
    let record = screen(&model);
    assert!(
        record.contains("row 1 of 6") && record.contains("paid │ ● true"),
        "{record}"
    );
    press(&mut model, "lll");
    assert!(screen(&model).contains("row 4 of 6"));
    assert!(!screen(&model).contains('\u{1b}'));
    press(&mut model, "\n");
    assert!(screen(&model).contains("name · row 4"));
    press(&mut model, "\u{1b}");
    assert!(
        screen(&model).contains("row 4 of 6"),
        "Escape closes one thing"
    );
}

#[test]
fn the_mouse_sorts_by_headings_and_drags_their_borders() {
    let mut model = grid(120, 35);
    let areas = result_layout::areas(&model).unwrap();
    let visible = window(&model).visible_columns();
    let mouse = |model: &mut Model, action, column, row| {
        let effects = update(
            model,
            Message::Mouse(Mouse {
                action,
                column,
                row,
            }),
        );
        settle(model, effects)
    };
    let y = areas.header.y;
    let name = areas.header.x + visible[1].x;
    mouse(&mut model, MouseAction::Press, name, y);
    mouse(&mut model, MouseAction::Release, name, y);
    assert!(screen(&model).contains("sorted by name ▲"));
    let border = name + visible[1].width;
    let before = window(&model).columns().width(1);
    mouse(&mut model, MouseAction::Press, border, y);
    mouse(&mut model, MouseAction::Drag, border + 5, y);
    mouse(&mut model, MouseAction::Release, border + 5, y);
    assert_eq!(window(&model).columns().width(1), before + 5);
    let cells = areas.cells;
    mouse(&mut model, MouseAction::Press, cells.x, cells.y + 2);
    assert_eq!(window(&model).cursor(), Place { row: 2, column: 0 });
    mouse(&mut model, MouseAction::Drag, name, cells.y + 3);
    let (outcome, _) = model.query.shown().unwrap();
    let selected = outcome.window.selected(outcome.result.as_ref().unwrap());
    assert_eq!((selected.rows, selected.columns), (2..4, vec![0, 1]));
}

#[test]
fn zooming_gives_the_result_the_screen_while_it_has_the_keys() {
    let mut model = grid(120, 35);
    assert!(layout::pane(&model, Pane::Editor).is_none());
    press(&mut model, "\t");
    assert!(layout::pane(&model, Pane::Result).is_some());
    model.focus = Pane::Result;
    press(&mut model, "\u{1b}");
    assert!(layout::pane(&model, Pane::Editor).is_some());
}

#[test]
fn many_columns_are_walked_and_every_size_can_be_drawn() {
    let mut model = workspace(120, 35);
    let columns: Vec<Column> = (0..1600)
        .map(|number| Column::computed(format!("column_{number}"), 23, "int4"))
        .collect();
    ran(&mut model, RunEvent::Columns(columns.into()));
    let mut builder = RowBatchBuilder::new(1600);
    let texts: Vec<String> = (0..1600).map(|number| number.to_string()).collect();
    for _ in 0..40 {
        builder.push_row(texts.iter().map(|text| Some(text.as_str())));
    }
    ran(&mut model, RunEvent::Rows(Arc::new(builder.take())));
    done(&mut model);
    press(&mut model, "$");
    assert_eq!(window(&model).cursor().column, 1599);
    assert!(screen(&model).contains("column_1599"));
    press(&mut model, "c1234\n");
    assert_eq!(window(&model).cursor().column, 1234);
    code(&mut model, Key::ctrl(KeyCode::Right));
    assert!(window(&model).cursor().column > 1234);
    press(&mut model, "p");
    for overlay in ["", "I", "P", "c", "Y", "r", "\n", "/x", "f"] {
        press(&mut model, overlay);
        for (columns, rows) in [
            (1, 1),
            (2, 9),
            (7, 3),
            (20, 6),
            (40, 10),
            (80, 24),
            (200, 50),
        ] {
            let _ = update(&mut model, Message::Resized { columns, rows });
            screen(&model);
        }
        press(&mut model, "\u{1b}\u{1b}");
    }
}

#[test]
fn the_grid_looks_as_reviewed() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = grid(columns, rows);
        press(&mut model, "z/2026\nf! x\nlvj");
        insta::assert_snapshot!(format!("grid_{columns}x{rows}"), screen(&model));
        press(&mut model, "\u{1b}lllll\n");
        insta::assert_snapshot!(format!("grid_value_{columns}x{rows}"), screen(&model));
        press(&mut model, "\u{1b}I");
        insta::assert_snapshot!(format!("grid_statistics_{columns}x{rows}"), screen(&model));
        press(&mut model, "\u{1b}r");
        insta::assert_snapshot!(format!("grid_record_{columns}x{rows}"), screen(&model));
        press(&mut model, "\u{1b}c");
        insta::assert_snapshot!(format!("grid_columns_{columns}x{rows}"), screen(&model));
    }
}

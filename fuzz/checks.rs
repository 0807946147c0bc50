//! What must hold whatever comes: used by the fuzz targets and by `tests/properties.rs`.

use std::io;

use pgiam::adapters::wire_record::{Data, Partial, Seen};
use pgiam::adapters::wire_tap::WireTap;
use pgiam::domain::diagnosis::{
    calls, checked, definitions, demands, evaluable, granting, links, maintained, new_database,
    qualifiers, referring, restricted, trial, view_text, wants, writing,
};
use pgiam::domain::rows::{Cell, array, cell, detail, glance, kind, order};
use pgiam::domain::run::Column;
use pgiam::domain::sql::{
    classify, cursor, danger, guard, lexer, placeholders, psql, role_change, search_path, split,
};
use pgiam::domain::{history, target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// SQL as it is typed, whole or not.
pub(crate) fn sql(text: &str) {
    let tokens = lexer::tokens(text);
    let mut done = 0;
    for token in &tokens {
        assert!(
            done <= token.start && token.start < token.end,
            "{token:?} in {text:?}"
        );
        assert!(
            text.get(token.start..token.end).is_some(),
            "{token:?} cuts a character"
        );
        let between = text.get(done..token.start).unwrap_or_default();
        assert!(between.chars().all(is_space), "{between:?} is lost");
        done = token.end;
    }
    line_by_line(text);
    for range in split::statements(text) {
        let statement = text.get(range).unwrap_or_default();
        assert!(
            !statement.trim_matches(is_space).is_empty(),
            "an empty statement in {text:?}"
        );
        let _ = classify::classify(statement);
        let _ = classify::redacted(statement);
    }
    for (at, _) in text.char_indices().step_by(7).take(40) {
        let place = cursor::place(text, at);
        assert!(
            text.get(place.word).is_some(),
            "the word at {at} cuts a character"
        );
    }
}

/// A statement that is asked about, whole or not: every reader ends, and no name is without a part.
pub(crate) fn statement(text: &str) {
    let sent = psql::sent(text);
    let spelled = role_change::spelled_out(&sent);
    let _ = (placeholders::numbered(&spelled), search_path::opening(text));
    for relation in wants::wants(text).relations {
        assert!(!relation.relation.is_empty(), "no name in {text:?}");
    }
    for part in writing::parts(text) {
        let _ = writing::writing(&part.statement);
    }
    let _ = (writing::called(text), writing::deletion(text));
    let _ = (definitions::demanded(text, "asker"), demands::demands(text));
    let _ = (
        granting::given(text),
        links::links(text),
        maintained::maintained(text),
    );
    let _ = (
        calls::naming(text),
        checked::checked_calls(text),
        restricted::forbidden(text),
    );
    let _ = (
        evaluable::evaluable(text),
        qualifiers::qualifiers(text),
        view_text::view_text(text),
    );
    let _ = (
        referring::references(text),
        new_database::new_database(text),
    );
    let _ = (
        trial::trial(text, 18),
        trial::planned_query(text, 13),
        danger::hazards(text),
    );
    let around = guard::Surroundings {
        major: 18,
        user: "master",
        roles: &[],
    };
    let _ = guard::warning(text, around);
}

/// What the server takes for nothing between words; to it a space of another alphabet is a character.
const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// A text read line by line is open where the whole is: the editor colours lines one at a time.
fn line_by_line(text: &str) {
    let (_, whole) = lexer::resume(text, lexer::State::Plain);
    let mut state = lexer::State::Plain;
    for line in text.split_inclusive('\n') {
        state = lexer::resume(line, state).1;
    }
    assert_eq!(state, whole, "{text:?}");
}

/// Values from a server, on their way to the eye.
pub(crate) fn values(text: &str) {
    for columns in [0, 1, 2, 9, 80] {
        let shown = cell::clipped(text, columns);
        assert!(cell::width(&shown) <= columns, "{shown:?} in {columns}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }
    for line in cell::safe_lines(text)
        .iter()
        .chain(&cell::wrapped(text, 20))
    {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    let _ = array::elements(text);
    for (type_oid, type_name) in [
        (17, "bytea"),
        (25, "text"),
        (114, "json"),
        (3802, "jsonb"),
        (1009, "_text"),
        (1184, "timestamptz"),
        (1186, "interval"),
        (1700, "numeric"),
    ] {
        let column = Column {
            name: String::new(),
            type_oid,
            type_name: type_name.to_owned(),
            type_modifier: -1,
            table_oid: 0,
            attribute: 0,
        };
        let layout = detail::layout(&column, text);
        for line in detail::laid_out(text, layout, 0) {
            assert!(!line.text.chars().any(char::is_control), "{line:?}");
        }
        let kind = kind::of(&column);
        let seen = glance::glance(kind, Cell::Text(text), 20);
        assert!(!seen.text.chars().any(char::is_control), "{seen:?}");
        assert!(order::compare(kind, text, text).is_eq(), "{text:?}");
    }
}

/// Files and connection strings that people wrote.
pub(crate) fn files(text: &str) {
    let mut around = target::Surroundings {
        account: "someone".to_owned(),
        ..target::Surroundings::default()
    };
    let _ = target::parse(text, &around);
    let _ = target::parse(&format!("postgres://{text}"), &around);
    text.clone_into(&mut around.service_file);
    let _ = target::parse("service=orders", &around);
    for entry in history::read(text) {
        assert_eq!(history::read(&entry.to_line()), [entry]);
    }
}

/// Bytes from a server, in pieces of any size: they pass unchanged up to what is no message, and where
/// rows are kept, those that were read can be read again.
pub(crate) fn wire(bytes: &[u8]) {
    match through_the_tap(bytes, Data::Passed) {
        (passed, Ok(_)) => assert_eq!(passed, bytes),
        (passed, Err(_)) => assert!(bytes.starts_with(&passed)),
    }
    let _ = through_the_tap(bytes, Data::Kept);
}

fn through_the_tap(bytes: &[u8], data: Data) -> (Vec<u8>, io::Result<usize>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return (Vec::new(), Err(error)),
    };
    runtime.block_on(async {
        let (mut server, client) = tokio::io::duplex(64);
        let (mut tap, record) = WireTap::new(client);
        let request = record.expect(data);
        let mut passed = Vec::new();
        let send = async {
            for piece in bytes.chunks(5) {
                let _ = server.write_all(piece).await;
            }
            drop(server);
        };
        let take = async {
            loop {
                let arrival = request.arrival();
                while let Some(seen) = request.take(Partial::Given) {
                    if let Seen::Rows(batch) = seen {
                        assert_eq!(batch.cells().count(), batch.rows() * batch.columns());
                    }
                }
                arrival.await;
            }
        };
        let receive = async {
            let ended = tap.read_to_end(&mut passed).await;
            // Nobody reads on after an error; the sender must not wait for it.
            drop(tap);
            ended
        };
        let ended = tokio::select! {
            ((), ended) = async { tokio::join!(send, receive) } => ended,
            () = take => Ok(0),
        };
        (passed, ended)
    })
}

//! What must hold whatever comes, on made-up input; `fuzz/` runs the same checks guided by coverage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

#[path = "../fuzz/checks.rs"]
mod checks;

use proptest::prelude::*;

/// Text made of what SQL is made of, so that quotes, comments and dollars meet.
fn sql() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "$$",
        "$a$",
        "--",
        "/*",
        "*/",
        "\n",
        ";",
        "(",
        ")",
        "E'",
        "U&\"",
        "\\",
        ":x",
        "$1",
        "1e-5",
        " ",
        "select",
        "begin atomic",
        "case",
        "end",
        "create",
        "from",
        "größe",
        "日本",
        "::",
        ".",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// Words of statements in any order: what reads them must not take an order for granted.
fn statement() -> impl Strategy<Value = String> {
    let words = "select insert into update set delete from using merge when matched then not on conflict do \
        nothing returning values default copy to program lock table truncate cascade create alter drop \
        grant revoke all schema database function view materialized index trigger policy role user \
        member admin option with without as ( ) ( ) , , ; . . = * :: 'x' \"Odd.Name\" $1 ? %s :id t s.t a b \
        references foreign key primary if exists for share of explain analyze prepare declare cursor \
        execute procedure language owner reassign owned by security label comment is refresh vacuum \
        recursive lateral natural join left union case end array[1] row $$body$$ begin atomic \\copy";
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|words| words.join(" "))
}

/// Text with what must not reach a terminal, and what is hard to measure.
fn value() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\u{1b}[2J",
        "\u{7}",
        "\t",
        "\n",
        "\r",
        "\u{9b}",
        "\u{202e}",
        "日",
        "e\u{301}",
        "👩\u{200d}👧",
        "{",
        "}",
        ",",
        "\"",
        "\\",
        "NULL",
        "a",
        "12",
        "\\x00ff",
        "{\"k\": [1, 2]}",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sql_is_read(text in prop_oneof![sql(), any::<String>()]) {
        checks::sql(&text);
    }

    #[test]
    fn any_statement_can_be_asked_about(text in prop_oneof![statement(), sql(), any::<String>()]) {
        checks::statement(&text);
    }

    #[test]
    fn any_value_is_shown_safely(text in prop_oneof![value(), any::<String>()]) {
        checks::values(&text);
    }

    #[test]
    fn any_file_is_read(text in prop_oneof![
        any::<String>(),
        "(\\[[a-z]{0,6}\\]\n|[a-z]{1,6} *=? *[a-z0-9'%@:/?&\\\\]{0,9}\n?){0,8}",
        "[a-z]{0,5}(:[^@]{0,5})?@[a-z.,:0-9\\[\\]]{0,12}/[a-z%0-9]{0,6}(\\?[a-z=&%]{0,12})?",
    ]) {
        checks::files(&text);
    }

    #[test]
    fn any_bytes_pass_the_tap(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        kind in prop::sample::select(b"TCZSGHIDEN".to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        checks::wire(&bytes);
        // A whole message with any body, then whatever.
        let length = u32::try_from(body.len()).unwrap() + 4;
        let message = [&[kind][..], &length.to_be_bytes(), &body, &bytes].concat();
        checks::wire(&message);
    }
}

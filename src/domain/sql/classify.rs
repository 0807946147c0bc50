//! What a statement does: reads, writes, transaction control.

use std::borrow::Cow;

use super::lexer::{Token, TokenKind, tokens};
use super::words::Words;

/// What kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It reads.
    Read,
    /// It writes rows.
    Write,
    /// It defines, drops or grants.
    Definition,
    /// It begins, ends or marks a transaction.
    Transaction,
    /// It changes the session.
    Session,
    /// `COPY … FROM STDIN`.
    CopyFromStdin,
    /// `COPY … TO STDOUT`.
    CopyToStdout,
    /// Anything else.
    Other,
}

/// Whether a statement may run in a transaction block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// It may.
    Allowed,
    /// The server refuses it there (PostgreSQL source, `PreventInTransactionBlock`).
    Refused,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// What kind.
    pub kind: Kind,
    /// Whether it may run in a transaction block.
    pub block: Block,
}

/// Says what a statement does. Half-typed text is judged by what is there.
#[must_use]
pub fn classify(sql: &str) -> Class {
    let words = Words::unwrapped(sql);
    let kind = kind(&words);
    Class {
        kind,
        block: block(&words),
    }
}

const WRITES: [&str; 4] = ["insert", "update", "delete", "merge"];

/// What `EXPLAIN ANALYZE` runs, besides [`WRITES`], that may leave something behind.
const LEAVES_SOMETHING: [&str; 4] = ["create", "into", "execute", "refresh"];

fn kind(words: &Words<'_>) -> Kind {
    let first = words.lower(0);
    match first.as_str() {
        "select" | "with" | "values" | "table" => {
            let writes = first == "with" && words.has_any(&WRITES) && !only_for_update(words);
            if writes {
                Kind::Write
            } else if words.has_any(&["into"]) && first == "select" && !words.has_any(&WRITES) {
                // SELECT INTO creates a table.
                Kind::Definition
            } else {
                Kind::Read
            }
        }
        "show" | "fetch" | "move" | "declare" | "close" | "listen" | "unlisten" => Kind::Read,
        "explain"
            if words.has_any(&["analyze", "analyse"])
                && (words.has_any(&WRITES) || words.has_any(&LEAVES_SOMETHING)) =>
        {
            Kind::Write
        }
        "explain" => Kind::Read,
        "insert" | "update" | "delete" | "merge" | "truncate" | "call" | "do" | "lock"
        | "notify" => Kind::Write,
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            Kind::Transaction
        }
        "prepare" if words.is(1, "transaction") => Kind::Transaction,
        "set" | "reset" | "discard" | "prepare" | "deallocate" | "load" => Kind::Session,
        "copy" if words.has_any(&["stdin"]) => Kind::CopyFromStdin,
        "copy" if words.has_any(&["stdout"]) => Kind::CopyToStdout,
        "copy" => Kind::Write,
        "create" | "alter" | "drop" | "grant" | "revoke" | "comment" | "security" | "reassign"
        | "refresh" | "reindex" | "cluster" | "vacuum" | "analyze" | "analyse" | "import"
        | "checkpoint" => Kind::Definition,
        _ => Kind::Other,
    }
}

/// `WITH … SELECT … FOR UPDATE` locks, it does not write.
fn only_for_update(words: &Words<'_>) -> bool {
    !words.has_any(&["insert", "delete", "merge"])
        && (0..words.len())
            .filter(|at| words.is(*at, "update"))
            .all(|at| at > 0 && words.is_any(at - 1, &["for", "key"]))
}

fn follows(words: &Words<'_>, first: &str, second: &str) -> bool {
    (0..words.len()).any(|at| words.is(at, first) && words.is(at + 1, second))
}

/// Where the words behind `(…)` options go on, as in `REINDEX (VERBOSE) TABLE t`.
fn behind_options(words: &Words<'_>) -> usize {
    if words.text(1) != "(" {
        return 1;
    }
    (1..words.len())
        .find(|at| words.text(*at) == ")")
        .map_or(words.len(), |at| at + 1)
}

fn block(words: &Words<'_>) -> Block {
    let refused = match words.lower(0).as_str() {
        "vacuum" => true,
        "create" | "drop" => {
            words.is(1, "database")
                || words.is(1, "tablespace")
                || words.is(1, "subscription")
                || words.has_any(&["concurrently"])
        }
        "alter" => {
            words.is(1, "system")
                || (words.is(1, "database") && follows(words, "set", "tablespace"))
                || (words.has_any(&["detach"]) && words.has_any(&["concurrently"]))
        }
        "reindex" => {
            let target = behind_options(words);
            ["schema", "database", "system"]
                .iter()
                .any(|all_of| words.is(target, all_of))
                || words.has_any(&["concurrently"])
        }
        // Without a table it goes through all of them, each in a transaction of its own.
        "cluster" => {
            let target = behind_options(words);
            target + usize::from(words.is(target, "verbose")) >= words.len()
        }
        "discard" => words.is(1, "all"),
        "refresh" => false,
        "commit" | "rollback" => words.is(1, "prepared"),
        _ => false,
    };
    if refused {
        Block::Refused
    } else {
        Block::Allowed
    }
}

/// The statement without the passwords it carries, for the history file.
///
/// Which of its strings is the password is not always knowable, so where one is mentioned every
/// string and every comment goes.
#[must_use]
pub fn redacted(sql: &str) -> Cow<'_, str> {
    let all = tokens(sql);
    if !all.iter().any(|token| mentions_password(*token, sql)) {
        return Cow::Borrowed(sql);
    }
    let mut safe = String::with_capacity(sql.len());
    let mut done = 0;
    let mut behind_password = false;
    for token in all {
        let hidden = match token.kind {
            TokenKind::String => Some("'***'"),
            TokenKind::Comment => Some("/***/"),
            // PASSWORD "secret" is a slip the server refuses, and a secret all the same.
            TokenKind::QuotedIdentifier if behind_password => Some("'***'"),
            TokenKind::Keyword
            | TokenKind::Identifier
            | TokenKind::QuotedIdentifier
            | TokenKind::Number
            | TokenKind::Operator
            | TokenKind::Punctuation
            | TokenKind::Parameter
            | TokenKind::Variable => None,
        };
        if token.kind != TokenKind::Comment {
            behind_password = token.is(sql, "password");
        }
        if let Some(hidden) = hidden {
            safe.push_str(sql.get(done..token.start).unwrap_or_default());
            safe.push_str(hidden);
            done = token.end;
        }
    }
    safe.push_str(sql.get(done..).unwrap_or_default());
    Cow::Owned(safe)
}

/// Whether a token names a password: a word or option called so, or a text in which one follows.
fn mentions_password(token: Token, sql: &str) -> bool {
    let text = token.text(sql).to_ascii_lowercase();
    match token.kind {
        TokenKind::Keyword | TokenKind::Identifier | TokenKind::QuotedIdentifier => {
            text.trim_matches('"').ends_with("password")
        }
        TokenKind::String | TokenKind::Comment => {
            let inner = text.trim_end_matches('\'');
            let follows = inner.split("password").skip(1).any(|rest| {
                rest.trim_start()
                    .starts_with(['=', ':', '\'', '"', '$', '%'])
            });
            follows || (text.contains("://") && text.contains('@'))
        }
        TokenKind::Number
        | TokenKind::Operator
        | TokenKind::Punctuation
        | TokenKind::Parameter
        | TokenKind::Variable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (sql, expected) in [
            ("select 1", Kind::Read),
            ("/* c */ SELECT 1", Kind::Read),
            ("(select 1)", Kind::Read),
            (
                "with x as (select 1) select * from x for update",
                Kind::Read,
            ),
            (
                "with x as (delete from t returning *) select * from x",
                Kind::Write,
            ),
            ("select * into t2 from t", Kind::Definition),
            ("insert into t values (1)", Kind::Write),
            ("explain analyze delete from t", Kind::Write),
            ("explain delete from t", Kind::Read),
            ("begin", Kind::Transaction),
            ("set search_path = x", Kind::Session),
            ("copy t from stdin", Kind::CopyFromStdin),
            ("copy (select 1) to stdout", Kind::CopyToStdout),
            ("grant select on t to r", Kind::Definition),
            ("", Kind::Other),
        ] {
            assert_eq!(classify(sql).kind, expected, "{sql}");
        }
    }

    #[test]
    fn what_refuses_a_transaction_block_is_known() {
        for sql in [
            "vacuum t",
            "create database x",
            "create index concurrently on t (a)",
            "alter system set a = 1",
        ] {
            assert_eq!(classify(sql).block, Block::Refused, "{sql}");
        }
        assert_eq!(classify("create table t (a int)").block, Block::Allowed);
    }

    #[test]
    fn passwords_are_taken_out() {
        assert_eq!(
            redacted("alter role a password 'x' valid until '2030'"),
            "alter role a password '***' valid until '***'"
        );
        assert_eq!(redacted("select 'password'"), "select 'password'");
    }

    #[test]
    fn forms_that_refuse_a_block_are_known_behind_their_options() {
        for sql in [
            "alter table p detach partition c concurrently",
            "reindex schema s",
            "reindex (verbose) database d",
            "reindex (concurrently) table t",
            "cluster",
            "discard all",
        ] {
            assert_eq!(classify(sql).block, Block::Refused, "{sql}");
        }
        for sql in [
            "refresh materialized view concurrently m",
            "reindex table t",
            "cluster t using i",
            "discard temp",
            "reindex (verbose) table t",
        ] {
            assert_eq!(classify(sql).block, Block::Allowed, "{sql}");
        }
    }

    #[test]
    fn explaining_by_running_a_definition_is_no_read() {
        for sql in [
            "explain analyze create table c as select 1",
            "explain (analyze, buffers) select * into c from t",
            "explain analyze execute p(1)",
        ] {
            assert_eq!(classify(sql).kind, Kind::Write, "{sql}");
        }
    }

    #[test]
    fn no_spelling_of_a_password_is_kept() {
        for sql in [
            "do $$ begin alter role a password 'hunter2'; end $$",
            "alter user mapping for a server s options (set \"password\" 'hunter2')",
            "create user mapping for a server s options (sslpassword 'hunter2')",
            "alter role a password /* was 'hunter2' */ 'x'",
            "alter role a password 'x' -- hunter2",
            "select dblink_connect('host=h password  = hunter2')",
            "alter role a password 'hunter2",
            "alter role a password \"hunter2\"",
            "select 1 /* alter role a password 'hunter2' */",
            "insert into users (name, password) values ('ana', 'hunter2')",
            "do $$ begin execute format('alter role a password %L', 'hunter2'); end $$",
        ] {
            assert!(
                !redacted(sql).contains("hunter2"),
                "{sql}: {}",
                redacted(sql)
            );
        }
        for sql in [
            "select name from users where name = 'ana' -- by name",
            "select * from t where topic = 'password reset'",
        ] {
            assert_eq!(redacted(sql), sql);
        }
    }
}

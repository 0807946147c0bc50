//! What a statement does: reads, writes, transaction control, dangerous forms.

use std::borrow::Cow;

use super::lexer::{Token, TokenKind, tokens};

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

/// Why a statement is worth a question before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// `UPDATE` or `DELETE` without `WHERE`.
    EveryRow,
    /// `DROP`.
    Drop,
    /// `TRUNCATE`.
    Truncate,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// What kind.
    pub kind: Kind,
    /// Whether it may run in a transaction block.
    pub block: Block,
    /// Whether it deserves a question.
    pub danger: Option<Danger>,
}

/// A statement's words: tokens without comments.
struct Words<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl Words<'_> {
    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.is(self.sql, word))
    }

    fn any(&self, words: &[&str]) -> bool {
        self.tokens
            .iter()
            .any(|token| words.iter().any(|word| token.is(self.sql, word)))
    }

    fn follows(&self, first: &str, second: &str) -> bool {
        (0..self.tokens.len()).any(|at| self.is(at, first) && self.is(at + 1, second))
    }

    fn first(&self) -> String {
        self.tokens
            .first()
            .map(|token| token.text(self.sql).to_ascii_lowercase())
            .unwrap_or_default()
    }
}

/// Says what a statement does. Half-typed text is judged by what is there.
#[must_use]
pub fn classify(sql: &str) -> Class {
    let words = words(sql);
    let kind = kind(&words);
    Class {
        kind,
        block: block(&words),
        danger: danger(&words),
    }
}

fn words(sql: &str) -> Words<'_> {
    let tokens = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment && token.text(sql) != "(")
        .collect();
    Words { sql, tokens }
}

const WRITES: [&str; 4] = ["insert", "update", "delete", "merge"];

fn kind(words: &Words<'_>) -> Kind {
    let first = words.first();
    match first.as_str() {
        "select" | "with" | "values" | "table" => {
            let writes = first == "with" && words.any(&WRITES) && !only_for_update(words);
            if writes {
                Kind::Write
            } else if words.any(&["into"]) && first == "select" && !words.any(&WRITES) {
                // SELECT INTO creates a table.
                Kind::Definition
            } else {
                Kind::Read
            }
        }
        "show" | "fetch" | "move" | "declare" | "close" | "listen" | "unlisten" => Kind::Read,
        "explain" if words.any(&["analyze", "analyse"]) && words.any(&WRITES) => Kind::Write,
        "explain" => Kind::Read,
        "insert" | "update" | "delete" | "merge" | "truncate" | "call" | "do" | "lock"
        | "notify" => Kind::Write,
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            Kind::Transaction
        }
        "prepare" if words.is(1, "transaction") => Kind::Transaction,
        "set" | "reset" | "discard" | "prepare" | "deallocate" | "load" => Kind::Session,
        "copy" if words.any(&["stdin"]) => Kind::CopyFromStdin,
        "copy" if words.any(&["stdout"]) => Kind::CopyToStdout,
        "copy" => Kind::Write,
        "create" | "alter" | "drop" | "grant" | "revoke" | "comment" | "security" | "reassign"
        | "refresh" | "reindex" | "cluster" | "vacuum" | "analyze" | "analyse" | "import"
        | "checkpoint" => Kind::Definition,
        _ => Kind::Other,
    }
}

/// `WITH … SELECT … FOR UPDATE` locks, it does not write.
fn only_for_update(words: &Words<'_>) -> bool {
    !words.any(&["insert", "delete", "merge"])
        && words
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is(words.sql, "update"))
            .all(|(at, _)| at > 0 && (words.is(at - 1, "for") || words.is(at - 1, "key")))
}

fn block(words: &Words<'_>) -> Block {
    let refused = match words.first().as_str() {
        "vacuum" => true,
        "create" | "drop" => {
            words.is(1, "database")
                || words.is(1, "tablespace")
                || words.is(1, "subscription")
                || words.any(&["concurrently"])
        }
        "alter" => {
            words.is(1, "system") || (words.is(1, "database") && words.follows("set", "tablespace"))
        }
        "reindex" => {
            words.is(1, "database") || words.is(1, "system") || words.any(&["concurrently"])
        }
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

fn danger(words: &Words<'_>) -> Option<Danger> {
    match words.first().as_str() {
        "update" | "delete" if !words.any(&["where"]) => Some(Danger::EveryRow),
        "drop" => Some(Danger::Drop),
        "truncate" => Some(Danger::Truncate),
        _ => None,
    }
}

/// The statement with the passwords it carries replaced, for the history file.
#[must_use]
pub fn redacted(sql: &str) -> Cow<'_, str> {
    let all: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let carries = all.iter().any(|token| {
        let text = token.text(sql).to_ascii_lowercase();
        text == "password"
            || (token.kind == TokenKind::String
                && (text.contains("password=") || text.contains("password =")))
            || text.contains("://") && text.contains('@')
    });
    if !carries {
        return Cow::Borrowed(sql);
    }
    let mut safe = String::with_capacity(sql.len());
    let mut done = 0;
    for token in all.iter().filter(|token| token.kind == TokenKind::String) {
        safe.push_str(sql.get(done..token.start).unwrap_or_default());
        safe.push_str("'***'");
        done = token.end;
    }
    safe.push_str(sql.get(done..).unwrap_or_default());
    Cow::Owned(safe)
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
    fn what_deserves_a_question_is_known() {
        assert_eq!(
            classify("update t set a = 1").danger,
            Some(Danger::EveryRow)
        );
        assert_eq!(classify("update t set a = 1 where b").danger, None);
        assert_eq!(classify("drop table t").danger, Some(Danger::Drop));
    }

    #[test]
    fn passwords_are_taken_out() {
        assert_eq!(
            redacted("alter role a password 'x' valid until '2030'"),
            "alter role a password '***' valid until '***'"
        );
        assert_eq!(redacted("select 'password'"), "select 'password'");
    }
}

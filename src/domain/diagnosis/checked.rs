//! Calls of functions that look for themselves whether the caller may touch what an argument names:
//! no plan shows that.
//!
//! Source: PostgreSQL source, `sequence.c`, `be-fsstubs.c`, `inv_api.c`, `stat_utils.c`, and of the
//! extensions `pg_prewarm.c`, `pgrowlocks.c`, `dblink.c`, `heap_surgery.c`.

use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::Words;

/// What the argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A sequence.
    Sequence,
    /// A table or anything like one.
    Relation,
    /// A large object, by its OID.
    LargeObject,
    /// A backend, by its process id.
    Backend,
    /// A query, by its text.
    Query,
}

/// One such call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCall {
    /// The function.
    pub function: String,
    /// What it looks at.
    pub named: Named,
    /// The privilege it takes; OWNER where only the owner may.
    pub privilege: &'static str,
    /// The predefined role that may do without.
    pub or_member: Option<&'static str>,
    /// The expression that names it.
    pub argument: String,
    /// The mode in which a large object is opened.
    pub mode: Option<String>,
    /// The rows whose values the expression is made of.
    pub rows: Option<Rows>,
}

/// Where the values in an argument come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// `WITH …`; empty without.
    pub with: String,
    /// `FROM …` up to the end of the query.
    pub from: String,
}

/// What is known about a function.
struct Checks {
    named: Named,
    privilege: &'static str,
    or_member: Option<&'static str>,
}

fn checks(function: &str) -> Option<Checks> {
    let (named, privilege, or_member) = match function {
        "nextval" | "currval" => (Named::Sequence, "USAGE", None),
        "setval" => (Named::Sequence, "UPDATE", None),
        "pg_sequence_parameters" => (Named::Sequence, "SELECT", None),
        "pg_prewarm"
        | "currtid"
        | "currtid2"
        | "dblink_get_pkey"
        | "dblink_build_sql_insert"
        | "dblink_build_sql_update"
        | "dblink_build_sql_delete" => (Named::Relation, "SELECT", None),
        "heap_force_kill" | "heap_force_freeze" => (Named::Relation, "OWNER", None),
        "pgrowlocks" => (Named::Relation, "SELECT", Some("pg_stat_scan_tables")),
        "pg_clear_relation_stats"
        | "pg_clear_attribute_stats"
        | "pg_restore_relation_stats"
        | "pg_restore_attribute_stats" => (Named::Relation, "MAINTAIN", None),
        "lo_get" | "lo_export" | "lo_open" => (Named::LargeObject, "SELECT", None),
        "lo_put" => (Named::LargeObject, "SELECT, UPDATE", None),
        "lo_unlink" => (Named::LargeObject, "OWNER", None),
        "pg_terminate_backend" | "pg_cancel_backend" => (Named::Backend, "SIGNAL", None),
        _ => return None,
    };
    Some(Checks {
        named,
        privilege,
        or_member,
    })
}

/// The calls in a statement.
#[must_use]
pub fn checked_calls(sql: &str) -> Vec<CheckedCall> {
    let words = Words::of_statement(sql);
    let reader = Reader { words };
    (0..reader.words.len())
        .filter_map(|at| reader.call(at))
        .collect()
}

/// The calls of functions, told by how their names begin, whose first argument is a query that is put
/// together when they are called.
#[must_use]
pub fn calls_with_text(sql: &str, functions: &[&str]) -> Vec<CheckedCall> {
    let reader = Reader {
        words: Words::of_statement(sql),
    };
    let call = |at: usize| {
        let function = reader.words.name(at)?;
        let runs = functions.iter().any(|begin| function.starts_with(begin));
        if !runs || reader.words.text(at + 1) != "(" {
            return None;
        }
        let argument = reader.arguments(at + 1).into_iter().next()?;
        let constant = Words::of(&argument)
            .all
            .iter()
            .all(|token| token.kind == TokenKind::String);
        (!constant).then(|| CheckedCall {
            function,
            named: Named::Query,
            privilege: "SELECT",
            or_member: None,
            argument,
            mode: None,
            rows: reader.rows(at),
        })
    };
    (0..reader.words.len()).filter_map(call).collect()
}

/// The arguments of the only call of a routine in a statement; `None` where it has more or none.
#[must_use]
pub fn arguments_of(sql: &str, routine: &str) -> Option<Vec<String>> {
    let words = Words::of(sql);
    let reader = Reader { words };
    let mut calls = (0..reader.words.len()).filter(|at| {
        let named = ident::parts(reader.words.text(*at)).is_some_and(|parts| parts == [routine]);
        named && reader.words.text(at + 1) == "("
    });
    let only = calls.next()?;
    calls.next().is_none().then(|| reader.arguments(only + 1))
}

struct Reader<'a> {
    words: Words<'a>,
}

impl Reader<'_> {
    fn call(&self, at: usize) -> Option<CheckedCall> {
        let token = self.words.get(at)?;
        let bare = matches!(token.kind, TokenKind::Identifier | TokenKind::Keyword);
        if !bare || self.words.text(at + 1) != "(" {
            return None;
        }
        let function = token.text(self.words.sql).to_lowercase();
        let checks = checks(&function)?;
        let arguments = self.arguments(at + 1);
        let argument = if function.ends_with("_stats") {
            by_parts(&function, &arguments)?
        } else {
            arguments.first()?.clone()
        };
        let mode = arguments.get(1).filter(|_| function == "lo_open").cloned();
        Some(CheckedCall {
            function,
            named: checks.named,
            privilege: checks.privilege,
            or_member: checks.or_member,
            argument,
            mode,
            rows: self.rows(at),
        })
    }

    /// The arguments in the parentheses that open at a word.
    fn arguments(&self, open: usize) -> Vec<String> {
        let mut found = Vec::new();
        let (mut depth, mut start) = (0_i32, open + 1);
        for at in open..self.words.len() {
            match self.words.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "," if depth == 1 => {
                    found.push(self.words.span(start, at).to_owned());
                    start = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                if at > start {
                    found.push(self.words.span(start, at).to_owned());
                }
                break;
            }
        }
        found
    }

    /// The rows that a call in a select list or an assignment is made for.
    fn rows(&self, call: usize) -> Option<Rows> {
        let Some(select) = self.select_before(call) else {
            return self.updated(call);
        };
        let end = self.end_of_query(select);
        let from = self.outside(select + 1, end, "from")?;
        let with = if self.words.is(0, "with") && self.outside(0, select, "select").is_none() {
            self.words.span(0, select).to_owned()
        } else {
            String::new()
        };
        // A call behind FROM would be made while looking.
        (call < from).then(|| Rows {
            with,
            from: self.words.span(from, end).to_owned(),
        })
    }

    /// The SELECT in whose list a word stands.
    fn select_before(&self, call: usize) -> Option<usize> {
        let (mut depth, mut level) = (0_i32, 0_i32);
        (0..call).rev().find(|at| {
            match self.words.text(*at) {
                ")" => depth += 1,
                "(" => {
                    depth -= 1;
                    level = level.min(depth);
                }
                _ => {}
            }
            depth == level && self.words.is(*at, "select")
        })
    }

    /// The first word of a kind at the level of `from`.
    fn outside(&self, from: usize, to: usize, word: &str) -> Option<usize> {
        let mut depth = 0_i32;
        (from..to).find(|at| {
            match self.words.text(*at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0 && self.words.is(*at, word)
        })
    }

    /// Where the query ends that begins at a SELECT.
    fn end_of_query(&self, select: usize) -> usize {
        let mut depth = 0_i32;
        (select..self.words.len())
            .find(|at| {
                match self.words.text(*at) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                let conflict = self.words.is(*at, "on") && self.words.is(at + 1, "conflict");
                let next = ["union", "intersect", "except", "returning", "for", "into"];
                depth < 0
                    || (depth == 0
                        && (conflict || next.iter().any(|word| self.words.is(*at, word))))
            })
            .unwrap_or(self.words.len())
    }

    /// The rows of an UPDATE.
    fn updated(&self, call: usize) -> Option<Rows> {
        let all = self.words.len();
        if !self.words.is(0, "update") {
            return None;
        }
        let set = self.outside(1, all, "set")?;
        let end = self.outside(set, all, "returning").unwrap_or(all);
        let condition = self.outside(set, end, "where").unwrap_or(end);
        let more = self.outside(set, condition, "from");
        if call > more.unwrap_or(condition) {
            return None;
        }
        let mut from = format!("from {}", self.words.span(1, set));
        if let Some(more) = more {
            from.push_str(", ");
            from.push_str(self.words.span(more + 1, condition));
        }
        if condition < end {
            from.push(' ');
            from.push_str(self.words.span(condition, end));
        }
        Some(Rows {
            with: String::new(),
            from,
        })
    }
}

/// From 18 on, the functions that change statistics take schema and name apart, the restoring ones as
/// pairs of a word and its value.
fn by_parts(function: &str, arguments: &[String]) -> Option<String> {
    let valued = |word: &str| {
        let at = arguments
            .iter()
            .position(|argument| argument.trim_matches('\'').eq_ignore_ascii_case(word))?;
        arguments.get(at + 1)
    };
    let (schema, name) = if function.starts_with("pg_clear") {
        (arguments.first()?, arguments.get(1)?)
    } else {
        (valued("schemaname")?, valued("relname")?)
    };
    Some(format!(
        "pg_catalog.quote_ident({schema}) || '.' || pg_catalog.quote_ident({name})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(sql: &str) -> Option<Rows> {
        checked_calls(sql).into_iter().next().unwrap().rows
    }

    fn from(text: &str) -> Rows {
        Rows {
            with: String::new(),
            from: text.to_owned(),
        }
    }

    #[test]
    fn arguments_are_told_with_the_rows_they_come_from() {
        let calls = checked_calls("select lo_open(d.img, 131072), 'x' from d where id = 1");
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].argument, "d.img");
        assert_eq!(calls[0].mode.as_deref(), Some("131072"));
        assert_eq!(calls[0].rows, Some(from("from d where id = 1")));
        assert_eq!(rows("select nextval('s')"), None);
        assert_eq!(
            rows(
                "insert into t select (select 1 from a), coalesce(nextval(b.s), 1) from b limit 1 on conflict do nothing"
            ),
            Some(from("from b limit 1"))
        );
        assert_eq!(
            rows("update t x set a = nextval(x.s), b = 1 from u where u.id = x.id returning a"),
            Some(from("from t x, u where u.id = x.id"))
        );
        assert_eq!(
            rows("with c as (select 's' as n) select nextval(n) from c"),
            Some(Rows {
                with: "with c as (select 's' as n)".into(),
                from: "from c".into(),
            })
        );
    }

    #[test]
    fn calls_that_would_be_made_while_looking_have_no_rows() {
        assert_eq!(rows("select * from c, pgrowlocks(c.name)"), None);
        assert_eq!(rows("select 1 from c where nextval(c.s) > 1"), None);
    }

    #[test]
    fn texts_that_are_put_together_are_told_from_constants() {
        let calls = calls_with_text(
            "select query_to_xml(format('select 1 from %I', c.n), true, true, ''), \
             query_to_xml('select 2', true, true, '') from c",
            &["query_to_xml"],
        );
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].argument, "format('select 1 from %I', c.n)");
        assert_eq!(calls[0].rows, Some(from("from c")));
    }

    #[test]
    fn statistics_name_their_table_in_parts() {
        let calls = checked_calls("select pg_clear_relation_stats('s', 't')");
        assert_eq!(
            calls[0].argument,
            "pg_catalog.quote_ident('s') || '.' || pg_catalog.quote_ident('t')"
        );
        let calls = checked_calls(
            "select pg_restore_relation_stats('version', 1, 'schemaname', 's', 'relname', n)",
        );
        assert_eq!(
            calls[0].argument,
            "pg_catalog.quote_ident('s') || '.' || pg_catalog.quote_ident(n)"
        );
    }
}

//! The SQL inside a function's body, as far as its words tell: for what only happens when it runs.
//!
//! PL/pgSQL is read word by word, not parsed. Each expression is given as the SELECT that PL/pgSQL
//! makes of it. Of dynamic SQL (EXECUTE of a text) only literal parts are seen. Source: PostgreSQL
//! documentation, chapter "PL/pgSQL".

mod assigned;
mod blocks;
mod choices;
mod event;
mod folded;
mod known;
mod pieces;
mod standing;
mod text;
mod values;

pub use assigned::{Assigned, Kept, assigned};
pub use known::{About, Given, Holds, Known, Question, Rows};
pub use pieces::reassigns;
pub use standing::Standing;

use super::checked::arguments_of;
use super::writing::called;
use crate::domain::ident;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};
use crate::domain::sql::split;
use crate::domain::sql::words::{Words, literal};
use blocks::{Block, Catches, handlers};
use choices::{Branch, Runs};
use known::key;
use pieces::{assigns, cursor_query, filled, given, given_in_loops, pieces, target};
use std::collections::{BTreeSet, VecDeque};
use text::{begins, constant, writes};
use values::{Values, variable};

/// Words that begin a statement of SQL.
const BEGINNINGS: [&str; 26] = [
    "select",
    "insert",
    "update",
    "delete",
    "merge",
    "with",
    "values",
    "truncate",
    "call",
    "lock",
    "refresh",
    "create",
    "alter",
    "drop",
    "grant",
    "revoke",
    "comment",
    "reassign",
    "security",
    "set",
    "reset",
    "listen",
    "unlisten",
    "discard",
    "prepare",
    "deallocate",
];

/// What a body may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// The statements in it, in order.
    pub statements: Vec<String>,
    /// What holds for the rows for which each of them runs, as far as it is known.
    pub under: Vec<Vec<String>>,
    /// Whether all of them are run.
    pub course: Course,
    /// What is not known of it: what would decide which statements run, and what they are.
    pub questions: Vec<Question>,
}

/// Whether a body's statements depend on anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    /// One after the other.
    #[default]
    Straight,
    /// The rows that there are now decide.
    ByRows,
    /// Conditions, loops or handlers decide.
    Open,
    /// Some of them are put together on the way and cannot be read.
    MadeUp,
}

/// Reads a body. Branches that are known not to be taken are left out.
#[must_use]
pub fn read(body: &str, known: &Known<'_>) -> Body {
    let words = Words::of(body).all;
    let pieces = pieces(body, &words);
    let mut reader = Reader {
        body,
        known,
        branches: Vec::new(),
        loops: Vec::new(),
        blocks: Vec::new(),
        handlers: handlers(body, &pieces),
        ended: false,
        values: Values::default(),
        looped: given_in_loops(body, &pieces),
        written: false,
        found: Body::default(),
    };
    for piece in pieces {
        reader.piece(piece);
    }
    reader.found
}

/// Whether an expression looks at rows.
#[must_use]
pub fn looks_at_rows(expression: &str) -> bool {
    tokens(expression)
        .iter()
        .any(|token| token.is(expression, "select"))
}

/// Whether an expression is made of the row that fires a trigger.
fn names_rows(expression: &str) -> bool {
    tokens(expression)
        .iter()
        .any(|token| token.is(expression, "old") || token.is(expression, "new"))
}

/// Whether a word may be a name.
const fn is_name(word: Token) -> bool {
    matches!(
        word.kind,
        TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::Keyword
    )
}

struct Reader<'a> {
    body: &'a str,
    known: &'a Known<'a>,
    branches: Vec<Branch>,
    /// Whether the loops that are open run: what is in them may not.
    loops: Vec<Runs>,
    blocks: Vec<Block>,
    /// What the blocks catch that are still to come.
    handlers: VecDeque<Catches>,
    /// Whether a RETURN surely ended it.
    ended: bool,
    values: Values,
    /// The names that get a value in a loop.
    looped: BTreeSet<String>,
    /// Whether something before may have changed rows.
    written: bool,
    found: Body,
}

impl Reader<'_> {
    fn is(&self, piece: &[Token], at: usize, word: &str) -> bool {
        piece.get(at).is_some_and(|token| token.is(self.body, word))
    }

    fn starts(&self, piece: &[Token], words: &[&str]) -> bool {
        words.iter().any(|word| self.is(piece, 0, word))
    }

    fn span(&self, piece: &[Token]) -> &str {
        match (piece.first(), piece.last()) {
            (Some(first), Some(last)) => self.body.get(first.start..last.end).unwrap_or_default(),
            _ => "",
        }
    }

    fn piece(&mut self, piece: &[Token]) {
        let (inner, last) = match piece.split_last() {
            Some((last, inner)) => (inner, last.text(self.body).to_lowercase()),
            None => return,
        };
        // A label stands before a block or a loop.
        if piece
            .first()
            .is_some_and(|token| token.text(self.body) == "<<")
            && let Some(behind) = piece.iter().position(|token| token.text(self.body) == ">>")
        {
            return self.piece(piece.get(behind + 1..).unwrap_or_default());
        }
        match last.as_str() {
            "then" => self.condition(inner),
            "else" => self.otherwise(inner),
            "loop" => self.head_of_loop(inner),
            "begin" => {
                self.statement(inner);
                self.block();
            }
            "declare" => self.statement(inner),
            ";" => {
                let ends = self.is(inner, 0, "end");
                if ends && (self.is(inner, 1, "if") || self.is(inner, 1, "case")) {
                    self.end_of_if();
                } else if ends && self.is(inner, 1, "loop") {
                    let _ = self.loops.pop();
                    self.values.forget_all(&self.looped);
                } else if ends {
                    let _ = self.blocks.pop();
                } else {
                    self.statement(inner);
                }
            }
            _ => self.statement(piece),
        }
    }

    /// `FOR r IN query`, `FOR i IN a..b`, `FOREACH x IN ARRAY a`, `WHILE condition`.
    fn head_of_loop(&mut self, piece: &[Token]) {
        let within = piece.iter().position(|token| token.is(self.body, "in"));
        let mut runs = Runs::Perhaps;
        if let Some(at) = within.filter(|_| self.starts(piece, &["for", "foreach"])) {
            let behind = piece.get(at + 1..).unwrap_or_default();
            let skip = usize::from(self.starts(behind, &["reverse", "array"]));
            let behind = behind.get(skip..).unwrap_or_default();
            let queries = ["select", "with", "values", "execute", "("];
            let range = !self.starts(behind, &queries) && self.span(behind).contains("..");
            if range && !self.starts(piece, &["foreach"]) {
                runs = self.counted(behind, skip == 0);
            } else if !range {
                runs = self.rounds(behind);
                self.statement(behind);
            } else if self.live() {
                self.found.course = self.found.course.max(Course::Open);
            }
        } else {
            if self.live() {
                self.found.course = self.found.course.max(Course::Open);
            }
            self.expression(piece.get(1..).unwrap_or_default());
        }
        self.loops.push(runs);
        self.values.forget_all(&self.looped);
    }

    /// Whether a loop from one number to another has any rounds.
    fn counted(&mut self, range: &[Token], upwards: bool) -> Runs {
        let by = range.iter().position(|token| token.is(self.body, "by"));
        let range = range.get(..by.unwrap_or(range.len()));
        let ends = self.span(range.unwrap_or_default()).split_once("..");
        let (Some((first, last)), true) = (ends, upwards) else {
            self.found.course = self.found.course.max(Course::Open);
            return Runs::Perhaps;
        };
        let (first, last) = (first.trim(), last.trim());
        let text = self.values.told(&format!("({first}) <= ({last})"));
        match self.decide(&text, None) {
            Some(Holds::Always) => Runs::Surely,
            Some(Holds::Never) => Runs::Never,
            Some(Holds::ForSome) | None => Runs::Perhaps,
        }
    }

    /// Whether a loop over the rows of a query has any.
    fn rounds(&mut self, query: &[Token]) -> Runs {
        if !self.starts(query, &["select", "with", "values"]) {
            if self.live() {
                self.found.course = self.found.course.max(Course::Open);
            }
            return Runs::Perhaps;
        }
        let text = format!("EXISTS ({})", self.values.told(self.span(query)));
        match self.decide(&text, None) {
            Some(Holds::Always) => Runs::Surely,
            Some(Holds::Never) => Runs::Never,
            Some(Holds::ForSome) | None => Runs::Perhaps,
        }
    }

    fn statement(&mut self, piece: &[Token]) {
        if piece.is_empty() || !self.live() {
            return;
        }
        let behind = piece.get(1..).unwrap_or_default();
        if self.starts(piece, &BEGINNINGS) {
            let text = self.without_target(piece);
            self.push(text);
        } else if self.starts(piece, &["perform"]) {
            let text = format!("select {}", self.without_target(behind));
            let query = self.values.told(&text);
            self.values.found(&query);
            return self.push(text);
        } else if self.starts(piece, &["execute"]) {
            self.dynamic(behind);
        } else if self.starts(piece, &["return"]) {
            if self.is(piece, 1, "query") || self.is(piece, 1, "next") {
                self.statement(piece.get(2..).unwrap_or_default());
            } else {
                self.expression(behind);
                self.ended |= self.sure();
            }
        } else if self.starts(piece, &["atomic"]) {
            self.statement(behind);
        } else if self.starts(
            piece,
            &["raise", "get", "null", "exit", "continue", "close", "fetch"],
        ) {
            self.calls(behind);
        } else if let Some(query) = cursor_query(self.body, piece) {
            self.statement(query);
        } else if self.starts(piece, &["open"]) {
            self.arguments(behind);
        } else if let Some(at) = assigns(self.body, piece) {
            self.expression(piece.get(at + 1..).unwrap_or_default());
        } else {
            self.expression(piece);
        }
        self.follow(piece);
    }

    /// What the variables are after a statement.
    fn follow(&mut self, piece: &[Token]) {
        let mut given = given(self.body, piece);
        let before = self.values.clone();
        let changes_new = given.remove("new");
        self.values.forget_all(&given);
        if changes_new {
            return self.follow_new(piece, &before);
        }
        if !self.starts(piece, &["return", "raise", "execute"]) && self.starts(piece, &BEGINNINGS) {
            self.values.forget("found");
        }
        if let Some((into, end)) = target(self.body, piece) {
            let targets = piece.get(into..end).unwrap_or_default();
            let names = filled(self.body, targets);
            if let Some(names) = names.filter(|_| self.starts(piece, &["select", "with"])) {
                let query = before.told(&self.without_target(piece));
                self.values.select(&names, &query);
            }
        } else if !self.starts(piece, &BEGINNINGS)
            && !self.starts(piece, &["return", "raise", "execute", "get", "open"])
            && let Some(at) = assigns(self.body, piece)
            && let Some(name) = given.first().filter(|_| given.len() == 1)
            && !piece
                .get(1)
                .is_some_and(|next| ["[", "."].contains(&next.text(self.body)))
        {
            let value = before.told(self.span(piece.get(at + 1..).unwrap_or_default()));
            self.values.assign(name, &value);
        }
    }

    /// What NEW is after a statement that changes it.
    fn follow_new(&mut self, piece: &[Token], before: &Values) {
        let column = piece.get(2).filter(|_| {
            self.is(piece, 0, "new") && piece.get(1).is_some_and(|dot| dot.text(self.body) == ".")
        });
        let column = column.and_then(|column| variable(self.body, *column));
        match (column, assigns(self.body, piece)) {
            (Some(column), Some(3)) if self.loops.is_empty() => {
                let value = before.told(self.span(piece.get(4..).unwrap_or_default()));
                self.values.assign(&format!("new.{column}"), &value);
            }
            (Some(column), Some(_)) => self.values.replace_new(Some(&column)),
            _ => self.values.replace_new(None),
        }
    }

    /// A statement that runs.
    fn push(&mut self, text: String) {
        self.written |= writes(&text);
        self.found.statements.push(text);
        self.found.under.push(self.under());
    }

    /// An expression, where it may touch anything.
    fn expression(&mut self, piece: &[Token]) {
        if !self.live() {
            return;
        }
        if self.starts(piece, &["select", "with", "execute"]) {
            return self.statement(piece);
        }
        let reads = piece.iter().any(|token| token.is(self.body, "select"));
        if reads || self.has_calls(piece) {
            let text = format!("select {}", self.span(piece));
            self.push(text);
        }
    }

    fn calls(&mut self, piece: &[Token]) {
        if self.has_calls(piece) {
            self.expression(piece);
        }
    }

    /// What a cursor is opened with, by place or by name.
    fn arguments(&mut self, cursor: &[Token]) {
        let name = cursor.first().map_or("", |token| token.text(self.body));
        let given = ident::parts(name)
            .and_then(|mut parts| arguments_of(self.span(cursor), &parts.pop()?))
            .unwrap_or_default();
        for argument in given {
            let words = Words::of(&argument);
            let value = match (words.is(1, ":=") || words.is(1, "=>")).then(|| words.get(2)) {
                Some(Some(first)) => argument.get(first.start..).unwrap_or_default(),
                _ => &argument,
            };
            if !called(value).is_empty() {
                self.push(format!("select {value}"));
            }
        }
    }

    fn has_calls(&self, piece: &[Token]) -> bool {
        piece.iter().enumerate().any(|(at, name)| {
            let text = |at: usize| piece.get(at).map_or("", |token| token.text(self.body));
            let opens = text(at + 1) == "(";
            // Behind a schema any word is a name.
            let qualified = at > 0 && text(at - 1) == ".";
            opens
                && match name.kind {
                    TokenKind::Identifier | TokenKind::QuotedIdentifier => true,
                    TokenKind::Keyword => qualified,
                    _ => false,
                }
        })
    }

    /// A statement without the target of INTO, except of INSERT INTO and MERGE INTO.
    fn without_target(&self, piece: &[Token]) -> String {
        let Some((into, end)) = target(self.body, piece) else {
            return self.span(piece).to_owned();
        };
        let before = self.span(piece.get(..into).unwrap_or_default());
        let after = self.span(piece.get(end..).unwrap_or_default());
        format!("{before} {after}").trim_end().to_owned()
    }

    /// What EXECUTE is given, where that is known; else its literal parts, with nothing in place of what
    /// is computed.
    fn dynamic(&mut self, piece: &[Token]) {
        let mut depth = 0_i32;
        let end = piece
            .iter()
            .position(|token| {
                match token.text(self.body) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0 && (token.is(self.body, "into") || token.is(self.body, "using"))
            })
            .unwrap_or(piece.len());
        let expression = self
            .values
            .told(self.span(piece.get(..end).unwrap_or_default()));
        let under = self.under();
        let given = constant(&expression)
            .map(Given::Whole)
            .or_else(|| self.known.texts.get(&key(&expression, &under)).cloned());
        if let Some(given) = given {
            let texts = match given {
                Given::Whole(text) => vec![text],
                Given::Each(texts) => texts,
                Given::WithoutValues(text) => {
                    self.found.course = self.found.course.max(Course::MadeUp);
                    vec![text]
                }
            };
            if self.known.rows == Rows::There && names_rows(&expression) {
                self.found.course = self.found.course.max(Course::ByRows);
            }
            for text in texts {
                self.executed(&text);
            }
            return;
        }
        self.found.course = self.found.course.max(Course::MadeUp);
        let literals: String = tokens(&expression)
            .iter()
            .filter(|token| token.kind == TokenKind::String)
            .map(|token| literal(token.text(&expression)))
            .collect();
        self.found.questions.push(Question {
            expression,
            about: About::Text,
            under,
        });
        if begins(&literals) {
            self.push(literals);
        }
    }

    /// The statements of a text that EXECUTE is given.
    fn executed(&mut self, text: &str) {
        for range in split::statements(text) {
            let one = text.get(range).unwrap_or_default();
            let one = one.trim().trim_end_matches(';');
            if begins(one) {
                self.push(one.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn fired(event: &str) -> Known<'_> {
        Known {
            event: Some(event),
            ..Known::default()
        }
    }

    fn statements(body: &str) -> Vec<String> {
        read(body, &Known::default()).statements
    }

    #[test]
    fn queries_of_cursors_are_found() {
        assert_eq!(
            statements(
                "declare a cursor (x int, y int = 2) for select n from s.t where m = x; \
                 b no scroll cursor is select 1 from s.u where k = 3; c refcursor; \
                 begin open a (y := s.f(2), x => 1); open b; open c for update s.v set n = 1 returning n; \
                 open c no scroll for execute 'select * from s.w where n = 1'; end"
            ),
            [
                "select n from s.t where m = x",
                "select 1 from s.u where k = 3",
                "select s.f(2)",
                "update s.v set n = 1 returning n",
                "select * from s.w where n = 1",
            ]
        );
    }

    #[test]
    fn calls_and_dynamic_statements_are_found() {
        assert_eq!(
            statements("begin new.x := nextval('s.seq'); return s.f(1); end"),
            ["select nextval('s.seq')", "select s.f(1)"]
        );
        assert_eq!(
            statements("begin return s.inner() + 1; end"),
            ["select s.inner() + 1"]
        );
        assert_eq!(
            statements("begin execute 'select id from s.'||quote_ident('t') into x; end"),
            ["select id from s.t"]
        );
    }

    #[test]
    fn statements_are_found_in_procedural_code() {
        let body = "declare n int; begin if new.x > 0 then insert into audit.log(x) values (new.x); end if; \
                    select count(*) into n from s.t; perform s.f(1); \
                    for r in select a from s.u loop update s.v set a = 1; end loop; return new; end";
        assert_eq!(
            statements(body),
            [
                "insert into audit.log(x) values (new.x)",
                "select count(*) from s.t",
                "select s.f(1)",
                "select a from s.u",
                "update s.v set a = 1",
            ]
        );
        assert_eq!(read(body, &Known::default()).course, Course::Open);
    }

    #[test]
    fn expressions_are_the_selects_they_become() {
        let body = "declare a int := (select max(x) from s.a); begin \
                    return (select count(*) from s.t) + case when a = 1 then 2 else 3 end; end";
        assert_eq!(
            statements(body),
            [
                "select (select max(x) from s.a)",
                "select (select count(*) from s.t) + case when a = 1 then 2 else 3 end",
            ]
        );
        assert_eq!(
            statements("begin select a, b into strict x.y, z from s.t where c = 1; end"),
            ["select a, b from s.t where c = 1"]
        );
        assert_eq!(
            statements("begin update s.t set a = 1 where b = 2 returning c into v; end"),
            ["update s.t set a = 1 where b = 2 returning c"]
        );
    }

    #[test]
    fn what_execute_is_given_is_followed_or_asked_for() {
        let body = "declare q text := 'select a'; begin q := q || ' from s.t'; execute q into x; \
                    if k then q := 'x'; end if; execute q; execute 'truncate s.u; delete from s.v'; end";
        let told = read(body, &Known::default());
        assert_eq!(
            told.statements,
            ["select a from s.t", "truncate s.u", "delete from s.v"]
        );
        let asked: Vec<(About, &str)> = told
            .questions
            .iter()
            .map(|question| (question.about, question.expression.as_str()))
            .collect();
        assert_eq!(
            asked,
            [
                (About::Text, "(('select a') || ' from s.t')"),
                (About::Condition, "k"),
                (About::Text, "q"),
            ]
        );
        let holds = BTreeMap::from([("k".to_owned(), Holds::Never)]);
        let known = Known {
            holds,
            ..Known::default()
        };
        let last = read(body, &known)
            .questions
            .pop()
            .map(|last| last.expression);
        assert_eq!(last.as_deref(), Some("(('select a') || ' from s.t')"));
    }

    #[test]
    fn a_loop_without_rows_is_left_out_and_what_follows_is_not() {
        let body = "begin for r in select a from s.t loop delete from s.u; end loop; delete from s.v; return; end";
        let known = Known {
            holds: BTreeMap::from([("EXISTS (select a from s.t)".to_owned(), Holds::Never)]),
            ..Known::default()
        };
        let told = read(body, &known);
        assert_eq!(told.statements, ["select a from s.t", "delete from s.v"]);
        assert_eq!(told.course, Course::ByRows);
    }

    #[test]
    fn rows_decide_until_the_body_changes_some() {
        let body = "begin select count(*) into n from s.t; if n > 0 then delete from s.t; end if; \
                    if exists (select from s.u) then insert into s.l values (1); end if; end";
        let count = "(SELECT pgiam_column_1 FROM (select count(*) from s.t) AS pgiam_row(pgiam_column_1) LIMIT 1) > 0";
        let asked = read(body, &Known::default()).questions;
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].expression, count);
        let told = |holds| {
            let known = Known {
                holds: BTreeMap::from([(count.to_owned(), holds)]),
                ..Known::default()
            };
            let told = read(body, &known);
            (told.statements.len(), told.questions.len(), told.course)
        };
        assert_eq!(told(Holds::Always), (4, 0, Course::Open));
        assert_eq!(told(Holds::Never), (3, 1, Course::Open));
    }

    #[test]
    fn what_is_known_not_to_run_is_left_out() {
        let body = "begin if k > 0 then insert into a values (k); return; \
                    elsif k < 0 then delete from a; else delete from b; end if; \
                    while k < 9 loop return; end loop; insert into b values (k); end";
        let asked = read(body, &Known::default()).questions;
        assert_eq!(
            asked
                .iter()
                .map(|question| question.expression.as_str())
                .collect::<Vec<_>>(),
            ["k > 0", "k < 0"]
        );
        let told = |first, second| {
            let holds = [("k > 0", first), ("k < 0", second)];
            let known = Known {
                holds: holds
                    .into_iter()
                    .filter_map(|(text, holds): (&str, Option<bool>)| {
                        let holds = if holds? { Holds::Always } else { Holds::Never };
                        Some((text.to_owned(), holds))
                    })
                    .collect(),
                ..Known::default()
            };
            read(body, &known)
        };
        let surely = told(Some(true), Some(false));
        assert_eq!(surely.statements, ["insert into a values (k)"]);
        assert_eq!(surely.course, Course::Straight);
        assert_eq!(
            told(Some(false), Some(false)).statements,
            ["delete from b", "insert into b values (k)"]
        );
        assert_eq!(
            told(None, Some(false)).statements,
            [
                "insert into a values (k)",
                "delete from b",
                "insert into b values (k)"
            ]
        );
    }

    #[test]
    fn handlers_run_where_something_is_refused_and_not_else() {
        for (body, wanted) in [
            (
                "begin begin delete from a; exception when others then delete from b; end; delete from c; end",
                &["delete from b", "delete from c"][..],
            ),
            (
                "begin delete from a; exception when unique_violation then delete from b; \
                 when insufficient_privilege then null; when others then raise; end",
                &[],
            ),
            (
                "begin delete from a; exception when others then delete from b; raise; end",
                &["delete from a"],
            ),
            (
                "begin delete from a; exception when others then raise notice 'x'; end",
                &[],
            ),
        ] {
            assert_eq!(statements(body), wanted, "{body}");
        }
    }

    #[test]
    fn a_case_is_a_choice() {
        let body = "begin if k then case tg_op when 'INSERT' then delete from a; when 'UPDATE', 'DELETE' then \
                    delete from b; else delete from c; end case; else \
                    case when m > 1 then delete from d; else delete from e; end case; end if; end";
        assert_eq!(
            read(body, &fired("DELETE")).statements,
            ["delete from b", "delete from d", "delete from e"]
        );
        let mut known = fired("TRUNCATE");
        let _ = known.holds.insert("k".to_owned(), Holds::Never);
        let _ = known.holds.insert("m > 1".to_owned(), Holds::Never);
        assert_eq!(read(body, &known).statements, ["delete from e"]);
        let of_value = "begin case lower(k) when 'x', 'y' then delete from a; end case; end";
        let asked = read(of_value, &Known::default()).questions;
        assert_eq!(asked[0].expression, "lower(k) IN ('x', 'y')");
    }

    #[test]
    fn counted_loops_may_have_no_rounds() {
        for head in ["for i in 1..n loop", "for i in 1 .. n by 2 loop"] {
            let body = format!("begin {head} delete from a; end loop; delete from b; end");
            let asked = read(&body, &Known::default()).questions;
            assert_eq!(asked[0].expression, "(1) <= (n)", "{body}");
            let mut known = Known::default();
            let _ = known
                .holds
                .insert(asked[0].expression.clone(), Holds::Never);
            assert_eq!(read(&body, &known).statements, ["delete from b"]);
        }
    }

    #[test]
    fn what_comes_to_some_rows_is_asked_for_those() {
        let body = "begin if new.a > 0 then execute 'insert into s.' || new.t; \
                    elsif new.b then delete from s.u; end if; end";
        let mut known = fired("INSERT");
        let _ = known.holds.insert("new.a > 0".to_owned(), Holds::ForSome);
        let asked: Vec<String> = read(body, &known)
            .questions
            .iter()
            .map(Question::key)
            .collect();
        assert_eq!(
            asked,
            [
                "'insert into s.' || new.t WHERE coalesce((new.a > 0), false)",
                "new.b WHERE NOT coalesce((new.a > 0), false)",
            ]
        );
        let both = Given::Each(vec!["insert into s.a".into(), "insert into s.b".into()]);
        let _ = known.texts.insert(asked[0].clone(), both);
        let _ = known.holds.insert(asked[1].clone(), Holds::Never);
        let told = read(body, &known);
        assert_eq!(told.statements, ["insert into s.a", "insert into s.b"]);
        assert_eq!(told.course, Course::Straight);
    }

    #[test]
    fn branches_for_other_events_are_left_out() {
        let body = "begin if (tg_op = 'DELETE') then insert into s.d values (1); \
                    elsif tg_op in ('INSERT', 'UPDATE') then insert into s.u values (1); \
                    else insert into s.o values (1); end if; insert into s.all_of_them values (1); end";
        assert_eq!(
            read(body, &fired("UPDATE")).statements,
            [
                "insert into s.u values (1)",
                "insert into s.all_of_them values (1)"
            ]
        );
        assert_eq!(read(body, &Known::default()).statements.len(), 4);
    }
}

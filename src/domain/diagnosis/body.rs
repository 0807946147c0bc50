//! The SQL inside a function's body, as far as its words tell: for what only happens when it runs.
//!
//! PL/pgSQL is read word by word, not parsed. Each expression is given as the SELECT that PL/pgSQL
//! makes of it. Of dynamic SQL (EXECUTE of a text) only literal parts are seen. Source: PostgreSQL
//! documentation, chapter "PL/pgSQL".

use crate::domain::ident;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};
use std::collections::BTreeMap;

/// Words that begin a statement of SQL.
const BEGINNINGS: [&str; 11] = [
    "select", "insert", "update", "delete", "merge", "with", "values", "truncate", "call", "lock",
    "refresh",
];

/// What a body may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// The statements in it, in order.
    pub statements: Vec<String>,
    /// Whether all of them are run.
    pub course: Course,
}

/// Whether a body's statements depend on anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    /// One after the other.
    #[default]
    Straight,
    /// Conditions, loops or handlers decide.
    Open,
    /// Some of them are put together on the way and cannot be read.
    MadeUp,
}

/// What is known before a body runs.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// What fires it, where it is a trigger's: `INSERT`, `UPDATE` …
    pub event: Option<&'a str>,
    /// Whether conditions hold, by their text.
    pub holds: BTreeMap<String, bool>,
}

/// Reads a body. Branches that are known not to be taken are left out.
#[must_use]
pub fn read(body: &str, known: &Known<'_>) -> Body {
    walked(body, known).found
}

/// The conditions of its IFs: what could be known before.
#[must_use]
pub fn conditions(body: &str) -> Vec<String> {
    walked(body, &Known::default()).conditions
}

fn walked<'a>(body: &'a str, known: &'a Known<'a>) -> Reader<'a> {
    let words = meaningful(body);
    let mut reader = Reader {
        body,
        known,
        branches: Vec::new(),
        loops: 0,
        ended: false,
        conditions: Vec::new(),
        found: Body::default(),
    };
    for piece in pieces(body, &words) {
        reader.piece(piece);
    }
    reader
}

fn meaningful(body: &str) -> Vec<Token> {
    tokens(body)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect()
}

/// Whether a body may give one of its names another value.
#[must_use]
pub fn reassigns(body: &str, name: &str) -> bool {
    let words = meaningful(body);
    let text = |at: usize| words.get(at).map_or("", |token| token.text(body));
    let starts = |at: usize| {
        at == 0
            || [";", "begin", "then", "else", "loop"]
                .iter()
                .any(|word| text(at - 1).eq_ignore_ascii_case(word))
    };
    // A target of INTO may stand anywhere behind it.
    let mut within_into = false;
    (0..words.len()).any(|at| {
        let is = |word: &str| text(at).eq_ignore_ascii_case(word);
        if is("into") {
            within_into = true;
        } else if is(";") || is("from") || is("values") || is("(") {
            within_into = false;
        }
        let named = ident::parts(text(at)).is_some_and(|parts| parts == [name]);
        let assigned = [":=", "=", ":", "["].contains(&text(at + 1)) && starts(at);
        let looped = at > 0 && text(at - 1).eq_ignore_ascii_case("for");
        let shadowed = at > 0 && text(at - 1).eq_ignore_ascii_case("declare");
        named && (assigned || looped || shadowed || within_into)
    })
}

/// The words between what ends a statement or the head of a block.
fn pieces<'a>(body: &str, words: &'a [Token]) -> Vec<&'a [Token]> {
    let mut found = Vec::new();
    let (mut start, mut parentheses, mut cases) = (0, 0_i32, 0_i32);
    for (at, token) in words.iter().enumerate() {
        let is = |word: &str| token.is(body, word);
        match token.text(body) {
            "(" => parentheses += 1,
            ")" => parentheses -= 1,
            _ => {}
        }
        // CASE at the start of a piece is a statement, elsewhere an expression.
        if is("case") && at != start && !words.get(at - 1).is_some_and(|end| end.is(body, "end")) {
            cases += 1;
        } else if is("end") && cases > 0 {
            cases -= 1;
        }
        let inside = parentheses > 0 || cases > 0;
        let ends_block = ["then", "else", "loop", "begin", "declare"]
            .iter()
            .any(|word| is(word));
        let ends = token.text(body) == ";" || (ends_block && !inside);
        if ends {
            // The word stays with its piece: it tells a condition from a statement.
            found.push(words.get(start..=at).unwrap_or_default());
            start = at + 1;
            (parentheses, cases) = (0, 0);
        }
    }
    found.push(words.get(start..).unwrap_or_default());
    found
}

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Runs {
    Never,
    Perhaps,
    Surely,
}

impl From<Option<bool>> for Runs {
    fn from(holds: Option<bool>) -> Self {
        match holds {
            Some(false) => Self::Never,
            None => Self::Perhaps,
            Some(true) => Self::Surely,
        }
    }
}

/// One IF that is open.
struct Branch {
    /// Whether what follows runs, if the IF does.
    now: Runs,
    /// Whether this branch or an earlier one does.
    any: Runs,
}

struct Reader<'a> {
    body: &'a str,
    known: &'a Known<'a>,
    branches: Vec<Branch>,
    /// Loops and CASEs that are open: what is in them may not run.
    loops: usize,
    /// Whether a RETURN surely ended it.
    ended: bool,
    conditions: Vec<String>,
    found: Body,
}

impl Reader<'_> {
    fn is(&self, piece: &[Token], at: usize, word: &str) -> bool {
        piece.get(at).is_some_and(|token| token.is(self.body, word))
    }

    fn starts(&self, piece: &[Token], words: &[&str]) -> bool {
        words.iter().any(|word| self.is(piece, 0, word))
    }

    fn live(&self) -> bool {
        !self.ended && self.branches.iter().all(|branch| branch.now != Runs::Never)
    }

    /// Whether what follows surely runs.
    fn sure(&self) -> bool {
        self.loops == 0
            && self
                .branches
                .iter()
                .all(|branch| branch.now == Runs::Surely)
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
            "begin" | "declare" => self.statement(inner),
            ";" => {
                if self.is(inner, 0, "end") && self.is(inner, 1, "if") {
                    let _ = self.branches.pop();
                } else if self.is(inner, 0, "end")
                    && (self.is(inner, 1, "loop") || self.is(inner, 1, "case"))
                {
                    self.loops = self.loops.saturating_sub(1);
                } else if !self.is(inner, 0, "end") {
                    self.statement(inner);
                }
            }
            _ => self.statement(piece),
        }
    }

    /// `IF …`, `ELSIF …`, `WHEN …`: the condition may read as well.
    fn condition(&mut self, piece: &[Token]) {
        let behind = piece.get(1..).unwrap_or_default();
        if self.starts(piece, &["if"]) {
            let holds = Runs::from(self.met(behind));
            self.expression(behind);
            self.branches.push(Branch {
                now: holds,
                any: holds,
            });
        } else if self.starts(piece, &["elsif", "elseif"]) {
            let holds = Runs::from(self.met(behind));
            if let Some(branch) = self.branches.last_mut() {
                branch.now = match (branch.any, holds) {
                    (Runs::Surely, _) | (_, Runs::Never) => Runs::Never,
                    (Runs::Never, holds) => holds,
                    (Runs::Perhaps, _) => Runs::Perhaps,
                };
                branch.any = branch.any.max(holds);
            }
            self.expression(behind);
        } else if !self.starts(piece, &["exception"]) {
            self.found.course = self.found.course.max(Course::Open);
            if self.starts(piece, &["case"]) {
                self.loops += 1;
            }
            let start = piece.iter().position(|token| token.is(self.body, "when"));
            self.expression(
                piece
                    .get(start.map_or(0, |at| at + 1)..)
                    .unwrap_or_default(),
            );
        } else {
            self.found.course = self.found.course.max(Course::Open);
        }
    }

    /// Whether a condition holds, as far as it is known.
    fn met(&mut self, piece: &[Token]) -> Option<bool> {
        let text = self.span(piece).to_owned();
        let holds = self
            .known
            .holds
            .get(&text)
            .copied()
            .or_else(|| self.holds(piece));
        if holds.is_none() && self.live() {
            self.found.course = self.found.course.max(Course::Open);
        }
        self.conditions.push(text);
        holds
    }

    fn otherwise(&mut self, piece: &[Token]) {
        if let Some(branch) = self.branches.last_mut() {
            branch.now = match branch.any {
                Runs::Never => Runs::Surely,
                Runs::Perhaps => Runs::Perhaps,
                Runs::Surely => Runs::Never,
            };
        }
        self.statement(piece);
    }

    /// `FOR r IN query`, `FOR i IN a..b`, `FOREACH x IN ARRAY a`, `WHILE condition`.
    fn head_of_loop(&mut self, piece: &[Token]) {
        self.loops += 1;
        if self.live() {
            self.found.course = self.found.course.max(Course::Open);
        }
        let within = piece.iter().position(|token| token.is(self.body, "in"));
        match within.filter(|_| self.starts(piece, &["for", "foreach"])) {
            Some(at) => {
                let behind = piece.get(at + 1..).unwrap_or_default();
                let skip = usize::from(self.starts(behind, &["reverse", "array"]));
                let behind = behind.get(skip..).unwrap_or_default();
                let range = behind
                    .iter()
                    .any(|token| token.text(self.body).contains(".."));
                if !range {
                    self.statement(behind);
                }
            }
            None => self.expression(piece.get(1..).unwrap_or_default()),
        }
    }

    fn statement(&mut self, piece: &[Token]) {
        if piece.is_empty() || !self.live() {
            return;
        }
        let behind = piece.get(1..).unwrap_or_default();
        if self.starts(piece, &BEGINNINGS) {
            let text = self.without_target(piece);
            self.found.statements.push(text);
        } else if self.starts(piece, &["perform"]) {
            let text = format!("select {}", self.without_target(behind));
            self.found.statements.push(text);
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
        } else if let Some(at) = self.assigns(piece) {
            self.expression(piece.get(at + 1..).unwrap_or_default());
        } else if let Some(at) = piece.iter().position(|token| token.is(self.body, "for")) {
            // OPEN cursor FOR query; cursor CURSOR FOR query.
            self.statement(piece.get(at + 1..).unwrap_or_default());
        } else {
            self.expression(piece);
        }
    }

    /// The place of `:=`, `=` or DEFAULT outside parentheses.
    fn assigns(&self, piece: &[Token]) -> Option<usize> {
        let text = |at: usize| piece.get(at).map_or("", |token| token.text(self.body));
        let mut depth = 0_i32;
        (0..piece.len()).find_map(|at| {
            match text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                _ => {}
            }
            let assigns = [":=", "="].contains(&text(at)) || self.is(piece, at, "default");
            if depth == 0 && text(at) == ":" && text(at + 1) == "=" {
                return Some(at + 1);
            }
            (depth == 0 && assigns).then_some(at)
        })
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
            self.found.statements.push(text);
        }
    }

    fn calls(&mut self, piece: &[Token]) {
        if self.has_calls(piece) {
            self.expression(piece);
        }
    }

    fn has_calls(&self, piece: &[Token]) -> bool {
        piece.windows(2).any(|pair| {
            let [name, open] = pair else { return false };
            open.text(self.body) == "("
                && matches!(
                    name.kind,
                    TokenKind::Identifier | TokenKind::QuotedIdentifier
                )
        })
    }

    /// A statement without the target of INTO, except of INSERT INTO and MERGE INTO.
    fn without_target(&self, piece: &[Token]) -> String {
        let mut depth = 0_i32;
        let into = (1..piece.len()).find(|at| {
            match piece.get(*at).map(|token| token.text(self.body)) {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                _ => {}
            }
            depth == 0
                && self.is(piece, *at, "into")
                && !self.is(piece, at - 1, "insert")
                && !self.is(piece, at - 1, "merge")
        });
        let Some(into) = into else {
            return self.span(piece).to_owned();
        };
        let mut end = into + 1 + usize::from(self.is(piece, into + 1, "strict"));
        // Targets are names with dots and subscripts between commas.
        loop {
            end += 1;
            while piece
                .get(end)
                .is_some_and(|token| token.text(self.body) == ".")
            {
                end += 2;
            }
            if piece
                .get(end)
                .is_none_or(|token| token.text(self.body) != ",")
            {
                break;
            }
            end += 1;
        }
        let before = self.span(piece.get(..into).unwrap_or_default());
        let after = self.span(piece.get(end..).unwrap_or_default());
        format!("{before} {after}").trim_end().to_owned()
    }

    /// The literal parts of a dynamic statement, with nothing in place of what is computed.
    fn dynamic(&mut self, piece: &[Token]) {
        let mut text = String::new();
        let mut course = Course::Straight;
        for token in piece {
            if token.is(self.body, "into") || token.is(self.body, "using") {
                break;
            }
            if token.kind == TokenKind::String {
                text.push_str(&literal(token.text(self.body)));
            } else {
                course = Course::MadeUp;
            }
        }
        if self.live() {
            self.found.course = self.found.course.max(course);
        }
        let begins = tokens(&text)
            .into_iter()
            .next()
            .is_some_and(|first| BEGINNINGS.iter().any(|word| first.is(&text, word)));
        if begins && self.live() {
            self.found.statements.push(text);
        }
    }

    /// Whether a condition about the event of the trigger holds; `None` where it cannot be told.
    fn holds(&self, piece: &[Token]) -> Option<bool> {
        let event = self.known.event?;
        let piece = self.unwrapped(piece);
        let split = |word: &str| -> Vec<&[Token]> {
            let mut depth = 0_i32;
            piece
                .split(|token| {
                    match token.text(self.body) {
                        "(" => depth += 1,
                        ")" => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && token.is(self.body, word)
                })
                .collect()
        };
        let parts = split("or");
        if parts.len() > 1 {
            let each: Vec<Option<bool>> = parts.iter().map(|part| self.holds(part)).collect();
            return if each.contains(&Some(true)) {
                Some(true)
            } else if each.iter().all(|holds| *holds == Some(false)) {
                Some(false)
            } else {
                None
            };
        }
        let parts = split("and");
        if parts.len() > 1 {
            let each: Vec<Option<bool>> = parts.iter().map(|part| self.holds(part)).collect();
            return if each.contains(&Some(false)) {
                Some(false)
            } else if each.iter().all(|holds| *holds == Some(true)) {
                Some(true)
            } else {
                None
            };
        }
        if !self.is(piece, 0, "tg_op") {
            return None;
        }
        let named = piece
            .iter()
            .filter(|token| token.kind == TokenKind::String)
            .any(|token| literal(token.text(self.body)).eq_ignore_ascii_case(event));
        let operator = piece
            .get(1)
            .map(|token| token.text(self.body).to_lowercase());
        match operator.as_deref() {
            Some("=" | "in") => Some(named),
            Some("<>" | "!=" | "not") => Some(!named),
            _ => None,
        }
    }

    /// Without parentheses around the whole.
    fn unwrapped<'b>(&self, mut piece: &'b [Token]) -> &'b [Token] {
        loop {
            let text = |at: usize| piece.get(at).map_or("", |token| token.text(self.body));
            let mut depth = 0_i32;
            let closes = (0..piece.len()).find(|at| {
                match text(*at) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            if text(0) != "(" || closes != piece.len().checked_sub(1) {
                return piece;
            }
            piece = piece.get(1..piece.len() - 1).unwrap_or_default();
        }
    }
}

/// A string literal's text: dollar-quoted or in single quotes.
#[must_use]
pub fn literal(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('$')
        && let Some((tag, rest)) = rest.split_once('$')
    {
        let end = format!("${tag}$");
        return rest.strip_suffix(&end).unwrap_or(rest).to_owned();
    }
    text.trim_start_matches(['e', 'E'])
        .trim_matches('\'')
        .replace("''", "'")
}

/// Whether the body catches what it is refused: then nothing is missing for it to go on.
#[must_use]
pub fn forgives(body: &str) -> bool {
    let words: Vec<String> = tokens(body)
        .iter()
        .map(|token| token.text(body).to_lowercase())
        .collect();
    words.windows(3).any(|three| {
        let [exception, when, what] = three else {
            return false;
        };
        exception == "exception"
            && when == "when"
            && ["insufficient_privilege", "others"].contains(&what.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn calls_and_dynamic_statements_are_found() {
        assert_eq!(
            statements("begin new.x := nextval('s.seq'); return s.f(1); end"),
            ["select nextval('s.seq')", "select s.f(1)"]
        );
        assert_eq!(
            statements("begin execute 'select id from s.'||quote_ident('t') into x; end"),
            ["select id from s.t"]
        );
        assert!(forgives(
            "begin null; exception when insufficient_privilege then null; end"
        ));
        assert!(!forgives("begin raise exception 'x'; end"));
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
    fn what_is_known_not_to_run_is_left_out() {
        let body = "begin if k > 0 then insert into a values (k); return; \
                    elsif k < 0 then delete from a; else delete from b; end if; \
                    while k < 9 loop return; end loop; insert into b values (k); end";
        assert_eq!(conditions(body), ["k > 0", "k < 0"]);
        let told = |first, second| {
            let holds = [("k > 0", first), ("k < 0", second)];
            let known = Known {
                event: None,
                holds: holds
                    .into_iter()
                    .filter_map(|(text, holds)| Some((text.to_owned(), holds?)))
                    .collect(),
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
    fn names_that_get_another_value_are_known() {
        for (body, told) in [
            ("begin if k = 1 then x := k; end if; end", false),
            ("begin k := 1; end", true),
            ("begin k = 1; end", true),
            ("begin select 1 into x, k from t; end", true),
            ("begin select 1 into x from t where k = 2; end", false),
            ("begin for k in 1..2 loop null; end loop; end", true),
            ("begin insert into t (k) values (1); end", false),
        ] {
            assert_eq!(reassigns(body, "k"), told, "{body}");
        }
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

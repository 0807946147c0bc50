//! `EXECUTE` of what was prepared before it: who executes it is asked for what it does.

use super::lexer::TokenKind;
use super::split;
use super::words::Words;
use std::borrow::Cow;
use std::ops::Range;

/// A prepared query.
struct Prepared<'a> {
    name: String,
    /// The types of its parameters, as far as they are said.
    kinds: Vec<&'a str>,
    query: &'a str,
}

/// The text with prepared queries in the place of `EXECUTE`.
#[must_use]
pub fn filled_in(text: &str) -> Cow<'_, str> {
    let mut all: Vec<Prepared<'_>> = Vec::new();
    let mut found = String::new();
    let mut from = 0;
    for range in split::statements(text) {
        let Some(statement) = text.get(range.clone()) else {
            continue;
        };
        let words = Words::of_statement(statement);
        if words.is(0, "prepare") {
            all.extend(prepared(&words));
        } else if let Some((place, query)) = executed(&words, &all) {
            found.push_str(
                text.get(from..range.start + place.start)
                    .unwrap_or_default(),
            );
            found.push_str(&query);
            from = range.start + place.end;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    found.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(found)
}

/// `PREPARE name [(types)] AS query`.
fn prepared<'a>(words: &Words<'a>) -> Option<Prepared<'a>> {
    let name = words.name(1)?;
    let closes = words.closing(2).filter(|_| words.is(2, "("));
    let kinds = closes.map_or_else(Vec::new, |closes| listed(words, (3, closes)));
    let at = closes.map_or(2, |closes| closes + 1);
    words.is(at, "as").then(|| Prepared {
        name,
        kinds,
        query: words.span(at + 1, words.len()),
    })
}

/// Where a statement says EXECUTE, and what stands for it.
fn executed(words: &Words<'_>, all: &[Prepared<'_>]) -> Option<(Range<usize>, String)> {
    let at = match words.lower(0).as_str() {
        "execute" => 0,
        "explain" => words.find("execute")?,
        "create" => {
            (1..words.len()).find(|at| words.is(*at, "as") && words.is(at + 1, "execute"))? + 1
        }
        _ => return None,
    };
    let name = words.name(at + 1)?;
    let prepared = all.iter().rfind(|one| one.name == name)?;
    let query = prepared.query;
    let closes = words.closing(at + 2).filter(|_| words.is(at + 2, "("));
    let values = closes.map_or_else(Vec::new, |closes| listed(words, (at + 3, closes)));
    let end = closes.unwrap_or(at + 1);
    let place = words.get(at)?.start..words.get(end)?.end;
    let inner = Words::of(query);
    let mut filled = String::new();
    let mut from = 0;
    for token in &inner.all {
        if token.kind != TokenKind::Parameter {
            continue;
        }
        let number = token.text(query).trim_start_matches('$').parse::<usize>();
        let at = number.ok()?.checked_sub(1)?;
        filled.push_str(query.get(from..token.start)?);
        filled.push('(');
        filled.push_str(values.get(at)?);
        filled.push(')');
        if let Some(kind) = prepared.kinds.get(at).filter(|kind| **kind != "unknown") {
            filled.push_str("::");
            filled.push_str(kind);
        }
        from = token.end;
    }
    filled.push_str(query.get(from..)?);
    Some((place, filled))
}

/// The texts between the commas of a list.
fn listed<'a>(words: &Words<'a>, (from, to): (usize, usize)) -> Vec<&'a str> {
    let mut found = Vec::new();
    let (mut begin, mut at) = (from, from);
    while at < to {
        if words.is(at, "(") {
            at = words.closing(at).unwrap_or(to);
        } else if words.is(at, ",") {
            found.push(words.span(begin, at));
            begin = at + 1;
        }
        at += 1;
    }
    found.push(words.span(begin, to));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_prepared_stands_for_execute() {
        for (text, told) in [
            (
                "PREPARE p (int, text) AS SELECT a FROM t WHERE b = $2 AND c > $1; \
                 CREATE TEMP TABLE x AS EXECUTE p(f(1, 2), 'a, b') WITH NO DATA;",
                "CREATE TEMP TABLE x AS SELECT a FROM t WHERE b = ('a, b')::text AND c > (f(1, 2))::int WITH NO DATA;",
            ),
            (
                "prepare p as delete from t where a = $1; explain (analyze) execute p (3)",
                "explain (analyze) delete from t where a = (3)",
            ),
            (
                "prepare \"P\" as table t; create table if not exists x as execute \"P\"",
                "create table if not exists x as table t",
            ),
        ] {
            let filled = filled_in(text);
            assert!(filled.ends_with(told), "{filled}");
        }
        for text in [
            "create table x as execute p",
            "prepare p as select $1; create table x as execute p",
            "execute p",
            "select 'prepare', execute from p",
        ] {
            assert_eq!(filled_in(text), text);
        }
    }
}

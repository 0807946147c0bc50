//! A body cut into pieces, and the names that a piece gives a value.

use std::collections::BTreeSet;

use super::values::variable;
use crate::domain::ident;
use crate::domain::sql::lexer::Token;
use crate::domain::sql::words::Words;

/// The words between what ends a statement or the head of a block.
pub(super) fn pieces<'a>(body: &str, words: &'a [Token]) -> Vec<&'a [Token]> {
    let mut found = Vec::new();
    let (mut start, mut parentheses, mut cases) = (0, 0_i32, 0_i32);
    for (at, token) in words.iter().enumerate() {
        let is = |word: &str| token.is(body, word);
        match token.text(body) {
            "(" => parentheses += 1,
            ")" => parentheses -= 1,
            _ => {}
        }
        let behind_end = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|before| before.is(body, "end"));
        // CASE at the start of a piece is a statement, elsewhere an expression.
        if is("case") && at != start && !behind_end {
            cases += 1;
        } else if is("end") && cases > 0 {
            cases -= 1;
        }
        let inside = parentheses > 0 || cases > 0;
        let ends_block = ["then", "else", "loop", "begin", "declare"]
            .iter()
            .any(|word| is(word))
            && !(behind_end && is("loop"));
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

/// The query of `OPEN cursor FOR query` and of `cursor CURSOR (arguments) FOR query`.
pub(super) fn cursor_query<'a>(body: &str, piece: &'a [Token]) -> Option<&'a [Token]> {
    let is = |at: usize, word: &str| piece.get(at).is_some_and(|token| token.is(body, word));
    // `name NO SCROLL CURSOR` is the longest beginning.
    let declares = (1..=3).any(|at| is(at, "cursor"));
    if !is(0, "open") && !declares {
        return None;
    }
    let mut depth = 0_i32;
    let before = (1..piece.len()).find(|at| {
        match piece.get(*at).map_or("", |token| token.text(body)) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && (is(*at, "for") || (declares && is(*at, "is")))
    })?;
    piece.get(before + 1..)
}

/// The place of `:=`, `=` or DEFAULT outside parentheses.
pub(super) fn assigns(body: &str, piece: &[Token]) -> Option<usize> {
    let text = |at: usize| piece.get(at).map_or("", |token| token.text(body));
    let mut depth = 0_i32;
    (0..piece.len()).find_map(|at| {
        match text(at) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        let default = piece.get(at).is_some_and(|token| token.is(body, "default"));
        let assigns = [":=", "="].contains(&text(at)) || default;
        if depth == 0 && text(at) == ":" && text(at + 1) == "=" {
            return Some(at + 1);
        }
        (depth == 0 && assigns).then_some(at)
    })
}

/// Where the INTO of a query stands and where its targets end; not that of INSERT INTO or MERGE INTO.
pub(super) fn target(body: &str, piece: &[Token]) -> Option<(usize, usize)> {
    let text = |at: usize| piece.get(at).map_or("", |token| token.text(body));
    let is = |at: usize, word: &str| piece.get(at).is_some_and(|token| token.is(body, word));
    let mut depth = 0_i32;
    let into = (1..piece.len()).find(|at| {
        match text(*at) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && is(*at, "into") && !is(at - 1, "insert") && !is(at - 1, "merge")
    })?;
    let mut end = into + 1 + usize::from(is(into + 1, "strict"));
    // Targets are names with dots and subscripts between commas.
    loop {
        end += 1;
        while text(end) == "." {
            end += 2;
        }
        if text(end) != "," {
            return Some((into, end));
        }
        end += 1;
    }
}

/// The variables that INTO fills; `None` where one of them is a part of something.
pub(super) fn filled(body: &str, targets: &[Token]) -> Option<Vec<String>> {
    targets
        .iter()
        .filter(|token| !token.is(body, "into") && !token.is(body, "strict"))
        .filter(|token| token.text(body) != ",")
        .map(|token| variable(body, *token))
        .collect()
}

/// The names that a piece gives a value.
pub(super) fn given(body: &str, piece: &[Token]) -> BTreeSet<String> {
    let is = |at: usize, word: &str| piece.get(at).is_some_and(|token| token.is(body, word));
    let names = |words: &[Token]| -> BTreeSet<String> {
        words
            .iter()
            .filter_map(|word| variable(body, *word))
            .collect()
    };
    if is(0, "for") || is(0, "foreach") {
        let within = piece.iter().position(|token| token.is(body, "in"));
        return names(piece.get(1..within.unwrap_or(1)).unwrap_or_default());
    }
    // A procedure may change what it is given.
    if is(0, "call") || is(0, "get") {
        return names(piece);
    }
    if let Some((into, end)) = target(body, piece) {
        return names(piece.get(into + 1..end).unwrap_or_default());
    }
    let first = piece.first().and_then(|word| variable(body, *word));
    match assigns(body, piece) {
        Some(_) => first.into_iter().collect(),
        None => BTreeSet::new(),
    }
}

/// The names that get a value in a loop: what they are there depends on the round.
pub(super) fn given_in_loops(body: &str, pieces: &[&[Token]]) -> BTreeSet<String> {
    let mut depth = 0_usize;
    let mut found = BTreeSet::new();
    for piece in pieces {
        let is = |at: usize, word: &str| piece.get(at).is_some_and(|token| token.is(body, word));
        let last = piece.len().saturating_sub(1);
        if is(0, "end") && is(1, "loop") {
            depth = depth.saturating_sub(1);
        } else if is(last, "loop") && !is(0, "end") {
            depth += 1;
        }
        if depth > 0 {
            found.extend(given(body, piece));
        }
    }
    found
}

/// Whether a body may give one of its names another value.
#[must_use]
pub fn reassigns(body: &str, name: &str) -> bool {
    let words = Words::of(body).all;
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

#[cfg(test)]
mod tests {
    use super::*;

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
}

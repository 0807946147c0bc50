//! Which query each word of a statement stands in: a name in one query means a relation of that query or
//! of one around it, never one of a query inside it (PostgreSQL documentation, "Subqueries").

use std::ops::Range;

/// What a query begins with, behind a parenthesis.
const QUERIES: [&str; 8] = [
    "select", "with", "insert", "update", "delete", "merge", "values", "table",
];

/// For each word, the words of the innermost query that it stands in. Branches of a UNION are queries of
/// their own, and so is the one that INSERT takes its rows from.
pub(super) fn blocks(texts: &[&str]) -> Vec<Range<usize>> {
    let is = |at: usize, words: &[&str]| is(texts, at, words);
    let mut blocks = vec![0..texts.len(); texts.len()];
    // Those around others begin before them.
    let mut queries = in_parentheses(texts);
    queries.insert(0, 0..texts.len());
    for query in &queries {
        give(&mut blocks, query, query);
    }
    let own = |blocks: &[Range<usize>], query: &Range<usize>| -> Vec<usize> {
        let places = query.clone();
        places.filter(|at| blocks.get(*at) == Some(query)).collect()
    };
    for query in queries.clone() {
        let words = own(&blocks, &query);
        let Some(into) = words
            .iter()
            .find(|at| is(**at, &["insert"]) && is(**at + 1, &["into"]))
        else {
            continue;
        };
        let behind = || words.iter().copied().filter(|at| at > into);
        let Some(start) = behind().find(|at| is(*at, &["select", "with", "table"])) else {
            continue;
        };
        let ends =
            |at: &usize| is(*at, &["returning"]) || is(*at, &["on"]) && is(*at + 1, &["conflict"]);
        let end = behind().find(ends).unwrap_or(query.end);
        let rows = start..end;
        for at in words.iter().copied().filter(|at| rows.contains(at)) {
            give(&mut blocks, &(at..at + 1), &rows);
        }
        queries.push(rows);
    }
    for query in queries {
        let words = own(&blocks, &query);
        let cuts = words
            .iter()
            .copied()
            .filter(|at| is(*at, &["union", "intersect", "except"]));
        let mut start = query.start;
        let cuts: Vec<usize> = cuts.collect();
        if cuts.is_empty() {
            continue;
        }
        for end in cuts.into_iter().chain([query.end]) {
            let branch = start..end;
            for at in words.iter().copied().filter(|at| branch.contains(at)) {
                give(&mut blocks, &(at..at + 1), &branch);
            }
            start = end + 1;
        }
    }
    blocks
}

/// Queries that see nothing of the one around them: those of WITH, and those that FROM and USING name
/// without LATERAL.
pub(super) fn apart(texts: &[&str]) -> Vec<Range<usize>> {
    let is = |at: usize, words: &[&str]| is(texts, at, words);
    let mut found = in_parentheses(texts);
    found.retain(|query| {
        query.start >= 2
            && is(
                query.start - 2,
                &["as", "materialized", "from", "join", "using"],
            )
    });
    found
}

/// Whether a word reads as one of these, in any case.
fn is(texts: &[&str], at: usize, words: &[&str]) -> bool {
    let text = texts.get(at).copied().unwrap_or_default();
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Says of these words that they stand in a query.
fn give(blocks: &mut [Range<usize>], words: &Range<usize>, query: &Range<usize>) {
    if let Some(words) = blocks.get_mut(words.clone()) {
        words.fill(query.clone());
    }
}

/// What stands in parentheses that hold a query, in the order in which they open.
fn in_parentheses(texts: &[&str]) -> Vec<Range<usize>> {
    let mut open = Vec::new();
    let mut found = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        match *text {
            "(" => open.push(at + 1),
            ")" => found.extend(open.pop().map(|start| start..at)),
            _ => {}
        }
    }
    // Text that breaks off leaves some open.
    found.extend(open.into_iter().map(|start| start..texts.len()));
    found.retain(|query| is(texts, query.start, &QUERIES));
    found.sort_by_key(|query| query.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of each query, in the order of their first words.
    fn told(sql: &str) -> Vec<String> {
        let texts: Vec<&str> = sql.split(' ').collect();
        let blocks = blocks(&texts);
        let mut queries: Vec<(Range<usize>, Vec<&str>)> = Vec::new();
        for (text, block) in texts.iter().zip(blocks) {
            match queries.iter_mut().find(|(known, _)| *known == block) {
                Some((_, words)) => words.push(text),
                None => queries.push((block, vec![text])),
            }
        }
        queries
            .into_iter()
            .map(|(_, words)| words.join(" "))
            .collect()
    }

    #[test]
    fn queries_within_queries() {
        assert_eq!(
            told("select a from t where b in ( select c from u ) and d"),
            ["select a from t where b in ( ) and d", "select c from u"]
        );
        assert_eq!(
            told("select f ( a ) from t union all select b from u"),
            ["select f ( a ) from t", "union", "all select b from u"]
        );
    }

    #[test]
    fn rows_of_an_insert() {
        assert_eq!(
            told("insert into t ( a ) select b from u on conflict do nothing returning c"),
            [
                "insert into t ( a ) on conflict do nothing returning c",
                "select b from u"
            ]
        );
        assert_eq!(
            told("with x as ( delete from t returning a ) insert into u table x"),
            [
                "with x as ( ) insert into u",
                "delete from t returning a",
                "table x"
            ]
        );
    }
}

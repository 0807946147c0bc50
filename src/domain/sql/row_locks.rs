//! Clauses that lock the rows of a query: `FOR UPDATE OF t SKIP LOCKED`.

use super::words::Words;

/// The words behind FOR that lock rows (PostgreSQL documentation, "SELECT", "The Locking Clause").
const STRENGTHS: [&[&str]; 4] = [
    &["no", "key", "update"],
    &["key", "share"],
    &["update"],
    &["share"],
];

/// A statement that finds the same rows without locking them.
#[must_use]
pub fn without_row_locks(sql: &str) -> String {
    let words = Words::of(sql);
    let follow = |at: usize, all: &[&str]| {
        all.iter()
            .enumerate()
            .all(|(place, word)| words.is(at + place, word))
    };
    let mut kept = String::new();
    let (mut from, mut at) = (0, 0);
    while at < words.len() {
        let strength = STRENGTHS
            .into_iter()
            .find(|all| words.is(at, "for") && follow(at + 1, all));
        let (Some(strength), Some(first)) = (strength, words.get(at)) else {
            at += 1;
            continue;
        };
        let mut end = at + 1 + strength.len();
        if words.is(end, "of") {
            while let Some((_, behind)) = words.dotted(end + 1) {
                end = behind;
                if !words.is(end, ",") {
                    break;
                }
            }
        }
        if words.is(end, "nowait") {
            end += 1;
        } else if follow(end, &["skip", "locked"]) {
            end += 2;
        }
        kept.push_str(sql.get(from..first.start).unwrap_or_default());
        from = words.get(end - 1).map_or(sql.len(), |last| last.end);
        at = end;
    }
    kept.push_str(sql.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_out_and_nothing_else() {
        for (sql, wanted) in [
            (
                "select id from j order by id limit 1 for update skip locked",
                "select id from j order by id limit 1 ",
            ),
            (
                "update j set a = 1 where id in (select id from j x, k for no key update of x, k nowait) returning id",
                "update j set a = 1 where id in (select id from j x, k ) returning id",
            ),
            (
                "select 1 from t for key share of t for share",
                "select 1 from t  ",
            ),
            (
                "select substring(a for 3) from t",
                "select substring(a for 3) from t",
            ),
        ] {
            assert_eq!(without_row_locks(sql), wanted, "{sql}");
        }
    }
}

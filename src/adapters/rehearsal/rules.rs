//! What rules make of a write besides: their actions, whose triggers fire like those of any other write, as
//! whoever asks (PostgreSQL documentation, "Rules and Privileges": as the owner of the rule only
//! relations are looked at).

use super::need::cell;
use super::stage::Stage;
use super::touched::{self, Before};
use super::underneath::action;
use super::written::{self, Timing};
use crate::domain::diagnosis::body::{Course, Rows};
use crate::domain::diagnosis::wants::Wants;
use crate::domain::failure::Failure;
use crate::domain::sql::lexer::tokens;
use crate::domain::sql::split;
use crate::domain::sql::words::Words;

/// The statements that a statement's writes become or bring along by rules, each with whether it surely
/// runs; none where there are no rows, and whether that is only so for now.
pub(super) async fn actions(
    stage: &Stage<'_>,
    (statement, wants): (&str, &Wants),
    before: Before,
) -> Result<(Vec<(String, Course)>, Course), Failure> {
    let mut found = Vec::new();
    let mut judged = Course::Straight;
    for wanted in &wants.relations {
        let event = written::rule_event(wanted.privilege);
        let Some((event, written)) = event.zip(written::fired_by(wanted)) else {
            continue;
        };
        let sql = format!(
            "{} SELECT pg_catalog.pg_get_ruledef(w.oid), w.ev_qual::text <> '<>' FROM target c \
             JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid \
             WHERE NOT c.inherits AND w.ev_type = '{event}' AND w.ev_enabled IN ('O', 'A') ORDER BY w.rulename LIMIT 20",
            written.target
        );
        let rules = stage.session.query(&sql).await?.rows;
        if rules.is_empty() {
            continue;
        }
        let rows = (wanted, Timing::Before);
        let rows = touched::touched(stage, statement, rows, before).await?;
        let none = match &rows {
            Some(rows) => rows.is_empty(stage).await?.then_some(rows.source),
            None => None,
        };
        for row in rules {
            let course = if cell(&row, 1) == "t" {
                Course::Open
            } else {
                Course::Straight
            };
            let rule = cell(&row, 0);
            for one in each(action(&rule)) {
                match (none.filter(|_| names_rows(&one)), &rows) {
                    (Some(Rows::There), _) => judged = Course::ByRows,
                    (Some(Rows::Given), _) => {}
                    (None, Some(rows)) if names_rows(&one) => {
                        let joined = joined(&one, &rows.item());
                        found.push((joined.unwrap_or(one), course));
                    }
                    (None, _) => found.push((one, course)),
                }
            }
        }
    }
    Ok((found, judged))
}

/// An action with the rows that OLD and NEW stand for in its FROM; `None` where its words do not tell how.
fn joined(action: &str, item: &str) -> Option<String> {
    let words = Words::of_statement(action);
    let mut depth = 0_i32;
    let outside: Vec<usize> = (0..words.len())
        .filter(|at| {
            match words.text(*at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .collect();
    let first = |names: &[&str]| outside.iter().copied().find(|at| words.is_any(*at, names));
    let end = words.len();
    let behind = first(&["where", "returning"]).unwrap_or(end);
    let (head, rest) = (words.span(0, behind), words.span(behind, end));
    match words.lower(0).as_str() {
        "insert" => {
            let values = first(&["values"])?;
            let close = words.closing(values + 1)?;
            let row = words.span(values + 2, close);
            let last = close + 1 == end || words.is_any(close + 1, &["returning"]);
            last.then(|| format!("{} SELECT {row} FROM {item}", words.span(0, values)))
        }
        "update" if first(&["from"]).is_none() => Some(format!("{head} FROM {item} {rest}")),
        "delete" if first(&["using"]).is_none() => Some(format!("{head} USING {item} {rest}")),
        _ => None,
    }
}

/// Whether an action is done for each row: one that names neither is done once (PostgreSQL source,
/// `rewriteHandler.c`, `adjustJoinTreeList`).
fn names_rows(action: &str) -> bool {
    tokens(action)
        .iter()
        .any(|token| token.is(action, "old") || token.is(action, "new"))
}

/// The statements of a rule: one, or some in parentheses.
fn each(action: &str) -> Vec<String> {
    let action = action.trim().trim_end_matches(';').trim();
    let inner = action
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(action);
    split::statements(inner)
        .into_iter()
        .filter_map(|range| inner.get(range))
        .map(|one| one.trim().trim_end_matches(';').to_owned())
        .filter(|one| !one.is_empty() && !one.eq_ignore_ascii_case("nothing"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_a_rule_are_told_apart() {
        assert_eq!(
            each("( INSERT INTO l (a)\n  VALUES (new.a);\n DELETE FROM m;\n);"),
            ["INSERT INTO l (a)\n  VALUES (new.a)", "DELETE FROM m"]
        );
        assert_eq!(
            each(" INSERT INTO l VALUES (1);"),
            ["INSERT INTO l VALUES (1)"]
        );
        assert!(each("NOTHING;").is_empty());
    }

    #[test]
    fn an_action_is_joined_with_the_rows_it_is_done_for() {
        for (action, wanted) in [
            (
                "INSERT INTO l (a) VALUES (new.a, f(1))",
                Some("INSERT INTO l (a) SELECT new.a, f(1) FROM rows"),
            ),
            (
                "UPDATE l SET a = new.a WHERE l.b = (SELECT 1 FROM x)",
                Some("UPDATE l SET a = new.a FROM rows WHERE l.b = (SELECT 1 FROM x)"),
            ),
            (
                "DELETE FROM l WHERE a = old.a",
                Some("DELETE FROM l USING rows WHERE a = old.a"),
            ),
            ("INSERT INTO l VALUES (new.a), (old.a)", None),
            ("INSERT INTO l SELECT new.a FROM x", None),
            ("DELETE FROM l USING x WHERE a = old.a", None),
        ] {
            assert_eq!(joined(action, "rows").as_deref(), wanted, "{action}");
        }
    }
}

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
use crate::domain::diagnosis::writing::joined;
use crate::domain::failure::Failure;
use crate::domain::sql::lexer::tokens;
use crate::domain::sql::split;

/// One statement of a rule.
pub(super) struct Action {
    pub(super) text: String,
    /// The same with the rows that it is done for, where they are known.
    pub(super) joined: Option<String>,
    /// Whether it surely runs.
    pub(super) course: Course,
}

/// The statements that a statement's writes become or bring along by rules, each with whether it surely
/// runs; none where there are no rows, and whether that is only so for now.
pub(super) async fn actions(
    stage: &Stage<'_>,
    (statement, wants): (&str, &Wants),
    before: Before,
) -> Result<(Vec<Action>, Course), Failure> {
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
                        found.push(Action {
                            text: one,
                            joined,
                            course,
                        });
                    }
                    (None, _) => found.push(Action {
                        text: one,
                        joined: None,
                        course,
                    }),
                }
            }
        }
    }
    Ok((found, judged))
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
}

//! Statements that take away more than a slip of the fingers should, and what they take it from.

use super::lexer::TokenKind;
use super::split::statements;
use super::words::{Words, literal};
use crate::domain::ident;

/// Why a statement is worth a question before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// `UPDATE` whose `WHERE` is missing or always true.
    UpdatesEveryRow,
    /// `DELETE` whose `WHERE` is missing or always true.
    DeletesEveryRow,
    /// `MERGE` that changes rows no condition picks.
    MergesEveryRow,
    /// `DROP` of what the second word says.
    Drop,
    /// `ALTER TABLE … DROP COLUMN`.
    DropColumn,
    /// `TRUNCATE`.
    Truncate,
    /// `EXPLAIN ANALYZE` of a statement that writes: it is run.
    ExplainRuns,
}

/// Whether a `DROP` takes what depends on its object along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only what is named.
    Named,
    /// What depends on it too.
    Cascade,
}

/// One dangerous thing a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// What.
    pub danger: Danger,
    /// The kind of object in the statement's own word, for `DROP`: `table`, `schema`.
    pub kind: String,
    /// The names it is done to, as parts: `["sales", "orders"]`.
    pub targets: Vec<Vec<String>>,
    /// How far it reaches.
    pub reach: Reach,
}

/// The dangerous things some text does, also inside `WITH` and in the body of a `DO`.
#[must_use]
pub fn hazards(sql: &str) -> Vec<Hazard> {
    statements(sql)
        .into_iter()
        .filter_map(|range| sql.get(range))
        .flat_map(of_statement)
        .collect()
}

fn of_statement(sql: &str) -> Vec<Hazard> {
    let statement = Reader::of(sql);
    let words = &statement.words;
    match words.lower(0).as_str() {
        "do" => words
            .all
            .iter()
            .filter(|token| token.kind == TokenKind::String)
            .flat_map(|token| in_body(token.text(sql)))
            .collect(),
        "explain" => statement.explained(),
        "update" | "delete" | "with" => (0..words.len())
            .filter(|at| *at == 0 || matches!(words.text(at - 1), "(" | ")"))
            .filter_map(|at| statement.unbounded(at))
            .collect(),
        "merge" => statement.merge().into_iter().collect(),
        "drop" | "truncate" | "alter" => statement.taken_away(0).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The body of a `DO`: what looks like the beginning of a statement is judged as one. Text that is
/// put together at run time cannot be.
fn in_body(quoted: &str) -> Vec<Hazard> {
    let body = literal(quoted);
    let statement = Reader::of(&body);
    let words = &statement.words;
    (0..words.len())
        .filter(|at| {
            *at == 0
                || matches!(
                    words.lower(at - 1).as_str(),
                    ";" | "begin" | "then" | "else" | "loop" | "(" | ">>"
                )
        })
        .filter_map(|at| statement.unbounded(at).or_else(|| statement.taken_away(at)))
        .collect()
}

/// A statement, or the body of one.
struct Reader<'a> {
    words: Words<'a>,
}

impl<'a> Reader<'a> {
    fn of(sql: &'a str) -> Self {
        Self {
            words: Words::unwrapped(sql),
        }
    }

    /// The first place from `at` on that is one of the words.
    fn behind(&self, at: usize, words: &[&str]) -> usize {
        at + usize::from(self.words.is_any(at, words))
    }

    /// The dotted name that begins at a place, and the place behind it.
    fn name(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let first = self.words.get(at)?;
        let mut end = at + 1;
        while self.words.text(end) == "." {
            end += 2;
        }
        let last = self.words.get(end - 1)?;
        let parts = ident::parts(self.words.sql.get(first.start..last.end)?)?;
        Some((parts, end))
    }

    /// Names with commas between, from a place on.
    fn names(&self, from: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut at = from;
        while let Some((name, end)) = self.name(self.behind(at, &["only"])) {
            found.push(name);
            let end = end + usize::from(self.words.text(end) == "*");
            if self.words.text(end) != "," {
                break;
            }
            at = end + 1;
        }
        found
    }

    /// `UPDATE` or `DELETE` at a place without a `WHERE` of its own that bounds it: one in a
    /// subquery does not count.
    fn unbounded(&self, at: usize) -> Option<Hazard> {
        let (danger, name) = if self.words.is(at, "update") {
            (Danger::UpdatesEveryRow, at + 1)
        } else if self.words.is(at, "delete") && self.words.is(at + 1, "from") {
            (Danger::DeletesEveryRow, at + 2)
        } else {
            return None;
        };
        // `UPDATE` is also an event and an action: those are not followed by a name and SET.
        if danger == Danger::UpdatesEveryRow
            && !(at..self.end(at)).any(|at| self.words.is(at, "set"))
        {
            return None;
        }
        if self.bounds(at) {
            return None;
        }
        Some(Hazard {
            danger,
            kind: String::new(),
            targets: self.names(name).into_iter().take(1).collect(),
            reach: Reach::Named,
        })
    }

    /// Where the statement that begins at a place ends: at a closing parenthesis that is not its
    /// own, a semicolon, or the end of the text.
    fn end(&self, from: usize) -> usize {
        let mut inside = 0_usize;
        for at in from..self.words.len() {
            match self.words.text(at) {
                "(" => inside += 1,
                ")" | ";" if inside == 0 => return at,
                ")" => inside -= 1,
                _ => {}
            }
        }
        self.words.len()
    }

    /// Whether the statement at a place has a `WHERE` of its own that says something.
    fn bounds(&self, from: usize) -> bool {
        let end = self.end(from);
        let mut inside = 0_usize;
        for at in from..end {
            match self.words.text(at) {
                "(" => inside += 1,
                ")" => inside = inside.saturating_sub(1),
                _ if inside == 0 && self.words.is(at, "where") => {
                    return !self.always(at + 1, end);
                }
                _ => {}
            }
        }
        false
    }

    /// Whether a condition is `true` or a number that equals itself.
    fn always(&self, from: usize, end: usize) -> bool {
        let end = (from..end)
            .find(|at| self.words.is(*at, "returning") || self.words.is(*at, "when"))
            .unwrap_or(end);
        let words: Vec<&str> = (from..end)
            .map(|at| self.words.text(at))
            .filter(|word| !matches!(*word, "(" | ")"))
            .collect();
        match words.as_slice() {
            [word] => word.eq_ignore_ascii_case("true"),
            [left, "=", right] => left == right && left.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        }
    }

    /// `MERGE` whose `ON` is always true, or that changes what the source does not know without a
    /// condition (`WHEN NOT MATCHED BY SOURCE`, from version 17 on).
    fn merge(&self) -> Option<Hazard> {
        let changes = |at: usize| {
            self.words.is(at, "then")
                && (self.words.is(at + 1, "update") || self.words.is(at + 1, "delete"))
        };
        let by_source = (0..self.words.len()).any(|at| {
            self.words.is(at, "by") && self.words.is(at + 1, "source") && changes(at + 2)
        });
        let end = self.words.len();
        let on = (0..end).find(|at| self.words.is(*at, "on"));
        let always = on.is_some_and(|on| self.always(on + 1, end)) && (0..end).any(changes);
        if !by_source && !always {
            return None;
        }
        let name = self.behind(1, &["into"]);
        Some(Hazard {
            danger: Danger::MergesEveryRow,
            kind: String::new(),
            targets: self.names(name).into_iter().take(1).collect(),
            reach: Reach::Named,
        })
    }

    /// `DROP`, `TRUNCATE` and `ALTER TABLE … DROP COLUMN` at a place.
    fn taken_away(&self, at: usize) -> Option<Hazard> {
        let end = self.end(at);
        let reach = if (at..end).any(|at| self.words.is(at, "cascade")) {
            Reach::Cascade
        } else {
            Reach::Named
        };
        if self.words.is(at, "truncate") {
            let name = self.behind(at + 1, &["table"]);
            return Some(Hazard {
                danger: Danger::Truncate,
                kind: "table".to_owned(),
                targets: self.names(name),
                reach,
            });
        }
        if self.words.is(at, "drop") {
            let kind = at
                + 1
                + usize::from(self.words.is(at + 1, "materialized"))
                + usize::from(self.words.is(at + 1, "foreign"));
            let name = kind + 1;
            let name = self.behind(name, &["concurrently"]);
            let name = name
                + 2 * usize::from(self.words.is(name, "if") && self.words.is(name + 1, "exists"));
            let kind = (at + 1..=kind)
                .map(|at| self.words.lower(at))
                .collect::<Vec<_>>();
            return Some(Hazard {
                danger: Danger::Drop,
                kind: kind.join(" "),
                targets: self.names(name),
                reach,
            });
        }
        let table = self.words.is(at, "alter") && self.words.is(at + 1, "table");
        let column = (at..end).any(|at| self.words.is(at, "drop") && self.drops_column(at + 1));
        if !table || !column {
            return None;
        }
        let name = at + 2;
        let name =
            name + 2 * usize::from(self.words.is(name, "if") && self.words.is(name + 1, "exists"));
        Some(Hazard {
            danger: Danger::DropColumn,
            kind: "column".to_owned(),
            targets: self.names(name).into_iter().take(1).collect(),
            reach,
        })
    }

    /// Whether what follows `DROP` in `ALTER TABLE` is a column.
    fn drops_column(&self, at: usize) -> bool {
        !["constraint", "default", "not", "identity", "expression"]
            .iter()
            .any(|word| self.words.is(at, word))
    }

    /// `EXPLAIN ANALYZE` of a statement that writes.
    fn explained(&self) -> Vec<Hazard> {
        let writes = super::classify::classify(self.words.sql).kind == super::classify::Kind::Write;
        let hazard = Hazard {
            danger: Danger::ExplainRuns,
            kind: String::new(),
            targets: Vec::new(),
            reach: Reach::Named,
        };
        writes.then_some(hazard).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dangers(sql: &str) -> Vec<Danger> {
        hazards(sql).iter().map(|hazard| hazard.danger).collect()
    }

    fn names(sql: &str) -> Vec<String> {
        let all = hazards(sql).into_iter().flat_map(|hazard| hazard.targets);
        all.map(|parts| parts.join(".")).collect()
    }

    #[test]
    fn what_takes_every_row_is_known_with_its_table() {
        for (sql, danger, table) in [
            ("update t set a = 1", Danger::UpdatesEveryRow, "t"),
            (
                "UPDATE ONLY Sales.\"T\" SET a = 1 WHERE true",
                Danger::UpdatesEveryRow,
                "sales.T",
            ),
            (
                "delete from s.t as x where (1 = 1) returning a",
                Danger::DeletesEveryRow,
                "s.t",
            ),
            (
                "update t set a = (select b from u where u.id = 1)",
                Danger::UpdatesEveryRow,
                "t",
            ),
            (
                "with old as (select id from u where b) delete from t",
                Danger::DeletesEveryRow,
                "t",
            ),
            (
                "with gone as (delete from t returning *) select * from gone where a",
                Danger::DeletesEveryRow,
                "t",
            ),
            (
                "merge into t using u on true when matched then delete",
                Danger::MergesEveryRow,
                "t",
            ),
            (
                "merge into t using u on t.a = u.a when not matched by source then delete",
                Danger::MergesEveryRow,
                "t",
            ),
            ("truncate table only s.a", Danger::Truncate, "s.a"),
            ("drop table if exists s.a", Danger::Drop, "s.a"),
            ("drop materialized view m", Danger::Drop, "m"),
            ("alter table t drop column a", Danger::DropColumn, "t"),
            (
                "alter table if exists t add b int, drop a cascade",
                Danger::DropColumn,
                "t",
            ),
            (
                "do $$ begin delete from t; end $$",
                Danger::DeletesEveryRow,
                "t",
            ),
            (
                "do $x$begin if a then drop table t; end if; end$x$",
                Danger::Drop,
                "t",
            ),
        ] {
            assert_eq!(dangers(sql), [danger], "{sql}");
            assert_eq!(names(sql), [table], "{sql}");
        }
    }

    #[test]
    fn what_is_bounded_or_only_looks_so_passes() {
        for sql in [
            "update t set a = 1 where b",
            "with old as (select 1) delete from t where id in (select id from u)",
            "with gone as (delete from t where a returning *) select * from gone",
            "with held as (select * from t) select * from held for update",
            "with held as (select 1) select * from t for no key update",
            "insert into t values (1) on conflict (a) do update set a = 2",
            "merge into t using u on t.a = u.a when matched then delete",
            "merge into t using u on true when not matched then insert values (1)",
            "alter table t drop constraint c, alter a drop not null",
            "create trigger x before update on t execute function f()",
            "do $$ begin delete from t where a = 1; perform 1; end $$",
            "explain delete from t",
        ] {
            assert_eq!(hazards(sql), [], "{sql}");
        }
    }

    #[test]
    fn several_statements_and_names_are_all_told() {
        assert_eq!(
            names("truncate a, s.b cascade; drop table c, d"),
            ["a", "s.b", "c", "d"]
        );
        let hazard = hazards("drop schema s cascade").remove(0);
        assert_eq!(
            (hazard.kind.as_str(), hazard.reach),
            ("schema", Reach::Cascade)
        );
        assert_eq!(
            dangers("explain (analyze) delete from t"),
            [Danger::ExplainRuns]
        );
    }
}

//! The rows that an INSERT, UPDATE or MERGE would write, as pieces of its text: enough to ask a policy
//! about them without writing anything.

mod deletion;
mod joined;
mod merge;
mod parts;

pub use deletion::{Deletion, deletion};
pub use joined::joined;
pub use merge::{Deed, Matched, Merge, When};
pub use parts::{Part, parts};

use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::Words;

/// What would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writing {
    /// `INSERT … VALUES` or `INSERT … SELECT`.
    Insert {
        /// The name's parts.
        relation: Vec<String>,
        /// The columns given; empty for all in order.
        columns: Vec<String>,
        /// The query of the rows, `DEFAULT` replaced by NULL: `values (1, 'x'), (2, NULL)`.
        rows: String,
        /// Whether rows are read back or may be there already: then the policies for reading count.
        reads: Reads,
        /// `ON CONFLICT …`.
        conflict: Option<Conflict>,
    },
    /// `UPDATE … SET` of one relation.
    Update {
        /// The name's parts.
        relation: Vec<String>,
        /// What the relation is called in the expressions.
        called: String,
        /// Columns and the expressions assigned to them.
        sets: Vec<Assignment>,
        /// What stands behind it in the FROM of a query of its rows: `, other WHERE …`.
        rest: String,
        /// Whether rows are read: without, the policies for reading do not count.
        reads: Reads,
    },
    /// `MERGE INTO … USING …`.
    Merge(Merge),
}

impl Writing {
    /// The parts of the name of what is written to.
    #[must_use]
    pub fn relation(&self) -> &[String] {
        match self {
            Self::Insert { relation, .. } | Self::Update { relation, .. } => relation,
            Self::Merge(merge) => &merge.relation,
        }
    }
}

/// What is done to a row that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What tells that it is there.
    pub arbiter: Arbiter,
    /// What the relation is called in the expressions.
    pub called: String,
    /// Columns and the expressions assigned to them; none where nothing is done.
    pub sets: Vec<Assignment>,
    /// The condition behind WHERE; empty without.
    pub condition: String,
}

/// What two rows must not have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arbiter {
    /// These columns.
    Columns(Vec<String>),
    /// What a constraint of that name says.
    Constraint(String),
    /// What any of its unique indexes says.
    Any,
}

/// `column = expression`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The column.
    pub column: String,
    /// The expression.
    pub expression: String,
}

/// Whether the policies for SELECT count for new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// They do.
    Back,
    /// They do not.
    Nothing,
}

/// What a statement may call: the words before parentheses, small letters where they are not quoted.
#[must_use]
pub fn called(sql: &str) -> Vec<String> {
    let words = Words::of(sql);
    (0..words.len())
        .filter(|at| words.is(at + 1, "("))
        .filter_map(|at| ident::parts(words.text(at))?.pop())
        .collect()
}

/// Reads a statement; `None` where its rows cannot be told from its text.
#[must_use]
pub fn writing(sql: &str) -> Option<Writing> {
    let words = Words::of_statement(sql);
    if words
        .all
        .iter()
        .any(|token| token.kind == TokenKind::Parameter)
    {
        return None;
    }
    let reader = Reader { words };
    if reader.words.is(0, "insert") && reader.words.is(1, "into") {
        reader.insert()
    } else if reader.words.is(0, "update") {
        reader.update()
    } else if reader.words.is(0, "merge") && reader.words.is(1, "into") {
        reader.merge().map(Writing::Merge)
    } else {
        None
    }
}

struct Reader<'a> {
    words: Words<'a>,
}

impl Reader<'_> {
    fn name(&self, at: usize) -> Option<(Vec<String>, usize)> {
        self.words
            .dotted(at + usize::from(self.words.is(at, "only")))
    }

    /// The first of some words outside parentheses, or the end.
    fn outside(&self, from: usize, wanted: &[&str]) -> usize {
        let mut depth = 0_i32;
        (from..self.words.len())
            .find(|at| {
                match self.words.text(*at) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0 && wanted.iter().any(|word| self.words.is(*at, word))
            })
            .unwrap_or(self.words.len())
    }

    /// The columns in the parentheses that open at a place, and the place behind; none where none open.
    fn listed(&self, at: usize) -> (Vec<String>, usize) {
        if !self.words.is(at, "(") {
            return (Vec::new(), at);
        }
        let end = self.outside(at, &[")"]);
        let columns = (at + 1..end)
            .filter_map(|at| ident::parts(self.words.text(at)))
            .flatten()
            .collect();
        (columns, end + 1)
    }

    /// Words with NULL in place of DEFAULT, which only INSERT and UPDATE understand.
    fn without_defaults(&self, from: usize, to: usize) -> String {
        let words: Vec<&str> = (from..to)
            .map(|at| {
                if self.words.is(at, "default") {
                    "NULL"
                } else {
                    self.words.text(at)
                }
            })
            .collect();
        words.join(" ")
    }

    fn insert(&self) -> Option<Writing> {
        let (relation, mut at) = self.name(2)?;
        let mut called = ident::quoted(relation.last()?).into_owned();
        if self.words.is(at, "as") {
            self.words.text(at + 1).clone_into(&mut called);
            at += 2;
        }
        let (columns, behind) = self.listed(at);
        at = behind;
        if self.words.is(at, "overriding") {
            at += 3;
        }
        if !self
            .words
            .is_any(at, &["values", "select", "with", "table", "("])
        {
            return None;
        }
        // A join has an ON of its own; ON CONFLICT stands behind all of it.
        let conflict = (at..self.words.len())
            .find(|at| self.words.is(*at, "on") && self.words.is(at + 1, "conflict"))
            .unwrap_or(self.words.len());
        let end = self.outside(at + 1, &["returning"]).min(conflict);
        // Without a target DO NOTHING looks at no column of what is there.
        let finds = conflict < self.words.len() && !self.words.is(conflict + 2, "do");
        let returned = self.outside(end, &["returning"]);
        let reads = if finds || self.reads_columns(returned + 1, self.words.len()) {
            Reads::Back
        } else {
            Reads::Nothing
        };
        Some(Writing::Insert {
            relation,
            columns,
            rows: self.without_defaults(at, end),
            reads,
            conflict: self.conflict(conflict, called),
        })
    }

    /// `ON CONFLICT (columns) DO NOTHING` or `DO UPDATE SET … WHERE …`, where its words can be told.
    fn conflict(&self, on: usize, called: String) -> Option<Conflict> {
        let (arbiter, behind) = if self.words.is(on + 2, "do") {
            (Arbiter::Any, on + 2)
        } else if self.words.is(on + 2, "(") {
            let end = self.outside(on + 2, &[")"]);
            let columns: Option<Vec<String>> = (on + 3..end)
                .step_by(2)
                .map(|at| ident::parts(self.words.text(at))?.pop())
                .collect();
            (Arbiter::Columns(columns?), end + 1)
        } else {
            let name = ident::parts(self.words.text(on + 4))?.pop()?;
            (Arbiter::Constraint(name), on + 5)
        };
        if self.words.is(behind, "do") && self.words.is(behind + 1, "nothing") {
            return Some(Conflict {
                arbiter,
                called,
                sets: Vec::new(),
                condition: String::new(),
            });
        }
        let set = self.outside(behind, &["set"]);
        if !self.words.is(set.checked_sub(1)?, "update") {
            return None;
        }
        let end = self.outside(set + 1, &["where", "returning"]);
        let last = self.outside(end, &["returning"]);
        Some(Conflict {
            arbiter,
            called,
            sets: self.sets(set + 1, end)?,
            condition: self.words.span(end + 1, last).to_owned(),
        })
    }

    /// `column = expression, …`.
    fn sets(&self, mut at: usize, end: usize) -> Option<Vec<Assignment>> {
        let mut sets = Vec::new();
        while at < end {
            let stop = self.outside(at, &[","]).min(end);
            if self.words.is(at, "(") {
                sets.extend(self.set_together(at, stop)?);
                at = stop + 1;
                continue;
            }
            if !self.words.is(at + 1, "=") {
                return None;
            }
            sets.push(Assignment {
                column: ident::parts(self.words.text(at))?.pop()?,
                expression: self.words.span(at + 2, stop).to_owned(),
            });
            at = stop + 1;
        }
        Some(sets)
    }

    /// `(column, …) = (expression, …)`, with ROW before it or a query in it.
    fn set_together(&self, at: usize, end: usize) -> Option<Vec<Assignment>> {
        let (columns, behind) = self.listed(at);
        let open = behind + 1 + usize::from(self.words.is(behind + 1, "row"));
        if !self.words.is(behind, "=") || !self.words.is(open, "(") {
            return None;
        }
        let close = self.outside(open, &[")"]);
        let assigned = |expression: &dyn Fn(usize) -> String| {
            let columns = columns.iter().enumerate();
            let set = |(at, column): (usize, &String)| Assignment {
                column: column.clone(),
                expression: expression(at),
            };
            columns.map(set).collect()
        };
        if close + 1 != end {
            return None;
        }
        if self.words.is_any(open + 1, &["select", "with", "values"]) {
            let query = self.words.span(open, end);
            let names: Vec<String> = (1..=columns.len()).map(|at| format!("c{at}")).collect();
            let of = |at| {
                let names = names.join(", ");
                format!("(SELECT q.c{} FROM {query} AS q({names}))", at + 1)
            };
            return Some(assigned(&of));
        }
        let mut each = Vec::new();
        let mut from = open + 1;
        while from < close {
            let comma = self.outside(from, &[","]).min(close);
            each.push(self.words.span(from, comma).to_owned());
            from = comma + 1;
        }
        let of = |at| each.get(at).cloned().unwrap_or_default();
        (each.len() == columns.len()).then(|| assigned(&of))
    }

    /// What a relation is called: the alias between its name and a word, else its own name.
    fn alias(&self, at: usize, before: usize, relation: &[String]) -> Option<String> {
        let at = at + usize::from(self.words.is(at, "*"));
        let at = at + usize::from(self.words.is(at, "as"));
        if at < before {
            return Some(self.words.text(at).to_owned());
        }
        Some(ident::quoted(relation.last()?).into_owned())
    }

    fn update(&self) -> Option<Writing> {
        let (relation, at) = self.name(1)?;
        let set = self.outside(1, &["set"]);
        let called = self.alias(at, set, &relation)?;
        let end = self.outside(set + 1, &["where", "from", "returning"]);
        let sets = self.sets(set + 1, end)?;
        let last = self.outside(end, &["returning"]);
        let rest = self.words.span(end, last);
        let rest = if self.words.is(end, "from") {
            format!(", {}", self.words.span(end + 1, last))
        } else {
            rest.to_owned()
        };
        Some(Writing::Update {
            relation,
            called,
            reads: if self.names_columns(set + 1, end) || end < self.words.len() {
                Reads::Back
            } else {
                Reads::Nothing
            },
            sets,
            rest,
        })
    }

    /// Whether what is returned has columns.
    fn reads_columns(&self, from: usize, end: usize) -> bool {
        self.names_columns(from, end) || (from..end).any(|at| self.words.is(at, "*"))
    }

    /// Whether what is assigned may be made of columns.
    fn names_columns(&self, from: usize, end: usize) -> bool {
        (from..end).any(|at| {
            let names = self.words.get(at).is_some_and(|token| {
                matches!(
                    token.kind,
                    TokenKind::Identifier | TokenKind::QuotedIdentifier
                )
            });
            names && !self.words.is(at + 1, "=") && !self.words.is(at + 1, "(")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_insert_are_told() {
        assert_eq!(
            writing(
                "insert into s.t (id, owner) values (1, default), (2, current_user) returning id;"
            ),
            Some(Writing::Insert {
                relation: vec!["s".into(), "t".into()],
                columns: vec!["id".into(), "owner".into()],
                rows: "values ( 1 , NULL ) , ( 2 , current_user )".into(),
                reads: Reads::Back,
                conflict: None,
            })
        );
        let Some(Writing::Insert { conflict, .. }) = writing(
            "insert into t as x values (1, 'a') on conflict (id) do update set v = excluded.v, n = x.n + 1 \
             where x.n < 9 returning id",
        ) else {
            panic!("it is an insert");
        };
        let set = |column: &str, expression: &str| Assignment {
            column: column.into(),
            expression: expression.into(),
        };
        assert_eq!(
            conflict,
            Some(Conflict {
                arbiter: Arbiter::Columns(vec!["id".into()]),
                called: "x".into(),
                sets: vec![set("v", "excluded.v"), set("n", "x.n + 1")],
                condition: "x.n < 9".into(),
            })
        );
    }

    #[test]
    fn assignments_of_an_update_are_told() {
        assert_eq!(
            writing("update s.t x set a = 'b', n = n + 1 where owner = current_user"),
            Some(Writing::Update {
                relation: vec!["s".into(), "t".into()],
                called: "x".into(),
                reads: Reads::Back,
                sets: vec![
                    Assignment {
                        column: "a".into(),
                        expression: "'b'".into(),
                    },
                    Assignment {
                        column: "n".into(),
                        expression: "n + 1".into(),
                    },
                ],
                rest: "where owner = current_user".into(),
            })
        );
    }

    #[test]
    fn columns_are_assigned_together_and_from_other_tables() {
        let Some(Writing::Update { sets, rest, .. }) = writing(
            "update t set (a, b) = (u.x, lower('Y')), (c, d) = (select 1, max(n) from s.v), e = (1) from s.u u, w \
             where u.id = t.id returning a",
        ) else {
            panic!("it is an update");
        };
        let sets: Vec<(&str, &str)> = sets
            .iter()
            .map(|set| (set.column.as_str(), set.expression.as_str()))
            .collect();
        assert_eq!(
            sets,
            [
                ("a", "u.x"),
                ("b", "lower('Y')"),
                (
                    "c",
                    "(SELECT q.c1 FROM (select 1, max(n) from s.v) AS q(c1, c2))"
                ),
                (
                    "d",
                    "(SELECT q.c2 FROM (select 1, max(n) from s.v) AS q(c1, c2))"
                ),
                ("e", "(1)"),
            ]
        );
        assert_eq!(rest, ", s.u u, w where u.id = t.id");
    }

    #[test]
    fn what_it_calls_is_told_by_name() {
        assert_eq!(
            called("insert into t (a) values (nextval('s'), s.\"F\"(1), (select 1), Lower('x'))"),
            ["t", "values", "nextval", "F", "lower"]
        );
    }

    #[test]
    fn policies_for_reading_count_where_columns_are_read() {
        for (rest, expected) in [
            ("", Reads::Nothing),
            ("returning 1", Reads::Nothing),
            ("returning *", Reads::Back),
            ("on conflict do nothing", Reads::Nothing),
            ("on conflict do nothing returning a", Reads::Back),
            ("on conflict (a) do nothing", Reads::Back),
            ("on conflict on constraint k do nothing", Reads::Back),
        ] {
            let sql = format!("insert into t (a) values (1) {rest}");
            let Some(Writing::Insert { reads, .. }) = writing(&sql) else {
                panic!("it is an insert");
            };
            assert_eq!(reads, expected, "{sql}");
        }
    }

    #[test]
    fn rows_without_a_text_are_not_told() {
        for sql in [
            "insert into t default values",
            "insert into t values ($1)",
            "delete from t",
        ] {
            assert_eq!(writing(sql), None, "{sql}");
        }
    }
}

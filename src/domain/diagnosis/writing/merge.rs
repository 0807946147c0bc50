//! The pieces of a MERGE.

use super::{Assignment, Reader, Reads};

/// `MERGE INTO … USING … ON … WHEN …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The name's parts of what is written to.
    pub relation: Vec<String>,
    /// What it is called in the expressions.
    pub called: String,
    /// What is merged into it, as it stands behind USING.
    pub source: String,
    /// What makes a row of both.
    pub on: String,
    /// What is done, the first that fits a row.
    pub whens: Vec<When>,
    /// Whether there is a RETURNING.
    pub reads: Reads,
}

/// `WHEN … AND … THEN …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// Which rows.
    pub matched: Matched,
    /// What is asked besides; empty without.
    pub condition: String,
    /// What is done to them.
    pub deed: Deed,
}

/// Which rows a WHEN is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// Those of both sides.
    Both,
    /// Those of the source alone.
    SourceOnly,
    /// Those of the target alone (from PostgreSQL 17 on).
    TargetOnly,
}

/// What is done to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// `UPDATE SET …`.
    Update(Vec<Assignment>),
    /// `DELETE`.
    Delete,
    /// `INSERT (columns) VALUES (…)`.
    Insert {
        /// The columns given; empty for all in order.
        columns: Vec<String>,
        /// What stands in the parentheses, `DEFAULT` replaced by NULL.
        values: String,
    },
    /// `DO NOTHING`.
    Nothing,
}

impl Reader<'_> {
    /// Reads it; `None` where its rows cannot be told from its text.
    pub(super) fn merge(&self) -> Option<Merge> {
        let (relation, at) = self.name(2)?;
        let using = self.outside(2, &["using"]);
        let called = self.alias(at, using, &relation)?;
        let on = self.outside(using, &["on"]);
        let mut at = self.when(on);
        let last = self.outside(at, &["returning"]);
        let mut whens = Vec::new();
        let condition = self.words.span(on + 1, at).to_owned();
        while at < last {
            let next = self.when(at + 1).min(last);
            whens.push(self.one(at, next)?);
            at = next;
        }
        Some(Merge {
            relation,
            called,
            source: self.words.span(using + 1, on).to_owned(),
            on: condition,
            whens,
            reads: if last < self.words.len() {
                Reads::Back
            } else {
                Reads::Nothing
            },
        })
    }

    /// The next WHEN that is no part of a CASE.
    fn when(&self, from: usize) -> usize {
        (from..self.words.len())
            .find(|at| {
                self.words.is(*at, "when")
                    && (self.words.is(at + 1, "matched")
                        || (self.words.is(at + 1, "not") && self.words.is(at + 2, "matched")))
            })
            .unwrap_or(self.words.len())
    }

    fn one(&self, from: usize, end: usize) -> Option<When> {
        let by = |side: &str| {
            (from..end).any(|at| self.words.is(at, "by") && self.words.is(at + 1, side))
        };
        let matched = if self.words.is(from + 1, "matched") {
            Matched::Both
        } else if by("source") {
            Matched::TargetOnly
        } else {
            Matched::SourceOnly
        };
        // A CASE of the condition has a THEN of its own: the last one before the deed counts.
        let then = (from..end).rev().find(|at| {
            self.words.is(*at, "then")
                && ["update", "delete", "insert", "do"]
                    .iter()
                    .any(|deed| self.words.is(at + 1, deed))
        })?;
        let and = self.outside(from, &["and"]).min(then);
        Some(When {
            matched,
            condition: self.words.span(and + 1, then.max(and + 1)).to_owned(),
            deed: self.deed(then + 1, end)?,
        })
    }

    fn deed(&self, at: usize, end: usize) -> Option<Deed> {
        if self.words.is(at, "update") {
            return Some(Deed::Update(self.sets(at + 2, end)?));
        }
        if self.words.is(at, "delete") {
            return Some(Deed::Delete);
        }
        if self.words.is(at, "do") {
            return Some(Deed::Nothing);
        }
        let (columns, _) = self.listed(at + 1);
        let values = (at..end).find(|at| self.words.is(*at, "values"))?;
        let close = self.outside(values + 1, &[")"]);
        Some(Deed::Insert {
            columns,
            values: self.without_defaults(values + 2, close),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Writing, writing};
    use super::*;

    #[test]
    fn what_a_merge_writes_is_told() {
        let Some(Writing::Merge(merge)) = writing(
            "merge into s.t as x using (select id, a from s.u) u on x.id = u.id \
             when matched and u.a is null then delete \
             when matched then update set a = case when u.a = 'q' then 'r' else u.a end, n = x.n + 1 \
             when not matched by source then do nothing \
             when not matched then insert (id, a) values (u.id, default) returning x.id",
        ) else {
            panic!("it is a merge");
        };
        assert_eq!(merge.called, "x");
        assert_eq!(merge.source, "(select id, a from s.u) u");
        assert_eq!(merge.on, "x.id = u.id");
        assert_eq!(merge.reads, Reads::Back);
        let when = |matched, condition: &str, deed| When {
            matched,
            condition: condition.into(),
            deed,
        };
        let set = |column: &str, expression: &str| Assignment {
            column: column.into(),
            expression: expression.into(),
        };
        assert_eq!(
            merge.whens,
            [
                when(Matched::Both, "u.a is null", Deed::Delete),
                when(
                    Matched::Both,
                    "",
                    Deed::Update(vec![
                        set("a", "case when u.a = 'q' then 'r' else u.a end"),
                        set("n", "x.n + 1"),
                    ])
                ),
                when(Matched::TargetOnly, "", Deed::Nothing),
                when(
                    Matched::SourceOnly,
                    "",
                    Deed::Insert {
                        columns: vec!["id".into(), "a".into()],
                        values: "u . id , NULL".into(),
                    }
                ),
            ]
        );
    }
}

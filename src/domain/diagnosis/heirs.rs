//! What a change of a table asks for of the tables that are its partitions or inherit from it.

use crate::domain::sql::words::Words;

/// A change that reaches further than the table that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaching {
    /// The name of the table.
    pub relation: Vec<String>,
    /// What is done.
    pub deeds: Vec<Deed>,
}

/// What is done to each of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// An index is made beside it.
    Index,
    /// These columns of it become NOT NULL, for they are a primary key.
    NotNull(Vec<String>),
    /// A column of it gets another type.
    Retype(String),
}

/// Whether statements count that are said to mean one table only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// They do not.
    All,
    /// They do.
    Only,
}

/// Reads a statement.
#[must_use]
pub fn reaching(statement: &str, names: Names) -> Option<Reaching> {
    let words = Words::of_statement(statement);
    if words.is(0, "create") {
        let begins = 1 + usize::from(words.is(1, "unique"));
        let on = words.find("on").filter(|_| words.is(begins, "index"))?;
        let only = words.is(on + 1, "only");
        if only && names == Names::All {
            return None;
        }
        let (relation, _) = words.dotted(on + 1 + usize::from(only))?;
        let deeds = vec![Deed::Index];
        return Some(Reaching { relation, deeds });
    }
    if !words.is(0, "alter") || !words.is(1, "table") {
        return None;
    }
    let name = if words.is(2, "if") { 4 } else { 2 };
    let only = words.is(name, "only");
    if only && names == Names::All {
        return None;
    }
    let (relation, behind) = words.dotted(name + usize::from(only))?;
    let mut deeds = Vec::new();
    for at in behind..words.len() {
        let adds = words.is_any(at, &["primary", "unique", "exclude"])
            && (behind..at).any(|before| words.is(before, "add"));
        let there = words.is(at + 1, "using") || words.is(at + 2, "using");
        if adds && !(there && words.is_any(at + 2, &["index"]) || words.is(at + 3, "index")) {
            deeds.push(Deed::Index);
        }
        if words.is(at, "primary") && words.is(at + 1, "key") && words.is(at + 2, "(") {
            let ends = words.closing(at + 2)?;
            deeds.push(Deed::NotNull(
                (at + 3..ends).filter_map(|at| words.name(at)).collect(),
            ));
        }
        if words.is(at, "alter") {
            let column = at + 1 + usize::from(words.is(at + 1, "column"));
            let sets = words.is(column + 1, "set") && words.is(column + 2, "data");
            if words.is(column + if sets { 3 } else { 1 }, "type") {
                deeds.extend(words.name(column).map(Deed::Retype));
            }
        }
    }
    (!deeds.is_empty()).then_some(Reaching { relation, deeds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_are_told_by_words() {
        let told =
            |sql: &str| reaching(sql, Names::All).map(|one| (one.relation.join("."), one.deeds));
        let deeds = |name: &str, deeds: &[Deed]| Some((name.to_owned(), deeds.to_vec()));
        let retype = |name: &str| Deed::Retype(name.to_owned());
        for (sql, wanted) in [
            (
                "create unique index i on s.t (a)",
                deeds("s.t", &[Deed::Index]),
            ),
            ("create index on only s.t (a)", None),
            (
                "alter table if exists s.t add constraint k primary key (a, \"B b\")",
                deeds(
                    "s.t",
                    &[
                        Deed::Index,
                        Deed::NotNull(vec!["a".to_owned(), "B b".to_owned()]),
                    ],
                ),
            ),
            ("alter table t add primary key using index i", None),
            ("alter table only t add unique (a)", None),
            (
                "alter table t add exclude using gist (a with =)",
                deeds("t", &[Deed::Index]),
            ),
            (
                "alter table t alter column a set data type text, alter b type int",
                deeds("t", &[retype("a"), retype("b")]),
            ),
            ("alter table t alter a set not null", None),
        ] {
            assert_eq!(told(sql), wanted, "{sql}");
        }
    }
}

//! The tables that new foreign keys refer to.

use crate::domain::ident;
use crate::domain::sql::words::Words;

/// What one key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name's parts: schema and table, or the table alone.
    pub relation: Vec<String>,
    /// The columns; none for those of the primary key.
    pub columns: Vec<String>,
    /// `REFERENCES s.t (a)` as it stands.
    pub text: String,
}

/// The keys in a CREATE TABLE or ALTER TABLE.
#[must_use]
pub fn references(sql: &str) -> Vec<Reference> {
    let words = Words::of_statement(sql);
    let table = match words.lower(0).as_str() {
        "create" => (1..4).any(|at| words.is(at, "table")),
        "alter" => words.is(1, "table"),
        _ => false,
    };
    let keys = (2..words.len()).filter(|at| table && words.is(*at, "references"));
    keys.filter_map(|at| reference(&words, at)).collect()
}

/// The one at a word.
pub(super) fn reference(words: &Words<'_>, start: usize) -> Option<Reference> {
    let (relation, mut behind) = words.dotted(start + 1)?;
    let mut columns = Vec::new();
    if words.is(behind, "(") {
        let end = words.closing(behind)?;
        columns = (behind + 1..end)
            .filter_map(|at| ident::parts(words.text(at)))
            .flatten()
            .collect();
        behind = end + 1;
    }
    Some(Reference {
        relation,
        columns,
        text: words.span(start, behind).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_wherever_they_stand() {
        let told = |sql: &str| -> Vec<String> {
            references(sql)
                .into_iter()
                .map(|one| format!("{} {}", one.relation.join("."), one.columns.join(" ")))
                .collect()
        };
        assert_eq!(
            told(
                "create table t (a int references s.\"T t\" (id) on delete cascade, b int references u, \
                 foreign key (a, b) references v (x, y))"
            ),
            ["s.T t id", "u ", "v x y"]
        );
        assert_eq!(told("alter table t add b int references u;"), ["u "]);
        assert!(told("grant references on table t to x").is_empty());
        assert!(told("alter default privileges grant references on tables to x").is_empty());
    }
}

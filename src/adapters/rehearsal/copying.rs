//! COPY of a whole table: which columns that means.

use super::derived::first_by_name;
use super::need::{Row, cell};
use super::stage::Stage;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::failure::Failure;
use crate::domain::ident::quoted;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// COPY without a list takes every column but the generated ones (PostgreSQL source, `copy.c`,
/// `CopyGetAttnums`): where there are any, the others are listed. Other statements stay as they are.
pub(super) async fn columns_listed(stage: &Stage<'_>, statement: &str) -> Result<String, Failure> {
    let table = whole_table(statement).and_then(|(name, end)| Some((first_by_name(&name)?, end)));
    let Some((table, end)) = table else {
        return Ok(statement.to_owned());
    };
    stage.rewind().await?;
    let sql = format!(
        "SELECT attname, attgenerated <> '' FROM pg_catalog.pg_attribute \
         WHERE attrelid = {table} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    );
    let rows: Vec<Row> = stage.session.query(&sql).await?.rows;
    if !rows.iter().any(|row| cell(row, 1) == "t") {
        return Ok(statement.to_owned());
    }
    let kept: Vec<String> = rows
        .iter()
        .filter(|row| cell(row, 1) != "t")
        .map(|row| quoted(&cell(row, 0)).into_owned())
        .collect();
    let (before, after) = statement.split_at_checked(end).unwrap_or((statement, ""));
    Ok(format!("{before} ({}) {after}", kept.join(", ")))
}

/// The table of a COPY without a list of columns, and where its name ends.
fn whole_table(statement: &str) -> Option<(String, usize)> {
    if word_at(statement, 0) != "copy" {
        return None;
    }
    let words: Vec<Token> = tokens(statement)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let text = |at: usize| words.get(at).map_or("", |token| token.text(statement));
    let mut at = 1;
    while text(at + 1) == "." {
        at += 2;
    }
    let (first, last) = (words.get(1)?, words.get(at)?);
    let behind = text(at + 1).to_lowercase();
    (behind == "to" || behind == "from").then(|| {
        let name = statement.get(first.start..last.end).unwrap_or_default();
        (name.to_owned(), last.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tables_are_listed() {
        for (statement, name) in [
            ("copy s.\"T t\" to stdout", Some("s.\"T t\"")),
            ("COPY t FROM stdin", Some("t")),
            ("copy t (a) from stdin", None),
            ("copy (select 1) to stdout", None),
            ("select 1", None),
        ] {
            let found = whole_table(statement).map(|(name, _)| name);
            assert_eq!(found.as_deref(), name, "{statement}");
        }
    }
}

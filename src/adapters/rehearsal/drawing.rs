//! Sequences that a plan would draw from: planning does not call them, so they are asked for.

use super::candidates;
use super::need::{Need, add, cell};
use super::scene::{Scene, asking};
use super::stage::Stage;
use super::touched::{Before, touched};
use super::written::Timing;
use crate::adapters::session::Session;
use crate::domain::diagnosis::draws::Draw;
use crate::domain::diagnosis::trial::EXPLAIN;
use crate::domain::diagnosis::wants::wants;
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, parts, qualified};
use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// What plans draw from sequences.
#[derive(Default)]
pub(super) struct Drawn {
    /// What is missing for it.
    pub(super) needs: Vec<Need>,
    /// Whether something would be missing if there were rows.
    pub(super) spared: Spared,
}

/// Whether a sequence is left alone because no row is written now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Spared {
    #[default]
    Nothing,
    Some,
}

/// What the plans of some scenes draw, as far as it is not allowed. The plans were made with what is
/// needed besides. Sequences look at privileges when they are drawn from (PostgreSQL source, `sequence.c`,
/// `nextval_internal`): a write without rows does not ask for them.
pub(super) async fn drawn(
    stage: &Stage<'_>,
    scenes: &[Scene],
    plans: &[Vec<String>],
) -> Result<Drawn, Failure> {
    // Looked up as who looks: the role may not even see the sequence's schema.
    stage.rewind().await?;
    let mut drawn = Drawn::default();
    let asking = asking(stage.role, scenes);
    for ((scene, plan), role) in scenes.iter().zip(plans).zip(&asking) {
        let mut found = Vec::new();
        let path = scene.speaker.as_ref().map(|speaker| speaker.path.as_str());
        for draw in Draw::ALL {
            let function = draw.function();
            let text = scene.text.strip_prefix(EXPLAIN).unwrap_or(&scene.text);
            let named = text.to_lowercase().contains(function);
            for line in plan {
                for argument in arguments_of(line, function) {
                    let Some(name) = sequence_named(stage.session, &argument, path).await? else {
                        continue;
                    };
                    let more =
                        candidates::sequence(stage.session, role, &name, draw, named).await?;
                    add(&mut found, more);
                }
            }
        }
        let own = scene.speaker.is_none() && scenes.len() == 1;
        if own && !found.is_empty() && writes_nothing(stage, &scene.text).await? {
            drawn.spared = Spared::Some;
        } else {
            add(&mut drawn.needs, found);
        }
    }
    Ok(drawn)
}

/// Whether a planned statement surely writes no row now.
async fn writes_nothing(stage: &Stage<'_>, planned: &str) -> Result<bool, Failure> {
    let text = planned.strip_prefix(EXPLAIN).unwrap_or(planned);
    let mut empty = false;
    for wanted in wants(text).relations {
        if !["INSERT", "UPDATE"].contains(&wanted.privilege) {
            continue;
        }
        let wanted = (&wanted, Timing::Before);
        let rows = touched(stage, text, wanted, Before::Nothing).await?;
        let none = match rows {
            Some(rows) => rows.is_empty(stage).await?,
            None => false,
        };
        if !none {
            return Ok(false);
        }
        empty = true;
    }
    Ok(empty)
}

/// The first argument of each call of a function in a plan's line.
fn arguments_of(line: &str, function: &str) -> Vec<String> {
    let words: Vec<Token> = tokens(line);
    let is = |at: usize, text: &str| words.get(at).is_some_and(|token| token.text(line) == text);
    let mut found = Vec::new();
    for at in 0..words.len() {
        if !is(at, function) || !is(at + 1, "(") {
            continue;
        }
        let mut depth = 0_i32;
        let end = (at + 1..words.len()).find(|at| {
            if is(*at, "(") {
                depth += 1;
            } else if is(*at, ")") {
                depth -= 1;
            }
            depth == 0 || (depth == 1 && is(*at, ","))
        });
        let span = words.get(at + 2).zip(end.and_then(|end| words.get(end)));
        found.extend(
            span.and_then(|(start, end)| line.get(start.start..end.start))
                .map(str::to_owned),
        );
    }
    found
}

/// The sequence an argument means: a constant, or what `pg_get_serial_sequence` makes of constants.
/// The system's own schema comes first, so that nobody else's function is called.
async fn sequence_named(
    session: &Session,
    argument: &str,
    path: Option<&str>,
) -> Result<Option<String>, Failure> {
    const MEANT: [&str; 7] = [
        "pg_get_serial_sequence",
        "regclass",
        "text",
        "name",
        "oid",
        "character",
        "varying",
    ];
    let constant = tokens(argument).iter().all(|token| match token.kind {
        TokenKind::String | TokenKind::Number => true,
        TokenKind::Operator | TokenKind::Punctuation => {
            ["::", ":", "(", ")", ","].contains(&token.text(argument))
        }
        TokenKind::Keyword | TokenKind::Identifier => parts(token.text(argument))
            .and_then(|mut parts| parts.pop())
            .is_some_and(|word| MEANT.contains(&word.as_str())),
        _ => false,
    });
    if !constant || argument.is_empty() {
        return Ok(None);
    }
    let path = path.map_or_else(|| "current_setting('search_path')".to_owned(), literal);
    let path =
        format!("SELECT pg_catalog.set_config('search_path', 'pg_catalog, ' || {path}, true); ");
    let sql = format!(
        "{path}SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ({argument})::pg_catalog.regclass"
    );
    let _ = session.query("SAVEPOINT pgiam_name").await?;
    let rows = session.query(&sql).await.map(|answer| answer.rows);
    let _ = session.query("ROLLBACK TO SAVEPOINT pgiam_name").await?;
    Ok(rows.ok().and_then(|rows| {
        let row = rows.first()?;
        Some(qualified(&cell(row, 0), &cell(row, 1)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_end_where_they_end() {
        let line = "  Output: nextval('s.\"A, b\"'::regclass), setval((pg_get_serial_sequence('s.t'::text, 'id'::text))::regclass, 4)";
        assert_eq!(arguments_of(line, "nextval"), ["'s.\"A, b\"'::regclass"]);
        assert_eq!(
            arguments_of(line, "setval"),
            ["(pg_get_serial_sequence('s.t'::text, 'id'::text))::regclass"]
        );
    }
}

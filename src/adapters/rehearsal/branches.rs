//! What a body's conditions and dynamic statements come to, as far as constants, the arguments of its
//! call and the rows that there are now decide.

use super::checked::harmless;
use super::need::{Row, cell};
use super::scene::without_variable;
use super::stage::Stage;
use super::touched::RowsOf;
use crate::domain::diagnosis::body::{
    self, About, Body, Given, Holds, Known, Question, Standing, looks_at_rows, reassigns,
};
use crate::domain::diagnosis::checked::arguments_of;
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal, quoted};
use crate::domain::sql::lexer::{TokenKind, tokens};

/// What was undone behind every question.
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_branch";

/// Answers may bring up further questions, so often at most.
const ROUNDS: usize = 5;

/// Different texts of one EXECUTE at most.
const MOST_TEXTS: usize = 20;

/// Unknown variables in one text at most.
const MOST_UNKNOWN: usize = 12;

/// A body that would run.
pub(super) struct Running<'a> {
    pub(super) text: &'a str,
    /// Whom it runs as, and where.
    pub(super) standing: Standing<'a>,
    /// What it is called; its arguments may be named by that.
    pub(super) name: &'a str,
    /// What fires it, where it is a trigger's.
    pub(super) event: Option<&'static str>,
    /// What it is given, as a select list.
    pub(super) arguments: Option<&'a str>,
    /// The rows that it is fired for.
    pub(super) rows: Option<&'a RowsOf>,
}

impl Running<'_> {
    /// The tables of all rows that its queries may name.
    fn with(&self) -> &str {
        self.rows.map_or("", |rows| &rows.with)
    }
}

/// Everything that can be known of a body before it runs.
pub(super) async fn known(
    stage: &Stage<'_>,
    running: &Running<'_>,
) -> Result<Known<'static>, Failure> {
    let mut known = Known {
        event: running.event,
        rows: running.rows.map(|rows| rows.source).unwrap_or_default(),
        ..Known::default()
    };
    let mut asked: Vec<String> = Vec::new();
    let mut arguments = running.arguments.unwrap_or_default();
    let mut tried = arguments.is_empty();
    for _ in 0..ROUNDS {
        let mut questions = body::read(running.text, &known).questions;
        questions.retain(|question| !asked.contains(&question.key()));
        if questions.is_empty() {
            break;
        }
        if !tried {
            tried = true;
            let row = format!(
                "{}SELECT ''::text FROM {}",
                running.with(),
                row_of(running, arguments)
            );
            if answer(stage, running.standing.role, &row).await?.is_err() {
                arguments = "";
            }
        }
        for question in questions {
            ask(stage, running, arguments, &question, &mut known).await?;
            asked.push(question.key());
        }
    }
    Ok(known)
}

/// The rows that each statement of a body runs for, as they stand in FROM, where it leaves them as they are:
/// what it inserts then is made of them. None where that is not known.
pub(super) fn fired_for(running: &Running<'_>, body: &Body) -> Vec<String> {
    let rows = running.rows.filter(|rows| !rows.item.is_empty());
    let assigned = running
        .event
        .and_then(|event| body::assigned(running.text, event));
    let (Some(_), Some(assigned), Some(arguments)) = (rows, assigned, running.arguments) else {
        return Vec::new();
    };
    if !assigned.columns.is_empty() {
        return Vec::new();
    }
    let row = row_of(running, arguments);
    let each = body.under.iter().map(|under| {
        let under: Vec<String> = under
            .iter()
            .filter(|condition| !looks_at_rows(condition))
            .map(|condition| by_name(&running.standing.told(condition)))
            .collect();
        if under.is_empty() {
            row.clone()
        } else {
            format!("{row} WHERE {}", under.join(" AND "))
        }
    });
    each.collect()
}

/// The rows that a body's expressions are made of.
fn row_of(running: &Running<'_>, arguments: &str) -> String {
    let row = format!("(SELECT {arguments}) AS {}", quoted(running.name));
    match running.rows {
        Some(rows) if !rows.item.is_empty() => format!("{row}, {}", rows.item),
        _ => row,
    }
}

async fn ask(
    stage: &Stage<'_>,
    running: &Running<'_>,
    arguments: &str,
    question: &Question,
    known: &mut Known<'static>,
) -> Result<(), Failure> {
    let expression = by_name(&running.standing.told(&question.expression));
    if !may_be_asked(stage, &expression) || !harmless(stage, &[&expression, arguments]).await? {
        return Ok(());
    }
    let mut from = row_of(running, arguments);
    if !question.under.is_empty() {
        let under = running.standing.told(&question.under.join(" AND "));
        from = format!("{from} WHERE {}", by_name(&under));
    }
    match question.about {
        About::Condition => {
            let query = format!(
                "{}SELECT CASE WHEN bool_and(holds) THEN 'always' WHEN bool_or(holds) THEN 'for some' \
                 WHEN NOT bool_or(holds) THEN 'never' END \
                 FROM (SELECT coalesce(({expression}), false) AS holds FROM {from}) AS each",
                running.with()
            );
            let holds = match answer(stage, running.standing.role, &query)
                .await?
                .as_deref()
            {
                Ok("always") => Holds::Always,
                Ok("for some") => Holds::ForSome,
                Ok(_) => Holds::Never,
                Err(_) => return Ok(()),
            };
            let _ = known.holds.insert(question.key(), holds);
        }
        About::Text => {
            if let Some(given) = text(stage, running, &expression, &from).await? {
                let _ = known.texts.insert(question.key(), given);
            }
        }
    }
    Ok(())
}

/// Whether the answer would be the one that the body gets.
fn may_be_asked(stage: &Stage<'_>, expression: &str) -> bool {
    let words = tokens(expression);
    // What is granted while looking would answer for itself.
    let about_rights = words.iter().any(|token| {
        let name = token.text(expression).to_lowercase();
        name.ends_with("_privilege") || name == "pg_has_role"
    });
    !about_rights && (stage.gives() || !looks_at_rows(expression))
}

/// One value, looked up as the role that the body runs as, in a part of the transaction that writes
/// nothing; or the server's refusal.
pub(super) async fn answer(
    stage: &Stage<'_>,
    role: &str,
    query: &str,
) -> Result<Result<String, Failure>, Failure> {
    let mut before = "SAVEPOINT pgiam_branch; SET LOCAL statement_timeout = '1s'".to_owned();
    if stage.gives() {
        if looks_at_rows(query) {
            before.push_str(&reading(stage, role, query).await?);
        }
        before.push_str("; ");
        before.push_str(&stage.becoming(role));
    }
    before.push_str("; SET LOCAL transaction_read_only = on");
    let told = match stage.session.query(&before).await {
        Ok(_) => stage.session.query(query).await,
        Err(failure) => Err(failure),
    };
    let _ = stage.session.query(BACK).await?;
    Ok(told.and_then(|answer| {
        let row = answer.rows.into_iter().next().unwrap_or_default();
        row.into_iter()
            .next()
            .flatten()
            .ok_or_else(|| Failure::local("no value".to_owned()))
    }))
}

/// What gives a role all that a query might read, for as long as it takes to look.
async fn reading(stage: &Stage<'_>, role: &str, query: &str) -> Result<String, Failure> {
    let role = ident::role(role);
    if stage.major() >= 14 {
        return Ok(format!("; GRANT pg_read_all_data TO {role}"));
    }
    let mut words: Vec<String> = tokens(query)
        .iter()
        .filter_map(|token| ident::parts(token.text(query))?.pop())
        .map(|word| literal(&word))
        .collect();
    words.sort();
    words.dedup();
    let sql = format!(
        "SELECT '; GRANT SELECT ON ' || string_agg(DISTINCT c.oid::pg_catalog.regclass::text, ', ') || ' TO {role}', \
         '; GRANT USAGE ON SCHEMA ' || string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') || ' TO {role}' \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = ANY (ARRAY[{}]::name[]) AND c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' \
         AND n.nspname <> 'information_schema'",
        words.join(", ")
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .first()
        .map(|row| format!("{}{}", cell(row, 0), cell(row, 1)))
        .unwrap_or_default())
}

/// The text that EXECUTE is given; variables that are not known become NULL, which stands for values
/// well and for names not at all.
async fn text(
    stage: &Stage<'_>,
    running: &Running<'_>,
    expression: &str,
    from: &str,
) -> Result<Option<Given>, Failure> {
    let mut expression = expression.to_owned();
    for unknown in 0..MOST_UNKNOWN {
        // Rows may have different texts; they come one behind the other, each with its length before.
        let query = format!(
            "{}SELECT CASE WHEN count(*) <= {MOST_TEXTS} THEN string_agg(length(made) || ' ' || made, '' ORDER BY made) END \
             FROM (SELECT DISTINCT ({expression})::text AS made FROM {from}) AS each",
            running.with()
        );
        let failure = match answer(stage, running.standing.role, &query).await? {
            Ok(all) => {
                let mut texts = apart(&all);
                let text = texts.pop().unwrap_or_default();
                return Ok(match (unknown, texts.is_empty()) {
                    (0, true) => Some(Given::Whole(text)),
                    (0, false) => {
                        texts.push(text);
                        Some(Given::Each(texts))
                    }
                    (_, true) => Some(Given::WithoutValues(text)),
                    (_, false) => None,
                });
            }
            Err(failure) => failure,
        };
        let Some(next) = without_variable(&expression, &failure) else {
            return Ok(None);
        };
        // Of NULL it makes the word.
        expression = next.replace("quote_literal(", "quote_nullable(");
    }
    Ok(None)
}

/// Texts that stand one behind the other, each with its length in letters and a blank before.
fn apart(all: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = all;
    while let Some((length, behind)) = rest.split_once(' ') {
        let letters = length.parse().unwrap_or_default();
        let text: String = behind.chars().take(letters).collect();
        rest = behind.get(text.len()..).unwrap_or_default();
        texts.push(text);
    }
    texts
}

/// `$1` as the name it has among the arguments.
fn by_name(condition: &str) -> String {
    let mut text = String::new();
    let mut from = 0;
    for token in tokens(condition) {
        if token.kind == TokenKind::Parameter {
            text.push_str(condition.get(from..token.start).unwrap_or_default());
            text.push_str(&token.text(condition).replace('$', "pgiam_"));
            from = token.end;
        }
    }
    text.push_str(condition.get(from..).unwrap_or_default());
    text
}

/// A routine that a statement calls.
pub(super) struct Called<'a> {
    pub(super) oid: &'a str,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// The statement that calls it.
    pub(super) by: &'a str,
}

/// The arguments as a select list, each under its name and its place; those that the body changes
/// are left out.
pub(super) async fn arguments(
    stage: &Stage<'_>,
    called: &Called<'_>,
) -> Result<Option<String>, Failure> {
    let Some(given) = arguments_of(called.by, called.name) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT coalesce(p.proargnames[a.place], ''), pg_catalog.format_type(a.kind, NULL), \
         pg_catalog.pg_get_function_arg_default(p.oid, a.place::int) \
         FROM pg_catalog.pg_proc p, unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) \
         WITH ORDINALITY AS a(kind, place) WHERE p.oid = {}::oid AND p.provariadic = 0 \
         AND coalesce(p.proargmodes[a.place], 'i') IN ('i', 'b') ORDER BY a.place",
        literal(called.oid)
    );
    let rows: Vec<Row> = stage.session.query(&sql).await?.rows;
    let named = |text: &String| {
        text.split_once("=>")
            .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
    };
    let mut listed = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let (name, kind, default) = (cell(row, 0), cell(row, 1), cell(row, 2));
        let by_name = given
            .iter()
            .filter_map(named)
            .find(|(given, _)| *given == name);
        let by_place = given.get(at).filter(|text| named(text).is_none()).cloned();
        let value = by_name
            .map(|(_, value)| value)
            .or(by_place)
            .unwrap_or(default);
        if value.is_empty() {
            return Ok(None);
        }
        if !reassigns(called.text, &name) {
            listed.push(format!("({value})::{kind} AS pgiam_{}", at + 1));
            if !name.is_empty() {
                listed.push(format!("({value})::{kind} AS {}", quoted(&name)));
            }
        }
    }
    Ok((!listed.is_empty()).then(|| listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn texts_are_taken_apart_by_their_lengths() {
        assert_eq!(apart("3 ä b5 12 34"), ["ä b", "12 34"]);
        assert_eq!(apart("0 "), [""]);
    }
}

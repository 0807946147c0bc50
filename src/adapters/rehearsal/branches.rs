//! What a body's conditions and dynamic statements come to, as far as constants, the arguments of its
//! call and the rows that there are now decide.

use super::checked::harmless;
use super::derived;
use super::need::{Row, cell};
use super::policies::{acts, inserted};
use super::scene::without_variable;
use super::stage::Stage;
use crate::domain::diagnosis::body::{
    self, About, Given, Known, Question, looks_at_rows, reassigns,
};
use crate::domain::diagnosis::checked::arguments_of;
use crate::domain::diagnosis::writing::{Part, Writing, parts, writing};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};
use crate::domain::sql::lexer::{TokenKind, tokens};

/// What was undone behind every question.
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_branch";

/// Answers may bring up further questions, so often at most.
const ROUNDS: usize = 5;

/// Unknown variables in one text at most.
const MOST_UNKNOWN: usize = 12;

/// A body that would run.
pub(super) struct Running<'a> {
    pub(super) text: &'a str,
    /// Whom it runs as.
    pub(super) role: &'a str,
    /// What it is called; its arguments may be named by that.
    pub(super) name: &'a str,
    /// What fires it, where it is a trigger's.
    pub(super) event: Option<&'static str>,
    /// What it is given, as a select list.
    pub(super) arguments: Option<&'a str>,
    /// The rows that it is fired for, as a query: NEW is each of them.
    pub(super) rows: Option<&'a str>,
}

/// Everything that can be known of a body before it runs.
pub(super) async fn known(
    stage: &Stage<'_>,
    running: &Running<'_>,
) -> Result<Known<'static>, Failure> {
    let mut known = Known {
        event: running.event,
        ..Known::default()
    };
    let mut asked: Vec<String> = Vec::new();
    let mut arguments = running.arguments.unwrap_or_default();
    let mut tried = arguments.is_empty();
    for _ in 0..ROUNDS {
        let mut questions = body::read(running.text, &known).questions;
        questions.retain(|question| !asked.contains(&question.expression));
        if questions.is_empty() {
            break;
        }
        if !tried {
            tried = true;
            let row = format!("SELECT ''::text FROM {}", row_of(running, arguments));
            if answer(stage, running, &row).await?.is_err() {
                arguments = "";
            }
        }
        for question in questions {
            ask(stage, running, arguments, &question, &mut known).await?;
            asked.push(question.expression);
        }
    }
    Ok(known)
}

/// The rows that a body's expressions are made of.
fn row_of(running: &Running<'_>, arguments: &str) -> String {
    let row = format!("(SELECT {arguments}) AS {}", quoted(running.name));
    match running.rows {
        Some(rows) => format!("{row}, ({rows}) AS new"),
        None => row,
    }
}

async fn ask(
    stage: &Stage<'_>,
    running: &Running<'_>,
    arguments: &str,
    question: &Question,
    known: &mut Known<'static>,
) -> Result<(), Failure> {
    let expression = by_name(&question.expression);
    if !may_be_asked(stage, running, &expression)
        || !harmless(stage, &[&expression, arguments]).await?
    {
        return Ok(());
    }
    let from = row_of(running, arguments);
    match question.about {
        About::Condition => {
            // What holds for some rows alone is not known.
            let query = format!(
                "SELECT CASE WHEN bool_and(holds) THEN 'true' WHEN NOT bool_or(holds) THEN 'false' END \
                 FROM (SELECT coalesce(({expression}), false) AS holds FROM {from}) AS each"
            );
            if let Ok(told) = answer(stage, running, &query).await? {
                let _ = known
                    .holds
                    .insert(question.expression.clone(), told == "true");
            }
        }
        About::Text => {
            if let Some(given) = text(stage, running, &expression, &from).await? {
                let _ = known.texts.insert(question.expression.clone(), given);
            }
        }
    }
    Ok(())
}

/// Whether the answer would be the one that the body gets.
fn may_be_asked(stage: &Stage<'_>, running: &Running<'_>, expression: &str) -> bool {
    let words = tokens(expression);
    let has = |names: &[&str]| {
        names
            .iter()
            .any(|name| words.iter().any(|token| token.is(expression, name)))
    };
    // What is granted while looking would answer for itself.
    let about_rights = words.iter().any(|token| {
        let name = token.text(expression).to_lowercase();
        name.ends_with("_privilege") || name == "pg_has_role"
    });
    let who = has(&["session_user", "user", "current_user", "current_role"]);
    let own = stage.gives() && running.role == stage.role;
    !about_rights && (!who || own) && (stage.gives() || !looks_at_rows(expression))
}

/// One value, looked up as the role that the body runs as, in a part of the transaction that writes
/// nothing; or the server's refusal.
async fn answer(
    stage: &Stage<'_>,
    running: &Running<'_>,
    query: &str,
) -> Result<Result<String, Failure>, Failure> {
    let mut before = "SAVEPOINT pgiam_branch; SET LOCAL statement_timeout = '1s'".to_owned();
    if stage.gives() {
        if stage.major() >= 14 && looks_at_rows(query) {
            // All that it might read, for as long as it takes to look.
            before.push_str("; GRANT pg_read_all_data TO ");
            before.push_str(&crate::domain::ident::role(running.role));
        }
        before.push_str("; ");
        before.push_str(&stage.becoming(running.role));
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
        // For several rows there is one text only where it is the same.
        let query = format!(
            "SELECT CASE WHEN min(made) = max(made) THEN min(made) END \
             FROM (SELECT ({expression})::text AS made FROM {from}) AS each"
        );
        let failure = match answer(stage, running, &query).await? {
            Ok(text) if unknown == 0 => return Ok(Some(Given::Whole(text))),
            Ok(text) => return Ok(Some(Given::WithoutValues(text))),
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

/// A body that assigns to NEW or its columns (PostgreSQL documentation, "Assignment" in PL/pgSQL).
const ASSIGNS_NEW: &str = r#"\mnew\s*(\.\s*(\w+|"[^"]+"))?\s*:=|(;|\mbegin|\mthen|\melse|\mloop)\s*new\s*\.\s*(\w+|"[^"]+")\s*=|\minto\s+(strict\s+)?new\M"#;

/// The rows that an INSERT fires a trigger for, where it is known what they are: no trigger changes them.
pub(super) async fn new_rows(
    stage: &Stage<'_>,
    (schema, table): (&str, &str),
    statement: &str,
) -> Result<Option<String>, Failure> {
    let parts = parts(statement);
    let [
        Part {
            with: Some(with),
            statement: one,
        },
    ] = parts.as_slice()
    else {
        return Ok(None);
    };
    let Some(Writing::Insert {
        relation,
        columns,
        rows,
        ..
    }) = writing(one)
    else {
        return Ok(None);
    };
    let Some(condition) = derived::by_name(&relation) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND n.nspname = {} AND c.relname = {} AND c.relkind = 'r' AND NOT EXISTS (SELECT \
         FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid WHERE g.tgrelid = c.oid \
         AND g.tgenabled <> 'D' AND (g.tgtype & 7) = 7 AND p.prosrc ~* {})",
        literal(schema),
        literal(table),
        literal(ASSIGNS_NEW)
    );
    let found = stage.session.query(&sql).await?.rows;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    if acts(stage, statement).await? {
        return Ok(None);
    }
    let rows = inserted(stage, &cell(row, 0), &columns, &rows).await?;
    Ok(Some(format!("{with} {rows}")))
}

/// What a trigger's function is told of the table that fires it, as a select list.
pub(super) fn of_trigger(event: &str, schema: &str, table: &str) -> String {
    let (schema, table) = (literal(schema), literal(table));
    format!(
        "{}::text AS tg_op, {table}::name AS tg_table_name, {table}::name AS tg_relname, \
         {schema}::name AS tg_table_schema",
        literal(event)
    )
}

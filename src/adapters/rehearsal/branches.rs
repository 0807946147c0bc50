//! Which branches a call takes, where constants decide.

use super::checked::harmless;
use super::need::{Row, cell};
use super::stage::Stage;
use crate::domain::diagnosis::body::{conditions, reassigns};
use crate::domain::diagnosis::checked::arguments_of;
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};
use crate::domain::sql::lexer::{TokenKind, tokens};
use std::collections::BTreeMap;

/// Working out a condition writes nothing, whatever it calls.
const BEFORE: &str = "SAVEPOINT pgiam_branch; SET LOCAL transaction_read_only = on";
const BACK: &str = "ROLLBACK TO SAVEPOINT pgiam_branch";

/// A routine that a statement calls.
pub(super) struct Called<'a> {
    pub(super) oid: &'a str,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// The statement that calls it.
    pub(super) by: &'a str,
}

/// The conditions of a routine's body that its arguments decide. Nothing is looked at but constants.
pub(super) async fn decided(
    stage: &Stage<'_>,
    called: &Called<'_>,
) -> Result<BTreeMap<String, bool>, Failure> {
    let mut holds = BTreeMap::new();
    let conditions = conditions(called.text);
    let Some(given) = arguments_of(called.by, called.name).filter(|_| !conditions.is_empty())
    else {
        return Ok(holds);
    };
    let Some(row) = arguments(stage, called, &given).await? else {
        return Ok(holds);
    };
    for condition in conditions {
        let other = tokens(&condition).iter().any(|token| {
            [
                "select",
                "current_user",
                "session_user",
                "user",
                "current_role",
            ]
            .iter()
            .any(|word| token.is(&condition, word))
        });
        if other || !harmless(stage, &[&condition, &row]).await? {
            continue;
        }
        let query = format!(
            "SELECT coalesce(({}), false) FROM (SELECT {row}) AS {}",
            by_name(&condition),
            quoted(called.name)
        );
        let _ = stage.session.query(BEFORE).await?;
        let told = stage.session.query(&query).await;
        let _ = stage.session.query(BACK).await?;
        let told = told.ok().and_then(|answer| answer.rows.into_iter().next());
        holds.extend(told.map(|row| (condition, cell(&row, 0) == "t")));
    }
    Ok(holds)
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

/// The arguments as a select list, each under its name and its place; those that the body changes
/// are left out.
async fn arguments(
    stage: &Stage<'_>,
    called: &Called<'_>,
    given: &[String],
) -> Result<Option<String>, Failure> {
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

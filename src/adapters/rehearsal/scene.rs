//! What is tried: texts, and as whom each of them speaks.

use super::spoken::spoken;
use super::unknown_values;
use crate::adapters::session::Session;
use crate::domain::diagnosis::evaluable::is_worked_out;
use crate::domain::diagnosis::trial::{EXPLAIN, explain, held_up_by, is_key, key_passed};
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// One text to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    /// What is sent.
    pub(super) text: String,
    /// Who speaks it; the role that asked where nobody is named.
    pub(super) speaker: Option<Speaker>,
}

/// Whom a body runs as, and what names mean in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Speaker {
    pub(super) role: String,
    pub(super) path: String,
    pub(super) names: Names,
}

/// How names become objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    /// They are looked up when it runs, which takes USAGE of the schemas.
    LookedUp,
    /// They were when the body was made: `BEGIN ATOMIC` keeps it parsed. What gives USAGE of the
    /// schemas for a trial.
    Bound(String),
}

/// Where a trial ended.
#[derive(Debug)]
pub(super) struct Stopped {
    /// The server's word.
    pub(super) failure: Failure,
    /// Which scene it was.
    pub(super) scene: usize,
}

/// What a trial came to: each scene's plan, or where it stopped.
pub(super) type Played = Result<Vec<Vec<String>>, Stopped>;

impl Scene {
    /// Spoken by the role that asked.
    pub(super) const fn own(text: String) -> Self {
        Self {
            text,
            speaker: None,
        }
    }

    /// From here on nothing can be written.
    pub(super) fn read_only() -> Self {
        Self::own("SET LOCAL transaction_read_only = on".to_owned())
    }

    /// Whether it is the statement's own query, run for what it refuses.
    pub(super) fn is_worked_out(&self) -> bool {
        is_worked_out(&self.text)
    }

    /// Whether it is planned, or run as a query.
    pub(super) fn is_query(&self) -> bool {
        self.text.starts_with(EXPLAIN) || self.is_worked_out()
    }

    /// Whether its names were looked up before it runs.
    pub(super) fn has_bound_names(&self) -> bool {
        let speaker = self.speaker.as_ref();
        speaker.is_some_and(|speaker| speaker.names != Names::LookedUp)
    }

    /// Whether a last name that nobody may truncate, or a kind of key, may hold it up.
    pub(super) fn is_held_up(&self) -> bool {
        held_up_by(&self.text).is_some() || is_key(&self.text)
    }

    /// Whether a failure says that all was passed that the role is asked for.
    pub(super) fn passed_by(&self, failure: &Failure) -> bool {
        key_passed(&self.text, &failure.message)
            || held_up_by(&self.text).is_some_and(|name| {
                failure
                    .message
                    .contains(&format!("{name} is a system catalog"))
            })
    }
}

/// Whom each scene is judged as: SET ROLE holds for those behind it.
pub(super) fn asking(role: &str, scenes: &[Scene]) -> Vec<String> {
    let own: Vec<String> = scenes
        .iter()
        .map(|scene| match &scene.speaker {
            Some(_) => String::new(),
            None => scene.text.clone(),
        })
        .collect();
    spoken(role, &own)
        .into_iter()
        .zip(scenes)
        .map(|(own, scene)| match &scene.speaker {
            Some(speaker) => speaker.role.clone(),
            None => own.role,
        })
        .collect()
}

/// Names that a statement in a body may have that mean nothing outside: variables, arguments, rows.
const MOST_VARIABLES: usize = 40;

/// A body's statement that can be planned by itself.
pub(super) struct Planned {
    /// As it is sent.
    pub(super) text: String,
    /// The plan of who looks.
    pub(super) plan: Vec<String>,
}

/// A body's statement as it can be planned by itself: variables become values that are not known, for
/// privileges do not depend on them. `None` where it cannot.
///
/// The server is asked, as who looks, which names mean nothing; columns win over variables as they
/// do in the body.
pub(super) async fn plannable(
    session: &Session,
    statement: &str,
    path: &str,
) -> Result<Option<Planned>, Failure> {
    let mut text = explain(statement);
    let mut open = statement.to_owned();
    let before = format!(
        "SAVEPOINT pgiam_body; SELECT pg_catalog.set_config('search_path', {}, true)",
        ident::literal(path)
    );
    for _ in 0..MOST_VARIABLES {
        // Sent apart: of a message that is no SQL, nothing is done.
        let _ = session.query(&before).await?;
        let tried = session.query(&text).await;
        let told = match &tried {
            Ok(_) => unknown_values::planned(session, &open).await?,
            Err(_) => None,
        };
        let _ = session.query("ROLLBACK TO SAVEPOINT pgiam_body").await?;
        let failure = match (tried, told) {
            (Ok(_), Some((text, plan))) => return Ok(Some(Planned { text, plan })),
            (Ok(answer), None) => {
                let plan = answer.rows.into_iter().flatten().flatten().collect();
                return Ok(Some(Planned { text, plan }));
            }
            (Err(failure), _) => failure,
        };
        let Some(next) = without_variable(&text, &failure) else {
            return Ok(None);
        };
        text = next;
        open = with_parameters(&open, &failure).unwrap_or(open);
    }
    Ok(None)
}

/// The text with NULL for the name that the server does not know.
pub(super) fn without_variable(text: &str, failure: &Failure) -> Option<String> {
    replaced(text, failure, &mut || "NULL".to_owned())
}

/// The same with a parameter of its own wherever the name stands.
fn with_parameters(text: &str, failure: &Failure) -> Option<String> {
    let number = |token: &Token| token.text(text).trim_start_matches('$').parse().ok();
    let parameters = tokens(text).into_iter();
    let mut last: u32 = parameters
        .filter(|token| token.kind == TokenKind::Parameter)
        .filter_map(|token| number(&token))
        .max()
        .unwrap_or_default();
    replaced(text, failure, &mut || {
        last += 1;
        format!("${last}")
    })
}

/// The text with something else wherever the name stands that the server does not know.
fn replaced(text: &str, failure: &Failure, by: &mut dyn FnMut() -> String) -> Option<String> {
    let (_, rest) = failure.message.split_once('"')?;
    let (name, _) = rest.split_once('"')?;
    let words = tokens(text);
    let named = |at: usize| {
        words
            .get(at)
            .and_then(|token| ident::parts(token.text(text)))
            .is_some_and(|parts| parts == [name])
    };
    let is = |at: usize, wanted: &str| {
        words
            .get(at)
            .is_some_and(|token| token.text(text) == wanted)
    };
    let record = failure.message.starts_with("missing FROM-clause entry");
    if !record && failure.sqlstate.as_deref() != Some("42703") {
        return None;
    }
    let mut found = String::new();
    let mut from = 0;
    let mut at = 0;
    while at < words.len() {
        let fits = named(at) && !is(at + 1, "(") && !is(at.wrapping_sub(1), ".");
        let end = match (fits, record, is(at + 1, ".")) {
            (true, true, true) => words.get(at + 2),
            (true, false, false) => words.get(at),
            _ => None,
        };
        if let (Some(start), Some(end)) = (words.get(at), end) {
            found.push_str(text.get(from..start.start)?);
            found.push_str(&by());
            from = end.end;
            at += if record { 2 } else { 0 };
        }
        at += 1;
    }
    found.push_str(text.get(from..)?);
    (from > 0).then_some(found)
}

/// The names that a plan calls as functions; the server writes out what is not in the path.
pub(super) fn called_in(plan: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in plan {
        let words: Vec<Token> = tokens(line);
        for pair in words.windows(2) {
            let [name, open] = pair else { continue };
            let names = [
                TokenKind::Identifier,
                TokenKind::QuotedIdentifier,
                TokenKind::Keyword,
            ];
            if open.text(line) == "(" && open.start == name.end && names.contains(&name.kind) {
                found.extend(ident::parts(name.text(line)).into_iter().flatten());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(message: &str, sqlstate: &str) -> Failure {
        let mut failure = Failure::local(message);
        failure.sqlstate = Some(sqlstate.into());
        failure
    }

    #[test]
    fn variables_become_null_and_columns_stay() {
        let column = unknown("column \"k\" does not exist", "42703");
        assert_eq!(
            without_variable("select a, t.k from t where id = k and k(k) > 0", &column).as_deref(),
            Some("select a, t.k from t where id = NULL and k(NULL) > 0")
        );
        let record = unknown("missing FROM-clause entry for table \"new\"", "42P01");
        assert_eq!(
            without_variable("insert into l values (NEW.id, new.\"A b\")", &record).as_deref(),
            Some("insert into l values (NULL, NULL)")
        );
        assert_eq!(
            with_parameters("select $1, new.a, new.b", &record).as_deref(),
            Some("select $1, $2, $3")
        );
        let other = unknown("relation \"k\" does not exist", "42P01");
        assert_eq!(without_variable("select k from k", &other), None);
    }

    #[test]
    fn functions_of_a_plan_are_told() {
        let plan = vec!["  Output: s.f(t.id), \"Odd one\"(1), (a + b)".to_owned()];
        assert_eq!(called_in(&plan), ["Odd one", "f"]);
    }
}

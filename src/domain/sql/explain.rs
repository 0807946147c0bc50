//! Which statements have a plan, and how it is asked for.
//!
//! Source: PostgreSQL source, `gram.y`, `ExplainableStmt`; documentation, "EXPLAIN".

use super::classify::{Kind, classify};
use super::lexer::{Token, TokenKind, tokens};
use super::split::statements;
use super::words::Words;

/// Whether the statement is only planned, or run and measured too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Planned.
    Planned,
    /// Run, its rows thrown away, and what it changed rolled back.
    Measured,
}

/// Whether running the statement writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// It reads, unless a function it calls writes.
    Reads,
    /// It writes.
    Writes,
}

/// A statement that has a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explainable {
    /// The statement, without an `EXPLAIN` that stood before it.
    pub statement: String,
    /// Whether running it writes.
    pub effects: Effects,
    /// Whether it has parameters (`$1`) without values.
    pub parameters: Parameters,
}

/// Whether a statement has parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    /// It has none.
    None,
    /// It has some, so that only its generic plan can be had.
    Open,
}

/// Why there is no plan to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unexplainable {
    /// There is no statement.
    #[error("there is no statement under the cursor")]
    Nothing,
    /// There are several.
    #[error("EXPLAIN takes one statement at a time: put the cursor into it, or select only it")]
    Several,
    /// Its kind has no plan.
    #[error(
        "{0} has no plan: EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE, EXECUTE, DECLARE, REFRESH and CREATE TABLE AS"
    )]
    Kind(String),
    /// Parameters without values, and a server too old for generic plans.
    #[error(
        "the statement has parameters without values; from PostgreSQL 16 on its generic plan can be shown"
    )]
    Parameters,
    /// Parameters without values cannot be run.
    #[error("a statement with parameters without values cannot be run: put values in their place")]
    CannotRun,
}

/// The statement to explain in a piece of text.
pub fn explainable(sql: &str) -> Result<Explainable, Unexplainable> {
    let mut pieces = statements(sql).into_iter();
    let piece = pieces
        .next()
        .and_then(|range| sql.get(range))
        .ok_or(Unexplainable::Nothing)?;
    if pieces.next().is_some() {
        return Err(Unexplainable::Several);
    }
    let statement = without_explain(piece);
    let words: Vec<Token> = tokens(statement)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .skip_while(|token| token.text(statement) == "(")
        .collect();
    let any = |word: &str| words.iter().any(|token| token.is(statement, word));
    let first = words
        .first()
        .map(|token| token.text(statement).to_ascii_lowercase())
        .unwrap_or_default();
    let planned = match first.as_str() {
        "select" | "with" | "values" | "table" | "insert" | "update" | "delete" | "merge"
        | "execute" | "declare" | "refresh" => true,
        "create" => any("as") && (any("table") || any("materialized")) && !any("function"),
        _ => false,
    };
    if !planned {
        let kind = if first.is_empty() { "this" } else { &first };
        return Err(Unexplainable::Kind(kind.to_uppercase()));
    }
    let reads = first != "execute" && classify(statement).kind == Kind::Read;
    let open = words
        .iter()
        .any(|token| matches!(token.kind, TokenKind::Parameter));
    Ok(Explainable {
        effects: if reads {
            Effects::Reads
        } else {
            Effects::Writes
        },
        parameters: if open {
            Parameters::Open
        } else {
            Parameters::None
        },
        statement: statement.to_owned(),
    })
}

/// Whether a statement is planned and nothing of it runs: EXPLAIN without ANALYZE, PREPARE, and
/// DECLARE, whose rows only FETCH makes.
#[must_use]
pub fn only_plans(sql: &str) -> bool {
    let words = Words::of_statement(sql);
    if words.is_any(0, &["prepare", "declare"]) {
        return !words.is(1, "transaction") && !words.has_any(&["hold"]);
    }
    let measures = |from: usize, to: usize| {
        (from..to).any(|at| {
            words.is_any(at, &["analyze", "analyse"])
                && !words.is_any(at + 1, &["off", "false", "0"])
        })
    };
    let options = if words.is(1, "(") {
        words.closing(1).unwrap_or(1)
    } else {
        3
    };
    words.is(0, "explain") && !measures(1, options)
}

/// The statement behind `EXPLAIN`, its options in either spelling skipped.
fn without_explain(sql: &str) -> &str {
    let words: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|token| token.is(sql, word));
    if !is(0, "explain") {
        return sql;
    }
    let mut at = 1;
    if words.get(1).is_some_and(|token| token.text(sql) == "(")
        && words
            .get(2)
            .is_some_and(|token| !token.is(sql, "select") && token.text(sql) != "(")
    {
        at = words
            .iter()
            .position(|token| token.text(sql) == ")")
            .map_or(words.len(), |close| close + 1);
    } else {
        while ["analyze", "analyse", "verbose"]
            .iter()
            .any(|word| is(at, word))
        {
            at += 1;
        }
    }
    words
        .get(at)
        .and_then(|token| sql.get(token.start..))
        .unwrap_or_default()
}

/// The command that asks a server of that major version for a plan.
pub fn command(
    explainable: &Explainable,
    depth: Depth,
    major: u32,
) -> Result<String, Unexplainable> {
    let mut options = vec!["FORMAT JSON", "SETTINGS"];
    match (depth, explainable.parameters) {
        (Depth::Measured, Parameters::Open) => return Err(Unexplainable::CannotRun),
        (Depth::Planned, Parameters::Open) if major < 16 => return Err(Unexplainable::Parameters),
        (Depth::Planned, Parameters::Open) => options.push("GENERIC_PLAN"),
        (Depth::Planned, Parameters::None) => {}
        (Depth::Measured, Parameters::None) => {
            options.extend(["ANALYZE", "BUFFERS"]);
            if explainable.effects == Effects::Writes && major >= 13 {
                options.push("WAL");
            }
        }
    }
    Ok(format!(
        "EXPLAIN ({}) {}",
        options.join(", "),
        explainable.statement
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_found_behind_an_explain_of_its_own() {
        for sql in [
            "select 1",
            "explain select 1",
            "EXPLAIN ANALYZE VERBOSE select 1",
            "explain (analyze, format json) select 1;",
            "/* x */ explain analyse select 1",
        ] {
            let found = explainable(sql).unwrap();
            assert_eq!(found.statement.trim(), "select 1", "{sql}");
            assert_eq!(found.effects, Effects::Reads, "{sql}");
        }
        assert_eq!(
            explainable("explain (select 1)").unwrap().statement,
            "(select 1)"
        );
    }

    #[test]
    fn what_writes_is_told_from_what_reads() {
        for sql in [
            "insert into t values (1)",
            "with x as (delete from t returning *) select * from x",
            "execute p(1)",
            "create table c as select 1",
            "refresh materialized view m",
            "select * into c from t",
        ] {
            assert_eq!(explainable(sql).unwrap().effects, Effects::Writes, "{sql}");
        }
    }

    #[test]
    fn what_has_no_plan_is_named() {
        assert_eq!(
            explainable("vacuum t"),
            Err(Unexplainable::Kind("VACUUM".into()))
        );
        assert_eq!(
            explainable("create index on t (a)"),
            Err(Unexplainable::Kind("CREATE".into()))
        );
        assert_eq!(explainable(" -- x"), Err(Unexplainable::Nothing));
        assert_eq!(
            explainable("select 1; select 2"),
            Err(Unexplainable::Several)
        );
    }

    #[test]
    fn open_parameters_need_a_generic_plan() {
        let found = explainable("select * from t where a = $1").unwrap();
        assert_eq!(
            command(&found, Depth::Planned, 15),
            Err(Unexplainable::Parameters)
        );
        assert!(
            command(&found, Depth::Planned, 16)
                .unwrap()
                .contains("GENERIC_PLAN")
        );
        assert_eq!(
            command(&found, Depth::Measured, 16),
            Err(Unexplainable::CannotRun)
        );
    }

    #[test]
    fn what_only_plans_runs_nothing() {
        for (sql, planned) in [
            ("explain select f()", true),
            ("EXPLAIN (costs off, analyze false) delete from t", true),
            ("explain verbose select 1", true),
            ("explain (select 1)", true),
            ("prepare p as delete from t", true),
            ("declare c cursor for select f()", true),
            ("declare c cursor with hold for select f()", false),
            ("prepare transaction 'x'", false),
            ("explain analyze select f()", false),
            ("explain (verbose, analyze) select f()", false),
            ("select 1", false),
        ] {
            assert_eq!(only_plans(sql), planned, "{sql}");
        }
    }
}

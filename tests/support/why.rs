//! Refusals explained, and what the server itself says to a role.

use pgiam::adapters::rehearsal::{Question, Rehearse, explain};
use pgiam::adapters::session::Session;
use pgiam::domain::diagnosis::WhyReport;
use pgiam::domain::failure::Failure;
use pgiam::domain::ident;

/// What is explained of a statement, tried where it can be.
pub(crate) async fn why(session: &Session, role: &str, statement: &str) -> WhyReport {
    ask(session, role, Some(statement), Rehearse::WherePossible).await
}

/// What is explained of a statement, or of signing in.
pub(crate) async fn ask(
    session: &Session,
    role: &str,
    statement: Option<&str>,
    rehearse: Rehearse,
) -> WhyReport {
    let question = Question {
        role: role.into(),
        statement: statement.map(str::to_owned),
        refusal: None,
        search_path: None,
        rehearse,
    };
    explain(session, &question).await.unwrap()
}

/// What the server says to a role after some grants; everything is rolled back.
pub(crate) async fn said(
    session: &Session,
    role: &str,
    grants: &[&str],
    statement: &str,
) -> Option<String> {
    session.query("BEGIN").await.unwrap();
    for grant in grants {
        session.query(grant).await.unwrap();
    }
    let failure = refused(session, role, statement).await;
    session.query("ROLLBACK").await.unwrap();
    failure.map(|failure| failure.message)
}

/// The server's refusal of a statement that a role runs.
pub(crate) async fn refused(session: &Session, role: &str, statement: &str) -> Option<Failure> {
    let becoming = format!("SET SESSION AUTHORIZATION {}", ident::literal(role));
    session.query(&becoming).await.unwrap();
    session.query(statement).await.err()
}

/// The lines that hold for a version, with the options of memberships in its words: `{inherit}`, `{set}`
/// and `{admin}`. A line that begins with a number holds from that version on, one that begins with `<`
/// and a number before it.
pub(crate) fn for_version(lines: &[&str], major: u32) -> Vec<String> {
    let options = |line: &str| {
        let words = if major < 16 {
            ["", "", " WITH ADMIN OPTION"]
        } else {
            [
                " WITH INHERIT TRUE, SET FALSE",
                " WITH INHERIT FALSE, SET TRUE",
                " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
            ]
        };
        line.replace("{inherit}", words[0])
            .replace("{set}", words[1])
            .replace("{admin}", words[2])
    };
    let mut found: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (before, rest) = line.split_once(' ')?;
            if let Some(version) = before.strip_prefix('<') {
                return (major < version.parse().unwrap()).then(|| options(rest));
            }
            match before.parse::<u32>() {
                Ok(version) => (major >= version).then(|| options(rest)),
                Err(_) => Some(options(line)),
            }
        })
        .collect();
    found.sort();
    found
}

/// The statements of the first fix, in order.
pub(crate) fn first_fix(report: &WhyReport) -> Vec<String> {
    let mut statements = report
        .fixes
        .first()
        .map(|fix| fix.statements.clone())
        .unwrap_or_default();
    statements.sort();
    statements
}

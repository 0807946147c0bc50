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

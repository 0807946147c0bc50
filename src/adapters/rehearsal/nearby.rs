//! What there is of a name that the server did not find: in another schema, or in capitals.

use super::need::cell;
use crate::adapters::session::Session;
use crate::domain::diagnosis::{Mark, Outcome, Reason, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, parts};

/// Says where a relation of that name is, where the statement failed for not finding it.
pub(super) async fn point_out(session: &Session, report: &mut WhyReport) -> Result<(), Failure> {
    let mut named = missing(report);
    let Some(name) = named.pop() else {
        return Ok(());
    };
    let advice = if named.is_empty() {
        ": name its schema, or put it on the search path"
    } else {
        ", in another schema than the one named"
    };
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relname = {wanted} \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE pg_catalog.lower(c.relname) = pg_catalog.lower({wanted}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
         AND n.nspname !~ '^pg_(toast|temp)' ORDER BY 2 DESC, 1 LIMIT {MOST}",
        wanted = literal(&name)
    );
    let rows = session.query(&sql).await?.rows;
    let places = |same: &str| -> Vec<String> {
        let alike = rows.iter().filter(|row| cell(row, 1) == same);
        alike.map(|row| cell(row, 0)).collect()
    };
    let (same, capitals) = (places("t"), places("f"));
    let text = if !same.is_empty() {
        format!("there is {}{advice}", same.join(", "))
    } else if !capitals.is_empty() {
        format!(
            "there is {}: without quotes a name is read in small letters",
            capitals.join(", ")
        )
    } else {
        return Ok(());
    };
    report.because.push(Reason {
        mark: Mark::Measured,
        text,
    });
    Ok(())
}

/// Places that are named.
const MOST: u32 = 3;

/// The relation that was not found, its schema before it where one was named; empty where none is
/// missing. The server quotes it in its message, in every
/// language in some way; what stands between the quotes is as it is kept, dots and all.
fn missing(report: &WhyReport) -> Vec<String> {
    let failure = report.refusal.as_ref().filter(|failure| {
        report.outcome == Outcome::Failed && failure.sqlstate.as_deref() == Some("42P01")
    });
    let quoted = failure.and_then(|failure| {
        let (_, behind) = failure.message.split_once(['"', '«', '„', '“'])?;
        behind.rsplit_once(['"', '»', '“', '”'])
    });
    let Some((name, _)) = quoted else {
        return Vec::new();
    };
    let written = format!(
        "\"{}\"",
        name.trim().replace('"', "\"\"").replace('.', "\".\"")
    );
    parts(&written).unwrap_or_default()
}

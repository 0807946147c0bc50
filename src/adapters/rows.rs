//! The rows of catalog queries, still in the arenas they arrived in: 200,000 columns would be a
//! million small strings otherwise.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::session::Session;
use crate::domain::failure::Failure;
use crate::domain::rows::{Cell, RowBatch};
use crate::domain::run::RunEvent;

/// Batches that may wait to be taken apart.
const WAITING: usize = 8;

/// The rows of a query.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<Arc<RowBatch>>);

impl<'a> IntoIterator for &'a Rows {
    type Item = (&'a RowBatch, usize);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + Send + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(
            self.0
                .iter()
                .flat_map(|batch| (0..batch.rows()).map(move |row| (batch.as_ref(), row))),
        )
    }
}

/// Runs one query and returns its rows.
pub(super) async fn rows(session: &Session, sql: &str) -> Result<Rows, Failure> {
    Ok(results(session, sql).await?.pop().unwrap_or_default())
}

/// Runs queries separated by semicolons in one round trip; returns the rows of each that has any
/// columns, in order.
pub(super) async fn results(session: &Session, sql: &str) -> Result<Vec<Rows>, Failure> {
    let (sender, mut events) = mpsc::channel(WAITING);
    let statements = [sql.to_owned()];
    let run = async move {
        // Moved in, so that the channel closes when the run is over.
        let sender = sender;
        session.run(&statements, &sender).await;
    };
    let collect = async {
        let mut results: Vec<Rows> = Vec::new();
        let mut failure = None;
        while let Some(event) = events.recv().await {
            match event {
                RunEvent::Columns(_) => results.push(Rows::default()),
                RunEvent::Rows(batch) => {
                    if let Some(last) = results.last_mut() {
                        last.0.push(batch);
                    }
                }
                RunEvent::Failed(refused) => failure = Some(refused),
                RunEvent::Started { .. }
                | RunEvent::Committing { .. }
                | RunEvent::Completed(_)
                | RunEvent::Notice(_)
                | RunEvent::Copied(_)
                | RunEvent::Moved { .. }
                | RunEvent::Transaction(_)
                | RunEvent::Parameter { .. }
                | RunEvent::Finished => {}
            }
        }
        failure.map_or(Ok(results), Err)
    };
    let ((), collected) = tokio::join!(run, collect);
    collected
}

/// The cell as text; `None` for NULL.
pub(super) fn cell(batch: &RowBatch, row: usize, column: usize) -> Option<&str> {
    batch.cell(row, column).and_then(Cell::text)
}

/// The cell as text; empty for NULL, which a `has_…_privilege` answers for what has just gone.
pub(super) fn word(batch: &RowBatch, row: usize, column: usize) -> &str {
    cell(batch, row, column).unwrap_or_default()
}

/// The cell as text of its own.
pub(super) fn text(batch: &RowBatch, row: usize, column: usize) -> String {
    word(batch, row, column).to_owned()
}

/// The cell as a number; 0 if it is none.
pub(super) fn number(batch: &RowBatch, row: usize, column: usize) -> u32 {
    word(batch, row, column).parse().unwrap_or(0)
}

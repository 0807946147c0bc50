//! `pgiam query`: SQL in, rows out, streaming.

use std::io::{self, BufWriter, Stdout, Write};

use tokio::signal::ctrl_c;
use tokio::sync::mpsc;

use super::args::Query;
use super::context::{Context, Ended, complain, script, tell_failure, tell_position};
use super::exit::Exit;
use crate::adapters::connect::Limits;
use crate::adapters::storage::settings;
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::rows::RowBatch;
use crate::domain::run::{Notice, RunEvent};
use crate::domain::sql::classify::{Kind, classify};
use crate::domain::sql::split::statements;

/// Batches on their way to the writer; a slow reader holds the server back.
const QUEUE: usize = 4;

pub(super) async fn run(context: &mut Context, options: &Query) -> Result<Exit, Ended> {
    let text = script(&options.script)?;
    let found: Vec<String> = statements(&text)
        .into_iter()
        .filter_map(|range| text.get(range).map(str::to_owned))
        .collect();
    if found.is_empty() {
        return Err(Ended::Usage("there is no statement to run".to_owned()));
    }
    if let Some(copy) = found.iter().find(|statement| needs_streams(statement)) {
        return Err(Ended::Usage(format!(
            "COPY with the client's streams is not run here: pgiam exec {} -- psql -c {copy:?}",
            options.target
        )));
    }
    let profile = context.target(&options.target)?;
    let settings = settings::read(&context.directories.settings()).map_err(Ended::Failed)?;
    context.connector.limits = Limits::Person(settings.timeouts.into());
    let session = tokio::select! {
        session = context.connect(&profile) => session?,
        _ = ctrl_c() => return Ok(Exit::Interrupted),
    };
    let (events, mut happened) = mpsc::channel(QUEUE);
    let mut printer = Printer::new(options.format.format(), &found);
    let running = async {
        session.run(&found, &events).await;
        drop(events);
    };
    let printing = async move {
        while let Some(event) = happened.recv().await {
            printer.take(event)?;
        }
        Ok::<_, Ended>(printer)
    };
    // Printing that ends early drops its end of the channel, and the session cancels.
    let work = async { tokio::join!(running, printing) };
    tokio::select! {
        ((), outcome) = work => outcome.map(|printer| printer.exit),
        _ = ctrl_c() => {
            // Dropping the run would leave the server at work until it next writes.
            let _ = session.canceller().cancel().await;
            Ok(Exit::Interrupted)
        }
    }
}

fn needs_streams(statement: &str) -> bool {
    matches!(
        classify(statement).kind,
        Kind::CopyFromStdin | Kind::CopyToStdout
    )
}

/// Prints what happens.
struct Printer<'a> {
    format: Format,
    statements: &'a [String],
    current: usize,
    result: Option<Exporter<BufWriter<Stdout>>>,
    exit: Exit,
}

impl<'a> Printer<'a> {
    const fn new(format: Format, statements: &'a [String]) -> Self {
        Self {
            format,
            statements,
            current: 0,
            result: None,
            exit: Exit::Done,
        }
    }

    fn take(&mut self, event: RunEvent) -> Result<(), Ended> {
        match event {
            RunEvent::Started { index } => self.current = index,
            RunEvent::Columns(columns) => {
                self.end_result()?;
                self.result = Some(Exporter::begin(
                    BufWriter::new(io::stdout()),
                    self.format,
                    &columns,
                )?);
            }
            RunEvent::Rows(batch) => self.rows(&batch)?,
            RunEvent::Completed(completed) => {
                let had_rows = self.result.is_some();
                self.end_result()?;
                if !had_rows && self.format == Format::Table && !completed.tag.is_empty() {
                    writeln!(io::stdout(), "{}", completed.tag)?;
                }
            }
            RunEvent::Failed(failure) => {
                self.end_result()?;
                self.fail(&failure);
            }
            RunEvent::Notice(notice) => tell_notice(&notice),
            RunEvent::Transaction(_)
            | RunEvent::Committing { .. }
            | RunEvent::Parameter { .. }
            | RunEvent::Finished => {}
        }
        Ok(())
    }

    fn rows(&mut self, batch: &RowBatch) -> Result<(), Ended> {
        let Some(result) = &mut self.result else {
            return Ok(());
        };
        for row in 0..batch.rows() {
            result.row(batch.row(row))?;
        }
        Ok(())
    }

    fn end_result(&mut self) -> Result<(), Ended> {
        if let Some(result) = self.result.take() {
            let _ = result.end()?;
        }
        Ok(())
    }

    fn fail(&mut self, failure: &Failure) {
        tell_failure(failure);
        if let Some(statement) = self.statements.get(self.current) {
            tell_position(statement, failure);
        }
        self.exit = match (failure.origin, failure.phase) {
            (Origin::Lost, _) | (_, Phase::Connecting(_)) => Exit::Unreachable,
            (Origin::Server, _) => Exit::Found,
            _ => Exit::Failed,
        };
    }
}

fn tell_notice(notice: &Notice) {
    let mut text = format!("{}: {}", notice.severity, notice.message);
    for (label, value) in [("DETAIL", &notice.detail), ("HINT", &notice.hint)] {
        if let Some(value) = value {
            text = format!("{text}\n{label}: {value}");
        }
    }
    complain(&text);
}

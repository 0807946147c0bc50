//! `pgiam query`: SQL in, rows out, streaming.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Write, stdout};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::args::Query;
use super::context::{Context, Ended, complain, script, tell_failure, tell_position};
use super::exit::Exit;
use super::output::Output;
use crate::adapters::connect::Limits;
use crate::adapters::session::{Session, Streams};
use crate::adapters::storage::settings;
use crate::domain::export::{Exporter, Format};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::run::{Notice, RunEvent};
use crate::domain::sql::classify::{Kind, classify};
use crate::domain::sql::split::statements;
use crate::domain::sql::variables;

/// Batches on their way to the writer; a slow reader holds the server back.
const QUEUE: usize = 4;

pub(super) async fn run(context: &mut Context, options: &Query) -> Result<Exit, Ended> {
    let values: BTreeMap<String, String> = options.variables.iter().cloned().collect();
    let text = variables::put_in(&script(&options.script)?, &values);
    let found: Vec<String> = statements(&text)
        .into_iter()
        .filter_map(|range| text.get(range).map(str::to_owned))
        .collect();
    if found.is_empty() {
        return Err(Ended::Usage("there is no statement to run".to_owned()));
    }
    let reads = |statement: &String| classify(statement).kind == Kind::CopyFromStdin;
    if options.script.reads_input() && found.iter().any(reads) {
        return Err(Ended::Usage(
            "COPY … FROM STDIN needs standard input for its data: give the SQL with -c or -f"
                .to_owned(),
        ));
    }
    can_be_written(options)?;
    let profile = context.target(&options.target)?;
    let settings = settings::read(&context.directories.settings()).map_err(Ended::Failed)?;
    context.connector.limits = Limits::Person(settings.timeouts.into());
    let mut stop = Interrupts::new()?;
    let session = tokio::select! {
        session = context.connect(&profile) => session?,
        () = stop.any() => return Ok(Exit::Interrupted),
    };
    let output = Output::open(options.output.as_deref())?;
    let printer = Printer::new(options.format.format(), found.clone(), output.writer()?);
    let exit = tokio::select! {
        exit = print(&session, &found, printer) => exit?,
        () = stop.any() => {
            // Dropping the run would leave the server at work until it next writes.
            let _ = session.canceller().cancel().await;
            return Ok(Exit::Interrupted);
        }
    };
    if exit == Exit::Done {
        output.keep()?;
    }
    Ok(exit)
}

/// Refuses, before anything runs, a format that the output cannot have.
fn can_be_written(options: &Query) -> Result<(), Ended> {
    let format = options.format.format();
    if let Some(missing) = format.missing() {
        return Err(Ended::Usage(missing.to_owned()));
    }
    if format.is_columnar() && options.output.is_none() && stdout().is_terminal() {
        return Err(Ended::Usage(
            "this format is binary: give a file with -o, or pipe it into a program".to_owned(),
        ));
    }
    Ok(())
}

/// Runs the statements; a thread of its own prints, so that a reader that does not read blocks
/// neither an interrupt nor what the server has to say.
async fn print(session: &Session, found: &[String], mut printer: Printer) -> Result<Exit, Ended> {
    let (events, mut happened) = mpsc::channel(QUEUE);
    let (ended, told) = oneshot::channel();
    let _printing = std::thread::spawn(move || {
        let mut outcome = Ok(());
        while let Some(event) = happened.blocking_recv() {
            outcome = printer.take(event);
            if outcome.is_err() {
                break;
            }
        }
        // Printing that ends early closes the channel, and the session cancels.
        drop(happened);
        let _ = ended.send(outcome.map(|()| printer.exit));
    });
    let input = Streams::Given(Box::new(tokio::io::stdin()));
    session.run_with(found, input, &events).await;
    drop(events);
    told.await.unwrap_or(Ok(Exit::Failed))
}

/// The signals that ask the program to stop.
struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Interrupts {
    fn new() -> Result<Self, Ended> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        let _ = tokio::select! {
            seen = self.interrupt.recv() => seen,
            seen = self.terminate.recv() => seen,
            seen = self.hang_up.recv() => seen,
        };
    }
}

/// Prints what happens.
struct Printer {
    format: Format,
    statements: Vec<String>,
    current: usize,
    out: File,
    result: Option<Exporter<File>>,
    /// Whether a result has begun.
    had_result: bool,
    exit: Exit,
}

impl Printer {
    const fn new(format: Format, statements: Vec<String>, out: File) -> Self {
        Self {
            format,
            statements,
            current: 0,
            out,
            result: None,
            had_result: false,
            exit: Exit::Done,
        }
    }

    fn take(&mut self, event: RunEvent) -> Result<(), Ended> {
        match event {
            RunEvent::Started { index } => self.current = index,
            RunEvent::Columns(columns) => {
                self.end_result()?;
                if self.format.is_columnar() && std::mem::replace(&mut self.had_result, true) {
                    return Err(Ended::Usage(
                        "a file of columns holds one result: give one statement with rows"
                            .to_owned(),
                    ));
                }
                let out = self.out.try_clone()?;
                self.result = Some(Exporter::begin(out, self.format, &columns)?);
            }
            RunEvent::Rows(batch) => {
                if let Some(result) = &mut self.result {
                    result.batch(&batch)?;
                    // The next rows may be long in coming.
                    result.hand_on()?;
                }
            }
            RunEvent::Copied(bytes) => self.out.write_all(&bytes)?,
            RunEvent::Completed(completed) => {
                let had_rows = self.result.is_some() || self.copies_out();
                self.end_result()?;
                if !had_rows && self.format == Format::Table && !completed.tag.is_empty() {
                    writeln!(self.out, "{}", completed.tag)?;
                }
            }
            RunEvent::Failed(failure) => {
                if self.format.is_columnar() {
                    // With its end, a file that lacks rows would read as complete.
                    self.result = None;
                } else {
                    self.end_result()?;
                }
                self.fail(&failure);
            }
            RunEvent::Notice(notice) => tell_notice(&notice),
            RunEvent::Moved { .. }
            | RunEvent::Transaction(_)
            | RunEvent::Committing { .. }
            | RunEvent::Parameter { .. }
            | RunEvent::Finished => {}
        }
        Ok(())
    }

    /// Whether the current statement's data went to the output, where a tag would be taken for data.
    fn copies_out(&self) -> bool {
        self.statements
            .get(self.current)
            .is_some_and(|statement| classify(statement).kind == Kind::CopyToStdout)
    }

    fn end_result(&mut self) -> Result<(), Ended> {
        if let Some(result) = self.result.take() {
            drop(result.end()?);
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

//! `pgiam` and `pgiam connect`: the interface.

use super::args::Connect;
use super::context::{Context, Ended};
use super::exit::Exit;
use crate::tui::run::{Start, run};
use crate::tui::worker::Worker;

/// The connections screen.
pub(super) async fn screen(context: &Context) -> Result<Exit, Ended> {
    show(context, Start::Connections).await
}

/// The workspace of a target.
pub(super) async fn connect(context: &mut Context, options: &Connect) -> Result<Exit, Ended> {
    let profile = context.target(&options.target)?;
    show(context, Start::Connect(Box::new(profile))).await
}

async fn show(context: &Context, start: Start) -> Result<Exit, Ended> {
    let (worker, arrivals) = Worker::new(context.connector.clone(), context.directories.clone());
    run(start, worker, arrivals).await.map_err(Ended::Failed)?;
    Ok(Exit::Done)
}

//! `pgiam completions` and `pgiam man`, for packagers.

use std::io::{self, Write};

use clap::CommandFactory;

use super::args::Arguments;
use super::context::Ended;
use super::exit::Exit;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, Ended> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pgiam", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn manual() -> Result<Exit, Ended> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Exit::Done)
}

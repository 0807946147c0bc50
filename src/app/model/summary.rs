//! What is worked out about columns: the statistics of one, a plot of one or two.

use super::lens::Work;
use crate::app::message::Ticket;
use crate::domain::failure::Failure;
use crate::domain::rows::scan::{Figure, Points, Progress, Summary};

/// Something a task works out.
#[derive(Debug)]
pub enum Finding<T> {
    /// It goes on.
    Working(Work),
    /// Here it is.
    Here(T),
    /// It could not be worked out.
    Failed(Failure),
}

impl<T> Finding<T> {
    /// Work that has just begun.
    #[must_use]
    pub fn new(ticket: Ticket) -> Self {
        Self::Working(Work::new(ticket))
    }

    /// The ticket of the work that goes on.
    #[must_use]
    pub const fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Working(work) => Some(work.ticket),
            Self::Here(_) | Self::Failed(_) => None,
        }
    }

    /// Takes note of how far the work is.
    pub fn moved(&mut self, progress: Progress) {
        if let Self::Working(work) = self {
            work.progress = progress;
        }
    }
}

/// The statistics of a column, on top of the screen.
#[derive(Debug)]
pub struct Statistics {
    /// Which column of the result.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub finding: Finding<Box<Summary>>,
    /// Lines scrolled away.
    pub top: usize,
}

/// A plot, on top of the screen.
#[derive(Debug)]
pub struct Chart {
    /// The column along; `None` counts rows.
    pub x: Option<usize>,
    /// The column up.
    pub y: usize,
    /// What is drawn.
    pub figure: Figure,
    /// The points.
    pub finding: Finding<Points>,
}

/// The next figure.
#[must_use]
pub const fn next_figure(figure: Figure) -> Figure {
    match figure {
        Figure::Line => Figure::Scatter,
        Figure::Scatter => Figure::Bars,
        Figure::Bars => Figure::Line,
    }
}

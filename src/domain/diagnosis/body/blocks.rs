//! Blocks of a body, and what their handlers catch.

use super::{Course, Reader};
use crate::domain::sql::lexer::Token;
use std::collections::VecDeque;

/// What catches a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Catches {
    /// A handler that goes on: this one, counted from one.
    Refusals(usize),
    /// Nothing.
    Nothing,
}

/// A block that is open.
pub(super) struct Block {
    catches: Catches,
    /// Which of its handlers is read; none of them while it is nought.
    handler: usize,
}

impl Block {
    /// Whether what is read runs where something is refused: the handler, if there is one, else the
    /// block. A handler of other failures is not for what is asked.
    pub(super) const fn runs(&self) -> bool {
        match self.catches {
            Catches::Refusals(handler) => self.handler == handler,
            Catches::Nothing => self.handler == 0,
        }
    }
}

impl Reader<'_> {
    /// A block begins.
    pub(super) fn block(&mut self) {
        let catches = self.handlers.pop_front().unwrap_or(Catches::Nothing);
        self.blocks.push(Block {
            catches,
            handler: 0,
        });
    }

    /// A handler begins.
    pub(super) fn handler(&mut self) {
        if let Some(block) = self.blocks.last_mut() {
            block.handler += 1;
        }
        if self.live() {
            self.found.course = self.found.course.max(Course::Open);
        }
    }
}

/// What each block of a body catches, in the order that they begin. The first handler that fits is the
/// one that runs.
pub(super) fn handlers(body: &str, pieces: &[&[Token]]) -> VecDeque<Catches> {
    let mut all: Vec<Catches> = Vec::new();
    let mut open: Vec<(usize, Part, usize)> = Vec::new();
    for piece in pieces {
        let is = |at: usize, word: &str| piece.get(at).is_some_and(|token| token.is(body, word));
        let any = |at: usize, words: &[&str]| words.iter().any(|word| is(at, word));
        let last = piece.len().saturating_sub(1);
        if is(last, "begin") {
            open.push((all.len(), Part::Itself, 0));
            all.push(Catches::Nothing);
            continue;
        }
        let Some((at, part, handler)) = open.last_mut() else {
            continue;
        };
        let begins = is(0, "exception") || (is(0, "when") && *part != Part::Itself);
        if is(last, "then") && begins {
            *handler += 1;
            let fits = (1..last).any(|at| any(at, &["insufficient_privilege", "others"]));
            *part = match part {
                Part::Fitting | Part::Behind => Part::Behind,
                Part::Itself | Part::Other if fits => Part::Fitting,
                Part::Itself | Part::Other => Part::Other,
            };
            if *part == Part::Fitting
                && let Some(catches) = all.get_mut(*at)
            {
                *catches = Catches::Refusals(*handler);
            }
        } else if is(0, "end") && !any(1, &["if", "loop", "case"]) {
            let _ = open.pop();
        } else if is(0, "raise")
            && *part == Part::Fitting
            && !any(1, &["notice", "warning", "info", "log", "debug"])
            && let Some(catches) = all.get_mut(*at)
        {
            // What it raises is as good as what was refused.
            *catches = Catches::Nothing;
        }
    }
    all.into()
}

/// What of a block is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Itself,
    /// A handler of other failures.
    Other,
    /// The handler of refusals.
    Fitting,
    /// Handlers behind that.
    Behind,
}

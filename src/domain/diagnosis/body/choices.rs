//! Branches of a body: which of them run, as far as it is known.

use super::event;
use super::known::key;
use super::values::Values;
use super::{About, Course, Holds, Question, Reader, Rows, looks_at_rows, names_rows};
use crate::domain::sql::lexer::{Token, tokens};

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Runs {
    Never,
    Perhaps,
    Surely,
}

impl From<Option<bool>> for Runs {
    fn from(holds: Option<bool>) -> Self {
        match holds {
            Some(false) => Self::Never,
            None => Self::Perhaps,
            Some(true) => Self::Surely,
        }
    }
}

/// One IF or CASE that is open.
pub(super) struct Branch {
    /// Whether what follows runs, if the IF does.
    now: Runs,
    /// Whether this branch or an earlier one does.
    any: Runs,
    /// What was known before.
    before: Values,
    /// What is known at the end of each branch that may run.
    ends: Vec<Values>,
    /// What does not hold for the rows that come by all branches so far.
    passed: Vec<String>,
    /// What holds for those that take this branch.
    taken: Option<String>,
    /// What a CASE compares; empty for one of conditions. `None` for an IF.
    case: Option<String>,
    /// How many blocks were open when it began.
    depth: usize,
}

impl Reader<'_> {
    /// `IF …`, `ELSIF …`, `CASE … WHEN …`, `WHEN …`: the condition may read as well.
    pub(super) fn condition(&mut self, piece: &[Token]) {
        let behind = piece.get(1..).unwrap_or_default();
        let depth = self.blocks.len();
        let in_case = self
            .branches
            .last()
            .is_some_and(|branch| branch.case.is_some() && branch.depth == depth);
        if self.starts(piece, &["if"]) {
            let condition = self.span(behind).to_owned();
            self.first(&condition, behind, None);
        } else if self.starts(piece, &["elsif", "elseif"]) {
            let condition = self.span(behind).to_owned();
            self.next(&condition, behind);
        } else if self.starts(piece, &["case"]) {
            let when = self.of_case(piece);
            let compared = self.span(piece.get(1..when).unwrap_or_default()).to_owned();
            let behind = piece.get(when + 1..).unwrap_or_default();
            let condition = compares(&compared, self.span(behind));
            self.first(
                &condition,
                piece.get(1..).unwrap_or_default(),
                Some(compared),
            );
        } else if self.starts(piece, &["when"]) && in_case {
            let case = self.branches.last().and_then(|branch| branch.case.clone());
            let condition = compares(&case.unwrap_or_default(), self.span(behind));
            self.next(&condition, behind);
        } else {
            self.handler();
        }
    }

    /// The place of the WHEN that belongs to a CASE at the start.
    fn of_case(&self, piece: &[Token]) -> usize {
        let mut depth = 0_i32;
        (1..piece.len())
            .find(|at| {
                match piece.get(*at).map_or("", |token| token.text(self.body)) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0 && self.is(piece, *at, "when")
            })
            .unwrap_or(piece.len())
    }

    /// The first branch; `read` are the words that are worked out for it.
    fn first(&mut self, condition: &str, read: &[Token], case: Option<String>) {
        let (holds, taken) = self.met(condition);
        let holds = Runs::from(holds);
        self.read_condition(read);
        self.branches.push(Branch {
            now: holds,
            any: holds,
            before: self.values.clone(),
            ends: Vec::new(),
            passed: Vec::new(),
            taken,
            case,
            depth: self.blocks.len(),
        });
    }

    /// A further one.
    fn next(&mut self, condition: &str, read: &[Token]) {
        self.end_of_branch();
        let (holds, taken) = self.met(condition);
        let holds = Runs::from(holds);
        if let Some(branch) = self.branches.last_mut() {
            branch.taken = taken;
            branch.now = match (branch.any, holds) {
                (Runs::Surely, _) | (_, Runs::Never) => Runs::Never,
                (Runs::Never, holds) => holds,
                (Runs::Perhaps, _) => Runs::Perhaps,
            };
            branch.any = branch.any.max(holds);
        }
        self.read_condition(read);
    }

    /// Whether a condition holds, as far as it is known, and itself where it does for some rows alone.
    fn met(&mut self, condition: &str) -> (Option<bool>, Option<String>) {
        let text = self.values.told(condition);
        let of_event = self
            .known
            .event
            .and_then(|event| event::holds(condition, event, &tokens(condition)));
        match self.decide(&text, of_event) {
            Some(Holds::Always) => (Some(true), None),
            Some(Holds::Never) => (Some(false), None),
            Some(Holds::ForSome) => (None, Some(format!("coalesce(({text}), false)"))),
            None => (None, None),
        }
    }

    /// What is known of a condition decides, or it is asked for.
    pub(super) fn decide(&mut self, text: &str, of_event: Option<bool>) -> Option<Holds> {
        let under = self.under();
        let holds = self.known.holds.get(&key(text, &under)).copied();
        let holds = holds
            .or_else(|| of_event.map(|holds| if holds { Holds::Always } else { Holds::Never }));
        if !self.live() {
            return holds;
        }
        let rows = looks_at_rows(text);
        // What the body itself changed before is not there yet.
        let holds = holds.filter(|_| !(rows && self.written));
        let there = self.known.rows == Rows::There && of_event.is_none() && names_rows(text);
        let course = match holds {
            None => Course::Open,
            Some(_) if rows || there => Course::ByRows,
            Some(_) => Course::Straight,
        };
        self.found.course = self.found.course.max(course);
        if holds.is_none() && !(rows && self.written) {
            self.found.questions.push(Question {
                expression: text.to_owned(),
                about: About::Condition,
                under,
            });
        }
        holds
    }

    /// What holds for the rows that come here, of what holds for some of them alone.
    pub(super) fn under(&self) -> Vec<String> {
        self.branches
            .iter()
            .flat_map(|branch| branch.passed.iter().chain(&branch.taken).cloned())
            .collect()
    }

    pub(super) fn otherwise(&mut self, piece: &[Token]) {
        self.end_of_branch();
        if let Some(branch) = self.branches.last_mut() {
            branch.now = match branch.any {
                Runs::Never => Runs::Surely,
                Runs::Perhaps => Runs::Perhaps,
                Runs::Surely => Runs::Never,
            };
            branch.any = Runs::Surely;
        }
        self.statement(piece);
    }

    /// Another branch begins with what was known before the first.
    fn end_of_branch(&mut self) {
        if let Some(branch) = self.branches.last_mut() {
            branch
                .passed
                .extend(branch.taken.take().map(|taken| format!("NOT {taken}")));
            let end = std::mem::replace(&mut self.values, branch.before.clone());
            if branch.now != Runs::Never {
                branch.ends.push(end);
            }
        }
    }

    pub(super) fn end_of_if(&mut self) {
        self.end_of_branch();
        if let Some(mut branch) = self.branches.pop() {
            if branch.any != Runs::Surely {
                branch.ends.push(branch.before);
            }
            self.values = Values::meeting(&branch.ends);
        }
    }

    pub(super) fn live(&self) -> bool {
        !self.ended
            && self.branches.iter().all(|branch| branch.now != Runs::Never)
            && !self.loops.contains(&Runs::Never)
            && self.blocks.iter().all(super::blocks::Block::runs)
    }

    /// Whether what follows surely runs.
    pub(super) fn sure(&self) -> bool {
        self.loops.is_empty()
            && self
                .branches
                .iter()
                .all(|branch| branch.now == Runs::Surely)
    }
}

/// The condition of one WHEN.
fn compares(compared: &str, with: &str) -> String {
    if compared.is_empty() {
        with.to_owned()
    } else {
        format!("{compared} IN ({with})")
    }
}

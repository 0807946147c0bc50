//! What was changed, to undo it and to do it again.

/// One replacement: at a place, this text by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Where, in characters.
    pub(super) at: usize,
    /// What stood there.
    pub(super) removed: String,
    /// What stands there now.
    pub(super) inserted: String,
}

/// Changes that are undone together.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) changes: Vec<Change>,
    /// Where the cursor was before.
    pub(super) cursor: usize,
}

/// Whether a change may join the one before: letters typed one after another are undone together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Joining {
    /// It may not, nor may the next join it.
    #[default]
    Never,
    /// It is a letter typed.
    Typing,
    /// It is a letter taken away.
    Deleting,
    /// It belongs to the same verb as the one before.
    Always,
}

/// Steps that can be undone and redone.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    done: Vec<Step>,
    undone: Vec<Step>,
    joining: Joining,
}

impl Past {
    /// The next change begins a step of its own.
    pub(super) const fn pause(&mut self) {
        self.joining = Joining::Never;
    }

    pub(super) fn push(&mut self, change: Change, cursor: usize, joining: Joining) {
        self.undone.clear();
        let joins =
            joining == Joining::Always || (joining == self.joining && joining != Joining::Never);
        match self.done.last_mut().filter(|_| joins) {
            Some(step) => append(step, change, joining),
            None => self.done.push(Step {
                changes: vec![change],
                cursor,
            }),
        }
        if joining != Joining::Always {
            self.joining = joining;
        }
    }

    pub(super) fn undo(&mut self) -> Option<Step> {
        self.pause();
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    pub(super) fn redo(&mut self) -> Option<Step> {
        self.pause();
        let step = self.undone.pop()?;
        self.done.push(step.clone());
        Some(step)
    }
}

/// Letters typed one behind the other become one change.
fn append(step: &mut Step, change: Change, joining: Joining) {
    if joining == Joining::Typing
        && change.removed.is_empty()
        && let Some(last) = step.changes.last_mut()
        && last.at + last.inserted.chars().count() == change.at
    {
        last.inserted.push_str(&change.inserted);
        return;
    }
    step.changes.push(change);
}

//! The plan on the screen: what was asked, what came, and where the person is in it.

use std::collections::BTreeSet;

use crate::app::message::Ticket;
use crate::domain::failure::Failure;
use crate::domain::plan::Plan;
use crate::domain::sql::explain::{Depth, Explainable};
use crate::domain::time::Timestamp;

/// In which form the plan shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// As a tree with bars.
    #[default]
    Tree,
    /// As `EXPLAIN`'s text.
    Text,
    /// As the server's JSON.
    Json,
}

/// A plan, and where the person is in it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The plan.
    pub plan: Plan,
    /// The server's JSON.
    pub json: String,
    /// Nodes whose children are folded away.
    folded: BTreeSet<usize>,
    /// The node under the cursor.
    selected: usize,
    /// In which form it shows.
    pub form: Form,
    /// Lines scrolled away, in the forms that are text.
    pub top: usize,
}

/// How far the plan is.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The server was asked.
    Asked {
        /// The question.
        ticket: Ticket,
        /// When.
        since: Timestamp,
    },
    /// It is here.
    Here(Box<Shown>),
    /// There is none.
    Failed(Box<Failure>),
}

/// A plan that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The statement.
    pub explainable: Explainable,
    /// Whether it was run.
    pub depth: Depth,
    /// How far it is.
    pub standing: Standing,
}

impl Asked {
    /// The question that waits for its answer.
    #[must_use]
    pub const fn waiting(&self) -> Option<Ticket> {
        match &self.standing {
            Standing::Asked { ticket, .. } => Some(*ticket),
            Standing::Here(_) | Standing::Failed(_) => None,
        }
    }

    /// The plan, if it is here.
    #[must_use]
    pub const fn shown(&self) -> Option<&Shown> {
        match &self.standing {
            Standing::Here(shown) => Some(shown),
            Standing::Asked { .. } | Standing::Failed(_) => None,
        }
    }
}

impl Shown {
    /// A plan from the top, the cursor on the node that costs most.
    #[must_use]
    pub fn new(plan: Plan, json: String) -> Self {
        let selected = plan.costliest().unwrap_or(0);
        Self {
            plan,
            json,
            folded: BTreeSet::new(),
            selected,
            form: Form::Tree,
            top: 0,
        }
    }

    /// The node under the cursor.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// Whether a node's children are folded away.
    #[must_use]
    pub fn is_folded(&self, place: usize) -> bool {
        self.folded.contains(&place)
    }

    /// The nodes that show, from the top.
    #[must_use]
    pub fn visible(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(node) = self.plan.nodes.get(at) {
            found.push(at);
            at = if self.folded.contains(&at) {
                node.end.max(at + 1)
            } else {
                at + 1
            };
        }
        found
    }

    /// Moves the cursor by lines that show.
    pub fn step(&mut self, lines: isize) {
        let visible = self.visible();
        let now = visible
            .iter()
            .position(|place| *place == self.selected)
            .unwrap_or(0);
        let last = visible.len().saturating_sub(1);
        let next = now.saturating_add_signed(lines).min(last);
        if let Some(place) = visible.get(next) {
            self.selected = *place;
        }
    }

    /// Folds the node under the cursor, or goes to its parent.
    pub fn fold(&mut self) {
        if self.has_children(self.selected) && self.folded.insert(self.selected) {
            return;
        }
        let node = self.plan.nodes.get(self.selected);
        if let Some(parent) = node.and_then(|node| node.parent) {
            self.selected = parent;
        }
    }

    /// Unfolds the node under the cursor, or goes to its first child.
    pub fn unfold(&mut self) {
        if !self.folded.remove(&self.selected) && self.has_children(self.selected) {
            self.selected += 1;
        }
    }

    /// Folds the node under the cursor, or unfolds it.
    pub fn toggle(&mut self) {
        if self.has_children(self.selected) && !self.folded.remove(&self.selected) {
            let _ = self.folded.insert(self.selected);
        }
    }

    /// Goes to the node that costs most, unfolding the way to it.
    pub fn go_to_costliest(&mut self) {
        if let Some(place) = self.plan.costliest() {
            self.folded.retain(|folded| {
                !self
                    .plan
                    .nodes
                    .get(*folded)
                    .is_some_and(|node| *folded < place && place < node.end)
            });
            self.selected = place;
        }
    }

    /// Whether something is below a node.
    #[must_use]
    pub fn has_children(&self, place: usize) -> bool {
        self.plan
            .nodes
            .get(place)
            .is_some_and(|node| node.end > place + 1)
    }
}

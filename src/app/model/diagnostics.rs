//! The diagnostics panel: what was refused, why, and what would lift it.

use crate::app::message::Ticket;
use crate::domain::diagnosis::{Applied, Finding, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::profile::Profile;
use crate::domain::stage::StageReport;

/// What the panel is about.
#[derive(Debug)]
pub enum Subject {
    /// A connection that was refused.
    SignIn {
        /// The profile.
        profile: Box<Profile>,
        /// How far the walk came.
        reports: Vec<StageReport>,
        /// What went wrong.
        failure: Failure,
        /// Why, with fixes.
        findings: Vec<Finding>,
    },
    /// A statement's refusal is being looked into.
    Asking {
        /// The question.
        ticket: Ticket,
        /// The refusal.
        failure: Failure,
        /// The answer so far, where only its proof is asked for: it stays if there is none.
        answer: Option<Box<WhyReport>>,
    },
    /// A statement's refusal, explained.
    Why(Box<WhyReport>),
    /// The explanation itself failed.
    Unexplained {
        /// The refusal.
        failure: Failure,
        /// Why it could not be explained.
        because: Failure,
    },
}

/// How far a fix is.
#[derive(Debug, Default)]
pub enum Applying {
    /// No fix was applied.
    #[default]
    Nothing,
    /// One is being applied.
    Running {
        /// The request.
        ticket: Ticket,
        /// The profile it goes through.
        through: String,
    },
    /// It was applied, and the server was asked whether it took.
    Done(Applied),
    /// It could not be applied.
    Failed(Failure),
}

/// The panel.
#[derive(Debug, Default)]
pub struct Diagnostics {
    /// What it is about; `None` when there is nothing to explain.
    pub subject: Option<Subject>,
    /// Which fix is selected.
    pub selected: usize,
    /// How far it is scrolled, in lines.
    pub scroll: usize,
    /// How far a fix is.
    pub applying: Applying,
}

impl Diagnostics {
    /// A panel about `subject`, from the top.
    #[must_use]
    pub fn about(subject: Subject) -> Self {
        Self {
            subject: Some(subject),
            ..Self::default()
        }
    }

    /// The statements of each fix that is SQL, in the order shown.
    #[must_use]
    pub fn fixes(&self) -> Vec<Vec<String>> {
        match &self.subject {
            Some(Subject::Why(report)) => report
                .fixes
                .iter()
                .map(|fix| fix.statements.clone())
                .collect(),
            Some(Subject::SignIn { findings, .. }) => findings
                .iter()
                .flat_map(|finding| &finding.fixes)
                .map(|fix| vec![fix.text.clone()])
                .collect(),
            Some(Subject::Asking { .. } | Subject::Unexplained { .. }) | None => Vec::new(),
        }
    }

    /// The statements of the selected fix.
    #[must_use]
    pub fn selected_fix(&self) -> Option<Vec<String>> {
        self.fixes().into_iter().nth(self.selected)
    }
}

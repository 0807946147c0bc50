//! What the doctor can find on the way in, with stable ids.

use crate::domain::stage::Stage;

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Follows from what was observed.
    Certain,
    /// The observation leaves little else.
    Likely,
    /// One of several explanations.
    Possible,
}

impl Certainty {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// What sort of thing a fix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixKind {
    /// SQL that somebody runs on the server.
    Sql,
    /// A statement of an IAM policy.
    IamPolicy,
    /// A change in AWS or a command of the AWS command line.
    Aws,
    /// A change of the profile.
    Profile,
    /// Something on this machine.
    Local,
}

impl FixKind {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::IamPolicy => "iam-policy",
            Self::Aws => "aws",
            Self::Profile => "profile",
            Self::Local => "local",
        }
    }
}

/// One thing that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What sort.
    pub kind: FixKind,
    /// The statement, policy, command or instruction itself.
    pub text: String,
    /// Who can do it, in words or as a role name.
    pub run_as: Option<String>,
}

/// One explanation of a failed or doubtful stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable id, kebab case: `role-not-in-rds-iam`. All are listed in [`super::findings`].
    pub id: &'static str,
    /// The stage it concerns.
    pub stage: Stage,
    /// How sure.
    pub certainty: Certainty,
    /// One line for a person.
    pub title: String,
    /// The chain of evidence.
    pub because: Vec<String>,
    /// Whether the rule rests on documentation or field reports alone, never reproduced by us.
    pub documented_only: bool,
    /// What would mend it, smallest first.
    pub fixes: Vec<Fix>,
}

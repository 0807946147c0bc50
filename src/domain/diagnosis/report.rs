//! The answer to "why am I denied?": what is missing, what would lift it, what not to do.

use crate::domain::failure::Failure;

/// What became of a statement when the role tried it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It passes the privilege checks.
    Allowed,
    /// It is refused for want of a privilege.
    Refused,
    /// It fails for another reason.
    Failed,
}

/// Kind of object a privilege is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A database.
    Database,
    /// A schema.
    Schema,
    /// A table, partitioned table included.
    Table,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A sequence.
    Sequence,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A type or domain.
    Type,
    /// A language.
    Language,
    /// A foreign-data wrapper.
    ForeignDataWrapper,
    /// A foreign server.
    ForeignServer,
    /// A tablespace.
    Tablespace,
    /// A large object.
    LargeObject,
    /// A configuration parameter.
    Parameter,
    /// A role.
    Role,
    /// Anything else.
    Other,
}

impl ObjectKind {
    /// The word in JSON and in sentences.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Aggregate => "aggregate",
            Self::Type => "type",
            Self::Language => "language",
            Self::ForeignDataWrapper => "foreign-data wrapper",
            Self::ForeignServer => "foreign server",
            Self::Tablespace => "tablespace",
            Self::LargeObject => "large object",
            Self::Parameter => "parameter",
            Self::Role => "role",
            Self::Other => "object",
        }
    }
}

/// An object by name, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its schema, for kinds that live in one.
    pub schema: Option<String>,
    /// Its name; for functions with argument types: `area(integer, text)`.
    pub name: String,
    /// Columns, where the privilege is about columns.
    pub columns: Vec<String>,
}

/// One privilege that somebody lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPrivilege {
    /// PostgreSQL's keyword, or `MEMBER`, `OWNER`, or an attribute's name (`CREATEDB`, `LOGIN` …).
    pub privilege: String,
    /// Who lacks it: need not be the role that asked (a view's owner).
    pub grantee: String,
    /// On what.
    pub object: ObjectName,
}

/// How much a remedy opens, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// Some columns.
    Column,
    /// One object.
    Object,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// The right to grant on.
    GrantOption,
    /// What a predefined role may.
    PredefinedRole,
    /// What another role may.
    Membership,
    /// All an owner may.
    Ownership,
    /// An attribute of the role, effective everywhere.
    Attribute,
}

impl Breadth {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Object => "object",
            Self::Schema => "schema",
            Self::Database => "database",
            Self::GrantOption => "grant-option",
            Self::PredefinedRole => "predefined-role",
            Self::Membership => "membership",
            Self::Ownership => "ownership",
            Self::Attribute => "attribute",
        }
    }
}

/// How well a remedy is known to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Rehearsed on the server in a transaction that was rolled back.
    Proven,
    /// Derived, not rehearsed.
    Expected,
    /// Lifts this refusal; more may follow.
    Partial,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Expected => "expected",
            Self::Partial => "partial",
        }
    }
}

/// Statements that lift a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Run in order, without trailing semicolons.
    pub statements: Vec<String>,
    /// How well it is known to work.
    pub verdict: Verdict,
    /// How much it opens at most.
    pub breadth: Breadth,
    /// Roles that can run it, by name.
    pub run_as: Vec<String>,
    /// What it opens: `2 columns of 1 table`.
    pub opens: String,
    /// What else to know: why it could not be rehearsed, what it opens besides.
    pub notes: Vec<String>,
}

/// Why no grant can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotByGrantKind {
    /// Only an owner may.
    Ownership,
    /// A policy hides or refuses rows.
    RowLevelSecurity,
    /// Only a superuser may.
    Superuser,
    /// A role attribute is needed.
    Attribute,
    /// The system itself forbids it.
    System,
}

impl NotByGrantKind {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ownership => "ownership",
            Self::RowLevelSecurity => "row-level-security",
            Self::Superuser => "superuser",
            Self::Attribute => "attribute",
            Self::System => "system",
        }
    }
}

/// Why no grant can help, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotByGrant {
    /// Which of the reasons.
    pub kind: NotByGrantKind,
    /// In words.
    pub explanation: String,
}

/// A folk remedy and why it is wrong here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avoid {
    /// The statement people are told to run.
    pub statement: String,
    /// Why not.
    pub because: String,
}

/// Where a line of reasoning comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Asked the server just now.
    Measured,
    /// Follows from what was measured.
    Derived,
    /// Documented, not reproduced.
    Documented,
}

/// One line of the chain of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Where it comes from.
    pub mark: Mark,
    /// The line.
    pub text: String,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyReport {
    /// Who asked, by role name.
    pub role: String,
    /// The statement; `None` when the question is about signing in.
    pub statement: Option<String>,
    /// Who looked: the role of the connection that answered.
    pub looked_as: String,
    /// What becomes of the statement.
    pub outcome: Outcome,
    /// How well that is known: `Expected` where it was looked up and not tried.
    pub verdict: Verdict,
    /// The server's first refusal or failure.
    pub refusal: Option<Failure>,
    /// What was refused, in plain words: one line.
    pub headline: String,
    /// The chain of evidence.
    pub because: Vec<Reason>,
    /// All that is missing.
    pub missing: Vec<MissingPrivilege>,
    /// Remedies, the recommended one first.
    pub fixes: Vec<Remedy>,
    /// Why no grant can help, where none can.
    pub not_by_grant: Option<NotByGrant>,
    /// What not to do.
    pub avoid: Vec<Avoid>,
}

impl WhyReport {
    /// Why no grant helps, where that says more than the headline.
    #[must_use]
    pub fn barred_besides(&self) -> Option<&str> {
        let told = self.not_by_grant.as_ref()?.explanation.as_str();
        (told.trim_end_matches('.') != self.headline.trim_end_matches('.')).then_some(told)
    }

    /// The lines of reasoning that no fix carries as a note.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.because.iter().filter(|reason| {
            let mut notes = self.fixes.iter().flat_map(|fix| &fix.notes);
            !notes.any(|note| *note == reason.text)
        })
    }

    /// One in which nothing is found out yet.
    #[must_use]
    pub fn about(role: &str, statement: Option<String>, looked_as: &str) -> Self {
        Self {
            role: role.to_owned(),
            statement,
            looked_as: looked_as.to_owned(),
            outcome: Outcome::Allowed,
            verdict: Verdict::Expected,
            refusal: None,
            headline: String::new(),
            because: Vec::new(),
            missing: Vec::new(),
            fixes: Vec::new(),
            not_by_grant: None,
            avoid: Vec::new(),
        }
    }

    /// The same where the statement fails for another reason than a privilege, and nothing else is
    /// known.
    #[must_use]
    pub fn failed(self, failure: Failure) -> Self {
        Self {
            outcome: Outcome::Failed,
            headline: failure.message.clone(),
            refusal: Some(failure),
            ..Self::about(&self.role, self.statement, &self.looked_as)
        }
    }
}

/// What became of a fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// One line a statement: what the server answered.
    pub log: Vec<String>,
    /// What the server said when asked afterwards, one line a check.
    pub checks: Vec<Check>,
}

/// One question asked after a fix (`has_schema_privilege('analyst', 'crm', 'USAGE')`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was asked, in words.
    pub question: String,
    /// What the server answered.
    pub answer: CheckAnswer,
}

/// The answer to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckAnswer {
    /// The privilege is there now.
    Took,
    /// It is not, whatever the GRANT said (SQLSTATE 01007).
    NotTaken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_headline_says_is_not_said_again() {
        let mut report = WhyReport::about("clerk", None, "dba");
        assert_eq!(report.barred_besides(), None);
        report.not_by_grant = Some(NotByGrant {
            kind: NotByGrantKind::Superuser,
            explanation: "Only a superuser may.".to_owned(),
        });
        assert_eq!(report.barred_besides(), Some("Only a superuser may."));
        report.headline = "Only a superuser may".to_owned();
        assert_eq!(report.barred_besides(), None);
    }

    #[test]
    fn what_a_fix_notes_is_no_reason_as_well() {
        let mut report = WhyReport::about("clerk", None, "dba");
        let reason = |text: &str| Reason {
            mark: Mark::Derived,
            text: text.to_owned(),
        };
        report.because = vec![reason("not rehearsed"), reason("clerk lacks USAGE")];
        assert_eq!(report.reasons().count(), 2);
        report.fixes.push(Remedy {
            statements: Vec::new(),
            verdict: Verdict::Expected,
            breadth: Breadth::Schema,
            opens: String::new(),
            run_as: Vec::new(),
            notes: vec!["not rehearsed".to_owned()],
        });
        let told: Vec<&Reason> = report.reasons().collect();
        assert_eq!(told, [&reason("clerk lacks USAGE")]);
    }
}

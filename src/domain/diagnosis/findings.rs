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

/// Every id a finding can have, with what it means.
pub const IDS: &[(&str, &str)] = &[
    (
        "profile-incomplete",
        "The profile cannot be tried as it is.",
    ),
    ("no-credentials", "No AWS credentials were found."),
    ("credentials-expired", "The AWS session has expired."),
    ("aws-profile-unknown", "The AWS profile does not exist."),
    ("role-not-assumed", "The role could not be assumed."),
    ("no-password", "No password is known."),
    ("token-not-signed", "The token could not be signed."),
    ("name-not-found", "The host name has no address."),
    ("network-timeout", "Nothing answers at the address."),
    ("connection-refused", "Nothing listens at the address."),
    ("tunnel-down", "The tunnel is not up."),
    ("no-tls", "The server does not offer TLS."),
    (
        "unknown-issuer",
        "The certificate is not signed by a trusted root.",
    ),
    ("wrong-name", "The certificate is for another name."),
    ("certificate-expired", "The certificate has expired."),
    ("tls-failed", "The TLS handshake failed."),
    (
        "role-not-in-rds-iam",
        "A token was sent, and the role signs in by password.",
    ),
    ("role-missing", "The role may not exist."),
    ("wrong-password", "The password is wrong."),
    (
        "token-refused",
        "The role signs in by IAM, and the token was refused.",
    ),
    (
        "region-mismatch",
        "The token was signed for another region.",
    ),
    (
        "policy-lacks-connect",
        "The IAM policy may lack rds-db:connect.",
    ),
    (
        "iam-authentication-off",
        "IAM authentication may be off on the instance.",
    ),
    ("clock-skew", "This machine's clock may be wrong."),
    (
        "password-sent-to-iam-role",
        "A password was sent, and the role signs in by IAM.",
    ),
    ("role-cannot-log-in", "The role is not permitted to log in."),
    (
        "tls-required",
        "The server takes no unencrypted connection.",
    ),
    (
        "not-let-in",
        "No rule of the server lets this role, database and address in.",
    ),
    ("database-missing", "The database does not exist."),
    (
        "database-closed",
        "The database does not accept connections.",
    ),
    (
        "no-connect-privilege",
        "The role lacks CONNECT on the database.",
    ),
    ("too-many-connections", "A connection limit is reached."),
    (
        "server-not-ready",
        "The server is starting, stopping or recovering.",
    ),
    ("connection-lost", "The server closed the connection."),
    ("no-answer", "The server did not answer in time."),
    ("server-refused", "The server refused for another reason."),
    ("cancelled", "The attempt was given up."),
];

/// The ids as a Markdown table, for the README.
#[must_use]
pub fn reference() -> String {
    let rows: Vec<String> = IDS
        .iter()
        .map(|(id, meaning)| format!("| `{id}` | {meaning} |\n"))
        .collect();
    format!("\n| id | means |\n|---|---|\n{}\n", rows.concat())
}

//! The few words of IAM policy that decide about `rds-db:connect`.

/// Whether a pattern's statements allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows, unless another statement denies.
    Allow,
    /// Denies whatever else allows.
    Deny,
}

/// One statement about `rds-db:connect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Allow or deny.
    pub effect: Effect,
    /// A resource with the wildcards `*` and `?`, such as
    /// `arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABCDEFGH/*`.
    pub resource: String,
}

/// What one principal may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(pub Vec<Statement>);

impl Policy {
    /// A policy of one statement that allows `resource`.
    pub fn allowing(resource: impl Into<String>) -> Self {
        Self(vec![Statement {
            effect: Effect::Allow,
            resource: resource.into(),
        }])
    }

    /// Whether the policy lets its principal connect as `resource`: at least one statement allows
    /// and none denies (AWS IAM guide, "Policy evaluation logic").
    pub fn allows(&self, resource: &str) -> bool {
        let says = |effect| {
            self.0.iter().any(|statement| {
                statement.effect == effect
                    && matches(statement.resource.as_bytes(), resource.as_bytes())
            })
        };
        says(Effect::Allow) && !says(Effect::Deny)
    }
}

/// Matches `*` (any run, also none) and `?` (one byte); everything else is case-sensitive.
///
/// After a mismatch only the latest `*` is stretched, which is enough and keeps the work quadratic
/// at worst.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut latest_star = None;
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                latest_star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                at += 1;
                read += 1;
            }
            Some(_) | None => {
                let Some((star, covered)) = latest_star else {
                    return false;
                };
                latest_star = Some((star, covered + 1));
                at = star + 1;
                read = covered + 1;
            }
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABC/analyst";

    #[test]
    fn wildcards_cover_runs_and_single_characters() {
        for pattern in [
            ARN,
            "*",
            "arn:aws:rds-db:*:dbuser:*/analyst",
            "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-AB?/analyst*",
            "arn:*:rds-db:eu-central-?:*:dbuser:db-ABC/*",
        ] {
            assert!(Policy::allowing(pattern).allows(ARN), "{pattern}");
        }
    }

    #[test]
    fn nothing_else_is_covered() {
        for pattern in [
            "",
            "arn:aws:rds:eu-central-1:123456789012:dbuser:db-ABC/analyst",
            "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/*",
            "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABC/Analyst",
            "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABC/analyst?",
            "arn:aws:rds-db:eu-central-1:123456789012:db:orders-demo",
        ] {
            assert!(!Policy::allowing(pattern).allows(ARN), "{pattern}");
        }
        assert!(!Policy::default().allows(ARN));
    }

    #[test]
    fn a_denial_wins_over_every_allowance() {
        let policy = Policy(vec![
            Statement {
                effect: Effect::Allow,
                resource: "*".into(),
            },
            Statement {
                effect: Effect::Deny,
                resource: "*/analyst".into(),
            },
        ]);
        assert!(!policy.allows(ARN));
    }
}

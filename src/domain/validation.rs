//! What is wrong with a profile, field by field, and what to write instead.

use super::endpoint::EndpointKind;
use super::profile::{Field, Problem, Profile, SignIn, TlsMode, secret_region, split_address};

/// Colours a profile may have.
const COLOURS: [&str; 6] = ["red", "yellow", "green", "blue", "magenta", "cyan"];

impl Profile {
    /// What is wrong with it; `others` are the names of the other profiles.
    #[must_use]
    pub fn problems(&self, others: &[&str]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |field, message: &str| {
            problems.push(Problem {
                field,
                message: message.to_owned(),
            });
        };
        name(self, others, &mut say);
        host(self, &mut say);
        if self.port == 0 {
            say(Field::Port, "a number from 1 to 65535");
        }
        if self.database.is_empty() {
            say(Field::Database, "which database to connect to");
        }
        role(self, &mut say);
        sign_in(self, &mut say);
        if self
            .route
            .dial
            .as_deref()
            .is_some_and(|dial| split_address(dial).is_none())
        {
            say(Field::Dial, "host:port, for example 127.0.0.1:15432");
        }
        if self.route.command.is_some() && self.route.dial.is_none() {
            say(
                Field::Dial,
                "where the tunnel command listens, for example 127.0.0.1:15432",
            );
        }
        if self
            .colour
            .as_deref()
            .is_some_and(|colour| !COLOURS.contains(&colour))
        {
            say(Field::Colour, "red, yellow, green, blue, magenta or cyan");
        }
        problems
    }
}

fn name(profile: &Profile, others: &[&str], say: &mut impl FnMut(Field, &str)) {
    if profile.name.trim().is_empty() {
        say(Field::Name, "a name to find it by");
    } else if profile.name.chars().any(char::is_control) {
        say(Field::Name, "no control characters");
    } else if profile.name.contains("://") || profile.name.contains('=') {
        say(
            Field::Name,
            "no :// and no =, which mark URLs and connection strings",
        );
    } else if others.contains(&profile.name.as_str()) {
        say(Field::Name, "another profile has this name");
    }
}

fn host(profile: &Profile, say: &mut impl FnMut(Field, &str)) {
    let host = profile.host.as_str();
    if host.is_empty() {
        say(Field::Host, "the endpoint as the AWS console shows it");
    } else if host.contains("://") {
        say(Field::Host, "only the host name, without a scheme");
    } else if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        say(Field::Host, "no spaces");
    } else if host.contains('/') || host.contains('@') {
        say(Field::Host, "only the host name, without user or path");
    } else if host.matches(':').count() == 1 {
        say(Field::Host, "the port goes into its own field");
    }
}

fn role(profile: &Profile, say: &mut impl FnMut(Field, &str)) {
    if profile.user.is_empty() {
        say(Field::User, "the database role, exactly as it is spelt");
    } else if profile.user.len() > 63 {
        say(Field::User, "role names have 63 bytes at most");
    } else if profile.user.contains('\0') {
        say(Field::User, "no NUL character");
    }
}

fn sign_in(profile: &Profile, say: &mut impl FnMut(Field, &str)) {
    match &profile.sign_in {
        SignIn::Iam { role_arn, .. } => {
            if profile.tls.mode == TlsMode::Disable {
                say(
                    Field::TlsMode,
                    "a token is never sent in clear: verify-full",
                );
            }
            if role_arn.as_deref().is_some_and(|arn| !looks_like_role(arn)) {
                say(Field::RoleArn, "arn:aws:iam::ACCOUNT:role/NAME");
            }
            region(profile, say);
        }
        SignIn::Command { command } if command.trim().is_empty() => {
            say(Field::Command, "a command that prints the password");
        }
        SignIn::SecretsManager { secret } if secret.trim().is_empty() => {
            say(Field::Secret, "name or ARN of the secret");
        }
        SignIn::SecretsManager { secret } if secret_region(secret).is_none() => {
            region(profile, say);
        }
        SignIn::Command { .. }
        | SignIn::SecretsManager { .. }
        | SignIn::Password
        | SignIn::None => {}
    }
}

fn region(profile: &Profile, say: &mut impl FnMut(Field, &str)) {
    if profile.host.is_empty() {
        return;
    }
    let endpoint = profile.endpoint();
    match (&endpoint.region, &profile.region) {
        (Some(named), Some(written)) if named != written => {
            say(
                Field::Region,
                &format!("the endpoint says {named}, and that is what is signed for"),
            );
        }
        (None, None) if endpoint.kind == EndpointKind::GlobalWriter => {
            say(
                Field::Region,
                "a global endpoint names no region: the one of the writer's cluster",
            );
        }
        (None, None) => say(
            Field::Region,
            "this host names no region: the database's, for example eu-central-1",
        ),
        _ => {}
    }
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME` (IAM guide, "IAM identifiers").
fn looks_like_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, rest]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && rest.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Profile {
        Profile {
            name: "orders".into(),
            host: "o.cluster-c9.eu-central-1.rds.amazonaws.com".into(),
            port: 5432,
            database: "orders".into(),
            user: "analyst".into(),
            ..Profile::default()
        }
    }

    fn fields(profile: &Profile) -> Vec<Field> {
        profile
            .problems(&["taken"])
            .into_iter()
            .map(|problem| problem.field)
            .collect()
    }

    #[test]
    fn a_complete_profile_has_no_problem() {
        assert!(fields(&good()).is_empty());
    }

    #[test]
    fn each_mistake_points_at_its_field() {
        type Spoil = fn(&mut Profile);
        let cases: [(Spoil, Field); 11] = [
            (|p| p.name = "taken".into(), Field::Name),
            (|p| p.name.clear(), Field::Name),
            (|p| p.host = "postgres://x".into(), Field::Host),
            (|p| p.host = "db:5432".into(), Field::Host),
            (|p| p.port = 0, Field::Port),
            (|p| p.user.clear(), Field::User),
            (|p| p.database.clear(), Field::Database),
            (|p| p.tls.mode = TlsMode::Disable, Field::TlsMode),
            (|p| p.region = Some("us-east-1".into()), Field::Region),
            (|p| p.route.dial = Some("localhost".into()), Field::Dial),
            (|p| p.colour = Some("mauve".into()), Field::Colour),
        ];
        for (spoil, field) in cases {
            let mut profile = good();
            spoil(&mut profile);
            assert!(fields(&profile).contains(&field), "{field:?}");
        }
    }

    #[test]
    fn a_plain_host_needs_a_region_only_for_iam() {
        let mut profile = Profile {
            host: "localhost".into(),
            ..good()
        };
        assert_eq!(fields(&profile), [Field::Region]);
        profile.sign_in = SignIn::Password;
        assert!(fields(&profile).is_empty());
    }

    #[test]
    fn roles_to_assume_are_arns() {
        assert!(looks_like_role(
            "arn:aws:iam::123456789012:role/path/analyst"
        ));
        assert!(looks_like_role("arn:aws-us-gov:iam::123456789012:role/a"));
        assert!(!looks_like_role("analyst"));
        assert!(!looks_like_role("arn:aws:iam::12:role/a"));
    }
}

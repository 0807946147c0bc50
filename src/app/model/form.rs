//! The profile form: fields as text, judged as they are typed.

use std::time::Duration;

use super::line::Line;
use crate::domain::profile::{
    DEFAULT_PORT, Field, Guard, Problem, Profile, Roots, Route, SignIn, Tls, TlsMode,
};
use crate::domain::timeouts::{self, Timeouts};

/// What the form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A new profile.
    Add,
    /// A change of the profile of that name.
    Edit(String),
}

/// What kind of input a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Free text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A profile being written. Text of fields that the sign-in method hides is kept.
#[derive(Debug, Clone)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Every field with its text, in the order shown.
    pub fields: Vec<(Field, Line)>,
    /// Which of the visible fields has the cursor.
    pub focus: usize,
    /// What is wrong with it as it stands.
    pub problems: Vec<Problem>,
    /// Why it could not be saved.
    pub refused: Option<String>,
    /// The profile it was filled from: what has no field here stays as it was.
    origin: Box<Profile>,
}

const METHODS: &[&str] = &["iam", "password", "command", "secrets-manager", "none"];
const MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];
const GUARDS: &[&str] = &["no", "yes"];
const COLOURS: &[&str] = &["", "red", "yellow", "green", "blue", "magenta", "cyan"];

/// Every field in the order shown, with its label.
const LABELS: [(Field, &str); 22] = [
    (Field::Name, "name"),
    (Field::Group, "group"),
    (Field::Host, "endpoint"),
    (Field::Port, "port"),
    (Field::Database, "database"),
    (Field::User, "user"),
    (Field::Method, "sign-in"),
    (Field::AwsProfile, "AWS profile"),
    (Field::RoleArn, "role to assume"),
    (Field::Command, "command"),
    (Field::Secret, "secret"),
    (Field::Region, "region"),
    (Field::TlsMode, "TLS mode"),
    (Field::Roots, "root certificates"),
    (Field::Dial, "dial instead"),
    (Field::RouteCommand, "tunnel command"),
    (Field::Guard, "read-only"),
    (Field::Colour, "colour"),
    (Field::Options, "session options"),
    (Field::StatementTimeout, "statement time-out"),
    (Field::LockTimeout, "lock time-out"),
    (Field::IdleTimeout, "idle transaction"),
];

/// The fields that take a span of time.
const SPANS: [Field; 3] = [
    Field::StatementTimeout,
    Field::LockTimeout,
    Field::IdleTimeout,
];

impl Form {
    /// A form filled from `profile`.
    #[must_use]
    pub fn new(purpose: Purpose, profile: &Profile) -> Self {
        let fields = LABELS
            .iter()
            .map(|(field, _)| (*field, Line::new(&value(profile, *field))))
            .collect();
        Self {
            purpose,
            fields,
            focus: 0,
            problems: Vec::new(),
            refused: None,
            origin: Box::new(profile.clone()),
        }
    }

    /// The label of a field.
    #[must_use]
    pub fn label(field: Field) -> &'static str {
        LABELS
            .iter()
            .find(|(known, _)| *known == field)
            .map_or("", |(_, label)| label)
    }

    /// What kind of input a field takes.
    #[must_use]
    pub fn input(field: Field) -> Input {
        match field {
            Field::Method => Input::Choice(METHODS),
            Field::TlsMode => Input::Choice(MODES),
            Field::Guard => Input::Choice(GUARDS),
            Field::Colour => Input::Choice(COLOURS),
            Field::Name
            | Field::Group
            | Field::Host
            | Field::Port
            | Field::Database
            | Field::User
            | Field::Region
            | Field::AwsProfile
            | Field::RoleArn
            | Field::Command
            | Field::Secret
            | Field::Roots
            | Field::ServerName
            | Field::Dial
            | Field::RouteCommand
            | Field::Options
            | Field::StatementTimeout
            | Field::LockTimeout
            | Field::IdleTimeout => Input::Text,
        }
    }

    /// The fields that matter for the chosen sign-in method.
    #[must_use]
    pub fn visible(&self) -> Vec<Field> {
        let method = self.text(Field::Method);
        self.fields
            .iter()
            .map(|(field, _)| *field)
            .filter(|field| match field {
                Field::AwsProfile | Field::RoleArn => method == "iam",
                Field::Region => ["iam", "secrets-manager"].contains(&method),
                Field::Command => method == "command",
                Field::Secret => method == "secrets-manager",
                _ => true,
            })
            .collect()
    }

    /// The field that has the cursor.
    #[must_use]
    pub fn focused(&self) -> Field {
        self.visible()
            .get(self.focus)
            .copied()
            .unwrap_or(Field::Name)
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        self.line(field).map_or("", Line::text)
    }

    /// The input of a field.
    #[must_use]
    pub fn line(&self, field: Field) -> Option<&Line> {
        self.fields
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, line)| line)
    }

    /// The input of a field, to edit.
    pub fn line_mut(&mut self, field: Field) -> Option<&mut Line> {
        self.fields
            .iter_mut()
            .find(|(known, _)| *known == field)
            .map(|(_, line)| line)
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn problem(&self, field: Field) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.field == field)
            .map(|problem| problem.message.as_str())
    }

    /// Moves a choice on by `step`, round and round.
    pub fn choose(&mut self, field: Field, step: isize) {
        let Input::Choice(words) = Self::input(field) else {
            return;
        };
        let at = words
            .iter()
            .position(|word| *word == self.text(field))
            .unwrap_or(0);
        let count = words.len().cast_signed();
        let next = (at.cast_signed() + step).rem_euclid(count).cast_unsigned();
        if let (Some(word), Some(line)) = (words.get(next), self.line_mut(field)) {
            *line = Line::new(word);
        }
    }

    /// The profile as the form has it.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let text = |field| self.text(field).trim().to_owned();
        let optional = |field| Some(text(field)).filter(|text| !text.is_empty());
        let sign_in = match self.text(Field::Method) {
            "password" => SignIn::Password,
            "command" => SignIn::Command {
                command: text(Field::Command),
            },
            "secrets-manager" => SignIn::SecretsManager {
                secret: text(Field::Secret),
            },
            "none" => SignIn::None,
            _ => SignIn::Iam {
                aws_profile: optional(Field::AwsProfile),
                role_arn: optional(Field::RoleArn),
            },
        };
        Profile {
            name: text(Field::Name),
            group: optional(Field::Group),
            host: text(Field::Host),
            port: if self.text(Field::Port).trim().is_empty() {
                DEFAULT_PORT
            } else {
                text(Field::Port).parse().unwrap_or(0)
            },
            database: text(Field::Database),
            // Role names may begin or end with a space.
            user: self.text(Field::User).to_owned(),
            region: optional(Field::Region),
            guard: if self.text(Field::Guard) == "yes" {
                Guard::ReadOnly
            } else {
                Guard::ReadWrite
            },
            colour: optional(Field::Colour),
            sign_in,
            tls: Tls {
                mode: TlsMode::from_word(self.text(Field::TlsMode)).unwrap_or_default(),
                roots: optional(Field::Roots).map_or(Roots::Rds, |word| Roots::from_word(&word)),
                server_name: self.origin.tls.server_name.clone(),
            },
            route: Route {
                dial: optional(Field::Dial),
                command: optional(Field::RouteCommand),
            },
            options: optional(Field::Options),
            timeouts: Timeouts {
                statement: self.span(Field::StatementTimeout),
                lock: self.span(Field::LockTimeout),
                idle_in_transaction: self.span(Field::IdleTimeout),
            },
        }
    }

    fn span(&self, field: Field) -> Option<Duration> {
        timeouts::parse(self.text(field))
    }

    /// What is wrong with texts that make no value, which the profile therefore lacks.
    #[must_use]
    pub fn unread(&self) -> Vec<Problem> {
        let mut unread = Vec::new();
        let port = self.text(Field::Port).trim();
        if !port.is_empty() && port.parse::<u16>().is_err() {
            unread.push(Problem {
                field: Field::Port,
                message: "a number from 1 to 65535".to_owned(),
            });
        }
        for field in SPANS {
            if !self.text(field).trim().is_empty() && self.span(field).is_none() {
                unread.push(Problem {
                    field,
                    message: "a time like 30s, 500ms, 5min or 1h; 0 turns it off".to_owned(),
                });
            }
        }
        unread
    }
}

fn value(profile: &Profile, field: Field) -> String {
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    match field {
        Field::Name => profile.name.clone(),
        Field::Group => optional(&profile.group),
        Field::Host => profile.host.clone(),
        Field::Port if profile.port == 0 => String::new(),
        Field::Port => profile.port.to_string(),
        Field::Database => profile.database.clone(),
        Field::User => profile.user.clone(),
        Field::Region => optional(&profile.region),
        Field::Guard => if profile.guard == Guard::ReadOnly {
            "yes"
        } else {
            "no"
        }
        .to_owned(),
        Field::Colour => optional(&profile.colour),
        Field::Method => profile.sign_in.method().to_owned(),
        Field::AwsProfile => match &profile.sign_in {
            SignIn::Iam { aws_profile, .. } => optional(aws_profile),
            SignIn::Password
            | SignIn::SecretsManager { .. }
            | SignIn::Command { .. }
            | SignIn::None => String::new(),
        },
        Field::RoleArn => match &profile.sign_in {
            SignIn::Iam { role_arn, .. } => optional(role_arn),
            SignIn::Password
            | SignIn::SecretsManager { .. }
            | SignIn::Command { .. }
            | SignIn::None => String::new(),
        },
        Field::Command => match &profile.sign_in {
            SignIn::Command { command } => command.clone(),
            SignIn::Iam { .. }
            | SignIn::Password
            | SignIn::SecretsManager { .. }
            | SignIn::None => String::new(),
        },
        Field::Secret => match &profile.sign_in {
            SignIn::SecretsManager { secret } => secret.clone(),
            SignIn::Iam { .. } | SignIn::Password | SignIn::Command { .. } | SignIn::None => {
                String::new()
            }
        },
        Field::TlsMode => profile.tls.mode.word().to_owned(),
        Field::Roots => profile.tls.roots.word().to_owned(),
        Field::ServerName => optional(&profile.tls.server_name),
        Field::Dial => optional(&profile.route.dial),
        Field::RouteCommand => optional(&profile.route.command),
        Field::Options => optional(&profile.options),
        Field::StatementTimeout => spelled(profile.timeouts.statement),
        Field::LockTimeout => spelled(profile.timeouts.lock),
        Field::IdleTimeout => spelled(profile.timeouts.idle_in_transaction),
    }
}

fn spelled(span: Option<Duration>) -> String {
    span.map(timeouts::written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_survives_the_form() {
        let profile = Profile {
            name: "orders".into(),
            group: Some("production".into()),
            host: "o.cluster-c9.eu-central-1.rds.amazonaws.com".into(),
            port: 5433,
            database: "orders".into(),
            user: " odd ".into(),
            guard: Guard::ReadOnly,
            sign_in: SignIn::Iam {
                aws_profile: Some("work".into()),
                role_arn: None,
            },
            timeouts: Timeouts {
                statement: Some(Duration::from_secs(90)),
                lock: Some(Duration::ZERO),
                idle_in_transaction: None,
            },
            ..Profile::default()
        };
        let form = Form::new(Purpose::Add, &profile);
        assert_eq!(form.profile(), profile);
        assert!(form.unread().is_empty());
        for sign_in in [
            SignIn::Password,
            SignIn::None,
            SignIn::Command {
                command: "pass show orders".into(),
            },
            SignIn::SecretsManager {
                secret: "rds!db-1".into(),
            },
        ] {
            let profile = Profile {
                sign_in,
                options: Some("-c search_path=sales".into()),
                port: DEFAULT_PORT,
                region: Some("eu-central-1".into()),
                ..Profile::default()
            };
            assert_eq!(Form::new(Purpose::Add, &profile).profile(), profile);
        }
    }

    #[test]
    fn what_makes_no_value_is_said() {
        let mut form = Form::new(Purpose::Add, &Profile::default());
        *form.line_mut(Field::LockTimeout).unwrap() = Line::new("30");
        *form.line_mut(Field::Port).unwrap() = Line::new("pg");
        let unread: Vec<Field> = form.unread().iter().map(|problem| problem.field).collect();
        assert_eq!(unread, [Field::Port, Field::LockTimeout]);
        *form.line_mut(Field::LockTimeout).unwrap() = Line::new("30 s");
        assert_eq!(form.profile().timeouts.lock, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_choice_goes_round() {
        let mut form = Form::new(Purpose::Add, &Profile::default());
        form.choose(Field::Method, -1);
        assert_eq!(form.text(Field::Method), "none");
        form.choose(Field::Method, 1);
        assert_eq!(form.text(Field::Method), "iam");
    }

    #[test]
    fn the_method_decides_which_fields_show() {
        let mut form = Form::new(Purpose::Add, &Profile::default());
        assert!(form.visible().contains(&Field::AwsProfile));
        form.choose(Field::Method, 2);
        assert!(form.visible().contains(&Field::Command));
        assert!(!form.visible().contains(&Field::AwsProfile));
    }
}

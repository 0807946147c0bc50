//! `pgiam profile`: the saved list, scriptable.

use std::io::{self, Write};
use std::process::Command;

use serde_json::{Value, json};

use super::args::{Fields, Profile as Action};
use super::context::{Context, Ended};
use super::exit::Exit;
use crate::domain::profile::{DEFAULT_PORT, Guard, Profile, Roots, SignIn, TlsMode};
use crate::domain::rows::cell::safe_line;

pub(super) fn run(context: &Context, action: Action) -> Result<Exit, Ended> {
    match action {
        Action::List { json } => list(context, json),
        Action::Show { name, json } => show(context, &name, json),
        Action::Add { name, fields } => add(context, name, fields),
        Action::Edit {
            name,
            rename,
            unset,
            fields,
        } => edit(context, &name, rename, &unset, fields),
        Action::Remove { name } => {
            let _ = context.profile(&name)?;
            let _ = context
                .profile_file()
                .remove(&name)
                .map_err(Ended::Failed)?;
            Ok(Exit::Done)
        }
    }
}

fn list(context: &Context, as_json: bool) -> Result<Exit, Ended> {
    let profiles = context.profile_file().read().map_err(Ended::Failed)?;
    let mut out = io::stdout().lock();
    if as_json {
        let all: Vec<Value> = profiles.iter().map(described).collect();
        writeln!(out, "{}", Value::from(all))?;
        return Ok(Exit::Done);
    }
    let width = profiles
        .iter()
        .map(|profile| profile.name.chars().count())
        .max()
        .unwrap_or(0);
    for profile in &profiles {
        let place = format!("{}@{}", profile.user, profile.database);
        let line = format!(
            "{:<width$}  {place:<28} {}:{}",
            profile.name, profile.host, profile.port
        );
        writeln!(out, "{}", safe_line(&line))?;
    }
    Ok(Exit::Done)
}

fn show(context: &Context, name: &str, as_json: bool) -> Result<Exit, Ended> {
    let profile = context.profile(name)?;
    let mut out = io::stdout().lock();
    let described = described(&profile);
    if as_json {
        writeln!(out, "{described}")?;
        return Ok(Exit::Done);
    }
    for (key, value) in described.as_object().into_iter().flatten() {
        let shown = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        writeln!(out, "{key:<18} {}", safe_line(&shown))?;
    }
    Ok(Exit::Done)
}

/// A profile as flat JSON; the keys are the names of the flags with underscores.
fn described(profile: &Profile) -> Value {
    let (mut aws_profile, mut role_arn, mut command, mut secret) = (None, None, None, None);
    match &profile.sign_in {
        SignIn::Iam {
            aws_profile: named,
            role_arn: role,
        } => (aws_profile, role_arn) = (named.clone(), role.clone()),
        SignIn::Command { command: line } => command = Some(line.clone()),
        SignIn::SecretsManager { secret: name } => secret = Some(name.clone()),
        SignIn::Password | SignIn::None => {}
    }
    json!({
        "name": profile.name,
        "group": profile.group,
        "host": profile.host,
        "port": profile.port,
        "database": profile.database,
        "user": profile.user,
        "region": profile.signing_region(),
        "read_only": profile.guard == Guard::ReadOnly,
        "colour": profile.colour,
        "options": profile.options,
        "sign_in": profile.sign_in.method(),
        "aws_profile": aws_profile,
        "role_arn": role_arn,
        "command": command,
        "secret": secret,
        "tls": profile.tls.mode.word(),
        "root_certificates": profile.tls.roots.word(),
        "server_name": profile.tls.server_name,
        "dial": profile.route.dial,
        "route_command": profile.route.command,
    })
}

fn add(context: &Context, name: String, fields: Fields) -> Result<Exit, Ended> {
    let mut profile = Profile {
        name,
        port: DEFAULT_PORT,
        ..Profile::default()
    };
    apply(&mut profile, fields)?;
    check(context, &profile, None)?;
    let _ = context
        .profile_file()
        .add(&profile)
        .map_err(Ended::Failed)?;
    Ok(Exit::Done)
}

fn edit(
    context: &Context,
    name: &str,
    rename: Option<String>,
    unset: &[String],
    fields: Fields,
) -> Result<Exit, Ended> {
    let before = context.profile(name)?;
    let mut profile = before.clone();
    if let Some(rename) = rename {
        profile.name = rename;
    }
    for field in unset {
        take_out(&mut profile, field)?;
    }
    apply(&mut profile, fields)?;
    if profile == before && unset.is_empty() {
        return open_editor(context);
    }
    check(context, &profile, Some(name))?;
    let _ = context
        .profile_file()
        .replace(name, &profile)
        .map_err(Ended::Failed)?;
    Ok(Exit::Done)
}

/// Opens the file in the person's editor, and says afterwards whether it can still be read.
fn open_editor(context: &Context) -> Result<Exit, Ended> {
    let editor = std::env::var("VISUAL")
        .or_else(|_| std::env::var("EDITOR"))
        .unwrap_or_else(|_| "vi".to_owned());
    let file = context.profile_file();
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .status()?;
    if !status.success() {
        return Err(Ended::Usage(format!("{editor} ended with {status}")));
    }
    let _ = file.read().map_err(Ended::Failed)?;
    Ok(Exit::Done)
}

fn check(context: &Context, profile: &Profile, own: Option<&str>) -> Result<(), Ended> {
    let saved = context.profile_file().read().map_err(Ended::Failed)?;
    let others: Vec<&str> = saved
        .iter()
        .map(|profile| profile.name.as_str())
        .filter(|name| Some(*name) != own)
        .collect();
    let problems = profile.problems(&others);
    if problems.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = problems
        .iter()
        .map(|problem| format!("{:?}: {}", problem.field, problem.message).to_lowercase())
        .collect();
    Err(Ended::Usage(format!(
        "the profile is not complete\n{}",
        listed.join("\n")
    )))
}

fn take_out(profile: &mut Profile, field: &str) -> Result<(), Ended> {
    match (field, &mut profile.sign_in) {
        ("group", _) => profile.group = None,
        ("region", _) => profile.region = None,
        ("colour", _) => profile.colour = None,
        ("options", _) => profile.options = None,
        ("server-name", _) => profile.tls.server_name = None,
        ("dial", _) => profile.route.dial = None,
        ("route-command", _) => profile.route.command = None,
        ("aws-profile", SignIn::Iam { aws_profile, .. }) => *aws_profile = None,
        ("role-arn", SignIn::Iam { role_arn, .. }) => *role_arn = None,
        _ => {
            return Err(Ended::Usage(format!(
                "--unset {field}: there is no such field to take out"
            )));
        }
    }
    Ok(())
}

fn apply(profile: &mut Profile, fields: Fields) -> Result<(), Ended> {
    let wrong = |flag: &str, words: &str| Ended::Usage(format!("--{flag} must be {words}"));
    let replace = |slot: &mut Option<String>, value: Option<String>| {
        if value.is_some() {
            *slot = value;
        }
    };
    replace(&mut profile.group, fields.group);
    replace(&mut profile.region, fields.region);
    replace(&mut profile.colour, fields.colour);
    replace(&mut profile.options, fields.options);
    replace(&mut profile.tls.server_name, fields.server_name);
    replace(&mut profile.route.dial, fields.dial);
    replace(&mut profile.route.command, fields.route_command);
    profile.host = fields
        .host
        .unwrap_or_else(|| std::mem::take(&mut profile.host));
    profile.database = fields
        .database
        .unwrap_or_else(|| std::mem::take(&mut profile.database));
    profile.user = fields
        .user
        .unwrap_or_else(|| std::mem::take(&mut profile.user));
    profile.port = fields.port.unwrap_or(profile.port);
    if let Some(read_only) = fields.read_only {
        profile.guard = if read_only {
            Guard::ReadOnly
        } else {
            Guard::ReadWrite
        };
    }
    if let Some(word) = fields.tls {
        profile.tls.mode = TlsMode::from_word(&word)
            .ok_or_else(|| wrong("tls", "disable, prefer, require, verify-ca or verify-full"))?;
    }
    if let Some(word) = fields.root_certificates {
        profile.tls.roots = Roots::from_word(&word);
    }
    let method = fields
        .sign_in
        .unwrap_or_else(|| profile.sign_in.method().to_owned());
    profile.sign_in = match (method.as_str(), std::mem::take(&mut profile.sign_in)) {
        (
            "iam",
            SignIn::Iam {
                aws_profile,
                role_arn,
            },
        ) => SignIn::Iam {
            aws_profile: fields.aws_profile.or(aws_profile),
            role_arn: fields.role_arn.or(role_arn),
        },
        ("iam", _) => SignIn::Iam {
            aws_profile: fields.aws_profile,
            role_arn: fields.role_arn,
        },
        ("password", _) => SignIn::Password,
        ("none", _) => SignIn::None,
        ("command", SignIn::Command { command }) => SignIn::Command {
            command: fields.command.unwrap_or(command),
        },
        ("command", _) => SignIn::Command {
            command: fields.command.unwrap_or_default(),
        },
        ("secrets-manager", SignIn::SecretsManager { secret }) => SignIn::SecretsManager {
            secret: fields.secret.unwrap_or(secret),
        },
        ("secrets-manager", _) => SignIn::SecretsManager {
            secret: fields.secret.unwrap_or_default(),
        },
        _ => {
            return Err(wrong(
                "sign-in",
                "iam, password, command, secrets-manager or none",
            ));
        }
    };
    Ok(())
}

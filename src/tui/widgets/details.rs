//! The selected profile and how the last attempt to reach it went.

use ratatui::Frame;
use ratatui::text::Line;

use super::paint::{boxed, heading, line, lines, paragraph, word};
use super::stages::stages;
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::connections::{Attempt, AttemptOutcome};
use crate::domain::profile::{Guard, Profile, SignIn};
use crate::domain::time::spoken;
use crate::domain::timeouts;
use crate::tui::theme::{Role, Theme};

/// What is known of the selected profile.
pub fn details(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let connections = &model.connections;
    let Some(profile) = connections.current() else {
        let title = heading(theme, Role::Strong, "pgiam");
        let inner = boxed(frame, area, title, theme, theme.style(Role::Border));
        lines(frame, inner, welcome(model, theme, inner.width.into()), 0);
        return;
    };
    let border = profile
        .colour
        .as_deref()
        .map_or_else(|| theme.style(Role::Border), |colour| theme.tint(colour));
    let title = heading(theme, Role::Strong, &profile.name);
    let inner = boxed(frame, area, title, theme, border);
    let columns = usize::from(inner.width);
    let mut text = facts(profile, theme, columns);
    if let Some(attempt) = connections.attempts.get(&profile.name) {
        text.push(Line::default());
        text.extend(last_attempt(attempt, model, theme, columns));
    }
    lines(frame, inner, text, connections.details_scroll);
}

fn facts(profile: &Profile, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |label: &str, role: Role, value: &str| {
        let lead = word(theme, Role::Quiet, format!(" {label:<10}"));
        paragraph(&mut lines, theme, &lead, (role, value), columns);
    };
    let endpoint = profile.endpoint();
    let host = format!("{}:{}", profile.host, profile.port);
    say("endpoint", Role::Text, &host);
    say(
        "",
        Role::Quiet,
        &format!("{}{}", endpoint.described(), region(profile)),
    );
    say("database", Role::Text, &profile.database);
    say("user", Role::Text, &profile.user);
    say("sign-in", Role::Text, &sign_in(profile));
    let tls = format!(
        "{} · {} root certificates",
        profile.tls.mode.word(),
        profile.tls.roots.word()
    );
    say("tls", Role::Text, &tls);
    let guard = match profile.guard {
        Guard::ReadOnly => "read-only",
        Guard::ReadWrite => "reads and writes",
    };
    say("guard", Role::Text, guard);
    let limits: Vec<String> = profile
        .timeouts
        .parameters()
        .iter()
        .map(|limit| {
            let span = std::time::Duration::from_millis(limit.milliseconds.into());
            format!("{} {}", limit.name, timeouts::written(span))
        })
        .collect();
    if !limits.is_empty() {
        say("time-outs", Role::Text, &limits.join(", "));
    }
    if let Some(options) = &profile.options {
        say("options", Role::Text, options);
    }
    if let Some(dial) = &profile.route.dial {
        let through = match &profile.route.command {
            Some(command) => format!("through {dial}, opened by: {command}"),
            None => format!("through {dial}"),
        };
        say("route", Role::Text, &through);
    }
    lines
}

/// The region that tokens are signed for and who says so.
fn region(profile: &Profile) -> String {
    match (profile.signing_region(), profile.endpoint().region) {
        (Some(region), Some(_)) => format!(" · region {region} (from the name)"),
        (Some(region), None) => format!(" · region {region} (from the profile)"),
        (None, _) => match profile.sign_in {
            SignIn::Iam { .. } => " · region unknown".to_owned(),
            SignIn::Password
            | SignIn::SecretsManager { .. }
            | SignIn::Command { .. }
            | SignIn::None => String::new(),
        },
    }
}

fn sign_in(profile: &Profile) -> String {
    match &profile.sign_in {
        SignIn::Iam {
            aws_profile,
            role_arn,
        } => {
            let credentials = aws_profile.as_ref().map_or_else(
                || "default AWS credentials".to_owned(),
                |name| format!("AWS profile {name}"),
            );
            match role_arn {
                Some(role) => format!("IAM token · {credentials}, assuming {role}"),
                None => format!("IAM token · {credentials}"),
            }
        }
        SignIn::Password => "password · PGPASSWORD, password file, else asked for".to_owned(),
        SignIn::SecretsManager { secret } => format!("secret {secret}"),
        SignIn::Command { command } => format!("password printed by: {command}"),
        SignIn::None => "no password".to_owned(),
    }
}

fn last_attempt(
    attempt: &Attempt,
    model: &Model,
    theme: Theme,
    columns: usize,
) -> Vec<Line<'static>> {
    let ago = spoken(model.now.since(attempt.at));
    let title = match attempt.outcome {
        AttemptOutcome::Running(_) => " under way".to_owned(),
        AttemptOutcome::Stood => format!(" last attempt, {ago} ago: connected"),
        AttemptOutcome::Cancelled => format!(" last attempt, {ago} ago: given up"),
        AttemptOutcome::Refused { .. } => format!(" last attempt, {ago} ago: refused"),
    };
    let mut text = vec![line(theme, Role::Strong, &title)];
    text.extend(stages(&attempt.reports, model.now, theme, columns));
    if let AttemptOutcome::Refused { failure, findings } = &attempt.outcome {
        text.push(Line::default());
        let lead = word(theme, Role::Bad, " ✗ ");
        let message = findings
            .first()
            .map_or(failure.message.as_str(), |finding| finding.title.as_str());
        paragraph(&mut text, theme, &lead, (Role::Text, message), columns);
        let key = model
            .keymap
            .key_of(crate::app::command::Command::ConnectionsWhy)
            .unwrap_or("palette");
        text.push(Line::from(vec![
            word(theme, Role::Quiet, "   → "),
            word(theme, Role::Key, key.to_owned()),
            word(theme, Role::Quiet, ": why, and the smallest fix"),
        ]));
    }
    text
}

/// Shown where no profile is selected.
fn welcome(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut text = vec![Line::default()];
    let lead = word(theme, Role::Text, " ");
    if let Some(failure) = &model.connections.unreadable {
        let bad = word(theme, Role::Bad, " ✗ ");
        paragraph(
            &mut text,
            theme,
            &bad,
            (Role::Text, &failure.message),
            columns,
        );
        if let Some(hint) = &failure.hint {
            paragraph(&mut text, theme, &lead, (Role::Quiet, hint), columns);
        }
        return text;
    }
    let words = "A profile names an endpoint, a database and a role. pgiam signs in with a fresh \
                 IAM token each time, and where the server refuses, it says why and what would \
                 lift the refusal.";
    paragraph(&mut text, theme, &lead, (Role::Quiet, words), columns);
    text
}

//! The lines every screen has: where am I and as whom, what goes on, which keys work here.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::paint::{ends, spinner, word};
use crate::app::command::{COMMANDS, Command, Scope, scopes};
use crate::app::layout::Area;
use crate::app::model::link::{Link, Up};
use crate::app::model::overlay::Overlay;
use crate::app::model::transaction::Autocommit;
use crate::app::model::{Model, Screen};
use crate::domain::aftermath::Aftermath;
use crate::domain::link::Recovery;
use crate::domain::profile::Guard;
use crate::domain::rows::cell;
use crate::domain::run::TransactionState;
use crate::domain::time::spoken;
use crate::domain::timeouts;
use crate::tui::theme::{Role, Theme};

/// Cells that the keys for help and commands take up in the title.
const HELP: usize = 28;

/// Where am I, as whom.
pub fn title(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let mut left = match model.screen {
        Screen::Connections => vec![
            word(theme, Role::Title, " pgiam"),
            word(theme, Role::Quiet, "  connections"),
        ],
        Screen::Workspace | Screen::Access => place(model, theme),
    };
    left.push(Span::raw(" "));
    let mut right = state(model, theme);
    let known = Line::from(left.clone()).width() + Line::from(right.clone()).width();
    for command in [Command::Help, Command::Palette] {
        if let Some(key) = model.keymap.key_of(command) {
            let name = if command == Command::Help {
                "help"
            } else {
                "commands"
            };
            right.push(word(theme, Role::Key, format!("  {key}")));
            right.push(word(theme, Role::Quiet, format!(" {name}")));
        }
    }
    // What goes on outlasts the keys where there is no room for both.
    if known + HELP > usize::from(area.width) {
        right = state(model, theme);
    }
    right.push(Span::raw(" "));
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    // What state the session is in outlasts as whom and what is set: work may hang on it.
    while left.len() > 1 && width(&left) + width(&right) >= usize::from(area.width) {
        drop(left.pop());
    }
    while right.len() > 2 && width(&left) + width(&right) >= usize::from(area.width) {
        drop(right.remove(right.len() - 2));
    }
    ends(frame, area, Line::from(left), Line::from(right));
}

fn place(model: &Model, theme: Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if let Some(profile) = model.link.profile() {
        let style = profile.colour.as_deref().map_or_else(
            || theme.style(Role::Title),
            |colour| theme.tint(colour).patch(bold()),
        );
        spans.push(Span::styled(
            format!(" {}", cell::safe_line(&profile.name)),
            style,
        ));
    }
    let facts = match &model.link {
        Link::Up(Up { facts, .. }) | Link::Lost { facts, .. } => facts,
        Link::Down | Link::Dialing(_) => return spans,
    };
    let whom = format!("  {}@{}", facts.user, facts.database);
    spans.push(word(theme, Role::Text, cell::safe_line(&whom).into_owned()));
    let version = format!("  PostgreSQL {}", cell::safe_line(facts.version.short()));
    spans.push(word(theme, Role::Quiet, version));
    spans.push(match &facts.tls {
        Some(protocol) => word(
            theme,
            Role::Quiet,
            format!("  {}", cell::safe_line(protocol)),
        ),
        None => word(theme, Role::Warning, "  no TLS"),
    });
    if facts.guard == Guard::ReadOnly {
        spans.push(word(theme, Role::Good, "  read-only"));
    }
    let timeouts = model.link.profile().map_or(model.timeouts, |profile| {
        profile.timeouts.or(model.timeouts)
    });
    if let Some(statement) = timeouts.statement.filter(|limit| !limit.is_zero()) {
        let limit = format!("  statements {}", timeouts::written(statement));
        spans.push(word(theme, Role::Quiet, limit));
    }
    if facts.recovery == Recovery::Standby {
        spans.push(word(theme, Role::Warning, "  standby"));
    }
    spans
}

const fn bold() -> ratatui::style::Style {
    ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::BOLD)
}

fn state(model: &Model, theme: Theme) -> Vec<Span<'static>> {
    if model.screen == Screen::Connections {
        let count = model.connections.profiles.len();
        let noun = if count == 1 { "profile" } else { "profiles" };
        return vec![word(theme, Role::Quiet, format!("{count} {noun}"))];
    }
    let mut spans = Vec::new();
    if let Some(run) = model.query.run().filter(|_| model.query.is_running()) {
        let text = format!(
            "{} running {}  ",
            spinner(model.now.0),
            spoken(model.now.since(run.begun))
        );
        spans.push(word(theme, Role::Busy, text));
    }
    spans.push(match &model.link {
        Link::Down => word(theme, Role::Bad, "not connected"),
        Link::Dialing(_) => word(theme, Role::Busy, "connecting"),
        Link::Lost { .. } => word(theme, Role::Bad, "✗ connection lost"),
        Link::Up(up) => match up.transaction {
            TransactionState::Idle => word(theme, Role::Quiet, "idle"),
            TransactionState::Open => word(
                theme,
                Role::Warning,
                format!("● in transaction{}", opened(model)),
            ),
            TransactionState::Failed => word(
                theme,
                Role::Bad,
                format!("✗ transaction failed{}", opened(model)),
            ),
        },
    });
    if model.transaction.autocommit == Autocommit::Off {
        spans.push(word(theme, Role::Warning, "  autocommit off"));
    }
    spans
}

/// Since when the transaction is open, and how much is in it.
fn opened(model: &Model) -> String {
    let (Some(opened), Some(age)) = (model.transaction.opened, model.transaction.age(model.now))
    else {
        return String::new();
    };
    match opened.statements {
        0 => format!(" {age}"),
        1 => format!(" {age} · 1 statement"),
        many => format!(" {age} · {many} statements"),
    }
}

/// What goes on: a lost connection before everything else, then what was told last.
pub fn status(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let line = match (&model.link, &model.told) {
        (
            Link::Lost {
                failure, aftermath, ..
            },
            _,
        ) if model.screen != Screen::Connections => {
            let key = model.keymap.key_of(Command::Reconnect).unwrap_or("palette");
            let mut spans = vec![
                word(theme, Role::Bad, " ✗ "),
                word(
                    theme,
                    Role::Text,
                    cell::safe_line(&failure.message).into_owned(),
                ),
            ];
            let role = match aftermath {
                Aftermath::Nothing | Aftermath::ReadCut => Role::Quiet,
                Aftermath::RolledBack | Aftermath::Unknown { .. } => Role::Warning,
            };
            // What is lost matters more than the words in which the loss was noticed.
            let summary = format!("{} · ", aftermath.summary());
            spans.insert(1, word(theme, role, summary));
            // The way out stands first, where a narrow terminal cannot cut it off.
            spans.insert(1, word(theme, Role::Key, format!("{key} reconnects · ")));
            Line::from(spans)
        }
        (_, Some(told)) => Line::from(word(
            theme,
            Role::Text,
            format!(" {}", cell::safe_line(&told.text)),
        )),
        (_, None) => Line::default(),
    };
    ends(frame, area, line, Line::default());
}

/// What a person most likely wants next: where few keys fit, it must be among them.
fn foremost(model: &Model, scopes: &[Scope]) -> Option<Command> {
    if model.screen != Screen::Workspace {
        return None;
    }
    if model.query.is_running() {
        return Some(Command::Cancel);
    }
    if matches!(model.link, Link::Lost { .. }) {
        return Some(Command::Reconnect);
    }
    let explained = !scopes.contains(&Scope::Diagnostics) && model.diagnostics.subject.is_some();
    explained.then_some(Command::WhyLast)
}

/// The keys that work here, as many as fit.
pub fn hints(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    // Whatever else lies on top says its own keys.
    if model
        .overlays
        .last()
        .is_some_and(|top| !matches!(top, Overlay::Diagnosis))
    {
        return;
    }
    let scopes = scopes(model);
    let first = foremost(model, &scopes);
    let here = scopes.iter().flat_map(|scope| {
        COMMANDS
            .iter()
            .filter(move |entry| entry.scope == *scope && Some(entry.command) != first)
    });
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for entry in first.and_then(Command::entry).into_iter().chain(here) {
        // What is wanted now is named even if it usually stays out of the way.
        let hint = match entry.hint {
            "" if Some(entry.command) == first => entry.name,
            hint => hint,
        };
        if hint.is_empty() || entry.command.unavailable(model).is_some() {
            continue;
        }
        let Some(key) = model.keymap.key_of(entry.command) else {
            continue;
        };
        let wide = cell::width(key) + cell::width(hint) + 4;
        if used + wide > usize::from(area.width) {
            continue;
        }
        used += wide;
        spans.push(word(theme, Role::Key, key.to_owned()));
        spans.push(word(theme, Role::Quiet, format!(" {hint}   ")));
    }
    ends(frame, area, Line::from(spans), Line::default());
}

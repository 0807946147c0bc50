//! The diagnostics panel: explain, copy, apply, run again.

use super::{editor, link, query};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout;
use crate::app::message::Ticket;
use crate::app::model::diagnostics::{Applying, Diagnostics, Subject};
use crate::app::model::overlay::{Confirm, Consent, Overlay, Picker};
use crate::app::model::{Model, Pane, Screen};
use crate::domain::diagnosis::login;
use crate::domain::diagnosis::{Applied, Finding, FixKind, MissingPrivilege, WhyReport};
use crate::domain::failure::Failure;
use crate::domain::profile::Profile;
use crate::domain::stage::StageReport;

/// Opens the panel on a refused connection.
pub(super) fn sign_in(
    model: &mut Model,
    profile: Profile,
    reports: Vec<StageReport>,
    failure: Failure,
    findings: Vec<Finding>,
) {
    model.diagnostics = Diagnostics::about(Subject::SignIn {
        profile: Box::new(profile),
        reports,
        failure,
        findings,
    });
    if model.screen == Screen::Workspace {
        model.focus = Pane::Diagnostics;
    } else {
        model.overlays.push(Overlay::Diagnosis);
    }
}

/// Asks why a statement was refused; the panel opens beside the result.
pub(super) fn ask(model: &mut Model, statement: String, failure: Failure) -> Vec<Effect> {
    let ticket = model.next_ticket();
    model.diagnostics = Diagnostics::about(Subject::Asking {
        ticket,
        failure: failure.clone(),
    });
    vec![Effect::AskWhy {
        ticket,
        statement,
        refusal: Box::new(failure),
    }]
}

pub(super) fn answered(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Box<WhyReport>, Failure>,
) -> Vec<Effect> {
    let failure = match &model.diagnostics.subject {
        Some(Subject::Asking {
            ticket: asked,
            failure,
        }) if *asked == ticket => failure.clone(),
        _ => return Vec::new(),
    };
    model.diagnostics = Diagnostics::about(match outcome {
        Ok(report) => Subject::Why(report),
        Err(because) => Subject::Unexplained { failure, because },
    });
    Vec::new()
}

/// The question under way, given up.
pub(super) fn cancelling(model: &mut Model) -> Option<Ticket> {
    if let Some(Subject::Asking { ticket, failure }) = &model.diagnostics.subject {
        let (ticket, failure) = (*ticket, failure.clone());
        let because = Failure::local("given up");
        model.diagnostics = Diagnostics::about(Subject::Unexplained { failure, because });
        return Some(ticket);
    }
    if let Applying::Running { ticket, .. } = model.diagnostics.applying {
        model.diagnostics.applying = Applying::Nothing;
        return Some(ticket);
    }
    None
}

pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    let fix = model.diagnostics.selected_fix();
    match (command, fix) {
        (Command::CopyFix, Some(fix)) => {
            model.tell("copied the fix");
            vec![Effect::Copy { text: script(&fix) }]
        }
        (Command::EditFix, Some(fix)) => {
            if model.screen != Screen::Workspace {
                model.tell("connect first: the editor is part of the workspace");
                return Vec::new();
            }
            model.focus = Pane::Editor;
            editor::open_tab(model, &script(&fix))
        }
        (Command::ApplyFix, Some(_)) => choose_profile(model),
        (Command::RunAgain, _) => run_again(model),
        (Command::CloseWhy, _) => close(model),
        _ => Vec::new(),
    }
}

fn script(statements: &[String]) -> String {
    statements.iter().fold(String::new(), |script, statement| {
        script
            + statement
            + ";
"
    })
}

/// Tries again what was refused.
fn run_again(model: &mut Model) -> Vec<Effect> {
    match &model.diagnostics.subject {
        Some(Subject::SignIn { profile, .. }) => {
            let profile = (**profile).clone();
            model
                .overlays
                .retain(|overlay| !matches!(overlay, Overlay::Diagnosis));
            link::dial(model, profile)
        }
        Some(Subject::Why(report)) => {
            let Some(statement) = report.statement.clone() else {
                return Vec::new();
            };
            // A refusal that comes again brings the panel back.
            model.diagnostics = Diagnostics::default();
            model.focus = Pane::Result;
            query::run(model, vec![statement])
        }
        Some(Subject::Asking { .. } | Subject::Unexplained { .. }) | None => Vec::new(),
    }
}

pub(super) fn close(model: &mut Model) -> Vec<Effect> {
    let given_up = cancelling(model);
    model.diagnostics = Diagnostics::default();
    model
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Diagnosis));
    if model.focus == Pane::Diagnostics {
        model.focus = Pane::Editor;
    }
    given_up
        .map(|ticket| Effect::Cancel { ticket })
        .into_iter()
        .collect()
}

/// Whether the selected fix is SQL: nothing else can be applied through a profile.
fn is_sql(model: &Model) -> bool {
    match &model.diagnostics.subject {
        Some(Subject::SignIn { findings, .. }) => findings
            .iter()
            .flat_map(|finding| &finding.fixes)
            .nth(model.diagnostics.selected)
            .is_some_and(|fix| fix.kind == FixKind::Sql),
        Some(Subject::Why(_)) => true,
        Some(Subject::Asking { .. } | Subject::Unexplained { .. }) | None => false,
    }
}

/// Asks through which profile a fix goes: those of the same server, the likeliest first.
fn choose_profile(model: &mut Model) -> Vec<Effect> {
    if !is_sql(model) {
        model.tell("this fix is not SQL: copy it with y");
        return Vec::new();
    }
    let refused = match &model.diagnostics.subject {
        Some(Subject::SignIn { profile, .. }) => Some((**profile).clone()),
        _ => model.link.profile().cloned(),
    };
    let Some(refused) = refused else {
        return Vec::new();
    };
    let profiles = &model.connections.profiles;
    let mut choices: Vec<usize> = (0..profiles.len())
        .filter(|at| {
            profiles
                .get(*at)
                .is_some_and(|profile| profile.name != refused.name)
        })
        .collect();
    choices.sort_by_key(|at| {
        let profile = profiles.get(*at);
        let same_server = profile
            .is_some_and(|profile| profile.host == refused.host && profile.port == refused.port);
        let administers = profile.is_some_and(|profile| {
            ["master", "admin", "postgres", "owner", "dba", "root"]
                .iter()
                .any(|word| profile.user.contains(word))
        });
        (!same_server, !administers)
    });
    model.overlays.push(Overlay::ApplyThrough(Picker {
        choices,
        selected: 0,
    }));
    Vec::new()
}

/// Shows exactly what would be sent, and through whom.
pub(super) fn confirm(model: &mut Model, profile: Profile) {
    let Some(fix) = model.diagnostics.selected_fix() else {
        return;
    };
    let mut body = vec![format!(
        "through {} as {}, in {}",
        profile.name,
        profile.user,
        database(model, &profile)
    )];
    body.extend(fix.into_iter().map(|statement| format!("{statement};")));
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "apply this fix?".to_owned(),
        body,
        yes: Consent::ApplyFix(Box::new(profile)),
        verb: "apply",
    }));
}

/// Grants on a schema or table must run in the database that has it.
fn database(model: &Model, through: &Profile) -> String {
    match &model.diagnostics.subject {
        Some(Subject::Why(_)) => model
            .link
            .up()
            .map_or(&through.database, |up| &up.facts.database)
            .clone(),
        _ => through.database.clone(),
    }
}

pub(super) fn apply(model: &mut Model, through: Profile) -> Vec<Effect> {
    let Some(statements) = model.diagnostics.selected_fix() else {
        return Vec::new();
    };
    let missing: Vec<MissingPrivilege> = match &model.diagnostics.subject {
        Some(Subject::Why(report)) => report.missing.clone(),
        Some(Subject::SignIn {
            profile, findings, ..
        }) => {
            let owners = findings
                .iter()
                .flat_map(|finding| finding.fixes.iter().map(move |_| finding));
            let finding = owners.into_iter().nth(model.diagnostics.selected);
            finding
                .and_then(|finding| login::missing(finding, profile))
                .into_iter()
                .collect()
        }
        Some(Subject::Asking { .. } | Subject::Unexplained { .. }) | None => Vec::new(),
    };
    let ticket = model.next_ticket();
    let through = Profile {
        database: database(model, &through),
        ..through
    };
    model.diagnostics.applying = Applying::Running {
        ticket,
        through: through.name.clone(),
    };
    vec![Effect::ApplyFix {
        ticket,
        through: Box::new(through),
        statements,
        missing,
    }]
}

pub(super) fn applied(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Applied, Failure>,
) -> Vec<Effect> {
    match model.diagnostics.applying {
        Applying::Running { ticket: asked, .. } if asked == ticket => {}
        _ => return Vec::new(),
    }
    model.diagnostics.applying = match outcome {
        Ok(applied) => Applying::Done(applied),
        Err(failure) => Applying::Failed(failure),
    };
    model.diagnostics.scroll = 0;
    Vec::new()
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = layout::page(model, Pane::Diagnostics);
    let fixes = model.diagnostics.fixes().len();
    let panel = &mut model.diagnostics;
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => panel.scroll += 1,
        KeyCode::Up | KeyCode::Char('k') => panel.scroll = panel.scroll.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => panel.scroll += page,
        KeyCode::PageUp => panel.scroll = panel.scroll.saturating_sub(page),
        KeyCode::Home | KeyCode::Char('g') => panel.scroll = 0,
        KeyCode::Right | KeyCode::Char('n' | 'l') => {
            panel.selected = (panel.selected + 1).min(fixes.saturating_sub(1));
        }
        KeyCode::Left | KeyCode::Char('p' | 'h') => {
            panel.selected = panel.selected.saturating_sub(1);
        }
        KeyCode::Char(digit @ '1'..='9') => {
            let at = usize::from(digit as u8 - b'1');
            if at < fixes {
                panel.selected = at;
            }
        }
        KeyCode::Char('?') => model.overlays.push(Overlay::Help { scroll: 0 }),
        _ => {}
    }
    Vec::new()
}

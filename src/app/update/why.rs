//! The diagnostics panel: explain, copy, apply, run again.

use super::{access, editor, link, query};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::layout;
use crate::app::message::Ticket;
use crate::app::model::access::{Sought, SoughtObject};
use crate::app::model::diagnostics::{Applying, Diagnostics, Subject};
use crate::app::model::overlay::{Confirm, Consent, Overlay, Picker, Through};
use crate::app::model::{Model, Pane, Screen};
use crate::domain::access::Realm;
use crate::domain::diagnosis::login;
use crate::domain::diagnosis::{
    Applied, Finding, FixKind, Mark, MissingPrivilege, ObjectKind, Reason, WhyReport,
};
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
        answer: None,
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
    match &model.diagnostics.subject {
        Some(Subject::Asking { ticket: asked, .. }) if *asked == ticket => {}
        _ => return Vec::new(),
    }
    match outcome {
        Ok(report) => model.diagnostics = Diagnostics::about(Subject::Why(report)),
        Err(because) => unanswered(model, because),
    }
    Vec::new()
}

/// No answer came: what was known before stays, with the reason for there being no more.
fn unanswered(model: &mut Model, because: Failure) {
    let subject = match model.diagnostics.subject.take() {
        Some(Subject::Asking {
            answer: Some(mut report),
            ..
        }) => {
            report.because.push(Reason {
                mark: Mark::Measured,
                text: format!("not rehearsed: {}", because.message),
            });
            Subject::Why(report)
        }
        Some(Subject::Asking { failure, .. }) => Subject::Unexplained { failure, because },
        other => {
            model.diagnostics.subject = other;
            return;
        }
    };
    model.diagnostics = Diagnostics::about(subject);
}

/// The question under way, given up.
pub(super) fn cancelling(model: &mut Model) -> Option<Ticket> {
    if let Some(Subject::Asking { ticket, .. }) = &model.diagnostics.subject {
        let ticket = *ticket;
        unanswered(model, Failure::local("given up"));
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
            if model.screen == Screen::Connections {
                model.tell("connect first: the editor is part of the workspace");
                return Vec::new();
            }
            close_overlay(model);
            model.screen = Screen::Workspace;
            model.focus = Pane::Editor;
            editor::open_tab(model, &script(&fix))
        }
        (Command::ApplyFix, Some(_)) => {
            if !is_sql(model) {
                model.tell("this fix is not SQL: copy it with y");
                return Vec::new();
            }
            choose_profile(model, Through::Apply);
            Vec::new()
        }
        (Command::ProveFix, _) => {
            if matches!(&model.diagnostics.subject, Some(Subject::Why(_))) {
                choose_profile(model, Through::Prove);
            }
            Vec::new()
        }
        (Command::RunAgain, _) if model.screen == Screen::Access => {
            model.tell("what is explained here was not run: it is a question about another role");
            Vec::new()
        }
        (Command::RunAgain, _) => run_again(model),
        (Command::SeeAccess, _) => see_access(model),
        (Command::CloseWhy, _) => close(model),
        _ => Vec::new(),
    }
}

/// Goes to the access screen, on the role and the object of the first thing that is missing.
fn see_access(model: &mut Model) -> Vec<Effect> {
    let missing = match &model.diagnostics.subject {
        Some(Subject::Why(report)) => report.missing.first().cloned(),
        _ => None,
    };
    let sought = missing.map_or(Sought::Everything, |missing| {
        let role = missing.grantee;
        match realm(missing.object.kind) {
            Some(realm) => Sought::Pair {
                role,
                object: SoughtObject::Named {
                    realm,
                    schema: missing.object.schema,
                    name: missing.object.name,
                },
            },
            None => Sought::Role(role),
        }
    });
    close_overlay(model);
    access::open(model, sought)
}

const fn realm(kind: ObjectKind) -> Option<Realm> {
    Some(match kind {
        ObjectKind::Database => Realm::Database,
        ObjectKind::Schema => Realm::Schema,
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::ForeignTable
        | ObjectKind::Sequence => Realm::Relation,
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => Realm::Function,
        ObjectKind::Type => Realm::Type,
        ObjectKind::Language => Realm::Language,
        ObjectKind::ForeignDataWrapper => Realm::ForeignDataWrapper,
        ObjectKind::ForeignServer => Realm::ForeignServer,
        ObjectKind::Tablespace => Realm::Tablespace,
        ObjectKind::LargeObject => Realm::LargeObject,
        ObjectKind::Parameter => Realm::Parameter,
        ObjectKind::Role | ObjectKind::Other => return None,
    })
}

fn close_overlay(model: &mut Model) {
    model
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Diagnosis));
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
            close_overlay(model);
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
    close_overlay(model);
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

/// Asks through which profile: for a proof only those of the same server, for a fix all others too;
/// the likeliest first.
fn choose_profile(model: &mut Model, through: Through) {
    let refused = match &model.diagnostics.subject {
        Some(Subject::SignIn { profile, .. }) => Some((**profile).clone()),
        _ => model.link.profile().cloned(),
    };
    let Some(refused) = refused else {
        return;
    };
    let same_server =
        |profile: &Profile| profile.host == refused.host && profile.port == refused.port;
    let profiles = &model.connections.profiles;
    let mut choices: Vec<usize> = (0..profiles.len())
        .filter(|at| {
            profiles.get(*at).is_some_and(|profile| {
                profile.name != refused.name && (through == Through::Apply || same_server(profile))
            })
        })
        .collect();
    choices.sort_by_key(|at| {
        let profile = profiles.get(*at);
        let administers = profile.is_some_and(|profile| {
            ["master", "admin", "postgres", "owner", "dba", "root"]
                .iter()
                .any(|word| profile.user.contains(word))
        });
        (!profile.is_some_and(same_server), !administers)
    });
    model.overlays.push(Overlay::Through(Picker {
        through,
        choices,
        selected: 0,
    }));
}

/// Shows exactly what would be sent, and through whom.
pub(super) fn confirm(model: &mut Model, through: Through, profile: Profile) {
    let mut body = vec![format!(
        "through {} as {}, in {}",
        profile.name,
        profile.user,
        database(model, &profile)
    )];
    let (title, yes, verb) = match through {
        Through::Apply => {
            let Some(fix) = model.diagnostics.selected_fix() else {
                return;
            };
            body.extend(fix.into_iter().map(|statement| format!("{statement};")));
            let consent = Consent::ApplyFix(Box::new(profile));
            ("apply this fix?", consent, "apply")
        }
        Through::Prove => {
            let Some(Subject::Why(report)) = &model.diagnostics.subject else {
                return;
            };
            body.push(format!(
                "tried as {} in a transaction that is always rolled back, with the fixes inside it:",
                report.role
            ));
            body.extend(report.statement.clone());
            let consent = Consent::Prove(Box::new(profile));
            ("rehearse this statement?", consent, "rehearse")
        }
    };
    model.overlays.push(Overlay::Confirm(Confirm {
        title: title.to_owned(),
        body,
        yes,
        verb,
    }));
}

/// Asks again through a profile that may try the statement as the refused role.
pub(super) fn prove(model: &mut Model, through: Profile) -> Vec<Effect> {
    let through = Profile {
        database: database(model, &through),
        ..through
    };
    let Some(Subject::Why(report)) = &model.diagnostics.subject else {
        return Vec::new();
    };
    let report = report.clone();
    let (Some(statement), Some(failure)) = (report.statement.clone(), report.refusal.clone())
    else {
        return Vec::new();
    };
    let role = report.role.clone();
    let ticket = model.next_ticket();
    model.diagnostics = Diagnostics::about(Subject::Asking {
        ticket,
        failure: failure.clone(),
        answer: Some(report),
    });
    vec![Effect::ProveFix {
        ticket,
        through: Box::new(through),
        role,
        statement,
        refusal: Box::new(failure),
    }]
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

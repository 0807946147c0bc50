//! Does what a verb says, or says why it cannot.

use super::{access, caution, connections, editor, focus, grid, link, plan, query, tree, why};
use crate::app::command::{COMMANDS, Command, Scope};
use crate::app::effect::Effect;
use crate::app::model::access::Sought;
use crate::app::model::overlay::{Confirm, Consent, Overlay, Palette};
use crate::app::model::{Model, Pane};

/// Does what a verb says; a verb that cannot be used says why in the status line.
pub(super) fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(reason) = command.unavailable(model) {
        model.tell(reason);
        return Vec::new();
    }
    // Names offered for what was being typed are out of date once a verb is given.
    if command != Command::Complete {
        model.editor.completion = None;
    }
    match scope(command) {
        Scope::Everywhere => everywhere(model, command),
        Scope::Connections => connections::perform(model, command),
        Scope::Workspace => workspace(model, command),
        Scope::Tree => {
            focus(model, Pane::Tree);
            tree::perform(model, command)
        }
        Scope::Editor => {
            focus(model, Pane::Editor);
            editor::perform(model, command)
        }
        Scope::Result => {
            focus(model, Pane::Result);
            grid::perform(model, command)
        }
        Scope::Diagnostics => why::perform(model, command),
        Scope::Access => access::perform(model, command),
    }
}

fn scope(command: Command) -> Scope {
    COMMANDS
        .iter()
        .find(|entry| entry.command == command)
        .map_or(Scope::Everywhere, |entry| entry.scope)
}

fn everywhere(model: &mut Model, command: Command) -> Vec<Effect> {
    if command == Command::Palette {
        model.overlays.push(Overlay::Palette(Palette::default()));
    } else if command == Command::Help {
        model.overlays.push(Overlay::Help { scroll: 0 });
    } else if command == Command::Suspend {
        return vec![Effect::Suspend];
    } else if command == Command::Quit {
        return quit(model);
    }
    Vec::new()
}

/// Leaves at once where nothing can be lost, else asks.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let mut body = caution::before_leaving(model);
    if body.is_empty() {
        return editor::leave(model, vec![Effect::Quit]);
    }
    if matches!(
        model.overlays.last(),
        Some(Overlay::Confirm(Confirm {
            yes: Consent::Quit,
            ..
        }))
    ) {
        return editor::leave(model, vec![Effect::Quit]);
    }
    body.push("The text of the editor is kept.".to_owned());
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "leave pgiam?".to_owned(),
        body,
        yes: Consent::Quit,
        verb: "leave",
    }));
    Vec::new()
}

fn workspace(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::NextPane => step_pane(model, 1),
        Command::PreviousPane => step_pane(model, -1),
        Command::Reconnect => link::reconnect(model),
        Command::Disconnect => link::disconnect(model),
        Command::Cancel => link::cancel(model),
        Command::Explain => plan::explain(model),
        Command::WhyLast => {
            let effects = match model.hidden_refusal() {
                Some((statement, failure)) if model.diagnostics.subject.is_none() => {
                    why::ask(model, statement, failure)
                }
                _ => Vec::new(),
            };
            focus(model, Pane::Diagnostics);
            effects
        }
        Command::CloseDiagnostics => why::close(model),
        Command::Access => access::open(model, Sought::Everything),
        _ => query::perform(model, command),
    }
}

/// Walks the panes that there are.
fn step_pane(model: &mut Model, step: isize) -> Vec<Effect> {
    let mut panes = vec![Pane::Tree, Pane::Editor, Pane::Result];
    if model.diagnostics.subject.is_some() {
        panes.push(Pane::Diagnostics);
    }
    let at = panes
        .iter()
        .position(|pane| *pane == model.focus)
        .unwrap_or(0);
    let next = (at.cast_signed() + step)
        .rem_euclid(panes.len().cast_signed())
        .cast_unsigned();
    if let Some(pane) = panes.get(next) {
        focus(model, *pane);
    }
    Vec::new()
}

//! What is planned, as statements: looked over, dropped one by one, made in one transaction.

use super::not_now;
use crate::app::effect::Effect;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::edit::Edits;
use crate::app::model::overlay::Overlay;
use crate::app::model::transaction::Autocommit;
use crate::app::update::grid;
use crate::domain::aftermath::Aftermath;
use crate::domain::edit::{Ending, Made, Unmade};
use crate::domain::failure::Origin;

/// Shows the statements of what is planned.
pub(super) fn open(model: &mut Model) {
    match &model.edits {
        Some(edits) if !edits.pending.is_empty() => {
            model.overlays.push(Overlay::Review { selected: 0 });
        }
        _ => model.tell("no changes are planned: e edits the cell under the cursor"),
    }
}

/// A key for the statements of the changes, which are put back unless the key closes them.
pub(in crate::app::update) fn key(model: &mut Model, selected: usize, key: Key) -> Vec<Effect> {
    let Some(edits) = &mut model.edits else {
        return Vec::new();
    };
    if let Some(ticket) = edits.making {
        model.overlays.push(Overlay::Review { selected });
        let stop = key.code == KeyCode::Escape || (key.ctrl && key.code == KeyCode::Char('c'));
        return if stop {
            vec![Effect::Cancel { ticket }]
        } else {
            Vec::new()
        };
    }
    let changes = edits.changes();
    let last = changes.len().saturating_sub(1);
    let selected = match key.code {
        KeyCode::Escape | KeyCode::Char('q') => return Vec::new(),
        KeyCode::Char('c') if key.ctrl => return Vec::new(),
        KeyCode::Enter => return make(model),
        KeyCode::Char('x') | KeyCode::Delete => {
            drop_change(edits, selected);
            if edits.pending.is_empty() {
                return Vec::new();
            }
            selected.min(edits.pending.count().saturating_sub(1))
        }
        KeyCode::Up | KeyCode::Char('k') => selected.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => (selected + 1).min(last),
        _ => selected,
    };
    model.overlays.push(Overlay::Review { selected });
    Vec::new()
}

fn drop_change(edits: &mut Edits, selected: usize) {
    edits.unmade = None;
    let changes = edits.changes();
    let Some(change) = changes.get(selected) else {
        return;
    };
    if let Some(row) = change.row {
        edits.pending.forget_row(row);
    }
    if let Some(place) = change.inserted
        && place < edits.pending.inserted.len()
    {
        drop(edits.pending.inserted.remove(place));
    }
}

/// Sends the statements, all in one transaction.
fn make(model: &mut Model) -> Vec<Effect> {
    if let Some(reason) = not_now(model) {
        model.tell(reason);
        model.overlays.push(Overlay::Review { selected: 0 });
        return Vec::new();
    }
    let ticket = model.next_ticket();
    let ending = match model.transaction.autocommit {
        Autocommit::On => Ending::Commit,
        Autocommit::Off => Ending::LeaveOpen,
    };
    let Some(edits) = &mut model.edits else {
        return Vec::new();
    };
    edits.making = Some(ticket);
    edits.unmade = None;
    let changes = edits.changes();
    model.overlays.push(Overlay::Review { selected: 0 });
    vec![Effect::MakeEdits {
        ticket,
        changes,
        ending,
    }]
}

/// The changes were made, or undone.
pub(in crate::app::update) fn made(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Made, Box<Unmade>>,
) -> Vec<Effect> {
    let Some(edits) = model
        .edits
        .as_mut()
        .filter(|edits| edits.making == Some(ticket))
    else {
        return Vec::new();
    };
    edits.making = None;
    let state = match &outcome {
        Ok(made) => made.state,
        Err(unmade) => unmade.state,
    };
    match outcome {
        Ok(made) => {
            let changes = edits.changes();
            let added = edits.taken(&changes, made.rows);
            let edited = edits.edited;
            model
                .overlays
                .retain(|overlay| !matches!(overlay, Overlay::Review { .. }));
            model.query.add_rows(edited.run, edited.place, &added);
            model.tell(match changes.len() {
                1 => "made 1 change".to_owned(),
                many => format!("made {many} changes"),
            });
        }
        Err(unmade) => {
            if unmade.failure.origin == Origin::Lost {
                model.transaction.doubtful.clone_from(&unmade.transaction);
                model.transaction.cut = Some(cut(&unmade));
            }
            let selected = unmade.place.unwrap_or(0);
            edits.unmade = Some(unmade);
            for overlay in &mut model.overlays {
                if let Overlay::Review { selected: shown } = overlay {
                    *shown = selected;
                }
            }
        }
    }
    if let crate::app::model::link::Link::Up(up) = &mut model.link {
        up.transaction = state;
        model.transaction.moved(state, model.now);
    }
    grid::fit(model);
    Vec::new()
}

/// What became of changes whose connection was lost: only a COMMIT leaves a doubt.
fn cut(unmade: &Unmade) -> Aftermath {
    match &unmade.transaction {
        Some(id) => Aftermath::Unknown {
            statement: GRID.to_owned(),
            transaction: Some(id.clone()),
        },
        None => Aftermath::RolledBack,
    }
}

/// What stands for the statements where they are told in one word.
const GRID: &str = "the changes made in the grid";

/// What became of changes that were being made when the connection was lost.
pub(in crate::app::update) fn loss(model: &Model) -> Option<Aftermath> {
    let edits = model.edits.as_ref()?;
    let _making = edits.making?;
    if model.in_transaction() || model.transaction.autocommit == Autocommit::Off {
        return Some(Aftermath::RolledBack);
    }
    Some(Aftermath::Unknown {
        statement: GRID.to_owned(),
        transaction: None,
    })
}

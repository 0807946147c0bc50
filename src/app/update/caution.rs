//! What is asked before it is done: statements that take away much, and leaving something open.

use super::editor;
use crate::app::effect::{Effect, Seat};
use crate::app::message::Rows;
use crate::app::model::overlay::{Consent, Overlay};
use crate::app::model::query::Sent;
use crate::app::model::{Look, Model};
use crate::domain::catalog::{Catalog, RelationKind, spoken_count};
use crate::domain::failure::Failure;
use crate::domain::run::TransactionState;
use crate::domain::sql::cascade;
use crate::domain::sql::danger::{Danger, Hazard, Reach, hazards};
use crate::domain::sql::guard;

/// What to know before these statements run, line by line; empty where nothing needs a question.
pub(super) fn before_running(model: &Model, sent: &[Sent]) -> Vec<String> {
    let mut body = Vec::new();
    for one in sent {
        let found = hazards(&one.text);
        if !found.is_empty() {
            body.push(one.text.clone());
            let catalog = model.tree.catalog();
            body.extend(found.iter().flat_map(|hazard| told(hazard, catalog)));
        } else if let Some(warning) = editor::surroundings(&model.link, &model.tree)
            .and_then(|around| guard::warning(&one.text, around))
        {
            body.push(one.text.clone());
            body.push(format!("  {}", warning.happens));
            body.push(format!("  better: {}", warning.better));
        }
    }
    if !body.is_empty() && state(model) == TransactionState::Open {
        body.push(
            "  A transaction is open: it can be rolled back until it is committed.".to_owned(),
        );
    }
    body
}

fn state(model: &Model) -> TransactionState {
    model
        .link
        .up()
        .map_or(TransactionState::Idle, |up| up.transaction)
}

fn told(hazard: &Hazard, catalog: &Catalog) -> Vec<String> {
    let does = match hazard.danger {
        Danger::UpdatesEveryRow => "changes every row: no WHERE bounds it",
        Danger::DeletesEveryRow => "deletes every row: no WHERE bounds it",
        Danger::MergesEveryRow => "changes rows that no condition picks",
        Danger::Drop => "drops what it names",
        Danger::DropColumn => "drops a column with all its values",
        Danger::Truncate => "empties the table",
        Danger::ExplainRuns => {
            "runs the statement for real; the plan key does the same and rolls it back"
        }
    };
    let mut lines = vec![format!("  {does}")];
    for name in &hazard.targets {
        lines.extend(size(hazard, name, catalog).map(|size| format!("  {size}")));
    }
    if hazard.reach == Reach::Cascade {
        lines.push(match hazard.danger {
            Danger::Truncate => {
                "  CASCADE: empties every table that refers to it as well".to_owned()
            }
            _ => "  CASCADE: drops everything that depends on it as well".to_owned(),
        });
    }
    lines
}

/// Asks the server, beside the session, what CASCADE would take along.
pub(super) fn ask_dependents(model: &mut Model, sent: &[Sent]) -> Vec<Effect> {
    let found: Vec<Hazard> = sent.iter().flat_map(|one| hazards(&one.text)).collect();
    let cascading = found.iter().find(|hazard| hazard.reach == Reach::Cascade);
    let (Some(hazard), Some(statement)) = (cascading, cascade::question(&found)) else {
        return Vec::new();
    };
    let ticket = model.next_ticket();
    let look = Look::Dependents {
        danger: hazard.danger,
        sent: sent.to_vec(),
    };
    drop(model.looks.insert(ticket, look));
    vec![Effect::Look {
        ticket,
        seat: Seat::Side,
        statement,
    }]
}

/// The server said what would go: the question tells it, if it is still on the screen.
pub(super) fn dependents(
    model: &mut Model,
    (danger, sent): (Danger, &[Sent]),
    outcome: &Result<Rows, Failure>,
) {
    let Ok(rows) = outcome else { return };
    let rows: Vec<[String; 3]> = rows
        .iter()
        .filter_map(|row| {
            let [kind, count, names] = row.as_slice() else {
                return None;
            };
            Some([kind, count, names].map(|cell| cell.clone().unwrap_or_default()))
        })
        .collect();
    let asked = model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Confirm(confirm) => match &confirm.yes {
            Consent::Run(waiting) if waiting.as_slice() == sent => Some(confirm),
            _ => None,
        },
        _ => None,
    });
    if let Some(confirm) = asked {
        confirm.body.extend(cascade::told(danger, &rows));
    }
}

/// How much there is of what a name says, where the catalog knows it without asking.
fn size(hazard: &Hazard, name: &[String], catalog: &Catalog) -> Option<String> {
    if hazard.danger == Danger::Drop && hazard.kind == "schema" {
        return schema_size(name.first()?, catalog);
    }
    let relation = catalog.find(name)?;
    let schema = catalog.schemas.get(relation.schema)?;
    let called = format!("{}.{}", schema.name, relation.name);
    match (relation.kind, relation.estimated_rows) {
        (RelationKind::View | RelationKind::Sequence, _) => None,
        (_, Some(rows)) => Some(format!("{called}: about {} rows", spoken_count(rows))),
        (_, None) => Some(format!(
            "{called}: nobody has counted its rows (never analyzed)"
        )),
    }
}

fn schema_size(name: &str, catalog: &Catalog) -> Option<String> {
    let at = catalog
        .schemas
        .iter()
        .position(|schema| schema.name == name)?;
    let relations = catalog.relations.get(catalog.relations_of(at))?;
    let rows: u64 = relations
        .iter()
        .filter_map(|relation| relation.estimated_rows)
        .sum();
    Some(format!(
        "{name}: {} relations, about {} rows, and {} functions",
        relations.len(),
        spoken_count(rows),
        catalog.functions_of(at).len()
    ))
}

/// How many changes of rows are planned and not made.
pub(super) fn planned_edits(model: &Model) -> Vec<String> {
    let Some(edits) = model.edits.as_ref().filter(|_| model.plans_edits()) else {
        return Vec::new();
    };
    let name = edits.target.name();
    vec![match edits.pending.count() {
        1 => format!("1 change of {name} is planned and not made; it would be lost."),
        many => format!("{many} changes of {name} are planned and not made; they would be lost."),
    }]
}

/// What leaving this session would lose, line by line; empty where nothing would be.
pub(super) fn before_leaving(model: &Model) -> Vec<String> {
    let mut lines = planned_edits(model);
    if model.query.is_running() {
        lines.push("A statement is running; leaving cancels it.".to_owned());
    }
    if state(model) != TransactionState::Idle {
        let statements = model
            .transaction
            .opened
            .map_or(0, |opened| opened.statements);
        let age = model.transaction.age(model.now).unwrap_or_default();
        lines.push(match statements {
            0 => format!("A transaction is open (since {age}); leaving rolls it back."),
            1 => {
                format!("A transaction is open (since {age}, 1 statement); leaving rolls it back.")
            }
            many => format!(
                "A transaction is open (since {age}, {many} statements); leaving rolls it back."
            ),
        });
    }
    lines
}

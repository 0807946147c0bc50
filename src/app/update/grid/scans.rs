//! Work on all rows that tasks do: beginning it, taking in what it reports, giving it up.

use std::ops::Range;

use super::rows::{search_again, take_step};
use super::{chart, statistics};
use crate::app::effect::Effect;
use crate::app::message::Ticket;
use crate::app::model::Model;
use crate::app::model::query::Query;
use crate::app::model::search::Search;
use crate::app::model::window::Window;
use crate::app::update::copy;
use crate::domain::failure::Failure;
use crate::domain::rows::ResultSet;
use crate::domain::rows::scan::{Answer, Find, Job, Report};
use crate::domain::rows::view::RowView;

/// The work of a search that has just begun.
pub(super) fn start_search(result: &ResultSet, window: &Window) -> Option<Effect> {
    search_effect(result, window, 0..result.rows())
}

/// The work of a search on some rows, from the cursor on.
pub(super) fn search_effect(
    result: &ResultSet,
    window: &Window,
    rows: Range<usize>,
) -> Option<Effect> {
    let search = window.search.as_ref()?;
    let job = Find {
        pattern: search.pattern().clone(),
        columns: window.columns().shown().collect(),
        rows,
        from: window.row(window.cursor().row),
        view: window.looking.view().cloned(),
    };
    Some(Effect::Scan {
        ticket: search.work()?.ticket,
        rows: Box::new(result.snapshot()),
        job: Box::new(Job::Find(job)),
    })
}

/// Work goes on.
pub(in crate::app::update) fn moved(model: &mut Model, ticket: Ticket, report: &Report) {
    let mut told = None;
    if let Some((result, window)) = searching(&mut model.query, ticket) {
        if let Some(search) = &mut window.search {
            search.found(&report.found, report.progress);
            if let Some(step) = search.step().filter(|_| !report.found.is_empty()) {
                told = take_step(result, window, step);
            }
        }
    } else if let Some((_, window)) = arranging(&mut model.query, ticket) {
        window.looking.moved(report.progress);
    } else if let Some(copying) = model.grid.copying.as_mut().filter(|it| it.ticket == ticket) {
        copying.progress = report.progress;
    } else {
        statistics::moved(model, ticket, report.progress);
        chart::moved(model, ticket, report.progress);
    }
    if let Some(told) = told {
        model.tell(told);
    }
}

/// Work is done, or could not be.
pub(in crate::app::update) fn done(
    model: &mut Model,
    ticket: Ticket,
    outcome: Result<Answer, Failure>,
) -> Vec<Effect> {
    match outcome {
        Ok(Answer::Searched) => {
            let mut told = None;
            if let Some((result, window)) = searching(&mut model.query, ticket)
                && let Some(search) = &mut window.search
            {
                search.through();
                if let Some(step) = search.step() {
                    told = take_step(result, window, step);
                }
            }
            if let Some(told) = told {
                model.tell(told);
            }
        }
        Ok(Answer::Lens(view)) => {
            let again = model.next_ticket();
            if let Some((result, window)) = arranging(&mut model.query, ticket) {
                let row = window.row(window.cursor().row);
                window.looking.show(view);
                window.rows_changed(row, result);
                return search_again(result, window, again);
            }
        }
        Ok(Answer::Described(summary)) => statistics::arrived(model, ticket, summary),
        Ok(Answer::Points(points)) => chart::arrived(model, ticket, points),
        Ok(Answer::Copied(copied)) => return copy::copied(model, ticket, copied),
        Err(failure) => failed(model, ticket, failure),
    }
    Vec::new()
}

fn failed(model: &mut Model, ticket: Ticket, failure: Failure) {
    if let Some((_, window)) = searching(&mut model.query, ticket) {
        if let Some(search) = &mut window.search {
            let _ = search.give_up();
        }
    } else if let Some((_, window)) = arranging(&mut model.query, ticket) {
        let _ = window.looking.give_up();
    } else if model.grid.copying.is_some_and(|it| it.ticket == ticket) {
        model.grid.copying = None;
    } else {
        statistics::failed(model, ticket, &failure);
        chart::failed(model, ticket, &failure);
        return;
    }
    model.tell(match failure.hint {
        Some(hint) => format!("✗ {}: {hint}", failure.message),
        None => format!("✗ {}", failure.message),
    });
}

/// The result whose search that ticket is.
fn searching(query: &mut Query, ticket: Ticket) -> Option<(&ResultSet, &mut Window)> {
    query.windows().find(|(_, window)| {
        let search = window.search.as_ref().and_then(Search::work);
        search.is_some_and(|work| work.ticket == ticket)
    })
}

/// The result whose filtering and ordering that ticket is.
fn arranging(query: &mut Query, ticket: Ticket) -> Option<(&ResultSet, &mut Window)> {
    query.windows().find(|(_, window)| {
        let work = window.looking.work();
        work.is_some_and(|work| work.ticket == ticket)
    })
}

/// Gives up the work on the result that shows. Gives what to stop; nothing if nothing went on.
pub(in crate::app::update) fn cancel(model: &mut Model) -> Vec<Effect> {
    let mut tickets: Vec<Ticket> = Vec::new();
    if let Some((_, window)) = model.query.shown_window() {
        tickets.extend(window.looking.give_up());
        tickets.extend(window.search.as_mut().and_then(Search::give_up));
    }
    tickets.extend(model.grid.copying.take().map(|work| work.ticket));
    if !tickets.is_empty() {
        model.tell("stopped; what was found stays");
    }
    tickets
        .into_iter()
        .map(|ticket| Effect::Cancel { ticket })
        .collect()
}

/// Gives up the work on all results: they are about to go.
pub(in crate::app::update) fn abandon(model: &mut Model) -> Vec<Effect> {
    let mut tickets: Vec<Ticket> = Vec::new();
    for (_, window) in model.query.windows() {
        tickets.extend(window.looking.give_up());
        tickets.extend(window.search.as_mut().and_then(Search::give_up));
    }
    tickets
        .into_iter()
        .map(|ticket| Effect::Cancel { ticket })
        .collect()
}

/// Rows have arrived: searches go on with them, and filters and orders take them in once they are
/// twice as many or all there, so that the work stays in proportion.
pub(in crate::app::update) fn catch_up(model: &mut Model) -> Vec<Effect> {
    let complete = !model.query.is_running();
    let mut effects = Vec::new();
    let mut last = model.last_ticket;
    let mut next = || {
        last.0 += 1;
        last
    };
    for (result, window) in model.query.windows() {
        let rows = result.rows();
        let looking = &mut window.looking;
        let covered = looking.view().map_or(0, RowView::covered);
        if looking.is_behind(rows) && (complete || rows >= covered.saturating_mul(2)) {
            let (lens, ticket) = (looking.applied().clone(), next());
            looking.want(lens.clone(), ticket);
            effects.push(Effect::Scan {
                ticket,
                rows: Box::new(result.snapshot()),
                job: Box::new(Job::Lens(lens)),
            });
        }
        let all_show = window.looking.view().is_none();
        if let Some(search) = window.search.as_mut().filter(|_| all_show)
            && let Some(from) = search.go_on(next(), rows)
        {
            effects.extend(search_effect(result, window, from..rows));
        }
    }
    model.last_ticket = last;
    effects
}

//! The nine stages of a connection: state, evidence, time.

use ratatui::text::{Line, Span};

use super::paint::{spinner, word};
use crate::domain::rows::cell;
use crate::domain::stage::{StageReport, StageState};
use crate::domain::time::{Timestamp, spoken};
use crate::tui::theme::{Role, Theme};

/// One line a stage, the times flush right in `columns` cells.
#[must_use]
pub fn stages(
    reports: &[StageReport],
    now: Timestamp,
    theme: Theme,
    columns: usize,
) -> Vec<Line<'static>> {
    reports
        .iter()
        .map(|report| stage(report, now, theme, columns))
        .collect()
}

fn stage(report: &StageReport, now: Timestamp, theme: Theme, columns: usize) -> Line<'static> {
    let (sign, role) = match report.state {
        StageState::Waiting => ("·", Role::Quiet),
        StageState::Running => (spinner(now.0), Role::Busy),
        StageState::Ok => ("✓", Role::Good),
        StageState::Warning => ("!", Role::Warning),
        StageState::Failed => ("✗", Role::Bad),
        StageState::Skipped => ("–", Role::Quiet),
    };
    let name_role = match report.state {
        StageState::Waiting | StageState::Skipped => Role::Quiet,
        StageState::Failed => Role::Bad,
        StageState::Running | StageState::Ok | StageState::Warning => Role::Text,
    };
    let time = match report.state {
        StageState::Waiting | StageState::Skipped | StageState::Running => String::new(),
        StageState::Ok | StageState::Warning | StageState::Failed => spoken(report.elapsed),
    };
    let lead = format!("{:<13}", report.stage.name());
    let room = columns.saturating_sub(3 + lead.len() + time.len() + 2);
    let summary = cell::clipped(&report.summary, room).into_owned();
    let gap = room.saturating_sub(cell::width(&summary)) + 1;
    Line::from(vec![
        word(theme, role, format!(" {sign} ")),
        word(theme, name_role, lead),
        word(
            theme,
            if report.state == StageState::Failed {
                Role::Text
            } else {
                Role::Quiet
            },
            summary,
        ),
        Span::raw(" ".repeat(gap)),
        word(theme, Role::Quiet, time),
    ])
}

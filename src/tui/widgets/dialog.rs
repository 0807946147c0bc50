//! Questions, lists to pick from, and the stages of an attempt under way.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::Line;

use super::paint::{line, lines, paragraph, popup, word};
use super::stages::stages;
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::connections::AttemptOutcome;
use crate::app::model::link::Link;
use crate::app::model::overlay::{Confirm, PasswordPrompt, Picker, Through};
use crate::domain::rows::cell;
use crate::domain::time::spoken;
use crate::tui::theme::{Role, Theme};

/// Columns of a dialog, where there are as many.
const WIDTH: u16 = 78;

/// A question with a yes and a no; its body is shown exactly as it is.
pub fn confirm(frame: &mut Frame<'_>, body: Area, confirm: &Confirm, theme: Theme) {
    let columns = usize::from(WIDTH.min(body.width)).saturating_sub(3);
    let mut text = Vec::new();
    let lead = word(theme, Role::Text, " ");
    for part in &confirm.body {
        paragraph(&mut text, theme, &lead, (Role::Text, part), columns);
    }
    let keys = [
        ("Enter", confirm.verb),
        ("Escape", "leave everything as it is"),
    ];
    asked(frame, body, &confirm.title, text, &keys, theme);
}

/// A heading, a text and the keys that answer it. The keys stay visible however long the text is.
fn asked(
    frame: &mut Frame<'_>,
    body: Area,
    title: &str,
    mut text: Vec<Line<'_>>,
    keys: &[(&str, &str)],
    theme: Theme,
) {
    let height = u16::try_from(text.len() + 4).unwrap_or(u16::MAX);
    let inner = popup(frame, body.centred(WIDTH, height), title, theme);
    let (words, foot) = inner.split_top(inner.height.saturating_sub(1));
    // Nobody may agree to a text without knowing that some of it is hidden.
    let room = usize::from(words.height);
    if text.len() > room {
        let shown = room.saturating_sub(1);
        let hidden = format!(" … {} more lines: enlarge the window", text.len() - shown);
        text.truncate(shown);
        text.push(line(theme, Role::Warning, &hidden));
    }
    lines(frame, words, text, 0);
    let mut spans = Vec::new();
    for (key, does) in keys {
        spans.push(word(theme, Role::Key, format!(" {key}")));
        spans.push(word(theme, Role::Quiet, format!(" {does}  ")));
    }
    lines(frame, foot, vec![Line::from(spans)], 0);
}

/// A password being asked for; only its length is seen.
pub fn password(frame: &mut Frame<'_>, body: Area, prompt: &PasswordPrompt, theme: Theme) {
    let area = body.centred(WIDTH, 6);
    let inner = popup(frame, area, "password", theme);
    let dots = "•".repeat(
        prompt
            .line
            .text()
            .chars()
            .count()
            .min(usize::from(inner.width).saturating_sub(4)),
    );
    let cursor = u16::try_from(dots.chars().count()).unwrap_or(0);
    let text = vec![
        line(theme, Role::Text, &format!(" {}", prompt.prompt)),
        line(theme, Role::Strong, &format!(" › {dots}")),
        line(
            theme,
            Role::Quiet,
            " kept in memory only · Enter goes on · Escape gives up",
        ),
    ];
    lines(frame, inner, text, 0);
    if inner.height > 1 && inner.width > 4 {
        frame.set_cursor_position(Position {
            x: inner.x + 3 + cursor.min(inner.width - 4),
            y: inner.y + 1,
        });
    }
}

/// The nine stages of the attempt under way.
pub fn dialing(frame: &mut Frame<'_>, body: Area, model: &Model, theme: Theme) {
    let Link::Dialing(dialing) = &model.link else {
        return;
    };
    let columns = usize::from(WIDTH.min(body.width)).saturating_sub(3);
    let text = stages(&dialing.reports, model.now, theme, columns);
    let title = format!(
        "connecting to {} · {}",
        dialing.profile.name,
        spoken(model.now.since(dialing.since))
    );
    asked(frame, body, &title, text, &[("Escape", "gives up")], theme);
}

/// The doctor's stages and findings for a profile.
pub fn doctor(frame: &mut Frame<'_>, body: Area, profile: &str, (model, theme): (&Model, Theme)) {
    let columns = usize::from(WIDTH.min(body.width)).saturating_sub(3);
    let mut text = Vec::new();
    let mut keys = vec![("Escape", "closes")];
    if let Some(attempt) = model.connections.attempts.get(profile) {
        text.extend(stages(&attempt.reports, model.now, theme, columns));
        text.push(Line::default());
        match &attempt.outcome {
            AttemptOutcome::Running(_) => {}
            AttemptOutcome::Stood => {
                text.push(line(theme, Role::Good, " ✓ healthy: nothing was found"));
            }
            AttemptOutcome::Cancelled => text.push(line(theme, Role::Quiet, " given up")),
            AttemptOutcome::Refused { failure, findings } => {
                keys.insert(0, ("Enter", "why, and the smallest fix"));
                let lead = word(theme, Role::Bad, " ✗ ");
                let said = (Role::Text, failure.message.as_str());
                if findings.is_empty() {
                    paragraph(&mut text, theme, &lead, said, columns);
                }
                for finding in findings {
                    let said = (Role::Text, finding.title.as_str());
                    paragraph(&mut text, theme, &lead, said, columns);
                }
            }
        }
    }
    let title = format!("doctor · {profile}");
    asked(frame, body, &title, text, &keys, theme);
}

/// What to do with a token.
pub fn token(frame: &mut Frame<'_>, body: Area, profile: &str, theme: Theme) {
    let columns = usize::from(WIDTH.min(body.width)).saturating_sub(3);
    let mut text = Vec::new();
    let words = "A token opens sessions for 15 minutes and works like a password. It goes to the \
                 clipboard and is not shown.";
    let lead = word(theme, Role::Text, " ");
    paragraph(&mut text, theme, &lead, (Role::Text, words), columns);
    let keys = [("Enter", "sign one and copy it"), ("Escape", "closes")];
    asked(
        frame,
        body,
        &format!("token · {profile}"),
        text,
        &keys,
        theme,
    );
}

/// Through which profile a fix goes.
pub fn picker(frame: &mut Frame<'_>, body: Area, picker: &Picker, (model, theme): (&Model, Theme)) {
    let room = usize::from(body.height).saturating_sub(4);
    let first = first_visible(picker.selected, room);
    let mut text: Vec<Line<'_>> = picker
        .choices
        .iter()
        .enumerate()
        .skip(first)
        .take(room)
        .filter_map(|(at, index)| {
            let profile = model.connections.profiles.get(*index)?;
            let (sign, role) = if at == picker.selected {
                ("▌", Role::Selected)
            } else {
                (" ", Role::Text)
            };
            let name = cell::clipped(&profile.name, 28).into_owned();
            let gap = " ".repeat(30_usize.saturating_sub(cell::width(&name)));
            Some(Line::from(vec![
                word(theme, Role::Focus, sign),
                word(theme, role, format!(" {name}{gap}")),
                word(
                    theme,
                    Role::Quiet,
                    format!("as {}", cell::safe_line(&profile.user)),
                ),
            ]))
        })
        .collect();
    if text.is_empty() {
        text.push(line(theme, Role::Quiet, " there is no other profile"));
    }
    let keys = [("Enter", "show what would be sent"), ("Escape", "closes")];
    let title = match picker.through {
        Through::Apply => "apply through which profile?",
        Through::Prove => "rehearse through which profile?",
    };
    asked(frame, body, title, text, &keys, theme);
}

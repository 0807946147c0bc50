//! What the server said about a statement, line by line: failures with everything that came with
//! them, and notices.

use super::query::{Outcome, Standing};
use crate::domain::failure::{Failure, Position};
use crate::domain::rows::cell;
use crate::domain::run::Notice;

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// Something failed.
    Failure,
    /// A warning.
    Warning,
    /// A notice, a command tag.
    Notice,
    /// What came with the line above: DETAIL, HINT, the place in the statement.
    Beside,
}

/// One line, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageLine {
    /// How grave it is.
    pub gravity: Gravity,
    /// The text.
    pub text: String,
}

/// Notices that are shown; the rest is counted.
const SHOWN_NOTICES: usize = 200;

/// Everything to say about a statement, broken into lines of at most `width` columns of the screen.
#[must_use]
pub fn lines(outcome: &Outcome, width: u16) -> Vec<MessageLine> {
    let mut page = Page {
        width: usize::from(width.max(1)),
        lines: Vec::new(),
    };
    match &outcome.standing {
        Standing::Failed(failure) => page.failure(failure, &outcome.sent.text),
        Standing::NotRun => page.say(Gravity::Notice, "not run: a statement before it failed"),
        Standing::Done(completed) if outcome.result.is_none() => {
            let tag = if completed.tag.is_empty() {
                "nothing to do"
            } else {
                &completed.tag
            };
            page.say(Gravity::Notice, &format!("✓ {tag}"));
        }
        Standing::Done(_) | Standing::Waiting | Standing::Running => {}
    }
    for notice in outcome.notices.iter().take(SHOWN_NOTICES) {
        page.notice(notice);
    }
    let more = outcome.notices.len().saturating_sub(SHOWN_NOTICES);
    if more > 0 {
        page.say(Gravity::Beside, &format!("… and {more} more"));
    }
    page.lines
}

struct Page {
    width: usize,
    lines: Vec<MessageLine>,
}

impl Page {
    fn say(&mut self, gravity: Gravity, text: &str) {
        for text in cell::wrapped(text, self.width) {
            self.lines.push(MessageLine { gravity, text });
        }
    }

    fn beside(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.say(Gravity::Beside, &format!("{name}: {text}"));
        }
    }

    fn failure(&mut self, failure: &Failure, statement: &str) {
        let severity = failure.severity.as_deref().unwrap_or("ERROR");
        let head = match &failure.sqlstate {
            Some(sqlstate) => format!("✗ {severity} {sqlstate}: {}", failure.message),
            None => format!("✗ {}", failure.message),
        };
        self.say(Gravity::Failure, &head);
        match &failure.position {
            Some(Position::Sent(position)) => self.place(statement, *position),
            Some(Position::Generated { position, query }) => {
                self.beside("QUERY", Some(query));
                self.place(query, *position);
            }
            None => {}
        }
        self.beside("DETAIL", failure.detail.as_deref());
        self.beside("HINT", failure.hint.as_deref());
        self.beside("CONTEXT", failure.context.as_deref());
    }

    /// The line the server points at, and a caret below the character.
    fn place(&mut self, statement: &str, position: u32) {
        let Some(place) = place(statement, position) else {
            return;
        };
        let head = format!("LINE {}: ", place.line);
        let room = self.width.saturating_sub(head.len()).max(1);
        let before = cell::width(&cell::safe_line(place.before));
        // A long line is shown from where the caret is in sight.
        let (lead, text) = if before < room {
            (before, format!("{}{}", place.before, place.after))
        } else {
            (1, format!("…{}", place.after))
        };
        self.lines.push(MessageLine {
            gravity: Gravity::Beside,
            text: format!("{head}{}", cell::clipped(&text, room)),
        });
        self.lines.push(MessageLine {
            gravity: Gravity::Beside,
            text: format!("{}^", " ".repeat(head.len() + lead)),
        });
    }

    fn notice(&mut self, notice: &Notice) {
        let gravity = match notice.severity.as_str() {
            "WARNING" => Gravity::Warning,
            _ => Gravity::Notice,
        };
        self.say(gravity, &format!("{}: {}", notice.severity, notice.message));
        self.beside("DETAIL", notice.detail.as_deref());
        self.beside("HINT", notice.hint.as_deref());
    }
}

/// A place in a text, by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace<'a> {
    /// The line, from 1.
    pub line: usize,
    /// The line up to the place.
    pub before: &'a str,
    /// The line from the place on.
    pub after: &'a str,
}

/// Where a position of the server is: it counts characters from 1.
#[must_use]
pub fn place(statement: &str, position: u32) -> Option<LinePlace<'_>> {
    let index = usize::try_from(position).ok()?.checked_sub(1)?;
    let at = statement
        .char_indices()
        .nth(index)
        .map_or(statement.len(), |(at, _)| at);
    let (before, after) = statement.split_at_checked(at)?;
    Some(LinePlace {
        line: before.matches('\n').count() + 1,
        before: before.rsplit('\n').next().unwrap_or_default(),
        after: after.split('\n').next().unwrap_or_default(),
    })
}

/// The byte of the editor's text a failed statement's position points at.
#[must_use]
pub fn offset_in_editor(outcome: &Outcome) -> Option<usize> {
    let Some(Position::Sent(position)) = outcome.failure()?.position else {
        return None;
    };
    let index = usize::try_from(position).ok()?.checked_sub(1)?;
    let text = &outcome.sent.text;
    let at = text
        .char_indices()
        .nth(index)
        .map_or(text.len(), |(at, _)| at);
    Some(outcome.sent.offset? + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::model::query::Sent;
    use crate::domain::failure::{Origin, Phase};

    fn failed(statement: &str, failure: Failure) -> Outcome {
        Outcome {
            standing: Standing::Failed(Box::new(failure)),
            ..Outcome::new(Sent {
                text: statement.into(),
                offset: Some(100),
            })
        }
    }

    #[test]
    fn a_failure_shows_everything_that_came_with_it() {
        let outcome = failed(
            "select é,\n  nope\nfrom t",
            Failure {
                severity: Some("ERROR".into()),
                sqlstate: Some("42703".into()),
                detail: Some("d".into()),
                hint: Some("h\u{1b}".into()),
                context: Some("c".into()),
                position: Some(Position::Sent(13)),
                ..Failure::new(
                    Phase::Statement,
                    Origin::Server,
                    "column \"nope\" does not exist",
                )
            },
        );
        let texts: Vec<String> = lines(&outcome, 80)
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(
            texts,
            [
                "✗ ERROR 42703: column \"nope\" does not exist",
                "LINE 2:   nope",
                "          ^",
                "DETAIL: d",
                "HINT: h␛",
                "CONTEXT: c",
            ]
        );
        // "é" takes two bytes, so the thirteenth character is the fourteenth byte.
        assert_eq!(offset_in_editor(&outcome), Some(113));
    }

    #[test]
    fn a_caret_stays_in_sight_on_a_long_line() {
        let statement = format!("select {}, nope from t", "x".repeat(300));
        let outcome = failed(
            &statement,
            Failure {
                position: Some(Position::Sent(310)),
                ..Failure::new(Phase::Statement, Origin::Server, "no")
            },
        );
        let shown = lines(&outcome, 30);
        assert_eq!(shown[1].text, "LINE 1: …nope from t");
        assert_eq!(shown[2].text, "         ^");
    }
}

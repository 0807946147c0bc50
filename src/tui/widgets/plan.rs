//! A plan: the tree with bars, the node under the cursor in full, the keys that walk it.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::paint::{line, lines, paragraph, popup, spinner, word};
use crate::app::layout::{Area, first_visible};
use crate::app::model::Model;
use crate::app::model::plan::{Asked, Form, Shown, Standing};
use crate::app::update::plan as walking;
use crate::domain::catalog::spoken_count;
use crate::domain::plan::{Buffers, Course, Guess, Node};
use crate::domain::rows::cell;
use crate::domain::sql::explain::{Depth, Effects};
use crate::domain::time::spoken;
use crate::tui::theme::{Role, Theme};

/// Columns of the screen a bar takes.
const BAR: usize = 8;

/// The plan on top of the screen.
pub fn plan(frame: &mut Frame<'_>, body: Area, model: &Model, theme: Theme) {
    let Some(asked) = &model.plan else {
        return;
    };
    let inner = popup(frame, body, &title(asked, model), theme);
    let (above, foot) = inner.split_top(inner.height.saturating_sub(1));
    let columns = usize::from(inner.width).saturating_sub(2);
    match &asked.standing {
        Standing::Asked { .. } => {
            let text = statement(asked, theme, columns);
            lines(frame, above, text, 0);
        }
        Standing::Failed(failure) => {
            let mut text = Vec::new();
            let lead = word(theme, Role::Bad, " ✗ ");
            paragraph(
                &mut text,
                theme,
                &lead,
                (Role::Text, &failure.message),
                columns,
            );
            let lead = word(theme, Role::Quiet, "   ");
            for said in [&failure.detail, &failure.hint].into_iter().flatten() {
                paragraph(&mut text, theme, &lead, (Role::Quiet, said), columns);
            }
            text.push(Line::default());
            text.extend(statement(asked, theme, columns));
            lines(frame, above, text, 0);
        }
        Standing::Here(shown) => match shown.form {
            Form::Tree => tree(frame, above, shown, theme),
            Form::Text | Form::Json => {
                let text = walking::text(shown);
                let shown_lines = text
                    .lines()
                    .skip(shown.top)
                    .take(usize::from(above.height))
                    .map(|text| line(theme, Role::Text, text))
                    .collect();
                lines(frame, above, shown_lines, 0);
            }
        },
    }
    keys(frame, foot, asked, theme);
}

fn title(asked: &Asked, model: &Model) -> String {
    match (&asked.standing, asked.depth) {
        (Standing::Asked { since, .. }, depth) => {
            let doing = match depth {
                Depth::Planned => "asking for the plan",
                Depth::Measured => "running the statement to measure it",
            };
            format!(
                "{} {doing} · {}",
                spinner(model.now.0),
                spoken(model.now.since(*since))
            )
        }
        (Standing::Failed(_), _) => "plan · ✗ failed".to_owned(),
        (Standing::Here(shown), Depth::Planned) => {
            let cost = shown.plan.nodes.first().map_or(0.0, |node| node.total_cost);
            format!("plan · expected cost {cost:.2} · not run")
        }
        (Standing::Here(shown), Depth::Measured) => {
            let spent = |ms: Option<f64>| ms.map(milliseconds).unwrap_or_default();
            let undone = match asked.explainable.effects {
                Effects::Reads => "",
                Effects::Writes => " · rolled back",
            };
            format!(
                "plan · ran {} · planned {}{undone}",
                spent(shown.plan.execution_ms),
                spent(shown.plan.planning_ms)
            )
        }
    }
}

fn statement(asked: &Asked, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut text = Vec::new();
    let lead = word(theme, Role::Quiet, " ");
    for said in asked.explainable.statement.lines() {
        paragraph(&mut text, theme, &lead, (Role::Quiet, said), columns);
    }
    text
}

fn keys(frame: &mut Frame<'_>, foot: Area, asked: &Asked, theme: Theme) {
    let keys: &[(&str, &str)] = match &asked.standing {
        Standing::Asked { .. } => &[("Esc", "cancels")],
        Standing::Failed(_) => &[("r", "again"), ("Esc", "closes")],
        Standing::Here(shown) if shown.form == Form::Tree => &[
            ("a", "run and measure"),
            ("c", "costliest"),
            ("←→", "fold"),
            ("t", "text"),
            ("y", "copy"),
            ("r", "again"),
            ("Esc", "closes"),
        ],
        Standing::Here(shown) if shown.form == Form::Text => {
            &[("t", "JSON"), ("y", "copy"), ("Esc", "closes")]
        }
        Standing::Here(_) => &[("t", "tree"), ("y", "copy"), ("Esc", "closes")],
    };
    let mut spans = Vec::new();
    for (key, does) in keys {
        spans.push(word(theme, Role::Key, format!(" {key}")));
        spans.push(word(theme, Role::Quiet, format!(" {does}  ")));
    }
    lines(frame, foot, vec![Line::from(spans)], 0);
}

/// The tree, and below it the node under the cursor in full.
fn tree(frame: &mut Frame<'_>, area: Area, shown: &Shown, theme: Theme) {
    let visible = shown.visible();
    let details = details(shown, theme, usize::from(area.width).saturating_sub(2));
    let wanted = u16::try_from(visible.len() + 1).unwrap_or(u16::MAX);
    // The tree keeps at least half; what it does not need goes to the details.
    let height = wanted.min(
        area.height.saturating_sub(
            u16::try_from(details.len() + 1)
                .unwrap_or(u16::MAX)
                .min(area.height / 2),
        ),
    );
    let (above, below) = area.split_top(height);
    let columns = Columns::of(usize::from(area.width), shown.plan.is_measured());
    let (head, above) = above.split_top(1);
    lines(frame, head, vec![columns.heading(theme)], 0);
    let room = usize::from(above.height);
    let at = visible
        .iter()
        .position(|place| *place == shown.selected())
        .unwrap_or(0);
    let first = first_visible(at, room);
    let text = visible
        .iter()
        .skip(first)
        .take(room)
        .filter_map(|place| {
            Some(row(
                shown,
                *place,
                shown.plan.nodes.get(*place)?,
                &columns,
                theme,
            ))
        })
        .collect();
    lines(frame, above, text, 0);
    lines(frame, below, details, 0);
}

/// Which columns there is room for, and how wide the first is.
struct Columns {
    label: usize,
    measured: Measure,
    loops: Room,
    buffers: Room,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Time,
    Cost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Yes,
    No,
}

const TIME: usize = 9;
const ROWS: usize = 19;
const WRONG: usize = 8;
const LOOPS: usize = 8;
const BUFFERS: usize = 14;

impl Columns {
    fn of(width: usize, measured: bool) -> Self {
        let needed = BAR + TIME + ROWS + WRONG + 4;
        let left = width.saturating_sub(needed);
        let loops = if measured && left >= 44 + LOOPS {
            Room::Yes
        } else {
            Room::No
        };
        let buffers = if measured && left >= 44 + LOOPS + BUFFERS {
            Room::Yes
        } else {
            Room::No
        };
        let taken = match (loops, buffers) {
            (Room::Yes, Room::Yes) => LOOPS + BUFFERS,
            (Room::Yes, Room::No) => LOOPS,
            (Room::No, _) => 0,
        };
        Self {
            label: left.saturating_sub(taken),
            measured: if measured {
                Measure::Time
            } else {
                Measure::Cost
            },
            loops,
            buffers,
        }
    }

    fn heading(&self, theme: Theme) -> Line<'static> {
        let (spent, rows) = match self.measured {
            Measure::Time => ("own time", "rows exp. → found"),
            Measure::Cost => ("own cost", "rows expected"),
        };
        let mut text = format!(
            "{:label$} {:bar$} {spent:>TIME$} {rows:>ROWS$} {:WRONG$}",
            " node",
            "",
            "",
            label = self.label,
            bar = BAR
        );
        if self.loops == Room::Yes {
            text.push_str(&format_right("loops", LOOPS));
        }
        if self.buffers == Room::Yes {
            text.push_str(&format_right("blocks (read)", BUFFERS));
        }
        line(theme, Role::Quiet, &text)
    }
}

fn format_right(text: &str, width: usize) -> String {
    let blanks = " ".repeat(width.saturating_sub(cell::width(text)));
    format!("{blanks}{text}")
}

fn format_left(text: &str, width: usize) -> String {
    let text = cell::clipped(text, width).into_owned();
    let blanks = " ".repeat(width.saturating_sub(cell::width(&text)));
    format!("{text}{blanks}")
}

fn row(shown: &Shown, place: usize, node: &Node, columns: &Columns, theme: Theme) -> Line<'static> {
    let selected = place == shown.selected();
    let (course, course_role) = match node.course {
        Course::Costliest => ("◆", Role::Bad),
        Course::Path => ("│", Role::Warning),
        Course::Aside => (" ", Role::Quiet),
    };
    let fold = match (shown.has_children(place), shown.is_folded(place)) {
        (false, _) => "·",
        (true, true) => "▸",
        (true, false) => "▾",
    };
    let subplan = node
        .subplan
        .as_ref()
        .map(|name| format!("{name}: "))
        .unwrap_or_default();
    let name = format!(
        "{}{fold} {subplan}{} {}",
        "  ".repeat(node.depth),
        node.title,
        node.object
    );
    let role = match (selected, node.never_ran()) {
        (true, _) => Role::Selected,
        (false, true) => Role::Quiet,
        (false, false) => Role::Text,
    };
    let share = shown.plan.share(node);
    let bar_role = if node.course == Course::Costliest {
        Role::Bad
    } else {
        Role::Busy
    };
    let mut spans = vec![
        word(theme, course_role, course),
        word(
            theme,
            role,
            format_left(&name, columns.label.saturating_sub(1)),
        ),
        Span::raw(" "),
        word(theme, bar_role, bar(share)),
        Span::raw(" "),
        word(theme, Role::Number, format_right(&own(node), TIME)),
        Span::raw(" "),
        word(theme, Role::Text, format_right(&rows(node), ROWS)),
        Span::raw(" "),
        wrong(node, theme),
    ];
    if columns.loops == Room::Yes {
        let loops = node
            .measured
            .map_or_else(String::new, |measured| count(measured.loops));
        spans.push(word(theme, Role::Quiet, format_right(&loops, LOOPS)));
    }
    if columns.buffers == Room::Yes {
        let blocks = blocks(node.buffers);
        spans.push(word(theme, Role::Quiet, format_right(&blocks, BUFFERS)));
    }
    Line::from(spans)
}

/// A share of the whole as a bar, in eighths of a cell.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let full = f64::from(u32::try_from(BAR * 8).unwrap_or(0));
    let mut eighths = 0_usize;
    let filled = (share.clamp(0.0, 1.0) * full).round();
    while f64::from(u32::try_from(eighths).unwrap_or(u32::MAX)) < filled {
        eighths += 1;
    }
    let part = EIGHTHS.get(eighths % 8).copied().unwrap_or("");
    format_left(&format!("{}{part}", "█".repeat(eighths / 8)), BAR)
}

fn own(node: &Node) -> String {
    match node.measured {
        Some(_) if node.never_ran() => "never ran".to_owned(),
        Some(measured) => milliseconds(measured.own_ms),
        None => format!("{:.2}", node.own_cost),
    }
}

fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms => format!("{:.1} min", ms / 60_000.0),
    }
}

/// A number of rows or loops in few letters.
fn count(number: f64) -> String {
    if number < 10_000.0 {
        let text = format!("{number:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{number:.0}");
    digits.parse().map_or(digits, spoken_count)
}

/// Rows over all loops.
fn rows(node: &Node) -> String {
    match node.measured {
        Some(measured) => format!(
            "{} → {}",
            count(node.expected_rows * measured.loops),
            count(measured.rows * measured.loops)
        ),
        None => count(node.expected_rows),
    }
}

fn wrong(node: &Node, theme: Theme) -> Span<'static> {
    let (text, role) = match node.guess() {
        Guess::Fair => (String::new(), Role::Quiet),
        Guess::TooFew(factor) => (format!("▲×{}", count(factor.round())), Role::Bad),
        Guess::TooMany(factor) => (format!("▼×{}", count(factor.round())), Role::Warning),
    };
    word(theme, role, format_left(&text, WRONG))
}

/// Blocks touched, and how many of them were read from outside the server's memory.
fn blocks(buffers: Buffers) -> String {
    let Buffers { hit, read, .. } = buffers;
    match (hit + read, read) {
        (0, _) => String::new(),
        (all, 0) => spoken_count(all),
        (all, read) => format!("{} ({})", spoken_count(all), spoken_count(read)),
    }
}

/// The node under the cursor, and what concerns the whole.
fn details(shown: &Shown, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let Some(node) = shown.plan.nodes.get(shown.selected()) else {
        return Vec::new();
    };
    let mut text = vec![Line::default()];
    let head = format!(" {} {}", node.title, node.object);
    text.push(line(theme, Role::Strong, head.trim_end()));
    let mut say = |label: &str, said: &str| {
        let lead = word(
            theme,
            Role::Quiet,
            format!("   {}: ", cell::safe_line(label)),
        );
        paragraph(&mut text, theme, &lead, (Role::Text, said), columns);
    };
    if let Some(measured) = node.measured.filter(|_| !node.never_ran()) {
        say(
            "Time",
            &format!(
                "{} with what is below it, {} of its own, loops: {}",
                milliseconds(measured.total_ms),
                milliseconds(measured.own_ms),
                count(measured.loops)
            ),
        );
    }
    say(
        "Cost",
        &format!(
            "{:.2} to the first row, {:.2} in all; {} rows of {} bytes expected a loop",
            node.startup_cost,
            node.total_cost,
            count(node.expected_rows),
            count(node.width)
        ),
    );
    match node.guess() {
        Guess::Fair => {}
        Guess::TooFew(factor) => say(
            "Guess",
            &format!(
                "{} times more rows came than expected: ANALYZE the table, or tell the planner which \
                 columns go together with CREATE STATISTICS",
                count(factor.round())
            ),
        ),
        Guess::TooMany(factor) => say(
            "Guess",
            &format!(
                "{} times fewer rows came than expected",
                count(factor.round())
            ),
        ),
    }
    for fact in node.details.iter().chain(&shown.plan.facts) {
        say(&fact.label, &fact.value);
    }
    text
}

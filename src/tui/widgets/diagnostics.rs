//! The diagnostics panel: what was refused, because, fixes, not this.

use ratatui::Frame;
use ratatui::text::Line;

use super::paint::{line, lines, paragraph, spinner, word};
use super::stages::stages;
use crate::app::command::Command;
use crate::app::layout::Area;
use crate::app::model::Model;
use crate::app::model::diagnostics::{Applying, Subject};
use crate::domain::diagnosis::{
    Applied, CheckAnswer, Finding, Fix, Mark, Outcome, Remedy, Verdict, WhyReport,
};
use crate::domain::failure::Failure;
use crate::tui::theme::{Role, Theme};

/// Columns below which marks stand behind the reasons instead of in a column of their own.
const NARROW: usize = 64;

/// The panel's text, in an area inside its border.
pub fn diagnostics(frame: &mut Frame<'_>, area: Area, model: &Model, theme: Theme) {
    let mut panel = Panel {
        lines: Vec::new(),
        theme,
        columns: usize::from(area.width).saturating_sub(1),
        selected: model.diagnostics.selected,
    };
    panel.applying(model);
    match &model.diagnostics.subject {
        None => panel.say("   ", Role::Quiet, "Nothing was refused."),
        Some(Subject::Asking { failure, .. }) => {
            panel.failure(failure);
            panel.gap();
            let lead = format!(" {} ", spinner(model.now.0));
            panel.say(&lead, Role::Busy, "asking the server why …");
        }
        Some(Subject::Unexplained { failure, because }) => {
            panel.failure(failure);
            panel.heading("not explained");
            panel.say("   ", Role::Text, &because.message);
        }
        Some(Subject::SignIn {
            reports,
            failure,
            findings,
            ..
        }) => {
            if findings.is_empty() {
                panel.failure(failure);
            }
            panel.findings(findings);
            panel.heading("how far it came");
            let drawn = stages(reports, model.now, theme, panel.columns);
            panel.lines.extend(drawn);
        }
        Some(Subject::Why(report)) => {
            panel.why(report);
            let proven = report
                .fixes
                .iter()
                .all(|fix| fix.verdict == Verdict::Proven);
            if let Some(key) = model.keymap.key_of(Command::ProveFix)
                && !proven
            {
                panel.gap();
                let text = format!(
                    "{key} rehearses it through a profile that may act as {}",
                    report.role
                );
                panel.signed((Role::Key, "   "), Role::Key, &text);
            }
        }
    }
    lines(frame, area, panel.lines, model.diagnostics.scroll);
}

struct Panel {
    lines: Vec<Line<'static>>,
    theme: Theme,
    columns: usize,
    selected: usize,
}

impl Panel {
    fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.lines
            .push(line(self.theme, Role::Title, &format!(" {text}")));
    }

    /// A paragraph; the lead wears the role's colour where it is a sign, and says the same.
    fn say(&mut self, lead: &str, role: Role, text: &str) {
        self.signed((role, lead), role, text);
    }

    fn signed(&mut self, (sign, lead): (Role, &str), role: Role, text: &str) {
        let lead = word(self.theme, sign, lead.to_owned());
        paragraph(
            &mut self.lines,
            self.theme,
            &lead,
            (role, text),
            self.columns,
        );
    }

    fn failure(&mut self, failure: &Failure) {
        let text = match &failure.sqlstate {
            Some(state) => format!("{}  ({state})", failure.message),
            None => failure.message.clone(),
        };
        self.signed((Role::Bad, " ✗ "), Role::Strong, &text);
        for (label, part) in [("detail", &failure.detail), ("hint", &failure.hint)] {
            if let Some(part) = part {
                self.say("   ", Role::Quiet, &format!("{label}: {part}"));
            }
        }
    }

    fn why(&mut self, report: &WhyReport) {
        let sign = match (report.outcome, report.verdict) {
            (Outcome::Allowed, Verdict::Proven) => (Role::Good, " ✓ "),
            // Nothing was found: that is no yes.
            (Outcome::Allowed, _) => (Role::Warning, " ? "),
            (Outcome::Refused | Outcome::Failed, _) => (Role::Bad, " ✗ "),
        };
        self.signed(sign, Role::Strong, &report.headline);
        if let Some(refusal) = &report.refusal {
            let state = refusal.sqlstate.as_deref().unwrap_or_default();
            let said = if refusal.message == report.headline {
                "the server's words"
            } else {
                &refusal.message
            };
            self.say("   ", Role::Quiet, &format!("{said}  {state}"));
        }
        if report.reasons().next().is_some() {
            self.heading("because");
        }
        for reason in report.reasons() {
            let (mark, role) = match reason.mark {
                Mark::Measured => ("measured", Role::Good),
                Mark::Derived => ("derived", Role::Busy),
                Mark::Documented => ("documented", Role::Warning),
            };
            // In a narrow panel a column of marks would leave no room for the reasons.
            if self.columns < NARROW {
                self.signed(
                    (role, " · "),
                    Role::Text,
                    &format!("{} ({mark})", reason.text),
                );
            } else {
                self.signed((role, &format!(" {mark:<11}")), Role::Text, &reason.text);
            }
        }
        if let Some(told) = report.barred_besides() {
            self.heading("cannot be mended by a grant");
            self.signed((Role::Warning, " ! "), Role::Text, told);
        }
        if !report.fixes.is_empty() {
            self.heading("fixes, the narrowest first");
        }
        for (at, fix) in report.fixes.iter().enumerate() {
            self.remedy(at, fix);
        }
        if !report.avoid.is_empty() {
            self.heading("not this");
        }
        for folk in &report.avoid {
            self.signed((Role::Warning, " – "), Role::Text, &folk.statement);
            self.say("   ", Role::Quiet, &folk.because);
        }
    }

    fn remedy(&mut self, at: usize, fix: &Remedy) {
        self.number(at, &fix.opens);
        for statement in &fix.statements {
            self.say("     ", Role::Keyword, &format!("{statement};"));
        }
        let verdict = format!("{} · breadth: {}", fix.verdict.word(), fix.breadth.word());
        let role = match fix.verdict {
            Verdict::Proven => Role::Good,
            Verdict::Expected | Verdict::Partial => Role::Warning,
        };
        self.say("     ", role, &verdict);
        if !fix.run_as.is_empty() {
            let who = format!("run as {}", fix.run_as.join(" or "));
            self.say("     ", Role::Quiet, &who);
        }
        for note in &fix.notes {
            self.say("     ", Role::Quiet, note);
        }
    }

    fn number(&mut self, at: usize, text: &str) {
        let (sign, role) = if at == self.selected {
            ("▸", Role::Focus)
        } else {
            (" ", Role::Quiet)
        };
        self.signed((role, &format!(" {sign} {} ", at + 1)), Role::Strong, text);
    }

    fn findings(&mut self, findings: &[Finding]) {
        let mut at = 0;
        for finding in findings {
            if !self.lines.is_empty() {
                self.gap();
            }
            self.signed((Role::Bad, " ✗ "), Role::Strong, &finding.title);
            let mut certainty =
                format!("{}, at {}", finding.certainty.word(), finding.stage.name());
            if finding.documented_only {
                certainty.push_str(", documented but not reproduced");
            }
            self.say("   ", Role::Quiet, &certainty);
            for reason in &finding.because {
                self.signed((Role::Quiet, "   · "), Role::Text, reason);
            }
            for fix in &finding.fixes {
                self.finding_fix(at, fix);
                at += 1;
            }
        }
    }

    fn finding_fix(&mut self, at: usize, fix: &Fix) {
        let title = match &fix.run_as {
            Some(who) => format!("{}, as {who}", fix.kind.word()),
            None => fix.kind.word().to_owned(),
        };
        self.number(at, &title);
        self.say("     ", Role::Keyword, &fix.text);
    }

    /// How far a fix is, above everything else: it is what was asked for last.
    fn applying(&mut self, model: &Model) {
        match &model.diagnostics.applying {
            Applying::Nothing => return,
            Applying::Running { through, .. } => {
                let lead = format!(" {} ", spinner(model.now.0));
                self.say(&lead, Role::Busy, &format!("applying through {through} …"));
            }
            Applying::Failed(failure) => {
                self.signed((Role::Bad, " ✗ "), Role::Strong, "The fix was not applied.");
                self.failure(failure);
            }
            Applying::Done(applied) => {
                self.applied(applied);
                if let Some(key) = model.keymap.key_of(Command::RunAgain) {
                    self.signed(
                        (Role::Key, "   "),
                        Role::Key,
                        &format!("{key} runs it again"),
                    );
                }
            }
        }
        self.gap();
    }

    fn applied(&mut self, applied: &Applied) {
        let lacking = applied
            .checks
            .iter()
            .any(|check| check.answer == CheckAnswer::NotTaken);
        if lacking {
            self.signed(
                (Role::Bad, " ✗ "),
                Role::Strong,
                "Not done: the server still says no.",
            );
        } else {
            self.signed((Role::Good, " ✓ "), Role::Strong, "The fix was applied.");
        }
        for entry in &applied.log {
            self.say("   ", Role::Quiet, entry);
        }
        for check in &applied.checks {
            let (sign, role, answer) = match check.answer {
                CheckAnswer::Took => ("   ✓ ", Role::Good, "yes"),
                CheckAnswer::NotTaken => ("   ✗ ", Role::Bad, "no"),
            };
            self.signed(
                (role, sign),
                Role::Text,
                &format!("{} → {answer}", check.question),
            );
        }
    }
}

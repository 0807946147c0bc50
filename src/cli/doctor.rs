//! `pgiam doctor`: the nine stages, and what is wrong.

use std::io::{self, Write};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::args::Doctor;
use super::context::{Context, Ended};
use super::exit::Exit;
use crate::adapters::connect::{Asked, Companion, Connector};
use crate::domain::diagnosis::{Finding, login};
use crate::domain::profile::Profile;
use crate::domain::rows::cell::{safe_line, wrapped};
use crate::domain::stage::{Stage, StageReport, StageState};
use crate::domain::time::spoken;

/// Version of the JSON contract.
const VERSION: u32 = 1;

/// Columns that text is wrapped to.
const COLUMNS: usize = 96;

pub(super) async fn run(context: &mut Context, options: &Doctor) -> Result<Exit, Ended> {
    let profiles = if options.all {
        context.profile_file().read().map_err(Ended::Failed)?
    } else {
        options
            .targets
            .iter()
            .map(|target| context.target(target))
            .collect::<Result<_, _>>()?
    };
    if profiles.is_empty() {
        return Err(Ended::Usage("no profile is saved yet".to_owned()));
    }
    let mut worst = Exit::Done;
    for profile in &profiles {
        let live = if options.json { Live::No } else { Live::Yes };
        let examined = examine(&context.connector, profile, live).await?;
        let mut out = io::stdout().lock();
        if options.json {
            writeln!(out, "{}", examined.json())?;
        } else {
            examined.print(&mut out)?;
        }
        out.flush()?;
        worst = worse(worst, examined.exit());
    }
    Ok(worst)
}

/// Not reaching a server outweighs a finding.
const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Unreachable, _) | (_, Exit::Unreachable) => Exit::Unreachable,
        (Exit::Done, other) => other,
        (one, _) => one,
    }
}

/// Whether stages are printed as they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Live {
    Yes,
    No,
}

/// What the doctor found.
struct Examined<'a> {
    profile: &'a Profile,
    reports: Vec<StageReport>,
    findings: Vec<Finding>,
}

/// Collects the stages, and prints each as it ends.
struct Watcher {
    live: Live,
    reports: Mutex<Vec<StageReport>>,
}

impl Companion for Watcher {
    fn moved(&self, report: &StageReport) {
        if let Ok(mut reports) = self.reports.lock()
            && let Some(slot) = reports.iter_mut().find(|slot| slot.stage == report.stage)
        {
            *slot = report.clone();
        }
        if self.live == Live::Yes && report.state != StageState::Running {
            let _ = stage_line(&mut io::stdout().lock(), report);
        }
    }

    async fn ask_password(&self, _prompt: String) -> Asked {
        Asked::Nobody
    }
}

async fn examine<'a>(
    connector: &Connector,
    profile: &'a Profile,
    live: Live,
) -> Result<Examined<'a>, Ended> {
    if live == Live::Yes {
        writeln!(io::stdout(), "{}", safe_line(&profile.name))?;
    }
    let watcher = Watcher {
        live,
        reports: Mutex::new(Stage::ALL.map(StageReport::waiting).to_vec()),
    };
    let outcome = connector.connect(profile, &watcher).await;
    let reports = watcher.reports.into_inner().unwrap_or_default();
    let findings = match outcome {
        Ok(_) => Vec::new(),
        Err(refused) => login::findings(profile, &refused.reports, &refused.failure),
    };
    Ok(Examined {
        profile,
        reports,
        findings,
    })
}

const fn mark(state: StageState) -> &'static str {
    match state {
        StageState::Ok => "✓",
        StageState::Warning => "!",
        StageState::Failed => "✗",
        StageState::Skipped => "–",
        StageState::Waiting | StageState::Running => "·",
    }
}

fn stage_line(out: &mut impl Write, report: &StageReport) -> io::Result<()> {
    let time = if report.state == StageState::Skipped {
        String::new()
    } else {
        spoken(report.elapsed)
    };
    let name = report.stage.name();
    writeln!(
        out,
        "  {} {name:<12} {:<58} {time:>8}",
        mark(report.state),
        safe_line(&report.summary)
    )
}

impl Examined<'_> {
    fn healthy(&self) -> bool {
        self.findings.is_empty()
            && self
                .reports
                .iter()
                .all(|report| matches!(report.state, StageState::Ok | StageState::Skipped))
    }

    fn exit(&self) -> Exit {
        if self
            .reports
            .iter()
            .any(|report| report.state == StageState::Failed)
        {
            Exit::Unreachable
        } else if self.healthy() {
            Exit::Done
        } else {
            Exit::Found
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for finding in &self.findings {
            let certainty = finding.certainty.word();
            writeln!(
                out,
                "\n  {} ({certainty}, {})",
                safe_line(&finding.title),
                finding.id
            )?;
            if finding.documented_only {
                writeln!(out, "    documented, not reproduced")?;
            }
            for because in &finding.because {
                lines(out, "    · ", because)?;
            }
            for fix in &finding.fixes {
                lines(out, &format!("    → {}: ", fix.kind.word()), &fix.text)?;
                if let Some(run_as) = &fix.run_as {
                    writeln!(out, "      by {run_as}")?;
                }
            }
        }
        if self.healthy() {
            writeln!(out, "  healthy")?;
        }
        writeln!(out)
    }

    /// The contract of DESIGN, section 6.2; documented in the README.
    fn json(&self) -> Value {
        let stages: Vec<Value> = self.reports.iter().map(stage_json).collect();
        let findings: Vec<Value> = self.findings.iter().map(finding_json).collect();
        json!({
            "version": VERSION,
            "profile": self.profile.name,
            "healthy": self.healthy(),
            "stages": stages,
            "findings": findings,
        })
    }
}

fn lines(out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
    let indent = " ".repeat(first.chars().count());
    for (at, line) in wrapped(text, COLUMNS - indent.len()).iter().enumerate() {
        writeln!(out, "{}{line}", if at == 0 { first } else { &indent })?;
    }
    Ok(())
}

fn stage_json(report: &StageReport) -> Value {
    let evidence: Vec<Value> = report
        .evidence
        .iter()
        .map(|evidence| json!({"fact": evidence.fact, "value": evidence.value}))
        .collect();
    json!({
        "stage": report.stage.name(),
        "state": report.state.name(),
        "ms": u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
        "summary": report.summary,
        "evidence": evidence,
    })
}

fn finding_json(finding: &Finding) -> Value {
    let fixes: Vec<Value> = finding
        .fixes
        .iter()
        .map(|fix| json!({"kind": fix.kind.word(), "text": fix.text, "run_as": fix.run_as}))
        .collect();
    json!({
        "id": finding.id,
        "stage": finding.stage.name(),
        "certainty": finding.certainty.word(),
        "title": finding.title,
        "because": finding.because,
        "documented_only": finding.documented_only,
        "fixes": fixes,
    })
}

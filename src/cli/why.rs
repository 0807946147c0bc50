//! `pgiam why`: a refusal explained, and the smallest fix.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::args::Why;
use super::context::{Context, Ended, script, wrapped_lines};
use super::exit::Exit;
use crate::adapters::rehearsal::{Question, Rehearse, explain};
use crate::domain::diagnosis::{
    Mark, MissingPrivilege, NotByGrant, Outcome, Reason, Remedy, Verdict, WhyReport,
};
use crate::domain::failure::Failure;
use crate::domain::link::LinkFacts;
use crate::domain::profile::Profile;

/// Version of the JSON contract.
const VERSION: u32 = 1;

pub(super) async fn run(context: &mut Context, options: &Why) -> Result<Exit, Ended> {
    let statement = if options.connect {
        None
    } else {
        Some(script(&options.script)?.trim().to_owned())
    };
    if statement
        .as_deref()
        .is_some_and(|text| crate::domain::sql::split::statements(text).is_empty())
    {
        return Err(Ended::Usage("there is no statement to explain".to_owned()));
    }
    let profile = context.target(&options.target)?;
    let session = context.connect(&profile).await?;
    let rehearse = if options.no_rehearse {
        Rehearse::Never
    } else {
        Rehearse::WherePossible
    };
    let question = Question {
        role: options.role.clone(),
        statement,
        refusal: None,
        search_path: None,
        rehearse,
    };
    let report = explain(&session, &question).await.map_err(Ended::Failed)?;
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{}", as_json(&report, &profile, session.facts()))?;
    } else {
        print(&mut out, &report)?;
    }
    out.flush()?;
    Ok(if report.outcome == Outcome::Allowed {
        Exit::Done
    } else {
        Exit::Found
    })
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

/// The contract of DESIGN, section 6.1; documented in the README.
fn as_json(report: &WhyReport, profile: &Profile, facts: &LinkFacts) -> Value {
    json!({
        "version": VERSION,
        "target": {
            "host": profile.host,
            "port": profile.port,
            "database": facts.database,
            "server_version": facts.version.short(),
            "looked_as": report.looked_as,
        },
        "role": report.role,
        "statement": report.statement,
        "outcome": word(report.outcome),
        "verdict": report.verdict.word(),
        "headline": report.headline,
        "because": report.because.iter().map(because_json).collect::<Vec<_>>(),
        "refusal": report.refusal.as_ref().map(refusal_json),
        "missing": report.missing.iter().map(missing_json).collect::<Vec<_>>(),
        "fixes": report.fixes.iter().map(fix_json).collect::<Vec<_>>(),
        "not_by_grant": report.not_by_grant.as_ref().map(not_by_grant_json),
        "avoid": report
            .avoid
            .iter()
            .map(|avoid| json!({"statement": avoid.statement, "because": avoid.because}))
            .collect::<Vec<_>>(),
    })
}

const fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Measured => "measured",
        Mark::Derived => "derived",
        Mark::Documented => "documented",
    }
}

fn because_json(reason: &Reason) -> Value {
    json!({"text": reason.text, "mark": mark(reason.mark)})
}

fn refusal_json(failure: &Failure) -> Value {
    json!({
        "severity": failure.severity,
        "sqlstate": failure.sqlstate,
        "message": failure.message,
        "detail": failure.detail,
        "hint": failure.hint,
    })
}

fn missing_json(missing: &MissingPrivilege) -> Value {
    json!({
        "privilege": missing.privilege,
        "grantee": missing.grantee,
        "object": {
            "kind": missing.object.kind.word(),
            "schema": missing.object.schema,
            "name": missing.object.name,
            "columns": missing.object.columns,
        },
    })
}

fn fix_json(fix: &Remedy) -> Value {
    json!({
        "statements": fix.statements,
        "verdict": fix.verdict.word(),
        "breadth": fix.breadth.word(),
        "run_as": fix.run_as,
        "opens": fix.opens,
        "notes": fix.notes,
    })
}

fn not_by_grant_json(reason: &NotByGrant) -> Value {
    json!({"kind": reason.kind.word(), "explanation": reason.explanation})
}

fn print(out: &mut impl Write, report: &WhyReport) -> io::Result<()> {
    let sign = match (report.outcome, report.verdict) {
        (Outcome::Allowed, Verdict::Proven) => "✓ ",
        // Nothing was found: that is no yes.
        (Outcome::Allowed, _) => "? ",
        (Outcome::Refused | Outcome::Failed, _) => "✗ ",
    };
    wrapped_lines(out, sign, &report.headline)?;
    if let Some(failure) = &report.refusal {
        let said = match &failure.sqlstate {
            Some(sqlstate) => format!("{} [{sqlstate}]", failure.message),
            None => failure.message.clone(),
        };
        if failure.message != report.headline {
            wrapped_lines(out, "  the server said: ", &said)?;
        }
        for (label, value) in [("detail", &failure.detail), ("hint", &failure.hint)] {
            if let Some(value) = value {
                wrapped_lines(out, &format!("  {label}: "), value)?;
            }
        }
    }
    for reason in report.reasons() {
        let mark = mark(reason.mark);
        wrapped_lines(out, "  · ", &format!("{} ({mark})", reason.text))?;
    }
    if let Some(told) = report.barred_besides() {
        wrapped_lines(out, "  no grant helps: ", told)?;
    }
    for (at, fix) in report.fixes.iter().enumerate() {
        writeln!(
            out,
            "\n  fix {}: {}, {}",
            at + 1,
            fix.verdict.word(),
            fix.breadth.word()
        )?;
        for statement in &fix.statements {
            wrapped_lines(out, "    ", &format!("{statement};"))?;
        }
        if !fix.opens.is_empty() {
            wrapped_lines(out, "    opens ", &fix.opens)?;
        }
        if !fix.run_as.is_empty() {
            wrapped_lines(out, "    by ", &fix.run_as.join(", "))?;
        }
        for note in &fix.notes {
            wrapped_lines(out, "    note: ", note)?;
        }
    }
    for avoid in &report.avoid {
        wrapped_lines(
            out,
            "\n  not this: ",
            &format!("{}; {}", avoid.statement, avoid.because),
        )?;
    }
    Ok(())
}

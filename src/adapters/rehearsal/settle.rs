//! What was found out, put into the report's lists.

use super::alternatives;
use super::need::{Need, Row, cell};
use super::play::{self, Found};
use super::runners;
use super::stage::Stage;
use crate::domain::diagnosis::{
    Avoid, Breadth, Mark, MissingPrivilege, NotByGrantKind, ObjectKind, Outcome, Reason, Remedy,
    Verdict, WhyReport, remedy,
};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};

/// Fills in the report. `texts` are what was rehearsed; empty where nothing was.
pub(super) async fn settle(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: Found,
    texts: &[String],
) -> Result<(), Failure> {
    let Found {
        needs,
        verdict,
        notes,
    } = found;
    judge_attributes(report, &needs);
    if report.outcome != Outcome::Failed
        && (report.not_by_grant.is_some() || !needs.is_empty() || report.refusal.is_some())
    {
        report.outcome = Outcome::Refused;
    }
    report.headline = headline(report, &needs);
    report.missing = needs.iter().map(|need| need.missing.clone()).collect();
    explain(report, &notes, verdict);
    if !needs.is_empty() {
        let statements: Vec<String> = needs.iter().map(|need| need.statement.clone()).collect();
        report.fixes.push(Remedy {
            run_as: runners::run_as(stage, &needs, &statements).await?,
            opens: opens(stage, &needs).await?,
            breadth: breadth(&needs),
            statements,
            verdict,
            notes,
        });
        let more = alternatives::alternatives(stage, &needs, verdict, texts).await?;
        report.fixes.extend(more);
    }
    if report.outcome == Outcome::Refused {
        later(stage, report, &needs).await?;
        report.avoid = avoid(report, &needs);
    }
    stage.rewind().await
}

/// An attribute is no grant; where none is left to give, a management right was all that was missing.
fn judge_attributes(report: &mut WhyReport, needs: &[Need]) {
    match needs.iter().find(|need| need.breadth == Breadth::Attribute) {
        Some(need) => {
            let privilege = &need.missing.privilege;
            let _ = report
                .not_by_grant
                .get_or_insert_with(|| play::by_attribute(privilege));
        }
        None if needs.is_empty() => {}
        None if report.not_by_grant.is_none() => {
            let wanted = needs.iter().find_map(|need| need.wanted.as_ref());
            report.not_by_grant =
                wanted.map(|wanted| play::by_ownership(&wanted.kind, &wanted.name));
        }
        None => {
            let _ = report
                .not_by_grant
                .take_if(|reason| reason.kind == NotByGrantKind::Attribute);
        }
    }
}

/// The widest of what is given.
pub(super) fn breadth(needs: &[Need]) -> Breadth {
    needs
        .iter()
        .map(|need| need.breadth)
        .max()
        .unwrap_or(Breadth::Object)
}

fn explain(report: &mut WhyReport, notes: &[String], verdict: Verdict) {
    let mark = if verdict == Verdict::Proven {
        Mark::Measured
    } else {
        Mark::Derived
    };
    report.because.extend(notes.iter().map(|note| Reason {
        mark: Mark::Derived,
        text: note.clone(),
    }));
    report
        .because
        .extend(report.missing.iter().map(|missing| Reason {
            mark,
            text: lacks(missing),
        }));
}

/// What somebody lacks, in a sentence.
fn lacks(missing: &MissingPrivilege) -> String {
    let MissingPrivilege {
        privilege,
        grantee,
        object,
    } = missing;
    let described = remedy::described(object);
    match privilege.as_str() {
        "MEMBER" => format!("{grantee} is no member of {}", object.name),
        "OWNER" => format!("{grantee} does not own {described}"),
        _ if object.kind == ObjectKind::Role => {
            format!("{grantee} lacks the attribute {privilege}")
        }
        _ => match object.columns.as_slice() {
            [] => format!("{grantee} lacks {privilege} on {described}"),
            columns => format!(
                "{grantee} lacks {privilege} ({}) on {described}",
                columns.join(", ")
            ),
        },
    }
}

/// What was refused, in plain words.
fn headline(report: &WhyReport, needs: &[Need]) -> String {
    if let Some(reason) = &report.not_by_grant {
        return reason.explanation.trim_end_matches('.').to_owned();
    }
    match (needs, &report.refusal, report.outcome) {
        ([], Some(failure), _) => failure.message.clone(),
        ([], None, Outcome::Allowed) => format!("nothing stands in the way of {}", report.role),
        ([], None, _) => format!("{} lacks what this needs", report.role),
        ([need], ..) => lacks(&need.missing),
        ([first, rest @ ..], ..) => format!("{}, and {} more", lacks(&first.missing), rest.len()),
    }
}

/// What a fix lets its grantee do that it could not do before.
pub(super) async fn opens(stage: &Stage<'_>, needs: &[Need]) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for need in needs {
        let object = &need.missing.object;
        let described = remedy::described(object);
        let privilege = &need.missing.privilege;
        parts.push(match (privilege.as_str(), object.columns.len()) {
            ("MEMBER", _) => membership(stage, &object.name, &need.statement).await?,
            ("OWNER", _) => {
                format!(
                    "everything on {described}, to drop it and to grant on it; {} loses that",
                    need.owner
                )
            }
            (attribute, _) if object.kind == ObjectKind::Role => attribute_opens(attribute),
            (_, 0) => format!("{privilege} on {described}"),
            (_, 1) => format!("{privilege} of 1 column of {described}"),
            (_, many) => format!("{privilege} of {many} columns of {described}"),
        });
    }
    Ok(parts.join("; "))
}

fn attribute_opens(attribute: &str) -> String {
    match attribute {
        "CREATEROLE" => "to create roles and to manage those it administers".to_owned(),
        "CREATEDB" => "to create databases of any number and size".to_owned(),
        "REPLICATION" => "to read every change of the whole cluster and to keep its WAL".to_owned(),
        "BYPASSRLS" => "every row of every table it may read, whatever the policies say".to_owned(),
        "LOGIN" => "to sign in".to_owned(),
        other => format!("the attribute {other}, in every database"),
    }
}

/// What comes with a role.
async fn membership(stage: &Stage<'_>, of: &str, statement: &str) -> Result<String, Failure> {
    if statement.contains("ADMIN") {
        return Ok(format!("to grant {of} to anybody"));
    }
    if of.starts_with("pg_") || of.starts_with("rds_") {
        return Ok(format!("everything the predefined role {of} may"));
    }
    let sql = format!(
        "SELECT count(*) FILTER (WHERE pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')), \
         count(*) FILTER (WHERE pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE')), \
         count(*) FILTER (WHERE pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')) \
         FROM pg_catalog.pg_roles r, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE r.rolname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
        literal(of)
    );
    let rows: Vec<Row> = stage.session.query(&sql).await?.rows;
    let count = |at: usize| rows.first().map(|row| cell(row, at)).unwrap_or_default();
    Ok(format!(
        "everything {of} may: here it reads {} relations, writes {} and owns {}",
        count(0),
        count(1),
        count(2)
    ))
}

/// Paths that are there already but take a SET ROLE.
async fn later(stage: &Stage<'_>, report: &mut WhyReport, needs: &[Need]) -> Result<(), Failure> {
    let Some(missing) = needs.first().map(|need| &need.missing) else {
        return Ok(());
    };
    if missing.grantee != report.role || report.because.len() > 40 {
        return Ok(());
    }
    let conditions: Vec<String> = needs
        .iter()
        .filter_map(|need| remedy::held("r.oid", &need.missing, remedy::Held::Plainly))
        .collect();
    if conditions.len() != needs.len() || missing.object.kind == ObjectKind::Role {
        return Ok(());
    }
    let option = if stage.major() < 16 { "MEMBER" } else { "SET" };
    stage.rewind().await?;
    let sql = format!(
        "SELECT rolname FROM pg_catalog.pg_roles r WHERE NOT rolsuper AND rolname <> {0} \
         AND pg_catalog.pg_has_role({0}, r.oid, '{option}') AND {1} ORDER BY rolname LIMIT 3",
        literal(&report.role),
        conditions.join(" AND ")
    );
    for row in stage.session.query(&sql).await?.rows {
        let name = cell(&row, 0);
        report.because.push(Reason {
            mark: Mark::Measured,
            text: format!(
                "{} may SET ROLE {}, which has what is missing; it is not inherited",
                report.role,
                ident::role(&name)
            ),
        });
    }
    Ok(())
}

/// What people are told to run, and why not.
fn avoid(report: &WhyReport, needs: &[Need]) -> Vec<Avoid> {
    let role = ident::role(&report.role);
    let mut avoid = vec![Avoid {
        statement: format!("GRANT rds_superuser TO {role}"),
        because: "it hands over every role, extension and kill right, and hides which privilege was missing"
            .to_owned(),
    }];
    let lacks = |wanted: &str| needs.iter().any(|need| need.missing.privilege == wanted);
    let relation = needs
        .iter()
        .any(|need| super::need::has_columns(need.missing.object.kind));
    if lacks("SELECT") && relation {
        avoid.push(Avoid {
            statement: format!("GRANT pg_read_all_data TO {role}"),
            because: "it opens every table of every database, present and future".to_owned(),
        });
    }
    if relation {
        avoid.push(Avoid {
            statement: format!("GRANT ALL ON DATABASE … TO {role}"),
            because:
                "privileges on a database are CONNECT, CREATE and TEMPORARY: it opens no table"
                    .to_owned(),
        });
    }
    if report
        .not_by_grant
        .as_ref()
        .is_some_and(|reason| reason.kind == NotByGrantKind::RowLevelSecurity)
    {
        avoid.push(Avoid {
            statement: format!("ALTER ROLE {role} BYPASSRLS"),
            because: "it lifts every policy of every table; RDS refuses it".to_owned(),
        });
    }
    avoid
}

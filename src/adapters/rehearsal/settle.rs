//! What was found out, put into the report's lists.

use super::alternatives;
use super::avoid::{Server, avoid};
use super::circles;
use super::holders;
use super::need::{GrantOption, Joining, Need, Purpose, Row, cell};
use super::play::{self, Found};
use super::rds::{self, OnRds};
use super::roles;
use super::runners;
use super::scene::Scene;
use super::stage::Stage;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{
    Breadth, Mark, MissingPrivilege, NotByGrantKind, ObjectKind, Outcome, Reason, Remedy, Verdict,
    WhyReport, remedy,
};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use std::fmt::Write as _;

/// Fills in the report. `scenes` are what was rehearsed; empty where nothing was.
pub(super) async fn settle(
    stage: &Stage<'_>,
    report: &mut WhyReport,
    found: Found,
    scenes: &[Scene],
) -> Result<(), Failure> {
    let Found {
        mut needs,
        mut verdict,
        mut notes,
        ..
    } = found;
    let statement = report.statement.clone().unwrap_or_default();
    let on_rds = rds::is_rds(stage).await?;
    let mut barred = None;
    if on_rds {
        match rds::adapted(stage, &needs, &statement).await? {
            OnRds::AsItIs => {}
            OnRds::Otherwise(others, note) => {
                needs = others;
                verdict = Verdict::Expected;
                notes.push(note);
            }
            OnRds::Barred(reason) => barred = Some(reason),
        }
    }
    if let Some(reason) = circles::circle(stage.session, &needs).await? {
        needs.clear();
        let _ = report.not_by_grant.get_or_insert(reason);
    }
    judge_attributes(report, &needs);
    if let Some(reason) = &mut report.not_by_grant
        && on_rds
        && reason.kind == NotByGrantKind::Superuser
    {
        reason.explanation.push_str(rds::instead(&statement));
    }
    let given = barred.is_none();
    if let Some(reason) = barred {
        report.not_by_grant = Some(reason);
    }
    if report.outcome != Outcome::Failed
        && (report.not_by_grant.is_some() || !needs.is_empty() || report.refusal.is_some())
    {
        report.outcome = Outcome::Refused;
    }
    report.verdict = match (report.outcome, verdict) {
        // What nothing lifts was tried as well.
        (Outcome::Refused | Outcome::Failed, Verdict::Partial) => Verdict::Proven,
        (_, verdict) => verdict,
    };
    report.headline = headline(report, &needs, (verdict, &notes));
    report.missing = needs.iter().map(|need| need.missing.clone()).collect();
    explain(report, &needs, &notes, verdict);
    if given && !needs.is_empty() {
        let statements: Vec<String> = needs.iter().map(|need| need.statement.clone()).collect();
        let likely = runners::likely(stage, &needs).await?;
        notes.extend(taken_back(&statement, &needs, stage.major()));
        let run_as = runners::able(stage, &likely, &statements).await?;
        if on_rds && runners::only_superusers(stage.session, &run_as).await? {
            notes.push(rds::out_of_reach(&needs).to_owned());
        }
        report.fixes.push(Remedy {
            run_as,
            opens: opens(stage, &needs).await?,
            breadth: breadth(&needs),
            statements,
            verdict,
            notes: notes.clone(),
        });
        let rehearsed = alternatives::Rehearsed {
            verdict,
            scenes,
            statement: &statement,
            notes: &notes,
        };
        match alternatives::alternatives(stage, &needs, rehearsed, &likely).await {
            Ok(more) => report.fixes.extend(more),
            // Routines are asked about by name, which takes USAGE of their schema from who looks.
            Err(failure) if failure.is_refusal() => stage.rewind().await?,
            Err(failure) => return Err(failure),
        }
    }
    if report.outcome == Outcome::Refused {
        apart(stage, report, &needs).await?;
        later(stage, report, &needs).await?;
        let server = Server {
            major: stage.major(),
            rds: on_rds,
        };
        report.avoid = avoid(report, &needs, server);
    }
    stage.rewind().await
}

/// An attribute is no grant; where none is left to give, a management right was all that was missing.
fn judge_attributes(report: &mut WhyReport, needs: &[Need]) {
    // What was refused first is told.
    let guarded = |need: &&Need| need.breadth == Breadth::Attribute || need.wanted.is_some();
    let first = needs.iter().find(guarded);
    match needs.iter().find(|need| need.breadth == Breadth::Attribute) {
        Some(_) if first.is_some_and(|need| need.wanted.is_some()) => {
            let wanted = first.and_then(|need| need.wanted.as_ref());
            report.not_by_grant = report
                .not_by_grant
                .take()
                .or_else(|| wanted.map(|wanted| play::by_ownership(&wanted.kind, &wanted.name)));
        }
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

/// REVOKE takes back no more than what its grantor has granted, and says nothing about the rest; before
/// 16 memberships know no grantor (PostgreSQL source, `aclchk.c`, `select_best_grantor`; `user.c`,
/// `DelRoleMems`).
fn taken_back(statement: &str, needs: &[Need], major: u32) -> Option<String> {
    let grantor = needs.iter().find(|need| {
        need.option == GrantOption::With
            || (major >= 16
                && need.joining.as_ref().and_then(Joining::widest) == Some(Purpose::Administer))
    })?;
    (word_at(statement, 0) == "revoke").then(|| {
        format!(
            "REVOKE takes back only what {} itself has granted; what others granted stays",
            grantor.missing.grantee
        )
    })
}

/// The widest of what is given.
pub(super) fn breadth(needs: &[Need]) -> Breadth {
    needs
        .iter()
        .map(|need| need.breadth)
        .max()
        .unwrap_or(Breadth::Object)
}

fn explain(report: &mut WhyReport, needs: &[Need], notes: &[String], verdict: Verdict) {
    let mark = if verdict == Verdict::Proven {
        Mark::Measured
    } else {
        Mark::Derived
    };
    report.because.extend(notes.iter().map(|note| Reason {
        mark: Mark::Derived,
        text: note.clone(),
    }));
    report.because.extend(needs.iter().map(|need| Reason {
        mark,
        text: lacks(need),
    }));
}

/// What a need is about. Kinds that cannot be granted on are called as the server calls them.
fn described(need: &Need) -> String {
    let object = &need.missing.object;
    match &need.wanted {
        Some(wanted) if object.kind == ObjectKind::Other => {
            format!("{} {}", wanted.kind, object.name)
        }
        _ => remedy::described(object),
    }
}

/// What somebody lacks, in a sentence.
fn lacks(need: &Need) -> String {
    let MissingPrivilege {
        privilege,
        grantee,
        object,
    } = &need.missing;
    let described = described(need);
    match privilege.as_str() {
        "MEMBER" => match need.joining.as_ref().and_then(Joining::widest) {
            Some(Purpose::Administer) => {
                format!("{grantee} lacks the ADMIN option on role {}", object.name)
            }
            Some(Purpose::Become) => format!("{grantee} may not SET ROLE {}", object.name),
            // It may be a member that does not inherit.
            Some(Purpose::Inherit) | None => {
                format!("{grantee} lacks the privileges of role {}", object.name)
            }
        },
        "OWNER" => format!("{grantee} does not own {described}"),
        _ if object.kind == ObjectKind::Role => {
            format!("{grantee} lacks the attribute {privilege}")
        }
        _ => {
            let right = match need.option {
                GrantOption::Without => privilege.clone(),
                GrantOption::With => format!("the right to grant {privilege}"),
            };
            match object.columns.as_slice() {
                [] => format!("{grantee} lacks {right} on {described}"),
                columns => format!(
                    "{grantee} lacks {right} ({}) on {described}",
                    columns.join(", ")
                ),
            }
        }
    }
}

/// What was refused, in plain words.
fn headline(report: &WhyReport, needs: &[Need], (verdict, notes): (Verdict, &[String])) -> String {
    if let Some(reason) = &report.not_by_grant {
        return reason.explanation.trim_end_matches('.').to_owned();
    }
    match (needs, &report.refusal, report.outcome) {
        ([], Some(failure), _) => failure.message.clone(),
        ([], None, Outcome::Allowed) if verdict == Verdict::Expected => format!(
            "nothing was found that stands in the way of {}; {}",
            report.role,
            notes.first().map_or("it was not tried", String::as_str)
        ),
        ([], None, Outcome::Allowed) => format!("nothing stands in the way of {}", report.role),
        ([], None, _) => format!("{} lacks what this needs", report.role),
        ([need], ..) => lacks(need),
        ([first, rest @ ..], ..) => format!("{}, and {} more", lacks(first), rest.len()),
    }
}

/// What a fix lets its grantee do that it could not do before.
pub(super) async fn opens(stage: &Stage<'_>, needs: &[Need]) -> Result<String, Failure> {
    let mut parts = Vec::new();
    let several = needs
        .iter()
        .any(|need| need.missing.grantee != stage.role && need.missing.privilege != "OWNER");
    for need in needs {
        let object = &need.missing.object;
        let described = described(need);
        let privilege = &need.missing.privilege;
        let mut part = match (privilege.as_str(), object.columns.len()) {
            ("MEMBER", _) => membership(stage, &object.name, &need.statement).await?,
            ("OWNER", _) => {
                format!(
                    "everything on {described}, to drop it and to grant on it; {} loses that",
                    need.owner
                )
            }
            (attribute, _) if object.kind == ObjectKind::Role => {
                attribute_opens(attribute, stage.major())
            }
            (_, 0) => format!("{privilege} on {described}"),
            (_, 1) => format!("{privilege} of 1 column of {described}"),
            (_, many) => format!("{privilege} of {many} columns of {described}"),
        };
        if need.option == GrantOption::With {
            part.push_str(", and to grant it on");
        }
        if several {
            let _ = write!(part, " (to {})", need.missing.grantee);
        }
        parts.push(part);
    }
    Ok(parts.join("; "))
}

fn attribute_opens(attribute: &str, major: u32) -> String {
    match attribute {
        // Until 15 it reaches every role but superusers (PostgreSQL 16 release notes, "Privileges").
        "CREATEROLE" if major < 16 => {
            "to create roles, and to change, drop and join every role that is no superuser"
                .to_owned()
        }
        "CREATEROLE" => "to create roles and to manage those it administers".to_owned(),
        "CREATEDB" => "to create databases of any number and size".to_owned(),
        "REPLICATION" => "to read every change of the whole cluster and to keep its WAL".to_owned(),
        "BYPASSRLS" => "every row of every table it may read, whatever the policies say".to_owned(),
        "LOGIN" => "to sign in".to_owned(),
        other => format!("the attribute {other}, in every database"),
    }
}

/// Mentions of a role and its groups that are counted: who has more has much.
const MOST_COUNTED: u32 = 1_000;

/// What comes with a role.
async fn membership(stage: &Stage<'_>, of: &str, statement: &str) -> Result<String, Failure> {
    if statement.contains(" WITH ADMIN") {
        return Ok(format!("to grant {of} to anybody"));
    }
    if roles::is_superuser(stage.session, of).await? {
        return Ok(format!(
            "everything there is: {of} is a superuser, and no check holds for who becomes it"
        ));
    }
    if of.starts_with("pg_") || of.starts_with("rds_") {
        return Ok(format!("everything the predefined role {of} may"));
    }
    // What is owned by a role or has it in its ACL is kept by role; everybody's rights are not the
    // membership's (PostgreSQL documentation, "pg_shdepend").
    let sql = format!(
        "WITH RECURSIVE {}, mentioned AS (SELECT d.objid, d.deptype = 'o' AS owned FROM source s \
         JOIN pg_catalog.pg_shdepend d ON d.refobjid = s.oid \
         AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('o', 'a') \
         AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = current_database()) \
         LIMIT {MOST_COUNTED}), \
         reached AS (SELECT c.oid, r.oid AS role, bool_or(m.owned) AS owned FROM pg_catalog.pg_roles r, mentioned m \
         CROSS JOIN LATERAL (SELECT k.oid, k.relkind, k.relnamespace FROM pg_catalog.pg_class k \
         WHERE k.oid = m.objid OFFSET 0) c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND r.rolname = {} GROUP BY c.oid, r.oid) \
         SELECT count(*) FILTER (WHERE owned OR pg_catalog.has_table_privilege(role, oid, 'SELECT')), \
         count(*) FILTER (WHERE owned OR pg_catalog.has_table_privilege(role, oid, 'INSERT, UPDATE, DELETE')), \
         count(*) FILTER (WHERE owned), (SELECT count(*) FROM mentioned), \
         EXISTS (SELECT FROM source JOIN pg_catalog.pg_roles p ON p.oid = source.oid AND p.rolname = 'pg_read_all_data'), \
         EXISTS (SELECT FROM source JOIN pg_catalog.pg_roles p ON p.oid = source.oid AND p.rolname = 'pg_write_all_data') \
         FROM reached",
        holders::groups("source", &holders::named(&[of.to_owned()]), stage.major()),
        literal(of)
    );
    let rows: Vec<Row> = stage.session.query(&sql).await?.rows;
    let count = |at: usize| rows.first().map(|row| cell(row, at)).unwrap_or_default();
    let least = if count(3) == MOST_COUNTED.to_string() {
        "at least "
    } else {
        ""
    };
    let counted = |at: usize, all: usize| {
        if count(all) == "t" {
            "all".to_owned()
        } else {
            format!("{least}{}", count(at))
        }
    };
    let becoming = if statement.contains("INHERIT FALSE, SET TRUE") {
        format!("after SET ROLE {}, ", ident::role(of))
    } else {
        String::new()
    };
    Ok(format!(
        "{becoming}everything {of} may: here it reads {} relation{}, writes {} and owns {least}{}",
        counted(0, 4),
        if counted(0, 4) == "1" { "" } else { "s" },
        counted(1, 5),
        count(2)
    ))
}

/// How a privilege must be held.
fn extent(need: &Need) -> remedy::Held {
    match need.option {
        GrantOption::With => remedy::Held::ToGrant,
        GrantOption::Without => remedy::Held::Plainly,
    }
}

/// Rights to grant that are there already, but with other roles than the one that would grant the rest:
/// one GRANT has one grantor (PostgreSQL source, `acl.c`, `select_best_grantor`).
async fn apart(stage: &Stage<'_>, report: &mut WhyReport, needs: &[Need]) -> Result<(), Failure> {
    for need in needs {
        let who = &need.missing.grantee;
        let held = match need.option {
            GrantOption::With => {
                remedy::held(&ident::literal(who), &need.missing, remedy::Held::ToGrant)
            }
            GrantOption::Without => None,
        };
        let Some(held) = held else { continue };
        stage.rewind().await?;
        let rows = stage.session.query(&format!("SELECT {held}")).await?.rows;
        if rows.first().is_some_and(|row| cell(row, 0) == "t") {
            report.because.push(Reason {
                mark: Mark::Measured,
                text: format!(
                    "{who} may grant {} through a role that it is a member of, but one GRANT has one grantor: \
                     it must hold the right to grant all of it",
                    need.missing.privilege
                ),
            });
        }
    }
    Ok(())
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
        .filter_map(|need| remedy::held("r.oid", &need.missing, extent(need)))
        .collect();
    if conditions.len() != needs.len() || missing.object.kind == ObjectKind::Role {
        return Ok(());
    }
    let option = stage.becoming_right();
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

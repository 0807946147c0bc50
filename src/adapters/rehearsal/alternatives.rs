//! Wider fixes that some would rather have, never first: each says what it opens besides.

use super::holders::{self, Passing};
use super::need::{Need, Purpose, cell, has_columns, membership};
use super::ownership::{Ownership, Way, ownership};
use super::policies;
use super::runners;
use super::scene::Scene;
use super::settle::{breadth, opens};
use super::stage::Stage;
use crate::domain::diagnosis::remedy::{self, Held};
use crate::domain::diagnosis::{Breadth, ObjectKind, Remedy, Verdict};
use crate::domain::failure::Failure;
use crate::domain::ident;

/// From how many relations of one schema on the whole schema is worth offering.
const MANY: usize = 3;

/// What the first fix was rehearsed with, and what came of it.
#[derive(Clone, Copy)]
pub(super) struct Rehearsed<'a> {
    pub(super) verdict: Verdict,
    pub(super) scenes: &'a [Scene],
    /// The statement that was asked about.
    pub(super) statement: &'a str,
    /// What is said of the first fix.
    pub(super) notes: &'a [String],
}

/// Of how many needs the holders are compared; the others are asked about.
const MOST_COMPARED: usize = 4;

/// The alternatives, narrowest first; `likely` are the roles that may be able to give what is needed.
pub(super) async fn alternatives(
    stage: &Stage<'_>,
    needs: &[Need],
    rehearsed: Rehearsed<'_>,
    likely: &[String],
) -> Result<Vec<Remedy>, Failure> {
    let maker = Maker {
        stage,
        rehearsed,
        likely,
    };
    let mut found = Vec::new();
    found.extend(maker.whole_relations(needs).await?);
    found.extend(maker.group(needs).await?);
    found.extend(maker.schema_wide(needs).await?);
    found.extend(maker.owners(needs).await?);
    found.sort_by_key(|remedy| remedy.breadth);
    Ok(found)
}

struct Maker<'a> {
    stage: &'a Stage<'a>,
    rehearsed: Rehearsed<'a>,
    likely: &'a [String],
}

/// What an alternative gives.
struct Offer<'a> {
    statements: Vec<String>,
    breadth: Breadth,
    opens: String,
    note: String,
    /// Roles that may be able to give it.
    likely: &'a [String],
}

impl Maker<'_> {
    /// A remedy of these statements; `None` where it was tried and does not do.
    async fn remedy(&self, offer: Offer<'_>) -> Result<Option<Remedy>, Failure> {
        let Rehearsed {
            mut verdict,
            scenes,
            ..
        } = self.rehearsed;
        let statements = offer.statements;
        let mut notes: Vec<String> = Some(offer.note)
            .filter(|note| !note.is_empty())
            .into_iter()
            .collect();
        if verdict == Verdict::Proven && !scenes.is_empty() {
            let given: Vec<&str> = statements.iter().map(String::as_str).collect();
            if self.stage.attempt_with(&given, scenes).await?.is_err() {
                return Ok(None);
            }
        } else if verdict == Verdict::Partial && !self.passes_rows(&statements).await? {
            notes.extend(self.rehearsed.notes.iter().cloned());
        } else {
            verdict = Verdict::Expected;
        }
        Ok(Some(Remedy {
            run_as: runners::able(self.stage, offer.likely, &statements).await?,
            statements,
            verdict,
            breadth: offer.breadth,
            opens: offer.opens,
            notes,
        }))
    }

    /// Whether the policies let the rows pass then: who joins their table's owner stands above them.
    async fn passes_rows(&self, statements: &[String]) -> Result<bool, Failure> {
        let stage = self.stage.with_statements(statements);
        let barring = policies::barring(&stage, &[], self.rehearsed.statement).await?;
        Ok(matches!(barring, policies::Barring::Passes))
    }

    /// The same on whole relations: columns added later are covered.
    async fn whole_relations(&self, needs: &[Need]) -> Result<Option<Remedy>, Failure> {
        if !needs.iter().any(|need| need.breadth == Breadth::Column) {
            return Ok(None);
        }
        let whole: Vec<Need> = needs
            .iter()
            .map(|need| {
                if need.breadth == Breadth::Column {
                    let mut missing = need.missing.clone();
                    missing.object.columns.clear();
                    Need::of(missing, Breadth::Object, &need.owner)
                } else {
                    need.clone()
                }
            })
            .collect();
        let statements = whole.iter().map(|need| need.statement.clone()).collect();
        // Who may give columns only cannot give the whole: that is tried.
        self.remedy(Offer {
            statements,
            breadth: breadth(&whole),
            opens: opens(self.stage, &whole).await?,
            note: "covers all columns, also those added later".to_owned(),
            likely: self.likely,
        })
        .await
    }

    /// Membership in an ordinary role that has all of it already.
    async fn group(&self, needs: &[Need]) -> Result<Option<Remedy>, Failure> {
        let [first, ..] = needs else { return Ok(None) };
        let grantee = &first.missing.grantee;
        let conditions: Vec<String> = needs
            .iter()
            .filter(|need| {
                need.missing.grantee == *grantee && need.missing.object.kind != ObjectKind::Role
            })
            .filter_map(|need| remedy::held("r.oid", &need.missing, Held::Plainly))
            .collect();
        if conditions.len() != needs.len() {
            return Ok(None);
        }
        self.stage.rewind().await?;
        let major = self.stage.major();
        // Those who hold some of it are found in one go; who has it all is asked of each in turn.
        let mut holding = Vec::new();
        for (at, need) in needs.iter().take(MOST_COMPARED).enumerate() {
            let Some(sources) = holders::sources(&need.missing, &need.owner) else {
                return Ok(None);
            };
            let name = format!("holder_{at}");
            let members = holders::members(&name, &sources, Passing::Inherited, major);
            holding.push((name, members));
        }
        let holds: Vec<String> = holding
            .iter()
            .map(|(name, _)| format!("r.oid IN (SELECT oid FROM {name})"))
            .collect();
        let holding: Vec<String> = holding.into_iter().map(|(_, members)| members).collect();
        let named = |name: &str| holders::named(&[name.to_owned()]);
        // A member of a role that signs in by IAM would have to sign in so too.
        let sql = format!(
            "WITH RECURSIVE {}, {}, {} SELECT rolname FROM (SELECT r.oid, r.rolname FROM pg_catalog.pg_roles r \
             LEFT JOIN (SELECT refobjid, count(*) AS objects FROM pg_catalog.pg_shdepend \
             WHERE deptype = 'o' AND refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
             GROUP BY refobjid) owned ON owned.refobjid = r.oid \
             WHERE NOT rolsuper AND NOT rolcanlogin AND rolname !~ '^(pg_|rds)' \
             AND {} AND r.oid NOT IN (SELECT oid FROM within) \
             AND r.oid NOT IN (SELECT oid FROM iam) \
             ORDER BY coalesce(owned.objects, 0), rolname OFFSET 0) r WHERE {} LIMIT 1",
            holding.join(", "),
            holders::members("within", &named(grantee), Passing::Any, major),
            holders::members("iam", &named("rds_iam"), Passing::Any, major),
            holds.join(" AND "),
            conditions.join(" AND ")
        );
        let rows = self.stage.session.query(&sql).await?.rows;
        let Some(group) = rows.first().map(|row| cell(row, 0)) else {
            return Ok(None);
        };
        let need = membership(self.stage.session, grantee, &group, Purpose::Inherit).await?;
        let needs = [need];
        self.remedy(Offer {
            statements: needs.iter().map(|need| need.statement.clone()).collect(),
            breadth: Breadth::Membership,
            opens: opens(self.stage, &needs).await?,
            note: format!("{group} has all of it already"),
            likely: &runners::likely(self.stage, &needs).await?,
        })
        .await
    }

    /// All relations of a schema, present and future, through a group role.
    async fn schema_wide(&self, needs: &[Need]) -> Result<Option<Remedy>, Failure> {
        let Some((schema, privileges, owners)) = mostly_one_schema(needs) else {
            return Ok(None);
        };
        let grantee = needs
            .first()
            .map(|need| need.missing.grantee.clone())
            .unwrap_or_default();
        let group = format!(
            "{schema}_{}",
            if privileges == ["SELECT"] {
                "readers"
            } else {
                "writers"
            }
        );
        let (on, to) = (ident::quoted(&schema), ident::role(&group));
        let privileges = privileges.join(", ");
        let mut statements = vec![
            format!("CREATE ROLE {to} NOLOGIN"),
            format!("GRANT USAGE ON SCHEMA {on} TO {to}"),
            format!("GRANT {privileges} ON ALL TABLES IN SCHEMA {on} TO {to}"),
        ];
        for owner in &owners {
            statements.push(format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {on} GRANT {privileges} ON TABLES TO {to}",
                ident::role(owner)
            ));
        }
        statements.push(format!("GRANT {to} TO {}", ident::role(&grantee)));
        let opens = format!(
            "{privileges} on every table of schema {schema}, and on those that {} will create there",
            owners.join(", ")
        );
        self.remedy(Offer {
            statements,
            breadth: Breadth::Schema,
            opens,
            note: "a group role: the next person takes one GRANT".to_owned(),
            likely: self.likely,
        })
        .await
    }

    /// The object handed over, where membership in its owner comes first.
    async fn owners(&self, needs: &[Need]) -> Result<Option<Remedy>, Failure> {
        let [need] = needs else { return Ok(None) };
        let Some((kind, name)) = need
            .wanted
            .as_ref()
            .map(|wanted| (&wanted.kind, &wanted.name))
        else {
            return Ok(None);
        };
        self.stage.rewind().await?;
        let session = self.stage.session;
        let Ownership::Ways(ways) =
            ownership(session, self.stage.role, kind, name, Way::Change).await?
        else {
            return Ok(None);
        };
        if ways.len() != 1
            || ways
                .first()
                .is_some_and(|way| way.statement == need.statement)
        {
            return Ok(None);
        }
        self.remedy(Offer {
            statements: ways.iter().map(|way| way.statement.clone()).collect(),
            breadth: Breadth::Ownership,
            opens: opens(self.stage, &ways).await?,
            note: String::new(),
            likely: &runners::likely(self.stage, &ways).await?,
        })
        .await
    }
}

/// A schema of which many relations are missed by one grantee: its name, the privileges, the owners.
fn mostly_one_schema(needs: &[Need]) -> Option<(String, Vec<String>, Vec<String>)> {
    let relations: Vec<&Need> = needs
        .iter()
        .filter(|need| has_columns(need.missing.object.kind))
        .collect();
    let first = relations.first()?;
    let schema = first.missing.object.schema.clone()?;
    let same = relations.iter().all(|need| {
        need.missing.object.schema.as_deref() == Some(&schema)
            && need.missing.grantee == first.missing.grantee
    });
    let mut names: Vec<&str> = relations
        .iter()
        .map(|need| need.missing.object.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    if !same || names.len() < MANY {
        return None;
    }
    let gather = |of: fn(&Need) -> String| {
        let mut all: Vec<String> = relations.iter().map(|need| of(need)).collect();
        all.sort();
        all.dedup();
        all
    };
    let privileges = gather(|need| need.missing.privilege.clone());
    let owners = gather(|need| need.owner.clone());
    Some((schema, privileges, owners))
}

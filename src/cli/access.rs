//! `pgiam access`: what a role can do, who can do what to an object, by which paths, and what would
//! be if.

mod json;
mod text;

use std::io::{self, BufWriter, Write};

use super::args::Access;
use super::context::{Context, Ended};
use super::exit::Exit;
use crate::adapters::access;
use crate::domain::access::{
    Filter, Found, Gate, Impact, Next, ObjectId, ObjectKind, Objects, Outlook, Privilege, Report,
    RoleId, RoleShift, Scope, Snapshot, names,
};
use crate::domain::export::{Exporter, Format};
use crate::domain::link::LinkFacts;
use crate::domain::profile::Profile;

/// Objects or roles told to a person unless `--limit` says otherwise; JSON and CSV are whole.
const TOLD: usize = 200;

/// The database that is looked at, and as whom.
struct View {
    rights: Snapshot,
    profile: Profile,
    facts: LinkFacts,
    filter: Filter,
    /// Most objects or roles to tell.
    limit: usize,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    Json,
    Csv,
}

/// What is asked about.
enum Thing {
    Object(ObjectId),
    Role(RoleId),
    /// A column that has only its table's rights.
    Column {
        table: ObjectId,
        name: String,
    },
}

/// The question.
enum Asked {
    Overview,
    Role(RoleId),
    Object(Thing),
    Pair { role: RoleId, thing: Thing },
    Compare { first: RoleId, second: RoleId },
    Next(Next),
    If(Box<Consequences>),
}

/// What statements would change.
struct Consequences {
    statements: String,
    after: Snapshot,
    shifts: Vec<RoleShift>,
    impacts: Vec<Impact>,
}

pub(super) async fn run(context: &mut Context, options: &Access) -> Result<Exit, Ended> {
    let profile = context.target(&options.target)?;
    let session = context.connect(&profile).await?;
    let named = names(&options.what_if.join("; "));
    let rights = access::load_with_columns(&session, &named)
        .await
        .map_err(Ended::Failed)?;
    let search_path = access::search_path(&session).await.map_err(Ended::Failed)?;
    let scope = Scope {
        search_path: &search_path,
        user: &session.facts().user,
    };
    let asked = question(&rights, scope, options)?;
    let view = View {
        filter: filter(&rights, options)?,
        rights,
        profile,
        facts: session.facts().clone(),
        limit: match (options.limit, options.json || options.csv) {
            (Some(0), _) | (None, true) => usize::MAX,
            (Some(limit), _) => limit,
            (None, false) => TOLD,
        },
    };
    let form = match (options.csv, options.json) {
        (true, _) => Form::Csv,
        (false, true) => Form::Json,
        (false, false) => Form::Text,
    };
    // On a thread of its own, so that an interrupt is heard while a long answer is written.
    tokio::task::spawn_blocking(move || tell(&view, &asked, form))
        .await
        .map_err(io::Error::from)?
}

fn tell(view: &View, asked: &Asked, form: Form) -> Result<Exit, Ended> {
    let mut out = BufWriter::new(io::stdout().lock());
    match form {
        Form::Csv => csv(view, asked, &mut out)?,
        Form::Json => {
            json::write(view, asked, &mut out)?;
            writeln!(out)?;
        }
        Form::Text => text::write(view, asked, &mut out)?,
    }
    out.flush()?;
    Ok(view.exit(asked))
}

fn wrong(error: &impl ToString) -> Ended {
    Ended::Usage(error.to_string())
}

fn filter(rights: &Snapshot, options: &Access) -> Result<Filter, Ended> {
    let schema = match &options.schema {
        Some(name) if options.next.is_none() => {
            Some(rights.find_schema(name).map_err(|error| wrong(&error))?)
        }
        _ => None,
    };
    Ok(Filter {
        schema,
        kinds: options.kind.iter().flat_map(|kind| kind.kinds()).collect(),
        privilege: options.privilege.as_deref().map(privilege).transpose()?,
    })
}

fn privilege(word: &str) -> Result<Privilege, Ended> {
    Privilege::of_keyword(word).ok_or_else(|| {
        let known: Vec<&str> = Privilege::ALL.into_iter().map(Privilege::keyword).collect();
        Ended::Usage(format!(
            "there is no privilege {word}; there are {}",
            known.join(", ")
        ))
    })
}

fn question(rights: &Snapshot, scope: Scope<'_>, options: &Access) -> Result<Asked, Ended> {
    let role = |name: &String| rights.find_role(name).map_err(|error| wrong(&error));
    if let [first, second] = options.compare.as_slice() {
        return Ok(Asked::Compare {
            first: role(first)?,
            second: role(second)?,
        });
    }
    if !options.what_if.is_empty() {
        let statements = options.what_if.join("; ");
        let mut consequences = consequences(rights, scope, statements)?;
        consequences.narrow(rights, scope, options)?;
        return Ok(Asked::If(Box::new(consequences)));
    }
    if let (Some(kind), Some(creator), Some(reader)) =
        (options.next, &options.creator, &options.role)
    {
        let kind = kind.kind();
        let schema = match &options.schema {
            Some(name) => Some(rights.find_schema(name).map_err(|error| wrong(&error))?),
            None => None,
        };
        return Ok(Asked::Next(Next {
            kind,
            creator: role(creator)?,
            schema,
            privilege: match &options.privilege {
                Some(word) => privilege(word)?,
                None => first_privilege(kind.object_kind(), rights.version()),
            },
            reader: role(reader)?,
        }));
    }
    let object = options
        .object
        .as_deref()
        .map(|spelling| thing(rights, scope, spelling))
        .transpose()?;
    Ok(match (&options.role, object) {
        (None, None) => Asked::Overview,
        (Some(name), None) => Asked::Role(role(name)?),
        (None, Some(thing)) => Asked::Object(thing),
        (Some(name), Some(thing)) => Asked::Pair {
            role: role(name)?,
            thing,
        },
    })
}

/// What a person most likely wants to do with a new object: SELECT on a table, USAGE on a type.
fn first_privilege(kind: crate::domain::access::ObjectKind, version: u32) -> Privilege {
    crate::domain::access::Privileges::applicable(kind, version)
        .iter()
        .next()
        .unwrap_or(Privilege::Select)
}

fn thing(rights: &Snapshot, scope: Scope<'_>, spelling: &str) -> Result<Thing, Ended> {
    Ok(
        match rights
            .find(spelling, scope.search_path)
            .map_err(|error| wrong(&error))?
        {
            Found::Object(object) => Thing::Object(object),
            Found::Role(role) => Thing::Role(role),
            Found::PlainColumn { table, column } => Thing::Column {
                table,
                name: column,
            },
        },
    )
}

fn consequences(
    rights: &Snapshot,
    scope: Scope<'_>,
    statements: String,
) -> Result<Consequences, Ended> {
    let after = rights
        .after(&statements, scope)
        .map_err(|error| wrong(&error))?;
    let shifts = rights.role_shifts(&after);
    let mut impacts: Vec<Impact> = shifts
        .iter()
        .flat_map(|shift| rights.impact_for(&after, shift.role))
        .collect();
    for object in rights.changed_objects(&after) {
        impacts.extend(
            rights
                .impact_on(&after, object)
                .into_iter()
                .filter(|impact| shifts.iter().all(|shift| shift.role != impact.role)),
        );
    }
    let told = impacts.clone();
    impacts.retain(|impact| !follows_from_the_table(rights, *impact, &told));
    Ok(Consequences {
        statements,
        after,
        shifts,
        impacts,
    })
}

/// Whether an impact on a column is no more than what its whole table gains or loses.
fn follows_from_the_table(rights: &Snapshot, impact: Impact, all: &[Impact]) -> bool {
    let Some(table) = table_of(rights, impact.object) else {
        return false;
    };
    all.iter().any(|other| {
        other.object == table
            && other.role == impact.role
            && other.gained.held.contains(impact.gained.held)
            && other.gained.grantable.contains(impact.gained.grantable)
            && other.lost.held.contains(impact.lost.held)
            && other.lost.grantable.contains(impact.lost.grantable)
    })
}

/// The table of a column.
fn table_of(rights: &Snapshot, object: ObjectId) -> Option<ObjectId> {
    rights.object(object).and_then(|known| match known.kind {
        ObjectKind::Column => known.parent,
        _ => None,
    })
}

impl Consequences {
    /// Keeps to what was asked about.
    fn narrow(
        &mut self,
        rights: &Snapshot,
        scope: Scope<'_>,
        options: &Access,
    ) -> Result<(), Ended> {
        let filter = filter(rights, options)?;
        let role = options
            .role
            .as_ref()
            .map(|name| rights.find_role(name).map_err(|error| wrong(&error)))
            .transpose()?;
        let object = match options.object.as_deref() {
            Some(spelling) => match thing(rights, scope, spelling)? {
                Thing::Object(object) | Thing::Column { table: object, .. } => Some(object),
                Thing::Role(_) => None,
            },
            None => None,
        };
        // A table's columns are a part of it.
        let is_of = |object: ObjectId, found: ObjectId| {
            found == object || table_of(rights, found) == Some(object)
        };
        self.shifts
            .retain(|shift| role.is_none_or(|role| role == shift.role));
        self.impacts.retain(|impact| {
            role.is_none_or(|role| role == impact.role)
                && object.is_none_or(|object| is_of(object, impact.object))
                && rights
                    .object(impact.object)
                    .is_some_and(|known| filter.takes(impact.object, known))
                && filter.privilege.is_none_or(|privilege| {
                    impact.gained.held.has(privilege) || impact.lost.held.has(privilege)
                })
        });
        Ok(())
    }
}

impl View {
    /// 1 where the answer to a yes-or-no question is no, or where roles differ.
    fn exit(&self, asked: &Asked) -> Exit {
        let rights = &self.rights;
        let yes = match asked {
            Asked::Overview | Asked::Role(_) | Asked::Object(_) | Asked::If(_) => true,
            Asked::Pair { role, thing } => match thing {
                Thing::Object(object) | Thing::Column { table: object, .. } => rights
                    .account(*role, *object, self.filter.privilege)
                    .allows(self.filter.privilege),
                Thing::Role(group) => rights.has_rights_of(*role, *group),
            },
            Asked::Compare { first, second } => {
                rights.compare(*first, *second, &self.filter).is_empty()
            }
            Asked::Next(next) => rights.forecast(next).outlook == Outlook::Works,
        };
        if yes { Exit::Done } else { Exit::Found }
    }

    fn name(&self, role: RoleId) -> &str {
        self.rights.role_name(role)
    }

    /// Whether the schema of an object may be looked into; `None` where it is in none.
    fn schema_usage(&self, object: ObjectId, gate: Gate) -> Option<bool> {
        let known = self.rights.object(object)?;
        known.schema.map(|_| gate == Gate::Open)
    }
}

/// Rights as rows; only for questions whose answer is rights.
fn csv(view: &View, asked: &Asked, out: &mut impl Write) -> Result<(), Ended> {
    let everybody = || view.rights.roles().map(|(role, _)| role).collect();
    let report = |roles, objects| Report {
        roles,
        objects,
        filter: view.filter.clone(),
    };
    let report = match asked {
        Asked::Overview => report(everybody(), Objects::All),
        Asked::Role(role) => report(vec![*role], Objects::All),
        Asked::Object(Thing::Object(object) | Thing::Column { table: object, .. }) => {
            Report::who_can(&view.rights, *object, view.filter.clone())
        }
        Asked::Pair {
            role,
            thing: Thing::Object(object) | Thing::Column { table: object, .. },
        } => report(vec![*role], Objects::These(vec![*object])),
        Asked::Object(Thing::Role(_))
        | Asked::Pair { .. }
        | Asked::Compare { .. }
        | Asked::Next(_)
        | Asked::If(_) => {
            return Err(Ended::Usage(
                "--csv tells rights on objects; use --json for this question".to_owned(),
            ));
        }
    };
    let mut exporter = Exporter::begin(out, Format::Csv, &Report::columns())?;
    report.write(&view.rights, &mut exporter)?;
    let _ = exporter.end()?;
    Ok(())
}

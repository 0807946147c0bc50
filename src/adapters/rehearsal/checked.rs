//! What functions that look for themselves will look at: their arguments are worked out as the role,
//! in a read-only part of the rehearsal, and what the values name is looked up.

use super::guarded;
use super::need::{Need, add, cell, need, object, relation_kind};
use super::ownership::{Ownership, Way, ownership};
use super::play;
use super::scene::Scene;
use super::stage::Stage;
use crate::domain::diagnosis::checked::{CheckedCall, Named, Rows, checked_calls};
use crate::domain::diagnosis::demands::LARGE_OBJECT_WRITE;
use crate::domain::diagnosis::draws::Draw;
use crate::domain::diagnosis::evaluable::is_harmless;
use crate::domain::diagnosis::{
    Breadth, NotByGrant, NotByGrantKind, ObjectKind, Outcome, WhyReport,
};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::sql::lexer::{Token, TokenKind, tokens};

/// Values looked into at most. A number would be cast by a function, which the role may not be allowed
/// to call; a text is read.
const MOST_VALUES: &str = "LIMIT '200'";

/// What was found out.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) needs: Vec<Need>,
    /// What remains to be seen when it runs.
    pub(super) notes: Vec<String>,
    /// Whether only a superuser gets past one of the checks.
    pub(super) superuser: bool,
}

impl Looked {
    /// Takes up what was found out about another statement.
    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.needs, other.needs);
        self.notes.extend(other.notes);
        self.superuser |= other.superuser;
    }
}

/// One argument's value.
struct Value {
    kind: String,
    text: String,
    mode: String,
}

/// What the calls in a statement of the stage's role lack, on top of what is granted.
pub(super) async fn checked(
    stage: &Stage<'_>,
    granted: &[Need],
    statement: &str,
) -> Result<Looked, Failure> {
    let mut looked = Looked::default();
    for call in checked_calls(statement) {
        if is_constant(&call) {
            continue;
        }
        let known = worked_out(stage, granted, &call, &mut looked.needs).await?;
        stage.rewind().await?;
        if call.named == Named::Backend {
            signalled(stage, known, &mut looked).await?;
            continue;
        }
        let Some(values) = known else {
            let what = match call.named {
                Named::Sequence => "sequence",
                Named::Relation => "table",
                Named::LargeObject => "large object",
                Named::Backend => "backend",
                Named::Query => "query",
            };
            looked.notes.push(format!(
                "which {what} {} reaches is known only when it runs",
                call.function
            ));
            continue;
        };
        for value in values {
            let mut more = lacking(stage, &call, &value).await?;
            more.retain(|need| !granted.iter().any(|given| does_as_well(given, need, &call)));
            add(&mut looked.needs, more);
        }
    }
    Ok(looked)
}

/// What it takes to signal the backends that are there now.
async fn signalled(
    stage: &Stage<'_>,
    known: Option<Vec<Value>>,
    looked: &mut Looked,
) -> Result<(), Failure> {
    let mut guards = guarded::Guards::default();
    match known {
        Some(values) => {
            for value in values {
                guarded::signal(stage, stage.role, &value.text, &mut guards).await?;
            }
        }
        None => guarded::signal_some(stage, stage.role, &mut guards).await?,
    }
    add(&mut looked.needs, guards.needs);
    looked.notes.extend(guards.notes);
    looked.superuser |= guards.superuser;
    Ok(())
}

/// Why no grant is enough for the backends that are reached.
pub(super) fn beyond() -> NotByGrant {
    NotByGrant {
        kind: NotByGrantKind::Superuser,
        explanation: "One of the backends that it reaches now is a superuser's or the server's own: only \
                      a superuser may signal that. Those of others take membership in their role or in \
                      pg_signal_backend."
            .to_owned(),
    }
}

/// Whether what is given already passes the check for which another privilege is wanted.
fn does_as_well(given: &Need, wanted: &Need, call: &CheckedCall) -> bool {
    let (given, wanted) = (&given.missing, &wanted.missing);
    given.grantee == wanted.grantee
        && given.object == wanted.object
        && passing(call)
            .split(',')
            .any(|privilege| privilege == given.privilege)
}

/// The privileges of which any passes the check of a call.
fn passing(call: &CheckedCall) -> &'static str {
    match (call.function.as_str(), call.privilege) {
        ("pg_sequence_parameters", _) => "SELECT,UPDATE,USAGE",
        (function, privilege) => Draw::of(function).map_or(privilege, Draw::enough),
    }
}

/// Whether the plan or the words tell it already.
fn is_constant(call: &CheckedCall) -> bool {
    let argument = call.argument.as_str();
    let all = |kinds: &[TokenKind]| {
        tokens(argument).iter().all(|token| {
            kinds.contains(&token.kind)
                || token.is(argument, "regclass")
                || [":", "::"].contains(&token.text(argument))
        })
    };
    match call.named {
        Named::Sequence if call.function == "pg_sequence_parameters" => false,
        Named::Sequence => all(&[TokenKind::String]),
        Named::LargeObject => {
            let constant = |mode: &String| {
                !tokens(mode).is_empty()
                    && tokens(mode)
                        .iter()
                        .all(|token| matches!(token.kind, TokenKind::Number | TokenKind::String))
            };
            all(&[TokenKind::Number]) && call.mode.as_ref().is_none_or(constant)
        }
        Named::Relation => false,
        Named::Backend => all(&[TokenKind::Number, TokenKind::String]),
        Named::Query => all(&[TokenKind::String]),
    }
}

/// The texts that an argument comes to; `None` where that is known only when it runs.
pub(super) async fn texts(
    stage: &Stage<'_>,
    granted: &[Need],
    call: &CheckedCall,
) -> Result<Option<Vec<String>>, Failure> {
    // What it takes to read the rows is asked for by the statement itself.
    let values = worked_out(stage, granted, call, &mut Vec::new()).await?;
    stage.rewind().await?;
    Ok(values.map(|values| values.into_iter().map(|value| value.text).collect()))
}

/// The values of the argument; `None` where they cannot be told without doing something. What it
/// takes to read them is added.
async fn worked_out(
    stage: &Stage<'_>,
    granted: &[Need],
    call: &CheckedCall,
    needs: &mut Vec<Need>,
) -> Result<Option<Vec<Value>>, Failure> {
    let none = Rows {
        with: String::new(),
        from: String::new(),
    };
    for rows in call.rows.iter().chain([&none]) {
        let parts = [
            rows.with.as_str(),
            rows.from.as_str(),
            call.argument.as_str(),
            call.mode.as_deref().unwrap_or_default(),
        ];
        if !harmless(stage, &parts).await? {
            continue;
        }
        let query = format!(
            "{} SELECT DISTINCT kind::text, coalesce(value::text, ''), coalesce(mode::text, '') FROM (SELECT pg_catalog.pg_typeof({argument}), \
             {argument}, {} {}) AS looked(kind, value, mode) ORDER BY 1, 2, 3 {MOST_VALUES}",
            rows.with,
            call.mode.as_deref().unwrap_or("NULL"),
            rows.from,
            argument = call.argument,
        );
        if let Some(values) = read(stage, granted, &query, needs).await? {
            return Ok(Some(values));
        }
    }
    Ok(None)
}

/// Runs a query that only reads, as the role; refusals are lifted one by one as in any rehearsal.
async fn read(
    stage: &Stage<'_>,
    granted: &[Need],
    query: &str,
    needs: &mut Vec<Need>,
) -> Result<Option<Vec<Value>>, Failure> {
    let prepared = if stage.gives() {
        stage.with(granted)
    } else {
        stage.of(stage.role)
    };
    let mut report = WhyReport::about(stage.role, None, "");
    let mut scenes = vec![Scene::read_only(), Scene::own(query.to_owned())];
    let found = play::play(&prepared, &mut scenes, query, &mut report).await?;
    let told = found.plans.get(1);
    if report.outcome == Outcome::Failed || report.not_by_grant.is_some() {
        return Ok(None);
    }
    let Some(cells) = told else { return Ok(None) };
    add(needs, found.needs);
    let values = cells.chunks(3).filter_map(|row| {
        let [kind, text, mode] = row else { return None };
        Some(Value {
            kind: kind.clone(),
            text: text.clone(),
            mode: mode.clone(),
        })
    });
    Ok(Some(values.collect()))
}

/// Whether working it out calls nothing that might do something.
pub(super) async fn harmless(stage: &Stage<'_>, parts: &[&str]) -> Result<bool, Failure> {
    let mut called: Vec<String> = Vec::new();
    for part in parts {
        let words: Vec<Token> = tokens(part);
        for pair in words.windows(2) {
            let [name, open] = pair else { continue };
            if open.text(part) == "(" && name.kind != TokenKind::Punctuation {
                called.extend(ident::parts(name.text(part)).and_then(|mut parts| parts.pop()));
            }
        }
    }
    called.retain(|name| !is_harmless(name));
    if called.is_empty() {
        return Ok(true);
    }
    let called: Vec<String> = called.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_proc WHERE provolatile = 'v' AND proname IN ({}) LIMIT 1",
        called.join(", ")
    );
    Ok(stage.session.query(&sql).await?.rows.is_empty())
}

/// What the role lacks on what a value names.
async fn lacking(
    stage: &Stage<'_>,
    call: &CheckedCall,
    value: &Value,
) -> Result<Vec<Need>, Failure> {
    if call.named == Named::LargeObject {
        let writes = value
            .mode
            .parse::<u64>()
            .is_ok_and(|mode| mode & LARGE_OBJECT_WRITE != 0);
        let privileges = if writes {
            "SELECT, UPDATE"
        } else {
            call.privilege
        };
        let mut needs = Vec::new();
        let digits = !value.text.is_empty() && value.text.bytes().all(|byte| byte.is_ascii_digit());
        for privilege in privileges.split(", ").filter(|_| digits) {
            let more = guarded::large_object(stage, stage.role, &value.text, privilege).await?;
            add(&mut needs, more);
        }
        return Ok(needs);
    }
    let who = literal(stage.role);
    let enough = passing(call);
    let member = call.or_member.map_or_else(
        || "false".to_owned(),
        |of| format!("pg_catalog.pg_has_role({who}, {}, 'USAGE')", literal(of)),
    );
    let oid = if value.kind == "oid" {
        format!("{}::oid", literal(&value.text))
    } else {
        format!("pg_catalog.to_regclass({})::oid", literal(&value.text))
    };
    let sql = format!(
        "SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), \
         pg_catalog.pg_get_userbyid(n.nspowner), pg_catalog.has_schema_privilege({who}, n.oid, 'USAGE'), \
         {member} OR CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege({who}, c.oid, {1}) \
         ELSE {2} END \
         FROM pg_catalog.pg_class i LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid \
         JOIN pg_catalog.pg_class c ON c.oid = coalesce(x.indrelid, i.oid) \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.oid = {oid} AND (c.relkind = 'S') = {0}",
        call.named == Named::Sequence,
        literal(if call.named == Named::Sequence {
            enough
        } else {
            "USAGE"
        }),
        match enough {
            "OWNER" => format!("pg_catalog.pg_has_role({who}, c.relowner, 'USAGE')"),
            _ if call.named == Named::Sequence => "true".to_owned(),
            _ => format!(
                "pg_catalog.has_table_privilege({who}, c.oid, {})",
                literal(enough)
            ),
        },
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(Vec::new());
    };
    let mut needs = Vec::new();
    // By OID it is found wherever it is.
    if cell(row, 5) != "t" && !["oid", "regclass"].contains(&value.kind.as_str()) {
        let schema = object(ObjectKind::Schema, None, cell(row, 0));
        needs.push(need(
            stage.role,
            "USAGE",
            schema,
            Breadth::Schema,
            &cell(row, 4),
        ));
    }
    if cell(row, 6) != "t" && call.privilege == "OWNER" {
        let name = format!("{}.{}", cell(row, 0), cell(row, 1));
        let way = Way::Membership;
        if let Ownership::Ways(ways) =
            ownership(stage.session, stage.role, "table", &name, way).await?
        {
            add(&mut needs, ways);
        }
    } else if cell(row, 6) != "t" {
        let named = object(
            relation_kind(&cell(row, 2)),
            Some(cell(row, 0)),
            cell(row, 1),
        );
        let owner = cell(row, 3);
        needs.push(need(
            stage.role,
            call.privilege,
            named,
            Breadth::Object,
            &owner,
        ));
    }
    Ok(needs)
}

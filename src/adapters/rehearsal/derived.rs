//! What a role lacks for a statement, from catalogs alone: when the looking role may not grant, the
//! refusal says what broke first, and the statement's words say what else it wants.

use super::candidates::{Reach, Refused};
use super::definitions;
use super::maintenance;
use super::met;
use super::need::{Need, Row, add, cell, has_columns, need, object, relation_kind};
use super::parsed;
use super::resolution;
use super::runners::known_role;
use super::stage::Stage;
use super::worded;
use crate::adapters::session::Session;
use crate::domain::diagnosis::calls::{Naming, naming};
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::draws::Draw;
use crate::domain::diagnosis::new_database::{self, NewDatabase};
use crate::domain::diagnosis::trial::{trial, word_at};
use crate::domain::diagnosis::wants::{Columns, Wanted};
use crate::domain::diagnosis::{Breadth, ObjectKind, ObjectName};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};
use crate::domain::sql::lexer::tokens;

/// Everything that is missing for the stage's role, as far as it can be told.
pub(super) async fn derive(
    stage: &Stage<'_>,
    statement: &str,
    denial: Option<&Denial>,
) -> Result<Vec<Need>, Failure> {
    let parsed = parsed::lacking(stage, stage.role, statement).await?;
    let told = parsed.is_some();
    let mut needs = match parsed {
        Some(needs) => needs,
        None => worded::lacking(stage.session, stage.role, statement).await?,
    };
    if naming(statement) == Naming::Defines {
        // What a definition names it does not read yet.
        let keeps_text =
            (1..6).any(|at| ["view", "rule", "policy"].contains(&word_at(statement, at).as_str()));
        needs.retain(|need| match need.missing.object.kind {
            ObjectKind::Schema => true,
            kind => !keeps_text && !has_columns(kind) && kind != ObjectKind::Sequence,
        });
    }
    if first_word(statement) == "call" {
        add(&mut needs, resolution::to_call(stage, statement).await?);
    }
    if let Some(made) = made_from_query(statement, stage.major()) {
        add(&mut needs, definitions::needed(stage, &made).await?);
    }
    let defined = definitions::needed(stage, statement).await?;
    let understood = !defined.is_empty();
    add(&mut needs, defined);
    let more = match denial {
        // What the server refused first is among them.
        _ if understood || (told && !needs.is_empty()) => Vec::new(),
        Some(denial) => {
            let mut more = by_denial(stage, statement, denial, &needs).await?;
            add(&mut more, by_words(stage, statement).await?);
            more
        }
        None => by_words(stage, statement).await?,
    };
    add(&mut needs, more);
    met::without_inherited(stage.session, needs).await
}

/// The CREATE TABLE that a SELECT … INTO is.
fn made_from_query(statement: &str, major: u32) -> Option<String> {
    let texts = trial(statement, major).ok()?;
    let shape = texts.into_iter().nth(1)?;
    let selects = ["select", "with"].contains(&word_at(statement, 0).as_str());
    (selects && word_at(&shape, 0) == "create").then_some(shape)
}

/// What the refusal names and the words did not.
async fn by_denial(
    stage: &Stage<'_>,
    statement: &str,
    denial: &Denial,
    known: &[Need],
) -> Result<Vec<Need>, Failure> {
    let creating = first_word(statement) == "create";
    let lifting = lifting(stage, statement, denial, Reach::Role).await?;
    Ok(match denial {
        Denial::Privilege {
            kind: ObjectKind::Schema,
            ..
        } => lifting
            .into_iter()
            .filter(|need| creating || need.missing.privilege == "USAGE")
            .collect(),
        // Which privilege a large object is asked for hangs on the function that does.
        Denial::Privilege {
            kind: ObjectKind::LargeObject,
            ..
        } => Vec::new(),
        Denial::Privilege { kind, name } if has_columns(*kind) || *kind == ObjectKind::Sequence => {
            if known.iter().any(|need| need.missing.object.name == *name) {
                return Ok(Vec::new());
            }
            // The relation is one that only a view or rule names; reading it is the likeliest want.
            let want = if *kind == ObjectKind::Sequence {
                "USAGE"
            } else {
                "SELECT"
            };
            let owners = self::lifting(stage, statement, denial, Reach::Others).await?;
            let of_owner: Vec<Need> = owners
                .into_iter()
                .filter(|need| need.missing.privilege == want && need.missing.grantee != stage.role)
                .collect();
            if of_owner.is_empty() {
                lifting
                    .into_iter()
                    .filter(|need| need.missing.privilege == want)
                    .collect()
            } else {
                of_owner
            }
        }
        _ => lifting,
    })
}

/// What statements other than queries want, by their first words; for when there is no refusal.
async fn by_words(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let words: Vec<String> = tokens(statement)
        .iter()
        .map(|token| token.text(statement).to_lowercase())
        .take(6)
        .collect();
    let has = |word: &str| words.iter().any(|known| known == word);
    let names = names(statement);
    let of_kind = |kind: &str| {
        let at = names.iter().position(|name| name == kind)? + 1;
        let skip = if names.get(at).is_some_and(|name| name == "if") {
            2
        } else {
            0
        };
        names.get(at + skip).cloned()
    };
    let mut denials = Vec::new();
    match words.first().map(String::as_str) {
        Some("create") if words.get(1).is_some_and(|word| word == "schema") => {
            denials.push(Denial::CreateInDatabase);
            denials.extend(of_kind("authorization").map(Denial::Becoming));
        }
        Some("create") if has("temp") || has("temporary") => denials.push(Denial::Temporary),
        Some("create") if (has("role") || has("user")) && !has("mapping") => {
            denials.push(Denial::Attribute("CREATEROLE"));
        }
        Some("create") if has("database") => return new_database(stage, statement).await,
        Some("set") if has("role") => denials.extend(of_kind("role").map(Denial::Becoming)),
        Some("vacuum" | "analyze" | "cluster" | "reindex") => {
            return maintenance::needed(stage, statement).await;
        }
        _ => {}
    }
    let mut needs = Vec::new();
    for denial in denials {
        // `CURRENT_USER` is none, and misspelt ones are none.
        if let Denial::Becoming(name) = &denial
            && !known_role(stage.session, name).await?
        {
            continue;
        }
        add(
            &mut needs,
            lifting(stage, statement, &denial, Reach::Role).await?,
        );
    }
    met::lacking(stage.session, needs).await
}

/// The names in a statement, in order.
fn names(statement: &str) -> Vec<String> {
    tokens(statement)
        .iter()
        .filter_map(|token| ident::parts(token.text(statement)))
        .flatten()
        .collect()
}

/// CREATEDB, the right to become its owner, to copy a template that is not everybody's, and to put it
/// into a tablespace, in the server's order (PostgreSQL source, `dbcommands.c`, `createdb`).
async fn new_database(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let NewDatabase {
        owner,
        template,
        tablespace,
    } = new_database::new_database(statement);
    let mut denials = vec![Denial::Attribute("CREATEDB")];
    denials.extend(owner.map(Denial::Becoming));
    if let Some(name) = template
        && there(
            stage,
            "pg_database",
            &format!("datname = {} AND NOT datistemplate", literal(&name)),
        )
        .await?
    {
        let kind = "database".to_owned();
        denials.push(Denial::Ownership { kind, name });
    }
    if let Some(name) = tablespace
        && there(
            stage,
            "pg_tablespace",
            &format!("spcname = {}", literal(&name)),
        )
        .await?
    {
        let kind = ObjectKind::Tablespace;
        denials.push(Denial::Privilege { kind, name });
    }
    let mut needs = Vec::new();
    for denial in denials {
        let more = lifting(stage, statement, &denial, Reach::Role).await?;
        add(&mut needs, met::lacking(stage.session, more).await?);
    }
    Ok(needs)
}

/// Whether a catalog has a row of a kind.
async fn there(stage: &Stage<'_>, catalog: &str, condition: &str) -> Result<bool, Failure> {
    let sql = format!("SELECT FROM pg_catalog.{catalog} WHERE {condition}");
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

/// What could lift a refusal of the stage's role; whether it is enough is not tried.
pub(super) async fn lifting(
    stage: &Stage<'_>,
    statement: &str,
    denial: &Denial,
    reach: Reach,
) -> Result<Vec<Need>, Failure> {
    let refused = Refused {
        session: stage.session,
        role: stage.role,
        statement,
        reach,
    };
    Ok(refused.lifting(denial).await?.needs)
}

fn first_word(statement: &str) -> String {
    tokens(statement)
        .first()
        .map(|token| token.text(statement).to_lowercase())
        .unwrap_or_default()
}

/// The condition that finds a relation by its name: in its schema, or along the search path.
pub(super) fn by_name(name: &[String]) -> Option<String> {
    let (relation, schema) = name.split_last()?;
    let schema = match schema.last() {
        Some(schema) => format!("n.nspname = {}", literal(schema)),
        // A schema the role may not use drops out of the effective path, so the setting is read too.
        None => "(n.nspname = ANY (current_schemas(true)) OR n.nspname = 'public' \
                 OR ARRAY[pg_catalog.quote_ident(n.nspname), '\"' || n.nspname || '\"'] \
                 && pg_catalog.regexp_split_to_array(current_setting('search_path'), ' *, *'))"
            .to_owned(),
    };
    Some(format!("c.relname = {} AND {schema}", literal(relation)))
}

/// The first relation of a name, as an expression. Unlike a name that the server looks up itself, it may
/// be in a schema that who looks may not look into.
pub(super) fn first_by_name(name: &str) -> Option<String> {
    first_of(&ident::parts(name)?)
}

/// The same of a name's parts.
pub(super) fn first_of(name: &[String]) -> Option<String> {
    let condition = by_name(name)?;
    Some(format!(
        "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} ORDER BY array_position(current_schemas(true), n.nspname) LIMIT 1)"
    ))
}

/// What the role lacks on one relation, its schema first.
pub(super) async fn relation(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<Need>, Failure> {
    let Some(condition) = by_name(&wanted.relation) else {
        return Ok(Vec::new());
    };
    let who = literal(role);
    let sql = format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), \
         pg_catalog.pg_get_userbyid(n.nspowner), pg_catalog.has_schema_privilege({who}, n.oid, 'USAGE'), \
         pg_catalog.has_table_privilege({who}, c.oid, {}) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind IN ('r','p','v','m','f','S') \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1",
        literal(wanted.privilege)
    );
    let Some(row) = session.query(&sql).await?.rows.into_iter().next() else {
        return Ok(Vec::new());
    };
    let cell = |at: usize| self::cell(&row, at);
    let mut needs = Vec::new();
    if cell(6) != "t" {
        let schema = object(ObjectKind::Schema, None, cell(1));
        needs.push(need(role, "USAGE", schema, Breadth::Schema, &cell(5)));
    }
    if cell(7) != "t" {
        let object = object(relation_kind(&cell(3)), Some(cell(1)), cell(2));
        needs.extend(columns(session, role, wanted, (&cell(0), object, &cell(4))).await?);
    }
    if wanted.privilege == "INSERT" {
        needs.extend(drawn_by_defaults(session, role, &cell(0), &wanted.columns).await?);
    }
    Ok(needs)
}

/// Tables that refer to a truncated one: CASCADE truncates them as well.
pub(super) async fn truncated_too(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<Need>, Failure> {
    let Some(condition) = by_name(&wanted.relation) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "WITH RECURSIVE reached(oid) AS (SELECT c.oid FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition} \
         UNION SELECT k.conrelid FROM pg_catalog.pg_constraint k JOIN reached r ON k.confrelid = r.oid \
         WHERE k.contype = 'f') \
         SELECT n.nspname, c.relname FROM reached r JOIN pg_catalog.pg_class c ON c.oid = r.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    );
    let mut needs = Vec::new();
    for row in session.query(&sql).await?.rows {
        let name = vec![cell(&row, 0), cell(&row, 1)];
        let wanted = Wanted {
            relation: name,
            ..wanted.clone()
        };
        let more = Box::pin(relation(session, role, &wanted)).await?;
        // They are reached by their keys, not by their names.
        let tables = |need: &Need| need.missing.object.kind != ObjectKind::Schema;
        add(&mut needs, more.into_iter().filter(tables).collect());
    }
    Ok(needs)
}

/// The narrowest privilege on the wanted columns: some of them, or the whole relation.
async fn columns(
    session: &Session,
    role: &str,
    wanted: &Wanted,
    (oid, object, owner): (&str, ObjectName, &str),
) -> Result<Vec<Need>, Failure> {
    let whole = need(
        role,
        wanted.privilege,
        object.clone(),
        Breadth::Object,
        owner,
    );
    let of_columns = ["SELECT", "INSERT", "UPDATE", "REFERENCES"].contains(&wanted.privilege);
    if !of_columns || object.kind == ObjectKind::Sequence {
        return Ok(vec![whole]);
    }
    // Columns that every table has, such as tableoid, are granted where they are named.
    let system: Vec<String> = match &wanted.columns {
        Columns::All => Vec::new(),
        Columns::Named(names) => names.iter().map(|name| literal(name)).collect(),
    };
    let sql = format!(
        "SELECT attname, pg_catalog.has_column_privilege({}, attrelid, attnum, {}) FROM pg_catalog.pg_attribute \
         WHERE attrelid = {oid} AND (attnum > 0 OR attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[])) \
         AND NOT attisdropped ORDER BY attnum < 0, attnum",
        literal(role),
        literal(wanted.privilege),
        system.join(", ")
    );
    let all: Vec<(String, bool)> = session
        .query(&sql)
        .await?
        .rows
        .iter()
        .map(|row| (cell(row, 0), cell(row, 1) == "t"))
        .collect();
    let named: Vec<&(String, bool)> = match &wanted.columns {
        Columns::All => all.iter().collect(),
        Columns::Named(names) => all
            .iter()
            .filter(|(name, _)| names.contains(name))
            .collect(),
    };
    if named.is_empty() {
        // Counting rows takes SELECT on any one column.
        if all.iter().any(|(_, has)| *has) {
            return Ok(Vec::new());
        }
        let first = all
            .first()
            .map(|(name, _)| name.clone())
            .into_iter()
            .collect();
        let one = ObjectName {
            columns: first,
            ..object
        };
        return Ok(vec![need(
            role,
            wanted.privilege,
            one,
            Breadth::Column,
            owner,
        )]);
    }
    let lacking: Vec<String> = named
        .iter()
        .filter(|(_, has)| !has)
        .map(|(name, _)| name.clone())
        .collect();
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let some = ObjectName {
        columns: lacking,
        ..object
    };
    Ok(vec![need(
        role,
        wanted.privilege,
        some,
        Breadth::Column,
        owner,
    )])
}

/// Sequences that the defaults of some columns draw from.
pub(super) async fn drawn_for(
    session: &Session,
    role: &str,
    relation: &[String],
    columns: &[String],
) -> Result<Vec<Need>, Failure> {
    let Some(oid) = first_of(relation) else {
        return Ok(Vec::new());
    };
    let all = columns_of(session, &oid).await?;
    let others = all.into_iter().filter(|name| !columns.contains(name));
    drawn_by_defaults(session, role, &oid, &Columns::Named(others.collect())).await
}

/// The names of a relation's columns.
async fn columns_of(session: &Session, oid: &str) -> Result<Vec<String>, Failure> {
    let sql = format!(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped"
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Sequences that defaults of columns left out draw from; identity columns need no grant.
async fn drawn_by_defaults(
    session: &Session,
    role: &str,
    oid: &str,
    given: &Columns,
) -> Result<Vec<Need>, Failure> {
    let given: Vec<String> = match given {
        Columns::All => Vec::new(),
        Columns::Named(names) => names.iter().map(|name| literal(name)).collect(),
    };
    let sql = format!(
        "SELECT n.nspname, s.relname, pg_catalog.pg_get_userbyid(s.relowner) \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum \
         JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid \
         JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' \
         JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace \
         WHERE a.attrelid = {oid} AND NOT a.attname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) \
         AND CASE s.relkind WHEN 'S' THEN NOT pg_catalog.has_sequence_privilege({}, s.oid, 'USAGE,UPDATE') END",
        given.join(", "),
        literal(role)
    );
    let answer = session.query(&sql).await?;
    Ok(answer
        .rows
        .iter()
        .map(|row| sequence_need(role, "USAGE", row))
        .collect())
}

pub(super) async fn sequence(
    session: &Session,
    role: &str,
    name: &[String],
    draw: Draw,
) -> Result<Vec<Need>, Failure> {
    let Some(condition) = by_name(name) else {
        return Ok(Vec::new());
    };
    let who = literal(role);
    let sql = format!(
        "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_get_userbyid(n.nspowner), \
         pg_catalog.has_schema_privilege({who}, n.oid, 'USAGE'), \
         CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege({who}, c.oid, {}) END \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind = 'S' LIMIT 1",
        literal(draw.enough())
    );
    let Some(row) = session.query(&sql).await?.rows.into_iter().next() else {
        return Ok(Vec::new());
    };
    let cell = |at: usize| self::cell(&row, at);
    let mut needs = Vec::new();
    if cell(4) != "t" {
        let schema = object(ObjectKind::Schema, None, cell(0));
        needs.push(need(role, "USAGE", schema, Breadth::Schema, &cell(3)));
    }
    if cell(5) != "t" {
        needs.push(sequence_need(role, draw.privilege(), &row));
    }
    Ok(needs)
}

fn sequence_need(role: &str, privilege: &str, row: &Row) -> Need {
    let cell = |at: usize| self::cell(row, at);
    let object = object(ObjectKind::Sequence, Some(cell(0)), cell(1));
    need(role, privilege, object, Breadth::Object, &cell(2))
}

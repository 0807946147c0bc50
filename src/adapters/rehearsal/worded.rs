//! What a role lacks for what the words of a statement name: for when the server does not parse it.

use super::candidates;
use super::derived::{by_name, drawn_for, first_of, relation, sequence, truncated_too};
use super::locking;
use super::need::{Need, add, cell};
use super::underneath;
use crate::adapters::session::Session;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::wants::{Columns, Natural, Wanted, Wants, joined, wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Everything that is missing for the role.
pub(super) async fn lacking(
    session: &Session,
    role: &str,
    statement: &str,
) -> Result<Vec<Need>, Failure> {
    let mut wants = looked_up(session, role, wants(statement)).await?;
    if word_at(statement, 0) == "copy" {
        list_copied(session, &mut wants.relations).await?;
    }
    let mut needs = Vec::new();
    let relations = wants.relations.iter().chain(&wants.locks).cloned();
    for wanted in &joined(relations.collect()) {
        add(&mut needs, relation(session, role, wanted).await?);
        add(
            &mut needs,
            underneath::lacking(session, role, wanted).await?,
        );
    }
    for (relation, mode) in &wants.locked {
        add(
            &mut needs,
            locking::lacking(session, role, relation, *mode).await?,
        );
    }
    if statement.to_lowercase().contains("cascade") {
        let emptied = |wanted: &&Wanted| wanted.privilege == "TRUNCATE";
        for wanted in wants.relations.iter().filter(emptied) {
            add(&mut needs, truncated_too(session, role, wanted).await?);
        }
    }
    for (relation, columns) in &wants.defaulted {
        add(
            &mut needs,
            drawn_for(session, role, relation, columns).await?,
        );
    }
    for (name, draw) in &wants.sequences {
        add(&mut needs, sequence(session, role, name, *draw).await?);
    }
    for call in &wants.routines {
        add(&mut needs, candidates::called(session, role, call).await?);
    }
    Ok(needs)
}

/// COPY of a whole table is about all columns but the generated ones (PostgreSQL source, `copy.c`,
/// `CopyGetAttnums`), and leaves none to its default.
async fn list_copied(session: &Session, relations: &mut [Wanted]) -> Result<(), Failure> {
    for wanted in relations {
        let whole = wanted.columns == Columns::All;
        let Some(relation) = first_of(&wanted.relation).filter(|_| whole) else {
            continue;
        };
        let sql = format!(
            "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attnum > 0 \
             AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        );
        let rows = session.query(&sql).await?.rows;
        wanted.columns = Columns::Named(rows.iter().map(|row| cell(row, 0)).collect());
    }
    Ok(())
}

/// The same wants with what catalogs tell of them: schemas, rows as a whole, columns that are not named.
async fn looked_up(session: &Session, role: &str, mut wants: Wants) -> Result<Wants, Failure> {
    for (relation, constraint) in std::mem::take(&mut wants.arbiters) {
        let columns = constrained(session, &relation, &constraint).await?;
        if !columns.is_empty() {
            wants.relations.push(Wanted {
                relation,
                privilege: "SELECT",
                columns: Columns::Named(columns),
            });
        }
    }
    for (relation, called) in std::mem::take(&mut wants.rows) {
        if has_column(session, &relation, &called).await? {
            continue;
        }
        let read =
            |wanted: &&mut Wanted| wanted.privilege == "SELECT" && wanted.relation == relation;
        if let Some(wanted) = wants.relations.iter_mut().find(read) {
            wanted.columns = Columns::All;
        }
    }
    if wants.natural == Natural::Somewhere {
        share(session, &mut wants.relations).await?;
    }
    let relations = wants.relations.iter_mut().chain(&mut wants.locks);
    let names = relations
        .map(|wanted| &mut wanted.relation)
        .chain(wants.locked.iter_mut().map(|(name, _)| name));
    for name in names {
        place(session, role, name).await?;
    }
    Ok(wants)
}

/// Says the schema of a bare name: the first of the path that the role may use, for others are passed over
/// (PostgreSQL source, `namespace.c`, `recomputeNamespacePath`), else the first that has it.
async fn place(session: &Session, role: &str, name: &mut Vec<String>) -> Result<(), Failure> {
    let Some(condition) = by_name(name).filter(|_| name.len() == 1) else {
        return Ok(());
    };
    let sql = format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} ORDER BY pg_catalog.has_schema_privilege({}, n.oid, 'USAGE') DESC, \
         array_position(current_schemas(true), n.nspname) LIMIT 1",
        literal(role)
    );
    if let Some(row) = session.query(&sql).await?.rows.first() {
        name.insert(0, cell(row, 0));
    }
    Ok(())
}

/// Whether a relation has a column of a name.
async fn has_column(session: &Session, relation: &[String], name: &str) -> Result<bool, Failure> {
    let Some(relation) = first_of(relation) else {
        return Ok(false);
    };
    let sql = format!(
        "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attname = {} AND NOT attisdropped",
        literal(name)
    );
    Ok(!session.query(&sql).await?.rows.is_empty())
}

/// The columns of a constraint.
async fn constrained(
    session: &Session,
    relation: &[String],
    constraint: &str,
) -> Result<Vec<String>, Failure> {
    let Some(relation) = first_of(relation) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT a.attname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a \
         ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) \
         WHERE k.conrelid = {relation} AND k.conname = {} ORDER BY a.attnum",
        literal(constraint)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// NATURAL JOIN reads the columns that relations share.
async fn share(session: &Session, relations: &mut [Wanted]) -> Result<(), Failure> {
    let read = |wanted: &Wanted| wanted.privilege == "SELECT";
    let all: Vec<String> = relations
        .iter()
        .filter(|wanted| read(wanted))
        .filter_map(|wanted| first_of(&wanted.relation))
        .collect();
    let sql = format!(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = ANY (ARRAY[{}]::oid[]) \
         AND attnum > 0 AND NOT attisdropped GROUP BY attname HAVING count(*) > 1",
        all.join(", ")
    );
    let rows = session.query(&sql).await?.rows;
    for wanted in relations.iter_mut().filter(|wanted| read(wanted)) {
        if let Columns::Named(names) = &mut wanted.columns {
            names.extend(rows.iter().map(|row| cell(row, 0)));
        }
    }
    Ok(())
}

//! What the linked database holds, read in a few set-based queries and handed on in parts.
//!
//! Nothing here fails because the role may not read something: the queries ask only what
//! everybody may read, and mark the rest.

use std::collections::{HashMap, HashSet};

use tokio::sync::mpsc;

use super::rows::{Rows, number, results, rows, text, word};
use super::session::Session;
use crate::domain::catalog::{
    Access, Catalog, CatalogColumn, CatalogPart, Database, Function, Key, Nullability, Relation,
    RelationKind, RoleEntry, Schema,
};
use crate::domain::failure::Failure;
use crate::domain::rows::{RowBatch, array};

const SESSION: &str = include_str!("../../assets/sql/catalog_session.sql");
const DATABASES: &str = include_str!("../../assets/sql/catalog_databases.sql");
const SCHEMAS: &str = include_str!("../../assets/sql/catalog_schemas.sql");
const RELATIONS: &str = include_str!("../../assets/sql/catalog_relations.sql");
const LOCKED: &str = include_str!("../../assets/sql/catalog_locked.sql");
const COLUMNS: &str = include_str!("../../assets/sql/catalog_columns.sql");
const TYPES: &str = include_str!("../../assets/sql/catalog_types.sql");
const KEYS: &str = include_str!("../../assets/sql/catalog_keys.sql");
const FUNCTIONS: &str = include_str!("../../assets/sql/catalog_functions.sql");
const ROLES: &str = include_str!("../../assets/sql/catalog_roles.sql");

/// Reads the whole catalog of the session's database and sends its parts, the outline first. Ends
/// early, without an error, when nobody listens any more.
///
/// # Errors
/// Only what ends any statement: a lost connection, a cancel, a time-out.
pub async fn load(session: &Session, parts: &mpsc::Sender<CatalogPart>) -> Result<(), Failure> {
    let Outline {
        catalog,
        schema_oids,
    } = outline(session).await?;
    let places: HashMap<u32, usize> = catalog
        .relations
        .iter()
        .enumerate()
        .map(|(place, relation)| (relation.oid, place))
        .collect();
    if parts.send(CatalogPart::Outline(catalog)).await.is_err() {
        return Ok(());
    }
    let locked = locked(session).await?;
    if parts.send(CatalogPart::Locked(locked)).await.is_err() {
        return Ok(());
    }
    let columns = columns(session, &places).await?;
    if parts.send(CatalogPart::Columns(columns)).await.is_err() {
        return Ok(());
    }
    let roles = roles(session).await?;
    if parts.send(CatalogPart::Roles(roles)).await.is_err() {
        return Ok(());
    }
    let functions = functions(session, &schema_oids).await?;
    let _ = parts.send(CatalogPart::Functions(functions)).await;
    Ok(())
}

/// What the tree shows first, and which schema has which OID.
struct Outline {
    catalog: Catalog,
    schema_oids: HashMap<u32, usize>,
}

async fn outline(session: &Session) -> Result<Outline, Failure> {
    // One round trip: a server on another continent answers a tenth of a second later each time.
    let questions = [SESSION, DATABASES, SCHEMAS, RELATIONS].join(";\n");
    let mut answers = results(session, &questions).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut catalog = Catalog::default();
    for (batch, row) in &next() {
        catalog.database = text(batch, row, 0);
        catalog.search_path = array::texts(word(batch, row, 1));
    }
    for (batch, row) in &next() {
        catalog.databases.push(Database {
            name: text(batch, row, 0),
            access: access(batch, row, 1),
        });
    }
    let mut schema_oids = HashMap::new();
    for (batch, row) in &next() {
        let _ = schema_oids.insert(number(batch, row, 0), catalog.schemas.len());
        catalog.schemas.push(Schema {
            name: text(batch, row, 1),
            owner: text(batch, row, 2),
            access: access(batch, row, 3),
        });
    }
    // Before version 14 a table that was never analysed has 0 rows, afterwards -1 (release notes
    // of 14, "pg_class.reltuples").
    let never_analysed_is_zero = session.facts().version.major() < 14;
    for (batch, row) in &next() {
        // A schema made since the last query is missing here; the next load has it.
        let Some(schema) = schema_oids.get(&number(batch, row, 1)) else {
            continue;
        };
        let Some(kind) = relation_kind(word(batch, row, 3)) else {
            continue;
        };
        let estimate = word(batch, row, 4).parse::<u64>().ok();
        catalog.relations.push(Relation {
            oid: number(batch, row, 0),
            schema: *schema,
            name: text(batch, row, 2),
            kind,
            estimated_rows: estimate.filter(|rows| *rows > 0 || !never_analysed_is_zero),
            access: Access::default(),
        });
    }
    catalog
        .relations
        .sort_unstable_by(|a, b| (a.schema, &a.name).cmp(&(b.schema, &b.name)));
    Ok(Outline {
        catalog,
        schema_oids,
    })
}

/// The relations that the role may not read.
async fn locked(session: &Session) -> Result<HashSet<u32>, Failure> {
    let mut locked = HashSet::new();
    for (batch, row) in &rows(session, LOCKED).await? {
        let _ = locked.insert(number(batch, row, 0));
    }
    Ok(locked)
}

/// The columns of each relation, by its place in the outline.
async fn columns(
    session: &Session,
    places: &HashMap<u32, usize>,
) -> Result<Vec<Vec<CatalogColumn>>, Failure> {
    let mut answers = results(session, &[COLUMNS, KEYS].join(";\n"))
        .await?
        .into_iter();
    let found = answers.next().unwrap_or_default();
    let keys = keys(&answers.next().unwrap_or_default());
    let types = types(session, &found).await?;
    let mut columns: Vec<Vec<CatalogColumn>> = vec![Vec::new(); places.len()];
    for (batch, row) in &found {
        let relation = number(batch, row, 0);
        let Some(of_relation) = places
            .get(&relation)
            .and_then(|place| columns.get_mut(*place))
        else {
            continue;
        };
        let number = word(batch, row, 1).parse().unwrap_or(0);
        of_relation.push(CatalogColumn {
            number,
            name: text(batch, row, 2),
            type_name: types.get(&type_of(batch, row)).cloned().unwrap_or_default(),
            nullability: match word(batch, row, 5) {
                "t" => Nullability::NotNull,
                _ => Nullability::Nullable,
            },
            key: keys.get(&(relation, number)).copied().unwrap_or_default(),
            access: access(batch, row, 6),
        });
    }
    for of_relation in &mut columns {
        of_relation.sort_unstable_by_key(|column| column.number);
    }
    Ok(columns)
}

/// A type and its modifier (`varchar(64)` is 1043 with 68).
type TypeKey = (u32, i32);

fn type_of(batch: &RowBatch, row: usize) -> TypeKey {
    (
        number(batch, row, 3),
        word(batch, row, 4).parse().unwrap_or(-1),
    )
}

/// Words the distinct types among columns.
async fn types(session: &Session, columns: &Rows) -> Result<HashMap<TypeKey, String>, Failure> {
    let mut named: HashMap<TypeKey, String> = HashMap::new();
    for (batch, row) in columns {
        let _ = named.entry(type_of(batch, row)).or_default();
    }
    let list = |each: fn(&TypeKey) -> String| {
        let numbers: Vec<String> = named.keys().map(each).collect();
        format!("{{{}}}", numbers.join(","))
    };
    let sql = TYPES
        .replace("{types}", &list(|(oid, _)| oid.to_string()))
        .replace("{modifiers}", &list(|(_, modifier)| modifier.to_string()));
    for (batch, row) in &rows(session, &sql).await? {
        let modifier = word(batch, row, 1).parse().unwrap_or(-1);
        let _ = named.insert((number(batch, row, 0), modifier), text(batch, row, 2));
    }
    Ok(named)
}

/// The most telling key of each column: primary before foreign before unique.
fn keys(found: &Rows) -> HashMap<(u32, i16), Key> {
    let mut keys: HashMap<(u32, i16), Key> = HashMap::new();
    for (batch, row) in found {
        let key = match word(batch, row, 2) {
            "p" => Key::Primary,
            "f" => Key::Foreign,
            _ => Key::Unique,
        };
        let column = (
            number(batch, row, 0),
            word(batch, row, 1).parse().unwrap_or(0),
        );
        let known = keys.entry(column).or_default();
        if matches!(
            (*known, key),
            (Key::None, _) | (_, Key::Primary) | (Key::Unique, Key::Foreign)
        ) {
            *known = key;
        }
    }
    keys
}

async fn functions(
    session: &Session,
    schemas: &HashMap<u32, usize>,
) -> Result<Vec<Function>, Failure> {
    let mut functions = Vec::new();
    for (batch, row) in &rows(session, FUNCTIONS).await? {
        let Some(schema) = schemas.get(&number(batch, row, 1)) else {
            continue;
        };
        functions.push(Function {
            oid: number(batch, row, 0),
            schema: *schema,
            name: text(batch, row, 2),
            arguments: text(batch, row, 3),
            result: text(batch, row, 4),
            access: access(batch, row, 5),
        });
    }
    functions.sort_unstable_by(|a, b| {
        (a.schema, &a.name, &a.arguments).cmp(&(b.schema, &b.name, &b.arguments))
    });
    Ok(functions)
}

async fn roles(session: &Session) -> Result<Vec<RoleEntry>, Failure> {
    let mut roles = Vec::new();
    for (batch, row) in &rows(session, ROLES).await? {
        roles.push(RoleEntry {
            name: text(batch, row, 0),
            attributes: text(batch, row, 1),
            member_of: array::texts(word(batch, row, 2)),
        });
    }
    Ok(roles)
}

fn access(batch: &RowBatch, row: usize, column: usize) -> Access {
    match word(batch, row, column) {
        "t" => Access::Usable,
        _ => Access::Locked,
    }
}

/// What `pg_class.relkind` means.
fn relation_kind(letter: &str) -> Option<RelationKind> {
    Some(match letter {
        "r" => RelationKind::Table,
        "p" => RelationKind::PartitionedTable,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        "f" => RelationKind::ForeignTable,
        "S" => RelationKind::Sequence,
        _ => return None,
    })
}

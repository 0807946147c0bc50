//! The catalog as different roles see it, read from a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::adapters::catalog;
use pgiam::adapters::session::Session;
use pgiam::domain::catalog::{
    Access, Catalog, CatalogColumn, CatalogPart, Key, Nullability, RelationKind,
};
use tokio::sync::mpsc;

const OBJECTS: &str = r#"
CREATE SCHEMA open;
CREATE SCHEMA closed;
CREATE TABLE open.parent (id bigint PRIMARY KEY, code varchar(64) UNIQUE, "Free Text" text);
CREATE TABLE open.child (id int PRIMARY KEY REFERENCES open.parent, amount numeric(12,2)[] NOT NULL);
CREATE TABLE open.split (at date) PARTITION BY RANGE (at);
CREATE VIEW open.seen AS SELECT id FROM open.parent;
CREATE MATERIALIZED VIEW open.kept AS SELECT id FROM open.parent;
CREATE SEQUENCE open.counter;
CREATE FUNCTION open.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
CREATE PROCEDURE open.work() LANGUAGE sql AS 'SELECT 1';
CREATE TABLE closed.secret (id int);
INSERT INTO open.parent SELECT n, n::text FROM generate_series(1, 1000) AS n;
ANALYZE open.parent;
REVOKE EXECUTE ON FUNCTION open.twice FROM PUBLIC;
"#;

async fn session(database: &str, user: &str) -> Session {
    support::session::sign_in(support::cluster(), database, user, "visitor").await
}

/// Loads everything, as the parts arrive.
async fn load(session: &Session) -> (Catalog, Vec<&'static str>) {
    let (sender, mut parts) = mpsc::channel(1);
    let receive = async {
        let mut catalog = Catalog::default();
        let mut order = Vec::new();
        while let Some(part) = parts.recv().await {
            order.push(match part {
                CatalogPart::Outline(_) => "outline",
                CatalogPart::Locked(_) => "locked",
                CatalogPart::Columns(_) => "columns",
                CatalogPart::Functions(_) => "functions",
                CatalogPart::Roles(_) => "roles",
            });
            catalog.take(part);
        }
        (catalog, order)
    };
    let send = async move {
        let sender = sender;
        catalog::load(session, &sender).await
    };
    let (outcome, received) = tokio::join!(send, receive);
    outcome.unwrap();
    received
}

fn prepared(name: &str) -> String {
    support::database(name);
    let role = format!("visitor_of_{name}");
    let cluster = support::cluster();
    cluster.execute(name, OBJECTS).unwrap();
    cluster
        .execute(
            name,
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'visitor'"),
        )
        .unwrap();
    role
}

fn columns<'a>(catalog: &'a Catalog, relation: &str) -> &'a [CatalogColumn] {
    let place = catalog
        .relations
        .iter()
        .position(|found| found.name == relation)
        .unwrap();
    &catalog.columns[place]
}

fn access(catalog: &Catalog, relation: &str) -> Access {
    catalog
        .relations
        .iter()
        .find(|found| found.name == relation)
        .unwrap()
        .access
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_everything_with_types_and_keys() {
    let role = prepared("everything");
    support::cluster()
        .execute(
            "everything",
            &format!("GRANT ALL ON SCHEMA open, closed TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA open, closed TO {role}"),
        )
        .unwrap();
    let (catalog, order) = load(&session("everything", &role).await).await;

    assert_eq!(
        order,
        ["outline", "locked", "columns", "roles", "functions"]
    );
    assert_eq!(catalog.database, "everything");
    assert!(catalog.search_path.contains(&"pg_catalog".to_owned()));
    assert!(
        catalog
            .databases
            .iter()
            .any(|database| database.name == "everything")
    );
    assert!(
        catalog
            .roles
            .iter()
            .any(|found| found.name == role && found.attributes == "login")
    );

    let parent = columns(&catalog, "parent");
    let words: Vec<_> = parent
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str(), column.key))
        .collect();
    assert_eq!(
        words,
        [
            ("id", "bigint", Key::Primary),
            ("code", "character varying(64)", Key::Unique),
            ("Free Text", "text", Key::None),
        ]
    );
    let child = columns(&catalog, "child");
    assert_eq!(child[0].key, Key::Primary, "primary is said before foreign");
    assert_eq!(child[1].type_name, "numeric(12,2)[]");
    assert_eq!(child[1].nullability, Nullability::NotNull);

    let kind = |name: &str| {
        catalog
            .relations
            .iter()
            .find(|found| found.name == name)
            .unwrap()
            .kind
    };
    assert_eq!(kind("split"), RelationKind::PartitionedTable);
    assert_eq!(kind("seen"), RelationKind::View);
    assert_eq!(kind("kept"), RelationKind::MaterializedView);
    assert_eq!(kind("counter"), RelationKind::Sequence);

    let estimate = |name: &str| {
        catalog
            .relations
            .iter()
            .find(|found| found.name == name)
            .unwrap()
            .estimated_rows
    };
    assert_eq!(estimate("parent"), Some(1000));
    assert_eq!(estimate("child"), None, "never analysed");

    let schemas: Vec<_> = catalog
        .schemas
        .iter()
        .map(|schema| schema.name.as_str())
        .collect();
    let place = |name: &str| schemas.iter().position(|found| *found == name).unwrap();
    assert!(
        place("open") < place("pg_catalog"),
        "system schemas come last"
    );
    let twice = catalog
        .functions
        .iter()
        .find(|function| function.name == "twice")
        .unwrap();
    assert_eq!(
        (twice.arguments.as_str(), twice.result.as_str()),
        ("n integer", "integer")
    );
    assert_eq!(twice.access, Access::Locked);
    assert!(
        catalog
            .functions
            .iter()
            .any(|function| function.name == "work" && function.result.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_use_is_locked_and_nothing_fails() {
    let role = prepared("refused");
    let cluster = support::cluster();
    cluster
        .execute(
            "refused",
            &format!(
                "GRANT USAGE ON SCHEMA open TO {role}; GRANT SELECT (id) ON open.parent TO {role}"
            ),
        )
        .unwrap();
    cluster.execute("postgres", "CREATE DATABASE shut").unwrap();
    cluster
        .execute("postgres", "REVOKE CONNECT ON DATABASE shut FROM PUBLIC")
        .unwrap();
    let (catalog, _) = load(&session("refused", &role).await).await;

    let schema = |name: &str| {
        catalog
            .schemas
            .iter()
            .find(|found| found.name == name)
            .unwrap()
            .access
    };
    assert_eq!(schema("open"), Access::Usable);
    assert_eq!(schema("closed"), Access::Locked);
    assert_eq!(
        access(&catalog, "parent"),
        Access::Usable,
        "one column is enough"
    );
    assert_eq!(access(&catalog, "child"), Access::Locked);
    assert_eq!(access(&catalog, "secret"), Access::Locked);
    assert_eq!(access(&catalog, "counter"), Access::Locked);
    let parent: Vec<_> = columns(&catalog, "parent")
        .iter()
        .map(|column| column.access)
        .collect();
    assert_eq!(parent, [Access::Usable, Access::Locked, Access::Locked]);
    let shut = catalog
        .databases
        .iter()
        .find(|found| found.name == "shut")
        .unwrap();
    assert_eq!(shut.access, Access::Locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_goes_away_ends_the_load_quietly() {
    let role = prepared("unheard");
    let session = session("unheard", &role).await;
    let (sender, parts) = mpsc::channel(1);
    drop(parts);
    catalog::load(&session, &sender).await.unwrap();
    assert_eq!(
        session.query("SELECT 1").await.unwrap().rows.len(),
        1,
        "the session still answers"
    );
}

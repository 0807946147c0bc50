//! The access model against real servers.

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

use pgiam::adapters::access;
use pgiam::adapters::session::Session;
use pgiam::domain::access::{Expression, Privilege, Realm, Trait};

/// A session of a role whose password is `visitor`.
async fn session(database: &str, user: &str) -> Session {
    support::session::sign_in(support::cluster(), database, user, "visitor").await
}

const PEEK: &str = r#"
CREATE ROLE peek LOGIN PASSWORD 'visitor';
CREATE ROLE "Peek's ""Group""";
GRANT "Peek's ""Group""" TO peek;
CREATE SCHEMA hidden;
CREATE TABLE hidden.orders (id int, "Total" int, tenant text);
CREATE FUNCTION hidden.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION hidden.twice(n text) RETURNS text LANGUAGE sql AS 'SELECT n || n';
GRANT SELECT ("Total") ON hidden.orders TO "Peek's ""Group""" WITH GRANT OPTION;
ALTER TABLE hidden.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON hidden.orders AS RESTRICTIVE FOR UPDATE TO peek
    USING (tenant = current_user) WITH CHECK (id > 0);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_role_reads_all_rights() {
    support::database("peek");
    support::cluster().execute("peek", PEEK).unwrap();
    let session = session("peek", "peek").await;
    let rights = access::load(&session).await.unwrap();

    assert_eq!(rights.database(), "peek");
    let peek = rights.role_named("peek").unwrap();
    let group = rights.role_named("Peek's \"Group\"").unwrap();
    assert!(rights.has_rights_of(peek, group) && !rights.has_rights_of(group, peek));

    let hidden = rights.schema_named("hidden").unwrap();
    assert_eq!(
        rights
            .objects_named(Realm::Function, Some(hidden), "twice")
            .count(),
        2
    );
    let orders = rights
        .objects_named(Realm::Relation, Some(hidden), "orders")
        .next()
        .unwrap();
    assert!(
        rights
            .object(orders)
            .unwrap()
            .traits
            .has(Trait::RowSecurity)
    );
    assert!(rights.privileges(peek, orders).is_empty());
    let total = rights.columns_of(orders)[0];
    assert_eq!(rights.object_name(total), "hidden.orders.\"Total\"");
    assert!(
        rights
            .privileges(peek, total)
            .grantable
            .has(Privilege::Select)
    );
    assert!(
        rights
            .privileges_on_any_column(peek, orders)
            .held
            .has(Privilege::Select)
    );

    let policy = rights.policies_of(orders).next().unwrap();
    assert!(matches!(&policy.using, Expression::Text(text) if text.contains("tenant")));
    assert!(matches!(&policy.check, Expression::Text(text) if text.contains("id > 0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_the_users_is_left_as_it_was() {
    support::database("amid");
    support::cluster()
        .execute(
            "amid",
            "CREATE ROLE amid LOGIN PASSWORD 'visitor'; GRANT CREATE ON DATABASE amid TO amid;
            CREATE TABLE guarded (id int); CREATE POLICY all_rows ON guarded USING (true)",
        )
        .unwrap();
    let session = session("amid", "amid").await;
    session.query("BEGIN; CREATE SCHEMA mine").await.unwrap();
    let rights = access::load(&session).await.unwrap();
    let mine = rights.schema_named("mine").unwrap();
    assert!(rights.owns(rights.role_named("amid").unwrap(), mine));
    let public = rights.schema_named("public");
    let guarded = rights
        .objects_named(Realm::Relation, public, "guarded")
        .next();
    let policy = rights.policies_of(guarded.unwrap()).next().unwrap();
    assert_eq!(
        (&policy.using, &policy.check),
        (&Expression::Unread, &Expression::Absent)
    );
    let answer = session.query("ROLLBACK").await.unwrap();
    assert_eq!(answer.tags, ["ROLLBACK"]);
    assert!(answer.notices.is_empty());
    let after = access::load(&session).await.unwrap();
    assert!(after.schema_named("mine").is_none());
}

//! Refusals of an ordinary day at a shop: what stands behind an index or a trigger, whom a role becomes
//! on signing in, and the words of commands that are not tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use pgiam::adapters::session::Session;
use pgiam::domain::diagnosis::Outcome;
use support::why::{refused, said, why};

const OBJECTS: &str = r#"
CREATE ROLE shop_owner; CREATE ROLE clerk LOGIN; CREATE ROLE till LOGIN; CREATE ROLE "Till Group";
CREATE SCHEMA kit; CREATE SCHEMA shop AUTHORIZATION shop_owner; CREATE SCHEMA far AUTHORIZATION shop_owner;
CREATE FUNCTION kit.compares(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 0';
CREATE OPERATOR CLASS kit.odd_ops FOR TYPE text USING btree AS OPERATOR 3 =(text, text), FUNCTION 1 kit.compares(text, text);
CREATE DOMAIN kit.sku AS text;
GRANT USAGE, CREATE ON SCHEMA shop TO clerk;
CREATE TABLE shop.goods (name text); ALTER TABLE shop.goods OWNER TO clerk;
SET ROLE shop_owner;
CREATE TABLE shop.sales (id int, price int);
CREATE FUNCTION far.dear(int) RETURNS bool LANGUAGE plpgsql AS 'begin return $1 > 9; end';
CREATE FUNCTION shop.nothing() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
RESET ROLE;
CREATE TRIGGER dear BEFORE INSERT OR UPDATE OF price ON shop.sales FOR EACH ROW WHEN (far.dear(NEW.price)) EXECUTE FUNCTION shop.nothing();
REVOKE EXECUTE ON FUNCTION far.dear(int) FROM PUBLIC;
GRANT INSERT, UPDATE ON shop.sales TO clerk;
CREATE TABLE far.audit (id int);
CREATE TABLE shop.receipts (id int PRIMARY KEY); CREATE TABLE shop.lines (receipt int REFERENCES shop.receipts ON DELETE CASCADE);
CREATE FUNCTION shop.audits() RETURNS trigger LANGUAGE plpgsql AS 'begin insert into far.audit values (old.receipt); return old; end';
CREATE TRIGGER audits BEFORE DELETE ON shop.lines FOR EACH ROW EXECUTE FUNCTION shop.audits();
INSERT INTO shop.receipts VALUES (1); INSERT INTO shop.lines VALUES (1);
ALTER TABLE shop.receipts OWNER TO shop_owner; ALTER TABLE shop.lines OWNER TO shop_owner;
GRANT DELETE ON shop.receipts TO clerk; REVOKE ALL ON far.audit FROM PUBLIC;
CREATE SEQUENCE kit.numbers; INSERT INTO shop.goods VALUES ('tea'), ('jam');
CREATE FUNCTION kit.fits(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'begin return true; end';
REVOKE EXECUTE ON FUNCTION kit.fits(text) FROM PUBLIC;
CREATE SUBSCRIPTION nightly CONNECTION 'host=nowhere password=p' PUBLICATION p WITH (connect = false);
GRANT "Till Group" TO till; ALTER ROLE till SET role = 'Till Group'; GRANT SELECT ON shop.sales TO till;
"#;

/// The first fix is this, and it mends.
const FIXES: &[(&str, &[&str])] = &[
    (
        "CREATE INDEX ON shop.goods (name kit.odd_ops)",
        &["GRANT USAGE ON SCHEMA kit TO clerk"],
    ),
    (
        "ALTER TABLE shop.goods ADD COLUMN code kit.sku UNIQUE",
        &["GRANT USAGE ON SCHEMA kit TO clerk"],
    ),
    (
        "INSERT INTO shop.sales VALUES (1, 10)",
        &["GRANT EXECUTE ON FUNCTION far.dear(integer) TO clerk"],
    ),
    (
        "ALTER TABLE shop.goods ADD COLUMN number bigint DEFAULT nextval('kit.numbers') NOT NULL",
        &[
            "GRANT USAGE ON SCHEMA kit TO clerk",
            "GRANT USAGE ON SEQUENCE kit.numbers TO clerk",
        ],
    ),
    (
        "ALTER TABLE shop.goods ADD CONSTRAINT fits CHECK (kit.fits(name))",
        &[
            "GRANT USAGE ON SCHEMA kit TO clerk",
            "GRANT EXECUTE ON FUNCTION kit.fits(text) TO clerk",
        ],
    ),
    (
        "DELETE FROM shop.receipts",
        &["GRANT INSERT (id) ON TABLE far.audit TO shop_owner"],
    ),
];

#[tokio::test]
async fn an_ordinary_day_is_explained() {
    support::database("why_daily");
    support::cluster().execute("why_daily", OBJECTS).unwrap();
    let session = support::superuser_session("why_daily").await;
    for (statement, fix) in FIXES {
        assert!(said(&session, "clerk", &[], statement).await.is_some());
        let numbers = "SELECT last_value, is_called FROM kit.numbers";
        let before = session.query(numbers).await.unwrap().rows;
        let report = why(&session, "clerk", statement).await;
        let after = session.query(numbers).await.unwrap().rows;
        assert_eq!(before, after, "a rehearsal draws no numbers");
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(report.fixes[0].statements, *fix, "{statement}");
        let after = said(&session, "clerk", fix, statement).await;
        assert_eq!(after, None, "{statement}");
    }
    let untouched = why(&session, "clerk", "UPDATE shop.sales SET id = 2").await;
    assert_eq!(untouched.outcome, Outcome::Allowed, "no trigger fires");
    becoming_another_on_signing_in(&session).await;
    commands_that_are_not_tried(&session).await;
    names_of_nothing(&session).await;
}

/// `ALTER ROLE … SET role` holds from sign-in on: what lacks is what that role lacks.
async fn becoming_another_on_signing_in(session: &Session) {
    let report = why(session, "till", "SELECT id FROM shop.sales").await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(
        report.fixes[0].statements,
        [
            "GRANT USAGE ON SCHEMA shop TO \"Till Group\"",
            "GRANT SELECT (id) ON TABLE shop.sales TO \"Till Group\"",
        ]
    );
}

async fn commands_that_are_not_tried(session: &Session) {
    for statement in [
        "CREATE DATABASE more",
        "ALTER SYSTEM SET work_mem = '8MB'",
        "ALTER SYSTEM RESET ALL",
        "CREATE TABLESPACE \"T s\" LOCATION '/nowhere'",
        "SELECT pg_drop_replication_slot('none')",
        "DROP SUBSCRIPTION nightly",
    ] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        let server = refused(session, "clerk", statement).await.unwrap();
        session.query("RESET SESSION AUTHORIZATION").await.unwrap();
        let told = report.refusal.unwrap();
        assert_eq!(told.message, server.message, "{statement}");
        assert_eq!((told.detail, told.hint), (server.detail, server.hint));
    }
}

async fn names_of_nothing(session: &Session) {
    for statement in [
        "IMPORT FOREIGN SCHEMA public FROM SERVER nowhere INTO shop",
        "CREATE DATABASE more OWNER nobody_of_that_name",
    ] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Failed, "{statement}");
        assert!(report.fixes.is_empty(), "{statement}");
        let failure = report.refusal.unwrap();
        assert_eq!(failure.sqlstate.as_deref(), Some("42704"), "{statement}");
    }
}

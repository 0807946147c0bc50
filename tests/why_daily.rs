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
use pgiam::domain::diagnosis::{Breadth, NotByGrantKind, Outcome, Reason, Verdict};
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
CREATE FUNCTION shop.inner(int) RETURNS int STRICT LANGUAGE plpgsql AS 'begin return 1; end';
CREATE FUNCTION shop.outer(int) RETURNS int LANGUAGE plpgsql AS 'begin return shop.inner($1) + 1; end';
REVOKE EXECUTE ON FUNCTION shop.inner(int) FROM PUBLIC;
CREATE ROLE tellers; CREATE TABLE shop.payments (id int); ALTER TABLE shop.payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tellers ON shop.payments FOR INSERT TO tellers WITH CHECK (id > 0); GRANT INSERT ON shop.payments TO clerk;
CREATE TABLE shop.closed (id int); ALTER TABLE shop.closed ENABLE ROW LEVEL SECURITY;
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
        "ALTER TABLE shop.goods ADD COLUMN size int DEFAULT 1, ADD COLUMN fit bool DEFAULT kit.fits('x')",
        &[
            "GRANT USAGE ON SCHEMA kit TO clerk",
            "GRANT EXECUTE ON FUNCTION kit.fits(text) TO clerk",
        ],
    ),
    (
        "SELECT shop.outer(1)",
        &["GRANT EXECUTE ON FUNCTION shop.\"inner\"(integer) TO clerk"],
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
    policies_of_other_roles(&session).await;
    names_that_are_bound(&session).await;
    what_nobody_may(&session).await;
    what_is_refused_to_nobody(&session).await;
    placeholders_are_parameters(&session).await;
}

/// Placeholders of drivers are asked about as parameters.
async fn placeholders_are_parameters(session: &Session) {
    let read = ["GRANT SELECT (id) ON TABLE shop.sales TO clerk"];
    for statement in [
        "SELECT id FROM shop.sales WHERE id = :id OR id > :'least'",
        "SELECT id FROM shop.sales WHERE id IN (?, ?)",
        "SELECT id FROM shop.sales WHERE id=%s",
        "SELECT id FROM shop.sales WHERE id = %(id)s",
    ] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(report.fixes[0].statements, read, "{statement}");
        assert_eq!(report.statement.as_deref(), Some(statement));
        let told = &report.because[0].text;
        assert!(told.contains("read as"), "{told}");
    }
    let typo = why(session, "clerk", "SELECT :id FORM shop.sales WHERE").await;
    assert!(typo.headline.contains("syntax error"), "{}", typo.headline);
}

/// A policy that is for a group is joined; where there is none, a GRANT mends but one half.
async fn policies_of_other_roles(session: &Session) {
    let pays = "INSERT INTO shop.payments VALUES (1)";
    let report = why(session, "clerk", pays).await;
    let fix = &report.fixes[0];
    assert_eq!(fix.breadth, Breadth::Membership);
    assert!(fix.statements[0].starts_with("GRANT tellers TO clerk"));
    assert_eq!(fix.statements.len(), 1);
    let joins = [fix.statements[0].as_str()];
    assert_eq!(said(session, "clerk", &joins, pays).await, None);
    let reason = report.not_by_grant.unwrap();
    assert_eq!(reason.kind, NotByGrantKind::RowLevelSecurity);
    assert!(reason.explanation.contains("by_tellers"));

    let failing = why(session, "clerk", "INSERT INTO shop.payments VALUES (-1)").await;
    assert!(failing.fixes.is_empty(), "its policy refuses the row too");

    let report = why(session, "clerk", "INSERT INTO shop.closed VALUES (1)").await;
    let fix = &report.fixes[0];
    assert_eq!(fix.verdict, Verdict::Partial);
    assert!(fix.notes.iter().any(|note| note.starts_with("one half")));
    for wider in &report.fixes {
        // Who has what the owner has stands above the policies; a wider GRANT does not.
        let alone = wider.breadth == Breadth::Membership;
        assert_eq!(wider.verdict == Verdict::Expected, alone, "{wider:?}");
    }
    let explanation = report.not_by_grant.unwrap().explanation;
    assert!(explanation.contains("Both are needed"), "{explanation}");
}

/// The names in a body that is kept parsed were looked up when it was made.
async fn names_that_are_bound(session: &Session) {
    if session.facts().version.major() < 14 {
        return;
    }
    for body in [
        "BEGIN ATOMIC SELECT count(id) FROM far.audit; END",
        "RETURN (SELECT count(id) FROM far.audit)",
    ] {
        let create =
            format!("CREATE OR REPLACE FUNCTION shop.kept() RETURNS bigint LANGUAGE sql {body}");
        session.query(&create).await.unwrap();
        let report = why(session, "clerk", "SELECT shop.kept()").await;
        let fix = ["GRANT SELECT (id) ON TABLE far.audit TO clerk"];
        assert_eq!(report.fixes[0].statements, fix);
        let after = said(session, "clerk", &fix, "SELECT shop.kept()").await;
        assert_eq!(after, None);
    }
}

async fn what_nobody_may(session: &Session) {
    for statement in [
        "CREATE SCHEMA pg_mine",
        "CREATE TABLE shop.everywhere (id int) TABLESPACE pg_global",
    ] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert!(report.fixes.is_empty() && report.missing.is_empty());
        let reason = report.not_by_grant.unwrap();
        assert_eq!(reason.kind, NotByGrantKind::System, "{statement}");
    }
}

async fn what_is_refused_to_nobody(session: &Session) {
    for statement in ["VACUUM", "ANALYZE", "CLUSTER", "VACUUM (FULL, VERBOSE)"] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Allowed, "{statement}");
        let skips = |reason: &Reason| reason.text.contains("it skips");
        assert!(report.because.iter().any(skips), "{statement}");
    }
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
    session
        .query("CREATE TABLE shop.\"Orders\" (id int)")
        .await
        .unwrap();
    for (statement, there) in [
        (
            "SELECT id FROM lines",
            "there is shop.lines: name its schema",
        ),
        (
            "SELECT id FROM public.lines",
            "there is shop.lines, in another schema",
        ),
        (
            "SELECT id FROM Orders",
            "there is shop.\"Orders\": without quotes",
        ),
        (
            "DELETE FROM shop.orders",
            "there is shop.\"Orders\": without quotes",
        ),
    ] {
        let report = why(session, "clerk", statement).await;
        assert_eq!(report.outcome, Outcome::Failed, "{statement}");
        let told = &report.because[0].text;
        assert!(told.starts_with(there), "{statement}: {told}");
    }
    let nowhere = why(session, "clerk", "SELECT id FROM nowhere").await;
    assert!(nowhere.because.is_empty());
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

//! What foreign keys look at on a write, as the owners of the tables that they look into.
//!
//! Each case is refused on a real server, explained, mended by the first fix, and tried again.

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

use pgiam::domain::diagnosis::Outcome;
use support::why::{said, why};

const OBJECTS: &str = r"
CREATE ROLE clerk LOGIN; CREATE ROLE teller; CREATE ROLE above; CREATE ROLE under;
CREATE TABLE parent (id int PRIMARY KEY, n text); INSERT INTO parent VALUES (1), (2);
CREATE TABLE child (id int PRIMARY KEY, r int REFERENCES parent, n text); INSERT INTO child VALUES (1, 1);
ALTER TABLE parent OWNER TO above; REVOKE ALL ON parent FROM above;
GRANT SELECT ON child TO clerk; GRANT INSERT ON child TO teller; GRANT DELETE, SELECT ON parent TO clerk;
CREATE TABLE filled (id int, r int REFERENCES parent);
CREATE FUNCTION fills() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.r := CASE WHEN NEW.id > 5 THEN 1 END; RETURN NEW; END';
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON filled FOR EACH ROW EXECUTE FUNCTION fills();
CREATE TABLE whole (id int, k int, PRIMARY KEY (id, k)); ALTER TABLE whole OWNER TO above; REVOKE ALL ON whole FROM above;
CREATE TABLE part (id int, r int, s int, FOREIGN KEY (r, s) REFERENCES whole);
CREATE TABLE idle (id int, r int REFERENCES parent); ALTER TABLE idle DISABLE TRIGGER ALL;
CREATE TABLE top (id int PRIMARY KEY, n text); INSERT INTO top VALUES (1), (2), (3); GRANT SELECT ON top TO clerk;
CREATE TABLE middle (id int PRIMARY KEY, r int REFERENCES top ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO middle VALUES (1, 2), (3, 3);
CREATE TABLE low (id int, r int REFERENCES middle ON DELETE SET NULL); INSERT INTO low VALUES (1, 3);
ALTER TABLE low OWNER TO under; REVOKE ALL ON low FROM under;
CREATE TABLE log (x int); CREATE TABLE told (x int);
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (1); RETURN NULL; END';
CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO told VALUES (1); RETURN NULL; END';
ALTER TABLE middle OWNER TO under;
CREATE TRIGGER l AFTER DELETE ON middle FOR EACH ROW EXECUTE FUNCTION logs();
CREATE TRIGGER t AFTER UPDATE ON middle FOR EACH STATEMENT EXECUTE FUNCTION tells();
CREATE TABLE pieces (id int, r int REFERENCES parent) PARTITION BY LIST (id);
CREATE TABLE pieces_1 PARTITION OF pieces FOR VALUES IN (1); ALTER TABLE pieces_1 OWNER TO under; REVOKE ALL ON pieces_1 FROM under;
";

const INSERT: &str = "GRANT INSERT (id, r) ON TABLE public.child TO clerk";
const LOOKS: &[&str] = &[
    "GRANT SELECT (id) ON TABLE public.parent TO above",
    "GRANT UPDATE (id) ON TABLE public.parent TO above",
];
const DELETES: &str = "GRANT DELETE ON TABLE public.top TO clerk";
const EMPTIES: &[&str] = &[
    "GRANT SELECT (r) ON TABLE public.low TO under",
    "GRANT UPDATE (r) ON TABLE public.low TO under",
];
/// What triggers do behind the rows that a key changes is done as whoever changed what it refers to, from 18
/// on as who owns the table.
const LOGS: &str = "GRANT INSERT (x) ON TABLE public.log TO WHO";

const CASES: &[(&str, &[&[&str]])] = &[
    // A key without a value is not looked up.
    ("INSERT INTO child (id, r) VALUES (7, NULL)", &[&[INSERT]]),
    (
        "INSERT INTO child (id, r) VALUES (7, 2)",
        &[&[INSERT], LOOKS],
    ),
    (
        "INSERT INTO part VALUES (1, 2, NULL)",
        &[&["GRANT INSERT (id, r, s) ON TABLE public.part TO clerk"]],
    ),
    // Nor one that stays as it is.
    (
        "UPDATE child SET r = 1 WHERE id = 1",
        &[&["GRANT UPDATE (r) ON TABLE public.child TO clerk"]],
    ),
    (
        "UPDATE child SET r = 2 WHERE id = 1",
        &[&["GRANT UPDATE (r) ON TABLE public.child TO clerk"], LOOKS],
    ),
    // What triggers before make of it counts.
    (
        "INSERT INTO filled VALUES (1, 2)",
        &[&["GRANT INSERT (id, r) ON TABLE public.filled TO clerk"]],
    ),
    (
        "INSERT INTO filled VALUES (7, NULL)",
        &[
            &["GRANT INSERT (id, r) ON TABLE public.filled TO clerk"],
            LOOKS,
        ],
    ),
    // Rows that are there already are left alone.
    (
        "INSERT INTO child (id, r) VALUES (1, 2) ON CONFLICT DO NOTHING",
        &[&[INSERT]],
    ),
    (
        "INSERT INTO child (id, r) VALUES (1, 2), (9, 2) ON CONFLICT DO NOTHING",
        &[&[INSERT], LOOKS],
    ),
    (
        "INSERT INTO idle VALUES (1, 2)",
        &[&["GRANT INSERT (id, r) ON TABLE public.idle TO clerk"]],
    ),
    // A deletion looks for another row with the key first; the partitions of what refers are not asked.
    ("DELETE FROM parent WHERE id = 2", &[LOOKS]),
    // What cascades to rows that are there.
    ("DELETE FROM top WHERE id = 1", &[&[DELETES]]),
    ("DELETE FROM top WHERE id = 2", &[&[DELETES, LOGS], EMPTIES]),
    (
        "UPDATE top SET id = 2, n = 'x' WHERE id = 2",
        &[&["GRANT UPDATE (id, n) ON TABLE public.top TO clerk"]],
    ),
    // A trigger for the statement fires without rows.
    (
        "UPDATE top SET id = 9 WHERE id = 1",
        &[&[
            "GRANT UPDATE (id) ON TABLE public.top TO clerk",
            "GRANT INSERT (x) ON TABLE public.told TO WHO",
        ]],
    ),
];

#[tokio::test]
async fn keys_are_followed_for_the_rows_that_are_there() {
    support::database("why_keys");
    support::cluster().execute("why_keys", OBJECTS).unwrap();
    let session = support::superuser_session("why_keys").await;
    let who = if session.facts().version.major() < 18 {
        "clerk"
    } else {
        "under"
    };
    for (statement, fix) in CASES {
        let fix: Vec<String> = fix
            .concat()
            .iter()
            .map(|one| one.replace("WHO", who))
            .collect();
        let fix: Vec<&str> = fix.iter().map(String::as_str).collect();
        let before = said(&session, "clerk", &[], statement).await;
        assert!(before.is_some(), "{statement} is not refused");
        let report = why(&session, "clerk", statement).await;
        let mut told = report.fixes[0].statements.clone();
        let mut wanted = fix.clone();
        told.sort();
        wanted.sort_unstable();
        assert_eq!(told, wanted, "{statement}: {report:#?}");
        let after = said(&session, "clerk", &fix, statement).await;
        assert_eq!(after, None, "{statement}");
    }
    let report = why(&session, "teller", "INSERT INTO child (id) VALUES (8)").await;
    assert_eq!(report.outcome, Outcome::Allowed, "{report:#?}");
}

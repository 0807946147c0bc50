//! Triggers whose functions choose what they do by the rows that fire them.
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
CREATE ROLE clerk LOGIN;
CREATE TABLE low (x int); CREATE TABLE high (x int); CREATE TABLE log_a (x int); CREATE TABLE log_b (x int);
CREATE ROLE keeper; CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1); ALTER TABLE kept OWNER TO keeper;
CREATE FUNCTION slug(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';
CREATE FUNCTION hidden_slug(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';
CREATE TABLE t (a int PRIMARY KEY, b int, c text, at timestamptz);
INSERT INTO t VALUES (1, 1, 'a'), (2, 20, 'b');
CREATE VIEW v AS SELECT * FROM t;
CREATE TABLE filled (a int, b int, c text);
CREATE TABLE named (a int, part text); INSERT INTO named VALUES (1, 'a'), (2, 'b');
CREATE TABLE numbered (id serial, b int); CREATE TABLE none (b int);
GRANT SELECT, INSERT, UPDATE, DELETE ON t, v, filled, named TO clerk;
GRANT SELECT ON numbered, none TO clerk;
CREATE FUNCTION stamps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at = now(); RETURN NEW; END $$;
CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION stamps();
CREATE FUNCTION compares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.c = 'never' THEN DELETE FROM low; END IF;
  IF OLD.b > 10 THEN INSERT INTO high VALUES (OLD.a); ELSE INSERT INTO low VALUES (OLD.a); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER b AFTER UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION compares();
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.b > 10 THEN INSERT INTO high VALUES (NEW.a); ELSE INSERT INTO low VALUES (NEW.a); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER i INSTEAD OF INSERT OR UPDATE ON v FOR EACH ROW EXECUTE FUNCTION instead();
CREATE FUNCTION fills() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.b IS NULL THEN NEW.b := 50; END IF; RETURN NEW; END $$;
CREATE TRIGGER a BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION fills();
CREATE TRIGGER b AFTER INSERT ON filled FOR EACH ROW EXECUTE FUNCTION instead();
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('INSERT INTO log_%s VALUES ($1)', NEW.part) USING NEW.a; RETURN NULL; END $$;
CREATE TRIGGER l AFTER INSERT OR UPDATE ON named FOR EACH ROW WHEN (NEW.part <> 'c') EXECUTE FUNCTION logs();
CREATE TABLE p (a int, b int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p VALUES (1, 1); GRANT SELECT, INSERT, DELETE ON p TO clerk;
CREATE FUNCTION of_p1() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO low VALUES (1); RETURN NULL; END';
CREATE FUNCTION of_p2() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO high VALUES (1); RETURN NULL; END';
CREATE TRIGGER x AFTER INSERT OR DELETE ON p1 FOR EACH ROW EXECUTE FUNCTION of_p1();
CREATE TRIGGER x AFTER INSERT OR DELETE ON p2 FOR EACH ROW EXECUTE FUNCTION of_p2();
CREATE TABLE moved (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE m1 PARTITION OF moved FOR VALUES FROM (0) TO (9); CREATE TABLE m2 PARTITION OF moved DEFAULT;
INSERT INTO moved VALUES (1, 1); GRANT SELECT, UPDATE ON moved TO clerk;
CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN INSERT INTO low VALUES (1); ELSIF TG_OP = 'INSERT' THEN INSERT INTO high VALUES (1);
  ELSE INSERT INTO log_a VALUES (1); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER x AFTER INSERT OR UPDATE OR DELETE ON moved FOR EACH ROW EXECUTE FUNCTION moves();
CREATE TABLE parted (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9); CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES (1, 1); GRANT SELECT, UPDATE ON parted TO clerk;
CREATE TRIGGER x AFTER INSERT OR UPDATE OR DELETE ON parted FOR EACH ROW EXECUTE FUNCTION moves();
CREATE TABLE ruled (a int); CREATE TABLE aside (a int); GRANT SELECT, INSERT ON ruled TO clerk;
CREATE RULE u AS ON UPDATE TO ruled DO ALSO INSERT INTO aside VALUES (new.a);
CREATE RULE r AS ON INSERT TO ruled DO ALSO (INSERT INTO aside VALUES (new.a); UPDATE aside SET a = 2);
CREATE TRIGGER x AFTER INSERT ON aside FOR EACH ROW EXECUTE FUNCTION of_p1();
CREATE TRIGGER y AFTER UPDATE ON aside FOR EACH STATEMENT EXECUTE FUNCTION of_p2();
CREATE TABLE above (a int); CREATE TABLE under () INHERITS (above); INSERT INTO under VALUES (1);
GRANT SELECT, DELETE ON above TO clerk; CREATE TRIGGER x AFTER DELETE ON under FOR EACH ROW EXECUTE FUNCTION of_p1();
CREATE TABLE limits (v int); INSERT INTO limits VALUES (9);
CREATE FUNCTION within() RETURNS bool STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(v) FROM limits) > 1; END';
CREATE DOMAIN small AS int CHECK (VALUE > 0 AND within()); CREATE TABLE sized (a small);
CREATE FUNCTION below(int) RETURNS bool STABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 < (SELECT max(v) FROM limits); END';
CREATE DOMAIN capped AS int CHECK (below(VALUE)); CREATE TABLE caps (a capped);
CREATE TABLE kinds (k text); GRANT SELECT, INSERT ON kinds, sized, caps TO clerk;
CREATE FUNCTION cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  BEGIN DELETE FROM limits; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
  CASE NEW.k WHEN 'l', 'low' THEN INSERT INTO low VALUES (1); WHEN 'h' THEN INSERT INTO high VALUES (1); ELSE NULL; END CASE;
  RETURN NEW;
END $$;
CREATE EXTENSION lo; CREATE TABLE images (a int, img lo); GRANT SELECT, DELETE ON images TO clerk;
INSERT INTO images VALUES (1, lo_create(7171)), (2, NULL);
CREATE TRIGGER i BEFORE UPDATE OR DELETE ON images FOR EACH ROW EXECUTE FUNCTION lo_manage(img);
CREATE TRIGGER k BEFORE INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION cases();
CREATE TABLE guarded (a int PRIMARY KEY, b int); GRANT SELECT, INSERT, UPDATE ON guarded TO clerk;
INSERT INTO guarded VALUES (1, 1);
CREATE FUNCTION guards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() = 1 THEN INSERT INTO low VALUES (1); END IF;
  IF current_user <> session_user THEN INSERT INTO high VALUES (1); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER a AFTER INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION guards();
CREATE TRIGGER b AFTER INSERT ON guarded FOR EACH STATEMENT WHEN (pg_trigger_depth() > 0) EXECUTE FUNCTION of_p2();
CREATE EXTENSION autoinc; CREATE SEQUENCE next_number; CREATE TRIGGER c BEFORE UPDATE ON guarded
FOR EACH ROW EXECUTE FUNCTION autoinc(b, next_number);
CREATE VIEW shown AS SELECT a AS key, b AS val FROM t WHERE c <> 'none'; GRANT SELECT, INSERT, UPDATE, DELETE ON shown TO clerk;
CREATE TRIGGER d AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION instead();
CREATE FUNCTION turns() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.a := CASE WHEN NEW.b = 2 THEN 50 ELSE OLD.a END; RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON m1 FOR EACH ROW EXECUTE FUNCTION turns();
CREATE TABLE sums (a int, b int); INSERT INTO sums VALUES (1, 1); GRANT SELECT, INSERT, UPDATE ON sums TO clerk;
CREATE FUNCTION sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM n WHERE b = 7 LOOP PERFORM x FROM log_a; END LOOP;
  IF EXISTS (SELECT FROM n WHERE b > 10) THEN INSERT INTO high VALUES (1); ELSE INSERT INTO low VALUES (1); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER a AFTER INSERT ON sums REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION sums();
CREATE TABLE checked (a int, b int); GRANT INSERT ON checked TO clerk;
CREATE FUNCTION checks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.b > 5 AND NOT EXISTS (SELECT FROM low WHERE x = NEW.a) THEN RAISE NOTICE 'none'; END IF;
  IF TG_OP = 'UPDATE' AND (EXISTS (SELECT FROM high) OR NEW.a IS NULL) THEN RAISE NOTICE 'some'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON checked FOR EACH ROW EXECUTE FUNCTION checks();
CREATE VIEW passes AS SELECT * FROM v; GRANT INSERT ON passes TO clerk;
CREATE RULE r AS ON INSERT TO passes DO INSTEAD INSERT INTO v (a, b) VALUES (new.a, new.b);
CREATE TABLE first (x int, y int); CREATE TABLE second (x int, y int REFERENCES kept);
CREATE FUNCTION hands_on() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO second VALUES (NEW.x + 1, NEW.y); RETURN NULL; END';
CREATE TRIGGER h AFTER INSERT ON first FOR EACH ROW EXECUTE FUNCTION hands_on();
CREATE FUNCTION takes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.x > 5 THEN INSERT INTO high VALUES (1); ELSE INSERT INTO low VALUES (1); END IF; RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT ON second FOR EACH ROW EXECUTE FUNCTION takes();
GRANT INSERT ON first, second TO clerk; REVOKE ALL ON kept FROM keeper;
CREATE TABLE jobs (id int, state text, slug text GENERATED ALWAYS AS (slug(state)) STORED); INSERT INTO jobs VALUES (1, 'new');
GRANT SELECT, UPDATE ON jobs TO clerk;
CREATE TRIGGER d AFTER UPDATE ON jobs FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION of_p1();
CREATE TRIGGER r AFTER UPDATE ON jobs FOR EACH ROW WHEN (NEW.state = 'run') EXECUTE FUNCTION of_p2();
CREATE TABLE titles (id int, title text, slug text GENERATED ALWAYS AS (hidden_slug(title)) STORED); INSERT INTO titles VALUES (1, 'a');
REVOKE EXECUTE ON FUNCTION hidden_slug FROM PUBLIC; GRANT SELECT, UPDATE ON titles TO clerk;
CREATE FUNCTION titles() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.title := NEW.id; RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON titles FOR EACH ROW EXECUTE FUNCTION titles();
CREATE VIEW beside AS SELECT * FROM aside; GRANT INSERT ON beside TO clerk;
CREATE RULE r AS ON INSERT TO beside DO INSTEAD INSERT INTO kinds VALUES ('h');
";

const LOW: &str = "GRANT INSERT (x) ON TABLE public.low TO clerk";
const HIGH: &str = "GRANT INSERT (x) ON TABLE public.high TO clerk";
const LOG_A: &str = "GRANT INSERT (x) ON TABLE public.log_a TO clerk";
const LOG_B: &str = "GRANT INSERT (x) ON TABLE public.log_b TO clerk";

const CASES: &[(&str, &[&str])] = &[
    // What is there now decides.
    ("UPDATE t SET c = 'z' WHERE a = 1", &[LOW]),
    ("UPDATE t SET b = 1 WHERE a = 2", &[HIGH]),
    (
        "DELETE FROM t USING named n WHERE t.a = n.a AND n.part = 'b'",
        &[HIGH],
    ),
    ("DELETE FROM t", &[LOW, HIGH]),
    (
        "INSERT INTO t VALUES (2, 3) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
        &[HIGH],
    ),
    // Through a view that a trigger writes for.
    ("INSERT INTO v VALUES (7, 8)", &[LOW]),
    ("UPDATE v SET b = b + 5 WHERE a = 2", &[HIGH]),
    // What a trigger before makes of the row.
    ("INSERT INTO filled (a) VALUES (1)", &[HIGH]),
    ("INSERT INTO filled VALUES (1, 2)", &[LOW]),
    // A text for each row, and only of those that it is fired for.
    ("UPDATE named SET a = 3", &[LOG_A, LOG_B]),
    ("INSERT INTO named VALUES (1, 'a'), (2, 'c')", &[LOG_A]),
    // The partition that a row is in.
    ("INSERT INTO p VALUES (2, 1)", &[HIGH]),
    ("DELETE FROM p WHERE b = 1", &[LOW]),
    // A row that moves to another partition is deleted here and inserted there.
    ("UPDATE parted SET a = a + 10", &[LOW, HIGH]),
    ("UPDATE parted SET a = a + 1", &[LOG_A]),
    ("UPDATE moved SET b = 5", &[LOG_A]),
    // What a trigger in C unlinks.
    (
        "DELETE FROM images",
        &["ALTER LARGE OBJECT 7171 OWNER TO clerk"],
    ),
    // What a rule writes besides.
    ("INSERT INTO ruled VALUES (1)", &[LOW, HIGH]),
    ("INSERT INTO beside VALUES (1)", &[HIGH]),
    (
        "UPDATE ruled SET a = 3",
        &["GRANT UPDATE (a) ON TABLE public.ruled TO clerk"],
    ),
    // Triggers of tables that inherit, domains, CASE, handlers, one of several writes.
    ("DELETE FROM above", &[LOW]),
    (
        "INSERT INTO sized VALUES (1)",
        &["GRANT SELECT (v) ON TABLE public.limits TO clerk"],
    ),
    // What is read beside a value that is known only when it runs.
    (
        "INSERT INTO caps VALUES (1)",
        &["GRANT SELECT (v) ON TABLE public.limits TO clerk"],
    ),
    ("INSERT INTO kinds VALUES ('h')", &[HIGH]),
    (
        "WITH k AS (INSERT INTO kinds VALUES ('low') RETURNING k) INSERT INTO above SELECT 1 FROM k",
        &[LOW, "GRANT INSERT (a) ON TABLE public.above TO clerk"],
    ),
    // How deep it stands and who runs it; rows that are there already.
    ("INSERT INTO guarded VALUES (2, 1)", &[LOW]),
    (
        "INSERT INTO guarded SELECT a, 7 FROM t ON CONFLICT DO NOTHING",
        &[LOW],
    ),
    // A trigger in C that looks at the row.
    (
        "UPDATE guarded SET b = NULL",
        &["GRANT USAGE ON SEQUENCE public.next_number TO clerk"],
    ),
    // The table under a view that writes through.
    ("UPDATE shown SET val = 4 WHERE key = 1", &[LOW]),
    ("UPDATE shown SET val = 4 WHERE key = 2", &[HIGH]),
    ("INSERT INTO shown (val, key) VALUES (3, 30)", &[LOW]),
    ("DELETE FROM shown WHERE val > 5", &[HIGH]),
    // A trigger before that moves a row, or keeps it.
    ("UPDATE moved SET b = 2", &[LOW, HIGH]),
    ("UPDATE moved SET a = 77, b = 1", &[LOG_A]),
    // The tables of all rows.
    (
        "INSERT INTO sums VALUES (1, 7)",
        &[LOW, "GRANT SELECT (x) ON TABLE public.log_a TO clerk"],
    ),
    ("INSERT INTO sums SELECT a, b FROM t", &[HIGH]),
    // A part of a condition that settles it before the rest is looked at.
    (
        "INSERT INTO checked VALUES (1, 6)",
        &["GRANT SELECT (x) ON TABLE public.low TO clerk"],
    ),
    // Rows that a trigger hands on, and a key in them without a value.
    ("INSERT INTO first VALUES (1, NULL)", &[LOW]),
    (
        "INSERT INTO first VALUES (5, 1)",
        &[
            HIGH,
            "GRANT SELECT (id) ON TABLE public.kept TO keeper",
            "GRANT UPDATE (id) ON TABLE public.kept TO keeper",
        ],
    ),
    // Looking for rows locks none.
    (
        "UPDATE jobs SET state = 'run' WHERE id = (SELECT id FROM jobs WHERE state = 'new' LIMIT 1 FOR UPDATE SKIP LOCKED)",
        &[HIGH],
    ),
    // What a trigger before may set is generated again.
    (
        "UPDATE titles SET id = 7",
        &["GRANT EXECUTE ON FUNCTION public.hidden_slug(text) TO clerk"],
    ),
    // Rows that a rule hands on.
    ("INSERT INTO passes VALUES (1, 2)", &[LOW]),
    ("INSERT INTO passes VALUES (1, 20)", &[HIGH]),
    // Sequences that no row draws from.
    (
        "INSERT INTO numbered (b) SELECT b FROM none",
        &["GRANT INSERT (b) ON TABLE public.numbered TO clerk"],
    ),
    (
        "UPDATE numbered SET id = DEFAULT",
        &["GRANT UPDATE (id) ON TABLE public.numbered TO clerk"],
    ),
];

#[tokio::test]
async fn triggers_are_followed_by_the_rows_that_are_there() {
    support::database("why_triggers");
    support::cluster().execute("why_triggers", OBJECTS).unwrap();
    let session = support::superuser_session("why_triggers").await;
    for (statement, fix) in CASES {
        let before = said(&session, "clerk", &[], statement).await;
        assert!(before.is_some(), "{statement} is not refused");
        let report = why(&session, "clerk", statement).await;
        let mut told = report.fixes[0].statements.clone();
        let mut wanted = fix.to_vec();
        told.sort();
        wanted.sort_unstable();
        assert_eq!(told, wanted, "{statement}: {report:#?}");
        let after = said(&session, "clerk", fix, statement).await;
        assert_eq!(after, None, "{statement}");
    }
}

/// A MERGE whose INSERT no row reaches draws from no sequence, and what it writes through a view is held
/// against the policies that its owner is under.
#[tokio::test]
async fn a_merge_is_judged_by_the_rows_that_reach_its_branches() {
    support::database("why_merges");
    let session = support::superuser_session("why_merges").await;
    if session.facts().version.major() < 17 {
        return;
    }
    let script = "CREATE ROLE merger LOGIN; CREATE ROLE lender; CREATE TABLE news (k int, b int); \
         INSERT INTO news VALUES (1, 5); CREATE TABLE merged (id serial, k int, b int); \
         INSERT INTO merged (k) VALUES (1); GRANT SELECT ON news, merged TO merger; GRANT UPDATE ON merged TO merger; \
         CREATE TABLE held (k int, b int); INSERT INTO held VALUES (1, 1); ALTER TABLE held ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY r ON held FOR SELECT USING (true); CREATE POLICY w ON held FOR UPDATE USING (true) WITH CHECK (b < 5); \
         GRANT ALL ON held TO lender; CREATE VIEW shown AS SELECT * FROM held; ALTER VIEW shown OWNER TO lender; \
         GRANT SELECT ON shown TO merger";
    support::cluster().execute("why_merges", script).unwrap();
    let insert = "GRANT INSERT (k) ON TABLE public.merged TO merger";
    let draws = "GRANT USAGE ON SEQUENCE public.merged_id_seq TO merger";
    for (on, fix) in [("m.k = n.k", &[insert][..]), ("false", &[insert, draws])] {
        let statement = format!(
            "MERGE INTO merged m USING news n ON {on} WHEN MATCHED THEN UPDATE SET b = n.b \
             WHEN NOT MATCHED THEN INSERT (k) VALUES (n.k)"
        );
        let report = why(&session, "merger", &statement).await;
        assert_eq!(report.fixes[0].statements, fix, "{statement}: {report:#?}");
        let after = said(&session, "merger", fix, &statement).await;
        assert_eq!(after, None, "{statement}");
    }
    for (b, held) in [("n.b", true), ("4", false)] {
        let statement = format!(
            "MERGE INTO shown s USING news n ON s.k = n.k WHEN MATCHED THEN UPDATE SET b = {b}"
        );
        let report = why(&session, "merger", &statement).await;
        assert_eq!(report.not_by_grant.is_some(), held, "{report:#?}");
    }
}

#[tokio::test]
async fn what_nobody_may_gets_no_grant() {
    support::database("why_nobody");
    let script = "CREATE ROLE nobody_known; CREATE TABLE held (a int)";
    support::cluster().execute("why_nobody", script).unwrap();
    let session = support::superuser_session("why_nobody").await;
    for (statement, outcome) in [
        (
            "DECLARE c CURSOR WITH HOLD FOR SELECT a FROM held FOR UPDATE",
            Outcome::Failed,
        ),
        ("CREATE EXTENSION there_is_none_of_it", Outcome::Failed),
        ("COPY pg_class FROM STDIN", Outcome::Refused),
    ] {
        let report = why(&session, "nobody_known", statement).await;
        assert_eq!(report.outcome, outcome, "{statement}: {report:#?}");
        assert!(report.fixes.is_empty(), "{statement}: {report:#?}");
    }
}

//! What is proposed must not hang on who looks: an administrator of roles who is no superuser, as the
//! master user of RDS is, and whoever may only read catalogs.

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

use pgiam::adapters::rehearsal::Rehearse;
use pgiam::domain::diagnosis::{NotByGrantKind, Outcome, Verdict};
use support::why::{ask, why};

const OBJECTS: &str = "
CREATE ROLE master LOGIN CREATEROLE PASSWORD 'm';
CREATE ROLE keeper; CREATE ROLE asker LOGIN;
CREATE SCHEMA s AUTHORIZATION keeper;
SET ROLE keeper;
CREATE TABLE s.t (id int PRIMARY KEY, a text);
CREATE TYPE s.kind AS ENUM ('x');
REVOKE USAGE ON TYPE s.kind FROM PUBLIC;
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON PROCEDURE s.p FROM PUBLIC;
RESET ROLE;
CREATE TABLE public.of_superuser (id int, a text);
GRANT CREATE ON SCHEMA public TO asker;
CREATE ROLE reader; GRANT reader TO asker; GRANT USAGE ON SCHEMA public TO reader;
CREATE SCHEMA several; CREATE TABLE several.one (a int); CREATE TABLE several.two (a int);
GRANT USAGE ON SCHEMA several TO asker;
CREATE TABLE s.guarded (id int, who text); ALTER TABLE s.guarded OWNER TO keeper;
ALTER TABLE s.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON s.guarded FOR INSERT WITH CHECK (id < 3);
GRANT INSERT ON s.guarded TO asker;
CREATE ROLE above SUPERUSER;
CREATE VIEW s.seen AS SELECT id AS number, a FROM public.of_superuser WHERE id > 0;
CREATE TABLE s.ruled (x int); CREATE RULE also AS ON INSERT TO s.ruled DO ALSO INSERT INTO several.one VALUES (new.x);
ALTER VIEW s.seen OWNER TO keeper; ALTER TABLE s.ruled OWNER TO keeper;
GRANT UPDATE, SELECT ON s.seen TO asker; GRANT INSERT ON s.ruled TO asker; GRANT USAGE ON SCHEMA several TO keeper;
CREATE TYPE several.kind AS ENUM ('x'); REVOKE USAGE ON TYPE several.kind FROM PUBLIC;
";

/// From 16 on CREATEROLE administers the roles it made, and those it was given.
const ADMINISTERED: &str =
    "GRANT keeper, asker TO master WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";

/// What is granted, and how sure that is.
const BY_MASTER: &[(&str, &[&str], Verdict)] = &[
    (
        "SELECT id FROM s.t",
        &[
            "GRANT USAGE ON SCHEMA s TO asker",
            "GRANT SELECT (id) ON TABLE s.t TO asker",
        ],
        Verdict::Proven,
    ),
    (
        "CREATE TABLE public.x (a s.kind)",
        &[
            "GRANT USAGE ON SCHEMA s TO asker",
            "GRANT USAGE ON TYPE s.kind TO asker",
        ],
        Verdict::Proven,
    ),
    // Who looks may not look into the schema either.
    (
        "CALL s.p()",
        &[
            "GRANT USAGE ON SCHEMA s TO asker",
            "GRANT EXECUTE ON PROCEDURE s.p() TO asker",
        ],
        Verdict::Expected,
    ),
    (
        "COPY s.t FROM STDIN",
        &[
            "GRANT USAGE ON SCHEMA s TO asker",
            "GRANT INSERT (id, a) ON TABLE s.t TO asker",
        ],
        Verdict::Proven,
    ),
    // Nobody but a superuser can grant it, so it is not tried.
    (
        "SELECT a FROM public.of_superuser",
        &["GRANT SELECT (a) ON TABLE public.of_superuser TO asker"],
        Verdict::Expected,
    ),
];

/// What is found in catalogs alone.
const UNTRIED: &[(&str, &[&str])] = &[
    (
        "SELECT id FROM public.of_superuser FOR UPDATE",
        &[
            "GRANT SELECT (id) ON TABLE public.of_superuser TO asker",
            "GRANT UPDATE (id) ON TABLE public.of_superuser TO asker",
        ],
    ),
    (
        "LOCK TABLE public.of_superuser IN ROW EXCLUSIVE MODE",
        &["GRANT INSERT ON TABLE public.of_superuser TO asker"],
    ),
    (
        "SELECT rolpassword FROM pg_authid",
        &["GRANT SELECT (rolpassword) ON TABLE pg_catalog.pg_authid TO asker"],
    ),
    (
        "SELECT id, tableoid FROM public.of_superuser",
        &["GRANT SELECT (id, tableoid) ON TABLE public.of_superuser TO asker"],
    ),
    ("SELECT set_config('role', 'none', true)", &[]),
    // What follows runs as the other role.
    (
        "SET ROLE reader; SELECT a FROM public.of_superuser",
        &["GRANT SELECT (a) ON TABLE public.of_superuser TO reader"],
    ),
    (
        "SET ROLE reader; RESET ROLE; SELECT a FROM public.of_superuser",
        &["GRANT SELECT (a) ON TABLE public.of_superuser TO asker"],
    ),
    (
        "UPDATE s.seen SET (number, a) = (1, 'x') WHERE number = 2",
        &[
            "GRANT UPDATE (id, a) ON TABLE public.of_superuser TO keeper",
            "GRANT SELECT (id, a) ON TABLE public.of_superuser TO keeper",
        ],
    ),
    (
        "INSERT INTO s.ruled VALUES (1)",
        &["GRANT INSERT (a) ON TABLE several.one TO keeper"],
    ),
    (
        "CREATE TABLE public.of_kinds (a several.kind)",
        &["GRANT USAGE ON TYPE several.kind TO asker"],
    ),
    (
        "GRANT SELECT ON ALL TABLES IN SCHEMA several TO reader",
        &[
            "GRANT SELECT ON TABLE several.one TO asker WITH GRANT OPTION",
            "GRANT SELECT ON TABLE several.two TO asker WITH GRANT OPTION",
        ],
    ),
];

#[tokio::test]
async fn an_administrator_of_roles_is_told_the_least() {
    support::database("why_lookers");
    support::cluster().execute("why_lookers", OBJECTS).unwrap();
    let superuser = support::superuser_session("why_lookers").await;
    if superuser.facts().version.major() >= 16 {
        superuser.query(ADMINISTERED).await.unwrap();
    }
    let master = support::session::sign_in(support::cluster(), "why_lookers", "master", "m").await;
    let members = "SELECT count(*) FROM pg_auth_members WHERE member = 'master'::regrole";
    let before = superuser.query(members).await.unwrap().rows;
    for (statement, fix, verdict) in BY_MASTER {
        let report = why(&master, "asker", statement).await;
        assert_eq!(report.outcome, Outcome::Refused, "{statement}");
        assert_eq!(report.fixes[0].statements, *fix, "{statement}: {report:#?}");
        assert_eq!(report.fixes[0].verdict, *verdict, "{statement}");
        let runners = &report.fixes[0].run_as;
        assert!(
            !runners.contains(&"master".to_owned()),
            "{statement}: {runners:?}"
        );
        assert!(!runners.is_empty(), "{statement}");
    }
    // Policies decide over the rows that it would write, whoever looks.
    superuser
        .query("GRANT USAGE ON SCHEMA s TO asker")
        .await
        .unwrap();
    let guarded = |id| format!("INSERT INTO s.guarded (id) VALUES ({id})");
    let report = why(&master, "asker", &guarded(9)).await;
    assert_eq!(
        report.not_by_grant.map(|reason| reason.kind),
        Some(NotByGrantKind::RowLevelSecurity)
    );
    let report = why(&master, "asker", &guarded(1)).await;
    assert_eq!(report.outcome, Outcome::Allowed);
    assert_eq!(report.verdict, Verdict::Proven);
    assert_eq!(superuser.query(members).await.unwrap().rows, before);

    // That nothing was found is told apart from a trial that passed.
    let report = ask(&superuser, "asker", Some(&guarded(1)), Rehearse::Never).await;
    assert_eq!(report.outcome, Outcome::Allowed);
    assert_eq!(report.verdict, Verdict::Expected);
    assert!(
        report.headline.contains("not rehearsed"),
        "{}",
        report.headline
    );

    for (statement, fix) in UNTRIED {
        let report = ask(&superuser, "asker", Some(statement), Rehearse::Never).await;
        let found: Vec<&String> = report
            .fixes
            .iter()
            .take(1)
            .flat_map(|fix| &fix.statements)
            .collect();
        assert_eq!(found, *fix, "{statement}: {report:#?}");
    }
    for statement in [
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
        "COMMENT ON ACCESS METHOD heap IS 'x'",
        "CREATE OPERATOR FAMILY several.of USING btree",
        "ALTER ROLE above NOLOGIN",
        "CREATE ROLE another IN ROLE above",
    ] {
        for (looker, rehearse) in [
            (&superuser, Rehearse::Never),
            (&master, Rehearse::WherePossible),
        ] {
            let barred = ask(looker, "asker", Some(statement), rehearse).await;
            assert_eq!(barred.outcome, Outcome::Refused, "{statement}");
            assert_eq!(
                barred.not_by_grant.map(|reason| reason.kind),
                Some(NotByGrantKind::Superuser),
                "{statement}"
            );
            assert!(barred.fixes.is_empty(), "{statement}: {:?}", barred.fixes);
        }
    }
}

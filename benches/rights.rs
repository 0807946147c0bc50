//! How fast rights are read and asked: 10,000 tables, 500 roles in nested groups, 20,000 grants.
//!
//! `cargo bench --bench rights` seeds a server of its own and prints medians and the worst of each
//! question; `PGIAM_POSTGRES_BIN` chooses the server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

#[path = "../tests/support/session.rs"]
mod session;

use std::time::{Duration, Instant};

use pgiam::adapters::access;
use pgiam::adapters::rehearsal::{Question, Rehearse, explain};
use pgiam::adapters::session::Session;
use pgiam::domain::access::{
    Change, Filter, GrantOption, Grantee, ObjectId, ObjectKind, Privilege, Privileges, RoleId,
    Snapshot,
};
use pgiam::domain::diagnosis::{Outcome, Verdict};
use pgiam::standin::Cluster;

const DATABASE: &str = "rights";

/// Schemas with a hundred tables each: all in one transaction would need too many locks.
const SCHEMAS: usize = 100;

const ROLES: &str = include_str!("seed/rights_roles.sql");
const SCHEMA: &str = include_str!("seed/rights_schema.sql");

fn main() {
    let cluster = Cluster::start().unwrap();
    cluster
        .execute("postgres", &format!("CREATE DATABASE {DATABASE}"))
        .unwrap();
    cluster.execute(DATABASE, ROLES).unwrap();
    for schema in 0..SCHEMAS {
        cluster
            .execute(DATABASE, &SCHEMA.replace("{schema}", &schema.to_string()))
            .unwrap();
    }
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        cluster.execute(DATABASE, statement).unwrap();
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(measured(&cluster));
}

async fn measured(cluster: &Cluster) {
    println!("PostgreSQL {}", cluster.major_version());
    let mut connects = Vec::new();
    let mut loads = Vec::new();
    let mut whys = Vec::new();
    let mut rights = None;
    for _ in 0..11 {
        let began = Instant::now();
        let session = session::superuser(cluster, DATABASE).await;
        connects.push(began.elapsed());
        let began = Instant::now();
        why(&session).await;
        whys.push(began.elapsed());
        let began = Instant::now();
        rights = Some(access::load(&session).await.unwrap());
        loads.push(began.elapsed());
    }
    let rights = rights.unwrap();
    let tables = of_kind(&rights, ObjectKind::Table);
    println!(
        "{} objects, {} of them tables, {} roles",
        rights.objects().len(),
        tables.len(),
        rights.roles().len()
    );
    report("connect", connects);
    report("why, one missing privilege, rehearsed, over connect", whys);
    report("rights loaded", loads);
    questions(&rights, &tables);
}

/// Every question, each of another role and table every time. The snapshot is cloned first, so that
/// nothing is known yet of whose rights a role has.
fn questions(rights: &Snapshot, tables: &[ObjectId]) {
    let roles: Vec<RoleId> = rights
        .roles()
        .filter(|(_, role)| role.name.starts_with("bench_"))
        .map(|(role, _)| role)
        .collect();
    let role = |turn: usize| roles[turn * 37 % roles.len()];
    let table = |turn: usize| tables[turn * 7_919 % tables.len()];
    let schemas = of_kind(rights, ObjectKind::Schema);
    let all = Filter::default();
    ask("who can read this table", |turn| {
        rights.who_can(table(turn), Privilege::Select).len()
    });
    ask("every path of a role to a table", |turn| {
        rights
            .paths(role(turn), table(turn), Privilege::Select)
            .len()
    });
    ask("what can this role do, in the whole database", |turn| {
        rights.reach(role(turn), &all).len()
    });
    ask("a screenful of the matrix, 60 tables × 30 roles", |turn| {
        let held = |row: usize, column: usize| {
            let rights = rights.privileges(role(turn + column), table(turn + row));
            usize::from(!rights.is_empty())
        };
        (0..60)
            .flat_map(|row| (0..30).map(move |column| (row, column)))
            .map(|(row, column)| held(row, column))
            .sum()
    });
    ask("what two roles differ in", |turn| {
        let found = rights.compare(role(turn), role(turn + 1), &all);
        found.objects.len()
    });
    ask("who reads the next table of a role", |turn| {
        let schema = schemas[turn % schemas.len()];
        let found = rights.next_table(role(turn), schema, role(turn + 1));
        found.obstacles.len()
    });
    ask("who gains what by a grant", |turn| {
        let object = table(turn);
        let change = Change::Grant {
            object,
            privileges: Privileges::of(&[Privilege::Update]),
            grantee: Grantee::Role(role(turn)),
            option: GrantOption::Without,
            grantor: None,
        };
        let after = rights.with_change(&change).unwrap();
        rights.impact_on(&after, object).len()
    });
    ask("who gains what by a membership", |turn| {
        let change = Change::Join {
            role: role(turn),
            member: role(turn + 1),
            options: rights
                .groups_of(role(turn + 1))
                .next()
                .map(|membership| membership.options)
                .unwrap_or_default(),
            grantor: None,
        };
        rights
            .with_change(&change)
            .map_or(0, |after| rights.impact_for(&after, role(turn + 1)).len())
    });
}

fn ask(question: &str, mut answer: impl FnMut(usize) -> usize) {
    let mut found = 0;
    let times = (0..101)
        .map(|turn| {
            let began = Instant::now();
            found += answer(turn);
            began.elapsed()
        })
        .collect();
    // What was found is printed, so that nothing is optimised away.
    report(&format!("{question} ({found} answers)"), times);
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!(
        "{:>9.2} ms median {:>9.2} ms worst  {what}",
        ms(times[times.len() / 2]),
        ms(times[times.len() - 1])
    );
}

fn of_kind(rights: &Snapshot, kind: ObjectKind) -> Vec<ObjectId> {
    rights
        .objects()
        .filter(|(_, object)| object.kind == kind && !object.name.starts_with("pg_"))
        .map(|(id, _)| id)
        .collect()
}

async fn why(session: &Session) {
    let question = Question {
        role: "bench_stranger".into(),
        statement: Some("SELECT id FROM app_42.orders_05".into()),
        refusal: None,
        search_path: None,
        rehearse: Rehearse::WherePossible,
    };
    let report = explain(session, &question).await.unwrap();
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(report.fixes[0].verdict, Verdict::Proven);
}

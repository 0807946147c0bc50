//! One object of each kind, several times over, under names that need care.

use pgiam::domain::access::{ObjectKind, Privilege, Privileges};

/// Names of roles: odd ones first, so that every one is used.
pub(crate) const ODD_ROLES: [&str; 8] = [
    r#""Odd Role""#,
    r#""quo""te""#,
    r#""a=b/c""#,
    r#""-""#,
    r#""ünïcode""#,
    r#""123""#,
    r#""comma, {brace}""#,
    r#""back\slash""#,
];

/// Schemas of a randomised database.
pub(crate) const SCHEMAS: [&str; 5] = ["app", "hr", r#""Odd Schema""#, r#""dot.ted""#, "public"];

/// What a random GRANT can be about.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Kind of object, which says what can be granted.
    pub(crate) kind: ObjectKind,
    /// What stands after `ON` and after `ALTER`.
    pub(crate) words: String,
    /// Its columns, where it has any.
    pub(crate) columns: &'static [&'static str],
}

impl Target {
    fn of(kind: ObjectKind, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: words.into(),
            columns: &[],
        }
    }

    fn with_columns(kind: ObjectKind, words: String) -> Self {
        Self {
            kind,
            words,
            columns: &["id", r#""Total""#, "note"],
        }
    }

    /// Every privilege that may be written in a GRANT on it.
    pub(crate) fn privileges(&self, version: u32) -> Vec<Privilege> {
        Privileges::applicable(self.kind, version).iter().collect()
    }
}

/// Creates everything in one schema.
pub(crate) fn creation(schema: &str, version: u32) -> Vec<String> {
    let invoker = if version >= 15 {
        "WITH (security_invoker = on)"
    } else {
        ""
    };
    let script = format!(
        r#"
        CREATE SCHEMA IF NOT EXISTS {schema};
        CREATE TABLE {schema}.plain (id serial PRIMARY KEY, "Total" int, note text);
        CREATE TABLE {schema}."Second Table" (id int GENERATED ALWAYS AS IDENTITY, "Total" int, note text);
        CREATE TABLE {schema}.guarded (id int, "Total" int, note text);
        CREATE TABLE {schema}.parent (id int, "Total" int, note text);
        CREATE TABLE {schema}.heir () INHERITS ({schema}.parent);
        CREATE TABLE {schema}.whole (id int, "Total" int, note text) PARTITION BY RANGE (id);
        CREATE TABLE {schema}.part PARTITION OF {schema}.whole FOR VALUES FROM (0) TO (10);
        CREATE TABLE {schema}.subwhole PARTITION OF {schema}.whole FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
        CREATE TABLE {schema}.dropped (id int, gone int, "Total" int, note text);
        ALTER TABLE {schema}.dropped DROP COLUMN gone;
        CREATE VIEW {schema}.seen AS SELECT id, "Total", note FROM {schema}.plain;
        CREATE VIEW {schema}.seen_as_caller {invoker} AS SELECT id, "Total", note FROM {schema}.seen;
        CREATE MATERIALIZED VIEW {schema}.kept AS SELECT id, "Total", note FROM {schema}.plain;
        CREATE SEQUENCE {schema}.counter;
        CREATE FOREIGN TABLE {schema}.far (id int, "Total" int, note text) SERVER far_away;
        CREATE FUNCTION {schema}.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
        CREATE FUNCTION {schema}.twice(n text, OUT m text) LANGUAGE sql SECURITY DEFINER AS 'SELECT n || n';
        CREATE PROCEDURE {schema}.act(n int) LANGUAGE sql AS 'SELECT n';
        CREATE AGGREGATE {schema}.total(int) (SFUNC = int4pl, STYPE = int);
        CREATE TYPE {schema}.mood AS ENUM ('sad', 'glad');
        CREATE TYPE {schema}.pair AS (a int, b text);
        CREATE TYPE {schema}.span AS RANGE (subtype = int4);
        CREATE DOMAIN {schema}.positive AS int CHECK (VALUE > 0)
        "#
    );
    statements(&script)
}

/// What is in no schema.
pub(crate) const OUTSIDE: &str = r#"
    CREATE FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN DATA WRAPPER "Other Wrapper";
    CREATE SERVER far_away FOREIGN DATA WRAPPER wrapper;
    CREATE SERVER "Far Too" FOREIGN DATA WRAPPER "Other Wrapper";
    CREATE TRUSTED LANGUAGE "Tongue" HANDLER plpgsql_call_handler;
    SELECT lo_create(90001);
    SELECT lo_create(90002);
    SELECT lo_create(90003);
    CREATE DATABASE "Other Base";
    SET allow_in_place_tablespaces = on;
    CREATE TABLESPACE "Far Disk" LOCATION ''
"#;

/// A script's statements, one by one: some refuse a transaction block, and some may fail.
pub(crate) fn statements(script: &str) -> Vec<String> {
    script.split(";\n").map(|one| one.trim().into()).collect()
}

/// Everything that was made, as far as this version has it.
pub(crate) fn targets(database: &str, version: u32) -> Vec<Target> {
    use ObjectKind as Kind;
    let mut all: Vec<Target> = SCHEMAS.iter().flat_map(|schema| inside(schema)).collect();
    all.extend([
        Target::of(Kind::Database, format!("DATABASE {database}")),
        Target::of(Kind::Database, r#"DATABASE "Other Base""#),
        Target::of(Kind::Language, r#"LANGUAGE "Tongue""#),
        Target::of(Kind::Language, "LANGUAGE plpgsql"),
        Target::of(Kind::ForeignDataWrapper, "FOREIGN DATA WRAPPER wrapper"),
        Target::of(
            Kind::ForeignDataWrapper,
            r#"FOREIGN DATA WRAPPER "Other Wrapper""#,
        ),
        Target::of(Kind::ForeignServer, "FOREIGN SERVER far_away"),
        Target::of(Kind::ForeignServer, r#"FOREIGN SERVER "Far Too""#),
        Target::of(Kind::Tablespace, r#"TABLESPACE "Far Disk""#),
        Target::of(Kind::Tablespace, "TABLESPACE pg_default"),
        Target::of(Kind::LargeObject, "LARGE OBJECT 90001"),
        Target::of(Kind::LargeObject, "LARGE OBJECT 90002"),
        Target::of(Kind::LargeObject, "LARGE OBJECT 90003"),
        Target::of(Kind::Function, "FUNCTION pg_catalog.pg_read_file(text)"),
        Target::of(Kind::Function, "FUNCTION pg_catalog.lower(text)"),
        Target::of(Kind::Type, "TYPE pg_catalog.point"),
        Target::of(Kind::Table, "TABLE pg_catalog.pg_authid"),
        Target::of(Kind::View, "TABLE pg_catalog.pg_settings"),
    ]);
    if version >= 15 {
        all.extend([
            Target::of(Kind::Parameter, "PARAMETER log_statement"),
            Target::of(Kind::Parameter, "PARAMETER work_mem"),
            Target::of(Kind::Parameter, "PARAMETER own.setting"),
        ]);
    }
    all
}

fn inside(schema: &str) -> Vec<Target> {
    use ObjectKind as Kind;
    let relation = |kind, name: &str| Target::with_columns(kind, format!("TABLE {schema}.{name}"));
    let of = |kind, word: &str, name: &str| Target::of(kind, format!("{word} {schema}.{name}"));
    vec![
        Target::of(Kind::Schema, format!("SCHEMA {schema}")),
        relation(Kind::Table, "plain"),
        relation(Kind::Table, r#""Second Table""#),
        relation(Kind::Table, "guarded"),
        relation(Kind::Table, "parent"),
        relation(Kind::Table, "heir"),
        relation(Kind::PartitionedTable, "whole"),
        relation(Kind::Table, "part"),
        relation(Kind::PartitionedTable, "subwhole"),
        relation(Kind::Table, "dropped"),
        relation(Kind::View, "seen"),
        relation(Kind::View, "seen_as_caller"),
        relation(Kind::MaterializedView, "kept"),
        relation(Kind::ForeignTable, "far"),
        of(Kind::Sequence, "SEQUENCE", "counter"),
        of(Kind::Sequence, "SEQUENCE", "plain_id_seq"),
        of(Kind::Function, "FUNCTION", "twice(int)"),
        of(Kind::Function, "FUNCTION", "twice(text)"),
        of(Kind::Procedure, "PROCEDURE", "act(int)"),
        of(Kind::Aggregate, "FUNCTION", "total(int)"),
        of(Kind::Type, "TYPE", "mood"),
        of(Kind::Type, "TYPE", "pair"),
        of(Kind::Type, "TYPE", "span"),
        of(Kind::Type, "TYPE", "span_multirange"),
        of(Kind::Type, "TYPE", "plain"),
        of(Kind::Domain, "DOMAIN", "positive"),
    ]
}

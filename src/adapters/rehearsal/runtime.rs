//! What is checked only when a statement runs, and so is not seen by planning it: the bodies of
//! functions, procedures, triggers and DO blocks, foreign keys, and functions that look for
//! themselves.

use super::derived;
use super::guarded;
use super::need::{Need, Row, add, cell, need, object};
use super::play;
use super::stage::Stage;
use crate::domain::diagnosis::body;
use crate::domain::diagnosis::trial::{trial, word_at};
use crate::domain::diagnosis::wants::{Wants, wants};
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;
use crate::domain::sql::lexer::{TokenKind, tokens};

/// Bodies followed at most, one calling another.
const DEEPEST: usize = 6;

/// What was found beyond the plan.
#[derive(Default)]
pub(super) struct Beyond {
    pub(super) needs: Vec<Need>,
    pub(super) notes: Vec<String>,
    /// Whether only a superuser gets past a check.
    pub(super) superuser: bool,
}

/// Everything the statement will be asked for when it runs, on top of what is already granted.
pub(super) async fn beyond(
    stage: &Stage<'_>,
    granted: &[Need],
    statement: &str,
) -> Result<Beyond, Failure> {
    let mut found = Beyond::default();
    let statements: Vec<&str> = granted.iter().map(|need| need.statement.as_str()).collect();
    // Judged as if what is known were granted already; where it cannot be, as things are.
    if stage.grant(&statements).await?.is_err() {
        stage.rewind().await?;
    }
    let guards = guarded::guards(stage, statement).await?;
    found.superuser = guards.superuser;
    add(&mut found.needs, guards.needs);
    found.notes.extend(guards.notes);
    let mut walk = Walk {
        stage,
        found: Vec::new(),
        seen: Vec::new(),
    };
    for text in queries_in(statement) {
        walk.body("the query in its argument", stage.role, &text, 0)
            .await?;
    }
    for text in blocks(statement) {
        walk.body("the DO block", stage.role, &text, 0).await?;
    }
    walk.follow(stage.role, statement, 0).await?;
    if let Some(needs) = refreshed(stage, statement).await? {
        walk.found.push(("the view's query".to_owned(), needs));
    }
    for (name, needs) in walk.found {
        if !needs.is_empty() {
            found
                .notes
                .push(format!("read from the body of {name}, which was not run"));
        }
        add(&mut found.needs, needs);
    }
    stage.rewind().await?;
    Ok(found)
}

/// REFRESH runs the view's query as the view's owner, who may lack something by now.
async fn refreshed(stage: &Stage<'_>, statement: &str) -> Result<Option<Vec<Need>>, Failure> {
    if !stage.gives()
        || word_at(statement, 0) != "refresh"
        || statement.to_lowercase().contains("no data")
    {
        return Ok(None);
    }
    let name = tokens(statement)
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .skip(3)
        .map(|token| token.text(statement))
        .filter(|text| !text.eq_ignore_ascii_case("concurrently"))
        .take_while(|text| !text.eq_ignore_ascii_case("with") && *text != ";")
        .collect::<String>();
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid(relowner), pg_catalog.pg_get_viewdef(oid) \
         FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({}) AND relkind = 'm'",
        literal(&name)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (owner, definition) = (cell(row, 0), cell(row, 1));
    let query = definition.trim_end().trim_end_matches(';');
    let Ok(texts) = trial(query) else {
        return Ok(None);
    };
    let as_owner = stage.of(&owner);
    let needs = play::least(&as_owner, &texts, query).await?;
    Ok(Some(needs))
}

/// Queries that functions are given as text (`query_to_xml` and its kin).
fn queries_in(statement: &str) -> Vec<String> {
    let words = tokens(statement);
    words
        .windows(3)
        .filter_map(|three| {
            let [name, open, text] = three else {
                return None;
            };
            let runs = name.text(statement).to_lowercase().contains("query_to_xml")
                && open.text(statement) == "("
                && text.kind == TokenKind::String;
            runs.then(|| unquoted(text.text(statement)))
        })
        .collect()
}

/// The bodies of DO blocks.
fn blocks(statement: &str) -> Vec<String> {
    let words = tokens(statement);
    if !words.first().is_some_and(|token| token.is(statement, "do")) {
        return Vec::new();
    }
    words
        .iter()
        .filter(|token| token.kind == TokenKind::String)
        .map(|token| unquoted(token.text(statement)))
        .collect()
}

/// A string literal's text: dollar-quoted or in single quotes.
fn unquoted(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('$')
        && let Some((tag, rest)) = rest.split_once('$')
    {
        let end = format!("${tag}$");
        return rest.strip_suffix(&end).unwrap_or(rest).to_owned();
    }
    text.trim_matches('\'').replace("''", "'")
}

/// The search path that a routine sets for itself.
const OWN_PATH: &str =
    "(SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')";

struct Walk<'a> {
    stage: &'a Stage<'a>,
    /// What each body wants, by the body's name.
    found: Vec<(String, Vec<Need>)>,
    /// OIDs and roles of the bodies that were read.
    seen: Vec<(String, String)>,
}

impl Walk<'_> {
    /// Reads the bodies that a statement makes run.
    async fn follow(&mut self, role: &str, statement: &str, depth: usize) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Ok(());
        }
        let wants = wants(statement);
        let mut bodies = self.called(&wants).await?;
        bodies.extend(self.fired(&wants).await?);
        for row in bodies {
            let runs_as = if cell(&row, 2) == "t" {
                cell(&row, 3)
            } else {
                role.to_owned()
            };
            let key = (cell(&row, 0), runs_as.clone());
            if self.seen.contains(&key) {
                continue;
            }
            self.seen.push(key);
            let path = cell(&row, 5);
            let before = self.search_path(&path).await?;
            Box::pin(self.body(&cell(&row, 1), &runs_as, &cell(&row, 4), depth)).await?;
            let _ = self.search_path(&before).await?;
        }
        let checks = self.checks(role, &wants).await?;
        if !checks.is_empty() {
            self.found
                .push(("a constraint, generated column or index".to_owned(), checks));
        }
        let keys = self.references(&wants).await?;
        if !keys.is_empty() {
            self.found.push(("a foreign key's check".to_owned(), keys));
        }
        Ok(())
    }

    /// Sets the path that names are looked up by, unless it is empty; what it was before.
    async fn search_path(&self, path: &str) -> Result<String, Failure> {
        if path.is_empty() {
            return Ok(String::new());
        }
        let session = self.stage.session;
        let before = session
            .query("SELECT current_setting('search_path')")
            .await?;
        let sql = format!(
            "SELECT pg_catalog.set_config('search_path', {}, true)",
            literal(path)
        );
        let _ = session.query(&sql).await?;
        Ok(before
            .rows
            .first()
            .map(|row| cell(row, 0))
            .unwrap_or_default())
    }

    /// What the statements of one body want of the role they run as.
    async fn body(
        &mut self,
        name: &str,
        role: &str,
        text: &str,
        depth: usize,
    ) -> Result<(), Failure> {
        if body::forgives(text) {
            return Ok(());
        }
        let mut needs = Vec::new();
        for statement in body::statements(text) {
            let session = self.stage.session;
            add(
                &mut needs,
                derived::of_words(session, role, &statement).await?,
            );
            let guards = guarded::guards_of(self.stage, role, &statement).await?;
            add(&mut needs, guards.needs);
            Box::pin(self.follow(role, &statement, depth + 1)).await?;
        }
        self.found.push((name.to_owned(), needs));
        Ok(())
    }

    /// The routines that a statement calls and whose bodies are SQL.
    async fn called(&self, wants: &Wants) -> Result<Vec<Row>, Failure> {
        if wants.routines.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = wants.routines.iter().map(|name| literal(name)).collect();
        let sql = format!(
            "SELECT p.oid, p.proname, p.prosecdef, pg_catalog.pg_get_userbyid(p.proowner), \
             coalesce(nullif(p.prosrc, ''), pg_catalog.pg_get_functiondef(p.oid)), {OWN_PATH} \
             FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             WHERE l.lanname IN ('sql', 'plpgsql') AND p.oid >= 16384 AND p.prokind IN ('f', 'p') \
             AND p.proname = ANY (ARRAY[{}]::name[]) LIMIT 20",
            names.join(", ")
        );
        Ok(self.stage.session.query(&sql).await?.rows)
    }

    /// The trigger functions that a write makes run.
    async fn fired(&self, wants: &Wants) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for wanted in &wants.relations {
            // Bits of `tgtype` (PostgreSQL source, `pg_trigger.h`).
            let event = match wanted.privilege {
                "INSERT" => 4,
                "DELETE" => 8,
                "UPDATE" => 16,
                "TRUNCATE" => 32,
                _ => continue,
            };
            let Some(condition) = derived::by_name(&wanted.relation) else {
                continue;
            };
            let sql = format!(
                "SELECT p.oid, p.proname, p.prosecdef, pg_catalog.pg_get_userbyid(p.proowner), p.prosrc, {OWN_PATH} \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
                 JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
                 WHERE {condition} AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') \
                 AND (t.tgtype & {event}) <> 0 AND l.lanname = 'plpgsql' LIMIT 20"
            );
            rows.extend(self.stage.session.query(&sql).await?.rows);
        }
        Ok(rows)
    }

    /// Functions that constraints, generated columns and indexes of a written table call: they are
    /// looked at when the first row comes (PostgreSQL source, `execMain.c`, `ExecRelCheck`).
    async fn checks(&self, role: &str, wants: &Wants) -> Result<Vec<Need>, Failure> {
        let mut needs = Vec::new();
        for wanted in &wants.relations {
            if !["INSERT", "UPDATE"].contains(&wanted.privilege) {
                continue;
            }
            let Some(condition) = derived::by_name(&wanted.relation) else {
                continue;
            };
            let sql = format!(
                "SELECT DISTINCT fn.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', \
                 pg_catalog.pg_get_userbyid(p.proowner) FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN LATERAL (SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass AS class, k.oid AS object \
                 FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' \
                 UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, f.oid FROM pg_catalog.pg_attrdef f \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum \
                 WHERE f.adrelid = c.oid AND a.attgenerated <> '' \
                 UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i \
                 WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) part ON true \
                 JOIN pg_catalog.pg_depend d ON d.classid = part.class AND d.objid = part.object \
                 AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
                 JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid \
                 JOIN pg_catalog.pg_namespace fn ON fn.oid = p.pronamespace WHERE {condition} \
                 AND NOT pg_catalog.has_function_privilege({}, p.oid, 'EXECUTE') LIMIT 20",
                literal(role)
            );
            for row in self.stage.session.query(&sql).await?.rows {
                let routine = object(ObjectKind::Function, Some(cell(&row, 0)), cell(&row, 1));
                let needed = need(role, "EXECUTE", routine, Breadth::Object, &cell(&row, 2));
                add(&mut needs, vec![needed]);
            }
        }
        Ok(needs)
    }

    /// What the owners of referenced and referring tables lack: foreign keys are checked as the owner
    /// of the table that is looked into (PostgreSQL source, `ri_triggers.c`, `ri_PerformCheck`).
    async fn references(&self, wants: &Wants) -> Result<Vec<Need>, Failure> {
        let mut needs = Vec::new();
        for wanted in &wants.relations {
            let (from, to) = match wanted.privilege {
                "INSERT" => ("conrelid", "confrelid"),
                "DELETE" => ("confrelid", "conrelid"),
                "UPDATE" => ("conrelid", "confrelid"),
                _ => continue,
            };
            let Some(condition) = derived::by_name(&wanted.relation) else {
                continue;
            };
            let sql = format!(
                "SELECT DISTINCT pg_catalog.pg_get_userbyid(o.relowner), s.nspname, o.relname \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_constraint k ON k.{from} = c.oid AND k.contype = 'f' \
                 JOIN pg_catalog.pg_class o ON o.oid = k.{to} \
                 JOIN pg_catalog.pg_namespace s ON s.oid = o.relnamespace WHERE {condition} LIMIT 20"
            );
            for row in self.stage.session.query(&sql).await?.rows {
                let looks = format!(
                    "select 1 from only {}",
                    crate::domain::ident::qualified(&cell(&row, 1), &cell(&row, 2))
                );
                let session = self.stage.session;
                add(
                    &mut needs,
                    derived::of_words(session, &cell(&row, 0), &looks).await?,
                );
            }
        }
        Ok(needs)
    }
}

//! Changes of tables and new indexes in forms that neither read rows nor build anything.

use super::{EMPTY, NOT_EMPTY, Trial, explain, word};
use crate::domain::diagnosis::expressions::{Added, Change};
use crate::domain::ident;
use crate::domain::sql::lexer::Token;

/// Whether it creates an index. Building one writes to `pg_class` in place, which no rollback undoes
/// (PostgreSQL source, `index.c`, `index_update_stats`).
pub(in crate::domain::diagnosis) fn indexes(sql: &str, words: &[Token]) -> bool {
    word(sql, words, 1) == "index"
        || (word(sql, words, 1) == "unique" && word(sql, words, 2) == "index")
}

/// An index takes ownership of the table, and CREATE on its schema and on the tablespace: asked for
/// by two definitions that leave nothing.
pub(super) fn index(sql: &str, words: &[Token]) -> Trial {
    let on = words.iter().position(|token| token.is(sql, "on"));
    let mut at = on.ok_or("it names no table")? + 1;
    if word(sql, words, at) == "only" {
        at += 1;
    }
    let start = words.get(at).ok_or("it names no table")?.start;
    let mut schema_end = start;
    while word(sql, words, at + 1) == "." {
        schema_end = words.get(at + 1).map_or(start, |token| token.end);
        at += 2;
    }
    let end = words.get(at).map_or(start, |token| token.end);
    let table = sql.get(start..end).unwrap_or_default();
    let schema = sql.get(start..schema_end).unwrap_or_default();
    let mut trial = vec![format!("ALTER TABLE {table} RESET (fillfactor)")];
    // Functions are looked up before it is placed, operator classes after.
    let (called, others): (Vec<Behind>, Vec<Behind>) =
        schemas_behind(sql, words, (at + 1, &word(sql, words, at)))
            .into_iter()
            .partition(|one| one.called);
    trial.extend(called.into_iter().map(|one| one.lookup));
    trial.extend(placed(table, schema, tablespace(sql, words)));
    trial.extend(others.into_iter().map(|one| one.lookup));
    Ok(trial)
}

/// The tablespace that is named.
fn tablespace<'a>(sql: &'a str, words: &[Token]) -> Option<&'a str> {
    let at = words.iter().position(|token| token.is(sql, "tablespace"))?;
    words.get(at + 1).map(|token| token.text(sql))
}

/// Something new beside a table, and in a tablespace where one is named.
fn placed(table: &str, schema: &str, tablespace: Option<&str>) -> Vec<String> {
    let tablespace = tablespace.map_or_else(String::new, |name| format!(" TABLESPACE {name}"));
    let placed = format!("CREATE TABLE {schema}{PROBE} (){tablespace}");
    if schema.is_empty() {
        let there = in_schema_of(table);
        vec![EMPTY.to_owned(), there, placed, NOT_EMPTY.to_owned()]
    } else {
        vec![placed]
    }
}

/// What is created next is created in the schema of a table that the search path finds, not in the first
/// of the path.
fn in_schema_of(table: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config('search_path', (SELECT pg_catalog.quote_ident(n.nspname) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = pg_catalog.to_regclass({})), true)",
        ident::literal(table)
    )
}

/// Looks into what may be the schemas of types, operator classes, functions and collations, from a word
/// on: a name that is no schema is no failure, and columns may be named with their table.
fn schemas_behind(sql: &str, words: &[Token], (from, table): (usize, &str)) -> Vec<Behind> {
    let mut found: Vec<Behind> = Vec::new();
    for at in from..words.len() {
        let behind = |back: usize| word(sql, words, at.wrapping_sub(back));
        let Some(name) = words.get(at).map(|token| token.text(sql)) else {
            break;
        };
        // The first of a dotted name.
        if word(sql, words, at + 1) != "." || behind(1) == "." || behind(0) == table {
            continue;
        }
        let looked_up = format!("{name}.{PROBE}").replace('\'', "''");
        let lookup = format!("SELECT pg_catalog.to_regclass('{looked_up}')");
        if ident::parts(name).is_some() && !found.iter().any(|one| one.lookup == lookup) {
            let called = word(sql, words, at + 3) == "(";
            found.push(Behind { lookup, called });
        }
    }
    found
}

/// A look into what may be a schema.
struct Behind {
    lookup: String,
    /// Whether a function is looked for there.
    called: bool,
}

/// A name for what is made only to see whether it may be.
const PROBE: &str = "pgiam_rehearsal_probe";

/// A change of a table in a form that neither reads its rows nor builds an index: adding a key or a
/// check, or changing a type, becomes a change that takes the same rights.
pub(super) fn table_change(sql: &str, words: &[Token]) -> Vec<String> {
    let has = |wanted: &str| words.iter().any(|token| token.is(sql, wanted));
    let at_of = |wanted: &str| words.iter().position(|token| token.is(sql, wanted));
    let first_change = ["add", "alter", "validate", "set", "attach"]
        .iter()
        .filter_map(|wanted| (2..words.len()).find(|at| word(sql, words, *at) == *wanted))
        .min();
    let head = first_change
        .and_then(|at| words.get(at))
        .and_then(|token| sql.get(..token.start));
    let Some(head) = head else {
        return vec![sql.to_owned()];
    };
    let preface = ["only", "if", "exists"];
    let table_ends = (2..words.len())
        .find(|at| {
            let name = word(sql, words, *at);
            name != "." && !preface.contains(&name.as_str()) && word(sql, words, *at + 1) != "."
        })
        .unwrap_or_default();
    let behind = (table_ends + 1, word(sql, words, table_ends));
    let held_up = |first: String| {
        let behind = (behind.0, behind.1.as_str());
        let looked_into = schemas_behind(sql, words, behind).into_iter();
        std::iter::once(first).chain(looked_into.map(|one| one.lookup))
    };
    let opened = |scenes: Vec<String>| -> Vec<String> {
        let mut scenes = scenes.into_iter();
        let first = scenes.next().unwrap_or_default();
        held_up(first)
            .chain(indexed(words, sql, head))
            .chain(scenes)
            .collect()
    };
    let actions = first_change
        .and_then(|at| words.get(at..))
        .map(|words| Change { sql, words }.actions())
        .unwrap_or_default();
    if has("add") && (has("references") || has("foreign")) {
        return if has("valid") {
            vec![sql.to_owned()]
        } else {
            keyed(&actions, head).map_or_else(|| vec![format!("{sql} NOT VALID")], opened)
        };
    }
    let change = Change { sql, words };
    let table = words
        .get(2)
        .zip(words.get(table_ends))
        .and_then(|(first, last)| sql.get(first.start..last.end))
        .unwrap_or_default();
    // What is worked out for every row is planned for none: volatile functions would be called.
    let planned = |expression: &str| explain(&format!("SELECT {expression} FROM {table}"));
    if let Some(scenes) = computed(&actions, (head, table)) {
        if actions.iter().all(|action| action.added().is_none()) {
            return scenes;
        }
        return opened(scenes);
    }
    let reads_rows = [
        "primary", "unique", "exclude", "check", "validate", "logged", "unlogged", "attach",
    ]
    .iter()
    .any(|wanted| has(wanted))
        || (has("set") && has("not") && has("null") && !has("add"));
    if reads_rows && !has("drop") && !has("rename") {
        let partition = at_of("partition")
            .filter(|_| has("attach"))
            .and_then(|at| named(sql, words, at + 1));
        let partition = partition.map(|name| format!("ALTER TABLE {name} RESET (fillfactor)"));
        let check = change
            .check()
            .filter(|check| check.matches('(').count() > 1);
        let first = constraint(&actions, (sql, words), head);
        return held_up(first)
            .chain(indexed(words, sql, head))
            .chain(partition)
            .chain(check.map(planned))
            .collect();
    }
    vec![sql.to_owned()]
}

/// A change that adds columns with foreign keys: the columns without anything else, then the keys, which
/// look at no row. `None` where no column is added.
fn keyed(actions: &[Change<'_>], head: &str) -> Option<Vec<String>> {
    let added: Vec<(Change<'_>, Added<'_>)> = actions
        .iter()
        .filter_map(|action| Some((*action, action.added()?)))
        .collect();
    if added.is_empty() {
        return None;
    }
    let columns: Vec<String> = added
        .iter()
        .map(|(_, added)| format!("ADD COLUMN IF NOT EXISTS {} {}", added.name, added.kind))
        .collect();
    let mut scenes = vec![format!("{head}{}", columns.join(", "))];
    scenes.extend(added.iter().filter_map(|(action, added)| {
        let key = action.key()?;
        Some(format!(
            "{head}ADD FOREIGN KEY ({}) {key} NOT VALID",
            added.name
        ))
    }));
    let keys = actions.iter().filter(|action| action.added().is_none());
    scenes.extend(
        keys.filter(|action| action.key().is_some())
            .filter_map(|action| Some(format!("{head}{} NOT VALID", action.text()?))),
    );
    let defaults = added.iter().filter_map(|(_, added)| added.default);
    scenes.extend(defaults.map(|default| explain(&format!("SELECT {default}"))));
    Some(scenes)
}

/// What asks for the table alone, or for those that inherit from it as well where the change reaches
/// them (PostgreSQL source, `tablecmds.c`, `ATSimplePermissions`).
fn constraint(actions: &[Change<'_>], (sql, words): (&str, &[Token]), head: &str) -> String {
    let has = |wanted: &str| words.iter().any(|token| token.is(sql, wanted));
    let alone = word(sql, words, 2) == "only"
        || word(sql, words, 4) == "only"
        || (has("no") && has("inherit"));
    let columns = actions.iter().any(|action| action.added().is_some());
    let reaches = columns || (has("add") && has("check")) || (has("set") && has("null"));
    if reaches && !alone {
        format!("{head}ADD CONSTRAINT {PROBE} CHECK (true) NOT VALID")
    } else {
        format!("{head}RESET (fillfactor)")
    }
}

/// The index behind a new key takes CREATE on the schema of its table (PostgreSQL source, `indexcmds.c`,
/// `DefineIndex`), as a new name does (`tablecmds.c`, `RangeVarCallbackForAlterRelation`).
fn indexed(words: &[Token], sql: &str, head: &str) -> Vec<String> {
    let has = |wanted: &str| words.iter().any(|token| token.is(sql, wanted));
    let there = words.windows(3).any(|three| {
        let [using, index, name] = three else {
            return false;
        };
        using.is(sql, "using") && index.is(sql, "index") && !name.is(sql, "tablespace")
    });
    let keys = ["primary", "unique", "exclude"];
    if there || !has("add") || !keys.iter().any(|key| has(key)) {
        return Vec::new();
    }
    if let Some(tablespace) = tablespace(sql, words) {
        let ends = words
            .iter()
            .rposition(|token| token.start < head.len())
            .unwrap_or_default();
        let mut begins = ends;
        while begins > 1 && word(sql, words, begins - 1) == "." {
            begins -= 2;
        }
        let from = words.get(begins).map_or(0, |token| token.start);
        let last = words.get(ends);
        let table = last.and_then(|last| sql.get(from..last.end));
        let schema = last.and_then(|last| sql.get(from..last.start));
        return placed(
            table.unwrap_or_default(),
            schema.unwrap_or_default(),
            Some(tablespace),
        );
    }
    let renamed = format!("{head}RENAME TO {PROBE}");
    [EMPTY, &renamed, NOT_EMPTY].map(str::to_owned).to_vec()
}

/// A change that adds columns whose defaults call something, or changes types: columns of those types
/// are added in their stead, and what would be worked out for every row is planned. `None` for others.
fn computed(actions: &[Change<'_>], (head, table): (&str, &str)) -> Option<Vec<String>> {
    let added: Vec<Added<'_>> = actions.iter().filter_map(|action| action.added()).collect();
    let retyped = actions.iter().filter_map(|action| action.retyped());
    let kinds: Vec<&str> = added
        .iter()
        .map(|added| added.kind)
        .chain(retyped)
        .collect();
    let calls = added.iter().any(|added| added.default.is_some());
    if !calls && kinds.len() == added.len() {
        return None;
    }
    let columns: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| match at {
            0 => format!("ADD COLUMN {PROBE} {kind}"),
            _ => format!("ADD COLUMN {PROBE}_{at} {kind}"),
        })
        .collect();
    let defaults = added.iter().filter_map(|added| added.default);
    let converted = actions.iter().filter_map(|action| action.conversion());
    let values = actions.iter().filter_map(|action| action.using());
    let values = values.map(str::to_owned).chain(converted);
    Some(
        std::iter::once(format!("{head}{}", columns.join(", ")))
            .chain(defaults.map(|default| explain(&format!("SELECT {default}"))))
            .chain(values.map(|value| explain(&format!("SELECT {value} FROM {table}"))))
            .collect(),
    )
}

/// A dotted name as it stands.
fn named<'a>(sql: &'a str, words: &[Token], mut at: usize) -> Option<&'a str> {
    let start = words.get(at)?.start;
    while word(sql, words, at + 1) == "." {
        at += 2;
    }
    sql.get(start..words.get(at)?.end)
}

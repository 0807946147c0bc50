//! Triggers whose functions are written in C: what those of the server's own extensions run is known,
//! that of others is not.

use super::need::cell;
use super::written;
use crate::adapters::session::Session;
use crate::domain::diagnosis::wants::Wants;
use crate::domain::failure::Failure;
use crate::domain::ident::{literal, quoted};

/// What a trigger in C does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Native {
    /// It runs this, as whoever writes.
    Query(String),
    /// It unlinks the large objects that rows lose in a column.
    Unlinks { column: String, otherwise: String },
    /// This is known only when it runs.
    Unknown(String),
}

/// What the triggers in C that writes fire do.
pub(super) async fn fired(session: &Session, wants: &Wants) -> Result<Vec<Native>, Failure> {
    let mut found = Vec::new();
    for wanted in &wants.relations {
        let Some(triggers) = written::fired_by(wanted) else {
            continue;
        };
        // The arguments are kept with a zero byte behind each (PostgreSQL source, `pg_trigger.h`).
        let sql = format!(
            "{} SELECT DISTINCT t.tgname, p.proname, encode(t.tgargs, 'escape') FROM target c \
             JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             WHERE l.lanname = 'c' AND {} ORDER BY 1 LIMIT 20",
            triggers.target, triggers.fires
        );
        for row in session.query(&sql).await?.rows {
            let (trigger, function) = (cell(&row, 0), cell(&row, 1));
            let arguments = cell(&row, 2);
            let arguments: Vec<&str> = arguments.split_terminator("\\000").collect();
            found.extend(native((&trigger, &function), wanted.privilege, &arguments));
        }
    }
    Ok(found)
}

/// Source: `spi/refint.c`, `spi/autoinc.c`, `spi/moddatetime.c`, `spi/insert_username.c`, `lo/lo.c`.
fn native((trigger, function): (&str, &str), event: &str, arguments: &[&str]) -> Vec<Native> {
    let unknown = |what: &str| vec![Native::Unknown(format!("trigger {trigger} {what}"))];
    match (function, arguments) {
        ("moddatetime" | "insert_username", _) => Vec::new(),
        ("check_primary_key", _) if event == "DELETE" => Vec::new(),
        ("check_primary_key", _) => {
            let half = arguments.len() / 2;
            let referenced = arguments.get(half).zip(arguments.get(half + 1..));
            referenced.map_or_else(Vec::new, |(table, columns)| {
                vec![Native::Query(format!(
                    "SELECT 1 FROM {table} WHERE {}",
                    each(columns, " IS NOT NULL", " AND ")
                ))]
            })
        }
        ("check_foreign_key", [references, action, rest @ ..]) => {
            let keys = keys(rest.len(), references.parse().unwrap_or_default());
            let tables = rest.get(keys..).unwrap_or_default().chunks(keys + 1);
            tables
                .filter_map(|part| part.split_first())
                .map(|(table, columns)| Native::Query(followed((event, action), table, columns)))
                .collect()
        }
        ("autoinc", _) => arguments
            .chunks(2)
            .filter_map(|pair| pair.get(1))
            .map(|sequence| {
                Native::Query(format!("SELECT pg_catalog.nextval({})", literal(sequence)))
            })
            .collect(),
        ("lo_manage", _) => vec![Native::Unlinks {
            column: arguments.first().copied().unwrap_or_default().to_owned(),
            otherwise: format!(
                "trigger {trigger} unlinks the large objects that rows lose: only their owners may, and whose they are \
                 is known only when it runs"
            ),
        }],
        _ => unknown(&format!(
            "runs {function}, which is written in C: what that looks at is known only when it runs"
        )),
    }
}

/// How many columns the key has, of which each reference repeats as many behind its table's name.
fn keys(given: usize, references: usize) -> usize {
    given
        .saturating_sub(references)
        .checked_div(references + 1)
        .unwrap_or_default()
}

/// What happens to the rows that refer to one that changes.
fn followed((event, action): (&str, &str), table: &str, columns: &[&str]) -> String {
    let found = each(columns, " IS NOT NULL", " AND ");
    match (action.to_lowercase().as_str(), event) {
        ("cascade", "DELETE") => format!("DELETE FROM {table} WHERE {found}"),
        ("cascade" | "setnull", _) => {
            let emptied = each(columns, " = NULL", ", ");
            format!("UPDATE {table} SET {emptied} WHERE {found}")
        }
        _ => format!("SELECT 1 FROM {table} WHERE {found}"),
    }
}

fn each(columns: &[&str], behind: &str, between: &str) -> String {
    let each: Vec<String> = columns
        .iter()
        .map(|column| format!("{}{behind}", quoted(column)))
        .collect();
    each.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_triggers_of_refint_run_is_told_from_their_arguments() {
        let run = |function: &str, event: &str, arguments: &[&str]| {
            native(("t", function), event, arguments)
                .into_iter()
                .map(|native| match native {
                    Native::Query(text)
                    | Native::Unknown(text)
                    | Native::Unlinks {
                        otherwise: text, ..
                    } => text.replace('"', ""),
                })
                .collect::<Vec<String>>()
        };
        assert_eq!(
            run("check_primary_key", "INSERT", &["a", "b", "pk", "c", "d"]),
            ["SELECT 1 FROM pk WHERE c IS NOT NULL AND d IS NOT NULL"]
        );
        let one = ["1", "cascade", "id", "fk", "ref"];
        assert_eq!(
            run("check_foreign_key", "DELETE", &one),
            ["DELETE FROM fk WHERE ref IS NOT NULL"]
        );
        let two = ["2", "setnull", "id", "fk", "ref", "s.other", "r"];
        assert_eq!(
            run("check_foreign_key", "DELETE", &two),
            [
                "UPDATE fk SET ref = NULL WHERE ref IS NOT NULL",
                "UPDATE s.other SET r = NULL WHERE r IS NOT NULL"
            ]
        );
        assert_eq!(
            run("autoinc", "INSERT", &["id", "next_id"]),
            ["SELECT pg_catalog.nextval('next_id')"]
        );
        assert!(run("own", "INSERT", &[])[0].contains("written in C"));
    }
}
